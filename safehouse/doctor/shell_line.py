"""The line in the shells' files: where it stands, whether a new shell gets it, and what would mend it."""

from __future__ import annotations

from safehouse.doctor import shell_files
from safehouse.doctor.finding import (
    APPEND,
    NOTE,
    OK,
    PROBLEM,
    REWRITE,
    WARNING,
    Finding,
    Mending,
)
from safehouse.doctor.login import NO_COMPINIT, READ, SILENT, UNREAD
from safehouse.errors import printable, quoted
from safehouse.shims import wanted
from safehouse.shims.shell import line_of, quoting
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.doctor.shell_files import Init, Line
    from safehouse.host import Host


def findings(shell: str, inits: list[Init], host: Host, facts: Facts) -> Iterator[Finding]:
    """About the lines that read the code of one shell."""
    gone = False
    for init in inits:
        shown = place(init.line, host)
        program = _program(init.program, host)
        if program and not wanted.is_program(program):
            gone = True
            text = f"{shown} reads the code of {printable(init.program)}, which is gone"
            yield _mended(f"line-{shell}", text, init, host, facts)
        else:
            yield Finding(f"line-{shell}", OK, f"{shown} has the line for {shell}")
    if inits and not gone:
        yield from _at_login(shell, inits, host, facts)


def _at_login(shell: str, inits: list[Init], host: Host, facts: Facts) -> Iterator[Finding]:
    """Whether a shell that somebody logs in to has read the line; a Mac's terminals log in."""
    name = f"login-{shell}"
    said = facts.logins.get(shell)
    if said in (READ, NO_COMPINIT):
        yield Finding(name, OK, f"a {shell} that you log in to has read it")
        if said == NO_COMPINIT:
            file = quoted(short(shell_files.usual(shell, host), host))
            text = "behind safehouse Tab offers files alone: no file of your zsh runs compinit"
            mend = f"echo 'autoload -Uz compinit && compinit' >> {file}"
            yield Finding("completion-zsh", NOTE, text, (mend,))
        return
    other = _other_file(inits, host) if shell == "bash" else ""
    if other:
        what = "does not read ~/.bashrc" if shell_files.login_file(host) else "is missing"
        text = f"a bash that you log in to does not get the line: {short(other, host)} {what}"
        mend = f"echo '[ -r ~/.bashrc ] && . ~/.bashrc' >> {quoted(short(other, host))}"
        yield Finding(name, PROBLEM if said == UNREAD else WARNING, text, (mend,))
    elif said == UNREAD:
        shown = place(inits[-1].line, host)
        text = f"a {shell} that you log in to starts agents as they are: it has not read {shown}"
        if not _program(inits[-1].program, host):
            why = "which calls safehouse by its name, before PATH has its directory, it seems"
            yield _mended(name, f"{text}, {why}", inits[-1], host, facts)
        else:
            file = short(shell_files.usual(shell, host), host)
            mend = f"start one, and read what it says; the line belongs at the end of {file}"
            yield Finding(name, PROBLEM, text, (mend,))
    elif said == SILENT:
        text = f"a {shell} that you log in to did not say whether it confines agents by name"
        yield Finding(name, NOTE, text, ("type there: type claude",))


def _other_file(inits: list[Init], host: Host) -> str:
    """The file that bash reads at a login, where only ~/.bashrc has the line and it does not read that."""
    read_at_login = shell_files.login_file(host)
    names = {init.line.path.rpartition("/")[2] for init in inits}
    if names != {".bashrc"} or (
        read_at_login and shell_files.mentions(read_at_login, "bashrc", host)
    ):
        return ""
    return read_at_login or f"{host.home}/.bash_profile"


def _mended(name: str, text: str, init: Init, host: Host, facts: Facts) -> Finding:
    """A line that does not lead to this safehouse, and which would."""
    changed = shell_files.with_program(init, _word(init.shell, facts))
    if not changed:
        return Finding(name, PROBLEM, text, (f"write there: {_line(init.shell, facts)}",))
    done = f"write in {place(init.line, host)}: {changed.strip()}"
    words = (str(init.line.number), init.line.text, changed)
    fix = Mending(REWRITE, init.line.path, done, words)
    return Finding(name, PROBLEM, text, (f"write there: {changed.strip()}",), fix=fix)


def _program(word: str, host: Host) -> str:
    """The program that a line names by a path; "" for one that PATH finds, or an unknown variable."""
    for start in ("~/", "$HOME/", "${HOME}/"):
        if word.startswith(start):
            return f"{host.home}/{word[len(start) :]}"
    return word if word[:1] == "/" else ""


def place(line: Line, host: Host) -> str:
    """Where a line stands, for a message."""
    return f"{short(line.path, host)}:{line.number}"


def adding(shell: str, host: Host, facts: Facts) -> str:
    """The command that adds the line to a shell's file."""
    file = quoted(short(shell_files.usual(shell, host), host))
    return f"echo {quoted(_line(shell, facts))} >> {file}"


def appending(shell: str, host: Host, facts: Facts) -> Mending:
    """The same, done by us."""
    file = shell_files.usual(shell, host)
    line = _line(shell, facts)
    text = f"add the line {line} at the end of {short(file, host)}"
    return Mending(APPEND, file, text, (line, shell))


def _line(shell: str, facts: Facts) -> str:
    return line_of(shell, _word(shell, facts))


def _word(shell: str, facts: Facts) -> str:
    """This safehouse, by its path: what PATH has now, a shell may not have yet when it reads the line."""
    ours = facts.ours.program
    return quoting(shell)(ours) if ours else "safehouse"
