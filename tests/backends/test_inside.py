"""How attempts end on Linux, by the plan alone. tests/confinement/test_why_is_true.py asks the kernel."""

from __future__ import annotations

import pytest

from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.policy.policy import Access
from safehouse.request import Request
from tests.fake_host import linux, planned

W = "/home/me/src/project"
NAMES = (
    "src/project/sub/x", "src/project/s.sock=", "src/project/tool", "docs/x", "docs/private/key",
    ".gitconfig", ".ssh/config", ".ssh/id_rsa", "/tmp/theirs", "/srv/x", "/dev/sda",
)  # fmt: skip
LINKS = {
    "src/project/l": "sub", "src/project/dangling": "nowhere", "src/project/out": "../../docs/x",
    "src/project/loop": "loop", "way": "src/project", "src/project/tmp": "/tmp",
}  # fmt: skip


def view(host=None, **request):
    plan = planned(host or linux(*NAMES, links=LINKS), Request(**request))
    return Bubblewrap().view(plan.policy, plan.host)


def seen(operation, path, follow=True, host=None, **request):
    path = path if path[0] == "/" else f"{W}/{path}"
    return view(host, **request).see(Access(operation, path, "path"), path, follow)


@pytest.mark.parametrize(
    "operation, path, error, obstacle, owner",
    [
        ("file-read-data", "sub/x", "", "", "yours"),
        ("file-read-data", "none", "ENOENT", "missing", "yours"),
        ("file-read-data", "tool/x", "ENOTDIR", "odd", "yours"),
        ("file-read-data", "tool/../tool", "ENOTDIR", "odd", "yours"),
        ("file-read-data", "l/x", "", "", "yours"),
        ("file-read-data", "dangling", "ENOENT", "missing", "yours"),
        ("file-read-data", "loop", "ELOOP", "odd", "yours"),
        ("file-read-data", "s.sock", "ENXIO", "odd", "yours"),
        ("file-read-data", "out", "ENOENT", "hidden", "own"),
        ("file-read-data", "/home/me/docs/x", "ENOENT", "hidden", "own"),
        ("file-read-data", "/home/me/nothing", "ENOENT", "missing", "own"),
        ("file-read-data", "/home/me/way/tool", "ENOENT", "hidden", "own"),
        ("file-read-data", "/home/me", "", "", "own"),
        ("file-read-metadata", "/home/me/src", "", "", "own"),
        ("file-read-data", "/tmp/theirs", "ENOENT", "hidden", "own"),
        ("file-read-data", "/tmp/none", "ENOENT", "missing", "own"),
        ("file-read-data", "/tmp/safehouse.md", "", "", "own"),
        ("file-write-data", "/tmp/safehouse.md", "", "", "own"),
        ("file-write-create", "/tmp/safehouse.md", "EEXIST", "odd", "own"),
        ("process-exec*", "/tmp/safehouse.md", "EACCES", "permissions", "own"),
        ("file-read-data", "/var/tmp/none", "ENOENT", "missing", "own"),
        ("file-read-data", "tmp/none", "ENOENT", "missing", "own"),
        ("file-read-data", "/srv/x", "ENOENT", "hidden", "own"),
        ("file-read-data", "/dev/null", "", "", "kernel"),
        ("file-read-data", "/dev/sda", "ENOENT", "hidden", "kernel"),
        ("file-write-data", "sub/x", "", "", "yours"),
        ("file-write-data", "none", "", "", "yours"),
        ("file-write-data", "sub", "", "", "yours"),
        ("file-write-data", ".git/config", "EROFS", "read-only", "yours"),
        ("file-write-data", "/home/me/.gitconfig", "EROFS", "read-only", "yours"),
        ("file-write-data", "/home/me/new", "", "", "own"),
        ("file-write-data", "/tmp/new", "", "", "own"),
        ("file-write-data", "/new", "EROFS", "read-only", "own"),
        ("file-write-data", "/usr/bin/env", "EACCES", "permissions", "yours"),
        ("file-write-create", "sub/new", "", "", "yours"),
        ("file-write-create", "sub/x", "EEXIST", "odd", "yours"),
        ("file-write-create", ".git/hooks/new", "EROFS", "read-only", "yours"),
        ("file-write-create", ".git/commondir", "EEXIST", "odd", "yours"),
        ("file-write-unlink", "sub/x", "", "", "yours"),
        ("file-write-unlink", "none", "ENOENT", "missing", "yours"),
        ("file-write-unlink", ".git", "EBUSY", "mount", "yours"),
        ("file-write-unlink", W, "EBUSY", "mount", "yours"),
        ("file-write-unlink", "/home/me/.gitconfig", "EBUSY", "mount", "yours"),
        ("file-write-unlink", "/home/me/src", "", "", "own"),
        ("file-write-unlink", "/dev/null", "EBUSY", "mount", "kernel"),
        ("file-write-mode", "sub/x", "", "", "yours"),
        ("file-write-mode", ".git/config", "EROFS", "read-only", "yours"),
        ("process-exec*", "tool", "", "", "yours"),
        ("process-exec*", "sub", "EACCES", "odd", "yours"),
        ("network-outbound", "s.sock", "", "", "yours"),
        ("network-outbound", "tool", "ECONNREFUSED", "odd", "yours"),
        ("network-bind", "new.sock", "", "", "yours"),
    ],
)
def test_an_attempt(operation, path, error, obstacle, owner):
    found = seen(operation, path)
    assert (found.error, found.obstacle, found.owner) == (error, obstacle, owner)


def test_a_link_at_the_end_is_followed_or_not():
    assert seen("file-read-metadata", "out").obstacle == "hidden"
    assert seen("file-read-metadata", "out", follow=False).obstacle == ""
    assert seen("file-write-unlink", "out", follow=False).obstacle == ""
    assert seen("file-read-data", "l").real == f"{W}/sub"


def test_what_is_closed_is_there_and_cannot_be_opened():
    for path, at in (("sub/x", "sub"), ("sub", "sub"), ("tool", "tool")):
        found = seen("file-read-data", path, deny=("sub", "tool"))
        assert (found.error, found.obstacle, found.path) == ("EACCES", "closed", f"{W}/{at}")
    assert seen("file-read-metadata", "sub", deny=("sub",)).obstacle == ""
    assert seen("file-write-unlink", "sub", deny=("sub",)).obstacle == "mount"


def test_a_closed_directory_with_something_open_in_it_can_be_gone_through():
    request = {"enable": ("wide-read", "ssh")}
    assert seen("file-read-data", "/home/me/.ssh/config", **request).obstacle == ""
    assert seen("file-read-data", "/home/me/.ssh", **request).obstacle == "closed"
    assert seen("file-read-data", "/home/me/.ssh/id_rsa", **request).obstacle == "hidden"


def test_permissions_are_asked():
    host = linux(
        "src/project/secret",
        "src/project/shut/x",
        unreadable=["src/project/secret", "src/project/shut"],
    )
    for path, at in (("secret", "secret"), ("shut/x", "shut")):
        found = seen("file-read-data", path, host=host)
        assert (found.error, found.obstacle, found.path) == ("EACCES", "permissions", f"{W}/{at}")


def test_what_is_made_first_is_there():
    found = seen("file-write-data", "/home/me/.codex/x", agent="codex")
    assert (found.error, found.owner) == ("", "yours")


def test_what_cannot_be_made_first_is_told():
    host = linux("/opt/mine/src/project/", home="/opt/mine")
    assert view(host, agent="codex").unmade[0].startswith("/opt/mine/.codex")
    assert view(agent="codex").unmade == ()


def test_all_of_a_machine_is_open_but_for_what_each_launch_has():
    request = {"add_dirs_ro": ("/",)}
    assert seen("file-read-data", "/srv/x", **request).owner == "yours"
    assert seen("file-write-data", "/home/me/docs/x", **request).obstacle == "read-only"
    assert seen("file-read-data", "/tmp/theirs", **request).obstacle == "hidden"


def test_what_is_no_path_is_not_its_matter():
    assert view().see(Access("signal", "others"), "", True) is None
    assert view().see(Access("network-outbound", "example.org:443"), "", True) is None
    assert view().see(Access("file-chroot", W, "path"), W, True) is None


def test_reaches():
    found = view(deny=("sub",))
    assert [found.reach(f"{W}{path}") for path in ("", "/tool", "/.git/config", "/sub", "/sub/x")] == [
        "read-write", "read-write", "read-only", "closed", "closed",
    ]  # fmt: skip
    assert [found.reach(f"/home/me{path}") for path in ("", "/src", "/docs", "/.gitconfig")] == [
        "visible", "visible", "closed", "read-only",
    ]  # fmt: skip
    assert found.uniform(W) == "read-write" and found.uniform("/home/me") == "closed"


def test_what_differs_below_a_directory_is_named():
    inner = view(deny=("sub",)).inner(W)
    assert {f"{W}/sub", f"{W}/.git/config", f"{W}/.git/hooks"} <= inner
    assert all(path.startswith(f"{W}/") for path in inner)
