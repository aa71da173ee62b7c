"""On a Mac it is tried, under the policy itself, whether what is closed can be opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safehouse.backends import probe, sandbox_exec
from safehouse.backends.seatbelt import Seatbelt
from safehouse.errors import REFUSED, UserError
from safehouse.launch import FULL, Enforcement, Launch, Proof

# In the place of sandbox-exec: what it "denies" it makes vanish, by a name that does not exist.
FAKE = """\
#!/bin/sh
printf '%s\\n' "$@" > {log}
shift 3
{body}
"""


@pytest.fixture
def enforcer(tmp_path):
    def make(body: str = 'exec "$@"') -> tuple[str, ...]:
        path = tmp_path / "sandbox-exec"
        path.write_text(FAKE.format(log=tmp_path / "argv", body=body))
        path.chmod(0o755)
        return (str(path), "-p", "(version 1)", "--")

    return make


def proof(*paths: object) -> Proof:
    return Proof(tuple(map(str, paths)), lambda: ())


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "a $(touch x) `touch y` \\n 'q' \"z\"" / ".env"
    path.parent.mkdir()
    path.write_text("KEY=1")
    return path


def test_what_cannot_be_opened_is_closed(enforcer, tmp_path):
    probe.refuse_open(enforcer(), proof(tmp_path / "missing", tmp_path / "no/such"))


def test_what_can_be_opened_stops_the_launch_whatever_its_name(enforcer, tmp_path, secret):
    with pytest.raises(UserError) as error:
        probe.refuse_open(enforcer(), proof(tmp_path / "missing", secret))
    assert "can be opened, so nothing was run" in error.value.message
    assert str(secret).split(" ", 1)[0] in error.value.message
    assert error.value.status == REFUSED
    assert {path.name for path in tmp_path.iterdir()} == {
        "sandbox-exec", "argv", secret.parent.name,
    }  # fmt: skip


def test_a_directory_is_tried_as_well(enforcer, secret):
    with pytest.raises(UserError, match="can be opened"):
        probe.refuse_open(enforcer(), proof(secret.parent))


def test_the_words_of_the_enforcer_are_those_of_the_launch_and_no_name_is_shown(
    enforcer, tmp_path, secret
):
    with pytest.raises(UserError):
        probe.refuse_open(enforcer(), proof(secret))
    argv = (tmp_path / "argv").read_text()
    assert argv.startswith("-p\n(version 1)\n--\n/bin/sh\n-c\n")
    assert ".env" not in argv


@pytest.mark.parametrize(
    "body",
    ["exit 71", "exit 0", "cat; exit 0", "echo closed 2", "echo closed 1; exit 1", "echo open 7",
     "echo open x", "kill -9 $$", "cat > /dev/null; echo closed"],
)  # fmt: skip
def test_a_try_that_does_not_come_to_its_end_stops_the_launch(enforcer, tmp_path, body):
    with pytest.raises(UserError, match="could not be tried"):
        probe.refuse_open(enforcer(body), proof(tmp_path / "missing"))


def test_one_that_cannot_start_or_hangs_does_too(enforcer, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="could not be tried"):
        probe.refuse_open((str(tmp_path / "none"),), proof("/x"))
    monkeypatch.setattr(probe, "_LONGEST", 0.2)
    with pytest.raises(UserError, match="could not be tried"):
        probe.refuse_open(enforcer("exec sleep 60"), proof("/x"))


def test_a_pipe_without_a_writer_does_not_hold_up_for_ever(enforcer, tmp_path, monkeypatch):
    os.mkfifo(tmp_path / ".env")
    monkeypatch.setattr(probe, "_LONGEST", 0.5)
    with pytest.raises(UserError, match="could not be tried"):
        probe.refuse_open(enforcer(), proof(tmp_path / ".env"))


def test_thousands_are_tried(enforcer, tmp_path, secret):
    missing = [tmp_path / f"missing{n}" for n in range(5000)]
    probe.refuse_open(enforcer(), proof(*missing))
    with pytest.raises(UserError, match="can be opened"):
        probe.refuse_open(enforcer(), proof(*missing, secret))


def launch(enforcer: tuple[str, ...], held: Proof | None) -> Launch:
    argv = ("sandbox-exec", *enforcer[1:], "/usr/bin/true", "--", "x")
    return Launch(enforcer[0], argv, (), Enforcement(FULL, "Seatbelt"), proof=held)


@pytest.fixture
def started(monkeypatch) -> list[Launch]:
    found: list[Launch] = []
    monkeypatch.setattr(sandbox_exec, "replace_process", lambda launch, keep: found.append(launch))
    return found


def test_a_launch_is_tried_before_anything_is_run(enforcer, secret, started):
    with pytest.raises(UserError, match="can be opened"):
        Seatbelt().start(launch(enforcer(), proof(secret)))
    assert started == []


@pytest.mark.parametrize("held", [None, Proof((), lambda: ())])
def test_without_secrets_nothing_is_tried(enforcer, tmp_path, started, held):
    with pytest.raises(AssertionError, match="returned"):
        Seatbelt().start(launch(enforcer(), held))
    assert len(started) == 1
    assert not Path(tmp_path, "argv").exists()


def test_a_launch_whose_secrets_are_closed_goes_on(enforcer, tmp_path, started):
    with pytest.raises(AssertionError, match="returned"):
        Seatbelt().start(launch(enforcer(), proof(tmp_path / "missing")))
    assert len(started) == 1
    assert (tmp_path / "argv").read_text().startswith("-p\n(version 1)\n--\n/bin/sh\n")
