"""Facts of the machine, read once. A Host is data: a Mac's can be made on Linux."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
import sys

from safehouse import facts
from safehouse.errors import UserError, printable
from safehouse.files import (
    FileSystem,
    ForeignMacFiles,
    LocalFiles,
    MacFiles,
    Resolution,
    follow,
)
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, Protocol

    Platform = Literal["macos", "linux"]
else:
    Protocol = object

MACOS: Platform = "macos"
LINUX: Platform = "linux"
PLATFORMS: tuple[Platform, ...] = (MACOS, LINUX)

# Directories that the data volume shows at the root, which is how the kernel names them
# (/usr/share/firmlinks).
_FIRMLINKS = ("Applications", "Library", "Users", "Volumes", "cores", "opt", "private", "usr/local")
_DATA_VOLUME = "/System/Volumes/Data/"


class Host(Value):
    """A machine and the person at it.

    `home` and `cwd` are absolute and as the kernel names them, `links` the (link, what it says) by
    which HOME leads there; `temp` and `cache` the person's own directories for temporary files and
    caches on a Mac, "" elsewhere; `launch_temp` the one in `temp` that this launch has for itself, not
    made yet, "" where /tmp is its own. `borrowed` says that HOME is not the person's own home (None: ask
    the system), `folds_case` that a file is found under other spellings, `foreign` that the machine
    is imagined.
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
    borrowed: bool | None = False
    folds_case: bool = False
    launch_temp: str = ""

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
        environ = facts.environment()
        home = _home(environ, os.getuid(), files)
        home_path = _at_root(home.real)
        temp, cache = _mac_user_directories(environ, files) if macos else ("", "")
        return Host(
            MACOS if macos else LINUX, home_path, _cwd(files), environ, files, os.getuid(), temp, cache,
            home.links, borrowed=None, folds_case=macos,
            launch_temp=_launch_directory(temp, os.urandom(4).hex()) if macos else "",
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
            launch_temp=_launch_directory(folder + "/T", "0" * 8) if macos else "",
        )

    def is_borrowed(self) -> bool:
        """Whether HOME is another directory than the person's own home."""
        return _is_borrowed(self.home, self.files) if self.borrowed is None else self.borrowed

    def resolve(self, path: str) -> Resolution:
        """Where an absolute path leads. Raises UserError for links that lead in a circle."""
        return follow(self.files, path)

    def named(self, text: str, option: str) -> Resolution:
        """A path that the person named: `~` expanded, from here, existing, as the kernel sees it.

        Raises UserError with the path and `option` for one that is empty, has a control character,
        is not valid UTF-8, or does not exist.
        """
        found = self.resolve(self.absolute(text, option))
        if self.files.kind(found.real) == "missing":
            hint = "create it first, or leave it out"
            if option == "--deny":
                hint += "; for .env and the like, wherever there are any: --deny-secrets"
            raise UserError(f"{option}: {printable(text)} does not exist", hint)
        return self._stored(found)

    def located(self, text: str, where: str, base: str) -> Resolution:
        """As `named`, but from the directory `base`, and whether it exists or not."""
        return self._stored(self.resolve(self.absolute(text, where, base)))

    def _stored(self, found: Resolution) -> Resolution:
        real = _at_root(found.real)
        exists = self.files.kind(found.real) != "missing"
        return Resolution(self.files.stored(real) if exists else real, found.links)

    def absolute(self, text: str, option: str, base: str = "") -> str:
        """`text` with `~` expanded, from `base` or the current directory; raises as `named` does."""
        refuse_unprintable(text, option)
        if not text:
            raise UserError(f"{option}: an empty path", f"give a path: {option}=PATH")
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        elif text[0] == "~":
            raise UserError(f"{option}: {text}: only ~ and ~/ are understood", "write it in full")
        return text if text[0] == "/" else f"{base or self.cwd}/{text}"


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


def _launch_directory(temp: str, name: str) -> str:
    """The directory of a launch: the path of a socket in it has 104 bytes, and `temp` takes 49."""
    return f"{temp}/safehouse/{name}" if temp else ""


def _at_root(path: str) -> str:
    if path.startswith(_DATA_VOLUME):
        rest = path[len(_DATA_VOLUME) :]
        if rest.startswith(_FIRMLINKS):
            return "/" + rest
    return path


def _home(environ: Mapping[str, str], user: int, files: FileSystem) -> Resolution:
    home = environ.get("HOME", "")
    if not home:
        home = facts.home_of(user)
        if not home:
            raise UserError("HOME is not set and this user has no home", "set HOME")
    refuse_unprintable(home, "HOME")
    if home[:1] != "/":
        raise UserError(f"HOME is {home!r}, which is not an absolute path", "set HOME")
    found = follow(files, home)
    if files.kind(found.real) != "directory":
        raise UserError(f"HOME is {found.real}, which is not a directory", "set HOME to one")
    if found.real == "/":
        raise UserError(
            "HOME is /: every file would be the home's own",
            "set HOME to a directory of the user's, as in HOME=/tmp/home safehouse ...",
        )
    return found


def _is_borrowed(home: str, files: FileSystem) -> bool:
    own = facts.home_of(os.getuid())
    return bool(own) and own != home and follow(files, own).real != home


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
        path = facts.place(number)
        found.append(follow(files, path).real if path else "")
    return found[0], found[1]
