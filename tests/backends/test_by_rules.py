"""How attempts end on a Mac: as the rules say, for the file and for each link on the way to it."""

from __future__ import annotations

import pytest

from safehouse.backends.seatbelt import Seatbelt
from safehouse.policy.index import Index
from safehouse.policy.policy import Access
from safehouse.request import Request
from tests.fake_host import HOME, mac, planned

W = f"{HOME}/src/project"
LINKS = {"src/project/l": "sub", "way": "src/project", "src/project/out": "../../docs/x"}


def view(**request):
    plan = planned(mac("src/project/sub/x", "docs/x", links=LINKS), Request(**request))
    return Seatbelt().view(plan.policy, plan.host)


def seen(operation, path, follow=True, **request):
    found = view(**request)
    path = path if path[0] == "/" else f"{W}/{path}"
    target = found.host.resolve(path).real if follow else path
    return found.see(Access(operation, target, "path"), path, follow)


@pytest.mark.parametrize(
    "operation, path, error, obstacle, at",
    [
        ("file-read-data", "sub/x", "", "", f"{W}/sub/x"),
        ("file-read-data", "l/x", "", "", f"{W}/sub/x"),
        ("file-read-data", "none", "ENOENT", "missing", f"{W}/none"),
        ("file-write-data", "none", "", "", f"{W}/none"),
        ("file-read-data", f"{HOME}/docs/x", "EPERM", "rule", f"{HOME}/docs/x"),
        ("file-read-data", f"{HOME}/docs/none", "EPERM", "rule", f"{HOME}/docs/none"),
        ("file-read-data", "out", "EPERM", "rule", f"{HOME}/docs/x"),
        ("file-write-unlink", ".git/config", "EPERM", "rule", f"{W}/.git/config"),
        ("network-outbound", "s.sock", "EPERM", "rule", f"{W}/s.sock"),
    ],
)
def test_an_attempt(operation, path, error, obstacle, at):
    found = seen(operation, path)
    assert (found.error, found.obstacle, found.path, found.owner) == (error, obstacle, at, "yours")


def test_a_link_that_may_not_be_looked_at_is_not_followed():
    """seatbelt.md 2.2: to follow one takes file-read-metadata on it."""
    found = seen("file-read-data", f"{HOME}/way/sub/x")
    assert (found.error, found.obstacle, found.path) == ("EPERM", "rule", f"{HOME}/way")
    assert seen("file-read-data", "/etc/hosts").obstacle == ""


def test_reaches_are_asked_for_by_name():
    found = view(deny=("sub",))
    assert [found.reach(f"{W}{path}") for path in ("", "/new", "/.git/config", "/sub", "/sub/x")] == [
        "read-write", "read-write", "read-only", "closed", "closed",
    ]  # fmt: skip
    assert found.reach(HOME) == "visible"
    assert found.uniform(W) is None
    assert {f"{W}/sub", f"{W}/.git/config"} <= found.inner(W)


def test_what_the_rules_say_is_what_is_met():
    plan = planned(mac(), Request(agent="claude"))
    index, found = Index(plan.policy), Seatbelt().view(plan.policy, plan.host)
    for path in (W, f"{HOME}/.ssh/x", f"{HOME}/.claude/x", "/usr/bin/env", "/private/etc/passwd"):
        for operation in ("file-read-data", "file-write-data", "file-read-metadata"):
            access = Access(operation, path, "path")
            denied = found.see(access, path, True).obstacle == "rule"
            assert denied != index.decide(access).allowed
