"""Links of the person's in places that are closed: no mount can hold them, so a change is told."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import printable, quoted
from safehouse.policy.policy import Access
from safehouse.policy.rule import DENY, Opaque, Rule, Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.host import Host
    from safehouse.policy.policy import Policy

    Held = tuple[str, str, str]  # the link, what it says, why it is closed


def look(policy: Policy, host: Host) -> tuple[Held, ...]:
    """The links that a profile closes, in directories in which the program can replace them."""
    return tuple(
        (path, host.files.readlink(path), rule.origin.reason)
        for path, rule in {
            each.filter.value: each for each in _closed(policy) if each.filter
        }.items()
        if host.files.kind(path) == "link" and _replaceable(policy, path)
    )


def _closed(policy: Policy) -> Iterator[Rule]:
    for rule in policy.rules:
        if isinstance(rule, Opaque) or rule.action != DENY or rule.origin.tier != Tier.PROFILE:
            continue
        named = rule.filter is not None and rule.filter.kind in ("literal", "subpath")
        if named and "file-write*" in rule.operations:
            yield rule


def _replaceable(policy: Policy, path: str) -> bool:
    beside = path.rpartition("/")[0] + "/\u2042"
    return policy.decide(Access("file-write-create", beside)).allowed


def told(seen: Iterable[Held]) -> Iterator[str]:
    """What to say of those that are no longer what they were."""
    for path, target, reason in seen:
        try:
            now = os.readlink(path)
        except OSError:
            now = ""
        if now != target:
            back = f"ln -sfn {printable(quoted(target, tilde=False))} {printable(quoted(path, tilde=False))}"
            what = (
                f"{printable(path)} was a link to {printable(target)}, and the command replaced it"
            )
            yield f"{what} ({printable(reason)}). Look at it; to have the link again: {back}"
