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
from safehouse.doctor.finding import WARNING, Finding, Section, of_error
from safehouse.doctor.subject import subject
from safehouse.errors import UserError, printable
from safehouse.host import LINUX, MACOS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    installed = dict.fromkeys(shim.profile for shim in examined.found.shims)
    known = facts or Facts.current(host, installed)
    return Examination(examined, known, tuple(group(examined, known) for group in _GROUPS))


def _all(findings: Iterator[Finding]) -> tuple[Finding, ...]:
    """All findings; where looking further is refused, those up to there, and the refusal."""
    found: list[Finding] = []
    try:
        for finding in findings:
            found.append(finding)  # what comes before an error is kept
    except UserError as error:
        found.append(of_error("unexamined", error, WARNING))
    except OSError as error:
        text = f"not all could be looked at: {printable(str(error.filename))}: {error.strerror}"
        found.append(Finding("unexamined", WARNING, text))
    return tuple(found)


def _system(subject: Subject, facts: Facts) -> Section:
    system = _SYSTEMS[subject.host.platform]
    stopped = subject.bare.error is not None and subject.bare.plan is None
    found = _all(system.findings(subject.host, facts, stopped))
    return Section("system", "system", system.summary(facts), found)


def _installation(subject: Subject, facts: Facts) -> Section:
    found = _all(installation.findings(subject, facts))
    return Section("installation", "installation", installation.summary(facts, subject.host), found)


def _shell(subject: Subject, facts: Facts) -> Section:
    found = (*_all(shell.findings(subject, facts)), *_all(file_shims.findings(subject)))
    return Section("shell", "shell", shell.summary(subject, facts), found)


def _agents(subject: Subject, facts: Facts) -> Section:
    found = _all(agents.findings(subject))
    return Section("agents", "agents", agents.summary(found), found)


def _path(subject: Subject, facts: Facts) -> Section:
    found = _all(path_entries.findings(subject, facts))
    return Section("path", "PATH", path_entries.summary(found), found)


def _configuration(subject: Subject, facts: Facts) -> Section:
    found = _all(configuration.findings(subject))
    return Section("configuration", "configuration", configuration.summary(found), found)


def _leftovers(subject: Subject, facts: Facts) -> Section:
    found = _all(leftovers.findings(subject, facts))
    return Section("leftovers", "left-overs", leftovers.summary(found), found)


def _here(subject: Subject, facts: Facts) -> Section:
    found = _all(here.findings(subject))
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
