"""Whether the mounts of a sandbox are those that were planned, before its program starts.

bubblewrap takes paths. Between the plan and the mount, another confined program may have exchanged a
directory of its own for a link, and the sandbox would show what the link leads to.
"""

from __future__ import annotations

import posix as os
from errno import EMFILE, ENFILE

from safehouse.backends.mount import NOTHING, PRIVATE, READ_ONLY
from safehouse.errors import UserError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.backends.mount import Mount, Mounts
    from safehouse.launch import Proof

# It says nothing of what lies there.
OUT_OF_FILES = (EMFILE, ENFILE)
# Only root can exchange anything there.
_OF_ROOT = ("/usr", "/etc", "/opt", "/nix", "/sys", "/lib", "/bin", "/sbin", "/run/systemd")
_MOST_OPEN = 32
_AGAIN = "start it again; if this repeats, another program changes these files: end it first"
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


def deviation(process: int, mounts: Mounts, home: str) -> str:
    """The first path that is not mounted as planned in the namespace of `process`; "" for none."""
    planned = {mount.path: mount for mount in mounts.mounts}
    found = _mount_points(process)
    own = {"/", home, "/proc/sys", *PRIVATE}
    for point in found:
        if point in planned or point in own or point.startswith(("/dev/", "/proc/")):
            continue
        if not any(_below(point, path) for path in planned) or point not in _mount_points(0):
            return point
    directories: dict[str, int] = {}
    try:
        for mount in mounts.mounts:
            if len(directories) > _MOST_OPEN:
                _close(directories)
            if not mount.path.startswith(_OF_ROOT) and not _is_right(
                process, mount, found, directories
            ):
                return mount.path
    finally:
        _close(directories)
    return ""


def refuse_open(process: int, proof: Proof) -> None:
    """Raises UserError where the sandbox of `process` shows what has to be closed in it.

    What came meanwhile is asked for first: a file that takes the place of another is mounted over.
    """
    for path in proof.again():
        raise UserError(
            f"{printable(path)} appeared while the sandbox was made, so nothing was run", _AGAIN
        )
    os.lstat(f"/proc/{process}/root/")  # nothing is closed by that it has ended
    for path in proof.paths:
        try:
            inside = os.lstat(f"/proc/{process}/root{path}")
            outside = os.lstat(path)
        except OSError:
            continue
        if (inside.st_dev, inside.st_ino) == (outside.st_dev, outside.st_ino):
            raise UserError(
                f"{printable(path)} is closed, and the sandbox shows it, so nothing was run", _AGAIN
            )


def _close(directories: dict[str, int]) -> None:
    for descriptor in directories.values():
        os.close(descriptor)
    directories.clear()


def _is_right(
    process: int, mount: Mount, found: dict[str, bool], directories: dict[str, int]
) -> bool:
    if mount.path not in found or (mount.mode == READ_ONLY and not found[mount.path]):
        return False
    try:
        inside = os.lstat(f"/proc/{process}/root{mount.path}")
        outside = _identity(mount.path, directories)
    except OSError as error:
        if error.errno in OUT_OF_FILES:
            raise
        return False
    same = (inside.st_dev, inside.st_ino) == outside
    return not same if mount.mode == NOTHING else same


def _identity(path: str, directories: dict[str, int]) -> tuple[int, int]:
    """Device and number of what lies at a path outside, reached without following a link."""
    above, _, name = path.rpartition("/")
    found = os.lstat(name, dir_fd=_opened(above or "/", directories))
    return found.st_dev, found.st_ino


def _opened(path: str, directories: dict[str, int]) -> int:
    known = directories.get(path)
    if known is None:
        flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
        above, _, name = path.rpartition("/")
        if not above and not name:
            known = os.open("/", flags)
        else:
            known = os.open(name, flags, dir_fd=_opened(above or "/", directories))
        directories[path] = known
    return known


def _mount_points(process: int) -> dict[str, bool]:
    """The mount points that a process (0: this one) sees, and whether each is read-only.

    Of several mounts on one point the last counts. proc(5): /proc/[pid]/mountinfo.
    """
    with open(
        f"/proc/{process or 'self'}/mountinfo", encoding="utf-8", errors="surrogateescape"
    ) as file:
        lines = [line.split(" ") for line in file]
    points = {}
    for fields in lines:
        point = fields[4]
        if "\\" in point:
            for escape, character in _ESCAPES:
                point = point.replace(escape, character)
        points[point] = "ro" in fields[5].split(",")
    return points


def _below(path: str, directory: str) -> bool:
    return path.startswith(directory.rstrip("/") + "/")
