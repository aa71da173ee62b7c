"""What launches that were killed have left: files that held a place, temporary files, processes."""

from __future__ import annotations

import os

from safehouse.backends import stubs, temporary
from safehouse.doctor.finding import NOTE, OK, WARNING, Finding, counted
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.doctor.subject import Subject


def summary(found: tuple[Finding, ...]) -> str:
    """What is left, in one line."""
    held = [finding for finding in found if finding.name == "stub"]
    if held:
        return (
            f"{counted(held, 'file')} of a launch that was killed; the next one here removes them"
        )
    return "nothing was left behind"


def findings(subject: Subject, facts: Facts) -> Iterator[Finding]:
    """All that is left, as far as it is cheap to find."""
    yield from _stubs(subject)
    host = subject.host
    names = temporary.abandoned(f"{host.temp}/safehouse") if host.temp else []
    if names:
        text = f"{counted(names, 'directory')} of launches that have ended; the next launches remove them"
        yield Finding("temporary", OK, text, details=tuple(names))
    for process in facts.asleep:
        text = f"process {process} is the rest of a launch that was killed before it began"
        yield Finding("asleep", WARNING, text, (f"kill -9 {process}",))


def _stubs(subject: Subject) -> Iterator[Finding]:
    """Files that stand in for others while a launch runs, and that no launch holds."""
    launch = subject.here.launch or subject.bare.launch
    for creation in launch.creations if launch else ():
        if creation.stub and os.path.lexists(creation.path) and stubs.is_abandoned(creation):
            path = short(creation.path, subject.host)
            text = f"{path} only held a place for a launch that was killed; the next one here removes it"
            yield Finding("stub", NOTE, text, ("safehouse -- true",))
