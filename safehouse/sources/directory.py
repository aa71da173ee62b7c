"""The rights that are kept for the directory of a launch and for those above it: grants.yaml."""

from __future__ import annotations

from safehouse import facts
from safehouse.errors import UserError, pasted, printable
from safehouse.files import ancestors
from safehouse.policy.rule import Tier
from safehouse.sources import own_files, protected
from safehouse.sources.settings import READ_AND_WRITE, READ_ONLY, Ignored, contains
from safehouse.sources.user import settings
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from safehouse.host import Host
    from safehouse.sources.settings import Item, Settings
    from safehouse.sources.settings_file import Directories

    State = Literal["same", "by name", "replaced", "a link", "gone"]

FILE = "grants.yaml"
SAME: State = "same"
BY_NAME: State = "by name"
REPLACED: State = "replaced"
LINK: State = "a link"
GONE: State = "gone"


def path(host: Host) -> str:
    """The file that keeps the rights of all directories."""
    return f"{protected.configuration(host)}/{FILE}"


def stored(host: Host) -> Directories:
    """All rights that are kept, by directory as written. Raises UserError for a wrong file."""
    data = own_files.read(path(host), host)
    return {} if data is None or own_files.says_nothing(data) else understood(data, host)


def understood(data: bytes, host: Host) -> Directories:
    """What the file's content says. Raises UserError for a wrong one."""
    name = own_files.short(path(host), host)
    return own_files.understood(data, "grants", host, lambda data: _parsed(name, data))


def grants(
    host: Host, workdir: str, agent: str, agents: Iterable[str] = ()
) -> tuple[tuple[Settings, ...], tuple[Ignored, ...]]:
    """What is kept for a directory, its parents' first, so that the nearest has the last word.

    What was kept for a directory that was replaced since, by one of the same name, is left out.
    `agents` are all that there are; without them, no section is taken for one of no agent.
    """
    kept = stored(host) if workdir else {}
    if not kept:
        return (), ()
    found: list[Settings] = []
    ignored = [*_links(kept, host, workdir)]
    file = own_files.short(path(host), host)
    by_directory = _by_directory(kept, host)
    known = set(agents)
    for directory in reversed([workdir, *ancestors(workdir)]):
        for name in by_directory.get(directory, ()):
            line, known_by, section, own = kept[name]
            what, place = f"all that is kept for {printable(name)}", f"{file}:{line}"
            why = _difference(directory, known_by, name)
            if why:
                ignored.append(Ignored(what, place, why))
                continue
            source = f"kept for {name}"
            sections = [(source, section)]
            for other in own if known else ():
                if other not in known:
                    told = f"kept for {printable(name)}, agents: {printable(other)}"
                    ignored.append(Ignored(told, place, "no agent has this name"))
            if agent in own:
                sections.append((f"{source}, agent {agent}", own[agent]))
            for source, said in sections:
                real, linked = without_links(
                    settings(said, Tier.DIRECTORY, source, file, host.home), host
                )
                found.append(real)
                ignored += linked
    return tuple(found), tuple(ignored)


def without_links(source: Settings, host: Host) -> tuple[Settings, tuple[Ignored, ...]]:
    """What a source opens by real paths, and what lies behind links.

    What was granted had no link on its way. Since then a program that may write there, in a launch
    in whatever directory, could have put one in the place of what it was granted. A link that only
    root can change is none of these; and what is closed stays so, wherever links lead.
    """
    changes: dict[str, tuple[Item, ...]] = {}
    ignored: list[Ignored] = []
    for field, mode in (("add_dirs_ro", READ_ONLY), ("add_dirs", READ_AND_WRITE)):
        kept = []
        for item in getattr(source, field):
            link = _link(item, host)
            if link:
                why = f"it leads through the link {printable(link)}: write where it is to lead"
                ignored.append(Ignored(f"{mode} {printable(item.text)}", item.place, why, item))
            else:
                kept.append(item)
        changes[field] = tuple(kept)
    return (replace(source, **changes) if ignored else source), tuple(ignored)


def _link(item: Item, host: Host) -> str:
    """The first link on the way to a path that the person, and so a program, can change."""
    for link, _ in host.resolve(expanded(item.text, host)).links:
        if host.files.changeable(link.rpartition("/")[0] or "/"):
            return link
    return ""


def _difference(directory: str, known_by: str, name: str) -> str:
    """Why nothing of an entry is for a directory of its name, "" if all is."""
    if not known_by:
        return ""
    try:
        found = identity(directory)
    except OSError as error:
        return f"it cannot be told whether it is the same directory: {error.strerror}"
    if found == known_by:
        return ""
    mending = f"safehouse revoke --all --for={pasted(name)}"
    return f"it is another directory than the one that had this name; to forget it: {mending}"


def _links(kept: Directories, host: Host, workdir: str) -> Iterator[Ignored]:
    """The entries by whose names the person came here, though these are links now.

    What other entries lead to is not looked at: one on a server that is away would hold up each
    launch.
    """
    came = host.environ.get("PWD", "").rstrip("/")
    if came[:1] != "/" or came == workdir or host.foreign:
        return
    try:
        here = contains(workdir, host.resolve(came).real)
    except UserError:
        return
    if not here:
        return
    steps = {came, *ancestors(came)} - {workdir, *ancestors(workdir)}
    for name, entry in kept.items():
        directory = expanded(name, host)
        if directory in steps:
            real = own_files.short(host.resolve(directory).real, host)
            place = f"{own_files.short(path(host), host)}:{entry[0]}"
            why = f"its name leads to {real} now, by a link"
            yield Ignored(f"all that is kept for {printable(name)}", place, why)


def entries_for(kept: Directories, host: Host, directory: str) -> list[str]:
    """The entries of a real directory, as written: a person may have written its name twice."""
    return _by_directory(kept, host).get(directory, [])


def _by_directory(kept: Directories, host: Host) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in kept:
        found.setdefault(expanded(name, host), []).append(name)
    return found


def state(kept: Directories, host: Host, entry: str) -> State:
    """Whether the directory of an entry is the one that it was made for."""
    directory, known_by = expanded(entry, host), kept[entry][1]
    try:
        way = host.resolve(directory)
        if host.files.kind(way.real) != "directory":
            return GONE
        if way.links:
            return LINK
        if not known_by:
            return BY_NAME
        return SAME if identity(directory) == known_by else REPLACED
    except (OSError, UserError):
        return GONE


def identity(directory: str) -> str:
    """What a directory is known by when another one takes its name: its number and its birth.

    File systems give the number of a directory that is gone to the next one (ext4 does at once), so
    the time of birth goes with it where the system tells it.
    """
    return facts.number(directory)


def expanded(name: str, host: Host) -> str:
    """A path as the file has it, in full."""
    full = host.home + name[1:] if name[:1] == "~" else name
    return full.rstrip("/") or "/"


def written(real: str, host: Host) -> str:
    """A path as the file and messages have it: with `~` for the home."""
    return "~" + real[len(host.home) :] if contains(host.home, real) else real


def _parsed(name: str, data: bytes) -> Directories:
    from safehouse.sources.settings_file import directories

    return directories(data, name)
