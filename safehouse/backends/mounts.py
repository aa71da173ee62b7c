"""From a policy to mounts: what is not mounted does not exist.

Each path that a rule names is asked for what its last matching rule says, as a tree: read-write,
read-only or nothing. It becomes a mount where that differs from what lies above it.
"""

from __future__ import annotations

from safehouse.backends.mount import NOTHING, PRIVATE, READ_ONLY, READ_WRITE, Mount, Mounts
from safehouse.errors import UserError, pasted, printable
from safehouse.files import ancestors
from safehouse.launch import Creation, Shortfall
from safehouse.policy.match import fixed_start, text_matches
from safehouse.policy.rule import ALLOW, DENY, PATH_KINDS, Opaque, Rule, Tier
from safehouse.value import made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host
    from safehouse.policy.policy import Policy

    Line = tuple[int, bool]  # a rule's number, and whether it allows

READS = frozenset(("file-read-data", "file-read*", "file*", "default"))
WRITES = frozenset(("file-write-data", "file-write*", "file*", "default"))
CONTENT = READS | WRITES
_CONNECTS = frozenset(("network-outbound", "network*", "default"))
_KERNEL = ("/proc/", "/dev/")
NOT_YET = "does not exist yet; what is created there later is not denied"
AT_THE_START = "holds for what exists at the start only"
_ITS_OWN = "does not exist; what is made there is gone afterwards"
_NOT_THERE = "does not exist, and cannot be created from inside"
_MOST_EXPANDED = 10_000
_MOST_DEPTH = 12


def plan(policy: Policy, host: Host) -> Mounts:
    """The mounts that enforce the policy on this host as it is now.

    Raises UserError where a directory in what is writable cannot be looked at.
    """
    return _Planner(policy, host).planned()


class _Index:
    """The rules for an operation, so that the last one for a path is found without asking all."""

    def __init__(self, rules: list[Rule], operations: frozenset[str]) -> None:
        self._exact: dict[str, Line] = {}
        self._trees: dict[str, Line] = {}
        self._patterns: list[tuple[Line, str, str]] = []
        self._above: set[str] = set()  # the directories above what is allowed by name
        for number, rule in enumerate(rules):
            filter = rule.filter
            if filter is None or operations.isdisjoint(rule.operations):
                continue
            line = number, rule.action == ALLOW
            if filter.kind == "literal":
                self._exact[filter.value] = line
            elif filter.kind == "subpath":
                self._trees[filter.value] = line
            else:
                self._patterns.append((line, filter.kind, filter.value))

    def allows(self, path: str) -> bool:
        """What the last rule that is for `path` says; none: no."""
        last = self._exact.get(path, (-1, False))
        for tree in (path, *ancestors(path)):
            last = max(last, self._trees.get(tree, last))
        for line, kind, value in self._patterns:
            if line > last and text_matches(kind, value, path):
                last = line
        return last[1]

    def allows_below(self, directory: str) -> bool:
        """Whether anything that is named below a directory is allowed."""
        if not self._above:
            for path, line in (*self._exact.items(), *self._trees.items()):
                for above in ancestors(path) if line[1] else ():
                    if above in self._above:
                        break
                    self._above.add(above)
        if directory in self._above:
            return True
        below = directory.rstrip("/") + "/"
        starts = (
            fixed_start(v) if kind == "regex" else v for line, kind, v in self._patterns if line[1]
        )
        return any(start.startswith(below) or below.startswith(start) for start in starts)

    def allows_from(self, start: str) -> bool:
        """Whether anything is allowed that is named and begins so."""
        named = (*self._exact, *self._trees)
        if any(path.startswith(start) and self.allows(path) for path in named):
            return True
        starts = (
            fixed_start(v) if kind == "regex" else v for line, kind, v in self._patterns if line[1]
        )
        return any(other.startswith(start) for other in starts)


class _Planner:
    def __init__(self, policy: Policy, host: Host) -> None:
        self.policy = policy
        self.host = host
        self.rules = [
            rule
            for rule in policy.rules
            if not isinstance(rule, Opaque) and rule.filter and rule.filter.kind in PATH_KINDS
        ]
        self.reads = _Index(self.rules, READS)
        self.writes = _Index(self.rules, WRITES)
        self.connects: _Index | None = None
        self._nearest: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self.modes: dict[str, str] = {}
        self.mounts: list[Mount] = []
        self.creations: list[Creation] = []
        self.made: set[str] = set()  # directories that are made, on the way to others as well
        self.wider: list[Shortfall] = []
        self.narrower: list[Shortfall] = []
        self.later: list[Shortfall] = []

    def mode(self, path: str) -> str:
        """What the policy says of the tree at `path`."""
        mode = self.known.get(path)
        if mode is None:
            writable = READ_WRITE if self.writes.allows(path) else READ_ONLY
            mode = self.known[path] = writable if self.reads.allows(path) else NOTHING
        return mode

    def planned(self) -> Mounts:
        points, pins = self._points()
        home_mode = self.mode(self.host.home)
        if home_mode == NOTHING:
            self.modes[self.host.home] = NOTHING
        for path in sorted(points, key=lambda path: (path.count("/") if path != "/" else 0, path)):
            self._mount(path, points[path], path in pins)
        self._refuse_closed()
        if any(Tier.WORKDIR < rule.origin.tier < Tier.PROTECTED for rule in self.policy.rules):
            self._add_unmountable()
        return Mounts(
            tuple(self.mounts),
            tuple(self._links()),
            home_mode == NOTHING,
            tuple(self.creations),
            tuple(self.wider),
            tuple(self.narrower),
            tuple(self.later),
        )

    def _refuse_closed(self) -> None:
        """Raises UserError where a program could open a directory that we could not look into.

        It seemed empty, so nothing that is denied in it has a mount.
        """
        for path in sorted(self.host.files.closed):
            if self.modes.get(path, self._mode_above(path)) == READ_WRITE:
                raise UserError(
                    f"{printable(path)} cannot be looked into, so what is denied there would not be",
                    f"chmod u+rx {pasted(path, tilde=False)}",
                )

    def _mode_above(self, path: str) -> str:
        """What is mounted where `path` lies."""
        return next((self.modes[a] for a in ancestors(path) if a in self.modes), NOTHING)

    def _add_unmountable(self) -> None:
        """Adds what people's own rules say beyond what can be mounted."""
        from safehouse.backends.unmountable import Unmountable

        found = Unmountable(self.policy, self.host, self.mode, self._any_visible, self.mounts)
        found.look(self.wider + self.later)
        self.wider += found.wider
        self.narrower += found.narrower
        self.later += found.later

    def _points(self) -> tuple[dict[str, Rule], set[str]]:
        """The existing paths that rules name, each with the last such rule; those held in place."""
        points: dict[str, Rule] = {}
        pins: set[str] = set()
        for rule in self.rules:
            filter = rule.filter
            assert filter is not None
            if filter.value.startswith(_KERNEL):
                continue
            closes = rule.action == DENY and "network-outbound" in rule.operations
            if CONTENT.isdisjoint(rule.operations):
                if closes and rule.origin.tier > Tier.WORKDIR:
                    self._close_socket(filter.value, rule, points)
                names = "file-write-unlink" in rule.operations and rule.action == DENY
                there = self.host.files.kind(filter.value) == "directory"
                if names and (there or filter.value in self.made):
                    pins.add(filter.value)
                    points.setdefault(filter.value, rule)
                continue
            for path in self._existing(rule):
                points[path] = rule
                if closes:
                    self._close_socket(path, rule, points)
        return points, pins

    def _close_socket(self, path: str, rule: Rule, points: dict[str, Rule]) -> None:
        """What can be seen can be connected to, whatever the rules on files say of it."""
        if self.host.files.kind(path) != "other":
            return
        if self.connects is None:
            self.connects = _Index(self.rules, _CONNECTS)
        if not self.connects.allows(path):
            self.known[path] = NOTHING
            points[path] = rule

    def _existing(self, rule: Rule) -> Iterator[str]:
        """The paths that a rule names and that are there, or are made for it."""
        assert rule.filter is not None
        kind, value = rule.filter.kind, rule.filter.value
        if kind == "regex":
            yield from self._expanded_regex(rule, value)
            return
        if kind == "prefix":
            directory, _, start = value.rpartition("/")
            for name in self.host.files.names(directory or "/"):
                if name.startswith(start) and not self._is_link(rule, f"{directory}/{name}"):
                    yield f"{directory}/{name}"
            self._later_names(rule, directory or "/")
            return
        found = self.host.files.kind(value)
        if found == "missing":
            if self._make(rule):
                yield value
        elif self._is_link(rule, value):
            return
        elif kind == "subpath" or found != "directory" or rule.action == DENY:
            if rule.action == DENY and rule.create and self.host.files.is_stub(value, rule.create):
                self.creations.append(_creation(value, rule.create, stub=True))
            yield value

    def _is_link(self, rule: Rule, path: str) -> bool:
        """Whether a link lies at a path, on which nothing can be mounted: it is made again, or told.

        What it leads to has a rule of its own.
        """
        if self.host.files.kind(path) != "link":
            return False
        directory = path.rpartition("/")[0] or "/"
        if rule.action == DENY and self.mode(directory) == READ_WRITE:
            instead = f"{path} is a symbolic link, which could be replaced; name what it leads to"
            strict = rule.origin.tier > Tier.PROFILE
            (self.wider if strict else self.later).append(Shortfall(rule, instead))
        return True

    def _make(self, rule: Rule) -> bool:
        """Provides for a path that is missing; whether it will be there to mount."""
        assert rule.filter is not None
        writes = "file-write*" in rule.operations
        if rule.action == ALLOW and not writes:
            return False
        path = rule.filter.value
        parent = path.rpartition("/")[0] or "/"
        above = self._nearest.get(parent, "")
        if not above:
            above = self._nearest[parent] = self._there(parent)
        if rule.action == DENY and rule.create:
            above = next(
                (each for each in (parent, *ancestors(parent)) if each in self.made), above
            )
        visible = self.mode(above)
        if rule.action == DENY:
            if any(made.path == path for made in self.creations):
                return True
            if not self._can_be_made_in(above):
                return False  # nor could the program make it, which is the same user in there
            if visible == READ_WRITE and rule.create:
                self._create(path, rule.create, stub=True)
                return True
            brought = Tier.WORKDIR < rule.origin.tier < Tier.PROTECTED
            if visible != NOTHING and (brought or not rule.existing_only):
                strict = rule.origin.tier > Tier.PROFILE and not rule.existing_only
                (self.wider if strict and visible == READ_WRITE else self.later).append(
                    Shortfall(rule, NOT_YET)
                )
            return False
        if visible == READ_WRITE and (not rule.create or self.mode(path) == READ_WRITE):
            return False  # only what a later rule closes has to be there first
        create = rule.create
        if visible == READ_ONLY and rule.filter.kind == "subpath" and self._is_ours(above):
            # Nothing could make it from inside: pnpm's store beside pnpm, say.
            create = "directory" if rule.origin.tier <= Tier.PROFILE else create
        there = create != "subdirectory" or above == parent
        if create and there and not self.host.files.frozen(above):
            self._create(path, create, stub=False)
            return True
        in_home = visible == NOTHING and path.startswith(self.host.home + "/")
        self.narrower.append(made(Shortfall, (rule, _ITS_OWN if in_home else _NOT_THERE)))
        return False

    def _create(self, path: str, create: str, stub: bool) -> None:
        creation = _creation(path, create, stub)
        self.creations.append(creation)
        for each in (path, *ancestors(path)) if creation.content is None else ancestors(path):
            if each in self.made or self.host.files.kind(each) != "missing":
                break
            self.made.add(each)

    def _can_be_made_in(self, directory: str) -> bool:
        """Whether the person could make something in a directory, be it that they allow it first."""
        return self.host.files.changeable(directory) and not self.host.files.frozen(directory)

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self.host.home + "/") and self.host.files.changeable(path)

    def _later_names(self, rule: Rule, directory: str) -> None:
        """What a prefix or regex means for names that do not exist yet."""
        visible = self.mode(directory)
        if rule.action == DENY and Tier.WORKDIR < rule.origin.tier < Tier.PROTECTED:
            assert rule.filter is not None
            kind, value = rule.filter.kind, rule.filter.value
            start = fixed_start(value) if kind == "regex" else value
            if self.writes.allows(directory) or self.writes.allows_from(start):
                strict = not rule.existing_only
                (self.wider if strict else self.later).append(Shortfall(rule, AT_THE_START))
            elif self._any_visible(directory):
                self.later.append(Shortfall(rule, AT_THE_START))
        elif rule.action == DENY and visible != NOTHING and self._lasts(directory):
            self.later.append(Shortfall(rule, AT_THE_START))
        elif rule.action == ALLOW and "file-write*" in rule.operations and visible == NOTHING:
            if directory == self.host.home:
                instead = "new names, like all other writes to the home itself, are gone afterwards"
                self.narrower.append(Shortfall(rule, instead))
            else:
                self.narrower.append(Shortfall(rule, "new names cannot be created from inside"))

    def _lasts(self, directory: str) -> bool:
        """Whether what is made in a directory, or in one that is missing, is there afterwards."""
        return self.mode(self._there(directory)) != NOTHING

    def _there(self, path: str) -> str:
        """The path itself, or the nearest directory above it that is there."""
        while path != "/" and self.host.files.kind(path) == "missing":
            path = path.rpartition("/")[0] or "/"
        return path

    def _expanded_regex(self, rule: Rule, pattern: str) -> Iterator[str]:
        """What a regex names now, where any of it could be visible at all."""
        base = fixed_directory(pattern)
        if rule.action == DENY and not self._any_visible(base):
            return
        self._later_names(rule, base)
        for count, path in enumerate(self._walk(base, 0)):
            if count > _MOST_EXPANDED:
                self.wider.append(Shortfall(rule, f"{base} has too many files to look through"))
                return
            # A directory as a mount would bring all that is in it, which the pattern does not name.
            fits = text_matches("regex", pattern, path)
            fits = fits and not self._is_link(rule, path)
            if fits and (rule.action == DENY or self.host.files.kind(path) != "directory"):
                yield path

    def _walk(self, directory: str, depth: int) -> Iterator[str]:
        for name in self.host.files.names(directory):
            path = f"{directory.rstrip('/')}/{name}"
            yield path
            if depth < _MOST_DEPTH and self.host.files.kind(path) == "directory":
                yield from self._walk(path, depth + 1)

    def _any_visible(self, base: str) -> bool:
        return self.mode(base) != NOTHING or self.reads.allows_below(base)

    def _mount(self, path: str, rule: Rule, pinned: bool) -> None:
        if path in PRIVATE or path.startswith(_KERNEL):
            return
        mode = self.mode(path)
        if mode == READ_WRITE and self.host.files.frozen(path):
            mode = READ_ONLY  # whoever mounts it otherwise meanwhile opens nothing that is not held
        above = self._mode_above(path)
        if mode == above and not (pinned and mode == READ_WRITE):
            return
        shut = rule.origin.tier <= Tier.PROFILE and not self.host.files.readable(path)
        if mode == NOTHING and above == READ_ONLY and shut:
            return  # its permissions close it already, and cannot be changed from inside
        directory = self.host.files.kind(path) == "directory" or path in self.made
        self.modes[path] = mode
        self.mounts.append(Mount(path, mode, directory))
        if mode == READ_WRITE and not directory:
            instead = "can be written, but not replaced by renaming another file over it"
            self.narrower.append(Shortfall(rule, instead))

    def _links(self) -> Iterator[tuple[str, str]]:
        """The links on the way to what is granted that no mount shows already."""
        for link in self.policy.links:
            above = self._mode_above(link.path)
            if above == NOTHING and link.path not in self.modes:
                yield link.path, link.target


def _creation(path: str, create: str, stub: bool) -> Creation:
    if create in ("directory", "subdirectory"):
        return Creation(path, None, stub)
    return Creation(path, create.partition(":")[2].encode(), stub)


def fixed_directory(pattern: str) -> str:
    """The directory that every match of a pattern lies in or below."""
    return fixed_start(pattern).rpartition("/")[0] or "/"
