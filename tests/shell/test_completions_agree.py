"""What bash, zsh and fish offer is what the table says: one walk through all commands and options."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from safehouse.cli.arguments import COMMANDS, OPTIONS, SUBCOMMANDS
from safehouse.cli.candidates import candidates, spelling
from tests.shell.person import program
from tests.shell.tab import directory, environment, install, make_home, own_names

NAMES = own_names()
OWN = ("_", "SHLVL", "OLDPWD", "USER", "PWD")


def lines() -> list[list[str]]:
    """Words behind `safehouse`, the last of which is to be completed: each place there is, once."""
    found: list[list[str]] = [["-"], ["--"], ["p"], ["--", "q"], ["help", ""], ["help", "po"]]
    for command in COMMANDS:
        found += [[command, "-"], [command, "--e"], [command, "--", "q"], [command, "SOME=1", "q"]]
        if command not in ("run", "policy"):
            found.append([command, ""])
        found += [[command, name, ""] for name in SUBCOMMANDS.get(command, ())]
        for option in OPTIONS:
            if command in option.commands:
                for name in option.names:
                    value = spelling(option, "")
                    found.append([command, f"{name}="])
                    found.append([command, "--json" if command == "grants" else "-h", f"{name}=a"])
                    if value[:1] == "=":
                        found.append([command, name, ""])
                        found.append([command, name, "a"])
                        found.append([command, name, "value", "-"])
                        found.append([command, f"{name}=value", "-"])
    lists = ["ssh,", "ssh,do", "beta:", "beta:al", "~/"]
    found += [[f"{name}={value}"] for name in ("--enable", "--add-dirs") for value in lists]
    found += [["why", word, *more] for word in ("read", "x") for more in ([""], ["a"], ["a", "q"])]
    found += [
        ["why", "read", "a", "b", *more] for more in (["--", "q"], ["--", "A=1", "q"], ["--", "-"])
    ]
    return found


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with directory() as place:
        yield make_home(place / "home")


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, Path]]:
    with directory() as place:
        yield install(place / "files", NAMES)


@pytest.fixture
def known(home: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """What may become of each line's last word, by Python's own answer."""
    environ = {key.encode(): value.encode() for key, value in variables(home).items()}
    monkeypatch.setattr("safehouse.cli.candidates.os.environ", environ)
    monkeypatch.chdir(home)
    return {
        " ".join(line): {word for word, _ in candidates(line[:-1], line[-1], lambda: NAMES)}
        for line in lines()
    }


def variables(home: Path) -> dict[str, str]:
    return {**environment(home), "PATH": f"{home}/bin", "PWD": str(home), "LC_ALL": "C.UTF-8"}


def asked(argv: list[str], script: str, home: Path) -> dict[str, set[str]]:
    """What a shell's script answers: blocks of lines behind a line of `@` with the words."""
    done = subprocess.run(
        argv,
        input=script,
        cwd=home,
        env=variables(home),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    blocks = done.stdout.split("\n@")[1:]
    return {block.partition("\n")[0]: set(block.split("\n")[1:]) - {""} for block in blocks}


def difference(
    found: dict[str, set[str]], known: dict[str, set[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """Where they are not the same: too much, too little; but for variables that a shell sets itself."""
    own = {f"{option}{name}" for option in ("", "--env-pass=", "--pass-env=") for name in OWN}
    return {
        line: (sorted(found[line] - known[line])[:5], sorted(known[line] - found[line])[:5])
        for line in known
        if found[line] - own != known[line] - own
    }


def test_bash_offers_what_the_table_says(
    home: Path, files: dict[str, Path], known: dict[str, set[str]]
) -> None:
    script = [f". '{files['bash']}'", "COMP_TYPE=9 COMP_WORDBREAKS='' COLUMNS=80"]
    for line in lines():
        words = " ".join(line)
        script += [
            f"COMP_LINE='safehouse {words}'",
            "COMP_POINT=${#COMP_LINE}",
            f"__safehouse_complete safehouse '{line[-1]}'",
            f"printf '\\n@%s\\n' '{words}'; printf '%s\\n' \"${{COMPREPLY[@]-}}\"",
        ]
    bash = [program("bash"), "--noprofile", "--norc"]
    found = asked(bash, "\n".join(script), home)
    plain = {
        line: {word.rstrip(" ").replace("\\", "") for word in words}
        for line, words in found.items()
    }
    assert difference(plain, known) == {}


def test_fish_offers_what_the_table_says(
    home: Path, files: dict[str, Path], known: dict[str, set[str]]
) -> None:
    script = [f"source '{files['fish']}'"]
    for line in lines():
        words = " ".join(line)
        script += [f"printf '\\n@%s\\n' '{words}'", f"complete -C 'safehouse {words}'"]
    fish = [program("fish"), "--no-config"]
    found = asked(fish, "\n".join(script), home)
    plain = {
        line: {word.partition("\t")[0] for word in words if word.startswith(line.split(" ")[-1])}
        for line, words in found.items()  # without those that have it elsewhere in them
    }
    assert difference(plain, known) == {}
