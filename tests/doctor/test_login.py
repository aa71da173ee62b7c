"""Real shells, asked as they are started at a login, whatever their files do."""

from __future__ import annotations

import os
import time

import pytest

from safehouse.doctor import login
from safehouse.doctor.login import NO_COMPINIT, READ, SILENT, UNREAD
from safehouse.value import replace
from tests.shell.person import program

FILES = {"bash": ".bash_profile", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
_SET = "__safehouse_program=/x"
CODE = {"bash": _SET, "zsh": _SET, "fish": "set -g __safehouse_program /x"}


@pytest.fixture(params=FILES)
def shell(request) -> str:
    return str(request.param)


def asked(person, shell, text):
    person.write(FILES[shell], text)
    return login.asked(program(shell), shell, person.host())


def test_it_says_whether_it_has_read_the_code(person, shell):
    read = NO_COMPINIT if shell == "zsh" else READ
    assert asked(person, shell, f"echo hello; {CODE[shell]}\n") == read
    assert asked(person, shell, "echo hello\n") == UNREAD
    assert asked(person, shell, "exec true\n") == SILENT


def test_in_zsh_it_says_whether_anything_is_completed(person):
    assert asked(person, "zsh", f"{CODE['zsh']}; compdef() {{ :; }}\n") == READ


def test_it_has_a_path_of_the_system_alone(person, shell, monkeypatch):
    person.program(".local/bin/only-mine")
    assert asked(person, shell, f"only-mine && {CODE[shell]}\n") == UNREAD


def test_one_that_waits_is_ended_and_what_it_leaves_running_is_not_waited_for(
    person, shell, monkeypatch
):
    monkeypatch.setattr(login, "_SECONDS", 1)
    began = time.monotonic()
    assert asked(person, shell, "sleep 30\n") == SILENT
    asked(person, shell, "sleep 3 &\n")
    assert time.monotonic() - began < 3


def test_where_the_files_of_a_shell_were_moved_for_now_it_is_not_known(person, monkeypatch):
    person.write("zsh/.zshrc", 'eval "$(safehouse init zsh)"\n')
    person.write("zsh/.zshenv", "touch ~/started\n")
    host = person.host(ZDOTDIR=f"{person.home}/zsh")
    assert login.readings(host, program("zsh")) == {"zsh": SILENT}
    assert not (person.home / "started").exists()


def test_only_shells_with_the_line_are_asked(person, monkeypatch):
    monkeypatch.setattr(login, "asked", lambda program, shell, host: (program, shell))
    assert login.readings(person.host(), "") == {}
    person.write(".bashrc", 'eval "$(safehouse init bash)"\n')
    path = os.path.realpath(program("bash"))
    # Nothing that lies in another HOME is started, nor does one that is asked ask again.
    assert login.readings(replace(person.host(), borrowed=True), path) == {}
    assert login.readings(person.host(SAFEHOUSE_ASKED="1"), path) == {}
    assert login.readings(person.host(), path) == {"bash": (path, "bash")}
    assert set(login.readings(person.host(), "/bin/zsh")) == {"bash"}
