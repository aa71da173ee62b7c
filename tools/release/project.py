"""What pyproject.toml says of the project, for files that are made for a release."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Project(NamedTuple):
    name: str
    description: str
    license: str
    address: str


def read(root: Path = ROOT) -> Project:
    """Read without a TOML library, which Python has from 3.11 on only: each is a line of its own."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    return Project(
        *(_value(text, "project", key) for key in ("name", "description", "license")),
        _value(text, "project.urls", "Repository").rstrip("/"),
    )


def version(root: Path = ROOT) -> str:
    text = (root / "safehouse" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.M)
    if not found:
        raise ValueError("safehouse/__init__.py has no __version__")
    return found[1]


def _value(text: str, table: str, key: str) -> str:
    part = re.search(rf"^\[{re.escape(table)}\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S)
    found = part and re.search(rf'^{key} = "([^"]*)"$', part[1], re.M)
    if not found:
        raise ValueError(f"pyproject.toml: no {key} in [{table}]")
    return found[1]
