"""Our own files below the home: where they are, that nobody else can write them, and read fast.

YAML costs 30 ms to import, more than a whole launch. So what a file says is kept, beside the bytes
that it was read from, in a form that loads at once; while the bytes are the same, it holds.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import facts
from safehouse.errors import UserError, printable
from safehouse.facts import encoded
from safehouse.files import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from safehouse.host import Host

    T = TypeVar("T")

MOST_BYTES = 1_000_000
_KEPT_AS = "safehouse 4"  # the form of what is kept; another one is not read
_OTHERS = 0o002
_STICKY = 0o1000  # in such a directory others can make files, but not replace ours: /nix/store


def short(path: str, host: Host) -> str:
    """A path as messages show it: below the home with `~`."""
    below = path.startswith(host.home + "/")
    return printable("~" + path[len(host.home) :] if below else path)


def read(path: str, host: Host) -> bytes | None:
    """One of our files, by way of links that the person made; None where there is none.

    Raises UserError where somebody else could have written it, or it cannot be read.
    """
    try:
        facts.form(path)
    except OSError as error:
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return None
        raise UserError(
            f"{short(path, host)}: {error.strerror}", "mend its permissions, or remove it"
        ) from None
    real = host.resolve(path).real
    for place in (path.rpartition("/")[0], real.rpartition("/")[0], real):
        refuse_foreign(place, host)
    return read_file(real, MOST_BYTES, short(path, host))


def refuse_foreign(path: str, host: Host) -> None:
    """Raises UserError where somebody else than the person and root may write to a path."""
    try:
        found = facts.stat(path)
    except OSError as error:
        raise UserError(
            f"{short(path, host)}: {error.strerror}", "mend its permissions, or remove it"
        ) from None
    mode, shown = found.st_mode, short(path, host)
    if found.st_uid not in (host.user, 0):
        raise UserError(f"{shown} belongs to somebody else", "it must be yours: sudo chown it")
    # A group of the person alone has the person's number; files of all are made for it by umask 2.
    others = mode & _OTHERS or (mode & 0o020 and found.st_gid not in (0, found.st_uid))
    if others and not mode & _STICKY:
        raise UserError(f"{shown} can be written by others", f"chmod go-w {shown}")


def names(directory: str, suffix: str) -> list[str]:
    """The names in one of our directories that end so, sorted; nothing where there is none."""
    try:
        return [name for name in facts.listdir(directory) if name.endswith(suffix)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def says_nothing(data: bytes) -> bool:
    """Whether there is nothing but comments: a file may be there for later."""
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in lines)


def understood(data: bytes, name: str, host: Host, parse: Callable[[bytes], T]) -> T:
    """What `parse` makes of the bytes, from the last time if they are the same.

    `name` is that of the file it is kept in. `parse` gives tuples, dictionaries, text, numbers.
    """
    path = f"{host.home}/.cache/safehouse/{name}"
    if host.is_borrowed():
        return parse(data)  # such a HOME may be part of a repository, with all that is in it
    kept = _kept(path, host)
    if kept is not None and kept[:2] == (_KEPT_AS, data):
        return kept[2]  # type: ignore[no-any-return]
    value = parse(data)
    _keep(path, facts.packed((_KEPT_AS, data, value)))
    return value


def _kept(path: str, host: Host) -> tuple[Any, ...] | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        if found.st_mode != 0o100600 or found.st_uid != host.user:
            return None
        kept = facts.unpacked(os.read(descriptor, found.st_size))
        return kept if type(kept) is tuple and len(kept) == 3 else None
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _keep(path: str, data: bytes) -> None:
    """Writes it for the next time, if that is possible; nothing depends on it."""
    try:
        make_directory(path.rpartition("/")[0])
        replace(path, data, durable=False)
    except OSError:
        pass


def make_directory(path: str) -> None:
    """Makes a directory for the person alone, and those above it. Raises OSError."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_directory(path.rpartition("/")[0])
        make_directory(path)


def replace(path: str, data: bytes, durable: bool = True) -> None:
    """Puts a file of mode 0600 with this content in the place of `path`, at once or not at all.

    A durable one is on the disk before it has the name. Raises OSError.
    """
    new = f"{path}.{os.getpid()}.new"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(new, flags, 0o600)
    except FileExistsError:
        os.unlink(new)  # of one that was killed and had our number
        descriptor = os.open(new, flags, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # whatever the umask has left of it
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if durable:
            os.fsync(descriptor)
        os.rename(new, path)
    except OSError:
        os.unlink(new)
        raise
    finally:
        os.close(descriptor)


def digest(text: str) -> str:
    """A file's name for a text of any length."""
    try:
        from _blake2 import blake2b  # hashlib costs 3 ms
    except ImportError:
        from hashlib import blake2b
    return blake2b(encoded(text), digest_size=20).hexdigest()
