"""What tests of Tab share: a home with files of all names, and the completion as packages install it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from safehouse.cli.completion import code
from safehouse.cli.names import Names, names_of
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile_file import load
from tests.confinement import user
from tests.shell.keys import Keyboard

# What a person has in profiles.d; the summary is what no shell may take for anything but text.
OWN = """\
profiles:
  fern:
    layer: agent
    summary: 'one''s own: "$(touch ran)" `touch ran` ${HOME} [x] @NAMES@ \\ %n'
    commands: [fern]
  fern-cache:
    layer: feature
    summary: where fern keeps things
    weakens: little
"""
# Where a shell looks for what completes safehouse.
NAMES = {"bash": "safehouse", "zsh": "_safehouse", "fish": "safehouse.fish"}
# What completes qwen, which is an agent, and there but for that.
STAND_INS = {
    "bash": """
_stand_in() { local IFS=' '; COMPREPLY=($(compgen -W '--resume sonnet' -- "$2")); }
complete -F _stand_in qwen
""",
    "zsh": """
_stand_in() { _arguments '--resume[go on]' '*:model:(sonnet)' }
compdef _stand_in qwen
""",
    "fish": """
complete -c qwen -f -l resume -d 'go on'
complete -c qwen -a sonnet
""",
}
COMPINIT = "autoload -Uz compinit; compinit -D -u\n"


@contextlib.contextmanager
def directory() -> Iterator[Path]:
    """One of the ordinary user's."""
    made = user.new_directory()
    try:
        yield made
    finally:
        user.remove(made)


def make_home(home: Path) -> Path:
    """A home with files of all names, and programs."""
    for name in ("alpha/one", "beta", "sp ace/in ner", "br[a]ck", "uni-é/deep", ".hidden", "it's"):
        (home / name).mkdir(parents=True)
    for name in ("file.txt", "do$lar", "beta/inside"):
        (home / name).touch()
    for name in ("safehouse", "qwen", "sh-test-command"):
        path = home / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    user.own(home)
    return home


def own_names() -> Names:
    """The shipped names, and those in OWN."""
    known = records()
    own = tuple(load(OWN, "fern.yaml", frozenset(known)).values())
    return names_of(Catalogue("linux", known, own)).on("linux")


def install(folder: Path, names: Names) -> dict[str, Path]:
    """What completes safehouse, as a file for each shell where that looks."""
    found = {shell: folder / shell / name for shell, name in NAMES.items()}
    for shell, file in found.items():
        file.parent.mkdir(parents=True)
        file.write_text(code(shell, names))
    user.own(folder)
    return found


def environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": f"{home}/bin:/usr/bin:/bin",
        "XDG_CONFIG_HOME": f"{home}/.config",
        "XDG_DATA_HOME": f"{home}/.local/share",
        "SH_TEST_VARIABLE": "1",
    }


def at_shell(shell: str, home: Path, file: Path, setting: str = "", behind: str = "") -> Keyboard:
    """A person at a shell that finds its completion in a file, as packages install it."""
    setup = {
        "bash": f"{setting}\n. '{file}'\n",
        "zsh": f"fpath=('{file.parent}' $fpath)\n{COMPINIT}{setting}\n",
        "fish": f"{setting}\nset -g fish_complete_path '{file.parent}' $fish_complete_path\n",
    }[shell]
    return Keyboard(shell, setup + STAND_INS[shell] + behind, home, environment(home))
