"""What is kept of a launch: lines in the log, and the policy that it had.

On the way of a launch: nothing here may cost it a millisecond, or keep it from starting.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import __version__, audit, facts
from safehouse.errors import UserError
from safehouse.files import read_file
from safehouse.policy.rule import Opaque
from safehouse.sources import own_files, protected
from safehouse.sources.profile import ON_REQUEST
from safehouse.sources.settings import READ_ONLY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Union

    from safehouse.host import Host
    from safehouse.launch import Enforcement, Launch
    from safehouse.plan import Plan
    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import AnyRule, Filter

    Plain = tuple[Any, ...]
    Field = Union[str, int, float, None, tuple[str, ...], dict[str, tuple[str, ...]]]

KEY = "audit"
ON, OFF, ARGUMENTS = "on", "off", "arguments"
STARTED, ENDED = audit.STARTED, audit.ENDED
_MOST_POLICIES = 50
_FORM = 1  # of a policy that is kept; another one is not read
_LISTS = ("enable", "env_pass", "append_profile", "network", "deny_secrets")
_SWITCHES = (
    "env_all", "trust", "accept_partial", "allow_workdir_config_writes", "allow_profile_writes",
)  # fmt: skip


def is_wanted(plan: Plan) -> str:
    """What config.yaml says of the log: ON, OFF or ARGUMENTS."""
    said = plan.configuration.defaults.get(KEY)
    # Such a HOME may be part of a repository, with all that is in it.
    return OFF if plan.host.is_borrowed() else said.text if said else ON


def fields(plan: Plan, launch: Launch) -> dict[str, Field]:
    """What the log says of every launch of this plan."""
    return {
        "command": plan.command[0],
        "workdir": plan.policy.workdir,
        "agent": plan.agent,
        "profiles": tuple(p.name for p in plan.profiles if p.layer in ON_REQUEST),
        "grants": grants(plan),
        "network": plan.policy.network,
        "policy": policy_hash(plan.policy, plan.host.launch_temp),
        "enforcement": launch.enforcement.level,
        "by": launch.enforcement.by,
        "version": __version__,
    }


def grants(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What was said for the launch beside the profiles, by who said it; of variables only names."""
    found: dict[str, tuple[str, ...]] = {}
    for settings, paths in plan.configuration.sources:
        said = [
            f"{'read' if named.mode == READ_ONLY else named.mode} {named.real}"
            for named in paths
            if not named.missing
        ]
        for field in _LISTS:
            word = field.replace("_", "-")
            said += [f"{word} {item.text}" for item in getattr(settings, field)]
        if said:
            found[settings.name] = (*found.get(settings.name, ()), *said)
    request = plan.request
    said = [name.replace("_", "-") for name in _SWITCHES if getattr(request, name)]
    if request.env_file:
        said.append(f"env-file {request.env_file}")
    if said:
        found["options"] = tuple(said)
    return found


def policy_hash(policy: Policy, launch_temp: str) -> str:
    """What tells policies apart: 32 hex digits, the same for all launches of one."""
    words = [policy.network, policy.workdir, policy.directory]
    words += [name for name, _ in policy.environment]
    for rule in policy.rules:
        if isinstance(rule, Opaque):
            words.append(rule.text)
            continue
        filter = rule.filter
        named = repr(filter) if filter is None or filter.parts else filter.kind + filter.value
        words.append(rule.action + " ".join(rule.operations) + named)
    text = "\n".join(words)
    if launch_temp:
        for said in (protected.beside(launch_temp), launch_temp):
            text = text.replace(said, "@LAUNCH_TMPDIR")
    return own_files.digest(text)[:32]


def begin(
    plan: Plan,
    launch: Launch,
    number: str,
    arguments: tuple[str, ...],
    tell: Callable[[str], None],
) -> audit.Begun | None:
    """Writes that the launch with this ID begins; None where nobody wants it, or it cannot be written."""
    wanted = is_wanted(plan)
    if wanted == OFF:
        return None
    said = fields(plan, launch)
    place = audit.directory(plan.host)
    begun = audit.begin(place, number, said, arguments if wanted == ARGUMENTS else None, tell)
    if begun:
        _keep_policy(place, str(said["policy"]), plan, launch.enforcement)
    return begun


def _keep_policy(place: str, number: str, plan: Plan, enforcement: Enforcement) -> None:
    """Keeps the policy, if it is not there yet, for `safehouse policy --diff=last`."""
    directory, path = audit.policies(place), policy_path(place, number)
    try:
        os.utime(path)  # those that were not used for long are removed first
        return
    except OSError:
        pass
    try:
        own_files.make_directory(directory)
        own_files.replace(path, facts.packed((_FORM, plain(plan, enforcement))), False)
        names = os.listdir(directory)
        if len(names) > _MOST_POLICIES:
            os.unlink(
                min((f"{directory}/{n}" for n in names), key=lambda path: os.stat(path).st_mtime)
            )
    except OSError:
        pass  # nothing depends on it


def policy_path(place: str, number: str) -> str:
    """Where the policy with this hash lies; `place` is the directory of the log."""
    return f"{audit.policies(place)}/{number}"


def kept_policy(place: str, number: str, host: Host) -> Plain | None:
    """The policy with this hash, None where it is not kept any more, or not in a form that is known."""
    path = policy_path(place, number)
    try:
        kept = facts.unpacked(read_file(path, own_files.MOST_BYTES, own_files.short(path, host)))
    except (OSError, UserError):
        return None
    return kept[1] if kept and kept[0] == _FORM else None


def plain(plan: Plan, enforcement: Enforcement | None) -> Plain:
    """A plan's policy with what belongs to it, in tuples and text: `policy.document.of_plain` reads it.

    Of the environment there are only the names: values may be secret.
    """
    policy = plan.policy
    less = (
        None
        if enforcement is None
        else (
            enforcement.level,
            enforcement.by,
            tuple(f"{each.rule.origin}: {each.instead}" for each in enforcement.wider),
            tuple(enforcement.notes),
        )
    )
    return (
        plan.host.platform,
        plan.agent,
        tuple(profile.name for profile in plan.profiles),
        tuple((p.name, p.weakens) for p in plan.profiles if p.weakens and p.grants),
        plan.host.launch_temp,
        less,
        __version__,
        policy.network,
        policy.workdir,
        policy.directory,
        tuple(name for name, _ in policy.environment),
        tuple(tuple(pair) for pair in policy.defines),
        tuple((link.path, link.target) for link in policy.links),
        tuple(_plain_rule(rule) for rule in policy.rules),
    )


def _plain_rule(rule: AnyRule) -> tuple[object, ...]:
    origin = (rule.origin.tier, rule.origin.source, rule.origin.reason)
    if isinstance(rule, Opaque):
        return (rule.text, origin)
    filter = None if rule.filter is None else _plain_filter(rule.filter)
    return (
        rule.action, rule.operations, filter, origin, rule.create,
        rule.existing_only, rule.message,
    )  # fmt: skip


def _plain_filter(filter: Filter) -> tuple[object, ...]:
    return (filter.kind, filter.value, tuple(_plain_filter(part) for part in filter.parts))
