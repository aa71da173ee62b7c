"""Refusals inside of what is granted: a wide grant does not undo them, one that names them does."""

from __future__ import annotations

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
        filter = None if isinstance(grant, Opaque) else grant.filter
        if isinstance(grant, Opaque) or filter is None or filter.kind not in PATH_KINDS:
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
        if filter.kind in ("subpath", "prefix"):
            result += [other for other, its in standing if _is_around(filter, its)]
        if any(other.action == DENY and _covers(its, filter) for other, its in standing):
            standing.append((grant, filter))
    return result


def _is_around(wide: Filter, inner: Filter) -> bool:
    """Whether a grant of `wide` would open what `inner` is about without naming it."""
    if inner.kind == "regex":
        return True
    return _covers(wide, inner) and wide.value != inner.value


def _covers(outer: Filter, inner: Filter) -> bool:
    """Whether all that `inner` is for is in `outer`, as far as names tell."""
    if "regex" in (outer.kind, inner.kind):
        return False
    if outer.kind == "literal":
        return outer == inner
    if outer.kind == "prefix":
        return inner.value.startswith(outer.value)
    return inner.value == outer.value or inner.value.startswith(outer.value.rstrip("/") + "/")
