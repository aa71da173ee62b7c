"""What a policy says of each place that it names: may be written, may be read, closed; and by whom."""

from __future__ import annotations

from safehouse.backends.mount import PRIVATE
from safehouse.backends.mounts import CONTENT
from safehouse.files import ancestors
from safehouse.host import LINUX, MACOS
from safehouse.policy.index import Index
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, Opaque, Tier
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from safehouse.plan import Plan
    from safehouse.policy.rule import Filter, Origin, Rule

    Mode = Literal["write", "read", "closed", "read-only"]

WRITE: Mode = "write"
READ: Mode = "read"
CLOSED: Mode = "closed"
READ_ONLY: Mode = "read-only"
"""Of what lies in what may be written."""

KINDS = ("literal", "subpath", "prefix")
_READS, _WRITES = "file-read-data", "file-write-data"
_MARKS = {"subpath": "/", "prefix": "*"}
# In a tree it stands for what no rule names, behind a prefix for what begins so.
_ANY = "\u2042"
_LAYERS = {
    "base": "system", "system": "system", "network": "system", "toolchain": "toolchain",
    "shared": "agent", "core": "system", "feature": "feature", "agent": "agent", "app": "agent",
}  # fmt: skip


class Place(Value):
    """A name (`literal`), a tree (`subpath`) or what begins so (`prefix`), and what may be done there.

    `rule` is the one that says so. `there` tells whether it exists, or is made before the start.
    """

    path: str
    kind: str
    mode: Mode
    rule: Rule
    there: bool

    @property
    def origin(self) -> Origin:
        """Who says so."""
        return self.rule.origin

    def shown(self, home: str) -> str:
        """The path as profiles spell it: `~/x/` for a tree, `~/x*` for what begins so."""
        path = "~" + self.path[len(home) :] if contains(home, self.path) else self.path
        mark = _MARKS.get(self.kind, "")
        return path if path[-1:] == mark == "/" else path + mark


class Places:
    """All places of a plan; `made` are paths that are made before the start."""

    def __init__(self, plan: Plan, made: Iterable[str] = ()) -> None:
        self.plan = plan
        self.made = frozenset(made)
        self._index = Index(plan.policy)
        self.layers = {profile.name: profile.layer for profile in plan.profiles}
        self.all = tuple(self._all())

    def _rule(self, operation: str, path: str) -> Rule:
        return self._index.decide(Access(operation, path)).rule

    def _all(self) -> Iterator[Place]:
        named: dict[tuple[str, str], Filter] = {}
        for rule in self.plan.policy.rules:
            filter = None if isinstance(rule, Opaque) else rule.filter
            if isinstance(rule, Opaque) or filter is None or filter.kind not in KINDS:
                continue
            if not CONTENT.isdisjoint(rule.operations) and not self._is_own(filter.value):
                named[filter.value, filter.kind] = filter
        for (path, kind), filter in sorted(named.items()):
            found = self._place(filter, self._is_there(path, kind))
            if found:
                yield found

    def _is_own(self, path: str) -> bool:
        """Whether each launch has a place of its own there, whatever the policy says of the usual one."""
        own = self.plan.host.platform == LINUX
        return own and (path in PRIVATE or path.startswith(("/proc/", "/dev/")))

    def _place(self, filter: Filter, there: bool) -> Place | None:
        """What is said of all that a filter names; None for what is like all around it."""
        path, kind = filter.value, filter.kind
        sample = path + {"subpath": f"/{_ANY}", "prefix": _ANY}.get(kind, "")
        read, write = self._rule(_READS, sample), self._rule(_WRITES, sample)
        if read.action == ALLOW:
            if write.action == ALLOW:
                return Place(path, kind, WRITE, write, there)
            if write.filter is not None and self._is_open_beside(_WRITES, path):
                return Place(path, kind, READ_ONLY, write, there)
            return Place(path, kind, READ, read, there)
        if read.filter is None:
            return None
        return Place(path, kind, CLOSED, read, there)

    def is_readable_beside(self, path: str) -> bool:
        """Whether that which lies beside a path may be read."""
        return self._is_open_beside(_READS, path)

    def _is_open_beside(self, operation: str, path: str) -> bool:
        above = path.rpartition("/")[0]
        return self._rule(operation, f"{above}/{_ANY}").action == ALLOW

    def _is_there(self, path: str, kind: str) -> bool:
        files = self.plan.host.files
        if kind != "prefix":
            return path in self.made or files.kind(path) != "missing"
        directory, _, start = path.rpartition("/")
        return any(name.startswith(start) for name in files.names(directory or "/"))

    def group(self, origin: Origin) -> str:
        """Whose a rule is: `system`, `toolchain`, `feature`, `agent`, `project`, `git`, `you`, ..."""
        if origin.tier in (Tier.BASE, Tier.PROFILE):
            return _LAYERS.get(self.layers.get(self.profile(origin), ""), "git")
        if origin.source[:1] == "$":
            return "system"  # certificates
        return {
            Tier.WORKDIR: "project",
            Tier.REPOSITORY: "asked",
            Tier.APPENDED: "appended",
            Tier.PROTECTED: "protected",
        }.get(origin.tier, "you")

    def profile(self, origin: Origin) -> str:
        """The profile that a rule is from; "" for one that is from none."""
        name, comma, _ = origin.source.partition(", ")
        return name if comma else ""

    def outermost(self, mode: Mode) -> list[Place]:
        """The places of a mode that are there, without those in another one of them."""
        there = [
            place
            for place in self.all
            if place.mode == mode and self._counts(place) and not self._is_dead_end(place)
        ]
        trees = {place.path for place in there if place.kind == "subpath"}
        starts = tuple(place.path for place in there if place.kind == "prefix")
        found: list[Place] = []
        for place in there:
            inside = not trees.isdisjoint(ancestors(place.path))
            same = place.kind != "subpath" and place.path in trees
            begun = place.kind != "prefix" and place.path.startswith(starts)
            if not (inside or same or begun):
                found.append(place)
        return found

    def _counts(self, place: Place) -> bool:
        """Whether a place is there; on a Mac an agent makes its own."""
        makes = self.plan.host.platform == MACOS and place.mode == WRITE
        return place.there or (makes and self.group(place.origin) == "agent")

    def _is_dead_end(self, place: Place) -> bool:
        """A link, whose end has rules of its own; on Linux, a directory without what is in it."""
        kind = self.plan.host.files.kind(place.path)
        alone = place.kind == "literal" and kind == "directory"
        return kind == "link" or (alone and self.plan.host.platform == LINUX)
