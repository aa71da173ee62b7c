"""`safehouse init`: the code for a shell, for the agents that are here or were chosen."""

from __future__ import annotations

import re
import sys

import pytest

from safehouse.cli import init as command
from safehouse.cli import main as entry
from safehouse.errors import REFUSED
from safehouse.host import Host
from safehouse.sandbox import backend_for
from safehouse.shims import kept


@pytest.fixture
def home(in_home, monkeypatch):
    home = in_home("bin", at="src/project")
    for name in ("safehouse", "claude", "git"):
        (home / "bin" / name).write_text("#!/bin/sh\n")
        (home / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin:/bin")
    monkeypatch.setattr(Host, "is_borrowed", lambda host: False)
    return home


@pytest.fixture
def run(capsys, monkeypatch, home):
    def run(*words):
        monkeypatch.setattr(sys, "argv", [f"{home}/bin/safehouse", *words])
        status = entry.main(list(words))
        out, err = capsys.readouterr()
        assert (status == 0) == (not err or "put this line" in err)
        return out if status == 0 else err.replace("safehouse: ", "")

    return run


def code(home, shell="zsh"):
    (file,) = (home / ".cache/safehouse/init").glob(f"*.{shell}")
    return file.read_text()


def names(text):
    return re.search(r"__safehouse_names[ =](.*)", text)[1].strip("'").split()


@pytest.mark.parametrize(
    "shell, word", [("zsh", "emulate zsh -c '."), ("bash", "."), ("fish", "source")]
)
def test_it_prints_the_line_that_reads_the_code(run, home, shell, word):
    line = run("init", shell)
    assert re.fullmatch(
        rf"{re.escape(word)} '?{home}/\.cache/safehouse/init/\w+\.{shell}'?\n", line
    )
    assert names(code(home, shell)) == ["claude"]


def test_where_nothing_can_be_kept_it_prints_the_code(run, home):
    (home / ".cache").write_text("")
    assert names(run("init", "zsh")) == ["claude"]


def test_at_a_terminal_it_shows_the_code_and_where_the_line_belongs(run, home, monkeypatch, capsys):
    monkeypatch.setattr(command.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "argv", [f"{home}/bin/safehouse", "init", "fish"])
    assert entry.main(["init", "fish"]) == 0
    out, err = capsys.readouterr()
    assert names(out) == ["claude"]
    line = f"'{home}/bin/safehouse' init fish | source"
    assert f"put this line at the end of ~/.config/fish/config.fish: {line}\n" in err


def test_the_agents_can_be_chosen_here(run, home):
    run("init", "bash", "--agents=codex,npx")
    text = code(home, "bash")
    assert names(text) == ["codex", "npx"]
    assert "init bash --agents=codex,npx" in text.replace("'", "")  # for `safehouse on`


def test_the_agents_can_be_chosen_in_the_configuration(run, home):
    file = home / ".config/safehouse/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("shims: [codex]\n")
    run("init", "zsh")
    assert names(code(home)) == ["codex"]
    run("init", "zsh", "--agents=claude")
    assert ["claude"] in [
        names(f.read_text()) for f in (home / ".cache/safehouse/init").glob("*.zsh")
    ]


def test_no_agents_can_be_chosen_too(run, home):
    file = home / ".config/safehouse/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("shims: []\n")
    run("init", "zsh")
    assert names(code(home)) == []


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("config.yaml", "\nshims: [claud]\n", "config.yaml:2: no agent is called 'claud'"),
        ("config.yaml", "shim: []\n", "config.yaml:1: unknown key of the file 'shim'"),
        (
            "profiles.d/x.yaml",
            "profiles: {x: {}}\n",
            "profiles.d/x.yaml:1: profile x has no `layer`",
        ),
    ],
)
def test_with_a_wrong_configuration_the_agents_have_their_functions_all_the_same(
    home, capsys, monkeypatch, name, text, says
):
    """Else they would run unconfined; so they are refused, for the reason that is said here."""
    file = home / ".config/safehouse" / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    monkeypatch.setattr(sys, "argv", [f"{home}/bin/safehouse", "init", "bash"])
    assert entry.main(["init", "bash"]) == 0
    out, err = capsys.readouterr()
    assert names(out) == ["claude"]
    assert f"safehouse: ~/.config/safehouse/{says}" in err
    assert not (home / ".cache/safehouse/init").exists()


def test_agents_of_ones_own_count(run, home):
    file = home / ".config/safehouse/profiles.d/x.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("profiles: {codex: {commands: [git]}}\n")
    run("init", "zsh")
    assert names(code(home)) == ["claude", "git"]


@pytest.mark.parametrize(
    "words, says",
    [
        ((), "for which shell?"),
        (("csh",), "there is no code for 'csh'"),
        (("zs",), "there is no code for 'zs'"),
        (("bsh",), "did you mean 'bash'?"),
        (("zsh", "bash"), "for which shell?"),
        (("zsh", "--agents="), "--agents= is empty"),
    ],
)
def test_what_is_not_understood_is_said(run, words, says):
    assert says in run("init", *words)


def test_without_a_program_there_is_nothing_to_start(home, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{home}/src/safehouse/__main__.py", "init", "zsh"])
    assert entry.main(["init", "zsh"]) == REFUSED
    assert "no program of ours" in capsys.readouterr().err


def test_inside_of_a_sandbox_there_is_nothing_to_do(run, home, monkeypatch):
    monkeypatch.setattr(type(backend_for(Host.current())), "inside", lambda backend, host: True)
    line = run("init", "zsh")
    assert line.startswith("# ") and line.count("\n") == 1
    assert not (home / ".cache").exists()


def test_what_the_code_depends_on_is_written_down(run, home, monkeypatch):
    given = []
    monkeypatch.setattr(kept, "keep", lambda *words: given.append(words) or "line")
    (home / ".config/safehouse/profiles.d").mkdir(parents=True)
    (home / ".config/safehouse/profiles.d/x.yaml").touch()
    run("init", "zsh", "--agents", "claude")
    of = given[0][3]
    assert of.words == ("zsh", "--agents", "claude")
    assert of.program == f"{home}/bin/safehouse"
    for path in (".config/safehouse", ".config/safehouse/profiles.d/x.yaml", "bin"):
        assert f"{home}/{path}" in of.changing
    assert f"{home}/.config/safehouse/config.yaml" in of.missing


@pytest.mark.parametrize("word", ["on", "off"])
def test_where_no_shell_has_read_the_code_on_and_off_say_so(run, word):
    assert "is for a shell that has read what safehouse init prints" in run(word)
