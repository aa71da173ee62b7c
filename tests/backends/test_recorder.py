"""What records a launch is never waited for without a limit, and remembers no more than it may."""

from __future__ import annotations

import os
import signal
import time

import pytest

from safehouse.backends import hearing, parent, recorder
from safehouse.backends.hearing import Hearing
from safehouse.backends.pulse import Pulse
from tests.confinement import user

pytestmark = user.linux_only("it is bubblewrap's")


def forked(body):
    process = os.fork()
    if process:
        return process
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        body()
    finally:
        os._exit(0)


def test_a_recorder_that_does_not_come_back_ends_the_launch(monkeypatch):
    monkeypatch.setattr(recorder, "_LONGEST_CALL", 0.2)
    subject = recorder.Recorder.__new__(recorder.Recorder)
    subject._pulse, subject._is_stuck, subject._found = Pulse(), False, None
    subject._report, report = os.pipe()
    subject._control = os.dup(report)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    try:

        def hang():
            subject._pulse.begin()
            time.sleep(60)

        launch = forked(lambda: time.sleep(60))
        subject._process = forked(hang)
        wait = subject.waiting(lambda: os.kill(launch, signal.SIGKILL))
        begun = time.monotonic()
        while os.waitid(os.P_PID, launch, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            assert wait({signal.SIGCHLD})[0] == signal.SIGCHLD
        assert os.waitpid(launch, 0)[1] == signal.SIGKILL
        subject.end()
        assert time.monotonic() - begun < 5
        assert "took more than" in subject.observed().flaw
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(report)


def test_a_pulse_tells_how_long_something_takes():
    pulse = Pulse()
    assert pulse.seconds() == 0
    os.waitpid(forked(pulse.begin), 0)
    time.sleep(0.01)
    assert 0.01 <= pulse.seconds() < 5
    pulse.end()
    assert pulse.seconds() == 0


def test_what_records_is_killed_with_its_parent():
    reading, writing = os.pipe()

    def between():
        ours = os.getpid()
        os.close(reading)

        def record():
            parent.killed_with(ours)
            os.write(writing, b"x")
            time.sleep(60)

        forked(record)
        os.close(writing)
        time.sleep(60)

    middle = forked(between)
    os.close(writing)
    assert os.read(reading, 1) == b"x"
    os.kill(middle, signal.SIGKILL)
    os.waitpid(middle, 0)
    begun = time.monotonic()
    assert os.read(reading, 1) == b""
    assert time.monotonic() - begun < 5
    os.close(reading)


@pytest.mark.parametrize(
    "path, plain",
    [
        ("/etc/m", "/etc/m"), ("//etc///m", "/etc/m"), ("/etc/m/", "/etc/m/"),
        ("/etc/m" + "/" * 9, "/etc/m/"), ("/etc/./m/.", "/etc/m/"), ("/", "/"), ("//", "/"),
        ("/a/../b", "/a/../b"),
    ],
)  # fmt: skip
def test_one_thing_has_one_name(path, plain):
    assert hearing._plainly(path) == plain


class Refusing:
    """Whatever is tried is refused."""

    def tried(self, word, path):
        return word, path

    def is_refused(self, word, path, real, follow):
        return True


def test_what_is_remembered_does_not_grow_and_is_not_sorted_out_each_time(monkeypatch):
    monkeypatch.setattr(hearing, "_MOST_KNOWN", 100)
    heard = Hearing(None, Refusing(), Pulse())
    sizes = []
    for number in range(1000):
        heard._consider(("read", f"/etc/{number % 10}" + "/" * number), "read", True, "x")
        heard._known[("read", f"/{number}")] = ("read", "/")  # another name of what is kept
        sizes.append(len(heard._known))
    assert max(sizes) <= 102
    assert sum(size < 10 for size in sizes) > 5
