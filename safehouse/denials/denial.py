"""From what was seen to be refused to denials: what the policy says of each, and what is none."""

from __future__ import annotations

from safehouse.answers.answer import Asked
from safehouse.answers.question import question
from safehouse.backends.base import MISSING, ODD, PERMISSIONS
from safehouse.denials import noise
from safehouse.errors import UserError
from safehouse.policy.match import kind_of
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.answers.answer import Answer
    from safehouse.backends.base import Observations
    from safehouse.plan import Plan
    from safehouse.policy.policy import Access, Decision

_WRITING = ("file-write", "file-link", "network-bind")
_DOES = {
    "file-read-data": "read", "file-read-metadata": "look", "process-exec*": "run",
    "network-outbound": "connect",
}  # fmt: skip
LOOK = "look"


class Denial(Value):
    """One thing that was refused.

    `does` is what was tried, in a word: read, look, write, run, connect, or an operation. `named` is the
    target as the program named it, `access` what the policy was asked, `decision` what it says. `lost`
    says that the program did not notice: it wrote into a home of the launch's own. `makes` is
    "directory" where one was to be made. `noise` is why it is of no concern, `unexplained` says that the
    policy does not refuse it: something else did. `far` says that nobody has looked: see near.py.
    """

    does: str
    named: str
    access: Access
    decision: Decision
    program: str
    count: int
    links: tuple[tuple[str, str], ...] = ()
    lost: bool = False
    makes: str = ""
    noise: str = ""
    unexplained: bool = False
    far: bool = False

    @property
    def writes(self) -> bool:
        """Whether it would change something."""
        return self.access.operation.startswith(_WRITING)

    @property
    def of_file(self) -> bool:
        """Whether it is about a path."""
        return kind_of(self.access) == "path"


def judged(plan: Plan, observations: Observations, told_by_kernel: bool) -> tuple[Denial, ...]:
    """The denials among what was observed; of one target and kind together, what is about a look only last.

    The plan's host looks at its files anew. Where the kernel told of them, all are denials.
    """
    asked = Asked(plan)
    found: dict[tuple[str, str], Denial] = {}
    for seen in observations.kept:
        try:
            asks = question(seen.word, seen.target, plan.host)
        except UserError:
            continue
        far = bool(asks.path) and plan.host.files.is_far(asks.access.target)
        answer = None if far else asked.answer(asks)
        if answer and not _is_denied(answer, plan, told_by_kernel):
            continue
        access = replace(asks.access, target=_full(asks.access.target))
        operation = access.operation
        does = "write" if operation.startswith(_WRITING) else _DOES.get(operation, operation)
        why = noise.reason(plan.host.platform, seen.word, access.target)
        why = why or noise.reason(plan.host.platform, operation, access.target)
        denial = Denial(
            does, asks.path or seen.target, access, asked.index.decide(access), seen.program,
            seen.count, asks.links,
            bool(answer and answer.seen and not answer.seen.error),
            "directory" if seen.word == "create" and seen.target.endswith("/") else "",
            why, bool(answer and answer.allowed), far,
        )  # fmt: skip
        key = does, access.target
        known = found.get(key)
        if known:
            more = known.count + denial.count
            denial = replace(known, count=more, makes=known.makes or denial.makes)
        found[key] = denial
    return tuple(_without_looks(found))


def _is_denied(answer: Answer, plan: Plan, told_by_kernel: bool) -> bool:
    """Whether the confinement refused it: not, say, that it is nowhere, or that its permissions close it."""
    target = answer.access.target
    looks = not answer.access.operation.startswith(_WRITING)
    if answer.question.path and looks and plan.host.files.kind(target) == "missing":
        return False
    if told_by_kernel:
        return True
    if answer.allowed or answer.seen is None:
        return not answer.allowed
    if answer.seen.obstacle == PERMISSIONS:
        return plan.host.user == 0  # whose privileges open it outside
    return answer.seen.obstacle not in (MISSING, ODD)


def _full(target: str) -> str:
    return target.rstrip("/") or target


def _without_looks(found: dict[tuple[str, str], Denial]) -> list[Denial]:
    """All but looks at what something more was tried with."""
    used = {target for does, target in found if does != LOOK}
    return [
        denial for (does, target), denial in sorted(found.items())
        if does != LOOK or target not in used
    ]  # fmt: skip
