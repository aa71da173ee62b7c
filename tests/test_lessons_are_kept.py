"""Each lesson of docs/facts/lessons.md is a test that names it, or there is a reason why not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent
LESSONS = TESTS.parent / "docs" / "facts" / "lessons.md"
NAMED = re.compile(r"\b([RU][1-9][0-9]?[a-z]?)\b")
# Whatever is in here has no test that names it.
REASONS = {
    "U10": "nothing here is generated for a web page; tests/test_allow_deny.py holds what is generated",
}


def lessons() -> set[str]:
    """The names that begin a lesson: at the start of a line or of a sentence."""
    text = LESSONS.read_text("utf-8").partition("\n## ")[2]
    starts = r"(?:^- |[.;)] |^  |; test nested launch gets nothing. )\**([RU][0-9]+[a-z]?)\b"
    return set(re.findall(starts, text, re.MULTILINE))


def named() -> Iterator[tuple[str, str]]:
    """The lessons that docstrings of tests name, with the test."""
    for path in sorted(TESTS.rglob("test_*.py")):
        if path != Path(__file__).resolve():
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    for name in NAMED.findall(ast.get_docstring(node) or ""):
                        yield name, f"{path.name}::{node.name}"


def test_all_of_them_are_found() -> None:
    """What is not found in the document cannot be missed in the tests."""
    found = lessons()
    assert {f"R{number}" for number in range(1, 77)} <= found
    assert {f"U{number}" for number in range(1, 11)} <= found
    assert {"R19b", "R19c"} <= found


def test_each_is_a_test_or_has_a_reason() -> None:
    tested = {name for name, _ in named()}
    assert sorted(lessons() - tested - set(REASONS)) == []


def test_a_reason_is_for_what_has_no_test() -> None:
    assert not set(REASONS) & {name for name, _ in named()}
    assert set(REASONS) <= lessons()


def test_no_test_names_what_there_is_not() -> None:
    known = lessons()
    assert [(name, test) for name, test in named() if name not in known] == []
