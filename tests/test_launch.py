"""What a program is started with: its inputs, descriptors, signals, and the status of its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from safehouse.launch import Ending

ROOT = Path(__file__).parents[1]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="memfd_create")
# Prints what a program finds: its arguments, environment and open descriptors.
LOOK = """
import json, os, sys
def read(word):
    return os.read(int(word), 100000).decode() if word.isdigit() else word
files = {}
for name in sorted(os.listdir("/dev/fd"), key=int):
    try:
        os.fstat(int(name))
    except OSError:
        continue
    files[name] = True
out = {"argv": [read(w) for w in sys.argv[1:]], "environ": dict(os.environ), "files": list(files)}
print(json.dumps(out))
"""


def started(script: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A Python of its own that runs `script` with `launch` imported."""
    head = f"""
import os, sys
from safehouse.launch import *
from safehouse.launch import Words, Input, Launch, Enforcement, execute, replace_process, supervise
PYTHON = {sys.executable!r}
LOOK = {LOOK!r}
def launch(*words, environment=(("A", "1"),)):
    return Launch(PYTHON, ("python", "-ISc", LOOK, *words), environment, Enforcement("full", "test"))
"""
    return subprocess.run(
        [sys.executable, "-c", head + script], cwd=ROOT, capture_output=True, text=True, timeout=60,
        **options,  # type: ignore[call-overload]
    )  # fmt: skip


def looked(script: str, **options: object) -> dict[str, object]:
    done = started(script, **options)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@linux_only
def test_the_program_gets_its_words_and_its_environment_and_no_more():
    found = looked('replace_process(launch("a b", "", "*", "ä"))')
    assert found["argv"] == ["a b", "", "*", "ä"]
    assert {name: value for name, value in found["environ"].items() if name != "LC_CTYPE"} == {
        "A": "1"
    }


@linux_only
def test_an_input_is_a_descriptor_with_its_bytes():
    found = looked('replace_process(launch("x", Input(b"secret" * 9000)))')
    assert found["argv"] == ["x", "secret" * 9000]


@linux_only
def test_words_are_an_input_each_ended_by_a_zero_byte():
    found = looked('replace_process(launch(Words(("--setenv", "A", "b c"))))')
    assert found["argv"] == ["--setenv\0A\0b c\0"]


@linux_only
def test_an_input_inside_of_words_stands_as_its_number():
    found = looked('replace_process(launch(Words(("--data", Input(b"x"), "end"))))')
    option, number, end, _ = found["argv"][0].split("\0")
    assert (option, end) == ("--data", "end")
    assert number in found["files"]


@linux_only
def test_descriptors_of_the_caller_s_are_closed():
    """One of them may be a file that the policy does not grant."""
    with open("/etc/passwd") as file:
        os.set_inheritable(file.fileno(), True)
        found = looked("replace_process(launch())", pass_fds=(file.fileno(),))
        assert str(file.fileno()) not in found["files"]


@linux_only
def test_a_descriptor_that_the_command_names_stays():
    """A shell's process substitution: diff <(a) <(b)."""
    with open("/etc/passwd") as file:
        number = file.fileno()
        found = looked(f'replace_process(launch("/dev/fd/{number}"))', pass_fds=(number,))
        assert str(number) in found["files"]


@linux_only
def test_signals_that_python_ignores_are_not_ignored_by_the_program():
    """By another program than Python, which ignores SIGPIPE anew."""
    script = "while read name mask; do [ $name = SigIgn: ] && echo $mask; done </proc/self/status"
    done = started(f"""
replace_process(Launch("/bin/sh", ("sh", "-c", {script!r}), (), Enforcement("full", "test")))
""")
    assert not int(done.stdout, 16) & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1))


@pytest.mark.parametrize(
    "status, code, by_itself", [(0, 0, True), (7 << 8, 7, True), (15, 143, False)]
)
def test_an_end_is_a_status_as_a_shell_gives_it(status, code, by_itself):
    assert (Ending(status).code, Ending(status).by_itself) == (code, by_itself)


@pytest.mark.parametrize(
    "child, code",
    [("os._exit(0)", 0), ("os._exit(42)", 42), ("os.kill(os.getpid(), 9)", 137), ("1/0", 125)],
)
def test_a_supervised_program_ends_with_its_own_status(child, code):
    script = f"""
def child():
    {child}
sys.exit(supervise(child, lambda started: None, lambda: 0).code)
"""
    assert started(script).returncode == code


def test_what_is_sent_to_the_supervisor_reaches_the_program():
    script = """
import signal, time
def child():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(33))
    print("ready", flush=True)
    while True:
        time.sleep(1)
def find():
    return 0
sys.exit(supervise(child, lambda started: None, find).code)
"""
    head = "import os, sys\nfrom safehouse.launch import supervise\n"
    process = subprocess.Popen(
        [sys.executable, "-c", head + script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 33
