"""SBPL text as nested lists: what any reader of TinyScheme's family takes for the same.

TinyScheme 1.38 knows more than is accepted here: quoting, characters (`#\\"`), vectors, block
comments, `::`, strings that begin inside a word. What a reader might take otherwise is an error.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from safehouse.errors import UserError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

DEEPEST = 64  # parentheses within parentheses

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r\n\f\v]+|;[^\n]*)|(?P<open>\()|(?P<close>\))
    |(?P<string>\#?"[^"\\]*(?:\\.[^"\\]*)*")|(?P<symbol>[^ \t\r\n\f\v()";]+)|(?P<bad>.)""",
    re.VERBOSE | re.DOTALL,
)
# A longer word might be read as two: TinyScheme has 256 bytes for one.
LONGEST_WORD = 100
_WORD = re.compile(r"#[tf]|[A-Za-z0-9%_+*/<>=!?.-]+")
_ODD = re.compile(r"[^A-Za-z0-9%_+*/<>=!?.-]")
_QUOTING = "'`,"
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_UNSAFE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_QUOTES = re.compile("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]")
_TRAILING = re.compile(r"[ \t)]*;+[ \t]*([^\n]*)")
_NO_ENDS = ('"', "\f", "\v")  # TinyScheme goes on with the word
_AFTER_DOT = (" ", "\t", "\n")
_CODES = {"n": "\n", "t": "\t", "r": "\r"}


class Node:
    """A list, a string or a symbol of the text, and where it stands."""

    __slots__ = ("end", "items", "kind", "start", "text")

    def __init__(self, kind: str, text: str, start: int, end: int = 0) -> None:
        self.kind, self.text, self.start, self.end = kind, text, start, end
        self.items: list[Node] = []

    @property
    def head(self) -> str:
        """The word that a list starts with."""
        return self.items[0].text if self.items and self.items[0].kind == "symbol" else ""

    def walk(self) -> Iterator[Node]:
        """The node and all below it."""
        yield self
        for item in self.items:
            yield from item.walk()


class Source:
    """The text, its lines and its nodes."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.words: dict[str, int] = {}  # the symbols, and where each first stands
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def line(self, offset: int) -> int:
        return bisect_right(self._lines, offset)

    def fail(self, offset: int, message: str, hint: str = "") -> NoReturn:
        line = self.line(offset)
        column = offset - self._lines[line - 1] + 1
        raise UserError(f"{printable(self.file)}:{line}:{column}: {message}", hint)

    def comment_at(self, offset: int) -> str:
        """The comment that ends the line of `offset`, when nothing else follows there."""
        match = _TRAILING.match(self.text, offset)
        return match[1].strip() if match else ""

    def comment_above(self, offset: int) -> str:
        """The comment on the line before."""
        line = self.line(offset)
        above = self.text[self._lines[line - 2] : self._lines[line - 1]].strip() if line > 1 else ""
        return above.strip("; \t") if above.startswith(";") else ""

    def comments(self) -> Iterator[tuple[int, str]]:
        """The comments and where they begin."""
        for match in _TOKEN.finditer(self.text):
            if match.lastgroup == "skip" and match[0][0] == ";":
                yield match.start(), match[0]

    def forms(self) -> list[Node]:
        """The nodes at the top. Raises UserError where parentheses or quotes do not pair."""
        unsafe = _UNSAFE.search(self.text)
        if unsafe:
            self.fail(unsafe.start(), f"unexpected character U+{ord(unsafe[0]):04X}")
        top = Node("list", "", 0)
        stack = [top]
        for match in _TOKEN.finditer(self.text):
            kind = match.lastgroup
            if kind == "skip":
                continue
            start = match.start()
            if kind == "open":
                node = Node("list", "", start)
                stack[-1].items.append(node)
                stack.append(node)
                if len(stack) > DEEPEST:
                    self.fail(start, f"more than {DEEPEST} parentheses within each other")
            elif kind == "close":
                if len(stack) == 1:
                    self.fail(start, "a ')' without its '('")
                stack.pop().end = match.end()
            elif kind == "bad":
                self.fail(start, "a string without its closing '\"'")
            else:
                text = self._string(match[0], start) if kind == "string" else match[0]
                if kind == "symbol" and text not in self.words:
                    self._check_word(text, start)
                    self.words[text] = start
                if kind == "symbol" and self.text[match.end() : match.end() + 1] in _NO_ENDS:
                    self.fail(match.end(), "a space is missing before this")
                if text == "." and self.text[match.end() : match.end() + 1] not in _AFTER_DOT:
                    self.fail(start, "a '.' without a space after it")
                stack[-1].items.append(Node(str(kind), text, start, match.end()))
        if len(stack) > 1:
            self.fail(stack[-1].start, "a '(' without its ')'")
        return top.items

    def _check_word(self, word: str, start: int) -> None:
        """Raises UserError for what is no word or number in every reading."""
        if not word.isascii() and _QUOTES.search(word):
            self.fail(start, "a typographic quotation mark", 'strings stand between "')
        if word[0] == "#" and not _WORD.fullmatch(word):
            self.fail(start, 'only #t, #f and #"..." begin with #')
        odd = None if word[0] == "#" else _ODD.search(word)
        if odd:
            hint = "a policy needs no quoting" if odd[0] in _QUOTING else ""
            self.fail(start + odd.start(), f"unexpected character {printable(odd[0])!r}", hint)
        if len(word) > LONGEST_WORD:
            self.fail(start, f"a word of more than {LONGEST_WORD} characters")

    def _string(self, token: str, start: int) -> str:
        if token[0] == "#":
            if r"\\" + '"' in token:
                self.fail(
                    start, 'two backslashes before \'"\' in #"..." are ambiguous', "write [\\]"
                )
            return token[2:-1].replace('\\"', '"')
        if "\\" not in token:
            return token[1:-1]

        def character(match: re.Match[str]) -> str:
            code = match[1]
            if code[0] in "0123456789xX" and len(code) == 1:
                self.fail(start + 1 + match.start(), f"unknown escape \\{code}")
            if len(code) == 1:
                return _CODES.get(code, code)
            byte = int(code[1:], 16)  # put together with its neighbours to a character below
            return chr(byte if byte < 0x80 else 0xDC00 + byte)

        text = _ESCAPE.sub(character, token[1:-1])
        try:
            return text.encode("utf-8", "surrogateescape").decode()
        except UnicodeError:
            self.fail(start, "a string that is not UTF-8")
