"""Text as wide as the terminal; plain where there is none."""

from __future__ import annotations

import os

from safehouse.cli import columns as module
from safehouse.cli.columns import columns, width

ROWS = [("name", "some words that go on for a while"), ("", "more"), ("x", "")]


def test_without_a_terminal_nothing_is_wrapped(capsys):
    assert width() == 0
    assert list(columns(ROWS, 2, 0)) == [
        "  name  some words that go on for a while",
        "        more",
        "  x",
    ]


def test_a_narrow_terminal_wraps_beside_the_name():
    assert list(columns(ROWS, 2, 24)) == [
        "  name  some words that",
        "        go on for a",
        "        while",
        "        more",
        "  x",
    ]


def test_a_long_name_has_its_text_below():
    assert list(columns([("a" * 50, "text"), ("b", "c")], 0, 0)) == ["a" * 50, "   text", "b  c"]


def test_what_could_be_copied_is_never_broken():
    path = "/a/very/long/path-that-does-not-fit-at-all"
    assert any(path in line for line in columns([("b", f"see {path}")], 0, 24))


def test_the_width_is_that_of_the_terminal(monkeypatch):
    monkeypatch.setattr(module.sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(module.sys.stdout, "fileno", lambda: 1, raising=False)
    for given, used in ((100, 100), (10, 40)):
        size = os.terminal_size((given, 24))
        monkeypatch.setattr(module.os, "get_terminal_size", lambda _, size=size: size)
        assert width() == used
