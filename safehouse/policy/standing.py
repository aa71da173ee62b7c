"""Refusals inside of what is granted: a wide grant does not undo them, one that names them does."""

from __future__ import annotations

from safehouse.policy.match import fixed_start, matches
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, DENY, PATH_KINDS, Opaque, Tier
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from safehouse.policy.rule import AnyGrant, Filter, Grant

# Among profiles their order decides, and appended rules mean what SBPL says they do.
_FIRST, _LAST = Tier.REPOSITORY, Tier.COMMAND_LINE
_TREES = ("subpath", "prefix")


def with_standing_refusals(
    grants: list[AnyGrant],
    real: Callable[[Filter], Filter | None] = lambda filter: filter,
    features: Collection[str] = (),
) -> list[AnyGrant]:
    """Grants in the order of their tiers, with each refusal repeated behind a grant around it.

    Whoever opens `~/src` does not think of `~/src/app/.env`, which a project or the person has
    closed before, nor who opens `~/.docker` of the engine's socket in it, which a profile closes. Who
    means it names it: a grant of the refused path, or of something in it, stands. So adding a refusal
    never allows anything. `real` gives a profile's filter as the host has it, None where it has none.
    What the profiles called `features` refuse is for what these grant.
    """
    result: list[AnyGrant] = []
    # Refusals, and what was opened in them afterwards.
    standing: list[tuple[Grant, Filter]] = _of_profiles(grants, real, features)
    for grant in grants:
        result.append(grant)
        if grant.origin.tier < _FIRST:
            opened = _opened(grant) if standing and grant.origin.tier == Tier.WORKDIR else None
            if opened is not None:
                result += [other for other, its in standing if _is_around(opened, its)]
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
        if filter.kind in _TREES:
            repeated = [each for each in standing if _is_around(filter, each[1])]
            result += [other for other, _ in repeated]
        # In the order that they have now: what is repeated comes behind what was granted around it.
        standing = [each for each in standing if each not in repeated]
        standing += [*([(grant, filter)] if opens_some else []), *repeated]
    return result


def _opened(grant: AnyGrant) -> Filter | None:
    """The tree that a grant opens; None for all else."""
    if isinstance(grant, Opaque) or grant.action == DENY or grant.filter is None:
        return None
    return grant.filter if grant.filter.kind in _TREES else None


def _of_profiles(
    grants: list[AnyGrant],
    real: Callable[[Filter], Filter | None],
    features: Collection[str],
) -> list[tuple[Grant, Filter]]:
    """What profiles refuse inside of what others open, and what they open in that afterwards."""
    opened = [_opened(grant) for grant in grants if Tier.WORKDIR <= grant.origin.tier <= _LAST]
    wide = [tree for tree in opened if tree is not None]
    found: list[tuple[Grant, Filter]] = []
    for grant in grants if wide else ():
        if grant.origin.tier >= Tier.WORKDIR:
            break
        if isinstance(grant, Opaque) or grant.filter is None or grant.filter.kind not in PATH_KINDS:
            continue
        if grant.action == ALLOW and not found:
            continue
        if grant.action == DENY and grant.origin.source.partition(",")[0] in features:
            continue
        its = real(grant.filter)
        if its is None:
            continue
        if grant.action == DENY:
            if any(_may_hold(tree, its) for tree in wide):
                found.append((grant, its))
            continue
        found = [each for pair in found for each in _undone(pair, grant, its)]
        if any(
            other.action == DENY and (_covers(f, its) or f.value == its.value) for other, f in found
        ):
            found.append((grant, its))
    return found


def _undone(pair: tuple[Grant, Filter], grant: Grant, its: Filter) -> list[tuple[Grant, Filter]]:
    """What is left of a profile's refusal behind a profile's grant of something around it."""
    refusal, filter = pair
    if refusal.action != DENY or filter == its or not _covers(its, filter):
        return [pair]
    left = tuple(name for name in refusal.operations if name not in grant.operations)
    return [(replace(refusal, operations=left), filter)] if left else []


def _may_hold(tree: Filter, inner: Filter) -> bool:
    """Whether a profile's refusal may be about something in a tree that is opened."""
    if inner.kind != "regex":
        return _is_around(tree, inner)
    start, outside = fixed_start(inner.value), tree.value.rstrip("/") + "/"
    return start.startswith(outside) or outside.startswith(start)


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
