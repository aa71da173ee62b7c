"""An answer is what will happen; where the rules say otherwise, there is a reason."""

from __future__ import annotations

import os

import pytest

from safehouse.answers.answer import Asked
from safehouse.answers.question import question
from safehouse.request import Request
from tests.fake_host import linux, mac, planned
from tests.policy.expectations import Setup, questions
from tests.real_home import Person

NAMES = (
    "src/project/x", "src/project/s.sock=", "docs/x", ".gitconfig", ".ssh/config", "/tmp/theirs",
    ".local/bin/tool", "src/project/sub/x",
)  # fmt: skip
LINKS = {"way": "src/project", "src/project/out": "../../docs/x", "src/project/l": "sub"}
HOST = linux(*NAMES, links=LINKS)


def answer(word, text, host=HOST, **request):
    plan = planned(host, Request(**request))
    return Asked(plan).answer(question(word, text, plan.host))


@pytest.mark.parametrize(
    "word, text, allowed, codes",
    [
        ("read", "x", True, []),
        ("read", "none", True, ["missing"]),
        ("read", "x/y", True, ["odd"]),
        ("create", "x", True, ["odd"]),
        ("write", "~/new", False, ["own-home"]),
        ("write", "~/.npm/_cacache/x", True, ["missing", "own-home"]),
        ("list", "~", False, ["own-home"]),
        ("read", "~/docs/x", False, []),
        ("read", "~/docs/none", False, []),
        ("read", "~/none", False, ["missing"]),
        ("read", "/tmp/theirs", False, []),
        ("write", "/tmp/mine", True, ["own"]),
        ("write", "/tmp", True, ["own"]),
        ("read", "/dev/null", True, ["kernel"]),
        ("connect", "./s.sock", True, ["socket"]),
        ("read", "~/way/x", False, ["link"]),
        ("read", "out", False, []),
        ("exec", "~/docs/x", False, ["hidden"]),
        ("delete", "~/.gitconfig", False, ["mount"]),
        ("delete", ".", False, ["mount"]),
        ("write", "/etc/hosts", False, []),
        ("signal", "others", False, []),
    ],
)
def test_on_linux(word, text, allowed, codes):
    found = answer(word, text)
    assert (found.allowed, [reason.code for reason in found.reasons]) == (allowed, codes)
    assert found.decision.allowed == allowed or codes


def test_what_is_closed_only_where_it_is_there_at_the_start_is_told():
    """Nothing of permissions is said, which a file that is not there has none of."""
    found = answer("create", ".safehouse.yaml")
    assert found.allowed
    assert [reason.code for reason in found.reasons] == ["names"]
    assert "only if it is there at the start" in found.reasons[0].text


def test_what_a_stub_will_hold_is_closed():
    found = answer("create", "~/.cursor/hooks.json", agent="cursor-agent")
    assert not found.allowed and not found.unsure


def test_the_rule_is_the_one_that_explains_the_answer():
    """Executing is allowed by a rule for everything; what is not to be seen is no rule's."""
    found = answer("exec", "~/docs/x")
    assert found.access.operation == "file-read-data" and not found.decision.allowed
    assert answer("exec", "x").access.operation == "process-exec*"
    connected = answer("connect", "./s.sock")
    assert connected.allowed and connected.decision.allowed
    assert connected.access.operation == "file-read-data"


def test_what_would_decide_next_is_another_rules_answer():
    found = answer("read", "~/docs/x", add_dirs_ro=("~/docs",), deny=("~/docs/x",))
    assert not found.allowed and found.decision.rule.origin.source == "--deny"
    assert found.next.allowed and found.next.rule.origin.source == "--add-dirs-ro"


@pytest.mark.parametrize(
    "word, text, allowed, codes",
    [
        ("read", "x", True, []),
        ("read", "~/docs/x", False, []),
        ("read", "~/way/x", False, ["link"]),
        ("connect", "./s.sock", False, []),
        ("read", "none", True, ["missing"]),
        ("delete", ".", False, []),
    ],
)
def test_on_a_mac(word, text, allowed, codes):
    found = answer(word, text, mac(*NAMES, links=LINKS))
    assert (found.allowed, [reason.code for reason in found.reasons]) == (allowed, codes)


@pytest.mark.parametrize("setup", [Setup(), Setup("claude", ("ssh", "wide-read"))], ids=str)
def test_on_a_mac_the_answer_to_each_question_of_the_table_is_the_expected_one(setup):
    """test_models_agree.py asks independent models the same questions."""
    environ = {"SSH_AUTH_SOCK": "/private/tmp/com.apple.launchd.AbC123/Listeners"}
    plan = planned(mac(environ=environ), Request(enable=setup.features, agent=setup.agent))
    asked = Asked(plan)
    wrong = []
    for each in [*questions()][::5]:
        if each.kind not in ("", "path") or each.target[:1] != "/":
            continue
        found = asked.answer(question(each.operation, each.target, plan.host))
        if found.question.access.target == each.target and found.allowed != each.allowed(setup):
            wrong.append(each)
    assert not wrong


def test_questions_do_not_change_what_a_later_plan_sees(tmp_path):
    """A directory that kept us from looking would be in the way of a launch."""
    asked = Asked(planned(HOST, Request()))
    before = set(HOST.files.closed)
    asked.answer(question("read", "~/docs/x", HOST))
    HOST.files.closed.add("/home/me/docs")
    asked.answer(question("read", "~/docs/x", HOST))
    assert HOST.files.closed == before


def test_permissions_are_an_obstacle_of_the_sandbox_for_root_only():
    """In there root has no privileges."""
    for user, allowed in ((1000, True), (0, False)):
        host = linux("src/project/x", unreadable=["src/project/x"], user=user)
        found = answer("read", "x", host)
        assert (found.allowed, found.reasons[0].code) == (allowed, "permissions")
        assert ("root has no privileges" in found.reasons[0].text) != allowed


def test_how_an_attempt_on_a_pipe_ends_is_not_known(tmp_path):
    person = Person(tmp_path)
    os.mkfifo(person.project / "pipe")
    plan = person.plan()
    found = Asked(plan).answer(question("read", str(person.project / "pipe"), plan.host))
    assert found.allowed and any("a device or a pipe" in text for text in found.unsure)


def test_a_launch_that_is_refused_is_told_of():
    host = linux("/opt/mine/src/project/x", home="/opt/mine")
    assert any("cannot be made" in text for text in answer("read", "x", host, agent="codex").unsure)
    assert answer("read", "x").unsure == ()


@pytest.mark.parametrize("machine, known", [(linux, False), (mac, True)])
def test_what_is_closed_by_name_may_not_be_if_it_is_made_later(machine, known):
    host = machine("src/project/x")
    for request, name in (({"deny_secrets": True}, ".env"), ({"deny_secrets": True}, "keys/a.pem")):
        found = answer("read", name, host, **request)
        assert found.allowed != known
        assert any("at the start" in text for text in found.unsure) != known
    assert answer("read", ".env.example", host, deny_secrets=True).unsure == ()
