"""Which names get a shim: the agents that are installed, or those that were chosen."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.shims.wanted import look
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile_file import load
from safehouse.sources.settings import Item

OWN = """\
profiles:
  mine:
    layer: agent
    summary: a tool of mine
    commands: [mine, cd, safehouse]
  claude:
    commands: [my-claude]
"""


@pytest.fixture
def home(in_home, monkeypatch):
    home = in_home("bin", at="src/project")
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin")
    return home


def install(directory, *names):
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).write_text("#!/bin/sh\n")
        (directory / name).chmod(0o755)


def found(*chosen, own=None, also=()):
    given = tuple(load(own, "p.yaml", frozenset(records())).values()) if own else ()
    items = tuple(Item(name, "--agents") for name in chosen) if chosen else None
    return look(Host.current(), Catalogue("linux", records(), given), items, also)


def names(*chosen, own=None, also=()):
    return [shim.name for shim in found(*chosen, own=own, also=also).shims]


def test_the_agents_on_path_get_one(home):
    install(home / "bin", "claude", "codex", "git", "something")
    assert names() == ["claude", "codex"]


def test_what_is_no_program_gets_none(home):
    (home / "bin/claude").write_text("no program")
    (home / "bin/codex").mkdir()
    assert names() == []


@pytest.mark.parametrize(
    "place",
    [".local/bin", ".nvm/versions/node/v22.1.0/bin", ".bun/bin", ".claude/local", ".cargo/bin"],
)
def test_an_agent_that_is_not_on_path_yet_gets_one(home, place):
    """A shell's file may add a directory behind our line."""
    install(home / place, "claude")
    assert names() == ["claude"]


def test_an_agent_on_the_path_of_another_terminal_gets_one(home):
    install(home / "elsewhere", "claude")
    assert names() == []
    assert names(also=(f"{home}/elsewhere",)) == ["claude"]


@pytest.mark.parametrize("name", ["agent", "cursor", "kiro", "ollama", "ge", "mini"])
def test_a_name_that_other_programs_have_gets_none_unless_it_is_chosen(home, name):
    install(home / "bin", name)
    assert names() == []
    assert name in names(name)


def test_the_persons_own_agents_get_one_but_never_a_word_of_the_shell(home):
    install(home / "bin", "mine", "my-claude", "cd", "safehouse")
    assert names(own=OWN) == ["mine", "my-claude"]
    assert names("mine", own=OWN) == ["mine"]


def test_what_was_chosen_gets_one_also_before_it_is_installed(home):
    install(home / "bin", "codex")
    assert names("claude") == ["claude"]
    assert names("claude", "codex") == ["claude", "codex"]
    shims = found("claude", "npx").shims
    assert [(shim.name, shim.profile) for shim in shims] == [("claude", "claude"), ("npx", "")]


def test_an_agent_with_several_commands_gets_those_that_are_there(home):
    install(home / "bin", "qwen-code")
    assert names("qwen-code") == ["qwen", "qwen-code"]
    assert names("cursor-agent") == ["cursor-agent"]


def test_a_name_that_nothing_is_called_by_is_refused_with_the_nearest(home):
    with pytest.raises(
        UserError, match="--agents: no agent is called 'claud', did you mean 'claude'"
    ):
        names("claud")
    with pytest.raises(UserError, match="no agent is called 'git'"):
        names("git")


def test_what_the_answer_depends_on_is_named(home):
    (home / ".nvm/versions/node").mkdir(parents=True)
    answer = found()
    assert {f"{home}/bin", "/usr/bin", f"{home}/.local/bin"} <= set(answer.places)
    assert {f"{home}/bin", "/usr/bin", f"{home}/.nvm/versions/node"} <= set(answer.changing)
    assert f"{home}/.local/bin" in answer.missing
    assert not set(answer.changing) & set(answer.missing)


@pytest.mark.parametrize("entry", ["", ".", "bin", "/a\nb"])
def test_an_entry_of_path_that_is_no_place_is_passed_over(home, monkeypatch, entry):
    monkeypatch.setenv("PATH", f"{entry}:/usr/bin")
    assert entry not in found().places
