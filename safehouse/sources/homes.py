"""Variables that move a directory: the rules of a profile follow them, if that opens nothing else."""

from __future__ import annotations

from safehouse.errors import printable
from safehouse.policy.planting import expanded, quoted
from safehouse.policy.rule import DENY, PATH_KINDS, Filter
from safehouse.sources.settings import contains
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safehouse.host import Host
    from safehouse.policy.rule import Grant
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.profile import Profile

# https://specifications.freedesktop.org/basedir-spec/: whoever does not know them stays where it is,
# so what lies below is granted in both places.
SHARED = (
    ("XDG_CONFIG_HOME", "~/.config"),
    ("XDG_CACHE_HOME", "~/.cache"),
    ("XDG_DATA_HOME", "~/.local/share"),
    ("XDG_STATE_HOME", "~/.local/state"),
)


def followed(
    profiles: tuple[Profile, ...],
    catalogue: Catalogue,
    host: Host,
    assignments: tuple[tuple[str, str], ...] = (),
) -> tuple[tuple[Profile, ...], tuple[str, ...]]:
    """The profiles with their rules where variables say, and what to tell of those not followed.

    `assignments` are variables set for this launch, which win over the caller's.
    """
    values = {**host.environ, **dict(assignments)}
    moves = _moves(profiles, values, host)
    if not moves:
        return profiles, ()
    forbidden = _Named(catalogue, host)
    notices: dict[str, None] = {}
    result = []
    for profile in profiles:
        grants = profile.grants
        for owner, name, usual, value in moves:
            if owner not in ("", profile.name) and not _refuses(grants):
                continue
            grants, told = _moved(grants, owner, profile.name, (name, usual, value), forbidden)
            notices.update(dict.fromkeys(told))
        result.append(replace(profile, grants=grants) if grants is not profile.grants else profile)
    return tuple(result), tuple(notices)


def _moves(
    profiles: Iterable[Profile], values: Mapping[str, str], host: Host
) -> list[tuple[str, str, str, str]]:
    """Whose profile ("": all), variable, directory without it (`~/.x`), directory now."""
    declared = [("", *pair) for pair in SHARED]
    declared += [(profile.name, *pair) for profile in profiles for pair in profile.homes]
    found = []
    for owner, name, usual in declared:
        given = values.get(name, "")
        value = given.rstrip("/") or given[:1]
        if value[:1] == "/" and value.isprintable() and value != expanded(usual, host):
            found.append((owner, name, usual, value))
    return found


def _refuses(grants: tuple[Grant, ...]) -> bool:
    return any(grant.action == DENY for grant in grants)


def _moved(
    grants: tuple[Grant, ...],
    owner: str,
    profile: str,
    move: tuple[str, str, str],
    forbidden: _Named,
) -> tuple[tuple[Grant, ...], list[str]]:
    """The grants with those below the usual directory moved; refusals hold in both places."""
    name, usual, value = move
    result: list[Grant] = []
    notices: list[str] = []
    for grant in grants:
        filter = _moved_filter(grant.filter, usual, value)
        if filter is None:
            result.append(grant)
            continue
        if grant.action == DENY:
            result += [grant, replace(grant, filter=filter)]
            continue
        if owner not in ("", profile):
            result.append(grant)
            continue
        in_the_way = forbidden.overlap(filter, grant, profile)
        if in_the_way:
            where = printable(value)
            notices.append(f"{name}: {where} is not followed: it would open {in_the_way}")
            result.append(grant)
            continue
        reason = f"{grant.origin.reason} (where {name} says)"
        there = replace(grant, filter=filter, origin=replace(grant.origin, reason=reason))
        result += [there] if owner else [grant, there]
    return (tuple(result) if len(result) != len(grants) or owner else grants), notices


def _moved_filter(filter: Filter | None, usual: str, value: str) -> Filter | None:
    """The filter for what has moved; None if it is not below the directory that was."""
    if filter is None or filter.kind not in PATH_KINDS:
        return None
    if filter.kind == "regex":
        start, value = "^" + usual.replace(".", "[.]"), "^" + quoted(value)
    else:
        start = usual
    rest = filter.value[len(start) :]
    if not filter.value.startswith(start):
        return None
    if rest and rest[0] != "/" and filter.kind != "prefix":
        return None
    if not rest and filter.kind == "regex":
        return None
    return Filter(filter.kind, value.rstrip("/") + rest if rest else value)


class _Named:
    """What the catalogue names: programs, sign-ins and secrets, which no variable may open."""

    def __init__(self, catalogue: Catalogue, host: Host) -> None:
        self.host = host
        self.named: list[tuple[str, bool, bool, str]] = []  # profile, secret, tree, path
        for profile, grant in catalogue.grants():
            filter = grant.filter
            if filter is None or filter.kind not in ("literal", "subpath", "prefix"):
                continue
            path = expanded(filter.value, host)
            if path and not contains(path, host.home):
                secret = grant.action == DENY and "file-read*" in grant.operations
                self.named.append((profile, secret, filter.kind == "subpath", path))

    def overlap(self, filter: Filter, grant: Grant, profile: str) -> str:
        """What else a moved grant of a profile would open, in words; "" for nothing."""
        if filter.kind == "regex":
            return ""
        path = self.host.resolve(filter.value).real
        tree = filter.kind == "subpath"
        if tree and contains(path, self.host.home):
            return "your whole home"
        writes = "file-write*" in grant.operations
        own = {its_path for other, _, _, its_path in self.named if other == profile}
        for other, secret, its_tree, its_path in self.named:
            shared = other == profile or its_path in own
            if (secret or (writes and not shared)) and (
                path == its_path
                or (tree and contains(path, its_path))
                or (its_tree and contains(its_path, path))
            ):
                return printable(its_path)
        return ""
