"""A sandbox that is not what was planned, or that nobody has looked at, runs nothing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from safehouse.backends import verify
from safehouse.backends.mounts import READ_WRITE, Mount, Mounts
from tests.confinement import user

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.confinement

START = """
import os, signal, sys
from safehouse.backends import bubblewrap, verify
from safehouse.backends.bubblewrap import MARK, Bubblewrap
from safehouse.backends.mount import Mount, Mounts
from safehouse.errors import UserError
from safehouse.launch import Enforcement, Launch, Words

place = sys.argv[1]
real = verify.deviation
def parent_of(process):
    with open(f"/proc/{process}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])
def first_is(process):
    with open(place + "/first", "w") as file:
        file.write(str(process))
{DEVIATION}
verify.deviation = deviation
options = ["--unshare-user", "--unshare-pid", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
for name in os.listdir("/"):
    if os.path.islink("/" + name):
        options += ["--symlink", os.readlink("/" + name), "/" + name]
options += ["--ro-bind", "/usr", "/usr", "--bind", place, place, "--symlink", "safehouse", MARK]
options += ["--remount-ro", "/", "--chdir", place]
command = ("/usr/bin/env", "touch", "ran")
argv = ("bwrap", "--args", Words(tuple(options)), "--", *command)
backend = Bubblewrap()
planned = (Mount("/usr", "ro", True), Mount(place, "rw", True))
backend.mounts, backend._home = Mounts(planned, (), False, (), (), (), ()), "/home"
try:
    sys.exit(backend.start(Launch(bubblewrap._program(), argv, (), Enforcement("full", "test"))))
except UserError as error:
    sys.exit(error.message)
"""
# What happens between the mounts and the release.
DEVIATIONS = {
    "a mount was exchanged": "first_is(first); return '/x'",
    "looking fails": "first_is(first); raise OSError(24, 'Too many open files')",
    "bwrap is killed": """
    first_is(first)
    bwrap = parent_of(first)
    os.kill(bwrap, signal.SIGKILL)
    os.waitid(os.P_PID, bwrap, os.WEXITED | os.WNOWAIT)
    return real(first, *rest)
""",
    "safehouse is killed": "first_is(first); os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.fixture(autouse=True)
def _bubblewrap():
    obstacle = user.obstacle() if user.LINUX else "only bwrap is asked to wait"
    if obstacle:
        user.unavailable(obstacle)


def started(place: Path, deviation: str) -> subprocess.CompletedProcess[bytes]:
    script = START.replace("{DEVIATION}", f"def deviation(first, *rest):\n    {deviation}")
    with open(place / "said", "w") as said:  # no pipe: what still waits would keep it open
        return subprocess.run(
            [sys.executable, "-c", script, place], cwd=ROOT, stdout=said, stderr=said, timeout=60
        )


def is_there(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_is_as_planned_runs(tmp_path):
    done = started(tmp_path, "return real(first, *rest)")
    assert (done.returncode, (tmp_path / "said").read_text()) == (0, "")
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("deviation", DEVIATIONS.values(), ids=DEVIATIONS)
def test_nothing_runs_when(tmp_path, deviation):
    for _ in range(int(os.environ.get("MANY", "3"))):
        done = started(tmp_path, deviation)
        first = int((tmp_path / "first").read_text())
        killed = done.returncode == -signal.SIGKILL
        try:
            assert done.returncode not in (0, None)
            assert killed or not is_there(first), "it was killed before anything was told"
            time.sleep(0.05)
            assert not (tmp_path / "ran").exists(), (tmp_path / "said").read_text()
        finally:
            if is_there(first):  # it waits for a word that nobody can give it any more
                os.kill(first, signal.SIGKILL)


def test_the_program_has_none_of_our_descriptors(tmp_path):
    """One of them is the end of the pipe that lets it go."""
    script = START.replace("{DEVIATION}", "def deviation(first, *rest):\n    return ''")
    script = script.replace('"touch", "ran"', '"ls", "/proc/self/fd"')
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.split() == ["0", "1", "2", "3"], done  # 3 is the listing's own


def test_to_run_out_of_descriptors_is_no_deviation(monkeypatch):
    """EMFILE says nothing of what lies there."""
    mount = Mount("/srv/x", READ_WRITE, True)

    def opened(path, directories):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(verify, "_opened", opened)
    monkeypatch.setattr(verify, "_mount_points", lambda process: {"/srv/x": False})
    monkeypatch.setattr(verify.os, "lstat", lambda *path, **options: os.stat("/"))
    mounts = Mounts((mount,), (), False, (), (), (), ())
    with pytest.raises(OSError) as error:
        verify.deviation(1, mounts, "/home/me")
    assert error.value.errno == errno.EMFILE
