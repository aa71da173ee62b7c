"""Answers of `safehouse why` for programs: an object a line."""

from __future__ import annotations

import json

from safehouse.policy.rule import Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from safehouse.answers.answer import Answer
    from safehouse.answers.mending import Mending
    from safehouse.errors import UserError
    from safehouse.policy.policy import Decision
    from safehouse.sources.sensitive import Sensitive


def line(document: dict[str, Any]) -> str:
    """An object in a line."""
    return json.dumps(document) + "\n"


def as_json(answer: Answer, sensitive: Sensitive | None, mendings: tuple[Mending, ...]) -> str:
    """One answer."""
    asked = answer.question
    return line(
        {
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
            "sensitive": _sensitive(sensitive),
            "mendings": [_mending(each) for each in mendings],
            "unsure": list(answer.unsure),
        }
    )


def as_error(word: str, text: str, error: UserError) -> str:
    """A question that cannot be answered."""
    return line({"asked": word, "target": text, "error": error.message, "hint": error.hint})


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
    """How an attempt ends: `error` is the name of errno, "" for none."""
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


def _sensitive(found: Sensitive | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "place": found.place,
        "what": found.what,
        "because": found.because,
        "group": found.group,
    }


def _mending(mending: Mending) -> dict[str, Any]:
    opens = mending.opens
    return {
        "by": mending.by,
        "name": mending.name,
        "once": mending.once,
        "keep": mending.keep,
        "first": mending.first,
        "note": mending.note,
        "gives_up": opens.gives_up,
        "opens": list(opens.targets),
        "opens_more": opens.more,
        "directory": opens.directory,
        "entries": opens.entries,
        "sensitive": [{"path": path, "what": found.what} for path, found in opens.sensitive],
    }
