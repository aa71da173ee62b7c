"""Git's files of settings, read as git reads them: without running git, which would obey them."""

from __future__ import annotations

from safehouse import facts
from safehouse.errors import UserError, printable
from safehouse.facts import decoded
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 1 << 20
# What git takes for white space; str.strip() alone would take more.
_BLANK = " \t\r"
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}
_BYTE_ORDER_MARK = "\ufeff"


class Setting(Value):
    """One line. Section and key are in lower case; a key without `=` is "true", as for git."""

    section: str
    subsection: str
    key: str
    value: str

    @property
    def name(self) -> str:
        """The name as git's own commands take it."""
        middle = f".{self.subsection}" if self.subsection else ""
        return f"{self.section}{middle}.{self.key}"


def settings(path: str, most: int = MOST_BYTES) -> list[Setting]:
    """All settings in the file at `path`, in order; none where there is no such file.

    No link is followed. Raises UserError for a file too long to be looked through.
    """
    try:
        data = facts.read(path, most + 1, follow=False)
    except (OSError, ValueError):
        return []
    if len(data) > most:
        raise UserError(f"{printable(path)} is larger than {most} bytes", "make it smaller")
    return list(parse(decoded(data)))


def value(found: list[Setting], section: str, key: str) -> str:
    """The last value of a setting without a subsection; "" where there is none."""
    values = [s.value for s in found if (s.section, s.subsection, s.key) == (section, "", key)]
    return values[-1] if values else ""


def parse(text: str) -> Iterator[Setting]:
    """The settings in a text. At a line that git would stop at, reading goes on with the next."""
    lines = text.replace("\r\n", "\n").lstrip(_BYTE_ORDER_MARK).split("\n")
    lines.reverse()
    section = subsection = ""
    while lines:
        line = lines.pop()
        place = _after_blanks(line, 0)
        while line[place : place + 1] == "[":
            section, subsection, place = _header(line, place)
        if line[place : place + 1] in ("", "#", ";"):
            continue
        end = place
        while end < len(line) and (line[end].isalnum() or line[end] == "-"):
            end += 1
        key, rest = line[place:end].lower(), line[end:].lstrip(_BLANK)
        if not rest:
            yield Setting(section, subsection, key, "true")
        elif rest[0] == "=":
            yield Setting(section, subsection, key, _value(rest[1:], lines).partition("\0")[0])


def _after_blanks(line: str, place: int) -> int:
    while place < len(line) and line[place] in _BLANK:
        place += 1
    return place


def _header(line: str, start: int) -> tuple[str, str, int]:
    """Section, subsection, and where what follows begins: `[a]`, `[a "b"]` and, as git once wrote it,
    `[a.b]`. `start` is the place of the bracket: a line may have a great many."""
    end = start + 1
    while end < len(line) and line[end] not in '] \t\r"':
        end += 1
    section, _, subsection = line[start + 1 : end].lower().partition(".")
    end = _after_blanks(line, end)
    if line[end : end + 1] == '"':
        end += 1
        name: list[str] = []
        while end < len(line) and line[end] != '"':
            end += line[end] == "\\"
            name.append(line[end : end + 1])
            end += 1
        subsection = f"{subsection}.{''.join(name)}" if subsection else "".join(name)
        end += 1
    closed = line.find("]", end)
    return section, subsection, _after_blanks(line, closed + 1) if closed != -1 else len(line)


def _value(rest: str, lines: list[str]) -> str:
    """A value, which may go on in the next of `lines`, without its quotes and its comment."""
    if not any(character in rest for character in '\\"#;'):
        return rest.strip(_BLANK)
    found: list[str] = []
    kept = 0  # how much of it stays: white space at the end goes
    quoted = False
    place = 0
    while place < len(rest):
        character = rest[place]
        place += 1
        if character == "\\" and place == len(rest):
            if not lines:
                break
            rest, place = lines.pop(), 0
            kept = len(found)
            continue
        if not quoted and character in "#;":
            break
        if character == '"':
            quoted = not quoted
        elif not quoted and character in _BLANK:
            if found:
                found.append(character)
            continue
        else:
            if character == "\\":
                character = _ESCAPES.get(rest[place], rest[place])
                place += 1
            found.append(character)
        kept = len(found)
    return "".join(found[:kept])
