"""Every experiment is understood, expects what we decide, and can fail."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from safehouse.policy.operations import OWN_DEFAULT
from safehouse.value import replace
from tests.mac_check.kernel import Kernel, MacLike, Refused, done, without_data
from tests.seatbelt_models import BASE
from tools.mac_check import experiment, filters, inside, language, paths, rules
from tools.mac_check.accesses import needed
from tools.mac_check.asking import Answer, Enforcer, NotStarted
from tools.mac_check.bench import Bench
from tools.mac_check.experiment import ASKED, Experiment
from tools.mac_check.finding import AS_BELIEVED, FOUND, OTHERWISE, UNCLEAR
from tools.mac_check.scratch import Scratch

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="a Mac has the real kernel: make mac-check asks it"
)
FACTS = (Path(__file__).parents[2] / "docs/facts/seatbelt.md").read_text("utf-8")
EXPERIMENTS = (*rules.EXPERIMENTS, *filters.EXPERIMENTS, *paths.EXPERIMENTS)
READ = [each for each in EXPERIMENTS if not each.unread]
REFERENCES = {each.reference for each in (*EXPERIMENTS, *language.TEXTS)}


def points() -> dict[str, str]:
    """The points of seatbelt.md on decisions and the language, with their texts."""
    return dict(re.findall(r"^\*\*([1-4]\.\d+) (.*?)(?=^\*\*\d|^## |\Z)", FACTS, re.M | re.S))


def name(each: Experiment) -> str:
    return f"{each.reference.partition(' ')[2] or each.reference}-{each.belief[:50]}"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with Scratch(str(tmp_path_factory.mktemp("s"))) as scratch:
        python = "/usr/bin/python3"
        enforcer = Enforcer(scratch.root, "/no/such/sandbox-exec")
        yield Bench(None, scratch, enforcer, python, "/usr/bin/true", (), "", lambda text: None)
    for child in inside._children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    inside._children.clear()


@pytest.fixture
def asked(monkeypatch):
    """Has experiments ask a kernel of this process, which `decide` makes of a text."""

    def use(decide):
        def ask(enforcer, python, policy, questions, before, after):
            try:
                answer = decide(policy)
            except Refused as error:
                raise NotStarted(error.status, str(error)) from None
            for question in questions:
                before(question)
                try:
                    yield answer(question)
                finally:
                    after(question)

        monkeypatch.setattr(experiment, "ask", ask)

    return use


def ours(policy):
    return Kernel(policy.text, dict(policy.params)).answer


def test_every_point_that_is_sure_has_an_experiment():
    sure = {number for number, text in points().items() if re.search(r"\bHigh\b", text)}
    assert len(sure) > 20
    assert {f"seatbelt.md {number}" for number in sure} <= REFERENCES


def test_every_other_point_has_one_too():
    assert {f"seatbelt.md {number}" for number in points()} <= REFERENCES


def test_every_operation_with_a_decision_of_its_own_is_tried_or_it_is_said_why_not():
    tried = " ".join(
        f"{each.belief} {each.rules} {each.control}" for each in rules.OWN_DEFAULTS
    ).split()
    assert {name for name in OWN_DEFAULT if name not in tried} == set(rules.UNTRIED)


def test_references_lead_somewhere():
    source = Path(__file__).parents[2]
    for reference in REFERENCES:
        file, _, rest = reference.partition(" ")
        found = [
            *source.glob(f"safehouse/**/{file}"),
            *source.glob(file),
            *source.glob(f"docs/**/{file}"),
        ]
        assert found, reference
        if file not in ("seatbelt.md", "lessons.md", "profiles.yaml"):
            assert rest.split(" ")[0] in found[0].read_text("utf-8"), reference


def wanted(each: Experiment) -> str:
    return FOUND if any(step.startswith(ASKED) for step in each.steps) else AS_BELIEVED


@pytest.mark.parametrize("each", READ, ids=name)
def test_it_comes_out_as_we_decide(each, bench, asked):
    """By our reader and evaluator, with all that is tried really being done."""
    asked(ours)
    found = experiment.run(each, bench)
    assert found.verdict == wanted(each), found


@pytest.mark.parametrize("each", [each for each in EXPERIMENTS if each.unread], ids=name)
def test_what_is_not_for_our_reader_is_not(each, bench, asked):
    asked(ours)
    refused = False
    try:
        ours(each.policy(each.rules, bench))
    except Refused:
        refused = True
    assert refused or experiment.run(each, bench).verdict != wanted(each)


@pytest.mark.parametrize("each", READ, ids=name)
def test_another_reading_of_the_facts_decides_the_same(each, bench):
    text = each.policy(each.rules, bench).text
    if "vnode-type" in text or r"\x" in text or each.params:
        return  # the models have one target for a question, two escapes and no parameters
    for step in each.parsed(bench):
        question = replace(step.question, at=without_data(step.question.at))
        answers = {
            BASE.decide(text, access.operation, access.target.replace("[::1]", "::1"))
            for access in needed(question, MacLike()).surely
        }
        outcome = "deny" if "deny" in answers else "allow"
        assert step.expected in (ASKED, outcome), step.question


@pytest.mark.parametrize("each", EXPERIMENTS, ids=name)
@pytest.mark.parametrize(
    "answer", [done, lambda question: Answer(1), lambda question: Answer(2)],
    ids=["nothing is confined", "all is denied", "all is broken"],
)  # fmt: skip
def test_it_can_fail(each, answer, bench, asked):
    asked(lambda policy: answer)
    verdict = experiment.run(each, bench).verdict
    assert verdict in (OTHERWISE, UNCLEAR) or any(s.startswith(ASKED) for s in each.steps)


@pytest.mark.parametrize("each", EXPERIMENTS, ids=name)
def test_a_program_that_does_not_start_tells_nothing(each, bench, asked):
    def fail(policy):
        raise NotStarted(-6, "abort trap")

    asked(fail)
    assert experiment.run(each, bench).verdict == UNCLEAR


def test_all_is_as_before_when_an_experiment_is_over(bench, asked):
    def state():
        return sorted(
            (path, os.lstat(f"{path}").st_mode & 0o777)
            for directory, names, files in os.walk(bench.scratch.root)
            for path in (f"{directory}/{name}" for name in (*names, *files))
        )

    before = state()
    asked(lambda policy: done)
    for each in EXPERIMENTS:
        experiment.run(each, bench)
    asked(ours)
    for each in READ:
        experiment.run(each, bench)
    assert state() == before


# Texts


def offers(monkeypatch, answer):
    monkeypatch.setattr(experiment, "offered", lambda policy, bench: answer(policy))


@pytest.mark.parametrize("each", language.TEXTS, ids=lambda each: each.belief[:50])
@pytest.mark.parametrize(
    "answer", [(0, ""), (65, "sandbox-exec: no"), (-1, "too long"), (-6, "abort")], ids=str
)
def test_a_text_can_fail(each, answer, bench, monkeypatch):
    offers(monkeypatch, lambda policy: answer)
    verdict = experiment.run_acceptance(each, bench).verdict
    assert verdict in (OTHERWISE, UNCLEAR) or each.accepted is None


@pytest.mark.parametrize("each", language.TEXTS, ids=lambda each: each.belief[:50])
def test_a_text_comes_out_as_believed_by_who_believes_it(each, bench, monkeypatch):
    text = experiment.filled(each.text, bench)
    taken = (0, ""), (65, f"sandbox-exec: {each.said}")

    def answer(policy):
        good = each.accepted if policy.text == text else not each.accepted
        return taken[not good]

    offers(monkeypatch, answer)
    verdict = experiment.run_acceptance(each, bench).verdict
    assert verdict == (FOUND if each.accepted is None else AS_BELIEVED)


@pytest.mark.parametrize("each", language.TEXTS, ids=lambda each: each.belief[:50])
def test_our_reader_says_the_same_of_a_text_or_it_is_said_why_not(each, bench):
    try:
        Kernel(experiment.filled(each.text, bench), passed_on=True)
        taken = True
    except Refused:
        taken = False
    assert each.accepted is None or (taken != each.accepted) == bool(each.unread)


def test_operations_that_a_release_has_not_are_named(bench, monkeypatch):
    missing = ("file-lock", "iokit-open*", "file-unlink", "pseudo-tty")

    def offered(policy, bench):
        words = policy.text.replace("(", " ").replace(")", " ").split()
        unknown = [name for name in missing if name in words]
        return (65, f"unbound variable: {unknown[0]}") if unknown else (0, "")

    monkeypatch.setattr(language, "TEXTS", ())
    monkeypatch.setattr(language, "offered", offered)
    older, newer, names = language.run(bench)
    assert older.verdict == OTHERWISE
    assert older.evidence == ("pseudo-tty: status 65: unbound variable: pseudo-tty",)
    assert [line.partition(":")[0] for line in newer.evidence] == ["file-lock", "iokit-open*"]
    assert [line.partition(":")[0] for line in names.evidence] == ["file-unlink"]
    monkeypatch.setattr(language, "offered", lambda policy, bench: (0, ""))
    assert [each.verdict for each in language.run(bench)] == [AS_BELIEVED, FOUND, FOUND]


@pytest.mark.parametrize(
    "status, said, refused",
    [
        (65, "sandbox-exec: unbound variable: x", True),
        (64, "sandbox-exec: unbound variable: x", True),
        (71, "sandbox-exec: execvp() of '/x' failed: Operation not permitted", False),
        (-6, "", False),
        (1, "Traceback", False),
    ],
)
def test_a_refusal_of_a_text_is_told_from_a_program_that_does_not_start(status, said, refused):
    assert experiment.is_refusal(status, said) == refused
