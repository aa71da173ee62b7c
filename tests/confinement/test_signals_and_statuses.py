"""Signals, exit statuses, arguments, standard input and output are passed on as they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from tests.confinement import user
from tests.confinement.user import PYTHON, linux_only

pytestmark = pytest.mark.confinement


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "exit 255"], 255),
        (["sh", "-c", "exit 125"], 125),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["sh", "-c", "kill -KILL $$"], 137),
        (["sh", "-c", "kill -INT $$"], 130),
        (["sh", "-c", "kill -HUP $$"], 129),
        (["sh", "-c", "kill -SEGV $$"], 139),
        (["sh", "-c", "kill -ABRT $$"], 134),
        (["no-such-command"], 127),
        (["./no-such-command"], 127),
        (["/no/such/command"], 127),
        (["./README"], 126),
        (["/usr"], 126),
        ([""], 127),
    ],
    ids=str,
)
def test_the_status_is(scene, command, status):
    done = scene.confined("--", *command)
    assert done.returncode % 256 in (status, (128 - status) % 256), done.stderr
    shown = scene.run("sh", "-c", '"$@"; echo $?', "sh", scene.safehouse, "--", *command)
    assert shown.stdout == f"{status}\n"
    if status in (126, 127):
        assert done.stderr.startswith("safehouse: ")


def test_what_cannot_be_executed(scene):
    scene.write("src/project/no-program", "no program of any kind\0\1", 0o755)
    scene.write("src/project/no-interpreter", "#!/no/such/interpreter\n", 0o755)
    for name in ("no-program", "no-interpreter"):
        done = scene.confined("--", f"./{name}")
        assert done.returncode in (126, 127), done.stderr


def test_our_own_refusals_are_125(scene):
    done = scene.confined("--no-such-option", "--", "true")
    assert done.returncode == 125


TRAP = """
trap 'echo caught; exit 3' {name}
echo ready
while :; do sleep 0.02; done
"""


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
def test_a_signal_reaches_the_program(scene, name):
    process = scene.start_confined("--", "sh", "-c", TRAP.format(name=name))
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, getattr(signal, f"SIG{name}"))
    done = user.finish(process, timeout=10)
    assert (done.stdout, done.returncode) == ("caught\n", 3), done.stderr


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "USR1"])
def test_a_signal_ends_a_program_that_does_not_handle_it(scene, name):
    process = scene.start_confined("--", "sh", "-c", "echo ready; exec sleep 99")
    assert process.stdout.readline() == b"ready\n"
    os.kill(process.pid, getattr(signal, f"SIG{name}"))
    done = user.finish(process, timeout=10)
    number = getattr(signal, f"SIG{name}").value
    assert done.returncode in (128 + number, -number)


@pytest.mark.parametrize("name", ["TERM", "INT", "USR1"])
def test_a_signal_to_the_group_is_delivered_once(scene, name):
    """As `timeout` and service managers send them."""
    body = f"""
count = 0
def caught(*_):
    global count
    count += 1
signal.signal(signal.SIG{name}, caught)
print("ready", flush=True)
deadline = time.monotonic() + 1
while time.monotonic() < deadline:
    time.sleep(0.1)
print(count)
"""
    process = scene.start_confined("--", *scene.program(body))
    process.stdout.readline()
    assert process.stdout.readline() == b"ready\n"
    os.killpg(process.pid, getattr(signal, f"SIG{name}"))
    done = user.finish(process)
    assert done.stdout in ("1\n", "2\n"), done.stderr


def test_ignored_signals_stay_ignored_by_nohup(scene):
    """`nohup safehouse ...` outlives its terminal."""
    process = user.start(
        ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", scene.safehouse, "--", "sh", "-c",
         "echo ready; sleep 0.5; echo lived"],
        scene.project, scene.env,
    )  # fmt: skip
    assert process.stdout.readline() == b"ready\n"
    os.killpg(process.pid, signal.SIGHUP)
    assert user.finish(process).stdout == "lived\n"


def test_killing_safehouse_ends_the_program(scene):
    body = "n = 0\nwhile True:\n    n += 1\n    write('beats', str(n))\n    time.sleep(0.02)"
    process = scene.start_confined("--", *scene.program(body))
    beats = scene.project / "beats"
    _until(beats.exists)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.3)
    before = beats.read_text()
    time.sleep(0.3)
    assert beats.read_text() == before
    user.end(process)


@linux_only("a process of the background goes on after its parent on macOS")
def test_what_runs_in_the_background_ends_with_the_program(scene):
    body = "(while :; do date +%s%N >beats; sleep 0.02; done) & sleep 0.2"
    done = scene.confined("--", "sh", "-c", body)
    assert done.returncode == 0
    before = (scene.project / "beats").read_text()
    time.sleep(0.3)
    assert (scene.project / "beats").read_text() == before


def _until(true, seconds=5):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def test_a_reader_that_goes_away_ends_the_program(scene):
    done = scene.run(
        "bash", "-c", '"$0" -- yes | head -1; echo "${PIPESTATUS[0]}"', scene.safehouse, timeout=10
    )
    assert done.stdout == "y\n141\n"
    done = scene.confined("--", "bash", "-c", 'yes | head -1; echo "${PIPESTATUS[0]}"')
    assert done.stdout == "y\n141\n"


def test_ignored_and_blocked_signals_are_those_of_the_caller(scene):
    show = [PYTHON, "-IS", "-c", "print(*[l for l in open('/proc/self/status') if l[:3] == 'Sig'])"]
    if not user.LINUX:
        pytest.skip("there is a /proc on Linux only")
    free = scene.run("env", *show).stdout
    assert scene.confined("--", "env", *show).stdout.split("SigBlk")[1] == free.split("SigBlk")[1]


# Arguments, input, output.

WORDS = [
    "", " ", "a b", "new\nline", "tab\t", "*", "?[a]", "$HOME", "`id`", "'", '"', "\\", "é", "日本",
    "🦔", "--", "-x", "--help", "a=b", "~", "!x", "#c", ";", "&", "|", "{a,b}", "%s", "\x1b[0m",
]  # fmt: skip


def test_arguments_are_unchanged(scene):
    body = "import json, sys; print(json.dumps(sys.argv[1:]))"
    done = scene.confined("--", PYTHON, "-IS", "-c", body, *WORDS)
    assert json.loads(done.stdout) == WORDS


def test_bytes_that_are_no_text_are_unchanged(scene):
    body = "import os, sys; print([os.fsencode(word) for word in sys.argv[1:]])"
    words = [os.fsdecode(b"\xff\xfe"), os.fsdecode(b"a\x80")]
    done = scene.confined("--", PYTHON, "-IS", "-c", body, *words)
    assert done.stdout == "[b'\\xff\\xfe', b'a\\x80']\n"


def test_many_and_long_arguments(scene):
    words = ["x" * 100_000, *map(str, range(5000))]
    done = scene.confined("--", "sh", "-c", "echo $# ${#1}", "sh", *words)
    assert done.stdout == "5001 100000\n", done.stderr


def test_without_the_two_dashes(scene):
    assert scene.confined("echo", "--help", "-x").stdout == "--help -x\n"
    assert scene.confined("run", "echo", "--", "x").stdout == "-- x\n"


def test_standard_input_and_output_as_pipes(scene):
    text = "\0line\n" * 200_000
    assert scene.confined("--", "cat", input=text).stdout == text


def test_standard_error_is_apart(scene):
    done = scene.confined("--", "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_descriptors(scene, closed):
    script = f'"$0" -- sh -c "echo ran >ran" {closed}'
    done = scene.run("sh", "-c", script, scene.safehouse)
    assert done.returncode == 0, done.stderr
    assert (scene.project / "ran").read_text() == "ran\n"


def test_output_to_a_file_that_is_not_granted(scene):
    """The person's own redirection: opened before anything is confined."""
    with open(scene.home / "out", "w") as file:
        done = scene.confined("--", "echo", "text", stdout=file)
    assert done.returncode == 0
    assert (scene.home / "out").read_text() == "text\n"


def test_no_terminal_and_no_input(scene):
    process = scene.start_confined("--", "cat", stdin=subprocess.DEVNULL)
    assert user.finish(process).returncode == 0


def test_the_working_directory_and_mask(scene):
    done = scene.run("sh", "-c", 'umask 077; "$0" -- sh -c "pwd; umask"', scene.safehouse)
    assert done.stdout == f"{scene.project}\n0077\n"


def test_limits_are_kept(scene):
    done = scene.run("sh", "-c", 'ulimit -n 77; "$0" -- sh -c "ulimit -n"', scene.safehouse)
    assert done.stdout == "77\n"
