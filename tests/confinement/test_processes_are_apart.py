"""Processes outside are neither seen nor touched, and no right is to be had that was not there."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import termios
import time
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks, withstands
from tests.confinement.kernel import KNOWN_PROCESSOR, needs_scopes, types_into_terminals
from tests.confinement.scene import BEGUN, SECRET
from tests.confinement.user import linux_only

pytestmark = pytest.mark.confinement


def state_of(process: int) -> str:
    """The letter of the kernel: T stopped, t traced, Z dead; "" gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def disturbed(process):
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        if state_of(process) not in ("S", "R"):
            return True
        time.sleep(0.02)
    return False


SIGNALS = {
    "killed": "os.kill(process, signal.SIGKILL)",
    "asked to end": "os.kill(process, signal.SIGTERM)",
    "stopped": "os.kill(process, signal.SIGSTOP)",
    "stopped with its group": "os.killpg(process, signal.SIGSTOP)",
    "killed by a queue": "libc.sigqueue(process, 9, None)",
    "killed by a handle": "signal.pidfd_send_signal(os.pidfd_open(process), 9)",
    "killed by its terminal's group": "os.killpg(os.getpgid(process), 9)",
    "traced": "libc.ptrace(16, process, None, None); os.waitpid(process, 0); os.kill(os.getpid(), 9)",
}


@linux_only("asks /proc how the other one is")
@pytest.mark.parametrize("body", SIGNALS.values(), ids=SIGNALS)
def test_a_process_outside_is_not(scenes, body):
    decoys = []

    def decoy(scene):
        allow = "ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)"
        decoys.append(scene.beside(allow))
        return {"process": decoys[-1]}

    # A tracer that is killed leaves its tracee running, but not the one that it had stopped.
    stays = body.replace("os.kill(os.getpid(), 9)", "os.kill(process, 9)")
    withstands(scenes, stays, decoy, harmed=lambda scene, done: disturbed(decoys[-1]))


@linux_only("asks /proc how the other one is")
@pytest.mark.parametrize("number", ["SIGKILL", "SIGSTOP"])
def test_the_supervisor_is_not_hurt_by_its_number(scene, number):
    """What is parent of the program, as seen from inside, is bubblewrap's, if anybody."""
    body = f"""
for process in [os.getppid(), *range(3, 9)]:
    try:
        os.kill(process, signal.{number}) if process not in (0, os.getpid()) else None
    except OSError:
        pass
print("tried")
"""
    done = scene.attempt(body, True)
    assert "tried" in done.stdout or done.returncode == 137


@needs_scopes
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGUSR1"])
def test_the_group_of_the_caller(scenes, number):
    """`kill(0)` reaches all that the shell started together, as a script that calls safehouse."""
    script = '"$@"; echo "outside lives" >outside'

    def caller(body, scene, confined):
        words = scene.program(body)
        if confined:
            words = [scene.safehouse, "--", *words]
        process = user.start(["sh", "-c", script, "sh", *words], scene.project, scene.env)
        try:
            process.wait(3)
        except user.subprocess.TimeoutExpired:
            pass
        user.end(process)
        return (scene.project / "outside").exists()

    body = f"os.kill(0, signal.{number}); time.sleep(0.3); os.kill(os.getpid(), signal.SIGKILL)"
    assert not caller(body, scenes(), False)
    scene = scenes()
    assert caller(body, scene, True)


@linux_only("there is a /proc on Linux only")
def test_only_processes_of_the_sandbox_are_listed(scene):
    outside = scene.beside("", words=(SECRET,))
    done = scene.attempt("print(*filter(str.isdigit, os.listdir('/proc')))", True)
    numbers = done.stdout.split("\n")[1].split()
    assert str(outside) not in numbers or len(numbers) < 6
    assert len(numbers) < 6
    assert os.path.exists(f"/proc/{outside}")


# Memory that programs share by name.

SHARED_MEMORY = """
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
"""


@linux_only("System V memory is Linux' here")
def test_system_v_memory(scenes):
    segments = []

    def segment(scene):
        key = 0x5AFE0000 + os.getpid() % 0xFFFF
        body = f"""{SHARED_MEMORY}
number = libc.shmget({key}, 99, 0o1600)
assert number >= 0
at = libc.shmat(number, None, 0)
ctypes.memmove(at, os.environb[b"TOKEN"], len(os.environb[b"TOKEN"]))
with open(os.environ["HOME"] + "/number", "w") as file:
    file.write(str(number))
"""
        scene.beside(body, {"TOKEN": SECRET})
        segments.append(int((scene.home / "number").read_text()))
        return {"key": key, "number": segments[-1]}

    body = f"""{SHARED_MEMORY}
for found in (libc.shmget(key, 0, 0), number, *range(20)):
    at = libc.shmat(found, None, 0)
    if at is not None and at != ctypes.c_void_p(-1).value:
        print(ctypes.string_at(at, 40))
"""
    try:
        withstands(scenes, body, segment)
    finally:
        for number in segments:
            user.run(
                [user.PYTHON, "-c", f"import ctypes; ctypes.CDLL(None).shmctl({number}, 0, None)"]
            )


@linux_only("there is a /dev/shm on Linux only")
def test_posix_memory(scenes):
    made = []

    def segment(scene):
        name = f"safehouse-{os.getpid()}-{len(made)}"
        made.append(Path("/dev/shm", name))
        made[-1].write_text(SECRET)
        os.chown(made[-1], user.UID, user.GID)
        return {"name": name}

    try:
        withstands(scenes, "print(os.listdir('/dev/shm'), read('/dev/shm/' + name))", segment)
    finally:
        for path in made:
            path.unlink()


_KEYCTL = 250 if os.uname().machine == "x86_64" else 219  # aarch64 and other newer ones
_ADD_KEY = _KEYCTL - 2


@linux_only("the keyring is Linux'")
def test_the_kernels_keyring(scenes):
    body = f"""
libc = ctypes.CDLL(None)
token = os.environb[b"TOKEN"]
key = libc.syscall({_ADD_KEY}, b"user", b"safehouse-test", token, len(token), -4)
with open(os.environ["HOME"] + "/number", "w") as file:
    file.write(str(key))
"""

    def key(scene):
        scene.beside(body, {"TOKEN": SECRET})
        number = int((scene.home / "number").read_text())
        if number <= 0:
            pytest.skip("no keyring here; a container's filter of system calls refuses it")
        return {"number": number}

    reads = f"""
found = libc.syscall({_KEYCTL}, 10, -4, b"user", b"safehouse-test", 0)  # KEYCTL_SEARCH
for key in (found, number):
    text = ctypes.create_string_buffer(99)
    if libc.syscall({_KEYCTL}, 11, key, text, 99) > 0:  # KEYCTL_READ
        print(text.value)
"""
    try:
        withstands(scenes, reads, key)
    finally:
        user.run([user.PYTHON, "-c", f"import ctypes; l = ctypes.CDLL(None); l.syscall({_KEYCTL}, 9, "
                  f"l.syscall({_KEYCTL}, 10, -4, b'user', b'safehouse-test', 0), -4)"])  # fmt: skip


@linux_only("the keyring is Linux'")
@pytest.mark.skipif(not KNOWN_PROCESSOR, reason="no filter for this processor")
def test_no_keyring_is_there(scene):
    """The session's is inherited from the caller, whatever the namespaces are."""
    body = f"""
libc.syscall({_KEYCTL}, 0, -3, 0)  # KEYCTL_GET_KEYRING_ID of the session's
print(errno.errorcode.get(ctypes.get_errno(), "there"))
libc.syscall({_ADD_KEY}, b"user", b"safehouse-test-2", b"x", 1, -3)
print(errno.errorcode.get(ctypes.get_errno(), "there"))
"""
    body = "import errno\n" + body
    if "ENOSYS" in scene.attempt(body, False).stdout:
        pytest.skip("no keyring here; a container's filter of system calls refuses it")
    assert scene.attempt(body, True).stdout.split()[-2:] == ["ENOSYS", "ENOSYS"]


# Rights.


def status(done):
    return dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)


@linux_only("there is a /proc on Linux only")
def test_no_capabilities_and_no_new_ones(scene):
    free = status(scene.run("cat", "/proc/self/status"))
    done = status(scene.confined("--", "cat", "/proc/self/status"))
    assert free["NoNewPrivs"] == "0"
    assert done["NoNewPrivs"] == "1"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(done[name], 16) == 0, name
    assert done["Seccomp"] == ("2" if KNOWN_PROCESSOR else "0")


@linux_only("namespaces are Linux'")
def test_namespaces_of_its_own(scene):
    body = (
        "print(*(os.readlink(f'/proc/self/ns/{n}') for n in ('user', 'pid', 'ipc', 'uts', 'mnt')))"
    )
    free, done = (scene.attempt(body, confined).stdout.split()[-5:] for confined in (False, True))
    assert len(free) == len(done) == 5
    assert not set(free) & set(done)


NESTED = """
if libc.unshare(0x10000000 | 0x00020000) == 0:  # CLONE_NEWUSER, CLONE_NEWNS
    print("nested")
def call(name, *words):
    code = getattr(libc, name)(*words)
    print(name, words, ctypes.get_errno() if code else "done")
REMOUNT, BIND, REC, DETACH = 0x20, 0x1000, 0x4000, 2
"""
NESTED_ATTEMPTS = {
    "unmounting the home": "call('umount2', home.encode(), DETACH)",
    "unmounting all": """
for line in reversed(read("/proc/self/mountinfo").splitlines()):
    call("umount2", line.split()[4].encode(), DETACH)
""",
    "binding the root elsewhere": """
os.mkdir("/tmp/root")
call("mount", b"/", b"/tmp/root", None, BIND | REC, None)
call("umount2", b"/tmp/root" + home.encode(), DETACH)
home = "/tmp/root" + home
""",
    "binding the parent elsewhere": """
os.mkdir("/tmp/root")
call("mount", os.path.dirname(home).encode(), b"/tmp/root", None, BIND, None)
home = "/tmp/root/" + os.path.basename(home)
""",
    "the old root": """
os.makedirs("/tmp/new/old")
call("mount", b"/", b"/tmp/new", None, BIND | REC, None)
call("syscall", 155, b"/tmp/new", b"/tmp/new/old")
for place in ("/oldroot", "/newroot", "/old", "/tmp/old"):
    if os.path.exists(place + home + "/secrets/x"):
        print(read(place + home + "/secrets/x"))
""",
    "a new /proc": """
os.mkdir("/tmp/proc")
if os.fork() == 0:
    libc.unshare(0x20000000)
    if os.fork() == 0:
        call("mount", b"proc", b"/tmp/proc", b"proc", 0, None)
        for number in filter(str.isdigit, os.listdir("/tmp/proc")):
            try:
                print(read(f"/tmp/proc/{number}/root{home}/secrets/x"))
            except OSError:
                pass
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
""",
}


@linux_only("namespaces are Linux'")
@pytest.mark.parametrize("body", NESTED_ATTEMPTS.values(), ids=NESTED_ATTEMPTS)
def test_a_nested_namespace_reveals_nothing(scene, body):
    done = scene.attempt(f"{NESTED}{body}\nprint(read(home + '/secrets/x'))", True)
    assert "nested" in done.stdout, "sandboxes of agents, which nest, would not work either"
    assert not leaks(scene, done), done.stdout


@linux_only("namespaces are Linux'")
@pytest.mark.parametrize(
    "place", [".gitconfig", "src/project/.git/hooks", "src/project/.git/config"]
)
def test_a_nested_namespace_makes_nothing_writable(scene, place):
    body = f"""{NESTED}
path = home + "/{place}"
call("mount", None, path.encode(), None, REMOUNT | BIND, None)
call("umount2", path.encode(), DETACH)
os.path.isdir(path) and write(path + "/new")
write(path)
"""
    before = scene.untouchable()
    done = scene.attempt(body, True)
    assert "nested" in done.stdout
    assert scene.untouchable() == before


@linux_only("how the kernel is set is written in /proc")
@pytest.mark.parametrize(
    "place", ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper",
              "/proc/sys/vm/swappiness", "/sys/fs/cgroup/cgroup.procs"]
)  # fmt: skip
def test_the_kernels_settings_cannot_be_opened_for_writing(scene, place):
    done = scene.attempt(f"os.open({place!r}, os.O_WRONLY); print('opened')", True)
    assert "opened" not in done.stdout


@linux_only("devices have other names on macOS")
def test_only_harmless_devices(scene):
    done = scene.confined("--", "ls", "/dev")
    known = "console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero"
    assert set(done.stdout.split()) <= set(known.split())


# Typing into the terminal, where the person's shell would read it.


@pytest.mark.skipif(not types_into_terminals(), reason="this kernel has no TIOCSTI")
@pytest.mark.skipif(not KNOWN_PROCESSOR, reason="no filter for this processor")
@pytest.mark.parametrize("call", ["TIOCSTI", "TIOCSTI with high bits"])
def test_nothing_is_typed_into_the_terminal(scene, call):
    number = "0x5412" if call == "TIOCSTI" else "0x5412 | 7 << 32"
    body = f"""
libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]
for letter in b"evil\\n":
    libc.ioctl(0, {number}, ctypes.byref(ctypes.c_char(letter)))
print(ctypes.get_errno())
"""
    assert typed(scene.program(body), scene)
    assert not typed([scene.safehouse, "--", *scene.program(body)], scene)


def typed(words, scene):
    """Whether there is anything to read on the terminal of a command after its end."""
    master, slave = pty.openpty()
    take = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    take += "os.execv(sys.argv[1], sys.argv[1:])"
    try:
        argv = [user.PYTHON, "-c", take, *words]
        done = user.run(argv, scene.project, scene.env, stdin=slave)
        assert "the attempt begins" in done.stdout, done.stderr
        return struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, b"1234"))[0] > 0
    except OSError as error:
        if error.errno != errno.EIO:  # hung up: its session is over
            raise
        return False
    finally:
        os.close(master)
        os.close(slave)


# A debugger's way to go on: the sandbox's first process is made to stay when bwrap's outer one ends, and
# that one is told that the program has.
GOES_ON = """
class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
        "fs_base gs_base ds es fs gs".split())]
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
SINGLESTEP, GETREGS, SETREGS, ATTACH, DETACH, PEEKTEXT, POKETEXT = 9, 12, 13, 16, 17, 1, 4
def stay():
    if libc.ptrace(ATTACH, 1, None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(1, 0x40000000)
    before, changed = Registers(), Registers()
    libc.ptrace(GETREGS, 1, None, ctypes.byref(before))
    ctypes.memmove(ctypes.byref(changed), ctypes.byref(before), ctypes.sizeof(before))
    word = libc.ptrace(PEEKTEXT, 1, before.rip, None)
    libc.ptrace(POKETEXT, 1, before.rip, (word & ~0xffff | 0x050f) & (2**64 - 1))
    changed.rax, changed.rdi, changed.rsi, changed.orig_rax = 157, 1, 0, 2**64 - 1
    libc.ptrace(SETREGS, 1, None, ctypes.byref(changed))
    libc.ptrace(SINGLESTEP, 1, None, None)
    os.waitpid(1, 0x40000000)
    libc.ptrace(POKETEXT, 1, before.rip, word & (2**64 - 1))
    libc.ptrace(SETREGS, 1, None, ctypes.byref(before))
    libc.ptrace(DETACH, 1, None, None)
def tell():
    first = os.pidfd_open(1)
    for name in os.listdir("/proc/1/fd"):
        if "eventfd" in os.readlink("/proc/1/fd/" + name):
            copy = libc.syscall(438, first, int(name), 0)
            os.write(copy, (1).to_bytes(8, "little"))
os.chdir(project)
if inside:
    stay()
if os.fork() == 0:
    os.setsid()
    for number in (0, 1, 2):
        os.close(number)
    if inside:
        tell()
    for _ in range(60):
        with open("alive", "a") as file:
            file.write("x")
        time.sleep(0.05)
    os._exit(0)
if inside:
    time.sleep(60)
"""


@linux_only("on a Mac the processes that a command leaves behind stay, and are confined")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="it is written for x86_64")
@pytest.mark.parametrize(
    "options", [(), ("--add-dirs=/", "--accept-partial")], ids=["", "all open"]
)
def test_no_process_outlives_its_launch(scene, options):
    def grows(confined):
        done = scene.attempt(GOES_ON, confined, options if confined else (), inside=confined)
        alive = scene.project / "alive"
        if not alive.exists():
            time.sleep(0.5)
        size = alive.stat().st_size if alive.exists() else 0
        time.sleep(0.5)
        return alive.exists() and alive.stat().st_size > size, done

    assert grows(False)[0], "unconfined it must succeed"
    (scene.project / "alive").unlink()
    time.sleep(3)
    (scene.project / "alive").unlink(missing_ok=True)
    went_on, done = grows(True)
    assert not went_on, done.stderr
    assert BEGUN in done.stdout
