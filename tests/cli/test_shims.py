"""`safehouse shims`: install, list, check, remove."""

from __future__ import annotations

import json
import sys

import pytest

from safehouse.cli import main as entry
from safehouse.host import Host
from safehouse.sandbox import backend_for


@pytest.fixture
def home(in_home, monkeypatch):
    home = in_home("bin", at="src/project")
    for name in ("safehouse", "claude", "npx"):
        (home / "bin" / name).write_text("#!/bin/sh\n")
        (home / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin:/bin")
    monkeypatch.setattr(sys, "argv", [f"{home}/bin/safehouse", "shims"])
    return home


@pytest.fixture
def run(capsys, home):
    def run(*words, status=0):
        assert entry.main(["shims", *words]) == status
        out, err = capsys.readouterr()
        return (out or err).replace("safehouse: ", "").replace(str(home), "~")

    return run


def put_first(home, monkeypatch, directory=".local/share/safehouse/shims"):
    monkeypatch.setenv("PATH", f"{home}/{directory}:{home}/bin:/usr/bin:/bin")


def test_without_any_it_says_how_to_make_some(run):
    assert run() == "no shims; to make some: safehouse shims install\n"


def test_it_makes_them_for_the_agents_that_are_here_and_says_what_is_left_to_do(run, home):
    said = run("install")
    assert said.startswith("~/.local/share/safehouse/shims has shims for claude\n")
    assert 'export PATH=~/.local/share/safehouse/shims:"$PATH"' in said
    assert (home / ".local/share/safehouse/shims/claude").exists()
    assert not (home / ".local/share/safehouse/shims/npx").exists()


def test_it_makes_those_that_are_named_where_it_is_told(run, home):
    assert "has shims for claude, npx" in run("install", "../shims", "--agents=claude,npx")
    assert sorted(path.name for path in (home / "src/shims").iterdir()) == ["claude", "npx"]


def test_on_path_nothing_is_left_to_do(run, home, monkeypatch):
    put_first(home, monkeypatch)
    assert run("install").count("\n") == 1


def test_it_lists_what_each_one_starts(run, home, monkeypatch):
    run("install")
    put_first(home, monkeypatch)
    assert (
        run()
        == run("list")
        == ("~/.local/share/safehouse/shims\n  claude  starts ~/bin/claude confined\n")
    )


def test_check_fails_where_one_does_not_do_what_it_is_for_and_says_what_mends_it(
    run, home, monkeypatch
):
    run("install", "../../shims")
    put_first(home, monkeypatch, "shims")
    assert "starts ~/bin/claude" in run("check")
    monkeypatch.setenv("PATH", f"{home}/bin:{home}/shims")
    said = run("check", status=1)
    assert "a program of this name comes before it on PATH: ~/bin/claude" in said
    assert 'put the directory first on PATH: export PATH=~/shims:"$PATH"' in said
    shim = home / "shims/claude"
    shim.write_text(shim.read_text() + "# older\n")
    put_first(home, monkeypatch, "shims")
    said = run("check", "../../shims", status=1)
    assert "make them anew: safehouse shims install ~/shims --agents=claude" in said
    run("install", "../../shims", "--agents=claude")
    run("check")
    (home / "bin/claude").unlink()
    assert "remove those of agents that are gone: safehouse shims remove ~/shims" in run(
        "check", status=1
    )


def test_it_removes_them(run, home):
    run("install", "--agents=claude,npx")
    assert run("remove", "--agents=npx") == "removed ~/.local/share/safehouse/shims/npx\n"
    assert run("remove") == "removed ~/.local/share/safehouse/shims/claude\n"
    assert "there is no such shim" in run("remove", status=125)
    assert not (home / ".local/share/safehouse/shims").exists()


def test_programs_get_it_as_json(run, home, monkeypatch):
    run("install")
    put_first(home, monkeypatch)
    document = json.loads(run("--json"))
    assert document == {
        "version": 1,
        "shims": [
            {
                "directory": "~/.local/share/safehouse/shims",
                "name": "claude",
                "state": "current",
                "program": "~/bin/claude",
            }
        ],
    }


def test_without_an_agent_there_is_nothing_to_make(run, home):
    (home / "bin/claude").unlink()
    assert "no agent was found that could get a shim" in run("install", status=125)


@pytest.mark.parametrize(
    "words, says",
    [
        (("instal",), "there is no 'instal', did you mean 'install'?"),
        (("install", "a", "b"), "unexpected 'b'"),
        (("list", "--agents=claude"), "--agents is for safehouse shims install and remove"),
        (("remove", "--json"), "--json is for safehouse shims list and check"),
        (("install", "--agents=claud"), "no agent is called 'claud'"),
    ],
)
def test_what_is_not_understood_is_said(run, words, says):
    assert says in run(*words, status=125)


def test_inside_of_a_sandbox_nothing_is_changed(run, monkeypatch):
    monkeypatch.setattr(type(backend_for(Host.current())), "inside", lambda backend, host: True)
    assert "inside of a sandbox no shims can be seen or changed" in run("install", status=125)
