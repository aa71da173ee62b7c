"""A person at an interactive shell: keys are pressed, and the shell itself says what its line is then.

After the keys comes one more, which the shell has bound to a function that writes the line and the
cursor's place into a pipe. So nothing is waited for but the shell.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pytest

PATIENCE = 30
_REPORT = "\x18r"  # Ctrl-X r
_ESCAPES = re.compile(
    r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78cM])|[\r\x07\x0e\x0f]"
)
# What each shell is started by, and what binds the key; {pipe} is where the line goes.
_STARTS = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "--interactive"],
}
_BINDINGS = {
    "bash": """
bind 'set bell-style none' 'set enable-bracketed-paste off' 'set completion-query-items -1' 'set page-completions off'
__report() { printf '%s\\037%s\\036' "$READLINE_LINE" "$READLINE_POINT" >'{pipe}'; }
bind -x '"\\C-xr": __report'
PS1='> ' PS2='' HISTFILE=
""",
    "zsh": """
__report() { printf '%s\\037%s\\036' "$BUFFER" "$CURSOR" >'{pipe}' }
zle -N __report
bindkey -e
bindkey '^Xr' __report
unsetopt prompt_cr prompt_sp beep; setopt no_flow_control
LISTMAX=10000 PS1='> ' HISTFILE=
""",
    "fish": """
function __report; printf '%s\\037%s\\036' (commandline | string collect) (commandline -C) >'{pipe}'; end
bind \\cxr __report
function fish_prompt; echo -n '> '; end
set -g fish_autosuggestion_enabled 0
set -g fish_greeting
""",
}


def shell(name: str) -> str:
    """Where a shell lies. Where there is none that is a skip, but on CI a failure."""
    found = shutil.which(name)
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"no {name}; make setup installs it")
    pytest.skip(f"no {name} here")


class Person:
    """Somebody at a shell that has read `setup`, in `cwd`."""

    def __init__(
        self, name: str, setup: str, cwd: Path, env: dict[str, str], options: tuple[str, ...] = ()
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        pipe = f"{self._folder.name}/pipe"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        script = Path(self._folder.name, "setup")
        script.write_text(_BINDINGS[name].replace("{pipe}", pipe) + setup)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 200, 120, 0, 0))
        self._process = subprocess.Popen(
            [shell(name), *_STARTS[name][1:], *options],
            cwd=cwd,
            env={"TERM": "xterm", "LC_ALL": "C.UTF-8", **env},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self._shown = b""
        self._enter(f"source {script}")

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)
        os.close(self._pipe)
        self._folder.cleanup()

    def line(self, keys: str) -> str:
        """The line after the keys, from an empty one; `|` stands where the cursor is, if not at its end."""
        text, point = self._press("\x05\x15" + keys)
        head = text.encode()[:point].decode() if False else text
        return head if point >= len(text) else f"{text[:point]}|{text[point:]}"

    def shown(self, keys: str) -> str:
        """What appears on the screen while the keys are pressed."""
        self._press("\x05\x15")
        self._shown = b""
        self._press(keys)
        return _ESCAPES.sub("", self._shown.decode("utf-8", "replace"))

    def run(self, command: str) -> str:
        """What a command prints."""
        self._press("\x05\x15")
        self._shown = b""
        self._enter(command)
        return _ESCAPES.sub("", self._shown.decode("utf-8", "replace"))

    def _enter(self, command: str) -> None:
        os.write(self._master, f"{command}\n".encode())
        self._press("")

    def _press(self, keys: str) -> tuple[str, int]:
        self._type((keys + _REPORT).encode())
        said = b""
        deadline = time.monotonic() + PATIENCE
        while not said.endswith(b"\x1e"):
            left = deadline - time.monotonic()
            assert left > 0, f"the shell says nothing; it shows {self._shown!r}"
            ready = select.select([self._pipe, self._master], [], [], left)[0]
            if self._master in ready:
                self._look()
            if self._pipe in ready:
                said += os.read(self._pipe, 65536)
        while select.select([self._master], [], [], 0)[0]:
            self._look()
        text, _, point = said[:-1].decode().rpartition("\x1f")
        return text, int(point)

    def _type(self, keys: bytes) -> None:
        while keys:
            keys = keys[os.write(self._master, keys[:200]) :]

    def _look(self) -> None:
        try:
            self._shown += os.read(self._master, 65536)
        except OSError:
            pytest.fail(f"the shell has ended; it showed {self._shown!r}")
        if self._shown.endswith((b"\x1b[c", b"\x1b[0c")):  # fish asks what terminal this is
            os.write(self._master, b"\x1b[?62c")
