"""docs/allow-deny.md is what profiles.yaml says now, each thing once."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from safehouse.cli.rules import lines
from safehouse.sources.catalogue import records
from safehouse.sources.profile_file import load

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "allow-deny.md").read_text("utf-8")
_spec = importlib.util.spec_from_file_location(
    "write_allow_deny", ROOT / "tools/write_allow_deny.py"
)
assert _spec is not None and _spec.loader is not None
writer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(writer)


def test_the_file_is_what_the_generator_makes_now() -> None:
    assert writer.document() == TEXT, "make docs"


def test_it_says_that_it_is_generated() -> None:
    assert TEXT.startswith("<!-- Generated from profiles.yaml by tools/write_allow_deny.py.")


@pytest.mark.parametrize("name", records())
def test_every_rule_is_there(name: str) -> None:
    record = records()[name]
    section = TEXT.partition(f"\n### {name}\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    assert record[3] in section
    for line in lines(record):
        assert line.target.replace("|", "\\|") in section and line.reason in section


@pytest.mark.parametrize("name", records())
def test_no_row_is_there_twice_where_one_would_do(name: str) -> None:
    rows = writer.table(list(lines(records()[name])))
    for number, (what, macos, linux, why) in enumerate(rows):
        for other in rows[number + 1 :]:
            both = what == other[0] and why == other[3]
            apart = not (macos and other[1]) and not (linux and other[2])
            assert not (both and apart), (what, why)


def test_what_both_systems_say_apart_is_one_row() -> None:
    text = """\
profiles:
  a:
    layer: agent
    summary: s
    rules:
      - allow: read
        on: macos
        paths: {~/a/: why, ~/b/: macOS}
      - allow: read write
        on: linux
        paths: {~/a/: why}
      - deny: write
        paths: {~/a/x: never}
"""
    assert writer.table(list(lines(load(text, "f.yaml")["a"]))) == [
        ("`~/a/`", "read", "read, write", "why"),
        ("`~/b/`", "read", "", "macOS"),
        ("`~/a/x`", "**no** write", "**no** write", "never"),
    ]
