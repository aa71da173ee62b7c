"""What is gathered of a machine: on a Mac by asking its own programs, by absolute path."""

from __future__ import annotations

import os
import sys

import pytest

from safehouse.doctor import facts as known
from safehouse.doctor import macos, trial
from safehouse.doctor.facts import Facts
from safehouse.doctor.trial import Said, Trial
from safehouse.host import MACOS
from safehouse.value import replace
from tests.doctor.machines import linux_facts


@pytest.fixture
def asked(monkeypatch):
    """The command lines that are asked, and a Mac's answers to them."""
    lines = []
    answers = {
        known.CSRUTIL: "System Integrity Protection status: enabled.",
        known.SYSTEM_VERSION: "15.2",
        known.TRANSLATED: "0",
    }

    def answer(argv, environment=None):
        lines.append(argv)
        return Said(0, "/bin/zsh" if argv[0] == "/bin/ps" else answers.get(argv, ""))

    monkeypatch.setattr(trial, "answer", answer)
    monkeypatch.setattr(trial, "tried", lambda host: Trial(0))
    return lines


def test_a_mac_is_asked_by_its_own_programs_and_each_agents_policy_is_tried(
    person, asked, monkeypatch
):
    enforcer = str(person.program("sandbox-exec"))  # there is none where this is no Mac
    monkeypatch.setattr("safehouse.backends.seatbelt.SANDBOX_EXEC", enforcer)
    mac = replace(person.host(), platform=MACOS, temp=f"{person.home}/T", cache=f"{person.home}/C")
    facts = Facts.current(mac, ["claude", "codex"])
    assert facts.caller == "zsh"
    assert macos.name(facts).startswith("macOS 15.2, ")
    assert [agent for agent, _ in facts.policies] == ["claude", "codex"]
    tried = [argv for argv in asked if argv[0] == enforcer]
    assert len(tried) == 2
    assert all(argv[1] == "-p" and argv[2].startswith("(version 1)") for argv in tried)
    assert all(argv[-1] == trial.nothing() for argv in tried)
    assert {argv[0] for argv in asked} - {enforcer} == {
        "/usr/bin/csrutil",
        "/usr/bin/sw_vers",
        "/usr/sbin/sysctl",
        "/usr/bin/sandbox-exec",
        "/bin/ps",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="these are Linux's files")
def test_a_linux_is_read_from_its_own_files(person, asked):
    facts = Facts.current(person.host())
    assert facts.kernel == os.uname().release
    assert facts.texts[known.USERS].split()[0].isdigit()
    assert facts.has_root
    assert all(argv[1:] == ("--version",) and argv[0].endswith("/bwrap") for argv in asked)
    assert facts.probe == ""


def test_a_probe_is_only_made_where_the_trial_failed(person, asked, monkeypatch):
    monkeypatch.setattr(known.diagnosis, "probe", lambda program: "bwrap: no")
    monkeypatch.setattr(known.bubblewrap, "chosen", lambda places, release=None: "/usr/bin/bwrap")
    assert known._of_linux(person.host(), ()).probe == ""
    monkeypatch.setattr(trial, "tried", lambda host: Trial(125, "x"))
    assert known._of_linux(person.host(), ()).probe == "bwrap: no"


@pytest.mark.parametrize(
    "text, root",
    [
        ("0 0 4294967295", True),
        ("1000 1000 1", False),
        ("1000 0 1\n0 100000 65536", True),
        ("", True),
        ("0 1000 1", False),
    ],
)
def test_whether_root_is_somebody_is_told_by_the_user_namespace(text, root):
    owner = known.NOBODY if text == "0 1000 1" else 0  # as `unshare -Ur` has it
    assert linux_facts(texts={known.USERS: text}, system_owner=owner).has_root == root
