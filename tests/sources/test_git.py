"""What of a repository is closed: what makes the person's next git command run a program."""

from __future__ import annotations

import os
import shutil
import signal

import pytest

from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.host import LINUX, Host
from safehouse.policy.rule import ALLOW, DENY, Tier
from safehouse.sources.git import around, grants
from safehouse.value import replace
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
    assert list(grants(mac("/x/"), "/x")) == []


def test_the_person_s_own_settings_are_closed_in_a_home_that_is_the_project():
    own = {f"{HOME}/.gitconfig", f"{HOME}/.config"}
    assert own <= refused(mac(), HOME)
    assert f"{HOME}/.config/git/config" in refused(mac(".config/git/config"), HOME)


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
        for file in ("commondir", "config.worktree", "gitdir")
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
    (home / "main/.git/worktrees/tree/commondir").write_text("../..\n")
    (home / "tree/.git").write_text(f"gitdir: {home}/main/.git/worktrees/tree\n")
    return home


def at(place, name):
    return Host(LINUX, str(place), str(place / name), {}, LocalFiles())


def tree(place):
    host = at(place, "tree")
    found = list(grants(host, host.cwd))
    allowed = [grant.filter.value for grant in found if grant.action == ALLOW]
    closed = {grant.filter.value for grant in found if grant.action == DENY}
    assert f"{place}/tree/.git" in closed  # whatever it says
    return allowed, closed


def test_a_linked_worktree_gets_its_repository_but_not_what_is_closed_there(place):
    """R72."""
    allowed, closed = tree(place)
    assert allowed == [f"{place}/main/.git", f"{place}/main"]
    assert {f"{place}/main/.git/{name}" for name in CLOSED} <= closed
    (granted, shown) = (g for g in grants(at(place, "tree"), f"{place}/tree") if g.action == ALLOW)
    assert {"file-read*", "file-write*"} <= set(granted.operations)
    assert "file-write*" not in shown.operations
    assert {granted.origin.tier, shown.origin.tier} == {Tier.BASE}


def test_only_the_project_s_own_other_worktrees_are_shown(place):
    """Not those of a directory that was only added."""
    host = at(place, "tree")
    found = [g.filter.value for g in grants(host, host.cwd, worktrees=False) if g.action == ALLOW]
    assert found == [f"{place}/main/.git"]


def test_with_the_feature_only_the_settings_are_open(place):
    (place / "main/.git/worktrees/other").mkdir()
    host = at(place, "tree")
    without = {g.filter.value for g in grants(host, host.cwd) if g.action == DENY}
    opened = without - {g.filter.value for g in grants(host, host.cwd, open_config=True)}
    git = f"{place}/main/.git"
    assert opened == {
        f"{git}/config",
        f"{git}/config.worktree",
        f"{git}/worktrees/tree/config.worktree",
        f"{git}/worktrees/other/config.worktree",
    }


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
    assert tree(place)[0] == [f"{place}/main/.git", f"{place}/main"]


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
    shutil.rmtree(place / "main/.git/worktrees/tree")
    assert tree(place)[0] == []


# The other worktrees.


def add(place, name, gitdir=None, back=None):
    """A linked worktree as git makes it, or not quite."""
    admin = place / "main/.git/worktrees" / name
    admin.mkdir(exist_ok=True)
    (admin / "commondir").write_text("../..\n")
    (place / name).mkdir(parents=True, exist_ok=True)
    text = f"{place}/{name}/.git\n" if gitdir is None else gitdir
    (admin / "gitdir").write_text(text.format(home=place))
    text = f"gitdir: {admin}\n" if back is None else back
    (place / name / ".git").write_text(text.format(home=place))


def inside(place, name):
    """A linked worktree in the main one."""
    add(place, name, f"{place}/main/{name}/.git\n")
    (place / name).rename(place / "main" / name)


def shown(place, name="tree"):
    host = at(place, name)
    found = [g for g in grants(host, host.cwd) if g.action == ALLOW]
    return {
        g.filter.value[len(str(place)) + 1 :] for g in found if "file-write*" not in g.operations
    }


def test_worktrees_are_shown_from_each_other_and_from_the_main_one(place):
    add(place, "another")
    assert shown(place, "tree") == {"main", "another"}
    assert shown(place, "main") == {"tree", "another"}


def test_relative_paths_are_understood(place):
    """As `worktree.useRelativePaths` writes them."""
    add(place, "another", "../../../../another/.git\n", "gitdir: ../main/.git/worktrees/another\n")
    assert shown(place) == {"main", "another"}


@pytest.mark.parametrize("value", ["bare = true", "bare", "worktree = /elsewhere"])
def test_a_main_worktree_that_is_none_or_elsewhere_is_not_shown(place, value):
    (place / "main/.git/config").write_text(f"[core]\n\t{value}\n")
    assert shown(place) == set()


def test_worktrees_inside_and_around_are_left_as_they_are(place):
    """Those inside are open; one around would open more than is meant."""
    inside(place, "inner")
    assert shown(place, "main") == {"tree"}
    assert shown(place, "main/inner") == {"tree"}


@pytest.mark.parametrize("name", [".hidden/other", "Library/other", ".config/safehouse"])
def test_a_worktree_in_a_place_that_programs_may_write_is_not_shown(place, name):
    (place / "main/.git/worktrees/x").mkdir()
    add(place, "x", "{home}/" + name + "/.git\n")
    (place / name).mkdir(parents=True)
    (place / name / ".git").write_text(f"gitdir: {place}/main/.git/worktrees/x\n")
    assert shown(place) == {"main"}


def test_the_home_as_a_worktree_is_not_shown(place):
    for name, root in (("x", place), ("y", place.parent)):
        add(place, name, f"{root}/.git\n")
        (root / ".git").write_text(f"gitdir: {place}/main/.git/worktrees/{name}\n")
    assert shown(place) == {"main"}


def test_the_home_is_not_shown_to_a_project_elsewhere(place):
    add(place, "another")
    for home in ("another", "another/home"):
        host = Host(LINUX, f"{place}/{home}", f"{place}/tree", {}, LocalFiles())
        found = [g.filter.value for g in grants(host, host.cwd) if g.action == ALLOW]
        assert f"{place}/another" not in found


def test_a_place_of_safehouse_s_own_is_not_shown(place):
    (place / "conf/safehouse").mkdir(parents=True)
    add(place, "x", "{home}/conf/safehouse/.git\n")
    (place / "conf/safehouse/.git").write_text(f"gitdir: {place}/main/.git/worktrees/x\n")
    host = at(place, "tree")
    assert f"{place}/conf/safehouse" in [g.filter.value for g in grants(host, host.cwd)]
    host = replace(host, environ={"XDG_CONFIG_HOME": f"{place}/conf"})
    assert f"{place}/conf/safehouse" not in [g.filter.value for g in grants(host, host.cwd)]


@pytest.mark.parametrize(
    "back",
    ["", "gitdir: /\n", "gitdir: {home}/main/.git\n", "gitdir: {home}/main/.git/worktrees/tree\n",
     "gitdir: {home}/main/.git/worktrees/another/\n", "gitdir: {home}/door/worktrees/another\n",
     "gitdir: {home}/main/.git/worktrees/another\nx", "gitdir: {home}/main/./.git/worktrees/another"],
)  # fmt: skip
def test_one_that_does_not_point_back_is_not_shown(place, back):
    (place / "door").symlink_to("main/.git")
    add(place, "another", back=back)
    assert shown(place) == {"main"}


@pytest.mark.parametrize("said", ["", "../../../other/.git\n", "/\n", "../..\nx\n", " ../..\n"])
def test_a_worktree_with_another_common_directory_gets_nothing(place, said):
    (place / "main/.git/worktrees/tree/commondir").write_text(said)
    assert tree(place)[0] == []


def test_a_worktree_set_elsewhere_through_a_link_is_not_believed(place):
    (place / "main/link").symlink_to("/")
    (place / "main/.git/config").write_text("[core]\n\tworktree = ../link\n")
    assert shown(place) == set()


def test_an_entry_that_names_another_file_closes_nothing(place):
    (place / "main/README").write_text("gitdir: x")
    add(place, "another", "{home}/main/README\n")
    assert f"{place}/main/README" not in refused(at(place, "main"))


def test_a_worktree_that_holds_its_own_repository(place):
    shutil.move(place / "main/.git", place / "tree/.bare")
    (place / "tree/.git").write_text("gitdir: .bare/worktrees/tree\n")
    closed = refused(at(place, "tree"))
    assert f"{place}/tree/.bare/hooks" in closed
    assert f"{place}/tree/.bare/worktrees/tree/commondir" in closed


# A submodule as the project.


@pytest.fixture
def part(place):
    module = place / "main/.git/modules/group/part"
    for name in ("objects", "hooks"):
        (module / name).mkdir(parents=True)
    (module / "HEAD").write_text("ref: refs/heads/main\n")
    (module / "config").write_text("[core]\n\tworktree = ../../../../part\n")
    (place / "main/part").mkdir()
    (place / "main/part/.git").write_text("gitdir: ../.git/modules/group/part\n")
    return place


def opened(place, name="main/part"):
    host = at(place, name)
    return [g.filter.value for g in grants(host, host.cwd) if g.action == ALLOW]


def test_a_submodule_gets_its_own_repository_and_no_more(part):
    git = f"{part}/main/.git/modules/group/part"
    assert opened(part) == [git]
    host = at(part, "main/part")
    closed = {g.filter.value for g in grants(host, host.cwd) if g.action == DENY}
    assert {f"{git}/{name}" for name in CLOSED} | {f"{part}/main/part/.git"} <= closed


@pytest.mark.parametrize(
    "text",
    [
        "", "[core]\n", "[core]\n\tworktree = ../../../../other\n", "[core]\n\tworktree = /\n",
        "[core]\n\tworktree =\n", '[core "x"]\n\tworktree = ../../../../part\n',
        "[core]\n\tworktree = ../../../../link\n",
    ],
)  # fmt: skip
def test_a_module_that_does_not_point_back_is_not_granted(part, text):
    (part / "main/link").symlink_to("part")
    (part / "main/.git/modules/group/part/config").write_text(text)
    assert opened(part) == []


def test_a_module_of_what_is_no_repository_is_not_granted(part):
    (part / "main/.git/HEAD").unlink()
    shutil.rmtree(part / "main/.git/objects")
    assert opened(part) == []


# What settings name.


def named(place, text, root="main"):
    (place / "main/.git/config").write_text(text)
    host = at(place, root)
    found = {}
    for grant in grants(host, host.cwd):
        if grant.action == DENY and "/.git/" not in grant.filter.value:
            found[grant.filter.value[len(str(place)) + 1 :]] = (grant.filter.kind, grant.create)
    return {path: how for path, how in found.items() if path not in ("main/HEAD", "tree/.git")}


@pytest.mark.parametrize(
    "text, path, how",
    [
        ("[core]\nhooksPath = hooks", "main/hooks", ("subpath", "directory")),
        ("[core]\nhooksPath = a/b/c", "main/a", ("subpath", "directory")),
        ("[core]\nhooksPath = there/", "main/there", ("subpath", "")),
        ("[include]\npath = ../x", "main/x", ("literal", "file:")),
        ("[include]\npath = ../a/x", "main/a", ("subpath", "directory")),
        ("[include]\npath = ../file", "main/file", ("literal", "")),
        ("[core]\npager = ./file", "main/file", ("literal", "")),
        ("[core]\npager = ./x | less", "main/x", ("literal", "file:")),
        ("[alias]\nx = !python3 -u file --all", "main/file", ("literal", "")),
        ('[diff "x"]\ntextconv = A=b env ./x', "main/x", ("literal", "file:")),
        ('[merge "x"]\ndriver = node ./x %O', "main/x", ("literal", "file:")),
        ('[gpg "ssh"]\nprogram = ~/main/x', "main/x", ("literal", "file:")),
        ("[strange]\nkey = ./file", "main/file", ("literal", "")),
        ('[remote "o"]\nurl = ext::./x %S', "main/x", ("literal", "file:")),
        ('[submodule "o"]\nupdate = !./x', "main/x", ("literal", "file:")),
        ("[core]\npager = ~/elsewhere", "elsewhere", ("literal", "")),
    ],
)
def test_what_git_would_run_or_obey_is_closed(place, text, path, how):
    (place / "main/there").mkdir()
    for name in ("main/file", "elsewhere"):
        (place / name).write_text("")
    assert named(place, text) == {path: how}


@pytest.mark.parametrize(
    "text",
    [
        "[core]\npager = file", "[core]\npager = less -FRX", "[alias]\nx = log there/file",
        "[blame]\nignoreRevsFile = file", "[core]\nexcludesFile = ./file",
        "[core]\nattributesFile = file", "[commit]\ntemplate = file", "[safe]\ndirectory = there",
        "[remote \"file\"]\nurl = ./file", "[branch \"x\"]\nmerge = refs/heads/x",
        "[gitflow \"prefix\"]\nfeature = feature/", "[core]\nworktree = ../there",
        "[user]\nname = file", "[include]\npath = /etc/none", "[core]\nhooksPath = /dev/null",
        "[alias]\nx = !git log origin/main -- there",
    ],
)  # fmt: skip
def test_what_git_only_reads_stays_open(place, text):
    (place / "main/there").mkdir()
    (place / "main/file").write_text("")
    assert named(place, text) == {}


def test_hooks_in_the_root_of_the_project_are_refused(place):
    with pytest.raises(UserError, match="git's settings say that it holds hooks"):
        named(place, "[core]\nhooksPath = .")


def test_settings_that_include_each_other_are_read_once(place):
    (place / "main/a").write_text("[include]\npath = b")
    (place / "main/b").write_text("[include]\npath = a")
    assert set(named(place, "[include]\npath = ../a")) == {"main/a", "main/b"}


def test_settings_that_include_too_many_are_refused(place):
    for number in range(200):
        (place / f"main/{number}").write_text(f"[include]\npath = {number + 1}")
    with pytest.raises(UserError, match="include more than 100 files"):
        named(place, "[include]\npath = ../0")


def test_relative_hooks_are_those_of_each_working_tree(place):
    """A worktree inside of the project is open for writing, and has hooks by the same setting."""
    inside(place, "inner")
    (place / "main/inner/hooks").mkdir()
    found = named(place, "[core]\nhooksPath = hooks")
    assert found["main/inner/hooks"] == ("subpath", "")
    assert found["main/hooks"] == ("subpath", "directory")


def test_a_link_to_what_settings_name_is_closed_as_well(place):
    (place / "main/real").mkdir()
    (place / "main/hooks").symlink_to("real")
    assert set(named(place, "[core]\nhooksPath = hooks")) == {"main/hooks", "main/real"}


def test_a_submodule_that_keeps_its_repository_in_its_directory(place):
    for path in ("part/.git/hooks", "part/.git/objects"):
        (place / "main" / path).mkdir(parents=True)
    (place / "main/.gitmodules").write_text('[submodule "x"]\n\tpath = part\n')
    assert f"{place}/main/part/.git/config" in refused(at(place, "main"))


@pytest.mark.parametrize("path", ["../other", "/etc", "..", "", "link", "a\\nb"])
def test_gitmodules_close_nothing_elsewhere(place, path):
    (place / "main/link").symlink_to("../other")
    before = refused(at(place, "main"))
    (place / "main/.gitmodules").write_text(f'[submodule "x"]\n\tpath = {path}\n')
    assert refused(at(place, "main")) == before


@pytest.mark.parametrize(
    "path",
    [".git", ".git/hooks", ".git/config", ".git/hooks/pre-commit", ".git/objects/x"],
)
def test_what_lies_in_a_git_directory_brings_its_rules(path):
    """`--add-dirs=V/.git/hooks`, which no rule of a working tree would cover."""
    found = list(around(mac(), f"{HOME}/src/project/{path}"))
    assert {g.action for g in found} == {DENY}
    closed = {g.filter.value for g in found}
    assert {f"{HOME}/src/project/.git/{name}" for name in CLOSED} <= closed


def test_what_lies_in_a_bare_repository_brings_its_rules():
    host = mac("r.git/HEAD", "r.git/config", "r.git/objects/", "r.git/hooks/")
    closed = {g.filter.value for g in around(host, f"{HOME}/r.git/hooks")}
    assert {f"{HOME}/r.git/{name}" for name in CLOSED} <= closed


def test_what_lies_elsewhere_brings_none():
    assert list(around(mac(), f"{HOME}/src/project/lib")) == []


def test_around_a_linked_worktree_nothing_is_granted(place):
    found = list(around(at(place, "tree"), f"{place}/tree/.git"))
    assert found and all(grant.action == DENY for grant in found)
