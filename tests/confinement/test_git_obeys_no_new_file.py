"""What the person's settings name inside the project stays as the person meant it.

As in test_git_runs_nothing_of_theirs.py: what counts is whether the person's own git runs the payload.
"""

from __future__ import annotations

import pytest

from tests.confinement.attack import withstands
from tests.confinement.test_git_runs_nothing_of_theirs import PAYLOAD, git_ran_it
from tests.confinement.user import own

pytestmark = pytest.mark.confinement

MORE = """
def put(path, text=None):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    write(path, payload if text is None else text)
    os.chmod(path, 0o755)
"""
# What stands in .git/config, the files that are there, and what the program does.
OWN_SETTINGS = {
    "a file to include that is missing": ("[include]\n\tpath = ../later\n", (), "put('later', setting)"),
    "one in a directory that is missing": (
        "[include]\n\tpath = ../conf/git/later\n", (),
        "put('conf/git/later', setting)",
    ),
    "one in a directory that is renamed": (
        "[include]\n\tpath = ../conf/git/later\n", (),
        "put('new/git/later', setting); os.path.isdir('conf') and os.rename('conf', 'old'); "
        "os.rename('new', 'conf')",
    ),
    "upper case": ("[INCLUDE]\n\tPATH = ../there\n", ("there",), "put('there', setting)"),
    "all in one line": ("[include] path = ../there\n", ("there",), "put('there', setting)"),
    "quotes and a comment": (
        '[include]\n\tpath = "../a there" ; that\n', ("a there",), "put('a there', setting)"
    ),
    "an escaped quote": (
        '[include]\n\tpath = "../th\\"ere"\n', ('th"ere',), "put('th\"ere', setting)"
    ),
    "two lines": ("[include]\n\tpath = ../th\\\nere\n", ("there",), "put('there', setting)"),
    "behind a comment that seems to go on": (
        "[include]\n; a comment \\\n\tpath = ../there\n", ("there",), "put('there', setting)"
    ),
    "under a condition": (
        '[includeIf "gitdir:~/src/"]\n\tpath = ../there\n', ("there",), "put('there', setting)"
    ),
    "by way of the home": (
        "[include]\n\tpath = ~/src/project/there\n", ("there",), "put('there', setting)"
    ),
    "by way of another file": (
        "[include]\n\tpath = ../one/there\n",
        ("one/there=[include]\n\tpath = two\n", "one/two"),
        "put('one/two', setting)",
    ),
    "by way of another file, missing": (
        "[include]\n\tpath = ../one/there\n", ("one/there=[include]\n\tpath = two\n",),
        "put('one/two', setting)",
    ),
    "a program that is missing": ("[core]\n\tfsmonitor = ./watch\n", (), "put('watch')"),
    "a script for an interpreter": (
        "[core]\n\tfsmonitor = sh ./watch.sh\n", ("watch.sh",), "put('watch.sh')"
    ),
    "a script that is missing": ("[core]\n\tfsmonitor = sh watch.sh\n", (), "put('watch.sh')"),
    "a program behind another": (
        "[core]\n\tfsmonitor = \"true && ./watch\"\n", ("watch",), "put('watch')"
    ),
    "a command in a command": (
        "[core]\n\tfsmonitor = \"sh -c './watch x' -\"\n", ("watch",), "put('watch')"
    ),
    "an absolute path by a variable": (
        "[core]\n\tfsmonitor = $HOME/src/project/watch\n", ("watch",), "put('watch')"
    ),
    "a filter": (
        '[filter "x"]\n\tclean = ./clean\n\trequired\n',
        ("clean=#!/bin/sh\ncat\n", ".gitattributes=* filter=x"),
        "put('clean'); write('README', 'b project\\n')",
    ),
    "what husky's hooks run": (
        "[core]\n\thooksPath = .husky/_\n",
        (".husky/_/pre-commit=#!/bin/sh\n[ -f .husky/pre-commit ] && sh .husky/pre-commit\nexit 0\n",),
        "put('.husky/pre-commit')",
    ),
    "hooks in a directory that is missing": (
        "[core]\n\thooksPath = tools/git/hooks\n", (), "put('tools/git/hooks/pre-commit')"
    ),
    "hooks in a directory that is renamed": (
        "[core]\n\thooksPath = tools/hooks\n", ("tools/hooks/x",),
        "put('new/hooks/pre-commit'); os.rename('tools', 'old'); os.rename('new', 'tools')",
    ),
}  # fmt: skip


def lay(scene, root, files):
    for file in files:
        name, _, text = file.partition("=")
        scene.write(f"src/{root}/{name}", text, 0o755)


@pytest.mark.parametrize("text, files, body", OWN_SETTINGS.values(), ids=OWN_SETTINGS)
def test_the_repository_s_settings_name(scenes, text, files, body):
    def point(scene):
        with open(scene.project / ".git/config", "a") as file:
            file.write(text)
        lay(scene, "project", files)

    withstands(scenes, PAYLOAD + MORE + body, point, harmed=git_ran_it)


PERSONAL = {
    "by an absolute path": (".gitconfig", "[include]\n\tpath = {project}/there\n"),
    "by way of the home": (".gitconfig", "[include]\n\tpath = ~/src/project/there\n"),
    "under a condition": (".gitconfig", '[includeIf "gitdir:~/"]\n\tpath = src/project/there\n'),
    "in the newer place": (".config/git/config", "[include]\n\tpath = ~/src/project/there\n"),
}


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("file, text", PERSONAL.values(), ids=PERSONAL)
def test_the_person_s_settings_include(scenes, file, text, exists):
    def point(scene):
        old = scene.home / file
        known = old.read_text() if old.exists() else ""
        scene.write(file, known + text.format(project=scene.project))
        if exists:
            lay(scene, "project", ("there",))

    withstands(scenes, PAYLOAD + MORE + "put('there', setting)", point, harmed=git_ran_it)


def test_the_person_s_settings_are_a_link_into_the_project(scenes):
    """A repository of dotfiles as the project."""

    def move(scene):
        (scene.home / ".gitconfig").rename(scene.project / "gitconfig")
        (scene.home / ".gitconfig").symlink_to("src/project/gitconfig")
        own(scene.home / ".gitconfig")

    body = "text = read('gitconfig'); put('gitconfig', text + setting)"
    withstands(scenes, PAYLOAD + MORE + body, move, harmed=git_ran_it)


@pytest.mark.parametrize("file", [".gitconfig", ".config/git/config"])
def test_the_person_s_settings_in_a_home_that_is_the_project(scenes, file):
    body = f"""
os.makedirs(home + '/.config/git', exist_ok=True)
with open(home + '/{file}', 'a') as opened:
    opened.write(setting)
"""
    withstands(scenes, PAYLOAD + body, options=("--workdir={home}",), harmed=git_ran_it)


def test_an_alias(scenes):
    def ran(scene, done):
        scene.run("git", "check", cwd=scene.project)
        return (scene.home / "ran").exists()

    def point(scene):
        scene.git("config", "--global", "alias.check", "!./check --all")
        lay(scene, "project", ("check=#!/bin/sh\n",))

    withstands(scenes, PAYLOAD + MORE + "put('check')", point, harmed=ran)


def test_settings_of_a_repository_around_the_project(scenes):
    """The project is a directory of a repository, and that takes its hooks from there."""

    def inside(scene):
        scene.git("config", "core.hooksPath", "tools/hooks")
        lay(scene, "project", ("tools/hooks/x",))
        scene.project = scene.project / "tools"

    def ran(scene, done):
        scene.run("git", "commit", "--allow-empty", "-m", "next", cwd=scene.project.parent)
        return (scene.home / "ran").exists()

    withstands(scenes, PAYLOAD + "hook('hooks')", inside, harmed=ran)


def test_a_file_beside_the_settings_of_a_linked_worktree_s_repository(scenes):
    def link(scene):
        scene.git("config", "include.path", "later")
        scene.git("worktree", "add", "-q", "../linked")
        common = scene.project / ".git"
        scene.project = scene.home / "src/linked"
        return {"common": common}

    withstands(scenes, PAYLOAD + "write(common + '/later', setting)", link, harmed=git_ran_it)


def add_a_submodule(scene):
    for words in (("init", "-q"), ("add", "code.py"), ("commit", "-q", "-m", "first")):
        scene.git(*words, cwd=scene.sibling)
    allow = ("-c", "protocol.file.allow=always")
    scene.git(*allow, "submodule", "--quiet", "add", str(scene.sibling), "part")
    scene.git("commit", "-q", "-m", "with a part")


@pytest.mark.parametrize("from_main", [True, False])
def test_a_submodule_of_a_linked_worktree(scenes, from_main):
    """Its repository lies in worktrees/NAME/modules."""

    def prepare(scene):
        add_a_submodule(scene)
        scene.git("worktree", "add", "-q", "../linked")
        tree = scene.home / "src/linked"
        allow = ("-c", "protocol.file.allow=always")
        scene.git(*allow, "submodule", "--quiet", "update", "--init", cwd=tree)
        module = scene.project / ".git/worktrees/linked/modules/part"
        if not from_main:
            scene.project = tree
        return {"module": module}

    withstands(scenes, PAYLOAD + "evil(module)", prepare, harmed=git_ran_it)


def test_a_submodule_with_its_repository_in_its_directory(scenes):
    def prepare(scene):
        add_a_submodule(scene)
        scene.run("sh", "-c", "rm part/.git && mv .git/modules/part part/.git")
        scene.git("config", "--file", "part/.git/config", "--unset", "core.worktree")

    withstands(scenes, PAYLOAD + "evil('part/.git')", prepare, harmed=git_ran_it)


IN_A_SUBMODULE = {
    "a setting": "evil(module)",
    "a hook": "hook(module + '/hooks')",
    "a common directory": """
shutil.copytree(module, "new")
evil("new")
write(module + "/commondir", project + "/new")
""",
    "its .git file": """
shutil.copytree(module, "new")
with open("new/config", "a") as file:
    file.write(f"[core]\\n\\tworktree = {project}\\n" + setting)
write(".git", "gitdir: new")
""",
}


@pytest.mark.parametrize("body", IN_A_SUBMODULE.values(), ids=IN_A_SUBMODULE)
def test_a_submodule_as_the_project(scenes, body):
    def prepare(scene):
        add_a_submodule(scene)
        module = scene.project / ".git/modules/part"
        scene.project = scene.project / "part"
        return {"module": module}

    withstands(scenes, PAYLOAD + body, prepare, harmed=git_ran_it)
