"""Shims as files on PATH: whether each starts its agent confined."""

from __future__ import annotations

from safehouse.doctor.finding import NOTE, OK, PROBLEM, REMAKE, WARNING, Finding, Mending, of_error
from safehouse.doctor.shell_state import calling
from safehouse.errors import UserError, quoted
from safehouse.shims import on_path
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.subject import Subject
    from safehouse.host import Host
    from safehouse.shims.on_path import Placed


def findings(subject: Subject) -> Iterator[Finding]:
    """All about these files; nothing where there are none."""
    host = subject.host
    try:
        placed = [shim for place in on_path.directories(host) for shim in on_path.look(place, host)]
    except UserError as error:
        yield of_error("file-shims", error)
        return
    here = calling(host)
    functions = {name for name, found in here.names.items() if found.shim} if here else set()
    for shim in placed:
        yield _of_shim(shim, shim.name in functions, host)


def _of_shim(shim: Placed, has_function: bool, host: Host) -> Finding:
    name = f"shim-{shim.name}"
    path = short(f"{shim.directory}/{shim.name}", host)
    other = short(shim.other, host)
    place = quoted(short(shim.directory, host))
    again = f"safehouse shims install {place} --agents={shim.name}"
    text = f"{path}: {on_path.REMARKS[shim.state]}"
    fix = Mending(REMAKE, shim.directory, f"make {path} anew", (shim.name,))
    if shim.state == "current":
        return Finding(name, OK, f"{path} starts {other} confined")
    if shim.state == "old":
        return Finding(name, WARNING, text, (again,), fix=fix)
    if shim.state == "program gone":
        return Finding(name, PROBLEM, f"{text}: {other}", (again,), fix=fix)
    if shim.state == "too late":
        line = on_path.first_on_path(shim.directory)
        state = WARNING if has_function else PROBLEM
        return Finding(
            name, state, f"{text}: {other}", (f"at the end of your shell's file: {line}",)
        )
    return Finding(name, NOTE, text, (f"safehouse shims remove {place} --agents={shim.name}",))
