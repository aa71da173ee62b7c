"""Answers for many targets are those of Policy.decide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from safehouse.policy.decisions import Decisions, by_operation
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS
from safehouse.policy.policy import Access, Policy
from tests.policy.test_models_agree import QUESTIONS, Setup, policy
from tests.sbpl.policies import HOME, policies

TARGETS = (
    "/", "/x", "/private/tmp/a/", HOME, f"{HOME}/src/a", f"{HOME}/src/a/b/c", "com.a", "self",
    "host:80", "",
)  # fmt: skip
ASKED = (
    "file-read-data", "file-write-create", "file-link", "mach-lookup", "signal", "default",
    "network-outbound", "process-info-pidinfo", "sysctl-read", "file-fsctl",
)  # fmt: skip


def agrees(held: Policy, operation: str, target: str, kind: str = "") -> bool:
    found = Decisions(by_operation(held).list_for(operation), operation)
    return found.rule(target, kind) == held.decide(Access(operation, target, kind)).rule


@settings(max_examples=60, deadline=None)
@given(policies)
def test_they_are_the_same_for_any_policy(held):
    for operation in ASKED:
        for target in TARGETS:
            assert agrees(held, operation, target), (operation, target)


@pytest.mark.parametrize("setup", [Setup("claude", ("ssh", "wide-read"))], ids=str)
def test_they_are_the_same_for_a_mac_s(setup):
    held = policy(setup)
    lists = by_operation(held)
    found = {name: Decisions(lists.list_for(name), name) for name in OPERATIONS}
    for question in QUESTIONS[::11]:
        operation = OPERATION_ALIAS.get(question.operation, question.operation)
        decision = held.decide(Access(operation, question.target, question.kind))
        assert found[operation].rule(question.target, question.kind) == decision.rule


def test_without_a_rule_the_operation_decides():
    assert agrees(Policy(()), "dynamic-code-generation", "")
    assert agrees(Policy(()), "file-read-data", "/x")
