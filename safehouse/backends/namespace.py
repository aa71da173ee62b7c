"""The files of a sandbox that is planned: what its mounts show at a path, and the way to it.

Nothing is mounted. What lies at a path is what the last mount over it shows; a step through the
directories fails as it would in there.
"""

from __future__ import annotations

from safehouse import note
from safehouse.backends.base import CLOSED, HIDDEN, KERNEL, MISSING, ODD, OWN, PERMISSIONS, YOURS
from safehouse.backends.bubblewrap import temporary_places, ways
from safehouse.backends.mount import NOTHING, READ_WRITE
from safehouse.backends.report import MARK
from safehouse.files import ancestors
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from safehouse.backends.base import Obstacle, Owner
    from safehouse.backends.mount import Mounts
    from safehouse.files import Kind, Right
    from safehouse.host import Host

    Shape = Literal["host", "closed", "way", "new", "kernel"]

# What bwrap's --dev makes, bwrap(1). There is a console only where a terminal is.
_OF_DEV: dict[str, Kind] = {
    **dict.fromkeys("full null random tty urandom zero ptmx stderr stdin stdout".split(), "other"),
    **dict.fromkeys("fd pts shm".split(), "directory"),
}
_MOUNTED_DEVICES = frozenset(
    f"/dev/{name}" for name in "full null random tty urandom zero pts".split()
)
_MOST_LINKS = 40


class Area(Value):
    """What one mount shows: at `path`, whose it is, whether it can be written to, what it is made of.

    The shape is "host" for files of this machine, "closed" for what takes their place, "way" for
    where one can only go through, "new" for what is empty but for the way to other mounts, "kernel"
    for /proc and /dev.
    """

    path: str
    owner: Owner
    writable: bool
    shape: Shape
    directory: bool = True


class Stop(Value):
    """Where a way ends before its end: the error, what is in the way, and at which path."""

    error: str
    obstacle: Obstacle
    path: str


class Namespace:
    """What a confined program finds at a path, and how it gets there."""

    def __init__(self, mounts: Mounts, host: Host) -> None:
        self.host = host
        self.files = host.files
        self.areas: dict[str, tuple[int, Area]] = {}
        self.links: dict[str, str] = {}
        self.note = note.path(host.launch_temp)
        self.made: dict[str, Kind] = {}
        self.unmade: list[str] = []  # what cannot be made, so that nothing would start
        for creation in mounts.creations:
            there = "/"
            for there in ancestors(creation.path):
                if self.files.kind(there) != "missing":
                    break
                self.made[there] = "directory"
            there_already = self.files.kind(creation.path) != "missing"
            if not there_already and not self.files.permits(there, "write"):
                self.unmade.append(creation.path)
            self.made[creation.path] = "directory" if creation.content is None else "file"
        self._lay(mounts)
        self._shown: set[str] = set()
        for path in (*self.areas, *self.links):
            self._shown.update((path, *ancestors(path)))

    def _lay(self, mounts: Mounts) -> None:
        """The mounts in the order in which they are made: a later one hides what is below it."""
        whole = [mount for mount in mounts.mounts if mount.path == "/"]
        self._add(Area("/", OWN, False, "new"))
        for mount in whole:
            self._add(Area("/", YOURS, mount.mode == READ_WRITE, "host"))
        self._add(Area("/proc", KERNEL, True, "kernel"))
        self._add(Area("/dev", KERNEL, True, "kernel"))
        for place, target in temporary_places(self.host, mounts, not whole):
            if target:
                self.links[place] = target
            else:
                self._add(Area(place, OWN, True, "new"))
        if mounts.home_is_private:
            self._add(Area(self.host.home, OWN, True, "new"))
        passed = ways(mounts)
        for mount in mounts.mounts:
            if mount.path == "/":
                continue
            if mount.mode == NOTHING:
                shape: Shape = "way" if mount.path in passed else "closed"
                self._add(Area(mount.path, OWN, False, shape, mount.directory))
            else:
                writable = mount.mode == READ_WRITE
                self._add(Area(mount.path, YOURS, writable, "host", mount.directory))
        self.links.update(mounts.links)
        if not whole:
            self.links[MARK] = "safehouse"

    def _add(self, area: Area) -> None:
        self.areas[area.path] = (len(self.areas), area)

    def area(self, path: str) -> Area:
        """The mount that shows what lies at a path: of those around it the last that was made."""
        found = self.areas["/"]
        for above in (path, *ancestors(path)):
            other = self.areas.get(above)
            if other and other[0] > found[0]:
                found = other
        return found[1]

    def kind(self, path: str) -> Kind:
        """What lies at a path, itself; the directory that it lies in is without links."""
        if path in self.links:
            return "link"
        area = self.area(path)
        if area.shape == "host":
            return self.made.get(path) or self.files.kind(path)
        if path == area.path:
            return "directory" if area.directory else "file"
        if path == self.note and area.shape == "new":
            return "file"
        if area.shape == "kernel":
            dev = path.startswith("/dev/")
            return _OF_DEV.get(path[len("/dev/") :], "missing") if dev else "other"
        shown = area.shape in ("new", "way") and path in self._shown
        return "directory" if shown else "missing"

    def readlink(self, path: str) -> str:
        """What a link says, "" for what is none."""
        if path in self.links:
            return self.links[path]
        return self.files.readlink(path) if self.area(path).shape == "host" else ""

    def is_socket(self, path: str) -> bool:
        """Whether a socket lies at a path."""
        return self.area(path).shape == "host" and self.files.is_socket(path)

    def permits(self, path: str, right: Right) -> bool:
        """Whether permissions let the program do something; that a mount is read-only is no matter."""
        area = self.area(path)
        if area.shape == "host" and path not in self.made:
            return self.files.permits(path, right)
        if area.shape == "way" and path == area.path:
            return right == "execute"
        if path == self.note and area.shape == "new":
            return right != "execute"
        return area.shape != "closed"

    def walk(self, path: str, follow: bool) -> tuple[str, Stop | None]:
        """Where an absolute path leads, and what is in the way; `follow` is for a link at its end."""
        rest = [name for name in reversed(path.split("/")) if name not in ("", ".")]
        real = ""
        links = 0
        while rest:
            name = rest.pop()
            step = f"{real}/{name}"
            stop = self._entering(real or "/")
            if stop:
                return step, stop
            if name == "..":
                real = real.rpartition("/")[0]
                continue
            kind = self.kind(step)
            if kind == "link" and (follow or rest):
                links += 1
                if links > _MOST_LINKS:
                    return step, Stop("ELOOP", ODD, step)
                target = self.readlink(step)
                rest += [part for part in reversed(target.split("/")) if part not in ("", ".")]
                real = "" if target[:1] == "/" else real
                continue
            real = step
            if kind == "missing" and rest:
                return real, self.missing(real)
        return real or "/", None

    def _entering(self, directory: str) -> Stop | None:
        """What keeps the program from looking for a name in a directory."""
        area = self.area(directory)
        if area.shape == "kernel" and directory.startswith("/proc"):
            return None
        if self.kind(directory) != "directory":
            return Stop("ENOTDIR", ODD, directory)
        return self.refusal(directory, "execute")

    def refusal(self, path: str, right: Right) -> Stop | None:
        """What keeps the program from something by permissions."""
        if self.permits(path, right):
            return None
        closed = self.area(path).shape in ("closed", "way")
        return Stop("EACCES", CLOSED if closed else PERMISSIONS, path)

    def missing(self, path: str) -> Stop:
        """That nothing is there: because it is nowhere, or because it is hidden."""
        hidden = self.area(path).shape != "host" and self.files.kind(path) != "missing"
        return Stop("ENOENT", HIDDEN if hidden else MISSING, path)

    def is_mount(self, path: str) -> bool:
        """Whether a mount lies at a path, so that it keeps its name."""
        return path in self.areas or path in _MOUNTED_DEVICES or path == "/"
