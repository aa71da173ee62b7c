"""Trees on a terminal, in a pipe, and for programs."""

from __future__ import annotations

import io
import re

import pytest

from safehouse.answers.tree import Node
from safehouse.cli import tree
from safehouse.cli.tree import Style, as_json, text

HOOKS = Node("hooks", "directory", "read-only", "git runs it", rest=(("read-only", 2),))
GIT = Node(".git", "directory", "read-write", named=(HOOKS,), rest=(("read-write", 9),))
SECRET = Node("my\x1b[2Jkey", "file", "closed", "a key")
DEEP = Node("deep", "directory", "read-write", deeper=(("read-only", 1), ("closed", 3)))
TOP = Node(
    "/home/you/p", "directory", "read-write", "the project", named=(GIT, DEEP, SECRET),
    rest=(("read-write", 1), ("closed", 4)), left_out=7,
)  # fmt: skip


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def test_in_a_pipe_it_is_indented_and_has_no_colors():
    lines = text(TOP, "~/p", Style(0)).splitlines()
    assert [re.split("   *", line.strip()) for line in lines] == [
        ["~/p/", "read-write", "the project"],
        [".git/", "read-write"],
        ["hooks/", "read-only, 2 entries", "git runs it"],
        ["9 others", "read-write"],
        ["deep/", "read-write, in it 1 read-only, 3 closed"],
        ["my\\x1b[2Jkey", "closed", "a key"],
        ["... 7 more like these"],
        ["1 other", "read-write"],
        ["4 others", "closed"],
    ]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4, 4, 2, 2, 2, 2, 2]
    assert len({line.index("read-write") for line in lines if "read-write" in line}) == 1


def test_on_a_terminal_it_is_drawn(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    drawn = text(TOP, "~/p", Style(200))
    lines = drawn.splitlines()
    assert lines[1].startswith("\u251c\u2500\u2500 .git/ ")
    assert lines[2].startswith("\u2502   \u251c\u2500\u2500 hooks/ ")
    assert lines[3].startswith("\u2502   \u2514\u2500\u2500 9 others ")
    assert lines[-1].startswith("\u2514\u2500\u2500 4 others ")
    assert "\x1b[33mread-only, 2 entries\x1b[0m" in drawn and "\x1b[2J" not in drawn


@pytest.mark.parametrize("name, value", [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colors_can_be_refused(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", Terminal())
    assert "\x1b" not in text(TOP, "~/p", Style(200))


def test_a_terminal_that_has_no_such_characters_gets_others(monkeypatch):
    terminal = Terminal()
    terminal.encoding = "ascii"
    monkeypatch.setattr("sys.stdout", terminal)
    assert text(TOP, "~/p", Style(200)).isascii()


def test_reasons_are_left_out_where_there_is_no_room(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    narrow = text(TOP, "~/p", Style(70))
    assert "the project" not in narrow and "read-only, 2 entries" in narrow
    assert all(len(line) <= 70 for line in narrow.splitlines())


def test_a_home_of_its_own_is_called_so():
    home = Node("/home/you", "directory", "visible", own=True, named=(GIT,))
    assert text(home, "~", Style(0)).startswith("~/  ".ljust(10)) or "its own" in text(
        home, "~", Style(0)
    )
    assert "its own: only what is granted is yours" in text(home, "~", Style(0)).splitlines()[0]


def test_programs_get_all_of_it():
    found = as_json(TOP, "/home/you/p")
    assert found["path"] == "/home/you/p" and found["left_out"] == 7
    assert found["others"] == {"read-write": 1, "closed": 4}
    assert [each["name"] for each in found["named"]] == [".git", "deep", "my\x1b[2Jkey"]
    assert found["named"][1]["deeper"] == {"read-only": 1, "closed": 3}
    assert found["named"][0]["named"][0]["reason"] == "git runs it"
    assert tree.as_json(GIT).get("path") is None
