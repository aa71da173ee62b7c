"""What is far is not looked at, however it is named; what a launch opens is near."""

from __future__ import annotations

import os
import socket

import pytest

from safehouse import near
from safehouse.near import Far, NearFiles
from tests.confinement import user

pytestmark = user.linux_only("a Mac has no such mounts")

MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /net rw shared:1 - autofs /etc/auto.net rw,indirect
31 30 0:41 / /net/mine rw - nfs4 mine:/ rw
32 22 0:42 / /srv/a\\040b rw - cifs //x/y rw
33 22 0:43 / /run/user/1000/doc rw - fuse.portal portal rw
34 22 0:44 / /home rw - nfs4 server:/home rw
35 34 0:45 / /home/me/local rw - ext4 /dev/sdb1 rw
36 34 0:46 / /home/me/cloud rw - fuse.rclone x rw
37 22 0:47 / /sys/fs/fuse/connections rw - fusectl x rw
"""


@pytest.mark.parametrize(
    "path, far",
    [
        ("/net", True), ("/net/host/x", True), ("//net//host", True), ("/usr/../net/host", True),
        ("/net/./host", True), ("/network", False), ("/srv/a b", True), ("/srv/a b/c", True), ("/srv", False),
        ("/run/user/1000/doc/x", True), ("/home/me/x", False), ("/home", False), ("/home/me/local/x", False),
        ("/home/me/cloud/x", True), ("/sys/fs/fuse/connections", False), ("/", False), ("/net/mine/x", True),
    ],
)  # fmt: skip
def test_which_paths_are_far(path, far):
    assert Far(MOUNTS, ["/home/me", "/usr"]).holds(path) is far


def test_what_a_launch_opens_is_near_but_not_what_mounts_beside_it():
    far = Far(MOUNTS, ["/net/mine/data"])
    assert not far.holds("/net/mine/other") and not far.holds("/net")
    assert far.holds("/net/host")
    assert Far(MOUNTS, ["/net"]).holds("/net/host")


def files(tmp_path):
    line = f"9 1 0:9 / {tmp_path}/net rw - autofs x rw\n"
    return NearFiles(Far("1 1 8:1 / / rw - ext4 x rw\n" + line, ["/"]))


@pytest.mark.parametrize("step_by_step", [False, True])
def test_no_link_is_followed_by_the_kernel(tmp_path, monkeypatch, step_by_step):
    if step_by_step:
        monkeypatch.setattr(near, "_OPENAT2", 10_000)
    place = os.path.realpath(tmp_path)
    for name in ("d", "net", "e"):
        os.mkdir(f"{place}/{name}")
    for name in ("d/x", "net/x"):
        open(f"{place}/{name}", "w").close()
    os.symlink("d", f"{place}/l")
    os.symlink("net", f"{place}/far")
    found = files(place)
    assert found.kind(f"{place}/d/x") == "file"
    assert found.readlink(f"{place}/l") == "d"
    assert found.resolve_anew(f"{place}/l/x").real == f"{place}/d/x"
    assert found.names(f"{place}/d") == ["x"]
    assert found.permits(f"{place}/d/x", "read") and found.permits(f"{place}/d/x", "remove")
    assert found.changeable(f"{place}/d") and not found.frozen(f"{place}/d")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{place}/d/s")
    assert found.is_socket(f"{place}/d/s") and found.is_own_socket(f"{place}/d/s")
    assert not found.is_socket(f"{place}/d/x")
    for path in ("l/x", "far/x", "net/x", "net", "d/../net/x"):
        fresh = files(place)
        assert fresh.kind(f"{place}/{path}") == "missing", path
        assert not fresh.permits(f"{place}/{path}", "read")
        assert fresh.names(f"{place}/{path}") == []
    assert found.is_far(found.resolve_anew(f"{place}/far/x").real)


def test_what_is_mounted_here_can_be_read():
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        assert not Far(file.read(), ["/", "/usr"]).holds("/usr/bin")
