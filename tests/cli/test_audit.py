"""`safehouse audit`: how launches are shown, from when on, and whether the log is whole."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

from safehouse import audit
from safehouse.cli import main as entry
from safehouse.cli.audit import duration, moment
from safehouse.errors import REFUSED, UserError

START = {
    "event": "start", "launch": "aaaaaaaa", "command": "claude", "workdir": "/srv/app",
    "agent": "claude", "profiles": ("claude",), "grants": {}, "network": "open",
    "policy": "0" * 32, "enforcement": "full", "by": "bubblewrap", "version": "1",
}  # fmt: skip
NOW = datetime(2026, 11, 29, 12, 30, tzinfo=timezone.utc)
THEN = NOW.timestamp()


@pytest.fixture(autouse=True)
def home(in_home, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield in_home("docs", at="src/app")
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def write(home):
    def write(at=THEN, **said):
        audit.append(str(home / ".local/state/safehouse/audit"), {**START, **said}, at)

    return write


@pytest.fixture
def run(capsys):
    def run(*words):
        status = entry.main(["audit", *words])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


def ended(write, launch="aaaaaaaa", at=THEN, **said):
    write(at, event="end", launch=launch, **{"seconds": 75.04, "status": 0, **said})


def test_nothing_says_so(run):
    assert run() == (0, ["no launch is in the log yet"], "")
    assert run("--since=7d") == (0, ["no launch is in the log since 7d"], "")
    assert run("verify") == (0, ["the log is empty"], "")
    assert json.loads("\n".join(run("--json")[1])) == {"version": 1, "launches": []}


def test_a_line_a_launch_the_newest_last(write, run, home):
    write(workdir=str(home / "src/app"))
    write(THEN + 60, launch="bbbbbbbb", command="codex", workdir="")
    ended(write)
    assert run()[1] == [
        "when              launch    command  directory  took   status  with",
        "2026-11-29 12:30  aaaaaaaa  claude   ~/src/app  1 min  0",
        "2026-11-29 12:31  bbbbbbbb  codex    none       -      -",
    ]


def test_what_a_launch_had_beyond_others_is_told(write, run, home):
    grants = {"command line": (f"read {home}/docs", "enable ssh"), "options": ("env-all",)}
    write(grants=grants, enforcement="partial", arguments=("--resume", "a b"))
    (_, line) = run()[1]
    assert "claude --resume a b" in line
    assert line.endswith(
        "enforced in part; read ~/docs, enable ssh (command line); env-all (options)"
    )


def test_names_cannot_write_to_the_terminal(write, run):
    write(command="a\x1b[31mb", workdir="/x\ny", grants={"f\x07": ("read /z\x1b[0m",)})
    assert not any(c < " " for line in run()[1] for c in line)


def test_programs_get_all_of_it(write, run):
    write(arguments=("x",), grants={"command line": ("read /docs",)})
    ended(write, status=137)
    (found,) = json.loads("\n".join(run("--json")[1]))["launches"]
    assert (found["seconds"], found["status"], found["arguments"]) == (75.04, 137, ["x"])
    assert found["grants"] == {"command line": ["read /docs"]}
    assert found["time"] == "2026-11-29T12:30:00.000Z"
    assert not {"v", "n", "prev", "event"} & set(found)


def test_since_leaves_out_what_was_before(write, run):
    for days in (40, 3, 0):
        write(time.time() - days * 86400, launch=f"{days:08}")
    assert [line.split()[2] for line in run("--since=7d")[1][1:]] == ["00000003", "00000000"]
    assert [line.split()[2] for line in run("--since=1h")[1][1:]] == ["00000000"]
    assert len(run()[1]) == 4


MOMENTS = {
    "90m": NOW - timedelta(minutes=90), "12h": NOW - timedelta(hours=12), " 7D ": NOW - timedelta(7),
    "2w": NOW - timedelta(14), "today": NOW.replace(hour=0, minute=0),
    "yesterday": NOW.replace(day=28, hour=0, minute=0),
    "2026-11-02": datetime(2026, 11, 2, tzinfo=timezone.utc),
    "2026-11-02T09:30": datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc),
    "2026-11-02T09:30:00+02:00": datetime(2026, 11, 2, 7, 30, tzinfo=timezone.utc),
    "2026-11-02T09:30Z": datetime(2026, 11, 2, 9, 30, tzinfo=timezone.utc),
}  # fmt: skip


@pytest.mark.parametrize("text", MOMENTS)
def test_a_time_is_understood(text):
    assert moment(text, NOW) == MOMENTS[text]


@pytest.mark.parametrize("text", ["soon", "7", "-7d", "7y", "2026-13-01", "999999w", "٣x"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UserError, match="is no time"):
        moment(text, NOW)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.04, "0.0 s"),
        (59.4, "59.4 s"),
        (75, "1 min"),
        (3599, "1 h 00 min"),
        (90000, "25 h 00 min"),
    ],
)
def test_a_length_of_time_in_words(seconds, text):
    assert duration(seconds) == text


def test_a_line_that_was_changed_is_told_and_the_others_are_shown(write, run, home):
    write()
    write(launch="bbbbbbbb")
    write(launch="cccccccc")
    (file,) = (home / ".local/state/safehouse/audit").glob("*.jsonl")
    lines = file.read_text().splitlines()
    for broken in ("no line", '{"event": "start"}', "[]", lines[1].replace('"claude"', "7")):
        file.write_text("\n".join([lines[0], broken, lines[2], ""]))
        status, out, err = run()
        assert status == 0 and len(out) == 3
        assert err.startswith("safehouse: lines that cannot be read: 1; safehouse audit verify")
        status, out, _ = run("verify")
        assert status == 1 and out[0].startswith(f"~/.local/state/safehouse/audit/{file.name}:")
        document = json.loads("\n".join(run("verify", "--json")[1]))
        assert document["flaws"][0]["line"] in (2, 3)


def test_a_whole_log_is_told(write, run):
    write()
    assert run("verify") == (0, ["1 line, each as it was written"], "")
    document = json.loads("\n".join(run("verify", "--json")[1]))
    assert document == {"version": 1, "lines": 1, "flaws": []}


@pytest.mark.parametrize(
    "words, message",
    [
        (("verfy",), "there is no 'verfy', did you mean 'verify'?"),
        (("verify", "x"), "unexpected 'x'"),
        (("verify", "--since=7d"), "--since is for the list"),
        (("--since=soon",), "is no time"),
        (("--since=",), "--since= is empty"),
    ],
)
def test_what_is_wrong_is_said(run, words, message):
    status, out, err = run(*words)
    assert (status, out) == (REFUSED, [])
    assert message in err


def test_a_long_line_goes_on_below_in_a_terminal(write, run, monkeypatch):
    monkeypatch.setattr("safehouse.cli.audit.width", lambda: 80)
    write(grants={"command line": ("read /a/very/long/path", "enable ssh")})
    assert run()[1][2] == "    read /a/very/long/path, enable ssh (command line)"
