"""The story: what was asked for becomes grants, a policy, a launch, and a confined program.

    Request -> gather -> Grants -> resolve -> Policy -> prepare -> Launch -> start

`run`, `policy`, `why` and the Python API are these steps and nothing else.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import afterwards, audit, record
from safehouse.errors import NOT_EXECUTABLE, REFUSED, UserError, pasted, printable
from safehouse.host import LINUX, MACOS, Host
from safehouse.launch import Proof, new_id
from safehouse.plan import Plan
from safehouse.policy.planting import expanded
from safehouse.policy.policy import Access, Policy
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, Grant, Rule, Tier
from safehouse.request import Request
from safehouse.sources import (
    certificates,
    command_line,
    git,
    git_changes,
    homes,
    other_repositories,
    protected,
    selection,
    settings,
    shim_file,
    unheld,
)
from safehouse.sources import configuration as configured
from safehouse.sources.environment import environment
from safehouse.sources.settings import contains
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

    from safehouse.backends.base import Backend, Observations
    from safehouse.backends.mount import Mounts
    from safehouse.launch import Launch
    from safehouse.policy.rule import AnyGrant
    from safehouse.sources.appended import Appended
    from safehouse.sources.configuration import Configuration
    from safehouse.sources.git_changes import Seen
    from safehouse.sources.profile import Profile
    from safehouse.sources.secrets import Secrets

    Observer = Callable[["Plan", Observations, str, int], None]


def run(
    request: Request,
    host: Host,
    tell: Callable[[str], None],
    explain: Callable[[Plan, Launch], str] = lambda plan, launch: "",
    observe: Callable[[Plan], Observer | None] = lambda plan: None,
    keep: Callable[[Plan, Launch, Mounts | None, tuple[Seen, ...]], None] = lambda *launch: None,
) -> int:
    """Runs the command of a request confined and gives its exit status.

    `tell` gets what the person should know, and what `explain` says of the launch. Where `observe` gives
    something to do with it, what the command is refused is recorded. `keep` gets a launch of which there
    was nothing to tell. Raises UserError if it cannot be found, confined as said, recorded, or started;
    then nothing was run.
    """
    backend = backend_for(host)
    if backend.inside(host):
        tell("already inside a safehouse sandbox: running with the rights that it has")
        # What is refused in there is recorded by who has started it, if anybody does.
        run_unconfined(request, host)
    plan = make_plan(request, host)
    if request.trust and plan.configuration.project:
        from safehouse.sources import trust

        trust.refuse_unseen(plan.configuration.project, host)
    for notice in plan.notices:
        tell(notice)
    launch_id = new_id()
    observer = observe(plan)
    recorder = backend.record(plan.policy, plan.host, launch_id) if observer else None
    launch = make_launch(plan, backend)
    explanation = explain(plan, launch)
    if explanation:
        tell(explanation)
    roots = (dict(plan.policy.defines).get("WORKDIR", ""), *plan.configuration.opened())
    seen = git_changes.look(host, roots, _opens_git_config(plan.profiles))
    open_places = unheld.look(plan.policy, host) if host.platform == LINUX else ()
    if recorder or any(each.needs_a_look for each in seen):
        # Where it does not stay, on a Mac, this process becomes the program.
        launch = replace(launch, stays=True)
    if not (plan.notices or explanation or recorder or open_places):
        keep(plan, launch, backend.mounts, seen)
    begun = record.begin(plan, launch, launch_id, request.command[1:], tell)
    status = REFUSED
    try:
        status = backend.start(launch)
    finally:
        if begun:
            audit.end(begun, status, tell)
    for sentence in afterwards.changed(seen, afterwards.unconfigured(plan), plan.host):
        tell(sentence)
    for sentence in unheld.told(open_places):
        tell(sentence)
    for sentence in afterwards.lost(plan, backend.lost(plan.policy)):
        tell(sentence)
    if recorder and observer:
        observer(plan, recorder.observed(), launch_id, status)
    return status


def starts_an_agent(request: Request, host: Host) -> bool:
    """Whether the command is a known agent, may be one, or leads to one that the project brings along."""
    request = replace(request, workdir="")  # which may be refused, and says nothing about this
    start = configured.start(request, host)
    name, notices = selection.agent(request, host, start)
    return bool(name or notices) or selection.may_start_an_agent(request.command, start.catalogue)


def run_unconfined(request: Request, host: Host) -> NoReturn:
    """Becomes the command of a request as it is. Raises UserError if it cannot be started."""
    values = dict(host.environ)
    values.update(request.assignments)
    if not request.command:
        raise UserError("no command", "safehouse -- COMMAND [ARG...]")
    path = selection.search(request.command[0], values.get("PATH", ""), host.cwd)
    from safehouse.launch import default_signals

    default_signals()
    os.execve(path, list(request.command), values)


def make_plan(request: Request, host: Host) -> Plan:
    """Gathers the grants of all sources and resolves them."""
    if request.platform:
        host = host.imagined(request.platform)  # type: ignore[arg-type]
    start = configured.start(request, host)
    agent, notices = selection.agent(request, host, start)
    found = configured.configuration(request, host, start, agent)
    return _plan(request, host, start, agent, found, notices)


def default_plan(plan: Plan) -> Plan:
    """The plan of the same command in the same place where nobody says anything about it."""
    typed = plan.request
    request = Request(typed.command, typed.assignments)
    workdir = dict(plan.policy.defines).get("WORKDIR", "")
    start, nothing = configured.without_words(plan.host, workdir)
    agent, notices = selection.agent(request, plan.host, start)
    return _plan(request, plan.host, start, agent, nothing, notices)


def _plan(
    request: Request,
    host: Host,
    start: configured.Start,
    agent: str,
    found: Configuration,
    notices: tuple[str, ...],
) -> Plan:
    features = tuple(item.text for item in found.said("enable"))
    profiles = start.catalogue.selected(features, agent)
    profiles, not_followed = homes.followed(
        profiles, start.catalogue, host, request.assignments, start.workdir
    )
    appended = _appended(found, host, start, profiles)
    of_git = tuple(_of_git(host, start, found, profiles, appended))
    closed = _secrets(host, start, found, of_git)
    grants = gather(request, host, start, found, profiles, appended, of_git, closed)
    of_features = start.catalogue.in_layers(("feature",))
    policy = resolve(
        grants, host, start.workdir, start.catalogue.writable, found.network, features=of_features
    )
    _refuse_closed(policy, start.workdir)
    values = _environment(request, host, found, profiles, appended, policy)
    # Where the person is, if the command may be there: --workdir says what it may use.
    here = policy.decide(Access("file-read-data", host.cwd)).allowed
    directory = host.cwd if here else policy.workdir
    policy = replace(policy, environment=values, directory=directory)
    command = selection.with_arguments(request.command, agent, profiles, found)
    told = (*notices, *found.notices, *not_followed)
    told += tuple(note for each in appended for note in each.notes)
    if closed:
        from safehouse.sources import secrets

        told += secrets.in_git(host, closed, start.workdir)
    return Plan(request, host, agent, profiles, found, policy, command, told, closed)


def gather(
    request: Request,
    host: Host,
    start: configured.Start,
    found: Configuration,
    profiles: tuple[Profile, ...],
    appended: tuple[Appended, ...],
    of_git: tuple[Grant, ...],
    closed: Secrets | None,
) -> Iterator[AnyGrant]:
    """The grants of every source; `resolve` puts them into the order of their tiers."""
    workdir = start.workdir
    for profile in profiles:
        yield from profile.grants
    yield from certificates.grants(host)
    if workdir:
        yield command_line.grant(workdir, start.place)
    yield from of_git
    if closed:
        from safehouse.sources import secrets

        # Before all else of its tier: what a source names stays open.
        yield from secrets.grants(closed, host.platform)
    trees = [*([workdir] if workdir else []), *_written_trees(host, profiles, of_git)]
    yield from settings.grants(found.sources, trees)
    for grant in of_git:
        if grant.origin.reason == git.ANOTHER_WORKTREE and grant.filter:
            yield from settings.closed_as_in(workdir, grant.filter.value, found.sources)
    for each in appended:
        yield from each.grants
    yield from protected.grants(
        host,
        workdir,
        () if found.allows(request, "profile") else found.profiles_named,
        not found.allows(request, "workdir-config"),
        shim_file.paths(host),
    )


def _of_git(
    host: Host,
    start: configured.Start,
    found: Configuration,
    profiles: tuple[Profile, ...],
    appended: tuple[Appended, ...],
) -> Iterator[Grant]:
    """What the repositories of all that may be written need, and what is closed in them."""
    workdir = start.workdir
    open_config = _opens_git_config(profiles)
    opened = [*found.opened(), *_opened_by(appended, host)]
    for root in dict.fromkeys((*([workdir] if workdir else []), *opened)):
        if host.files.kind(root) == "directory":
            yield from git.grants(host, root, open_config, worktrees=root == workdir)
            yield from other_repositories.grants(host, root, open_config)
        yield from git.around(host, root, open_config)


def _secrets(
    host: Host, start: configured.Start, found: Configuration, of_git: tuple[Grant, ...]
) -> Secrets | None:
    """The secrets in the project and in what is opened, where somebody wants them closed."""
    said = found.closes_secrets()
    if not said:
        return None
    from safehouse.sources import secrets

    roots = [start.workdir] if start.workdir else []
    for grant in of_git:
        if grant.origin.reason == git.ANOTHER_WORKTREE and grant.filter:
            roots.append(grant.filter.value)
    roots += found.opened_trees()
    return secrets.looked_for(*said, tuple(dict.fromkeys(roots)), host)


def _opened_by(appended: tuple[Appended, ...], host: Host) -> Iterator[str]:
    """The paths that appended profiles let be written."""
    for grant in (grant for each in appended for grant in each.grants):
        if isinstance(grant, Grant) and grant.action == ALLOW and grant.filter is not None:
            by_name = grant.filter.kind in ("subpath", "literal")
            if by_name and "file-write*" in grant.operations:
                yield host.resolve(grant.filter.value).real


def _written_trees(
    host: Host, profiles: tuple[Profile, ...], more: tuple[Grant, ...]
) -> Iterator[str]:
    """The trees that profiles and repositories let be written, as they are reached."""
    for grant in (*(grant for profile in profiles for grant in profile.grants), *more):
        filter = grant.filter
        if grant.action == ALLOW and filter is not None and filter.kind == "subpath":
            path = expanded(filter.value, host) if "file-write*" in grant.operations else ""
            if path:
                yield host.resolve(path).real


def _environment(
    request: Request,
    host: Host,
    found: Configuration,
    profiles: tuple[Profile, ...],
    appended: tuple[Appended, ...],
    policy: Policy,
) -> tuple[tuple[str, str], ...]:
    # A project could lead keys away by a variable: its profiles set none.
    defaults = (
        pair
        for file, each in zip(found.appended, appended)
        if file.tier == Tier.APPENDED
        for pair in each.environment
    )
    return environment(
        replace(request, env_all=found.passes_all(request)),
        host,
        profiles,
        written(policy),
        found.said("env_pass"),
        found.environment_file(request),
        tuple(defaults),
    )


def _opens_git_config(profiles: tuple[Profile, ...]) -> bool:
    return any(profile.name == git.FEATURE for profile in profiles)


def _appended(
    found: Configuration, host: Host, start: configured.Start, profiles: tuple[Profile, ...]
) -> tuple[Appended, ...]:
    """What the appended profiles say."""
    if not found.appended:
        return ()
    from safehouse.sources import appended  # the reader of SBPL costs 15 ms

    features = tuple(start.catalogue.in_layers(("feature",)))
    enabled = tuple(profile.name for profile in profiles)
    return tuple(
        appended.profile(file.data, file.path, file.tier, host, start.workdir, features, enabled)
        for file in found.appended
    )


def _refuse_closed(policy: Policy, workdir: str) -> None:
    """Raises UserError where somebody has closed the directory that a command is started in."""
    decision = policy.decide(Access("file-read-data", workdir)) if workdir else None
    if decision and not decision.allowed:
        raise UserError(
            f"{printable(workdir)} is closed to commands by {decision.rule.origin}",
            f"go elsewhere; or, if you mean it: --add-dirs={pasted(workdir)}",
        )


def make_launch(plan: Plan, backend: Backend) -> Launch:
    """A launch that keeps the policy. Raises UserError if it would keep less of it than was said."""
    program = program_to_start(plan)
    launch = backend.prepare(plan.policy, plan.host, (program, *plan.command[1:]))
    if plan.secrets:
        launch = replace(launch, proof=_proof(plan.secrets, plan.policy))
    partial = plan.configuration.flag(plan.request.accept_partial, "accept-partial")
    if launch.enforcement.wider and not partial:
        lines = "".join(f"\n  {s.rule.origin}: {s.instead}" for s in launch.enforcement.wider)
        raise UserError(
            f"{backend.name} cannot enforce all of this policy:{lines}",
            "if less will do, say so: --accept-partial",
        )
    return launch


def program_to_start(plan: Plan) -> str:
    """As `find_program`; raises UserError, too, where a confined program could have put it there."""
    program = find_program(plan)
    workdir = plan.policy.workdir
    chosen = plan.agent and not plan.request.agent
    inside = workdir != "/" and selection.lies_in(program, workdir, plan.host)
    real = plan.host.resolve(program).real
    if chosen and (inside or plan.policy.decide(Access("file-write-data", real)).allowed):
        place = "in the project" if inside else "where commands may write"
        raise UserError(
            f"{program} lies {place}, and the profile of {plan.agent} is not for that",
            f"if you trust it: --agent={plan.agent}",
        )
    return program


def _proof(secrets: Secrets, policy: Policy) -> Proof:
    """What has to be closed before the program starts: all that was not opened by naming it."""
    read = "file-read-data"
    paths = [s.path for s in secrets.found if not policy.decide(Access(read, s.path)).allowed]
    return Proof(tuple(paths), secrets.again)


def policy_text(plan: Plan) -> str:
    """The policy in the language of the enforcer that the plan is for."""
    return backend_for(plan.host).render(plan.policy, plan.host)


def backend_for(host: Host) -> Backend:
    """The backend of the host's platform."""
    if host.platform == MACOS:
        from safehouse.backends.seatbelt import Seatbelt

        return Seatbelt()
    assert host.platform == LINUX
    from safehouse.backends.bubblewrap import Bubblewrap

    return Bubblewrap()


def find_program(plan: Plan) -> str:
    """The program of the plan's command, by absolute path.

    Raises UserError with status 127 if there is none, 126 if it cannot be executed or the policy
    does not let it be read.
    """
    word = plan.command[0]
    path = selection.search(word, dict(plan.policy.environment).get("PATH", ""), plan.host.cwd)
    found = plan.host.resolve(path)
    real = found.real
    decision = plan.policy.decide(Access("file-read-data", real))
    if not decision.allowed:
        raise UserError(
            f"{word} is {real}, which the policy does not let it read: {decision.rule.origin}",
            f"let it: --add-dirs-ro={pasted(real.rpartition('/')[0] or '/')}",
            NOT_EXECUTABLE,
        )
    # A link to it that the program could not see is of no use to start it by.
    visible = all(
        plan.policy.decide(Access("file-read-data", link)).allowed for link, _ in found.links
    )
    return path if visible else real


def written(policy: Policy) -> Callable[[str], bool]:
    """Whether a path lies in a tree that the policy lets be written; denials inside it aside."""
    trees = [
        rule.filter.value
        for rule in policy.rules
        if isinstance(rule, Rule)
        and rule.action == ALLOW
        and rule.filter is not None
        and rule.filter.kind == "subpath"
        and "file-write*" in rule.operations
    ]
    return lambda path: any(contains(tree, path) for tree in trees)
