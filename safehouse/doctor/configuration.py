"""What the person wrote or allowed: every mistake in their files, and what of it is of no use any more."""

from __future__ import annotations

from safehouse.doctor import kept_trust, own_places
from safehouse.doctor.finding import NOTE, OK, PROBLEM, WARNING, Finding, counted, of_error
from safehouse.doctor.subject import attempt
from safehouse.doctor.trial import nothing
from safehouse.errors import UserError, nearest, printable, quoted
from safehouse.files import read_file
from safehouse.policy.planting import Planting
from safehouse.request import Request
from safehouse.sources import command_line, directory, grant_rows, own_files, user, variables
from safehouse.sources.own_files import short
from safehouse.sources.settings import looked_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.subject import Subject
    from safehouse.host import Host
    from safehouse.sources.grant_rows import Row
    from safehouse.sources.settings import Item, Settings
    from safehouse.sources.settings_file import Directories

# What shells and doctor set, which shell.py and login.py look at, and what confined programs have.
_OTHER_VARIABLES = ("SAFEHOUSE_OFF", "SAFEHOUSE_SHELL", "SAFEHOUSE_ASKED", "SAFEHOUSE_SANDBOX")
# What agent-safehouse has, and what takes its place.
_OLD_VARIABLES = {
    "SAFEHOUSE_TRUST_WORKDIR_CONFIG": "nothing trusts a project by a variable: safehouse trust",
}


def findings(subject: Subject) -> Iterator[Finding]:
    """All about the person's files, each mistake once."""
    told: set[str] = set()
    for found in _findings(subject):
        if found.text not in told:
            told.add(found.text)
            yield found


def summary(found: tuple[Finding, ...]) -> str:
    """What there is, in one line, where all is well."""
    told = [each.text for each in found if each.name in ("config", "profiles", "grants", "trust")]
    return "; ".join(told) or "nothing is configured, and nothing has to be"


def _findings(subject: Subject) -> Iterator[Finding]:
    yield from own_places.findings(subject)
    for unread in subject.unread:
        yield of_error("file", unread.error)
    if subject.own:
        yield from _own(subject.own, subject)
    yield from _profiles(subject)
    yield from _grants(subject)
    yield from kept_trust.findings(subject.host)
    yield from _variables(subject.host)
    yield from _launches(subject)


# config.yaml and profiles.d


def _own(own: user.Configuration, subject: Subject) -> Iterator[Finding]:
    catalogue = subject.catalogue
    yield Finding("config", OK, own.name)
    for ignored in user.unknown_agents(own, catalogue.in_layers(("agent", "app"))):
        agent = ignored.what.partition(" ")[2]
        meant = nearest(agent, catalogue.in_layers(("agent", "app")))
        text = f"{own.name}: no agent is called {printable(agent)!r}{meant}: what is said of it has no effect"
        yield Finding("unknown-agent", WARNING, text, ("safehouse profiles lists them",))
    sections = [(own.general, own.defaults), *own.agents.values()]
    for settings, defaults in sections:
        yield from _features(settings, subject)
        yield from _paths(settings, subject)
        yield from _files(settings, defaults, subject.host)
    yield from _defaults(own, subject)


def _features(settings: Settings, subject: Subject) -> Iterator[Finding]:
    for item in settings.enable:
        try:
            subject.catalogue.check(item.text, ("feature",), item.place)
        except UserError as error:
            yield of_error("feature", error)


def _paths(settings: Settings, subject: Subject) -> Iterator[Finding]:
    """What a source opens and does not get."""
    planting = Planting(subject.host, subject.catalogue.writable)
    for ignored in looked_up(settings, subject.host, "", planting)[1]:
        missing = ignored.why == grant_rows.MISSING
        text = f"{ignored.place}: {ignored.what} is left out: {ignored.why}"
        mend = () if missing else ("write another path there, or take it out",)
        yield Finding("path", NOTE if missing else WARNING, text, mend)


def _files(settings: Settings, defaults: dict[str, Item], host: Host) -> Iterator[Finding]:
    """Files that are named and cannot be read: each launch stops for them."""
    named = [*settings.append_profile]
    if "env" in defaults and defaults["env"].text != "true":
        named.append(defaults["env"])
    for item in named:
        try:
            path = host.absolute(item.text, item.place, settings.base)
            read_file(host.resolve(path).real, own_files.MOST_BYTES, f"{item.place}: {path}")
        except UserError as error:
            yield of_error("named-file", error)


def _defaults(own: user.Configuration, subject: Subject) -> Iterator[Finding]:
    for name, item in own.defaults.items():
        try:
            if name == "agent":
                subject.catalogue.check(item.text, ("agent", "app"), item.place)
            elif name == "workdir":
                command_line.workdir(subject.host, item)
        except UserError as error:
            yield of_error(name, error)


def _profiles(subject: Subject) -> Iterator[Finding]:
    files = user.profile_files(subject.host)
    if files:
        names = dict.fromkeys(record[0] for record in subject.catalogue.own)
        text = f"profiles.d with {', '.join(names) or 'nothing that can be read'}"
        yield Finding("profiles", OK, text, details=tuple(short(f, subject.host) for f in files))


def _launches(subject: Subject) -> Iterator[Finding]:
    """What stops a launch, in general and of each agent that the files have something for."""
    if subject.bare.error and not subject.bare.plan:
        yield of_error("launch", subject.bare.error)
        return
    for agent in subject.own.agents if subject.own else ():
        if agent in subject.catalogue.in_layers(("agent", "app")):
            request = Request(command=(nothing(),), agent=agent, workdir="")
            tried = attempt(request, subject.host)
            if tried.error and not tried.plan:
                yield of_error("launch", tried.error)


# grants.yaml


def _grants(subject: Subject) -> Iterator[Finding]:
    host = subject.host
    try:
        kept = directory.stored(host)
    except UserError as error:
        yield of_error("file", error)
        return
    if not kept:
        return
    rows = grant_rows.rows(kept, host, subject.catalogue)
    yield Finding("grants", OK, f"{counted(rows, 'grant')} for {counted(kept, 'directory')}")
    for entry in kept:
        yield from _entry(entry, kept, host)
    file = short(directory.path(host), host)
    for row in rows:
        if row.why and row.state in (directory.SAME, directory.BY_NAME):
            yield _row(row, file, host)


def _entry(entry: str, kept: Directories, host: Host) -> Iterator[Finding]:
    """A directory for which something is kept, and which is not there as it was."""
    place = f"{short(directory.path(host), host)}:{kept[entry][0]}"
    whys = {
        directory.GONE: "is gone",
        directory.REPLACED: "is another directory than the one that had this name",
        directory.LINK: "is a link now",
    }
    why = whys.get(directory.state(kept, host, entry))
    if why:
        text = f"{place}: {printable(entry)} {why}: what is kept for it is for nothing"
        yield Finding("grant", NOTE, text, (f"safehouse revoke --all --for={quoted(entry)}",))


def _row(row: Row, file: str, host: Host) -> Finding:
    """One thing that is kept and does not apply."""
    value = directory.written(row.value, host) if row.value[:1] == "/" else row.value
    what = f"{row.mode or row.kind} {printable(value)}"
    if row.why == grant_rows.NO_AGENT:
        what = f"{what} for {printable(row.agent)!r}"
    text = f"{file}:{row.line}: {what}: {row.why}"
    place = f" --for={quoted(directory.written(row.directory, host))}"
    agent = f" --agent={row.agent}" if row.agent else ""
    options = {
        "path": quoted(value),
        "feature": f"--enable={value}",
        "variable": f"--env-pass={value}",
    }
    mend = f"make it, or take line {row.line} out of {file}"
    if row.kind in options:
        mend = f"safehouse revoke {options[row.kind]}{agent}{place}"
    stops = row.why == grant_rows.NO_FEATURE or row.kind == "profile"
    state = PROBLEM if stops else NOTE if row.why == grant_rows.MISSING else WARNING
    return Finding("grant", state, text, (mend,))


# variables


def _variables(host: Host) -> Iterator[Finding]:
    for name in sorted(name for name in host.environ if name.startswith(variables.START)):
        if name in variables.VARIABLES:
            option = "--" + name[len(variables.START) :].lower().replace("_", "-")
            yield Finding("variable", NOTE, f"{name} is set: as {option} in each launch from here")
        elif name in _OLD_VARIABLES:
            yield Finding("variable", NOTE, f"{name} is ignored: {_OLD_VARIABLES[name]}")
        elif name not in _OTHER_VARIABLES:
            meant = nearest(name, [*variables.VARIABLES, *_OTHER_VARIABLES])
            text = f"{printable(name)} is set, and means nothing to safehouse{meant}"
            yield Finding("variable", NOTE, text)
