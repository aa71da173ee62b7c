"""The project and the home are after a launch what they were before it, but for what the program did."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.confinement import user
from tests.confinement.scene import SECRET, state, without_kept
from tests.confinement.user import linux_only

pytestmark = pytest.mark.confinement

WAIT = 'echo ready; read x; echo "done"'
EVIL = "echo ../evil >.git/commondir"


def waiting(scene, script=WAIT, *options):
    """A launch that goes on until a line is written to it."""
    process = scene.start_confined(
        *options, "--", "sh", "-c", script, stdin=user.subprocess.PIPE, bufsize=0
    )
    line = process.stdout.readline()
    assert line == b"ready\n", line + process.stderr.read()
    return process


def let_end(process):
    process.stdin.write(b"go\n")
    done = user.finish(process)
    assert done.returncode == 0, done.stderr
    return done


def everything(scene, times=False):
    return without_kept(state(scene.root, times=times), scene.home)


@pytest.mark.parametrize(
    "command", [["true"], ["false"], ["missing-command"], ["sh", "-c", "kill -9 $$"]], ids=str
)
@pytest.mark.parametrize(
    "options", [(), ("--enable=ssh,docker,shell-init",)], ids=["plain", "features"]
)
def test_after(scene, command, options):
    before = everything(scene, times=True)
    scene.confined(*options, "--", *command)
    assert everything(scene, times=True) == before


@pytest.mark.parametrize(
    "kind", ["no repository", "empty", "bare", "without hooks", "subdirectory"]
)
def test_whatever_the_project_is(scene, kind):
    if kind != "subdirectory":
        scene.run("rm", "-rf", ".git", ".safehouse.yaml")
    if kind == "empty":
        scene.git("init", "-q")
    if kind == "bare":
        scene.git("init", "-q", "--bare")
    if kind == "without hooks":
        scene.git("init", "-q", "--template=")
    if kind == "subdirectory":
        scene.project = scene.project / "private"
    before = everything(scene)
    done = scene.confined("--", "ls", "-la")
    assert done.returncode == 0, done.stderr
    assert everything(scene) == before


def test_the_persons_git_sees_nothing_of_a_launch(scene):
    before = scene.git("status", "--porcelain=v2", "--branch", "--ignored")
    process = waiting(scene)
    during = scene.git("status", "--porcelain=v2", "--branch", "--ignored")
    let_end(process)
    assert during == before == scene.git("status", "--porcelain=v2", "--branch", "--ignored")


def test_the_persons_git_works_during_a_launch(scene):
    process = waiting(scene)
    scene.git("commit", "--allow-empty", "-q", "-m", "second")
    scene.git("gc", "-q")
    scene.git("worktree", "add", "-q", "../linked")
    scene.git("config", "alias.x", "status")
    let_end(process)
    assert scene.git("fsck").count("error") == 0


def test_a_commit_leaves_what_git_leaves(scenes):
    date = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    script = "echo more >>README && git add README && git commit -q -m second && git gc -q"
    names = []
    for confined in (False, True):
        scene = scenes()
        words = ["env", *(f"{name}={value}" for name, value in date.items()), "sh", "-c", script]
        done = scene.confined("--", *words) if confined else scene.run(*words)
        assert done.returncode == 0, done.stderr
        found = everything(scene)
        start = len(str(scene.root))
        names.append({path[start:]: _mode(value) for path, value in found.items()})
    assert names[0] == names[1]


def _mode(value):
    return value[0] if isinstance(value, tuple) else value


def test_a_file_that_the_program_made_stays(scene):
    scene.confined("--", "sh", "-c", "echo mine >new; mkdir d; ln -s new d/link")
    assert (scene.project / "new").read_text() == "mine\n"
    assert os.readlink(scene.project / "d/link") == "new"
    info = (scene.project / "new").stat()
    assert (info.st_uid, info.st_gid, info.st_mode) == (user.UID, user.GID, 0o100644)


@linux_only("places are held for mounts, on Linux only")
@pytest.mark.parametrize("first", [0, 1])
def test_who_ends_first_leaves_the_other_protected(scene, first):
    before = everything(scene)
    tries = f"echo ready; read x; {EVIL}; echo done; read y"
    processes = [waiting(scene, tries), waiting(scene, tries)]
    processes[first].stdin.write(b"go\ngo\n")
    user.finish(processes[first])
    processes[1 - first].stdin.write(b"go\n")
    assert processes[1 - first].stdout.readline() == b"done\n"
    found = scene.project / ".git/commondir"
    assert not found.exists() or "evil" not in found.read_text()
    processes[1 - first].stdin.write(b"go\n")
    user.finish(processes[1 - first])
    assert everything(scene) == before


@linux_only("places are held for mounts, on Linux only")
def test_one_that_starts_while_another_ends(scene):
    before = everything(scene)
    process = waiting(scene)
    for _ in range(6):
        following = scene.start_confined(
            "--", "sh", "-c", WAIT, stdin=user.subprocess.PIPE, bufsize=0
        )
        let_end(process)
        assert following.stdout.readline() == b"ready\n", following.stderr.read()
        process = following
    let_end(process)
    assert everything(scene) == before


@linux_only("a parent stays, on Linux only")
@pytest.mark.parametrize("enough", ["true", "the same project by another launch"])
def test_after_safehouse_was_killed_the_next_launch_cleans_up(scene, enough):
    before = everything(scene)
    process = waiting(scene)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    user.end(process)
    _until(lambda: not _programs_of(scene))
    if enough != "true":
        let_end(waiting(scene))
    else:
        assert scene.confined("--", "true").returncode == 0
    assert everything(scene) == before


@linux_only("a parent stays, on Linux only")
def test_what_a_killed_one_left_does_not_disturb_git(scene):
    process = waiting(scene)
    os.kill(process.pid, signal.SIGKILL)
    user.end(process)
    scene.git("commit", "--allow-empty", "-q", "-m", "second")
    assert scene.git("status", "--porcelain") == "?? .safehouse.yaml\n?? private/\n"


def _programs_of(scene):
    done = scene.run("pgrep", "-f", str(scene.project), cwd="/")
    return done.stdout.split()


def _until(true, seconds=5):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert true()


def test_fifty_at_once(scene):
    before = everything(scene)
    processes = [
        scene.start_confined("--", "sh", "-c", f"{EVIL}; echo {number}") for number in range(50)
    ]
    ended = [user.finish(process) for process in processes]
    assert [done.stdout for done in ended] == [f"{number}\n" for number in range(50)]
    assert {done.returncode for done in ended} == {0}
    assert everything(scene) == before


@pytest.mark.parametrize("agent", ["codex", "claude", "aider"])
def test_an_agent_gets_its_state_and_nothing_else(scene, agent):
    before = everything(scene)
    done = scene.confined(f"--agent={agent}", "--", "sh", "-c", f"echo {SECRET} >~/.{agent}/state")
    assert done.returncode == 0, done.stderr
    new = {path.replace(f"{scene.home}/", "") for path in set(everything(scene)) - set(before)}
    allowed = {f".{agent}", f".{agent}/state"} | ({".claude.json"} if agent == "claude" else set())
    # Made so that they can be closed: what lies there is run outside.
    allowed |= {"claude": {".claude/chrome"},
                "codex": {".codex/packages", ".codex/app-server-control"}}.get(agent, set())  # fmt: skip
    assert new == allowed
    assert (scene.home / f".{agent}").stat().st_mode & 0o077 == 0


def test_nothing_in_the_temporary_directories_of_all(scene):
    """Names that were there before may go, but none of ours comes."""
    ours = [
        f"{place}/{name}"
        for place in ("/tmp", "/var/tmp", "/dev/shm")
        if os.path.isdir(place)
        for name in _owned(place, scene.confined("--", "true"))
    ]
    assert ours == []


def _owned(place, done):
    assert done.returncode == 0
    for name in os.listdir(place):
        try:
            if "safehouse" in name and os.lstat(f"{place}/{name}").st_uid == user.UID:
                yield name
        except OSError:
            continue
