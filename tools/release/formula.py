"""The formula for Homebrew: formula.rb, filled in for one release."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tools.release.project import Project

TEMPLATE = Path(__file__).with_name("formula.rb")
# One that Homebrew has and the single file has byte code for (build_zipapp.VERSIONS).
PYTHON = "3.13"


class Filled(NamedTuple):
    version: str
    sha256: str


def rendered(project: Project, filled: Filled) -> str:
    """The formula of a release of which the single file has this checksum."""
    values = {
        "DESCRIPTION": project.description,
        "ADDRESS": project.address,
        "LICENSE": project.license,
        "VERSION": filled.version,
        "SHA256": filled.sha256,
        "PYTHON": PYTHON,
        "PATTERN": f"{PYTHON[:-1]}[{PYTHON[-1]}]",
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    return re.sub("@([A-Z0-9]+)@", lambda found: values[found[1]], text)


def said(formula: str) -> Filled:
    """The version and the checksum that a formula has."""
    version = re.search(r"/releases/download/v([^/]+)/", formula)
    checksum = re.search(r'^  sha256 "([0-9a-f]{64})"$', formula, re.M)
    if not version or not checksum:
        raise ValueError("no version or no checksum in the formula")
    return Filled(version[1], checksum[1])
