"""What is written is what is read."""

from __future__ import annotations

from hypothesis import given, settings

from safehouse.policy.policy import Policy
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier
from safehouse.sbpl.reader import read
from safehouse.sbpl.render import render
from tests.sbpl.policies import policies


def said(rules):
    return [(rule.action, rule.operations, rule.filter, rule.message) for rule in rules]


@settings(max_examples=200, deadline=None)
@given(policies)
def test_a_policy_is_read_as_it_was_written(policy):
    assert said(read(render(policy), "policy.sb", Tier.APPENDED, {})) == said(policy.rules)


@given(policies)
def test_the_same_policy_gives_the_same_text(policy):
    assert render(policy) == render(policy)
    assert render(policy).startswith("(version 1)\n")


def test_reasons_come_back_as_reasons():
    origin = Origin(Tier.PROFILE, "codex, profiles.yaml:9", "settings; sign-in")
    policy = Policy((Rule("allow", ("file-read*",), Filter("subpath", "/a"), origin),))
    assert read(render(policy), "p.sb", Tier.USER, {})[0].origin == Origin(
        Tier.USER, "p.sb:5", "settings; sign-in"
    )


def test_what_was_not_understood_comes_back_as_it_is_written():
    text = '(if (param "X")\n    (allow default)) '
    opaque = read(text, "x.sb", Tier.APPENDED, {})
    assert [form.text for form in opaque] == ['(if (param "X") (allow default))']
    again = read(render(Policy(opaque)), "y.sb", Tier.APPENDED, {})
    assert all(isinstance(form, Opaque) for form in again)
    assert [form.text for form in again] == ['(if (param "X") (allow default))']
