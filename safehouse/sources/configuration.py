"""All that says something of one launch, in the order of the tiers: whoever comes later wins.

Most people have no file of ours in most places: what reads one is imported where there is one.
"""

from __future__ import annotations

from safehouse import facts
from safehouse.errors import UserError, printable
from safehouse.files import read_file
from safehouse.host import PLATFORMS
from safehouse.policy.planting import Planting
from safehouse.policy.policy import NONE, OPEN
from safehouse.policy.rule import Tier
from safehouse.request import HERE
from safehouse.sources import command_line, protected, reach, variables
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.settings import (
    CLOSED,
    READ_AND_WRITE,
    Ignored,
    Item,
    Named,
    Settings,
    contains,
    looked_up,
)
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from safehouse.host import Host
    from safehouse.policy.policy import Network
    from safehouse.request import Request
    from safehouse.sources import trust, user
    from safehouse.sources.profile import Record

_MOST_PROFILE = 512 * 1024
_MOST_NOTICES = 3
_KINDS = {
    "add_dirs_ro": "read-only",
    "add_dirs": "write",
    "enable": "feature",
    "env_pass": "variable",
    "append_profile": "profile",
    "network": "network",
}
_UNTRUSTED: dict[trust.Verdict, str] = {
    "unknown": "you have not trusted it: safehouse trust",
    "changed": "it has changed since you looked at it: safehouse trust",
    "declined": "you declined it: safehouse trust, to look again",
}


class Start(Value):
    """What has to be known before a command's agent is: the profiles that there are, and the place.

    `workdir` is "" for none, `place` says who named it. `moved` are the directories of our files
    that a variable has moved.
    """

    own: user.Configuration | None
    catalogue: Catalogue
    workdir: str
    place: str
    moved: tuple[str, ...] = ()


class AppendedFile(Value):
    """A file of SBPL: what was read of it, once, the path it was named by, and for which tier."""

    path: str
    data: bytes
    tier: int
    place: str


class Configuration(Value):
    """What all sources say of one launch.

    `sources` are in the order of their tiers, each with its paths looked up. `ignored` is what does
    not apply, `defaults` are options with one value from the person's own file, `project` the
    working directory's own configuration and `verdict` what the person said about it, `notices`
    what they should know before the command starts. `profiles_named` are the files of SBPL that this
    launch, or one of another agent or directory, is made of.
    """

    sources: tuple[tuple[Settings, tuple[Named, ...]], ...]
    ignored: tuple[Ignored, ...]
    defaults: dict[str, Item]
    appended: tuple[AppendedFile, ...]
    network: Network
    project: trust.Content | None
    verdict: trust.Verdict
    notices: tuple[str, ...] = ()
    profiles_named: tuple[str, ...] = ()

    def said(self, field: str) -> tuple[Item, ...]:
        """What all sources say in one of their lists, in order."""
        return tuple(item for settings, _ in self.sources for item in getattr(settings, field))

    def flag(self, typed: bool | None, name: str) -> bool:
        """Whether an option without a value is on: as typed, else as in the person's own file."""
        if typed is not None:
            return typed
        return name in self.defaults and self.defaults[name].text == "true"

    def allows(self, request: Request, what: Literal["profile", "workdir-config"]) -> bool:
        """Whether the command may write the files of one kind that decide about later launches."""
        typed = (
            request.allow_profile_writes
            if what == "profile"
            else request.allow_workdir_config_writes
        )
        return self.flag(typed, f"allow-{what}-writes")

    def passes_all(self, request: Request) -> bool:
        """Whether the command gets all variables of the caller."""
        usual = self.defaults.get("env")
        by_variable = [i for i in self.said("env_pass") if i.place == variables.ENV_PASS]
        if request.env_all and by_variable:
            raise UserError(
                f"--env cannot be combined with {variables.ENV_PASS}", "--env passes all variables"
            )
        typed = request.env_all or request.env_file or request.env_pass
        return request.env_all or bool(usual and usual.text == "true" and not typed)

    def environment_file(self, request: Request) -> Item | None:
        """The file with variables for the command, if there is one."""
        if request.env_file:
            return Item(request.env_file, "--env")
        usual = self.defaults.get("env")
        return usual if usual and usual.text != "true" and not request.env_all else None

    def closes_secrets(self) -> tuple[int, str] | None:
        """Who closes a project's secrets: tier and place; None where nobody does.

        A project that does is only overruled by what is typed.
        """
        last = wanted = None
        for settings, _ in self.sources:
            for item in settings.deny_secrets:
                says = (settings.tier, item.place) if item.text == "true" else None
                if settings.tier == Tier.REPOSITORY:
                    wanted = wanted or says
                    continue
                last = says
                if says is None and settings.tier == Tier.COMMAND_LINE:
                    return None
        return last or wanted

    def opened(self) -> Iterator[str]:
        """What is opened for writing, the working directory aside."""
        for _, paths in self.sources:
            for named in paths:
                if named.mode == READ_AND_WRITE:
                    yield named.real

    def opened_trees(self) -> Iterator[str]:
        """The directories that are opened, for reading only, too."""
        for _, paths in self.sources:
            for named in paths:
                if named.mode != CLOSED and named.kind == "subpath" and not named.missing:
                    yield named.real


def start(request: Request, host: Host) -> Start:
    """Reads the person's own file and finds the working directory. Raises UserError."""
    own = None
    shipped = records()
    added: tuple[Record, ...] = ()
    moved = reach.moved(host)
    for directory in moved:
        reach.refuse_reachable(directory, host, reach.known_before(request, host, shipped))
    if _has_own(host):
        from safehouse.sources import user

        own = user.configuration(host)
        added = tuple(user.profiles(host, shipped))
    catalogue = Catalogue(host.platform, shipped, added)
    said = [*variables.workdir(host)]
    if request.workdir != HERE:
        said.insert(0, Item(request.workdir, command_line.TYPED))
    if own and "workdir" in own.defaults:
        said.append(own.defaults["workdir"])
    said.append(Item(HERE, "the current directory"))
    return Start(own, catalogue, command_line.workdir(host, said[0]), said[0].place, moved)


def without_words(host: Host, workdir: str) -> tuple[Start, Configuration]:
    """A start and a configuration in which nobody says anything: the shipped profiles alone."""
    start = Start(None, Catalogue(host.platform, records()), workdir, "the same directory")
    return start, Configuration((), (), {}, (), OPEN, None, "unknown")


def _has_own(host: Host) -> bool:
    """Whether there is a directory of our files, wherever that is."""
    try:
        facts.stat(protected.configuration(host))
    except OSError as error:
        return not isinstance(error, (FileNotFoundError, NotADirectoryError))
    return True


def configuration(request: Request, host: Host, found: Start, agent: str) -> Configuration:
    """What all sources say of a launch of `agent` ("" for none). Raises UserError."""
    workdir = found.workdir
    kept, ignored, defaults = _kept(host, found, agent)
    notices = [
        f"{printable(each.place)}: {printable(each.what)} is left out: {each.why}"
        for each in ignored
    ]
    usual, here = reach.usual(host)[0], protected.configuration(host)
    if here != usual and not host.foreign and host.files.kind(usual) != "missing":
        # A project's tooling could have set the variable, to be rid of the person's refusals.
        notices.append(f"XDG_CONFIG_HOME: {printable(here)} is read, ~/.config/safehouse is not")
    said = [*kept, *variables.settings(host), command_line.settings(request, host)]
    ignored += variables.ignored(host)
    for moved in found.moved:
        reach.refuse_reachable(
            moved, host, Planting(host, reach.writable(found.catalogue, workdir, said))
        )
    project, verdict, asked = _project(request, host, workdir)
    trusted = verdict == "trusted"
    if trusted:
        said = [*asked, *said]
    planting = Planting(host, reach.writable(found.catalogue, workdir, said))
    sources: list[tuple[Settings, tuple[Named, ...]]] = []
    for settings in said:
        paths, left_out = looked_up(settings, host, workdir, planting)
        ignored += left_out
        sources.append((settings, paths))
    if project and not trusted:
        from safehouse.sources import trust

        narrow, wider = trust.narrowed(project, asked, host, planting)
        closed = any(item.text == NONE for settings, _ in sources for item in settings.network)
        sources = [*narrow, *sources]
        words = _words(asked)
        for item in wider:
            if closed or words.get(item) != "network":  # it is open anyway
                what = f"{words.get(item, '')} {item.text}".strip()
                ignored.append(Ignored(what, item.place, _UNTRUSTED[verdict]))
        if any(each.why == _UNTRUSTED[verdict] for each in ignored):
            notices += trust.notices(verdict, workdir, host)
        notices += _closing_outside(narrow, workdir)
    ignored += _of_another_system(sources, found.catalogue)
    appended = tuple(_appended(sources, host, project))
    return Configuration(
        tuple(sources),
        tuple(ignored),
        defaults,
        appended,
        _network([settings for settings, _ in sources]),
        project,
        verdict,
        tuple(notices),
        tuple(dict.fromkeys((*(file.path for file in appended), *_profiles_kept(host, found)))),
    )


def _profiles_kept(host: Host, found: Start) -> Iterator[str]:
    """The files of SBPL that the person's own files name, for whatever agent and directory."""
    texts: list[str] = []
    if found.own:
        every = [found.own.general, *(settings for settings, _ in found.own.agents.values())]
        texts += [item.text for settings in every for item in settings.append_profile]
    if _has_own(host):
        from safehouse.sources import directory

        for _, _, section, agents in directory.stored(host).values():
            for each in (section, *agents.values()):
                texts += [text for text, _ in each.get("append-profile", ())]
    for text in dict.fromkeys(texts):
        path = host.absolute(text, "append-profile")
        if host.files.kind(host.resolve(path).real) != "missing":
            yield path


def _words(asked: Iterable[Settings]) -> dict[Item, str]:
    """What each thing is that a project asks for, in a word."""
    return {
        item: word
        for settings in asked
        for field, word in _KINDS.items()
        for item in getattr(settings, field)
    }


def _closing_outside(
    sources: Iterable[tuple[Settings, tuple[Named, ...]]], workdir: str
) -> list[str]:
    """What a project that is not trusted closes elsewhere: a tool may miss it, or its own limits."""
    found = [
        f"this project closes {printable(named.real)} ({printable(named.item.place)})"
        for _, paths in sources
        for named in paths
        if named.mode == CLOSED and not contains(workdir, named.real)
    ]
    more = len(found) - _MOST_NOTICES
    return [*found[:_MOST_NOTICES], *([f"and {more} more: --explain"] if more > 0 else [])]


def _of_another_system(
    sources: Iterable[tuple[Settings, tuple[Named, ...]]], catalogue: Catalogue
) -> Iterator[Ignored]:
    """The features that mean nothing here. Raises UserError, with the place, for one that is none."""
    other = next(name for name in PLATFORMS if name != catalogue.platform)
    for settings, _ in sources:
        for item in settings.enable:
            catalogue.check(item.text, ("feature",), item.place)
            if catalogue.is_elsewhere(item.text):
                yield Ignored(f"feature {item.text}", item.place, f"it is for {other}")


def _kept(
    host: Host, found: Start, agent: str
) -> tuple[list[Settings], list[Ignored], dict[str, Item]]:
    """What the person's own files say of an agent in a directory, and the options in them."""
    kept: list[Settings] = []
    ignored: list[Ignored] = []
    defaults: dict[str, Item] = {}
    agents = found.catalogue.in_layers(("agent", "app"))
    if found.own:
        from safehouse.sources import user

        ignored += user.unknown_agents(found.own, agents)
        settings, mine = found.own.agents.get(agent, (None, {}))
        kept += [found.own.general, *([settings] if settings else [])]
        defaults = {**found.own.defaults, **mine}
    if _has_own(host):
        from safehouse.sources import directory

        of_directories, left_out = directory.grants(host, found.workdir, agent, agents)
        kept += of_directories
        ignored += left_out
    return kept, ignored, defaults


def _project(
    request: Request, host: Host, workdir: str
) -> tuple[trust.Content | None, trust.Verdict, tuple[Settings, ...]]:
    """The working directory's own configuration, what was said about it, and what it asks for."""
    root = workdir.rstrip("/")
    if not workdir or all(
        host.files.kind(f"{root}/{n}") == "missing" for n in protected.WORKDIR_FILES
    ):
        return None, "unknown", ()
    from safehouse.sources import repository, trust

    project = repository.project(host, workdir)
    if project is None:
        return None, trust.UNKNOWN, ()
    judged = trust.judged(project, host, request.trust)
    return judged.content, judged.verdict, judged.asked


def _appended(
    sources: Iterable[tuple[Settings, tuple[Named, ...]]],
    host: Host,
    project: trust.Content | None,
) -> Iterator[AppendedFile]:
    """The files of SBPL, each read once; a project's are those that were trusted."""
    for settings, _ in sources:
        for item in settings.append_profile:
            if settings.tier == Tier.REPOSITORY:
                from safehouse.sources import trust

                path = trust.profile_path(item, settings, host)
                data = dict(project.files)[path] if project else b""
                yield AppendedFile(path, data, Tier.REPOSITORY, item.place)
                continue
            path = host.absolute(item.text, item.place, settings.base)
            real = host.resolve(path).real
            data = read_file(real, _MOST_PROFILE, f"{item.place}: {path}")
            yield AppendedFile(path, data, Tier.APPENDED, item.place)


def _network(sources: list[Settings]) -> Network:
    """The last word on the network; a project that wants none is only overruled by what is typed."""
    network: Network = OPEN
    wanted_none = False
    for settings in sources:
        for item in settings.network:
            network = NONE if item.text == NONE else OPEN
            wanted_none |= settings.tier == Tier.REPOSITORY and network == NONE
            if settings.tier == Tier.COMMAND_LINE:
                return network
    return NONE if wanted_none else network
