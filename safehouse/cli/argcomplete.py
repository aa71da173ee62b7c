"""Answers argcomplete's shell code, for people who use its global hook instead of `safehouse init`.

That code starts a program by its name alone, with the line in COMP_LINE, and reads descriptor 8. Only so
is it answered: no variable that a program inherits keeps `safehouse COMMAND` from running the command.
"""

from __future__ import annotations

import posix as os

from safehouse.cli.candidates import candidates, decoded
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.cli.names import Names

_DESCRIPTOR = 8
_ENDS = ("=", "/", ":")
# What ends a command, so that another one begins.
_SEPARATORS = ";|&(\n"


class Word(Value):
    """The word at the cursor: what it says, how it is typed, and the quote that is open in it.

    `kept` is what it says up to where the shell replaces it.
    """

    text: str
    open: str
    kept: str


def answer() -> bool:
    """Writes what the word at the cursor may become; False where nobody listens for that."""
    environ = {key.decode("ascii", "replace"): decoded(value) for key, value in os.environ.items()}
    try:
        os.fstat(_DESCRIPTOR)
        line = environ["COMP_LINE"][: int(environ["COMP_POINT"])]
        before = int(environ["_ARGCOMPLETE"])  # words that start the program: python -m safehouse
    except (OSError, KeyError, ValueError):
        return False
    shell = environ.get("_ARGCOMPLETE_SHELL", "")
    words, word = split(line, environ.get("_ARGCOMPLETE_COMP_WORDBREAKS", " \t\n\"'@><=;|&(:"))
    found = dict.fromkeys(candidates(words[before:], word.text, _names))
    items = [_item(text, meaning, word, shell) for text, meaning in found]
    if shell == "bash" and environ.get("_ARGCOMPLETE_SUPPRESS_SPACE") != "1" and len(items) == 1:
        items = [item if item.endswith(_ENDS) or word.open else f"{item} " for item in items]
    data = environ.get("_ARGCOMPLETE_IFS", "\v").join(items).encode("utf-8", "surrogateescape")
    while data:
        data = data[os.write(_DESCRIPTOR, data) :]
    return True


def split(line: str, breaks: str) -> tuple[list[str], Word]:
    """The words of the last command of a line, as a shell takes them, and the one at its end."""
    words: list[str] = []
    text, kept, quoted, quote, inside, escaped = "", "", "", "", False, False
    for char in line:
        if escaped:
            text += char if quote != '"' or char in '"\\$`' else "\\" + char
            escaped = False
        elif quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"':
                escaped = True
            else:
                text += char
        elif char in "'\"":
            quote, inside, quoted = char, True, text
        elif char == "\\":
            escaped = inside = True
        elif char in _SEPARATORS:
            words, text, kept, inside = [], "", "", False
        elif char.isspace():
            if text or inside:
                words.append(text)
            text, kept, inside = "", "", False
        else:
            text += char
            inside = True
            if char in breaks:
                kept = text
    while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
        del words[0]
    return words, Word(text, quote, quoted if quote else kept)


def _item(text: str, meaning: str, word: Word, shell: str) -> str:
    """One candidate, as argcomplete's code for the shell wants it."""
    if shell == "zsh":
        for char in "\\:":
            text = text.replace(char, "\\" + char)
        return f"{text}:{meaning}"
    if shell == "fish":
        return f"{text}\t{meaning}"
    text = text[len(word.kept) :]
    if word.open == "'":
        return text.replace("'", "'\\''")
    special = '"\\$`' if word.open else " \"'\\$`&;|()<>*?[]#{}!"
    return "".join("\\" + char if char in special else char for char in text)


def _names() -> Names:
    from safehouse.cli.names import names
    from safehouse.host import Host

    return names(Host.current())
