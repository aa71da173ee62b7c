"""--deny-secrets, from inside: read at any depth, under other names, moved, overwritten, removed."""

from __future__ import annotations

import re
import time

import pytest

from tests.confinement.attack import leaks, withstands
from tests.confinement.scene import SECRET
from tests.confinement.user import linux_only

pytestmark = pytest.mark.confinement
OPTIONS = ("--deny-secrets", "--add-dirs-ro={home}/ro", "--add-dirs={home}/rw")
DEEP = "/".join(["d"] * 30)
PLACES = {
    "at the top": "src/project/.env",
    "in a directory": "src/project/a/b/c/.env",
    "very deep": f"src/project/{DEEP}/.env.local",
    "in the repository": "src/project/.git/x.pem",
    "in a directory that is closed": "src/project/.envs/.local/.django",
    "in what is opened for reading": "ro/in/credentials.json",
    "in what is opened": "rw/in/id_ed25519",
    "in another worktree": "src/worktree/in/.env",
    "in a submodule": "src/project/module/.env",
}


def before(scene):
    scene.write("ro/README")
    scene.write("rw/README")
    for words in (["worktree", "add", "-q", "../worktree"], ["init", "-q", "module"]):
        scene.git(*words)
    for place in PLACES.values():
        scene.write(place, f"KEY={SECRET}\n")
    for place in (".env.example", "node_modules/x/test.key", "v/site-packages/certifi/cacert.pem"):
        scene.write(f"src/project/{place}", "open to all\n")
    (scene.project / "link").symlink_to("a/b/c/.env")
    scene.write("src/project/shared/values", f"KEY={SECRET}\n")
    (scene.project / "linked.env").symlink_to("shared/values")
    (scene.project / "hard").hardlink_to(scene.home / "src/project/a/b/c/.env")
    (scene.project / "node_modules/hard").hardlink_to(scene.home / "rw/in/id_ed25519")


@pytest.mark.parametrize("where", PLACES)
def test_a_secret_cannot_be_read(scenes, where):
    withstands(scenes, f"print(read(home + '/{PLACES[where]}'))", before, OPTIONS)


ATTACKS = {
    "by a link": "print(read('link'))",
    "by the name that a link of such a name leads to": "print(read('shared/values'))",
    "by another name": "print(read('hard'))",
    "by another name in a directory that is left alone": "print(read('node_modules/hard'))",
    "renamed": "os.rename('.env', 'x'); print(read('x'))",
    "linked": "os.link('.env', 'x'); print(read('x'))",
    "with its directory renamed": "os.rename('a', 'x'); print(read('x/b/c/.env'))",
    "with its directory moved to where nothing is closed":
        "os.rename('a/b', 'node_modules/b'); print(read('node_modules/b/c/.env'))",
    "exchanged": "write('x'); libc.renameat2(-100, b'x', -100, b'.env', 2); print(read('x'))",
    "with its directory exchanged":
        "os.mkdir('x'); libc.renameat2(-100, b'x', -100, b'a', 2); print(read('x/b/c/.env'))",
    "by another process": "print(subprocess.run(['cat', '.env'], stdout=-1, text=True).stdout)",
    "after a change of its mode": "os.chmod('.env', 0o644); print(read('.env'))",
    "through the process": "print(read('/proc/self/cwd/.env'), read('/proc/self/root' + project + '/.env'))",
}  # fmt: skip


@pytest.mark.parametrize("how", ATTACKS)
def test_it_cannot_be_read_in_another_way(scenes, how):
    withstands(scenes, f"os.chdir(project)\n{ATTACKS[how]}", before, OPTIONS, leaks)


CHANGES = {
    "overwritten": "write('.env')",
    "removed": "os.unlink('.env')",
    "truncated": "os.truncate('.env', 0)",
    "replaced": "write('x'); os.replace('x', '.env')",
    "removed with its directory": "shutil.rmtree('a')",
    "written in what is opened": "write(home + '/rw/in/id_ed25519')",
}


@pytest.mark.parametrize("how", CHANGES)
def test_it_cannot_be_changed(scenes, how):
    def changed(scene, done):
        paths = (".env", "a/b/c/.env", "../../rw/in/id_ed25519")
        files = [scene.project / path for path in paths]
        return any(not file.exists() or SECRET not in file.read_text() for file in files)

    withstands(scenes, f"os.chdir(project)\n{CHANGES[how]}", before, OPTIONS, changed)


def test_what_all_need_is_open(scene):
    before(scene)
    body = """
os.chdir(project)
for name in ('.env.example', 'node_modules/x/test.key', 'v/site-packages/certifi/cacert.pem'):
    assert read(name) == 'open to all\\n', name
shutil.rmtree('node_modules/x'); shutil.rmtree('v')
write('a/new.py')
"""
    done = scene.attempt(body, True, ("--deny-secrets",))
    assert done.returncode == 0, done.stderr
    assert (scene.project / "a/new.py").exists()


def test_what_the_person_names_is_open(scene):
    before(scene)
    body = "print(read(project + '/.env'))"
    assert SECRET in scene.attempt(body, True, ("--deny-secrets", "--add-dirs-ro=.env")).stdout
    assert SECRET in scene.attempt(body, True, ("--deny-secrets=no",)).stdout


def test_a_project_that_says_no_changes_nothing(scene):
    scene.write("src/project/.env", f"KEY={SECRET}\n")
    scene.write(".config/safehouse/config.yaml", "deny-secrets: true\n")
    scene.write("src/project/.safehouse.yaml", "deny-secrets: false\nadd-dirs-ro: [.env]\n")
    body = "print(read(project + '/.env'))"
    for options in ((), ("--trust-workdir-config",)):
        assert SECRET not in scene.attempt(body, True, options).stdout
    assert SECRET in scene.attempt(body, True, ("--deny-secrets=no",)).stdout


def test_a_project_that_says_yes_is_obeyed_without_trust(scene):
    scene.write("src/project/.env", f"KEY={SECRET}\n")
    body = "print(read(project + '/.env'))"
    assert SECRET in scene.attempt(body, True).stdout
    scene.write("src/project/.safehouse.yaml", "deny-secrets: true\n")
    assert SECRET not in scene.attempt(body, True).stdout


def test_explain_says_how_many_and_what_stays_open(scene):
    before(scene)
    done = scene.confined("--deny-secrets", "--add-dirs-ro=.env", "--explain", "--", "true")
    said = " ".join(done.stderr.replace("safehouse: ", "").split())
    found = re.search("secrets by name, ([0-9]+) closed by --deny-secrets: ~/src/", said)
    assert found and int(found[1]) >= 6
    assert "not closed, though it has such a name: ~/src/project/.env (--add-dirs-ro)" in said


@linux_only("there is no way to say what appears later")
def test_linux_says_that_later_ones_are_open(scene):
    done = scene.confined("--deny-secrets", "--explain", "--", "true")
    said = " ".join(done.stderr.replace("safehouse: ", "").split())
    assert "holds for what exists at the start only" in said


def test_why_names_the_rule_and_the_way_to_open_it(scene):
    before(scene)
    done = scene.confined("why", "--deny-secrets", "read", "a/b/c/.env")
    assert "secrets in the project: variables with keys\n" in done.stdout
    assert "if you must:  --add-dirs-ro=~/src/project/a/b/c/.env\n" in done.stdout


def test_a_large_project_starts(scene):
    for number in range(200):
        directory = scene.project / f"large/d{number % 20}/e{number}"
        directory.mkdir(parents=True)
        for file in range(1000):
            (directory / f"file{file}.py").touch()
    scene.write("src/project/large/d7/e7/.env", f"KEY={SECRET}\n")
    body = """
os.chdir(project + '/large/d7/e7')
print(os.path.getsize('file1.py'))
print(read('.env'))
"""
    start = time.monotonic()
    done = scene.attempt(body, True, ("--deny-secrets",))
    assert done.stdout.endswith("\n0\n")
    assert SECRET not in done.stdout
    assert time.monotonic() - start < 30
