"""`safehouse profiles check`: whether a file of profiles is right, and what it would mean."""

from __future__ import annotations

import sys

from safehouse.cli.columns import columns, width, wrapped
from safehouse.cli.profile_review import Review, Warned
from safehouse.cli.rules import SYSTEMS, Line, facts, grouped, lines, marks, only, phrase
from safehouse.errors import printable
from safehouse.files import read_file
from safehouse.host import PLATFORMS
from safehouse.sources import own_files, protected, user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile import ON_REQUEST
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.cli.arguments import Arguments
    from safehouse.host import Host, Platform
    from safehouse.sources.profile import Record


class _File(Value):
    """A file of profiles among those that the person has: `own` are all, in the order of the files."""

    name: str
    records: tuple[Record, ...]
    own: tuple[Record, ...]


def check(text: str, host: Host, own: tuple[Record, ...], arguments: Arguments) -> int:
    """Prints what a file would mean, and warnings; 1 for these with --strict, else 0.

    Raises UserError for the first thing in the file that is wrong.
    """
    wide = width()
    asked = arguments.request.platform
    platforms = tuple(platform for platform in PLATFORMS if asked in ("", platform))
    file = _read(text, host, own)
    if not file.records:
        sys.stdout.write(f"{file.name} says nothing: it would be left out\n")
        return 0
    warnings = list(_of_file(file, text))
    for record in file.records:
        sys.stdout.write("".join(f"{line}\n" for line in _meaning(record, file, platforms, wide)))
        found = [
            warned for platform in platforms
            for warned in Review(host, platform, file.own, record).warnings()
        ]  # fmt: skip
        warnings += _together(found, platforms)
    sys.stdout.write("".join(f"{line}\n" for line in _shown(warnings, wide)))
    return 1 if warnings and arguments.strict else 0


def _read(text: str, host: Host, own: tuple[Record, ...]) -> _File:
    """The file as if it lay in profiles.d, under its name."""
    from safehouse.sources.profile_file import load

    path = host.absolute(text, "profiles check")
    directory = f"{protected.configuration(host)}/{user.PROFILES}"
    name = own_files.short(path, host)
    below, _, last = path.rpartition("/")
    installed = host.resolve(below or "/").real == host.resolve(directory).real
    data = own_files.read(path, host) if installed else None
    if data is None:
        data = read_file(host.resolve(path).real, own_files.MOST_BYTES, name)
    if own_files.says_nothing(data):
        return _File(name, (), own)
    # Only earlier files can be referred to; one of this name would be replaced.
    before = tuple(record for record in own if record[4].rpartition("/")[2] < last)
    after = tuple(record for record in own if record[4].rpartition("/")[2] > last)
    known = frozenset((*records(), *(record[0] for record in before)))
    found = tuple(load(data, name, known).values())
    return _File(name, found, (*before, *found, *after))


def _of_file(file: _File, text: str) -> Iterator[Warned]:
    """What is to say of the file as a whole."""
    if not text.endswith(".yaml"):
        yield Warned(file.name, 1, "profiles.d reads only files whose names end in .yaml")
    added = {record[0]: record for record in file.records if record[1]}
    for other in file.own:
        if other[1] and other[0] in added and other not in added.values():
            record = added[other[0]]
            yield Warned(
                file.name, record[11],
                f"{other[4]}:{other[11]} adds a profile {record[0]} as well: "
                "with both of them nothing starts",
            )  # fmt: skip


def _together(found: list[Warned], platforms: tuple[Platform, ...]) -> list[Warned]:
    """What was found for one system or for both, each once, in the order of the lines."""
    systems: dict[Warned, list[str]] = {}
    for warned in found:
        systems.setdefault(replace(warned, platform=""), []).append(warned.platform)
    merged = [
        warned if len(on) == len(platforms) else replace(warned, platform=on[0])
        for warned, on in systems.items()
    ]
    return sorted(merged, key=lambda warned: warned.line)


def _meaning(
    record: Record, file: _File, platforms: tuple[Platform, ...], wide: int
) -> Iterator[str]:
    """What one profile adds or extends, and what it opens and closes."""
    catalogue = Catalogue(platforms[0], records(), file.own)
    known = catalogue.known[record[0]]
    layer = known[1] if known[1] in ON_REQUEST else f"{known[1]} (always on)"
    does = "adds" if record[1] else "extends"
    yield from wrapped(f"{does} {record[0]}, {layer}: {known[2]}", wide)
    rows = []
    if record[3]:
        rows.append(("gives up", record[3]))
    for label, values in _facts(record, platforms):
        rows.append((label, ", ".join(values)))
    for name in record[6]:
        cost = catalogue.known[name][3]
        gives = f"; gives up: {cost}" if cost else ""
        rows.append(("requires", f"{name}: {catalogue.known[name][2]}{gives}"))
    yield from columns(rows, 2, wide)
    wanted = "" if len(platforms) > 1 else platforms[0]
    for _, group in grouped(lines(record, wanted)):
        first = group[0]
        yield from ("", f"  {phrase(first.action, first.words)}{_kind(first)}")
        yield from columns((_row(line) for line in group), 4, wide)
    if not any(lines(record, wanted)):
        yield "  no rules" + (f" for {SYSTEMS[wanted]}" if wanted else "")
    yield ""


def _facts(record: Record, platforms: tuple[Platform, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """What it says beside its rules; for one system only where the two differ."""
    found = {platform: facts((record,), platform) for platform in platforms}
    both = [fact for fact in found[platforms[0]] if all(fact in said for said in found.values())]
    return both + [
        (label, (*values[:-1], f"{values[-1]} [{only(platform)}]"))
        for platform, said in found.items()
        for label, values in said
        if (label, values) not in both
    ]


def _kind(line: Line) -> str:
    return f" ({line.kind})" if line.kind and not line.is_path else ""


def _row(line: Line) -> tuple[str, str]:
    text = " ".join(part for part in (line.reason, marks(line)) if part)
    return (line.target, text) if line.kind else (text, "")


def _shown(warnings: list[Warned], wide: int) -> Iterator[str]:
    if not warnings:
        yield "nothing to warn of"
        return
    yield "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    for warned in warnings:
        system = f" [{only(warned.platform)}]" if warned.platform else ""
        place = f"{warned.file}:{warned.line}:"
        first, *more = wrapped(printable(f"{place} {warned.text}{system}"), wide and wide - 4)
        yield f"  {first}"
        yield from (f"    {line}" for line in more)
