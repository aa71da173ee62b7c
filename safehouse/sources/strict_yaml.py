"""YAML read strictly: text in, checked words out; every error names file and line.

The text may be hostile (a repository can bring one along): no objects are made, no anchors
followed, and size, depth and number of values are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import yaml

from safehouse.errors import UserError, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Collection

    Entries = dict[str, tuple[yaml.Node, yaml.Node]]

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
MOST_DEPTH = 10
MOST_CHARACTERS = 1000  # of one text; YAML ends the key of a mapping at 1024

_BOOL = "tag:yaml.org,2002:bool"
_TEXT = "tag:yaml.org,2002:str"
_TYPES = {
    yaml.MappingNode: ("tag:yaml.org,2002:map", "a mapping (`key: value`)"),
    yaml.SequenceNode: ("tag:yaml.org,2002:seq", "a list (`[a, b]`)"),
}


class _Loader(yaml.SafeLoader):
    """Composes nodes, never objects. As in YAML 1.2, `on`, `off`, `yes` and `no` are text."""

    yaml_implicit_resolvers = {
        start: [pair for pair in pairs if start in "tTfF" or pair[0] != _BOOL]
        for start, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    values = 0
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        problem = ""
        if getattr(event, "anchor", None) is not None:
            problem = "anchors (&) and aliases (*) are not allowed"
        elif self.depth >= MOST_DEPTH:
            problem = f"nested deeper than {MOST_DEPTH}"
        elif self.values >= MOST_VALUES:
            problem = f"more than {MOST_VALUES} values"
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        self.values += 1
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def compose(source: str | bytes, file: str) -> yaml.Node:
    """The one document of a file. Raises UserError for what is no YAML, or too much of it."""
    if len(source) > MOST_BYTES:
        raise UserError(f"{file}:1: larger than {MOST_BYTES} bytes")
    try:
        text = source.decode() if isinstance(source, bytes) else source
        node = _Loader(text).get_single_node()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(f"{file}:{line}: not text in UTF-8") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{file}:{line}: not text: a control character is in it") from None
    except yaml.MarkedYAMLError as error:
        raise UserError(_syntax(error, file)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{file}:1: no YAML: {shown(str(error))}") from None
    if node is None:
        raise UserError(f"{file}:1: the file is empty")
    return node


def _syntax(error: yaml.MarkedYAMLError, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else f"{file}:1"
    if error.context == "expected a single document in the stream":
        return f"{place}: only one document is allowed in a file"
    said = " ".join(part for part in (error.context, error.problem) if part)
    return f"{place}: {printable(said)[:200]}"


def shown(text: str) -> str:
    """A piece of the input as a message shows it."""
    return repr(printable(text if len(text) <= 80 else text[:77] + "..."))


def line(node: yaml.Node) -> int:
    number: int = node.start_mark.line
    return number + 1


class Reader:
    """One file being read: what its values have to be."""

    def __init__(self, file: str) -> None:
        self.file = file

    def fail(self, node: yaml.Node, problem: str) -> NoReturn:
        raise UserError(f"{self.file}:{line(node)}: {problem}")

    def text(self, node: yaml.Node, what: str, empty: bool = False) -> str:
        """A text on one line that shows all that it has: it ends up in policies and messages."""
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, f"{what} must be a text, not a mapping or list")
        value: str = node.value
        if not value.strip() and not empty:
            self.fail(node, f"{what} is missing")
        if node.tag != _TEXT:
            self.fail(node, f"{what} must be a text: put {shown(value)} in quotes")
        if len(value) > MOST_CHARACTERS:
            self.fail(node, f"{what} is longer than {MOST_CHARACTERS} characters")
        if not value.isprintable():
            self.fail(node, f"{what} has a control or invisible character: {shown(value)}")
        if value != value.strip():
            self.fail(node, f"{what} begins or ends with a space: {shown(value)}")
        return value

    def check(self, node: yaml.Node, what: str, value: str, allowed: Collection[str]) -> None:
        """That `value` is one of the allowed words."""
        if value in allowed:
            return
        hint = nearest(value, [*allowed])
        few = len(allowed) <= 20
        choice = f" (allowed: {', '.join(allowed) or 'none'})" if few or not hint else ""
        self.fail(node, f"unknown {what} {shown(value)}{hint}{choice}")

    def word(self, node: yaml.Node, what: str, allowed: Collection[str]) -> str:
        value = self.text(node, what)
        self.check(node, what, value, allowed)
        return value

    def flag(self, node: yaml.Node, what: str, more: str = "") -> bool:
        if node.tag != _BOOL or node.value not in ("true", "false"):
            self.fail(node, f"{what} must be true or false{more}")
        return bool(node.value == "true")

    def mapping(self, node: yaml.Node, what: str, keys: Collection[str] = ()) -> Entries:
        """The entries of a mapping, each once; where `keys` are given, no others are allowed."""
        self._be(yaml.MappingNode, node, what)
        entries: Entries = {}
        for at, value in node.value:
            key = self.text(at, f"a key of {what}")
            if key in entries:
                first = line(entries[key][0])
                self.fail(at, f"duplicate key {shown(key)} in {what}, it is in line {first} too")
            if keys:
                self.check(at, f"key of {what}", key, keys)
            entries[key] = (at, value)
        return entries

    def sequence(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        self._be(yaml.SequenceNode, node, what)
        return list(node.value)

    def _be(self, type: type[yaml.CollectionNode], node: yaml.Node, what: str) -> None:
        tag, name = _TYPES[type]
        if not isinstance(node, type) or node.tag != tag:
            self.fail(node, f"{what} must be {name}")
