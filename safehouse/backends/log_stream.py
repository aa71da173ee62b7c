"""Reads the system's log on macOS while a launch runs: `log stream`, which takes no rights."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time

from safehouse.backends import sandbox_log
from safehouse.backends.base import Observations
from safehouse.errors import UserError

LOG = "/usr/bin/log"  # not by PATH; in zsh `log` is another command
MOST_KEPT = 10_000
_MOST_READ = 64 << 20
_LONGEST_START = 5.0  # seconds
_LONGEST_END = 3.0
_QUIET = 0.5
_SHORT = 0.02


class LogStream:
    """What the log has of a launch: see base.Recorder."""

    def __init__(self, launch_id: str, program: str = LOG) -> None:
        self.tag = sandbox_log.tag(launch_id)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._file = -1
        self._found = Observations(flaw="the command was not started")

    def begin(self) -> None:
        """Waits until the log is read. Raises UserError where it cannot be."""
        # Not a pipe, which would have to be read meanwhile.
        with tempfile.TemporaryFile() as file:
            self._file = os.dup(file.fileno())
        words = ("stream", "--style", "ndjson", "--predicate", sandbox_log.predicate(self.tag))
        try:
            self._process = subprocess.Popen(
                [self._program, *words],
                stdin=subprocess.DEVNULL, stdout=self._file, stderr=subprocess.STDOUT,
                start_new_session=True, env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
        except OSError as error:
            self._end()
            raise _unavailable(f"{self._program}: {error.strerror}") from None
        until = time.monotonic() + _LONGEST_START
        while not self._size():  # it says first what it filters by
            if self._process.poll() is not None:
                self._end()
                raise _unavailable(f"{self._program} ended at once")
            if time.monotonic() > until:
                self._end()
                raise _unavailable(f"{self._program} does not begin")
            time.sleep(_SHORT)

    def end(self) -> None:
        """Waits until nothing comes any more: what was refused last is told a moment later."""
        until = time.monotonic() + _LONGEST_END
        size, since = self._size(), time.monotonic()
        while time.monotonic() < min(until, since + _QUIET):
            time.sleep(_SHORT)
            if self._size() != size:
                size, since = self._size(), time.monotonic()
        size = self._size()
        data = os.pread(self._file, min(size, _MOST_READ), 0)
        kept, more = sandbox_log.refusals(
            data.decode("utf-8", "replace").split("\n"), self.tag, MOST_KEPT
        )
        flaw = "the log was too long to be read as a whole" if size > _MOST_READ else ""
        self._found = Observations(kept, more, flaw)
        self._end()

    def observed(self) -> Observations:
        """See base.Recorder."""
        return self._found

    def _size(self) -> int:
        return os.fstat(self._file).st_size

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        os.close(self._file)


def _unavailable(why: str) -> UserError:
    return UserError(f"denials cannot be recorded here: {why}", "leave --denials out")
