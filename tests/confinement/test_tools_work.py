"""What agents do all day works inside: git, packages, compilers, with the project as a person has it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.scene import SECRET
from tests.confinement.user import own

pytestmark = pytest.mark.confinement


def needs(program):
    found = shutil.which(program, path=user.PATH)
    return pytest.mark.skipif(not found, reason=f"no {program} in a place of the system")


def succeeds(scene, script, *options, **kept):
    done = scene.confined(*options, "--", "sh", "-euc", script, timeout=120, **kept)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


GIT = {
    "commit": "echo 2 >>README; git add .; git commit -qm two; git log --oneline",
    "amend": "git commit -q --amend -m other",
    "branch": "git switch -qc topic; echo 1 >a; git add a; git commit -qm a; git branch -d main",
    "merge": """
git switch -qc topic; echo 1 >a; git add a; git commit -qm a
git switch -q main; echo 1 >b; git add b; git commit -qm b; git merge -q --no-edit topic
test -e a""",
    "rebase": """
git switch -qc topic; echo 1 >a; git add a; git commit -qm a
git switch -q main; echo 1 >b; git add b; git commit -qm b
git switch -q topic; git rebase -q main; test -e b""",
    "interactive rebase": """
for n in 1 2 3; do echo $n >f; git add f; git commit -qm $n; done
GIT_SEQUENCE_EDITOR='sed -i.bak 2s/pick/squash/' GIT_EDITOR=true git rebase -q -i HEAD~2
test "$(git rev-list --count HEAD)" = 3""",
    "stash": "echo 2 >>README; git stash -q; test $(wc -l <README) = 1; git stash pop -q",
    "cherry-pick": """
git switch -qc t; echo 1 >a; git add a; git commit -qm a
git switch -q main; git cherry-pick t""",
    "reset and clean": """
echo 2 >>README; touch z; git reset -q --hard
git clean -fqdx -e private -e .safe*; test ! -e z""",
    "tag": "git tag -a v1 -m one; git describe",
    "gc": "git gc -q --prune=now; git fsck",
    "bisect": "git bisect start; git bisect bad; git bisect reset",
    "worktree in the project": "git worktree add -q wt; cd wt; git commit -q --allow-empty -m x; git log",
    "worktree removed": "git worktree add -q wt; git worktree remove wt; git worktree prune",
    "a new repository below": "git init -q below; cd below; git commit -q --allow-empty -m x",
    "a clone below": "git clone -q . below; cd below; git log",
    "patches": "echo 2 >>README; git diff >p; git checkout -q README; git apply p",
    "blame, grep and archive": "git blame README; git grep project; git archive HEAD >a.tar",
    "bundle and notes": "git bundle create -q b --all; git notes add -m n",
    "attributes and ignores": "echo '*.x' >.gitignore; touch a.x; test -z \"$(git status --short a.x)\"",
}


@pytest.mark.parametrize("script", GIT.values(), ids=GIT)
def test_git(scene, script):
    succeeds(scene, script)
    scene.git("fsck")
    scene.git("status")


def test_git_says_what_is_closed(scene):
    done = scene.confined("--", "git", "remote", "add", "origin", "https://example.org/x")
    assert done.returncode != 0
    assert "config" in done.stderr


def test_git_in_a_project_without_one(scene):
    shutil.rmtree(scene.project / ".git")
    succeeds(scene, "git init -q; git add README; git commit -qm first; git branch t; git gc -q")
    assert scene.git("log", "--format=%s") == "first\n"


def test_git_in_a_linked_worktree(scene):
    scene.git("worktree", "add", "-q", "../linked")
    main, scene.project = scene.project, scene.home / "src/linked"
    succeeds(
        scene, "echo 2 >>README; git commit -qam two; git branch topic; git stash list; git gc -q"
    )
    assert scene.git("log", "--format=%s", "linked", cwd=main).startswith("two\n")


def test_git_in_a_submodule(scene):
    scene.git("init", "-q", cwd=scene.sibling)
    scene.git("commit", "-q", "--allow-empty", "-m", "one", cwd=scene.sibling)
    allow = ("-c", "protocol.file.allow=always")
    scene.git(*allow, "submodule", "--quiet", "add", str(scene.sibling), "part")
    succeeds(scene, "cd part; echo 1 >f; git add f; git commit -qm f; cd ..; git commit -qam part")
    scene.git("submodule", "status")


def test_git_takes_the_persons_name(scene):
    done = succeeds(scene, "git commit -q --allow-empty -m x; git log -1 --format='%an %ae'")
    assert done.stdout == "Tester tester@example.org\n"


# Packages.


@needs("node")
def test_node(scene):
    body = (
        "require('fs').writeFileSync('out', require('os').homedir()); console.log(process.version)"
    )
    done = succeeds(scene, f'node -e "{body}"')
    assert done.stdout.startswith("v")
    assert (scene.project / "out").read_text() == str(scene.home)


@needs("npm")
@pytest.mark.parametrize("cache", ["kept", "absent"])
def test_npm_install(scene, cache):
    if cache == "kept":
        (scene.home / ".npm").mkdir()
        own(scene.home)
    scene.write(
        "src/project/package.json", '{"name": "p", "dependencies": {"part": "file:./part"}}'
    )
    part = (
        '{"name": "part", "version": "1.0.0", "bin": "cli.js", "scripts": {"install": "touch ran"}}'
    )
    scene.write("src/project/part/package.json", part)
    scene.write("src/project/part/cli.js", "#!/usr/bin/env node\nconsole.log('part runs')\n", 0o755)
    install = "npm install --offline --no-audit --no-fund --foreground-scripts --install-links"
    done = succeeds(scene, f"{install} && ./node_modules/.bin/part && npx --no-install part")
    assert done.stdout.count("part runs") == 2
    assert (scene.project / "package-lock.json").exists()
    assert (scene.project / "node_modules/part/ran").exists()
    assert (scene.home / ".npm/_logs").exists() == (cache == "kept")


def has_venv():
    code = "import ensurepip, venv"
    return (
        user.PYTHON
        and subprocess.run([user.PYTHON, "-c", code], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not has_venv(), reason="the system's Python cannot make environments")
def test_pip_install_in_an_environment(scene):
    scene.write("src/project/mine/module.py", "print('module runs')\n")
    scene.write("src/project/mine/backend.py", BACKEND)
    scene.write("src/project/mine/pyproject.toml", PYPROJECT)
    succeeds(
        scene,
        f"{user.PYTHON} -m venv env; env/bin/pip install -q --no-index --no-build-isolation ./mine; "
        "env/bin/python -m module >out; . env/bin/activate; python -m module",
    )
    assert (scene.project / "out").read_text() == "module runs\n"


PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "mine"
version = "1.0"
"""
BACKEND = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    name = "mine-1.0-py3-none-any.whl"
    info = "mine-1.0.dist-info/"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.write("module.py")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: mine\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""


@needs("gcc")
def test_a_compiler(scene):
    code = '#include <stdio.h>\nint main(void) { puts("compiled"); return 7; }\n'
    scene.write("src/project/main.c", code)
    done = scene.confined("--", "sh", "-c", "gcc -O2 -pthread -o main main.c && ./main")
    assert (done.stdout, done.returncode) == ("compiled\n", 7), done.stderr


@needs("make")
def test_make_in_parallel(scene):
    scene.write("src/project/Makefile", "all: a b c d\na b c d:\n\t@sleep 0.05; echo $@ >$@\n")
    succeeds(scene, "make -s -j4; cat a b c d")


PYTHON = {
    "processes": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(3) as pool:
    print(sum(pool.map(abs, range(9))))
""",
    "temporary files": """
import tempfile
with tempfile.NamedTemporaryFile("w+") as file, tempfile.TemporaryDirectory() as place:
    file.write("36"), file.seek(0)
    print(file.read())
""",
    "a database": """
import sqlite3
base = sqlite3.connect("base")
base.execute("pragma journal_mode=wal")
print(base.execute("select 36").fetchone()[0])
""",
    "a terminal of its own": """
import pty
pid, fd = pty.fork()
if pid == 0:
    os.execvp("echo", ["echo", "36"])
print(os.read(fd, 99).decode().strip())
""",
    "a server on this computer": """
import threading, urllib.request, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200), self.end_headers(), self.wfile.write(b"36")
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}").read().decode())
""",
    "locks of files": """
with open("lock", "w") as file:
    fcntl.flock(file, fcntl.LOCK_EX), fcntl.lockf(file, fcntl.LOCK_EX)
    print(36)
""",
    "mapped files": """
with open("map", "wb+") as file:
    file.write(b"36"), file.flush()
    print(mmap.mmap(file.fileno(), 2)[:].decode())
""",
    "the name of the host and the time zone": """
import socket, zoneinfo
print(36 if socket.gethostname() and time.localtime() else 0)
""",
    "signals among themselves": """
child = subprocess.Popen(["sleep", "99"])
os.kill(child.pid, signal.SIGTERM)
print(36 if child.wait() == -15 else 0)
""",
}


@pytest.mark.parametrize("body", PYTHON.values(), ids=PYTHON)
def test_python(scene, body):
    done = scene.attempt(body, True)
    assert done.stdout.splitlines()[-1] == "36", done.stderr


# What was granted.


@pytest.mark.parametrize("form", ["--add-dirs={0}", "--add-dirs {0}"])
def test_added_to_write(scene, form):
    words = form.format(scene.home / "secrets").split(" ")
    succeeds(scene, "cat ~/secrets/x; echo new >~/secrets/new; ! ls ~/.ssh", *words)
    assert (scene.home / "secrets/new").read_text() == "new\n"


def test_added_to_read(scene):
    done = succeeds(
        scene,
        "cat ~/secrets/x; ! echo 2>/dev/null new >~/secrets/x",
        f"--add-dirs-ro={scene.home}/secrets",
    )
    assert SECRET in done.stdout


def test_a_single_file_added(scene):
    options = f"--add-dirs={scene.home}/secrets/x"
    succeeds(scene, "cat ~/secrets/x; echo new >~/secrets/x; touch ~/secrets/y", options)
    assert (scene.home / "secrets/x").read_text() == "new\n"
    assert not (scene.home / "secrets/y").exists()


def test_another_working_directory(scene):
    done = scene.confined(
        f"--workdir={scene.project}", "--", "sh", "-c", "pwd; echo new >new", cwd=scene.home
    )
    assert done.returncode == 0, done.stderr
    assert (scene.project / "new").exists()


def test_no_working_directory(scene):
    done = scene.confined("--workdir=", "--", "ls", str(scene.project))
    assert done.returncode != 0
    assert "README" not in done.stdout


@pytest.mark.skipif(not user.LINUX, reason="/var/tmp is a link into /private on macOS")
@pytest.mark.parametrize("place", ["/tmp", "/var/tmp"])
@pytest.mark.parametrize("home", ["elsewhere", "here"])
def test_a_project_in_a_temporary_directory(scene, place, home):
    root = Path(tempfile.mkdtemp(prefix="sh-", dir=place))
    try:
        (root / "project").mkdir()
        own(root)
        scene.env["HOME"] = str(root) if home == "here" else scene.env["HOME"]
        done = scene.confined("--", "sh", "-c", "pwd; echo new >new", cwd=root / "project")
        assert (done.stdout, done.stderr) == (f"{root}/project\n", "")
        assert (root / "project/new").read_text() == "new\n"
    finally:
        user.remove(root)
