"""A Mac's launch, as data: the directory for its temporary files is another one each time."""

from __future__ import annotations

import marshal

import pytest

from safehouse.backends import seatbelt
from safehouse.backends.seatbelt import Seatbelt
from safehouse.kept import again, keep
from safehouse.launch import Launch, others, renamed
from safehouse.request import Request
from safehouse.sandbox import Plan
from safehouse.value import replace
from tests.fake_host import LAUNCH_TEMP, mac, planned
from tests.kept.conftest import described

OTHER = LAUNCH_TEMP.rpartition("/")[0] + "/f00dcafe"


@pytest.fixture(autouse=True)
def enforcer(monkeypatch):
    monkeypatch.setattr(seatbelt.facts, "access", lambda path, how: True)


def prepared(launch_temp: str, **environ: str) -> tuple[Plan, Launch]:
    host = replace(mac("bin/claude", environ=environ), launch_temp=launch_temp)
    plan = planned(host, Request(("claude", "--verbose", "a b")))
    return plan, Seatbelt().prepare(plan.policy, host, ("/bin/claude", *plan.command[1:]))


def found(plan: Plan, launch: Launch) -> Launch:
    kept = keep.described_launch(plan, launch, None, "claude", ("--verbose", "a b"))
    entry = marshal.loads(marshal.dumps(kept, 2))
    return again._launch(entry, plan.host.environ, ("--verbose", "a b"))


def test_a_kept_launch_is_the_planned_one_but_for_the_name_of_its_directory(monkeypatch):
    monkeypatch.setattr(again.os, "urandom", lambda size: bytes.fromhex("f00dcafe"))
    plan, launch = prepared(LAUNCH_TEMP, EDITOR="vi")
    _, other = prepared(OTHER, EDITOR="vi")
    assert described(launch) != described(other)
    assert described(found(plan, launch)) == described(other)
    assert other.temporary == OTHER


def test_its_name_is_new_each_time():
    plan, launch = prepared(LAUNCH_TEMP)
    names = {found(plan, launch).temporary for _ in range(5)}
    assert len(names) == 5
    assert not any(LAUNCH_TEMP.rpartition("/")[2] in str(found(plan, launch)) for _ in range(3))


def test_no_value_of_a_variable_is_kept():
    plan, launch = prepared(LAUNCH_TEMP, EDITOR="5ecret")
    kept = keep.described_launch(plan, launch, None, "claude", ("--verbose", "a b"))
    assert "5ecret" not in repr(kept)
    assert "5ecret" in repr(found(plan, launch))


def test_a_policy_in_a_file_is_not_kept(monkeypatch):
    monkeypatch.setattr(seatbelt, "_MOST_INLINE", 1)
    monkeypatch.setattr(seatbelt, "_private_file", lambda host, text: "/x.sb")
    plan, launch = prepared(LAUNCH_TEMP)
    assert keep.described_launch(plan, launch, None, "claude", ("--verbose", "a b")) is None


def test_a_name_is_exchanged_wherever_it_stands():
    text = f"(a {LAUNCH_TEMP}) (b ({'|'.join(others('0a1b2c3d'))}))"
    told = renamed(text, "0a1b2c3d", "f00dcafe")
    assert told == f"(a {OTHER}) (b ({'|'.join(others('f00dcafe'))}))"
