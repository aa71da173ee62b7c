"""What people do with git all day works, in a main worktree, a linked one and a submodule."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.confinement.scene import SECRET
from tests.confinement.user import AM_ROOT, GID, PATH, UID, linux_only, own

pytestmark = pytest.mark.confinement

DAY = """
set -eu
branch=$(git rev-parse --abbrev-ref HEAD)
echo one >one; git add one; git commit -q -m one
git checkout -q -b topic; echo two >two; git add two; git commit -q -m two
git checkout -q "$branch"; git merge -q --no-ff -m merged topic
git checkout -q -b side HEAD~1; echo three >three; git add three; git commit -q -m three
git rebase -q "$branch"; git checkout -q "$branch"; git merge -q --ff-only side
echo changed >one; git stash -q; git stash pop -q; git commit -q -a -m changed
git tag v1; git gc -q; git worktree prune
git fetch -q origin; git pull -q --no-rebase origin "$branch"; git push -q origin HEAD v1
git status --porcelain
git log --oneline | wc -l
"""


@pytest.fixture
def remote(scene):
    """A bare repository that `main` is pushed to and pulled from."""
    place = scene.home / "src/remote.git"
    scene.git("init", "-q", "--bare", str(place))
    return place


def publish(scene, remote, cwd, *branches):
    scene.git("remote", "add", "origin", str(remote), cwd=cwd)
    scene.git("push", "-q", "-u", "origin", *branches, cwd=cwd)


def a_day(scene, cwd, remote, script=DAY):
    done = scene.confined(f"--add-dirs={remote}", "--", "sh", "-c", script, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def with_a_submodule(scene):
    for words in (("init", "-q"), ("add", "code.py"), ("commit", "-q", "-m", "first")):
        scene.git(*words, cwd=scene.sibling)
    allow = ("-c", "protocol.file.allow=always")
    scene.git(*allow, "submodule", "--quiet", "add", str(scene.sibling), "part")
    scene.git("commit", "-q", "-m", "with a part")
    return scene.project / "part"


def linked(scene, name="linked"):
    scene.git("worktree", "add", "-q", f"../{name}")
    return scene.home / "src" / name


def test_a_day_in_a_repository(scene, remote):
    publish(scene, remote, scene.project, "main")
    assert a_day(scene, scene.project, remote)[-1] == "6"
    assert scene.git("rev-parse", "main") == scene.git("rev-parse", "main", cwd=remote)
    scene.git("fsck", "--strict")


def test_a_day_in_a_linked_worktree(scene, remote):
    tree = linked(scene)
    publish(scene, remote, scene.project, "main", "linked")
    assert a_day(scene, tree, remote)[-1] == "6"
    assert scene.git("rev-parse", "linked") == scene.git("rev-parse", "linked", cwd=remote)
    scene.git("fsck", "--strict")


def test_a_day_in_a_submodule(scene, remote):
    part = with_a_submodule(scene)
    scene.git("remote", "rename", "origin", "old", cwd=part)
    publish(scene, remote, part, "main")
    assert a_day(scene, part, remote)[-1] == "6"
    assert " M part" in scene.git("status", "--porcelain").splitlines()


def test_a_submodule_of_a_submodule(scene, remote):
    part = with_a_submodule(scene)
    allow = ("-c", "protocol.file.allow=always")
    scene.git(*allow, "submodule", "--quiet", "add", str(scene.sibling), "inner", cwd=part)
    scene.git("commit", "-q", "-m", "with an inner one", cwd=part)
    inner = part / "inner"
    scene.git("remote", "rename", "origin", "old", cwd=inner)
    publish(scene, remote, inner, "main")
    assert a_day(scene, inner, remote)[-1] == "6"


def test_a_submodule_in_a_linked_worktree(scene, remote):
    with_a_submodule(scene)
    tree = linked(scene)
    scene.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", cwd=tree
    )
    part = tree / "part"
    scene.git("checkout", "-q", "-B", "main", cwd=part)
    scene.git("remote", "rename", "origin", "old", cwd=part)
    publish(scene, remote, part, "main")
    assert a_day(scene, part, remote)[-1] == "6"


def test_a_linked_worktree_of_a_submodule(scene, remote):
    part = with_a_submodule(scene)
    scene.git("worktree", "add", "-q", "../../other", cwd=part)
    publish_from = scene.home / "src/other"
    scene.git("remote", "rename", "origin", "old", cwd=part)
    publish(scene, remote, part, "main", "other")
    assert a_day(scene, publish_from, remote)[-1] == "6"


def test_the_layout_of_a_bare_repository_with_worktrees_beside_it(scene, remote):
    place = scene.home / "src/bare"
    scene.git("clone", "-q", "--bare", str(scene.project), str(place / ".bare"), cwd=scene.home)
    scene.write("src/bare/.git", "gitdir: ./.bare\n")
    scene.git("remote", "remove", "origin", cwd=place)
    scene.git("worktree", "add", "-q", "feature", cwd=place)
    publish(scene, remote, place, "main", "feature")
    assert a_day(scene, place / "feature", remote)[-1] == "6"


def test_work_inside_of_a_submodule_from_the_project(scene):
    with_a_submodule(scene)
    script = """
cd part && echo x >x && git add x && git commit -q -m inside && cd ..
git add part && git commit -q -m moved && git submodule --quiet foreach 'git log -1 --format=%s'
git submodule status
"""
    done = scene.confined("--", "sh", "-ec", script)
    assert done.returncode == 0, done.stderr
    assert "inside" in done.stdout


@pytest.mark.parametrize("options, works", [((), False), (("--enable=git-config",), True)])
def test_a_submodule_is_updated_where_its_settings_may_be_written(scene, options, works):
    """Git writes core.worktree anew, though it is what it was."""
    with_a_submodule(scene)
    scene.write("src/sibling/more")
    scene.git("add", "more", cwd=scene.sibling)
    scene.git("commit", "-q", "-m", "more", cwd=scene.sibling)
    update = ("git", "-c", "protocol.file.allow=always", "submodule", "update", "--remote")
    done = scene.confined(f"--add-dirs-ro={scene.sibling}", *options, "--", *update)
    assert (scene.project / "part/more").exists() == works == (done.returncode == 0), done.stderr
    assert ("could not set 'core.worktree'" in done.stderr) != works
    assert "safehouse" not in done.stderr.replace(str(scene.root), "")


@linux_only("the words are those of Linux")
@pytest.mark.parametrize(
    "words",
    [
        ("config", "user.name", "x"),
        ("remote", "add", "other", "https://example.org/x.git"),
        ("push", "-q", "-u", "origin", "main"),
        ("branch", "-q", "-d", "old"),
        ("submodule", "add", "-q", "{sibling}", "another"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_what_writes_the_settings_fails_by_gits_own_words(scene, remote, words):
    """Of some the rest is done, and the status is 0; that is git's."""
    with_a_submodule(scene)
    scene.git("remote", "add", "origin", str(remote))
    scene.git("branch", "--track", "old", "main")
    before = (scene.project / ".git/config").read_bytes()
    said = [word.format(sibling=scene.sibling) for word in words]
    git = ("git", "-c", "protocol.file.allow=always")
    places = (f"--add-dirs-ro={scene.sibling}", f"--add-dirs={remote}")
    done = scene.confined(*places, "--", *git, *said)
    busy = f"could not write config file {scene.project}/.git/config: Device or resource busy"
    assert busy in done.stderr
    assert (scene.project / ".git/config").read_bytes() == before
    done = scene.confined(*places, "--enable=git-config", "--", *git, *said)
    assert "could not write" not in done.stderr


def test_a_worktree_is_made_inside_of_the_project(scene):
    script = "git worktree add -q inner && cd inner && touch x && git add x && git commit -q -m x"
    done = scene.confined("--", "sh", "-ec", script)
    assert (done.returncode, done.stderr) == (0, "")
    assert scene.git("log", "-1", "--format=%s", "inner", "--") == "x\n"


# The other worktrees.


def looked(scene, cwd, *paths):
    """Which of some files a confined program in `cwd` can read, and which it can write."""
    body = """
for path in paths:
    for verb, mode in (("read", "r"), ("write", "r+")):
        try:
            open(path, mode).read()
            print(verb, path)
        except OSError:
            pass
"""
    program = scene.program(body, paths=[str(path) for path in paths])
    done = scene.confined("--", *program, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split()) for line in done.stdout.splitlines()[1:]]


def test_other_worktrees_can_be_read_and_not_written(scene):
    one, two = linked(scene, "one"), linked(scene, "two")
    here, other, main = one / "README", two / "README", scene.project / "README"
    stranger = scene.sibling / "code.py"
    can = looked(scene, one, here, other, main, stranger)
    assert can == [
        ("read", str(here)),
        ("write", str(here)),
        ("read", str(other)),
        ("read", str(main)),
    ]
    can = looked(scene, scene.project, main, other)
    assert can == [("read", str(main)), ("write", str(main)), ("read", str(other))]


def test_a_worktree_whose_directory_vanished_is_passed_over(scene):
    """R72: no noise, no abort."""
    one, two = linked(scene, "one"), linked(scene, "two")
    scene.run("rm", "-rf", str(two))
    done = scene.confined("--", "git", "status", "--porcelain", cwd=one)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = scene.confined("--", "git", "worktree", "list", cwd=scene.project)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_subdirectory_of_a_worktree_gets_nothing_more(scene):
    """R72."""
    one, two = linked(scene, "one"), linked(scene, "two")
    (one / "sub").mkdir()
    own(one / "sub")
    files = (one / "README", two / "README", scene.project / ".git/HEAD")
    assert looked(scene, one / "sub", *files) == []


def test_the_home_as_a_repository_is_not_opened_by_its_worktrees(scene):
    """Files of dotfiles: ~/.git, and a worktree of it elsewhere."""
    scene.git("init", "-q", cwd=scene.home)
    scene.git("commit", "-q", "--allow-empty", "-m", "dotfiles", cwd=scene.home)
    scene.git("worktree", "add", "-q", "src/dots", cwd=scene.home)
    dots = scene.home / "src/dots"
    files = (scene.home / "notes.txt", scene.home / ".ssh/id_ed25519")
    assert looked(scene, dots, *files) == []
    done = scene.confined("--", "git", "commit", "-q", "--allow-empty", "-m", "x", cwd=dots)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout
    assert os.path.isdir(scene.home / ".git/worktrees/dots")


def test_what_is_closed_in_one_worktree_is_closed_in_the_others(scene):
    """By the project, and by the person: the same file lies there once more."""
    (scene.project / ".safehouse.yaml").write_text("deny: [secrets]\n")
    (scene.project / "secrets").mkdir()
    for name in ("secrets/key", "open"):
        (scene.project / name).write_text("content\n")
    own(scene.project)
    scene.git("add", ".")
    scene.git("commit", "-q", "-m", "more")
    scene.git("worktree", "add", "-q", "../other", "-b", "other")
    look = ["sh", "-c", "cat ../project/open; cat ../project/secrets/key"]
    done = scene.confined("--", *look, cwd=scene.home / "src/other")
    assert done.stdout == "content\n", done.stderr


@linux_only("on macOS nothing has to be created")
def test_in_a_repository_that_its_owner_protected_it_says_what_to_do(scene):
    """The command could undo the protection, so what git must not find has to be held."""
    directory = scene.project / ".git"
    directory.chmod(0o500)
    done = scene.confined("--", "true")
    assert done.returncode == 125
    assert f"{directory} is not writable\n" in done.stderr
    assert f"chmod u+wx {directory}\n" in done.stderr
    doctor = scene.confined("doctor")
    assert f"{directory} is not writable" in doctor.stdout
    assert "a launch can start here" not in doctor.stdout
    directory.chmod(0o700)
    assert scene.confined("--", "true").returncode == 0


@pytest.mark.skipif(not AM_ROOT, reason="needs root, to mount")
@linux_only("on macOS nothing has to be created")
def test_on_a_read_only_file_system(scene):
    script = (
        'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && '
        f'exec setpriv --reuid={UID} --regid={GID} --clear-groups "$@"'
    )
    attempt = "git status --short; touch x; touch .git/commondir .git/config.worktree; echo ran"
    words = ["unshare", "-m", "sh", "-c", script, "sh", scene.project, scene.safehouse, "--"]
    words += ["sh", "-c", attempt]
    environ = {"PATH": PATH, **scene.env}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60)
    assert done.stdout.endswith("ran\n"), done.stderr
    assert done.stderr.count("Read-only file system") == 3, done.stderr


@pytest.mark.skipif(not AM_ROOT, reason="needs root, to make what belongs to another user")
def test_beside_a_repository_of_another_user(scene):
    """What git must not find there cannot be made by the command, nor by us to hold its place."""
    theirs = scene.home / "src" / "theirs"
    (theirs / ".git").mkdir(parents=True)
    attempt = (
        "touch ../theirs/.git/config; echo $?; mv ../theirs/.git ../theirs/x; echo $?; echo ran"
    )
    option = f"--add-dirs={scene.home}/src/theirs"
    done = scene.confined(option, "--", "sh", "-c", attempt)
    assert done.stdout.split() == ["1", "1", "ran"], done.stderr
    assert sorted(path.name for path in theirs.rglob("*")) == [".git"]
