"""A tree on the screen: drawn on a terminal, indented in a pipe; and for programs."""

from __future__ import annotations

import sys

from safehouse.cli.columns import colors
from safehouse.errors import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from safehouse.answers.tree import Node
    from safehouse.backends.base import Reach

_WORDS: dict[Reach, str] = {
    "read-write": "read-write", "read-only": "read-only", "visible": "that it exists", "closed": "closed",
}  # fmt: skip
_COLORS: dict[Reach, str] = {"read-write": "32", "read-only": "33", "visible": "2", "closed": "31"}
_BRANCHES = ("\u251c\u2500\u2500 ", "\u2514\u2500\u2500 ", "\u2502   ", "    ")
_PLAIN = ("|-- ", "`-- ", "|   ", "    ")


class Style:
    """How lines are drawn: the branches, whether in colors, how wide."""

    def __init__(self, wide: int) -> None:
        """`wide` is the terminal's width, 0 where the text does not go to one."""
        self.wide = wide
        self.branches = ("  ",) * 4
        self.colors = bool(wide) and colors()
        if wide:
            able = "utf" in (sys.stdout.encoding or "").lower()
            self.branches = _BRANCHES if able else _PLAIN

    def colored(self, reach: Reach, text: str) -> str:
        """A text in the color of a reach."""
        return f"\033[{_COLORS[reach]}m{text}\033[0m" if self.colors else text


def text(node: Node, name: str, style: Style) -> str:
    """A tree in lines, with `name` at its top."""
    rows = [*_rows(node, name, "", "", style)]
    first = max(len(row[0]) for row in rows)
    second = max(len(row[2]) for row in rows)
    lines = []
    for label, reach, said, reason in rows:
        line = f"{label.ljust(first)}  {style.colored(reach, said)}"
        room = style.wide - first - second - 4
        if reason and (not style.wide or room >= len(reason)):
            line += f"{' ' * (second - len(said))}  {reason}"
        lines.append(line.rstrip())
    return "\n".join(lines) + "\n"


def _rows(
    node: Node, name: str, start: str, below: str, style: Style
) -> Iterator[tuple[str, Reach, str, str]]:
    """Label, reach, words for it and reason, of a node and of all in it."""
    said = _WORDS[node.reach]
    if node.own and node.reach == "visible" and not start:
        said = "its own: only what is granted is yours"
    said += _inside(node)
    slash = "/" if node.kind == "directory" and name != "/" else ""
    yield f"{start}{printable(name)}{slash}", node.reach, said, printable(node.reason)
    rest = [(reach, count) for reach, count in node.rest if node.named or reach != node.reach]
    last = len(node.named) + len(rest) + bool(node.left_out)
    for number, child in enumerate(node.named, 1):
        branch, further = _branch(style, number == last)
        yield from _rows(child, child.name, below + branch, below + further, style)
    number = len(node.named)
    if node.left_out:
        number += 1
        branch, _ = _branch(style, number == last)
        yield f"{below}{branch}... {node.left_out} more like these", "visible", "", ""
    for reach, count in rest:
        number += 1
        branch, _ = _branch(style, number == last)
        others = "others" if node.named else "entries"
        yield (
            f"{below}{branch}{count} {others if count > 1 else others[:-1]}",
            reach,
            _WORDS[reach],
            "",
        )


def _branch(style: Style, last: bool) -> tuple[str, str]:
    one, end, through, empty = style.branches
    return (end, empty) if last else (one, through)


def _inside(node: Node) -> str:
    """What a node has in it, where that has no lines of its own."""
    if node.deeper:
        return ", in it " + ", ".join(f"{count} {_WORDS[reach]}" for reach, count in node.deeper)
    count = sum(count for reach, count in node.rest if reach == node.reach)
    if node.kind != "directory" or node.named or not count or node.reach in ("closed", "visible"):
        return ""
    return f", {count} {'entry' if count == 1 else 'entries'}"


def as_json(node: Node, path: str = "") -> dict[str, Any]:
    """A tree for programs."""
    found: dict[str, Any] = {
        "name": node.name, "kind": node.kind, "reach": node.reach, "reason": node.reason,
        "own": node.own, "others": _counts(node.rest), "deeper": _counts(node.deeper),
        "left_out": node.left_out, "named": [as_json(child) for child in node.named],
    }  # fmt: skip
    return {"path": path, **found} if path else found


def _counts(pairs: Iterable[tuple[Reach, int]]) -> dict[str, int]:
    return dict(pairs)
