"""The person's next git command runs no program that a confined one has put in its way.

Each attack worked before (linux.md 1.3 is where they were found); what counts is not a file but
whether the person's own `git status` and `git commit` run the payload.
"""

from __future__ import annotations

import pytest

from tests.confinement.attack import withstands
from tests.confinement.user import linux_only, own

pytestmark = pytest.mark.confinement

PAYLOAD = """
payload = f"#!/bin/sh\\ntouch {home}/ran\\n"
write("payload", payload)
os.chmod("payload", 0o755)
setting = f"[core]\\n\\tfsmonitor = {project}/payload\\n"
def hook(directory):
    os.makedirs(directory, exist_ok=True)
    shutil.copy("payload", directory + "/pre-commit")
def evil(directory):
    with open(directory + "/config", "a") as file:
        file.write(setting)
"""

ATTACKS = {
    "a hook": "hook('.git/hooks')",
    "a hook through another name": """
os.symlink(".git", "g")
hook("g/hooks")
""",
    "the directory of hooks renamed": """
os.rename(".git/hooks", ".git/old")
hook(".git/hooks")
""",
    "a setting": "evil('.git')",
    "a setting by git": "subprocess.run(['git', 'config', 'core.fsmonitor', project + '/payload'])",
    "a hook path by git": """
hook("hooks")
subprocess.run(["git", "config", "core.hooksPath", "hooks"])
""",
    "settings removed and made anew": """
text = read(".git/config")
os.unlink(".git/config")
write(".git/config", text + setting)
""",
    "settings renamed over": """
write("new", read(".git/config") + setting)
os.rename("new", ".git/config")
""",
    "settings linked": """
write("new", read(".git/config") + setting)
os.unlink(".git/config")
os.link("new", ".git/config")
""",
    "all of .git made anew": """
os.rename(".git", "old")
shutil.copytree("old", ".git")
evil(".git")
""",
    "all of .git removed and made anew": """
shutil.copytree(".git", "new")
evil("new")
shutil.rmtree(".git")
os.rename("new", ".git")
""",
    ".git as a file that points elsewhere": """
shutil.copytree(".git", "new")
evil("new")
os.rename(".git", "old")
write(".git", "gitdir: new")
""",
    "a common directory": """
shutil.copytree(".git", "new")
evil("new")
write(".git/commondir", "../new")
""",
    "a common directory renamed into place": """
shutil.copytree(".git", "new")
evil("new")
write("name", "../new")
os.rename("name", ".git/commondir")
""",
}
EXCHANGES = {
    ".git": "shutil.copytree('.git', 'new'); evil('new'); old = '.git'",
    "hooks": "hook('new'); old = '.git/hooks'",
    "settings": "write('new', read('.git/config') + setting); old = '.git/config'",
}


def git_ran_it(scene, done):
    """Lets the person use git, everywhere in the home."""
    for place in (scene.project, scene.home / "src/project", scene.home / "src/linked"):
        if place.is_dir():
            scene.run("git", "status", cwd=place)
            scene.run("git", "commit", "--allow-empty", "-m", "next", cwd=place)
    return (scene.home / "ran").exists()


@pytest.mark.parametrize("body", ATTACKS.values(), ids=ATTACKS)
def test_git_does_not_run(scenes, body):
    withstands(scenes, PAYLOAD + body, harmed=git_ran_it)


@linux_only("a call of Linux")
@pytest.mark.parametrize("body", EXCHANGES.values(), ids=EXCHANGES)
def test_git_does_not_run_after_an_exchange_of(scenes, body):
    exchange = "\nlibc.renameat2(-100, b'new', -100, old.encode(), 2)"
    withstands(scenes, PAYLOAD + body + exchange, harmed=git_ran_it)


def test_settings_of_worktrees_that_are_not_there_yet(scenes):
    def allow(scene):
        scene.git("config", "extensions.worktreeConfig", "true")

    body = "write('.git/config.worktree', setting)"
    withstands(scenes, PAYLOAD + body, allow, harmed=git_ran_it)


def test_hooks_that_are_not_there_yet(scenes):
    def without(scene):
        scene.run("rm", "-r", ".git/hooks")

    withstands(scenes, PAYLOAD + "hook('.git/hooks')", without, harmed=git_ran_it)


@pytest.mark.parametrize(
    ("setting", "value", "body"),
    [
        ("core.hooksPath", ".husky", "hook('.husky')"),
        ("include.path", "../settings", "write('settings', setting)"),
        ("core.fsmonitor", "./watch", "shutil.copy('payload', 'watch')"),
    ],
    ids=["hooks", "settings", "a watcher"],
)
def test_what_the_settings_take_from_the_project(scenes, setting, value, body):
    """linux.md 1.3, number 3: the person's own settings may point into the project."""

    def point(scene):
        scene.git("config", setting, value)
        (scene.project / ".husky").mkdir()
        scene.write("src/project/settings")
        scene.write("src/project/watch", "#!/bin/sh\n", 0o755)

    withstands(scenes, PAYLOAD + body, point, harmed=git_ran_it)


# A linked worktree as the project: its .git is a file, and its repository lies elsewhere.

IN_A_WORKTREE = {
    "its .git file": """
shutil.copytree(common, "new")
evil("new")
write(".git", "gitdir: new")
""",
    "its .git file replaced": """
shutil.copytree(common, "new")
evil("new")
write("name", "gitdir: new")
os.rename("name", ".git")
""",
    "a hook of its repository": "hook(common + '/hooks')",
    "a setting of its repository": "evil(common)",
    "a common directory of its repository": """
shutil.copytree(common, "new")
evil("new")
write(common + "/commondir", project + "/new")
""",
    "its own common directory": """
shutil.copytree(common, "new")
evil("new")
write(common + "/worktrees/linked/commondir", project + "/new")
""",
    "its own common directory renamed into place": """
shutil.copytree(common, "new")
evil("new")
write("name", project + "/new")
os.rename("name", common + "/worktrees/linked/commondir")
""",
    "the directory of worktrees made anew": """
shutil.copytree(common, "new")
evil("new")
os.rename(common + "/worktrees", common + "/old")
shutil.copytree(common + "/old", common + "/worktrees")
write(common + "/worktrees/linked/commondir", project + "/new")
""",
    "its own settings": "write(common + '/worktrees/linked/config.worktree', setting)",
}


def link(scene):
    scene.git("config", "extensions.worktreeConfig", "true")
    scene.git("worktree", "add", "-q", "../linked")
    common = scene.project / ".git"
    scene.project = scene.home / "src/linked"
    return {"common": common}


@pytest.mark.parametrize("body", IN_A_WORKTREE.values(), ids=IN_A_WORKTREE)
def test_git_does_not_run_in_a_linked_worktree(scenes, body):
    withstands(scenes, PAYLOAD + body, link, harmed=git_ran_it)


AT_A_WORKTREE = {
    "its common directory": """
shutil.copytree(".git", "new")
evil("new")
write(".git/worktrees/linked/commondir", project + "/new")
""",
    "its settings": "write('.git/worktrees/linked/config.worktree', setting)",
    "all of it made anew": """
shutil.copytree(".git", "new")
evil("new")
os.rename(".git/worktrees/linked", "old")
shutil.copytree("old", ".git/worktrees/linked")
write(".git/worktrees/linked/commondir", project + "/new")
""",
}


@pytest.mark.parametrize("body", AT_A_WORKTREE.values(), ids=AT_A_WORKTREE)
def test_git_does_not_run_in_a_worktree_of_the_project(scenes, body):
    def add(scene):
        scene.git("config", "extensions.worktreeConfig", "true")
        scene.git("worktree", "add", "-q", "../linked")

    withstands(scenes, PAYLOAD + body, add, harmed=git_ran_it)


# A submodule, whose repository lies in .git/modules.

IN_A_SUBMODULE = {
    "a setting": "evil('.git/modules/part')",
    "its .git file": """
shutil.copytree(".git/modules/part", "new")
with open("new/config", "a") as file:
    file.write(f"[core]\\n\\tworktree = {project}/part\\n" + setting)
write("part/.git", "gitdir: ../new")
""",
    "all of the modules made anew": """
os.rename(".git/modules", "old")
shutil.copytree("old", ".git/modules")
evil(".git/modules/part")
""",
}


@pytest.mark.parametrize("body", IN_A_SUBMODULE.values(), ids=IN_A_SUBMODULE)
def test_git_does_not_run_in_a_submodule(scenes, body):
    def add(scene):
        scene.git("init", "-q", cwd=scene.sibling)
        scene.git("add", "code.py", cwd=scene.sibling)
        scene.git("commit", "-q", "-m", "first", cwd=scene.sibling)
        allow = ("-c", "protocol.file.allow=always")
        scene.git(*allow, "submodule", "--quiet", "add", str(scene.sibling), "part")
        scene.git("commit", "-q", "-m", "with a part")

    withstands(scenes, PAYLOAD + body, add, harmed=git_ran_it)


@pytest.mark.parametrize("body", ["hook(sibling + '/.git/hooks')", "evil(sibling + '/.git')"])
def test_a_repository_that_was_added(scenes, body):
    """--add-dirs gives another repository to write in; git runs what that one says, too."""

    def ran(scene, done):
        scene.run("git", "status", cwd=scene.sibling)
        scene.run("git", "commit", "--allow-empty", "-m", "next", cwd=scene.sibling)
        return (scene.home / "ran").exists()

    def init(scene):
        scene.git("init", "-q", cwd=scene.sibling)

    withstands(scenes, PAYLOAD + body, init, ("--add-dirs={home}/src/sibling",), ran)


def test_a_link_in_the_place_of_git_is_refused(scene):
    elsewhere = scene.home / "src/git"
    (scene.project / ".git").rename(elsewhere)
    (scene.project / ".git").symlink_to(elsewhere)
    own(scene.root)
    done = scene.confined("--", "true")
    assert done.returncode == 125
    assert ".git is a symbolic link" in done.stderr


@pytest.mark.parametrize("place", ["hooks", "config", "config.worktree", "commondir", "worktrees"])
def test_a_link_inside_of_git(scene, place):
    """Whatever a link there leads to: it is refused, or holds, but never opens another file."""
    target = scene.project / ".git" / place
    scene.run("rm", "-rf", str(target))
    target.symlink_to(scene.home / "secrets")
    before = scene.untouchable()
    done = scene.attempt("os.listdir(home + '/secrets')", True)
    assert done.returncode != 0
    assert scene.untouchable() == before
