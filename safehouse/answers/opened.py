"""What a way of allowing something opens besides: by a feature's rules, or below a directory."""

from __future__ import annotations

from safehouse.policy.planting import expanded
from safehouse.policy.rule import ALLOW, PATH_KINDS
from safehouse.policy.words import METADATA
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from safehouse.host import Host
    from safehouse.policy.rule import Grant
    from safehouse.sources.sensitive import Places, Sensitive

# Of one directory, and of all together: counting must not take long.
MOST_COUNTED = 1000
_MOST_TOGETHER = 20_000
_ENDS = {"subpath": "/", "prefix": "*"}


class Opened(Value):
    """What is opened.

    `gives_up` is what a feature says itself. `targets` are those of its rules that are there, `more`
    how many others it has. `directory` is what is opened as a whole, "" for nothing but the target,
    `entries` how many things lie in it, MOST_COUNTED for that many or more, -1 where they were not
    counted; `sensitive` those of them that should stay closed.
    """

    gives_up: str = ""
    targets: tuple[str, ...] = ()
    more: int = 0
    directory: str = ""
    entries: int = 0
    sensitive: tuple[tuple[str, Sensitive], ...] = ()


class Opening:
    """Finds what is opened on a host."""

    def __init__(self, host: Host, places: Places) -> None:
        self.host = host
        self.places = places
        self._left = _MOST_TOGETHER
        self._counted: dict[str, int] = {}

    def by_feature(self, gives_up: str, grants: Iterable[Grant]) -> Opened:
        """What the rules of a feature let be used."""
        there: dict[str, None] = {}
        others: set[str] = set()
        for grant in grants:
            filter = grant.filter
            if grant.action != ALLOW or filter is None or set(grant.operations) <= {*METADATA}:
                continue
            named = filter.value + _ENDS.get(filter.kind, "")
            path = expanded(filter.value, self.host) if filter.kind in _NAMED else ""
            if path and self.host.files.kind(path) != "missing":
                there[named] = None
            elif path or filter.kind not in PATH_KINDS or filter.kind == "regex":
                others.add(named)
        return Opened(gives_up, tuple(there), len(others - {*there}))

    def by_path(self, path: str, writes: bool) -> Opened:
        """What is opened with a path, if it is a directory."""
        if self.host.files.kind(path) != "directory":
            return Opened()
        sensitive = tuple(self.places.places_in(path, writes))
        return Opened(directory=path, entries=self._entries(path), sensitive=sensitive)

    def _entries(self, directory: str) -> int:
        """How many things lie below a directory, as far as they are counted."""
        if directory in self._counted or self._left <= 0:
            return self._counted.get(directory, -1)
        files = self.host.files
        count, waiting = 0, [directory]
        while waiting and count < MOST_COUNTED:
            above = waiting.pop()
            for name in files.names(above):
                count += 1
                if count == MOST_COUNTED:
                    break
                path = f"{above.rstrip('/')}/{name}"
                if files.kind(path) == "directory":
                    waiting.append(path)
        self._left -= count
        self._counted[directory] = count
        return count


_NAMED = ("literal", "subpath", "prefix")
