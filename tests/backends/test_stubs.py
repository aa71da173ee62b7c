"""What is made for a mount and removed after it: also when several launches need it at once."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from safehouse.backends.stubs import make, remove
from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.launch import Creation

ROOT = Path(__file__).parents[2]
# Holds a stub until its input ends.
HOLDER = """
import sys
from safehouse.backends.stubs import make, remove
from safehouse.launch import Creation
held = make((Creation(sys.argv[1], sys.argv[2].encode(), True),))
print("held", flush=True)
sys.stdin.read()
remove(held)
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path.resolve() / "stub")


def holder(path, content=".\n"):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path, content], cwd=ROOT, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def ended(process):
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_stub_is_there_and_gone_again(path):
    held = make((Creation(path, b".\n", True),))
    assert Path(path).read_bytes() == b".\n"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o444
    assert LocalFiles().is_stub(path, "file:.\n")
    remove(held)
    assert not os.path.lexists(path)


def test_a_directory_is_a_stub_too(path):
    held = make((Creation(path, None, True),))
    assert os.path.isdir(path)
    remove(held)
    assert not os.path.lexists(path)


def test_what_is_no_stub_stays(path):
    remove(make((Creation(path + "/state", None, False), Creation(path + ".json", b"{}\n", False))))
    assert os.path.isdir(path + "/state")
    assert stat.S_IMODE(os.stat(path + "/state").st_mode) == 0o700
    assert Path(path + ".json").read_bytes() == b"{}\n"
    assert stat.S_IMODE(os.stat(path + ".json").st_mode) == 0o600


def test_what_is_there_already_is_not_touched(path):
    Path(path).write_text("mine")
    remove(make((Creation(path, b"", False),)))
    assert Path(path).read_text() == "mine"


def test_directories_made_on_the_way_to_a_stub_go_with_it(path):
    held = make((Creation(f"{path}/a/b", b"", True),))
    assert os.path.isfile(f"{path}/a/b")
    remove(held)
    assert not os.path.lexists(path)


def test_directories_that_were_there_or_are_used_stay(path):
    os.mkdir(path)
    held = make((Creation(f"{path}/a/b", b"", True),))
    Path(f"{path}/a/other").write_text("x")
    remove(held)
    assert os.listdir(path + "/a") == ["other"]


def test_a_stub_that_somebody_filled_stays(path):
    held = make((Creation(path, b"", True),))
    os.chmod(path, 0o644)
    Path(path).write_text("not ours any more")
    remove(held)
    assert Path(path).read_text() == "not ours any more"


def test_a_directory_that_somebody_filled_stays(path):
    held = make((Creation(path, None, True),))
    Path(path + "/x").write_text("")
    remove(held)
    assert os.path.exists(path + "/x")


def test_another_file_of_that_name_stays(path):
    held = make((Creation(path, b"", True),))
    os.unlink(path)
    Path(path).write_text("")
    remove(held)
    assert os.path.exists(path)


def test_the_last_of_two_launches_removes_it(path):
    first, second = holder(path), holder(path)
    ended(first)
    assert Path(path).read_bytes() == b".\n"
    ended(second)
    assert not os.path.lexists(path)


def test_a_launch_that_was_killed_leaves_it_to_the_next(path):
    killed = holder(path)
    killed.kill()
    killed.wait()
    killed.stdin.close()
    killed.stdout.close()
    assert os.path.exists(path)
    remove(make((Creation(path, b".\n", True),)))
    assert not os.path.lexists(path)


def test_many_launches_that_come_and_go(path):
    """None fails, each has the stub for as long as it runs, and nothing is left."""
    for _ in range(3):
        several = [holder(path) for _ in range(4)]
        for process in several:
            assert os.path.exists(path)
            ended(process)
        assert not os.path.lexists(path)


def test_a_link_in_its_place_is_not_followed(path):
    """It would be created, and read, elsewhere."""
    os.symlink(path + "-elsewhere", path)
    with pytest.raises(UserError):
        make((Creation(path, b"", True),))
    assert not os.path.exists(path + "-elsewhere")


def test_what_cannot_be_made_is_an_error_with_its_name_and_leaves_no_other(path):
    Path(path).write_text("a file")
    with pytest.raises(UserError) as error:
        make((Creation(path + "-good", b"", True), Creation(path + "/x", b"", True)))
    assert f"cannot create {path}/x" in error.value.message
    assert not os.path.exists(path + "-good")


def test_nothing_to_remove():
    remove(make(()))
