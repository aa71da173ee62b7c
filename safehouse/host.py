"""Facts of the machine, read once. A Host is data: a Mac's can be made on Linux."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
import sys

from safehouse.errors import UserError, printable
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal, Protocol

    Platform = Literal["macos", "linux"]
    Kind = Literal["directory", "file", "link", "other", "missing"]
else:
    Protocol = object

MACOS: Platform = "macos"
LINUX: Platform = "linux"
PLATFORMS: tuple[Platform, ...] = (MACOS, LINUX)

_KINDS: dict[int, Kind] = {0o100000: "file", 0o040000: "directory", 0o120000: "link"}
# Of the files that only hold a place for a mount; no one else makes such.
STUB_MODE = 0o444
STUB_TIME = 1  # seconds after 1970
_MOST_LINKS = 40  # as the kernel: ELOOP


class FileSystem(Protocol):
    """How a host's files are looked at."""

    plain: set[str]
    """Directories that are known to have no link in their path."""

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

    def writable(self, path: str) -> bool:
        """Whether the person may write to the file or the directory."""

    def is_own_socket(self, path: str) -> bool:
        """Whether a socket of the person's own lies at `path`."""

    def is_stub(self, path: str, create: str) -> bool:
        """Whether a launch that was killed left its stub, made as `create` says, at `path`."""

    def stored(self, path: str) -> str:
        """`path` as the volume spells it (a case-insensitive volume finds it under many)."""


class LocalFiles:
    """The files of this machine. What was read once is remembered: a launch sees one state."""

    def __init__(self) -> None:
        self._links: dict[str, str] = {}
        self._kinds: dict[str, Kind] = {}
        self._names: dict[str, list[str]] = {}
        self.plain: set[str] = set()

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
                except (OSError, ValueError):
                    pass
            self._links[path] = known
        return known

    def kind(self, path: str) -> Kind:
        kind = self._kinds.get(path)
        if kind is None:
            try:
                mode = os.lstat(path).st_mode & 0o170000
                kind = _KINDS.get(mode, "other")
            except (OSError, ValueError):
                kind = "missing"
            self._kinds[path] = kind
        return kind

    def names(self, directory: str) -> list[str]:
        known = self._names.get(directory)
        if known is None:
            try:
                known = sorted(os.listdir(directory))
            except OSError:
                known = []
            self._names[directory] = known
        return known

    def readable(self, path: str) -> bool:
        return os.access(path, os.R_OK) or os.access(path, os.X_OK)

    def listable(self, directory: str) -> bool:
        return os.access(directory, os.R_OK | os.X_OK)

    def writable(self, path: str) -> bool:
        return os.access(path, os.W_OK)

    def is_own_socket(self, path: str) -> bool:
        try:
            found = os.lstat(path)
        except OSError:
            return False
        return found.st_mode & 0o170000 == 0o140000 and found.st_uid == os.getuid()

    def is_stub(self, path: str, create: str) -> bool:
        try:
            found = os.lstat(path)
        except OSError:
            return False
        if create == "directory":  # by its look only: whoever finds it empty holds it as well
            return found.st_mode == 0o040700 and not os.listdir(path)
        content = create.partition(":")[2].encode()
        shape = (STUB_MODE | 0o100000, len(content), STUB_TIME)
        if (found.st_mode, found.st_size, int(found.st_mtime)) != shape:
            return False
        with open(path, "rb") as file:
            return file.read(len(content)) == content

    def stored(self, path: str) -> str:
        return path


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
# Directories that the data volume shows at the root, which is how the kernel names them
# (/usr/share/firmlinks).
_FIRMLINKS = ("Applications", "Library", "Users", "Volumes", "cores", "opt", "private", "usr/local")
_DATA_VOLUME = "/System/Volumes/Data/"


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


class Host(Value):
    """A machine and the person at it.

    `home` and `cwd` are absolute and as the kernel names them, `links` the (link, what it says) by
    which HOME leads there; `temp` and `cache` the person's own directories for temporary files and
    caches on a Mac, "" elsewhere. `borrowed` says that HOME is not the person's own home,
    `folds_case` that a file is found under other spellings, `foreign` that the machine is imagined.
    """

    platform: Platform
    home: str
    cwd: str
    environ: Mapping[str, str]
    files: FileSystem
    user: int = 1000
    temp: str = ""
    cache: str = ""
    links: tuple[tuple[str, str], ...] = ()
    foreign: bool = False
    borrowed: bool = False
    folds_case: bool = False

    @staticmethod
    def current() -> Host:
        """This machine. Raises UserError for a missing directory or a HOME that is none."""
        if sys.platform not in ("darwin", "linux"):
            raise UserError(
                f"no way to confine programs on {sys.platform}",
                "safehouse runs on macOS and on Linux (in WSL2, too)",
            )
        macos = sys.platform == "darwin"
        files = MacFiles() if macos else LocalFiles()
        environ = _environ()
        home = _home(environ, os.getuid(), files)
        home_path = _at_root(home.real)
        temp, cache = _mac_user_directories(environ, files) if macos else ("", "")
        return Host(
            MACOS if macos else LINUX, home_path, _cwd(files), environ, files, os.getuid(), temp, cache,
            home.links, borrowed=_is_borrowed(home.real, files), folds_case=macos,
        )  # fmt: skip

    def imagined(self, platform: Platform) -> Host:
        """The same person on the other operating system, for looking at its policy from here."""
        if platform == self.platform:
            return self
        macos = platform == MACOS
        files: FileSystem = ForeignMacFiles() if macos else LocalFiles()
        folder = "/private/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000" if macos else ""
        return Host(
            platform,
            follow(files, self.home).real,
            follow(files, self.cwd).real,
            self.environ,
            files,
            self.user,
            folder and folder + "/T",
            folder and folder + "/C",
            self.links,
            foreign=True,
            borrowed=self.borrowed,
            folds_case=macos,
        )

    def resolve(self, path: str) -> Resolution:
        """Where an absolute path leads. Raises UserError for links that lead in a circle."""
        return follow(self.files, path)

    def named(self, text: str, option: str) -> Resolution:
        """A path that the person named: `~` expanded, from here, existing, as the kernel sees it.

        Raises UserError with the path and `option` for one that is empty, has a control character,
        is not valid UTF-8, or does not exist.
        """
        path = self.absolute(text, option)
        found = self.resolve(path)
        if self.files.kind(found.real) == "missing":
            raise UserError(
                f"{option}: {printable(text)} does not exist",
                "create it first, or leave it out: what does not exist cannot be granted or denied",
            )
        return Resolution(self.files.stored(_at_root(found.real)), found.links)

    def absolute(self, text: str, option: str) -> str:
        """`text` with `~` expanded and from the current directory; see `named` for what it raises."""
        refuse_unprintable(text, option)
        if not text:
            raise UserError(f"{option}: an empty path", f"give a path: {option}=PATH")
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        elif text[0] == "~":
            raise UserError(f"{option}: {text}: only ~ and ~/ are understood", "write it in full")
        return text if text[0] == "/" else f"{self.cwd}/{text}"


def follow(files: FileSystem, path: str) -> Resolution:
    """An absolute path without links, `.` and `..`, by the kernel's way through the directories."""
    directory, _, name = path.rpartition("/")
    if directory in files.plain and name not in ("", ".", "..") and not files.readlink(path):
        return Resolution(path)
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
    return Resolution(real or "/", tuple(links))


def refuse_unprintable(text: str, what: str) -> None:
    """Raises UserError where `text` has a control character or a byte that is no UTF-8."""
    if text.isprintable() or not any(
        c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text
    ):
        return
    raise UserError(
        f"{what}: {printable(text)} has a control character or a byte that is not UTF-8",
        "rename it: such a path cannot be written into a policy safely",
    )


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


def _environ() -> Mapping[str, str]:
    loaded = sys.modules.get("os")
    if loaded is not None:
        environ: Mapping[str, str] = loaded.environ
        return environ
    return {decoded(name): decoded(value) for name, value in os.environ.items()}


def _at_root(path: str) -> str:
    if path.startswith(_DATA_VOLUME):
        rest = path[len(_DATA_VOLUME) :]
        if rest.startswith(_FIRMLINKS):
            return "/" + rest
    return path


def _home(environ: Mapping[str, str], user: int, files: FileSystem) -> Resolution:
    home = environ.get("HOME", "")
    if not home:
        import pwd

        try:
            home = pwd.getpwuid(user).pw_dir
        except KeyError:
            raise UserError("HOME is not set and this user has no home", "set HOME") from None
    refuse_unprintable(home, "HOME")
    if home[:1] != "/":
        raise UserError(f"HOME is {home!r}, which is not an absolute path", "set HOME")
    found = follow(files, home)
    if found.real == "/":
        raise UserError(
            "HOME is /: every file would be the home's own",
            "set HOME to a directory of the user's, as in HOME=/tmp/home safehouse ...",
        )
    return found


def _is_borrowed(home: str, files: FileSystem) -> bool:
    import pwd

    try:
        own = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return False
    return own != home and follow(files, own).real != home


def _cwd(files: FileSystem) -> str:
    try:
        cwd = os.getcwd()
    except OSError:
        raise UserError(
            "the directory you are in no longer exists", "cd to one that does"
        ) from None
    refuse_unprintable(cwd, "the directory you are in")
    return files.stored(_at_root(cwd))


def _mac_user_directories(environ: Mapping[str, str], files: FileSystem) -> tuple[str, str]:
    """The directories T and C below /private/var/folders, from confstr, never from TMPDIR alone."""
    names = ("CS_DARWIN_USER_TEMP_DIR", 65537), ("CS_DARWIN_USER_CACHE_DIR", 65538)  # unistd.h
    found = []
    for _, number in names:
        try:
            path = os.confstr(number) or ""
        except (OSError, ValueError):
            path = ""
        found.append(follow(files, path).real if path else "")
    return found[0], found[1]
