"""What a careful reviewer says of a profile: what it opens beyond a program's own state, and what is idle.

It is asked of the policy that the profile would make, not of the text alone: what is open already, or
stays closed, is no news.
"""

from __future__ import annotations

from safehouse.cli.rules import Line, lines
from safehouse.host import MACOS
from safehouse.policy.match import fixed_start, text_matches
from safehouse.policy.operations import PARENT
from safehouse.policy.planting import expanded
from safehouse.policy.policy import Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY
from safehouse.sources import protected
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile import ON_REQUEST
from safehouse.sources.sensitive import Places
from safehouse.sources.settings import contains
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.host import Host, Platform
    from safehouse.policy.policy import Decision, Policy
    from safehouse.sources.profile import Record

_READS, _WRITES, _CONNECTS = "file-read-data", "file-write-data", "network-outbound"
_ASKED = {"reading": ("file-read*", _READS), "writing": ("file-write*", _WRITES),
          "connecting": (_CONNECTS, _CONNECTS)}  # fmt: skip
_SHARED = ("/tmp", "/private/tmp", "/var/tmp", "/private/var/tmp")
_MOST_NAMED = 3
_AGENT = "/run/agent/agent.sock"
_HOMES = {"macos": "/Users/you", "linux": "/home/you"}


class Warned(Value):
    """One thing to think about: where it stands, what it is, and on which system ("": on both)."""

    file: str
    line: int
    text: str
    platform: str = ""


class _Place(Value):
    """Something that matters, as a filter with its path in full; `sample` is a path that it is for."""

    name: str
    kind: str
    path: str
    sample: str
    why: str


class Review:
    """One profile of a file, for one system, among all others."""

    def __init__(
        self, host: Host, platform: Platform, own: tuple[Record, ...], record: Record
    ) -> None:
        # Somebody's machine: where the home is here, and what is in it, makes no difference.
        self.host = replace(
            host.imagined(platform), home=_HOMES[platform], environ={"SSH_AUTH_SOCK": _AGENT},
            links=(), foreign=True, borrowed=False,
        )  # fmt: skip
        written = _with_tilde(record, host.home)
        own = tuple(written if other is record else other for other in own)
        record = written
        self.platform = platform
        self.record = record
        self.shipped = records()
        self.catalogue = Catalogue(platform, self.shipped, own)
        self.lines = list(lines(record, platform))
        self.with_it = self._policy(self.catalogue, record[0])
        self.places = Places(self.host, self.catalogue)
        others = tuple(other for other in own if other is not record)
        without = Catalogue(platform, self.shipped, others)
        self.without = self._policy(without, record[0] if record[0] in without.known else "")

    def _policy(self, catalogue: Catalogue, name: str) -> Policy:
        layer = catalogue.known[name][1] if name else ""
        features = (name,) if layer == "feature" else ()
        chosen = catalogue.selected(features, name if layer in ("agent", "app") else "")
        grants = [grant for profile in chosen for grant in profile.grants]
        return resolve([*grants, *protected.grants(self.host, "")], self.host, "")

    def warnings(self) -> Iterator[Warned]:
        """All that there is to say, in no certain order."""
        yield from self._commands()
        for number, line in enumerate(self.lines):
            said = [
                *self._idle(line, self.lines[:number], self.lines[number + 1 :]),
                *(self._opened(line) if line.action == ALLOW and line.is_path else ()),
            ]
            for text in said:
                about = f"{line.target}: " if line.kind else ""
                yield Warned(line.file, line.line, f"{about}{text}", self.platform)

    def _commands(self) -> Iterator[Warned]:
        for command in self.record[5]:
            for name, other in self.catalogue.known.items():
                if command in other[5] and name != self.record[0]:
                    text = f"the command {command} is {name}'s, which it would not get any more"
                    yield Warned(self.record[4], self.record[11], text, self.platform)

    # What it opens

    def _opened(self, line: Line) -> Iterator[str]:
        path = self._path(line)
        if not path:
            return
        doing = "writing" if "file-write*" in line.operations else "reading"
        if line.kind in ("subpath", "prefix") and contains(path, self.host.home):
            yield f"{doing} {'the whole disk' if path == '/' else 'your whole home'}"
        elif any(contains(shared, line.value) for shared in _SHARED):
            yield "all programs share it: whoever is first decides what lies there"
        # On Linux a socket that can be seen can be connected to.
        connecting = (_CONNECTS,) if self.platform == MACOS else (_READS, _CONNECTS)
        for operations, what, group in (
            ((_WRITES,), "can change programs that you run outside, too", "programs"),
            ((_WRITES,), "can change what is started when you sign in", "sign-in"),
            ((_WRITES,), "can change settings that make programs run something", "settings"),
            ((_READS, _WRITES), "opens secrets", "secrets"),
            ((_READS, _WRITES), "opens start files of shells, with the keys in them", "shells"),
            (connecting, "opens sockets that act for whoever connects", "sockets"),
        ):
            yield from self._found(line, path, operations, what, self._group(group))

    def _found(
        self,
        line: Line,
        path: str,
        operations: tuple[str, ...],
        what: str,
        places: Iterable[_Place],
    ) -> Iterator[str]:
        """The places of one kind that a line opens, in one sentence."""
        found = [
            place for place in places
            if any(self._is_opened(line, o, path, place) for o in operations)
        ]  # fmt: skip
        if not found:
            return
        named = [place.name + (f" ({place.why})" if place.why else "") for place in found]
        more = len(found) - _MOST_NAMED
        rest = f", and {more} more" if more > 0 else ""
        yield f"{what}: {', '.join(named[:_MOST_NAMED])}{rest}"

    def _group(self, name: str) -> Iterator[_Place]:
        """The places of one group of `sensitive`."""
        for kind, path, found in self.places.group(name):
            sample = path + "/x" if kind == "subpath" and found.writing else path
            sample = _sample(path) if kind == "regex" else sample
            yield _Place(found.place, kind, path, sample, "" if found.writing else found.what)

    def _is_opened(self, line: Line, operation: str, path: str, place: _Place) -> bool:
        """Whether it is this line that opens a place, or something in it."""
        if line.kind == "regex":
            probe = place.sample if text_matches("regex", path, place.sample) else ""
        elif text_matches(place.kind, place.path, path):
            probe = place.sample if path == place.path else path
        else:
            probe = place.sample if text_matches(line.kind, path, place.sample) else ""
        if not probe:
            return False
        now = self._decision(self.with_it, operation, probe)
        before = self._decision(self.without, operation, probe)
        return (
            now.allowed
            and not before.allowed
            and now.rule.origin.source.endswith(f"{self.record[0]}, {line.place}")
        )

    def _decision(self, policy: Policy, operation: str, path: str) -> Decision:
        return policy.decide(Access(operation, self.host.resolve(path).real))

    def _path(self, line: Line) -> str:
        return expanded(line.value, self.host, line.kind == "regex")

    # What does nothing

    def _idle(self, line: Line, earlier: list[Line], later: list[Line]) -> Iterator[str]:
        for other in later:
            made = line.create and other.action == line.action
            if not made and _covers(other, line) and _contains_operations(other, line):
                said = "says the same" if other.action == line.action else "decides otherwise"
                yield f"has no effect: line {other.line} {said} for all of it"
                return
        # A refusal said again closes what was opened around it before.
        again = line.action == DENY and any(other.action == ALLOW for other in earlier)
        same = None if again else self._said_already(line)
        if same:
            yield f"{same[0]} says the same already ({same[1].place})"
            return
        if line.action != ALLOW or not line.is_path or line.kind == "regex":
            return
        path = self._path(line)
        for doing, (operation, asked) in _ASKED.items():
            if path and operation in line.operations:
                rule = self._decision(self.with_it, asked, path).rule
                ours = rule.origin.source.endswith(tuple(f", {o.place}" for o in self.lines))
                if rule.action == DENY and rule.filter is not None and not ours:
                    reason = f"{rule.origin.source} refuses it ({rule.origin.reason})"
                    yield f"has no effect on {doing}: {reason}"
                    return

    def _said_already(self, line: Line) -> tuple[str, Line] | None:
        """The profile in force anyway that has the same rule, and where."""
        for name, record in self.catalogue.known.items():
            always = record[1] not in ON_REQUEST or name == self.record[0]
            for other in (
                lines(record, self.platform) if always and record is not self.record else ()
            ):
                same = (other.action, other.kind, other.value) == (
                    line.action,
                    line.kind,
                    line.value,
                )
                if same and set(line.operations) <= set(other.operations):
                    return (name, other) if self._is_still_so(line) else None
        return None

    def _is_still_so(self, line: Line) -> bool:
        """Whether what was said before holds when the line is reached, as far as can be asked."""
        path = self._path(line) if line.is_path and line.kind != "regex" else ""
        asked = [asked for operation, asked in _ASKED.values() if operation in line.operations]
        return not path or all(
            self._decision(self.without, each, path).action == line.action for each in asked
        )


def _with_tilde(record: Record, home: str) -> Record:
    """A profile with the paths in the person's home as `~`, however they are written."""
    rules = tuple(
        (*rule[:6], tuple(
            (kind, "~" + value[len(home) :] if contains(home, value) else value, reason, line)
            for kind, value, reason, line in rule[6]
        ))
        for rule in record[10]
    )  # fmt: skip
    return (*record[:10], rules, *record[11:])


def _covers(outer: Line, inner: Line) -> bool:
    """Whether the target of one line has all of another's in it, as far as names tell."""
    if (outer.kind, outer.value) == (inner.kind, inner.value):
        return True
    if not (outer.is_path and inner.is_path) or "regex" in (outer.kind, inner.kind):
        return False
    if inner.kind == "literal":
        return text_matches(outer.kind, outer.value, inner.value)
    if outer.kind == "prefix" and inner.kind == "subpath":
        return inner.value.startswith(outer.value)
    is_tree = outer.kind == "subpath"
    below = outer.value.rstrip("/") + "/"
    return is_tree and inner.value.startswith(below)


def _contains_operations(outer: Line, inner: Line) -> bool:
    """Whether each operation of one line is one of another's, or stands below one."""
    for operation in inner.operations:
        above = operation
        while above and above not in outer.operations:
            above = PARENT.get(above, "")
        if not above:
            return False
    return True


def _sample(pattern: str) -> str:
    """A path that a regex of profiles.yaml is for."""
    import re

    text = pattern
    for part, instead in (
        (r"\(/\|\$\)", "/x"),
        (r"\([^()]*\)\?", ""), (r"\(([^()|]+)\|[^()]*\)", r"\1"), (r"\[\^/\]\*", ""),
        (r"\[\^/\]\+", "x"), (r"\[0-9\]\+", "1"), (r"\[(.)\]", r"\1"),
        (r"^\^|\$$", ""),
    ):  # fmt: skip
        text = re.sub(part, instead, text)
    return text if text_matches("regex", pattern, text) else fixed_start(pattern)
