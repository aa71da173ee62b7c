"""All that says something of one launch, in the order of the tiers: whoever comes later wins.

Most people have no file of ours in most places: what reads one is imported where there is one.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import UserError, printable
from safehouse.files import read_file
from safehouse.host import PLATFORMS
from safehouse.policy.planting import Planting
from safehouse.policy.policy import NONE, OPEN
from safehouse.policy.rule import Filter, Tier
from safehouse.request import HERE
from safehouse.sources import command_line, protected, variables
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.settings import (
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
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Literal

    from safehouse.host import Host
    from safehouse.policy.planting import Writable
    from safehouse.policy.policy import Network
    from safehouse.request import Request
    from safehouse.sources import trust, user
    from safehouse.sources.profile import Record

_MOST_PROFILE = 1_000_000
_PROJECT_FILES = (".safehouse", ".safehouse.yaml")
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
    what they should know before the command starts.
    """

    sources: tuple[tuple[Settings, tuple[Named, ...]], ...]
    ignored: tuple[Ignored, ...]
    defaults: dict[str, Item]
    appended: tuple[AppendedFile, ...]
    network: Network
    project: trust.Content | None
    verdict: trust.Verdict
    notices: tuple[str, ...] = ()

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

    def writable_roots(self) -> Iterator[str]:
        """The directories that the person opens for writing, the working directory aside."""
        for _, paths in self.sources:
            for named in paths:
                if named.mode == READ_AND_WRITE and named.kind == "subpath":
                    yield named.real


def start(request: Request, host: Host) -> Start:
    """Reads the person's own file and finds the working directory. Raises UserError."""
    own = None
    shipped = records()
    added: tuple[Record, ...] = ()
    moved = _moved(host)
    for directory in moved:
        _refuse_reachable(directory, host, _known_before(request, host, shipped))
    if _has_own(host):
        from safehouse.sources import user

        own = user.configuration(host)
        added = tuple(user.profiles(host, shipped))
    catalogue = Catalogue(host.platform, shipped, added)
    said = [*variables.workdir(host)]
    if request.workdir != HERE:
        said.insert(0, Item(request.workdir, "--workdir"))
    if own and "workdir" in own.defaults:
        said.append(own.defaults["workdir"])
    said.append(Item(HERE, "--workdir"))
    return Start(own, catalogue, command_line.workdir(host, said[0]), said[0].place, moved)


def _has_own(host: Host) -> bool:
    """Whether there is a directory of our files, wherever that is."""
    try:
        os.stat(protected.configuration(host))
    except OSError as error:
        return not isinstance(error, (FileNotFoundError, NotADirectoryError))
    return True


def configuration(request: Request, host: Host, found: Start, agent: str) -> Configuration:
    """What all sources say of a launch of `agent` ("" for none). Raises UserError."""
    workdir = found.workdir
    kept, ignored, defaults = _kept(host, found, agent)
    said = [*kept, *variables.settings(host), command_line.settings(request, host)]
    ignored += variables.ignored(host)
    for moved in found.moved:
        _refuse_reachable(moved, host, Planting(host, _writable(found.catalogue, workdir, said)))
    project, verdict, asked = _project(request, host, workdir)
    trusted = verdict == "trusted"
    if trusted:
        said = [*asked, *said]
    planting = Planting(host, _writable(found.catalogue, workdir, said))
    sources: list[tuple[Settings, tuple[Named, ...]]] = []
    notices: tuple[str, ...] = ()
    for settings in said:
        paths, left_out = looked_up(settings, host, workdir, planting)
        ignored += left_out
        sources.append((settings, paths))
    if project and not trusted:
        from safehouse.sources import trust

        narrow, wider = trust.narrowed(project, asked, host, planting)
        sources = [*narrow, *sources]
        ignored += [Ignored(item.text, item.place, _UNTRUSTED[verdict]) for item in wider]
        notices = trust.notices(verdict, workdir, host) if wider else ()
    ignored += _of_another_system(sources, found.catalogue)
    return Configuration(
        tuple(sources),
        tuple(ignored),
        defaults,
        tuple(_appended(sources, host, project)),
        _network([settings for settings, _ in sources]),
        project,
        verdict,
        notices,
    )


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
    if not workdir or all(host.files.kind(f"{root}/{n}") == "missing" for n in _PROJECT_FILES):
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


def _writable(catalogue: Catalogue, workdir: str, sources: Iterable[Settings]) -> Writable:
    """What any confined program may write, and what this one may."""

    def filters() -> Iterator[Filter]:
        yield from catalogue.writable()
        if workdir:
            yield Filter("subpath", workdir)
        for settings in sources:
            for item in settings.add_dirs:
                path = item.text if item.text[:1] in "~/" else f"{settings.base}/{item.text}"
                yield Filter("subpath", path.rstrip("/") or "/")

    return filters


def _known_before(request: Request, host: Host, shipped: Mapping[str, Record]) -> Planting:
    """What confined programs may write as far as it is known before any file of ours is read."""
    named = [request.workdir] if request.workdir != HERE else []
    workdir = [*named, *(item.text for item in variables.workdir(host)), host.cwd][0]
    path = host.absolute(workdir, "--workdir") if workdir else ""
    if workdir == host.cwd and contains(path, host.home) and not host.is_borrowed():
        path = ""  # a home is a working directory only where somebody says so, in a file perhaps
    sources = [*variables.settings(host), command_line.settings(request, host)]
    return Planting(host, _writable(Catalogue(host.platform, shipped), path, sources))


def _moved(host: Host, missing: bool = False) -> tuple[str, ...]:
    """The directories of our files that a variable has moved, of those that are there or of all."""
    places = (protected.configuration(host), protected.state(host))
    there = [p for p in places if not host.foreign and (missing or host.files.kind(p) != "missing")]
    borrowed = bool(there) and host.is_borrowed()
    return tuple(place for place in there if borrowed or place not in _usual(host))


def _usual(host: Host) -> tuple[str, str]:
    return f"{host.home}/.config/safehouse", f"{host.home}/.local/state/safehouse"


def refuse_to_keep(request: Request, host: Host) -> None:
    """Raises UserError where confined programs could forge what is to be kept for later launches."""
    for place in _moved(host, missing=True):
        _refuse_reachable(place, host, _known_before(request, host, records()))


def _refuse_reachable(place: str, host: Host, planting: Planting) -> None:
    """Raises UserError where confined programs can write to a place of our files that was moved.

    A project's tooling can set variables, and its agent can write what they would then point to.
    """
    if planting.reaches(host.resolve(place).real):
        name = {
            protected.state(host): "XDG_STATE_HOME",
            protected.configuration(host): "XDG_CONFIG_HOME",
            **dict.fromkeys(_usual(host), "HOME"),
        }[place]
        raise UserError(
            f"{name}: {printable(place)} lies where confined commands may write",
            f"safehouse takes nothing from there, which one of them could have made: unset {name}",
        )
