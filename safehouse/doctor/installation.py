"""The installation: which safehouse this is, which others there are, and who else could change it."""

from __future__ import annotations

import os
import re

from safehouse import __version__
from safehouse.doctor.access import all_opened
from safehouse.doctor.finding import NOTE, OK, WARNING, Finding
from safehouse.doctor.subject import search_path
from safehouse.errors import quoted
from safehouse.shims import program, wanted
from safehouse.shims.on_path import first_on_path
from safehouse.sources.own_files import short
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.doctor.subject import Subject
    from safehouse.host import Host

_NAME = "safehouse"
_MOST_READ = 64 * 1024
_HEADER, _LAUNCHER = b"# Safehouse. ", b"# Safehouse, as pip"
_BUILD = re.compile(rb'"([0-9a-f]{16})\$IFS\$0\$IFS')
_SCRIPT = b"safehouse.cli.main"
_UNINSTALL = {
    "Homebrew": "brew uninstall",
    "pipx": "pipx uninstall",
    "uv tool": "uv tool uninstall",
}
_AGENT_SAFEHOUSE = re.compile(rb"agent[- ]safehouse", re.IGNORECASE)


class Copy(Value):
    """A program called safehouse: where PATH finds it, what it is, and of ours the build ("" if unknown)."""

    path: str
    real: str
    kind: str
    build: str = ""


def findings(subject: Subject, facts: Facts) -> Iterator[Finding]:
    """All about the installation."""
    host = subject.host
    yield _ours(facts, host)
    yield from _others(facts, host)
    yield from _changeable(facts, host)
    yield from _reachable(subject, facts)


def summary(facts: Facts, host: Host) -> str:
    """The installation in one line."""
    ours = facts.ours
    return f"safehouse {__version__}, {named(facts, host)}, Python {ours.python_version}"


def named(facts: Facts, host: Host) -> str:
    """How it was installed, and where."""
    found = facts.ours.installation
    return f"{found.kind} {short(found.place, host)}"


def _ours(facts: Facts, host: Host) -> Finding:
    ours = facts.ours
    details = (
        f"build {ours.build or 'none: its sources are read'}",
        f"Python {ours.python_version}, {short(ours.python, host)}",
    )
    return Finding("installation", OK, summary(facts, host), details=details)


def copies(host: Host) -> list[Copy]:
    """The programs called safehouse in PATH, the one that is found first, each once."""
    found: dict[str, Copy] = {}
    for place in search_path(host):
        path = f"{place}/{_NAME}"
        if wanted.is_program(path):
            real = os.path.realpath(path)
            if real not in found:
                found[real] = Copy(path, real, *_looked_into(real))
    return list(found.values())


def _looked_into(path: str) -> tuple[str, str]:
    """What a program called safehouse is, and its build, without running it."""
    try:
        with open(path, "rb") as file:
            head = file.read(_MOST_READ)
    except OSError:
        return "a program that cannot be read", ""
    found = _BUILD.search(head)
    build = found[1].decode() if found else ""
    if _HEADER in head:
        return "another single file", build
    if _LAUNCHER in head or _SCRIPT in head:
        return "another one, of a package manager", build
    if _AGENT_SAFEHOUSE.search(head):
        return "agent-safehouse's program", ""
    return "another program", ""


def _others(facts: Facts, host: Host) -> Iterator[Finding]:
    ours = os.path.realpath(facts.ours.program) if facts.ours.program else ""
    found = copies(host)
    if not ours:
        text = "it was started as a module: shells start the program that is called safehouse"
        yield Finding("program", NOTE, text)
        return
    if not any(copy.real == ours for copy in found):
        directory = facts.ours.program.rpartition("/")[0]
        text = f"{short(directory, host)} is not on PATH: `safehouse` alone does not start this one"
        mend = f"at the end of your shell's file: {first_on_path(directory)}"
        yield Finding("path", NOTE, text, (mend,))
    first = True
    for copy in found:
        if copy.real == ours:
            first = False
            continue
        same = bool(copy.build) and copy.build == facts.ours.build
        what = "the same build" if same else copy.kind
        if first:
            text = f"`safehouse` starts {short(copy.path, host)}, which is {what}, not this one"
            yield Finding(
                "first-on-path", NOTE if same else WARNING, text, _mending(copy, facts, host)
            )
            first = False
        else:
            text = f"{short(copy.path, host)} is {what}, behind another one on PATH"
            yield Finding("another", OK if same else NOTE, text, (_remove(copy, host),))


def _mending(first: Copy, facts: Facts, host: Host) -> tuple[str, ...]:
    directory = facts.ours.program.rpartition("/")[0]
    line = first_on_path(directory)
    return (_remove(first, host), f"or put this one first, at the end of your shell's file: {line}")


def _remove(copy: Copy, host: Host) -> str:
    """The command that removes a copy, by whoever installed it."""
    kept = program.kept_by(copy.real)
    if kept and kept.kind in _UNINSTALL:
        return f"{_UNINSTALL[kept.kind]} {quoted(kept.place.rpartition('/')[2])}"
    sudo = "" if os.access(copy.path.rpartition("/")[0], os.W_OK) else "sudo "
    return f"{sudo}rm {quoted(short(copy.path, host))}"


def _changeable(facts: Facts, host: Host) -> Iterator[Finding]:
    """Who else could change what confines programs: the program, or the Python that runs it."""
    ours = facts.ours
    for name, path in (("program", ours.installation.place), ("python", ours.python)):
        for place in all_opened(path, host, facts):
            what = "safehouse" if name == "program" else "the Python that runs safehouse"
            text = f"others could exchange {what}: {place.why}"
            mend = (
                place.mend
                or f"install it where only you and root can write, unless you trust {place.owner}"
            )
            yield Finding(f"{name}-open", WARNING, text, (mend,))


def _reachable(subject: Subject, facts: Facts) -> Iterator[Finding]:
    """Whether confined programs are let write where the program or its Python lies."""
    host, ours = subject.host, facts.ours
    place = host.resolve(ours.installation.place).real
    python = host.resolve(ours.python).real
    features = set(subject.catalogue.in_layers(("feature",)))
    writers = subject.writers(place)
    if writers:
        text = (
            f"{short(place, host)} lies where {', '.join(writers)} may write; each launch closes it"
        )
        state = OK if features.issuperset(writers) else NOTE
        mend = "install it where no command may write: ~/.local/bin, or /usr/local/bin"
        yield Finding("program-reachable", state, text, () if state == OK else (mend,))
    writers = subject.writers(python) if not contains(place, python) else ()
    if writers:
        text = (
            f"the Python that runs safehouse, {short(python, host)}, can be changed by what is "
            f"confined by {', '.join(writers)}"
        )
        mend = "install a Python of your system, or take the single file, which uses that one"
        state = NOTE if features.issuperset(writers) else WARNING
        yield Finding("python-reachable", state, text, (mend,))
