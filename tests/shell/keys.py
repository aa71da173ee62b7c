"""A person at an interactive shell: keys are pressed, and the shell itself says what its line is then.

Behind the keys comes one more, which is bound to a function that writes the line and the cursor's place
into a pipe. So nothing is waited for but the shell, and nothing is guessed from the screen.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import tempfile
import termios
import time
from pathlib import Path

import pytest

from tests.confinement import user
from tests.shell.person import program

PATIENCE = 60
SHELLS = ("bash", "zsh", "fish")
_REPORT = "\x18r"  # Ctrl-X r
_CLEAR = "\x05\x15"  # Ctrl-E Ctrl-U
_ESCAPES = re.compile(
    r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78cM])|[\r\x07\x0e\x0f]"
)
# Makes the terminal at descriptor 0 the controlling one, then becomes the shell.
_TAKE = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvpe(sys.argv[1], sys.argv[1:], os.environ)
"""
_OPTIONS = {
    "bash": ("--noprofile", "--norc", "-i"),
    "zsh": ("-f", "-i"),
    "fish": ("--interactive",),
}
# What binds the key; @PIPE@ is where the line goes.
_BINDINGS = {
    "bash": r"""
bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
bind 'set completion-query-items -1'; bind 'set page-completions off'
__report() { printf '%s\037%s\036' "$READLINE_LINE" "$READLINE_POINT" >'@PIPE@'; }
bind -x '"\C-xr": __report'
PS1='> ' PS2='' HISTFILE=
""",
    "zsh": r"""
bindkey -e
__report() { printf '%s\037%s\036' "$BUFFER" "$CURSOR" >'@PIPE@' }
zle -N __report; bindkey '^Xr' __report
unsetopt prompt_cr prompt_sp beep
LISTMAX=10000 PS1='> ' HISTFILE=
""",
    "fish": r"""
function __report
    printf '%s\037%s\036' (commandline | string collect) (commandline -C) >'@PIPE@'
end
bind \cxr __report
function fish_prompt; echo -n '> '; end
set -g fish_autosuggestion_enabled 0
set -g fish_greeting
""",
}


class Keyboard:
    """Of somebody at a shell that has read `setup`, in `cwd`; an ordinary user, as `user` is."""

    def __init__(self, shell: str, setup: str, cwd: Path, env: dict[str, str]) -> None:
        argv = [program(shell), *_OPTIONS[shell]]
        self._folder = tempfile.TemporaryDirectory()
        pipe = f"{self._folder.name}/pipe"
        os.mkfifo(pipe)
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        script = Path(self._folder.name, "setup")
        script.write_text(_BINDINGS[shell].replace("@PIPE@", pipe) + setup)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 200, 120, 0, 0))
        os.fchown(slave, user.UID, user.GID)
        user.own(Path(self._folder.name))
        self._process = user.start(
            [user.PYTHON, "-IS", "-c", _TAKE, *argv],
            cwd,
            {"TERM": "xterm", "LC_ALL": "C.UTF-8", **env},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._shown = b""
        self.run(f"source {script}")

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(self, *_: object) -> None:
        user.end(self._process)
        os.close(self._master)
        os.close(self._pipe)
        self._folder.cleanup()

    def line(self, keys: str) -> str:
        """The line after the keys; `|` stands where the cursor is, if that is not its end."""
        text, point = self.press(_CLEAR + keys)
        size = len(text.encode()) if point > len(text) else len(text)  # bash counts bytes
        return text if point == size else f"{text[:point]}|{text[point:]}"

    def shown(self, keys: str) -> str:
        """What appears while the keys are pressed."""
        self.press(_CLEAR)
        self._shown = b""
        self.press(keys)
        return _ESCAPES.sub("", self._shown.decode("utf-8", "replace"))

    def run(self, command: str) -> str:
        """What a command prints."""
        self._shown = b""
        self._type(f"{_CLEAR}{command}\n")
        self.press("")
        return _ESCAPES.sub("", self._shown.decode("utf-8", "replace"))

    def press(self, keys: str) -> tuple[str, int]:
        """Presses keys in the line as it is; gives what it is then, and the place of the cursor."""
        self._type(keys + _REPORT)
        said = b""
        deadline = time.monotonic() + PATIENCE
        while not said.endswith(b"\x1e"):
            left = deadline - time.monotonic()
            assert left > 0, f"the shell does not answer; it shows {self._shown!r}"
            ready = select.select([self._pipe, self._master], [], [], left)[0]
            if self._master in ready:
                self._look()
            if self._pipe in ready:
                said += os.read(self._pipe, 65536)
        while select.select([self._master], [], [], 0)[0]:
            self._look()
        text, _, point = said[:-1].decode().rpartition("\x1f")
        return text, int(point)

    def _type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def _look(self) -> None:
        try:
            self._shown += os.read(self._master, 65536)
        except OSError:
            pytest.fail(f"the shell has ended; it showed {self._shown!r}")
        if self._shown.endswith((b"\x1b[c", b"\x1b[0c")):
            os.write(self._master, b"\x1b[?62c")  # fish asks what terminal this is
