"""Two columns of text, as wide as the terminal; in a file or a pipe nothing is wrapped."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NARROWEST = 40
_WIDEST_FIRST = 44  # a longer one has its text in the line below


def width() -> int:
    """The columns of the terminal that the text goes to; 0 where it is none."""
    if not sys.stdout.isatty():
        return 0
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).columns, _NARROWEST)
    except OSError:
        return 80


def colors() -> bool:
    """Whether text for a terminal may have colors: no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(rows: Iterable[tuple[str, str]], indent: int, wide: int) -> Iterator[str]:
    """Lines of names and texts. A name of "" goes on with the row above; without a text it is alone."""
    found = list(rows)
    most = _WIDEST_FIRST if not wide else min(_WIDEST_FIRST, wide // 3)
    first = max((len(name) for name, _ in found if len(name) <= most), default=0)
    start = " " * indent
    for name, text in found:
        if not text:
            yield start + name
            continue
        below = start + " " * (first + 2)
        lines = [below + line for line in wrapped(text, wide - len(below) if wide else 0)]
        if len(name) > first:
            yield start + name
        else:
            lines[0] = start + name.ljust(first + 2) + lines[0][len(below) :]
        yield from lines


def wrapped(text: str, wide: int) -> list[str]:
    """A text in lines, broken at blanks only: what is named can be copied."""
    if wide <= 0:
        return [text]
    from textwrap import wrap

    return wrap(text, max(wide, 12), break_long_words=False, break_on_hyphens=False)
