"""The system on a Mac, as its programs would tell: these checks were never run on one."""

from __future__ import annotations

import pytest

from safehouse.doctor import facts as known
from safehouse.doctor import macos
from safehouse.doctor.trial import Said, Trial
from tests import fake_host
from tests.doctor.machines import by_name, mac_facts, wrong

HOST = fake_host.mac()


def found(facts, stopped=False):
    return by_name(macos.findings(HOST, facts, stopped))


def said(**answers):
    changed = {getattr(known, name): answer for name, answer in answers.items()}
    return {**mac_facts().said, **changed}


def test_where_all_is_well_nothing_is_to_be_done():
    findings = found(mac_facts())
    assert {finding.state for finding in findings.values()} == {"ok"}
    assert {"policy-claude", "policy-codex", "sandbox-exec", "system-integrity"} <= {*findings}
    assert macos.summary(mac_facts()).startswith("macOS 15.2, arm64: programs are confined")


@pytest.mark.parametrize("version, state", [("26.1", "ok"), ("13.7.1", "ok"), ("27.0", "note")])
def test_a_version_that_the_policies_were_not_made_for_is_noted(version, state):
    facts = mac_facts(said=said(SYSTEM_VERSION=Said(0, version)))
    assert found(facts)["system"].state == state


@pytest.mark.parametrize(
    "answer, state",
    [
        ("System Integrity Protection status: enabled.", "ok"),
        ("System Integrity Protection status: disabled.", "warning"),
        ("System Integrity Protection status: unknown (Custom Configuration).", "note"),
    ],
)
def test_system_integrity_protection(answer, state):
    finding = found(mac_facts(said=said(CSRUTIL=Said(0, answer))))["system-integrity"]
    assert finding.state == state
    assert ("csrutil enable" in " ".join(finding.mend)) == (state == "warning")


def test_a_sandbox_exec_that_is_refused_is_in_another_sandbox():
    refusal = Said(71, "sandbox-exec: sandbox_apply: Operation not permitted")
    findings = found(mac_facts(said=said(SIMPLEST=refusal), inside=True, trial=Trial(71)))
    assert findings["sandbox-exec"].state == findings["another-sandbox"].state == "problem"
    assert "Terminal" in findings["sandbox-exec"].mend[0]


def test_a_sandbox_exec_that_is_missing_is_a_problem():
    facts = mac_facts(said=said(SIMPLEST=Said(127, "No such file or directory")))
    assert "No such file" in found(facts)["sandbox-exec"].text


def test_a_policy_that_is_refused_is_named_with_what_to_report():
    refusal = Said(65, "sandbox-exec: unbound variable: x at <input string>, line 5\nmore")
    facts = mac_facts(policies=(("claude", Said(0, "")), ("codex", refusal)))
    findings = wrong(found(facts).values())
    assert [*findings] == ["policy-codex"]
    assert "unbound variable" in findings["policy-codex"].text
    assert (
        findings["policy-codex"]
        .mend[0]
        .endswith("safehouse policy --agent=codex --output=policy.sb")
    )


def test_what_stops_every_launch_is_not_told_once_for_each_agent():
    trial = Trial(125, "config.yaml:1: a mistake", "")
    policies = (("claude", Said(125, trial.message)), ("codex", Said(125, trial.message)))
    assert not wrong(found(mac_facts(trial=trial, policies=policies), stopped=True).values())


def test_a_translated_python_is_noted():
    facts = mac_facts(said=said(TRANSLATED=Said(0, "1")))
    assert found(facts)["rosetta"].state == "note"
