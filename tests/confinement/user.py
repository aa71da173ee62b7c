"""An ordinary user: who tries to get out of the sandbox is never root, whoever runs the tests.

Root (in a container, on CI) starts everything as an unprivileged user id that has no name.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

LINUX = sys.platform == "linux"
AM_ROOT = os.getuid() == 0
UID = 61234 if AM_ROOT else os.getuid()
GID = 61234 if AM_ROOT else os.getgid()
PATH = "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin:/usr/sbin:/sbin"
try:
    HAS_NAME = bool(pwd.getpwuid(UID).pw_dir)
except KeyError:
    HAS_NAME = False
# What the policies let be executed, and what only root can change.
PYTHON = shutil.which("python3", path="/usr/bin:/opt/homebrew/bin:/usr/local/bin") or ""
BWRAP = "/usr/bin/bwrap"
REFUSED = 125


def linux_only(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not LINUX, reason=reason)


def start(
    argv: list[object],
    cwd: Path | str = "/",
    env: dict[str, str] | None = None,
    **options: object,
) -> subprocess.Popen:
    """Starts a program as the user, in a session of its own, without descriptors of ours."""
    who = {"user": UID, "group": GID, "extra_groups": []} if AM_ROOT else {}
    options = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "start_new_session": True,
        "umask": 0o022,
        **who,
        **options,
    }
    words = [os.fspath(word) if isinstance(word, Path) else str(word) for word in argv]
    return subprocess.Popen(words, cwd=cwd, env={"PATH": PATH, **(env or {})}, **options)


def finish(
    process: subprocess.Popen, input: str | None = None, timeout: float = 60
) -> subprocess.CompletedProcess:
    """Its end. One that takes too long is killed, with all of its session, and is a failure."""
    try:
        out, err = process.communicate(None if input is None else input.encode(), timeout)
    except subprocess.TimeoutExpired:
        kill_session(process)
        out, err = process.communicate()
        pytest.fail(f"{process.args} took longer than {timeout} s; it said {out!r} {err!r}")
    texts = [
        text.decode("utf-8", "surrogateescape") if text is not None else "" for text in (out, err)
    ]
    return subprocess.CompletedProcess(process.args, process.returncode, *texts)


def run(
    argv: list[object],
    cwd: Path | str = "/",
    env: dict[str, str] | None = None,
    input: str | None = None,
    timeout: float = 60,
    **options: object,
) -> subprocess.CompletedProcess:
    if input is not None:
        options["stdin"] = subprocess.PIPE
    return finish(start(argv, cwd, env, **options), input, timeout)


def kill_session(process: subprocess.Popen) -> None:
    """Kills a process that `start` started, and all of its process group."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def end(process: subprocess.Popen) -> None:
    """Kills it if need be, and lets go of its pipes."""
    kill_session(process)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            try:
                stream.close()
            except OSError:
                pass
    process.wait()


def own(root: Path) -> None:
    """Gives a tree that root has made to the user."""
    if not AM_ROOT:
        return
    os.lchown(root, UID, GID)
    for directory, names, files in os.walk(root):
        for name in names + files:
            os.lchown(os.path.join(directory, name), UID, GID)


def new_directory() -> Path:
    """A directory of the user's that every user can reach.

    Not below /tmp: a sandbox has a /tmp of its own, so that there nothing would be shown to be
    closed by anything else.
    """
    if AM_ROOT:
        above = next(Path(place) for place in ("/home", "/srv", "/var") if os.path.isdir(place))
    else:
        above = Path.home() / ".cache"
        above.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="sh-", dir=above)).resolve()
    made.chmod(0o755)
    own(made)
    return made


def remove(root: Path) -> None:
    """Removes a tree, whatever the modes in it, and while its last programs end."""
    for directory, names, _ in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path) and os.lstat(path).st_mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(path, stat.S_IRWXU)
    for _ in range(20):
        try:
            shutil.rmtree(root)
            return
        except OSError:  # somebody else removed a file of it, or made one
            time.sleep(0.05)
    shutil.rmtree(root, ignore_errors=True)


def obstacle() -> str:
    """Why nothing can be confined on this machine; "" if it can."""
    if not PYTHON:
        return "no Python in a place of the system, which the attacks are written in"
    if not LINUX:
        return "" if os.access("/usr/bin/sandbox-exec", os.X_OK) else "no sandbox-exec"
    if not os.access(BWRAP, os.X_OK):
        return f"no {BWRAP}: install bubblewrap"
    options = ["--unshare-user", "--unshare-pid", "--proc", "/proc", "--dev", "/dev"]
    done = run([BWRAP, "--ro-bind", "/", "/", *options, "true"])
    return "" if done.returncode == 0 else f"bubblewrap is unusable: {done.stderr.strip()}"


def unavailable(reason: str) -> None:
    """Skips; but where CI promises that all is there, a test that cannot run has failed."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
