"""The one error that a user sees: what is wrong and what to do next."""

from __future__ import annotations

REFUSED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127


class UserError(Exception):
    """Something the person can mend.

    `message` says what is wrong and where, `hint` the next command or change, `status` is the
    exit status (125 our refusal, 126 found but not executable, 127 not found).
    """

    def __init__(self, message: str, hint: str = "", status: int = REFUSED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.status = status


def nearest(word: str, known: list[str]) -> str:
    """`, did you mean ...?` for a word that is close to a known one, else nothing."""
    from difflib import get_close_matches  # only ever on the way to an error

    close = sorted((n for n in known if len(word) > 2 and n.startswith(word)), key=len)
    close = close or get_close_matches(word, known, n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""


def printable(text: str) -> str:
    """Text for a message: control characters and bytes that are no UTF-8 become escapes."""
    return text if text.isprintable() else repr(text)[1:-1]


def quoted(text: str, tilde: bool = True) -> str:
    """A word for a POSIX shell. With `tilde`, `~` and `~/` at its start stay the home."""
    if tilde and text in ("~", "~/"):
        return text
    start = "~/" if tilde and text.startswith("~/") else ""
    rest = text[len(start) :]
    plain = rest and all(c.isascii() and (c.isalnum() or c in "/._-+:@%,") for c in rest)
    return start + (rest if plain else "'" + rest.replace("'", "'\\''") + "'")
