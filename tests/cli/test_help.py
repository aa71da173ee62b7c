"""`--help` teaches, forgets nothing, and fits on a screen."""

from __future__ import annotations

import pytest

from safehouse.cli.arguments import COMMANDS, OPTIONS
from safehouse.cli.help import text
from safehouse.sources.catalogue import Catalogue, records


@pytest.mark.parametrize("command", COMMANDS)
def test_it_lists_every_option_of_the_command_and_no_other(command):
    lines = text(command).splitlines()
    for option in OPTIONS:
        listed = [line for line in lines if line.startswith(f"  {option.names[0]}")]
        listed = [
            line for line in listed if line.split()[0].split("=")[0].rstrip(",[") == option.names[0]
        ]
        wanted = any(command in o.commands for o in OPTIONS if o.names == option.names)
        assert bool(listed) == wanted, option.names
        if command in option.commands:
            assert all(name in " ".join(listed) for name in option.names)
            assert option.help in text(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_fits(command):
    lines = text(command).splitlines()
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 72
    assert all(line == line.rstrip() for line in lines)
    assert text(command).isascii()


def test_it_lists_every_command_and_feature():
    """R76."""
    for name in (*COMMANDS, *Catalogue("linux", records()).in_layers(("feature",))):
        assert name in text("run")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_how_it_is_used_by_examples(command):
    assert "usage: safehouse" in text(command)
    assert text(command).count("\n  safehouse ") >= 2


def test_it_names_the_exit_statuses():
    for status in ("125", "126", "127", "128+n"):
        assert status in text("run")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_with_the_exit_statuses_of_the_command(command):
    last = text(command).rpartition("\n\n")[2]
    assert last.startswith("Exit status: ") and "125" in last
    assert ("the command's own" in last) == (command in ("run", "learn"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_what_it_does_are_two_columns(name):
    assert f"\n  {name} " in text("run")
