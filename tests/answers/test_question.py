"""Words become operations, targets become real paths."""

from __future__ import annotations

import pytest

from safehouse.answers.question import operation_of, question
from safehouse.errors import UserError
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.words import QUESTIONS
from tests.fake_host import linux

W = "/home/me/src/project"
HOST = linux("src/project/x", "docs/y", links={"src/project/l": "../../docs/y", "d": "src/project"})


@pytest.mark.parametrize("word", QUESTIONS)
def test_a_word_is_an_operation(word):
    assert operation_of(word) in OPERATIONS


@pytest.mark.parametrize(
    "word, operation",
    [("file-read-data", "file-read-data"), ("process-exec", "process-exec*"), ("default", "default"),
     ("file-unlink", "file-write-unlink"), ("mach-lookup", "mach-lookup")],
)  # fmt: skip
def test_so_is_its_name_in_sbpl(word, operation):
    assert operation_of(word) == operation


@pytest.mark.parametrize("word, meant", [("raed", "read"), ("file-raed-data", "file-read-data")])
def test_the_nearest_word_is_named(word, meant):
    with pytest.raises(UserError, match=f"did you mean '{meant}'"):
        operation_of(word)


@pytest.mark.parametrize(
    "word, text, target, links",
    [
        ("read", "x", f"{W}/x", 0),
        ("read", "./a/../x", f"{W}/x", 0),
        ("read", "~/docs", "/home/me/docs", 0),
        ("read", "l", "/home/me/docs/y", 1),
        ("readlink", "l", f"{W}/l", 0),
        ("delete", "l", f"{W}/l", 0),
        ("delete", "~/d/l", f"{W}/l", 1),
        ("file-write-unlink", "~/d/l/", f"{W}/l", 1),
        ("delete", "..", "/home/me/src", 0),
        ("create", "new", f"{W}/new", 0),
        ("connect", "./s.sock", f"{W}/s.sock", 0),
        ("read", "/", "/", 0),
        ("delete", "/", "/", 0),
    ],
)
def test_a_path_is_made_real(word, text, target, links):
    found = question(word, text, HOST)
    assert (found.access.target, len(found.links)) == (target, links)
    assert found.path[:1] == "/"


@pytest.mark.parametrize(
    "word, text",
    [
        ("connect", "example.org:443"),
        ("listen", "localhost:80"),
        ("signal", "others"),
        ("mach-lookup", "a.b"),
    ],
)
def test_other_targets_are_taken_as_they_are(word, text):
    found = question(word, text, HOST)
    assert (found.access.target, found.path) == (text, "")


@pytest.mark.parametrize("text", ["", "~you/x", "a\nb"])
def test_what_is_no_path_is_refused(text):
    with pytest.raises(UserError):
        question("read", text, HOST)
