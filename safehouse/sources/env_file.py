"""A file of variables, as `--env=FILE` takes it: what bash would make of it, but nothing is run."""

from __future__ import annotations

from safehouse.errors import UserError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from safehouse.host import Host
    from safehouse.sources.settings import Item

_MOST = 1 << 20


def variables(item: Item, host: Host, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a file, by lines of NAME=VALUE: `#` comments, `export`, quotes round a value.

    As in a shell, `$NAME` and `${NAME}` outside of single quotes are filled in, from the lines
    before and from `given`. Raises UserError, with the line, for one that is no assignment, or that
    a shell would run something for.
    """
    shown = f"{item.place}={printable(item.text)}"
    values: dict[str, str] = {}
    for number, written in enumerate(_text(item, host, shown).split("\n"), 1):
        line = written.strip()
        if not line or line[0] == "#":
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals or not name.isidentifier() or not name.isascii() or "\0" in value:
            raise UserError(
                f"{shown}:{number}: not NAME=VALUE",
                "write one assignment a line; # begins a comment",
            )
        quote = value[0] if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0] else ""
        if quote:
            value = value[1:-1]
        if quote != "'" and ("$(" in value or "`" in value):
            raise UserError(
                f"{shown}:{number}: a command in the value of {name} is not run",
                "put the value into single quotes to take it as it is",
            )
        values[name] = value if quote == "'" else _filled(value, {**given, **values})
    return values


def _text(item: Item, host: Host, shown: str) -> str:
    try:
        with open(host.named(item.text, item.place).real, encoding="utf-8") as file:
            text = file.read(_MOST + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise UserError(f"{shown}: {reason}", "give a text file of NAME=VALUE lines") from None
    if len(text) > _MOST:
        raise UserError(f"{shown}: larger than 1 MB", "give a file of NAME=VALUE lines")
    return text


def _filled(text: str, known: Mapping[str, str]) -> str:
    """Text with the values of the variables that it names; of an unknown one that is nothing."""
    result = ""
    while "$" in text:
        before, _, text = text.partition("$")
        if before[-1:] == "\\":
            result += before[:-1] + "$"
            continue
        end = 0
        braced = text[:1] == "{" and "}" in text
        start = 1 if braced else 0
        if braced:
            end = text.index("}")
        else:
            while end < len(text) and (text[end] == "_" or text[end].isalnum()):
                end += 1
        name = text[start:end]
        if not name.isidentifier() or not name.isascii():
            result += before + "$"
            continue
        result += before + known.get(name, "")
        text = text[end + start :]
    return result + text
