"""The files of this machine without what is far: looking there would mount something, or ask a server.

Somebody who chooses the names that are looked at could send them away so, or have us wait for ever.
"""

from __future__ import annotations

import ctypes
import os
from errno import EACCES, ENOENT, ENOSYS, EPERM, EREMOTE
from stat import S_IFMT, S_ISLNK, S_ISSOCK

from safehouse.facts import encoded
from safehouse.files import LocalFiles, ancestors, follow
from safehouse.policy.rule import ALLOW, PATH_KINDS, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from safehouse.files import Resolution, Right
    from safehouse.host import Host
    from safehouse.policy.policy import Policy

_MOUNTS = "/proc/self/mountinfo"
_MOUNTS_ITSELF = "autofs"
_FAR = frozenset((
    _MOUNTS_ITSELF, "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "coda", "lustre", "ncpfs",
    "beegfs", "orangefs", "gfs2", "fuse", "fuseblk",
))  # fmt: skip
_OPENAT2 = 437
_AT_FDCWD = -100
_RESOLVE_NO_SYMLINKS = 0x04
_LOOKING = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC if hasattr(os, "O_PATH") else 0  # no Mac has it


class Far:
    """Which mounts are far: automounts, network and FUSE file systems.

    Those that hold one of `own`, which a launch looks at anyway, are not, unless they mount by themselves.
    """

    def __init__(self, mountinfo: str, own: Iterable[str]) -> None:
        kinds: dict[str, list[str]] = {}  # one may lie over another
        for line in mountinfo.split("\n"):
            before, dash, after = line.partition(" - ")
            if dash:
                place = _unescaped(before.split(" ")[4])
                kinds.setdefault(place, []).append(after.split(" ")[0])
        self._mounts = {
            place: any(kind in _FAR or kind.startswith("fuse.") for kind in there)
            for place, there in kinds.items()
        }
        self._ways: set[str] = set()
        for path in own:
            self._ways.update((path, *ancestors(path)))
            holding = self._mount(path)
            if kinds.get(holding, [""])[-1] != _MOUNTS_ITSELF:
                self._mounts[holding] = False
        self._any = any(self._mounts.values())

    def _mount(self, path: str) -> str:
        return next((each for each in (path, *ancestors(path)) if each in self._mounts), "/")

    def holds(self, path: str) -> bool:
        """Whether a path lies on one, itself; of its directories none may be a link."""
        if not self._any:
            return False
        path = "/" + os.path.normpath(path).lstrip("/")
        return path not in self._ways and self._mounts.get(self._mount(path), False)


def _unescaped(text: str) -> str:
    """A path as mountinfo has it: proc_pid_mountinfo(5)."""
    first, *parts = text.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in parts)


class NearFiles(LocalFiles):
    """See above: what is far is missing here, and `is_far` says of it that it is.

    What is a directory now can be a link in the next moment. So the kernel is asked for paths without
    links only, one by one as they are followed, and refuses any other.
    """

    def __init__(self, far: Far) -> None:
        super().__init__()
        self._far = far

    def is_far(self, path: str) -> bool:
        return self._far.holds(path)

    def look(self, path: str) -> os.stat_result:
        """What lies at a path now, itself. Raises OSError, also where a link is on the way."""
        descriptor = self._opened(path)
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def resolve_anew(self, path: str) -> Resolution:
        """Where a path leads now. Raises UserError as `follow`."""
        return follow(_Anew(self), path)  # type: ignore[arg-type]

    def link_now(self, path: str) -> str:
        """What the link at a path says, "" for what is none. Raises OSError."""
        descriptor = self._opened(path)
        try:
            is_link = S_ISLNK(os.fstat(descriptor).st_mode)
            return os.readlink("", dir_fd=descriptor) if is_link else ""
        finally:
            os.close(descriptor)

    def _opened(self, path: str) -> int:
        if self._far.holds(path):
            raise OSError(EREMOTE, "it is far", path)
        return _open_without_links(path)

    def _asked(self, path: str, ask: Callable[[str], bool]) -> bool:
        """What is said of a file by another path that leads to it; False where it is not there."""
        try:
            descriptor = self._opened(path)
        except (OSError, ValueError):
            return False
        try:
            return ask(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)

    def _unseen(self, path: str, error: OSError) -> None:
        if error.errno != EACCES:
            return
        for directory in ancestors(path):
            try:
                owner = self.look(directory).st_uid
            except OSError:
                continue
            if owner == os.getuid():
                self.closed.add(directory)
            return

    def readlink(self, path: str) -> str:
        known = self._links.get(path)
        if known is None:
            known = ""
            try:
                known = self.link_now(path)
            except OSError as error:
                self._unseen(path, error)
            except ValueError:
                pass
            self._links[path] = known
        return known

    def _form(self, path: str) -> int:
        return S_IFMT(self.look(path).st_mode)

    def _listed(self, directory: str) -> list[str]:
        descriptor = self._opened(directory)
        try:
            return sorted(os.listdir(f"/proc/self/fd/{descriptor}"))
        finally:
            os.close(descriptor)

    def readable(self, path: str) -> bool:
        return self._asked(path, super().readable)

    def listable(self, directory: str) -> bool:
        return self._asked(directory, super().listable)

    def changeable(self, path: str) -> bool:
        return self._asked(path, super().changeable)

    def frozen(self, path: str) -> bool:
        return self._asked(path, super().frozen)

    def permits(self, path: str, right: Right) -> bool:
        if right != "remove":
            permits = super().permits
            return self._asked(path, lambda there: permits(there, right))
        directory = path.rpartition("/")[0] or "/"
        if not (self.permits(directory, "write") and self.permits(directory, "execute")):
            return False
        try:
            found = self.look(directory)
            owners = (found.st_uid, self.look(path).st_uid)
        except OSError:
            return False
        return not found.st_mode & 0o1000 or os.getuid() in owners

    def is_socket(self, path: str) -> bool:
        try:
            return S_ISSOCK(self.look(path).st_mode)
        except OSError:
            return False

    def is_own_socket(self, path: str) -> bool:
        try:
            found = self.look(path)
        except OSError:
            return False
        return S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()

    def is_stub(self, path: str, create: str) -> bool:
        return self.kind(path) != "missing" and super().is_stub(path, create)


class _Anew:
    """For `follow`: nothing is remembered, and nothing is looked for in what is not there."""

    def __init__(self, files: NearFiles) -> None:
        self.plain: set[str] = set()
        self._files = files
        self._is_there = True

    def readlink(self, path: str) -> str:
        try:
            return self._files.link_now(path) if self._is_there else ""
        except (OSError, ValueError):
            self._is_there = False
            return ""


def files(policy: Policy, host: Host) -> NearFiles:
    """The near files of a launch: with all that it opens, wherever that lies."""
    own = {host.home, host.cwd, policy.directory, policy.workdir}
    for rule in policy.rules:
        filter = rule.filter if isinstance(rule, Rule) and rule.action == ALLOW else None
        if filter and filter.kind in PATH_KINDS and filter.kind != "regex":
            own.add(filter.value.rstrip("/") or "/")
    with open(_MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
        return NearFiles(Far(file.read(), own))


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64),
    )  # fmt: skip


_HOW = ctypes.byref(_How(_LOOKING, 0, _RESOLVE_NO_SYMLINKS))
_LIBRARY = ctypes.CDLL(None, use_errno=True)


def _open_without_links(path: str) -> int:
    """A descriptor for looking at what lies there, itself. Raises OSError; ELOOP for a link on the way."""
    data = encoded(path)
    if b"\0" in data:
        raise ValueError("a path with a zero")
    found: int = _LIBRARY.syscall(_OPENAT2, _AT_FDCWD, data, _HOW, 24)
    if found >= 0:
        return found
    error = ctypes.get_errno()
    if error not in (ENOSYS, EPERM):
        raise OSError(error, os.strerror(error), path)
    return _open_step_by_step(data)  # before Linux 5.6, and in some containers


def _open_step_by_step(path: bytes) -> int:
    """The same where the kernel cannot do it at once."""
    found = os.open(b"/", _LOOKING)
    for name in path.split(b"/"):
        if name in (b"", b"."):
            continue
        try:
            below = os.open(name, _LOOKING, dir_fd=found)
        except NotADirectoryError:  # a link among them
            raise OSError(ENOENT, os.strerror(ENOENT), path) from None
        finally:
            os.close(found)
        found = below
    return found
