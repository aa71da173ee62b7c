"""PATH: entries through which somebody else's program could be started, or that mean something else."""

from __future__ import annotations

import os

from safehouse import sandbox
from safehouse.doctor.access import all_opened, opened
from safehouse.doctor.finding import NOTE, OK, WARNING, Finding, counted
from safehouse.errors import printable
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.doctor.subject import Subject
    from safehouse.host import Host

_TAKE_OUT = ("take it out of PATH, in the file of your shell that adds it",)
_WINDOWS = "/mnt/"
_WITHOUT = ("confined commands get PATH without it",)


def findings(subject: Subject, facts: Facts) -> Iterator[Finding]:
    """All about PATH."""
    host = subject.host
    path = host.environ.get("PATH", "")
    entries = path.split(":") if path else []
    yield from _relative(entries)
    absolute = [entry for entry in dict.fromkeys(entries) if entry[:1] == "/"]
    missing = [entry for entry in absolute if not os.path.isdir(entry)]
    there = [entry for entry in absolute if entry not in missing]
    shown = tuple(short(entry, host) for entry in there)
    yield Finding("path", OK, counted(there, "directory"), details=shown)
    windows = [entry for entry in there if facts.is_wsl and entry.startswith(_WINDOWS)]
    for entry in there:
        if entry not in windows:
            yield from _open(entry, host, facts)
    if windows:
        text = f"{counted(windows, 'directory')} of Windows, whose permissions Linux does not see"
        yield Finding("windows", OK, text)
    yield from _late(there, subject)
    if missing:
        text = f"no directories: {counted(missing, 'entry')}"
        yield Finding("missing", OK, text, details=tuple(short(entry, host) for entry in missing))


def summary(found: tuple[Finding, ...]) -> str:
    """PATH in one line, where all is well."""
    return next((each.text for each in found if each.name == "path"), "")


def _relative(entries: list[str]) -> Iterator[Finding]:
    relative = [entry for entry in entries if entry and entry[0] != "/"]
    if "" in entries:
        text = "PATH has an empty entry, which means the directory you are in: a project's own programs"
        yield Finding("empty", WARNING, text, _TAKE_OUT, _WITHOUT)
    for entry in dict.fromkeys(relative):
        text = f"PATH has {printable(entry)}, which is another directory wherever you are"
        yield Finding("relative", WARNING, text, _TAKE_OUT, _WITHOUT)


def _open(entry: str, host: Host, facts: Facts) -> Iterator[Finding]:
    """Who else could put a program there, or exchange the directory."""
    # A sticky directory is no better: a program in it need not replace one.
    own = opened(entry, host, facts, sticky=False)
    found = [own] if own else []
    found += [
        place for place in all_opened(entry, host, facts) if not own or place.path != own.path
    ]
    for place in found:
        text = f"others could add programs to PATH: {place.why}"
        mend = place.mend or f"take it out of PATH, unless you trust {place.owner}"
        yield Finding("open", WARNING, text, (mend,))


def _late(entries: list[str], subject: Subject) -> Iterator[Finding]:
    """The entries that come last for confined commands, which may write there."""
    host = subject.host
    launch = subject.here if subject.here.plan else subject.bare
    if launch.plan is None:
        return
    written = sandbox.written(launch.plan.policy)
    active = host.environ.get("VIRTUAL_ENV", "") + "/bin"
    late = [e for e in entries if e.rstrip("/") != active and written(host.resolve(e).real)]
    if late:
        names = ", ".join(short(entry, host) for entry in late)
        text = f"confined commands may write in {names}, and find programs there last"
        yield Finding("written", NOTE, text)
