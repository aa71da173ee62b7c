"""What macOS' kernel writes into the system's log when its sandbox refuses something: read, and tagged.

Nobody has to be root for it. The form is no promise of Apple's; tests/data/sandbox_log.json has lines of
several versions, with where they are from:

    Sandbox: node(1234) deny(1) file-read-data /private/etc/hosts
    TAG, where the rule has a message
    3 duplicate reports for Sandbox: node(1234) deny(1) ...
"""

from __future__ import annotations

import json
import re

from safehouse.backends.base import Observed
from safehouse.policy.rule import DENY, Rule
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from safehouse.policy.policy import Policy

# The name of a program may have parentheses and blanks in it, and so may the target.
_MESSAGE = re.compile(
    r"(?:(?P<count>\d+) duplicate reports? for )?Sandbox: "
    r"(?:(?P<older>\d+) duplicate reports? for (?P<named>[^\n]+?)|(?P<program>[^\n]+?)\(\d+\))"
    r" deny(?:\(\d+\))? (?P<operation>[^ \n]+)"
    r"(?: (?P<target>[^\n]*))?(?:\n(?P<tag>.*))?",
    re.DOTALL,
)
_KERNEL = 0
_SENDER = "/Sandbox"
_SIDES = ("remote:", "local:")
_PER_PROCESS = " (per-pid)"
_OF_NETWORK = ("network-outbound", "network-inbound", "network-bind")


def tag(launch_id: str) -> str:
    """What the refusals of a launch are known by."""
    return f"safehouse-{launch_id}"


def tagged(policy: Policy, text: str) -> Policy:
    """The same policy, whose every refusal is known by a text; messages of others stay."""
    rules = tuple(
        replace(rule, message=text)
        if isinstance(rule, Rule) and rule.action == DENY and not rule.message
        else rule
        for rule in policy.rules
    )
    return replace(policy, rules=rules)


def predicate(text: str) -> str:
    """What `log` has to let through."""
    return f'sender == "Sandbox" AND eventMessage CONTAINS "{text}"'


def parsed(message: str) -> tuple[Observed, str] | None:
    """A message as a refusal and the tag of its rule ("" for none); None for any other message."""
    found = _MESSAGE.fullmatch(message)
    if found is None:
        return None
    operation, target = found["operation"], found["target"] or ""
    if operation == "mach-lookup" and target.endswith(_PER_PROCESS):
        target = target[: -len(_PER_PROCESS)]
    for side in _SIDES if operation in _OF_NETWORK else ():
        if target.startswith(side):
            target = target[len(side) :]
    count = int(found["count"] or found["older"] or 1)
    program = found["program"] or found["named"]
    return Observed(operation, target, program, count), (found["tag"] or "").strip()


def refusals(lines: Iterable[str], text: str, most: int) -> tuple[tuple[Observed, ...], int]:
    """Those with a tag among the lines of `log --style ndjson`; repeated ones are counted.

    Of different ones at most so many are given, and the number of what is left out.
    """
    kept: dict[tuple[str, str], Observed] = {}
    more = 0
    for line in lines:
        message = _of_kernel(line)
        found = parsed(message) if message else None
        if found is None or found[1] != text:
            continue
        seen = found[0]
        key = seen.word, seen.target
        known = kept.get(key)
        if known is not None:
            kept[key] = replace(known, count=known.count + seen.count)
        elif len(kept) < most:
            kept[key] = seen
        else:
            more += seen.count
    return tuple(kept.values()), more


def _of_kernel(line: str) -> str:
    """The message of a line, if the kernel's sandbox wrote it; every program can write into the log."""
    if line[:1] != "{":
        return ""  # what is filtered for, at the start
    try:
        event = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(event, dict) or event.get("processID") != _KERNEL:
        return ""
    sender, message = event.get("senderImagePath"), event.get("eventMessage")
    if not isinstance(sender, str) or not sender.endswith(_SENDER) or not isinstance(message, str):
        return ""
    return message
