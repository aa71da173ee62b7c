"""What may stand at a place of the command line, and the words that the shells' completions are made of.

It runs at a Tab, for argcomplete: nothing is imported before it is needed.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms

from safehouse.cli.arguments import COMMANDS, HELP, OPTIONS, SUBCOMMANDS, WORDS
from safehouse.sources.profile import LAYERS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from safehouse.cli.arguments import Option
    from safehouse.cli.names import Names

    Words = Iterable[tuple[str, str]]

# What a switch takes; the other words for it need no showing.
SWITCH = ("yes", "no")
_DIRECTORY = 0o040000  # S_IFDIR
_KIND = 0o170000  # S_IFMT


class Place(Value):
    """Where a word stands: what may stand there, as help calls it, and of which command.

    `slot` is OPTION for a word with a dash, "" where nothing is known, and OWN for a word of the command
    that is to be started. Of the word, `head` is what stands before the value.
    """

    slot: str
    command: str
    head: str = ""
    is_first: bool = False


def candidates(
    before: list[str], word: str, names: Callable[[], Names]
) -> Iterator[tuple[str, str]]:
    """What a word may become, with what that means, behind the words `before` of a line."""
    place = found(before, word)
    value = word[len(place.head) :]
    known = _known(place, value, names)
    for text, meaning in known:
        if text.startswith(value):
            yield place.head + text, meaning


def found(before: list[str], word: str) -> Place:
    """The place of a word behind the words `before`, which are those behind the name of the program."""
    command = before[0] if before and before[0] in (*COMMANDS, HELP[0]) else "run"
    words = before[1:] if before and before[0] == command else list(before)
    key, number, dashes = command, 0, False
    while words:
        this = words.pop(0)
        if this == "--" and not dashes:
            dashes = True
            if f"{command} --" in WORDS:
                key, number = f"{command} --", 0
        elif this[:1] == "-" and this != "-" and not dashes:
            value = value_of(command, this.partition("=")[0])
            if value[:1] == "=" and "=" not in this and not words:
                return Place(value[1:], command)
            if value[:1] == "=" and "=" not in this:
                del words[0]
        else:
            slot = _slot(command, key, number)
            if slot == "COMMAND":
                return _started([this, *words], word, command)
            if slot == "SUBCOMMAND":
                key = f"{command} {this}"
            else:
                number += 1
    if word[:1] == "-" and not dashes:
        name, equals, _ = word.partition("=")
        slot = value_of(command, name).strip("[=]") if equals else "OPTION"
        return Place(slot, command, name + equals if equals else "")
    slot = _slot(command, key, number)
    if slot == "COMMAND":
        return _started([], word, command, is_first=not before)
    return Place(slot, command)


def _started(words: list[str], word: str, command: str, is_first: bool = False) -> Place:
    """The place of a word where a command stands, or behind its words, or NAME=VALUE words before it."""
    while words and _is_assignment(words[0]):
        del words[0]
    if words:
        return Place("OWN", command)
    if _is_assignment(word):
        return Place("FILE", command, word.partition("=")[0] + "=")
    return Place("COMMAND", command, is_first=is_first)


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier() and name.isascii()


def _slot(command: str, key: str, number: int) -> str:
    if key == command and command in SUBCOMMANDS:
        return "SUBCOMMAND"
    places = dict(operands()).get(key, "").split()
    if number < len(places):
        return places[number].removesuffix("...")
    last = places[-1] if places else ""
    return last.removesuffix("...") if last.endswith("...") else ""


def value_of(command: str, name: str) -> str:
    """What an option of a command takes: "", `=VALUE` or `[=VALUE]`."""
    for option in OPTIONS:
        if name in option.names and command in option.commands:
            return spelling(option, "")
    return ""


def _known(place: Place, typed: str, names: Callable[[], Names]) -> Words:
    slot, command = place.slot, place.command
    if slot == "OPTION":
        return _options(command)
    if slot == "COMMAND":
        return _commands(place.is_first, typed, names)
    if slot == "SUBCOMMAND":
        return [(name, known.help) for name, known in SUBCOMMANDS[command].items()]
    if slot == "HELP":
        return [*COMMANDS.items(), HELP]
    if slot == "PATHS":
        done, colon, part = typed.rpartition(":")
        return [(done + colon + name, "") for name in _files(part)]
    if slot in ("PATH", "TARGET", "FILE", "OWN"):
        return [(name, "") for name in _files(typed)]
    if slot == "DIR":
        return [(name, "") for name in _files(typed) if name[-1] == "/"]
    if slot == "FEATURES":
        return _list(typed, names().of("feature"))
    if slot == "AGENTS":
        return _list(typed, [*names().of("agent"), *runners()])
    if slot == "NAMES":
        return _list(typed, [(decoded(name), "") for name in os.environ])
    if slot == "NAME":
        return names().of("agent", "app")
    if slot == "PROFILE":
        return names().of(*LAYERS)
    if slot == "OPERATION":
        return _operations(typed)
    words, file, _ = slot.partition("|FILE")
    known = [(word, "") for word in words.split("|")] if words not in ("", "N") else []
    return [*known, *((name, "") for name in _files(typed))] if file else known


def _options(command: str) -> Iterator[tuple[str, str]]:
    for option in OPTIONS:
        if command in option.commands:
            for name in option.names:
                value = spelling(option, "")
                yield name + value[:1].strip("["), option.help


def _commands(is_first: bool, typed: str, names: Callable[[], Names]) -> Iterator[tuple[str, str]]:
    """What can be started: agents that are there, commands of safehouse as the first word, programs."""
    if "/" in typed:
        yield from ((name, "") for name in _files(typed) if _is_started(name))
        return
    places = [place for place in _variable("PATH").split(":") if place]
    for name, meaning in names().programs:
        if name.startswith(typed) and any(_is_started(f"{place}/{name}") for place in places):
            yield name, meaning
    if is_first:
        yield from [*COMMANDS.items(), HELP]
    if typed:
        for place in places:
            yield from ((name, "") for name in sorted(_names(place)) if name.startswith(typed))


def questions() -> list[tuple[str, str]]:
    """What `why` can be asked, each with what it is in SBPL."""
    from safehouse.policy.words import QUESTIONS

    return [*QUESTIONS.items(), ("tree", "what is to be seen below a directory")]


def _operations(typed: str) -> Words:
    from safehouse.policy.operations import OPERATIONS

    return [*questions(), *((name, "") for name in OPERATIONS if typed)]


def _list(typed: str, words: Words) -> Iterator[tuple[str, str]]:
    """Words for behind the last comma, but none that is in the list."""
    done, comma, _ = typed.rpartition(",")
    there = done.split(",")
    return ((done + comma + name, meaning) for name, meaning in words if name not in there)


def _files(typed: str) -> Iterator[str]:
    """The files that begin as typed, spelled so; a directory ends with a slash."""
    above, slash, begun = typed.rpartition("/")
    if typed in ("~", "..") or begun == "..":
        yield typed + "/"
    for name in sorted(_names(_expanded(above + slash))):
        if name.startswith(begun) and (name[:1] != "." or begun):
            path = above + slash + name
            yield path + "/" if _mode(path) & _KIND == _DIRECTORY else path


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory or ".")
    except OSError:
        return []


def _is_started(path: str) -> bool:
    return path[-1:] == "/" or bool(_mode(path) & 0o111)


def _mode(path: str) -> int:
    try:
        return os.stat(_expanded(path)).st_mode
    except (OSError, ValueError):
        return 0


def _expanded(path: str) -> str:
    return _variable("HOME") + path[1:] if path[:2] == "~/" else path


def _variable(name: str) -> str:
    return decoded(os.environ.get(name.encode("utf-8", "surrogateescape"), b""))


def decoded(data: bytes) -> str:
    """A variable's name or value as text."""
    return data.decode("utf-8", "surrogateescape")


def runners() -> Words:
    """What starts agents by the names of their packages."""
    from safehouse.sources.selection import PACKAGE_RUNNERS

    return [(name, "the agents that it starts") for name in PACKAGE_RUNNERS]


def operands() -> Iterator[tuple[str, str]]:
    """What comes behind each command, and each of its subcommands, beside options."""
    yield HELP[0], "HELP"
    yield from WORDS.items()
    for command, known in SUBCOMMANDS.items():
        for name, subcommand in known.items():
            if subcommand.words:
                yield f"{command} {name}", subcommand.words.strip("[]")


def spelling(option: Option, name: str) -> str:
    """An option as help writes it, with what its value may be."""
    if option.kind == "switch":
        return f"{name}[={'|'.join((*SWITCH, *option.choices))}]"
    if option.kind == "word":
        return f"{name}[={'|'.join(option.choices)}|FILE]"
    if option.choices:
        return f"{name}={'|'.join(option.choices)}"
    return name + (option.value if option.value[:1] in ("", "[") else f"={option.value}")
