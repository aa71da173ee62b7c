"""A person at a terminal: our line goes into the shell's file, and from then on the agent's name does."""

from __future__ import annotations

import pytest

from safehouse.shims.shell import line_of, quoting
from tests.confinement.terminal import Terminal
from tests.shell.person import LINES, program

pytestmark = pytest.mark.confinement
FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
PROMPTS = {
    "bash": "PS1='ready> '\n",
    "zsh": "PS1='ready> '\nunsetopt prompt_sp\n",
    "fish": "function fish_prompt; echo -n 'ready> '; end\nset fish_greeting\n",
}
# Says when it waits, and what woke it.
WAITING = """#!/bin/sh
trap 'echo inter""rupted; exit 5' INT
trap 'echo go""ing on' CONT
echo "wait""ing ${SAFEHOUSE_SANDBOX:+1}"
while :; do sleep 0.05; done
"""
STATUS = {"fish": "$status"}


@pytest.fixture
def terminal(person, shell):
    """An interactive shell as one is started in a new window."""
    person.scene.write(FILES[shell], PROMPTS[shell])
    person.scene.env["PATH"] = person.env["PATH"]
    return lambda: Terminal(person.scene, program(shell), "-i", patience=20)


def add_the_line(person, shell):
    file = person.scene.home / FILES[shell]
    file.write_text(file.read_text() + LINES[shell] + "\n")


def test_the_line_that_is_shown_is_the_line_that_works(person, shell, terminal):
    with terminal() as window:
        window.see("ready> ")
        window.enter(f"safehouse init {shell}")
        window.see("put this line at the end of ")
        shown = window.see("ready> ").replace("\n", "").replace("safehouse: ", "", 1)
        line = line_of(shell, quoting(shell)(f"{person.bin}/safehouse"))
        assert line in shown
        window.enter("claude before")
        window.see("ready> ")
        (person.scene.home / "line").write_text(f"{line}\n")
        window.enter(f"cat ~/line >>~/{FILES[shell]}")
        window.see("ready> ")
    with terminal() as window:
        window.see("ready> ")
        window.enter("claude 'after  it'")
        window.see("ready> ")
    assert person.got() == [("no", "before"), ("1", "after  it")]


def test_ctrl_c_ends_what_it_would_end(person, shell, terminal):
    person.install("claude", WAITING)
    add_the_line(person, shell)
    with terminal() as window:
        window.see("ready> ")
        window.enter("claude")
        window.see("waiting 1")
        window.type("\x03")
        window.see("interrupted")
        window.see("ready> ")
        window.enter(f"echo it was {STATUS.get(shell, '$?')}")
        window.see("it was 5")


def test_ctrl_z_stops_and_fg_goes_on(person, shell, terminal):
    person.install("claude", WAITING)
    add_the_line(person, shell)
    with terminal() as window:
        window.see("ready> ")
        window.enter("claude")
        window.see("waiting 1")
        window.type("\x1a")
        window.see("ready> ")
        window.enter("echo stop''ped")
        window.see("stopped")
        window.see("ready> ")
        window.enter("jobs")
        jobs = window.see("ready> ")
        assert shell == "zsh" or "safehouse run --shim -- claude" in jobs
        window.enter("fg")
        window.see("going on")
        window.type("\x03")
        window.see("interrupted")
        window.see("ready> ")
