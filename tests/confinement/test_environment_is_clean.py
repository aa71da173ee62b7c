"""No secret of the environment reaches a confined program, or the eyes of other users."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from safehouse.note import TEXT
from tests.confinement import user
from tests.confinement.attack import leaks, withstands
from tests.confinement.scene import SECRET
from tests.confinement.user import linux_only

pytestmark = pytest.mark.confinement

SECRETS = (
    "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "NPM_TOKEN",
    "DATABASE_URL", "SSH_AUTH_SOCK", "MY_OWN", "my_own", "LD_PRELOAD_X", "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
WAYS = {
    "its own": "print(dict(os.environ))",
    "by a shell": "subprocess.run('set; export', shell=True)",
    "of a child": "print(subprocess.check_output(['env'], text=True))",
}
# Regular files only: what is read from a pipe is lost to whom it was for.
EVERYBODYS = """
for number in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline", "comm", *(f"fd/{n}" for n in range(3, 12))):
        try:
            path = f"/proc/{number}/{name}"
            if number != str(os.getpid()) and stat.S_ISREG(os.stat(path).st_mode):
                print(read(path))
        except (OSError, UnicodeError):
            pass
"""


def with_secrets(scene):
    scene.env.update((name, SECRET) for name in SECRETS)


@pytest.mark.parametrize("body", WAYS.values(), ids=WAYS)
def test_not_in_the_environment(scenes, body):
    withstands(scenes, body, with_secrets)


@linux_only("there is a /proc on Linux only")
def test_not_in_that_of_other_processes_inside(scenes):
    def with_a_parent(scene):
        with_secrets(scene)
        scene.beside("", {"TOKEN": SECRET})

    withstands(scenes, EVERYBODYS, with_a_parent)


def test_only_what_is_listed(scene):
    given = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "EDITOR": "vi", "TZ": "UTC", "NO_COLOR": "1"}
    scene.env.update(given)
    with_secrets(scene)
    done = scene.confined("--", "env", "-0")
    names = {entry.partition("=")[0]: entry.partition("=")[2] for entry in done.stdout.split("\0")}
    assert {name: names.get(name) for name in given} == given
    made = {"HOME", "LANG", "PATH", "PWD", "SAFEHOUSE_SANDBOX", "SHLVL", "_", "OLDPWD", "TMPDIR"}
    made |= {"APP_SANDBOX_CONTAINER_ID", "SHELL"}
    assert set(names) - {""} - set(given) <= made
    assert names["HOME"] == str(scene.home)
    assert names["SAFEHOUSE_SANDBOX"].endswith("/safehouse.md")
    read = scene.confined("--", "sh", "-c", 'cat "$SAFEHOUSE_SANDBOX"; rm "$SAFEHOUSE_SANDBOX"')
    assert (read.stdout, read.returncode) == (TEXT, 0), read.stderr


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", "socks5h://", ""])
def test_proxies_lose_their_credentials(scene, name, scheme):
    scene.env[name] = f"{scheme}user:{SECRET}@proxy.example:8080/"
    done = scene.confined("--", "env")
    assert f"{name}={scheme}proxy.example:8080/" in done.stdout.splitlines()
    assert not leaks(scene, done)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--env-pass=MY_OWN"], []),
        (["--env"], []),
        (["--env={file}"], []),
        ([], ["MY_OWN={secret}"]),
    ],
    ids=["by name", "all", "by file", "before the command"],
)
@linux_only("asks /proc which arguments there are")
def test_what_is_passed_stands_in_no_argument(scene, options, words):
    """Arguments are for everybody to read: `ps` shows them to all users."""
    file = scene.write("variables", f"MY_OWN={SECRET}\n")
    scene.env["MY_OWN"] = SECRET
    options = [option.format(file=file) for option in options]
    words = [word.format(secret=SECRET) for word in words]
    script = 'echo "$MY_OWN"; read x'
    process = scene.start_confined(
        *options, "--", *words, "sh", "-c", script, stdin=user.subprocess.PIPE
    )
    try:
        assert process.stdout.readline().decode().strip() == SECRET
        seen = [
            found
            for found in Path("/proc").glob("[0-9]*/cmdline")
            if SECRET.encode() in _content(found) and found.parent.name != str(process.pid)
        ]
        own = SECRET.encode() in _content(Path(f"/proc/{process.pid}/cmdline"))
        assert own == bool(words)  # what the person typed is the person's own
        assert not seen
    finally:
        user.end(process)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "BASH_ENV", "ENV"])
def test_what_changes_how_programs_are_loaded_does_not_pass(scene, name):
    scene.env[name] = str(scene.project)
    done = scene.confined("--", "env")
    assert f"{name}=" not in done.stdout
    assert done.returncode == 0


def test_variables_before_the_command_reach_it(scene):
    odd = "a b\n'\"$x`*é"
    done = scene.confined("--", f"ODD={odd}", "EMPTY=", "env", "-0")
    assert f"ODD={odd}" in done.stdout.split("\0")
    assert "EMPTY=" in done.stdout.split("\0")


def test_what_the_program_may_write_comes_last_in_its_path(scene):
    """Else it could put a `git` of its own before the system's, for its next start."""
    planted = scene.write("src/project/bin/true", "#!/bin/sh\necho planted\n", 0o755)
    scene.env["PATH"] = f"{planted.parent}:.::{user.PATH}"
    script = "true; echo $PATH"
    done = scene.confined("--", "bash", "--norc", "-c", f"enable -n true; {script}")
    assert "planted" not in done.stdout
    entries = done.stdout.strip().split(":")
    assert entries[-1] == str(planted.parent)
    assert all(entry.startswith("/") for entry in entries)
    assert shlex.quote(str(planted.parent)) == str(planted.parent)


def test_standard_descriptors_only(scene):
    read, write = os.pipe()
    try:
        done = scene.attempt(
            "print(sorted(map(int, os.listdir('/dev/fd'))))", True, pass_fds=(read,)
        )
    finally:
        os.close(read)
        os.close(write)
    # 0, 1, 2 and the one that lists.
    assert done.stdout.splitlines()[-1] == "[0, 1, 2, 3]"
