"""At a terminal all is as without safehouse: size, raw mode, Ctrl-C, Ctrl-Z, background, /dev/tty."""

from __future__ import annotations

import time

import pytest

from tests.confinement.terminal import Terminal
from tests.confinement.user import PYTHON, linux_only

pytestmark = pytest.mark.confinement

INTERACTIVE = ("bash", "--norc", "--noprofile", "--noediting", "-i")
# A command of which it is known when it waits: Ctrl-C a moment before would be for its shell.
SLEEP = "sh -c 'echo as\"\"leep; exec sleep 99'"
# Whether safehouse stands before a command: each of these holds without it, too, and with a recorder.
RECORDED = pytest.param(
    "recorded", marks=linux_only("on a Mac nothing records within a launch"), id="recorded"
)
BOTH = pytest.mark.parametrize(
    "confined", [pytest.param(True, id="confined"), RECORDED, pytest.param(False, id="free")]
)


def command(scene, confined, *words):
    options = ["--denials"] if confined == "recorded" else []
    return [scene.safehouse, *options, "--", *words] if confined else words


def python(body):
    imports = "import fcntl, os, select, signal, struct, sys, termios, time, tty\n"
    return [PYTHON, "-uIS", "-c", imports + body]


def shell(scene):
    """An interactive bash, as a person has it."""
    return Terminal(scene, *INTERACTIVE)


@BOTH
def test_it_is_a_terminal(scene, confined):
    body = """
assert all(os.isatty(number) for number in (0, 1, 2))
print(os.get_terminal_size())
with open("/dev/tty", "w") as own:
    own.write("to the terminal\\n")
assert os.tcgetpgrp(0) == os.getpgrp()
os.ttyname(0)
print("all seen")
"""
    with Terminal(
        scene, *command(scene, confined, *python(body)), lines=33, columns=99
    ) as terminal:
        terminal.see("columns=99, lines=33")
        terminal.see("to the terminal")
        if confined:
            # bubblewrap's own /dev/pts: the name is that of the console, but there is one.
            terminal.see("all seen")
        assert terminal.ended() == 0


@BOTH
def test_raw_mode(scene, confined):
    body = """
before = termios.tcgetattr(0)
tty.setraw(0)
print("raw")
print(repr(os.read(0, 1)), repr(os.read(0, 3)), repr(os.read(0, 1)))
termios.tcsetattr(0, termios.TCSADRAIN, before)
print("cooked")
"""
    with Terminal(scene, *command(scene, confined, *python(body))) as terminal:
        terminal.see("raw")
        terminal.type("\x03")  # Ctrl-C is a character now
        terminal.type("\x1b[A")
        terminal.type("\x1a")
        terminal.see("'\\x03' b'\\x1b[A' b'\\x1a'")
        terminal.see("cooked")
        assert terminal.ended() == 0


@BOTH
def test_a_new_size_is_told(scene, confined):
    body = """
signal.signal(signal.SIGWINCH, lambda *_: print("now", os.get_terminal_size().columns))
print("ready")
deadline = time.monotonic() + 9
while time.monotonic() < deadline and os.get_terminal_size().columns != 132:
    time.sleep(0.05)
time.sleep(0.2)
"""
    with Terminal(scene, *command(scene, confined, *python(body))) as terminal:
        terminal.see("ready")
        terminal.resize(40, 120)
        terminal.see("now 120")
        terminal.resize(50, 132)
        terminal.see("now 132")
        assert terminal.ended() == 0


@BOTH
def test_ctrl_c_ends_a_program(scene, confined):
    with shell(scene) as terminal:
        terminal.see("prompt> ")
        words = " ".join(
            map(str, command(scene, confined, "sh", "-c", "'echo as\"\"leep; exec sleep 99'"))
        )
        terminal.enter(words)
        terminal.see("asleep")
        terminal.type("\x03")
        terminal.see("prompt> ")
        terminal.enter("echo status $?")
        terminal.see("status 130")


@BOTH
@pytest.mark.parametrize(("key", "name"), [("\x03", "SIGINT"), ("\x1c", "SIGQUIT")])
def test_a_program_that_handles_ctrl_c_goes_on(scene, confined, key, name):
    body = f"""
signal.signal(signal.{name}, lambda *_: print("caught"))
print("ready")
while True:
    # A read would not be interrupted by a signal that came a moment before it.
    if select.select([0], [], [], 0.05)[0]:
        line = os.read(0, 99)
        if not line:
            break
        print("got", line.decode())
"""
    with Terminal(scene, *command(scene, confined, *python(body))) as terminal:
        terminal.see("ready")
        for _ in range(3):
            terminal.type(key)
            assert "caught" not in terminal.see("caught")
        terminal.enter("more")
        assert "caught" not in terminal.see("got more"), "each is delivered once"
        terminal.type("\x04")
        assert terminal.ended() == 0


@BOTH
def test_ctrl_z_and_back(scene, confined):
    with shell(scene) as terminal:
        terminal.see("prompt> ")
        body = "'echo re\"\"ady; while read line; do echo got $line; done; exit 7'"
        terminal.enter(" ".join(map(str, command(scene, confined, "sh", "-c", body))))
        terminal.see("ready")
        for word in ("one", "two"):
            terminal.type("\x1a")
            terminal.see("Stopped")
            terminal.see("prompt> ")
            terminal.enter("jobs")
            terminal.see("Stopped")
            terminal.see("prompt> ")
            terminal.enter("fg")
            terminal.see("sh -c")
            terminal.enter(word)
            terminal.see(f"got {word}")
        terminal.type("\x04")
        terminal.see("prompt> ")
        terminal.enter("echo status $?")
        terminal.see("status 7")


@BOTH
def test_a_program_that_suspends_itself(scene, confined):
    """As full-screen programs do at Ctrl-Z, which is a character to them."""
    body = """
before = termios.tcgetattr(0)
tty.setraw(0)
print("raw")
while True:
    key = os.read(0, 1)
    if key == b"\\x1a":
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        os.kill(0, signal.SIGTSTP)
        tty.setraw(0)
        print("again")
    else:
        break
termios.tcsetattr(0, termios.TCSADRAIN, before)
print("over")
"""
    script = scene.write("src/project/screen.py", python(body)[-1])
    with shell(scene) as terminal:
        terminal.see("prompt> ")
        terminal.enter(" ".join(map(str, command(scene, confined, PYTHON, "-u", script))))
        for _ in range(2):
            terminal.see("raw" if _ == 0 else "again")
            terminal.type("\x1a")
            terminal.see("Stopped")
            terminal.see("prompt> ")
            terminal.enter("fg")
        terminal.see("again")
        terminal.type("q")
        terminal.see("over")
        terminal.see("prompt> ")


@BOTH
def test_an_interactive_shell_inside(scene, confined):
    """With job control of its own."""
    with Terminal(scene, *command(scene, confined, *INTERACTIVE)) as terminal:
        start = terminal.see("prompt> " if not confined else "$ ")
        assert "no job control" not in start
        terminal.enter("PS1=in\\>\\ ")
        terminal.see("in> ")
        terminal.enter(SLEEP)
        terminal.see("asleep")
        terminal.type("\x1a")
        terminal.see("Stopped")
        terminal.enter('bg; jobs; kill %1; wait; echo ov""er')
        terminal.see("over")
        terminal.enter(SLEEP)
        terminal.see("asleep")
        terminal.type("\x03")
        terminal.enter("echo status $?")
        terminal.see("status 130")
        terminal.enter("exit 5")
        assert terminal.ended() == 5


@BOTH
def test_in_the_background(scene, confined):
    with shell(scene) as terminal:
        terminal.see("prompt> ")
        words = " ".join(
            map(str, command(scene, confined, "sh", "-c", "'sleep 0.3; echo from behind'"))
        )
        terminal.enter(f"{words} </dev/null &")
        terminal.see("prompt> ")
        terminal.enter("echo in  front")
        terminal.see("in front")
        terminal.see("from behind")
        terminal.enter("wait; echo status $?")
        terminal.see("status 0")


@BOTH
def test_reading_in_the_background_stops_it(scene, confined):
    with shell(scene) as terminal:
        terminal.see("prompt> ")
        words = " ".join(map(str, command(scene, confined, "sh", "-c", "'read x; echo got $x'")))
        terminal.enter(f"{words} &")
        terminal.see("prompt> ")
        terminal.enter("sleep 0.5; jobs")
        terminal.see("Stopped")
        terminal.enter("fg")
        terminal.see("read x")
        terminal.enter("word")
        terminal.see("got word")


@BOTH
@pytest.mark.parametrize("leader", ["the program", "a shell"])
def test_a_closed_terminal_ends_the_program(scene, confined, leader):
    """The terminal tells the leader of its session, which safehouse is in `tmux new safehouse ...`."""
    body = "trap 'echo hung up >hup; exit' HUP; echo ready; while :; do sleep 0.05; done"
    words = command(scene, confined, "sh", "-c", body)
    if leader == "a shell":
        words = ["bash", "--norc", "-ic", '"$@"; true', "bash", *words]
    with Terminal(scene, *words) as terminal:
        terminal.see("ready")
        terminal.close()
        deadline = time.monotonic() + 3
        while not (scene.project / "hup").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert (scene.project / "hup").exists()
