"""The log of real launches: each is in it, and no confined program reads or changes it."""

from __future__ import annotations

import json
import signal

import pytest

from tests.confinement.attack import leaks, withstands, withstands_change
from tests.confinement.scene import BEGUN, LOG, SECRET
from tests.confinement.user import linux_only, own

pytestmark = pytest.mark.confinement


def launches(scene, *options):
    done = scene.run(scene.safehouse, "audit", "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["launches"]


@linux_only("on a Mac no parent stays to say how it ended")
def test_launches_are_in_the_log(scene):
    assert scene.confined("--", "sh", "-c", "exit 3").returncode == 3
    scene.confined(f"--add-dirs-ro={scene.home}/secrets", "--", "true", "s3cret")
    first, second = launches(scene)
    assert (first["command"], first["status"], first["workdir"]) == ("sh", 3, str(scene.project))
    assert second["grants"] == {"command line": [f"read {scene.home}/secrets"]}
    assert "s3cret" not in json.dumps(second)
    assert first["policy"] != second["policy"]
    done = scene.run(scene.safehouse, "audit", "verify")
    assert (done.returncode, done.stdout) == (0, "4 lines, each as it was written\n")


@linux_only("on a Mac no parent stays to say how it ended")
def test_one_that_is_killed_has_an_end_if_we_have(scene):
    process = scene.start_confined("--", "sh", "-c", "echo ready; sleep 60")
    assert process.stdout.readline() == b"ready\n"
    assert launches(scene)[0]["status"] is None
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert launches(scene)[0]["status"] == 128 + signal.SIGTERM


def test_many_at_once_are_all_there(scene):
    processes = [scene.start_confined("--", "true") for _ in range(8)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert len(launches(scene)) == 8
    assert scene.run(scene.safehouse, "audit", "verify").returncode == 0


def test_what_was_changed_is_noticed(scene):
    for _ in range(3):
        scene.confined("--", "true")
    (file,) = (scene.home / LOG).glob("*.jsonl")
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    done = scene.run(scene.safehouse, "audit", "verify")
    assert done.returncode == 1
    assert done.stdout.startswith(f"~/{LOG}/{file.name}:2: lines before it were removed: 1\n")


def logged(scene):
    scene.write(f"{LOG}/2026-01.jsonl", f"{SECRET}\n", 0o600)
    scene.guarded.append(scene.home / LOG / "2026-01.jsonl")


WAYS = {"alone": (), "where the home is open": ("--add-dirs={home}", "--accept-partial")}


@pytest.mark.parametrize("way", WAYS)
def test_no_confined_program_reads_it(scenes, way):
    body = f"print(read(home + '/{LOG}/2026-01.jsonl'))"
    withstands(scenes, body, logged, WAYS[way])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", ["write(file)", "os.unlink(file)", "os.rename(file, file + 'x')"])
def test_no_confined_program_changes_it(scenes, way, call):
    body = f"file = home + '/{LOG}/2026-01.jsonl'; {call}"
    withstands_change(scenes, body, logged, WAYS[way])


def test_a_confined_program_is_told_nothing(scene):
    logged(scene)
    done = scene.confined(f"--add-dirs-ro={scene.safehouse}", "--", scene.safehouse, "audit")
    assert done.returncode == 125
    assert "inside of a sandbox" in done.stderr
    assert not leaks(scene, done)


def test_a_policy_is_compared_with_that_of_the_last_launch_here(scene):
    def differs(*options):
        done = scene.run(scene.safehouse, "policy", "--diff=last", *options)
        return done.returncode, done.stdout + done.stderr

    status, said = differs()
    assert status == 125 and "the log has no launch in ~/src/project" in said
    scene.confined("--", "true")
    assert differs() == (0, "no difference to the last launch in this directory\n")
    assert differs("--", "true")[0] == 0
    assert "no launch of sh in" in differs("--", "sh")[1]
    status, said = differs(f"--add-dirs={scene.home}/secrets")
    assert status == 1 and "~/secrets" in said and "wider" in said
    scene.write(".config/safehouse/config.yaml", "network: none\n")
    status, said = differs()
    assert status == 1 and "network" in said


def test_without_a_log_there_is_none(scene):
    scene.write(".config/safehouse/config.yaml", "audit: off\n")
    own(scene.home)
    assert scene.confined("--", "echo", BEGUN).stdout == f"{BEGUN}\n"
    assert launches(scene) == []
    assert list((scene.home / LOG).iterdir()) == []
