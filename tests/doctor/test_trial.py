"""A launch that is tried: its end, its refusal, and that one that hangs is not waited for for ever."""

from __future__ import annotations

import os
import signal
import time
from types import SimpleNamespace

import pytest

from safehouse.doctor import trial
from safehouse.doctor.trial import Said, Trial
from safehouse.errors import UserError


@pytest.fixture
def launched(monkeypatch, person):
    """Tries, with something else in the place of the launch itself."""

    def tried(run):
        backend = SimpleNamespace(start=lambda launch: run())
        monkeypatch.setattr(trial.sandbox, "backend_for", lambda host: backend)
        monkeypatch.setattr(trial.sandbox, "make_launch", lambda plan, backend: None)
        return trial.tried(person.host())

    return tried


def test_the_status_of_the_program_is_that_of_the_trial(launched):
    assert launched(lambda: 0).status == 0
    assert launched(lambda: 7)[:3] == Trial(7)[:3]
    assert launched(lambda: os.kill(os.getpid(), signal.SIGKILL)).status == 128 + signal.SIGKILL


def test_a_refusal_is_told_as_the_launch_words_it(launched):
    def run():
        raise UserError("what is wrong\nin two lines", "what to do", 125)

    assert launched(run)[:3] == (125, "what is wrong\nin two lines", "what to do")


def test_an_error_of_the_system_is_told(launched):
    def run():
        raise PermissionError(13, "Permission denied", "/x")

    assert launched(run)[:2] == (125, "/x: Permission denied")


def test_a_launch_that_hangs_is_ended_with_all_that_it_started(launched, monkeypatch, tmp_path):
    monkeypatch.setattr(trial, "_SECONDS", 0.3)
    number = tmp_path / "number"

    def run():
        child = os.fork()
        if child:
            number.write_text(str(child))
        time.sleep(60)

    assert "did not end" in launched(run).message
    assert _ends(int(number.read_text()))


def _ends(process):
    """Whether a process ends soon; it may stay as one that nobody has waited for."""
    for _ in range(200):
        try:
            with open(f"/proc/{process}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_it_has_no_terminal_and_prints_nothing(launched, capfd):
    def run():
        os.write(1, b"out")
        os.write(2, b"err")
        assert not os.isatty(0)
        assert os.getsid(0) == os.getpid()
        return 0

    assert launched(run).status == 0
    assert capfd.readouterr() == ("", "")


def test_programs_are_asked_with_next_to_no_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    said = trial.answer(("/usr/bin/env",))
    assert said.status == 0
    assert "SECRET" not in said.text


def test_a_program_that_is_not_there_or_says_too_much_or_hangs(monkeypatch):
    assert trial.answer(("/nowhere/program",)) == Said(127, "No such file or directory")
    assert len(trial.answer(("/usr/bin/env", "printf", "%09999d", "1")).text) == 4096
    assert trial.answer(("/usr/bin/env", "printf", "\\033[31m\\n\\007")).text == "\\x1b[31m\n\\x07"
    monkeypatch.setattr(trial, "_SECONDS", 0.2)
    assert trial.answer(("/bin/sh", "-c", "sleep 60")).status == 127


def test_the_policy_of_an_agent_is_given_to_the_enforcer(person, monkeypatch):
    seen = {}

    def answer(argv, environment=None):
        seen.update(argv=argv, environment=environment)
        return Said(0, "")

    monkeypatch.setattr(trial, "answer", answer)
    assert trial.of_policy("codex", person.host()) == Said(0, "")
    assert seen["argv"][-1] == trial.nothing()
    person.write(".config/safehouse/config.yaml", "enabel: []\n")
    assert trial.of_policy("codex", person.host()).status == 125
