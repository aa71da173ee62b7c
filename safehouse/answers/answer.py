"""One question answered: by the rules, and by what a confined program will meet."""

from __future__ import annotations

from safehouse import sandbox
from safehouse.answers.reasons import reasons, unsure
from safehouse.backends.base import OWN, YOURS
from safehouse.policy.index import Index
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.answers.question import Question
    from safehouse.answers.reasons import Reason
    from safehouse.backends.base import Seen
    from safehouse.policy.policy import Decision
    from safehouse.policy.rule import Rule

_CONFINED = ("hidden", "closed", "read-only", "mount", "rule")
_TEMPORARY = ("/tmp", "/var/tmp", "/dev", "/proc")


class Answer(Value):
    """Whether it may, and all that is known of why.

    `decision` is that of the rules, `next` the one that there would be without its rule. `seen` says
    how an attempt ends, None where no file is concerned. `allowed` is what counts; where it is not
    what the rules say, or an attempt ends otherwise, `reasons` say why. `unsure` is what is not known.
    """

    question: Question
    allowed: bool
    decision: Decision
    next: Decision | None
    seen: Seen | None
    reasons: tuple[Reason, ...]
    unsure: tuple[str, ...]

    @property
    def rule(self) -> Rule:
        return self.decision.rule


class Asked:
    """A plan that is asked, as often as somebody likes. Raises UserError where it cannot be kept."""

    def __init__(self, plan: sandbox.Plan) -> None:
        self.plan = plan
        self.index = Index(plan.policy)
        self.view = sandbox.backend_for(plan.host).view(plan.policy, plan.host)
        # A question makes the host look at more files than a launch does.
        self._closed = frozenset(plan.host.files.closed)

    def answer(self, question: Question) -> Answer:
        """What there is to say."""
        line = self.index.in_line(question.access)
        decision = next(line)
        follower = next(line, None)
        seen = self.view.see(question.access, question.path, question.follow) if question.path else None
        self.plan.host.files.closed.intersection_update(self._closed)
        allowed = self._allowed(question, decision, seen)
        return Answer(
            question,
            allowed,
            decision,
            follower,
            seen,
            tuple(reasons(question, decision, seen, allowed, self.view, self.plan)),
            tuple(unsure(question, seen, self.view, self.plan)),
        )

    def _allowed(self, question: Question, decision: Decision, seen: Seen | None) -> bool:
        if seen is None:
            return decision.allowed
        if seen.obstacle in _CONFINED:
            return False
        if seen.owner == YOURS and not seen.error:
            return True
        if seen.owner != YOURS and self.is_temporary(seen.path):
            # Of what lies there outside, nothing is to be had.
            outside = self.plan.host.files.kind(question.access.target) != "missing"
            return seen.owner != OWN or not outside
        return decision.allowed

    def is_temporary(self, path: str) -> bool:
        """Whether what a program has there is its own, and meant to be gone afterwards."""
        home = self.plan.host.home
        return any(contains(place, path) for place in _TEMPORARY) and not contains(home, path)
