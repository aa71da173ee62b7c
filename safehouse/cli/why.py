"""`safehouse why`: may it, which rule says so, and what would change that."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.answers.answer import Asked
from safehouse.answers.mending import Mender
from safehouse.answers.question import operation_of, question
from safehouse.answers.tree import DEPTH, Tree
from safehouse.cli import tree, why_json, why_text
from safehouse.cli.columns import width
from safehouse.errors import REFUSED, UserError, printable
from safehouse.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safehouse.answers.answer import Answer
    from safehouse.answers.mending import Mending
    from safehouse.answers.question import Question
    from safehouse.cli.arguments import Arguments
    from safehouse.sources.sensitive import Sensitive

_INPUT = "-"
TREE = "tree"
# Behind the answers to these, a directory's tree is shown as well.
_WITH_TREE = ("read", "write", "list")
_MOST_DEPTH = 50


def answer(arguments: Arguments, tell: Callable[[str], None]) -> int:
    """Prints the answers; 0 if all is allowed, 1 if something is denied, 125 if one is missing."""
    words = arguments.words
    asked_for = _questions(words)
    depth = _depth(arguments)
    inquiry = _Inquiry(arguments, depth)
    alone = len(words) == 2 and _INPUT not in words
    status = 0
    for word, text in asked_for:
        try:
            allowed = inquiry.answer(word, text, alone)
        except UserError as error:
            if alone:
                raise
            status = REFUSED
            if arguments.json:
                sys.stdout.write(why_json.as_error(word, text, error))
            else:
                tell(error.message)
        else:
            status = status or (0 if allowed else 1)
    return status


class _Inquiry:
    """A plan, and all that is asked of it."""

    def __init__(self, arguments: Arguments, depth: int) -> None:
        self.plan = sandbox.make_plan(arguments.request, Host.current())
        self.asked = Asked(self.plan)
        self.json = arguments.json
        self.tree = Tree(self.asked, depth)
        self.tree_is_wanted = depth > 0 and not arguments.json
        self.wide = width()
        self._mender: Mender | None = None

    def answer(self, word: str, text: str, alone: bool) -> bool:
        """Prints one answer, and says whether it is allowed."""
        if word == TREE:
            return self._show_tree(text)
        found = self.asked.answer(question(word, text, self.plan.host))
        sensitive, mendings = self._mended(found)
        if self.json:
            sys.stdout.write(why_json.as_json(found, sensitive, mendings))
        else:
            home = self.plan.host.home
            sys.stdout.write(why_text.text(found, sensitive, mendings, home, self.wide))
        if alone and word in _WITH_TREE and self.tree_is_wanted:
            self._add_tree(found)
        return found.allowed

    def _mended(self, found: Answer) -> tuple[Sensitive | None, tuple[Mending, ...]]:
        """Why it should stay as it is, and what would change it."""
        if found.allowed:
            return None, ()
        if self._mender is None:
            self._mender = Mender(self.plan, self.asked.index)
        sensitive = self._mender.sensitive(found.access)
        if found.decision.allowed or found.has("link") or found.has("permissions"):
            return sensitive, ()  # it is no rule, or not only one, that is in the way
        return sensitive, self._mender.mendings(found.access)

    def _add_tree(self, found: Answer) -> None:
        """Draws what is below a directory that was asked about, if there is anything to see."""
        directory = found.question.access.target
        if self._is_directory(found.question) and self.asked.view.reach(directory) != "closed":
            self._draw(directory)

    def _is_directory(self, asked: Question) -> bool:
        return bool(asked.path) and self.plan.host.files.kind(asked.access.target) == "directory"

    def _show_tree(self, text: str) -> bool:
        asked = question("list", text, self.plan.host)
        if not self._is_directory(asked):
            raise UserError(
                f"{printable(text)} is no directory", "safehouse why read asks about a file"
            )
        self._draw(asked.access.target)
        return self.asked.view.reach(asked.access.target) != "closed"

    def _draw(self, directory: str) -> None:
        node = self.tree.of(directory)
        if self.json:
            sys.stdout.write(why_json.line(tree.as_json(node, directory)))
        else:
            name = why_text.short(directory, self.plan.host.home)
            sys.stdout.write(tree.text(node, name, tree.Style(self.wide)))


def _questions(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The questions, each an operation and a target: those of the words, or of standard input.

    Raises UserError for what is none before the first is given.
    """
    if words == (_INPUT,):
        return _of_input("")
    if len(words) < 2:
        raise UserError(
            "what is to be decided?",
            "safehouse why read ~/.ssh/config -- claude (or write, exec, connect, ...)",
        )
    word, *targets = words
    if word != TREE:
        operation_of(word)
    return (
        pair
        for target in targets
        for pair in (_of_input(word) if target == _INPUT else [(word, target)])
    )


def _of_input(word: str) -> Iterator[tuple[str, str]]:
    """The lines of standard input: targets, or without a word an operation and a target."""
    with open(
        sys.stdin.fileno(), encoding="utf-8", errors="surrogateescape", closefd=False
    ) as lines:
        for line in lines:
            text = line.rstrip("\n")
            if text.strip():
                yield (word, text) if word else _pair(text)


def _pair(line: str) -> tuple[str, str]:
    word, _, text = line.partition(" ")
    return word, text


def _depth(arguments: Arguments) -> int:
    if not arguments.depth:
        return DEPTH
    if not (arguments.depth.isascii() and arguments.depth.isdigit()):
        raise UserError(f"--depth: {printable(arguments.depth)} is no number", "as in --depth=3")
    return min(int(arguments.depth), _MOST_DEPTH)
