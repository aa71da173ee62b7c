"""CHANGELOG.md: the section of one release."""

from __future__ import annotations

import re
from typing import NamedTuple

REQUIRED = "Changed profiles"


class Section(NamedTuple):
    date: str
    text: str


def section(text: str, version: str) -> Section:
    """What a release changed. Raises ValueError where its section is missing or incomplete."""
    titles = list(re.finditer(r"^## \[([^\]]+)\](?: - (\S+))?$", text, re.M))
    if not titles or titles[0][1] != "Unreleased":
        raise ValueError("CHANGELOG.md: the first section is not [Unreleased]")
    for title, following in zip(titles, [*titles[1:], None]):
        if title[1] != version:
            continue
        if not title[2] or not re.fullmatch(r"\d{4}-\d\d-\d\d", title[2]):
            raise ValueError(f"CHANGELOG.md: [{version}] has no date: ## [{version}] - YYYY-MM-DD")
        end = following.start() if following else len(text)
        body = text[title.end() : end].strip()
        if not re.search(rf"^### {REQUIRED}\n\n\*", body, re.M):
            raise ValueError(
                f"CHANGELOG.md: [{version}] has no section *{REQUIRED}*; where nothing has changed, "
                "it says so"
            )
        return Section(title[2], body)
    raise ValueError(f"CHANGELOG.md: no section [{version}]")


def notes(text: str, version: str) -> str:
    """The notes of a release: its section, and how to see that a file is what was built."""
    return f"""{section(text, version).text}

### These files

`safehouse` is the program. `SHA256SUMS` has the checksums of all files, `safehouse-{version}.cdx.json` says
what is in the program. `gh attestation verify safehouse --repo` with the name of this repository shows that
the release workflow built it from this tag; docs/releasing.md says how to build the same bytes.
"""
