"""Git's settings, as far as they name files: read without running git, which would obey them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_TEXT = 1 << 20
# Sections whose values are addresses and names, never files that git runs or reads settings from.
_HARMLESS = frozenset(
    ("remote", "branch", "submodule", "user", "author", "url", "color", "extensions")
)


def value(file: str, section: str, key: str) -> str:
    """The last value of a setting in one file; "" where there is none."""
    found = ""
    for in_section, name, text in _settings(file):
        if (in_section, name) == (section, key):
            found = text
    return found


def named_paths(file: str) -> Iterator[tuple[str, bool]]:
    """What may be a path in the settings of a file, and whether it is that of the hooks."""
    for section, name, text in _settings(file):
        if section in _HARMLESS or (section, name) == ("core", "worktree"):
            continue
        words = text.lstrip("!").split()
        if words and words[0][:1] not in ("~", "-"):
            yield words[0], (section, name) == ("core", "hookspath")


def _settings(file: str) -> Iterator[tuple[str, str, str]]:
    """(section, key, value), the first two in lower case; subsections are left out."""
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            text = stream.read(_MOST_TEXT)
    except OSError:
        return
    section = ""
    for line in text.replace("\\\n", "").split("\n"):
        rest = line.strip()
        if rest[:1] == "[":
            head, _, rest = rest[1:].partition("]")
            section = head.split('"')[0].strip().split(".")[0].lower()
            rest = rest.strip()
        if rest[:1] in ("", "#", ";"):
            continue
        key, _, given = rest.partition("=")
        yield section, key.strip().lower(), given.strip().strip('"')
