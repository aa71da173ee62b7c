"""No connection to a program outside that would act for the confined one."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading

import pytest

from tests.confinement import user
from tests.confinement.attack import withstands
from tests.confinement.kernel import needs_scopes
from tests.confinement.scene import SECRET
from tests.confinement.user import linux_only

pytestmark = pytest.mark.confinement


class Server:
    """A program outside that takes orders from whoever connects, and remembers them."""

    def __init__(self, address: str, kind: int = socket.SOCK_STREAM) -> None:
        self.heard = b""
        self._socket = socket.socket(socket.AF_UNIX, kind)
        self._socket.bind(address)
        if not address.startswith("\0"):
            os.lchown(address, user.UID, user.GID)
        if kind != socket.SOCK_DGRAM:
            self._socket.listen()
        self._thread = threading.Thread(target=self._serve, args=(kind,), daemon=True)
        self._thread.start()

    def _serve(self, kind: int) -> None:
        while True:
            try:
                if kind == socket.SOCK_DGRAM:
                    self.heard += self._socket.recv(999)
                    continue
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                with contextlib.suppress(OSError):
                    self.heard += client.recv(999)
                    client.sendall(SECRET.encode())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


CONNECT = """
def order(path, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_UNIX, kind) as client:
        client.settimeout(5)
        client.connect(path)
        client.sendall(home.encode())  # each order says whose it is
        if kind == socket.SOCK_STREAM:
            print(client.recv(99))
"""


@pytest.fixture
def servers():
    found = []
    yield found
    for server in found:
        server.close()


def obeyed(servers):
    """The judgement: whether the server of the scene that was made last got an order."""

    def harmed(scene, done):
        if "datagram" in done.args[-1]:  # nobody waits for an answer there
            threading.Event().wait(0.2)
        return str(scene.home).encode() in servers[-1].heard or SECRET in done.stdout

    return harmed


SOCKETS = {
    "Docker Desktop": ".docker/run/docker.sock",
    "Docker on Colima": ".colima/docker.sock",
    "a Colima machine": ".colima/default/docker.sock",
    "Rancher": ".rd/docker.sock",
    "Podman": ".local/share/containers/podman/machine/p.sock",
    "an SSH agent": ".ssh/agent/s.1",
    "Git's passwords": ".cache/git/credential/socket",
    "any other program": ".run/daemon",
}


@pytest.mark.parametrize("path", SOCKETS.values(), ids=SOCKETS)
@pytest.mark.parametrize("options", [(), ("--enable=wide-read",)], ids=["plain", "wide-read"])
def test_in_the_home(scenes, servers, path, options):
    if options and path == ".run/daemon":
        pytest.skip("wide-read closes those that are known only")

    def listen(scene):
        scene.write(path).unlink()
        servers.append(Server(str(scene.home / path)))
        scene.env["SSH_AUTH_SOCK"] = str(scene.home / ".ssh/agent/s.1")

    withstands(scenes, CONNECT + f"order(home + '/{path}')", listen, options, obeyed(servers))


@pytest.mark.parametrize("options", [(), ("--enable=wide-read",)], ids=["plain", "wide-read"])
def test_the_ssh_agent_in_use_wherever_it_is(scenes, servers, options):
    def listen(scene):
        scene.write("odd/agent").unlink()
        servers.append(Server(str(scene.home / "odd/agent")))
        scene.env["SSH_AUTH_SOCK"] = str(scene.home / "odd/agent")

    withstands(scenes, CONNECT + "order(home + '/odd/agent')", listen, options, obeyed(servers))


@linux_only("/tmp is shared on macOS")
@pytest.mark.parametrize("name", ["ssh-x/agent.1", "tmux-1000/default", "codex-daemon-1000/s"])
def test_for_all_users_in_tmp(scenes, servers, name):
    def listen(scene):
        place = scene.shared_place() / name
        place.parent.mkdir()
        servers.append(Server(str(place)))
        user.own(place.parent)
        return {"path": str(place)}

    withstands(scenes, CONNECT + "order(path)", listen, harmed=obeyed(servers))


@linux_only("macOS has no datagrams to it")
def test_by_a_datagram(scenes, servers):
    def listen(scene):
        scene.write("run/log").unlink()
        servers.append(Server(str(scene.home / "run/log"), socket.SOCK_DGRAM))

    body = CONNECT + "order(home + '/run/log', socket.SOCK_DGRAM)  # datagram"
    withstands(scenes, body, listen, harmed=obeyed(servers))


AROUND = {
    "a link made before": "order('planted')",
    "a link made inside": "os.symlink(home + '/.docker/run/docker.sock', 'l'); order('l')",
    "a directory's link": "os.symlink(home + '/.docker', 'l'); order('l/run/docker.sock')",
    "a hard link": "os.link(home + '/.docker/run/docker.sock', 'l'); order('l')",
    "up from the project": "order('../../.docker/run/docker.sock')",
}
AROUND_ON_LINUX = {
    "the own root": "order('/proc/self/root' + home + '/.docker/run/docker.sock')",
    "the roots of all": """
for number in filter(str.isdigit, os.listdir("/proc")):
    try:
        order(f"/proc/{number}/root{home}/.docker/run/docker.sock")
    except OSError:
        pass
""",
    "the directories of all": """
for number in filter(str.isdigit, os.listdir("/proc")):
    for above in ("", "../../"):
        try:
            order(f"/proc/{number}/cwd/{above}.docker/run/docker.sock")
        except OSError:
            pass
""",
}


@pytest.fixture
def docker(servers):
    def listen(scene):
        scene.write(".docker/run/docker.sock").unlink()
        servers.append(Server(str(scene.home / ".docker/run/docker.sock")))
        (scene.project / "planted").symlink_to(scene.home / ".docker/run/docker.sock")

    return listen


@pytest.mark.parametrize("body", AROUND.values(), ids=AROUND)
def test_round_the_name(scenes, servers, docker, body):
    withstands(scenes, CONNECT + body, docker, harmed=obeyed(servers))


@linux_only("there is a /proc on Linux only")
@pytest.mark.parametrize("body", AROUND_ON_LINUX.values(), ids=AROUND_ON_LINUX)
def test_round_the_name_through_proc(scenes, servers, docker, body):
    withstands(scenes, CONNECT + body, docker, harmed=obeyed(servers))


@needs_scopes
@pytest.mark.parametrize("network", [(), ("--network=none",)], ids=["open", "none"])
def test_without_a_name_in_the_file_system(scenes, servers, network):
    def listen(scene):
        name = f"safehouse-{os.getpid()}-{scene.root.name}"
        servers.append(Server("\0" + name))
        return {"name": name}

    body = CONNECT + "order(b'\\0' + name.encode())"
    withstands(scenes, body, listen, network, obeyed(servers))


def test_an_inherited_connection(scenes, servers):
    clients = []

    def listen(scene):
        scene.write("run/s").unlink()
        servers.append(Server(str(scene.home / "run/s")))
        clients.append(socket.socket(socket.AF_UNIX))
        clients[-1].connect(str(scene.home / "run/s"))
        return {"number": clients[-1].fileno(), "pass_fds": (clients[-1].fileno(),)}

    body = "os.write(number, home.encode()); print(os.read(number, 99))"
    try:
        withstands(scenes, body, listen, harmed=obeyed(servers))
    finally:
        for client in clients:
            client.close()


def test_the_feature_opens_the_agent_and_only_that(scene, servers):
    for path in (".ssh/agent/s.1", ".docker/run/docker.sock"):
        scene.write(path).unlink()
        servers.append(Server(str(scene.home / path)))
    scene.env["SSH_AUTH_SOCK"] = str(scene.home / ".ssh/agent/s.1")
    body = "order(os.environ['SSH_AUTH_SOCK']); order(home + '/.docker/run/docker.sock')"
    scene.attempt(CONNECT + body, True, ("--enable=ssh",))
    assert [server.heard for server in servers] == [str(scene.home).encode(), b""]


def test_sockets_of_their_own_work(scene):
    body = (
        CONNECT
        + """
import threading
for path in ("s", "/tmp/s"):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    threading.Thread(target=order, args=(path,)).start()
    client, _ = server.accept()
    print(client.recv(999))
    client.sendall(b"done")
"""
    )
    done = scene.attempt(body, True)
    assert done.stdout.count(str(scene.home)) == 2, done.stderr
    assert done.stdout.count("b'done'") == 2


@linux_only("--network=none makes a network of its own on Linux")
def test_no_network_is_none(scenes):
    """The port of a server of the person's, on this computer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        body = "socket.create_connection(('127.0.0.1', port), 5); print(proof)"
        port = {"port": server.getsockname()[1], "proof": SECRET}
        withstands(scenes, body, lambda scene: dict(port), ("--network=none",))


@pytest.mark.skipif(not shutil.which("ssh-agent", path=user.PATH), reason="no ssh-agent here")
def test_a_real_ssh_agent(scenes):
    def agent(scene):
        path = scene.shared_place() / "agent"
        body = f"subprocess.Popen(['ssh-agent', '-D', '-a', {str(path)!r}], stdout=-3)\n"
        scene.beside(f"{body}while not os.path.exists({str(path)!r}): time.sleep(0.01)")
        scene.env["SSH_AUTH_SOCK"] = str(path)
        return {"agent": str(path), "proof": SECRET}

    body = """
done = subprocess.run(["ssh-add", "-l"], env={**os.environ, "SSH_AUTH_SOCK": agent}, text=True,
                      stdout=subprocess.PIPE)
if "no identities" in done.stdout:
    print(proof)
"""
    withstands(scenes, body, agent)
