"""Answers for programs: an object a line."""

from __future__ import annotations

import json

from safehouse.policy.rule import Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from safehouse.answers.answer import Answer
    from safehouse.policy.policy import Decision


def as_json(answer: Answer) -> str:
    """One answer."""
    asked = answer.question
    document = {
        "allowed": answer.allowed,
        "asked": asked.word,
        "target": asked.text,
        "operation": asked.access.operation,
        "path": asked.access.target if asked.path else None,
        "links": [{"path": link, "target": target} for link, target in asked.links],
        "rule": _decision(answer.decision),
        "without_it": _decision(answer.next),
        "inside": _seen(answer),
        "reasons": [{"code": reason.code, "text": reason.text} for reason in answer.reasons],
        "unsure": list(answer.unsure),
    }
    return json.dumps(document, ensure_ascii=True) + "\n"


def _decision(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    origin = decision.rule.origin
    return {
        "action": decision.action,
        "tier": Tier.NAMES[origin.tier],
        "source": origin.source,
        "reason": origin.reason,
    }


def _seen(answer: Answer) -> dict[str, str] | None:
    seen = answer.seen
    if seen is None:
        return None
    return {
        "error": seen.error,
        "obstacle": seen.obstacle,
        "at": seen.path,
        "path": seen.real,
        "whose": seen.owner,
    }
