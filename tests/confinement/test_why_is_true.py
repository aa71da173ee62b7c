"""`safehouse why` says what happens: thousands of questions, each put to the kernel as well.

Worlds are random homes with random options; each has a number, by which it can be made again. One
program tries all questions of a world without a sandbox, then confined. SAFEHOUSE_WORLDS says how
many worlds there are (some 45 questions each, a third of a second), SAFEHOUSE_FIRST_WORLD where to begin.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.confinement import user
from tests.confinement.comparing import Case, Compared, compare, problems, smallest
from tests.confinement.worlds import world

pytestmark = [
    pytest.mark.confinement,
    user.linux_only("on a Mac the kernel asks the rules: tests/policy/test_models_agree.py"),
]
WORLDS = int(os.environ.get("SAFEHOUSE_WORLDS", "120"))
FIRST = int(os.environ.get("SAFEHOUSE_FIRST_WORLD", "0"))
QUESTIONS = 45
PARTS = 4
# What there has to be among the answers, for the comparison to mean something.
KINDS = (
    "allowed", "denied", "went well", "ENOENT", "EROFS", "EACCES", "EBUSY", "EEXIST", "ENOTDIR",
    "ECONNREFUSED", "missing", "permissions", "odd", "own", "own-home", "link", "mount",
)  # fmt: skip


@pytest.mark.parametrize("part", range(PARTS))
def test_the_kernel_agrees(part, template):
    root = template.root.parent
    found: Counter = Counter()
    asked = refused = 0
    for number in range(FIRST + part, FIRST + WORLDS, PARTS):
        made = world(number, QUESTIONS)
        result = compare(made, root / f"world{number}", template.safehouse)
        if result.wrong:
            said = smallest(made, result.wrong[0], root, template.safehouse)
            pytest.fail(
                f"world {number}, {len(result.wrong)} wrong, for one:\n{said}", pytrace=False
            )
        asked += len(result.cases)
        refused += bool(result.refused)
        found += result.kinds()
    worlds = len(range(part, WORLDS, PARTS))
    assert asked > worlds * QUESTIONS * 0.6
    assert refused < worlds * 0.4
    assert not {kind for kind in KINDS if not found[kind]} or worlds < 20


DEVICE = 7
HOME = "/x/home/a"


def case(free="", confined="", device=DEVICE, **answer):
    seen = {"error": confined, "obstacle": "", "path": HOME, "whose": "yours"}
    said = {
        "allowed": not confined,
        "reasons": [],
        "unsure": [],
        "inside": {**seen, **answer.pop("inside", {})},
    }
    said["rule"] = {"action": "allow" if said["allowed"] else "deny"}
    return Case(("read", HOME), [free, DEVICE], [confined, device], {**said, **answer})


@pytest.mark.parametrize(
    "told",
    [
        case(),
        case(confined="ENOENT", inside={"obstacle": "hidden"}),
        case(free="ENOENT", confined="ENOENT", allowed=True, reasons=[{"code": "missing"}],
             inside={"obstacle": "missing"}),
        case(device=9, inside={"whose": "own"}, reasons=[{"code": "own-home"}], allowed=False),
    ],
)  # fmt: skip
def test_a_true_answer_is_taken_for_true(told):
    assert not [*problems(told, DEVICE)]


@pytest.mark.parametrize(
    "told, problem",
    [
        (case(allowed=False, rule={"action": "deny"}), "denied, and it went well"),
        (case(confined="ENOENT", allowed=True), "the sandbox kept it"),
        (case(free="ENOENT", confined="ENOENT", allowed=True), "no reason is said"),
        (case(inside={"error": "EROFS"}), "it was to meet EROFS, and met nothing"),
        (case(confined="EBUSY", inside={"error": ""}), "it was to meet nothing, and met EBUSY"),
        (case(device=9), "it was to reach what is yours"),
        (case(inside={"whose": "own"}), "which is not said"),
        (case(rule={"action": "deny"}), "the rule says otherwise"),
        (case(confined="ENOENT", inside={"obstacle": "missing"}), "missing: without a sandbox"),
        (case(inside={"obstacle": "hidden"}), "hidden: it is no obstacle"),
        (case(error="no"), "it was not answered"),
    ],
)
def test_a_wrong_answer_is_noticed(told, problem):
    assert any(problem in found for found in problems(told, DEVICE))


def test_what_is_wrong_is_told_with_little_else(template, monkeypatch):
    """One question, and the part of the home and the options that it takes."""
    made = world(FIRST + 1, QUESTIONS)
    result = compare(made, template.root.parent / "whole", template.safehouse)
    chosen = next(case for case in result.cases if case.answer["allowed"] and case.free[0])
    wrong = ("pretended", f"pretended\n{chosen}")

    def pretended(other, root, safehouse):
        same = [q for q in other.questions if q[1].rpartition("@HOME")[2] in chosen.question[1]]
        return Compared(wrong=[wrong] if same else [])

    monkeypatch.setattr("tests.confinement.comparing.compare", pretended)
    said = smallest(made, wrong, template.root.parent, template.safehouse)
    assert said.startswith("pretended\n  question: ")
    assert said.count("\n    ") < len(made.entries)
