"""A tree has a line for what differs, a count for what does not, and is made without a walk."""

from __future__ import annotations

import pytest

from safehouse.answers.answer import Asked
from safehouse.answers.tree import MOST_NAMED, Tree
from safehouse.request import Request
from tests.fake_host import linux, mac, planned

W = "/home/me/src/project"
NAMES = (
    "src/project/a", "src/project/b", "src/project/sub/deep/secret", "src/project/sub/x", "docs/x",
    ".gitconfig", "src/other/x",
)  # fmt: skip


def tree(path=W, host=None, depth=2, **request):
    host = host or linux(*NAMES)
    return Tree(Asked(planned(host, Request(**request))), depth).of(path)


def named(node):
    return {child.name: child for child in node.named}


def test_what_differs_has_a_line_and_the_rest_a_count():
    top = tree()
    assert (top.reach, list(named(top))) == ("read-write", [".git"])
    assert top.rest == (("read-write", 3),)
    git = named(top)[".git"]
    assert {name: child.reach for name, child in named(git).items()} == {
        "commondir": "read-only", "config": "read-only", "config.worktree": "read-only", "hooks": "read-only",
    }  # fmt: skip
    assert git.rest == (("read-write", 3),)
    assert named(git)["config"].reason == "your next git command would run what it says"
    assert top.reason == "the directory that the command was started in"


def test_what_is_deeper_is_counted():
    top = tree(deny=("sub/deep/secret",))
    sub = named(tree(deny=("sub/deep/secret",), depth=1))["sub"]
    assert sub.deeper == (("closed", 1),) and not sub.named
    assert named(named(top)["sub"])["deep"].deeper == (("closed", 1),)
    deep = named(named(tree(deny=("sub/deep/secret",), depth=3))["sub"])["deep"]
    assert named(deep)["secret"].reach == "closed"


def test_a_home_shows_what_is_granted_and_counts_what_is_closed():
    top = tree("/home/me", add_dirs_ro=("~/docs",))
    assert top.own and top.reach == "visible"
    assert {name: child.reach for name, child in named(top).items()} == {
        ".gitconfig": "read-only", "docs": "read-only", "src": "visible",
    }  # fmt: skip
    src = named(top)["src"]
    assert named(src)["project"].reach == "read-write"
    assert src.rest == (("closed", 1),)


def test_a_rule_that_says_what_holds_anyway_has_no_line():
    assert named(tree(add_dirs=("sub",))).keys() == {".git"}


def test_many_names_are_left_out():
    names = [f"src/project/s{n}" for n in range(MOST_NAMED + 5)]
    deny = tuple(name[len("src/project/") :] for name in names)
    top = tree(host=linux(*names), deny=deny)
    assert len(top.named) == MOST_NAMED and top.left_out == 6


def test_on_a_mac_each_name_is_asked_for():
    top = tree("/Users/me", mac(*NAMES), add_dirs_ro=("~/docs",))
    assert named(top)["docs"].reach == "read-only"
    assert named(named(top)["src"])["project"].reach == "read-write"
    assert dict(top.rest).get("closed", 0) == 0
    assert dict(named(top)["src"].rest) == {"closed": 1}


@pytest.mark.parametrize("host", [linux, mac])
def test_uniform_trees_are_not_walked_through(host, monkeypatch):
    """Half a million files cost nothing: what is listed are directories in which something differs."""
    made = host(*NAMES, *(f"huge/{n}/x" for n in range(50)))
    listed = []
    whole = type(made.files).names
    monkeypatch.setattr(
        type(made.files), "names", lambda self, path: listed.append(path) or whole(self, path)
    )
    asked = Asked(planned(made, Request()))
    listed.clear()
    Tree(asked).of(made.home)
    assert not any("huge" in path for path in listed)
    assert len(set(listed)) < 80


def test_what_is_not_there_is_not_shown():
    names = named(tree("/home/me"))
    assert ".npm" not in names and ".ssh" not in names
