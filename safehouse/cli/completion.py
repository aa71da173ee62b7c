"""`safehouse completion`: what makes Tab complete safehouse, as code for a shell.

The code is static, so that no Python runs at a Tab: a template in shell/, filled with what is known
here. `safehouse init` keeps it with the person's own profiles; packages take it with ours.
"""

from __future__ import annotations

import sys

from safehouse import resources
from safehouse.cli.arguments import COMMANDS, HELP, OPTIONS, SUBCOMMANDS, usage
from safehouse.cli.candidates import operands, questions, runners, spelling
from safehouse.cli.names import shipped_names
from safehouse.errors import UserError, nearest, printable
from safehouse.host import Host
from safehouse.policy.operations import OPERATIONS
from safehouse.shims.shell import filled, quoting
from safehouse.sources.profile import LAYERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.cli.arguments import Arguments
    from safehouse.cli.candidates import Words
    from safehouse.cli.names import Names


def answer(arguments: Arguments) -> int:
    """Prints the completion for a shell, with the profiles that come with this release."""
    known = list(SUBCOMMANDS["completion"])
    if len(arguments.words) != 1:
        raise UserError("for which shell?", usage("completion"))
    shell = arguments.words[0]
    if shell not in known:
        raise UserError(
            f"there is no completion for {printable(shell)!r}{nearest(shell, known)}",
            usage("completion"),
        )
    sys.stdout.write(code(shell, shipped_names().on(Host.current().platform)))
    return 0


def code(shell: str, names: Names) -> str:
    """The code that completes safehouse in a shell."""
    word = quoting(shell)
    between = " \\\n    " if shell == "fish" else "\n    "
    values = {name: between.join(map(word, entries)) for name, entries in _lists(names).items()}
    return filled(resources.read(f"shell/complete.{shell}").decode(), values)


def _lists(names: Names) -> dict[str, list[str]]:
    """What the templates list: words with what they mean, which comes behind the last colon but text."""
    rest = tuple(layer for layer in LAYERS if layer not in ("feature", "agent", "app"))
    return {
        "COMMANDS": _entries([*COMMANDS.items(), HELP]),
        "SUBCOMMANDS": [
            f"{command} {entry}" for command in SUBCOMMANDS for entry in _below(command)
        ],
        "WORDS": [f"{command}:{words}" for command, words in operands()],
        "OPTIONS": list(_options()),
        "FEATURES": _entries(names.of("feature")),
        "AGENTS": _entries(names.of("agent")),
        "APPS": _entries(names.of("app")),
        "RUNNERS": _entries(runners()),
        "OTHERS": _entries(names.of(*rest)),
        "PROGRAMS": _entries(names.programs),
        "QUESTIONS": _entries(questions()),
        "OPERATIONS": list(OPERATIONS),
    }


def _options() -> Iterator[str]:
    for option in OPTIONS:
        for name in option.names:
            yield f"{' '.join(option.commands)}:{spelling(option, name)}:{option.help}"


def _below(command: str) -> list[str]:
    return _entries((name, known.help) for name, known in SUBCOMMANDS[command].items())


def _entries(words: Words) -> list[str]:
    return [f"{name}:{_plain(meaning)}" for name, meaning in words]


def _plain(text: str) -> str:
    """A person's own summary may be of any length and form."""
    return " ".join(printable(text).split())
