"""What a project's own configuration asks for, in words, for the person who decides about it.

What stands there was written by strangers: each text is shown so that it can only look like itself.
"""

from __future__ import annotations

import unicodedata
from difflib import unified_diff

from safehouse.cli.policy import filter_text
from safehouse.facts import decoded
from safehouse.policy.policy import NONE, Access
from safehouse.policy.rule import ALLOW, Grant, Tier
from safehouse.sources import appended, repository
from safehouse.sources.settings import CLOSED, READ_AND_WRITE, READ_ONLY, contains, too_wide
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.files import Resolution
    from safehouse.host import Host
    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import AnyGrant
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.configuration import AppendedFile, Configuration
    from safehouse.sources.settings import Ignored, Item, Mode, Named, Settings
    from safehouse.sources.trust import Content

# A difference is an aid, the review itself is whole: what would take long to compare, or to read,
# is told by its size.
_MOST_COMPARED = 1000
_MOST_CHANGED = 200
_MOST_CHARACTERS = 1200
# Letters and marks to Unicode, but nothing is to be seen of them.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_WORDS = {
    "default": "all that no other rule is about",
    "file*": "read and write",
    "file-read*": "read",
    "file-write*": "write",
    "file-read-data": "read the content of",
    "file-read-metadata": "see that there is",
    "file-test-existence": "see that there is",
    "process-exec*": "run",
    "process-exec": "run",
    "network*": "use the network at",
    "network-outbound": "connect to",
    "network-inbound": "let others connect to",
    "mach-lookup": "use the service",
}
# What each form of a right brings along, by its first operation: policy/words.py.
_BROUGHT = {
    "file-read*": ("file-test-existence", "file-clone"),
    "file-write*": ("file-link",),
    "file-read-metadata": ("file-test-existence",),
}
_MODES = {READ_ONLY: "read", READ_AND_WRITE: "read and write"}


class Review(Value):
    """All that one configuration asks for, each as a line.

    `narrows` is in force whether it is trusted or not, `opens` with trust, `refused` not even then.
    """

    narrows: tuple[str, ...]
    opens: tuple[str, ...]
    refused: tuple[str, ...]

    def lines(self) -> list[str]:
        """The review as it is shown."""
        return [
            *_section("In force already, since it only takes away:", self.narrows),
            *_section("Opened when you trust it:", self.opens),
            *_section("Not opened, even so:", self.refused),
        ]


def review(
    found: Configuration, policy: Policy, host: Host, workdir: str, catalogue: Catalogue
) -> Review:
    """What the project's part of `found`, which was looked up as if it were trusted, asks for.

    `policy` is what a launch would get then: what the person has refused stays so. Raises UserError
    for a feature that does not exist, and for a wrong profile.
    """
    narrows: list[str] = []
    opens: list[str] = []
    refused: list[str] = []
    for settings, paths in found.sources:
        if settings.tier != Tier.REPOSITORY:
            continue
        for named in paths:
            inside = named.real != workdir and contains(workdir, named.real)
            if named.mode == CLOSED:
                narrows.append(_line("closed", _path(named, host), named.item))
            elif named.mode == READ_ONLY and inside:
                at_once = settings.name != repository.OLD_FILE  # which waits as a whole
                (narrows if at_once else opens).append(
                    _line("read-only", _path(named, host), named.item)
                )
            else:
                remark = " (it is the project's)" if contains(workdir, named.real) else ""
                remark += _refusal(policy, named.real, named.mode)
                opens.append(_line(_MODES[named.mode], _path(named, host) + remark, named.item))
        for item, mode in _left_out(settings, paths):
            way = host.located(item.text, item.place, settings.base)
            text = _way(visible(way.real), way, item)
            missing = host.files.kind(way.real) == "missing"
            why = too_wide(host, way.real, mode, workdir) or (
                "" if missing else _why(found.ignored, item)
            )
            if why:
                refused.append(_line(_MODES[mode], f"{text}: {visible(why)}", item))
            else:
                text += ", which does not exist: from the day that it does"
                text += _refusal(policy, way.real, mode)
                opens.append(_line(_MODES[mode], text, item))
        for item in settings.enable:
            catalogue.check(item.text, ("feature",), item.place)
            opens += _feature(item, catalogue)
        for item in settings.env_pass:
            state = "is set now" if item.text in host.environ else "is not set now"
            opens.append(_line("variable", f"{visible(item.text)}, which {state}", item))
        for item in settings.network:
            closed = [each for each in found.said("network") if each.text == NONE]
            refused_by = f", but you refused it: {visible(closed[-1].place)}" if closed else ""
            if item.text == NONE:
                narrows.append(_line("network", item.text, item))
            else:
                opens.append(_line("network", item.text + refused_by, item))
        for item in settings.deny_secrets:
            if item.text == "true":
                narrows.append(_line("closed", "secrets, by their names", item))
    for file in found.appended:
        if file.tier == Tier.REPOSITORY:
            opens += _profile(file, host, workdir)
    return Review(tuple(narrows), tuple(opens), tuple(refused))


def visible(text: str) -> str:
    """A text of strangers: what cannot be seen is escaped, and other letters than ASCII's told."""
    shown = "".join(_escaped(c) if not c.isprintable() or _is_invisible(c) else c for c in text)
    if shown.isascii():
        return shown
    return f"{shown} [in ASCII: {shown.encode('ascii', 'backslashreplace').decode()}]"


def _escaped(character: str) -> str:
    return repr(character)[1:-1] if not character.isprintable() else ascii(character)[1:-1]


def _is_invisible(character: str) -> bool:
    if character in _INVISIBLE:
        return True
    return character > "\x7f" and unicodedata.name(character, "").startswith("VARIATION SELECTOR")


def _section(title: str, lines: tuple[str, ...]) -> list[str]:
    return [title, *(f"  {line}" for line in lines)] if lines else []


def _line(label: str, text: str, item: Item) -> str:
    return f"{label:<15} {text} ({visible(item.place)})"


def _path(named: Named, host: Host) -> str:
    text = visible(named.real)
    if named.missing:
        text += ", which does not exist"
    elif named.kind == "subpath":
        text += " and all below it"
    return _way(text, named.way, named.item)


def _way(text: str, way: Resolution, item: Item) -> str:
    """A path with how it was written, where that differs, and the links that lead there."""
    if (item.text.rstrip("/") or "/") != way.real:
        text += f", written {visible(item.text)}"
    for link, target in way.links:
        text += f", by the link {visible(link)} -> {visible(target)}"
    return text


def _left_out(settings: Settings, paths: tuple[Named, ...]) -> Iterator[tuple[Item, Mode]]:
    """The paths that a launch would not take today."""
    taken = {(named.item, named.mode) for named in paths}
    for item in settings.add_dirs_ro:
        if (item, READ_ONLY) not in taken:
            yield item, READ_ONLY
    for item in settings.add_dirs:
        if (item, READ_AND_WRITE) not in taken:
            yield item, READ_AND_WRITE


def _why(ignored: tuple[Ignored, ...], item: Item) -> str:
    return next((each.why for each in ignored if each.item == item), "it is not taken")


def _refusal(policy: Policy, real: str, mode: Mode) -> str:
    """Who closes a path that a project asks for, although it is trusted; "" for nobody."""
    operations = {"file-read-data": "", "file-write-data": " for writing"}
    for operation, how in list(operations.items())[: 2 if mode == READ_AND_WRITE else 1]:
        decision = policy.decide(Access(operation, real))
        origin = decision.rule.origin
        if not decision.allowed and origin.tier == Tier.PROTECTED:
            return f", but it is protected{how}: {visible(origin.reason)}"
        if not decision.allowed and origin.tier > Tier.REPOSITORY:
            return f", but you refused it{how}: {visible(origin.source)}"
    return ""


def _feature(item: Item, catalogue: Catalogue) -> Iterator[str]:
    """A feature and those that it brings along."""
    usual = {profile.name for profile in catalogue.selected((), "")}
    if catalogue.is_elsewhere(item.text):
        yield _line("feature", f"{item.text}, which means nothing on this system", item)
        return
    for profile in reversed(catalogue.selected((item.text,), "")):
        if profile.name != item.text and catalogue.is_elsewhere(profile.name):
            continue
        if profile.name == item.text or (profile.weakens and profile.name not in usual):
            yield _line("feature", f"{profile.name}: {profile.weakens or profile.summary}", item)


def _profile(file: AppendedFile, host: Host, workdir: str) -> Iterator[str]:
    """The rules of a profile in SBPL, in its order: a later one wins."""
    found = appended.profile(file.data, file.path, file.tier, host, workdir)
    rules = f"{len(found.grants)} rules" if len(found.grants) != 1 else "1 rule"
    yield f"{'profile':<15} {visible(file.path)}, {rules} ({visible(file.place)})"
    for grant in found.grants:
        yield f"  {_rule(grant, host)}"
    for name, _ in found.environment:
        yield f"  variable {name}: no effect, since a project's profile sets none"
    for note in found.notes:
        yield f"  note: {visible(note)}"


def _rule(grant: AnyGrant, host: Host) -> str:
    if not isinstance(grant, Grant):
        return f"not understood: {visible(grant.text)}"
    word = "may" if grant.action == ALLOW else "may not"
    brought = {each for name in grant.operations for each in _BROUGHT.get(name, ())}
    names = [name for name in grant.operations if name not in brought]
    what = ", ".join(f"{_WORDS[name]} [{name}]" if name in _WORDS else name for name in names)
    filter = grant.filter
    if filter is None:
        return f"{word} {what}: everything"
    target = visible(filter_text(filter))
    if filter.kind in ("literal", "subpath", "prefix"):
        real = host.resolve(filter.value).real if filter.value[:1] == "/" else filter.value
        target = visible(filter.value) + (f", which is {visible(real)}" * (real != filter.value))
        target += {"subpath": " and all below it", "prefix": "..."}.get(filter.kind, "")
        if filter.kind != "literal" and grant.action == ALLOW and contains(real, host.home):
            target += " (with your whole home)"
    return f"{word} {what}: {target}"


# What has changed


def differences(old: Content, new: Content) -> list[str]:
    """The difference of two contents as `diff -u` shows it."""
    before, now = dict(old.files), dict(new.files)
    lines: list[str] = []
    for path in dict.fromkeys((*before, *now)):
        if before.get(path) != now.get(path):
            lines += _difference(path, before.get(path), now.get(path))
    if len(lines) > _MOST_CHANGED:
        more = len(lines) - _MOST_CHANGED
        lines[_MOST_CHANGED:] = [f"and {more} more lines; all that it asks for now stands below"]
    return lines


def _difference(path: str, old: bytes | None, new: bytes | None) -> list[str]:
    before, now = (decoded(data or b"").split("\n") for data in (old, new))
    name = visible(path)
    if max(len(before), len(now)) > _MOST_COMPARED:
        return [f"{name}: {len(before)} lines before, {len(now)} now: too many to compare here"]
    then = f"{name} as you saw it" if old is not None else "(no file)"
    here = f"{name} now" if new is not None else "(no file)"
    marked = unified_diff(before, now, then, here, lineterm="", n=2)
    return [_bounded(line) for line in marked]


def _bounded(line: str) -> str:
    more = len(line) - _MOST_CHARACTERS
    return visible(line[:_MOST_CHARACTERS]) + (f"... and {more} more characters" * (more > 0))
