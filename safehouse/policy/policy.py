"""What is allowed: the ordered rules, and the one way to ask them."""

from __future__ import annotations

from safehouse.policy.match import matches
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS, OWN_DEFAULT, PARENT
from safehouse.policy.rule import ALLOW, DENY, Opaque, Origin, Rule, Tier
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from safehouse.policy.rule import Action, AnyRule

    Network = Literal["open", "none"]

OPEN: Network = "open"
NONE: Network = "none"
NETWORKS: tuple[Network, ...] = (OPEN, NONE)


class Access(Value):
    """One question: may `operation` be done to `target`?

    `target` is a real path, a service's name, `host:port`, `self`, `same-sandbox` or `others`;
    `kind` the filter family that it belongs to when the operation alone does not say so
    (`local-name` for mach-lookup, say).
    """

    operation: str
    target: str = ""
    kind: str = ""


class Decision(Value):
    """The answer, and the rule that gave it."""

    action: Action
    rule: Rule

    @property
    def allowed(self) -> bool:
        return self.action == ALLOW


class Link(Value):
    """A symbolic link at `path` (absolute, its directory real) that says `target`, as written."""

    path: str
    target: str


class Policy(Value):
    """The rules in order (a later one wins over an earlier one of the same operation), and the rest.

    `defines` are the values of the host that the rules contain, by name (`HOME`, `WORKDIR`), `links`
    the symbolic links through which granted paths are reached, `environment` all that the command
    gets, `workdir` the directory that it is confined to ("/" for none), `directory` the one that it
    starts in.
    """

    rules: tuple[AnyRule, ...]
    defines: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    network: Network = OPEN
    environment: tuple[tuple[str, str], ...] = ()
    workdir: str = "/"
    directory: str = "/"

    def decide(self, access: Access) -> Decision:
        """What the kernel answers, by the rules of seatbelt.md section 1.

        The operation's own rules are asked first, then its parent's, up to `default`; among the
        rules of one operation the last filtered one that matches, else the last unfiltered one.
        Raises ValueError for an operation that does not exist.
        """
        operation = OPERATION_ALIAS.get(access.operation, access.operation)
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {access.operation!r}")
        while operation:
            unfiltered = None
            for rule in reversed(self.rules):
                if isinstance(rule, Opaque) or operation not in rule.operations:
                    continue
                if rule.filter is None:
                    unfiltered = unfiltered or rule
                elif matches(rule.filter, access):
                    return Decision(rule.action, rule)
            if unfiltered is not None:
                return Decision(unfiltered.action, unfiltered)
            if operation in OWN_DEFAULT:
                return Decision(OWN[OWN_DEFAULT[operation]].action, OWN[OWN_DEFAULT[operation]])
            operation = PARENT.get(operation, "")
        return Decision(DENY, OWN[DENY])

    @property
    def opaque(self) -> tuple[Opaque, ...]:
        """The forms that are passed on without being understood."""
        return tuple(rule for rule in self.rules if isinstance(rule, Opaque))


def _own(action: Action, reason: str) -> Rule:
    return Rule(action, ("default",), None, Origin(Tier.BASE, "Seatbelt", reason))


# What is decided where no rule says anything.
OWN: dict[str, Rule] = {
    ALLOW: _own(ALLOW, "an operation that is allowed unless a rule names it"),
    DENY: _own(DENY, "nothing allows it"),
}
