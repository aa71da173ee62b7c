"""Whether a shell that somebody logs in to reads our code: one is started, with their files, and asked.

What a terminal has inherited it does not have: a line may work in the one and not in the other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile

from safehouse.doctor import shell_files
from safehouse.shims import wanted
from safehouse.shims.shell import SHELLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from safehouse.host import Host

    Reading = Literal["read", "no compinit", "unread", "silent"]

READ: Reading = "read"
NO_COMPINIT: Reading = "no compinit"  # read, by a zsh in which nothing completes anything
UNREAD: Reading = "unread"
SILENT: Reading = "silent"
_SECONDS = 15
_PLACES = ("/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/run/current-system/sw/bin")
_PATH = "/usr/local/bin:/usr/bin:/bin"
_KEPT = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL")
# What moves a shell's files. A login may set it or not, and here it may be a project that does.
_MOVING = {"zsh": "ZDOTDIR", "fish": "XDG_CONFIG_HOME"}
_ASKED = "SAFEHOUSE_ASKED"  # in a shell that we ask: its files may start doctor again
_MARK = "\nsafehouse at login: "
_QUESTION = f'\\builtin printf "{_MARK}%s\\n" "${{__safehouse_program:+{READ}}}"'
_QUESTIONS = {
    "bash": _QUESTION,
    "zsh": f"{_QUESTION}; (( ${{+functions[compdef]}} )) || echo {NO_COMPINIT}",
    "fish": f"set -q __safehouse_program; and printf '{_MARK}{READ}\\n'; or printf '{_MARK}\\n'",
}


def readings(host: Host, login_shell: str) -> Mapping[str, Reading]:
    """What each shell says in whose files the line is; `login_shell` is the system's word for theirs."""
    found: dict[str, Reading] = {}
    if host.is_borrowed() or _ASKED in host.environ:
        return found  # what lies in another HOME may be a project's
    for shell in SHELLS:
        program = _program(shell, login_shell)
        if program and shell_files.inits(shell, host):
            said = asked(program, shell, host)
            moved = host.environ.get(_MOVING.get(shell, ""))
            found[shell] = SILENT if moved and said == UNREAD else said
    return found


def asked(program: str, shell: str, host: Host) -> Reading:
    """What a shell says that is started as at a login, with no terminal."""
    environment = {name: host.environ[name] for name in _KEPT if name in host.environ}
    environment.update(PATH=_PATH, SHELL=program, TERM="dumb", **{_ASKED: "1"})
    with tempfile.TemporaryFile() as said:  # what it leaves running may keep it open
        process = subprocess.Popen(
            (program, "-l", "-i", "-c", _QUESTIONS[shell]),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.DEVNULL,
            cwd=host.home,
            env=environment,
            start_new_session=True,
        )
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        _, mark, answer = said.read().decode("utf-8", "replace").rpartition(_MARK)
    if not mark:
        return SILENT
    first, *more = answer.split("\n")
    if first != READ:
        return UNREAD
    return NO_COMPINIT if NO_COMPINIT in more else READ


def _program(shell: str, login_shell: str) -> str:
    """Where a shell lies, as the system knows; "" for nowhere."""
    if os.path.basename(login_shell) == shell and wanted.is_program(login_shell):
        return login_shell
    places = (f"{place}/{shell}" for place in _PLACES)
    return next((path for path in places if wanted.is_program(path)), "")
