"""How files are looked at: this machine's, or those of a Mac that is imagined elsewhere."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
from errno import EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR

from safehouse.errors import UserError, printable
from safehouse.value import Value, made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Literal, Protocol

    Kind = Literal["directory", "file", "link", "other", "missing"]
    Right = Literal["read", "write", "execute", "remove"]
else:
    Protocol = object

_KINDS: dict[int, Kind] = {0o100000: "file", 0o040000: "directory", 0o120000: "link"}
# Of the files that only hold a place for a mount; no one else makes such.
STUB_MODE = 0o444
STUB_TIME = 1  # seconds after 1970
_MOST_LINKS = 40  # as the kernel: ELOOP
# That there is no such thing; any other error leaves it open.
_SAYS_NO = (ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EINVAL)


class FileSystem(Protocol):
    """How a host's files are looked at."""

    plain: set[str]
    """Directories that are known to have no link in their path."""
    closed: set[str]
    """Directories of the person's own that kept us from looking: what is in them seemed missing."""
    walked: dict[tuple[str, ...], tuple[Any, ...]]
    """What was found in directories that were looked through as a whole."""

    def readlink(self, path: str) -> str:
        """What the link at `path` says, as written; "" for what is no link or is not there."""

    def kind(self, path: str) -> Kind:
        """What lies at `path`, itself, not what a link there leads to; other: FIFO, socket, device."""

    def names(self, directory: str) -> list[str]:
        """The names in a directory, sorted; nothing where it cannot be read."""

    def readable(self, path: str) -> bool:
        """Whether the person may read the file, or list or enter the directory."""

    def listable(self, directory: str) -> bool:
        """Whether the person may list a directory and enter it."""

    def changeable(self, path: str) -> bool:
        """Whether the person may write to the file or directory, or could allow it to themself."""

    def frozen(self, path: str) -> bool:
        """Whether what lies at `path` is on a file system that is mounted read-only."""

    def permits(self, path: str, right: Right) -> bool:
        """Whether permissions let the person do something to what lies at `path`, without privileges.

        To execute is to enter, of a directory; to remove is to take a name out of its directory.
        """

    def is_socket(self, path: str) -> bool:
        """Whether a socket lies at `path`."""

    def is_own_socket(self, path: str) -> bool:
        """Whether a socket of the person's own lies at `path`."""

    def is_stub(self, path: str, create: str) -> bool:
        """Whether another launch has its stub, made as `create` says, at `path`, or had just now."""

    def stored(self, path: str) -> str:
        """`path` as the volume spells it (a case-insensitive volume finds it under many)."""


class LocalFiles:
    """The files of this machine. What was read once is remembered: a launch sees one state."""

    def __init__(self) -> None:
        self._links: dict[str, str] = {}
        self._kinds: dict[str, Kind] = {}
        self._names: dict[str, list[str]] = {}
        self.plain: set[str] = set()
        self.closed: set[str] = set()
        self.walked: dict[tuple[str, ...], tuple[Any, ...]] = {}

    def _unseen(self, path: str, error: OSError) -> None:
        """Notes which directory is in the way, unless the error says that nothing is there.

        One of another user's is not noted: a confined program cannot change its permissions.
        """
        if error.errno in _SAYS_NO:
            return
        for directory in (path, *ancestors(path)):
            try:
                owner = os.lstat(directory).st_uid
            except OSError:
                continue
            if owner == os.getuid():
                self.closed.add(directory)
            return

    def readlink(self, path: str) -> str:
        known = self._links.get(path)
        if known is None:
            known = ""
            directory, _, name = path.rpartition("/")
            listed = self._names.get(directory)
            if name not in listed if listed else self._kinds.get(directory) == "missing":
                self._kinds[path] = "missing"
            else:
                try:
                    known = os.readlink(path)
                except FileNotFoundError:
                    self._kinds[path] = "missing"
                except OSError as error:
                    self._unseen(path, error)
                except ValueError:
                    pass
            self._links[path] = known
        return known

    def kind(self, path: str) -> Kind:
        kind = self._kinds.get(path)
        if kind is None:
            try:
                mode = os.lstat(path).st_mode & 0o170000
                kind = _KINDS.get(mode, "other")
            except OSError as error:
                kind = "missing"
                self._unseen(path, error)
            except ValueError:
                kind = "missing"
            self._kinds[path] = kind
        return kind

    def names(self, directory: str) -> list[str]:
        known = self._names.get(directory)
        if known is None:
            try:
                known = sorted(os.listdir(directory))
            except OSError as error:
                known = []
                self._unseen(directory, error)
            self._names[directory] = known
        return known

    def readable(self, path: str) -> bool:
        return os.access(path, os.R_OK) or os.access(path, os.X_OK)

    def listable(self, directory: str) -> bool:
        return os.access(directory, os.R_OK | os.X_OK)

    def changeable(self, path: str) -> bool:
        if os.access(path, os.W_OK):
            return True
        try:
            return os.stat(path).st_uid == os.getuid()
        except OSError:
            return True

    def frozen(self, path: str) -> bool:
        if os.access(path, os.W_OK):
            return False
        try:
            return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
        except OSError:
            return False

    def permits(self, path: str, right: Right) -> bool:
        directory = path.rpartition("/")[0] or "/"
        try:
            if right != "remove":
                return _permits(path, right)
            if not (_permits(directory, "write") and _permits(directory, "execute")):
                return False
            found = os.lstat(directory)
            owners = (found.st_uid, os.lstat(path).st_uid)
            return not found.st_mode & 0o1000 or os.getuid() in owners
        except OSError:
            return False

    def is_socket(self, path: str) -> bool:
        try:
            return os.lstat(path).st_mode & 0o170000 == 0o140000
        except OSError:
            return False

    def is_own_socket(self, path: str) -> bool:
        try:
            return self.is_socket(path) and os.lstat(path).st_uid == os.getuid()
        except OSError:
            return False

    def is_stub(self, path: str, create: str) -> bool:
        content = create.partition(":")[2].encode()
        try:
            found = os.lstat(path)
            if create == "directory":  # by its look only: whoever finds it empty holds it as well
                return found.st_mode == 0o040700 and not os.listdir(path)
            shape = (STUB_MODE | 0o100000, len(content), STUB_TIME)
            if (found.st_mode, found.st_size, int(found.st_mtime)) != shape:
                return False
            with open(path, "rb") as file:
                return file.read(len(content)) == content
        except FileNotFoundError:
            return True  # it was there a moment ago: its last user has removed it
        except OSError:
            return False

    def stored(self, path: str) -> str:
        return path


def _permits(path: str, right: Right) -> bool:
    """What access(2) says; of root, whose privileges a confined program has not, what the mode says."""
    if os.getuid():
        return os.access(path, {"read": os.R_OK, "write": os.W_OK}.get(right, os.X_OK))
    found = os.stat(path)
    shift = 0
    if found.st_uid == 0:
        shift = 6
    elif found.st_gid in (os.getgid(), *os.getgroups()):
        shift = 3
    return bool(found.st_mode >> shift & {"read": 4, "write": 2}.get(right, 1))


class MacFiles(LocalFiles):
    """The files of this Mac."""

    _F_GETPATH = 50  # sys/fcntl.h

    def stored(self, path: str) -> str:
        import fcntl

        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return path
        try:
            answer = fcntl.fcntl(descriptor, self._F_GETPATH, bytes(1024))
        except OSError:
            return path
        finally:
            os.close(descriptor)
        return decoded(answer.partition(b"\0")[0]) or path


class ForeignMacFiles(LocalFiles):
    """A Mac as imagined elsewhere: its own links, and local files but for the system's own places.

    What is not there is taken for a directory.
    """

    def readlink(self, path: str) -> str:
        return MAC_LINKS.get(path) or (
            super().readlink(_without_private(path)) if _personal(path) else ""
        )

    def kind(self, path: str) -> Kind:
        if path in MAC_LINKS:
            return "link"
        kind = super().kind(_without_private(path)) if _personal(path) else "missing"
        return "directory" if kind == "missing" else kind

    def names(self, directory: str) -> list[str]:
        return super().names(_without_private(directory)) if _personal(directory) else []


# Links at the root of every Mac; rules on the names before the arrow never match: seatbelt.md 2.1.
MAC_LINKS = {
    "/tmp": "private/tmp",
    "/var": "private/var",
    "/etc": "private/etc",
}
# What two systems have under one name, with another content.
_OF_THE_SYSTEM = (
    "/bin", "/sbin", "/usr", "/dev", "/opt", "/nix", "/lib", "/private/etc", "/private/var/db",
    "/private/var/run", "/private/var/select", "/run", "/etc", "/proc", "/sys",
)  # fmt: skip


def _personal(path: str) -> bool:
    return not any(path == place or path.startswith(place + "/") for place in _OF_THE_SYSTEM)


def _without_private(path: str) -> str:
    for name in ("tmp", "var", "etc"):
        if path == f"/private/{name}" or path.startswith(f"/private/{name}/"):
            return path[len("/private") :]
    return path


class Resolution(Value):
    """Where a path leads: `real` without links, and the (link, what it says) met on the way."""

    real: str
    links: tuple[tuple[str, str], ...] = ()


def follow(files: FileSystem, path: str) -> Resolution:
    """An absolute path without links, `.` and `..`, by the kernel's way through the directories."""
    directory, _, name = path.rpartition("/")
    if directory in files.plain and name not in ("", ".", "..") and not files.readlink(path):
        return made(Resolution, (path, ()))
    links: list[tuple[str, str]] = []
    rest = path.split("/")
    rest.reverse()
    real = ""
    while rest:
        name = rest.pop()
        if name in ("", "."):
            continue
        if name == "..":
            real = real.rpartition("/")[0]
            continue
        step = f"{real}/{name}"
        target = files.readlink(step)
        if not target:
            real = step
            continue
        if len(links) == _MOST_LINKS:
            raise UserError(f"{printable(path)}: its links lead in a circle", "mend the link")
        links.append((step, target))
        rest.extend(reversed(target.split("/")))
        if target[0] == "/":
            real = ""
    if real == path:
        files.plain.add(directory)
    return made(Resolution, (real or "/", tuple(links)))


def read_file(path: str, most: int, what: str) -> bytes:
    """The content of the regular file at `path`, which no link may be: at most `most` bytes.

    It may be anything that a hostile repository brings along. Raises UserError, with `what` in
    front, for all but a file of ours to read.
    """
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except OSError as error:
        wrong = "is a symbolic link" if error.errno == ELOOP else f"{error.strerror}"
        raise UserError(f"{what}: {wrong}", "make it a file that you can read") from None
    try:
        kind = os.fstat(descriptor).st_mode & 0o170000
        if _KINDS.get(kind) != "file":
            raise UserError(f"{what} is not a regular file", "make it a file that you can read")
        parts: list[bytes] = []
        size = 0
        while size <= most:
            part = os.read(descriptor, most + 1 - size)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
    except OSError as error:
        raise UserError(f"{what}: {error.strerror}", "make it a file that you can read") from None
    finally:
        os.close(descriptor)
    raise UserError(f"{what} is larger than {most} bytes", "make it smaller")


def ancestors(path: str) -> Iterable[str]:
    """The directories above an absolute path, from its parent to `/`."""
    while path not in ("/", ""):
        path = path.rpartition("/")[0] or "/"
        yield path


def encoded(text: str) -> bytes:
    """The bytes that the kernel gets for a text of ours."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """The text for bytes of the kernel's."""
    return data.decode("utf-8", "surrogateescape")
