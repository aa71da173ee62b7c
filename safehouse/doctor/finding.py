"""What an examination finds: each thing with its state, in one sentence, and with what mends it."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sized
    from typing import Literal

    from safehouse.errors import UserError

    State = Literal["ok", "note", "warning", "problem"]
    Action = Literal["close", "drop", "forget", "remake", "append", "rewrite"]

# A problem stops launches, or lets a name that starts an agent confined start it as it is. With a
# warning launches start, but something is weaker, or other than it was said.
OK: State = "ok"
NOTE: State = "note"
WARNING: State = "warning"
PROBLEM: State = "problem"
STATES: tuple[State, ...] = (OK, NOTE, WARNING, PROBLEM)

CLOSE: Action = "close"
DROP: Action = "drop"
FORGET: Action = "forget"
REMAKE: Action = "remake"
APPEND: Action = "append"
REWRITE: Action = "rewrite"


class Mending(Value):
    """What `--fix` can do: what it is, in words, and to what.

    `action` says what `target` is, and `words` are more of it: see mending.py.
    """

    action: Action
    target: str
    text: str
    words: tuple[str, ...] = ()


class Finding(Value):
    """One thing that was looked at.

    `name` stays the same over versions, for programs. `mend` has the lines that mend it: commands to
    copy, or what to write where. `details` are for whoever wants all of it.
    """

    name: str
    state: State
    text: str
    mend: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    fix: Mending | None = None


class Section(Value):
    """All findings of one group; `summary` is what to say where nothing is wrong."""

    name: str
    title: str
    summary: str
    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst state of the findings."""
        return worst(found.state for found in self.findings)


def worst(states: Iterable[State]) -> State:
    """The worst of some states; ok for none."""
    return max(states, key=STATES.index, default=OK)


def of_error(name: str, error: UserError, state: State = PROBLEM) -> Finding:
    """A refusal as a launch words it; what has several lines has the others as details."""
    first, *more = error.message.splitlines()
    return Finding(name, state, first, (error.hint,) if error.hint else (), tuple(more))


def counted(things: Sized, what: str) -> str:
    """How many of something there are, in words: `1 directory`, `2 directories`."""
    plural = f"{what[:-1]}ies" if what[-1] == "y" else f"{what}s"
    return f"{len(things)} {what if len(things) == 1 else plural}"
