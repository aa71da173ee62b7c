"""The rules of a policy by what they are for: thousands of questions are answered without asking each."""

from __future__ import annotations

from safehouse.files import ancestors
from safehouse.policy.match import fixed_start, kind_of, matches, text_matches
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS, OWN_DEFAULT, PARENT
from safehouse.policy.policy import OWN, Decision
from safehouse.policy.rule import DENY, PATH_KINDS, Opaque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.policy.policy import Access, Policy
    from safehouse.policy.rule import Rule

    Numbered = tuple[int, Rule]


class Index:
    """A policy to be asked often. The answers are those of `Policy.decide`."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._by_operation: dict[str, _Rules] = {}

    def decide(self, access: Access) -> Decision:
        """As Policy.decide."""
        return next(self.in_line(access))

    def in_line(self, access: Access) -> Iterator[Decision]:
        """The decision, then the one that there would be without its rule, and so on to the last.

        Raises ValueError for an operation that does not exist.
        """
        operation = OPERATION_ALIAS.get(access.operation, access.operation)
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {access.operation!r}")
        asked: set[int] = set()
        while operation:
            for number, rule in self._rules(operation).matching(access):
                if number not in asked:
                    asked.add(number)
                    yield Decision(rule.action, rule)
            if operation in OWN_DEFAULT:
                own = OWN[OWN_DEFAULT[operation]]
                yield Decision(own.action, own)
                return
            operation = PARENT.get(operation, "")
        yield Decision(DENY, OWN[DENY])

    def _rules(self, operation: str) -> _Rules:
        known = self._by_operation.get(operation)
        if known is None:
            known = self._by_operation[operation] = _Rules(
                [
                    (number, rule)
                    for number, rule in enumerate(self.policy.rules)
                    if not isinstance(rule, Opaque) and operation in rule.operations
                ]
            )
        return known


class _Rules:
    """Those of one operation. Of paths, names and trees are looked up, patterns are tried."""

    def __init__(self, rules: list[Numbered]) -> None:
        self._exact: dict[str, list[Numbered]] = {}
        self._trees: dict[str, list[Numbered]] = {}
        self._patterns: list[tuple[str, str, str, Numbered]] = []  # start, kind, value
        self._others: list[Numbered] = []
        self._bare: list[Numbered] = []
        for numbered in rules:
            filter = numbered[1].filter
            if filter is None:
                self._bare.insert(0, numbered)
            elif filter.kind == "literal":
                self._exact.setdefault(filter.value, []).append(numbered)
            elif filter.kind == "subpath" and _is_plain(filter.value):
                self._trees.setdefault(filter.value, []).append(numbered)
            elif filter.kind in PATH_KINDS:
                start = fixed_start(filter.value) if filter.kind == "regex" else filter.value
                self._patterns.append((start, filter.kind, filter.value, numbered))
            else:
                self._others.append(numbered)

    def matching(self, access: Access) -> Iterator[Numbered]:
        """The rules that are for an access: the last one first, those without a filter behind."""
        found = [
            numbered for numbered in self._others
            if numbered[1].filter and matches(numbered[1].filter, access)
        ]  # fmt: skip
        if kind_of(access) == "path":
            target = access.target
            found += self._exact.get(target, ())
            for tree in (target, *ancestors(target)) if target[:1] == "/" else ():
                found += self._trees.get(tree, ())
            for start, kind, value, numbered in self._patterns:
                if target.startswith(start) and text_matches(kind, value, target):
                    found.append(numbered)
        found.sort(key=lambda numbered: -numbered[0])
        yield from found
        yield from self._bare


def _is_plain(tree: str) -> bool:
    """Whether what lies in a tree has its name among the directories above."""
    return tree == "/" or (tree[:1] == "/" and tree[-1] != "/")
