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
    kept = {need for need in found if not _is_covered(need, found)}
    return tuple(sorted(kept, key=lambda need: (need.path, need.writes)))


def _is_covered(need: Need, found: set[Need]) -> bool:
    """Whether another one opens what a need needs."""
    wider = [Need(above, True) for above in ancestors(need.path)]
    wider += [Need(above) for above in ancestors(need.path)] if not need.writes else []
    wider += [Need(need.path, True)] if not need.writes else []
    return not found.isdisjoint(wider)


def _together(paths: set[str], writes: bool, may: Callable[[str, bool], bool]) -> set[str]:
    """Paths of one kind, from the innermost directory outwards."""
    units = {path for path in paths if paths.isdisjoint(ancestors(path))}
    below: dict[str, set[str]] = {}
    for path in units:
        for above in ancestors(path):
            below.setdefault(above, set()).add(path)
    for directory in sorted(below, key=lambda path: (-path.count("/"), path)):
        inner = below[directory]
        if len(inner) < ENOUGH or not may(directory, writes):
            continue
        units = units - inner | {directory}
        for above in ancestors(directory):
            below[above] = below[above] - inner | {directory}
    return units
