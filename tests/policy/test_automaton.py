"""An automaton fits what the regex fits, by Python and so, as far as is known, by Seatbelt."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.policy.automaton import automaton
from safehouse.policy.match import text_matches
from safehouse.policy.rule import Opaque
from safehouse.policy.search import leaves, read_as
from safehouse.sbpl.pattern import is_known
from tests.policy.test_models_agree import FEATURES, Setup, policy

PATTERNS = st.text("ab/.$^|()[]{}*+?\\-2", min_size=1, max_size=9).filter(is_known)
TEXTS = st.text("ab/.-2$", min_size=1, max_size=6)


def fits(variant: str, value: str, text: str) -> bool:
    machine = automaton(variant, value)
    state = machine.start
    for character in text:
        state = machine.step(state, character)
    return machine.fits(state)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=6))
def test_it_fits_what_the_regex_fits(pattern, texts):
    for text in texts:
        assert fits("regex", pattern, text) == text_matches("regex", pattern, text)


@pytest.mark.parametrize("variant", ["literal", "subpath", "prefix"])
@pytest.mark.parametrize("value", ["/", "/a", "/a/", "/a/b", "com.a"])
def test_it_fits_names_trees_and_beginnings(variant, value):
    for text in ("/", "/a", "/a/", "/a/b", "/ab", "/a/bc", "//", "/b", "/a//x", "com.a", "com.ab"):
        assert fits(variant, value, text) == text_matches(variant, value, text), text


@pytest.mark.parametrize(
    "pattern",
    [r"\d", "(?i)a", "(?:a)", "a{1,2}", "(", ")", "a**", "[z-a]", "[a", "*a", "a{", "x{9999999}"],
)
def test_what_has_no_certain_meaning_is_refused(pattern):
    with pytest.raises(ValueError):
        automaton("regex", pattern)


def test_every_regex_of_ours_is_known():
    filters = [
        rule.filter
        for setup in (Setup("claude", FEATURES), Setup("codex"))
        for rule in policy(setup).rules
        if not isinstance(rule, Opaque) and rule.filter
    ]
    known = [leaf for each in filters for leaf in leaves(each) if read_as(leaf)[1] == "regex"]
    assert len(known) > 10
    for leaf in known:
        automaton("regex", leaf.value)


def test_a_beginning_that_leads_nowhere_is_known_as_one():
    machine = automaton("regex", "^/a/[0-9]+$")
    state = machine.start
    for character in "/a/":
        state = machine.step(state, character)
        assert state and not machine.is_certain(state)
    assert not machine.step(state, "x")
    assert machine.fits(machine.step(state, "7"))


def test_a_beginning_after_which_all_fits_is_known_as_one():
    machine = automaton("regex", "^/a(/|$)")
    state = machine.start
    for character in "/a/":
        state = machine.step(state, character)
    assert machine.is_certain(state)
