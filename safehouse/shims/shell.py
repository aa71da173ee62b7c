"""The code for a shell: its template in shell/, filled in."""

from __future__ import annotations

import os
import re

from safehouse import resources
from safehouse.errors import quoted
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHELLS = ("zsh", "bash", "fish")
# The file of each at whose end the line belongs, as a person without special settings has it.
FILES = {"zsh": "~/.zshrc", "bash": "~/.bashrc", "fish": "~/.config/fish/config.fish"}


class Integration(Value):
    """What a shell's code is made of.

    `program` is the safehouse that it starts, by absolute path, `words` the arguments of `init`
    that made it, `completion` the code for Tab.
    """

    shell: str
    program: str
    build: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    completion: str = ""


def code(integration: Integration) -> str:
    """The text that the shell evaluates."""
    word = quoting(integration.shell)
    values = {
        "PROGRAM": word(integration.program),
        "BUILD": word(integration.build),
        "AGENTS": " ".join(integration.names),
        "SHOWN": word(" ".join(integration.names)),
        "WORDS": " ".join(word(each) for each in integration.words),
        "COMPLETION": integration.completion,
    }
    text = resources.read(f"shell/init.{integration.shell}").decode()
    return filled(text, values)


def for_tab(shell: str, text: str, file: str) -> str:
    """The part of a shell's code for Tab: what loads `text` from the file it is kept in, or itself."""
    word = quoting(shell)
    values = {"FILE": word(file), "PLACE": word(os.path.dirname(file))}
    load = filled(resources.read(f"shell/load.{shell}").decode(), values)
    if file:
        return load
    return text + load if shell == "zsh" else text  # which has to wait there for compinit


def line_of(shell: str, program: str = "safehouse") -> str:
    """The line in a shell's file that reads the code; `program` is a word of the shell's language."""
    if shell == "fish":
        return f"{program} init fish | source"
    return f'eval "$({program} init {shell})"'


def reading(shell: str, path: str) -> str:
    """The line by which a shell reads its code from a file, whatever its options are."""
    word = quoting(shell)
    if shell == "zsh":
        return f"emulate zsh -c {word(f'. {word(path)}')}"
    return f"{'source' if shell == 'fish' else '.'} {word(path)}"


def inline(shell: str, text: str) -> str:
    """The code itself, for a shell whatever its options are."""
    return f"emulate zsh -c {quoting(shell)(text)}\n" if shell == "zsh" else text


def filled(text: str, values: Mapping[str, str]) -> str:
    """A template with its `@NAME@`s replaced; what a value contains is not looked at again."""
    return re.sub("@([A-Z]+)@", lambda found: values[found[1]], text)


def quoting(shell: str) -> Callable[[str], str]:
    """How a word is written in a shell."""
    return _in_fish if shell == "fish" else lambda text: quoted(text, tilde=False)


def _in_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
