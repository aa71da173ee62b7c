"""`safehouse completion`: the code for each shell has all that there is, and says so to packages alone."""

from __future__ import annotations

import re

import pytest

from safehouse.cli.arguments import COMMANDS, OPTIONS, SUBCOMMANDS
from safehouse.cli.completion import code
from safehouse.cli.main import main
from safehouse.cli.names import names_of
from safehouse.shims.shell import SHELLS
from safehouse.sources.catalogue import Catalogue, records

NAMES = names_of(Catalogue("linux", records()))


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_forgotten(shell):
    text = code(shell, NAMES.on("linux")).replace("'\\''", "'").replace("\\'", "'")
    entries = [f"{name}:{what}" for name, what in COMMANDS.items()]
    entries += [f"{c} {n}:{s.help}" for c, known in SUBCOMMANDS.items() for n, s in known.items()]
    entries += [f":{option.help}" for option in OPTIONS]
    entries += [f":{name}" for option in OPTIONS for name in option.names]
    entries += [f"{name}:{record[2]}" for name, record in records().items()]
    assert [entry for entry in entries if entry not in text] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_printed_for_each_shell(shell, capsys):
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert re.findall("@[A-Z]+@", printed) == []
    assert printed.startswith("#compdef safehouse") == (shell == "zsh")


def test_what_means_something_on_the_other_system_alone_says_so():
    assert "keychain:" in code("bash", NAMES.on("macos"))
    line = next(
        line
        for line in code("bash", NAMES.on("linux")).splitlines()
        if line.strip().startswith("'keychain:")
    )
    assert line.endswith("[macOS only]'")


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bahs"], ["bash", "zsh"]], ids=str)
def test_a_shell_that_is_not_there_is_an_error(words, capsys):
    assert main(["completion", *words]) == 125
    said = capsys.readouterr().err
    assert "safehouse completion zsh | bash | fish" in said
    assert ("bash" in said.partition("\n")[0]) == (words in (["bahs"],))
