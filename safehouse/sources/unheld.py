"""What a profile closes and no mount can hold: links, and what is not there yet. A change is told."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import pasted, printable
from safehouse.files import ancestors
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, DENY, Opaque, Rule, Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.host import Host
    from safehouse.policy.policy import Policy

    Unheld = tuple[
        str, str, str
    ]  # the place, what a link there says ("" for nothing), why it is closed


def look(policy: Policy, host: Host) -> tuple[Unheld, ...]:
    """The places, in directories in which the program can make and replace files."""
    rules = {rule.filter.value: rule for rule in _closed(policy) if rule.filter}
    trees = _written(policy)
    return tuple(
        (path, host.files.readlink(path), rule.origin.reason)
        for path, rule in rules.items()
        if not trees.isdisjoint(ancestors(path))
        and _is_unheld(rule, host.files.kind(path))
        and _replaceable(policy, path)
    )


def _written(policy: Policy) -> frozenset[str]:
    """The trees that any rule lets be written: to decide on each path would cost much."""
    return frozenset(
        rule.filter.value
        for rule in policy.rules
        if not isinstance(rule, Opaque)
        and rule.action == ALLOW
        and rule.filter is not None
        and rule.filter.kind == "subpath"
        and "file-write*" in rule.operations
    )


def _closed(policy: Policy) -> Iterator[Rule]:
    for rule in policy.rules:
        if isinstance(rule, Opaque) or rule.action != DENY or rule.origin.tier != Tier.PROFILE:
            continue
        named = rule.filter is not None and rule.filter.kind in ("literal", "subpath")
        if named and "file-write*" in rule.operations:
            yield rule


def _is_unheld(rule: Rule, kind: str) -> bool:
    # What is closed for reading, too, is a secret: nobody obeys a new one.
    new = rule.existing_only and "file-read*" not in rule.operations
    return kind == "link" or (kind == "missing" and new)


def _replaceable(policy: Policy, path: str) -> bool:
    beside = path.rpartition("/")[0] + "/\u2042"
    return policy.decide(Access("file-write-create", beside)).allowed


def told(seen: Iterable[Unheld]) -> Iterator[str]:
    """What to say of those that are no longer what they were."""
    for path, target, reason in seen:
        now, there = _there(path)
        if now == target and (target or not there):
            continue
        place = printable(path)
        if target:
            back = f"ln -sfn {pasted(target, tilde=False)} {pasted(path, tilde=False)}"
            what = f"{place} was a link to {printable(target)}, and the command replaced it"
            yield f"{what} ({printable(reason)}). Look at it; to have the link again: {back}"
        else:
            yield f"{place} was not there, and is now ({printable(reason)}). Look at it: it is obeyed outside"


def _there(path: str) -> tuple[str, bool]:
    """What the link at a path says ("" for none), and whether anything is there."""
    try:
        os.lstat(path)
    except OSError:
        return "", False
    try:
        return os.readlink(path), True
    except OSError:
        return "", True
