"""What was refused of the last launches, on disk: a file each, out of reach of what is confined."""

from __future__ import annotations

import json
import os
import time

from safehouse.denials.row import Row
from safehouse.errors import UserError, nearest, printable
from safehouse.sources import own_files, protected
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from safehouse.host import Host

VERSION = 1
MOST_LAUNCHES = 50
MOST_ROWS = 500
_SUFFIX = ".json"


class Recording(Value):
    """What one launch was refused: when it began, of which command, where, and how that ended.

    `more` were too many to be kept, `flaw` says why something may be missing.
    """

    launch: str
    time: str
    command: str
    directory: str
    status: int
    rows: tuple[Row, ...]
    more: int = 0
    flaw: str = ""


def directory(host: Host) -> str:
    """Where the recordings lie."""
    return f"{protected.state(host)}/denials"


def keep(recording: Recording, host: Host) -> None:
    """Writes a recording, and removes the oldest beyond MOST_LAUNCHES. Raises OSError."""
    place = directory(host)
    own_files.make_directory(place)
    values = {name: getattr(recording, name) for name in recording._names}
    values["rows"] = [as_json(row) for row in recording.rows[:MOST_ROWS]]
    values["more"] += max(0, len(recording.rows) - MOST_ROWS)
    data = json.dumps({"version": VERSION, **values}).encode("utf-8", "backslashreplace")
    own_files.replace(f"{place}/{recording.time}-{recording.launch}{_SUFFIX}", data, durable=False)
    for name in own_files.names(place, _SUFFIX)[:-MOST_LAUNCHES]:
        os.unlink(f"{place}/{name}")


def recording(launch: str, host: Host) -> Recording:
    """That of a launch, or the last one of the directory. Raises UserError if there is none."""
    names = own_files.names(directory(host), _SUFFIX)
    for name in reversed(names):
        if launch and not name.endswith(f"-{launch}{_SUFFIX}"):
            continue
        found = _read(name, host)
        if found is not None and (launch or found.directory == host.cwd):
            return found
    if launch:
        known = launches(host)
        raise UserError(
            f"no launch {printable(launch)} is recorded{nearest(launch, known)}",
            "safehouse denials has the last one of this directory",
        )
    raise UserError(
        "nothing is recorded of launches in this directory", "safehouse run --denials COMMAND"
    )


def launches(host: Host) -> list[str]:
    """The launches of which something is kept, the last one first."""
    names = reversed(own_files.names(directory(host), _SUFFIX))
    return [name[: -len(_SUFFIX)].rpartition("-")[2] for name in names]


def moment() -> str:
    """The time as files are named, so that their order is that of the launches."""
    now = time.time()
    return time.strftime("%Y-%m-%dT%H.%M.%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"


def as_json(row: Row) -> dict[str, Any]:
    """A row for programs."""
    return {name: getattr(row, name) for name in row._names}


def _read(name: str, host: Host) -> Recording | None:
    """A recording; None for a file that is none, of another version, say."""
    path = f"{directory(host)}/{name}"
    data = own_files.read(path, host)
    try:
        values = json.loads(data or b"")
        if values.pop("version") != VERSION:
            return None
        rows = [{**row, "does": tuple(row["does"])} for row in values.pop("rows")]
        return Recording(**values, rows=tuple(Row(**row) for row in rows))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
