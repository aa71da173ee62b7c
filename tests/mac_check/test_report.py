"""The report says all that was found, and nothing of the person."""

from __future__ import annotations

import json
import os
import pwd
import socket

import pytest

from tests.mac_check.conftest import ROOT
from tools.mac_check import logs
from tools.mac_check.finding import (
    AS_BELIEVED,
    FOUND,
    HIGH,
    LOW,
    OTHERWISE,
    UNCLEAR,
    VERDICTS,
    Finding,
)
from tools.mac_check.privacy import Anonymiser, of_this_machine
from tools.mac_check.report import Group, Report, address, as_json, as_markdown, summary

HIDE = Anonymiser(
    [("/Users/ann", "~"), ("/Users/ann/safehouse-check.x", "SCRATCH"), ("/", "never")],
    [("ann", "USER"), ("anns-mac", "HOST"), ("a", "never")],
)
EACH = {
    AS_BELIEVED: Finding("seatbelt.md 1.1", HIGH, "a | b", AS_BELIEVED),
    OTHERWISE: Finding("x", LOW, "c", OTHERWISE, "it said\nno", ("rules: (deny)", "a ``` b")),
    UNCLEAR: Finding("x", HIGH, "d", UNCLEAR, "/Users/ann/safehouse-check.x/t broke"),
    FOUND: Finding("x", HIGH, "e", FOUND, "ann@anns-mac in /Users/ann"),
}
REPORT = Report({"macOS": "15.0 of Ann"}, (Group("All", tuple(EACH.values())),), 61, "2 passed")


@pytest.mark.parametrize(
    "text, shown",
    [
        ("/Users/ann/src", "~/src"),
        ("/Users/ann/safehouse-check.x/h/.ssh", "SCRATCH/h/.ssh"),
        ("ann anns Hannah ann_1", "USER anns Hannah USER_1"),
        ("-Users-ann-src", "-Users-USER-src"),
        ("ANNS-MAC.local", "HOST.local"),
        ("/private/var/folders/ab/cd_ef0/T/x", "/private/var/folders/../.../T/x"),
        ("a", "a"),
    ],
)
def test_names_of_the_person_are_hidden(text, shown):
    assert HIDE.text(text) == shown


def test_they_are_hidden_at_any_depth():
    assert HIDE.value({"/Users/ann": ["ann", {"x": ("ann", 1, None)}]}) == {
        "~": ["USER", {"x": ["USER", 1, None]}]
    }


def test_this_machine_s_names_are_hidden(tmp_path):
    hide = of_this_machine(str(tmp_path), f"{tmp_path}/x", "/some/checkout")
    person = pwd.getpwuid(os.getuid())
    assert hide.text(f"{tmp_path}/x/a {tmp_path}/b /some/checkout") == "SCRATCH/a ~/b CHECKOUT"
    assert person.pw_dir + "/" not in hide.text(f"{person.pw_dir}/a")
    if len(person.pw_name) > 1:
        assert hide.text(person.pw_name) == "USER"
    assert hide.text(socket.gethostname()) in ("HOST", "USER")


def test_what_is_not_as_believed_comes_first_with_what_was_done():
    text = as_markdown(REPORT, HIDE)
    wrong, _, rest = text.partition("## Could not be told")
    assert "* c (x, low; All)\n  it said no\n" in wrong
    assert "````text\n  rules: (deny)\n  a ``` b\n  ````" in wrong
    assert "* d (x, high; All)\n  SCRATCH/t broke" in rest
    assert "* e (x, high; All)\n  USER@HOST in ~" in rest
    assert "| a \\| b | seatbelt.md 1.1 | high | **as believed** |" in rest
    assert "2 passed" in rest
    assert "| macOS | 15.0 of USER |" in text


def test_without_anything_wrong_it_says_so():
    text = as_markdown(Report({}, (), 1), HIDE)
    assert text.count("Nothing.") == 3


def test_the_summary_counts_every_verdict():
    assert set(EACH) == set(VERDICTS)
    assert summary(REPORT) == "1 as believed, 1 found, 1 could not tell, 1 otherwise"


def test_programs_get_the_same():
    document = json.loads(as_json(REPORT, HIDE))
    assert document["format"] == 1
    assert document["summary"] == dict.fromkeys(VERDICTS, 1)
    found = document["groups"][0]["findings"]
    assert [each["verdict"] for each in found] == list(EACH)
    assert found[1]["evidence"] == ["rules: (deny)", "a ``` b"]
    assert "/Users/ann" not in as_json(REPORT, HIDE)


def test_the_address_is_that_of_the_project(tmp_path):
    text = (ROOT / "pyproject.toml").read_text()
    assert address(str(ROOT)).removesuffix("/issues") in text
    (tmp_path / "pyproject.toml").write_text(
        '[project.urls]\nHomepage = "x"\nRepository = "https://example.com/y"\n[tool]\n'
    )
    assert address(str(tmp_path)) == "https://example.com/y/issues"


def event(message: str, **more: object) -> str:
    return json.dumps({"eventMessage": message, "processID": 0, **more})


def test_of_the_log_only_lines_of_our_own_programs_are_kept():
    text = "\n".join(
        [
            "Filtering the log data using ...",
            event("Sandbox: python3(4711) deny(1) file-read-data /x", bootUUID="B", traceID=1),
            event("Sandbox: mail(47110) deny(1) file-read-data /private"),
            event("Sandbox: mail(14711) deny(1) file-read-data /private"),
            "[]",
            '"(4711)"',
            "{broken (4711)",
        ]
    )
    (line,) = logs.lines(text, 4711)
    assert json.loads(line) == {
        "eventMessage": "Sandbox: python3(4711) deny(1) file-read-data /x",
        "processID": 0,
    }


def test_a_log_without_our_lines_could_not_be_told():
    assert logs._finding("log show", "x", 1, event("(2)"), "Must be admin").verdict == UNCLEAR
    found = logs._finding("log show", "x", 2, event("Sandbox: a(2) deny(1) b"), "")
    assert (found.verdict, len(found.evidence)) == (FOUND, 1)
