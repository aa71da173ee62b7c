"""The mounts of a sandbox, as values: what mounts.py plans, and others make and verify."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.launch import Creation, Shortfall

READ_WRITE, READ_ONLY, NOTHING = "rw", "ro", "nothing"
# Made anew for each launch, whatever the host has there.
PRIVATE = ("/proc", "/dev", "/tmp", "/var/tmp")


class Mount(Value):
    """One step: what is at `path` of the host appears there as `mode` says.

    `directory` tells what lies there; for NOTHING an empty, unreadable one of its kind.
    """

    path: str
    mode: str
    directory: bool


class Mounts(Value):
    """The plan: mounts in order, links to make, and whether the home is the launch's own."""

    mounts: tuple[Mount, ...]
    links: tuple[tuple[str, str], ...]
    home_is_private: bool
    creations: tuple[Creation, ...]
    wider: tuple[Shortfall, ...]
    narrower: tuple[Shortfall, ...]
    later: tuple[Shortfall, ...]
