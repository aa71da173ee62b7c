"""What runs outside without being started for it: it is not reached, and nothing is put in its place."""

from __future__ import annotations

import shutil

import pytest

from tests.confinement.attack import leaks, withstands, withstands_change
from tests.confinement.scene import SECRET
from tests.confinement.user import linux_only

pytestmark = [pytest.mark.confinement, linux_only("of a Mac as data only: test_lessons_outside.py")]

# By agent: what an editor, a service, a shell or the agent itself, outside, would run from there.
PLANTED = {
    "claude": (".claude/daemon.json", ".claude/local/claude"),
    "cn": (".continue/config.ts", ".continue/mcpServers/x.yaml"),
    "code-puppy": (".code_puppy/hooks.json", ".code_puppy/plugins/x/register_callbacks.py"),
    "codebuff": (".config/manicode/codebuff",),
    "copilot": (".copilot/hooks/x.json",),
    "cursor-agent": (".cursor/hooks.json", ".cursor/mcp.json", ".cursor/extensions/x/package.json"),
    "deepagents": (".deepagents/hooks.json", ".deepagents/.state/hooks_trust.json"),
    "goose": (".local/share/goose/schedule.json",),
    "hermes": (".hermes/config.yaml", ".hermes/cron/jobs.json", ".hermes/plugins/x/__init__.py"),
    "kilo": (".local/state/kilo/daemon.json",),
    "kimi": (".kimi-code/server.token", ".kimi-code/bin/rg"),
    "kiro": (".kiro/settings/mcp.json", ".local/share/kiro-cli/shell/bashrc.pre.bash"),
    "opencode": (".cache/opencode/bin/gopls",),
    "pi": (".pi/agent/bin/rg",),
    "qodercli": (".qoder/entry/qoder",),
    "vibe": (".vibe/hooks.toml", ".vibe/tools/x.py"),
}
PLANTS = [(agent, path) for agent, paths in PLANTED.items() for path in paths]
PLANT = """
path = f"{home}/" + planted
os.makedirs(os.path.dirname(path), exist_ok=True)
write(path)
"""
# Round the denial: the directory above is renamed, and another one made in its place.
ROUND = """
path = f"{home}/" + planted
above = os.path.dirname(path)
os.makedirs(above, exist_ok=True)
if os.path.dirname(above) != home:
    os.rename(above, above + ".old")
os.makedirs(above, exist_ok=True)
write(path)
"""


def planted(path, state):
    """Whether the program's file is there afterwards; `state`: whether the agent ran before."""

    def before(scene):
        if path.startswith(".cache/") or state:
            scene.write(f"{'/'.join(path.split('/')[: 2 if path[1] != 'l' else 4])}.d/x")
        if path.startswith(".cache/"):
            scene.write(f"{'/'.join(path.split('/')[:2])}/x")
        return {"planted": path}

    def harmed(scene, done):
        file = scene.home / path
        return file.is_file() and "evil" in file.read_text()

    return before, harmed


@pytest.mark.parametrize("body", [PLANT, ROUND], ids=["plainly", "round it"])
@pytest.mark.parametrize(("agent", "path"), PLANTS, ids=[path for _, path in PLANTS])
def test_nothing_is_made_where_it_was_missing(scenes, agent, path, body):
    before, harmed = planted(path, False)
    withstands(scenes, body, before, (f"--agent={agent}",), harmed)


def test_the_places_are_empty_again_afterwards(scene):
    done = scene.confined("--agent=cursor-agent", "--", "cat", scene.home / ".cursor/hooks.json")
    assert done.returncode == 0 and '"hooks": {}' in done.stdout
    assert not list((scene.home / ".cursor").iterdir())


def test_a_link_there_is_told_when_it_was_replaced(scene):
    scene.write("dotfiles/hooks.json", "{}")
    (scene.home / ".cursor").mkdir()
    link = scene.home / ".cursor/hooks.json"
    link.symlink_to("../dotfiles/hooks.json")
    shutil.chown(scene.home / ".cursor", *_owner(scene))
    done = scene.confined("--agent=cursor-agent", "--", "sh", "-c", "echo x > ~/.cursor/hooks.json")
    assert done.returncode != 0, "what it leads to is closed"
    assert "replaced" not in done.stderr
    script = "rm ~/.cursor/hooks.json; echo x > ~/.cursor/hooks.json"
    done = scene.confined("--agent=cursor-agent", "--", "sh", "-c", script)
    assert (
        f"{link} was a link to ../dotfiles/hooks.json, and the command replaced it" in done.stderr
    )
    assert f"ln -sfn ../dotfiles/hooks.json {link}" in done.stderr


def test_what_an_agent_makes_itself_is_told(scene):
    """cn writes its settings at the first start, and an editor obeys them."""
    script = "echo x > ~/.continue/config.yaml"
    done = scene.confined("--agent=cn", "--", "sh", "-c", script)
    assert f"{scene.home}/.continue/config.yaml was not there, and is now" in done.stderr
    again = scene.confined("--agent=cn", "--", "sh", "-c", script)
    assert again.returncode != 0 and "was not there" not in again.stderr


def _owner(scene):
    info = (scene.home / "notes.txt").stat()
    return info.st_uid, info.st_gid


# A server outside, as Gradle's daemon, Jupyter's kernels, RuboCop's and Bazel's are: whoever has the
# port and the password, which lie in a file, is obeyed.
SERVER = """
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
with open(sys.argv[1], "w") as file:
    file.write(f"{server.getsockname()[1]} password")
if not os.fork():
    while True:
        connection = server.accept()[0]
        if connection.recv(99) == b"password":
            connection.sendall(open(sys.argv[2], "rb").read())
        connection.close()
"""
CLIENT = """
port, password = read(address).split()
connection = socket.create_connection(("127.0.0.1", int(port)))
connection.sendall(password.encode())
print(connection.recv(9999).decode())
"""
UNIX_SERVER = """
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
os.chdir(os.path.dirname(sys.argv[1]))
server = socket.socket(socket.AF_UNIX); server.bind(os.path.basename(sys.argv[1])); server.listen()
if not os.fork():
    while True:
        connection = server.accept()[0]
        connection.sendall(open(sys.argv[2], "rb").read())
        connection.close()
"""
UNIX_CLIENT = """
os.chdir(os.path.dirname(address))
connection = socket.socket(socket.AF_UNIX); connection.connect(os.path.basename(address))
print(connection.recv(9999).decode())
"""


def serving(server, path):
    def before(scene):
        secret = scene.home / ".ssh/id_ed25519"
        scene.beside(server, words=(str(scene.home / path), str(secret)))
        return {"address": scene.home / path}

    return before


@pytest.mark.parametrize("options", [(), ("--enable=wide-read",)], ids=["plain", "wide-read"])
@pytest.mark.parametrize(
    "path",
    [
        ".gradle/daemon/8.5/registry.bin",
        ".local/share/jupyter/runtime/kernel-1.json",
        ".cache/rubocop_cache/server/x/token",
        ".cache/bazel/_bazel_me/0a1b/server/request_cookie",
    ],
)
def test_a_server_outside_is_not_commanded(scenes, path, options):
    withstands(scenes, CLIENT, serving(SERVER, path), options)


@pytest.mark.parametrize("options", [(), ("--enable=wide-read",)], ids=["plain", "wide-read"])
def test_nor_one_with_a_socket(scenes, options):
    withstands(scenes, UNIX_CLIENT, serving(UNIX_SERVER, ".sbt/1.0/server/x/sock"), options)


@pytest.mark.parametrize(
    "path",
    [
        ".cache/mise/jq/1.7/bin_paths-1.msgpack.z",
        ".cache/typescript/5.4/.npmrc",
        ".cache/hie-bios/wrapper-1",
        ".cache/bazel/_bazel_me/install/x/embedded_tools/jdk/bin/java",
        ".sbt/boot/scala-2.12.18/x.jar",
        ".dartServer/.plugin_manager/x/plugin.dart",
    ],
)
def test_what_an_editor_or_a_prompt_runs_is_not_changed(scenes, path):
    def before(scene):
        scene.write(path, "mine")
        return {"path": scene.home / path}

    withstands_change(scenes, "write(path)", before)


@pytest.mark.skipif(not shutil.which("hg"), reason="no Mercurial here")
def test_mercurial_runs_nothing_of_theirs(scenes):
    def before(scene):
        scene.run("hg", "init", ".")
        return {"secret": scene.home / ".ssh/id_ed25519"}

    def harmed(scene, done):
        scene.run("hg", "status")
        return (scene.project / "told").exists()

    hook = """
settings = open(".hg/hgrc", "a")
settings.write("[hooks]\\npre-status = cp " + secret + " told\\n")
settings.close()
"""
    withstands(scenes, hook, before, harmed=harmed)
    withstands(
        scenes, "os.rename('.hg', '.h'); shutil.copytree('.h', '.hg')" + hook, before, (), harmed
    )


def test_a_secret_is_what_these_tests_look_for(scene):
    done = scene.attempt("print(read(home + '/.ssh/id_ed25519'))", False)
    assert leaks(scene, done) and SECRET in done.stdout
