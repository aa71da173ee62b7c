"""Bad input gets a clear error and status 125, or the right launch; never a weaker one."""

from __future__ import annotations

import os
import resource

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks
from tests.confinement.scene import BEGUN, SECRET
from tests.confinement.user import REFUSED, linux_only, own

pytestmark = pytest.mark.confinement


def refused(done, *words):
    """It was refused, in words that name what is wrong, and nothing was run."""
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines
    assert all(line.startswith("safehouse: ") for line in lines), done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


# Names of directories.

NAMES = [
    "with space", "two  spaces", "single'quote", 'double"quote', "back\\slash", "dollar$HOME",
    "back`tick`", "amp&ersand", "semi;colon", "(parens)", "[brackets]", "{braces}", "star*", "que?",
    "plus+", "hash#", "percent%s", "equal=", "co,mma", "até", "日本語", "🦔", "-dash", "--option",
    "~tilde", "trailing ", "co:lon", "x" * 200, "caret^", "pipe|", "less<", "bang!",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_project_of_any_name(scene, name):
    project = scene.home / "src" / name
    scene.project.rename(project)
    own(scene.home)
    scene.project = project
    body = "print(os.getcwd()); write('new', 'new'); print(read(home + '/secrets/x'))"
    done = scene.attempt(body, True)
    assert done.stdout.splitlines() == [BEGUN, str(project)], done.stderr
    assert (project / "new").read_text() == "new"
    assert not leaks(scene, done)
    before = scene.untouchable()
    scene.attempt("write('.git/hooks/x')", True)
    assert scene.untouchable() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_home_of_any_name(scene, name):
    home = scene.root / name
    scene.home.rename(home)
    scene.home, scene.project = home, home / "src/project"
    scene.env["HOME"] = str(home)
    body = "print(read(home + '/.gitconfig')); print(read(home + '/secrets/x'))"
    done = scene.attempt(body, True)
    assert "Tester" in done.stdout, done.stderr
    assert not leaks(scene, done)


ALLOWING = ("--add-dirs", "--add-dirs-ro", "--workdir")
WITHOUT_COLON = [name for name in NAMES if ":" not in name]


@pytest.mark.parametrize(
    ("option", "name"),
    [
        *((ALLOWING[number % 3], name) for number, name in enumerate(WITHOUT_COLON)),
        *(("--deny", name) for name in WITHOUT_COLON),
    ],
)
def test_an_option_with_any_name(scene, option, name):
    place = scene.project / name if option == "--deny" else scene.home / name
    place.mkdir()
    (place / "x").write_text("content\n")
    own(scene.home)
    done = scene.confined(f"{option}={place}", "--", "cat", str(place / "x"))
    assert (done.stdout == "content\n") == (option != "--deny"), done.stderr


@pytest.mark.parametrize(
    "name", ["new\nline", "tab\t", "escape\x1b[31m", "delete\x7f", "byte\udcff"]
)
@pytest.mark.parametrize("where", ["project", "home", "--add-dirs", "--deny", "--workdir"])
def test_a_name_with_a_control_character_is_refused_by_its_name(scene, where, name):
    place = (scene.project if where == "--deny" else scene.home) / name
    place.mkdir()
    own(scene.home)
    shown = repr(name)[1:-1]
    if where == "project":
        scene.project = place
        refused(scene.confined("--", "echo", "ran"), shown)
    elif where == "home":
        scene.env["HOME"] = str(place)
        refused(scene.confined("--", "echo", "ran"), "HOME", shown)
    else:
        refused(scene.confined(f"{where}={place}", "--", "echo", "ran"), where, shown)


# The working directory.


def test_a_project_that_was_removed(scene):
    place = scene.home / "gone"
    place.mkdir()
    own(scene.home)
    body = "os.chdir(place); os.rmdir(place); os.execv(safehouse, [safehouse, '--', 'echo', 'ran'])"
    words = scene.program(body, place=place, safehouse=scene.safehouse)
    done = scene.run(*words)
    done.stdout = done.stdout.replace(f"{BEGUN}\n", "")
    # The shell of the file's header, on Debian, has a word to say of it, too.
    done.stderr = done.stderr.replace("sh: 0: getcwd() failed: No such file or directory\n", "")
    refused(done, "no longer exists", "cd")


def test_a_project_that_was_removed_and_made_anew(scene):
    """The new one is not where we are; what is there may be somebody else's."""
    script = 'cd "$1"; mv "$1" "$1"2; ln -s "$3" "$1"; exec "$2" -- cat x'
    place = scene.home / "place"
    place.mkdir()
    own(scene.home)
    done = scene.run("sh", "-c", script, "sh", place, scene.safehouse, scene.home / "secrets")
    assert not leaks(scene, done)


def test_a_project_reached_by_a_link(scene):
    link = scene.home / "link"
    link.symlink_to(scene.project)
    done = scene.run(
        "sh", "-c", 'cd "$1"; "$2" -- sh -c "pwd -P; touch new"', "sh", link, scene.safehouse
    )
    assert done.stdout == f"{scene.project}\n", done.stderr
    assert (scene.project / "new").exists()
    done = scene.confined(f"--workdir={link}", "--", "pwd", cwd=scene.sibling)
    assert done.stdout == f"{scene.project}\n", done.stderr


def test_a_project_that_cannot_be_written(scene):
    (scene.project / "README").chmod(0o444)
    scene.project.chmod(0o555)
    done = scene.confined("--", "cat", "README")
    scene.project.chmod(0o755)
    assert done.stdout == "a project\n" or done.returncode == REFUSED, done.stderr


@pytest.mark.parametrize("place", ["/", "..", "../..", "home"])
def test_what_holds_the_home_is_no_project_by_chance(scene, place):
    cwd = {"/": "/", "..": scene.root, "../..": scene.root.parent, "home": scene.home}[place]
    refused(scene.confined("--", "echo", "ran", cwd=cwd), "--workdir")


def test_a_file_as_project(scene):
    refused(scene.confined("--workdir=README", "--", "echo", "ran"), "README")


# HOME.


@pytest.mark.parametrize("value", ["", "/", "//", "/.", "relative", "/.."])
def test_a_home_that_is_none(scene, value):
    scene.env["HOME"] = value
    done = scene.confined("--", "sh", "-c", "echo ran")
    if value == "" and user.HAS_NAME:
        pytest.skip("this user has a home in the list of users, which is used")
    refused(done, "HOME")


def test_a_home_that_is_not_set(scene):
    """What the list of users says counts; a user who is not in it has to say it."""
    del scene.env["HOME"]
    done = scene.confined("--", "sh", "-c", f"echo ran; cat {scene.home}/secrets/x")
    assert not leaks(scene, done)
    if user.HAS_NAME:
        assert "ran" in done.stdout, done.stderr
    else:
        refused(done, "HOME is not set")


@pytest.mark.parametrize("name", ["missing", "home/notes.txt"])
def test_a_home_that_is_no_directory(scene, name):
    """Whose home it is decides what is somebody's home, and so what a project cannot be."""
    scene.env["HOME"] = str(scene.root / name)
    refused(scene.confined("--", "echo", "ran"), name, "is not a directory")


@pytest.mark.parametrize("options", [(), ("--agent=codex",)], ids=["plain", "agent"])
def test_a_home_that_cannot_be_written(scene, options):
    scene.home.chmod(0o555)
    try:
        done = scene.confined(*options, "--", "sh", "-c", "echo ran; cat ~/secrets/x")
    finally:
        scene.home.chmod(0o755)
    assert not leaks(scene, done)
    if options:
        refused(done, ".codex")
    else:
        assert done.stdout == "ran\n"


def test_a_home_that_is_a_link(scene):
    link = scene.root / "link"
    link.symlink_to(scene.home)
    scene.env["HOME"] = str(link)
    body = "print(os.path.exists(home + '/.gitconfig'), os.path.exists(home + '/secrets'))"
    done = scene.attempt(body, True)
    assert done.stdout.splitlines()[-1] == "True False", done.stderr


# Options.


@pytest.mark.parametrize("option", ["--add-dirs", "--add-dirs-ro", "--deny", "--workdir"])
def test_a_path_that_does_not_exist_is_refused_by_its_name(scene, option):
    refused(scene.confined(f"{option}=no/such/place", "--", "echo", "ran"), option, "no/such/place")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--add-dir=."], ["--add-dir", "did you mean '--add-dirs'"]),
        (["--dney=."], ["--dney", "did you mean '--deny'"]),
        (["--enable=shh"], ["shh", "did you mean 'ssh'"]),
        (["--agent=cluade"], ["cluade", "did you mean 'claude'"]),
        (["--network=non"], ["non", "did you mean 'none'"]),
        (["--deny"], ["--deny"]),
        (["--env-pass=A B"], ["A B"]),
        (["--env=no-such-file"], ["no-such-file"]),
        (["--add-dirs=~other/x"], ["~other"]),
        (["--explain=maybe"], ["--explain"]),
        (["--platform=linux"], ["--platform"]),
    ],
    ids=str,
)
def test_a_wrong_word(scene, words, said):
    end = [] if words == ["--deny"] else ["--", "echo", "ran"]
    refused(scene.confined(*words, *end), *said)


def test_links_in_a_circle(scene):
    (scene.project / "a").symlink_to("b")
    (scene.project / "b").symlink_to("a")
    refused(scene.confined("--add-dirs=a", "--", "echo", "ran"), "a")


def test_no_command(scene):
    refused(scene.confined("--"), "COMMAND")


# No room.


def limit(words, bytes_):
    """A command whose files may not grow beyond `bytes_`, which a full disk looks like."""
    body = "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    body += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes_}, {bytes_})); "
    return [user.PYTHON, "-c", body + "os.execv(sys.argv[1], sys.argv[1:])", *words]


@linux_only("nothing is written for a launch on macOS")
@pytest.mark.parametrize("room", [0, 100, 1000])
@pytest.mark.parametrize("repository", [True, False], ids=["repository", "none"])
def test_a_full_disk(scene, room, repository):
    if not repository:
        scene.run("rm", "-rf", ".git")
    before = scene.untouchable()
    words = [scene.safehouse, "--", "sh", "-c", "echo ran; cat ~/secrets/x"]
    done = scene.run(*limit(words, room))
    assert done.stdout == ""
    assert done.returncode == REFUSED
    assert done.stderr.startswith("safehouse: ")
    assert "Traceback" not in done.stderr
    assert scene.untouchable() == before


@linux_only("descriptors for pipes and memory are used on Linux")
@pytest.mark.parametrize("most", [4, 6, 8, 10])
def test_too_few_descriptors(scene, most):
    script = f'ulimit -n {most}; exec "$0" -- sh -c "echo ran; cat ~/secrets/x"'
    done = scene.run("sh", "-c", script, scene.safehouse)
    assert not leaks(scene, done)
    assert done.stdout == "ran\n" or done.returncode != 0
    assert (done.stdout == "ran\n") or "ran" not in done.stdout


@linux_only("descriptors for pipes and memory are used on Linux")
@pytest.mark.parametrize("most", [14, 20, 30])
def test_a_low_limit_of_open_files_is_told_as_what_it_is(scene, most):
    """And not as an attack: nothing was exchanged."""
    done = scene.run("sh", "-c", f'ulimit -n {most}; exec "$0" -- echo ran', scene.safehouse)
    assert (done.returncode, done.stdout) == (REFUSED, "")
    assert f"{most} open files, the limit, are too few" in done.stderr
    assert "raise the limit: ulimit -n " in done.stderr


@linux_only("a process stays beside the program on Linux")
@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NPROC)[1] == 0, reason="no limit to set")
def test_no_more_processes(scene):
    """It is refused, and the word of the system is not taken for the end of the program."""
    others = int(user.run(["sh", "-c", f"ps -u {user.UID} -L -o lwp= | wc -l"]).stdout or 0)
    script = f'ulimit -u {others + 1}; exec "$0" -- echo ran'
    done = scene.run("bash", "-c", script, scene.safehouse)
    assert done.stdout == "ran\n" or done.returncode == REFUSED, done.stderr
    assert "Traceback" not in done.stderr


def test_secret_files_are_not_quoted_in_errors(scene):
    """--env=FILE of a file that has another form."""
    scene.write("secrets/y", f"{SECRET} of a line\n")
    done = scene.confined(f"--env={scene.home}/secrets/y", "--", "true")
    refused(done, "secrets/y", "1")
    assert not leaks(scene, done)


def test_where_nothing_can_be_said(scene):
    read, write = os.pipe()
    os.close(read)
    try:
        done = scene.confined("--no-such-option", stderr=write)
    finally:
        os.close(write)
    assert done.returncode == REFUSED
