"""What killed launches leave: only what nobody holds any more."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from safehouse.backends import report, stubs, temporary
from safehouse.doctor import leftovers
from tests.doctor.machines import linux_facts

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="stubs and /proc are Linux's")


def found(person, **changes):
    return list(leftovers.findings(person.subject(), linux_facts(**changes)))


@pytest.fixture
def repository(person):
    subprocess.run(["git", "init", "-q", person.project], check=True)
    return person.project / ".git"


@LINUX
def test_where_nothing_was_killed_nothing_is_left(person, repository):
    assert found(person) == []


@LINUX
def test_a_stub_that_no_launch_holds_is_named(person, repository):
    launch = person.subject().here.launch
    held = stubs.make(launch.creations)
    assert held
    assert found(person) == []  # it is held
    for stub in held:
        os.close(stub.descriptor)
    findings = found(person)
    assert {f.text.partition(" ")[0] for f in findings} == {
        "~/src/project/.git/commondir",
        "~/src/project/.git/config.worktree",
    }
    assert {f.mend for f in findings} == {("safehouse -- true",)}
    assert "nothing" not in leftovers.summary(findings)
    assert leftovers.summary(()) == "nothing was left behind"


@LINUX
@pytest.mark.parametrize("umask", [0o777, 0o077, 0])
def test_a_stub_can_be_read_whatever_the_umask_is(person, repository, umask):
    launch = person.subject().here.launch
    before = os.umask(umask)
    try:
        held = stubs.make(launch.creations)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    paths = [stub.creation.path for stub in held]
    assert {os.stat(path).st_mode & 0o777 for path in paths} == {0o444}
    stubs.remove(held)
    assert not any(map(os.path.lexists, paths))


@LINUX
def test_a_file_of_the_persons_own_is_no_stub(person, repository):
    (repository / "config.worktree").write_text("[core]\n")
    assert found(person) == []


def test_directories_of_launches_on_a_mac_are_counted_while_nobody_holds_them(tmp_path):
    for name in ("held", "free"):
        (tmp_path / name).mkdir()
    descriptor = os.open(tmp_path / "held", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        assert temporary.abandoned(str(tmp_path)) == ["free"]
        assert sorted(os.listdir(tmp_path)) == ["free", "held"]
    finally:
        os.close(descriptor)
    assert temporary.abandoned(str(tmp_path / "none")) == []


def test_processes_that_wait_for_good_are_named_with_what_ends_them(person):
    (finding,) = found(person, asleep=(4711,))
    assert (finding.state, finding.mend) == ("warning", ("kill -9 4711",))


@LINUX
def test_a_process_with_the_words_of_ours_and_no_parent_is_known():
    words = ("--json-status-fd", "3", "--block-fd", "4", "--sync-fd", "5")
    # A shell stands in for bwrap, and its parent ends at once.
    script = (
        "import os, sys\n"
        "if os.fork(): os._exit(0)\n"
        "os.execv('/bin/sh', ['bwrap', '-c', 'echo $$; sleep 60', *sys.argv[1:]])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, *words],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as started:
        number = int(started.stdout.readline())
        try:
            started.wait()
            for _ in range(100):
                orphan = _parent(number) != started.pid
                if orphan:
                    break
                time.sleep(0.01)
            with open(f"/proc/{_parent(number)}/comm") as file:
                collects = _parent(number) == 1 or file.read().startswith(("systemd", "init"))
            assert orphan
            assert (number in report.asleep(os.getuid())) == collects
            assert number not in report.asleep(os.getuid() + 1)
        finally:
            os.killpg(os.getpgid(number), signal.SIGKILL)


def _parent(number):
    with open(f"/proc/{number}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])
