"""Shims as files: made, run for real with pretended programs, looked at, and removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.shims import on_path
from safehouse.sources import shim_file

SAFEHOUSE = '#!/bin/sh\nprintf "safehouse"; printf " <%s>" "$@"\n'
AGENT = '#!/bin/sh\nprintf "agent"; printf " <%s>" "$@"; echo; echo "PATH $PATH"\n'


@pytest.fixture
def home(in_home, monkeypatch):
    home = in_home("bin", at="src/project")
    for name, text in (("safehouse", SAFEHOUSE), ("claude", AGENT)):
        (home / "bin" / name).write_text(text)
        (home / "bin" / name).chmod(0o755)
    monkeypatch.setattr(sys, "argv", [f"{home}/bin/safehouse"])
    monkeypatch.setenv("PATH", f"{home}/shims:{home}/bin:/usr/bin:/bin")
    return home


def install(home, *names, directory="shims"):
    on_path.install(f"{home}/{directory}", names or ("claude",), Host.current())
    return home / directory / (names or ("claude",))[0]


def run(program, *words, **environment):
    given = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run([program, *words], env=given, capture_output=True, text=True, check=False)


def states(directory):
    return {placed.name: placed.state for placed in on_path.look(str(directory), Host.current())}


# What a shim does


def test_it_starts_safehouse_with_the_words_as_they_are(home):
    done = run(install(home), "a b", "", "*", "--x=y", "it's", "ä\n")
    assert done.stdout == "safehouse <run> <--shim> <--> <claude> <a b> <> <*> <--x=y> <it's> <ä\n>"


@pytest.mark.parametrize("value", ["", "0", "no", "false"])
def test_it_is_not_off_by_a_word_that_says_no(home, value):
    assert run(install(home), SAFEHOUSE_OFF=value).stdout.startswith("safehouse <run>")


@pytest.mark.parametrize("value", ["1", "yes", "told", "told-1", "anything"])
def test_off_it_starts_the_next_program_of_the_name_and_says_so(home, value):
    done = run(install(home), "x y", SAFEHOUSE_OFF=value)
    assert done.stdout.startswith("agent <x y>\n")
    assert done.stderr == "safehouse: SAFEHOUSE_OFF is set: not confined: claude\n"


def test_it_is_said_once_where_the_shell_that_starts_it_has_said_it(home):
    done = run(install(home), SAFEHOUSE_OFF=f"told-{os.getpid()}")
    assert (done.stdout[:5], done.stderr) == ("agent", "")


def test_off_what_the_agent_starts_comes_past_no_shim_again(home):
    done = run(install(home), SAFEHOUSE_OFF="1")
    assert f"PATH {home}/bin:/usr/bin:/bin\n" in done.stdout


def test_two_directories_of_shims_do_not_start_each_other_for_ever(home, monkeypatch):
    first, second = install(home), install(home, directory="more")
    monkeypatch.setenv("PATH", f"{home}/shims:{home}/more:{home}/bin:/usr/bin:/bin")
    for shim in (first, second):
        done = run(shim, SAFEHOUSE_OFF="1")
        assert done.stdout.startswith("agent <>\n")


def test_through_a_link_it_does_the_same(home):
    shim = install(home)
    (home / "link").symlink_to(shim)
    assert run(home / "link", SAFEHOUSE_OFF="1").stdout.startswith("agent <>\n")


def test_without_its_safehouse_nothing_is_started(home):
    shim = install(home)
    (home / "bin/safehouse").unlink()
    done = run(shim)
    assert (done.returncode, done.stdout) == (127, "")
    assert "is gone, so nothing was started" in done.stderr


def test_without_an_agent_it_says_so(home):
    shim = install(home)
    (home / "bin/claude").unlink()
    done = run(shim, SAFEHOUSE_OFF="1")
    assert (done.returncode, done.stdout) == (127, "")
    assert "command not found: claude" in done.stderr


def test_a_path_with_blanks_and_quotes_is_no_code(home, monkeypatch):
    odd = home / "it's $(touch x) b"
    odd.mkdir()
    (home / "bin/safehouse").rename(odd / "safehouse")
    monkeypatch.setattr(sys, "argv", [f"{odd}/safehouse"])
    shim = install(home)
    assert run(shim).stdout.startswith("safehouse <run>")
    assert shim_file.program_of(shim.read_text()) == f"{odd}/safehouse"


# Making and removing them


def test_they_are_remembered_and_can_be_run_by_everybody(home):
    shim = install(home, "claude", "npx")
    assert shim.stat().st_mode & 0o777 == 0o755
    assert shim_file.remembered(Host.current()) == {f"{home}/shims": ("claude", "npx")}
    install(home, "codex")
    assert shim_file.remembered(Host.current()) == {f"{home}/shims": ("claude", "codex", "npx")}


def test_a_program_is_not_replaced(home):
    with pytest.raises(UserError, match="is a program of its own, which is not replaced"):
        install(home, "npx", "claude", directory="bin")
    assert (home / "bin/claude").read_text() == AGENT
    assert not (home / "bin/npx").exists()
    assert shim_file.remembered(Host.current()) == {}


def test_a_link_is_not_followed(home):
    (home / "shims").mkdir()
    (home / "shims/claude").symlink_to(home / "bin/claude")
    with pytest.raises(UserError, match="is a program of its own"):
        install(home)


@pytest.mark.parametrize("directory", ["src/project/bin", ".npm/bin", ".cache/pip/bin"])
def test_where_confined_commands_write_none_is_made(home, directory):
    with pytest.raises(UserError, match="lies where confined commands may write"):
        install(home, directory=directory)
    assert not (home / directory).exists()


def test_where_others_write_none_is_made(home):
    (home / "shims").mkdir()
    (home / "shims").chmod(0o777)
    with pytest.raises(UserError, match="can be written by others"):
        install(home)


def test_only_shims_are_removed(home):
    install(home, "claude", "codex")
    (home / "shims/mine").write_text("#!/bin/sh\n")
    assert on_path.remove(f"{home}/shims", Host.current()) == ("claude", "codex")
    assert os.listdir(home / "shims") == ["mine"]
    assert shim_file.remembered(Host.current()) == {}


def test_a_directory_that_is_empty_then_goes_too(home):
    install(home, "claude", "codex")
    assert on_path.remove(f"{home}/shims", Host.current(), ("codex",)) == ("codex",)
    assert shim_file.remembered(Host.current()) == {f"{home}/shims": ("claude",)}
    on_path.remove(f"{home}/shims", Host.current())
    assert not (home / "shims").exists()


# How they do


def test_one_that_does_what_it_is_for_is_current(home):
    install(home)
    (placed,) = on_path.look(f"{home}/shims", Host.current())
    assert (placed.state, placed.other) == ("current", f"{home}/bin/claude")


def test_one_behind_the_program_is_too_late(home, monkeypatch):
    install(home)
    monkeypatch.setenv("PATH", f"{home}/bin:{home}/shims")
    assert states(home / "shims") == {"claude": "too late"}


def test_one_that_is_not_on_path_has_every_program_behind_it(home, monkeypatch):
    """An editor may name it."""
    install(home)
    monkeypatch.setenv("PATH", f"{home}/bin")
    assert states(home / "shims") == {"claude": "current"}


def test_one_of_another_version_is_old(home):
    shim = install(home)
    shim.write_text(shim.read_text().replace("safehouse-shim ", "safehouse-shim 0."))
    assert states(home / "shims") == {"claude": "old"}


def test_one_without_its_agent_or_its_safehouse_says_so(home):
    install(home)
    (home / "bin/claude").unlink()
    assert states(home / "shims") == {"claude": "no agent"}
    (home / "bin/safehouse").unlink()
    assert states(home / "shims") == {"claude": "program gone"}


def test_they_are_found_where_they_are_remembered_and_on_path(home, monkeypatch):
    install(home, directory="off-path")
    install(home)
    Path(home / ".local/state/safehouse/shims").unlink()
    assert on_path.directories(Host.current()) == (f"{home}/shims",)
    install(home, directory="off-path")
    assert set(on_path.directories(Host.current())) == {f"{home}/shims", f"{home}/off-path"}


@pytest.mark.parametrize("directory", ["theirs", "theirs/new"])
def test_a_directory_that_the_person_cannot_write_is_named_with_what_to_do(
    home, monkeypatch, directory
):
    (home / "theirs").mkdir()
    access, makedirs = os.access, os.makedirs

    def no_access(path, mode, **options):
        return not str(path).startswith(f"{home}/theirs") and access(path, mode, **options)

    def no_directories(path, **options):
        if str(path).startswith(f"{home}/theirs/"):
            raise PermissionError(13, "Permission denied", path)
        makedirs(path, **options)

    monkeypatch.setattr(os, "access", no_access)
    monkeypatch.setattr(os, "makedirs", no_directories)
    with pytest.raises(UserError) as error:
        install(home, directory=directory)
    assert error.value.message == f"{home}/{directory} cannot be written by you"
    assert error.value.hint.endswith("safehouse shims install ~/.local/share/safehouse/shims")
