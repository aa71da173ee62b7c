"""A policy's answers for one operation, quick to ask for many targets."""

from __future__ import annotations

from safehouse.policy.match import kind_of, matches
from safehouse.policy.operations import OPERATION_ALIAS, OWN_DEFAULT, PARENT
from safehouse.policy.policy import OWN, Access
from safehouse.policy.rule import DENY, Opaque
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import Rule

_TREE_KINDS = ("literal", "subpath")


class ByOperation(Value):
    """The rules of a policy by the operations that they name, each in the order of the policy."""

    rules: Mapping[str, tuple[Rule, ...]]

    def list_for(self, operation: str) -> tuple[Rule, ...]:
        """The rules that decide on an operation, the strongest first: the first that fits counts.

        The last one has no filter.
        """
        found: list[Rule] = []
        operation = OPERATION_ALIAS.get(operation, operation)
        while operation:
            own = self.rules.get(operation, ())
            found += [rule for rule in reversed(own) if rule.filter is not None]
            bare = next((rule for rule in reversed(own) if rule.filter is None), None)
            if bare is None and operation in OWN_DEFAULT:
                bare = OWN[OWN_DEFAULT[operation]]
            if bare is not None:
                return (*found, bare)
            operation = PARENT.get(operation, "")
        return (*found, OWN[DENY])


def by_operation(policy: Policy) -> ByOperation:
    """The rules of a policy, sorted for many questions."""
    found: dict[str, list[Rule]] = {}
    for rule in policy.rules:
        if not isinstance(rule, Opaque):
            for operation in rule.operations:
                found.setdefault(operation, []).append(rule)
    return ByOperation({name: tuple(rules) for name, rules in found.items()})


class Decisions:
    """What a list of rules for one operation (`ByOperation.list_for`) says; as Policy.decide."""

    def __init__(self, rules: tuple[Rule, ...], operation: str) -> None:
        self.rules = rules
        self.operation = operation
        self._named: dict[tuple[str, str], int] = {}
        self._others: list[int] = []
        for place, rule in enumerate(rules):
            filter = rule.filter
            if filter is not None and filter.kind in _TREE_KINDS:
                self._named.setdefault((filter.kind, filter.value), place)
            else:
                self._others.append(place)

    def place(self, target: str, kind: str = "") -> int:
        """Which of the rules decides, by its place in the list."""
        access = Access(self.operation, target, kind)
        best = len(self.rules) - 1
        if kind_of(access) == "path":
            best = min(best, self._named.get(("literal", target), best))
            tree = target
            while tree:
                best = min(best, self._named.get(("subpath", tree), best))
                # Also a tree that is written with a slash at its end.
                tree = tree[:-1] if tree[-1] == "/" else tree[: tree.rfind("/") + 1]
        for place in self._others:
            if place >= best:
                break
            filter = self.rules[place].filter
            if filter is None or matches(filter, access):
                return place
        return best

    def rule(self, target: str, kind: str = "") -> Rule:
        """The rule that decides."""
        return self.rules[self.place(target, kind)]
