"""The one error that a user sees: what is wrong and what to do next."""

from __future__ import annotations

REFUSED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
_LONGEST = 40  # of words that somebody may have mistyped


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
    close = sorted((n for n in known if len(word) > 2 and n.startswith(word)), key=len)
    if not close and len(word) <= _LONGEST:
        typed = word.lstrip("-")
        far = {name: _edits(typed, name.lstrip("-")) for name in known}
        close = [name for name in known if far[name] <= _most_edits(typed, name)]
        close.sort(key=lambda name: (far[name], name.lstrip("-")[:1] != typed[:1]))
    return f", did you mean {close[0]!r}?" if close else ""


def _most_edits(typed: str, name: str) -> int:
    """How many slips are one word's, and not another word."""
    size = min(len(typed), len(name.lstrip("-")))
    return 0 if size < 3 else 1 if size < 5 else 2 if size < 9 else 3


def _edits(one: str, other: str) -> int:
    """How many slips lead from a word to another: letters left out, added, mistaken, or two exchanged."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one):
        last, before, row = before, row, [i + 1]
        for j, wanted in enumerate(other):
            best = min(before[j + 1] + 1, row[j] + 1, before[j] + (letter != wanted))
            if last and j and letter == other[j - 1] and one[i - 1] == wanted:
                best = min(best, last[j - 1] + 1)
            row.append(best)
    return row[-1]


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


def pasted(text: str, tilde: bool = True) -> str:
    """The same, for a command that a person copies from a message: what cannot be shown is escaped.

    As bash, zsh and ksh read it; fish refuses such a line.
    """
    word = quoted(text, tilde)
    if word.isprintable():
        return word
    start = "~/" if tilde and text.startswith("~/") else ""
    letters = []
    for letter in text[len(start) :]:
        plain = letter.isprintable() and letter not in "'\\"
        code = letter.encode("utf-8", "surrogateescape")
        letters.append(letter if plain else "".join(f"\\x{byte:02x}" for byte in code))
    return f"{start}$'{''.join(letters)}'"
