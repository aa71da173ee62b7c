"""macOS' log of what its sandbox refused: read as many versions wrote it, and only ours is believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safehouse.backends.base import Observed
from safehouse.backends.log_stream import LogStream
from safehouse.backends.sandbox_log import parsed, refusals, tag, tagged
from safehouse.errors import UserError
from safehouse.policy.rule import DENY, Rule
from safehouse.request import Request
from safehouse.sandbox import backend_for
from safehouse.sbpl.render import render
from safehouse.value import replace
from tests.fake_host import mac, planned

PUBLIC = json.loads((Path(__file__).parents[1] / "data/sandbox_log.json").read_text())
TAG = tag("0a1b2c3d")


@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry["macos"])
def test_lines_of_public_reports(entry):
    found = parsed(entry["line"])
    if entry["refusal"] is None:
        assert found is None, "it is of the system's own policy"
    else:
        operation, target, program, count = entry["refusal"]
        assert found == (Observed(operation, target, program, count), "")


SAID = {
    "a name with parentheses": (
        "Sandbox: com.example (helper)(99) deny(1) signal",
        Observed("signal", "", "com.example (helper)"),
    ),
    "a target that looks like a report": (
        "Sandbox: sh(5) deny(1) file-write-data /tmp/a) deny(1) b",
        Observed("file-write-data", "/tmp/a) deny(1) b", "sh"),
    ),
    "a service of a process": (
        "Sandbox: Raster(7) deny(1) mach-lookup com.apple.axserver (per-pid)",
        Observed("mach-lookup", "com.apple.axserver", "Raster"),
    ),
    "a remote address": (
        "Sandbox: curl(9859) deny(1) network-outbound remote:*:80",
        Observed("network-outbound", "*:80", "curl"),
    ),
    "nothing to name": (
        "Sandbox: ps(1) deny(1) forbidden-exec-sugid",
        Observed("forbidden-exec-sugid", "", "ps"),
    ),
    "several": (
        "3 duplicate reports for Sandbox: Python(86295) deny(1) file-write-create /tmp/ro/x",
        Observed("file-write-create", "/tmp/ro/x", "Python", 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("message, expected", SAID.values(), ids=SAID)
def test_all_parts_of_a_message(message, expected):
    assert parsed(message) == (expected, "")
    assert parsed(f"{message}\n{TAG}") == (expected, TAG)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Sandbox: sh(5) allow file-read-data /x",
        "sandboxd: sh(5) deny(1) file-read-data /x",
        "Sandbox: ",
    ],
)
def test_anything_else_is_no_refusal(message):
    assert parsed(message) is None


def line(message, **fields):
    event = {
        "processID": 0,
        "senderImagePath": "/System/Library/Extensions/Sandbox.kext/Contents/MacOS/Sandbox",
        "eventMessage": message,
        **fields,
    }
    return json.dumps(event)


def test_only_what_the_kernel_says_of_this_launch_counts_and_repeated_ones_are_added_up():
    said = "Sandbox: cat(11) deny(1) file-read-data /tmp/x"
    lines = [
        'Filtering the log data using "sender == \\"Sandbox\\""',
        line(f"{said}\n{TAG}"),
        line(f"2 duplicate reports for {said}\n{TAG}"),
        line(said),
        line(f"{said}\n{tag('ffffffff')}"),
        line(f"{said}\n{TAG}", processID=4711),
        line(f"{said}\n{TAG}", senderImagePath="/usr/bin/logger"),
        line(f"Sandbox: cat(11) deny(1) file-read-data /tmp/y\n{TAG}"),
        line(f"Sandbox: cat(11) deny(1) file-read-data /tmp/z\n{TAG}"),
        "{broken", "{}", "[]", '{"eventMessage": 1, "processID": 0}', '{"count":2,"finished":1}', "",
    ]  # fmt: skip
    kept, more = refusals(lines, TAG, most=2)
    assert kept == (
        Observed("file-read-data", "/tmp/x", "cat", 3), Observed("file-read-data", "/tmp/y", "cat"),
    )  # fmt: skip
    assert more == 1


def test_every_denial_of_a_recorded_policy_bears_the_tag_and_nothing_else_changes():
    plan = planned(mac(".aws/credentials"), Request())
    policy = tagged(plan.policy, TAG)
    denials = [r for r in policy.rules if isinstance(r, Rule) and r.action == DENY]
    assert denials and all(rule.message for rule in denials)
    text = render(policy)
    assert f'(deny default (with message "{TAG}"))' in text
    assert text.replace(f' (with message "{TAG}")', "") == render(plan.policy)


def test_a_backend_that_records_renders_the_tag_and_a_policy_to_look_at_has_none():
    host = replace(mac(), foreign=True)
    plan = planned(host, Request())
    backend = backend_for(host)
    recorder = backend.record(plan.policy, host, "0a1b2c3d")
    launch = backend.prepare(plan.policy, host, ("/bin/ls",))
    assert recorder.tag == TAG and any(TAG in str(word) for word in launch.argv)
    assert TAG not in backend.render(plan.policy, host)


STREAM = """#!/bin/sh
echo "Filtering the log data using $*" >&2
echo '%s'
trap 'echo "{\\"count\\":1,\\"finished\\":1}"; exit 0' TERM
while :; do sleep 0.05; done
"""


def program(tmp_path, text):
    file = tmp_path / "log"
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


def test_the_log_is_read_while_the_command_runs(tmp_path):
    said = line(f"Sandbox: cat(11) deny(1) file-read-data /tmp/x\n{TAG}").replace("\\", "\\\\")
    stream = LogStream("0a1b2c3d", program(tmp_path, STREAM % said))
    stream.begin()
    stream.end()
    found = stream.observed()
    assert found.flaw == "" and [each.target for each in found.kept] == ["/tmp/x"]


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nexit 1\n", None], ids=["it ends at once", "it is missing"]
)
def test_a_log_that_cannot_be_read_is_an_error(tmp_path, text):
    path = program(tmp_path, text) if text else str(tmp_path / "none")
    with pytest.raises(UserError, match="denials cannot be recorded here"):
        LogStream("0a1b2c3d", path).begin()
