"""Filters of texts as automata: what fits one and not another can be found, not only guessed.

The regexes are those that sbpl/pattern.py knows, with the meaning that they have in match.py.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    State = frozenset[int]
    Interval = tuple[int, int]

_MOST_NODES = 50_000
_LAST = 0x10FFFF


class Characters:
    """Some characters: those in the intervals or, `negated`, all others."""

    __slots__ = ("intervals", "negated")

    def __init__(self, intervals: tuple[Interval, ...], negated: bool = False) -> None:
        self.intervals, self.negated = intervals, negated

    def has(self, character: str) -> bool:
        """Whether the character is one of them."""
        number = ord(character)
        return any(low <= number <= high for low, high in self.intervals) != self.negated


_ANY = Characters((), negated=True)


def _only(character: str) -> Characters:
    return Characters(((ord(character), ord(character)),))


class Automaton:
    """Which texts fit. A state is the set of places in the pattern that a beginning has come to."""

    def __init__(self) -> None:
        self._steps: dict[int, tuple[Characters, int]] = {}
        self._free: dict[int, list[tuple[str, int]]] = {}
        self._count = 0
        self._known: dict[tuple[State, str], State] = {}
        self._alive: State = frozenset()
        self.first = self.node()
        self.goal = self.node()

    # Making one

    def node(self) -> int:
        """A new place. Raises ValueError where there are too many."""
        self._count += 1
        if self._count > _MOST_NODES:
            raise ValueError("a pattern that is too long")
        return self._count

    def step_between(self, place: int, characters: Characters, other: int) -> None:
        """One of the characters leads from a place, which has no other step, to another place."""
        self._steps[place] = (characters, other)

    def free_between(self, place: int, other: int, condition: str = "") -> None:
        """No character is needed between two places; `condition`: only at the "start", or "end"."""
        self._free.setdefault(place, []).append((condition, other))

    # Asking it

    @property
    def start(self) -> State:
        """The state before the first character."""
        return self._closed({self.first}, "start")

    def step(self, state: State, character: str) -> State:
        """The state after one more character; an empty one where nothing can fit any more."""
        after = self._known.get((state, character))
        if after is None:
            steps = (self._steps[place] for place in state if place in self._steps)
            reached = {other for characters, other in steps if characters.has(character)}
            after = self._closed(reached, "") & self._leading
            self._known[state, character] = after
        return after

    def fits(self, state: State) -> bool:
        """Whether a text that ends in this state fits."""
        return self.goal in state or self.goal in self._closed(set(state), "end")

    def is_certain(self, state: State) -> bool:
        """Whether every text that begins so fits."""
        return self.goal in state

    def intervals(self, state: State) -> Iterator[Interval]:
        """The intervals of characters that lead somewhere else than others do."""
        for place in state:
            if place in self._steps:
                yield from self._steps[place][0].intervals

    @property
    def _leading(self) -> State:
        """The places from which the goal can be reached behind the first character."""
        if not self._alive:
            before: dict[int, list[int]] = {}
            for place, (_, other) in self._steps.items():
                before.setdefault(other, []).append(place)
            for place, ways in self._free.items():
                for condition, other in ways:
                    if condition != "start":
                        before.setdefault(other, []).append(place)
            found = {self.goal}
            waiting = [self.goal]
            while waiting:
                more = [place for place in before.get(waiting.pop(), ()) if place not in found]
                found.update(more)
                waiting += more
            self._alive = frozenset(found)
        return self._alive

    def _closed(self, places: set[int], where: str) -> State:
        """The places, and those that are reached from them without a character."""
        waiting = list(places)
        while waiting:
            for condition, other in self._free.get(waiting.pop(), ()):
                if condition in ("", where) and other not in places:
                    places.add(other)
                    waiting.append(other)
        return frozenset(places)


@lru_cache(maxsize=4096)
def automaton(variant: str, value: str) -> Automaton:
    """The texts that `match.text_matches` finds for a variant. Raises ValueError for a regex beyond it."""
    made = Automaton()
    made.step_between(made.goal, _ANY, made.goal)
    if variant == "regex":
        # It may begin anywhere: what comes before it is skipped at a place of its own.
        skipped = made.node()
        made.free_between(made.first, skipped)
        made.step_between(skipped, _ANY, skipped)
        try:
            begin, end = _Pattern(value, made).read()
        except RecursionError:
            raise ValueError("too many parentheses within each other") from None
        made.free_between(skipped, begin)
        made.free_between(end, made.goal)
        return made
    place = made.first
    text = value.rstrip("/") if variant == "subpath" else value
    for character in text:
        after = made.node()
        made.step_between(place, _only(character), after)
        place = after
    if variant == "prefix":
        made.free_between(place, made.goal)
        return made
    if variant != "subpath" or text == value:
        made.free_between(place, made.goal, "end")
    if variant == "subpath":
        made.step_between(place, _only("/"), made.goal)
    return made


class _Pattern:
    """A regex being read into an automaton; each method gives where its part begins and ends."""

    def __init__(self, text: str, made: Automaton) -> None:
        self.text, self.made, self.at = text, made, 0

    def read(self) -> tuple[int, int]:
        found = self._choice()
        if self.at < len(self.text):
            raise ValueError(f"unexpected {self.text[self.at]!r}")
        return found

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _take(self) -> str:
        character = self._next()
        if not character:
            raise ValueError("it ends too early")
        self.at += 1
        return character

    def _choice(self) -> tuple[int, int]:
        begin, end = self.made.node(), self.made.node()
        while True:
            first, last = self._row()
            self.made.free_between(begin, first)
            self.made.free_between(last, end)
            if self._next() != "|":
                return begin, end
            self.at += 1

    def _row(self) -> tuple[int, int]:
        begin = end = self.made.node()
        while self._next() not in ("", "|", ")"):
            place = self.at
            first, last = self._one()
            again = self._next()
            if again == "{":
                first, last = self._counted(place, first, last)
            elif again in ("*", "+", "?") and again:
                self.at += 1
                first, last = self._repeated(first, last, again)
            self.made.free_between(end, first)
            end = last
        return begin, end

    def _repeated(self, first: int, last: int, how: str) -> tuple[int, int]:
        begin, end = self.made.node(), self.made.node()
        self.made.free_between(begin, first)
        self.made.free_between(last, end)
        if how != "?":
            self.made.free_between(last, first)
        if how != "+":
            self.made.free_between(begin, end)
        return begin, end

    def _counted(self, place: int, first: int, last: int) -> tuple[int, int]:
        """`{3}`: the part that begins at `place` is read as often as it says."""
        self.at += 1
        number = ""
        while self._next().isdigit():
            number += self._take()
        if self._take() != "}" or not number:
            raise ValueError("only {NUMBER} is known")
        behind = self.at
        if number == "0" or not int(number):
            begin = self.made.node()
            return begin, begin
        for _ in range(int(number) - 1):
            self.at = place
            again, end = self._one()
            self.made.free_between(last, again)
            last = end
        self.at = behind
        return first, last

    def _one(self) -> tuple[int, int]:
        character = self._take()
        if character == "(":
            if self._next() == "?":
                raise ValueError("(? is not known")
            found = self._choice()
            if self._take() != ")":
                raise ValueError("a ( that is never closed")
            return found
        begin, end = self.made.node(), self.made.node()
        if character in "^$":
            self.made.free_between(begin, end, "start" if character == "^" else "end")
        elif character in "*+?)]{}":
            raise ValueError(f"unexpected {character!r}")
        elif character == "[":
            self.made.step_between(begin, self._class(), end)
        elif character == ".":
            self.made.step_between(begin, _ANY, end)
        else:
            self.made.step_between(begin, _only(self._escaped(character)), end)
        return begin, end

    def _escaped(self, character: str) -> str:
        if character != "\\":
            return character
        character = self._take()
        if character.isalnum():
            raise ValueError(f"\\{character} is not known")
        return character

    def _class(self) -> Characters:
        negated = self._next() == "^"
        self.at += negated
        intervals: list[Interval] = []
        while self._next() != "]" or not intervals:
            low = high = self._escaped(self._take())
            if self._next() == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self._escaped(self._take())
            if low > high:
                raise ValueError(f"{low}-{high} has no characters")
            intervals.append((ord(low), ord(high)))
        self.at += 1
        return Characters(tuple(intervals), negated)
