"""`--explain`: what the command may do, on one screen."""

from __future__ import annotations

from textwrap import wrap

from safehouse.backends.mounts import AT_THE_START
from safehouse.cli.sources import sources_text
from safehouse.host import MACOS
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, DENY, Rule, Tier
from safehouse.sources.secrets import WHAT
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.launch import Enforcement, Launch
    from safehouse.sandbox import Plan


def explanation(plan: Plan, launch: Launch | None) -> str:
    """What may be written and read, what is closed, features, network, environment, enforcement.

    Without a launch nothing is said of its enforcement.
    """
    policy = plan.policy
    written = _granted(plan, "file-write*")
    read = [path for path in _granted(plan, "file-read*") if path not in written]
    lines = [
        f"profile       {plan.agent or 'none of an agent: the base policy'}",
        f"may write     {_wrapped(written)}",
        f"may read      {_wrapped(['the operating system', *read])}",
        f"closed in it  {_wrapped(_closed(plan))}",
        *_secrets(plan),
        f"network       {policy.network}",
        f"environment   {_wrapped([name for name, _ in policy.environment])}",
    ]
    asked = {item.text for item in plan.configuration.said("enable")}
    for profile in plan.profiles:
        # One that is required, and means nothing on this system, gives up nothing.
        if profile.weakens and (profile.name in asked or profile.grants):
            said = f"feature       {profile.name}: {profile.weakens}"
            lines += wrap(said, 96, subsequent_indent=" " * 14, break_on_hyphens=False)
    lines.append(f"profiles      {_wrapped([profile.name for profile in plan.profiles])}")
    lines += ["who says so", *(f"  {line}" for line in sources_text(plan)[1:])]
    if launch:
        lines += _enforced(launch.enforcement)
    return "\n".join(lines)


def _enforced(enforcement: Enforcement) -> list[str]:
    lines = [f"enforcement   {enforcement.level}, by {enforcement.by}"]
    lines += [f"  less        {s.rule.origin}: {s.instead}" for s in enforcement.wider]
    lines += [f"  note        {note}" for note in enforcement.notes]
    return lines + [f"  stricter    {line}" for line in _stricter(enforcement)]


def _granted(plan: Plan, operation: str) -> list[str]:
    """What is allowed and there, without the system's own places; the person's own grants first."""
    found: dict[str, int] = {}
    for rule in plan.policy.rules:
        if (
            isinstance(rule, Rule)
            and rule.action == ALLOW
            and rule.filter is not None
            and operation in rule.operations
            and rule.origin.tier > Tier.BASE
        ):
            mark = {"subpath": "/", "prefix": "*"}.get(rule.filter.kind, "")
            if mark == "*" or plan.host.files.kind(rule.filter.value) != "missing":
                name = _short(rule.filter.value, plan.host.home) + mark
                found[name] = max(rule.origin.tier, found.get(name, 0))
    return sorted(found, key=lambda name: -found[name])


def _closed(plan: Plan) -> list[str]:
    """What is denied by name inside of what is granted, and is there."""
    found: dict[str, None] = {}
    trees = [path.rstrip("/") for path in _granted(plan, "file-read*") if path.endswith("/")]
    for rule in plan.policy.rules:
        if (
            isinstance(rule, Rule)
            and rule.action == DENY
            and rule.filter is not None
            and "file-write*" in rule.operations
            and plan.host.files.kind(rule.filter.value) != "missing"
        ):
            name = _short(rule.filter.value, plan.host.home)
            if any(contains(tree, name) for tree in trees):
                found[name] = None
    return list(found) or ["nothing"]


def _secrets(plan: Plan) -> list[str]:
    """How many files are closed by their names, what of them is open, and what will be."""
    if not plan.secrets:
        return []
    read = [
        (s.path, plan.policy.decide(Access("file-read-data", s.path))) for s in plan.secrets.found
    ]
    opened = [(path, decision.rule.origin) for path, decision in read if decision.allowed]
    later = "" if plan.host.platform == MACOS else f"; {WHAT} {AT_THE_START}"
    lines = [f"secrets       {len(read) - len(opened)} closed by {plan.secrets.place}{later}"]
    home = plan.host.home
    return lines + [f"  open        {_short(path, home)}, by {by.source}" for path, by in opened]


def _stricter(enforcement: Enforcement) -> list[str]:
    """One line for each way in which less is possible than the rules say."""
    ways: dict[str, int] = {}
    for shortfall in enforcement.narrower:
        ways[shortfall.instead] = ways.get(shortfall.instead, 0) + 1
    return [f"{count} granted {_places(count)}: {way}" for way, count in ways.items()]


def _places(count: int) -> str:
    return "place" if count == 1 else "places"


def _short(path: str, home: str) -> str:
    return "~" + path[len(home) :] if contains(home, path) else path


def _wrapped(words: list[str], width: int = 82) -> str:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 2 > width:
            lines[-1] += ","
            lines.append("")
        lines[-1] += (", " if lines[-1] else "") + word
    return ("\n" + " " * 14).join(lines)
