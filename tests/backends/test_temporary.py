"""Each launch on a Mac has a directory for temporary files alone, for as long as it lives.

What this takes of files, locks and processes is the same on Linux, and tested there.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from safehouse.backends import temporary
from safehouse.backends.seatbelt import Seatbelt
from safehouse.errors import UserError
from safehouse.files import MacFiles
from safehouse.launch import Enforcement, Launch
from safehouse.policy.policy import Policy
from safehouse.value import replace
from tests.fake_host import LAUNCH_TEMP, mac

ROOT = Path(__file__).parents[2]
START = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from safehouse.backends.seatbelt import Seatbelt
from safehouse.launch import Enforcement, Launch
path, stays, *words = sys.argv[1:]
launch = Launch(words[0], tuple(words), tuple(os.environ.items()), Enforcement("full", "test"),
                stays=stays == "stays", temporary=path)
sys.exit(Seatbelt().start(launch))
"""
WAIT = ("/bin/sh", "-c", "echo ready; read line")


@pytest.fixture
def place(tmp_path):
    """The directory T of a person."""
    found = tmp_path.resolve() / "T"
    found.mkdir(mode=0o700)
    return found


@pytest.fixture
def launched(place):
    """Starts programs that have a directory each, and ends them."""
    started = []

    def start(name, *words, stays=False):
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(place / "safehouse" / name), "stays" if stays else "", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def names(place):
    folder = place / "safehouse"
    return sorted(os.listdir(folder)) if folder.exists() else []


def left(place, wanted):
    """The names in there once they are the wanted ones, or after 20 seconds."""
    end = time.monotonic() + 20
    while names(place) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return names(place)


def made(place, name):
    return temporary.make(str(place / "safehouse" / name))


def ready(process):
    assert process.stdout.readline() == "ready\n"
    return process


# Making


def test_it_is_the_person_s_alone(place):
    os.close(made(place, "a"))
    for path in (place / "safehouse", place / "safehouse/a"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_it_is_new(place, monkeypatch):
    """What somebody has put there is not taken over."""
    monkeypatch.setattr(temporary, "_MOST_TRIES", 3)
    (place / "safehouse/a").mkdir(parents=True)
    (place / "safehouse").chmod(0o700)
    with pytest.raises(UserError, match="it is there already") as error:
        made(place, "a")
    assert str(place / "safehouse") in error.value.hint


def test_a_link_in_place_of_the_directory_of_all_launches_is_refused(place):
    elsewhere = place / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    elsewhere.chmod(0o700)
    (place / "safehouse").symlink_to("elsewhere")
    with pytest.raises(UserError, match="is no directory"):
        made(place, "a")
    temporary.sweep(str(place / "safehouse/a"))
    time.sleep(0.2)
    assert os.listdir(elsewhere) == ["precious"]


def test_a_file_in_its_place_is_refused(place):
    (place / "safehouse").write_text("")
    with pytest.raises(UserError, match="is no directory"):
        made(place, "a")


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_one_that_others_can_reach_is_refused(place, mode):
    (place / "safehouse").mkdir()
    (place / "safehouse").chmod(mode)
    with pytest.raises(UserError, match="is open to others"):
        made(place, "a")
    assert names(place) == []


def test_one_that_is_spelt_otherwise_on_the_volume_is_refused(place, monkeypatch):
    """The rules name it by bytes, and Seatbelt sees it as it is stored."""
    monkeypatch.setattr(
        MacFiles, "stored", lambda self, path: path.replace("safehouse", "SafeHouse")
    )
    with pytest.raises(UserError, match=f"is there as {place}/SafeHouse"):
        made(place, "a")


def test_where_it_cannot_be_made_nothing_is_run(tmp_path, launched):
    launch = Launch("/bin/true", ("true",), (), Enforcement("full", "test"))
    with pytest.raises(UserError, match="cannot make the directory for temporary files"):
        Seatbelt().start(replace(launch, temporary=str(tmp_path / "missing/safehouse/a")))


def test_a_mac_that_is_only_imagined_has_none():
    launch = Seatbelt().prepare(Policy(()), replace(mac(), foreign=True), ("/bin/true",))
    assert launch.temporary == ""


def test_a_mac_has_the_one_of_its_policy(monkeypatch):
    monkeypatch.setattr("safehouse.facts.access", lambda *_: True)
    launch = Seatbelt().prepare(Policy(()), mac(), ("/bin/true",))
    assert launch.temporary == LAUNCH_TEMP


# Keeping and sweeping


@pytest.mark.parametrize("stays", [False, True], ids=["becomes", "stays"])
def test_the_program_has_it(place, launched, stays):
    script = f'test -d "{place}/safehouse/a" && echo there'
    process = launched("a", "/bin/sh", "-c", script, stays=stays)
    assert process.communicate(timeout=30)[0] == "there\n"
    assert process.returncode == 0


@pytest.mark.parametrize("stays", [False, True], ids=["becomes", "stays"])
def test_two_launches_at_once_keep_theirs(place, launched, stays):
    first = ready(launched("a", *WAIT, stays=stays))
    second = ready(launched("b", *WAIT, stays=stays))
    time.sleep(0.3)
    assert names(place) == ["a", "b"]
    for process in (first, second):
        process.communicate("\n", timeout=30)


@pytest.mark.parametrize("stays", [False, True], ids=["becomes", "stays"])
def test_what_a_killed_one_leaves_is_removed_by_the_next(place, launched, stays):
    killed = ready(launched("a", "/bin/sh", "-c", "exec 0</dev/null; echo ready; exec sleep 99"))
    (place / "safehouse/a/deep/er").mkdir(parents=True)
    (place / "safehouse/a/deep/file").write_text("x")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert names(place) == ["a"]
    ready(launched("b", *WAIT, stays=stays))
    assert left(place, ["b"]) == ["b"]


def test_one_is_kept_while_a_program_that_was_started_in_there_has_it(place, launched):
    script = "sleep 99 >/dev/null & echo $!"
    first = launched("a", "/bin/sh", "-c", script)
    sleeping = int(first.stdout.readline())
    first.wait()
    try:
        ready(launched("b", *WAIT))
        time.sleep(0.3)
        assert names(place) == ["a", "b"]
    finally:
        os.kill(sleeping, signal.SIGKILL)


def test_who_stays_removes_its_own_at_the_end(place, launched):
    launched("a", "/bin/sh", "-c", f"touch {place}/safehouse/a/x", stays=True).wait(30)
    assert left(place, []) == []


def test_nothing_is_left_of_a_command_that_cannot_be_executed(place):
    path = str(place / "safehouse/a")
    launch = Launch(str(place), ("x",), (), Enforcement("full", "test"), temporary=path)
    for stays in (False, True):
        with pytest.raises(OSError):
            Seatbelt().start(replace(launch, stays=stays))
        assert left(place, []) == []


def test_a_link_among_them_is_removed_and_not_followed(place):
    (place / "precious").mkdir()
    (place / "precious/file").write_text("x")
    os.close(made(place, "a"))
    (place / "safehouse/a/link").symlink_to(place / "precious")
    (place / "safehouse/b").symlink_to(place / "precious")
    (place / "safehouse/c").write_text("a file")
    temporary.sweep(str(place / "safehouse/d"))
    assert left(place, []) == []
    assert (place / "precious/file").read_text() == "x"


def test_a_launch_removes_a_few_only(place):
    for number in range(20):
        os.close(made(place, f"{number:08x}"))
    temporary.sweep(str(place / "safehouse/x"))
    assert len(left(place, [f"{number:08x}" for number in range(8, 20)])) == 12


def test_what_cannot_be_removed_keeps_no_other_from_it(place):
    """A directory with an immutable file in it, say."""
    for number in range(20):
        (place / f"safehouse/{number:02}.gone").mkdir(parents=True)
    (place / "safehouse").chmod(0o700)
    os.close(made(place, "a"))
    temporary.sweep(str(place / "safehouse/x"))
    assert "a" not in names(place)


def test_what_is_being_removed_is_not_removed_twice(place, monkeypatch):
    removed = []
    monkeypatch.setattr(temporary, "_remove", lambda paths, held: removed.append((paths, held)))
    os.close(made(place, "a"))
    held = os.open(place / "safehouse/a", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    temporary.sweep(str(place / "safehouse/x"))
    assert removed == []
    os.close(held)
    temporary.sweep(str(place / "safehouse/x"))
    assert [paths for paths, _ in removed] == [[f"{place}/safehouse/a.gone"]]


def test_the_program_has_no_child_that_it_does_not_know(place, launched):
    os.close(made(place, "a"))
    script = "import os\ntry: print(os.waitpid(-1, 0))\nexcept ChildProcessError: print('none')"
    process = launched("b", sys.executable, "-c", script)
    assert process.communicate(timeout=30)[0] == "none\n"
    assert left(place, ["b"]) == ["b"]


def test_the_removal_holds_nothing_of_the_caller_s_open(place, monkeypatch):
    """Who reads the command's output to its end would wait for it."""
    slow = place / "slow"
    slow.write_text("#!/bin/sh\nsleep 9\n")
    slow.chmod(0o700)
    monkeypatch.setattr(temporary, "_RM", str(slow))
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    os.close(made(place, "a"))
    start = time.monotonic()
    temporary.sweep(str(place / "safehouse/b"))
    os.close(writing)
    assert os.read(reading, 1) == b""
    assert time.monotonic() - start < 8
    os.close(reading)


def test_launches_and_sweeps_at_once_lose_nobody(place):
    """Between the making and the lock another one may take it for a left one."""
    path = str(place / "safehouse/x")
    os.close(made(place, "first"))
    end = time.monotonic() + 2
    lost = []

    def launch(number):
        turn = 0
        while time.monotonic() < end:
            turn += 1
            name = f"{number}-{turn}"
            held = made(place, name)
            if not os.path.isdir(place / "safehouse" / name):
                lost.append(name)
            time.sleep(0.005)
            if not os.path.isdir(place / "safehouse" / name):
                lost.append(name)
            os.close(held)

    sweeping = subprocess.Popen(
        [sys.executable, "-c",
         f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
         "from safehouse.backends import temporary\nimport time\nend = time.monotonic() + 3\n"
         f"while time.monotonic() < end: temporary.sweep({path!r})"],
    )  # fmt: skip
    threads = [threading.Thread(target=launch, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweeping.wait()
    assert lost == []
