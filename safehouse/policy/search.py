"""Texts that filters fit: what they are about, whether two may meet, and where they do.

A text is a target of one family: a path, a service's name. Filters of another family fit none.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache

from safehouse.policy.automaton import automaton
from safehouse.policy.match import fixed_start, matches
from safehouse.policy.policy import Access
from safehouse.policy.rule import PATH_KINDS, Filter
from safehouse.policy.vocabulary import FILTER_ALIAS, FILTER_FAMILY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.policy.automaton import State

# What a question tells; whether a file is a link, or what a process is, it does not: match.py.
CERTAIN = frozenset(
    """
    path global-name local-name xpc-service-name sysctl-name target ipc-posix-name
    preference-domain iokit-registry-entry-class iokit-connection fsctl-command
    notification-name right-name appleevent-destination info-type nvram-variable
    """.split()
)
ADDRESSES = ("remote", "local")
_PATHS = {"path": "literal", "path-prefix": "prefix", "path-regex": "regex"}
_VARIANTS = ("prefix", "regex", "subpath")
_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF
_MOST = 20_000  # beginnings of texts that one search looks at
_NICE = tuple(map(ord, "xX0_"))


def read_as(filter: Filter) -> tuple[str, str]:
    """The family of targets that a filter without parts is for, and how it compares them."""
    if filter.kind in PATH_KINDS:
        return "path", filter.kind
    kind = FILTER_ALIAS.get(filter.kind, filter.kind)
    if kind in ADDRESSES:
        return kind, "address"
    if kind in _PATHS:
        return "path", _PATHS[kind]
    name, _, variant = kind.rpartition("-")
    if variant in _VARIANTS and name in FILTER_FAMILY:
        return name, variant
    return kind, "literal"


def leaves(filter: Filter) -> Iterator[Filter]:
    """The filters that a filter is made of: itself, or its parts' parts."""
    if not filter.parts:
        yield filter
    for part in filter.parts:
        yield from leaves(part)


def may_fit(filter: Filter, family: str) -> bool:
    """Whether any target of a family may fit: what is asked of another family fits none."""
    if filter.kind == "require-all":
        return all(may_fit(part, family) for part in filter.parts)
    if filter.kind == "require-any":
        return any(may_fit(part, family) for part in filter.parts)
    return filter.kind == "require-not" or read_as(filter)[0] == family


def is_simple(filter: Filter) -> bool:
    """Whether a filter is for a name, for what begins so, or for a tree."""
    return not filter.parts and read_as(filter)[1] in ("literal", "subpath", "prefix")


@lru_cache(maxsize=8192)
def start_of(filter: Filter, family: str) -> str:
    """What each text of a family that fits begins with; "" where that is not known."""
    if filter.kind == "require-all":
        return max((start_of(part, family) for part in filter.parts), key=len, default="")
    own, variant = ("", "") if filter.parts else read_as(filter)
    if own != family or variant == "address":
        return ""
    return fixed_start(filter.value) if variant == "regex" else filter.value


def may_meet(filter: Filter, other: Filter, family: str) -> bool:
    """Whether a text of a family may fit both, by what they begin with; without this it cannot."""
    one, two = start_of(filter, family), start_of(other, family)
    if not (one.startswith(two) or two.startswith(one)):
        return False
    for each, another in ((filter, other), (other, filter)):
        if is_simple(each):
            if read_as(each)[1] == "literal":
                return matches(another, Access("", each.value, family))
            return is_simple(another) or _Search(another, family, "").may_begin(each.value)
    return True


def shortest(filter: Filter, family: str, fresh: str) -> str | None:
    """A text of a family that fits, as short as can be; "" where none does.

    `fresh` is a character that no filter names. None where not all could be looked at. Raises
    ValueError for a regex that is not known.
    """
    return _Search(filter, family, fresh).text()


class _Search:
    def __init__(self, filter: Filter, family: str, fresh: str) -> None:
        self.filter, self.family, self.fresh = filter, family, fresh
        own = ((*read_as(leaf), leaf.value) for leaf in leaves(filter))
        found = dict.fromkeys((variant, value) for kind, variant, value in own if kind == family)
        self.machines = [automaton(*leaf) for leaf in found]
        self.numbers = {leaf: number for number, leaf in enumerate(found)}

    def may_begin(self, text: str) -> bool:
        """Whether a text that begins so may fit."""
        states = tuple(machine.start for machine in self.machines)
        for character in text:
            states = self._after(states, character)
        return self._outlook(self.filter, states)[0]

    def _after(self, states: tuple[State, ...], character: str) -> tuple[State, ...]:
        pairs = zip(self.machines, states)
        return tuple(machine.step(state, character) for machine, state in pairs)

    def text(self) -> str | None:
        start = tuple(machine.start for machine in self.machines)
        seen = {(start, False)}
        waiting = deque([(start, "")])
        while waiting:
            states, text = waiting.popleft()
            if self._is_target(text) and self._fits(self.filter, states):
                return text
            for character in self._characters(states, text):
                after = self._after(states, character)
                # No path has an empty name in it: what may come depends on the last character, too.
                found = after, self.family == "path" and character == "/"
                if found not in seen and self._outlook(self.filter, after)[0]:
                    seen.add(found)
                    waiting.append((after, text + character))
            if len(seen) > _MOST:
                return None
        return ""

    def _is_target(self, text: str) -> bool:
        return bool(text) and (self.family != "path" or text == "/" or text[-1] != "/")

    def _characters(self, states: tuple[State, ...], text: str) -> Iterator[str]:
        """One character of each kind that makes a difference."""
        if self.family == "path" and not text:
            yield "/"
            return
        borders = {1, _LAST + 1}
        for character in ("/", self.fresh):
            borders.update((ord(character), ord(character) + 1))
        for machine, state in zip(self.machines, states):
            for low, high in machine.intervals(state):
                borders.update((low, high + 1))
        ordered = sorted(borders)
        for low, above in zip(ordered, ordered[1:]):
            character = _nicest(low, above)
            if character and not (self.family == "path" and character == text[-1:] == "/"):
                yield character

    def _fits(self, filter: Filter, states: tuple[State, ...]) -> bool:
        if filter.kind == "require-all":
            return all(self._fits(part, states) for part in filter.parts)
        if filter.kind == "require-any":
            return any(self._fits(part, states) for part in filter.parts)
        if filter.kind == "require-not":
            return not self._fits(filter.parts[0], states)
        number = self._number(filter)
        return number >= 0 and self.machines[number].fits(states[number])

    def _outlook(self, filter: Filter, states: tuple[State, ...]) -> tuple[bool, bool]:
        """Whether a text that goes on from here may fit, and whether each does."""
        if filter.kind == "require-not":
            may, must = self._outlook(filter.parts[0], states)
            return not must, not may
        if filter.parts or filter.kind in ("require-all", "require-any"):
            parts = [self._outlook(part, states) for part in filter.parts]
            of_all = all if filter.kind == "require-all" else any
            return of_all(may for may, _ in parts), of_all(must for _, must in parts)
        number = self._number(filter)
        if number < 0:
            return False, False
        return bool(states[number]), self.machines[number].is_certain(states[number])

    def _number(self, leaf: Filter) -> int:
        """Which of the automata is for a filter without parts; -1 for one of another family."""
        family, variant = read_as(leaf)
        return self.numbers[variant, leaf.value] if family == self.family else -1


def _nicest(low: int, above: int) -> str:
    """A character of an interval that can be shown, if there is one; "" for none at all."""
    for number in (*_NICE, *range(low, min(above, low + 64)), above - 1):
        if low <= number < above and number not in _SURROGATES and chr(number).isprintable():
            return chr(number)
    return chr(low) if low not in _SURROGATES else ""
