"""Changes YAML text in place: what is added or removed, and not a byte more.

Comments, blank lines, quotes, indentation and line ends of the rest stay as they are. PyYAML's
scanner says where each token begins and ends; what no token covers is space or comment. The text
must have been read strictly (strict_yaml.py); whoever edits it reads the result again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    Data = Union[str, list[str], dict[str, "Data"]]
    Keys = tuple[str, ...]
    Span = tuple[int, int]

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as PyYAML ends lines
_BREAKS = "\n\r\x85\u2028\u2029"
_STEP = 2
_SPACES = " \t"
_BOM = "\ufeff"


def add(text: str, keys: Keys, value: Data) -> str:
    """The text with `value` below `keys`: the list that is there is continued, else all is made."""
    document = _Document(text)
    node = document.root
    if node is None:
        lines = _lines(keys[0], _nested(keys[1:], value), 0, _STEP)
        return document.with_lines(len(text), lines)
    for depth, key in enumerate(keys):
        assert isinstance(node, yaml.CollectionNode)
        found = _values(node).get(key)
        if found is None:
            return document.with_entry(node, key, _nested(keys[depth + 1 :], value))
        node = found
    assert isinstance(value, list)
    for item in value:
        document = _Document(text)
        text = document.with_item(document.at(keys), item)
    return text


def remove(text: str, keys: Keys, item: str) -> str:
    """The text without an item of the list at `keys`, and without what became empty by that."""
    while True:
        document = _Document(text)
        node = document.at(keys)
        places = [number for number, child in enumerate(node.value) if child.value == item]
        if not places:
            return text
        if len(node.value) == 1:
            return drop(text, keys)
        text = document.without_element(node, places[0])


def drop(text: str, keys: Keys) -> str:
    """The text without the key that `keys` leads to, and without what became empty by that."""
    document = _Document(text)
    parent = document.at(keys[:-1])
    if len(parent.value) > 1:
        return document.without_element(parent, [*_values(parent)].index(keys[-1]))
    if len(keys) > 1:
        return drop(text, keys[:-1])
    return document.without_root()


class _Loader(yaml.SafeLoader):
    """Composes nodes, and remembers where tokens are."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.seen: list[yaml.Token] = []

    def get_token(self) -> yaml.Token:
        token: yaml.Token = super().get_token()  # type: ignore[no-untyped-call]
        if token.start_mark.index < token.end_mark.index:
            self.seen.append(token)
        return token


class _Document:
    """A text with its nodes and tokens; `root` is None where there are comments at most."""

    def __init__(self, text: str) -> None:
        loader = _Loader(text)
        self.text = text
        self.root = loader.get_single_node()
        self.tokens = loader.seen
        self.starts = [token.start_mark.index for token in self.tokens]
        found = _BREAK.search(text)
        self.newline = found.group() if found else "\n"

    def at(self, keys: Keys) -> yaml.CollectionNode:
        """The list or the mapping that some keys lead to. Raises KeyError."""
        node = self.root
        for key in keys:
            node = _values(node)[key]
        assert isinstance(node, yaml.CollectionNode)
        return node

    # Where things are

    def end(self, node: yaml.Node) -> int:
        """Where the last token of a node ends; the marks of blocks reach to the next token."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style:
            last = node.value[-1]
            return self.end(last[1] if isinstance(last, tuple) else last)
        return _tight(self.text, node)

    def elements(self, node: yaml.CollectionNode) -> list[Span]:
        """From where to where the items of a list or the entries of a mapping go."""
        spans: list[Span] = []
        kind = (
            yaml.KeyToken
            if isinstance(node, yaml.MappingNode)
            else (yaml.FlowEntryToken if node.flow_style else yaml.BlockEntryToken)
        )
        before = node.start_mark.index
        for element in node.value:
            first, last = element if isinstance(element, tuple) else (element, element)
            start, end = first.start_mark.index, self.end(last)
            if kind is not yaml.FlowEntryToken:  # the dash, or the ? of a key
                signs = self.between(before, start, kind)
                start = signs[-1][0] if signs else start
            spans.append((start, end))
            before = end
        return spans

    def between(self, start: int, end: int, kind: type[yaml.Token]) -> list[Span]:
        """The tokens of a kind in a part of the text."""
        first, last = bisect_left(self.starts, start), bisect_left(self.starts, end)
        return [
            (token.start_mark.index, token.end_mark.index)
            for token in self.tokens[first:last]
            if isinstance(token, kind)
        ]

    def line_start(self, place: int) -> int:
        """Where the line of a place begins."""
        return max(self.text.rfind(sign, 0, place) for sign in _BREAKS) + 1

    def column(self, place: int) -> int:
        """How far to the right a place is, as YAML counts."""
        line = self.text[self.line_start(place) : place]
        return len(line) - line.startswith(_BOM)

    def line_end(self, place: int) -> Span:
        """Where the line of a place ends, without its line break and with it."""
        found = _BREAK.search(self.text, place)
        return found.span() if found else (len(self.text), len(self.text))

    # Adding

    def with_lines(self, place: int, lines: list[str]) -> str:
        """The text with lines behind the one of a place."""
        at = self.line_end(place)[1]
        before = self.text[:at]
        if before.strip(_BOM) and not _BREAK.search(before[-1:]):
            before += self.newline
        return before + "".join(line + self.newline for line in lines) + self.text[at:]

    def with_entry(self, node: yaml.CollectionNode, key: str, value: Data) -> str:
        """The text with another entry of a mapping."""
        if node.flow_style:
            return self._with_flow(node, f"{_scalar(key)}: {_flow(value)}")
        spans = self.elements(node)
        lines = _lines(key, value, self.column(spans[0][0]), self._step())
        return self.with_lines(spans[-1][1], lines)

    def with_item(self, node: yaml.CollectionNode, item: str) -> str:
        """The text with another item of a list."""
        if node.flow_style:
            return self._with_flow(node, _scalar(item))
        spans = self.elements(node)
        indent = " " * self.column(spans[0][0])
        return self.with_lines(spans[-1][1], [f"{indent}- {_scalar(item)}"])

    def _with_flow(self, node: yaml.CollectionNode, new: str) -> str:
        """The text with another element in brackets; on a line of its own where the last one is."""
        text, close = self.text, node.end_mark.index - 1
        if not node.value:
            opening = yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken
            starts = (self.between(node.start_mark.index, close + 1, kind) for kind in opening)
            at = min(span for spans in starts for span in spans)[1]
            return text[:at] + new + _gap(text[at:]) + text[at:]
        start, end = self.elements(node)[-1]
        commas = self.between(end, close, yaml.FlowEntryToken)
        begins = self.line_start(start)
        stop, behind = self.line_end(end)
        indent = text[begins:start]
        own_line = not indent.strip(_SPACES) and stop < close
        if own_line and (not commas or commas[0][0] < stop):
            comma = "," if commas else ""
            line = text[end:behind] if commas else "," + _gap(text[end:]) + text[end:behind]
            return f"{text[:end]}{line}{indent}{new}{comma}{self.newline}{text[behind:]}"
        return f"{text[:end]}, {new}{_gap(text[end:])}{text[end:]}"

    def _step(self) -> int:
        """By how much the person indents the entries of a directory."""
        if isinstance(self.root, yaml.MappingNode) and not self.root.flow_style:
            outer = self.elements(self.root)[0][0]
            for _, value in self.root.value:
                if isinstance(value, yaml.MappingNode) and not value.flow_style:
                    step = self.column(self.elements(value)[0][0]) - self.column(outer)
                    return step if step > 0 else _STEP
        return _STEP

    # Removing

    def without_element(self, node: yaml.CollectionNode, number: int) -> str:
        """The text without one of several items or entries, and without its comma."""
        spans = self.elements(node)
        start, end = spans[number]
        gone = [(start, end)]
        if node.flow_style:
            next_start = (
                spans[number + 1][0] if number + 1 < len(spans) else node.end_mark.index - 1
            )
            commas = self.between(end, next_start, yaml.FlowEntryToken)
            commas = commas or self.between(spans[number - 1][1], start, yaml.FlowEntryToken)
            gone = [*commas, *gone]
        return self._without(self._tokens_in(gone))

    def without_root(self) -> str:
        """The text with nothing in it but comments; `{}` stays where something has to stand."""
        assert isinstance(self.root, yaml.CollectionNode)
        start, end = self.root.start_mark.index, self.end(self.root)
        if self.root.flow_style:
            opening = self.between(start, end, yaml.FlowMappingStartToken)[0]
            return self._without(self._tokens_in([(opening[1], end - 1)]))
        text = self._without(self._tokens_in([(start, end)]))
        if _is_empty(text):
            return text
        begins = self.line_start(start)
        if self.text[begins:start].strip(_SPACES):  # behind `---`
            place = len(self.text[:start].rstrip(_SPACES))
            return f"{text[:place]} {{}}{text[place:]}"
        return text[:begins] + "{}" + self.newline + text[begins:]

    def _tokens_in(self, places: Iterable[Span]) -> list[Span]:
        return sorted(
            (token.start_mark.index, _tight(self.text, token))
            for start, end in places
            for token in self.tokens[
                bisect_left(self.starts, start) : bisect_left(self.starts, end)
            ]
        )

    def _without(self, gone: list[Span]) -> str:
        """The text without some tokens.

        A line that has nothing else goes with its comment; one that has nothing of them stays.
        """
        kept: list[str] = []
        at = 0
        for start, end in _joined(self.text, gone):
            first, last = self._cut(start, end, max(self.line_start(start), at))
            kept.append(self.text[at:first])
            at = last
        return "".join(kept) + self.text[at:]

    def _cut(self, start: int, end: int, begins: int) -> Span:
        """What goes with some tokens; `begins` is where the line does, or what is left of it."""
        stop, behind = self.line_end(end)
        head, tail = self.text[begins:start], self.text[end:stop]
        rest = tail.lstrip(_SPACES)
        tight = begins + len(head.rstrip(_SPACES))
        if rest and rest[0] != "#":
            closes = rest[0] in "]}" and head.strip(_SPACES)
            return tight if closes else start, end + len(tail) - len(rest)
        if not head.strip(_SPACES):
            return begins, behind
        return (start, end) if rest else (tight, stop)


def _is_empty(text: str) -> bool:
    """Whether there are comments at most."""
    try:
        return _Document(text).root is None
    except yaml.YAMLError:  # `...` alone
        return False


def _tight(text: str, part: yaml.Node | yaml.Token) -> int:
    """Where a scalar or a token ends; the marks of a block of text reach to the next line."""
    start: int = part.start_mark.index
    return start + len(text[start : part.end_mark.index].rstrip())


def _joined(text: str, spans: list[Span]) -> list[Span]:
    """Spans with nothing but spaces between them as one."""
    joined: list[Span] = []
    for start, end in spans:
        if joined and not text[joined[-1][1] : start].strip(_SPACES):
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _values(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """The values of a mapping by their keys."""
    assert isinstance(node, yaml.MappingNode)
    return {key.value: value for key, value in node.value}


def _nested(keys: Keys, value: Data) -> Data:
    for key in reversed(keys):
        value = {key: value}
    return value


def _lines(key: str, value: Data, column: int, step: int) -> list[str]:
    """An entry of a mapping, in block style."""
    start = f"{' ' * column}{_scalar(key)}:"
    below = column + step
    if isinstance(value, str):
        return [f"{start} {_scalar(value)}"]
    if isinstance(value, list):
        return [start, *(f"{' ' * below}- {_scalar(item)}" for item in value)]
    inner = (_lines(name, part, below, step) for name, part in value.items())
    return [start, *(line for lines in inner for line in lines)]


def _flow(value: Data) -> str:
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    return f"{{{', '.join(f'{_scalar(key)}: {_flow(part)}' for key, part in value.items())}}}"


def _scalar(text: str) -> str:
    """A text as YAML, in quotes where it would be read as something else."""
    written: str = yaml.safe_dump([text], default_flow_style=True, allow_unicode=True, width=2**30)
    return written[1:-2]


def _gap(rest: str) -> str:
    """What has to stand between a new word and the rest: a `#` would be part of the word."""
    return " " if rest[:1] == "#" else ""
