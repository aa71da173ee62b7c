"""Which regexes are answered for: those that mean one thing, and that no path makes slow."""

from __future__ import annotations

import re
import time
import warnings

import pytest

from safehouse.sbpl.pattern import is_known


@pytest.mark.parametrize(
    "pattern",
    [
        r"^/Users/me/[.]env([.].*)?$",
        r"/\.git($|/)",
        r"^/dev/ttys[0-9]+$",
        r"^/a/(b|c)/[^/]+/d[^/]*$",
        r"^/Applications/[^/]+\.app/Contents(/[^/]+)*/(_[^/]+|[^/]+\.(bash|fish)|x)$",
        r"^/([^/]+/)*x$",
        r"^/[a-f0-9]{40}$",
        r"[]a]",
        r"",
    ],
)
def test_usual_ones(pattern):
    assert is_known(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$", r"(a*)*b", r"(a|a)*b", r"(a?)+b", r"((a)|b)+", r"([^/]*/?)*x", r"(x{9}){9}",
        r"a*a*", r"(a*)b*", r"a*(b*c)", r".*.*x", r".*a.*b.*c.*d", "a?" * 30 + "a" * 30,
        "(a|a)" * 30, "|".join("a" * 5000), "[ab]+c" * 20,
    ],
)  # fmt: skip
def test_those_that_may_take_long(pattern):
    assert not is_known(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d", r"(?i)a", r"[[:alpha:]]", r"a**", r"a*?", r"(", r")", r"a{2,3}", r"a{", r"*a",
        "a{99999999999}", "(" * 500 + ")" * 500, "[" * 60_000, "[a||b]", "[z-a]",
    ],
)  # fmt: skip
def test_those_of_which_it_is_not_certain(pattern):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not is_known(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r".*a.*a.*b", r"^/(/[^/]+)*/x$", r"^/[^/]+/[^/]+/[^/]+/[^/]+/[^/]+x$", "(a|ab)" * 12 + "x"],
)
def test_the_slowest_that_are_known_are_quick_enough(pattern):
    assert is_known(pattern)
    compiled = re.compile(pattern)
    start = time.process_time()
    for path in ("/" + "a" * 250, "/a" * 125, "/" + "ab" * 125):
        compiled.search(path)
    assert time.process_time() - start < 10
