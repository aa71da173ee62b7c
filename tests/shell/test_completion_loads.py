"""The code of `safehouse init` brings completion along, and nothing is read before the first Tab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safehouse.cli.completion import code
from safehouse.host import Host
from safehouse.shims import kept
from safehouse.shims.shell import Integration, for_tab, reading
from safehouse.shims.shell import code as code_of
from safehouse.value import replace
from tests.confinement import user
from tests.shell.keys import SHELLS, Keyboard
from tests.shell.person import LINES as LINE
from tests.shell.person import Person
from tests.shell.tab import COMPINIT, STAND_INS, directory, environment, make_home, own_names

LINES = {
    "bash": ("safehouse --enable=fern", "safehouse --enable=fern-cache"),
    "zsh": ("safehouse --enable=fern", "safehouse --enable=fern-cache,"),
    "fish": ("safehouse --enable=fern", "safehouse --enable=fern-cache "),
}


@pytest.fixture
def home() -> Iterator[Path]:
    with directory() as place:
        yield make_home(place / "home")


@pytest.fixture
def host(home: Path) -> Host:
    return replace(Host.current(), home=str(home), borrowed=False)


def integration(shell: str, home: Path, text: str, file: str) -> str:
    """What `safehouse init` prints for somebody who has qwen."""
    program = f"{home}/bin/safehouse"
    words = for_tab(shell, text, file)
    return code_of(Integration(shell, program, "", ("qwen",), (shell,), words))


def completion(shell: str) -> str:
    return code(shell, own_names())


def at_shell(shell: str, home: Path, code: str, before: str = "", behind: str = "") -> Keyboard:
    """Somebody whose shell reads the code as it is told to, between other lines of theirs."""
    init = home / "init"
    init.write_text(code)
    user.own(home)
    setup = f"{before}\n{reading(shell, str(init))}\n{behind}\n"
    return Keyboard(shell, setup, home, environment(home))


def both(shell: str, home: Path, host: Host, how: str) -> str:
    text = completion(shell)
    file = kept.keep_completion(host, shell, text) if how == "kept" else ""
    assert bool(file) == (how == "kept")
    return integration(shell, home, text, file)


@pytest.mark.parametrize("how", ["kept", "printed"])
@pytest.mark.parametrize("shell", SHELLS)
def test_it_comes_with_the_code_for_the_shell(shell: str, how: str, home: Path, host: Host) -> None:
    before = COMPINIT if shell == "zsh" else ""
    with at_shell(shell, home, both(shell, home, host, how), before, STAND_INS[shell]) as person:
        typed, done = LINES[shell]
        assert person.line(typed + "\t") == done
        # Typing the name starts the shim, and Tab behind it is the agent's own.
        assert person.line("qwen --res\t") == "qwen --resume "
        assert person.line("safehouse qwen --res\t") == "safehouse qwen --resume "


@pytest.mark.parametrize("how", ["kept", "printed"])
@pytest.mark.parametrize("order", ["never", "before", "behind", "behind, from an old dump"])
def test_in_zsh_it_is_found_whenever_compinit_runs(
    order: str, how: str, home: Path, host: Host
) -> None:
    before = behind = ""
    if order == "before":
        before = COMPINIT
    elif order == "behind":
        behind = COMPINIT
    elif order != "never":
        with Keyboard("zsh", "autoload -Uz compinit; compinit -u\n", home, environment(home)):
            assert (home / ".zcompdump").exists()
        behind = "autoload -Uz compinit; compinit -C\n"
    with at_shell("zsh", home, both("zsh", home, host, how), before, behind) as person:
        typed, done = LINES["zsh"]
        assert person.line(typed + "\t") == (typed if order == "never" else done)
        # And then no prompt costs more than it did, nor did it where nothing came of it.
        assert "__safehouse" not in person.run("print -r -- $precmd_functions")


@pytest.mark.parametrize("how", ["kept", "printed"])
@pytest.mark.parametrize(
    "options",
    [
        "ksh_arrays no_unset sh_word_split glob_subst rc_quotes",
        "sh_glob ignore_braces no_bare_glob_qual ksh_autoload err_return",
    ],
)
def test_in_zsh_it_comes_whatever_the_options_are(
    options: str, how: str, home: Path, host: Host
) -> None:
    before = f"{COMPINIT}{STAND_INS['zsh']}\nsetopt {options}\n"
    with at_shell("zsh", home, both("zsh", home, host, how), before) as person:
        typed, done = LINES["zsh"]
        assert person.line(typed + "\t") == done
        assert person.line("safehouse --add-dirs=beta:sp\t").endswith(r"=beta:sp\ ace/")
        assert person.line("safehouse SOME=1 qwen --res\t").endswith("qwen --resume ")


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_of_it_is_read_before_the_first_tab(shell: str, home: Path, host: Host) -> None:
    text = both(shell, home, host, "kept")
    assert len(text) < len(completion(shell)) / 3
    shown = {"bash": "declare -p", "zsh": "typeset", "fish": "set -n"}[shell]
    before = COMPINIT if shell == "zsh" else ""
    with at_shell(shell, home, text, before) as person:
        person.run(f"{shown} >before")
        person.line("safehouse --enable=fern\t")
        person.run(f"{shown} >behind")
    assert "__safehouse_operations" not in (home / "before").read_text()
    assert "__safehouse_operations" in (home / "behind").read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_that_runs_finds_what_a_later_release_has_kept(
    shell: str, home: Path, host: Host
) -> None:
    before = COMPINIT if shell == "zsh" else ""
    with at_shell(shell, home, both(shell, home, host, "kept"), before) as person:
        newer = completion(shell).replace("fern-cache", "fern-later")
        assert kept.keep_completion(host, shell, newer)
        user.own(home)
        typed, done = LINES[shell]
        assert person.line(typed + "\t") == done.replace("cache", "later")


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_without_its_file_tab_says_nothing(shell: str, home: Path, host: Host) -> None:
    text = both(shell, home, host, "kept")
    for file in Path(kept.directory(host)).rglob("safehouse*"):
        file.unlink()
    with at_shell(shell, home, text) as person:
        assert "No such file" not in person.shown("safehouse --enable=fern\t")
        assert person.line("safehouse --enable=fern\t") == "safehouse --enable=fern"


def test_the_code_that_is_swept_away_leaves_the_completion(host: Host) -> None:
    file = Path(kept.keep_completion(host, "bash", "true"))
    for number in range(8):
        of = kept.Dependencies("", "", (), "", (), (), ())
        assert kept.keep(host, "bash", f"true {number}", of, 0)
    assert file.read_text() == "true"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_in_somebody_elses_home_it_is_not_kept(host: Host) -> None:
    assert kept.keep_completion(replace(host, borrowed=True), "bash", "true") == ""


@pytest.mark.parametrize("alias", ["qwen --fast", "/usr/bin/env qwen", "command qwen"])
def test_in_zsh_an_alias_of_an_agents_name_completes_as_the_agent(
    alias: str, home: Path, host: Host
) -> None:
    before = f"{COMPINIT}alias qwen='{alias}'\n"
    text = both("zsh", home, host, "kept")
    with at_shell("zsh", home, text, before, STAND_INS["zsh"]) as person:
        assert person.line("qwen --res\t") == "qwen --resume "


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_an_alias_of_an_agents_name_completes_as_the_agent(
    shell: str, home: Path, host: Host
) -> None:
    text = both(shell, home, host, "kept")
    before = "alias qwen='qwen --fast'\n"
    with at_shell(shell, home, text, before, STAND_INS[shell]) as person:
        assert person.line("qwen --res\t") == "qwen --resume "


@pytest.mark.parametrize("start", ["the first start", "a later one"])
def test_the_line_in_a_shells_file_is_all_that_it_takes(
    shell: str, start: str, person: Person
) -> None:
    before = COMPINIT if shell == "zsh" else ""
    setup = f"{before}{LINE[shell]}\n{STAND_INS[shell].replace('qwen', 'claude')}"
    if start == "a later one":  # which no Python is run for
        with Keyboard(shell, setup, person.scene.project, person.env):
            pass
    with Keyboard(shell, setup, person.scene.project, person.env) as keyboard:
        assert keyboard.line("safehouse --work\t") == "safehouse --workdir="
        assert keyboard.line("safehouse claude --res\t") == "safehouse claude --resume "
        assert keyboard.line("claude --res\t") == "claude --resume "
        assert "__safehouse_run" in keyboard.run(
            {"zsh": "functions claude"}.get(shell, "type claude")
        )
