"""`safehouse why`: may it, and which rule says so."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.errors import UserError, nearest, printable, quoted
from safehouse.host import Host
from safehouse.policy.match import kind_of
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS
from safehouse.policy.policy import NONE, OPEN, Access
from safehouse.policy.rule import Tier
from safehouse.policy.words import QUESTIONS
from safehouse.sources import trust
from safehouse.sources.configuration import start
from safehouse.sources.settings import READ_AND_WRITE, READ_ONLY, contains, too_wide
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.cli.arguments import Arguments
    from safehouse.policy.policy import Decision
    from safehouse.request import Request
    from safehouse.sources.profile import Profile


_OWN_PLACE = "  by:     the sandbox: each launch has its own; what lies there outside is hidden\n"
_VERDICTS: dict[trust.Verdict, str] = {
    trust.UNKNOWN: "and you have not trusted it",
    trust.CHANGED: "and has changed since you looked at it",
    trust.DECLINED: "and it is declined",
}


def answer(arguments: Arguments) -> int:
    """Prints the decision; 0 if it is allowed, 1 if denied."""
    if len(arguments.words) < 2:
        raise UserError(
            "what is to be decided?",
            "safehouse why read ~/.ssh/config -- claude (or write, exec, connect, ...)",
        )
    word, target = arguments.words
    operation = OPERATION_ALIAS.get(QUESTIONS.get(word, word), QUESTIONS.get(word, word))
    if operation not in OPERATIONS:
        known = [*QUESTIONS, *OPERATIONS]
        raise UserError(
            f"unknown operation {printable(word)!r}{nearest(word, known)}",
            f"one of {', '.join(QUESTIONS)}, or an operation of SBPL",
        )
    plan = sandbox.make_plan(arguments.request, Host.current())
    access = Access(operation, target)
    if kind_of(access) == "path" or target[:1] in ("~", ".", "/"):
        path = plan.host.absolute(target, "why")
        found = plan.host.resolve(path)
        access = Access(operation, found.real)
        for link, to in found.links:
            sys.stdout.write(f"{printable(link)} is a link to {printable(to)}\n")
    decision = plan.policy.decide(access)
    if not decision.allowed and decision.rule.filter is None and _is_own(access.target, plan.host):
        sys.stdout.write(f"allowed: {access.operation} {printable(access.target)}\n{_OWN_PLACE}")
        return 0
    sys.stdout.write(_text(decision, access))
    if not decision.allowed:
        sys.stdout.write(_mending(access, decision, plan))
    for form in plan.policy.opaque:
        sys.stdout.write(f"not certain: {form.origin.source} has a form that is not understood\n")
    return 0 if decision.allowed else 1


def _is_own(path: str, host: Host) -> bool:
    """Whether a path is one of the sandbox's own, not hidden by them: it, or a new one below it."""
    for place in sandbox.backend_for(host).own_places:
        if contains(place, path) and not contains(host.home, path):
            return place in ("/dev", "/proc", path) or host.files.kind(path) == "missing"
    return False


def _text(decision: Decision, access: Access) -> str:
    rule = decision.rule
    word = "allowed" if decision.allowed else "denied"
    origin = rule.origin
    by = f"{printable(origin.source)} ({Tier.NAMES[origin.tier]})"
    if rule.operations == ("default",):
        by = "no rule"
    return (
        f"{word}: {access.operation} {printable(access.target)}\n"
        f"  by:     {by}\n  reason: {printable(origin.reason)}\n"
    )


def _mending(access: Access, decision: Decision, plan: sandbox.Plan) -> str:
    """What allows it: trust in the project, a feature where one does, else an option."""
    mended = _network(access, plan) or _trust(access, plan)
    if mended:
        return mended
    is_file = kind_of(access) == "path" and not access.operation.startswith("network")
    for feature in _features_for(access, plan):
        if not (is_file and feature.name == "wide-read"):  # a path of its own opens less
            return (
                f"  to allow it: --enable={feature.name} ({feature.weakens})\n"
                f"  to keep it:  safehouse grant --enable={feature.name}\n"
            )
    if decision.rule.origin.tier == Tier.PROTECTED:
        return "  nothing opens it: it is protected\n"
    if decision.rule.origin.tier == Tier.APPENDED:
        return "  an appended profile closes it: change that\n"
    if not is_file:
        return "  no option allows it\n"
    writes = "write" in access.operation
    option = "--add-dirs" if writes else "--add-dirs-ro"
    path = printable(quoted(access.target))
    if plan.host.files.kind(access.target) == "missing":
        return f"  to allow it: {option}={path}, once it exists\n"
    text = f"  to allow it: {option}={path}\n"
    mode = READ_AND_WRITE if writes else READ_ONLY
    if too_wide(plan.host, access.target, mode, plan.policy.workdir):
        return text
    return f"{text}  to keep it:  safehouse grant{' --write' if writes else ''} {path}\n"


def _network(access: Access, plan: sandbox.Plan) -> str:
    """Who closed the network, where that is what denies it."""
    closed = [item for item in plan.configuration.said("network") if item.text == NONE]
    opened = replace(plan.request, network=OPEN)
    if plan.policy.network == NONE and closed and _allowed(access, opened, plan.host):
        place = printable(closed[-1].place)
        return f"  closed by:   network: none ({place})\n  to allow it: --network=open\n"
    return ""


def _trust(access: Access, plan: sandbox.Plan) -> str:
    """What to do where the project asks for it, and the person has not said yes to that."""
    found = plan.configuration
    if found.project is None or found.verdict == trust.TRUSTED:
        return ""
    try:
        if not _allowed(access, replace(plan.request, trust=True), plan.host):
            return ""
    except UserError:  # what it asks for is wrong, or too much
        return ""
    command = printable(trust.command(found.project.directory, plan.host))
    return f"  this project asks for it, {_VERDICTS[found.verdict]}\n  to allow it: {command}\n"


def _allowed(access: Access, request: Request, host: Host) -> bool:
    return sandbox.make_plan(replace(request, platform=""), host).policy.decide(access).allowed


def _features_for(access: Access, plan: sandbox.Plan) -> Iterator[Profile]:
    """The features with which it would be allowed; those that give up the least come first."""
    catalogue = start(replace(plan.request, platform=""), plan.host).catalogue

    def opened(name: str) -> int:
        return sum(len(profile.grants) for profile in catalogue.selected((name,), ""))

    for name in sorted(catalogue.in_layers(("feature",)), key=opened):
        request = replace(plan.request, enable=(*plan.request.enable, name))
        if _allowed(access, request, plan.host):
            yield catalogue.profile(name)
