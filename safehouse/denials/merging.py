"""From paths that a program needs to the few that are granted: pure, and the same in any order."""

from __future__ import annotations

from safehouse.files import ancestors
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# So many things of one directory are taken for a need of the directory.
ENOUGH = 3


class Need(Value):
    """A real path that has to be open: for writing, too, or for reading only."""

    path: str
    writes: bool = False


def covers(wide: Need, need: Need) -> bool:
    """Whether what one path opens has what another needs. A path opens what lies below it."""
    return contains(wide.path, need.path) and (wide.writes or not need.writes)


def merged(needs: Iterable[Need], may: Callable[[str, bool], bool]) -> tuple[Need, ...]:
    """The needs, several of one directory as that directory where that `may` be opened as a whole.

    Every need is covered by one that comes out; what comes out and did not go in was asked about.
    """
    found = set(needs)
    for writes in (True, False):
        own = {need.path for need in found if need.writes == writes}
        together = _together(own, writes, may)
        found = {need for need in found if need.writes != writes}
        found |= {Need(path, writes) for path in together}
    kept = {need for need in found if not any(o != need and covers(o, need) for o in found)}
    return tuple(sorted(kept, key=lambda need: (need.path, need.writes)))


def _together(paths: set[str], writes: bool, may: Callable[[str, bool], bool]) -> set[str]:
    """Paths of one kind, from the innermost directory outwards."""
    units = {p for p in paths if not any(above in paths for above in ancestors(p))}
    around = {above for path in units for above in ancestors(path)}
    for directory in sorted(around, key=lambda path: (-path.count("/"), path)):
        below = {unit for unit in units if unit != directory and contains(directory, unit)}
        if len(below) >= ENOUGH and may(directory, writes):
            units = units - below | {directory}
    return units
