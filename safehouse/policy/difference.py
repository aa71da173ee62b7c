"""What one policy decides differently from another: not their texts are compared, but their answers."""

from __future__ import annotations

from safehouse.policy.answers import Answers, Side, families
from safehouse.policy.match import kind_of, matches
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, Filter, Opaque
from safehouse.policy.search import CERTAIN, leaves, read_as, shortest
from safehouse.policy.vocabulary import FILTER_ALIAS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import AnyRule, Rule

_FRESH = "\u2042"


class Change(Value):
    """What has another answer: `operations` on targets of the family `kind` that both rules are for.

    `before` and `after` are the rules that decide; `wider` says that `after` is the one that allows.
    `example` is one of those questions.
    """

    wider: bool
    operations: tuple[str, ...]
    kind: str
    before: Rule
    after: Rule
    example: Access

    def covers(self, access: Access) -> bool:
        """Whether a question is one of those that the change is about."""
        both = self.before.filter, self.after.filter
        filters = [filter for filter in both if filter is not None]
        kind = FILTER_ALIAS.get(kind_of(access), kind_of(access))
        return (
            access.operation in self.operations
            and (kind == self.kind or not filters)
            and all(matches(filter, access) for filter in filters)
        )


class Beyond(Value):
    """A rule or form of one of the policies alone, about which a question cannot tell.

    It depends on more than a name (whether a file is a link), or only Seatbelt understands it.
    `added` says that it is the later policy's.
    """

    added: bool
    rule: AnyRule


class Comparison(Value):
    """How two policies differ; `unfinished` are filters of which not all targets could be gone through."""

    changes: tuple[Change, ...] = ()
    beyond: tuple[Beyond, ...] = ()
    unfinished: tuple[Filter, ...] = ()


def compare(before: Policy, after: Policy) -> Comparison:
    """Every question that has another answer, as changes: one for each pair of deciding rules.

    Raises ValueError for a regex that is not known.
    """
    sides = Side(before), Side(after)
    groups: dict[tuple[tuple[Rule, ...], tuple[Rule, ...]], list[str]] = {}
    for operation in OPERATIONS:
        both = sides[0].deciding(operation), sides[1].deciding(operation)
        groups.setdefault(both, []).append(operation)
    found: dict[tuple[str, int, int], Change] = {}
    unfinished: dict[Filter, None] = {}
    for operations in groups.values():
        answers = Answers(sides, operations)
        for kind, one, two, text in answers.differences():
            key = kind, id(one), id(two)
            usual = (each for each in operations if kind in families(each))
            example = Access(next(usual, operations[0]), text, kind)
            known = found[key].operations if key in found else ()
            every = (*known, *operations)
            found[key] = Change(two.action == ALLOW, every, kind, one, two, example)
        unfinished.update(dict.fromkeys(answers.unfinished))
    told = {id(rule) for change in found.values() for rule in (change.before, change.after)}
    beyond = (
        *(Beyond(False, rule) for rule in _beyond(before, after, told)),
        *(Beyond(True, rule) for rule in _beyond(after, before, told)),
    )
    return Comparison(tuple(found.values()), beyond, tuple(unfinished))


def _beyond(policy: Policy, other: Policy, told: set[int]) -> Iterator[AnyRule]:
    """What a policy has, the other has not, and no question tells."""
    there: dict[object, int] = {}
    for rule in other.rules:
        there[_said(rule)] = there.get(_said(rule), 0) + 1
    for rule in policy.rules:
        if id(rule) in told or not _is_beyond(rule):
            continue
        there[_said(rule)] = there.get(_said(rule), 0) - 1
        if there[_said(rule)] < 0 and not _is_vain(rule, other):
            yield rule


def _said(rule: AnyRule) -> object:
    if isinstance(rule, Opaque):
        return rule.text
    return rule.action, frozenset(rule.operations), rule.filter


def _is_beyond(rule: AnyRule) -> bool:
    if isinstance(rule, Opaque):
        return True
    return any(_is_unsure(leaf) for leaf in leaves(rule.filter)) if rule.filter else False


def _is_unsure(leaf: Filter) -> bool:
    """Whether a question does not say what a filter asks for: of an address, the protocol."""
    family, variant = read_as(leaf)
    if variant == "address":
        return leaf.value.partition(" ")[0] != "ip"
    return family not in CERTAIN


def _is_vain(rule: AnyRule, other: Policy) -> bool:
    """Whether the other policy decides the same about all that a rule may be for."""
    if isinstance(rule, Opaque) or rule.filter is None or rule.filter.kind != "require-all":
        return False
    sure = tuple(part for part in rule.filter.parts if not any(map(_is_unsure, leaves(part))))
    kinds = {read_as(leaf)[0] for part in sure for leaf in leaves(part)}
    if len(kinds) != 1:
        return False
    kind = kinds.pop()
    text = shortest(Filter("require-all", "", sure), kind, _FRESH)
    return bool(text) and all(
        other.decide(Access(operation, text or "", kind)).action == rule.action
        for operation in rule.operations
    )
