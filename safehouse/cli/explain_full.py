"""`--explain=full`: every place that the policy names, with who says so and why, and all else there is."""

from __future__ import annotations

from safehouse.backends.mounts import CONTENT
from safehouse.cli.explain import Screen
from safehouse.cli.places import CLOSED, KINDS, READ, READ_ONLY, WRITE
from safehouse.cli.policy import filter_text
from safehouse.cli.rules import whole, words
from safehouse.cli.sources import sources_text
from safehouse.errors import UserError, printable
from safehouse.host import LINUX
from safehouse.policy.rule import ALLOW, DENY, Opaque, Tier
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.cli.explain import Prepared
    from safehouse.cli.places import Place
    from safehouse.plan import Plan
    from safehouse.policy.rule import Origin, Rule

    Row = tuple[str, str]

HEADS = {
    WRITE: "may be read and written",
    READ: "may be read",
    READ_ONLY: "may be read, but not written, in what may be written",
    CLOSED: "closed",
}
_NOT_HELD = "not there; what is made there can be written"
_SEEN = "may be seen to be there"
_KEPT = "keeps its name, since something is closed there"
_OTHERS = "all other rules; the last one that fits counts"
_WIDEST = 48  # a longer name has a line that is longer


def full_explanation(plan: Plan, prepared: Prepared) -> str:
    """All that there is to say of a plan; `prepared` is its launch, or why there is none."""
    return "\n".join(_Everything(plan, prepared).lines())


class _Everything:
    def __init__(self, plan: Plan, prepared: Prepared) -> None:
        self.plan = plan
        self.home = plan.host.home
        self.screen = Screen(plan, prepared)
        self.enforcement = None if isinstance(prepared, UserError) else prepared.enforcement
        narrower = self.enforcement.narrower if self.enforcement else ()
        creations = () if isinstance(prepared, UserError) else prepared.creations
        self.held = {each.path for each in creations if each.stub}
        self.less = {
            (each.rule.filter.value, each.rule.filter.kind): each.instead
            for each in narrower
            if not isinstance(each.rule, Opaque) and each.rule.filter
        }

    def lines(self) -> Iterator[str]:
        """The lines, in sections whose heads begin at the margin."""
        screen = self.screen
        for section in screen.sections():
            if section.head in ("profile", "features", "network"):
                yield from section.lines()
        names = [printable(name) for name, _ in self.plan.policy.environment]
        yield f"environment: {', '.join(names)}"
        for mode, head in HEADS.items():
            places = [place for place in screen.places.all if place.mode == mode]
            yield from _table(head, (self._place(place) for place in places))
        if self.plan.host.platform == LINUX:
            yield "of its own"
            yield from (f"  {line}" for line in screen.own())
        seen, kept, others = self._rest()
        yield from _table(_SEEN, seen)
        yield from _table(_KEPT, kept)
        yield from _table(_OTHERS, others)
        yield "who says so"
        yield from (f"  {line}" for line in sources_text(self.plan))
        yield from self._enforced(screen)

    def _place(self, place: Place) -> Row:
        remark = self.less.get((place.path, place.kind), "")
        if not place.there and not remark:
            remark = self._missing(place)
        name = printable(place.shown(self.home))
        return name, _why(place.origin) + (f" [{remark}]" if remark else "")

    def _missing(self, place: Place) -> str:
        """What there is to say of a place that is not there."""
        if place.mode != READ_ONLY or self.plan.host.platform != LINUX:
            return "not there"
        if place.path in self.held:
            return "not there; a stub holds its place"
        above = place.path.rpartition("/")[0] or "/"
        return _NOT_HELD if self.plan.host.files.kind(above) == "directory" else "not there"

    def _rest(self) -> tuple[list[Row], list[Row], list[Row]]:
        """What of the rules says nothing of the content of a named place."""
        seen: list[Row] = []
        kept: list[Row] = []
        others: list[Row] = []
        for rule in self.plan.policy.rules:
            if isinstance(rule, Opaque):
                text = f"passed on without being understood: {printable(rule.text)}"
                others.append((text, _why(rule.origin)))
                continue
            named = rule.filter is not None and rule.filter.kind in KINDS
            operations = whole(rule.operations)
            if named and not CONTENT.isdisjoint(operations):
                operations = tuple(name for name in operations if name == "network-outbound")
                if not operations:
                    continue
            row = self._target(rule), _why(rule.origin)
            names = words(operations)
            if named and rule.action == ALLOW and names == "metadata":
                seen.append(row)
            elif named and rule.action == DENY and rule.operations[0].startswith("file-write-"):
                kept.append(row)
            else:
                others.append((f"{rule.action} {names}: {row[0]}", row[1]))
        return seen, kept, others

    def _target(self, rule: Rule) -> str:
        filter = rule.filter
        if filter is None:
            return "everything"
        if filter.kind in KINDS and contains(self.home, filter.value):
            end = {"subpath": "/", "prefix": "*"}.get(filter.kind, "")
            return printable("~" + filter.value[len(self.home) :] + end)
        return printable(filter_text(filter))

    def _enforced(self, screen: Screen) -> Iterator[str]:
        enforcement = self.enforcement
        if enforcement is None:
            yield from (
                line
                for section in screen.sections()
                if section.head == "enforcement"
                for line in section.lines()
            )
            return
        yield f"enforcement: {enforcement.level}, by {enforcement.by}"
        yield from (f"  less: {each.rule.origin}: {each.instead}" for each in enforcement.wider)
        yield from (f"  note: {note}" for note in enforcement.notes)
        for each in enforcement.narrower:
            if not isinstance(each.rule, Opaque):
                yield f"  stricter: {self._target(each.rule)}: {each.instead}"


def _why(origin: Origin) -> str:
    """The reason, and who gives it."""
    by = printable(origin.source)
    if origin.tier not in (Tier.BASE, Tier.PROFILE):
        by += f", {Tier.NAMES[origin.tier]}"
    return f"{printable(origin.reason)} ({by})"


def _table(head: str, rows: Iterable[Row]) -> Iterator[str]:
    found = list(rows)
    if found:
        width = max((len(name) for name, _ in found if len(name) <= _WIDEST), default=0)
        yield head
        yield from (f"  {name.ljust(width)}  {text}" for name, text in found)
