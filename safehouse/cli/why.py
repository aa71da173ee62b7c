"""`safehouse why`: may it, and which rule says so."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.errors import UserError, nearest, printable
from safehouse.host import Host
from safehouse.policy.match import kind_of
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.cli.arguments import Arguments
    from safehouse.policy.policy import Decision

# What a person asks, and the operation that the kernel then asks about.
_QUESTIONS = {
    "read": "file-read-data",
    "write": "file-write-data",
    "list": "file-read-data",
    "stat": "file-read-metadata",
    "exec": "process-exec*",
    "connect": "network-outbound",
    "listen": "network-inbound",
}


def answer(arguments: Arguments) -> int:
    """Prints the decision; 0 if it is allowed, 1 if denied."""
    if len(arguments.words) < 2:
        raise UserError(
            "what is to be decided?",
            "safehouse why read ~/.ssh/config -- claude (or write, exec, connect, ...)",
        )
    word, target = arguments.words
    operation = OPERATION_ALIAS.get(_QUESTIONS.get(word, word), _QUESTIONS.get(word, word))
    if operation not in OPERATIONS:
        known = [*_QUESTIONS, *OPERATIONS]
        raise UserError(
            f"unknown operation {printable(word)!r}{nearest(word, known)}",
            f"one of {', '.join(_QUESTIONS)}, or an operation of SBPL",
        )
    plan = sandbox.make_plan(arguments.request, Host.current())
    access = Access(operation, target)
    if kind_of(access) == "path" or target[:1] in ("~", ".", "/"):
        path = plan.host.absolute(target, "why")
        found = plan.host.resolve(path)
        access = Access(operation, found.real)
        for link, to in found.links:
            sys.stdout.write(f"{link} is a link to {to}\n")
    decision = plan.policy.decide(access)
    sys.stdout.write(_text(decision, access))
    if not decision.allowed:
        sys.stdout.write(_mending(word, access, decision))
    for form in plan.policy.opaque:
        sys.stdout.write(f"not certain: {form.origin.source} has a form that is not understood\n")
    return 0 if decision.allowed else 1


def _text(decision: Decision, access: Access) -> str:
    rule = decision.rule
    word = "allowed" if decision.allowed else "denied"
    origin = rule.origin
    return (
        f"{word}: {access.operation} {access.target}\n"
        f"  by:     {origin.source} ({Tier.NAMES[origin.tier]})\n"
        f"  reason: {origin.reason}\n"
    )


def _mending(word: str, access: Access, decision: Decision) -> str:
    if decision.rule.origin.tier == Tier.PROTECTED:
        return "  nothing opens it: it is protected\n"
    if kind_of(access) != "path" or word == "connect":
        return "  see the features that open services: safehouse --help\n"
    option = "--add-dirs" if "write" in access.operation else "--add-dirs-ro"
    return f"  to allow it: {option}={access.target}\n"
