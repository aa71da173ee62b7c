"""What a command leaves that git would obey is told at its end, and what the feature opens is no more."""

from __future__ import annotations

import pytest

from tests.confinement.attack import withstands
from tests.confinement.test_git_runs_nothing_of_theirs import PAYLOAD, git_ran_it
from tests.confinement.user import run

pytestmark = pytest.mark.confinement

FEATURE = "--enable=git-config"


def said(scene, script, *options):
    done = scene.confined(*options, "--", "sh", "-ec", script)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_repository_where_there_was_none(scene):
    scene.run("rm", "-rf", str(scene.project / ".git"))
    assert said(scene, "true") == ""
    assert said(scene, "git init -q") == (
        f"safehouse: {scene.project}/.git is new: look at its config and hooks before you run git "
        "in there\n"
    )


def test_nothing_is_told_of_a_day_s_work(scene):
    assert said(scene, "git worktree add -q inner; echo x >x; git add x; git commit -q -m x") == ""
    assert (
        said(scene, "git remote add origin https://example.org/x; git config user.name y", FEATURE)
        == ""
    )
    assert scene.git("config", "user.name") == "y\n"


def test_a_branch_is_pushed_and_remembered(scene):
    scene.git("init", "-q", "--bare", "../remote.git")
    remote = scene.home / "src/remote.git"
    script = f"git remote add origin {remote}; git push -q -u origin main"
    assert said(scene, script, FEATURE, f"--add-dirs={remote}") == ""
    assert scene.git("rev-parse", "--abbrev-ref", "@{u}") == "origin/main\n"


def test_a_submodule_is_added(scene):
    for words in (("init", "-q"), ("add", "code.py"), ("commit", "-q", "-m", "first")):
        scene.git(*words, cwd=scene.sibling)
    script = f"git -c protocol.file.allow=always submodule --quiet add {scene.sibling} part"
    assert said(scene, script, FEATURE, f"--add-dirs-ro={scene.sibling}") == ""
    assert said(scene, "cd part; echo x >x; git add x; git commit -q -m x") == ""


def test_a_program_in_the_settings_is_told_and_undone(scene):
    scene.git("config", "core.pager", "less -R")
    before = scene.git("config", "--list", "--local")
    script = """
git config core.pager "sh -c 'touch ~/ran'"; git config core.fsmonitor "$PWD/x"
git config --add alias.st '!evil'; printf '[core]\\nsshCommand=x\\n' >>.git/config
"""
    told = said(scene, script, FEATURE).splitlines()
    keys = {line.split(": ")[2].split()[0] for line in told if "undo" not in line}
    assert keys == {"core.pager", "core.fsmonitor", "alias.st", "core.sshcommand"}
    for line in told:
        if line.startswith("safehouse:   undo: "):
            done = run(["sh", "-c", line.partition("undo: ")[2]], scene.home, scene.env)
            assert done.returncode == 0, done.stderr
    assert scene.git("config", "--list", "--local") == before
    assert not (scene.home / "ran").exists()  # nor do these commands run what they undo


OPENED = {
    "a hook": "hook('.git/hooks')",
    "a common directory": """
shutil.copytree(".git", "new")
evil("new")
write(".git/commondir", "../new")
""",
    "all of .git made anew": """
os.rename(".git", "old")
shutil.copytree("old", ".git")
evil(".git")
""",
}


@pytest.mark.parametrize("body", OPENED.values(), ids=OPENED)
def test_the_feature_opens_no(scenes, body):
    withstands(scenes, PAYLOAD + body, options=(FEATURE,), harmed=git_ran_it)


def test_what_the_settings_name_stays_closed_with_the_feature(scenes):
    def point(scene):
        scene.git("config", "core.hooksPath", ".husky")
        (scene.project / ".husky").mkdir()
        scene.write("src/project/.husky/x")

    withstands(scenes, PAYLOAD + "hook('.husky')", point, (FEATURE,), git_ran_it)


def test_a_new_worktree_that_leads_elsewhere(scene):
    script = """
git worktree add -q inner; cp -a .git new; printf '[core]\\nfsmonitor=x\\n' >>new/config
echo "$PWD/new" >.git/worktrees/inner/commondir
"""
    told = said(scene, script)
    assert f"{scene.project}/.git/worktrees/inner is new: its commondir leads elsewhere" in told


def test_a_new_submodule_with_a_hook(scene):
    script = """
git init -q part; cd part; git commit -q --allow-empty -m x; cd ..
git -c protocol.file.allow=always submodule --quiet add ./part 2>/dev/null || true
mkdir -p .git/modules; mv part/.git .git/modules/part; echo 'gitdir: ../.git/modules/part' >part/.git
echo x >.git/modules/part/hooks/pre-commit; chmod +x .git/modules/part/hooks/pre-commit
"""
    told = said(scene, script)
    assert f"{scene.project}/.git/modules/part is new: it has a hook pre-commit" in told


def test_names_that_would_move_the_cursor_are_shown_as_such(scene):
    told = said(scene, "mkdir -p .git/worktrees \".git/worktrees/$(printf 'a\\033[2Jb')\"")
    assert r"a\x1b[2Jb" in told
    assert "\x1b" not in told


def test_a_directory_that_was_added_is_looked_at_as_well(scene):
    told = said(scene, f"git init -q {scene.sibling}", f"--add-dirs={scene.sibling}")
    assert f"{scene.sibling}/.git is new" in told


def test_the_end_is_told_when_the_command_was_killed(scene):
    scene.run("rm", "-rf", str(scene.project / ".git"))
    done = scene.confined("--", "sh", "-c", "git init -q; kill -9 $$")
    assert done.returncode == 137
    assert ".git is new" in done.stderr
