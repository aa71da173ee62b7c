"""All that takes part in a launch, in order: who says what, and what came of it."""

from __future__ import annotations

from safehouse.errors import printable
from safehouse.policy.policy import Access
from safehouse.policy.rule import DENY, Rule, Tier
from safehouse.request import HERE
from safehouse.sources.directory import written
from safehouse.sources.settings import CLOSED, READ_ONLY, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host
    from safehouse.plan import Plan
    from safehouse.policy.rule import Origin
    from safehouse.sources.settings import Named, Settings

_WORDS = {
    "enable": "feature",
    "env_pass": "variable",
    "append_profile": "profile",
    "args": "argument",
    "network": "network",
    "deny_secrets": "no secrets",
}
_SHIPPED = "profiles.yaml"
_READ, _WRITE = "file-read-data", "file-write-data"


def sources_text(plan: Plan) -> list[str]:
    """Every source of a launch, a later one winning, and what was ignored.

    Under each: what it says, where, and what a later one takes away from it.
    """
    names = [profile.name for profile in plan.profiles]
    lines = [f"profiles: {', '.join(names)}"]
    workdir = plan.policy.workdir
    if any(isinstance(r, Rule) and r.origin.tier == Tier.WORKDIR for r in plan.policy.rules):
        came = _lost(plan, workdir, (_READ, _WRITE))
        lines += ["working directory", f"  {'write':<11}{shown(workdir, plan.host)}{came}"]
    for settings, paths in plan.configuration.sources:
        said = [*_said(plan, settings, paths)]
        if said:
            lines += [f"{Tier.NAMES[settings.tier]}: {printable(settings.name)}", *said]
    lines.append(
        "protected: safehouse's own files, start files of shells, git's settings and hooks"
    )
    if plan.configuration.ignored:
        lines += ["ignored", *(f"  {line}" for line in ignored_lines(plan))]
    return lines


def ignored_lines(plan: Plan) -> list[str]:
    """What was said and does not apply, with the place and the reason."""
    return [
        f"{printable(ignored.what)} ({printable(ignored.place)}): {ignored.why}"
        for ignored in plan.configuration.ignored
    ]


def said_lines(plan: Plan) -> list[str]:
    """A line for each thing that makes a launch other than it is where nobody says anything."""
    lines = [_line(word, text, "") for word, text in _typed(plan)]
    for settings, paths in reversed(plan.configuration.sources):
        lines += [line.strip() for line in _said(plan, settings, paths)]
    for name, item in plan.configuration.defaults.items():
        lines.append(_line("option", f"{name}: {printable(item.text)}", item.place))
    own: dict[tuple[str, str], int] = {}
    for profile in plan.profiles:
        for grant in profile.grants:
            file = grant.origin.source.partition(", ")[2].rpartition(":")[0]
            if file not in ("", _SHIPPED):
                own[profile.name, file] = own.get((profile.name, file), 0) + 1
    for (name, file), count in own.items():
        lines.append(_line("profile", f"{name}: {count} rule{'s' * (count != 1)} of yours", file))
    return lines


def _line(word: str, text: str, place: str) -> str:
    return f"{word:<11}{text}" + (f"  {printable(place)}" if place else "")


def _typed(plan: Plan) -> Iterator[tuple[str, str]]:
    """The options that were typed and are no list."""
    request = plan.request
    for option, value in (
        ("--agent", request.agent),
        ("--workdir", request.workdir if request.workdir not in (HERE, f"{HERE}/") else ""),
        ("--env", request.env_file),
    ):
        if value:
            yield "option", f"{option}={printable(value)}"
    for option, said in (
        ("--workdir=", request.workdir == "" or None),
        ("--env", request.env_all or None),
        ("--accept-partial", request.accept_partial),
        ("--trust-workdir-config", request.trust),
        ("--always-trust-workdir-config", request.always_trust),
        ("--allow-workdir-config-writes", request.allow_workdir_config_writes),
        ("--allow-profile-writes", request.allow_profile_writes),
    ):
        if said is not None:
            yield "option", option if said else f"{option}=no"
    for name, _ in request.assignments:
        yield "variable", f"{name}, set before the command"


def _said(plan: Plan, settings: Settings, paths: tuple[Named, ...]) -> Iterator[str]:
    for named in paths:
        text = f"  {named.mode:<11}{shown(named.real, plan.host)}  {printable(named.item.place)}"
        yield text + _outcome(plan, named)
    for field, word in _WORDS.items():
        for item in getattr(settings, field):
            overruled = field == "network" and item.text != plan.policy.network
            came = f"; a later word is {plan.policy.network}" if overruled else ""
            if field == "deny_secrets" and (item.text == "true") != bool(plan.secrets):
                came = "; not in force" if item.text == "true" else "; another word closes them"
            yield f"  {word:<11}{printable(item.text)}  {printable(item.place)}{came}"


def _outcome(plan: Plan, named: Named) -> str:
    """What later rules made of a path: nothing, if that is what was said."""
    if named.missing:
        return "; it does not exist"
    path, place = named.real, named.item.place
    if named.mode == CLOSED:
        decisions = [(o, plan.policy.decide(Access(o, path))) for o in (_READ, _WRITE)]
        opened = {d.rule.origin: o for o, d in decisions if d.allowed}
        return "".join(
            f"; opened for {'reading' if operation == _READ else 'writing'} by {_by(origin)}"
            for origin, operation in opened.items()
        )
    if named.mode == READ_ONLY:
        decision = plan.policy.decide(Access(_WRITE, path))
        wider = decision.allowed and decision.rule.origin.source != place
        lost = _lost(plan, path, (_READ,))
        return lost or (f"; may be written, by {_by(decision.rule.origin)}" if wider else "")
    return _lost(plan, path, (_READ, _WRITE))


def _lost(plan: Plan, path: str, operations: tuple[str, ...]) -> str:
    """What of some rights a later rule takes away, at the path or in it."""
    for operation in operations:
        decision = plan.policy.decide(Access(operation, path))
        if not decision.allowed:
            left = "closed" if operation == _READ else "read-only"
            return f"; {left}, by {_by(decision.rule.origin)}"
    inner = {}
    for _, paths in plan.configuration.sources:
        for named in paths:
            below = named.real != path and contains(path, named.real)
            for operation in operations if below and not named.missing else ():
                decision = plan.policy.decide(Access(operation, named.real))
                if decision.rule.action == DENY:
                    inner[named.real] = decision.rule.origin
    return "".join(
        f"; but for {shown(below, plan.host)}, by {_by(origin)}" for below, origin in inner.items()
    )


def _by(origin: Origin) -> str:
    return printable(origin.source)


def shown(path: str, host: Host) -> str:
    """A path as all commands show it: with `~` for the home."""
    return printable(written(path, host))
