"""What a confined program does not get is told at the end, and the recording decides nothing."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from tests.confinement import user

pytestmark = [
    pytest.mark.confinement,
    user.linux_only("a Mac tells its log, and there is none here"),
]


def recorded(scene, body, *options, **values):
    """What a Python program was refused, by target below the home: what was done, and the row."""
    program = scene.program(body, **values)
    done = scene.confined("run", "--denials", *options, "--", *program)
    shown = scene.confined("denials", "--json")
    found = json.loads(shown.stdout)
    home = f"{scene.home}/"
    rows = {
        row["target"].replace(home, "~/"): row for row in found["rows"] if row["kind"] != "noise"
    }
    return done, rows


def does(rows):
    return {target: row["does"] for target, row in rows.items()}


TRY = """
def attempt(call, *words, **named):
    try:
        call(*words, **named)
    except OSError as error:
        print(error)
"""
ATTEMPTS = {
    "open": ("attempt(open, home + '/tool/x')", "~/tool/x", ["read"]),
    "open to write": ("attempt(open, home + '/tool/x', 'w')", "~/tool/x", ["write"]),
    "list": ("attempt(os.listdir, home + '/tool')", "~/tool", ["read"]),
    "look": ("attempt(os.stat, home + '/tool/x')", "~/tool/x", ["look"]),
    "look at a link": ("attempt(os.lstat, home + '/tool/x')", "~/tool/x", ["look"]),
    "access": ("attempt(os.stat, home + '/tool/x')", "~/tool/x", ["look"]),
    "run": ("attempt(os.execv, home + '/tool/run', ['run'])", "~/tool/run", ["run"]),
    "by a directory of ours": (
        "os.chdir('/'); fd = os.open('/', os.O_RDONLY); attempt(os.open, home[1:] + '/tool/x', 0, dir_fd=fd)",
        "~/tool/x", ["read"],
    ),
    "relative": ("attempt(open, '../../tool/x')", "~/tool/x", ["read"]),
    "by a thread": (
        "import threading; t = threading.Thread(target=attempt, args=(open, home + '/tool/x')); "
        "t.start(); t.join()",
        "~/tool/x", ["read"],
    ),
    "by a child": ("subprocess.run(['cat', home + '/tool/x'])", "~/tool/x", ["read"]),
    "make a directory": ("attempt(os.mkdir, home + '/new')", "~/new", ["write"]),
    "make a file": ("write(home + '/new')", "~/new", ["write"]),
    "by a link in the project": (
        "os.symlink('../../tool/x', 'link'); attempt(open, 'link')", "~/tool/x", ["read"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("body, target, done", ATTEMPTS.values(), ids=ATTEMPTS)
def test_an_attempt_is_recorded(scene, body, target, done):
    scene.write("tool/x", "x")
    scene.write("tool/run", "#!/bin/sh\n", 0o755)
    ended, rows = recorded(scene, TRY + body)
    assert ended.returncode in (0, 1), ended.stderr
    found = does(rows)
    assert found.get(target.rstrip("/")) == done, rows


def test_sockets_and_the_network(scene):
    scene.beside("s = socket.socket(socket.AF_UNIX); s.bind('agent.sock'); s.listen()")
    body = f"""{TRY}
attempt(socket.socket(socket.AF_UNIX).connect, home + '/agent.sock')
attempt(socket.socket().connect, ('203.0.113.7', 443))
"""
    _, rows = recorded(scene, body, "--network=none")
    assert rows["~/agent.sock"]["does"] == ["connect"]
    assert rows["203.0.113.7:443"]["once"] == "--network=open"


def test_what_is_nowhere_and_what_is_allowed_is_not_told(scene):
    body = f"""{TRY}
for name in ('nowhere', '.config/nowhere/x', 'src/project/nowhere', '../nowhere'):
    attempt(open, home + '/' + name)
write('made'); os.rename('made', 'other'); os.unlink('other'); os.mkdir('d'); os.rmdir('d')
os.listdir('.'); os.listdir('/usr/bin'); write('/tmp/x'); read('/tmp/x'); read('README')
"""
    _, rows = recorded(scene, body)
    assert rows == {}


def test_what_is_protected_is_told_with_its_reason(scene):
    body = f"{TRY}attempt(write, '.git/config'); attempt(write, '.git/hooks/pre-commit')"
    _, rows = recorded(scene, body)
    kinds = {row["kind"] for row in rows.values()}
    assert kinds == {"closed"}, rows
    assert all("your next git command" in row["note"] for row in rows.values())


def test_repeated_ones_are_counted_and_the_program_is_named(scene):
    scene.write("tool/x", "x")
    program = ["sh", "-c", "for n in 1 2 3; do cat ~/tool/x; done"]
    done = scene.confined("run", "--denials", "--", *program)
    assert "read ~/tool/x (3 times, by cat)" in done.stderr
    assert "safehouse grant ~/tool/x" in done.stderr


def test_exit_statuses_and_output_are_those_of_the_command(scene):
    done = scene.confined("run", "--denials", "--", "sh", "-c", "echo out; exit 7")
    assert (done.returncode, done.stdout) == (7, "out\n")
    done = scene.confined("run", "--denials", "--", "sh", "-c", "kill -TERM $$")
    assert done.returncode == 128 + signal.SIGTERM
    assert scene.confined("run", "--denials", "--", "no-such-program").returncode == 127


def test_a_signal_reaches_the_command_and_what_was_refused_is_told(scene):
    scene.write("tool/x", "x")
    body = (
        "read(home + '/tool/x')"
        if False
        else f"{TRY}attempt(open, home + '/tool/x'); print('up', flush=True); time.sleep(60)"
    )
    process = scene.start_confined("run", "--denials", "--", *scene.program(body))
    while b"up" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGTERM)
    done = user.finish(process)
    assert done.returncode == 128 + signal.SIGTERM
    assert "~/tool/x" in done.stderr


def recorders(process):
    """The processes that record for a launch: children of it that are not bubblewrap."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child) for child in children if Path(f"/proc/{child}/comm").read_text() != "bwrap\n"
    ]


def test_a_launch_ends_with_what_records_it(scene):
    body = "print('up', flush=True)\nwhile True: time.sleep(0.1); os.path.exists('/')"
    process = scene.start_confined("run", "--denials", "--", *scene.program(body))
    while b"up" not in process.stdout.readline():
        pass
    (recorder,) = recorders(process)
    os.kill(recorder, signal.SIGKILL)
    done = user.finish(process, timeout=20)
    assert done.returncode != 0
    assert "what records was ended, and the command with it" in done.stderr


def test_nothing_is_left_when_safehouse_is_killed(scene):
    process = scene.start_confined(
        "run", "--denials", "--", "sh", "-c", "echo up; exec sleep 77.125"
    )
    assert process.stdout.readline() == b"up\n"
    (recorder,) = recorders(process)
    process.kill()
    process.wait()
    for _ in range(100):
        if not os.path.exists(f"/proc/{recorder}") and not running("77.125"):
            break
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{recorder}")
    assert not running("77.125")
    user.end(process)


def running(word):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline") as file:
                found += [name] if word in file.read().split("\0") else []
        except OSError:
            continue
    return found


def test_a_flood_is_bounded_and_ends_nothing(scene):
    scene.write("tool/x", "x")
    for n in range(50):
        scene.write(f"tool/{n}/x", "x")
    body = f"""{TRY}
for n in range(12000):
    try: open(home + '/made-%d' % n, 'w').close()
    except OSError: pass
    try: open(home + '/tool/' + '\\x1b[31m' * 3 + str(n))
    except OSError: pass
for text in (b'/' + b'a' * 5000, b'\\xff\\xfe', b'/\\xff/..//.', b''):
    try: open(text)
    except (OSError, ValueError): pass
libc.open(ctypes.c_void_p(1), 0); libc.open(ctypes.c_void_p(-1), 0); libc.open(None, 0)
libc.syscall(437, -100, b'x', None, 0)
read('README'); print('done')
"""
    done, rows = recorded(scene, body)
    assert "done" in done.stdout, done.stderr
    assert "\x1b" not in done.stderr
    assert "more attempts were not kept" in done.stderr
    assert len(rows) <= 500


def test_what_is_kept_is_out_of_reach(scene):
    scene.confined("run", "--denials", "--", "true")
    place = scene.home / ".local/state/safehouse/denials"
    (file,) = place.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    for body in (
        f"read({str(file)!r})",
        f"os.unlink({str(file)!r})",
        f"os.listdir({str(place)!r})",
    ):
        assert scene.attempt(body, confined=False).returncode == 0 or "unlink" in body
        scene.confined("run", "--denials", "--", "true")
        tried = scene.attempt(body, confined=True, options=("--add-dirs", scene.home / ".local"))
        assert tried.returncode != 0, tried.stdout


def test_only_the_last_launches_are_kept(scene):
    place = scene.home / ".local/state/safehouse/denials"
    place.mkdir(parents=True, mode=0o700)
    for n in range(60):
        (place / f"2020-01-01T00.00.00.{n:03}Z-{n:08x}.json").write_text("{}")
    user.own(scene.home / ".local")
    scene.confined("run", "--denials", "--", "true")
    assert len(list(place.iterdir())) == 50
    assert scene.confined("denials").stdout == "nothing was refused\n"


def test_a_sandbox_within_is_not_taken_for_the_command(scene):
    scene.write("tool/x", "x")
    inner = ["bwrap", "--bind", "/", "/", "--tmpfs", "/mnt", "--dev", "/dev", "--proc", "/proc"]
    script = f"{' '.join(inner)} sh -c 'echo inner; mkdir -p /mnt/a; cat /mnt/a/x'"
    done = scene.confined("run", "--denials", "--", "sh", "-c", script)
    if "inner" not in done.stdout:
        pytest.skip(f"no sandbox within a sandbox here: {done.stderr}")
    assert "/mnt" not in done.stderr.replace("cat: /mnt/a/x", "")


def test_it_is_asked_for_by_the_configuration_as_well(scene):
    scene.write(".config/safehouse/config.yaml", "denials: true\n")
    scene.write("tool/x", "x")
    assert "safehouse grant ~/tool/x" in scene.confined("--", "cat", scene.home / "tool/x").stderr
    quiet = scene.confined("--denials=no", "--", "cat", scene.home / "tool/x")
    assert "grant" not in quiet.stderr
