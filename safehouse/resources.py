"""The data files that come with the package, wherever it lies: in a checkout, a wheel or the single file."""

from __future__ import annotations

import os

from safehouse.errors import UserError

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def read(name: str) -> bytes:
    """The content of `profiles.yaml` or `shell/...`. Raises UserError where it is missing."""
    loader = globals().get("__loader__")
    # A checkout has them beside the package, everything that is built has them in it.
    for path in (f"{_PACKAGE}/{name}", f"{os.path.dirname(_PACKAGE)}/{name}"):
        try:
            data: bytes = loader.get_data(path)  # type: ignore[union-attr]
            return data
        except OSError:
            continue
    raise UserError(f"{name} is missing from this installation", "install safehouse again")
