"""Places that should stay closed, whoever asks: which one a path lies in, and which lie in it."""

from __future__ import annotations

from safehouse.files import ancestors
from safehouse.policy.match import fixed_start, text_matches
from safehouse.policy.planting import expanded
from safehouse.policy.rule import ALLOW, PATH_KINDS
from safehouse.sources.catalogue import secret_names, sensitive_groups
from safehouse.sources.command_line import NO_PROJECT
from safehouse.sources.profile import profile_of
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from safehouse.host import Host
    from safehouse.sources.catalogue import Catalogue

    # Plain, so that the build can write it: kind of filter, value, what it is, platform ("": every),
    # line; and name, why it should stay closed, against what ("": all), places.
    Place = tuple[str, str, str, str, int]
    Group = tuple[str, str, str, tuple[Place, ...]]

AGENTS, PROJECTS, EVERYTHING = "agents", "projects", "everything"
_OF_AGENTS = "it says what that agent runs, and has what was said to it"
_OF_PROJECTS = "its name is one that files with secrets have"
_OF_LAYERS = ("agent", "app")
_ENDS = {"subpath": "/", "prefix": "*"}


class Sensitive(Value):
    """A place that should stay closed: as the list has it, what it is, why, and of which group.

    `owner` is the profile of the agent whose state it is, "" for all else. `writing` says that only
    to write there is meant: reading is no harm.
    """

    place: str
    what: str
    because: str
    group: str
    writing: bool = False
    owner: str = ""


class _Spot(Value):
    """A place on a host: its filter, with the path in full."""

    kind: str
    path: str
    found: Sensitive


class Places:
    """All places that should stay closed on a host.

    What an agent keeps is for that agent: `own` are the profiles in force, whose it is.
    """

    def __init__(self, host: Host, catalogue: Catalogue, own: Iterable[str] = ()) -> None:
        self.host = host
        self._by_path: dict[str, list[_Spot]] = {}
        self._patterns: list[tuple[str, _Spot]] = []  # with what all that they fit begins with
        self._secret: Callable[[str], str] | None = None
        for spot in (*_listed(host), *_of_agents(host, catalogue, frozenset(own))):
            if spot.kind in ("literal", "subpath"):
                self._by_path.setdefault(spot.path, []).append(spot)
            else:
                start = fixed_start(spot.path) if spot.kind == "regex" else spot.path
                self._patterns.append((start, spot))

    def place_of(self, path: str, writes: bool) -> Sensitive | None:
        """The place that a real path is, or lies in, the innermost one; None for any other path."""
        found = [(len(start), spot.found) for start, spot in self._fitting(path)]
        of_concern = [pair for pair in found if writes or not pair[1].writing]
        if of_concern:
            return max(of_concern, key=lambda pair: pair[0])[1]
        if contains(path, self.host.home):  # as /home, which is more than the home
            return self._by_path[self.host.home][0].found
        return self._of_a_project(path)

    def _fitting(self, path: str) -> Iterator[tuple[str, _Spot]]:
        for spot in self._by_path.get(path, ()):
            yield path, spot
        for above in ancestors(path):
            for spot in self._by_path.get(above, ()):
                if spot.kind == "subpath":
                    yield above, spot
        for start, spot in self._patterns:
            if path.startswith(start) and text_matches(spot.kind, spot.path, path):
                yield start, spot

    def places_in(
        self, directory: str, writes: bool, missing: bool = False
    ) -> Iterator[tuple[str, Sensitive]]:
        """The places below a directory, each with its path; patterns left out.

        Those that are not there are left out as well, unless `missing` says that they count.
        """
        for path, spots in self._by_path.items():
            below = path != directory and contains(directory, path)
            if not below or (not missing and self.host.files.kind(path) == "missing"):
                continue
            for spot in spots:
                if writes or not spot.found.writing:
                    yield path, spot.found
                    break

    def group(self, name: str) -> Iterator[tuple[str, str, Sensitive]]:
        """The places of one group: kind of filter, path in full, and what is said of it."""
        every = [spot for spots in self._by_path.values() for spot in spots]
        for spot in (*every, *(spot for _, spot in self._patterns)):
            if spot.found.group == name:
                yield spot.kind, spot.path, spot.found

    def _of_a_project(self, path: str) -> Sensitive | None:
        """A file of the home that has the name of one with secrets."""
        start = f"{self.host.home}/"
        if not path.startswith(start):
            return None
        if self._secret is None:
            self._secret = secret_names().reader()
        for part in path[len(start) :].split("/"):
            what = self._secret(part)
            if what:
                return Sensitive(part, what, _OF_PROJECTS, PROJECTS)
        return None


def _listed(host: Host) -> Iterator[_Spot]:
    for name, because, against, places in sensitive_groups():
        if name == NO_PROJECT:
            continue
        for kind, value, what, platform, _ in places:
            here = platform in ("", host.platform)
            path = expanded(value, host, kind == "regex") if here else ""
            # That another's home is closed says nothing of one's own.
            if not path or (kind == "subpath" and name != EVERYTHING and contains(path, host.home)):
                continue
            spelled = value + _ENDS.get(kind, "") if value != "/" else value
            said = Sensitive(spelled, what, because, name, against == "write")
            yield _Spot(kind if name != EVERYTHING else "literal", path, said)


def _of_agents(host: Host, catalogue: Catalogue, own: frozenset[str]) -> Iterator[_Spot]:
    """What agents and apps keep, but for those in force; what several keep is nobody's own."""
    owners: dict[tuple[str, str], set[str]] = {}
    spots: dict[tuple[str, str], _Spot] = {}
    for spot in _written_by_agents(host, catalogue):
        key = spot.kind, spot.path
        owners.setdefault(key, set()).add(spot.found.owner)
        spots[key] = spot
    for key, names in owners.items():
        if len(names) == 1 and not names & own:
            yield spots[key]


def _written_by_agents(host: Host, catalogue: Catalogue) -> Iterator[_Spot]:
    """Each place that the profile of an agent or app lets it write."""
    for name, record in catalogue.known.items():
        for grant in profile_of(record, host.platform).grants if record[1] in _OF_LAYERS else ():
            filter = grant.filter
            writes = grant.action == ALLOW and "file-write*" in grant.operations
            if not writes or filter is None or filter.kind not in PATH_KINDS:
                continue
            path = expanded(filter.value, host, filter.kind == "regex")
            if path:
                what = f"{grant.origin.reason}, of {name}"
                spelled = filter.value + _ENDS.get(filter.kind, "")
                said = Sensitive(spelled, what, _OF_AGENTS, AGENTS, owner=name)
                yield _Spot(filter.kind, path, said)


def keepers(
    paths: Iterable[str], host: Host, catalogue: Catalogue, command: Iterable[str]
) -> dict[str, tuple[str, bool]]:
    """The agent whose state each of some paths is, and whether a command line has its name.

    Of several agents with the same state it is the one that is named, else the first. A path that
    ends in `/` is a directory, with all in it.
    """
    words = {part.rpartition("/")[2] for word in command for part in word.split()}
    spots = [*_written_by_agents(host, catalogue)]
    found: dict[str, tuple[str, bool]] = {}
    for path in paths:
        plain = path.rstrip("/")
        for spot in spots:
            kept = spot.path == plain or (
                contains(spot.path, plain)
                if spot.kind == "subpath"
                else text_matches(spot.kind, spot.path, plain)
            )
            named = not words.isdisjoint(catalogue.known[spot.found.owner][5])
            if kept and (path not in found or (named and not found[path][1])):
                found[path] = spot.found.owner, named
    return found
