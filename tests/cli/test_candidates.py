"""What may stand at a place of the command line is what the parser takes there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safehouse.cli.arguments import COMMANDS, OPTIONS, SUBCOMMANDS, WORDS
from safehouse.cli.candidates import candidates, found, spelling
from safehouse.cli.help import text
from safehouse.cli.names import shipped_names

NAMES = shipped_names().on("linux")


def offered(*words: str) -> dict[str, str]:
    return dict(candidates(list(words[:-1]), words[-1], lambda: NAMES))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_offered_with_its_help(command):
    expected = {
        name + ("=" if spelling(option, "")[:1] == "=" else ""): option.help
        for option in OPTIONS
        if command in option.commands
        for name in option.names
    }
    assert offered(command, "-") == expected


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.names[0])
def test_it_is_known_what_every_option_takes(option):
    slot = found([option.commands[0]], f"{option.names[0]}=").slot
    kinds = {
        "paths": {"PATHS"},
        "names": {"FEATURES", "NAMES", "AGENTS"},
        "file": {"FILE"},
        "optional": {"FILE"},
        "switch": {"|".join(("yes", "no", *option.choices))},
        "word": {"|".join((*option.choices, "FILE"))},
        "flag": {""},
        "text": {"DIR", "NAME", "FILE", "N", "24h|7d|today|yesterday"},
        "choice": {"|".join(option.choices)},
    }
    assert slot in kinds[option.kind]


def test_what_a_command_takes_is_what_its_help_says():
    for command, words in WORDS.items():
        usage = text(command.partition(" ")[0]).partition("usage: ")[2].partition("\n\n")[0]
        assert words.split("...")[0].split()[0] in usage
    for command, known in SUBCOMMANDS.items():
        usage = text(command).partition("usage: ")[2].partition("\n\n")[0]
        assert [name for name in known if name not in usage] == []


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_subcommands_are_offered_and_what_stands_behind_them(command):
    assert offered(command, "") == {n: s.help for n, s in SUBCOMMANDS[command].items()}
    for name, subcommand in SUBCOMMANDS[command].items():
        assert found([command, name], "").slot == subcommand.words.strip("[]")


def test_the_words_of_what_is_started_are_its_own():
    for words in (
        ["claude"],
        ["--", "claude"],
        ["run", "claude", "--resume"],
        ["A=1", "B=2", "claude"],
        ["--add-dirs", "a:b", "--enable=ssh", "claude", "x"],
        ["--explain", "policy"],
        ["policy", "--", "claude"],
        ["why", "read", "/x", "--", "claude"],
        ["why", "--agent", "codex", "read", "/x", "/y", "--", "claude"],
    ):
        assert found(words, "--e").slot == "OWN", words
    for words in (
        ["--", "A=1"],
        ["--workdir", "x"],
        ["why", "read", "/x", "--"],
        ["run", "--explain"],
    ):
        assert found(words, "cl").slot == "COMMAND", words
    for words in (["why", "read"], ["why", "read", "/x"], ["why", "read", "/x", "/y"]):
        assert found(words, "cl").slot == "TARGET", words


def test_only_the_first_word_is_a_command_of_ours():
    assert "policy" in offered("pol")
    assert "policy" not in offered("--explain", "pol")
    assert "policy" not in offered("--", "pol")


def test_a_list_has_nothing_twice():
    assert "--enable=docker,ssh" in offered("--enable=docker,s")
    assert "--enable=docker,docker" not in offered("--enable=docker,d")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("src/deep", "sp ace", ".hidden", "bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").touch()
    program = tmp_path / "bin" / "aider"
    program.touch()
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    own = {b"HOME": os.fsencode(tmp_path), b"PATH": os.fsencode(tmp_path / "bin")}
    monkeypatch.setattr("safehouse.cli.candidates.os.environ", own)
    return tmp_path


def test_paths_are_spelled_as_they_were_begun(here):
    assert list(offered("--deny=")) == [
        "--deny=bin/",
        "--deny=file",
        "--deny=sp ace/",
        "--deny=src/",
    ]
    assert list(offered("--deny=src:~/s")) == ["--deny=src:~/sp ace/", "--deny=src:~/src/"]
    assert list(offered("--deny", f"{here}/src/")) == [f"{here}/src/deep/"]
    assert list(offered("--deny=.")) == ["--deny=.hidden/"]
    assert list(offered("--deny=..")) == ["--deny=../"]
    assert list(offered("--workdir=")) == ["--workdir=bin/", "--workdir=sp ace/", "--workdir=src/"]
    assert list(offered("--deny=no/such/")) == []


def test_agents_that_are_there_are_offered_first(here):
    assert next(iter(offered(""))) == "aider"
    assert "codex" not in offered("")
    assert list(offered("bin/")) == ["bin/aider"]
    assert list(offered("run", "ai")) == ["aider"]
