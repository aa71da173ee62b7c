"""`safehouse grant` and `safehouse revoke`: what they say, what they refuse, and what to do next."""

from __future__ import annotations

import os

import pytest
import yaml

from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.backends.seatbelt import Seatbelt
from safehouse.cli import main as entry
from safehouse.errors import REFUSED


@pytest.fixture(autouse=True)
def home(in_home):
    home = in_home("docs", "out", "src/project/private", "src/other", at="src/project")
    (home / ".zshrc").touch()
    return home


@pytest.fixture
def run(capsys):
    def run(*words):
        status = entry.main(list(words))
        out, err = capsys.readouterr()
        assert status in (0, REFUSED)
        assert bool(err) == (status == REFUSED), err
        return out if status == 0 else err.replace("safehouse: ", "")

    return run


def stored(home):
    """The file's data, without what directories are known by."""
    path = home / ".config/safehouse/grants.yaml"
    found = (yaml.safe_load(path.read_text()) if path.exists() else None) or {}
    for entry_ in found.values():
        entry_.pop("known-by", None)
    return found


# What is granted


@pytest.mark.parametrize(
    "options, key, words",
    [
        ((), "add-dirs-ro", "may read"),
        (("--read-only",), "add-dirs-ro", "may read"),
        (("--write",), "add-dirs", "may read and write"),
        (("--deny",), "deny", "may neither read nor write"),
    ],
)
def test_a_path_is_kept_for_the_directory_we_are_in(run, home, options, key, words):
    assert run("grant", *options, "../../docs") == (
        f"launches in ~/src/project and below it {words} ~/docs\n"
        "to undo it: safehouse revoke ~/docs\n"
    )
    assert stored(home) == {"~/src/project": {key: ["~/docs"]}}


@pytest.mark.parametrize(
    "words, said",
    [
        (("~/.ssh",), "~/.ssh should stay closed: private keys: what is read once"),
        (
            ("--write", "~/bin"),
            "~/bin should stay closed: programs and scripts of the user: you run",
        ),
        (
            ("~/.config",),
            "~/.config holds ~/.config/gh, which should stay closed: token of GitHub's",
        ),
        (("~/docs", "~/.ssh"), "~/.ssh should stay closed"),
    ],
)
def test_it_says_what_should_stay_closed_and_keeps_it_as_told(capsys, home, words, said):
    for name in (".ssh", "bin", ".config/gh"):
        (home / name).mkdir(parents=True, exist_ok=True)
    assert entry.main(["grant", *words]) == 0
    out, err = capsys.readouterr()
    assert err.startswith(f"safehouse: {said}")
    assert err.count("\n") == 1
    assert "may read" in out


@pytest.mark.parametrize("words", [("~/bin",), ("--deny", "~/.ssh"), ("--write", "~/docs")])
def test_it_warns_of_nothing_else(run, home, words):
    for name in (".ssh", "bin"):
        (home / name).mkdir()
    run("grant", *words)


def test_for_an_agent_and_another_directory(run, home):
    said = run("grant", "--agent=claude", "--for=../other", "--write", "~/docs", "~/out")
    assert said == (
        "launches of claude in ~/src/other and below it may read and write ~/docs, ~/out\n"
        "to undo it: safehouse revoke ~/docs ~/out --agent=claude --for=~/src/other\n"
    )
    assert stored(home) == {
        "~/src/other": {"agents": {"claude": {"add-dirs": ["~/docs", "~/out"]}}}
    }


def test_features_say_what_they_give_up_and_variables_whether_they_are_there(
    run, home, monkeypatch
):
    monkeypatch.setenv("MY_TOKEN", "t")
    said = run("grant", "--enable=ssh,docker", "--env-pass=MY_TOKEN,MY_TOKN")
    assert "below it have the features ssh, docker\n" in said
    assert "ssh: your SSH agent signs for the agent" in said
    assert "docker: this ends the confinement" in said
    assert "below it get the variables MY_TOKEN, MY_TOKN\n" in said
    assert "MY_TOKN is not set now, did you mean 'MY_TOKEN'?\n" in said
    assert "revoke --enable=ssh,docker --env-pass=MY_TOKEN,MY_TOKN\n" in said
    assert stored(home) == {
        "~/src/project": {"enable": ["ssh", "docker"], "env-pass": ["MY_TOKEN", "MY_TOKN"]}
    }


def test_a_file_and_what_lies_outside_of_the_home(run, home, tmp_path):
    (tmp_path / "a b").touch()
    said = run("grant", str(tmp_path / "a b"))
    real = str(tmp_path.resolve() / "a b")
    assert f"revoke '{real}'" in said
    assert stored(home) == {"~/src/project": {"add-dirs-ro": [real]}}


def test_the_same_again_changes_nothing_and_another_mode_moves_it(run, home):
    first = run("grant", "~/docs")
    path = home / ".config/safehouse/grants.yaml"
    before = path.stat().st_ino
    assert run("grant", "~/docs") == first
    assert path.stat().st_ino == before
    run("grant", "--write", "~/docs")
    assert stored(home) == {"~/src/project": {"add-dirs": ["~/docs"]}}


def test_what_lies_in_the_directory_itself(run):
    narrows = "this narrows: launches in ~/src/project itself could write ~/src/project/private\n"
    nothing = "gives launches in ~/src/project itself nothing new, but those in directories below"
    assert narrows in run("grant", "private")
    assert nothing in run("grant", "--write", "private")
    assert nothing in run("grant", ".")
    assert "this" not in run("grant", "--deny", "private")


def test_a_link_is_followed_and_told(run, home):
    os.symlink("docs", home / "link")
    said = run("grant", "~/link")
    assert said.startswith("~/link leads to ~/docs, by a link; kept is ~/docs\n")
    os.symlink("src/other", home / "way")
    said = run("grant", "~/docs", "--for=~/way")
    assert said.startswith("~/way leads to ~/src/other, by a link\n")
    assert set(stored(home)) == {"~/src/project", "~/src/other"}


def test_the_home_has_to_be_named(run, home, monkeypatch):
    for place in (home, home.parent):
        monkeypatch.chdir(place)
        said = run("grant", str(home / "docs"))
        what = "is" if place == home else "holds"
        assert f"which {what} your home\n" in said
        assert "--for=" in said
    monkeypatch.chdir(home / "src/project")
    said = run("grant", "~/docs", "--for=~")
    assert (
        "launches in ~ and below it may read ~/docs\nthat is all of your home; config.yaml" in said
    )
    assert stored(home) == {"~": {"add-dirs-ro": ["~/docs"]}}


# What is not


@pytest.mark.parametrize(
    "words, message, hint",
    [
        ((), "what is to be granted?", "safehouse grant PATH..."),
        (("--write",), "--write is for paths", "safehouse grant --write PATH..."),
        (("--write", "--enable=ssh"), "--write is for paths", "safehouse grant --write PATH"),
        (("--write", "--deny", "~/docs"), "--write and --deny contradict", "one of them"),
        (("~/none",), "~/none does not exist", "create it first"),
        (("--deny", "~/none"), "~/none does not exist", "create it first"),
        (("~you",), "only ~ and ~/", "write it in full"),
        (("",), "an empty path", "give a path"),
        (("/",), "grant: / cannot be kept", "holds your whole home; for one launch"),
        (("--write", "~"), "grant: ~ cannot be kept", "holds your whole home; for one launch"),
        (("~/.config/safehouse",), "cannot be kept", "it is protected"),
        (("--write", "~/.zshrc"), "grant: ~/.zshrc cannot be kept", "it is protected"),
        (("--deny", "."), "no command could be started there", "deny what lies in it"),
        (("--deny", "/"), "no command could be started there", "deny what lies in it"),
        (("--enable=shh",), "no feature is called 'shh', did you mean 'ssh'?", "profiles lists every"),
        (("--agent=cluade", "~/docs"), "'cluade', did you mean 'claude'?", "profiles lists every"),
        (("--agent=ssh", "~/docs"), "no agent is called 'ssh'", "profiles lists every"),
        (("--env-pass=1A",), "'1A' is not the name of a variable", "letters"),
        (("--env-pass=PATH",), "PATH is made by safehouse", "leave it out"),
        (("--for=~/none", "~/docs"), "--for: ~/none does not exist", "create it first"),
        (("--for=~/.zshrc", "~/docs"), "--for: ~/.zshrc is not a directory", "name one"),
        (("--all", "~/docs"), "--all does not belong to safehouse grant", "safehouse revoke"),
        (("~/\x1b[2J",), "~/\\x1b[2J has a control character", "rename it"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_an_error_that_says_what_to_do(run, home, words, message, hint):
    (home / ".config/safehouse").mkdir(parents=True)
    said = run("grant", *words).splitlines()
    assert message in said[0]
    assert hint in said[1]
    assert stored(home) == {}


@pytest.mark.parametrize("name", ["docs ", "a\u200bb", "x" * 200])
def test_a_name_that_the_file_cannot_hold(run, home, name):
    path = home / name
    while len(str(path)) < 1001 and name[0] == "x":
        path /= name
    path.mkdir(parents=True)
    said = run("grant", str(path))
    assert "cannot be kept: it has invisible characters, a space at an end, or more than" in said
    assert "\u200b" not in said
    assert stored(home) == {}


def test_a_link_that_a_confined_command_could_have_made_is_not_followed(run, home):
    os.symlink(home / "docs", "planted")
    said = run("grant", "--write", "planted")
    assert "planted leads through the link ~/src/project/planted to ~/docs\n" in said
    assert "if you mean its target: safehouse grant --write ~/docs\n" in said
    (home / ".claude").mkdir()
    os.symlink(home / "docs", home / ".claude/planted")
    assert "leads through the link ~/.claude/planted" in run("grant", "~/.claude/planted")
    assert stored(home) == {}
    os.symlink("private", "own")
    run("grant", "own")
    run("grant", "--deny", "planted")
    assert stored(home) == {
        "~/src/project": {"add-dirs-ro": ["~/src/project/private"], "deny": ["~/docs"]}
    }


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks",
        ".git/hooks/pre-commit",
        ".git/config",
        "../other/.git/hooks",
        "../other/.git/config",
    ],
)
def test_what_git_would_run_is_protected(run, home, path):
    for name in ("project", "other"):
        git = home / "src" / name / ".git"
        (git / "hooks").mkdir(parents=True)
        (git / "objects").mkdir()
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        for file in ("config", "hooks/pre-commit"):
            (git / file).touch()
    message, hint = run("grant", "--write", path).splitlines()
    assert "cannot be kept" in message and "it is protected (your next git command" in hint
    assert ("--enable=git-config" in hint) == path.endswith("config")
    assert stored(home) == {}
    run("grant", path)
    run("grant", "--write", ".git/objects", "../other")
    assert stored(home)["~/src/project"]["add-dirs"] == [
        "~/src/project/.git/objects",
        "~/src/other",
    ]


def test_another_directory_of_the_name_gets_nothing_of_the_old_ones(run, home, monkeypatch):
    run("grant", "--write", "~/docs")
    os.rename("../project", "../away")
    os.mkdir("../project")
    monkeypatch.chdir("../project")
    said = run("grant", "~/out")
    assert "what is kept for ~/src/project was granted to another directory" in said
    hint = said.splitlines()[1]
    assert hint == "drop it first: safehouse revoke --all --for=~/src/project"
    assert run(*hint.split()[4:]) == "no longer kept for ~/src/project: ~/docs (write)\n"
    run("grant", "~/out")
    assert stored(home) == {"~/src/project": {"add-dirs-ro": ["~/out"]}}


@pytest.mark.parametrize("command", ["grant", "revoke", "grants"])
def test_nothing_is_kept_from_inside(run, home, monkeypatch, command):
    for backend in (Bubblewrap, Seatbelt):
        monkeypatch.setattr(backend, "inside", lambda self, host: True)
    said = run(command, *(("~/docs",) if command != "grants" else ()))
    assert said.startswith("this is inside of a sandbox, where nothing is granted, trusted, ")
    assert stored(home) == {}


# What is revoked


@pytest.mark.parametrize("mode", ["--read-only", "--write", "--deny"])
def test_what_was_granted_is_forgotten(run, home, mode):
    run("grant", mode, "~/docs")
    run("grant", "~/out")
    assert run("revoke", "~/docs") == f"no longer kept for ~/src/project: ~/docs ({mode[2:]})\n"
    assert stored(home) == {"~/src/project": {"add-dirs-ro": ["~/out"]}}
    run("revoke", "../../out")
    assert stored(home) == {}


def test_what_is_told_to_undo_it_undoes_it(run, home, tmp_path):
    (tmp_path / "it's").mkdir()
    for words in (
        ("--write", "~/docs", "--agent=claude", "--for=~/src/other"),
        ("--enable=ssh,docker", "--env-pass=A", "private"),
        (str(tmp_path / "it's"),),
    ):
        hint = run("grant", *words).splitlines()[-1]
        import shlex

        assert stored(home)
        run(*shlex.split(hint)[4:])
        assert stored(home) == {}


def test_what_is_gone_can_be_revoked(run, home):
    run("grant", "~/docs", "--for=~/src/other")
    (home / "docs").rmdir()
    (home / "src/other").rmdir()
    assert "~/docs (read-only)" in run("revoke", "~/docs", "--for=~/src/other")
    assert stored(home) == {}


def test_a_link_is_revoked_by_its_name_or_by_where_it_leads(run, home):
    os.symlink("docs", home / "link")
    for written, typed in (("~/link", "~/docs"), ("~/link", "~/link"), ("~/docs", "~/link")):
        path = home / ".config/safehouse/grants.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"~/src/project: {{deny: [{written}]}}\n")
        run("revoke", typed)
        assert stored(home) == {}


def test_everything_of_a_directory(run, home):
    run("grant", "~/docs", "--enable=ssh")
    run("grant", "~/docs", "--agent=claude")
    run("grant", "~/docs", "--for=~/src/other")
    assert run("revoke", "--all", "--agent=claude") == (
        "no longer kept for ~/src/project: ~/docs (read-only, for claude)\n"
    )
    assert run("revoke", "--all") == (
        "no longer kept for ~/src/project: ~/docs (read-only)\n"
        "no longer kept for ~/src/project: the feature ssh\n"
    )
    assert set(stored(home)) == {"~/src/other"}
    assert "nothing is kept for ~/src/project\n" in run("revoke", "--all")


def test_everything_of_a_directory_that_is_a_link_now(run, home):
    run("grant", "~/docs")
    run("grant", "~/out", "--for=~/src/other")
    os.rename("../project", "../away")
    os.symlink("other", "../project")
    assert "~/docs" in run("revoke", "--all", "--for=~/src/project")
    assert set(stored(home)) == {"~/src/other"}


def test_an_entry_that_says_nothing_can_be_forgotten(run, home):
    path = home / ".config/safehouse/grants.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("~/src/project: {known-by: 1-2}\n")
    assert run("revoke", "--all") == "forgotten: an entry that said nothing\n"
    assert stored(home) == {}


@pytest.mark.parametrize(
    "words, message, hint",
    [
        ((), "what is to be revoked?", "safehouse revoke PATH...; safehouse revoke --all"),
        (("--all", "~/docs"), "--all leaves nothing to name", "safehouse revoke PATH..."),
        (("~/dcs",), "~/dcs is not kept for ~/src/project, did you mean '~/docs'?",
         "there is: ~/docs (read-only)"),
        (("--enable=shh",), "--enable=shh is not kept for ~/src/project, did you mean 'ssh'?",
         "there is: the feature ssh"),
        (("--env-pass=A",), "--env-pass=A is not kept for ~/src/project", "safehouse grants --all"),
        (("~/docs", "--agent=codex"), "~/docs is kept for ~/src/project", "safehouse revoke ~/docs"),
        (("~/out",), "~/out is kept for ~/src", "safehouse revoke ~/out --for=~/src"),
        (("private",), "~/src/project/private is kept for ~/src/project, agent claude",
         "safehouse revoke ~/src/project/private --agent=claude"),
        (("--enable=docker",), "--enable=docker is kept for ~/src",
         "safehouse revoke --enable=docker --for=~/src"),
        (("--all", "--agent=codex"), "nothing is kept for ~/src/project, agent codex", "grants --all"),
        (("x", "--for=~/src/other"), "~/src/project/x is not kept for ~/src/other", "grants --all"),
        (("~/docs", "~/none"), "~/none is not kept for ~/src/project", "there is: ~/docs"),
    ],
)  # fmt: skip
def test_what_is_not_kept_is_an_error_that_says_what_is(run, home, words, message, hint):
    run("grant", "~/docs", "--enable=ssh")
    run("grant", "private", "--agent=claude")
    run("grant", "~/out", "--enable=docker", "--for=~/src")
    before = stored(home)
    said = run("revoke", *words).splitlines()
    assert said[0].startswith(message)
    assert hint in said[1]
    assert stored(home) == before


def test_what_a_parent_keeps_is_revoked_as_the_message_says(run, home):
    run("grant", "~/out", "--for=~/src")
    hint = run("revoke", "~/out").splitlines()[1]
    run(*hint.split()[1:])
    assert stored(home) == {}
