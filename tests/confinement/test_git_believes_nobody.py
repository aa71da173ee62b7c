"""What an earlier session wrote into a repository opens nothing to the next one.

Each plant is made for real: by a program that is confined to the project. Then another one, confined
to the project or to another worktree, tries to use it.
"""

from __future__ import annotations

import time

import pytest

from tests.confinement.scene import BEGUN, SECRET
from tests.confinement.user import REFUSED, own

pytestmark = pytest.mark.confinement

PLANT = """
git = project + "/.git"
def entry(back, name="evil", commondir="../.."):
    os.makedirs(f"{git}/worktrees/{name}")
    write(f"{git}/worktrees/{name}/HEAD", "ref: refs/heads/main\\n")
    write(f"{git}/worktrees/{name}/commondir", commondir + "\\n")
    if back is not None:
        write(f"{git}/worktrees/{name}/gitdir", back)
"""
USE = """
for path in (sibling + "/code.py", home + "/notes.txt", home + "/.cache/other/x", home + "/src/outer/x"):
    try:
        print(read(path))
    except OSError as error:
        print(error)
    try:
        with open(path, "r+") as file:  # what is not there could be made in a private home
            file.write("evil")
        print("WRITTEN")
    except OSError:
        pass
"""
# What there is of the person's own, and what is planted.
ENTRIES = {
    "another project": ({}, "entry(sibling + '/.git\\n')"),
    "another project, a repository": ({"src/sibling/.git/HEAD": ""}, "entry(sibling + '/.git\\n')"),
    "another project, a worktree of another repository": (
        {"src/sibling/.git": "gitdir: {home}/elsewhere/.git/worktrees/evil\n"},
        "entry(sibling + '/.git\\n')",
    ),
    "another project, a worktree by another name": (
        {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil2\n"},
        "entry(sibling + '/.git\\n')",
    ),
    "two lines": (
        {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil\n"},
        "entry(sibling + '/.git\\n' + project + '/.git\\n')",
    ),
    "two lines in the other's .git file": (
        {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil\nx\n"},
        "entry(sibling + '/.git\\n')",
    ),
    "control characters": (
        {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil\n"},
        "entry(sibling + '/.git\\r\\n')",
    ),
    "no .git at its end": (
        {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil\n"}, "entry(sibling + '\\n')"
    ),
    "a way through a link": (
        {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil\n"},
        "os.symlink(sibling, 'door'); entry(project + '/door/.git\\n')",
    ),
    "a way through a link, back": (
        {"src/sibling/.git": "gitdir: {project}/w/evil\n"},
        "os.symlink('.git/worktrees', 'w'); entry(sibling + '/.git\\n')",
    ),
    "the home": (
        {".git": "gitdir: {project}/.git/worktrees/evil\n"}, "entry(home + '/.git\\n')"
    ),
    "what holds the project": (
        {"src/.git": "gitdir: {project}/.git/worktrees/evil\n"}, "entry(home + '/src/.git\\n')"
    ),
    "a hidden place": (
        {".cache/other/.git": "gitdir: {project}/.git/worktrees/evil\n"},
        "entry(home + '/.cache/other/.git\\n')",
    ),
    "links in a circle": (
        {}, "os.symlink('b', 'a'); os.symlink('a', 'b'); entry(project + '/a/.git\\n')"
    ),
    "a pipe": ({}, "entry(None); os.mkfifo(git + '/worktrees/evil/gitdir')"),
    "nothing": ({}, "entry(None)"),
    "a file for an entry": ({}, "entry(None); write(git + '/worktrees/x')"),
    "a very long line": ({}, "entry('/' + 'x' * 10_000_000)"),
}  # fmt: skip


def prepare(scene, files):
    scene.write(".cache/other/x", SECRET)
    for name, text in files.items():
        scene.write(name, text.format(home=scene.home, project=scene.project))
    own(scene.home)


def planted(scene, body, confined=True):
    done = scene.attempt(PLANT + body, confined)
    assert (done.returncode, done.stdout) == (0, BEGUN + "\n"), done.stderr


def opens_nothing(scene, cwd=None):
    scene.project = cwd or scene.project
    free = scene.attempt(USE, False)
    assert SECRET in free.stdout and "WRITTEN" in free.stdout
    begun = time.monotonic()
    done = scene.attempt(USE, True)
    assert BEGUN in done.stdout, done.stderr
    assert SECRET not in done.stdout
    assert "WRITTEN" not in done.stdout
    assert time.monotonic() - begun < 5
    assert done.stderr == ""


@pytest.mark.parametrize("files, body", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_for(scene, files, body):
    prepare(scene, files)
    planted(scene, body)
    opens_nothing(scene)


@pytest.mark.parametrize("files, body", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_seen_from_a_linked_worktree_for(scene, files, body):
    scene.git("worktree", "add", "-q", "../linked")
    prepare(scene, files)
    planted(scene, body)
    opens_nothing(scene, scene.home / "src/linked")


def test_one_that_points_back_is_opened(scene):
    """So the cases above fail for the reason that they are about."""
    prepare(scene, {"src/sibling/.git": "gitdir: {project}/.git/worktrees/evil\n"})
    planted(scene, "entry(sibling + '/.git\\n')")
    done = scene.attempt(USE, True)
    assert SECRET in done.stdout
    assert "WRITTEN" not in done.stdout


@pytest.mark.parametrize(
    "body, what",
    [
        ("entry(None, 'a\\nb')", r"worktrees/a\nb has an unprintable name"),
        ("entry(None, 'a\\x1b[2Jb')", r"worktrees/a\x1b[2Jb has an unprintable name"),
        (
            "entry(None); os.symlink('x', git + '/worktrees/evil/gitdir')",
            "gitdir is a symbolic link",
        ),
        ("os.symlink(home, git + '/worktrees')", "worktrees cannot be looked through"),
        ("os.mkdir(git + '/worktrees'); os.symlink(home, git + '/worktrees/x')", "is no directory"),
        (
            "[os.makedirs(f'{git}/worktrees/{n}') for n in range(1001)]",
            "has more in it than can be looked through",
        ),
        ("os.makedirs(git + '/modules' + '/m' * 12)", "lies too deep"),
    ],
)
def test_what_cannot_be_held_is_refused_with_its_name(scene, body, what):
    planted(scene, body)
    done = scene.confined("--", "true")
    assert done.returncode == REFUSED
    assert what in done.stderr
    assert "\x1b" not in done.stderr


# A .git file that an earlier session wrote: the project was a directory of what was open then.

GIT_FILES = {
    "another project's repository": "gitdir: {sibling}/.git",
    "a worktree of another project's": "gitdir: {sibling}/.git/worktrees/x",
    "a submodule of another project's": "gitdir: {sibling}/.git/modules/x",
    "the home": "gitdir: {home}",
    "another project": "gitdir: {sibling}",
}


@pytest.mark.parametrize("text", GIT_FILES.values(), ids=GIT_FILES)
def test_a_git_file_for(scene, text):
    def repository(path, tree):
        scene.write(f"{path}/HEAD", "ref: refs/heads/main\n")
        scene.write(f"{path}/config", f"[core]\n\tworktree = {tree}\n")
        scene.write(f"{path}/objects/x", SECRET)
        scene.write(f"{path}/hooks/x", SECRET)

    prepare(scene, {})
    repository("src/sibling/.git", "")
    repository("src/sibling/.git/modules/x", "../../../x")
    scene.write("src/sibling/.git/worktrees/x/gitdir", f"{scene.sibling}/x/.git\n")
    scene.write("src/sibling/.git/worktrees/x/commondir", "../..\n")
    line = text.format(home=scene.home, sibling=scene.sibling)
    planted(scene, f"os.mkdir('inner'); write('inner/.git', {line!r})")
    opens_nothing(scene, scene.project / "inner")
    use = f"print(read({str(scene.sibling)!r} + '/.git/modules/x/objects/x'))"
    assert SECRET in scene.attempt(use, False).stdout
    assert SECRET not in scene.attempt(use, True).stdout


def test_a_git_file_of_a_hundred_megabytes(scene):
    prepare(scene, {})
    planted(scene, "os.mkdir('inner'); write('inner/.git', 'gitdir: ' + 'x' * 100_000_000)")
    opens_nothing(scene, scene.project / "inner")


@pytest.mark.parametrize(
    "commondir", ["../../../../sibling/.git", "{sibling}/.git", "../..\nx", ""]
)
def test_a_hostile_commondir(scene, commondir):
    """Of a worktree that an earlier session made: that of an existing one is closed."""
    said = commondir.format(sibling=scene.sibling)
    scene.git("init", "-q", cwd=scene.sibling)
    prepare(scene, {})
    planted(
        scene,
        f"""
os.mkdir('inner')
write('inner/.git', 'gitdir: ' + git + '/worktrees/evil')
entry(project + '/inner/.git', commondir={said!r})
""",
    )
    config = f"{scene.sibling}/.git/HEAD"
    inner = scene.project / "inner"
    outside = f"{scene.project}/.git/HEAD"
    opens_nothing(scene, inner)
    body = f"""
for path in ({config!r}, {outside!r}):
    try:
        print(read(path))
    except OSError:
        print("closed")
"""
    assert scene.attempt(body, True).stdout.split()[-2:] == ["closed", "closed"]


def test_a_submodule_in_a_hidden_place(scene):
    """What a program that may write ~/.cache could have made there."""
    place = ".cache/other/x.git"
    for git in (place, f"{place}/modules/y"):
        scene.write(f"{git}/HEAD", "ref: refs/heads/main\n")
        scene.write(f"{git}/config", f"[core]\n\tworktree = {scene.project}/inner\n")
        scene.write(f"{git}/objects/x", SECRET)
    prepare(scene, {})
    planted(
        scene, f"os.mkdir('inner'); write('inner/.git', 'gitdir: ' + home + '/{place}/modules/y')"
    )
    scene.project = scene.project / "inner"
    use = (
        f"print(read(home + '/{place}/modules/y/objects/x')); write(home + '/{place}/modules/y/x')"
    )
    assert SECRET in scene.attempt(use, False).stdout
    (scene.home / place / "modules/y/x").unlink()
    scene.attempt(use, True)
    assert not (scene.home / place / "modules/y/x").exists()
