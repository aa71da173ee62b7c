"""What nobody granted cannot be changed: not its content, nor its name, mode, times or attributes."""

from __future__ import annotations

import shutil

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks, withstands, withstands_change
from tests.confinement.user import linux_only

pytestmark = pytest.mark.confinement

EXCHANGE = "libc.renameat2(-100, {0!r}.encode(), -100, {1!r}.encode(), 2)"

WRITES = {
    "a new file in the home": "write(home + '/new')",
    "a new directory in the home": "os.mkdir(home + '/new')",
    "a file of the home": "write(home + '/notes.txt')",
    "a start file of the shell": "write(home + '/.zshrc')",
    "a start file of the shell that is not there": "write(home + '/.bashrc')",
    "keys that may log in": "write(home + '/.ssh/authorized_keys')",
    "the sibling repository": "write(sibling + '/code.py')",
    "a new file beside the project": "write(home + '/src/new')",
    "safehouse's configuration": "write(home + '/.config/safehouse/config.yaml')",
    "a new file of safehouse's": "write(home + '/.config/safehouse/profiles.yaml')",
    "safehouse's directory renamed": "os.rename(home + '/.config/safehouse', home + '/old')",
    "its parent renamed": "os.rename(home + '/.config', home + '/old')",
    "settings of git, which are granted to read": "write(home + '/.gitconfig')",
    "settings of git by git": "subprocess.run(['git', 'config', '--global', 'alias.x', '!y'])",
    "settings of git by renaming": """
write("new")
os.rename("new", home + "/.gitconfig")
""",
    "settings of git removed": "os.unlink(home + '/.gitconfig')",
    "a program of the user's": "write(home + '/.local/bin/tool')",
    "a file removed": "os.unlink(home + '/notes.txt')",
    "a tree removed": "shutil.rmtree(home + '/secrets')",
    "a file moved away": "os.rename(home + '/notes.txt', 'notes.txt')",
    "a file moved out": "os.rename('README', home + '/README')",
    "a link in the home": "os.symlink('secrets', home + '/link')",
    "a hard link in the home": "os.link('README', home + '/README')",
    "a named pipe in the home": "os.mkfifo(home + '/pipe')",
    "the mode of a file": "os.chmod(home + '/notes.txt', 0o777)",
    "the mode of a key": "os.chmod(home + '/.ssh/id_ed25519', 0o644)",
    "the times of a file": "os.utime(home + '/notes.txt', (1, 1))",
    "the mode of what is granted to read": "os.chmod(home + '/.gitconfig', 0o777)",
    "the times of what is granted to read": "os.utime(home + '/.gitconfig', (1, 1))",
    "the mode of the home": "os.chmod(home, 0o777)",
    "the project renamed": "os.rename(project, project + '2')",
    "the project's parent renamed": "os.rename(home + '/src', home + '/src2')",
    "the project replaced": """
os.rename(project, project + "2")
os.symlink(home, project)
""",
    "through a link made inside": """
os.symlink(home, "link")
write("link/new")
""",
    "through a link to a file": """
os.symlink(home + "/notes.txt", "link")
write("link")
""",
    "up from the project": "write('../../new')",
    "by a shell": "subprocess.run('echo evil >~/.zshrc', shell=True)",
    "what the project asks of safehouse": "write('.safehouse.yaml')",
    "the same, removed": "os.unlink('.safehouse.yaml')",
    "the same, by renaming": """
write("new")
os.rename("new", ".safehouse.yaml")
""",
    "the same, its mode": "os.chmod('.safehouse.yaml', 0o777)",
}
WRITES_OF_LINUX = {
    "an attribute": "os.setxattr(home + '/notes.txt', 'user.evil', b'1')",
    "an attribute of what is granted to read": "os.setxattr(home + '/.gitconfig', 'user.evil', b'1')",
    "through the own root": "write('/proc/self/root' + home + '/new')",
    "through the own directory": "write('/proc/self/cwd/../../new')",
    "the project's settings by exchange": "write('new')\n"
    + EXCHANGE.format("new", ".safehouse.yaml"),
    "the project by exchange": """
os.mkdir("new")
libc.renameat2(-100, (project + "/new").encode(), -100, project.encode(), 2)
libc.renameat2(-100, (home + "/secrets").encode(), -100, project.encode(), 2)
""",
    "a file without a name": """
handle = os.open(home, os.O_TMPFILE | os.O_RDWR)
numbers = os.open("/proc/self/fd", os.O_RDONLY)
os.link(str(handle), home + "/new", src_dir_fd=numbers)  # follows the link there
""",
}


def with_a_program(scene):
    scene.write(".local/bin/tool", "#!/bin/sh\n", 0o755)


@pytest.mark.parametrize("body", WRITES.values(), ids=WRITES)
def test_write(scenes, body):
    withstands_change(scenes, body, with_a_program)


@linux_only("a call or a file of Linux")
@pytest.mark.parametrize("body", WRITES_OF_LINUX.values(), ids=WRITES_OF_LINUX)
def test_write_on_linux(scenes, body):
    withstands_change(scenes, body)


@pytest.mark.parametrize("place", ["/usr/local/bin", "/etc", "/opt", "/var/lib", "/"])
def test_the_system_cannot_be_written(scene, place):
    done = scene.attempt(f"write({place!r} + '/safehouse-test')", True)
    assert done.returncode != 0


@linux_only("/tmp is shared on macOS")
@pytest.mark.parametrize("place", ["/tmp", "/var/tmp", "/dev/shm", "/run"])
def test_what_is_written_for_all_users_stays_inside(scene, place):
    """It may be possible, but nobody outside sees it."""
    name = f"{place}/safehouse-{scene.root.parent.name}"
    done = scene.confined("--", "sh", "-c", f"echo evil >{name}; echo tried")
    assert done.stdout == "tried\n"
    assert not scene.run("ls", name).stdout


@linux_only("on macOS a refusal holds for what is not there, too")
@pytest.mark.parametrize(
    "agent, state, programs",
    [
        ("claude", ".claude", "chrome"),
        ("codex", ".codex", "packages"),
        ("copilot", ".copilot", "pkg"),
        ("qwen-code", ".qwen", "updates"),
    ],
)
def test_programs_in_an_agents_state_that_are_not_there_yet(scene, agent, state, programs):
    """The state is there, from an older version or another use, and nothing was installed in it."""
    path = scene.write(f"{state}/settings", "old").parent / programs
    shutil.rmtree(path, ignore_errors=True)
    body = f"os.makedirs({str(path)!r}, exist_ok=True); write({str(path / 'evil')!r})"
    done = scene.attempt(body, True, (f"--agent={agent}",))
    assert done.returncode != 0
    assert not (path / "evil").exists()
    scene.attempt(body, False)
    assert (path / "evil").exists(), "unconfined it would work"


# Safehouse itself, wherever it lies.

ON_SAFEHOUSE = {
    "appended to": "open(program, 'ab').write(b'evil')",
    "replaced": "write('new')\nos.rename('new', program)",
    "removed": "os.unlink(program)",
    "its mode": "os.chmod(program, 0o777)",
    "its parent renamed": """
os.rename(os.path.dirname(program), os.path.dirname(program) + "2")
os.mkdir(os.path.dirname(program))
write(program)
""",
}


@pytest.mark.parametrize("place", [".local/bin/safehouse", "src/project/tools/bin/safehouse"])
@pytest.mark.parametrize("body", ON_SAFEHOUSE.values(), ids=ON_SAFEHOUSE)
def test_safehouse_itself(scenes, body, place):
    def install(scene):
        file = scene.write(place)
        shutil.copy(scene.safehouse, file)
        scene.safehouse = file
        scene.guarded = [file]
        return {"program": file}

    withstands_change(scenes, body, install)


def test_safehouse_reached_by_a_link(scenes):
    def install(scene):
        file = scene.write("src/project/tools/safehouse")
        shutil.copy(scene.safehouse, file)
        link = scene.home / "safehouse"
        link.symlink_to(file)
        user.own(scene.root)
        scene.safehouse = link
        scene.guarded = [file]
        return {"program": file}

    withstands_change(scenes, ON_SAFEHOUSE["replaced"], install)


# --deny inside of the project.

FILE, DIRECTORY = "--deny={project}/private/inner/key", "--deny={project}/private"
AROUND_A_DENIAL = {
    "reading": (FILE, "print(read('private/inner/key'))"),
    "reading in a directory": (DIRECTORY, "print(read('private/inner/key'))"),
    "renaming": (FILE, "os.rename('private/inner/key', 'mine'); print(read('mine'))"),
    "renaming a directory": (
        DIRECTORY,
        "os.rename('private', 'mine'); print(read('mine/inner/key'))",
    ),
    "renaming its parent": (FILE, "os.rename('private/inner', 'mine'); print(read('mine/key'))"),
    "renaming above its parent": (
        FILE,
        "os.rename('private', 'mine'); print(read('mine/inner/key'))",
    ),
    "a hard link": (FILE, "os.link('private/inner/key', 'mine'); print(read('mine'))"),
    "a link": (FILE, "os.symlink('private/inner', 'mine'); print(read('mine/key'))"),
    "its mode": (DIRECTORY, "os.chmod('private', 0o777); print(read('private/inner/key'))"),
}
CHANGES_OF_A_DENIED_ONE = {
    "writing": (FILE, "write('private/inner/key')"),
    "writing in a directory": (DIRECTORY, "write('private/new')"),
    "removing": (FILE, "os.unlink('private/inner/key')"),
    "removing a directory": (DIRECTORY, "shutil.rmtree('private')"),
    "replacing": (FILE, "write('new'); os.rename('new', 'private/inner/key')"),
    "replacing its parent": (FILE, "os.rename('private', 'mine'); os.mkdir('private')"),
    "a mode": (FILE, "os.chmod('private/inner/key', 0o777)"),
}


@pytest.mark.parametrize(("option", "body"), AROUND_A_DENIAL.values(), ids=AROUND_A_DENIAL)
def test_reading_round_a_denial(scenes, option, body):
    withstands(scenes, body, options=(option,))


@pytest.mark.parametrize(
    ("option", "body"), CHANGES_OF_A_DENIED_ONE.values(), ids=CHANGES_OF_A_DENIED_ONE
)
def test_writing_round_a_denial(scenes, option, body):
    def guard(scene):
        scene.guarded = [scene.project / "private"]

    withstands_change(scenes, body, guard, (option,))


@linux_only("a call of Linux")
def test_exchanging_round_a_denial(scenes):
    body = "os.mkdir('mine'); " + EXCHANGE.format("mine", "private")
    withstands(scenes, body + "; print(read('mine/inner/key'))", options=(FILE,))


def test_a_denial_wins_over_a_grant_of_the_same(scene):
    places = [f"--add-dirs={scene.home}/secrets", f"--deny={scene.home}/secrets"]
    for options in (places, places[::-1]):
        done = scene.confined(*options, "--", "cat", scene.home / "secrets/x")
        assert done.returncode != 0
        assert not leaks(scene, done)


def test_a_denial_by_a_name_with_a_link_in_it(scene):
    (scene.home / "by-link").symlink_to(scene.project)
    done = scene.confined(f"--deny={scene.home}/by-link/private", "--", "cat", "private/inner/key")
    assert done.returncode != 0
    assert not leaks(scene, done)
    done = scene.confined(f"--deny={scene.home}/by-link/private", "--", "cat", "README")
    assert done.stdout == "a project\n"
