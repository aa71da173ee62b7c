"""What `--fix` does: only to files of the person's own, and only what can be undone by hand."""

from __future__ import annotations

import os
import stat

from safehouse.doctor import shell_files
from safehouse.doctor.finding import APPEND, CLOSE, DROP, FORGET, REMAKE, REWRITE
from safehouse.errors import UserError, quoted
from safehouse.shims import on_path
from safehouse.shims.shell import SHELLS
from safehouse.sources import own_files, protected, trust
from safehouse.sources.own_files import short
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.doctor.finding import Action, Mending
    from safehouse.host import Host

_FOR_OTHERS = 0o022
_HEAD = (
    "\n# Typing an agent's name starts it confined; `safehouse doctor` says whether that is so.\n"
)
_MOST_FILE = 1_000_000


def mend(mending: Mending, host: Host) -> str:
    """Does it, and gives what there is to say of it. Raises UserError or OSError where it was not done."""
    return _DOING[mending.action](mending, host)


def _close(mending: Mending, host: Host) -> str:
    """Takes rights from everybody but the person."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(mending.target, flags)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        for_all = 0o700 if "700" in mending.words else mode & ~_FOR_OTHERS
        os.fchmod(descriptor, for_all)
    finally:
        os.close(descriptor)
    return ""


def _drop(mending: Mending, host: Host) -> str:
    """Removes a file that is of no use to anybody."""
    os.unlink(mending.target)
    return ""


def _forget(mending: Mending, host: Host) -> str:
    """Forgets what was said of a project, if it is still gone."""
    if os.path.isdir(mending.target):
        raise UserError(f"{short(mending.target, host)} is there again", "nothing was forgotten")
    trust.forget(mending.target, host)
    return ""


def _remake(mending: Mending, host: Host) -> str:
    on_path.install(mending.target, mending.words, host)
    return ""


def _append(mending: Mending, host: Host) -> str:
    """Adds a line at the end of a shell's file, once. `words` are the line and the shell."""
    line, shell = mending.words
    assert shell in SHELLS
    already = shell_files.inits(shell, host)
    if already:
        place = f"{short(already[0].line.path, host)}:{already[0].line.number}"
        raise UserError(f"{place} has the line already", "nothing was changed")
    real = _own_file(mending.target, host)
    backup = _kept_copy(real, host) if os.path.exists(real) else ""
    os.makedirs(real.rpartition("/")[0], exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(real, flags, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        ends = not size or os.pread(descriptor, 1, size - 1) == b"\n"
        data = f"{'' if ends else chr(10)}{_HEAD if size else _HEAD[1:]}{line}\n".encode()
        if os.write(descriptor, data) != len(data):
            os.ftruncate(descriptor, size)
            raise UserError(f"no room to write {short(real, host)}", "nothing was changed")
    finally:
        os.close(descriptor)
    kept = f"; as it was before: {short(backup, host)}" if backup else ""
    return f"it holds for shells that start from now on{kept}"


def _rewrite(mending: Mending, host: Host) -> str:
    """Changes a line of a shell's file. `words` are its number, what it says, and what it shall say."""
    number, old, new = mending.words
    real = _own_file(mending.target, host)
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(real, flags), "r+b") as file:
        lines = file.read().split(b"\n")
        at = int(number) - 1
        if at >= len(lines) or lines[at] != old.encode():
            raise UserError(f"{short(real, host)} has changed", "write it there by hand")
        backup = _kept_copy(real, host)
        lines[at] = new.encode()
        file.seek(0)
        file.write(b"\n".join(lines))
        file.truncate()
    return f"it holds for shells that start from now on; as it was before: {short(backup, host)}"


def _own_file(path: str, host: Host) -> str:
    """The file itself, by way of links. Raises UserError where it is not plainly the person's own."""
    found = host.resolve(path)
    kind = host.files.kind(found.real)
    by_hand = f"add the line by hand, if it belongs there: {quoted(short(path, host))}"
    shown = short(path, host)
    if found.links and kind == "missing":
        raise UserError(f"{shown} is a link that leads nowhere", by_hand)
    if kind not in ("file", "missing"):
        raise UserError(f"{shown} is no file", by_hand)
    if found.links and not contains(host.home, found.real):
        raise UserError(f"{shown} is a link that leads out of your home, to {found.real}", by_hand)
    if kind == "file" and os.stat(found.real).st_uid != host.user:
        raise UserError(f"{shown} belongs to somebody else", by_hand)
    return found.real


def _kept_copy(path: str, host: Host) -> str:
    """A copy of a file, beside what else we remember. Raises OSError."""
    with open(path, "rb") as file:
        data = file.read(_MOST_FILE + 1)
    if len(data) > _MOST_FILE:
        raise UserError(
            f"{short(path, host)} is larger than {_MOST_FILE} bytes", "add the line by hand"
        )
    folder = f"{protected.state(host)}/backup"
    own_files.make_directory(folder)
    name = path.rpartition("/")[2].lstrip(".")
    number = 1
    while os.path.lexists(f"{folder}/{name}.{number}"):
        number += 1
    own_files.replace(f"{folder}/{name}.{number}", data)
    return f"{folder}/{name}.{number}"


_DOING: dict[Action, Callable[[Mending, Host], str]] = {
    CLOSE: _close,
    DROP: _drop,
    FORGET: _forget,
    REMAKE: _remake,
    APPEND: _append,
    REWRITE: _rewrite,
}
