"""From grants, as written, to the rules of a policy: real paths, in the order of the tiers.

The rules that come out mean the same under every account of how Seatbelt decides: each rule names,
beside an operation, those below it that any other rule names, so that "the last rule that matches"
and "the operation's own rules first" give one answer (seatbelt.md 1.1 to 1.3).
"""

from __future__ import annotations

from safehouse.files import ancestors
from safehouse.host import MACOS, refuse_unprintable
from safehouse.policy import copying
from safehouse.policy.operations import PARENT
from safehouse.policy.planting import Planting, expanded, quoted
from safehouse.policy.policy import OPEN, Link, Policy
from safehouse.policy.rule import (
    ALLOW,
    DENY,
    PATH_KINDS,
    Filter,
    Grant,
    Opaque,
    Origin,
    Rule,
    Tier,
)
from safehouse.policy.standing import tree_of, with_standing_refusals
from safehouse.policy.words import METADATA, RENAME
from safehouse.value import made, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from safehouse.host import Host
    from safehouse.policy.policy import Network
    from safehouse.policy.rule import AnyGrant, AnyRule

    Writable = Callable[[], Iterable[Filter]]

# The policy sees the real path: /var is a link.
_RESOLVER = "/private/var/run/mDNSResponder"
_UNLINK = ("file-write-unlink",)


def resolve(
    grants: Iterable[AnyGrant],
    host: Host,
    workdir: str,
    writable: Writable = tuple,
    network: Network = OPEN,
    environment: tuple[tuple[str, str], ...] = (),
    features: Collection[str] = (),
) -> Policy:
    """The policy that the grants amount to on this host.

    What the profiles called `features` refuse is for what they grant themselves, as all but secrets.
    `workdir` is "" for none. `writable` gives what any confined program may ever write (as filters
    with paths as written): a link that lies there is not followed, because the program could have
    made it. Raises UserError for a path that cannot be put into a policy.
    """
    ordered = with_standing_refusals(
        sorted(grants, key=_tier), lambda filter: _real(filter, host), features
    )
    if network != OPEN:
        ordered = [grant for grant in ordered if not _opens_network(grant)]
    written = [
        grant.filter
        for grant in ordered
        if isinstance(grant, Grant) and grant.action == ALLOW and "file-write*" in grant.operations
    ]

    def ever_written() -> Iterable[Filter]:
        yield from writable()
        yield from (filter for filter in written if filter is not None)

    found = _Rules(host, Planting(host, ever_written), _Naming(ordered))
    found.lead_home()
    for grant in ordered:
        found.add(grant)
    rules = _with_pins(found.rules)
    if host.folds_case:
        rules = _with_spellings(rules, host)
    if host.platform == MACOS:
        rules = [*rules, *copying.refusals(rules)]
    bare = [rule for rule in rules if isinstance(rule, Rule) and rule.filter is None]
    filtered = [rule for rule in rules if isinstance(rule, Opaque) or rule.filter is not None]
    if network != OPEN:
        filtered += _closed_network(host)
    defines = [("HOME", host.home)]
    if workdir:
        defines.insert(0, ("WORKDIR", workdir))
    return Policy(
        (*bare, *found.ways, *filtered),
        tuple(defines),
        tuple(found.links.values()),
        network,
        environment,
        workdir or "/",
        workdir or "/",
    )


def _opens_network(grant: AnyGrant) -> bool:
    """Whether a grant is for the network alone; sockets that a feature opens are files, too."""
    if isinstance(grant, Opaque):
        return False
    return grant.action == ALLOW and all(name.startswith("network") for name in grant.operations)


def _closed_network(host: Host) -> list[Rule]:
    """No address, whatever was said before: SBPL can open the network in many ways.

    Sockets in the file system stay as the rules say, but for that of macOS' resolver: a name that is
    looked up leaves the machine.
    """
    origin = Origin(Tier.PROTECTED, "network: none", "the network is closed")
    rules = [
        Rule(DENY, ("network-outbound",), Filter("remote", "ip"), origin),
        Rule(DENY, ("network-inbound", "network-bind"), Filter("local", "ip"), origin),
    ]
    if host.platform == "macos":
        rules.append(Rule(DENY, ("network-outbound",), Filter("literal", _RESOLVER), origin))
    return rules


def _real(filter: Filter, host: Host) -> Filter | None:
    """A filter of paths as the host has it; None where it has no such place."""
    path = expanded(filter.value, host, filter.kind == "regex")
    if filter.kind in ("literal", "subpath") and path:
        path = host.resolve(path).real
    return Filter(filter.kind, path) if path else None


def _tier(grant: AnyGrant) -> int:
    return grant.origin.tier


class _Rules:
    """The rules so far, with the links and the directories that lead to them."""

    def __init__(self, host: Host, planting: Planting, naming: _Naming) -> None:
        self.host = host
        self.planting = planting
        self.naming = naming
        self.rules: list[AnyRule] = []
        self.ways: list[Rule] = []
        self.links: dict[str, Link] = {}
        self._seen = {""}

    def add(self, grant: AnyGrant) -> None:
        """Appends the rules that a grant amounts to."""
        if isinstance(grant, Opaque):
            self.rules.append(grant)
            return
        if grant.filter is None or grant.filter.kind not in PATH_KINDS:
            self._append(grant, grant.filter)
            return
        kind = grant.filter.kind
        path = expanded(grant.filter.value, self.host, kind == "regex")
        if not path:
            return
        if kind == "regex":
            self._append(grant, Filter(kind, path))
        elif kind == "prefix":
            self._add_prefix(grant, path)
        else:
            self._add_path(grant, kind, path)

    def _add_path(self, grant: Grant, kind: str, path: str) -> None:
        real = path
        if not grant.follow:
            directory, _, name = path.rpartition("/")
            real = self.host.resolve(directory or "/").real.rstrip("/") + "/" + name
        elif grant.action == DENY:
            # Both ends: the name, in case that the link is replaced, and what it leads to now.
            found = self.host.resolve(path)
            if found.links and found.real != path:
                self._append(grant, Filter(kind, path))
                # What it leads to now is nothing that we have to make.
                grant = replace(grant, create="", existing_only=True)
            real = found.real
        else:
            real = self._followed(path)
        if grant.action == ALLOW:
            if kind == "literal" and copying.CLONE in grant.operations:
                grant = self._not_whole(grant, real)
            self._lead_to(real, grant.origin)
        self._append(grant, made(Filter, (kind, real, ())))

    def _not_whole(self, grant: Grant, path: str) -> Grant:
        """The grant of one name: of a directory that is its listing, and no clone with all in it."""
        if self.host.files.kind(path) != "directory":
            return grant
        operations = tuple(name for name in grant.operations if name != copying.CLONE)
        return replace(grant, operations=operations)

    def _add_prefix(self, grant: Grant, path: str) -> None:
        directory, _, start = path.rpartition("/")
        directory = self.host.resolve(directory or "/").real
        self._append(grant, Filter("prefix", directory.rstrip("/") + "/" + start))
        if grant.action != ALLOW:
            return
        self._lead_to(f"{directory}/{start}", grant.origin)
        for name in self.host.files.names(directory):
            if name.startswith(start) and self.host.files.readlink(f"{directory}/{name}"):
                real = self._followed(f"{directory}/{name}")
                if real != f"{directory}/{name}":
                    tree = self.host.files.kind(real) == "directory"
                    self._append(grant, Filter("subpath" if tree else "literal", real))
                    self._lead_to(real, grant.origin)

    def _followed(self, path: str) -> str:
        """Where a granted path leads, as far as its links can be trusted; they are remembered."""
        found = self.host.resolve(path)
        if not found.links:
            return found.real
        home = self.host.home
        too_much = home == found.real or home.startswith(found.real.rstrip("/") + "/")
        if too_much or self.planting.suspects(found):
            link = found.links[0][0]
            directory, _, name = link.rpartition("/")
            return f"{directory}/{name}"
        for link, target in found.links:
            self._show_link(link, target, "a link on the way to what is granted")
        return found.real

    def lead_home(self) -> None:
        """Shows the links by which HOME is reached: programs have paths with them."""
        for link, target in self.host.links:
            self._show_link(link, target, "a link on the way to your home")

    def _show_link(self, link: str, target: str, why: str) -> None:
        """Following a link takes to look at it first: seatbelt.md 2.2."""
        if link not in self.links:
            self.links[link] = Link(link, target)
            origin = Origin(Tier.BASE, "ancestors", why)
            self.ways.append(Rule(ALLOW, METADATA, Filter("literal", link), origin))
            self._lead_to(link, origin)

    def _lead_to(self, real: str, origin: Origin) -> None:
        """Lets the directories above a granted path, and the links to it, be looked at, not listed."""
        for directory in ancestors(real):
            if directory in self._seen:
                return
            self._seen.add(directory)
            by = f"on the way to {real}, granted by {origin.source.partition(',')[0]}"
            why = made(Origin, (Tier.BASE, "ancestors", by))
            way = made(Filter, ("literal", directory, ()))
            self.ways.append(made(Rule, (ALLOW, METADATA, way, why, "", False, "")))

    def _append(self, grant: Grant, filter: Filter | None) -> None:
        if filter is not None and not filter.value.isprintable():
            refuse_unprintable(filter.value, grant.origin.source)
        operations = grant.operations if filter is None else self.naming.widened(grant.operations)
        create, existing_only, message = grant.create, grant.existing_only, grant.message
        fields = (grant.action, operations, filter, grant.origin, create, existing_only, message)
        self.rules.append(made(Rule, fields))


def _with_pins(rules: list[AnyRule]) -> list[AnyRule]:
    """The rules, with each denial inside a writable tree held in its place.

    A denial goes by name. Whoever may rename a directory above it gets round it, on both systems
    (linux.md 1.2), so those from it up to the root of the writable tree must keep their names; the
    root, too, since Seatbelt lets it be moved into another writable tree.
    """
    trees = {
        rule.filter.value
        for rule in rules
        if isinstance(rule, Rule)
        and rule.action == ALLOW
        and rule.filter is not None
        and rule.filter.kind == "subpath"
        and "file-write*" in rule.operations
    }
    pinned: list[AnyRule] = []
    held: set[tuple[int, str]] = set()
    for rule in rules:
        pinned.append(rule)
        if isinstance(rule, Opaque):
            continue
        if rule.action == ALLOW:
            if not held or rule.filter is None or "file-write*" not in rule.operations:
                continue
            if rule.filter.kind == "subpath":  # it undoes those in it
                start = rule.filter.value.rstrip("/") + "/"
                held = {each for each in held if not (each[1] + "/").startswith(start)}
            continue
        path = _held_by_name(rule)
        if path:
            above = list(ancestors(path))
            roots = [n for n, directory in enumerate(above) if directory in trees]
            for directory in above[: roots[-1] + 1] if roots else ():
                if (rule.origin.tier, directory) in held:
                    continue
                held.add((rule.origin.tier, directory))
                why = f"so that {path} keeps its name: {rule.origin.reason}"
                origin = replace(rule.origin, reason=why)
                # The root itself may have to be made first.
                operations = _UNLINK if directory == above[roots[-1]] else RENAME
                pin = Rule(DENY, operations, Filter("literal", directory), origin)
                pinned.append(replace(pin, existing_only=rule.existing_only))
    return pinned


def _held_by_name(rule: Rule) -> str:
    """The path that a denial goes by; for names anywhere in a directory, what is at its top."""
    if rule.filter is None:
        return ""
    tree = tree_of(rule.filter)
    if tree:
        return f"{tree.rstrip('/')}/..."
    return rule.filter.value if rule.filter.value[:1] == "/" else ""


def _with_spellings(rules: list[AnyRule], host: Host) -> list[AnyRule]:
    """The rules for a volume that finds a file under other spellings of its name.

    What is PROTECTED and not there yet is denied in every spelling. The root of a tree that
    programs write is held in its place, or kept from becoming a link: the next launch follows it.
    """
    result: list[AnyRule] = []
    for rule in rules:
        result.append(rule)
        filter = None if isinstance(rule, Opaque) else rule.filter
        if isinstance(rule, Opaque) or filter is None or filter.kind not in ("literal", "subpath"):
            continue
        missing = host.foreign or host.files.kind(filter.value) == "missing"
        if rule.action == DENY and rule.origin.tier == Tier.PROTECTED and missing:
            if rule.operations not in (RENAME, _UNLINK):
                result.append(replace(rule, filter=Filter("regex", _any_case(filter))))
        elif rule.action == ALLOW and "file-write*" in rule.operations and filter.kind == "subpath":
            if rule.origin.tier != Tier.PROFILE or not filter.value.startswith(host.home + "/"):
                continue
            why = replace(
                rule.origin, reason="its root stays: the next launch follows a link there"
            )
            if host.files.kind(filter.value) == "missing":
                link = Filter("vnode-type", "SYMLINK")
                both = Filter("require-all", "", (Filter("literal", filter.value), link))
                result.append(Rule(DENY, ("file-write-create",), both, why))
            else:
                held = _UNLINK if host.foreign else RENAME
                result.append(Rule(DENY, held, Filter("literal", filter.value), why))
    return result


def _any_case(filter: Filter) -> str:
    """A regex for a path whose last name may be spelt in either case."""
    directory, _, name = filter.value.rpartition("/")
    letters = (
        f"[{c.lower()}{c.upper()}]" if c.isalpha() and c.isascii() else quoted(c) for c in name
    )
    return f"^{quoted(directory)}/{''.join(letters)}" + (
        "(/.*)?$" if filter.kind == "subpath" else "$"
    )


class _Naming:
    """For each operation, those below it that any rule names; a form not understood may name all."""

    def __init__(self, grants: list[AnyGrant]) -> None:
        named = {*METADATA, *RENAME}
        if any(isinstance(grant, Opaque) for grant in grants):
            named.update(PARENT)
        for operations in {
            g.operations for g in grants if isinstance(g, Grant) and g.filter is not None
        }:
            named.update(operations)
        self._below: dict[str, list[str]] = {}
        for operation in sorted(named):
            parent = PARENT.get(operation, "")
            while parent:
                self._below.setdefault(parent, []).append(operation)
                parent = PARENT.get(parent, "")
        self._widened: dict[tuple[str, ...], tuple[str, ...]] = {}

    def widened(self, operations: tuple[str, ...]) -> tuple[str, ...]:
        """The operations with all those named ones below them."""
        known = self._widened.get(operations)
        if known is None:
            every = dict.fromkeys(operations)
            for operation in operations:
                every.update(dict.fromkeys(self._below.get(operation, ())))
            known = self._widened[operations] = tuple(every)
        return known
