"""A policy that is written as JSON is read back exactly, and nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.policy.document import FORMAT, Document, Enforced, read, written
from safehouse.policy.policy import Link
from safehouse.policy.rule import Opaque, Origin, Tier
from safehouse.value import replace
from tests.policy.test_models_agree import FEATURES, Setup, policy
from tests.sbpl.policies import policies

ORIGIN = Origin(Tier.APPENDED, "~/x.sb:3", "why \u2028 \x1b[0m \"'")
ENFORCED = Enforced("partial", "bubblewrap", ("a rule: less",), ("a note",))
_forms = st.lists(st.builds(Opaque, st.text(max_size=20), st.just(ORIGIN)), max_size=2)


@settings(max_examples=80, deadline=None)
@given(policies, _forms, st.sampled_from([None, ENFORCED]))
def test_what_is_written_is_read_back_exactly(held, forms, enforced):
    held = replace(
        held,
        rules=(*forms, *held.rules),
        links=(Link("/bin", "usr/bin"),),
        environment=(("A", ""), ("B", "")),
        workdir="/w",
        directory="/d",
        network="none",
    )
    document = Document("macos", held, "claude", ("base",), (("ssh", "cost"),), "/t/1", enforced)
    assert read(written(document), "x") == document


def test_a_mac_s_whole_policy_is_read_back_exactly():
    document = Document("macos", policy(Setup("claude", FEATURES)), "claude")
    text = written(document)
    assert read(text, "x").policy.rules == document.policy.rules
    assert text.count("\n    {") == len(document.policy.rules)  # a line a rule


def test_values_of_variables_are_never_written():
    held = replace(policy(Setup()), environment=(("TOKEN", "5ecret"),))
    text = written(Document("macos", held))
    assert "TOKEN" in text and "5ecret" not in text


def sample(**changes):
    document = json.loads(written(Document("linux", policy(Setup()))))
    document["rules"] = document["rules"][:3]
    document.update(changes)
    return document


def rule(**changes):
    return sample(rules=[{**sample()["rules"][2], **changes}])


FILTER = {"kind": "subpath", "value": "/a"}


@pytest.mark.parametrize(
    "wrong, message",
    [
        ([], "no object"),
        ({}, "format: has to be a number"),
        (sample(format="1"), "format: has to be a number"),
        (sample(format=True), "format: has to be a number"),
        (sample(format=FORMAT + 1), f"format: {FORMAT + 1} is that of a newer Safehouse"),
        (sample(platform="windows"), "platform: there is no 'windows'"),
        (sample(networks="open"), "unknown key 'networks', did you mean 'network'?"),
        (sample(network="closed"), "network: there is no 'closed'"),
        (sample(environment="HOME"), "environment: no list"),
        (sample(environment=[1]), "environment: no text"),
        (sample(defines=[]), "defines: no object"),
        (sample(features={"ssh": 1}), "features.ssh: no text"),
        (sample(rules={}), "rules: no list"),
        (sample(rules=[1]), "rules[0]: no object"),
        (sample(enforcement={}), "enforcement: level is missing"),
        (rule(action="permit"), "rules[0].action: there is no 'permit'"),
        (rule(operations=[]), "rules[0].operations: there is none"),
        (rule(operations=["file-raed*"]), "there is no 'file-raed*', did you mean 'file-read*'?"),
        (rule(tier="mine"), "rules[0].tier: there is no 'mine'"),
        (rule(reason=None), "rules[0].reason: no text"),
        (rule(colour="red"), "rules[0]: unknown key 'colour'"),
        (rule(**{"existing-only": 1}), "rules[0].existing-only: has to be true or false"),
        (rule(filter="subpath /a"), "rules[0].filter: no object"),
        (rule(filter={**FILTER, "kind": "subpth"}), "rules[0].filter.kind: there is no 'subpth'"),
        (rule(filter={**FILTER, "parts": []}), "rules[0].filter: unknown key 'parts'"),
        (rule(filter={"kind": "require-all", "parts": []}), "require-all of 0 filters"),
        (rule(filter={"kind": "require-not", "parts": [FILTER, FILTER]}), "require-not of 2"),
        (rule(filter={"kind": "regex", "value": r"^/\w"}), "rules[0].filter.value: a regex that"),
        (rule(filter={"kind": "require-any", "parts": [{"kind": "x"}]}), "filter.parts[0]: value is"),
    ],
)  # fmt: skip
def test_what_is_no_policy_of_ours_is_refused_with_its_place(wrong, message):
    with pytest.raises(UserError) as error:
        read(json.dumps(wrong), "saved.json")
    assert error.value.message.startswith("saved.json: ")
    assert message in error.value.message
    assert error.value.hint


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "saved.json:1: no JSON"),
        ("{", "saved.json:1: no JSON"),
        ('{\n"format": NaN}', "NaN is no value"),
        ('{"format": 1, "format": 1}', "format: is there twice"),
        ('{"x": ' + "[" * 100_000, "saved.json: lists within each other"),
    ],
)
def test_what_is_no_json_is_refused(text, message):
    with pytest.raises(UserError) as error:
        read(text, "saved.json")
    assert message in error.value.message


def test_filters_within_each_other_have_an_end():
    deep = FILTER
    for _ in range(60):
        deep = {"kind": "require-not", "parts": [deep]}
    with pytest.raises(UserError) as error:
        read(json.dumps(rule(filter=deep)), "saved.json")
    assert "filters within each other" in error.value.message
