"""`safehouse doctor`: what an examination finds, for people and for programs, and what `--fix` mends."""

from __future__ import annotations

import json
import re
import sys

from safehouse import __version__, sandbox
from safehouse.cli import question
from safehouse.cli.columns import columns, width, wrapped
from safehouse.doctor import mending
from safehouse.doctor.examine import examine
from safehouse.doctor.finding import NOTE, OK, PROBLEM, WARNING, worst
from safehouse.errors import UserError, printable
from safehouse.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from safehouse.cli.arguments import Arguments
    from safehouse.doctor.examine import Examination
    from safehouse.doctor.finding import Finding, Mending, Section

_INSIDE = (
    "inside of a sandbox: what is started here is confined already; ask in a terminal of your own"
)
_PLACE = re.compile(r"\S+:\d+: ")
_MOST_NOTES = 3  # of a group, where nobody asked for all


def doctor(arguments: Arguments) -> int:
    """Examines this machine; the exit status is 1 where something has to be mended."""
    for word in arguments.words[:1]:
        raise UserError(f"unexpected {printable(word)!r}", "safehouse doctor takes options only")
    if arguments.fix and arguments.json:
        raise UserError("--fix cannot be combined with --json", "leave one of them out")
    if arguments.yes and not arguments.fix:
        raise UserError("--yes is for safehouse doctor --fix", "leave it out")
    host = Host.current()
    if sandbox.backend_for(host).inside(host):
        print(
            json.dumps({"version": 1, "inside": True, "groups": []}) if arguments.json else _INSIDE
        )
        return 0
    found = examine(host)
    if arguments.fix and _mend(found, arguments.yes):
        found = examine(Host.current())
    if arguments.json:
        print(_json(found))
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _text(found, arguments.verbose)))
    return 1 if worst(section.state for section in found.sections) == PROBLEM else 0


# For people


def _text(found: Examination, verbose: bool) -> Iterator[str]:
    wide = width()
    if verbose:
        for section in found.sections:
            yield from (section.title, *_all(section, wide), "")
    else:
        titles = max(len(section.title) for section in found.sections)
        rows = [
            (f"{section.title.ljust(titles)}  {section.state}", _line(section))
            for section in found.sections
        ]
        yield from (*columns(rows, 0, wide), *_notes(found, wide), "")
    yield from _to_do(found, wide)


def _line(section: Section) -> str:
    """A group in one line: that all is well, or the first of the worst findings."""
    if section.state in (OK, NOTE):
        return section.summary
    bad = [finding for finding in section.findings if finding.state == section.state]
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return bad[0].text + more


def _all(section: Section, wide: int) -> Iterator[str]:
    rows: list[tuple[str, str]] = [] if section.findings else [(OK, section.summary)]
    for finding in section.findings:
        rows.append((finding.state, finding.text))
        rows += [("", f"  {line}") for line in finding.details]
        rows += [("", f"  to mend: {line}") for line in finding.mend]
    yield from columns(rows, 2, wide)


def _notes(found: Examination, wide: int) -> Iterator[str]:
    """What is good to know, with what could be done."""
    rows: list[str] = []
    for section in found.sections:
        notes = [finding for finding in section.findings if finding.state == NOTE]
        for finding in notes[:_MOST_NOTES]:
            rows += wrapped(f"note: {finding.text}", wide)
            rows += (f"    {line}" for line in finding.mend)
        more = len(notes) - _MOST_NOTES
        if more > 0:
            rows += wrapped(f"note: {more} more on {section.title}: safehouse doctor -v", wide)
    yield from ("", *rows) if rows else ()


def _to_do(found: Examination, wide: int) -> Iterator[str]:
    """What is wrong, the worst last, each with what mends it."""
    steps: dict[tuple[str, str], Finding] = {}
    for state in (WARNING, PROBLEM):
        for section in found.sections:
            for finding in section.findings:
                if finding.state == state:
                    # What one line of a file causes is told once, as the group says it that knows the file.
                    place = _PLACE.match(finding.text)
                    steps.setdefault((state, place[0] if place else finding.text), finding)
    if not steps:
        yield "All is well."
        return
    for finding in steps.values():
        yield from wrapped(f"{finding.state}: {finding.text}", wide)
        yield from (f"    {line}" for line in finding.mend)
    if _fixes(found):
        yield from (
            "",
            *wrapped("some of it safehouse can do, after asking: safehouse doctor --fix", wide),
        )


# For programs


def _json(found: Examination) -> str:
    ours = found.facts.ours
    document = {
        "version": 1,
        "inside": False,
        "safehouse": {
            "version": __version__,
            "build": ours.build or None,
            "installed": ours.installation.kind,
            "place": ours.installation.place,
            "program": ours.program or None,
            "python": ours.python,
            "python_version": ours.python_version,
        },
        "platform": found.subject.host.platform,
        "state": worst(section.state for section in found.sections),
        "groups": [_group(section) for section in found.sections],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _group(section: Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "state": section.state,
        "summary": section.summary,
        "findings": [
            {
                "name": finding.name,
                "state": finding.state,
                "text": finding.text,
                "mend": list(finding.mend),
                "details": list(finding.details),
                "fix": finding.fix.text if finding.fix else None,
            }
            for finding in section.findings
        ],
    }


# Mending


def _fixes(found: Examination) -> list[tuple[Finding, Mending]]:
    """What can be done, each thing once."""
    fixes: dict[Mending, Finding] = {}
    for section in found.sections:
        for finding in section.findings:
            if finding.fix:
                fixes.setdefault(finding.fix, finding)
    return [(finding, fix) for fix, finding in fixes.items()]


def _mend(found: Examination, unasked: bool) -> bool:
    """Does what can be done, each after it was said; whether anything was changed."""
    fixes = _fixes(found)
    if not fixes:
        print("there is nothing that safehouse could mend by itself\n")
        return False
    if not unasked and not question.can_be_asked():
        for finding, fix in fixes:
            print(f"{finding.text}\n    would be done: {fix.text}")
        raise UserError(
            "nothing was changed: there is no terminal to ask at", "safehouse doctor --fix --yes"
        )
    changed = False
    for finding, fix in fixes:
        print(f"{finding.text}\n    {fix.text}")
        if unasked or question.is_answered_yes("    Do it?"):
            changed |= _done(fix, found.subject.host)
    print()
    return changed


def _done(fix: Mending, host: Host) -> bool:
    try:
        told = mending.mend(fix, host)
    except UserError as error:
        print(f"    not done: {error.message}; {error.hint}")
        return False
    except OSError as error:
        print(f"    not done: {printable(str(error.filename))}: {error.strerror}")
        return False
    if told:
        print(f"    {told}")
    return True
