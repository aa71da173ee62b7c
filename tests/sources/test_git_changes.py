"""What is told at the end: what git would obey, in few words that no terminal misunderstands."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

import pytest

from safehouse.files import LocalFiles
from safehouse.host import LINUX, Host
from safehouse.sources.git_changes import Seen, look, told
from tests.fake_host import HOME, mac

GIT = shutil.which("git")


@pytest.mark.parametrize(
    ("names", "had", "said"),
    [
        ((), "missing", ""),
        (("w/.git/HEAD",), "missing", "is new"),
        (("w/.git/HEAD",), "directory", ""),
        (("w/.git/config", "w/HEAD"), "directory", "has lost its HEAD"),
        (("w/.git/config", "w/x"), "directory", ""),
    ],
)
def test_what_the_next_git_command_would_obey_is_told(names, had, said):
    """linux.md 1.3: neither can be denied without a file of ours in the project."""
    seen = Seen(f"{HOME}/w", had, "", frozenset())
    sentences = list(told(mac(*names).files, (seen,)))
    assert [said in sentence for sentence in sentences] == ([True] if said else [])


@pytest.fixture
def place(tmp_path):
    """A home with a repository `w` that has some settings."""
    home = tmp_path.resolve() / "home"
    for directory in ("w/.git/objects", "w/.git/hooks"):
        (home / directory).mkdir(parents=True)
    (home / "w/.git/HEAD").write_text("ref: refs/heads/main\n")
    config = '[remote "origin"]\n\turl = https://a/b\n[core]\n\tpager = it\'s less\n'
    (home / "w/.git/config").write_text(config)
    return home


def after(place, change, open_config=True):
    """What is told after a change."""
    root = f"{place}/w"
    host = Host(LINUX, str(place), root, {}, LocalFiles())
    seen = look(host, (root, "", root), open_config)
    change()
    return list(told(LocalFiles(), seen))


def config(place):
    return place / "w/.git/config"


def changed(place, *words):
    def change():
        subprocess.run([GIT, "config", "--file", config(place), *words], check=True)

    return after(place, change)


def test_without_a_change_nothing_is_told(place):
    assert after(place, lambda: None) == []


@pytest.mark.parametrize(
    "words",
    [
        ("user.name", "x"), ("--add", "remote.new.url", "https://x"), ("branch.x.remote", "origin"),
        ("--add", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        ("--unset", "remote.origin.url"), ("--add", "remote.new.pushurl", "https://x"),
    ],
)  # fmt: skip
@pytest.mark.skipif(not GIT, reason="no git")
def test_what_the_feature_is_for_is_not_told(place, words):
    assert changed(place, *words) == []


@pytest.mark.parametrize(
    "words, what",
    [
        (("core.fsmonitor", "./x"), "core.fsmonitor was added: ./x"),
        (("core.pager", "evil"), "core.pager was changed: evil"),
        (("--unset", "core.pager"), "core.pager was removed"),
        (("--add", "core.pager", "more"), "core.pager was changed: it's less, more"),
        (("filter.a b.c.clean", "x"), "filter.a b.c.clean was added: x"),
        (("remote.origin.url", "https://evil"), "remote.origin.url was changed: https://evil"),
        (
            ("remote.origin.pushurl", "https://evil"),
            "remote.origin.pushurl was added: https://evil",
        ),
        (("remote.new.url", "ext::x"), "remote.new.url was added: ext::x"),
        (("alias.x", "!\x1b[2Jrm"), "alias.x was added: !\\x1b[2Jrm"),
    ],
)
@pytest.mark.skipif(not GIT, reason="no git")
def test_what_git_would_run_is_told_with_a_command_that_undoes_it(place, words, what):
    before = subprocess.run([GIT, "config", "-f", config(place), "-l"], capture_output=True).stdout
    (sentence,) = changed(place, *words)
    assert sentence.startswith(f"{config(place)}: {what}\n  undo: git config ")
    assert all(line.isprintable() for line in sentence.split("\n"))
    command = sentence.partition("undo: ")[2]
    assert shlex.split(command)[2:4] == ["--file", str(config(place))]
    subprocess.run(command, shell=True, check=True)
    now = subprocess.run([GIT, "config", "-f", config(place), "-l"], capture_output=True).stdout
    assert sorted(now.split()) == sorted(before.split())


@pytest.mark.skipif(not GIT, reason="no git")
def test_several_values_come_back(place):
    for value in ("one", "-two", "it's"):
        command = [GIT, "config", "--file", config(place), "--add", "credential.helper", value]
        subprocess.run(command, check=True)
    (sentence,) = changed(place, "--unset-all", "credential.helper")
    subprocess.run(sentence.partition("undo: ")[2], shell=True)
    done = [GIT, "config", "--file", config(place), "--get-all", "credential.helper"]
    assert subprocess.run(done, capture_output=True).stdout == b"one\n-two\nit's\n"


def test_a_file_of_settings_that_appeared(place):
    def change():
        (place / "w/.git/config.worktree").write_text("[core]\n\tfsmonitor = x\n")

    (sentence,) = after(place, change)
    assert sentence.startswith(f"{place}/w/.git/config.worktree: core.fsmonitor was added: x")


@pytest.mark.parametrize("kind", ["link", "directory", "pipe"])
def test_settings_that_are_no_file_any_more(place, kind):
    def change():
        config(place).unlink()
        if kind == "link":
            config(place).symlink_to("/etc/passwd")
        elif kind == "directory":
            config(place).mkdir()
        else:
            os.mkfifo(config(place))

    (sentence,) = after(place, change)
    assert "is no file any more" in sentence


def test_settings_that_are_too_long_to_be_looked_through(place):
    (sentence,) = after(place, lambda: config(place).write_text("#" * 2_000_000))
    assert "is larger than" in sentence


def test_what_cannot_be_shown_is_undone_by_hand(place):
    text = '[filter "%s"]\n\tclean = x\n'
    names = ("\u202eevil", "x" * 100_000, "\x1b[2J")
    sentences = after(place, lambda: config(place).write_text("".join(text % n for n in names)))
    assert len(sentences) == 4  # and the pager, which is gone
    for sentence in sentences[:3]:
        assert f"undo: by hand, in {config(place)}" in sentence
        assert all(line.isprintable() for line in sentence.split("\n"))
        assert len(sentence) < 1000


def test_a_million_settings_are_few_words(place):
    text = "[alias]\n" + "".join(f"\ta{n} = x\n" for n in range(50_000))
    sentences = after(place, lambda: config(place).write_text(text))
    assert len(sentences) == 21
    assert "and 49981 more of this kind" in sentences[-1]


def test_without_the_feature_settings_are_not_looked_at(place):
    """They are held in their place."""
    change = lambda: config(place).write_text("[core]\n\tfsmonitor = x\n")  # noqa: E731
    assert after(place, change, open_config=False) == []


# Worktrees and submodules that were made.


def worktree(place, commondir="../..\n", settings=""):
    def change():
        admin = place / "w/.git/worktrees/new"
        admin.mkdir(parents=True)
        if commondir is not None:
            (admin / "commondir").write_text(commondir)
        if settings:
            (admin / "config.worktree").write_text(settings)

    return after(place, change, open_config=False)


def test_a_new_worktree_as_git_makes_it_is_not_told(place):
    assert worktree(place) == []


@pytest.mark.parametrize("commondir", ["../../new\n", "/x", "../..\nx", None, ""])
def test_a_new_worktree_with_another_common_directory(place, commondir):
    (sentence,) = worktree(place, commondir)
    assert sentence == (
        f"{place}/w/.git/worktrees/new is new: its commondir leads elsewhere. "
        "Look at it before you run git there"
    )


def test_a_new_worktree_with_settings(place):
    (sentence,) = worktree(place, settings="[core]\n\tfsmonitor = x\n\tpager = y\n")
    assert (
        "its config.worktree sets core.fsmonitor, its config.worktree sets core.pager." in sentence
    )


def module(place, files, name="group/new"):
    def change():
        for file, text in {
            "HEAD": "x",
            "config": "[core]\n\tworktree = ../../../new\n",
            **files,
        }.items():
            path = place / "w/.git/modules" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)

    return after(place, change, open_config=False)


@pytest.mark.parametrize("files", [{}, {"hooks/pre-commit.sample": "x"}, {"objects/x": "x"}])
def test_a_new_submodule_as_git_makes_it_is_not_told(place, files):
    assert module(place, files) == []


@pytest.mark.parametrize(
    "files, what",
    [
        ({"hooks/pre-commit": "x"}, "it has a hook pre-commit"),
        ({"config": "[core]\n\tfsmonitor = x\n"}, "its config sets core.fsmonitor"),
        (
            {"config.worktree": "[core]\n\tfsmonitor = x\n"},
            "its config.worktree sets core.fsmonitor",
        ),
        ({"commondir": "x"}, "it has a commondir"),
        ({"config": "#" * 2_000_000}, "its config is very long"),
        (
            {"modules/inner/config": "[core]\n\tpager = x\n"},
            "new/modules/inner is new: its config sets",
        ),
    ],
)
def test_a_new_submodule_that_could_run_a_program(place, files, what):
    (sentence,) = module(place, files)
    assert what in sentence


def test_submodules_without_end_are_few_words(place):
    def change():
        base = place / "w/.git/modules"
        for number in range(300):
            (base / f"{number}/hooks").mkdir(parents=True)
            hook = base / f"{number}/hooks/x{'y' * 200}"
            hook.write_text("")
            hook.chmod(0o755)

    sentences = after(place, change, open_config=False)
    assert len(sentences) == 21
    assert sum(map(len, sentences)) < 20_000


@pytest.mark.parametrize("deep", [True, False])
def test_names_without_end_are_one_sentence(place, deep):
    def change():
        base = place / "w/.git/modules"
        if deep:
            (base / "/".join(["a"] * 400)).mkdir(parents=True)
        else:
            for number in range(1100):
                (base / f"{number}").mkdir(parents=True)

    (sentence,) = after(place, change, open_config=False)
    assert "too deep" in sentence or "more in it than can be looked through" in sentence


def test_a_name_with_control_characters_is_shown_as_such(place):
    (sentence,) = after(
        place,
        lambda: (place / "w/.git/worktrees/a\x1b[2J\nb").mkdir(parents=True),
        open_config=False,
    )
    assert sentence.isprintable()


# Whether a Mac has to stay.


def test_it_has_to_stay_where_something_could_be_told_at_the_end(place):
    host = Host(LINUX, str(place), f"{place}/w", {}, LocalFiles())

    def needed(root, open_config=False):
        return [seen.needs_a_look for seen in look(host, (root,), open_config)]

    assert needed(f"{place}/w") == [False]
    assert needed(f"{place}/w", open_config=True) == [True]
    assert needed(str(place)) == [True]
    (place / "w/.git/worktrees/x").mkdir(parents=True)
    fresh = Host(LINUX, str(place), f"{place}/w", {}, LocalFiles())
    assert [seen.needs_a_look for seen in look(fresh, (f"{place}/w",), False)] == [True]
    assert look(host, ("",), False) == ()
