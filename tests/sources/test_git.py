"""What of a repository is closed: what makes the person's next git command run a program."""

from __future__ import annotations

import os
import signal

import pytest

from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.host import LINUX, Host
from safehouse.policy.rule import ALLOW, DENY, Tier
from safehouse.sources.git import grants, what_appeared
from tests.fake_host import HOME, mac

CLOSED = ("hooks", "config", "config.worktree", "commondir")


def refused(host, workdir=None):
    found = list(grants(host, workdir or host.cwd))
    assert all("file-write*" in grant.operations for grant in found if grant.action == DENY)
    assert all("file-read*" not in grant.operations for grant in found if grant.action == DENY)
    assert all(grant.origin.tier == Tier.PROTECTED for grant in found if grant.action == DENY)
    return {grant.filter.value for grant in found if grant.action == DENY}


def test_hooks_and_configuration_of_the_repository():
    git = {f"{HOME}/src/project/.git/{name}" for name in CLOSED}
    # With a broken .git the project itself would be a repository, if it had a HEAD.
    assert refused(mac()) == git | {f"{HOME}/src/project/HEAD"}


def test_what_git_would_read_is_closed_where_it_is_missing():
    """linux.md 1.3: a new commondir or config.worktree is as good as a changed config."""
    found = grants(mac(), mac().cwd)
    created = {g.filter.value.rpartition("/")[2]: g.create for g in found if not g.existing_only}
    assert created == {
        "hooks": "directory", "config": "file:", "config.worktree": "file:", "commondir": "file:.\n",
    }  # fmt: skip


def test_a_directory_without_a_repository_needs_nothing():
    assert refused(mac(), f"{HOME}/src") == set()
    assert list(grants(mac("/x/"), "/")) == []


def test_the_root_of_the_file_system_can_be_a_repository():
    host = mac("/.git/HEAD", "/.git/objects/")
    assert "/.git/hooks" in refused(host, "/")


def test_a_git_directory_that_is_a_link_is_refused():
    """Nothing can hold a link in its place: the program would put another one there."""
    host = mac("elsewhere/HEAD", "w/x", links={"w/.git": "../elsewhere"})
    with pytest.raises(UserError) as error:
        refused(host, f"{HOME}/w")
    assert f"{HOME}/w/.git is a symbolic link" in error.value.message
    assert "--workdir=" in error.value.hint


def test_submodules_nested_and_with_slashes_in_their_names():
    project = "src/project/.git/modules"
    host = mac(
        f"{project}/a/HEAD", f"{project}/a/objects/",
        f"{project}/group/b/HEAD", f"{project}/group/b/objects/",
        f"{project}/a/modules/c/HEAD", f"{project}/a/modules/c/objects/",
        f"{project}/no-repository/x",
    )  # fmt: skip
    found = {path.partition("/modules/")[2] for path in refused(host) if "/modules/" in path}
    assert found == {
        f"{module}/{name}" for module in ("a", "group/b", "a/modules/c") for name in CLOSED
    }


def test_linked_worktrees_of_the_repository():
    host = mac("src/project/.git/worktrees/one/HEAD", "src/project/.git/worktrees/two/HEAD")
    found = {path for path in refused(host) if "/worktrees/" in path}
    git = f"{HOME}/src/project/.git/worktrees"
    assert found == {
        f"{git}/{name}/{file}"
        for name in ("one", "two")
        for file in ("commondir", "config.worktree")
    }


# A linked worktree: its `.git` is a file, and what that says has to be true.


@pytest.fixture
def place(tmp_path):
    """A home with a repository `main` and a directory `tree`, with real files: git reads them."""
    home = tmp_path.resolve() / "home"
    for directory in ("main/.git/worktrees/tree", "tree", "other/.git"):
        (home / directory).mkdir(parents=True)
    for part in ("objects", "hooks"):
        (home / "main/.git" / part).mkdir()
        (home / "other/.git" / part).mkdir()
    (home / "main/.git/HEAD").write_text("ref: refs/heads/main\n")
    (home / "other/.git/HEAD").write_text("ref: refs/heads/main\n")
    (home / "main/.git/worktrees/tree/gitdir").write_text(f"{home}/tree/.git\n")
    (home / "tree/.git").write_text(f"gitdir: {home}/main/.git/worktrees/tree\n")
    return home


def tree(place):
    host = Host(LINUX, str(place), str(place / "tree"), {}, LocalFiles())
    found = list(grants(host, host.cwd))
    allowed = [grant.filter.value for grant in found if grant.action == ALLOW]
    closed = {grant.filter.value for grant in found if grant.action == DENY}
    assert f"{place}/tree/.git" in closed  # whatever it says
    return allowed, closed


def test_a_linked_worktree_gets_its_repository_but_not_what_is_closed_there(place):
    """R72."""
    allowed, closed = tree(place)
    assert allowed == [f"{place}/main/.git"]
    assert {f"{place}/main/.git/{name}" for name in CLOSED} <= closed


def test_the_other_worktrees_of_that_repository_stay_closed_too(place):
    """Else a program in one worktree could redirect the configuration of another."""
    (place / "main/.git/worktrees/other").mkdir()
    _, closed = tree(place)
    worktrees = f"{place}/main/.git/worktrees"
    for name in ("tree", "other"):
        assert f"{worktrees}/{name}/commondir" in closed
        assert f"{worktrees}/{name}/config.worktree" in closed


def test_the_submodules_of_that_repository_stay_closed_too(place):
    for name in ("HEAD", "objects/x"):
        file = place / "main/.git/modules/sub" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    _, closed = tree(place)
    assert f"{place}/main/.git/modules/sub/hooks" in closed


def test_a_relative_path_to_the_repository_is_understood(place):
    (place / "tree/.git").write_text("gitdir: ../main/.git/worktrees/tree\n")
    assert tree(place)[0] == [f"{place}/main/.git"]


@pytest.mark.parametrize(
    "text",
    [
        "", "gitdir:", "gitdir: ", "nonsense", "gitdir: {home}/other/.git", "gitdir: {home}",
        "gitdir: /", "gitdir: {home}/main/.git", "gitdir: {home}/main/.git/worktrees",
        "gitdir: {home}/main/.git/worktrees/none",
        "gitdir: {home}/main/.git/worktrees/tree\nx: y\n",
        "gitdir: {home}/main/.git/worktrees/tree\r\n",
        "gitdir: {home}/main/.git/worktrees/tree\x1b[2J",
        " gitdir: {home}/main/.git/worktrees/tree",
        "GITDIR: {home}/main/.git/worktrees/tree",
        'gitdir: {home}/main/.git/worktrees/tree") (allow default) ("',
        "x" * 10_000, "gitdir: " + "a/" * 3000,
    ],
)  # fmt: skip
def test_a_git_file_that_says_something_else_grants_nothing(place, text):
    """R18: it is text that the project brings along."""
    (place / "tree/.git").write_text(text.format(home=place))
    assert tree(place)[0] == []


def test_bytes_that_are_no_text_grant_nothing(place):
    (place / "tree/.git").write_bytes(b"gitdir: \xff\xfe\n")
    assert tree(place)[0] == []


def test_a_git_file_cannot_be_a_pipe_that_never_answers(place):
    (place / "tree/.git").unlink()
    os.mkfifo(place / "tree/.git")
    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        with pytest.raises(UserError, match="neither a directory nor a file"):
            tree(place)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def too_long(_number, _frame):
    raise AssertionError("it waits for the other end of the pipe")


@pytest.mark.parametrize("back", ["", "{home}/other/.git\n", "{home}/tree\n", "tree/.git\n", "/\n"])
def test_a_repository_that_does_not_point_back_is_not_granted(place, back):
    """Else any project could ask for any repository of the user's."""
    (place / "main/.git/worktrees/tree/gitdir").write_text(back.format(home=place))
    assert tree(place)[0] == []


def test_a_forged_repository_inside_the_project_gains_nothing_more_than_the_project(place):
    forged = place / "tree/fake"
    (forged / "objects").mkdir(parents=True)
    (forged / "worktrees/x").mkdir(parents=True)
    (forged / "HEAD").write_text("x")
    (forged / "worktrees/x/gitdir").write_text(f"{place}/tree/.git\n")
    (place / "tree/.git").write_text(f"gitdir: {forged}/worktrees/x\n")
    assert all(path.startswith(f"{place}/tree/") for path in tree(place)[0])


def test_a_forged_way_through_links_does_not_lead_to_another_repository(place):
    """worktrees/x in the project is a link to a directory of the other repository's."""
    (place / "other/.git/worktrees").mkdir()
    fake = place / "tree/fake/worktrees"
    fake.mkdir(parents=True)
    (fake / "x").symlink_to(place / "other/.git/worktrees")
    (place / "tree/.git").write_text(f"gitdir: {fake}/x\n")
    assert tree(place)[0] == []


def test_a_repository_that_holds_the_home_is_not_granted(place):
    """`git init --separate-git-dir`, or a forged one: never more than the home's own parts."""
    host = Host(LINUX, str(place / "main/.git/home"), str(place / "tree"), {}, LocalFiles())
    assert not [g for g in grants(host, host.cwd) if g.action == ALLOW]


def test_a_worktree_whose_directory_of_administration_vanished(place):
    """R72: no noise, no abort."""
    (place / "main/.git/worktrees/tree/gitdir").unlink()
    (place / "main/.git/worktrees/tree").rmdir()
    assert tree(place)[0] == []


@pytest.mark.parametrize(
    ("names", "had", "said"),
    [
        ((), "missing", ""),
        (("w/.git/HEAD",), "missing", "is new"),
        (("w/.git/HEAD",), "directory", ""),
        (("w/.git/config", "w/HEAD"), "directory", "has lost its HEAD"),
        (("w/.git/config", "w/x"), "directory", ""),
    ],
)
def test_what_the_next_git_command_would_obey_is_told(names, had, said):
    """linux.md 1.3: neither can be denied without a file of ours in the project."""
    told = what_appeared(mac(*names).files, f"{HOME}/w", had)
    assert (said in told) if said else (told == "")
