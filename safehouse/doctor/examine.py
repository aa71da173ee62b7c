"""An examination: all groups of checks, in the order in which a person reads about them."""

from __future__ import annotations

from safehouse.doctor import (
    agents,
    configuration,
    file_shims,
    here,
    installation,
    leftovers,
    linux,
    macos,
    path_entries,
    shell,
)
from safehouse.doctor.facts import Facts
from safehouse.doctor.finding import Section
from safehouse.doctor.subject import subject
from safehouse.host import LINUX, MACOS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.doctor.subject import Subject
    from safehouse.host import Host

    Group = Callable[[Subject, Facts], Section]

_SYSTEMS = {LINUX: linux, MACOS: macos}


class Examination(Value):
    """What was looked at, the facts that it rests on, and what was found, by group."""

    subject: Subject
    facts: Facts
    sections: tuple[Section, ...]


def examine(host: Host, facts: Facts | None = None) -> Examination:
    """Looks at everything; `facts` are those of the machine unless they are given."""
    examined = subject(host)
    names = examined.agents()
    installed = dict.fromkeys(names[shim.name] for shim in examined.found.shims)
    known = facts or Facts.current(host, installed)
    return Examination(examined, known, tuple(group(examined, known) for group in _GROUPS))


def _system(subject: Subject, facts: Facts) -> Section:
    system = _SYSTEMS[subject.host.platform]
    found = tuple(system.findings(subject.host, facts))
    return Section("system", "system", system.summary(facts), found)


def _installation(subject: Subject, facts: Facts) -> Section:
    found = tuple(installation.findings(subject, facts))
    return Section("installation", "installation", installation.summary(facts, subject.host), found)


def _shell(subject: Subject, facts: Facts) -> Section:
    found = (*shell.findings(subject, facts), *file_shims.findings(subject))
    return Section("shell", "shell", shell.summary(subject), found)


def _agents(subject: Subject, facts: Facts) -> Section:
    found = tuple(agents.findings(subject))
    return Section("agents", "agents", agents.summary(found), found)


def _path(subject: Subject, facts: Facts) -> Section:
    found = tuple(path_entries.findings(subject, facts))
    return Section("path", "PATH", path_entries.summary(found), found)


def _configuration(subject: Subject, facts: Facts) -> Section:
    found = tuple(configuration.findings(subject))
    return Section("configuration", "configuration", configuration.summary(found), found)


def _leftovers(subject: Subject, facts: Facts) -> Section:
    found = tuple(leftovers.findings(subject, facts))
    return Section("leftovers", "left-overs", leftovers.SUMMARY, found)


def _here(subject: Subject, facts: Facts) -> Section:
    found = tuple(here.findings(subject))
    return Section("here", "this directory", here.summary(found), found)


_GROUPS: tuple[Group, ...] = (
    _system,
    _installation,
    _shell,
    _agents,
    _path,
    _configuration,
    _leftovers,
    _here,
)
