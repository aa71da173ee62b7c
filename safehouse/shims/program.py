"""Which safehouse this is: the file that was started, and the build that it is."""

from __future__ import annotations

import os
import sys

from safehouse.errors import UserError


def path() -> str:
    """The safehouse that was started, by absolute path, as it was named: a link stays a link.

    Raises UserError where that is no program (`python -m safehouse`).
    """
    named = os.path.abspath(sys.argv[0])
    if os.path.isfile(named) and os.access(named, os.X_OK):
        return named
    raise UserError(
        "there is no program of ours that a shell could start",
        "install safehouse, and start it by its name",
    )


def build() -> str:
    """What was built, by its digest; "" in a checkout."""
    try:
        from safehouse import _build  # type: ignore[attr-defined]
    except ImportError:
        return ""
    identifier: str = _build.ID
    return identifier
