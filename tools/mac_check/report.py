"""The report: one file for reading, and one with the same for programs."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from safehouse.value import Value
from tools.mac_check.finding import FOUND, OTHERWISE, UNCLEAR, VERDICTS, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tools.mac_check.privacy import Anonymiser

FORMAT = 1
_HEADINGS = {
    OTHERWISE: "Not as Safehouse believes",
    UNCLEAR: "Could not be told",
    FOUND: "Questions, and what came out",
}
_INTRODUCTION = """\
What a real Mac answered to `make mac-check`. Read it before you send it: it has facts about this machine
and its macOS, what was tried, and what came of it. It has no content of any file of yours. Your home is `~`,
your name USER, this computer HOST, the directory that the check worked in SCRATCH, the one of
Safehouse CHECKOUT.
"""


class Group(Value):
    """Findings of one kind."""

    title: str
    findings: tuple[Finding, ...]


class Report(Value):
    facts: dict[str, str]
    groups: tuple[Group, ...]
    seconds: int
    tests: str = ""


def address(checkout: str) -> str:
    """Where reports go: the one place that has the project's address is [project.urls]."""
    text = Path(checkout, "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("[project.urls]")[2].partition("\n[")[0]
    found = re.search(r'^Repository *= *"([^"]+)"', section, re.MULTILINE)
    return f"{found[1]}/issues" if found else "the project, where you found it"


def counted(report: Report) -> Counter[str]:
    return Counter(each.verdict for group in report.groups for each in group.findings)


def summary(report: Report) -> str:
    count = counted(report)
    return ", ".join(f"{count[verdict]} {verdict}" for verdict in reversed(VERDICTS))


def as_json(report: Report, hide: Anonymiser) -> str:
    document = {
        "format": FORMAT,
        "facts": report.facts,
        "seconds": report.seconds,
        "summary": dict(counted(report)),
        "groups": [
            {
                "title": group.title,
                "findings": [
                    {name: getattr(each, name) for name in each._names} for each in group.findings
                ],
            }
            for group in report.groups
        ],
        "tests": report.tests,
    }
    return json.dumps(hide.value(document), indent=1, ensure_ascii=False) + "\n"


def as_markdown(report: Report, hide: Anonymiser) -> str:
    lines = ["# Safehouse on a Mac", "", _INTRODUCTION]
    lines += [f"{summary(report)}; {report.seconds} seconds.", "", "## The machine", ""]
    lines += ["| what | value |", "| --- | --- |"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in report.facts.items()]
    for verdict, heading in _HEADINGS.items():
        lines += ["", f"## {heading}", ""]
        found = [
            (group.title, each)
            for group in report.groups
            for each in group.findings
            if each.verdict == verdict
        ]
        lines += [line for title, each in found for line in _told(title, each)] or ["Nothing."]
    lines += ["", "## All that was tried", ""]
    for group in report.groups:
        lines += [f"### {group.title}", "", "| what | grounds | sure | answer |"]
        lines += ["| --- | --- | --- | --- |"]
        for each in group.findings:
            cells = (_cell(each.belief), each.reference, each.confidence, f"**{each.verdict}**")
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if report.tests:
        lines += ["## The confinement tests", "", *_block(report.tests.splitlines())]
    return hide.text("\n".join(lines).rstrip() + "\n")


def _told(title: str, each: Finding) -> list[str]:
    lines = [f"* {_line(each.belief)} ({each.reference}, {each.confidence}; {title})"]
    if each.detail:
        lines.append(f"  {_line(each.detail)}")
    if each.evidence:
        lines += ["", *(f"  {line}" for line in _block(list(each.evidence))), ""]
    return lines


def _block(lines: list[str]) -> list[str]:
    fence = "```"
    while any(fence in line for line in lines):
        fence += "`"
    return [f"{fence}text", *(part for line in lines for part in line.splitlines()), fence]


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")
