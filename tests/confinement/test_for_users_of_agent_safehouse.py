"""Whoever comes from agent-safehouse keeps options, variables and files: what they do, for real.

Where ours is stricter, docs/configuration.md says so, and a test here shows it.
"""

from __future__ import annotations

import pytest

from tests.confinement.user import REFUSED, own

pytestmark = pytest.mark.confinement

# A program that says what it can do with each path: r, w, both, or nothing.
LOOK = """
for path in paths:
    can = ""
    try:
        can += "r" if (os.listdir(path) if os.path.isdir(path) else read(path)) is not None else ""
    except OSError:
        pass
    try:
        os.lstat(path)  # what is not there could be made in the home of the launch's own
        write(os.path.join(path, "new") if os.path.isdir(path) else path, "x")
        can += "w"
    except OSError:
        pass
    print(os.path.basename(path), can or "-")
"""


@pytest.fixture
def places(scene):
    """Directories and a file outside of the project, each with something in it."""
    for name in ("a", "b c", 'quo"te', "back\\slash", "amp&ersand", "col"):
        scene.write(f"{name}/file", "content")
    scene.write("single.txt", "content")
    return scene


def seen(scene, *options, paths, cwd=None, **environ):
    """What the program says of each path."""
    scene.env.update(environ)
    program = scene.program(LOOK, paths=[str(scene.home / path) for path in paths])
    done = scene.confined(*options, "--", *program, cwd=cwd or scene.project)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[1:]
    return dict(line.rsplit(" ", 1) for line in lines)


# Grants


@pytest.mark.parametrize("name", ["a", "b c", 'quo"te', "back\\slash", "amp&ersand"])
def test_paths_in_both_spellings_of_an_option(places, name):
    for words in ([f"--add-dirs-ro={places.home}/{name}"], ["--add-dirs-ro", f"~/{name}"]):
        assert seen(places, *words, paths=[name]) == {name: "r"}
    for words in ([f"--add-dirs=~/{name}"], ["--add-dirs", f"{places.home}/{name}"]):
        assert seen(places, *words, paths=[name]) == {name: "rw"}


def test_lists_are_separated_by_colons_and_add_up(places):
    found = seen(
        places, "--add-dirs-ro=~/a:~/b c", "--add-dirs-ro=~/col", paths=["a", "b c", "col"]
    )
    assert found == {"a": "r", "b c": "r", "col": "r"}


def test_a_file_is_that_file(places):
    assert seen(places, "--add-dirs=~/single.txt", paths=["single.txt", "notes.txt"]) == {
        "single.txt": "rw",
        "notes.txt": "-",
    }


def test_variables_and_options_merge(places):
    found = seen(
        places,
        "--add-dirs=~/b c",
        paths=["a", "b c", "col"],
        SAFEHOUSE_ADD_DIRS_RO="~/a:~/b c",
        SAFEHOUSE_ADD_DIRS=f"{places.home}/col",
    )
    assert found == {"a": "r", "b c": "rw", "col": "rw"}


@pytest.mark.parametrize("option", ["--add-dirs", "--add-dirs-ro", "--workdir", "--append-profile"])
@pytest.mark.parametrize("path", ["~/none", "first\nsecond", ""])
def test_a_path_that_is_none_is_refused(places, option, path):
    if path == "" and option != "--append-profile":  # it says nothing, and the workdir is none
        assert places.confined(option, path, "--", "true").returncode == 0
        return
    done = places.confined(option, path, "--", "true")
    assert done.returncode == REFUSED
    assert option in done.stderr


@pytest.mark.parametrize("name", ["SAFEHOUSE_ADD_DIRS", "SAFEHOUSE_WORKDIR"])
def test_a_variable_with_a_control_character_is_refused(places, name):
    places.env[name] = "first\nsecond"
    assert places.confined("--", "true").returncode == REFUSED


# The working directory


def test_it_is_exactly_this_directory(places):
    """Not the root of the repository around it."""
    sub = places.project / "nested/work"
    sub.mkdir(parents=True)
    own(places.project)
    found = seen(places, paths=["src/project/nested/work", "src/project/README"], cwd=sub)
    assert found == {"work": "rw", "README": "-"}


def test_another_one_by_option_and_by_variable(places):
    assert seen(places, "--workdir=~/a", paths=["a", "src/project/README"]) == {
        "a": "rw",
        "README": "-",
    }
    assert seen(places, paths=["a"], SAFEHOUSE_WORKDIR="~/a") == {"a": "rw"}
    assert seen(places, "--workdir=~/col", paths=["a", "col"], SAFEHOUSE_WORKDIR="~/a") == {
        "a": "-",
        "col": "rw",
    }


def test_none_by_option_and_by_variable(places):
    assert seen(places, "--workdir=", paths=["src/project"]) == {"project": "-"}
    assert seen(places, paths=["src/project"], SAFEHOUSE_WORKDIR="") == {"project": "-"}


# The project's file


def config(places, text):
    path = places.project / ".safehouse"
    path.write_text(text)
    own(places.project)
    return path


def test_it_is_ignored_until_it_is_trusted(places):
    config(places, "# a comment\n; another\n\n add-dirs-ro = ~/a \nadd-dirs='~/col'\n")
    paths = ["a", "col"]
    nothing = {"a": "-", "col": "-"}
    all_of_it = {"a": "r", "col": "rw"}
    assert seen(places, paths=paths) == nothing
    for word in ("", "=1", "=true", "=yes", "=on"):
        assert seen(places, f"--trust-workdir-config{word}", paths=paths) == all_of_it
    for word in ("=0", "=false", "=no", "=off"):
        assert seen(places, f"--trust-workdir-config{word}", paths=paths) == nothing


def test_stricter_no_variable_trusts_it(places):
    config(places, "add-dirs=~/a\n")
    assert seen(places, paths=["a"], SAFEHOUSE_TRUST_WORKDIR_CONFIG="1") == {"a": "-"}


def test_always_is_until_its_content_changes(places):
    """Stricter: there it is for the directory, whatever will be in it."""
    config(places, "add-dirs-ro=~/a\n")
    assert seen(places, "--always-trust-workdir-config", paths=["a", "col"]) == {
        "a": "r",
        "col": "-",
    }
    assert seen(places, paths=["a", "col"]) == {"a": "r", "col": "-"}
    config(places, "add-dirs-ro=~/a:~/col\n")
    assert seen(places, paths=["a", "col"]) == {"a": "-", "col": "-"}
    assert seen(places, "--always-trust-workdir-config", paths=["a", "col"]) == {
        "a": "r",
        "col": "r",
    }
    assert seen(places, "--always-trust-workdir-config=no", paths=["a"]) == {"a": "-"}
    assert seen(places, paths=["a"]) == {"a": "-"}


def test_stricter_its_list_of_directories_is_not_believed(places):
    config(places, "add-dirs-ro=~/a\n")
    places.write(".config/safehouse/trusted-workdirs", f"# mine\n\n{places.project}\n", 0o600)
    assert seen(places, paths=["a"]) == {"a": "-"}
    assert "agent-safehouse" in places.confined("--", "true").stderr


@pytest.mark.parametrize(
    "text, said",
    [
        ("not-a-key-value-line\n", ".safehouse:1: expected key=value"),
        ("\nallow-home=true\n", ".safehouse:2: "),
        ("enable=nonsense\n", "nonsense"),
    ],
)
def test_what_is_wrong_in_it_is_an_error_once_it_is_trusted(places, text, said):
    config(places, text)
    assert places.confined("--", "true").returncode == 0
    done = places.confined("--trust-workdir-config", "--stdout")
    assert done.returncode == REFUSED
    assert said in done.stderr


def test_it_is_not_found_in_an_enclosing_repository(places):
    config(places, "add-dirs-ro=~/a\n")
    sub = places.project / "nested"
    sub.mkdir()
    own(sub)
    assert seen(places, "--trust-workdir-config", paths=["a"], cwd=sub) == {"a": "-"}


def test_it_cannot_be_written_but_one_of_the_same_name_below_can(places):
    config(places, "")
    (places.project / "sub").mkdir()
    (places.project / "sub/.safehouse").write_text("")
    own(places.project)
    paths = ["src/project/.safehouse", "src/project/sub/.safehouse"]
    script = (
        f'for p in {" ".join(f"~/{p}" for p in paths)}; do echo x 2>&- >"$p" && echo "$p"; done'
    )
    closed = places.confined("--", "sh", "-c", script).stdout
    assert "sub/.safehouse" in closed and "project/.safehouse" not in closed
    opened = places.confined("--allow-workdir-config-writes", "--", "sh", "-c", script).stdout
    assert "project/.safehouse" in opened


# The environment and the command


def test_the_environment(places):
    show = ["--", "sh", "-c", 'echo "${ONE-unset} ${TWO-unset}"']
    places.env.update(ONE="1", TWO="2", SAFEHOUSE_ENV_PASS="")
    assert places.confined(*show).stdout == "unset unset\n"
    assert places.confined("--env-pass=ONE", *show).stdout == "1 unset\n"
    assert places.confined("--env", *show).stdout == "1 2\n"
    words = ["--", "ONE=word", *show[1:]]
    assert places.confined(*words).stdout == "word unset\n"
    assert places.confined("--env", "--env-pass=ONE", *show).returncode == REFUSED
    places.env["SAFEHOUSE_ENV_PASS"] = "TWO"
    assert places.confined(*show).stdout == "unset 2\n"
    assert places.confined("--env", *show).returncode == REFUSED


def test_a_file_of_variables(places):
    text = "export ONE=file\nPATH=/custom:$PATH\nHOME=/elsewhere\n# comment\n"
    places.write("my.env", text)
    show = ["--", "/bin/sh", "-c", 'echo "$ONE $PATH $HOME ${TMPDIR:+t}"']
    one, path, home, temporary = places.confined("--env=~/my.env", *show).stdout.split()
    assert (one, home, temporary) == ("file", "/elsewhere", "t")
    assert path.startswith("/custom:/usr")
    places.env["ONE"] = "host"
    assert places.confined("--env=~/my.env", "--env-pass=ONE", *show).stdout.startswith("host ")


def test_arguments_keep_their_boundaries(places):
    given = ["two words", 'quote"double', "single'quote", "$dollar value", "", "*", "a\nb", "--env"]
    script = 'for word in "$@"; do printf "[%s]" "$word"; done'
    done = places.confined("--", "sh", "-c", script, "sh", *given)
    assert done.stdout == "".join(f"[{word}]" for word in given)


def test_stdout_shows_and_runs_nothing(places):
    done = places.confined("--stdout", "--explain", "--", "sh", "-c", "echo ran")
    assert done.returncode == 0
    assert "ran\n" not in done.stdout
    assert "bwrap" in done.stdout or "(version 1)" in done.stdout
    assert "may write" in done.stderr


@pytest.mark.parametrize("feature", ["bogus", "env", "shell-startup"])
def test_an_unknown_feature_is_refused(places, feature):
    assert places.confined(f"--enable={feature}", "--", "true").returncode == REFUSED
