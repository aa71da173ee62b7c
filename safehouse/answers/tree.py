"""What a confined program sees below a directory, as a tree of what differs.

What is uniform is not walked through: the view of a policy names the places at which something else
may hold than around them. A home with half a million files takes as long as an empty one.
"""

from __future__ import annotations

from safehouse.backends.base import OWN, REACHES
from safehouse.policy.policy import Access
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from safehouse.answers.answer import Asked
    from safehouse.backends.base import Reach
    from safehouse.files import Kind
    from safehouse.policy.policy import Decision

DEPTH = 2
# Names of one directory that have a line of their own; and those that are asked one by one.
MOST_NAMED = 40
_MOST_ASKED = 1000
_READS, _WRITES, _LOOKS = "file-read-data", "file-write-data", "file-read-metadata"


class Node(Value):
    """Something in a tree: its name, what lies there, what can be done with it, and why.

    `named` are the things in it at or below which something else holds; `rest` says how many others
    there are of each reach. What is deeper than the tree is counted by `deeper`, and `left_out` how
    many names there was no room for. `own` says that what is there belongs to the launch alone.
    """

    name: str
    kind: Kind
    reach: Reach
    reason: str = ""
    own: bool = False
    named: tuple[Node, ...] = ()
    rest: tuple[tuple[Reach, int], ...] = ()
    deeper: tuple[tuple[Reach, int], ...] = ()
    left_out: int = 0


class Tree:
    """Makes trees of a plan that is asked."""

    def __init__(self, asked: Asked, depth: int = DEPTH) -> None:
        self.asked = asked
        self.view = asked.view
        self.files = asked.plan.host.files
        self.depth = depth

    def of(self, directory: str) -> Node:
        """The tree of a real directory; its name is its path."""
        below: dict[str, set[str]] = {}
        for path in self.view.inner(directory):
            self._lead_to(path, directory, below)
        return self._node(directory, directory, below, 0)

    def _lead_to(self, path: str, top: str, below: dict[str, set[str]]) -> None:
        """Notes the names on the way from the top to a path that is there."""
        if not self._is_there(path):
            return
        while path != top:
            above, _, name = path.rpartition("/")
            names = below.setdefault(above or "/", set())
            if name in names:
                return
            names.add(name)
            path = above or "/"

    def _is_there(self, path: str) -> bool:
        """Whether there is something at a path; on a machine that is imagined, whether here."""
        if self.asked.plan.host.foreign:
            above, _, name = path.rpartition("/")
            return name in self.files.names(above or "/")
        return self.files.kind(path) != "missing" or self._owner(path) != ""

    def _node(self, path: str, name: str, below: dict[str, set[str]], level: int) -> Node:
        reach = self.view.reach(path)
        kind = self.files.kind(path)
        inner = sorted(below.get(path, ()))
        children = [self._node(_join(path, each), each, below, level + 1) for each in inner]
        rest = self._rest(path, inner) if kind in ("directory", "missing") else {}
        around = max(rest, key=lambda reach: rest[reach]) if rest else reach
        named, same = [], 0
        for child in children:
            if child.reach == around and _is_plain(child):
                same += 1  # a rule that says what holds around it anyway
            else:
                named.append(child)
        if same:
            rest[around] = rest.get(around, 0) + same
        counts = tuple((reach, rest[reach]) for reach in REACHES if reach in rest)
        node = Node(
            name, kind, reach, self._reason(path, reach), self._owner(path) == OWN, rest=counts
        )
        return self._with_children(node, named, level)

    def _with_children(self, node: Node, named: list[Node], level: int) -> Node:
        if level >= self.depth:
            return replace(node, deeper=_counted(named), rest=() if named else node.rest)
        shown = named[:MOST_NAMED]
        return replace(node, named=tuple(shown), left_out=len(named) - len(shown))

    def _rest(self, path: str, inner: Iterable[str]) -> dict[Reach, int]:
        """How many of the names in a directory have which reach, without the inner ones."""
        known = frozenset(inner)
        names = [name for name in self.files.names(path) if name not in known]
        uniform = self.view.uniform(path)
        found: dict[Reach, int] = {}
        if uniform is not None:
            if names:
                found[uniform] = len(names)
            return found
        for name in names[:_MOST_ASKED]:
            reach = self.view.reach(_join(path, name))
            found[reach] = found.get(reach, 0) + 1
        if len(names) > _MOST_ASKED:  # the others are taken to be as most of these are
            most = max(found, key=lambda reach: found[reach])
            found[most] += len(names) - _MOST_ASKED
        return found

    def _reason(self, path: str, reach: Reach) -> str:
        """The reason for what can be done, or else for what cannot; "" where no rule is for it."""
        written, read = (self._decided(operation, path) for operation in (_WRITES, _READS))
        if reach == "read-write":
            return written.rule.origin.reason if written.allowed else ""
        if reach == "read-only":
            refused = not written.allowed and written.rule.filter is not None
            return (written if refused else read).rule.origin.reason if read.allowed else ""
        return read.rule.origin.reason if read.rule.filter is not None and not read.allowed else ""

    def _decided(self, operation: str, path: str) -> Decision:
        return self.asked.index.decide(Access(operation, path, "path"))

    def _owner(self, path: str) -> str:
        """Whose it is that a program finds at a path; "" where it finds nothing."""
        seen = self.view.see(Access(_LOOKS, path, "path"), path, False)
        return seen.owner if seen is not None and not seen.error else ""


def _is_plain(node: Node) -> bool:
    """Whether one thing holds for all of it."""
    return not (node.named or node.deeper or node.left_out) and all(
        reach == node.reach for reach, _ in node.rest
    )


def _counted(nodes: Iterable[Node]) -> tuple[tuple[Reach, int], ...]:
    """How many nodes have which reach, with those in them."""
    found: dict[Reach, int] = {}
    waiting = [*nodes]
    while waiting:
        node = waiting.pop()
        waiting += node.named
        if not (node.named or node.deeper):
            found[node.reach] = found.get(node.reach, 0) + 1
        for reach, count in node.deeper:
            found[reach] = found.get(reach, 0) + count
    return tuple((reach, found[reach]) for reach in REACHES if reach in found)


def _join(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"
