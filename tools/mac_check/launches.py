"""What `safehouse -- COMMAND` and our code beside it rely on: statuses, temporary files, names."""

from __future__ import annotations

import errno
import os
import signal
import statistics
import subprocess
import time

from safehouse.backends import probe
from safehouse.errors import NOT_EXECUTABLE, NOT_FOUND, REFUSED, UserError
from safehouse.files import MacFiles
from safehouse.launch import Proof
from safehouse.request import Request
from safehouse.sandbox import policy_text
from safehouse.sources.directory import identity
from tools.mac_check.asking import (
    ALLOW,
    ENVIRONMENT,
    UNCONFINED,
    UNSURE,
    Answer,
    NotStarted,
    Policy,
    Question,
    ask,
    kill,
)
from tools.mac_check.compiling import PROJECT, make_project
from tools.mac_check.experiment import CLOSED, OPEN
from tools.mac_check.finding import FOUND, HIGH, LOW, Finding, held, unclear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.mac_check.bench import Bench

PLAIN = "plain"  # a directory of the home that is no repository: there a launch stays
PATIENCE = 30.0
REPEATS = 7  # of each launch that is timed
_KIB = 1024


def run(bench: Bench) -> Iterator[Finding]:
    make_project(bench)
    bench.scratch.make(f"{bench.scratch.home}/{PLAIN}/f")
    bench.scratch.make(f"{bench.scratch.home}/closed.txt")
    for part in (
        _statuses, _signals, _descriptors, _inside, _proof, _temporary, _sockets, _names,
        _directories, _folders, _sizes, _times,
    ):  # fmt: skip
        bench.tell(part.__name__.strip("_"))
        try:
            yield from part(bench)
        except (OSError, UserError, NotStarted, subprocess.SubprocessError) as error:
            yield unclear("launch", part.__name__.strip("_"), f"{type(error).__name__}: {error}")


def environment(bench: Bench) -> dict[str, str]:
    """What Safehouse is started with: the scratch home, and where it is itself."""
    return {**ENVIRONMENT, "HOME": bench.scratch.home, "PYTHONPATH": bench.checkout}


def launched(
    bench: Bench, command: Sequence[str], directory: str = PROJECT, **more: str
) -> tuple[int, str]:
    """The exit status of a command under Safehouse, and all that was written."""
    words = [*bench.safehouse, *command]
    place = f"{bench.scratch.home}/{directory}"
    values = {**environment(bench), **more}
    return bench.enforcer.run(UNCONFINED, words, PATIENCE, values, place)


def came_through(
    reference: str, belief: str, wanted: bool, result: tuple[int, str], control: bool = True
) -> Finding:
    """Whether a command did its work under Safehouse (status 0), or was kept from it.

    Where Safehouse did not start it, or it does not work outside either, nothing is told.
    """
    status, said = result
    told = f"status {status}: {said[-300:]}"
    if status in (REFUSED, NOT_EXECUTABLE, NOT_FOUND) or status < 0:
        return unclear(reference, belief, f"it did not run: {told}")
    if not control:
        return unclear(reference, belief, "it does not work outside either")
    return held(reference, belief, (status == 0) == wanted, told)


def _statuses(bench: Bench) -> Iterator[Finding]:
    reference = "launch.py"
    refused = f"{bench.scratch.home}/{PROJECT}/f"
    cases = (
        (["--", "/bin/sh", "-c", "exit 7"], (7,), "the exit status is the command's"),
        (["--", "/bin/sh", "-c", "kill -TERM $$"], (-15, 143), "a signal that ends it is told"),
        (["--", "no-such-program-of-ours"], (127,), "what is not found gives 127"),
        (["--", refused], (126,), "what cannot be executed gives 126"),
    )
    for directory, how in ((PROJECT, "becoming it"), (PLAIN, "staying")):
        for command, wanted, belief in cases:
            status, said = launched(bench, command, directory)
            yield held(reference, f"{belief} ({how})", status in wanted, f"{status} {said}".strip())


_TRAP = "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.1; done"


def _signals(bench: Bench) -> Iterator[Finding]:
    """What is sent to Safehouse alone reaches the command, which has the last word."""
    missing = not hasattr(signal, "sigwaitinfo")
    yield held("launch.py waiting_by_terminal", "there is no sigwaitinfo here", missing)
    for directory, how in ((PROJECT, "becoming it"), (PLAIN, "staying")):
        with subprocess.Popen(
            [*bench.safehouse, "--", "/bin/sh", "-c", _TRAP],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment(bench), cwd=f"{bench.scratch.home}/{directory}",
            start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            try:
                ready = process.stdout.readline() == b"ready\n"
                process.send_signal(signal.SIGTERM)
                said, _ = process.communicate(timeout=PATIENCE)
            finally:
                kill(process)
        told = f"status {process.returncode}, {said!r}"
        belief = f"a signal that is sent to Safehouse reaches the command ({how})"
        right = ready and (process.returncode, said) == (3, b"got\n")
        yield held("launch.py supervise", belief, right, told)


def _descriptors(bench: Bench) -> Iterator[Finding]:
    """A descriptor that Safehouse was started with is closed."""
    file = os.open(f"{bench.scratch.home}/closed.txt", os.O_RDONLY)
    command = [bench.python, "-I", "-S", "-B", "-c", f"import os; os.read({file}, 1)"]
    results = []
    try:
        for words in (command, [*bench.safehouse, "--", *command]):
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
                env=environment(bench), cwd=f"{bench.scratch.home}/{PROJECT}", pass_fds=(file,),
            )  # fmt: skip
            results.append((done.returncode, done.stderr.decode("utf-8", "replace")))
    finally:
        os.close(file)
    belief = "what Safehouse was started with open is closed to the command"
    control, result = results
    yield came_through("launch.py close_inherited", belief, False, result, control[0] == 0)


def _answer(bench: Bench, policy: Policy, question: Question) -> Answer:
    return next(iter(list(ask(bench.enforcer, bench.python, policy, [question]))))


def _inside(bench: Bench) -> Iterator[Finding]:
    question = Question("inside", "self")
    for policy, wanted, where in ((UNCONFINED, False, "outside"), (Policy(OPEN), True, "inside")):
        belief = f"sandbox_check tells that a program is {where}"
        answer = _answer(bench, policy, question)
        outcome = answer.outcome("inside")
        if outcome == UNSURE:
            yield unclear("seatbelt.py inside", belief, str(answer))
        else:
            yield held("seatbelt.py inside", belief, (outcome == ALLOW) == wanted, str(answer))
    nested = [bench.enforcer.program, "-p", OPEN, "--", bench.true]
    status, said = bench.enforcer.run(Policy(OPEN), nested)
    belief = "sandboxes do not nest: sandbox-exec in a sandbox gives 71"
    yield held("seatbelt.md 4.6", belief, status == 71, f"status {status}: {said}")
    closed = f"{bench.scratch.home}/closed.txt"
    control, _ = bench.enforcer.run(UNCONFINED, ["/bin/cat", closed])
    yield came_through(
        "seatbelt.py inside",
        "SAFEHOUSE_SANDBOX=1 outside of a sandbox opens nothing",
        False,
        launched(bench, ["--", "/bin/cat", closed], SAFEHOUSE_SANDBOX="1"),
        control == 0,
    )


def _proof(bench: Bench) -> Iterator[Finding]:
    secret = f"{bench.scratch.home}/{PROJECT}/config/.env"
    proof = Proof((f"{bench.scratch.tree}/e", secret), lambda: ())
    shut = f'{OPEN} (deny file-read-data (subpath "{bench.scratch.root}"))'
    for text, wanted, belief in (
        (shut, "", "a shell finds closed what is closed"),
        (OPEN, "can be opened", "a shell finds open what is open"),
    ):
        words = bench.enforcer.words(Policy(text), [])
        try:
            probe.refuse_open(tuple(words), proof)
            said = ""
        except UserError as error:
            said = error.message
        holds = wanted in said if wanted else not said
        yield held("probe.py refuse_open", belief, holds, said)
    for options, wanted_status in ((["--deny-secrets"], False), ([], True)):
        yield came_through(
            "security-model.md",
            f"a secret of the project is {'open' if wanted_status else 'closed'} with"
            f" {' '.join(options) or 'no option'}",
            wanted_status,
            launched(bench, [*options, "--", "/bin/cat", secret]),
        )


def _temporary(bench: Bench) -> Iterator[Finding]:
    """The directory that each launch has alone: made, held, closed to others, and swept."""
    reference = "temporary.py"
    place = f"{bench.scratch.home}/{PROJECT}"
    script = 'echo "$TMPDIR"; : >"$TMPDIR/mark" && echo made; read -r line'
    with subprocess.Popen(
        [*bench.safehouse, "--", "/bin/sh", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment(bench), cwd=place, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            path = process.stdout.readline().decode().strip().rstrip("/")
            made = process.stdout.readline().strip() == b"made"
            right = os.path.dirname(path) == f"{bench.host.temp}/safehouse"
            yield held(reference, "TMPDIR is a directory of the launch's own", right, path)
            if not right:
                return
            yield held(reference, "it can be written", made and os.path.exists(f"{path}/mark"))
            mode = os.lstat(path).st_mode & 0o777
            yield held(reference, "it is closed to other people", mode == 0o700, oct(mode))
            listed = launched(bench, ["--", "/bin/ls", path])
            yield came_through(reference, "another launch cannot list it", False, listed)
            yield held(reference, "it stays while its command runs", os.path.isdir(path))
            process.stdin.close()
            process.wait(PATIENCE)
        finally:
            kill(process)
    yield held(reference, "it stays until another launch removes it", os.path.isdir(path))
    launched(bench, ["--", bench.true])
    deadline = time.monotonic() + 10
    while os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.1)
    yield held(reference, "the next launch removes it", not os.path.exists(path))


_TALK = """
import os, socket
path = os.environ["TMPDIR"] + "/s"
server = socket.socket(socket.AF_UNIX); server.bind(path); server.listen(1)
client = socket.socket(socket.AF_UNIX); client.connect(path); server.accept()
print("talked", len(path))
"""


def _sockets(bench: Bench) -> Iterator[Finding]:
    yield came_through(
        "profiles.yaml @LAUNCH_TMPDIR",
        "programs can make a socket in TMPDIR and connect to it",
        True,
        launched(bench, ["--", bench.python, "-I", "-S", "-B", "-c", _TALK]),
    )


def _names(bench: Bench) -> Iterator[Finding]:
    """F_GETPATH: how we learn the name that the kernel has for a file."""
    files, tree = MacFiles(), bench.scratch.tree
    cases = (
        (f"{tree}/mixed", f"{tree}/Mixed", "a file in the spelling of the volume"),
        (f"{tree}/link/f", f"{tree}/d/f", "a file behind a link"),
        (f"/System/Volumes/Data{tree}/e", f"{tree}/e", "a file without the data volume's place"),
        ("/etc/hosts", "/private/etc/hosts", "a file of the system"),
    )
    for path, wanted, belief in cases:
        if not os.path.exists(path):
            yield unclear("files.py stored", f"F_GETPATH gives {belief}", f"{path} is not there")
            continue
        found = files.stored(path)
        yield held("files.py stored", f"F_GETPATH gives {belief}", found == wanted, found)
    accent = files.stored(f"{tree}/cafe\u0301")
    told = "as the file has it" if accent.endswith("caf\u00e9") else "as it is asked for"
    belief = "how an accent that is apart from its letter is given"
    yield Finding("seatbelt.md 2.9", LOW, belief, FOUND, told)


def _directories(bench: Bench) -> Iterator[Finding]:
    """By what a directory is known: its number and its time of birth."""
    reference = "directory.py identity"
    first, second = f"{bench.scratch.root}/one", f"{bench.scratch.root}/two"
    os.mkdir(first)
    before = identity(first)
    yield held(reference, "the time of birth is told", not before.endswith("-"))
    bench.scratch.make(f"{first}/f")
    os.chmod(first, 0o750)
    os.rename(first, second)
    yield held(
        reference, "it stays what it is when it is changed or moved", identity(second) == before
    )
    os.mkdir(first)
    yield held(reference, "another one of its name is another", identity(first) != before)
    os.unlink(f"{second}/f")
    os.rmdir(second)
    os.rmdir(first)
    os.mkdir(first)
    yield held(
        reference, "one that takes its name and number is another", identity(first) != before
    )


def _folders(bench: Bench) -> Iterator[Finding]:
    """confstr(65537) and (65538): the person's own T and C below /private/var/folders."""
    names = (("DARWIN_USER_TEMP_DIR", bench.host.temp), ("DARWIN_USER_CACHE_DIR", bench.host.cache))
    for name, ours in names:
        status, said = bench.enforcer.run(UNCONFINED, ["/usr/bin/getconf", name])
        theirs = os.path.realpath(said)
        right = status == 0 and theirs == ours and ours.startswith("/private/var/folders/")
        yield held(
            "host.py _mac_user_directories", f"confstr gives {name}", right, f"{ours} {said}"
        )


def _sizes(bench: Bench) -> Iterator[Finding]:
    """How long argv and environment may be: what is longer goes through a file."""
    large = {**ENVIRONMENT, "LARGE": "x" * (600 * _KIB)}
    padding = "".join(f'(allow file-write-unlink (literal "/{n:0990d}")) ' for n in range(250))
    policy = Policy(f"{OPEN} {padding}")
    status, said = bench.enforcer.run(policy, [bench.true], environment=large)
    belief = "250 KiB of policy and 600 KiB of environment fit together"
    yield held("seatbelt.py _MOST_TOGETHER", belief, status == 0, f"{status} {said[-200:]}")
    too_large = {**ENVIRONMENT, **{f"L{n}": "x" * (200 * _KIB) for n in range(6)}}
    try:
        status, said = bench.enforcer.run(policy, [bench.true], environment=too_large)
    except OSError as error:
        status, said = -1, errno.errorcode.get(error.errno or 0, str(error))
    belief = "what comes of 250 KiB of policy and 1200 KiB of environment"
    yield Finding("seatbelt.md 4.7", HIGH, belief, FOUND, f"{status} {said[-200:]}")
    file = f"{bench.scratch.root}/policy.sb"
    bench.scratch.make(file, f'{CLOSED} (allow file-write* (literal "{bench.scratch.tree}/e"))')
    words = [bench.enforcer.program, "-f", file, "--"]
    for name, wanted in (("e", True), ("d/f", False)):
        touched = bench.enforcer.run(
            UNCONFINED, [*words, "/usr/bin/touch", f"{bench.scratch.tree}/{name}"]
        )
        belief = f"a policy from a file is kept: {'what it opens' if wanted else 'what it closes'}"
        yield held("seatbelt.py _private_file", belief, (touched[0] == 0) == wanted, str(touched))


def _times(bench: Bench) -> Iterator[Finding]:
    """A launch, as a ratio to an empty Python."""
    place = f"{bench.scratch.home}/{PROJECT}"
    base = policy_text(bench.plan(Request(), PROJECT))
    cases = {
        "an empty Python": [bench.python, "-I", "-S", "-c", "pass"],
        "sandbox-exec with little": bench.enforcer.words(Policy(OPEN), [bench.true]),
        "sandbox-exec with the base policy": bench.enforcer.words(Policy(base), [bench.true]),
        "safehouse -- true": [*bench.safehouse, "--", bench.true],
    }
    taken: dict[str, float] = {}
    for name, words in cases.items():
        each = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            bench.enforcer.run(UNCONFINED, words, PATIENCE, environment(bench), place)
            each.append(time.perf_counter() - start)
        taken[name] = statistics.median(each)
    empty = taken["an empty Python"]
    told = tuple(f"{name}: {t * 1000:.0f} ms, {t / empty:.1f}" for name, t in taken.items())
    belief = "how long a launch takes, and as a ratio to an empty Python"
    yield Finding("architecture.md", HIGH, belief, FOUND, "; ".join(told))
