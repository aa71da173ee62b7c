"""profiles.yaml as a source checkout has it: read by YAML once, and again when anything changed.

To read it takes seconds. An installation has it compiled (hatch_build.py), and never comes here.
"""

from __future__ import annotations

import marshal
import os

from safehouse import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from safehouse.sources.profile import Record
    from safehouse.sources.sensitive import Group

    Parsed = tuple[dict[str, Record], tuple[Any, ...], tuple[Group, ...]]

FILE = "profiles.yaml"
_KEPT = "__pycache__/profiles.kept"  # in the package: no confined program may write there


def parsed() -> Parsed:
    """The profiles, the names of secrets, and the places that should stay closed.

    Raises UserError for a wrong or missing file.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    data = resources.read(FILE)
    stamp = (data, _changed(package))
    kept = _kept(f"{package}/{_KEPT}")
    if kept is not None and kept[0] == stamp:
        return kept[1]  # type: ignore[no-any-return]
    from safehouse.sources import profile_file, secret_file, sensitive_file

    found = (
        dict(profile_file.load(data, FILE)),
        secret_file.load(data, FILE),
        sensitive_file.load(data, FILE),
    )
    _keep(f"{package}/{_KEPT}", marshal.dumps((stamp, found)))
    return found


def _changed(package: str) -> int:
    """When the code that reads the file was last changed, in nanoseconds."""
    entries = [
        entry
        for folder in ("sources", "policy")
        for entry in os.scandir(f"{package}/{folder}")
        if entry.name.endswith(".py")
    ]
    return max(entry.stat().st_mtime_ns for entry in entries)


def _kept(path: str) -> Any:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_uid not in (0, os.getuid()):
                return None
            return marshal.loads(file.read())
    except (OSError, ValueError, EOFError, TypeError):
        return None


def _keep(path: str, data: bytes) -> None:
    """Writes it for the next time, where that is possible; nothing depends on it."""
    new = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(new, "wb") as file:
            file.write(data)
        os.replace(new, path)
    except OSError:
        pass
