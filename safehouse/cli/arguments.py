"""The command line: one table of options, read by a parser that costs no import.

argparse takes 12 ms before it has read a word; a launch is allowed 12 in all.
"""

from __future__ import annotations

from safehouse.errors import UserError, nearest, printable
from safehouse.policy.policy import NETWORKS
from safehouse.request import HERE, Request
from safehouse.sources.selection import split_assignments
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    Kind = Literal["paths", "names", "text", "choice", "flag", "optional"]

COMMANDS = {
    "run": "run COMMAND confined (the word may be left out)",
    "policy": "print the policy that COMMAND would get",
    "why": "say whether COMMAND may do something, and which rule says so",
}
FORMATS = ("table", "sbpl", "bwrap", "json")
PLATFORMS = ("macos", "linux")


class Option(Value):
    """One option: its spellings, where its value goes, what it takes, and what it is for.

    Kinds: `paths` (separated by colons) and `names` (by commas) add up over several uses, `optional`
    takes a value only behind `=`.
    """

    names: tuple[str, ...]
    field: str
    kind: Kind
    value: str
    help: str
    choices: tuple[str, ...] = ()
    commands: tuple[str, ...] = ("run", "policy", "why")


OPTIONS = (
    Option(("--add-dirs",), "add_dirs", "paths", "PATHS", "also read and write these (a:b:c)"),
    Option(("--add-dirs-ro",), "add_dirs_ro", "paths", "PATHS", "also read these"),
    Option(("--deny",), "deny", "paths", "PATHS", "neither read nor write these, whatever else is said"),
    Option(("--workdir",), "workdir", "text", "DIR", "the project, if not this directory; empty: none"),
    Option(("--enable",), "enable", "names", "FEATURES", "switch on features (ssh,docker,...)"),
    Option(("--agent",), "agent", "text", "NAME", "use this agent's profile, whatever the command is"),
    Option(("--network",), "network", "choice", "MODE", "open (the default) or none", NETWORKS),
    Option(("--env", "--keep-env"), "env_all", "optional", "[=FILE]",
           "pass the whole environment; with =FILE, add the variables in it"),
    Option(("--env-pass", "--pass-env"), "env_pass", "names", "NAMES", "pass these variables as well"),
    Option(("--accept-partial",), "accept_partial", "flag", "",
           "run even if the system cannot enforce it all"),
    Option(("--explain",), "explain", "flag", "", "first say on standard error what the command may do",
           commands=("run",)),
    Option(("--stdout",), "stdout", "flag", "", "print the policy and run nothing", commands=("run",)),
    Option(("--output",), "output", "text", "FILE", "write the policy to FILE as well",
           commands=("run", "policy")),
    Option(("--format",), "format", "choice", "FORMAT", "table, sbpl, bwrap or json", FORMATS, ("policy",)),
    Option(("--platform",), "platform", "choice", "SYSTEM", "for macos or linux, whichever this is",
           PLATFORMS, ("policy", "why")),
    Option(("--help", "-h"), "help", "flag", "", "show this"),
    Option(("--version",), "version", "flag", "", "show the version", commands=("run",)),
)  # fmt: skip
_REQUEST_FIELDS = frozenset(Request._names)


class Arguments(Value):
    """A command line that was understood."""

    command: str
    request: Request
    words: tuple[str, ...] = ()
    explain: bool = False
    stdout: bool = False
    output: str = ""
    format: str = ""
    help: bool = False
    version: bool = False


def parse(argv: list[str]) -> Arguments:
    """The arguments behind `safehouse`. Raises UserError with the nearest right word."""
    words = list(argv)
    command = words.pop(0) if words and words[0] in COMMANDS else "run"
    found: dict[str, Any] = {}
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            rest += words
            break
        if word[:1] == "-" and word != "-":
            _option(word, words, command, found)
        elif command == "why" and len(rest) < 2:
            rest.append(word)
        else:
            rest += [word, *words]
            break
    asked: tuple[str, ...] = ()
    if command == "why":
        asked, rest = tuple(rest[:2]), rest[2:]
    assignments, program = split_assignments(tuple(rest))
    own = {name: value for name, value in found.items() if name in _REQUEST_FIELDS}
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in own.items()}
    request = Request(command=program, assignments=assignments, **own)
    return Arguments(
        command, request, asked, **{name: found[name] for name in found if name not in own}
    )


def _option(word: str, words: list[str], command: str, found: dict[str, Any]) -> None:
    name, equals, value = word.partition("=")
    option = _known(name, command)
    if option.kind == "flag":
        if equals:
            raise UserError(f"{name} takes no value", f"write {name} alone")
        found[option.field] = True
        return
    if option.kind == "optional":
        if equals:
            found["env_file"] = _filled(value, name, option)
        else:
            found["env_all"] = True
        return
    if not equals:
        if not words or words[0] == "--":
            raise UserError(f"{name} needs a value", f"{name}={option.value}: {option.help}")
        value = words.pop(0)
    if option.kind in ("paths", "names"):
        parts = [part for part in value.split(":" if option.kind == "paths" else ",") if part]
        if not parts:
            _filled("", name, option)
        found.setdefault(option.field, []).extend(
            part if option.kind == "paths" else part.strip() for part in parts
        )
    elif option.field == "workdir":
        found["workdir"] = value if value != HERE else f"{HERE}/"
    else:
        found[option.field] = _filled(value, name, option)
        if option.choices and value not in option.choices:
            raise UserError(
                f"{name}: there is no {printable(value)!r}{nearest(value, list(option.choices))}",
                f"one of: {', '.join(option.choices)}",
            )


def _filled(value: str, name: str, option: Option) -> str:
    if not value:
        raise UserError(f"{name}= is empty", f"{name}={option.value.strip('[]=')}: {option.help}")
    return value


def _known(name: str, command: str) -> Option:
    for option in OPTIONS:
        if name in option.names:
            if command in option.commands:
                return option
            where = " and ".join(f"safehouse {known}" for known in option.commands)
            raise UserError(
                f"{name} does not belong to safehouse {command}", f"it belongs to {where}"
            )
    names = [
        spelling for option in OPTIONS if command in option.commands for spelling in option.names
    ]
    raise UserError(
        f"unknown option {printable(name)}{nearest(name, names)}",
        "safehouse --help lists them; options of the command itself go behind its name",
    )
