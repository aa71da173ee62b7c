"""`safehouse doctor`, the built file, by an ordinary user: quick to read, and nothing is changed."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.confinement import user
from tests.confinement.scene import state

pytestmark = pytest.mark.confinement


@pytest.fixture
def fresh(scene):
    """A home in which nothing of ours ever was."""
    for name in os.listdir(scene.home):
        if name != "src":
            path = scene.home / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (scene.project / ".safehouse.yaml").unlink()
    scene.write("src/project/README", "a project\n")
    return scene


@pytest.mark.parametrize("cwd", ["src/project", ""])
def test_on_a_healthy_machine_it_is_a_short_page_and_changes_nothing(fresh, cwd):
    before = state(fresh.home)
    done = fresh.confined("doctor", cwd=fresh.home / cwd)
    assert (done.returncode, done.stderr) == (0, "")
    groups = done.stdout.partition("\n\n")[0].splitlines()
    assert len(groups) == 8
    assert groups[0].startswith("system") and "programs are confined" in groups[0]
    assert "problem" not in done.stdout
    assert max(map(len, groups)) < 200
    assert state(fresh.home) == before


def test_a_confined_program_was_really_run(fresh):
    document = json.loads(fresh.confined("doctor", "--json").stdout)
    findings = {f["name"]: f for group in document["groups"] for f in group["findings"]}
    assert findings["launch"]["state"] == "ok"
    assert findings["launch"]["text"] == "a confined program was run"
    assert document["safehouse"]["installed"] == "single file"
    assert document["safehouse"]["place"] == str(fresh.safehouse)
    assert len(document["safehouse"]["build"]) == 16


def test_a_mistake_makes_the_status_1_and_mended_it_is_0(fresh):
    config = fresh.write(".config/safehouse/config.yaml", "enabel: [ssh]\n")
    done = fresh.confined("doctor")
    assert done.returncode == 1
    assert "problem: ~/.config/safehouse/config.yaml:1: unknown key" in done.stdout
    assert fresh.confined("--", "true").returncode == user.REFUSED
    config.write_text("enable: [ssh]\n")
    assert fresh.confined("doctor").returncode == 0


def test_in_a_sandbox_it_says_so_and_looks_at_nothing(fresh):
    done = fresh.confined(f"--add-dirs-ro={fresh.safehouse}", "--", fresh.safehouse, "doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("inside of a sandbox")
    assert len(done.stdout.splitlines()) == 1


@user.linux_only("what a killed launch leaves is Linux's")
def test_what_a_killed_launch_left_is_named_and_its_advice_removes_it(fresh):
    process = fresh.start_confined("--", user.PYTHON, "-IS", "-c", "print(1, flush=True); input()",
                                   stdin=-1)  # fmt: skip
    assert process.stdout.readline() == b"1\n"
    assert "commondir" not in fresh.confined("doctor").stdout
    user.end(process)
    left = fresh.confined("doctor").stdout
    if "commondir" in left:  # whoever kills the group kills who would have removed it
        assert "safehouse -- true" in left
        fresh.confined("--", "true")
        assert "commondir" not in fresh.confined("doctor").stdout
    else:
        assert not (fresh.project / ".git/commondir").exists()
