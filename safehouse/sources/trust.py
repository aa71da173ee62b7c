"""Which projects' configurations the person has looked at: by path and content, byte for byte.

Trust is of all that was read: the configuration, and the profiles that it names. A pull that
changes any of it ends the trust. What is kept is the content itself, so that the difference can be
shown.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import UserError, pasted, printable
from safehouse.facts import decoded, encoded
from safehouse.files import Resolution, read_file
from safehouse.sources import own_files, protected, repository
from safehouse.sources.settings import CLOSED, Item, contains, looked_up, narrowing
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from safehouse.host import Host
    from safehouse.policy.planting import Planting
    from safehouse.sources.repository import Project
    from safehouse.sources.settings import Named, Settings

    Verdict = Literal["trusted", "declined", "changed", "unknown"]

TRUSTED: Verdict = "trusted"
DECLINED: Verdict = "declined"
CHANGED: Verdict = "changed"
UNKNOWN: Verdict = "unknown"
# All profiles of one project together: a record, which holds them, is read as a file of ours.
MOST_BYTES = 512 * 1024
MOST_PROFILES = 20
_FORM = b"safehouse trust 1"
# agent-safehouse's list of trusted directories, below the home.
OLD_LIST = ".config/safehouse/trusted-workdirs"


class Content(Value):
    """All that trust in a project is about: its configuration, and the profiles that it names.

    Each of `files` is a path and what was read there, once.
    """

    directory: str
    files: tuple[tuple[str, bytes], ...]


class Record(Value):
    """What the person last said about a project, and the content that they saw."""

    verdict: Verdict
    content: Content


class Judged(Value):
    """A project's configuration: what was read, what it asks for, and what the person said to that.

    What is not trusted has only those things in `asked` that can make a launch narrower.
    """

    verdict: Verdict
    content: Content
    asked: tuple[Settings, ...]


def judged(project: Project, host: Host, trusted: bool | None = None) -> Judged:
    """A project's configuration as a launch takes it; `trusted` overrules what is remembered.

    Raises UserError for a wrong .safehouse.yaml and, where it is to be trusted, for all that cannot
    be read. What was remembered is compared before anything else is understood.
    """
    if trusted:
        asked = repository.asked(project, host, trusted=True)
        return Judged(TRUSTED, content(project, asked, host), asked)
    verdict = DECLINED
    if trusted is None:
        record = last(project.directory, host)
        verdict = UNKNOWN if record is None else CHANGED
        if record and record.content.files[: len(project.files)] == project.files:
            verdict = record.verdict
            same = _as_remembered(project, record, host) if verdict == TRUSTED else None
            if same:
                return same
            verdict = CHANGED if verdict == TRUSTED else verdict
    asked = repository.asked(project, host, trusted=False)
    return Judged(verdict, Content(project.directory, project.files), asked)


def _as_remembered(project: Project, record: Record, host: Host) -> Judged | None:
    """A trusted project, None where another of its files is not as it was."""
    asked = repository.asked(project, host, trusted=True)
    try:
        found = content(project, asked, host)
    except UserError:  # a profile is gone, or was replaced by something that is no file
        return None
    return Judged(TRUSTED, found, asked) if found == record.content else None


def content(project: Project, asked: tuple[Settings, ...], host: Host) -> Content:
    """The project's files and the profiles that its configuration names.

    Raises UserError for a profile that cannot be read, and for too much of them.
    """
    files = dict(project.files)
    left = MOST_BYTES
    for settings in asked:
        for item in settings.append_profile:
            path = profile_path(item, settings, host)
            if path in files:
                continue
            if len(files) - len(project.files) == MOST_PROFILES:
                raise UserError(
                    f"{item.place}: more than {MOST_PROFILES} profiles", "put some into one file"
                )
            files[path] = read_file(path, left, f"{item.place}: {printable(path)}")
            left -= len(files[path])
    return Content(project.directory, tuple(files.items()))


def profile_path(item: Item, settings: Settings, host: Host) -> str:
    """Where a profile lies that a repository names; no link is followed to it.

    Raises UserError for one that is reached through a link, which may lead elsewhere tomorrow.
    """
    found = host.located(item.text, item.place, settings.base)
    if found.links:
        link = printable(found.links[0][0])
        raise UserError(
            f"{item.place}: {printable(item.text)} leads through the link {link}",
            "name the file itself",
        )
    return found.real


def narrowed(
    project: Content, asked: tuple[Settings, ...], host: Host, planting: Planting
) -> tuple[list[tuple[Settings, tuple[Named, ...]]], tuple[Item, ...]]:
    """What is in force of an untrusted configuration, and what it asks for beyond that."""
    workdir = project.directory
    sources = []
    beyond: list[Item] = []
    for settings in asked:
        found, _ = looked_up(settings, host, workdir, planting)
        narrow, paths, wider = narrowing(settings, found, workdir)
        # Nothing is said about links on the way: even to let them be seen would be more.
        direct = tuple(
            named if named.mode == CLOSED else replace(named, way=Resolution(named.real))
            for named in paths
        )
        sources.append((narrow, direct))
        within = set()
        for item in settings.add_dirs_ro:  # what is not there yet: it opens nothing either
            real = host.located(item.text, item.place, settings.base).real
            if real != workdir and contains(workdir, real):
                within.add(item)
        beyond += [item for item in wider if item not in within or item in settings.add_dirs]
    if any(path.endswith(f"/{repository.OLD_FILE}") for path, _ in project.files):
        beyond.append(Item("all of it", repository.OLD_FILE))
    return sources, tuple(beyond)


def refuse_unseen(found: Project | Content, host: Host) -> None:
    """Raises UserError where an option would trust what the person has declined, or has to look at."""
    record = last(found.directory, host)
    declined = record is not None and record.verdict == DECLINED
    if record and declined and found.files[: len(record.content.files)] == record.content.files:
        raise UserError(
            f"{printable(found.directory)}: its configuration was made while a command ran there, or "
            "you declined it",
            f"look at it first: {command(found.directory, host)}",
        )


def decline_new(directory: str, host: Host) -> str:
    """Keeps that a configuration appeared while a command ran, and gives what to tell of it.

    No option is to trust it before the person has looked: the command may have made it.
    """
    told = (
        f"this project has a configuration of its own now, made while the command ran: {{}}; to look "
        f"at it: {command(directory, host)}"
    )
    try:
        found = repository.project(host, directory)
        if found is None:
            return ""
        remember(DECLINED, Content(directory, found.files), host)
    except (UserError, OSError) as error:
        return told.format(printable(str(getattr(error, "message", error))))
    return told.format("until then it opens nothing")


def notices(verdict: Verdict, directory: str, host: Host) -> tuple[str, ...]:
    """What to tell before a launch that does not give all that a project asks for."""
    look = command(directory, host)
    if verdict == CHANGED:
        return (f"this project's configuration has changed since you looked at it; again: {look}",)
    if verdict == DECLINED:
        return ()
    if is_on_old_list(directory, host):
        return (
            "agent-safehouse trusts this project; safehouse does so once you have looked at what "
            f"it asks for: {look}",
        )
    return (f"this project's configuration asks for more than it gets; to look at it: {look}",)


def command(directory: str, host: Host, option: str = "") -> str:
    """What to type here to look at a directory's configuration."""
    where = "" if directory == host.cwd else f" --for={pasted(directory)}"
    return f"safehouse trust{where}{option}"


# What is remembered: a file for each directory


def last(directory: str, host: Host) -> Record | None:
    """What the person last said about a directory's configuration; None for nothing.

    Raises UserError where somebody else could have written it.
    """
    kept = own_files.read(_path(directory, host), host)
    record = understood(kept) if kept is not None else None
    return record if record and record.content.directory == directory else None


def remember(verdict: Verdict, found: Content, host: Host) -> None:
    """Keeps what the person said about this content. Raises OSError."""
    if last(found.directory, host) == Record(verdict, found):
        return
    path = _path(found.directory, host)
    own_files.make_directory(path.rpartition("/")[0])
    own_files.replace(path, written(Record(verdict, found)))


def forget(directory: str, host: Host) -> bool:
    """Removes what was said about a directory; whether there was anything. Raises OSError."""
    try:
        os.unlink(_path(directory, host))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def written(record: Record) -> bytes:
    """A record as bytes: texts that end with a zero byte, the content of a file behind its size."""
    parts = [_FORM, encoded(record.verdict), encoded(record.content.directory)]
    for path, data in record.content.files:
        parts += [encoded(path), b"%d" % len(data) + b"\0" + data]
    return b"\0".join(parts)


def understood(data: bytes) -> Record | None:
    """The record that was written so; None for what is none."""
    try:
        form, verdict, directory, *rest = data.split(b"\0", 3)
        files = []
        left = rest[0] if rest else b""
        while left:
            path, size, left = left.split(b"\0", 2)
            count = int(size)
            if not 0 <= count <= len(left) or left[count : count + 1] not in (b"", b"\0"):
                return None
            files.append((decoded(path), left[:count]))
            left = left[count + 1 :]
    except ValueError:
        return None
    said = {b"trusted": TRUSTED, b"declined": DECLINED}.get(verdict)
    if form != _FORM or said is None:
        return None
    return Record(said, Content(decoded(directory), tuple(files)))


def _path(directory: str, host: Host) -> str:
    return f"{protected.state(host)}/trust/{own_files.digest(directory)}"


# agent-safehouse's list


def old_list(host: Host) -> list[Item]:
    """The directories that agent-safehouse trusts, as written. Raises UserError where it is unreadable."""
    path = f"{host.home}/{OLD_LIST}"
    data = own_files.read(path, host)
    if data is None:
        return []
    name = own_files.short(path, host)
    lines = enumerate(decoded(data).split("\n"), 1)
    stripped = ((line.strip(), number) for number, line in lines)
    return [Item(text, f"{name}:{number}") for text, number in stripped if text and text[0] != "#"]


def is_on_old_list(directory: str, host: Host) -> bool:
    """Whether agent-safehouse trusts a directory, as far as its list can be read."""
    try:
        return any(
            item.text[0] in "/~" and host.located(item.text, item.place, "/").real == directory
            for item in old_list(host)
            if item.text.isprintable()
        )
    except UserError:
        return False
