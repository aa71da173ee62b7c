"""What the calling shell says of itself is a text that anybody can write."""

from __future__ import annotations

import pytest

from safehouse.doctor.shell_state import Name, calling, is_off, way_of
from tests import fake_host


def said(text):
    return calling(fake_host.linux(environ={"SAFEHOUSE_SHELL": text}))


def test_it_is_understood_as_the_shells_write_it():
    state = said(
        "zsh 5.9 0123456789abcdef\nclaude alias claude --x 'a b'\nclaude shim\ncodex function"
    )
    assert (state.shell, state.version, state.build) == ("zsh", "5.9", "0123456789abcdef")
    assert state.names == {
        "claude": Name(True, "claude --x 'a b'"),
        "codex": Name(function=True),
    }


def test_a_function_that_mentions_safehouse_is_told_from_others():
    assert said("bash 5.2 x\nclaude function safehouse").names["claude"].mentions


def test_a_checkout_has_no_build():
    assert said("bash 5.2.15(1)-release ").build == ""


@pytest.mark.parametrize("text", ["", "\n", "tcsh 6 x\nclaude shim", "zshx", " zsh 5", "\0"])
def test_what_no_shell_of_ours_says_is_nothing(text):
    assert said(text) is None


def test_what_is_no_name_is_left_out_and_nothing_of_it_reaches_the_terminal():
    lines = [
        "../x shim",
        "\x1b[31m shim",
        "a b",
        "$(id) shim",
        "claude alias \x1b[2Jx",
        "",
        "claude",
    ]
    state = said("zsh \x1b[1m \x07\n" + "\n".join(lines))
    assert [*state.names] == ["claude"]
    assert state.names["claude"].alias == "\\x1b[2Jx"
    assert (state.version, state.build) == ("\\x1b[1m", "\\x07")


def test_too_much_of_it_is_cut():
    state = said("zsh 5 x\nclaude alias " + "x" * 10_000 + "\n" + "a shim\n" * 10_000)
    assert len(state.names["claude"].alias) == 300


@pytest.mark.parametrize(
    "value, off", [("", 0), ("0", 0), ("no", 0), ("false", 0), ("1", 1), ("told", 1)]
)
def test_off_is_what_the_shells_take_for_it(value, off):
    assert is_off(fake_host.linux(environ={"SAFEHOUSE_OFF": value})) == bool(off)


@pytest.mark.parametrize(
    "alias, way",
    [
        ("claude --model opus", "through"),
        ("A=b C='d' claude", "through"),
        ("'claude' -x", "through"),
        ("\\claude", "through"),
        ("noglob claude", "through"),
        ("safehouse --enable=ssh claude", "through"),
        ("__safehouse_run ~/.claude/local/claude", "through"),
        ("~/.claude/local/claude", "past"),
        ("A=b /opt/claude", "past"),
        ("command claude", "past"),
        ("env A=b claude", "past"),
        ("clyde --x", "past"),
        ("mystery", "unclear"),
        ("cd /tmp && claude", "unclear"),
        ("claude | cat", "unclear"),
        ("$(which claude)", "unclear"),
        ("", "unclear"),
        ("A=b ", "unclear"),
    ],
)
def test_where_an_alias_leads(alias, way):
    assert way_of(alias, {"claude"}, {"clyde"}) == way
