"""Regexes that mean the same to Seatbelt and to Python, and that Python answers in time."""

from __future__ import annotations

import re

# Each multiplies what Python may have to try for one path.
MOST_REPEATS = 8
MOST_REPEATED_DOTS = 3
MOST_CHOICES = 4096

# The constructs that seatbelt.md 3.3 lists; what others mean to Seatbelt is not known.
_CLASS = r"\[\^?\]?(?:[^\]\\\[]|\\[^A-Za-z0-9]|\[(?![:.=]))*\]"
_KNOWN = re.compile(
    rf"(?:[^\\\[\](){{}}*+?]|\\[^A-Za-z0-9]|{_CLASS}|\((?!\?)|\)|[*+?](?![*+?])|\{{[0-9]+\}})*",
    re.DOTALL,
)
# Any number of directories: there is one way only for each to fit.
_DIRECTORIES = re.compile(r"\((?:/\[\^/\][*+]|\[\^/\][*+]/)\)(?=[*+])")
_STEP = re.compile(rf"(?:\\.|{_CLASS}|.)", re.DOTALL)


def is_known(pattern: str) -> bool:
    """Whether a regex can be answered for: what it means is certain, and comparing is quick."""
    if not _KNOWN.fullmatch(pattern) or not _is_quick(pattern):
        return False
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python warns of may come to mean something else
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError, Warning):
        return False
    return True


def _is_quick(pattern: str) -> bool:
    """Whether any path is compared in an acceptable time.

    Python tries one possibility after the other. Their number explodes where what is repeated
    contains a repetition or a choice, where repetitions touch each other, and by mere number.
    """
    pattern = _DIRECTORIES.sub("x", pattern)
    groups = [_Group()]
    repeats = dots = place = 0
    choices = 1
    touching = False
    while place < len(pattern):
        step = _STEP.match(pattern, place)
        assert step is not None
        what = step[0]
        place = step.end()
        if what == "(":
            groups.append(_Group())
            continue
        inner = _Group()
        if what == ")":
            if len(groups) == 1:
                return False
            inner = groups.pop()
            choices *= inner.alternatives
        groups[-1].alternatives += what == "|"
        again = pattern[place : place + 1]
        if again in ("*", "+", "{"):
            if inner.varies or touching:
                return False
            repeats += 1
            dots += what == "."
        choices *= 2 if again == "?" else 1
        touching = again in ("*", "+") or (touching and what == ")")
        if again in ("*", "+", "{", "?") or inner.varies or what == "|":
            groups[-1].varies = True
        place += again in ("*", "+", "?")
    choices *= groups[0].alternatives
    return repeats <= MOST_REPEATS and dots <= MOST_REPEATED_DOTS and choices <= MOST_CHOICES


class _Group:
    """What is between two parentheses: its alternatives, and whether a repetition or choice is in it."""

    __slots__ = ("alternatives", "varies")

    def __init__(self) -> None:
        self.alternatives, self.varies = 1, False
