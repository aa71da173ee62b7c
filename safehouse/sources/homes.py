"""Variables that move a directory: the rules of a profile follow them, if that opens nothing else."""

from __future__ import annotations

from safehouse.errors import printable
from safehouse.host import LINUX
from safehouse.policy.match import fixed_start
from safehouse.policy.planting import expanded, quoted
from safehouse.policy.rule import DENY, PATH_KINDS, Filter
from safehouse.sources.settings import contains
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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
# No program keeps its state there; on Linux these are the sandbox's own, but for a mount in them.
_OF_THE_SYSTEM = ("/run", "/var/run", "/dev", "/proc", "/sys")
# Programs of others have sockets there, which a mount would let through.
_TEMPORARY = ("/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp", "/dev/shm")
# What lies there is started by the system, outside.
_STARTED = (
    "~/.config/autostart", "~/.config/systemd", "~/.local/share/systemd", "~/.config/environment.d",
    "~/.local/share/dbus-1", "~/.local/share/applications", "~/Library/LaunchAgents",
)  # fmt: skip


def followed(
    profiles: tuple[Profile, ...],
    catalogue: Catalogue,
    host: Host,
    assignments: tuple[tuple[str, str], ...] = (),
    workdir: str = "",
) -> tuple[tuple[Profile, ...], tuple[str, ...]]:
    """The profiles with their rules where variables say, and what to tell of those not followed.

    `assignments` are variables set for this launch, which win over the caller's.
    """
    moves = _moves(profiles, catalogue, dict(assignments), host)
    if not moves:
        return profiles, ()
    forbidden = _Named(catalogue, host, workdir)
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
    profiles: tuple[Profile, ...],
    catalogue: Catalogue,
    assigned: Mapping[str, str],
    host: Host,
) -> list[tuple[str, str, str, str]]:
    """Whose profile ("": all), variable, directory without it (`~/.x`), directory now.

    Those of profiles that are not in force are there for the refusals: a secret is one wherever its
    owner keeps it.
    """
    declared = [("", *pair) for pair in SHARED]
    declared += [(profile.name, *pair) for profile in profiles for pair in profile.homes]
    others = set(catalogue.homes()) - {pair for profile in profiles for pair in profile.homes}
    declared += [(_NOBODY, *pair) for pair in sorted(others) if pair[1] != "~"]
    found = []
    for owner, name, usual in declared:
        given = assigned[name] if name in assigned else host.environ.get(name, "")
        value = given.rstrip("/") or given[:1]
        if value[:1] == "/" and value.isprintable() and value != expanded(usual, host):
            found.append((owner, name, usual, value))
    return found


_NOBODY = "-"  # no profile is called so


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
    closed = [
        filter.value
        for filter in (_moved_filter(g.filter, usual, value) for g in grants if g.action == DENY)
        if filter is not None
    ]
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
        in_the_way = usual != "~" and forbidden.holds(value)
        in_the_way = in_the_way or forbidden.overlap(filter, grant, profile, closed)
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
    """What the catalogue names, the system has and the person works on: no variable may open it."""

    def __init__(self, catalogue: Catalogue, host: Host, workdir: str) -> None:
        self.host = host
        self.workdir = workdir
        # profile, secret, tree, whether it may be written, path
        self.named: list[tuple[str, bool, bool, bool, str]] = []
        for profile, grant in catalogue.grants():
            filter = grant.filter
            if filter is None or filter.kind not in PATH_KINDS:
                continue
            secret = grant.action == DENY and "file-read*" in grant.operations
            tree = filter.kind == "subpath"
            path = expanded(filter.value, host, filter.kind == "regex")
            if filter.kind == "regex":
                # Of a pattern its directory counts: what is in there beside it is the same program's.
                path = fixed_start(path).rpartition("/")[0] if secret else ""
                tree = True
            if path and not contains(path, host.home):
                writes = "file-write*" in grant.operations or grant.action == DENY
                self.named.append((profile, secret, tree, writes, path))

    def holds(self, value: str) -> str:
        """What a directory holds that is more than a program's state; "" for nothing."""
        path = self._folded(self.host.resolve(value).real)
        if contains(path, self._folded(self.host.home)):
            return "your whole home"
        project = self._folded(self.workdir)
        if project and path != project and contains(path, project):
            return "the directory that your project lies in"
        return ""

    def overlap(self, filter: Filter, grant: Grant, profile: str, closed: list[str]) -> str:
        """What else a moved grant of a profile would open, in words; "" for nothing.

        `closed` is what the same profile refuses there.
        """
        tree, text = filter.kind == "subpath", filter.value
        if filter.kind == "regex":
            tree, text = True, fixed_start(text).rpartition("/")[0]
        real = self.host.resolve(text).real
        path = self._folded(real)
        writes = "file-write*" in grant.operations
        if tree and contains(path, self._folded(self.host.home)):
            return "your whole home"
        own: dict[str, bool] = {}
        for other, _, _, its_writes, its_path in self.named:
            if other == profile:
                own[its_path] = own.get(its_path, False) or its_writes
        # What it may write in its own programs, as pnpm's store in pnpm's directory.
        written = [self._folded(each) for each, its in own.items() if its]
        inside = [each for each in written if contains(each, path)]
        for other, secret, its_tree, its_writes, its_path in self.named:
            place = self._folded(its_path)
            shared = other == profile or its_path in own
            if shared and not its_writes:  # the programs and settings of the same profile
                shared = own.get(its_path, False) or any(contains(place, each) for each in inside)
            if (secret or (writes and not shared)) and _meet(path, tree, place, its_tree):
                return printable(its_path)
        return self._of_the_system(path, tree, writes) or (
            self._of_the_person(real, tree, closed) if writes else ""
        )

    def _of_the_system(self, path: str, tree: bool, writes: bool) -> str:
        places: tuple[str, ...] = _OF_THE_SYSTEM
        if writes:
            places += tuple(expanded(each, self.host) for each in _STARTED)
        for place in places:
            if _meet(path, tree, self._folded(place), True):
                return place
        for place in _TEMPORARY if self.host.platform == LINUX else ():
            if contains(path, place):
                return place
            if contains(place, path) and self._has_sockets(path):
                return f"sockets of other programs in {printable(path)}"
        return ""

    def _has_sockets(self, path: str) -> bool:
        files = self.host.files
        there = files.kind(path) == "directory"
        return there and any(files.kind(f"{path}/{name}") == "other" for name in files.names(path))

    def _of_the_person(self, real: str, tree: bool, closed: list[str]) -> str:
        """Programs that the person runs by their names, or another project."""
        refused = [self.host.resolve(each).real for each in closed]
        for word in self.host.environ.get("PATH", "").split(":"):
            entry = self.host.resolve(word).real if word[:1] == "/" and word.isprintable() else ""
            if (entry == real or (tree and entry and contains(real, entry))) and not any(
                contains(each, entry) for each in refused
            ):
                return f"programs in {printable(entry)}"
        start = self.host.home + "/"
        if not real.startswith(start) or (self.workdir and contains(self.workdir, real)):
            return ""
        place = self.host.home
        for part in real[len(start) :].split("/"):
            if part[:1] == "." or part == "Library":  # of programs, not of projects
                return ""
            place = f"{place}/{part}"
            if self.host.files.kind(f"{place}/.git") != "missing":
                return f"the project {printable(place)}"
        return ""

    def _folded(self, path: str) -> str:
        return path.casefold() if self.host.folds_case else path


def _meet(path: str, tree: bool, other: str, its_tree: bool) -> bool:
    return path == other or (tree and contains(path, other)) or (its_tree and contains(other, path))
