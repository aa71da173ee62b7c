"""`--explain`: what the command may do, on one screen."""

from __future__ import annotations

from safehouse import sandbox
from safehouse.launch import FULL
from safehouse.policy.rule import ALLOW, DENY, Opaque, Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.policy.policy import Policy
    from safehouse.request import Request


def explanation(request: Request, host: Host) -> str:
    """What may be written and read, what is closed, features, network, environment, enforcement."""
    plan = sandbox.make_plan(request, host)
    launch = sandbox.make_launch(plan, sandbox.backend_for(plan.host))
    policy = plan.policy
    written = _named(policy, "file-write*", ALLOW, host.home)
    read = [path for path in _named(policy, "file-read*", ALLOW, host.home) if path not in written]
    closed = _named(policy, "file-write*", DENY, host.home)
    names = [name for name, _ in policy.environment]
    lines = [
        f"profile       {plan.agent or 'none of an agent: the base policy'}",
        f"may write     {_wrapped(written)}",
        f"may read      {_wrapped(read)}",
        f"closed        {_wrapped(closed)}",
        f"network       {policy.network}",
        f"environment   {_wrapped(names)}",
    ]
    for profile in plan.profiles:
        if profile.weakens:
            lines.append(f"feature       {profile.name}: {profile.weakens}")
    enforcement = launch.enforcement
    lines.append(f"enforcement   {enforcement.level}, by {enforcement.by}")
    if enforcement.level != FULL:
        lines += [f"  less:       {s.rule.origin}: {s.instead}" for s in enforcement.wider]
    lines += [f"  note:       {note}" for note in enforcement.notes]
    lines += [
        f"  stricter:   {_short(s.rule.filter.value if s.rule.filter else '', host.home)} {s.instead}"
        for s in enforcement.narrower
    ]
    return "\n".join(lines)


def _named(policy: Policy, operation: str, action: str, home: str) -> list[str]:
    found: dict[str, None] = {}
    for rule in policy.rules:
        if isinstance(rule, Opaque) or rule.filter is None or operation not in rule.operations:
            continue
        of_denials = action == ALLOW or rule.origin.tier > Tier.PROFILE
        if rule.action == action and of_denials and rule.filter.kind != "regex":
            mark = {"subpath": "/", "prefix": "*"}.get(rule.filter.kind, "")
            found[_short(rule.filter.value.rstrip("/") + mark, home)] = None
    return list(found)


def _short(path: str, home: str) -> str:
    return "~" + path[len(home) :] if path == home or path.startswith(home + "/") else path


def _wrapped(words: list[str], width: int = 84) -> str:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return ("\n" + " " * 14).join(lines)
