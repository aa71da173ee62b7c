"""The log of launches: what is written is read again, and what was changed or removed shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse import audit
from safehouse.audit import append, encoded, months, verify

ROOT = Path(__file__).resolve().parents[1]
NOVEMBER = 1795903529.1234  # 2026-11-28
DECEMBER = NOVEMBER + 5 * 86400


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "state" / "audit")


def write(log, *names, at=NOVEMBER):
    for name in names:
        append(log, {"command": name}, at)


def entries(log):
    return [json.loads(line) for path in months(log) for line in audit.lines(path)]


def flaws(log):
    return [(os.path.basename(flaw.file), flaw.line, flaw.what) for flaw in verify(log)[1]]


def change(log, how, name="2026-11.jsonl"):
    path = Path(log, name)
    path.write_bytes(b"".join(how(path.read_bytes().splitlines(keepends=True))))


def test_each_line_has_its_number_its_time_and_the_hash_of_the_one_before(log):
    write(log, "a", "b", "c")
    found = entries(log)
    assert [entry["n"] for entry in found] == [1, 2, 3]
    assert [entry["command"] for entry in found] == ["a", "b", "c"]
    assert found[0]["time"] == "2026-11-28T22:05:29.123Z" and found[0]["v"] == 1
    assert len({entry["prev"] for entry in found}) == 3
    assert verify(log) == (3, [])


def test_a_month_has_a_file_and_the_chain_goes_on(log):
    write(log, "a")
    write(log, "b", at=DECEMBER)
    assert [os.path.basename(path) for path in months(log)] == ["2026-11.jsonl", "2026-12.jsonl"]
    assert verify(log) == (2, [])


def test_nobody_else_can_read_it(log):
    write(log, "a")
    assert os.stat(log).st_mode & 0o777 == 0o700
    for name in os.listdir(log):
        assert os.stat(f"{log}/{name}").st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["2026-11.jsonl", "head"])
@pytest.mark.parametrize("what", ["link", "open to others", "directory", "pipe"])
def test_what_is_not_ours_alone_is_not_written(log, name, what, tmp_path):
    write(log, "a")
    path = Path(log, name)
    path.unlink()
    if what == "link":
        path.symlink_to(tmp_path / "target")
    elif what == "open to others":
        path.touch()
        path.chmod(0o640)
    elif what == "directory":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(OSError):
        write(log, "b")
    assert not (tmp_path / "target").exists()


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_every_value_is_json(value):
    def listed(value):
        if isinstance(value, tuple):
            return [listed(each) for each in value]
        return {k: listed(v) for k, v in value.items()} if isinstance(value, dict) else value

    text = encoded(value)
    assert json.loads(text) == listed(value)
    assert text.isascii() and "\n" not in text


def test_a_name_that_is_no_utf_8_survives(log):
    write(log, os.fsdecode(b"\xff\n"))
    assert os.fsencode(entries(log)[0]["command"]) == b"\xff\n"


# What was changed shows


def test_a_changed_line_shows(log):
    write(log, "a", "b", "c")
    change(log, lambda lines: [lines[0], lines[1].replace(b'"b"', b'"x"'), lines[2]])
    assert flaws(log) == [("2026-11.jsonl", 3, audit._CHANGED)]


def test_the_last_line_changed_shows(log):
    write(log, "a", "b")
    change(log, lambda lines: [lines[0], lines[1].replace(b'"b"', b'"x"')])
    assert flaws(log) == [("head", 0, "the last line is not the one that was written last")]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_line_removed_shows(log, which):
    write(log, "a", "b", "c", "d")
    change(log, lambda lines: [line for n, line in enumerate(lines) if n != which])
    assert flaws(log) == [("2026-11.jsonl", which + 1, "lines before it were removed: 1")]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_lines_removed_at_the_end_show(log, left):
    write(log, "a", "b", "c")
    change(log, lambda lines: lines[:left])
    assert flaws(log) == [("head", 0, f"lines at the end were removed: {3 - left}")]


def test_a_month_removed_shows(log):
    write(log, "a")
    write(log, "b", at=DECEMBER)
    Path(log, "2026-11.jsonl").unlink()
    assert flaws(log) == [("2026-12.jsonl", 1, "lines before it were removed: 1")]


def test_a_line_added_shows(log):
    write(log, "a", "b")
    change(log, lambda lines: [lines[0], lines[0].replace(b'"a"', b'"x"'), lines[1]])
    assert flaws(log)


def test_lines_exchanged_show(log):
    write(log, "a", "b", "c")
    change(log, lambda lines: [lines[1], lines[0], lines[2]])
    assert flaws(log)


def test_what_is_no_line_shows(log):
    write(log, "a", "b", "c")
    change(log, lambda lines: [lines[0], b"[]\n", lines[2]])
    assert ("2026-11.jsonl", 2, "is no line of the log, or was changed") in flaws(log)


def test_the_head_removed_shows(log):
    write(log, "a")
    Path(log, "head").unlink()
    assert [flaw[0] for flaw in flaws(log)] == ["head"]


def test_a_file_that_others_may_read_shows(log):
    write(log, "a")
    Path(log, "2026-11.jsonl").chmod(0o644)
    assert flaws(log) == [("2026-11.jsonl", 0, "others may read or write it")]


def test_nothing_written_is_nothing_wrong(log):
    assert verify(log) == (0, [])


def test_a_launch_that_was_killed_between_its_two_writes_breaks_nothing(log):
    write(log, "a", "b")
    head = Path(log, "head").read_bytes()
    write(log, "c")
    Path(log, "head").write_bytes(head)  # as it was before the last one
    assert verify(log) == (3, [])
    write(log, "d")
    assert verify(log) == (4, [])


def test_many_at_once_are_one_chain(log):
    threads = [threading.Thread(target=write, args=(log, *map(str, range(20)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify(log) == (160, [])


def test_it_imports_nothing_that_costs(log):
    """It is written on the way of a launch."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from safehouse import audit; "
        "audit.append(sys.argv[2], {'command': 'a'}, 1e9); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", program, str(ROOT), log],
        capture_output=True,
        text=True,
        check=True,
    )
    costly = {"os", "re", "json", "hashlib", "typing", "datetime", "enum", "subprocess", "pathlib"}
    assert not costly & set(done.stdout.split())
