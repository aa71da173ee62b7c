"""From what a person asks, in words, to what the kernel is asked."""

from __future__ import annotations

from safehouse.errors import UserError, nearest, printable
from safehouse.policy.match import kind_of
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS
from safehouse.policy.policy import Access
from safehouse.policy.words import QUESTIONS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host

# They are about the name itself, not about what a link of that name leads to.
_OF_NAMES = ("readlink", "create", "delete", "rename")
_OPERATIONS_OF_NAMES = ("file-write-create", "file-write-unlink")


class Question(Value):
    """One question: the word for it and its target as written, and what they amount to.

    `path` is the target as a path, in full, "" where it is none; `links` are the (link, what it says)
    on the way to `access.target`. `follow` says whether a link at the end of the path is followed.
    """

    word: str
    text: str
    access: Access
    path: str = ""
    links: tuple[tuple[str, str], ...] = ()
    follow: bool = True


def operation_of(word: str) -> str:
    """The operation that a word stands for. Raises UserError with the nearest right word."""
    operation = QUESTIONS.get(word, word)
    operation = OPERATION_ALIAS.get(operation, operation)
    if operation not in OPERATIONS:
        known = [*QUESTIONS, *OPERATIONS]
        raise UserError(
            f"unknown operation {printable(word)!r}{nearest(word, known)}",
            f"one of {', '.join(QUESTIONS)}, tree, or an operation of SBPL",
        )
    return operation


def question(word: str, text: str, host: Host) -> Question:
    """What is asked. Raises UserError for a word that is none, and for a path that can be none."""
    operation = operation_of(word)
    access = Access(operation, text)
    if kind_of(access) != "path" and text[:1] not in ("~", ".", "/"):
        return Question(word, text, access)
    follow = word not in _OF_NAMES and operation not in _OPERATIONS_OF_NAMES
    path = host.absolute(text, "why")
    directory, _, name = path.rstrip("/").rpartition("/")
    if follow or name in ("", ".", ".."):
        found = host.located(path, "why", "")
        return Question(word, text, Access(operation, found.real, "path"), path, found.links)
    found = host.located(directory or "/", "why", "")
    real = f"{found.real.rstrip('/')}/{name}"
    return Question(word, text, Access(operation, real, "path"), path, found.links, False)
