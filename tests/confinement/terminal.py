"""A terminal with a person at it: a program runs in it as the leader of a session of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time

from tests.confinement import user

# Makes the terminal at descriptor 0 the controlling one, then becomes the program.
_TAKE = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvpe(sys.argv[1], sys.argv[1:], os.environ)
"""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")
PATIENCE = 10


class Terminal:
    def __init__(
        self,
        scene,
        *words: object,
        lines: int = 24,
        columns: int = 80,
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._master, slave = pty.openpty()
        os.fchown(slave, user.UID, user.GID)
        self.resize(lines, columns)
        argv = [user.PYTHON, "-IS", "-c", _TAKE, *words]
        env = {**scene.env, "TERM": "xterm", "PS1": "prompt> ", "HISTFILE": ""}
        self._process = user.start(
            argv, scene.project, env, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self._text = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        user.end(self._process)
        self.close()

    def close(self) -> None:
        """As by closing its window."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def resize(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        # No person types before all processes of a job have stopped or gone on.
        time.sleep(0.1)
        os.write(self._master, text.encode())

    def enter(self, line: str) -> None:
        self.type(line + "\n")

    def see(self, text: str) -> str:
        """Waits until `text` is shown; gives all that was shown before it and was not yet asked for."""
        deadline = time.monotonic() + self._patience
        while text not in self._text:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} was not shown, but {self._text!r}"
            if select.select([self._master], [], [], left)[0]:
                try:
                    more = os.read(self._master, 65536)
                except OSError:  # all of the programs have ended
                    more = b""
                assert more, f"{text!r} was not shown before the end, but {self._text!r}"
                self._text = _ESCAPES.sub("", self._text + more.decode("utf-8", "replace"))
        before, _, self._text = self._text.partition(text)
        return before

    def ended(self) -> int:
        """Its exit status."""
        deadline = time.monotonic() + self._patience
        while self._process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end: {self._text!r}"
            if select.select([self._master], [], [], 0.05)[0]:
                try:
                    self._text += os.read(self._master, 65536).decode("utf-8", "replace")
                except OSError:
                    time.sleep(0.05)
        return self._process.returncode
