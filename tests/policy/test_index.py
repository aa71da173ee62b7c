"""The index answers as Policy.decide does, and says what would decide next."""

from __future__ import annotations

from hypothesis import given, settings

from safehouse.policy.index import Index
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.policy import Access, Policy
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier
from safehouse.request import Request
from safehouse.value import replace
from tests.fake_host import linux, mac, planned
from tests.policy.expectations import questions
from tests.sbpl.policies import accesses, policies

ORIGIN = Origin(Tier.PROFILE, "test, profiles.yaml:1", "a test")


@settings(max_examples=200, deadline=None)
@given(policies, accesses)
def test_the_answer_is_that_of_the_policy(policy, access):
    operation, target = access
    asked = Access(operation, target)
    assert Index(policy).decide(asked) == policy.decide(asked)


@settings(max_examples=100, deadline=None)
@given(policies, accesses)
def test_what_comes_next_is_what_decides_without_that_rule(policy, access):
    asked = Access(*access)
    left = policy
    for decision in Index(policy).in_line(asked):
        assert decision == left.decide(asked)
        left = replace(left, rules=tuple(r for r in left.rules if r is not decision.rule))
    assert not any(decision.rule is rule for rule in left.rules)


def test_the_answers_for_a_mac_are_those_of_the_policy():
    policy = planned(mac(), Request(agent="claude", enable=("ssh", "wide-read"))).policy
    index = Index(policy)
    for question in [*questions()][::7]:
        access = Access(*question[:2], question.kind)
        assert index.decide(access) == policy.decide(access)


def test_each_operation_can_be_asked():
    policy = planned(linux(), Request()).policy
    index = Index(policy)
    for operation in OPERATIONS:
        for target in ("/home/me/src/project/x", "self", "example.org:443", ""):
            access = Access(operation, target)
            assert index.decide(access) == policy.decide(access)


def test_what_is_not_understood_takes_no_part():
    rule = Rule("allow", ("file-read*",), Filter("subpath", "/a"), ORIGIN)
    found = [*Index(Policy((Opaque("(x)", ORIGIN), rule))).in_line(Access("file-read-data", "/a"))]
    assert [decision.allowed for decision in found] == [True, False]
