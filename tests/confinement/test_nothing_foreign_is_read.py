"""Files, directories and memory that nobody granted cannot be read, whichever way they are reached."""

from __future__ import annotations

import os

import pytest

from tests.confinement.attack import leaks, withstands
from tests.confinement.scene import SECRET
from tests.confinement.user import PYTHON, linux_only

pytestmark = pytest.mark.confinement

PLACES = (
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".zshrc",
    ".git-credentials",
    ".config/safehouse/config.yaml",
    "secrets/x",
    "src/sibling/code.py",
    "src/sibling/.env",
)


@pytest.mark.parametrize("place", PLACES)
def test_a_file(scenes, place):
    withstands(scenes, f"print(read(home + '/{place}'))")


@pytest.mark.parametrize("place", PLACES)
def test_that_it_exists(scenes, place):
    body = f"os.lstat(home + '/{place}'); print(proof)"
    withstands(scenes, body, lambda scene: {"proof": SECRET})


# Ways to a file that is closed by its name.
WAYS = {
    "the names in the home": "print(os.listdir(home))",
    "a walk through the home": "print(list(os.walk(home)))",
    "up from the project": "print(read('../../secrets/x'))",
    "a link made inside": """
os.symlink(home + "/secrets/x", "link")
print(read("link"))
""",
    "a link to a directory made inside": """
os.symlink(home, "link")
print(read("link/secrets/x"))
""",
    "a hard link made inside": """
os.link(home + "/secrets/x", "mine")
print(read("mine"))
""",
    "a copy made inside": "print(read(shutil.copy(home + '/secrets/x', 'mine')))",
    "a file moved into the project": """
os.rename(home + "/secrets/x", "mine")
print(read("mine"))
""",
    "the directory moved into the project": """
os.rename(home + "/secrets", "mine")
print(read("mine/x"))
""",
    "another program": "print(subprocess.check_output(['cat', home + '/secrets/x'], text=True))",
    "a shell's wildcard": "subprocess.run('cat ~/*/x', shell=True)",
}
WAYS_OF_LINUX = {
    "the own directory in /proc": "print(read('/proc/self/cwd/../../secrets/x'))",
    "the own root in /proc": "print(read('/proc/self/root' + home + '/secrets/x'))",
    "the root of any process": """
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        print(read(f"/proc/{number}/root{home}/secrets/x"))
    except OSError:
        pass
""",
    "the directory of any process": """
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        print(read(f"/proc/{number}/cwd/secrets/x"))
    except OSError:
        pass
""",
    "a handle from before the root was changed": """
above = os.open(project, os.O_RDONLY)
for _ in range(9):
    above = os.open("..", os.O_RDONLY, dir_fd=above)
print(open(os.open(home[1:] + "/secrets/x", os.O_RDONLY, dir_fd=above)).read())
""",
    "the disk under another mount": """
for line in read("/proc/self/mountinfo").splitlines():
    root, place = line.split()[3:5]
    for path in (place + home + "/secrets/x", place + "/secrets/x", place + "/../../secrets/x"):
        if os.path.exists(path):
            print(read(path))
""",
}


@pytest.mark.parametrize("body", WAYS.values(), ids=WAYS)
def test_by_way_of(scenes, body):
    withstands(scenes, body)


@linux_only("there is a /proc on Linux only")
@pytest.mark.parametrize("body", WAYS_OF_LINUX.values(), ids=WAYS_OF_LINUX)
def test_by_way_of_linux(scenes, body):
    def with_one_beside(scene):
        scene.beside("")

    withstands(scenes, body, with_one_beside)


# What lies in the project already, made by an earlier program.
PLANTED = {
    "a link to a file": ("secrets/x", "print(read('planted'))"),
    "a link to a directory": ("secrets", "print(read('planted/x'))"),
    "a link to the home": ("", "print(read('planted/secrets/x'))"),
    "a link to the root of a process": (None, "print(read('planted' + home + '/secrets/x'))"),
}


@pytest.mark.parametrize(("target", "body"), PLANTED.values(), ids=PLANTED)
def test_planted(scenes, target, body):
    def plant(scene):
        path = "/" if target is None else scene.home / target
        (scene.project / "planted").symlink_to(path)

    withstands(scenes, body, plant)


@pytest.mark.parametrize("option", ["--add-dirs", "--add-dirs-ro"])
def test_a_planted_link_is_not_granted_by_its_name(scene, option):
    (scene.project / "data").symlink_to(scene.home / "secrets")
    done = scene.confined(f"{option}=data", "--", "cat", "data/x")
    assert done.returncode == 125
    assert str(scene.home / "secrets") in done.stderr
    assert not leaks(scene, done)


# Descriptors that safehouse was started with.


@pytest.mark.parametrize("place", ["secrets/x", "secrets"])
def test_an_inherited_descriptor(scenes, place):
    opened = []

    def with_descriptor(scene):
        opened.append(os.open(scene.home / place, os.O_RDONLY))
        return {"number": opened[-1], "pass_fds": (opened[-1],)}

    body = """
info = os.fstat(number)
if stat.S_ISDIR(info.st_mode):
    number = os.open("x", os.O_RDONLY, dir_fd=number)
print(os.read(number, 999))
"""
    try:
        withstands(scenes, body, with_descriptor)
    finally:
        for number in opened:
            os.close(number)


@pytest.mark.parametrize("number", [3, 10, 63, 255])
def test_descriptors_of_any_number(scene, number):
    opens = """
import os, sys
number = os.dup2(os.open(sys.argv[1], 0), int(sys.argv[2]))
os.set_inheritable(number, True)
os.execv(sys.argv[3], sys.argv[3:])
"""
    starter = [PYTHON, "-c", opens]
    started = [*starter, scene.home / "secrets/x", number]
    reads = scene.program(f"print(os.read({number}, 999))")
    assert leaks(scene, scene.run(*started, *reads))
    assert not leaks(scene, scene.run(*started, scene.safehouse, "--", *reads))


def test_process_substitution_of_the_shell_works(scene):
    script = 'exec "$0" -- cat <(echo one) <(echo two)'
    done = scene.run("bash", "-c", script, scene.safehouse)
    assert (done.stdout, done.stderr, done.returncode) == ("one\ntwo\n", "", 0)


# Files of the system.


@pytest.mark.parametrize("place", ["/etc/shadow", "/etc/sudoers", "/etc/ssh"])
def test_of_the_system(scene, place):
    done = scene.attempt(f"print(os.listdir({place!r}) or read({place!r}))", True)
    assert done.returncode != 0, done.stdout


# Memory and arguments of other processes.

DECOY = """
held = ctypes.create_string_buffer(os.environb[b"TOKEN"])
libc = ctypes.CDLL(None)
libc.prctl(0x59616d61, ctypes.c_ulong(-1), 0, 0, 0)  # PR_SET_PTRACER, any: where Yama is in force
with open(os.environ["HOME"] + "/address", "w") as file:
    file.write(str(ctypes.addressof(held)))
"""
MEMORY = {
    "its environment": """
print(read(f"/proc/{process}/environ"))
""",
    "environments of all": """
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        print(read(f"/proc/{number}/environ"))
    except OSError:
        pass
""",
    "arguments of all": """
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        print(read(f"/proc/{number}/cmdline"))
    except OSError:
        pass
""",
    "its memory": """
memory = os.open(f"/proc/{process}/mem", os.O_RDONLY)
print(os.pread(memory, 64, address))
""",
    "its memory by process_vm_readv": """
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
mine = ctypes.create_string_buffer(64)
here, there = Vector(ctypes.addressof(mine), 64), Vector(address, 64)
libc.process_vm_readv(process, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
print(mine.raw)
""",
    "its memory by ptrace": """
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(16, process, None, None) == 0:  # PTRACE_ATTACH
    os.waitpid(process, 0)
    words = [libc.ptrace(2, process, address + at, None) for at in range(0, 24, 8)]  # PEEKDATA
    libc.ptrace(17, process, None, None)  # PTRACE_DETACH
    print(struct.pack("3q", *words))
""",
    "its files by pidfd_getfd": """
handle = os.pidfd_open(process)
print(os.pread(libc.syscall(438, handle, opened, 0), 99, 0))
""",
    "its open files": """
print(read(f"/proc/{process}/fd/{opened}"))
""",
}


@linux_only("they are read by the ways of Linux")
@pytest.mark.parametrize("body", MEMORY.values(), ids=MEMORY)
def test_of_another_process(scenes, body):
    def decoy(scene):
        opens = f"os.dup2(os.open({str(scene.home / 'secrets/x')!r}, os.O_RDONLY), 40)"
        process = scene.beside(DECOY + opens, {"TOKEN": SECRET}, (SECRET,))
        address = int((scene.home / "address").read_text())
        return {"process": process, "address": address, "opened": 40}

    withstands(scenes, body, decoy)


# What an earlier program closed, so that a denial in it is not seen.


def denied_by_configuration(scene):
    scene.write(".config/safehouse/config.yaml", "deny: [~/src/project/conf/secret]\n")


def denied_by_pattern(scene):
    text = f'(deny file-read* file-write* (regex #"^{scene.project}/conf/sec.*"))'
    scene.write(".config/safehouse/more.sb", f"(version 1)\n{text}\n")


@linux_only("Seatbelt goes by name")
@pytest.mark.parametrize("mode", ["000", "444", "111", "200"])
@pytest.mark.parametrize("deny", [denied_by_configuration, denied_by_pattern])
def test_what_an_earlier_program_closed(scene, mode, deny):
    scene.write("src/project/conf/secret", SECRET)
    deny(scene)
    more = "~/.config/safehouse/more.sb"
    options = [f"--append-profile={more}"] if deny is denied_by_pattern else []
    script = f"cat conf/secret; chmod {mode} conf"
    first = scene.confined(*options, "--", "sh", "-c", script)
    assert not leaks(scene, first)
    if options and first.returncode:  # such a pattern is refused where it cannot be kept
        scene.run("chmod", mode, "conf")
    again = scene.confined(*options, "--", "sh", "-c", "chmod 755 conf; cat conf/secret")
    assert not leaks(scene, again)
    if mode != "111" or options:
        assert again.returncode == 125
    if not options and mode != "111":
        assert f"chmod u+rx {scene.project}/conf" in again.stderr


@linux_only("Seatbelt goes by name")
def test_what_an_agent_closed_of_its_own(scene):
    program = scene.write(".claude/local/claude", "#!/bin/sh\n", 0o755)
    scene.confined("--agent=claude", "--", "chmod", "000", scene.home / ".claude")
    script = "chmod 755 ~/.claude; echo evil >> ~/.claude/local/claude"
    done = scene.confined("--agent=claude", "--", "sh", "-c", script)
    assert f"chmod u+rx {scene.home}/.claude" in done.stderr
    (scene.home / ".claude").chmod(0o755)
    assert program.read_text() == "#!/bin/sh\n"


@linux_only("Seatbelt goes by name")
def test_the_project_itself_closed(scene):
    scene.project.chmod(0)
    done = scene.run(
        "sh", "-c", f"cd {scene.home}; {scene.safehouse} --workdir={scene.project} true"
    )
    assert done.returncode == 125
    assert "chmod u+r" in done.stderr and f" {scene.project}\n" in done.stderr


@linux_only("on a Mac the rules themselves say so")
def test_of_a_closed_directory_what_is_granted_is_there_and_nothing_else(scene):
    """ssh opens its settings in a directory that wide-read closes."""
    scene.write(".ssh/config", "Host example\n")
    body = """
print(read(home + "/.ssh/config"))
for attempt in (os.listdir, lambda path: read(path + "/id_ed25519"), lambda path: write(path + "/new")):
    try:
        print(attempt(home + "/.ssh"), "went well")
    except OSError as error:
        print(type(error).__name__)
"""
    free = scene.attempt(body, False).stdout
    assert "went well" in free
    done = scene.attempt(body, True, ("--enable=wide-read,ssh",))
    said = done.stdout.splitlines()[1:]
    assert said == ["Host example", "", "PermissionError", "FileNotFoundError", "OSError"], (
        done.stderr
    )
