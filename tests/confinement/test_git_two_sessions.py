"""What one confined session leaves does not open to the next what the person's git would run."""

from __future__ import annotations

import pytest

from tests.confinement.test_git_runs_nothing_of_theirs import PAYLOAD
from tests.confinement.user import REFUSED

pytestmark = pytest.mark.confinement

EVIL = """
def plant(git, tree, name):
    shutil.copytree(git, "evil-git", dirs_exist_ok=True)
    write("evil-git/config", "[core]\\n\\trepositoryformatversion = 0\\n\\tbare = false\\n"
          f"\\tworktree = {project}/{name}\\n\\tfsmonitor = {project}/payload\\n")
    write(tree + "/.git", "gitdir: ../evil-git")
"""
SETTING = "evil('sub/.git')"
AWAY = "index = 'git update-index --force-remove sub'.split()\nsubprocess.run(index, check=True)\n"
BACK = "subprocess.run(['git', 'add', 'sub'], check=True)\n"


def submodule(scene):
    embedded(scene)
    scene.git("submodule", "absorbgitdirs")


def embedded(scene, name="sub"):
    repository(scene)
    scene.git("submodule", "--quiet", "add", "--name", name, "./sub", "sub")
    scene.git("commit", "-q", "-m", "with a part")


def repository(scene):
    sub = scene.project / "sub"
    scene.git("init", "-q", "sub")
    scene.git("commit", "-q", "--allow-empty", "-m", "x", cwd=sub)


def renamed(scene):
    embedded(scene, "other")


def gitlink(scene):
    repository(scene)
    scene.git("add", "sub")
    scene.git("commit", "-q", "-m", "with a part")


def version_4(scene):
    gitlink(scene)
    scene.git("update-index", "--index-version", "4")


def worktree(scene):
    scene.git("worktree", "add", "-q", "wt")


SESSIONS = {
    "a submodule that cannot be looked at": (
        submodule, "os.chmod('sub', 0)",
        "os.chmod('sub', 0o755); plant('.git/modules/sub', 'sub', 'sub')",
    ),
    "a worktree that is said to be elsewhere": (
        worktree, "write('.git/worktrees/wt/gitdir', '/nowhere/.git\\n')",
        "plant('.git', 'wt', 'wt')",
    ),
    "a worktree that cannot be looked at": (
        worktree, "os.chmod('wt', 0)", "os.chmod('wt', 0o755); plant('.git', 'wt', 'wt')"
    ),
    "no .gitmodules": (
        embedded, "os.rename('.gitmodules', 'gm')", f"{SETTING}; os.rename('gm', '.gitmodules')"
    ),
    "a .gitmodules that cannot be read": (
        embedded, "os.chmod('.gitmodules', 0)", f"os.chmod('.gitmodules', 0o644); {SETTING}"
    ),
    "neither .gitmodules nor the index": (
        embedded, f"os.rename('.gitmodules', 'gm')\n{AWAY}",
        f"{SETTING}; os.rename('gm', '.gitmodules')\n{BACK}",
    ),
    "a submodule by its index alone": (gitlink, "", SETTING),
    "a submodule by an index of version 4": (version_4, "", SETTING),
    "another name than its path": (
        renamed, "os.rename('.gitmodules', 'gm')", f"{SETTING}; os.rename('gm', '.gitmodules')"
    ),
    "a second name of the settings": (
        lambda scene: (scene.project / ".git/config").rename(scene.project / ".git/kept"),
        "shutil.copy('.git/kept', '.git/config'); os.link('.git/config', 'notes')",
        "open('notes', 'a').write(setting)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("prepare, first, second", SESSIONS.values(), ids=SESSIONS)
def test_git_does_not_run(scenes, prepare, first, second):
    for confined in (False, True):
        scene = scenes()
        prepare(scene)
        if "notes" in second:  # made before anything held it
            scene.attempt(first, False)
        else:
            scene.attempt(first, confined)
        done = scene.attempt(PAYLOAD + EVIL + second, confined)
        for place in (scene.project, scene.project / "wt"):
            if place.is_dir():
                scene.run("git", "status", cwd=place)
        assert (scene.home / "ran").exists() is not confined, done.stderr


def test_a_second_name_is_refused_with_the_way_to_mend_it(scene):
    (scene.project / "notes").hardlink_to(scene.project / ".git/config")
    done = scene.confined("--", "true")
    assert done.returncode == REFUSED
    assert ".git/config has a second name" in done.stderr
    mend = done.stderr.partition("cp -p")[2].strip()
    scene.run("sh", "-c", f"cp -p {mend}")
    assert scene.confined("--", "true").returncode == 0


TOLD = {
    "no .gitmodules": (embedded, "os.unlink('.gitmodules')", ".gitmodules was moved or removed"),
    "no name left": (
        renamed, f"os.unlink('.gitmodules')\n{AWAY}", "sub/.git is named no more by .gitmodules"
    ),
    "a submodule that is hidden": (embedded, "os.chmod('sub', 0)", "sub/.git cannot be looked at"),
    "a new submodule with a watcher": (
        repository, f"{SETTING}\n{BACK}", "belongs to a new submodule: its config sets core.fsmonitor"
    ),
    "a worktree for another project": (
        lambda scene: None,
        "os.makedirs('.git/worktrees/x'); write('.git/worktrees/x/commondir', '../..\\n'); "
        "write('.git/worktrees/x/gitdir', sibling + '/.git\\n')",
        "sibling/.git is a worktree of this repository",
    ),
    "a .git file": (
        lambda scene: scene.run("rm", "-rf", ".git"),
        "write('.git', f'gitdir: {sibling}/.git/worktrees/x\\n')",
        "sibling/.git/worktrees/x: a command that is started here may get that one",
    ),
    "a .git file in disguise": (
        lambda scene: scene.run("rm", "-rf", ".git"), "write('.git', 'gitdir: /\\u202ex')", "nowhere"
    ),
}  # fmt: skip


@pytest.mark.parametrize("prepare, body, said", TOLD.values(), ids=TOLD)
def test_it_is_told(scene, prepare, body, said):
    prepare(scene)
    done = scene.attempt(PAYLOAD + body, True)
    assert said in done.stderr, done.stderr
    assert "\u202e" not in done.stderr


def test_with_submodules_and_worktrees_nothing_is_told_of_a_day_s_work(scene):
    embedded(scene)
    worktree(scene)
    script = "cd sub; echo x >x; git add x; git commit -qm x; cd ..; git add sub; git commit -qm y; git gc -q"
    done = scene.confined("--", "sh", "-ec", script)
    assert (done.returncode, done.stderr) == (0, "")
