"""Shims as files in a directory of PATH: for editors, scripts, and whatever is no shell of ours."""

from __future__ import annotations

import os

from safehouse import __version__, resources
from safehouse.errors import UserError, printable, quoted
from safehouse.request import Request
from safehouse.shims import program, wanted
from safehouse.shims.shell import filled
from safehouse.sources import own_files, reach, shim_file
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from safehouse.host import Host

    State = Literal["current", "old", "too late", "no agent", "program gone"]

# What each state means for whoever types the name.
REMARKS: dict[State, str] = {
    "current": "",
    "old": "made by another version, or to start another safehouse",
    "too late": "a program of this name comes before it on PATH",
    "no agent": "no program of this name is on PATH behind it",
    "program gone": "the safehouse that it starts is gone",
}


class Placed(Value):
    """A shim in a directory, and how it does.

    `other` is the program that is found in its place, or behind it; "" for none.
    """

    directory: str
    name: str
    state: State
    other: str = ""


def usual(host: Host) -> str:
    """Where they lie unless the person says otherwise: no confined program can look in there."""
    return f"{host.home}/.local/share/safehouse/shims"


def first_on_path(directory: str) -> str:
    """The line, for any shell, that puts a directory first on PATH."""
    return f'export PATH={quoted(directory, tilde=False)}:"$PATH"'


def install(directory: str, names: tuple[str, ...], host: Host) -> None:
    """Makes the shims, and remembers the directory. Raises UserError, and then nothing was made."""
    reach.refuse_to_place(directory, host, Request())
    if os.path.isdir(directory):
        own_files.refuse_foreign(directory, host)
    for name in names:
        path = f"{directory}/{name}"
        if os.path.lexists(path) and not shim_file.is_shim(path):
            raise UserError(
                f"{printable(path)} is a program of its own, which is not replaced",
                f"choose another directory: safehouse shims install {own_files.short(usual(host), host)}",
            )
    try:
        os.makedirs(directory, exist_ok=True)
    except PermissionError:
        raise _of_others(directory, host) from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise _of_others(directory, host)
    for name in names:
        _write(f"{directory}/{name}", text(name))
    known = shim_file.remembered(host)
    known[directory] = tuple(sorted({*_shims_in(directory), *names}))
    shim_file.remember(known, host)


def _of_others(directory: str, host: Host) -> UserError:
    return UserError(
        f"{printable(directory)} cannot be written by you",
        "give a directory of your own, or none for the usual one: "
        f"safehouse shims install {own_files.short(usual(host), host)}",
    )


def text(name: str) -> str:
    """A shim for one name, that starts the safehouse which is running."""
    values = {"VERSION": __version__, "NAME": name, "PROGRAM": quoted(program.path(), tilde=False)}
    return filled(resources.read("shell/shim.sh").decode(), values)


def look(directory: str, host: Host) -> list[Placed]:
    """The shims in a directory, and how each one does."""
    path = [entry for entry in host.environ.get("PATH", "").split(":") if entry[:1] == "/"]
    return [_placed(directory, name, path) for name in _shims_in(directory)]


def directories(host: Host) -> tuple[str, ...]:
    """Where there are shims: what is remembered, and what lies on PATH."""
    entries = [entry for entry in host.environ.get("PATH", "").split(":") if entry[:1] == "/"]
    found = (*shim_file.remembered(host), *(entry for entry in entries if _shims_in(entry)))
    return tuple(dict.fromkeys(os.path.realpath(path) for path in found))


def remove(directory: str, host: Host, names: Iterable[str] = ()) -> tuple[str, ...]:
    """Removes the shims of a directory, or some of them, and gives their names. Raises OSError."""
    chosen = tuple(names)
    gone = tuple(name for name in _shims_in(directory) if not chosen or name in chosen)
    for name in gone:
        os.unlink(f"{directory}/{name}")
    left = _shims_in(directory)
    known = shim_file.remembered(host)
    known.pop(directory, None)
    if left:
        known[directory] = left
    elif os.path.isdir(directory) and not os.listdir(directory):
        os.rmdir(directory)
    shim_file.remember(known, host)
    return gone


def placed(path: str, host: Host) -> Placed:
    """How one shim does."""
    directory, _, name = path.rpartition("/")
    return next(each for each in look(directory, host) if each.name == name)


def _placed(directory: str, name: str, path: list[str]) -> Placed:
    own = f"{directory}/{name}"
    here = [place for place in path if os.path.isdir(place) and os.path.samefile(place, directory)]
    behind = path[path.index(here[0]) + 1 :] if here else path
    before = path[: path.index(here[0])] if here else []
    with open(own, encoding="utf-8", errors="replace") as file:
        content = file.read()
    for place in before:
        if _is_other(f"{place}/{name}"):
            return Placed(directory, name, "too late", f"{place}/{name}")
    other = next((f"{p}/{name}" for p in behind if _is_other(f"{p}/{name}")), "")
    started = shim_file.program_of(content)
    if not wanted.is_program(started):
        return Placed(directory, name, "program gone", started)
    if content != text(name):
        return Placed(directory, name, "old", other)
    return Placed(directory, name, "current" if other else "no agent", other)


def _is_other(path: str) -> bool:
    return wanted.is_program(path) and not shim_file.is_shim(path)


def _shims_in(directory: str) -> tuple[str, ...]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return ()
    return tuple(name for name in names if shim_file.is_shim(f"{directory}/{name}"))


def _write(path: str, content: str) -> None:
    own_files.replace(path, content.encode(), durable=False)
    os.chmod(path, 0o755)
