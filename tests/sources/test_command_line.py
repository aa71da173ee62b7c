"""The working directory and the paths of options: what is taken, what is refused and how."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, DENY, Tier
from safehouse.request import Request
from safehouse.sources.command_line import contains, grants, workdir
from tests.fake_host import HOME, mac, planned

PROJECT = f"{HOME}/src/project"


def allows(request, operation, path, host=None):
    policy = planned(host or mac(), request).policy
    return policy.decide(Access(operation, path)).allowed


# The working directory


def test_it_is_exactly_where_the_command_was_started():
    """R71: never the root of a repository further up."""
    host = mac(cwd="src/project/sub")
    assert workdir(Request(), host) == f"{PROJECT}/sub"
    assert not allows(Request(), "file-read-data", f"{PROJECT}/x", host)
    assert not allows(Request(), "file-write-data", f"{PROJECT}/x", host)


@pytest.mark.parametrize("cwd", [HOME, "/Users", "/"])
def test_the_home_and_what_holds_it_are_not_opened_without_saying_so(cwd):
    with pytest.raises(UserError) as error:
        workdir(Request(), mac(cwd=cwd))
    assert f"refusing to open all of {cwd}" in error.value.message
    assert "--workdir=" in error.value.hint
    meant = "~" if cwd == HOME else cwd
    assert f"--workdir={meant}" in error.value.hint


@pytest.mark.parametrize(
    "text, real",
    [("~", HOME), ("/", "/"), (HOME, HOME), ("..", f"{HOME}/src"), ("~/src", f"{HOME}/src"),
     ("./", PROJECT), ("/tmp", "/private/tmp"), ("~/l", f"{HOME}/src")],
)  # fmt: skip
def test_a_named_one_is_taken_as_said(text, real):
    assert workdir(Request(workdir=text), mac(links={"l": "src"})) == real


def test_an_empty_one_is_none():
    assert workdir(Request(workdir=""), mac()) == ""
    assert not allows(Request(workdir=""), "file-read-data", f"{PROJECT}/x")
    assert workdir(Request(workdir=""), mac(cwd=HOME)) == ""


@pytest.mark.parametrize(
    "text, message",
    [("~/none", "~/none does not exist"), ("~/file", "~/file is not a directory"),
     ("~other", "only ~ and ~/ are understood"), ("a\nb", r"a\nb has a control character"),
     ("\udcff", "not UTF-8")],
)  # fmt: skip
def test_a_named_one_that_is_none_is_refused(text, message):
    with pytest.raises(UserError) as error:
        workdir(Request(workdir=text), mac("file"))
    assert error.value.message.startswith("--workdir: ")
    assert message in error.value.message


def test_it_opens_its_tree_and_no_neighbour():
    for operation in ("file-read-data", "file-write-create", "file-write-unlink"):
        assert allows(Request(), operation, f"{PROJECT}/a/b")
        assert not allows(Request(), operation, f"{PROJECT}2/a")
        assert not allows(Request(), operation, f"{HOME}/src/x")


# --add-dirs, --add-dirs-ro, --deny


def test_a_directory_is_a_tree_and_a_file_is_that_file():
    """R16."""
    host = mac("data/x", "file", ".git-ignored/x")
    request = Request(add_dirs=("~/data", "~/file"))
    kinds = {g.filter.value: g.filter.kind for g in grants(request, host, "")}
    assert kinds == {f"{HOME}/data": "subpath", f"{HOME}/file": "literal"}


def test_reading_is_not_writing():
    request, host = Request(add_dirs_ro=("~/data",)), mac("data/x")
    assert allows(request, "file-read-data", f"{HOME}/data/x", host)
    assert allows(request, "file-clone", f"{HOME}/data/x", host)
    for operation in ("file-write-data", "file-write-unlink", "file-link"):
        assert not allows(request, operation, f"{HOME}/data/x", host)


@pytest.mark.parametrize("order", ["ro", "rw"])
def test_writing_wins_over_reading_whatever_their_order(order):
    request = Request(add_dirs_ro=("~/a", "~/a/b"), add_dirs=("~/a/b",))
    host = mac("a/b/c")
    assert allows(request, "file-write-data", f"{HOME}/a/b/c", host)
    assert not allows(request, "file-write-data", f"{HOME}/a/x", host)


def test_a_refusal_wins_over_all_that_is_asked_for():
    host = mac("src/project/secret/x", ".claude/x")
    request = Request(
        add_dirs=("secret", "~/.claude"), deny=("secret", "~/.claude"), agent="claude"
    )
    for path in (f"{PROJECT}/secret/x", f"{HOME}/.claude/x"):
        for operation in (
            "file-read-data",
            "file-read-metadata",
            "file-write-data",
            "network-outbound",
        ):
            assert not allows(request, operation, path, host)
    assert allows(request, "file-read-data", f"{PROJECT}/secret2", host)
    assert not allows(request, "file-write-unlink", PROJECT, host)  # it would take secret/ with it


@pytest.mark.parametrize("option", ["add_dirs", "add_dirs_ro", "deny"])
@pytest.mark.parametrize("path", ["~/none", "none", "/Users/me/none", "", "~x/y", "a\nb", "a\x7fb"])
def test_what_is_not_there_is_refused_by_its_name(option, path):
    """R18, R75."""
    with pytest.raises(UserError) as error:
        list(grants(Request(**{option: (path,)}), mac(), PROJECT))
    assert error.value.message.startswith("--" + option.replace("_", "-") + ": ")
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    "name", ["with blank", 'quo"te', "back\\slash", "ümlaut", "日本", "a&b", "$(x)", "a:b"]
)
def test_any_printable_name_is_taken_literally(name):
    """R18."""
    assert allows(
        Request(add_dirs=(f"~/{name}",)), "file-write-data", f"{HOME}/{name}/x", mac(f"{name}/x")
    )


def test_a_link_grants_its_target_and_may_be_looked_at():
    host = mac("data/x", links={"l": "data"})
    request = Request(add_dirs_ro=("~/l",))
    assert allows(request, "file-read-data", f"{HOME}/data/x", host)
    assert allows(request, "file-read-metadata", f"{HOME}/l", host)
    assert not allows(request, "file-read-data", f"{HOME}/l/x", host)


def test_a_link_inside_the_project_that_leads_out_of_it_is_refused():
    """An earlier command could have made it: `ln -s ~/.ssh data`."""
    host = mac("data/x", links={"src/project/l": "../../data"})
    for option in ("add_dirs", "add_dirs_ro"):
        with pytest.raises(UserError) as error:
            list(grants(Request(**{option: ("l",)}), host, PROJECT))
        assert f"through the link {PROJECT}/l to {HOME}/data" in error.value.message
        assert f"={HOME}/data" in error.value.hint
    assert [g.action for g in grants(Request(deny=("l",)), host, "")] == [DENY]


def test_a_link_inside_the_project_that_stays_in_it_is_fine():
    host = mac("src/project/a/x", links={"src/project/l": "a"})
    found = [g for g in grants(Request(add_dirs_ro=("l",)), host, PROJECT) if g.action == ALLOW]
    assert {g.filter.value for g in found} == {PROJECT, f"{PROJECT}/l", f"{PROJECT}/a"}


def test_each_says_which_option_it_came_from():
    host = mac("a/", "b/", "c/")
    request = Request(add_dirs=("~/a",), add_dirs_ro=("~/b",), deny=("~/c",))
    origins = [g.origin for g in grants(request, host, PROJECT)]
    assert [o.source for o in origins] == ["--workdir", "--add-dirs-ro", "--add-dirs", "--deny"]
    assert {o.tier for o in origins} == {Tier.COMMAND_LINE}


@pytest.mark.parametrize(
    "directory, path, answer",
    [("/a", "/a", True), ("/a", "/a/b", True), ("/a", "/ab", False), ("/", "/a", True), ("/", "/", True),
     ("/a/b", "/a", False)],
)  # fmt: skip
def test_contains(directory, path, answer):
    assert contains(directory, path) == answer
