"""An answer of `safehouse why` for reading: a line for each thing that there is to say."""

from __future__ import annotations

import os

from safehouse.cli.columns import colors, columns
from safehouse.errors import printable
from safehouse.policy.rule import Tier
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.answers.answer import Answer
    from safehouse.answers.mending import Mending
    from safehouse.answers.opened import Opened
    from safehouse.policy.policy import Decision
    from safehouse.sources.sensitive import Sensitive

    Row = tuple[str, str]

_MOST_NAMED = 3


def text(
    answer: Answer,
    sensitive: Sensitive | None,
    mendings: tuple[Mending, ...],
    home: str,
    wide: int,
) -> str:
    """One answer, `wide` columns wide; 0 for a pipe."""
    asked = answer.question
    target = short(asked.access.target, home) if asked.path else asked.text
    verdict = "allowed" if answer.allowed else "denied"
    rows = [
        *_links(answer, home),
        *_rule(answer),
        *_met(answer),
        *_mended(sensitive, mendings, home),
        *(("not certain:", printable(each)) for each in answer.unsure),
    ]
    color = {"allowed": "32", "denied": "31"}[verdict]
    head = f"\033[{color}m{verdict}\033[0m" if wide and colors() else verdict
    lines = [f"{head}: {asked.word} {printable(target)}", *columns(rows, 2, wide)]
    return "\n".join(lines) + "\n"


def short(path: str, home: str) -> str:
    """A path with `~` for the home."""
    return "~" + path[len(home) :] if contains(home, path) else path


def _links(answer: Answer, home: str) -> Iterator[Row]:
    for link, target in answer.question.links:
        yield "link:", f"{printable(short(link, home))} leads to {printable(target)}"


def _rule(answer: Answer) -> Iterator[Row]:
    origin = answer.decision.rule.origin
    if answer.decision.rule.operations == ("default",):
        yield "by:", "no rule"
    else:
        yield "by:", f"{printable(origin.source)} ({Tier.NAMES[origin.tier]})"
    yield "reason:", printable(origin.reason)
    if answer.next is not None and answer.decision.rule.operations != ("default",):
        yield "without it:", _next(answer.next)


def _next(decision: Decision) -> str:
    verdict = "allowed" if decision.allowed else "denied"
    origin = decision.rule.origin
    if decision.rule.operations == ("default",):
        return f"{verdict}, by no rule"
    return f"{verdict}, by {printable(origin.source)}: {printable(origin.reason)}"


def _met(answer: Answer) -> Iterator[Row]:
    """How an attempt ends, and why."""
    seen = answer.seen
    if seen is not None and seen.error:
        yield "it meets:", _said(seen.error)
    for reason in answer.reasons:
        yield "but:", printable(reason.text)


def _said(error: str) -> str:
    """What a program says of an error."""
    import errno

    return os.strerror(getattr(errno, error)) if hasattr(errno, error) else error


def _mended(sensitive: Sensitive | None, mendings: tuple[Mending, ...], home: str) -> Iterator[Row]:
    if sensitive is not None:
        yield "leave it so:", f"{printable(sensitive.what)}: {sensitive.because}"
    if mendings and mendings[0].by in ("network", "trust"):
        mendings = mendings[:1]  # others would open more than what was closed on purpose
    for number, mending in enumerate(mendings):
        label = "or:" if number else "to allow it:"
        if mending.by == "nothing":
            yield label, printable(mending.note)
        elif mending.by == "path" and sensitive is not None:
            yield from _one(mending, "if you must:", home)
        elif number == 0 or (mending.by == "feature" and number < _MOST_NAMED):
            yield from _one(mending, label, home)


def _one(mending: Mending, label: str, home: str) -> Iterator[Row]:
    if mending.note:
        yield ("closed by:" if mending.by == "network" else "note:"), printable(mending.note)
    if mending.first:
        yield "first:", mending.first
    if mending.once:
        gives_up = f" ({mending.opens.gives_up})" if mending.opens.gives_up else ""
        yield label, f"{mending.once}{gives_up}"
    if mending.keep:
        yield ("to keep it:" if mending.once else label), mending.keep
    opened = _opened(mending.opens, home)
    if opened:
        yield "that opens:", opened


def _opened(opens: Opened, home: str) -> str:
    if opens.directory:
        return _below(opens, home)
    names = [printable(name) for name in opens.targets]
    more = opens.more + max(0, len(names) - _MOST_NAMED)
    if not names:
        return f"{more} places, none of which is here" if more else ""
    rest = f", and {more} more" if more else ""
    return ", ".join(names[:_MOST_NAMED]) + rest


def _below(opens: Opened, home: str) -> str:
    from safehouse.answers.opened import MOST_COUNTED

    if not opens.entries:
        return ""
    name = printable(short(opens.directory, home))
    count = f"all {opens.entries} entries of" if opens.entries > 1 else "what is in"
    if opens.entries == MOST_COUNTED:
        count = f"more than {MOST_COUNTED} entries of"
    found = [f"{short(path, home)} ({each.what})" for path, each in opens.sensitive]
    if not found:
        return f"{count} {name}"
    more = len(found) - _MOST_NAMED
    rest = f", and {more} more that should stay closed" if more > 0 else ""
    return f"{count} {name}, among them {', '.join(map(printable, found[:_MOST_NAMED]))}{rest}"
