"""Small experiments: a few rules, what is tried under them, and what should come of it."""

from __future__ import annotations

import shlex
import subprocess

from safehouse.policy.planting import quoted as in_regex
from safehouse.value import Value
from tools.mac_check.accesses import PATH_VERBS
from tools.mac_check.asking import (
    ALLOW,
    DENY,
    REFUSED,
    UNCONFINED,
    UNSURE,
    Answer,
    NotStarted,
    Policy,
    Question,
    ask,
)
from tools.mac_check.finding import AS_BELIEVED, FOUND, OTHERWISE, UNCLEAR, Finding
from tools.mac_check.scratch import ODD_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tools.mac_check.bench import Bench
    from tools.mac_check.finding import Verdict

OPEN = "(version 1) (allow default)"
# What any program needs to start, beside `(deny default)`.
NEEDED = """\
(allow process-exec* process-fork sysctl-read mach-lookup ipc-posix-shm system-socket file-ioctl)
(allow syscall-unix)
(allow file-read* (subpath "/"))"""
CLOSED = f"(version 1) (deny default) {NEEDED}"
NOTHING = ""  # the rules are the whole policy

OPPOSITE = {ALLOW: DENY, DENY: ALLOW}
ASKED = "?"


class Step(Value):
    """Something to try and what should come of it: ALLOW, DENY, or ASKED where nobody knows."""

    expected: str
    question: Question


class Experiment(Value):
    """`steps` are `allow read d/f`, `deny rename d/f d/g`, `? stat link`: names in the scratch tree.

    Under `control` in place of `rules` every step has to come out the other way (`?`: has to be
    allowed): else the experiment is broken and says nothing. `base` stands before both. `{S}` is the
    scratch tree, `{R}` the same in a regex, `{PORT}` a port that is listened at, `{PYTHON}` the
    interpreter. `unread` says why our own reader does not understand the rules.
    """

    reference: str
    confidence: str
    belief: str
    rules: str
    steps: tuple[str, ...]
    control: str = ""
    base: str = OPEN
    params: tuple[tuple[str, str], ...] = ()
    unread: str = ""

    def policy(self, rules: str, bench: Bench) -> Policy:
        params = tuple((name, filled(value, bench, plain=True)) for name, value in self.params)
        return Policy(filled(f"{self.base} {rules}".strip() + "\n", bench), params)

    def parsed(self, bench: Bench) -> tuple[Step, ...]:
        return tuple(_step(text, bench) for text in self.steps)


def filled(text: str, bench: Bench, plain: bool = False) -> str:
    """A text with its placeholders filled in; `plain` where it is no string of SBPL."""
    scratch = bench.scratch

    def string(value: str) -> str:
        return value if plain else value.replace("\\", "\\\\").replace('"', '\\"')

    for name, value in (
        ("{S}", string(scratch.tree)),
        ("{R}", string(in_regex(scratch.tree))),
        ("{PORT}", str(scratch.port)),
        ("{PORT6}", str(scratch.port6)),
        ("{OTHER}", str(scratch.other)),
        ("{PYTHON}", string(bench.program)),
        ("{ENFORCER}", string(bench.enforcer.program)),
        ("{ODD}", string(ODD_NAME)),
    ):
        text = text.replace(name, value)
    return text


def _step(text: str, bench: Bench) -> Step:
    expected, do, *words = shlex.split(text)
    at, to = (*words, "", "")[:2]
    if do in PATH_VERBS:
        at, to = _located(at, bench), _located(to, bench)
    return Step(expected, Question(do, filled(at, bench, True), filled(to, bench, True)))


def _located(name: str, bench: Bench) -> str:
    if not name or name[0] in "/{":
        return name
    return bench.scratch.tree if name == "." else f"{bench.scratch.tree}/{name}"


def run(experiment: Experiment, bench: Bench) -> Finding:
    """Does an experiment, its control first."""
    steps = experiment.parsed(bench)

    def finding(verdict: Verdict, detail: str, evidence: tuple[str, ...] = ()) -> Finding:
        head = (experiment.reference, experiment.confidence, experiment.belief)
        return Finding(*head, verdict, detail, (f"rules: {experiment.rules}", *evidence))

    try:
        control = _answers(experiment.policy(experiment.control, bench), steps, bench)
    except NotStarted as error:
        return finding(UNCLEAR, f"the control did not start: {error}")
    for step, answer in zip(steps, control):
        wanted = OPPOSITE.get(step.expected, ALLOW)
        if answer.outcome(step.question.do) != wanted:
            return finding(
                UNCLEAR,
                f"the control did not {wanted} it: {step.question}: {answer}",
                (f"control: {experiment.control or 'everything allowed'}",),
            )
    try:
        answers = _answers(experiment.policy(experiment.rules, bench), steps, bench)
    except NotStarted as error:
        if not is_refusal(error.status, error.said):
            return finding(UNCLEAR, f"it did not start: {error}")
        asked = all(step.expected == ASKED for step in steps)
        return finding(FOUND if asked else OTHERWISE, f"the policy is refused: {error.said}")
    return finding(*_judged(steps, answers))


def _answers(policy: Policy, steps: tuple[Step, ...], bench: Bench) -> list[Answer]:
    scratch = bench.scratch
    questions = [step.question for step in steps]
    asked = ask(bench.enforcer, bench.python, policy, questions, scratch.before, scratch.after)
    return list(asked)


def _judged(steps: tuple[Step, ...], answers: list[Answer]) -> tuple[Verdict, str, tuple[str, ...]]:
    outcomes = [answer.outcome(step.question.do) for step, answer in zip(steps, answers)]
    evidence = tuple(
        f"{step.question}: {outcome or 'unsure'}"
        + (f" ({answer})" if answer.errno else "")
        + ("" if step.expected in (ASKED, outcome) else f", expected {step.expected}")
        for step, answer, outcome in zip(steps, answers, outcomes)
    )
    told = next((each for each in evidence if ", expected " in each), "")
    pairs = [(step.expected, outcome) for step, outcome in zip(steps, outcomes)]
    if any(OPPOSITE.get(expected) == outcome for expected, outcome in pairs):
        return OTHERWISE, told, evidence
    if UNSURE in outcomes:
        return UNCLEAR, told, evidence
    if any(expected == ASKED for expected, _ in pairs):
        return FOUND, told, evidence
    return AS_BELIEVED, "", evidence


class Acceptance(Value):
    """Whether Seatbelt takes a text: True, False, or None where nobody knows.

    `control` is a text for which the answer has to be the other one. `said` has to occur in the
    message of a refusal. `unread` says why our own reader thinks otherwise.
    """

    reference: str
    confidence: str
    belief: str
    text: str
    accepted: bool | None
    control: str = ""
    said: str = ""
    unread: str = ""


BROKEN = f"{OPEN} (nonsense)"


def run_acceptance(each: Acceptance, bench: Bench) -> Finding:
    """Offers a text, its control first."""

    def finding(verdict: Verdict, detail: str = "") -> Finding:
        text = each.text if len(each.text) < 400 else f"{each.text[:200]}... ({len(each.text)})"
        head = (each.reference, each.confidence, each.belief)
        return Finding(*head, verdict, detail, (f"text: {text}",))

    control = each.control or (BROKEN if each.accepted else OPEN)
    status, said = offered(Policy(filled(control, bench)), bench)
    works = is_refusal(status, said) if each.accepted else status == 0
    if not works:
        return finding(UNCLEAR, f"the control gave status {status}: {said}")
    status, said = offered(Policy(filled(each.text, bench)), bench)
    if status != 0 and not is_refusal(status, said):
        return finding(UNCLEAR, f"status {status}: {said}")
    told = "accepted" if status == 0 else f"refused: {said}"
    if each.accepted is None:
        return finding(FOUND, told)
    if (status == 0) != each.accepted or each.said not in said:
        return finding(OTHERWISE, told)
    return finding(AS_BELIEVED, said)


def offered(policy: Policy, bench: Bench) -> tuple[int, str]:
    """The exit status of a program that does nothing, under a policy, and what was said of it."""
    try:
        return bench.enforcer.run(policy, [bench.true])
    except (OSError, subprocess.SubprocessError) as error:
        return -1, f"{error}"[-300:]


def is_refusal(status: int, said: str) -> bool:
    """Whether sandbox-exec did not take a policy, and not: could not start a program under it."""
    return status == REFUSED or (said.startswith("sandbox-exec:") and "exec" not in said[13:])


def sanity(bench: Bench) -> str:
    """Why nothing can be tried here; "" if it can."""
    try:
        list(ask(bench.enforcer, bench.python, UNCONFINED, []))
    except NotStarted as error:
        return f"the interpreter does not start: {error}"
    status, said = offered(Policy(OPEN), bench)
    if status != 0:
        return f"{bench.enforcer.program} does not start a program under {OPEN}: {status} {said}"
    status, said = offered(Policy(BROKEN), bench)
    if status == 0:
        return f"{bench.enforcer.program} takes any text for a policy: {BROKEN}"
    return ""
