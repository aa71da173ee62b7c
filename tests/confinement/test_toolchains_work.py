"""Compilers, package managers, browsers: what a person has installed works inside on the first try."""

from __future__ import annotations

import os

import pytest

from tests.confinement import user
from tests.confinement.test_tools_work import needs, succeeds
from tests.confinement.user import linux_only, own

pytestmark = pytest.mark.confinement

# A cache that is missing, in a directory that is there and is for reading only.
CACHES = {
    "pnpm": (".local/share/pnpm", ".local/share/pnpm/store"),
    "Yarn": (".yarn", ".yarn/berry"),
    "Bun": (".bun/bin", ".bun/install/cache"),
    "Poetry": (".cache/pypoetry/virtualenvs", ".cache/pypoetry/artifacts"),
    "Cargo": (".cargo/bin", ".cargo/registry"),
}


@linux_only("on macOS a program makes its cache itself")
@pytest.mark.parametrize(("there", "cache"), CACHES.values(), ids=CACHES)
def test_a_cache_is_kept_where_its_tool_is_installed_already(scene, there, cache):
    (scene.home / there).mkdir(parents=True)
    own(scene.home)
    succeeds(scene, f"mkdir -p ~/{cache}; echo 1 >~/{cache}/x")
    assert (scene.home / cache / "x").exists()
    scene.confined("--", "sh", "-c", f"echo 1 >~/{there}/program")
    assert not (scene.home / there / "program").exists()


@linux_only("on macOS a program makes its cache itself")
def test_no_directory_is_made_for_a_tool_that_is_not_there(scene):
    before = set(os.listdir(scene.home))
    succeeds(scene, "true")
    assert set(os.listdir(scene.home)) <= before | {".cache"}


MAIN_GO = "package main\nfunc main() { println(1) }\n"
TEST_GO = 'package main\nimport "testing"\nfunc TestA(t *testing.T) {}\n'


@needs("go")
def test_go(scene):
    scene.write("src/project/main.go", MAIN_GO)
    scene.write("src/project/main_test.go", TEST_GO)
    script = "export GOFLAGS=-mod=mod GOPROXY=off; go mod init e.org/a; go vet; go test; go build"
    done = succeeds(scene, f"{script}; ./a")
    assert "safehouse:" not in done.stderr


@needs("cargo")
@pytest.mark.parametrize("kept", [False, True])
def test_cargo(scene, kept):
    if kept:
        (scene.home / ".cargo/bin").mkdir(parents=True)
        own(scene.home)
    script = """
cargo -q new --vcs none a; cargo -q new --vcs none --lib b; cd a
echo 'b = { path = "../b" }' >>Cargo.toml
cargo test -q --offline; cargo run -q --offline"""
    done = succeeds(scene, script)
    assert "Hello" in done.stdout
    assert "safehouse:" not in done.stderr


@needs("ccache")
@needs("cmake")
@needs("gcc")
def test_cmake_with_ccache(scene):
    scene.write("src/project/a.c", "int main(void) { return 0; }\n")
    scene.write(
        "src/project/CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.10)\nproject(a C)\nadd_executable(a a.c)\n",
    )
    script = "cmake -B b -DCMAKE_C_COMPILER_LAUNCHER=ccache; cmake --build b -j2; b/a"
    assert "safehouse:" not in succeeds(scene, script).stderr


@needs("bundle")
def test_bundler(scene):
    scene.write("src/project/Gemfile", 'source "https://rubygems.org"\ngem "rake"\n')
    succeeds(scene, "bundle install --local; bundle exec rake --version")


@needs("node")
def test_node_with_threads_and_watching(scene):
    body = """
const { Worker } = require('node:worker_threads'), fs = require('node:fs');
new Worker('console.log("thread")', { eval: true });
const seen = fs.watch('.', () => { console.log('watched'); seen.close(); });
setTimeout(() => fs.writeFileSync('new', ''), 100);
"""
    scene.write("src/project/a.js", body)
    assert set(succeeds(scene, "node a.js").stdout.split()) == {"thread", "watched"}


PYTHON = {
    "a manager of processes": """
import multiprocessing
with multiprocessing.get_context("fork").Manager() as manager:
    print(manager.list([36])[0])
""",
    "shared memory": """
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=36)
print(36 if memory.size >= 36 else 0)
memory.close(), memory.unlink()
""",
    "a socket in the project": """
a = socket.socket(socket.AF_UNIX); a.bind("s"); a.listen()
b = socket.socket(socket.AF_UNIX); b.connect("s"); b.send(b"36")
print(a.accept()[0].recv(2).decode())
""",
    "a socket among temporary files": """
import tempfile
place = tempfile.mkdtemp() + "/s"
a = socket.socket(socket.AF_UNIX); a.bind(place); a.listen()
b = socket.socket(socket.AF_UNIX); b.connect(place); b.send(b"36")
print(a.accept()[0].recv(2).decode())
""",
}


@pytest.mark.parametrize("body", PYTHON.values(), ids=PYTHON)
def test_python(scene, body):
    done = scene.attempt(body, True)
    assert done.stdout.splitlines()[-1] == "36", done.stderr


@needs("tmux")
def test_tmux(scene):
    script = "tmux -f /dev/null new-session -d 'touch made'; sleep 1; test -e made"
    succeeds(scene, script)


@pytest.mark.skipif(not user.HAS_NAME, reason="ssh-keygen wants a user with a name")
@needs("ssh-keygen")
def test_a_key_for_the_project(scene):
    succeeds(scene, "ssh-keygen -q -t ed25519 -N '' -f key; ssh-keygen -y -f key")


@needs("chromium")
def test_chromium(scene):
    done = succeeds(scene, "chromium --headless --screenshot=a.png data:text/html,hi")
    assert (scene.project / "a.png").stat().st_size
    assert "safehouse:" not in done.stderr
