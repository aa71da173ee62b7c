"""How files are looked at: this machine's, or those of a Mac that is imagined elsewhere."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
from errno import EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR

from safehouse import facts
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
_MOST_LINKS = 40  # as the kernel: ELOOP
_NO_FILE = {ELOOP: ": is a symbolic link", EINVAL: " is not a regular file"}
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

    def is_far(self, path: str) -> bool:
        """Whether `path`, without links in it, lies where nobody looks: see near.py."""


class LocalFiles:
    """The files of this machine. What was read once is remembered: a launch sees one state."""

    def __init__(self) -> None:
        self._links: dict[str, str] = {}
        self._kinds: dict[str, Kind] = {}
        self._names: dict[str, list[str]] = {}
        self.plain: set[str] = set()
        self.closed: set[str] = set()
        self.walked: dict[tuple[str, ...], tuple[Any, ...]] = {}

    # How the kernel is asked. Both raise OSError.

    def _form(self, path: str) -> int:
        return facts.form(path)

    def _listed(self, directory: str) -> list[str]:
        return facts.listdir(directory)

    def _unseen(self, path: str, error: OSError) -> None:
        """Notes which directory is in the way, unless the error says that nothing is there.

        One of another user's is not noted: a confined program cannot change its permissions.
        """
        if error.errno in _SAYS_NO:
            return
        for directory in (path, *ancestors(path)):
            try:
                owner = facts.lstat(directory).st_uid
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
                    known = facts.readlink(path)
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
                kind = _KINDS.get(self._form(path), "other")
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
                known = self._listed(directory)
            except OSError as error:
                known = []
                self._unseen(directory, error)
            self._names[directory] = known
        return known

    def readable(self, path: str) -> bool:
        return facts.access(path, os.R_OK) or facts.access(path, os.X_OK)

    def listable(self, directory: str) -> bool:
        return facts.access(directory, os.R_OK | os.X_OK)

    def changeable(self, path: str) -> bool:
        if facts.access(path, os.W_OK):
            return True
        try:
            return facts.stat(path).st_uid == os.getuid()
        except OSError:
            return True

    def frozen(self, path: str) -> bool:
        return bool(facts.asked("frozen", path))

    def permits(self, path: str, right: Right) -> bool:
        directory = path.rpartition("/")[0] or "/"
        try:
            if right != "remove":
                return _permits(path, right)
            if not (_permits(directory, "write") and _permits(directory, "execute")):
                return False
            found = facts.lstat(directory)
            owners = (found.st_uid, facts.lstat(path).st_uid)
            return not found.st_mode & 0o1000 or os.getuid() in owners
        except OSError:
            return False

    def is_socket(self, path: str) -> bool:
        try:
            return facts.form(path) == 0o140000
        except OSError:
            return False

    def is_own_socket(self, path: str) -> bool:
        try:
            return self.is_socket(path) and facts.lstat(path).st_uid == os.getuid()
        except OSError:
            return False

    def is_stub(self, path: str, create: str) -> bool:
        return bool(facts.asked("stub", (path, create)))

    def stored(self, path: str) -> str:
        return path

    def is_far(self, path: str) -> bool:
        return False


def _permits(path: str, right: Right) -> bool:
    """What access(2) says; of root, whose privileges a confined program has not, what the mode says."""
    if os.getuid():
        return facts.access(path, {"read": os.R_OK, "write": os.W_OK}.get(right, os.X_OK))
    found = facts.stat(path)
    shift = 0
    if found.st_uid == 0:
        shift = 6
    elif found.st_gid in facts.groups():
        shift = 3
    return bool(found.st_mode >> shift & {"read": 4, "write": 2}.get(right, 1))


class MacFiles(LocalFiles):
    """The files of this Mac."""

    def stored(self, path: str) -> str:
        return facts.stored(path)


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
        data = facts.read(path, most + 1, follow=False)
    except OSError as error:
        wrong = _NO_FILE.get(error.errno or 0, f": {error.strerror}")
        raise UserError(f"{what}{wrong}", "make it a file that you can read") from None
    if len(data) > most:
        raise UserError(f"{what} is larger than {most} bytes", "make it smaller")
    return data


def ancestors(path: str) -> Iterable[str]:
    """The directories above an absolute path, from its parent to `/`."""
    while path not in ("/", ""):
        path = path.rpartition("/")[0] or "/"
        yield path
