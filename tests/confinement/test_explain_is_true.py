"""What `--explain` says is so: each place that it names is tried by a confined program."""

from __future__ import annotations

import json
import re

import pytest

from safehouse.cli.explain_full import HEADS
from safehouse.cli.places import CLOSED, READ, WRITE
from tests.confinement import user
from tests.confinement.scene import SECRET

pytestmark = [
    pytest.mark.confinement,
    user.linux_only("on macOS the places are compared with the policy, in tests/cli"),
]

# For each path: what can be read there, and whether it can be written.
TRY = """
def attempt(path):
    try:
        if os.path.isdir(path):
            found = sorted(os.listdir(path))
        else:
            with open(path, "rb") as file:
                found = file.read(64).decode("latin-1")
    except OSError:
        found = None
    try:
        if os.path.isdir(path):
            write(path + "/probe-" + mark, mark)
        else:
            with open(path, "r+b") as file:
                pass
        return found, True
    except OSError:
        return found, False
print(json.dumps({path: attempt(path) for path in paths}))
"""
HOME = {
    ".npmrc": "", ".npm/x": "", ".gitconfig": "[user]\n\tname = x\n", ".gitignore_global": "",
    ".cargo/bin/tool": "", ".cargo/registry/x": "", ".cargo/credentials.toml": SECRET,
    ".gem/x": "", ".gem/credentials": SECRET, ".cache/uv/x": "", ".cache/pip/x": "",
    ".claude/x": "", ".claude/local/x": "", ".claude.json": "{}", ".claude.json.backup": "{}",
    ".config/safehouse/config.yaml": "", ".git-credentials": SECRET, ".pypirc": SECRET,
    ".local/bin/tool": "", ".local/share/mise/x": "", "go/pkg/mod/x": "", ".ssh/known_hosts": "",
    ".ssh/config": "", ".ssh/id_ed25519": SECRET, ".aws/config": "", "docs/x": "", "out/x": "",
    "src/project/.env": SECRET, "src/project/keys/deploy.pem": SECRET, "src/project/lib/x": "",
}  # fmt: skip


@pytest.fixture
def scene(scene):
    for path, text in HOME.items():
        scene.write(path, text)
    return scene


def told(text: str, head: str) -> list[str]:
    """The places below a head of the whole text that are there."""
    lines = [line[len("safehouse: ") :] for line in text.split("\n")]
    found = []
    for line in lines[lines.index(head) + 1 :] if head in lines else ():
        if not line.startswith("  "):
            break
        if "[not there]" not in line:
            found.append(re.split(r" {2,}", line[2:])[0])
    return found


def real(scene, place: str) -> list[str]:
    """The paths that a place stands for, outside."""
    path = place.replace("~", str(scene.home), 1) if place[0] == "~" else place
    if path[-1] != "*":
        return [path.rstrip("/") or "/"]
    directory, _, start = path[:-1].rpartition("/")
    listed = scene.run("ls", "-A", directory).stdout.split("\n")
    return [f"{directory}/{name}" for name in listed if name.startswith(start) and name]


def tried(scene, paths: list[str], confined: bool, options=(), mark="x"):
    done = scene.attempt(TRY, confined, options, paths=paths, mark=mark)
    return json.loads(done.stdout.split("\n")[1]), done.stderr


def is_way(path: str, found: object, visible: list[str]) -> bool:
    """Whether all that is seen in a closed directory leads to what is told to be open."""
    names = found if isinstance(found, list) else [""]
    return all(any(f"{one}/".startswith(f"{path}/{name}/") for one in visible) for name in names)


def has_mark(scene, path: str, mark: str) -> bool:
    return scene.run("test", "-e", f"{path}/probe-{mark}").returncode == 0


OPTIONS = {
    "base": (),
    "claude": ("--agent=claude", "--enable=ssh", "--add-dirs-ro=~/docs", "--add-dirs=~/out"),
    "denied": ("--deny=keys", "--add-dirs-ro=lib", "--add-dirs=~/out", "--network=none"),
    "secrets": ("--deny-secrets", "--add-dirs-ro=keys/deploy.pem"),
    "wide": ("--enable=wide-read", "--accept-partial"),
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_place_is_what_the_kernel_makes_of_it(scene, options):
    text = scene.confined("--explain=full", *options, "--", "true").stderr
    by_mode = {mode: told(text, head) for mode, head in HEADS.items()}
    paths = {mode: [p for place in by_mode[mode] for p in real(scene, place)] for mode in by_mode}
    everything = [path for some in paths.values() for path in some]
    inside, said = tried(scene, everything, True, options, mark="inside")
    assert inside, said
    outside, _ = tried(scene, everything, False, mark="outside")
    visible = [path for mode, some in paths.items() for path in some if mode != CLOSED]
    wrong = []
    for mode, some in paths.items():
        for path in some:
            found, could_write = inside[path]
            there, writable = outside[path]
            if there is None:
                continue  # permissions close it, or it is not there
            if mode != CLOSED and found is None:
                wrong.append((mode, path, "cannot be read"))
            if mode == CLOSED and found and not is_way(path, found, visible):
                wrong.append((mode, path, "can be read", found))
            written = has_mark(scene, path, "inside") if isinstance(there, list) else could_write
            if written != (mode == WRITE and writable):
                wrong.append((mode, path, "can be written" if written else "cannot be written"))
    assert not wrong, wrong
    for mode, least in ((WRITE, 4), (READ, 6), (CLOSED, 1)):
        assert len(paths[mode]) >= least, (mode, paths[mode])


def screen(text: str, head: str) -> list[str]:
    """The paths of a section of the screen."""
    lines = [line[len("safehouse: ") :] for line in text.split("\n") if line[:11] == "safehouse: "]
    start = next(number for number, line in enumerate(lines) if line.startswith(head))
    end = start + 1
    while lines[end].startswith(" "):
        end += 1
    said = " ".join(line.strip() for line in lines[start:end])
    return re.findall(r"[:,] ([~/][^,() ;]*)", said)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_path_on_the_screen_is_what_the_kernel_makes_of_it(scene, options):
    text = scene.confined("--explain", *options, "--", "true").stderr
    paths = {
        mode: [p for place in screen(text, head) for p in real(scene, place)]
        for mode, head in (("write", "may write"), ("read", "may read"), ("closed", "closed"))
    }
    everything = [path for some in paths.values() for path in some]
    inside, said = tried(scene, everything, True, options, mark="inside")
    assert inside, said
    for path in paths["write"]:
        found, could_write = inside[path]
        assert found is not None and could_write, path
        kept = path == "/tmp" or not found or has_mark(scene, path, "inside")
        assert kept or isinstance(found, str), path
    for path in paths["read"]:
        found, could_write = inside[path]
        assert found is not None and not has_mark(scene, path, "inside"), path
    for path in paths["closed"]:
        found, could_write = inside[path]
        assert found in (None, []) or not could_write, path
    assert paths["write"] and paths["read"] and paths["closed"]


def test_what_it_says_of_the_network_and_the_environment_is_so(scene):
    body = """
try:
    socket.create_connection(("127.0.0.1", port), 5).close()
    print("connected")
except OSError as error:
    print(error)
print(json.dumps(sorted(os.environ)))
"""
    server = """
listening = socket.create_server(("127.0.0.1", 0))
with open(words_file, "w") as file:
    file.write(str(listening.getsockname()[1]))
"""
    file = scene.write("port", "")
    scene.beside(server.replace("words_file", repr(str(file))))
    port = int(file.read_text())
    for mode, answer in (("open", True), ("none", False)):
        options = (f"--network={mode}", "--explain=full", "--env-pass=MINE")
        program = scene.program(body, port=port)
        done = scene.confined(*options, "--", *program, env={**scene.env, "MINE": "5ecret-value"})
        assert f"network      {mode}" in done.stderr
        assert ("connected" in done.stdout) == answer
        names = next(line for line in done.stderr.split("\n") if "environment: " in line)
        said = names.partition("environment: ")[2].split(", ")
        assert "MINE" in said and "5ecret-value" not in done.stderr
        assert set(said) == set(json.loads(done.stdout.strip().split("\n")[-1])) - {
            "PWD",
            "LC_CTYPE",
        }
