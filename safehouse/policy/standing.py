"""Refusals inside of what is granted: a wide grant does not undo them, one that names them does."""

from __future__ import annotations

from safehouse.policy.match import matches
from safehouse.policy.policy import Access
from safehouse.policy.rule import DENY, PATH_KINDS, Opaque, Tier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.policy.rule import AnyGrant, Filter, Grant

# A profile's refusals are for what profiles grant, and appended rules mean what SBPL says they do.
_FIRST, _LAST = Tier.REPOSITORY, Tier.COMMAND_LINE


def with_standing_refusals(grants: list[AnyGrant]) -> list[AnyGrant]:
    """Grants in the order of their tiers, with each refusal repeated behind a grant around it.

    Whoever opens `~/src` does not think of `~/src/app/.env`, which a project or the person has
    closed before. Who means it names it: a grant of the refused path, or of something in it, stands.
    So adding a refusal never allows anything.
    """
    result: list[AnyGrant] = []
    standing: list[tuple[Grant, Filter]] = []  # refusals, and what was opened in them afterwards
    for grant in grants:
        result.append(grant)
        if grant.origin.tier < _FIRST:
            continue
        filter = None if isinstance(grant, Opaque) else grant.filter
        if isinstance(grant, Opaque) or filter is None:
            continue
        if filter.kind not in PATH_KINDS and not (grant.action == DENY and tree_of(filter)):
            continue
        if not _FIRST <= grant.origin.tier <= _LAST:
            continue
        if grant.action == DENY:
            standing = [
                (other, its) for other, its in standing
                if other.action == DENY or not _covers(filter, its)
            ]  # fmt: skip
            standing.append((grant, filter))
            continue
        opens_some = any(
            other.action == DENY and (_covers(its, filter) or its.value == filter.value)
            for other, its in standing
        )
        repeated = []
        if filter.kind in ("subpath", "prefix"):
            repeated = [each for each in standing if _is_around(filter, each[1])]
            result += [other for other, _ in repeated]
        # In the order that they have now: what is repeated comes behind what was granted around it.
        standing = [each for each in standing if each not in repeated]
        standing += [*([(grant, filter)] if opens_some else []), *repeated]
    return result


def tree_of(filter: Filter) -> str:
    """The directory of a filter for names in it (all of: a tree, and more), "" for others."""
    first = filter.parts[0] if filter.kind == "require-all" and filter.parts else None
    return first.value if first and first.kind == "subpath" else ""


def _is_around(wide: Filter, inner: Filter) -> bool:
    """Whether a grant of `wide` would open what `inner` is about without naming it."""
    tree = tree_of(inner)
    if tree:
        below, outside = tree.rstrip("/") + "/", wide.value.rstrip("/") + "/"
        meets = below.startswith(wide.value if wide.kind == "prefix" else outside)
        return (meets or outside.startswith(below)) and not _names(wide, inner)
    if inner.kind == "regex":
        return True
    return _covers(wide, inner) and wide.value != inner.value


def _names(path: Filter, inner: Filter) -> bool:
    """Whether a path is itself one of those that a filter for names is about."""
    return path.kind != "regex" and matches(inner, Access("file-read-data", path.value))


def _covers(outer: Filter, inner: Filter) -> bool:
    """Whether all that `inner` is for is in `outer`, as far as names tell."""
    if tree_of(outer):
        return _names(inner, outer)
    if "regex" in (outer.kind, inner.kind):
        return False
    if outer.kind == "literal":
        return outer == inner
    if outer.kind == "prefix":
        return inner.value.startswith(outer.value)
    return inner.value == outer.value or inner.value.startswith(outer.value.rstrip("/") + "/")
