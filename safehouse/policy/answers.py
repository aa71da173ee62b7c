"""Where two lists of rules, of which the first that fits decides, give different answers.

Names and trees tell targets apart in ways that can all be gone through. Where a regex or a combination
takes part, a target is searched for each pair of rules that may decide on one.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from safehouse.files import ancestors
from safehouse.policy.index import Index
from safehouse.policy.match import kind_of, matches
from safehouse.policy.operations import OWN_DEFAULT, PARENT
from safehouse.policy.policy import OWN, Access, Policy
from safehouse.policy.rule import DENY, Filter, Opaque
from safehouse.policy.search import (
    ADDRESSES,
    is_simple,
    leaves,
    may_fit,
    may_meet,
    read_as,
    shortest,
    start_of,
)
from safehouse.policy.vocabulary import FILTER_ALIAS, TARGETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from safehouse.policy.rule import Rule

    Places = tuple[int, int]  # of the two deciding rules in their lists

_MOST_SEARCHES = 100  # for one pair of rules
# Operations that are asked about targets of several families.
_SEVERAL = {
    "mach-": ("global-name", "local-name", "xpc-service-name"),
    "network": ("path", "remote", "local"),
}
_HOSTS = ("host.example", "localhost")


def families(operation: str) -> tuple[str, ...]:
    """The families of targets that an operation is asked about."""
    for start, kinds in _SEVERAL.items():
        if operation.startswith(start):
            return kinds
    kind = kind_of(Access(operation, "/x"))
    return (FILTER_ALIAS.get(kind, kind),)


class Side:
    """One of two policies, to be asked often."""

    def __init__(self, policy: Policy) -> None:
        self.index = Index(policy)
        rules = tuple(rule for rule in policy.rules if not isinstance(rule, Opaque))
        # As it would be with names, trees and beginnings only.
        self.plain = Index(Policy(tuple(rule for rule in rules if _is_plain(rule))))
        self._rules: dict[str, list[Rule]] = {}
        for rule in rules:
            for operation in rule.operations:
                self._rules.setdefault(operation, []).append(rule)

    def deciding(self, operation: str) -> tuple[Rule, ...]:
        """The rules that decide on an operation, the strongest first: the first that fits counts.

        The last one has no filter. Of those with the same filter only the strongest is there.
        """
        found: dict[Filter, Rule] = {}
        while operation:
            own = self._rules.get(operation, ())
            for rule in reversed(own):
                if rule.filter is not None:
                    found.setdefault(rule.filter, rule)
            bare = next((rule for rule in reversed(own) if rule.filter is None), None)
            if bare is None and operation in OWN_DEFAULT:
                bare = OWN[OWN_DEFAULT[operation]]
            if bare is not None:
                return (*found.values(), bare)
            operation = PARENT.get(operation, "")
        return (*found.values(), OWN[DENY])


class Answers:
    """What two policies answer to some operations, for which each has one list of rules."""

    def __init__(self, sides: tuple[Side, Side], operations: Sequence[str]) -> None:
        self.sides = sides
        self.operations = operations
        self.operation = operation = operations[0]
        self.lists = sides[0].deciding(operation), sides[1].deciding(operation)
        self._places = [
            {id(rule): place for place, rule in enumerate(rules)} for rules in self.lists
        ]
        self.unfinished: list[Filter] = []
        # Of a rule that both have, in the same order as all of these: where it stands in the other.
        self.common: tuple[dict[int, int], dict[int, int]] = ({}, {})
        ways = [[(rule.action, rule.filter) for rule in rules] for rules in self.lists]
        matcher = SequenceMatcher(None, ways[0], ways[1], autojunk=False)
        for one, two, size in matcher.get_matching_blocks():
            self.common[0].update(zip(range(one, one + size), range(two, two + size)))
            self.common[1].update(zip(range(two, two + size), range(one, one + size)))
        # Only what one of these fits can have another answer.
        self.changed = [
            rule.filter
            for side in (0, 1)
            for place, rule in enumerate(self.lists[side])
            if place not in self.common[side]
        ]

    def differences(self) -> Iterator[tuple[str, Rule, Rule, str]]:
        """For each pair of rules that decide differently: the family of the targets, both, and one."""
        for kind in self._families() if self.changed else ():
            for (one, two), text in _OfOneKind(self, kind).found().items():
                yield kind, self.lists[0][one], self.lists[1][two], text

    def differ(self, one: int, two: int) -> bool:
        """Whether two rules decide differently."""
        return self.lists[0][one].action != self.lists[1][two].action

    def places(self, target: str, kind: str, plain: bool = False) -> Places:
        """The two rules that decide on a target, as it is or, `plain`, without patterns."""
        access = Access(self.operation, target, kind)
        one, two = (
            places[id((side.plain if plain else side.index).decide(access).rule)]
            for side, places in zip(self.sides, self._places)
        )
        return one, two

    def outdone(self, one: int, two: int) -> bool:
        """Whether one of two rules stands in the other list, too, and is the stronger one there."""
        return self.common[0].get(one, two + 1) <= two or self.common[1].get(two, one + 1) <= one

    def _families(self) -> Iterable[str]:
        """The families of targets among which something may have changed."""
        known = {kind for operation in self.operations for kind in families(operation)}
        for rule in (*self.lists[0], *self.lists[1]):
            if rule.filter is not None:
                known.update(read_as(leaf)[0] for leaf in leaves(rule.filter))
        return sorted(
            kind
            for kind in known
            if any(filter is None or may_fit(filter, kind) for filter in self.changed)
        )


class _OfOneKind:
    """The targets of one family."""

    def __init__(self, answers: Answers, kind: str) -> None:
        self.answers, self.kind = answers, kind
        every = dict.fromkeys(rule.filter for rules in answers.lists for rule in rules)
        parts = dict.fromkeys(leaf for filter in every if filter for leaf in leaves(filter))
        self.leaves = [leaf for leaf in parts if read_as(leaf)[0] == kind]
        used = {character for leaf in self.leaves for character in leaf.value}
        self.fresh = next(chr(n) for n in range(0x2042, 0x3000) if chr(n) not in used)
        self.pairs: dict[Places, str] = {}

    def found(self) -> dict[Places, str]:
        """The pairs of rules that decide differently, each with a target that they decide on."""
        if self.kind in ADDRESSES:
            self._ask(_addresses(self.leaves))
        elif self.kind == "target":
            self._ask((*TARGETS, *(leaf.value for leaf in self.leaves)))
        else:
            names = [*self._names()]
            self._ask(names)
            for pair in (*self._behind_patterns(names), *self._of_patterns()):
                if pair not in self.pairs:
                    self._search(pair)
        return self.pairs

    def _ask(self, texts: Iterable[str]) -> Places:
        """Asks about targets; gives the pair of rules that decides on the last one."""
        pair = -1, -1
        for text in texts:
            pair = self.answers.places(text, self.kind)
            if self.answers.differ(*pair):
                self.pairs.setdefault(pair, text)
        return pair

    def _names(self) -> Iterator[str]:
        """Targets that tell apart all that names and trees can, where something may be changed."""
        changed = [
            each for each in self.answers.changed if each is None or may_fit(each, self.kind)
        ]
        start = "/" if self.kind == "path" else ""
        texts = [start + self.fresh]
        for leaf in self.leaves:
            variant = read_as(leaf)[1]
            if variant == "subpath":
                texts.append(leaf.value.rstrip("/") + "/" + self.fresh)
            elif variant == "prefix":
                texts.append(leaf.value + self.fresh)
            if variant != "regex":
                texts.append(leaf.value)
        for text in texts:
            if any(each is None or self._fits(each, text) for each in changed):
                yield text

    def _fits(self, filter: Filter, text: str) -> bool:
        return matches(filter, Access(self.answers.operation, text, self.kind))

    def _behind_patterns(self, texts: Iterable[str]) -> Iterator[Places]:
        """The pairs of rules that would decide on targets if there were names and trees only."""
        for text in texts:
            pair = self.answers.places(text, self.kind, plain=True)
            if self.answers.differ(*pair):
                yield pair

    def _of_patterns(self) -> Iterator[Places]:
        """The pairs of rules that may decide differently on a target, one having a pattern."""
        before, after = self.answers.lists
        deciding = [[*_deciding(rules, self.kind)] for rules in self.answers.lists]
        patterns = [place for place in deciding[1] if not _is_plain(after[place])]
        for one in deciding[0]:
            for two in patterns if _is_plain(before[one]) else deciding[1]:
                if (
                    self.answers.differ(one, two)
                    and not self.answers.outdone(one, two)
                    and self._meet(before[one].filter, after[two].filter)
                ):
                    yield one, two

    def _meet(self, one: Filter | None, two: Filter | None) -> bool:
        return one is None or two is None or may_meet(one, two, self.kind)

    def _search(self, pair: Places) -> None:
        """Looks for a target on which two rules decide, by leaving out what stronger ones fit."""
        own = [rules[place].filter for rules, place in zip(self.answers.lists, pair)]
        region = [each for each in own if each is not None]
        for _ in range(_MOST_SEARCHES):
            text = shortest(Filter("require-all", "", tuple(region)), self.kind, self.fresh)
            if text is None:
                break
            deciding = self._ask((text,)) if text else pair
            if not text or deciding == pair:
                return
            for rules, place, mine in zip(self.answers.lists, deciding, pair):
                stronger = rules[place].filter
                if place != mine and stronger is not None:
                    region.append(Filter("require-not", "", (stronger,)))
        self.answers.unfinished += [each for each in own if each is not None][-1:]


def _is_plain(rule: Rule) -> bool:
    return rule.filter is None or is_simple(rule.filter)


def _deciding(rules: Sequence[Rule], kind: str) -> Iterator[int]:
    """The places of the rules that may decide: not those for what lies in a stronger one's tree."""
    trees: set[str] = set()
    for place, rule in enumerate(rules):
        filter = rule.filter
        if filter is None:
            yield place
        elif may_fit(filter, kind):
            start = start_of(filter, kind)
            if trees.isdisjoint(ancestors(start) if start[:1] == "/" else ()):
                yield place
            if filter.kind == "subpath":
                trees.add(filter.value)


def _addresses(filters: Sequence[Filter]) -> Iterator[str]:
    """Addresses that tell apart all that filters of addresses can."""
    ports = {each.value.rpartition(":")[2] for each in filters if ":" in each.value} - {"*"}
    free = next(str(number) for number in range(1, 65536) if str(number) not in ports)
    for host in _HOSTS:
        for port in (*sorted(ports), free):
            yield f"{host}:{port}"
