"""`safehouse profiles`: which there are, what each opens, and why."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.cli.arguments import SUBCOMMANDS, usage
from safehouse.cli.columns import columns, width, wrapped
from safehouse.cli.rules import SYSTEMS, facts, grouped, lines, marks, only
from safehouse.errors import UserError, nearest, printable
from safehouse.host import Host
from safehouse.sources import user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile import ON_REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from safehouse.cli.arguments import Arguments
    from safehouse.cli.rules import Line
    from safehouse.host import Platform
    from safehouse.sources.profile import Record

# What a person looks for first; then what is always in force.
_HEADS = {
    ("agent",): "agents, chosen by the name of the command or by --agent=NAME",
    ("feature",): "features, switched on by --enable=NAME",
    ("app",): "apps, chosen by the name of the command or by --agent=NAME",
    ("toolchain",): "toolchains, always on",
    ("base", "system", "network", "shared", "core"): "the rest, always on",
}
# Whose rules no file has: what they are goes by what a repository consists of.
_MADE = {"git-config": "its rules are made for each repository: docs/git.md says which"}


def answer(arguments: Arguments, tell: Callable[[str], None]) -> int:
    """Lists the profiles, shows one, or checks a file; gives the exit status."""
    asked, *rest = arguments.words or ("list",)
    if asked not in SUBCOMMANDS["profiles"]:
        hint = usage("profiles")
        meant = nearest(asked, list(SUBCOMMANDS["profiles"]))
        if not meant and not rest and asked in records():
            hint = f"safehouse profiles show {asked}"
        raise UserError(f"profiles: there is no {printable(asked)!r}{meant}", hint)
    _refuse_options(asked, arguments)
    wanted = {"list": 0, "show": 1, "check": 1}[asked]
    if len(rest) < wanted:
        raise UserError(
            f"profiles {asked}: which one?",
            "safehouse profiles show NAME" if asked == "show" else "safehouse profiles check FILE",
        )
    for word in rest[wanted:]:
        raise UserError(f"unexpected {printable(word)!r}", "one at a time")
    host = Host.current()
    own = _own(host, tell)
    if asked == "check":
        from safehouse.cli.profile_check import check

        return check(rest[0], host, own, arguments)
    platform: Platform = arguments.request.platform or host.platform  # type: ignore[assignment]
    catalogue = Catalogue(platform, records(), own)
    if asked == "list":
        sys.stdout.write(_json(_list_json(catalogue)) if arguments.json else listed(catalogue))
        return 0
    name = rest[0]
    if name not in catalogue.known:
        raise UserError(
            f"no profile is called {printable(name)!r}{nearest(name, list(catalogue.known))}",
            "safehouse profiles lists them",
        )
    sys.stdout.write(
        _json(_show_json(catalogue, name)) if arguments.json else shown(catalogue, name)
    )
    return 0


def _refuse_options(asked: str, arguments: Arguments) -> None:
    if arguments.strict and asked != "check":
        raise UserError("--strict is for safehouse profiles check", "leave it out")
    if arguments.json and asked == "check":
        raise UserError("--json is for safehouse profiles list and show", "leave it out")


def _own(host: Host, tell: Callable[[str], None]) -> tuple[Record, ...]:
    """The person's own profiles. Inside of a sandbox they cannot be read."""
    if sandbox.backend_for(host).inside(host):
        tell("inside of a sandbox your own profiles cannot be read: these are the shipped ones")
        return ()
    return tuple(user.profiles(host, records()))


def parts(catalogue: Catalogue, name: str) -> tuple[Record, ...]:
    """A profile's record, and those of the person's files that extend it."""
    more = (record for record in catalogue.own if record[0] == name and not record[1])
    return (catalogue.known[name], *more)


def place(record: Record) -> str:
    """Where a profile, or an extension of one, begins."""
    return f"{record[4]}:{record[11]}"


def elsewhere(catalogue: Catalogue, name: str) -> str:
    """The one system that a profile means something on, if that is not this one."""
    if not catalogue.is_elsewhere(name):
        return ""
    return next(system for system in SYSTEMS if system != catalogue.platform)


# list


def listed(catalogue: Catalogue) -> str:
    """All profiles by layer, each with its summary."""
    wide = width()
    text: list[str] = []
    names = max(len(name) for name in catalogue.known)
    for layers, head in _HEADS.items():
        rows: list[tuple[str, str]] = []
        for name in catalogue.in_layers(layers):
            rows += _row(catalogue, name, names)
        if rows:
            text += ["", *wrapped(head, wide), *columns(rows, 2, wide)]
    text += ["", *wrapped("What one of them opens, and why: safehouse profiles show NAME", wide)]
    return "\n".join(text[1:]) + "\n"


def _row(catalogue: Catalogue, name: str, names: int) -> Iterator[tuple[str, str]]:
    record, *extensions = parts(catalogue, name)
    other = elsewhere(catalogue, name)
    # All tables are as wide, so that they read as one.
    yield name.ljust(names), record[2] + (f" [{only(other)}]" if other else "")
    if record[3]:
        yield "", f"gives up: {record[3]}"
    commands = [command for part in (record, *extensions) for command in part[5]]
    if commands:
        yield "", f"commands: {', '.join(commands)}"
    if record not in catalogue.shipped.values():
        yield "", f"yours: {place(record)}"
    for extension in extensions:
        yield "", f"extended by you: {place(extension)}"


def _list_json(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "version": 1,
        "platform": catalogue.platform,
        "profiles": [
            _head_json(catalogue, name) for layers in _HEADS for name in catalogue.in_layers(layers)
        ],
    }


def _head_json(catalogue: Catalogue, name: str) -> dict[str, Any]:
    record, *extensions = parts(catalogue, name)
    return {
        "name": name,
        "layer": record[1],
        "always": record[1] not in ON_REQUEST,
        "summary": record[2],
        "weakens": record[3] or None,
        "commands": [command for part in (record, *extensions) for command in part[5]],
        "place": place(record),
        "own": record not in catalogue.shipped.values(),
        "extended": [place(extension) for extension in extensions],
        "only": elsewhere(catalogue, name) or None,
    }


# show


def shown(catalogue: Catalogue, name: str) -> str:
    """All that one profile says for the catalogue's platform."""
    wide = width()
    record, *extensions = parts(catalogue, name)
    always = "" if record[1] in ON_REQUEST else ", always on"
    rows = [("layer", record[1] + always), ("summary", record[2])]
    if record[3]:
        rows.append(("gives up", record[3]))
    rows.append(("stands in", place(record)))
    rows += [("extended in", place(extension)) for extension in extensions]
    for label, values in facts((record, *extensions), catalogue.platform):
        rows.append((label, (" " if label == "arguments" else ", ").join(values)))
    text = [name, *columns(rows, 2, wide)]
    tree = list(_tree(catalogue, name, 0, set()))
    if tree:
        text += ["", "requires", *columns(tree, 2, wide)]
    text += ["", *_rules(catalogue, name, wide)]
    return "\n".join(text) + "\n"


def required(catalogue: Catalogue, name: str) -> list[str]:
    """The profiles that one requires itself, but for those that are always on."""
    names = (other for part in parts(catalogue, name) for other in part[6])
    return [other for other in dict.fromkeys(names) if catalogue.known[other][1] in ON_REQUEST]


def _tree(catalogue: Catalogue, name: str, depth: int, seen: set[str]) -> Iterator[tuple[str, str]]:
    """What a profile requires, indented; what stands there already is not gone into again."""
    seen.add(name)
    for other in required(catalogue, name):
        again = " (see above)" if other in seen and required(catalogue, other) else ""
        system = elsewhere(catalogue, other)
        remark = f" [{only(system)}]" if system else ""
        yield "  " * depth + other, catalogue.known[other][2] + remark + again
        if other not in seen:
            yield from _tree(catalogue, other, depth + 1, seen)


def _rules(catalogue: Catalogue, name: str, wide: int) -> Iterator[str]:
    system = SYSTEMS[catalogue.platform]
    found = [line for part in parts(catalogue, name) for line in lines(part, catalogue.platform)]
    if not found:
        other = elsewhere(catalogue, name)
        yield _MADE.get(name) or f"no rules for {system}" + (f": {only(other)}" if other else "")
        return
    head = f"rules for {system}; of those about one thing the last one decides"
    yield from wrapped(head, wide)
    file = found[0].file
    for title, group in grouped(found):
        if group[0].file != file:
            file = group[0].file
            yield from ("", *wrapped(f"by your file {file}", wide))
        yield from ("", title)
        yield from columns((_target_row(line) for line in group), 2, wide)


def _target_row(line: Line) -> tuple[str, str]:
    text = " ".join(part for part in (line.reason, marks(line)) if part)
    return (line.target, text) if line.kind else (text, "")


def _show_json(catalogue: Catalogue, name: str) -> dict[str, Any]:
    found = parts(catalogue, name)
    rules = [line for part in found for line in lines(part, catalogue.platform)]
    return {
        "version": 1,
        "platform": catalogue.platform,
        **_head_json(catalogue, name),
        **{label: list(values) for label, values in facts(found, catalogue.platform)},
        "requires": _tree_json(catalogue, name, (name,)),
        "rules": [_line_json(line) for line in rules],
    }


def _tree_json(catalogue: Catalogue, name: str, way: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "name": other,
            "summary": catalogue.known[other][2],
            "requires": _tree_json(catalogue, other, (*way, other)) if other not in way else [],
        }
        for other in required(catalogue, name)
    ]


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "action": line.action,
        "words": line.words.split(),
        "operations": list(line.operations),
        "platform": line.platform or None,
        "filter": line.kind or None,
        "target": line.target or None,
        "reason": line.reason,
        "place": line.place,
        "create": line.create or None,
        "existing_only": line.existing_only,
        "follow": line.follow,
    }


def _json(document: dict[str, Any]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
