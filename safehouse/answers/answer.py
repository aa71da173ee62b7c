"""One question answered: by the rules, and by what a confined program will meet."""

from __future__ import annotations

from safehouse import sandbox
from safehouse.answers.reasons import reasons, unsure
from safehouse.backends.base import KERNEL, OWN, PERMISSIONS, YOURS
from safehouse.policy.index import Index
from safehouse.policy.policy import Access
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.answers.question import Question
    from safehouse.answers.reasons import Code, Reason
    from safehouse.backends.base import Seen
    from safehouse.plan import Plan
    from safehouse.policy.policy import Decision

_CONFINED = ("hidden", "closed", "read-only", "mount", "rule")
_TEMPORARY = ("/tmp", "/var/tmp")


class Answer(Value):
    """Whether it may, and all that is known of why.

    `allowed` is what counts, `decision` that of the rule which explains it, on `access`; `next` is the
    one that there would be without that rule. `seen` says how an attempt ends, None where it is no file.
    Where rules do not tell all of that, `reasons` do. `unsure` is what is not known.
    """

    question: Question
    allowed: bool
    access: Access
    decision: Decision
    next: Decision | None
    seen: Seen | None
    reasons: tuple[Reason, ...]
    unsure: tuple[str, ...]

    def has(self, code: Code) -> bool:
        """Whether one of the reasons is of this kind."""
        return any(reason.code == code for reason in self.reasons)


class Asked:
    """A plan that is asked, as often as somebody likes. Raises UserError where it cannot be kept."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.index = Index(plan.policy)
        self.view = sandbox.backend_for(plan.host).view(plan.policy, plan.host)
        # A question makes the host look at more files than a launch does.
        self._closed = frozenset(plan.host.files.closed)

    def answer(self, question: Question) -> Answer:
        """What there is to say."""
        ruled = self.index.decide(question.access)
        seen = (
            self.view.see(question.access, question.path, question.follow)
            if question.path
            else None
        )
        self.plan.host.files.closed.intersection_update(self._closed)
        allowed = self._allowed(question, ruled, seen)
        access = self._deciding(question, seen, allowed)
        line = self.index.in_line(access)
        return Answer(
            question,
            allowed,
            access,
            next(line),
            next(line, None),
            seen,
            tuple(reasons(question, ruled, seen, self.view, self.plan)),
            tuple(unsure(question, ruled, seen, self.view, self.plan)),
        )

    def _allowed(self, question: Question, decision: Decision, seen: Seen | None) -> bool:
        if seen is None:
            return decision.allowed
        if seen.obstacle in _CONFINED:
            return False
        if seen.obstacle == PERMISSIONS and self.plan.host.user == 0:
            return False  # outside root's privileges open it
        if seen.owner == YOURS and not seen.error:
            return True
        if seen.owner == KERNEL or (seen.owner == OWN and self._is_new(seen.path, question)):
            return True
        return decision.allowed

    def _is_new(self, path: str, question: Question) -> bool:
        """Whether a program has something for itself there, and nothing that lies there is hidden by it."""
        if contains(self.plan.host.home, path) or not any(contains(p, path) for p in _TEMPORARY):
            return False
        target = question.access.target
        return target in _TEMPORARY or self.plan.host.files.kind(target) == "missing"

    def _deciding(self, question: Question, seen: Seen | None, allowed: bool) -> Access:
        """The access whose rule explains an answer: what was asked, or what that hangs on."""
        others = ("file-read-data", "file-write-data", "file-read-metadata") if seen else ()
        targets = dict.fromkeys((question.access.target, seen.path if seen else ""))
        accesses = [Access(o, target, "path") for o in others for target in targets]
        for access in (question.access, *accesses):
            if self.index.decide(access).allowed == allowed:
                return access
        return question.access
