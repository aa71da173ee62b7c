"""A launch that stays until the end: signals, the terminal and job control are as without it.

Linux and macOS have all that this takes in common, so that it is tested on both; what Seatbelt itself
does is not part of it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from safehouse.backends.seatbelt import Seatbelt
from safehouse.launch import Enforcement, Launch
from tests.confinement import user
from tests.confinement.terminal import Terminal

ROOT = Path(__file__).parents[2]
START = """
import os, sys
sys.path.insert(0, os.path.dirname(__file__))
from safehouse.backends.seatbelt import Seatbelt
from safehouse.launch import Enforcement, Launch
words = sys.argv[1:]
full = Enforcement("full", "test")
sys.exit(Seatbelt().start(Launch(words[0], tuple(words), tuple(os.environ.items()), full, stays=True)))
"""
COUNT = """
import signal, sys, time
def count(*_):
    global counted
    counted += 1
counted = 0
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), count)
print("ready", flush=True)
end = time.monotonic() + 10
while not counted and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.3)
print("counted", counted, flush=True)
"""


@pytest.fixture(scope="module")
def place():
    """Where the user of a terminal can read the package: safehouse, and two programs."""
    root = user.new_directory()
    shutil.copytree(ROOT / "safehouse", root / "safehouse")
    (root / "start.py").write_text(START)
    (root / "count.py").write_text(COUNT)
    user.own(root)
    yield root
    user.remove(root)


def words(place, *command):
    return [user.PYTHON, place / "start.py", *command]


def counting(place, *names):
    return words(place, user.PYTHON, place / "count.py", *names)


@pytest.fixture
def terminal():
    """Starts programs at a terminal of their own."""
    opened = []

    def start(*command):
        scene = SimpleNamespace(env=dict(os.environ), project="/")
        opened.append(Terminal(scene, *command))
        return opened[-1]

    yield start
    for each in opened:
        each.__exit__()


@pytest.mark.parametrize("script, status", [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)])
def test_the_status_is_the_command_s(place, script, status):
    assert subprocess.run(words(place, "/bin/sh", "-c", script), timeout=30).returncode == status


def test_what_cannot_be_executed_is_an_error_as_without_staying(tmp_path):
    launch = Launch(str(tmp_path), ("x",), (), Enforcement("full", "test"), stays=True)
    with pytest.raises(PermissionError) as error:
        Seatbelt().start(launch)
    assert error.value.filename == str(tmp_path)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGINT", "SIGQUIT"])
def test_what_is_sent_to_us_reaches_the_command_once(place, name):
    process = subprocess.Popen(
        counting(place, name), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.stdout.readline() == "counted 1\n"
        assert process.wait(30) == 0


@pytest.mark.parametrize("key, name", [("\x03", "SIGINT"), ("\x1c", "SIGQUIT")])
def test_what_is_typed_reaches_the_command_once(place, terminal, key, name):
    screen = terminal(*counting(place, name))
    screen.see("ready")
    screen.type(key)
    screen.see("counted 1")
    assert screen.ended() == 0


def test_a_new_size_of_the_window_reaches_the_command_once(place, terminal):
    screen = terminal(*counting(place, "SIGWINCH"))
    screen.see("ready")
    screen.resize(44, 55)
    screen.see("counted 1")
    assert screen.ended() == 0


def test_a_command_is_stopped_and_continued(place, terminal):
    bash = terminal("bash", "--norc", "--noprofile", "--noediting", "-i")
    bash.enter("PS1='prompt> '")
    bash.see("\nprompt> ")
    script = 'echo as""leep; sleep 99 && echo never'
    bash.enter(" ".join(f"'{word}'" for word in words(place, "/bin/sh", "-c", script)))
    bash.see("asleep")
    bash.type("\x1a")
    bash.see("Stopped")
    bash.enter("fg")
    bash.see("sleep 99")
    bash.type("\x03")
    bash.enter("echo status $?")
    bash.see("status 130")
