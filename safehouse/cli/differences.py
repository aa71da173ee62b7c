"""The differences of two policies in words: wider, narrower or neither, and the worst first."""

from __future__ import annotations

from safehouse.cli.policy import filter_text
from safehouse.cli.review import visible
from safehouse.cli.verbs import verbs
from safehouse.policy.answers import Side
from safehouse.policy.difference import Change, compare
from safehouse.policy.document import of_filter
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.policy import NONE
from safehouse.policy.rule import ALLOW, Filter, Opaque, Tier
from safehouse.policy.search import is_simple, start_of
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from safehouse.policy.difference import Beyond
    from safehouse.policy.document import Document
    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import AnyRule, Origin

    Direction = Literal["wider", "narrower", "neither"]

WIDER: Direction = "wider"
NARROWER: Direction = "narrower"
NEITHER: Direction = "neither"
_MOST_NAMES = 3
_CLOSED = "network: none"
_WAYS = "ancestors"
# How bad it is to be allowed it; what is not here stands behind these.
_WORST = ("default", "file-write-data", "network-outbound", "file-read-data")
_LEAST = ("file-read-metadata", "file-test-existence")
_FEATURE, _ENFORCEMENT, _NETWORK, _ACCESS, _VARIABLE, _RULE = range(6)


class Difference(Value):
    """One difference as it is told. `rank` orders those of one direction, `data` is for programs.

    Several of the same `sort`, which is not "", may be told as one, by what each is about (`about`).
    """

    direction: Direction
    rank: tuple[object, ...]
    kind: str
    text: str
    data: dict[str, object]
    sort: str = ""
    about: str = ""


def differences(before: Document, after: Document) -> list[Difference]:
    """All that differs: by what is decided, not by how it is written."""
    found = [*_Accesses(before, after).told()]
    if before.complete and after.complete:
        found += _of_features(before, after)
        found += _of_network(before, after)
        found += _of_variables(before, after)
        found += _of_enforcement(before, after)
        found += _of_places(before, after)
        if found and before.agent != after.agent:
            said = [visible(each.agent or "none of an agent") for each in (before, after)]
            text = f"the profile is {said[1]}, and was {said[0]}"
            data: dict[str, object] = {"before": before.agent, "after": after.agent}
            found.append(Difference(NEITHER, (_RULE,), "profile", text, data))
    order = (WIDER, NARROWER, NEITHER)
    return sorted(found, key=lambda each: (order.index(each.direction), each.rank, each.text))


# What is decided otherwise


class _Group:
    """Changes that are told in one line: the same targets, the same who."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.operations: dict[str, None] = {}


class _Accesses:
    """The questions that have another answer."""

    def __init__(self, before: Document, after: Document) -> None:
        self.policies = before.policy, after.policy
        self.home = dict(after.policy.defines).get("HOME", "") or "/nowhere"
        # That the network is open or closed is told in one line.
        self.network = before.complete and before.policy.network != after.policy.network
        self.after = Side(after.policy)

    def told(self) -> Iterator[Difference]:
        """Each as a line."""
        comparison = compare(*self.policies)
        groups: dict[object, _Group] = {}
        for change in comparison.changes:
            sources = change.before.origin.source, change.after.origin.source
            if not (self.network and _CLOSED in sources):
                region = _region(change)
                key = change.wider, change.kind, region, _cause(change)
                group = groups.setdefault(key, _Group(change))
                group.operations.update(dict.fromkeys(change.operations))
        for group in groups.values():
            yield self._line(group)
        for each in comparison.beyond:
            yield self._beyond(each)
        for filter in comparison.unfinished:
            text = f"not everything could be compared: {self._named(filter, 'path')}"
            yield Difference(NEITHER, (_RULE,), "unfinished", text, {"filter": of_filter(filter)})

    def _line(self, group: _Group) -> Difference:
        change = group.change
        operations = tuple(name for name in OPERATIONS if name in group.operations)
        main, within = _region(change)
        target = self._named(main, change.kind)
        if within is not None:
            target += f", as far as it is also {self._named(within, change.kind)}"
        word = "may now" if change.wider else "may no longer"
        text = f"{word} {verbs(operations)} {target}{self._but(change, main)}{_by(change)}"
        data: dict[str, object] = {
            "operations": list(operations),
            "target-kind": change.kind,
            "filter": None if main is None else of_filter(main),
            "within": None if within is None else of_filter(within),
            "before": _rule(change.before),
            "after": _rule(change.after),
            "example": {
                "operation": change.example.operation,
                "target": change.example.target,
                "kind": change.example.kind,
            },
        }
        direction = WIDER if change.wider else NARROWER
        rank = (_ACCESS, *_rank(operations, change, main, self.home))
        sort = f"{word} {verbs(operations)}" if _cause(change).source == _WAYS else ""
        return Difference(direction, rank, "access", text, data, sort, target)

    def _named(self, filter: Filter | None, kind: str) -> str:
        """What a filter is for, in words."""
        if filter is None:
            return "everything" if kind in ("", "path") else f"every {kind}"
        path = visible(self._short(filter.value))
        if filter.kind == "literal":
            return path
        if filter.kind == "subpath":
            end = " (with your whole home)" if contains(filter.value, self.home) else ""
            return f"{path} and all below it{end}"
        if filter.kind == "prefix":
            return f"what begins with {path}"
        if filter.kind == "regex":
            return f"what fits {visible(filter.value)}"
        if filter.parts:
            return f"what fits ({visible(filter_text(filter))})"
        if filter.kind in ("remote", "local") and filter.value == "ip":
            return "any address"
        return visible(f"{filter.value}" if kind == filter.kind else filter_text(filter))

    def _short(self, path: str) -> str:
        return "~" + path[len(self.home) :] if contains(self.home, path) else path

    def _but(self, change: Change, main: Filter | None) -> str:
        """What is decided otherwise in a tree, by name."""
        if main is None or main.kind != "subpath":
            return ""
        rules = self.after.deciding(change.example.operation)
        stronger = rules[: rules.index(change.after)] if change.after in rules else ()
        names = dict.fromkeys(
            self._named(rule.filter, "path")
            for rule in stronger
            if rule.action != change.after.action
            and rule.filter is not None
            and rule.filter != main
            and start_of(rule.filter, "path").startswith(main.value.rstrip("/") + "/")
        )
        if not names:
            return ""
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        return f", but for {', '.join([*names][:_MOST_NAMES])}{more}"

    def _beyond(self, found: Beyond) -> Difference:
        rule = found.rule
        new = "new" if found.added else "gone"
        data: dict[str, object] = {"rule": _rule(rule), "added": found.added}
        if isinstance(rule, Opaque):
            text = f"a form that is not understood, and passed on, is {new}: {visible(rule.text)}"
            return Difference(NEITHER, (_RULE,), "form", text + _said_by(rule.origin), data)
        wider = found.added == (rule.action == ALLOW)
        what = f"{rule.action} {' '.join(rule.operations)}: {visible(filter_text(rule.filter))}"
        text = f"a rule that depends on more than a name is {new}: {what}{_said_by(rule.origin)}"
        return Difference(WIDER if wider else NARROWER, (_RULE,), "rule", text, data)


def _region(change: Change) -> tuple[Filter | None, Filter | None]:
    """What both rules are for: the narrower of their filters, and the other where neither is."""
    one, two = change.before.filter, change.after.filter
    if one is None or one == two:
        return two, None
    if two is None or _holds(two, one):
        return one, None
    if _holds(one, two):
        return two, None
    new, old = (two, one) if change.wider else (one, two)
    return new, old


def _holds(outer: Filter, inner: Filter) -> bool:
    """Whether all that the inner filter fits is also in the outer one, as far as that is plain."""
    if not is_simple(outer) or outer.kind not in ("subpath", "prefix"):
        return False
    start = start_of(inner, "path")
    if outer.kind == "prefix":
        return start.startswith(outer.value)
    same = is_simple(inner) and inner.kind != "prefix" and start == outer.value
    return same or start.startswith(outer.value.rstrip("/") + "/")


def _cause(change: Change) -> Origin:
    """Who made the difference: the rule that there is now, but for one that is for everything."""
    return (change.before if _is_left_out(change) else change.after).origin


def _is_left_out(change: Change) -> bool:
    """Whether something is denied only because nothing allows it any more."""
    return change.after.filter is None and not change.wider


def _by(change: Change) -> str:
    cause = _cause(change)
    if _is_left_out(change):
        return f" (it was allowed by {_source(cause)})"
    refused = change.wider and change.before.filter is not None
    was = f"; refused before by {visible(change.before.origin.source)}" if refused else ""
    return f" ({_source(cause)}{was})"


def _said_by(origin: Origin) -> str:
    return f" ({_source(origin)})"


def _source(origin: Origin) -> str:
    reason = f": {origin.reason}" if origin.reason else ""
    return visible(f"{origin.source}{reason}")


def _rank(
    operations: tuple[str, ...], change: Change, main: Filter | None, home: str
) -> tuple[object, ...]:
    """What is worse, was refused by name, or is more, comes first."""
    worst = next((n for n, name in enumerate(_WORST) if name in operations), len(_WORST))
    if worst == len(_WORST) and set(operations) & set(_LEAST):
        worst += 1
    refused = change.wider and change.before.filter is not None
    size = 0 if main is None else main.value.rstrip("/").count("/") + 1
    exact = main is not None and main.kind == "literal"
    whole = main is None or (main.kind == "subpath" and contains(main.value, home))
    return worst, not whole, not refused, size, exact


def _rule(rule: AnyRule) -> dict[str, object]:
    origin = rule.origin
    said = {"tier": Tier.NAMES[origin.tier], "source": origin.source, "reason": origin.reason}
    if isinstance(rule, Opaque):
        return {"opaque": rule.text, **said}
    filter = None if rule.filter is None else of_filter(rule.filter)
    return {"action": rule.action, "filter": filter, **said}


# What belongs to a launch beside its rules


def _of_features(before: Document, after: Document) -> Iterator[Difference]:
    for one, two, direction, word in (
        (after, before, WIDER, "on"),
        (before, after, NARROWER, "off"),
    ):
        for name, cost in one.features:
            if name not in dict(two.features):
                text = f"the feature {visible(name)} is {word}"
                text += f": {visible(cost)}" if direction == WIDER else ""
                yield Difference(direction, (_FEATURE,), "feature", text, {"name": name})


def _of_network(before: Document, after: Document) -> Iterator[Difference]:
    one, two = before.policy.network, after.policy.network
    if one != two:
        text, direction = ("closed", NARROWER) if two == NONE else ("open", WIDER)
        data: dict[str, object] = {"before": one, "after": two}
        yield Difference(direction, (_NETWORK,), "network", f"the network is {text}", data)


def _of_variables(before: Document, after: Document) -> Iterator[Difference]:
    names = [[name for name, _ in each.policy.environment] for each in (before, after)]
    for some, others, direction, word in (
        (names[1], names[0], WIDER, "gets the variable"),
        (names[0], names[1], NARROWER, "does not get the variable"),
    ):
        for name in some:
            if name not in others:
                text = f"{word} {visible(name)}"
                yield Difference(direction, (_VARIABLE,), "variable", text, {"name": name})


def _of_enforcement(before: Document, after: Document) -> Iterator[Difference]:
    one, two = before.enforced, after.enforced
    if one is None or two is None:
        return
    kind = "enforcement"
    if one.level != two.level:
        direction = NARROWER if two.level == "full" else WIDER
        text = f"the policy is enforced in {two.level}" if two.level == "full" else (
            "the policy is enforced in part only"
        )  # fmt: skip
        data: dict[str, object] = {"before": one.level, "after": two.level}
        yield Difference(direction, (_ENFORCEMENT,), kind, text, data)
    if one.by != two.by:
        text = f"it is enforced by {visible(two.by)}, and was by {visible(one.by)}"
        data = {"before": one.by, "after": two.by}
        yield Difference(NEITHER, (_ENFORCEMENT,), kind, text, data)
    for some, others, direction, word in (
        (two.less, one.less, WIDER, "not enforced"),
        (one.less, two.less, NARROWER, "enforced now, and was not"),
        (two.notes, one.notes, NEITHER, "noted"),
        (one.notes, two.notes, NEITHER, "no longer noted"),
    ):
        for line in dict.fromkeys(some):
            if line not in others:
                data = {"note": line}
                sort = f"{word}: {visible(line.rpartition(': ')[2])}:"
                about = visible(line.rpartition(": ")[0])
                text = f"{word}: {visible(line)}"
                yield Difference(direction, (_ENFORCEMENT,), kind, text, data, sort, about)


def _of_places(before: Document, after: Document) -> Iterator[Difference]:
    def home(policy: Policy) -> str:
        return dict(policy.defines).get("HOME", "")

    one, two = before.policy, after.policy
    for kind, old, new in (
        ("project", one.workdir, two.workdir),
        ("directory", one.directory, two.directory),
        ("home", home(one), home(two)),
    ):
        if old != new:
            text = f"the {kind} is {visible(new)}, and was {visible(old)}"
            yield Difference(NEITHER, (_RULE,), kind, text, {"before": old, "after": new})
