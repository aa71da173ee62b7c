"""A terminal with a pretended person: Ctrl-C, Ctrl-Z and fg, for launches of both kinds."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import time

from tools.mac_check.asking import Policy
from tools.mac_check.compiling import PROJECT, make_project
from tools.mac_check.experiment import OPEN
from tools.mac_check.finding import FOUND, HIGH, Finding, held
from tools.mac_check.launches import PLAIN, environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tools.mac_check.bench import Bench

PATIENCE = 15.0
_A_MOMENT = 0.2  # no person types before all of a job has stopped or gone on
_SHELL = ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Unseen(Exception):
    """What was waited for was not shown."""


class Screen:
    """A shell in a terminal of its own."""

    def __init__(self, directory: str, environ: dict[str, str]) -> None:
        self._text = ""
        child, self._master = pty.fork()
        if child == 0:
            try:
                os.chdir(directory)
                os.execve(_SHELL[0], _SHELL, environ)
            finally:
                os._exit(126)
        self._child = child

    def type(self, text: str) -> None:
        time.sleep(_A_MOMENT)
        os.write(self._master, text.encode())

    def enter(self, line: str) -> None:
        self.type(line + "\n")

    def see(self, text: str) -> str:
        """Waits until a text is shown; gives what was shown before it. Raises Unseen."""
        deadline = time.monotonic() + PATIENCE
        while text not in self._text:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unseen(f"{text!r} was not shown, but {self._text[-400:]!r}")
            if select.select([self._master], [], [], left)[0]:
                try:
                    more = os.read(self._master, 65536)
                except OSError:  # all programs in it have ended
                    more = b""
                if not more:
                    raise Unseen(f"{text!r} was not shown before the end: {self._text[-400:]!r}")
                self._text = _ESCAPES.sub("", self._text + more.decode("utf-8", "replace"))
        before, _, self._text = self._text.partition(text)
        return before

    def close(self) -> None:
        """As by closing the window; then the shell is ended in any case."""
        os.close(self._master)
        try:
            os.kill(self._child, signal.SIGHUP)
            time.sleep(0.1)
            os.kill(self._child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self._child, 0)


def run(bench: Bench) -> Iterator[Finding]:
    make_project(bench)
    bench.scratch.make(f"{bench.scratch.home}/{PLAIN}/f")
    own = [*bench.safehouse, "--"]
    for how, words, directory in (
        ("sandbox-exec alone", bench.enforcer.words(Policy(OPEN), []), PROJECT),
        ("safehouse, becoming the command", own, PROJECT),
        ("safehouse, staying until its end", own, PLAIN),
    ):
        for belief, act in (
            ("Ctrl-C ends the command with status 130", _interrupt),
            ("the command can change the settings of the terminal", _set),
            ("Ctrl-Z stops the command, fg continues it, Ctrl-C ends it", _stop),
        ):
            bench.tell(f"{belief}: {how}")
            told = _played(bench, directory, act, words)
            yield held("launch.py supervise", f"{belief} ({how})", not told, told)
    bench.tell("typing into the terminal")
    words = [*own, bench.python, "-I", "-S", "-B", "-c", _TYPING]
    told = _played(bench, PROJECT, _type, words)
    belief = "what comes of TIOCSTI: a confined program types into its own terminal"
    yield Finding("security-model.md", HIGH, belief, FOUND, told or "it can")


def _played(
    bench: Bench, directory: str, act: Callable[[Screen, str], None], words: Sequence[str]
) -> str:
    """What went wrong in a terminal of its own; "" if nothing."""
    environ = {**environment(bench), "TERM": "dumb", "BASH_SILENCE_DEPRECATION_WARNING": "1"}
    screen = Screen(f"{bench.scratch.home}/{directory}", environ)
    try:
        screen.enter("PS1='prompt> '")
        screen.see("\nprompt> ")
        act(screen, " ".join(map(shlex.quote, words)))
    except (Unseen, OSError) as error:
        return str(error)
    finally:
        screen.close()
    return ""


# Its own words are shown when they are typed, so they must not be those that are waited for.
_ASLEEP = shlex.quote('echo as""leep; sleep 99 && echo never')
_TYPING = (
    'import fcntl, sys; fcntl.ioctl(0, 0x80017472 if sys.platform == "darwin" else 0x5412, b"Q");'
    ' print("put", "in")'
)


def _interrupt(screen: Screen, words: str) -> None:
    screen.enter(f"{words} /bin/sh -c {_ASLEEP}")
    screen.see("asleep")
    screen.type("\x03")
    screen.enter("echo status $?")
    screen.see("status 130")


def _set(screen: Screen, words: str) -> None:
    script = shlex.quote('stty -echo && stty echo && echo chan""ged')
    screen.enter(f"{words} /bin/sh -c {script}")
    screen.see("changed")


def _stop(screen: Screen, words: str) -> None:
    screen.enter(f"{words} /bin/sh -c {_ASLEEP}")
    screen.see("asleep")
    screen.type("\x1a")
    screen.see("Stopped")
    screen.enter("fg")
    screen.see("sleep 99")
    screen.type("\x03")
    screen.enter("echo status $?")
    screen.see("status 130")


def _type(screen: Screen, words: str) -> None:
    screen.enter(words)
    screen.see("put in")
