"""Names by which a project's secrets are known: from profiles.yaml, as patterns and as regexes."""

from __future__ import annotations

from safehouse.policy.planting import quoted
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # Names in which * stands for any characters, each with its reason: what is closed, what of it
    # stays open, and the directories in which nothing is. Plain, so that the build can write it.
    Pairs = tuple[tuple[str, str], ...]
    Record = tuple[Pairs, Pairs, Pairs]


class Names(Value):
    """The names, as the catalogue has them."""

    closed: Pairs
    open: Pairs
    fetched: Pairs

    def by_reason(self) -> dict[str, list[str]]:
        """The names that are closed, by the reason for it."""
        found: dict[str, list[str]] = {}
        for name, reason in self.closed:
            found.setdefault(reason, []).append(name)
        return found

    def reader(self) -> Callable[[str], str]:
        """What says of a file's name why it is closed; "" where it is not."""
        import re

        is_open = re.compile(alternatives(name for name, _ in self.open), re.DOTALL).fullmatch
        closed = [
            (re.compile(alternatives(some), re.DOTALL).fullmatch, reason)
            for reason, some in self.by_reason().items()
        ]

        def reason_for(name: str) -> str:
            if is_open(name):
                return ""
            return next((reason for fits, reason in closed if fits(name)), "")

        return reason_for

    def open_of(self, closed: list[str]) -> list[str]:
        """The names that stay open of some that are closed: those that fit both, with * for nothing."""
        import re

        fits = re.compile(alternatives(closed)).fullmatch
        return [name for name, _ in self.open if fits(name.replace("*", ""))]


def alternatives(names: Iterable[str]) -> str:
    """A regex for any of some names, in either case: a Mac finds `.env` as `.ENV`, too."""
    return "(" + "|".join("".join(_character(c) for c in name) for name in names) + ")"


def _character(character: str) -> str:
    if character == "*":
        return "[^/]*"
    if character.isalpha():
        return f"[{character.lower()}{character.upper()}]"
    return quoted(character)
