"""What all tests share."""

from __future__ import annotations

from functools import cache

from safehouse.sources import catalogue

# A checkout reads profiles.yaml for each plan, which takes longer than most tests.
catalogue._from_yaml = cache(catalogue._from_yaml)
