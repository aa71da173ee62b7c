"""How a confined program's attempts end on Linux, as the kernel would decide: none is made.

tests/confinement/test_why_is_true.py lets the kernel answer the same questions.
"""

from __future__ import annotations

from safehouse.backends.base import (
    BUSY,
    CLOSED,
    ODD,
    PERMISSIONS,
    READ_ONLY,
    Seen,
)
from safehouse.backends.namespace import Namespace, Stop
from safehouse.policy.match import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.backends.base import Reach
    from safehouse.backends.mount import Mounts
    from safehouse.host import Host
    from safehouse.policy.policy import Access

    Act = Callable[["Inside", str, "Stop | None"], Seen]


class Inside:
    """A policy as the mounts of a launch keep it."""

    def __init__(self, mounts: Mounts, host: Host) -> None:
        self.names = Namespace(mounts, host)
        self.unmade = tuple(self.names.unmade)
        self.wider = mounts.wider
        self.inexact = (*mounts.narrower, *mounts.later)

    def see(self, access: Access, path: str, follow: bool) -> Seen | None:
        """See View.see."""
        if kind_of(access) != "path":
            return None
        act = _act(access.operation)
        if not act:
            return None
        real, stop = self.names.walk(path, follow)
        return _ACTS[act](self, real, stop)

    def reach(self, path: str) -> Reach:
        """See View.reach."""
        area = self.names.area(path)
        if area.shape == "host":
            return "read-write" if area.writable else "read-only"
        there = area.shape != "closed" and self.names.kind(path) != "missing"
        return "visible" if there else "closed"

    def uniform(self, directory: str) -> Reach | None:
        """See View.uniform: one mount shows it all."""
        area = self.names.area(directory)
        if area.shape == "host":
            return "read-write" if area.writable else "read-only"
        return "closed" if area.shape != "kernel" else None

    def inner(self, directory: str) -> frozenset[str]:
        """See View.inner."""
        below = directory.rstrip("/") + "/"
        names = self.names
        return frozenset(
            p for p in (*names.areas, *names.links) if p.startswith(below) and p != "/"
        )

    # Acts: where the way leads, and what is in the way already

    def _seen(self, real: str, stop: Stop | None, changed: str = "") -> Seen:
        """An attempt that goes well, or ends in a stop; `changed` is the directory that it changes."""
        if stop:
            owner = self.names.area(stop.path).owner
            return Seen(stop.error, stop.obstacle, owner, stop.path, real)
        return Seen("", "", self.names.area(changed or real).owner, real, real)

    def _there(self, real: str, stop: Stop | None) -> Stop | None:
        if stop is None and self.names.kind(real) == "missing":
            return self.names.missing(real)
        return stop

    def _no_socket(self, real: str) -> Stop | None:
        return Stop("ENXIO", ODD, real) if self.names.is_socket(real) else None

    def _unchangeable(self, directory: str) -> Stop | None:
        """What keeps names from being made in a directory, or taken out of it."""
        area = self.names.area(directory)
        if area.shape == "closed":
            return Stop("EACCES", CLOSED, directory)
        if not area.writable:
            return Stop("EROFS", READ_ONLY, directory)
        return self.names.refusal(directory, "write") or self.names.refusal(directory, "execute")

    def _look(self, real: str, stop: Stop | None) -> Seen:
        """lstat, access, readlink."""
        return self._seen(real, self._there(real, stop))

    def _read(self, real: str, stop: Stop | None) -> Seen:
        """Opening a file for reading, listing a directory."""
        stop = self._there(real, stop) or self.names.refusal(real, "read")
        return self._seen(real, stop or self._no_socket(real))

    def _write(self, real: str, stop: Stop | None) -> Seen:
        """Opening a file for writing, or making it; of a directory, making something in it."""
        kind = self.names.kind(real) if stop is None else ""
        if kind == "missing":
            return self._create(real, None)
        if kind == "directory":
            return self._seen(real, self._unchangeable(real))
        stop = stop or self.names.refusal(real, "write") or self._no_socket(real)
        if stop is None and kind == "file" and not self.names.area(real).writable:
            stop = Stop("EROFS", READ_ONLY, real)
        return self._seen(real, stop)

    def _create(self, real: str, stop: Stop | None) -> Seen:
        """Making something new."""
        if stop is None and self.names.kind(real) != "missing":
            stop = Stop("EEXIST", ODD, real)
        above = real.rpartition("/")[0] or "/"
        return self._seen(real, stop or self._unchangeable(above), above)

    def _remove(self, real: str, stop: Stop | None) -> Seen:
        """Taking a name out of its directory: deleting and renaming."""
        above = real.rpartition("/")[0] or "/"
        if stop is None and not self.names.area(above).writable:
            stop = self._unchangeable(above)
        stop = self._there(real, stop)
        made = self.names.area(above).shape != "host" or real in self.names.made
        if stop is None and not made and not self.names.files.permits(real, "remove"):
            stop = Stop("EACCES", PERMISSIONS, real)
        if stop is None and self.names.is_mount(real):
            stop = Stop("EBUSY", BUSY, real)
        return self._seen(real, stop, above)

    def _change(self, real: str, stop: Stop | None) -> Seen:
        """Changing what is known of a file: its mode, its times, its attributes."""
        stop = self._there(real, stop)
        if stop is None and not self.names.area(real).writable:
            stop = Stop("EROFS", READ_ONLY, real)
        yours = self.names.area(real).shape == "host"
        if stop is None and yours and not self.names.files.changeable(real):
            stop = Stop("EPERM", PERMISSIONS, real)
        return self._seen(real, stop)

    def _run(self, real: str, stop: Stop | None) -> Seen:
        """Executing a file."""
        stop = self._there(real, stop)
        if stop is None and self.names.kind(real) != "file":
            stop = Stop("EACCES", ODD, real)
        return self._seen(real, stop or self.names.refusal(real, "execute"))

    def _connect(self, real: str, stop: Stop | None) -> Seen:
        """Connecting to a socket in the file system. That a mount is read-only does not matter."""
        stop = self._there(real, stop) or self.names.refusal(real, "write")
        if stop is None and not self.names.is_socket(real):
            stop = Stop("ECONNREFUSED", ODD, real)
        return self._seen(real, stop)


_ACTS: dict[str, Act] = {
    "look": Inside._look,
    "read": Inside._read,
    "write": Inside._write,
    "create": Inside._create,
    "remove": Inside._remove,
    "change": Inside._change,
    "run": Inside._run,
    "connect": Inside._connect,
}
_ACT_OF = {
    "file-read-metadata": "look", "file-test-existence": "look", "file-write-create": "create",
    "file-write-unlink": "remove", "file-write-data": "write", "file-write*": "write",
    "file*": "write", "file-link": "remove", "network-outbound": "connect",
    "network-bind": "create", "network-inbound": "create",
}  # fmt: skip


def _act(operation: str) -> str:
    """What a program does of which the kernel of a Mac would ask about an operation."""
    if operation.startswith("process-exec"):
        return "run"
    if operation in _ACT_OF:
        return _ACT_OF[operation]
    if operation.startswith("file-write-"):
        return "change"
    return "read" if operation.startswith(("file-read", "file-map-", "file-clone")) else ""
