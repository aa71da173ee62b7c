"""What the calling shell says of itself: which of its names start an agent confined.

The function `safehouse` of a shell (shell/init.*) tells it in a variable, since no other process can
see it. It is a text like any other: who sets the variable can write anything into it.
"""

from __future__ import annotations

import re

from safehouse.errors import printable
from safehouse.shims.shell import SHELLS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Literal

    from safehouse.host import Host

    Way = Literal["through", "past", "unclear"]

VARIABLE = "SAFEHOUSE_SHELL"
OFF = "SAFEHOUSE_OFF"
_MOST_LINES = 1000
_MOST_TEXT = 300
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*\s+")
# Words of zsh and bash behind which a function is found all the same.
_BEFORE = ("noglob", "nocorrect", "time")
_MORE_THAN_WORDS = re.compile(r"[;&|<>(`{]")

THROUGH: Way = "through"
PAST: Way = "past"
UNCLEAR: Way = "unclear"


class Name(Value):
    """What stands behind a name: our function, an alias ("" for none), a function of the person's own.

    `mentions` says that our own name stands somewhere in that function.
    """

    shim: bool = False
    alias: str = ""
    function: bool = False
    mentions: bool = False


class State(Value):
    """A shell that has read the code, the build that made it, and the names that it was made for."""

    shell: str
    version: str
    build: str
    names: Mapping[str, Name]


def calling(host: Host) -> State | None:
    """The shell that called; None where it has not read our code, or says nothing that is understood."""
    first, *lines = host.environ.get(VARIABLE, "").split("\n")[:_MOST_LINES]
    shell, _, rest = first.partition(" ")
    if shell not in SHELLS:
        return None
    version, _, build = rest.partition(" ")
    names: dict[str, dict[str, str]] = {}
    for line in lines:
        name, _, said = line.partition(" ")
        kind, _, text = said.partition(" ")
        if _NAME.fullmatch(name) and kind in ("shim", "alias", "function"):
            names.setdefault(name, {})[kind] = printable(text[:_MOST_TEXT])
    found = {
        name: Name(
            "shim" in kinds,
            kinds.get("alias", ""),
            "function" in kinds,
            kinds.get("function") == "safehouse",
        )
        for name, kinds in names.items()
    }
    return State(shell, printable(version[:40]), printable(build[:40]), found)


def is_off(host: Host) -> bool:
    """Whether a variable says that names start agents as they are."""
    return host.environ.get(OFF, "") not in ("", "0", "no", "false")


def way_of(alias: str, shims: Collection[str], programs: Collection[str]) -> Way:
    """Where an alias leads: to one of our functions, past them to a program, or who knows where.

    `programs` are names that are found as files.
    """
    text = alias.strip()
    if text.startswith("__safehouse_run "):
        return THROUGH
    if _MORE_THAN_WORDS.search(text):
        return UNCLEAR
    while _ASSIGNMENT.match(text):
        text = _ASSIGNMENT.sub("", text, count=1)
    words = [word.strip("\"'\\") for word in text.split()]
    while words and words[0] in _BEFORE:
        del words[0]
    if not words:
        return UNCLEAR
    if words[0] in shims or words[0] == "safehouse":
        return THROUGH
    return PAST if "/" in words[0] or words[0] in ("command", "env", *programs) else UNCLEAR
