"""The rules of profiles in words: what `safehouse profiles` and docs/allow-deny.md show of them."""

from __future__ import annotations

from safehouse.policy.rule import ALLOW
from safehouse.policy.words import WORDS
from safehouse.sources.profile import profile_of
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.policy.rule import Action
    from safehouse.sources.profile import Profile, Record

SYSTEMS = {"macos": "macOS", "linux": "Linux"}
# Larger groups of operations first: what is in them needs no word of its own.
_WORDS = ("socket", "read", "write", "metadata", "exec", "connect", "ioctl", "rename")
_PHRASES = {
    "read": "read",
    "write": "write",
    "metadata": "see that there is",
    "exec": "run",
    "connect": "connect to",
    "ioctl": "control",
    "socket": "connect to, read and write",
    "rename": "rename",
    "signal": "signal",
    "default": "do anything",
}


class Line(Value):
    """One target of one rule, as it stands in a file.

    `kind` is that of its filter, "" for a rule without a target; `platform` is "" for both systems.
    """

    action: Action
    operations: tuple[str, ...]
    platform: str
    kind: str
    value: str
    reason: str
    file: str
    line: int
    create: str = ""
    existing_only: bool = False
    follow: bool = True

    @property
    def words(self) -> str:
        """Its operations as a profile names them: `read write`."""
        return words(self.operations)

    @property
    def target(self) -> str:
        """Its target as a profile spells it: `~/.npm/` for the tree."""
        end = {"subpath": "/", "prefix": "*"}.get(self.kind, "")
        return self.value if self.value[-1:] == end == "/" else self.value + end

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.file}:{self.line}"

    @property
    def is_path(self) -> bool:
        """Whether its target is a file, or several."""
        return self.kind in ("literal", "subpath", "prefix", "regex")


def words(operations: Iterable[str]) -> str:
    """The words of profiles for operations; those that no word is for by their own names."""
    names = list(operations)
    left = dict.fromkeys(names)
    found: list[tuple[int, str]] = []
    for word in _WORDS:
        said = WORDS[word]
        if set(said) <= set(names) and any(name in left for name in said):
            found.append((min(names.index(name) for name in said if name in left), word))
            for name in said:
                left.pop(name, None)
    found += [(names.index(name), name) for name in left]
    return " ".join(word for _, word in sorted(found))


def phrase(action: Action, said: str) -> str:
    """What a rule lets do, for a sentence: `may read and write`."""
    parts = [_PHRASES.get(word, f"use {word} of") for word in said.split()]
    joined = ", ".join(parts[:-1]) + (" and " if parts[:-1] else "") + parts[-1]
    if action == ALLOW:
        return f"may {joined}"
    return f"may not {joined}".replace(", ", " nor ").replace(" and ", " nor ")


def lines(record: Record, platform: str = "") -> Iterator[Line]:
    """The targets of a profile's rules in order, of one platform or ("") of both."""
    for action, operations, on, create, existing_only, follow, targets in record[10]:
        if not platform or on in ("", platform):
            for kind, value, reason, line in targets:
                yield Line(
                    action, operations, on, kind, value, reason, record[4], line, create,
                    existing_only, follow,
                )  # fmt: skip


def marks(line: Line) -> str:
    """What is special about a target, in brackets; "" where nothing is."""
    found = []
    if line.platform:
        found.append(only(line.platform))
    if line.create:
        found.append("made if it is missing")
    if not line.follow:
        found.append("not what a link leads to")
    return f"[{'; '.join(found)}]" if found else ""


def only(platform: str) -> str:
    """Said of what has a meaning on one system alone."""
    return f"{SYSTEMS[platform]} only"


def grouped(found: Iterable[Line]) -> Iterator[tuple[str, list[Line]]]:
    """The targets under heads in the words of the file: `allow read write`."""
    last = ""
    group: list[Line] = []
    for line in found:
        kind = "" if line.is_path or not line.kind else f", {line.kind}"
        remark = ", if it is there" if line.existing_only else ""
        head = f"{line.action} {line.words}{kind}{remark}"
        if group and (head, line.file) != (last, group[-1].file):
            yield last, group
            group = []
        last = head
        group.append(line)
    if group:
        yield last, group


def facts(records: Iterable[Record], platform: str) -> list[tuple[str, tuple[str, ...]]]:
    """What a profile with its extensions says beside its rules: labels, each with its values."""
    found_in = list(records)
    profiles = [profile_of(record, platform) for record in found_in]
    defaults: dict[str, str] = {}
    for profile in profiles:
        defaults.update(profile.environment)
    found = [
        ("commands", _all(profile.commands for profile in profiles)),
        ("no shim for", _all(record[15] for record in found_in)),
        ("packages", _all(profile.packages for profile in profiles)),
        ("bundles", _all(profile.bundles for profile in profiles)),
        ("moved by", _all(_moves(profile) for profile in profiles)),
        ("variables", _all(profile.passes for profile in profiles)),
        ("environment", tuple(f"{name}={value}" for name, value in defaults.items())),
        ("arguments", tuple(word for profile in profiles for word in profile.arguments)),
    ]
    return [(label, values) for label, values in found if values]


def _moves(profile: Profile) -> tuple[str, ...]:
    return tuple(f"{variable} ({directory})" for variable, directory in profile.homes)


def _all(values: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for each in values for value in each))
