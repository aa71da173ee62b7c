"""argcomplete's own shell code, registered for safehouse or as the global hook, gets right answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import argcomplete
import pytest
from argcomplete.shell_integration import shellcode

from tests.shell.keys import SHELLS, Keyboard
from tests.shell.tab import COMPINIT, directory, environment, make_home

ROOT = Path(__file__).resolve().parents[2]
HOOK = Path(argcomplete.__file__).parent / "bash_completion.d" / "_python-argcomplete"
# In bash; in zsh and in fish, where that differs.
TABS: dict[str, tuple[str, ...]] = {
    "safehouse pol": ("safehouse policy ",),
    "safehouse --work": ("safehouse --workdir=",),
    "safehouse --stdo": ("safehouse --stdout ",),
    "safehouse --network=n": ("safehouse --network=none ",),
    "safehouse --enable=docker,ss": ("safehouse --enable=docker,ssh ",),
    "safehouse profiles show aide": ("safehouse profiles show aider ",),
    "safehouse why mach-loo": ("safehouse why mach-lookup ",),
    "safehouse --add-dirs-ro=beta:al": ("safehouse --add-dirs-ro=beta:alpha/",),
    "safehouse --add-dirs sp": (r"safehouse --add-dirs sp\ ace/",),
    "safehouse --add-dirs=br": (r"safehouse --add-dirs=br\[a\]ck/",),
    'safehouse --add-dirs="beta:sp': (
        'safehouse --add-dirs="beta:sp ace/"',
        r"safehouse --add-dirs=beta:sp\ ace/",
        'safehouse --add-dirs="beta:sp ace/',
    ),
    r"safehouse --add-dirs=sp\ ace/i": (r"safehouse --add-dirs=sp\ ace/in\ ner/",),
    # argcomplete's code for zsh escapes the tilde; safehouse takes it for the home all the same.
    "safehouse --add-dirs=~/be": (
        "safehouse --add-dirs=~/beta/",
        r"safehouse --add-dirs=\~/beta/",
        "safehouse --add-dirs=~/beta/",
    ),
    "safehouse -- qwe": ("safehouse -- qwen ",),
    "safehouse -- cat fil": ("safehouse -- cat file.txt ",),
    "true; SOME=1 safehouse --stdo": ("true; SOME=1 safehouse --stdout ",),
}


@pytest.fixture(scope="module")
def home(zipapp: Path) -> Iterator[Path]:
    """A home with the built file."""
    with directory() as place:
        home = make_home(place / "home")
        shutil.copy(zipapp, home / "bin" / "safehouse")
        yield home


def registered(shell: str) -> str:
    before = COMPINIT if shell == "zsh" else ""
    return before + shellcode(["safehouse"], shell=shell)


def hooked(shell: str) -> str:
    return (COMPINIT if shell == "zsh" else "") + HOOK.read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_registered_for_safehouse_completes_it(shell: str, home: Path) -> None:
    with Keyboard(shell, registered(shell), home, environment(home)) as person:
        place = SHELLS.index(shell)
        expected = {line: done[place if len(done) > 1 else 0] for line, done in TABS.items()}
        assert {line: person.line(line + "\t") for line in TABS} == expected


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_global_hook_completes_it(shell: str, home: Path) -> None:
    with Keyboard(shell, hooked(shell), home, environment(home)) as person:
        for line in ("safehouse --work", "safehouse --network=n", "safehouse pol"):
            assert person.line(line + "\t") == TABS[line][0]


def test_bash_without_compopt_gets_its_spaces(home: Path) -> None:
    """As bash 3.2."""
    setup = "enable -n compopt\n" + registered("bash")
    with Keyboard("bash", setup, home, environment(home)) as person:
        for line in ("safehouse --stdo", "safehouse --work", "safehouse --add-dirs sp"):
            assert person.line(line + "\t") == TABS[line][0]


# Who is not asked


def start(*words: str, speaker: bool = True, **said: str) -> subprocess.CompletedProcess[str]:
    """`safehouse WORDS` as a process that has argcomplete's variables, with descriptor 8 or without."""
    descriptor = "8>&1 1>/dev/null" if speaker else "8>&-"
    script = f'exec "$0" -m safehouse "$@" {descriptor}'
    variables = {"_ARGCOMPLETE": "1", "COMP_LINE": "safehouse --stdo", "COMP_POINT": "16", **said}
    return subprocess.run(
        ["sh", "-c", script, sys.executable, *words],
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_it_is_answered_on_the_descriptor_alone() -> None:
    done = start()
    assert (done.returncode, done.stdout, done.stderr) == (0, "--stdout", "")


@pytest.mark.parametrize(
    "words",
    [("--version",), ("run", "--version"), ("--", "/no/such/program"), ("/no/such/program",)],
)
def test_a_variable_never_keeps_a_command_from_being_run(words: tuple[str, ...]) -> None:
    """What a completion starts may start an agent, by a shim: that inherits the variables."""
    done = start(*words)
    usual = start(*words, _ARGCOMPLETE="")
    assert "--stdout" not in done.stdout
    assert (done.returncode, done.stderr) == (usual.returncode, usual.stderr)
    assert done.returncode == (127 if "/no/such/program" in words else 0)


def test_where_nobody_listens_there_is_help() -> None:
    done = start(speaker=False)
    assert done.returncode == 0
    assert "usage: safehouse" in done.stdout


@pytest.mark.parametrize(
    "said", [{"COMP_POINT": "x"}, {"COMP_POINT": ""}, {"_ARGCOMPLETE": "yes"}], ids=str
)
def test_what_is_no_question_is_not_answered(said: dict[str, str]) -> None:
    done = start(**said)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_hook_finds_its_mark_where_it_looks() -> None:
    """In the first kilobyte: of the single file, or of the module that pip's script names."""
    for file in ("tools/zipapp/header.sh", "safehouse/cli/main.py"):
        assert "PYTHON_ARGCOMPLETE_OK" in (ROOT / file).read_text()[:1024]
