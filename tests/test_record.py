"""What is kept of a launch: what the log says of it, and its policy; it never keeps one from starting."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from safehouse import audit, facts, record, sandbox
from safehouse.cli.policy import document
from safehouse.errors import UserError
from safehouse.launch import FULL, PARTIAL, Enforcement, Launch
from safehouse.policy.document import of_plain, written
from safehouse.policy.rule import Opaque
from safehouse.request import Request
from safehouse.value import replace
from tests.fake_host import linux, mac, planned
from tests.real_home import Person

WHOLE = Enforcement(FULL, "paper")


@pytest.fixture
def person(tmp_path):
    person = Person(tmp_path)
    (person.home / "docs").mkdir()
    return person


def plan(person, *command, environ=None, **request):
    host = replace(person.host(**(environ or {})), borrowed=False)
    return person.plan(*(command or ("true",)), host=host, **request)


def launch(enforcement=WHOLE):
    return Launch("/paper", ("true",), (), enforcement)


def lines(person):
    return [
        json.loads(line)
        for path in audit.months(str(person.home / ".local/state/safehouse/audit"))
        for line in audit.lines(path)
    ]


def begin(plan, *arguments):
    told = []
    return record.begin(plan, launch(), "0a1b2c3d", arguments, told.append), told


# What the log says


def test_a_launch_has_a_line_for_its_begin_and_one_for_its_end(person):
    begun, told = begin(plan(person, "claude", "--secret"))
    audit.end(begun, 7, told.append)
    first, last = lines(person)
    assert told == []
    assert {name: first[name] for name in ("event", "command", "workdir", "agent", "network")} == {
        "event": "start", "command": "claude", "workdir": str(person.project), "agent": "claude",
        "network": "open",
    }  # fmt: skip
    assert (first["enforcement"], first["by"]) == ("full", "paper")
    assert "claude" in first["profiles"]
    assert last["launch"] == first["launch"] and len(first["launch"]) == 8
    assert (last["event"], last["status"]) == ("end", 7)
    assert 0 <= last["seconds"] < 60


def test_grants_are_told_by_their_source(person):
    person.configure("add-dirs-ro: [~/docs]\nenable: [docker]\n")
    made = plan(
        person, add_dirs=(str(person.home / "docs"),), env_pass=("TOKEN",), accept_partial=True,
        environ={"TOKEN": "s3cret"},
    )  # fmt: skip
    begin(made)
    said = lines(person)[0]["grants"]
    assert said.pop("options") == ["accept-partial"]
    assert said["~/.config/safehouse/config.yaml"] == [
        f"read {person.home}/docs", "enable docker",
    ]  # fmt: skip
    assert [words for name, words in said.items() if "config" not in name] == [
        [f"write {person.home}/docs", "env-pass TOKEN"]
    ]


@pytest.mark.parametrize(
    "text, found",
    [("", False), ("audit: on\n", False), ("audit: arguments\n", True), ('audit: "on"\n', False)],
)
def test_arguments_are_told_only_where_they_are_wanted(person, text, found):
    person.configure(text)
    begin(plan(person), "--token=s3cret", "")
    (line,) = lines(person)
    assert line.get("arguments") == (["--token=s3cret", ""] if found else None)


def test_arguments_that_are_too_long_leave_their_launch_in_the_log(person):
    person.configure("audit: arguments\n")
    begun, told = begin(plan(person), "x" * 2_000_000)
    assert begun and told == []
    assert lines(person)[0]["arguments"] == ["(too long for the log)"]


def test_no_value_of_a_variable_and_no_argument_is_kept(person):
    """Neither in the log nor with the policy."""
    made = plan(
        person, "claude", "s3cret", assignments=(("KEY", "s3cret"),), env_all=True,
        environ={"OTHER": "s3cret"},
    )  # fmt: skip
    assert "s3cret" in str(made.policy.environment)
    begin(made, "s3cret")
    for file in person.home.rglob(".local/state/safehouse/audit/**/*"):
        if file.is_file():
            assert b"s3cret" not in file.read_bytes()


def test_without_a_log_nothing_is_written(person):
    person.configure("audit: off\n")
    assert begin(plan(person)) == (None, [])
    assert not (person.home / ".local").exists()


def test_where_the_home_is_borrowed_nothing_is_written(person):
    made = person.plan("true", host=replace(person.host(), borrowed=True))
    assert begin(made) == (None, [])
    assert not (person.home / ".local").exists()


@pytest.mark.parametrize("text", ["audit: yes\n", "audit: [on]\n", "audit:\n", "audit: all\n"])
def test_what_is_no_word_for_the_log_is_an_error(person, text):
    person.configure(text)
    with pytest.raises(UserError, match=r"config.yaml:1.* on, off or arguments"):
        plan(person)


def test_a_log_that_cannot_be_written_is_told_and_stops_nothing(person):
    place = person.home / ".local/state/safehouse"
    place.mkdir(parents=True)
    (place / "audit").write_text("a file in its place")
    begun, told = begin(plan(person))
    assert begun is None
    assert told == [f"the log of launches cannot be written: {place}/audit/head: Not a directory"]


class Backend:
    """A backend that runs nothing, and ends so."""

    mounts = None
    name = "paper"

    def __init__(self, end):
        self.end = end

    def inside(self, host):
        return False

    def prepare(self, policy, host, command):
        return launch()

    def start(self, launch):
        if isinstance(self.end, UserError):
            raise self.end
        return self.end

    def lost(self, policy):
        return ()


@pytest.mark.parametrize("ending, status", [(3, 3), (UserError("exchanged", "again"), 125)])
def test_run_writes_both(person, monkeypatch, ending, status):
    monkeypatch.setattr(sandbox, "backend_for", lambda host: Backend(ending))
    host = replace(person.host(), borrowed=False)
    request = Request(command=("true", "x"))
    if status == 3:
        assert sandbox.run(request, host, print) == 3
    else:
        with pytest.raises(UserError):
            sandbox.run(request, host, print)
    assert [line.get("status") for line in lines(person)] == [None, status]


# The policy's hash


def test_policies_are_told_apart_and_each_launch_of_one_has_the_same(person):
    def digest(**request):
        made = plan(person, **request)
        return record.policy_hash(made.policy, made.host.launch_temp)

    usual = digest()
    assert len(usual) == 32 and usual == digest()
    others = [
        digest(add_dirs=(str(person.home / "docs"),)),
        digest(add_dirs_ro=(str(person.home / "docs"),)),
        digest(network="none"),
        digest(assignments=(("NEW", "1"),)),
        digest(enable=("ssh",)),
    ]
    assert len({usual, *others}) == 6
    assert digest(assignments=(("NEW", "2"),)) == others[3]


def test_on_a_mac_the_directory_of_the_launch_is_no_difference():
    hosts = [replace(mac(), launch_temp=mac().temp + f"/safehouse/{n * 8}") for n in "ab"]
    found = [
        record.policy_hash(planned(host, Request(command=("true",))).policy, host.launch_temp)
        for host in hosts
    ]
    assert found[0] == found[1]


# The policy


def kept(person):
    place = person.home / ".local/state/safehouse/audit/policies"
    return sorted(path.name for path in place.iterdir())


def test_the_policy_is_kept_once_and_read_again(person):
    made = plan(person, "claude", deny=(str(person.home / "docs"),))
    begin(made)
    begin(made)
    (number,) = kept(person)
    assert number == lines(person)[0]["policy"]
    place = audit.directory(made.host)
    found = of_plain(record.kept_policy(place, number, made.host))
    assert written(found) == written(of_plain(record.plain(made, WHOLE)))
    assert found.policy == replace(
        made.policy, environment=tuple((name, "") for name, _ in made.policy.environment)
    )
    assert os.stat(f"{place}/policies/{number}").st_mode & 0o777 == 0o600


def test_every_form_of_rule_survives():
    ours = planned(linux(), Request(command=("claude",))).policy.rules[:5]
    theirs = planned(mac(), Request(command=("claude",), deny_secrets=True)).policy.rules
    rules = (*ours, Opaque("(if #t (deny default))", ours[0].origin), *theirs)
    made = planned(mac(), Request(command=("claude",)))
    made = replace(made, policy=replace(made.policy, rules=rules, environment=()))
    partial = replace(WHOLE, level=PARTIAL, notes=("x",))
    assert of_plain(record.plain(made, partial)).policy == made.policy
    assert of_plain(record.plain(made, partial)).enforced.notes == ("x",)
    assert document(made).policy == made.policy


def test_only_the_newest_are_kept(person, monkeypatch):
    monkeypatch.setattr(record, "_MOST_POLICIES", 2)
    numbers = []
    for count, network in enumerate(("open", "none")):
        begin(plan(person, network=network))
        numbers.append(lines(person)[-1]["policy"])
        path = person.home / ".local/state/safehouse/audit/policies" / numbers[-1]
        os.utime(path, (count, count))
    begin(plan(person))  # the first one again: it is used
    begin(plan(person, enable=("ssh",)))
    assert kept(person) == sorted([numbers[0], lines(person)[-1]["policy"]])


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\xf5\x00\x00", facts.packed((99, ())), facts.packed(None)]
)
def test_what_is_no_policy_is_none(person, data):
    made = plan(person)
    begin(made)
    (number,) = kept(person)
    place = audit.directory(made.host)
    Path(f"{place}/policies/{number}").write_bytes(data)
    assert record.kept_policy(place, number, made.host) is None


@pytest.mark.parametrize("said", [(), ("a",) * 14, (1, 2, 3)])
def test_tuples_that_are_no_policy_are_an_error(said):
    with pytest.raises(ValueError):
        of_plain(said)
