"""What cannot be cloned on a Mac: a directory whose clone would have what is closed in it.

clonefile(2) copies a directory with all that is in it and asks for the directory alone; what is
denied inside has another name in the copy.
"""

from __future__ import annotations

from safehouse.files import ancestors
from safehouse.policy.match import fixed_start
from safehouse.policy.rule import ALLOW, DENY, PATH_KINDS, Filter, Opaque, Origin, Rule, Tier
from safehouse.policy.standing import tree_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.policy.rule import AnyRule

CLONE = "file-clone"
_READS = frozenset(("file-read*", "file-read-data", "file*"))
_WHY = "a clone of it would have what is closed in it"


def refusals(rules: Iterable[AnyRule]) -> list[Rule]:
    """The denials for directories above what other rules deny to read, where they could be cloned."""
    known = [rule for rule in rules if not isinstance(rule, Opaque) and rule.filter is not None]
    trees = {
        rule.filter.value
        for rule in known
        if rule.action == ALLOW and rule.filter and rule.filter.kind == "subpath"
        if CLONE in rule.operations
    }
    found: dict[Filter, Rule] = {}
    for rule in known:
        if rule.action == DENY and not _READS.isdisjoint(rule.operations):
            for filter in _around(rule, trees):
                if filter not in found:
                    origin = Origin(Tier.PROTECTED, "safehouse", _WHY)
                    found[filter] = Rule(DENY, (CLONE,), filter, origin, existing_only=True)
    return list(found.values())


def _around(rule: Rule, trees: set[str]) -> Iterator[Filter]:
    """What holds, or may hold, that which a rule denies, as far as it lies in one of `trees`."""
    filter = rule.filter
    assert filter is not None
    path = filter.value
    if filter.kind not in PATH_KINDS or filter.kind == "regex":
        anywhere = tree_of(filter) if filter.kind != "regex" else ""
        start = anywhere or fixed_start(path).rpartition("/")[0] or "/"
        if filter.kind not in PATH_KINDS and not anywhere:
            return
        # Of a socket, which is what profiles have patterns for, there is no copy; and what is
        # PROTECTED is a name in the directory, whose spelling is open.
        if anywhere or Tier.PROFILE < rule.origin.tier < Tier.PROTECTED:
            yield Filter("subpath", start)
        path = f"{start.rstrip('/')}/..."
    above = list(ancestors(path))
    roots = [number for number, directory in enumerate(above) if directory in trees]
    for directory in above[: roots[-1] + 1] if roots else ():
        yield Filter("literal", directory)
