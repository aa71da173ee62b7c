"""`safehouse doctor` in real shells: it sees what stands before an agent, and its advice mends it."""

from __future__ import annotations

import json

import pytest

from tests.confinement import user
from tests.shell.person import AGENT, LINES, program

pytestmark = pytest.mark.confinement
FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
CONFINED, FREE = "1", "no"


class Examined:
    """A shell of somebody's, started with their own files, and what doctor finds in it."""

    def __init__(self, person, shell) -> None:
        self.person, self.shell = person, shell
        person.scene.write(".profile", ". ~/.bashrc\n")  # as the systems bring it along

    def file(self, *lines: str) -> None:
        self.person.scene.write(FILES[self.shell], "".join(f"{line}\n" for line in lines))

    def run(self, *lines: str):
        """What a script prints in a new interactive shell."""
        argv = [program(self.shell), "-i", "-c", "\n".join(lines)]
        env = {**self.person.env, "SHELL": argv[0]}
        return self.person.scene.run(*argv, env=env)

    def problems(self, *before: str) -> dict[str, list[str]]:
        """What is wrong in the shell, with what mends it; `before` is typed first."""
        out = self.run(*before, "safehouse doctor --json").stdout
        document = json.loads(out[out.index("{") :])
        assert {g["name"]: g["state"] for g in document["groups"]}["system"] != "problem"
        return {
            finding["name"]: finding["mend"]
            for group in document["groups"]
            for finding in group["findings"]
            if finding["state"] == "problem"
        }


@pytest.fixture
def examined(person, shell) -> Examined:
    return Examined(person, shell)


def moved(lines: list[str], advice: str) -> list[str]:
    """The lines of a file when `put line 1 of FILE ... at its end` was followed."""
    assert advice.startswith("and for new shells")
    assert "put line 1 of " in advice
    return [*lines[1:], lines[0]]


def test_a_shell_with_the_line_is_well_and_without_it_the_line_is_shown(examined, shell):
    examined.file("")
    done = examined.run("safehouse doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    advice = done.stdout.partition("starts agents as they are")[2].splitlines()[1].strip()
    examined.run(advice)  # the advice, typed
    done = examined.run("safehouse doctor", "claude x")
    assert f"{shell} starts claude confined" in done.stdout
    assert examined.person.got() == [(CONFINED, "x")]


def test_fix_adds_the_line_once(examined, shell):
    examined.file("")
    for _ in range(2):
        done = examined.run("safehouse doctor --fix --yes")
        assert done.returncode == 0, done.stdout + done.stderr
    text = (examined.person.scene.home / FILES[shell]).read_text()
    assert text.count(f"init {shell}") == 1
    assert not examined.problems()


@pytest.mark.parametrize("kind", ["alias", "function"])
def test_what_comes_after_the_line_and_goes_past_is_found_and_mended(examined, shell, kind):
    target = examined.person.install("claude", AGENT, ".claude/local")
    if kind == "alias":
        line = f"alias claude {target}" if shell == "fish" else f"alias claude={target}"
    else:
        line = f"function claude; {target} $argv; end"
        line = line if shell == "fish" else f'function claude {{ {target} "$@"; }}'
    lines = [LINES[shell], line]
    examined.file(*lines)
    examined.run("claude x")
    assert examined.person.got() == [(FREE, "x")]
    now, *later = examined.problems()[f"{kind}-claude"]
    assert not examined.problems(now)  # in this shell
    # An alias is only looked up in what is read after it.
    examined.run(now, "eval 'claude x'")
    assert examined.person.got() == [(CONFINED, "x")]
    if kind == "alias":  # and in the next
        examined.file(*moved(lines, later[0]))
        assert not examined.problems()
        examined.run("claude x")
        assert examined.person.got() == [(CONFINED, "x")]


def test_an_agent_that_is_installed_later_is_found_and_mended(examined, shell):
    examined.file(LINES[shell])
    copy = "cp ~/.local/bin/claude ~/.local/bin/gemini"
    assert examined.problems(copy) == {"missing": ["safehouse on"]}
    (examined.person.bin / "gemini").unlink()
    examined.run(copy, "safehouse on", "gemini x")
    assert examined.person.got() == [(CONFINED, "x")]


# Debian's ~/.profile, in short.
PROFILE = """
. "$HOME/.bashrc"
PATH="$HOME/.local/bin:$PATH"
"""
PATH_LATER = {"zsh": "path=(~/.local/bin $path)", "fish": "set -gx PATH ~/.local/bin $PATH"}
BY_NAME = {shell: line.replace("~/.local/bin/", "") for shell, line in LINES.items()}


@pytest.mark.parametrize("line", [BY_NAME, LINES], ids=["by its name", "by its path"])
def test_a_shell_that_is_logged_in_to_confines_or_doctor_says_so_and_mends_it(
    examined, shell, line
):
    """It comes to the line before the one that puts ~/.local/bin on PATH."""
    if user.HAS_NAME:
        pytest.skip("the system knows another home of this user's: no shell is started in this one")
    person = examined.person
    examined.file(line[shell], PATH_LATER.get(shell, ""))
    if shell == "bash":
        person.scene.write(".profile", PROFILE)

    def login(script):
        env = {name: value for name, value in person.scene.env.items() if name != "PATH"}
        argv = [program(shell), "-l", "-i", "-c", script]
        return person.scene.run(*argv, env={**env, "SHELL": argv[0]})

    login("claude x")
    assert person.got() == [(FREE if line is BY_NAME else CONFINED, "x")]
    doctor = f"{person.bin}/safehouse doctor"
    if line is BY_NAME:
        said = f"problem: a {shell} that you log in to starts agents as they are"
        for done in (login(doctor), person.scene.run(*doctor.split(), env=person.env)):
            assert done.returncode == 1
            assert said in " ".join(done.stdout.split())
            assert "new terminal" not in done.stdout
        done = login(f"{doctor} --fix --yes")
        assert done.returncode == 0, done.stdout
        login("claude y")
        assert person.got() == [(CONFINED, "y")]
    done = login(doctor)
    assert done.returncode == 0, done.stdout


def test_off_is_seen_and_undone(examined, shell):
    examined.file(LINES[shell])
    done = examined.run("safehouse off", "safehouse doctor")
    assert "warning: SAFEHOUSE_OFF is set" in done.stdout
    done = examined.run("safehouse off", "safehouse on", "safehouse doctor")
    assert "SAFEHOUSE_OFF" not in done.stdout


def test_a_function_that_speaks_of_safehouse_is_no_problem(examined, shell):
    body = "safehouse --network=none claude"
    line = f"function claude; {body} $argv; end"
    examined.file(line if shell == "fish" else f'function claude {{ {body} "$@"; }}', LINES[shell])
    assert not examined.problems()
