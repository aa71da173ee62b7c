"""`safehouse why`: may it, and which rule says so."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.answers.answer import Asked
from safehouse.answers.question import operation_of, question
from safehouse.cli.why_json import as_json
from safehouse.errors import UserError
from safehouse.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.cli.arguments import Arguments

_INPUT = "-"


def answer(arguments: Arguments) -> int:
    plan = sandbox.make_plan(arguments.request, Host.current())
    asked = Asked(plan)
    status = 0
    for word, text in _questions(arguments.words):
        found = asked.answer(question(word, text, plan.host))
        status = max(status, 0 if found.allowed else 1)
        sys.stdout.write(as_json(found))
    return status


def _questions(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The questions, each an operation and a target: those of the words, or of standard input."""
    if words == (_INPUT,):
        for line in _lines():
            word, _, text = line.strip().partition(" ")
            yield word, text.strip()
        return
    if len(words) < 2:
        raise UserError(
            "what is to be decided?",
            "safehouse why read ~/.ssh/config -- claude (or write, exec, connect, ...)",
        )
    word, *targets = words
    operation_of(word)
    for target in targets:
        if target == _INPUT:
            for line in _lines():
                yield word, line
        else:
            yield word, target


def _lines() -> Iterator[str]:
    return (line.rstrip("\n") for line in sys.stdin if line.strip())
