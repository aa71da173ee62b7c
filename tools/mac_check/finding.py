"""What was found out about one thing that Safehouse believes."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    Verdict = Literal["as believed", "otherwise", "could not tell", "found"]

AS_BELIEVED: Verdict = "as believed"
OTHERWISE: Verdict = "otherwise"
UNCLEAR: Verdict = "could not tell"  # the experiment is broken: never a pass
FOUND: Verdict = "found"  # an answer where nothing was believed
VERDICTS: tuple[Verdict, ...] = (OTHERWISE, UNCLEAR, FOUND, AS_BELIEVED)

HIGH = "high"
MEDIUM = "medium"
LOW = "low"


class Finding(Value):
    """`belief` is what is thought to hold, on the grounds of `reference` ("seatbelt.md 1.2"), and
    `confidence` how sure that is; `detail` says how it went, `evidence` what was done and answered.
    """

    reference: str
    confidence: str
    belief: str
    verdict: Verdict
    detail: str = ""
    evidence: tuple[str, ...] = ()


def held(
    reference: str, belief: str, holds: bool, detail: str = "", evidence: Iterable[str] = ()
) -> Finding:
    """The finding for something of our own code, which is either so or not."""
    verdict = AS_BELIEVED if holds else OTHERWISE
    return Finding(reference, HIGH, belief, verdict, detail, tuple(evidence))


def unclear(reference: str, belief: str, why: str, confidence: str = HIGH) -> Finding:
    """The finding where something kept us from trying."""
    return Finding(reference, confidence, belief, UNCLEAR, why)
