"""The shell integration: whether typing an agent's name starts it confined, in this shell and the next."""

from __future__ import annotations

import os

from safehouse.doctor import shell_files, shell_line
from safehouse.doctor.finding import NOTE, OK, PROBLEM, WARNING, Finding, of_error
from safehouse.doctor.login import UNREAD
from safehouse.doctor.shell_line import place
from safehouse.doctor.shell_state import PAST, UNCLEAR, calling, is_off, way_of
from safehouse.doctor.subject import search_path
from safehouse.errors import UserError, printable
from safehouse.shims import wanted
from safehouse.shims.shell import SHELLS
from safehouse.sources import shim_file
from safehouse.sources.own_files import short
from safehouse.sources.settings import Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.doctor.shell_files import Init, Line
    from safehouse.doctor.shell_state import State, Way
    from safehouse.doctor.subject import Subject
    from safehouse.host import Host

_ANEW = "open a new terminal"
_CONFIG = "~/.config/safehouse/config.yaml"
_LEAVE_OUT = f"or leave the name out: `shims:` in {_CONFIG} lists those that you want"


def findings(subject: Subject, facts: Facts) -> Iterator[Finding]:
    """All about shells. The files on PATH that do the same are shims.py's."""
    host = subject.host
    here = calling(host)
    usual = os.path.basename(host.environ.get("SHELL", "") or facts.login_shell)
    shells = [here.shell] if here else [usual] if usual in SHELLS else []
    lines = {shell: shell_files.inits(shell, host) for shell in SHELLS}
    for shell in SHELLS:
        yield from shell_line.findings(shell, lines[shell], host, facts)
    if here:
        yield from _active(here, lines[here.shell], subject, facts)
    elif shells:
        yield from _not_active(usual, lines[usual], subject, facts)
    else:
        text = f"there is no code for your shell ({printable(usual) or 'nothing says which it is'})"
        yield Finding(
            "integration", NOTE, text, ("files on PATH do the same: safehouse shims install",)
        )
    if is_off(host):
        text = "SAFEHOUSE_OFF is set: agents are started as they are, and say so"
        yield Finding("off", WARNING, text, ("safehouse on" if here else "unset SAFEHOUSE_OFF",))


def summary(subject: Subject, facts: Facts) -> str:
    """The integration in one line, where all is well."""
    host = subject.host
    here = calling(host)
    if not here:
        with_line = [
            shell
            for shell in SHELLS
            if shell_files.inits(shell, host) and facts.logins.get(shell) != UNREAD
        ]
        if with_line:
            return f"{', '.join(with_line)} will start agents confined by their names"
        return "agents are confined where `safehouse` stands before their names"
    names = [name for name, found in here.names.items() if found.shim]
    if not names:
        return f"{here.shell} has the code of safehouse, for no name of an agent"
    return f"{here.shell} starts {_listed(names)} confined"


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 6 else f"{len(names)} names of agents"


# A shell that has read the code


def _active(here: State, inits: list[Init], subject: Subject, facts: Facts) -> Iterator[Finding]:
    shims = sorted(name for name, found in here.names.items() if found.shim)
    text = f"{here.shell} {here.version} has read the code"
    yield Finding("integration", OK, text, details=(f"for {', '.join(shims) or 'no agent'}",))
    if here.build != facts.ours.build:
        text = f"this {here.shell} has read the code of another build, {here.build or 'a checkout'}"
        yield Finding("build", WARNING, text, ("safehouse on", f"or {_ANEW}"))
    if not inits:
        text = f"no file of {here.shell} has the line, as far as can be seen: a new shell may not read it"
        mend = (shell_line.adding(here.shell, subject.host, facts),)
        fix = shell_line.appending(here.shell, subject.host, facts)
        yield Finding("line", NOTE, text, mend, fix=fix)
    yield from _bypassed(here, inits, subject.host)
    if not is_off(subject.host):
        yield from _missing(here, inits, subject)
    yield from _shared(here, inits, subject)


def _bypassed(here: State, inits: list[Init], host: Host) -> Iterator[Finding]:
    """Names that something else than our function answers to."""
    shims = {name for name, found in here.names.items() if found.shim}
    lines = {alias.name: alias for alias in shell_files.aliases(here.shell, host)}
    for name, found in here.names.items():
        written = lines.get(name)
        alias = found.alias
        if here.shell == "fish":  # there an alias is a function: ours, where it is led through it
            alias = written.text if written and not found.shim else ""
        if found.function and found.mentions:
            text = f"{name} is a function of yours, which mentions safehouse: it was left alone"
            yield Finding(f"function-{name}", NOTE, text)
        elif found.function and not alias:
            text = f"{name} is a function of yours: it is not confined by its name"
            erase = "functions --erase" if here.shell == "fish" else "unset -f"
            mend = (f"{erase} {name}; safehouse on", f"and remove it from your files; {_LEAVE_OUT}")
            yield Finding(f"function-{name}", PROBLEM, text, mend)
        elif alias and (found.shim or found.function):
            way = way_of(alias, shims, _programs(alias, host))
            yield from _alias(name, alias, way, written.line if written else None, inits, host)


def _alias(
    name: str, text: str, way: Way, line: Line | None, inits: list[Init], host: Host
) -> Iterator[Finding]:
    """An alias that does not lead to our function, or perhaps not."""
    meaning = f"{name} is an alias for {printable(text)}" + (
        f" ({place(line, host)})" if line else ""
    )
    if way == UNCLEAR:
        text = f"{meaning}: whether it comes to what confines {name} is not known"
        where = f" in {place(line, host)}" if line else ""
        yield Finding(f"alias-{name}", WARNING, text, (f"remove it{where}; here: unalias {name}",))
    elif way == PAST:
        text = f"{meaning}, which goes past what confines it"
        later = _moved(line, inits, host)
        yield Finding(f"alias-{name}", PROBLEM, text, ("safehouse on", *later))


def _moved(line: Line | None, inits: list[Init], host: Host) -> tuple[str, ...]:
    """How new shells have the alias led through our function: it must have been made before ours."""
    if line and inits and shell_files.is_behind(line, inits[-1]):
        file, number = short(line.path, host), inits[-1].line.number
        return (f"and for new shells: put line {number} of {file} behind the alias, at its end",)
    return ("and for new shells: make the alias before the line of safehouse, or not at all",)


def _programs(alias: str, host: Host) -> set[str]:
    """The words of an alias that PATH finds."""
    places = search_path(host)
    return {word for word in alias.split() if "/" not in word and wanted.is_installed(word, places)}


def _missing(here: State, inits: list[Init], subject: Subject) -> Iterator[Finding]:
    """Agents that are installed, and that this shell starts as they are."""
    names, wrong = _names(inits, subject)
    if wrong:
        yield wrong
    answered = {name for name, found in here.names.items() if found.shim or found.function}
    places = search_path(subject.host)
    without = [n for n in names if n not in answered and wanted.is_installed(n, places)]
    if not without:
        return
    text = f"{_listed(without)} can be started by name in this {here.shell}, and then not confined"
    behind = next(
        (line for i in inits for line in [shell_files.path_behind(i, subject.host)] if line), None
    )
    mend = ["safehouse on"]
    if behind:
        init = inits[0].line
        mend.append(
            f"and for new shells, as PATH is changed in line {behind.number}: put line {init.number} of "
            f"{short(init.path, subject.host)} at its end"
        )
    yield Finding("missing", PROBLEM, text, tuple(mend))


def _shared(here: State, inits: list[Init], subject: Subject) -> Iterator[Finding]:
    """Agents by names that other programs have, too: these get a function only if they are asked for."""
    usual = wanted.agents(subject.catalogue)
    places = search_path(subject.host)
    names = [name for name in subject.agents() if name not in usual and name not in here.names]
    found = [name for name in names if wanted.is_installed(name, places)]
    if found:
        text = (
            f"{_listed(found)}: others are called so, too, and it is not confined by its name alone"
        )
        names = [*_names(inits, subject)[0], *found]
        mend = f"if you want that: `shims: [{', '.join(names)}]` in {_CONFIG}"
        yield Finding("shared-names", NOTE, text, (mend,))


def _names(inits: list[Init], subject: Subject) -> tuple[list[str], Finding | None]:
    """The names that the line makes functions for, and what is wrong with those that were chosen."""
    installed = [shim.name for shim in subject.found.shims]
    agents = inits[-1].agents if inits else None
    chosen = subject.own.shims if subject.own else None
    if agents is not None:
        chosen = tuple(Item(name, "--agents") for name in agents)
    if chosen is None:
        return installed, None
    try:
        found = wanted.look(subject.host, subject.catalogue, chosen)
    except UserError as error:
        # In the line it leaves the shell without all functions, in config.yaml with those of all agents.
        wrong = of_error("names", error, WARNING if agents is None else PROBLEM)
        return installed if agents is None else [], wrong
    return [shim.name for shim in found.shims], None


# A shell that has not, or that cannot be seen


def _not_active(shell: str, inits: list[Init], subject: Subject, facts: Facts) -> Iterator[Finding]:
    if inits:
        wrong = _names(inits, subject)[1]
        if wrong:
            yield wrong
        if facts.logins.get(shell) != UNREAD:
            yield _unseen(shell, inits[-1], subject, facts)
        yield from _aliases_behind(shell, inits[-1], subject)
        return
    host = subject.host
    if _confined_by_files(subject):
        yield Finding("integration", OK, "shims on PATH start agents confined, in all shells")
        return
    text = f"{shell} starts agents as they are: put `safehouse` before them, or have it confine them by name"
    mend = (shell_line.adding(shell, host, facts),)
    fix = shell_line.appending(shell, host, facts)
    yield Finding("integration", NOTE, text, mend, fix=fix)


def _confined_by_files(subject: Subject) -> bool:
    """Whether each agent that PATH finds is one of our shims."""
    found = [
        next(
            (p for s in search_path(subject.host) for p in [f"{s}/{name}"] if wanted.is_program(p)),
            "",
        )
        for name in wanted.agents(subject.catalogue)
    ]
    first = [path for path in found if path]
    return bool(first) and all(shim_file.is_shim(path) for path in first)


def _unseen(shell: str, init: Init, subject: Subject, facts: Facts) -> Finding:
    """That the line is there, and whether the shell that called us should have read it."""
    shown = place(init.line, subject.host)
    if facts.caller.lstrip("-") == shell and facts.terminal:
        text = f"this {shell} has not read the line of {shown}, or safehouse was called past its function"
        return Finding(
            "integration", WARNING, text, (_ANEW, "or call it by its name: safehouse doctor")
        )
    text = f"{shown} has {shell} confine agents by name; this was not called from such a shell"
    return Finding("integration", OK, text)


def _aliases_behind(shell: str, init: Init, subject: Subject) -> Iterator[Finding]:
    """Aliases that are made when our code has been read already, as far as the files tell."""
    host = subject.host
    names = _names([init], subject)[0]
    for alias in shell_files.aliases(shell, host):
        if alias.name not in names or not shell_files.is_behind(alias.line, init):
            continue
        way = way_of(alias.text, names, _programs(alias.text, host))
        yield from _alias(alias.name, alias.text, way, alias.line, [init], host)
