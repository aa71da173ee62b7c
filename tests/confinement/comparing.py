"""Asks `safehouse why`, lets one program try the same without a sandbox and in it, and compares."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.confinement import attempts, user
from tests.confinement.worlds import PROJECT, World, make, named, smaller

_PROGRAM = Path(attempts.__file__).read_text("utf-8")
_WORDS = {"mkdir": "create"}
_CONFINED = ("hidden", "closed", "read-only", "mount")
_OF_FILES = ("missing", "permissions", "odd")
# Reasons that say that it is not the person's files that are reached.
_NOT_YOURS = {"own", "own-home", "kernel"}
_MOST_TRIES = 90


@dataclass(frozen=True)
class Case:
    """One question: how it ended without a sandbox and in it, [error, device], and what was answered."""

    question: tuple[str, str]
    free: list
    confined: list
    answer: dict

    def __str__(self) -> str:
        shown = {
            k: v for k, v in self.answer.items() if k in ("allowed", "rule", "inside", "reasons")
        }
        return (
            f"  question: {' '.join(self.question)}\n  without:  {self.free[0] or 'went well'}\n"
            f"  confined: {self.confined[0] or 'went well'}\n  answer:   {json.dumps(shown)}"
        )


@dataclass
class Compared:
    """What came of one world: why its launch is refused, the cases, and what is wrong."""

    refused: str = ""
    cases: list[Case] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)  # in short, and in full

    def kinds(self) -> Counter:
        """The answers by their kinds, and the ways in which attempts ended."""
        found: Counter = Counter()
        for case in self.cases:
            if "error" in case.answer:
                continue
            found["allowed" if case.answer["allowed"] else "denied"] += 1
            found[case.confined[0] or "went well"] += 1
            found.update(reason["code"] for reason in case.answer["reasons"])
        return found


def compare(world: World, root: Path, safehouse: Path) -> Compared:
    """All answers for a world, which is made at `root` and removed."""
    root.mkdir()
    listening = make(world, root / "home")
    if user.AM_ROOT:
        os.lchown(root, user.UID, user.GID)
    try:
        return _compare(world, root / "home", safehouse)
    finally:
        for server in listening:
            server.close()
        user.remove(root)


def _compare(world: World, home: Path, safehouse: Path) -> Compared:
    env = {"HOME": str(home), "LANG": "C.UTF-8"}
    project = home / PROJECT
    questions = [named(question, home) for question in world.questions]
    program = [user.PYTHON, "-IS", "-c", _PROGRAM]
    asked = "".join(f"{_WORDS.get(word, word)} {path}\n" for word, path in questions)
    free = user.run(program, project, env, json.dumps(questions))
    why = user.run([safehouse, "why", "--json", *world.options, "-"], project, env, asked)
    launch = [safehouse, *world.options, "--", *program]
    confined = user.run(launch, project, env, json.dumps(questions))
    result = Compared()
    answers = [json.loads(line) for line in why.stdout.splitlines()]
    # Either there is no plan, or it is one that nothing would be started by.
    told = not answers or any(" is refused, " in t for a in answers for t in a.get("unsure", ()))
    refused = confined.returncode == user.REFUSED
    if refused or told:
        result.refused = (confined.stderr or why.stderr).strip()
        if refused != told:
            said = f"the launch: {confined.stderr}\nwhy: {why.stderr}"
            result.wrong.append(
                ("a launch that is refused is not told of, or the other way round", said)
            )
    elif len(answers) != len(questions) or confined.returncode or free.returncode:
        result.wrong.append(("it ended early", f"{free.stderr}\n{confined.stderr}\n{why.stderr}"))
    else:
        ends = zip(questions, json.loads(free.stdout), json.loads(confined.stdout), answers)
        result.cases = [Case(*each) for each in ends]
        device = home.stat().st_dev
        for case in result.cases:
            for problem in problems(case, device):
                result.wrong.append((problem, f"{problem}\n{case}"))
    return result


def problems(case: Case, device: int) -> Iterator[str]:
    """What an answer has wrong; `device` is that of the home."""
    answer, error = case.answer, case.confined[0]
    if "error" in answer:
        if case.free[0] != "ELOOP":
            yield "it was not answered"
        return
    if any("/proc depends" in text for text in answer["unsure"]):
        return
    seen, allowed = answer["inside"], answer["allowed"]
    codes = {reason["code"] for reason in answer["reasons"]}
    if not _same(seen["error"], error):
        yield f"it was to meet {seen['error'] or 'nothing'}, and met {error or 'nothing'}"
    if not error:
        own = case.confined[1] != device
        if "/home/" in seen["path"] and own != (seen["whose"] == "own"):
            yield f"it was to reach what is {seen['whose']}, and did not"
        if seen["whose"] == "yours" and not allowed:
            yield "denied, and it went well"
        if seen["whose"] != "yours" and not codes & _NOT_YOURS:
            yield "it went well on what is not the person's, which is not said"
    elif allowed and not case.free[0] and not codes & _NOT_YOURS:
        yield "allowed, and the sandbox kept it from that"
    elif allowed and not codes:
        yield "allowed, it failed, and no reason is said"
    if (answer["rule"]["action"] == "allow") != allowed and not codes:
        yield "the rule says otherwise, and no reason is said"
    if seen["obstacle"] in _OF_FILES and not case.free[0]:
        yield f"{seen['obstacle']}: without a sandbox it is no obstacle"
    if seen["obstacle"] in _CONFINED and not error:
        yield f"{seen['obstacle']}: it is no obstacle"


def _same(one: str, other: str) -> bool:
    """Whether it is the same error, or one of two things that are both in the way."""
    return (
        one == other or {one, other} <= {"EACCES", "EPERM"} or {one, other} <= {"EACCES", "EROFS"}
    )


def smallest(world: World, wrong: tuple[str, str], root: Path, safehouse: Path) -> str:
    """A world in which the same is wrong and that has little else, in words."""
    left = _MOST_TRIES

    def still_wrong(other: World) -> tuple[str, str] | None:
        nonlocal left
        left -= 1
        found = compare(other, root / f"smaller{left}", safehouse).wrong
        return next((each for each in found if each[0] == wrong[0]), None)

    for number in range(len(world.questions)):
        alone = replace(world, questions=world.questions[number : number + 1])
        if named(alone.questions[0], Path("@"))[1][1:] in wrong[1] and still_wrong(alone):
            world = alone
            break
    going = True
    while going and left > 0:
        going = False
        for other in smaller(world):
            found = still_wrong(other) if left > 0 else None
            if found:
                world, wrong, going = other, found, True
                break
    tree = "\n".join(f"    {entry}" for entry in world.entries)
    return f"{wrong[1]}\n  options:  {' '.join(world.options)}\n  home:\n{tree}"
