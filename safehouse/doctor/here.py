"""The directory that the person is in: whether a launch may start there, and what its project asks for."""

from __future__ import annotations

from safehouse.doctor.finding import NOTE, OK, PROBLEM, Finding, of_error
from safehouse.sources import protected, trust
from safehouse.sources.command_line import no_project
from safehouse.sources.own_files import short
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.subject import Subject
    from safehouse.host import Host

_VERDICTS = {
    trust.UNKNOWN: "you have not said whether what it opens is to be opened",
    trust.CHANGED: "it has changed since you looked at it, and opens nothing",
    trust.DECLINED: "you declined it, and it opens nothing",
}


def findings(subject: Subject) -> Iterator[Finding]:
    """All about the directory."""
    host, here = subject.host, subject.here
    shown = short(host.cwd, host)
    if here.error:
        other = subject.bare.error
        if other and other.message == here.error.message:
            yield Finding("directory", OK, f"{shown}: no launch starts anywhere, see above")
        else:
            # Who is at home, or looks at our files, does not want to start an agent there.
            usual = contains(host.cwd, host.home) or _is_ours(host) or no_project(host, host.cwd)
            yield of_error("directory", here.error, NOTE if usual else PROBLEM)
    else:
        yield Finding("directory", OK, f"{shown}: a launch can start here")
    if here.plan:
        configuration = here.plan.configuration
        if configuration.project:
            told = _VERDICTS.get(configuration.verdict, "")
            text = f"this project has a configuration of its own{': ' if told else ', which you trust'}{told}"
            waits = configuration.verdict in (trust.UNKNOWN, trust.CHANGED)
            mend = ("safehouse trust",) if waits else ()
            yield Finding("project", NOTE if waits else OK, text, mend)
        for notice in here.plan.notices:
            if notice.startswith("XDG_CONFIG_HOME: "):
                continue  # own_places.py says so
            yield Finding("notice", NOTE, notice)


def summary(found: tuple[Finding, ...]) -> str:
    """The directory in one line, where all is well."""
    return "; ".join(each.text for each in found if each.name in ("directory", "project"))


def _is_ours(host: Host) -> bool:
    return any(contains(place, host.cwd) for place in protected.own_directories(host))
