"""The story: what was asked for becomes grants, a policy, a launch, and a confined program.

    Request -> gather -> Grants -> resolve -> Policy -> prepare -> Launch -> start

`run`, `policy`, `why` and the Python API are these steps and nothing else.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import NOT_EXECUTABLE, NOT_FOUND, UserError, printable
from safehouse.files import LocalFiles
from safehouse.host import LINUX, MACOS, Host
from safehouse.policy.policy import Access, Policy
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, Rule, Tier
from safehouse.sources import certificates, command_line, git, git_changes, protected, settings
from safehouse.sources import configuration as configured
from safehouse.sources.environment import environment
from safehouse.sources.selection import names_by_links, program_names
from safehouse.sources.settings import contains
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safehouse.backends.base import Backend
    from safehouse.launch import Launch
    from safehouse.policy.rule import AnyGrant
    from safehouse.request import Request
    from safehouse.sources.appended import Appended
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.configuration import Configuration
    from safehouse.sources.profile import Profile


_REGULAR = 0o100000  # S_IFREG


class Plan(Value):
    """A request with all that it amounts to on a host.

    `agent` is the profile that was chosen for the command ("" for none), `configuration` what all
    sources said, `command` what was asked for with that agent's default arguments, `notices` are for
    the person to read.
    """

    request: Request
    host: Host
    agent: str
    profiles: tuple[Profile, ...]
    configuration: Configuration
    policy: Policy
    command: tuple[str, ...]
    notices: tuple[str, ...] = ()


def run(
    request: Request,
    host: Host,
    tell: Callable[[str], None],
    explain: Callable[[Plan, Launch], str] = lambda plan, launch: "",
) -> int:
    """Runs the command of a request confined and gives its exit status.

    `tell` gets what the person should know, and what `explain` says of the launch. Raises UserError
    if it cannot be found, confined as said, or started; then nothing was run.
    """
    backend = backend_for(host)
    if backend.inside(host):
        tell("already inside a safehouse sandbox: running with the rights that it has")
        return _run_inside(request, host)
    plan = make_plan(request, host)
    for notice in plan.notices:
        tell(notice)
    launch = make_launch(plan, backend)
    explanation = explain(plan, launch)
    if explanation:
        tell(explanation)
    roots = (dict(plan.policy.defines).get("WORKDIR", ""), *plan.configuration.writable_roots())
    seen = git_changes.look(host, roots, _opens_git_config(plan.profiles))
    stays = any(each.needs_a_look for each in seen)
    # Where it does not stay, on a Mac, this process becomes the program.
    status = backend.start(replace(launch, stays=True) if stays else launch)
    for sentence in git_changes.told(LocalFiles(), seen):
        tell(sentence)
    return status


def make_plan(request: Request, host: Host) -> Plan:
    """Gathers the grants of all sources and resolves them."""
    if request.platform:
        host = host.imagined(request.platform)  # type: ignore[arg-type]
    start = configured.start(request, host)
    agent, notices = _agent(request, host, start)
    found = configured.configuration(request, host, start, agent)
    features = tuple(item.text for item in found.said("enable"))
    profiles = start.catalogue.selected(features, agent)
    appended = _appended(found, host, start, profiles)
    grants = gather(request, host, start, found, profiles, appended)
    policy = resolve(grants, host, start.workdir, start.catalogue.writable, found.network)
    _refuse_closed(policy, start.workdir)
    values = _environment(request, host, found, profiles, appended, policy)
    policy = replace(policy, environment=values)
    command = _with_arguments(request.command, agent, profiles, found)
    told = (*notices, *found.notices, *(note for each in appended for note in each.notes))
    return Plan(request, host, agent, profiles, found, policy, command, told)


def gather(
    request: Request,
    host: Host,
    start: configured.Start,
    found: Configuration,
    profiles: tuple[Profile, ...],
    appended: tuple[Appended, ...],
) -> Iterator[AnyGrant]:
    """The grants of every source; `resolve` puts them into the order of their tiers."""
    workdir = start.workdir
    for profile in profiles:
        yield from profile.grants
    yield from certificates.grants(host)
    if workdir:
        yield command_line.grant(workdir, start.place)
    yield from settings.grants(found.sources, workdir)
    for each in appended:
        yield from each.grants
    open_config = _opens_git_config(profiles)
    for root in dict.fromkeys((*([workdir] if workdir else []), *found.writable_roots())):
        yield from git.grants(host, root, open_config, worktrees=root == workdir)
    yield from protected.grants(
        host,
        workdir,
        () if found.allows(request, "profile") else [file.path for file in found.appended],
        not found.allows(request, "workdir-config"),
    )


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
        _written(policy),
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
            f"{workdir} is closed to commands by {decision.rule.origin}",
            f"go elsewhere; or, if you mean it: --add-dirs={workdir}",
        )


def make_launch(plan: Plan, backend: Backend) -> Launch:
    """A launch that keeps the policy. Raises UserError if it would keep less of it than was said."""
    program = find_program(plan)
    workdir = plan.policy.workdir
    chosen = plan.agent and not plan.request.agent
    if chosen and workdir != "/" and _lies_in(program, workdir, plan.host):
        raise UserError(
            f"{program} lies in the project, and the profile of {plan.agent} is not for that",
            f"if you trust it: --agent={plan.agent}",
        )
    launch = backend.prepare(plan.policy, plan.host, (program, *plan.command[1:]))
    partial = plan.configuration.flag(plan.request.accept_partial, "accept-partial")
    if launch.enforcement.wider and not partial:
        lines = "".join(f"\n  {s.rule.origin}: {s.instead}" for s in launch.enforcement.wider)
        raise UserError(
            f"{backend.name} cannot enforce all of this policy:{lines}",
            "if less will do, say so: --accept-partial",
        )
    return launch


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
    path = search(word, dict(plan.policy.environment).get("PATH", ""), plan.host.cwd)
    found = plan.host.resolve(path)
    real = found.real
    if not _readable(plan, real):
        raise UserError(
            f"{word} is {real}, which the policy does not let it read",
            f"let it: --add-dirs-ro={real.rpartition('/')[0] or '/'}",
            NOT_EXECUTABLE,
        )
    # A link to it that the program could not see is of no use to start it by.
    return path if all(_readable(plan, link) for link, _ in found.links) else real


def _readable(plan: Plan, path: str) -> bool:
    return plan.policy.decide(Access("file-read-data", path)).allowed


def search(word: str, path: str, cwd: str) -> str:
    """The file that a command word means, as a shell finds it. Raises UserError as `find_program`."""
    if not word:
        raise UserError("the command is empty", "safehouse -- COMMAND [ARG...]", NOT_FOUND)
    if "/" in word:
        places = [word if word[0] == "/" else f"{cwd}/{word}"]
    else:
        places = [f"{directory}/{word}" for directory in path.split(":")]
    refused = ""
    for place in places:
        try:
            mode = os.stat(place).st_mode & 0o170000
        except (OSError, ValueError):
            continue
        if mode == _REGULAR and os.access(place, os.X_OK):
            return place
        if mode == _REGULAR or "/" in word:
            refused = refused or place.replace("/./", "/")
    if refused:
        raise UserError(
            f"{printable(refused)} is not an executable file",
            f"a program is wanted; for a script: chmod +x {printable(refused)}",
            NOT_EXECUTABLE,
        )
    raise UserError(
        f"command not found: {printable(word)}",
        "it is looked for in PATH; give its path if it lies elsewhere",
        NOT_FOUND,
    )


def _agent(request: Request, host: Host, start: configured.Start) -> tuple[str, tuple[str, ...]]:
    """The name of the agent's profile ("" for none), and what to tell about the choice."""
    if request.agent or not request.command:
        return request.agent, ()
    name, notices = _agent_of(request, host, start.catalogue, start.workdir)
    usual = start.own.defaults.get("agent") if start.own else None
    if not name and not notices and usual:
        start.catalogue.check(usual.text, ("agent", "app"), usual.place)
        return usual.text, ()
    return name, notices


def _agent_of(
    request: Request, host: Host, catalogue: Catalogue, workdir: str
) -> tuple[str, tuple[str, ...]]:
    """The agent that a command is by its name, and what to tell about it."""
    names, words = program_names(request.command)
    paths = [path for path in (_found(word, host) for word in words) if path]
    links = [link for path in paths for link in names_by_links(path, host)]
    name = catalogue.for_command([*names, *links])
    if not name:
        return "", ()
    for path in (*paths, *(f"{workdir}/node_modules/.bin/{word}" for word in words[1:])):
        if workdir and host.files.kind(path) != "missing" and _lies_in(path, workdir, host):
            # A repository may bring a program of any name; its state and sign-in are not for that.
            notice = f"{path} lies in the project, so it gets no profile by its name"
            return "", (f"{notice}; if you trust it: --agent={name}",)
    return name, ()


def _lies_in(path: str, directory: str, host: Host) -> bool:
    """Whether a path, a link that it leads through or what it leads to lies in a directory."""
    found = host.resolve(path)
    steps = (path, found.real, *(link for link, _ in found.links))
    return any(contains(directory, step) for step in steps)


def _found(word: str, host: Host) -> str:
    if host.foreign or not word:
        return ""
    places = [place for place in host.environ.get("PATH", "").split(":") if place[:1] == "/"]
    try:
        return search(word, ":".join(places), host.cwd)
    except UserError:
        return ""


def _with_arguments(
    command: tuple[str, ...], agent: str, profiles: tuple[Profile, ...], found: Configuration
) -> tuple[str, ...]:
    """The command with its agent's default arguments behind the word that names the agent."""
    own = tuple(item.text for item in found.said("args"))
    for profile in profiles:
        if profile.name == agent and (profile.arguments or own):
            for position, word in enumerate(command):
                if set(program_names((word,))[0]) & set(profile.commands):
                    after = position + 1
                    return (*command[:after], *profile.arguments, *own, *command[after:])
    return command


def _written(policy: Policy) -> Callable[[str], bool]:
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


def _run_inside(request: Request, host: Host) -> int:
    values = dict(host.environ)
    values.update(request.assignments)
    if not request.command:
        raise UserError("no command", "safehouse -- COMMAND [ARG...]")
    path = search(request.command[0], values.get("PATH", ""), host.cwd)
    from safehouse.launch import default_signals

    default_signals()
    os.execve(path, list(request.command), values)
