"""A launch is started again only while it would be planned the same."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from safehouse import facts
from safehouse.kept import again, keep
from safehouse.launch import Words
from safehouse.sources import directory
from tests.kept.conftest import Person, described, options

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap")

CONFIG = ".config/safehouse/config.yaml"
GRANTS = ".config/safehouse/grants.yaml"


def configured(person: Person) -> None:
    """A person with a configuration, and rights kept for the project."""
    for name in ("data", "more", "shared"):
        (person.home / name).mkdir()
    person.write(CONFIG, "add-dirs-ro: [~/data]\n", 0o600)
    person.write(GRANTS, kept_for(person, "[~/shared]"), 0o600)
    (person.home / ".config/safehouse").chmod(0o700)


def kept_for(person: Person, add_dirs: str) -> str:
    known_by = directory.identity(str(person.project))
    return f"~/src/project:\n  known-by: '{known_by}'\n  add-dirs: {add_dirs}\n"


def test_a_launch_is_found_as_it_was_planned(person):
    person.keeps("--", "true")


@pytest.mark.parametrize("argv", [["claude"], ["--", "claude"], ["run", "--shim", "--", "claude"]])
def test_so_is_an_agent_with_configuration_and_grants(person, argv):
    configured(person)
    launch = person.keeps(*argv)
    assert str(person.home / "shared") in options(launch)
    assert str(person.home / "data") in options(launch)
    assert person.told == []


def test_the_words_behind_the_command_are_passed_on_as_they_are(person):
    person.keeps("--", "true", "a")
    words = ("", "--", "b c", "ä", "\udcff", "--enable=ssh", "*")
    assert described(person.finds("--", "true", *words)) == described(
        person.plans("--", "true", *words)
    )


def test_other_options_are_another_launch(person):
    person.keeps("--", "true")
    assert person.finds("--enable=ssh", "--", "true") is None
    assert person.finds("--network=none", "--", "true") is None
    person.keeps("--network=none", "--", "true")
    assert "--unshare-net" in options(person.finds("--network=none", "--", "true"))
    assert "--unshare-net" not in options(person.finds("--", "true"))


# Each kind of thing that a plan depends on: what changes it, with a launch kept before.
def _replaced_by_a_link(person: Person) -> None:
    (person.home / "shared").rename(person.home / "elsewhere")
    (person.home / "shared").symlink_to("elsewhere")


def _another_directory_of_its_name(person: Person) -> None:
    person.project.rename(person.home / "src/old")
    shutil.copytree(person.home / "src/old", person.project)
    os.chdir(person.project)


def _another_above(person: Person) -> None:
    (person.home / "src").rename(person.home / "src.old")
    shutil.copytree(person.home / "src.old", person.home / "src")
    os.chdir(person.project)


def _another_program(person: Person) -> None:
    person.write("first/claude", "#!/bin/sh\n", 0o755)
    person.monkeypatch.setenv("PATH", f"{person.home}/first:{os.environ['PATH']}")


def _a_link_in_place_of_the_program(person: Person) -> None:
    program = person.home / "bin/claude"
    program.rename(person.home / "bin/other")
    program.symlink_to("other")


def _a_shim_in_place_of_the_program(person: Person) -> None:
    person.write("bin/claude", "#!/bin/sh\n# safehouse-shim 1 claude\n", 0o755)


def _a_submodule(person: Person) -> None:
    person.write("src/project/.gitmodules", '[submodule "a"]\n\tpath = a\n')
    person.write("src/project/a/.git/HEAD", "ref: refs/heads/main\n")


def _a_worktree(person: Person) -> None:
    person.git("commit", "--quiet", "--allow-empty", "--message=a")
    person.git("worktree", "add", "--quiet", str(person.home / "src/tree"))


def _setting(path: str, text: str):
    return lambda person: person.write(path, text, 0o600)


def _variable(name: str, value: str):
    return lambda person: person.monkeypatch.setenv(name, value)


CHANGES = {
    "configuration edited": _setting(CONFIG, "add-dirs-ro: [~/more]\n"),
    "configuration removed": lambda person: (person.home / CONFIG).unlink(),
    "a refusal in the configuration": _setting(CONFIG, "deny: [~/data]\n"),
    "a grant revoked": lambda person: (person.home / GRANTS).unlink(),
    "another grant": lambda person: person.write(GRANTS, kept_for(person, "[~/more]"), 0o600),
    "a profile of one's own": _setting(
        ".config/safehouse/profiles.d/mine.yaml",
        "profiles:\n  mine:\n    layer: agent\n    summary: mine\n    commands: [mine]\n    rules: []\n",
    ),
    "the project's configuration": _setting("src/project/.safehouse.yaml", "deny: [a]\n"),
    "its old one": _setting("src/project/.safehouse", "enable=ssh\n"),
    "a configuration that others may write": lambda person: (person.home / CONFIG).chmod(0o666),
    "a directory of it that others may write": lambda person: (person.home / CONFIG).parent.chmod(
        0o777
    ),
    "a granted directory became a link": _replaced_by_a_link,
    "a granted directory is gone": lambda person: (person.home / "shared").rmdir(),
    "another directory in the project's place": _another_directory_of_its_name,
    "another one above it": _another_above,
    "another program first in PATH": _another_program,
    "a link in place of the program": _a_link_in_place_of_the_program,
    "a shim in place of the program": _a_shim_in_place_of_the_program,
    "the program cannot be executed": lambda person: (person.home / "bin/claude").chmod(0o644),
    "git's settings": lambda person: person.git("config", "core.hooksPath", "hooks"),
    "git's settings of the person": _setting(".gitconfig", "[core]\n\thooksPath = ~/hooks\n"),
    "a hook": lambda person: person.write("src/project/.git/hooks/pre-commit", "", 0o755),
    "a submodule": _a_submodule,
    "a worktree": _a_worktree,
    "no repository any more": lambda person: shutil.rmtree(person.project / ".git"),
    "a file that a shell starts with": _setting(".bash_login", ""),
    "a directory with credentials": lambda person: (person.home / ".aws").mkdir(),
    "PATH": lambda person: person.monkeypatch.setenv("PATH", f"/bin:{person.home}/bin"),
    "a variable that is passed": _variable("LANG", "de_DE.UTF-8"),
    "a new variable that is passed": _variable("EDITOR", "vi"),
    "a variable that is asked for": _variable("SAFEHOUSE_ADD_DIRS", "/opt"),
    "a variable that moves a directory": _variable("CLAUDE_CONFIG_DIR", "/opt/claude"),
    "a moved configuration": _variable("XDG_CONFIG_HOME", "/opt/config"),
    "inside of a sandbox": _variable("SAFEHOUSE_SANDBOX", "1"),
    "another home": lambda person: person.monkeypatch.setenv("HOME", str(person.project)),
    "another build": lambda person: person.monkeypatch.setattr("safehouse._build.ID", "other"),
    "another file of the program": lambda person: person.monkeypatch.setattr(
        sys, "argv", ["/opt/other/safehouse"]
    ),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_has_changed_is_planned_anew(person, change):
    configured(person)
    person.keeps("--", "claude")
    CHANGES[change](person)
    assert person.finds("--", "claude") is None


SAME = {
    "a file in the project": _setting("src/project/main.py", ""),
    "a file of the agent's": _setting(".claude/history", "a"),
    "a commit": lambda person: person.git("commit", "--quiet", "--allow-empty", "--message=a"),
    "git's index": lambda person: person.git("add", "--intent-to-add", "."),
    "a variable that nobody asks for": _variable("OLDPWD", "/opt"),
}


@pytest.mark.parametrize("change", SAME, ids=str)
def test_what_no_plan_depends_on_may_change(person, change):
    configured(person)
    (person.home / ".claude").mkdir()
    person.write("src/project/file", "")
    person.git("add", "file")
    person.monkeypatch.setenv("OLDPWD", "/")
    person.keeps("--", "claude")
    SAME[change](person)
    found = person.finds("--", "claude")
    assert found is not None
    assert described(found) == described(person.plans("--", "claude"))


def test_a_submodule_that_the_index_names_is_looked_for(person):
    person.write("src/project/file", "")
    person.git("add", "file")
    person.keeps("--", "true")
    commit = "0" * 39 + "1"
    person.git("update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    assert person.finds("--", "true") is None


def test_a_file_that_says_something_else_within_the_same_tick_is_seen(person):
    """Not times are compared, but what is read."""
    configured(person)
    person.keeps("--", "claude")
    file = person.home / CONFIG
    before = file.stat()
    file.write_text("add-dirs-ro: [~/more]\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert person.finds("--", "claude") is None


@pytest.mark.skipif(os.getuid() == 0, reason="root sees everything")
def test_a_directory_that_was_closed_is_not_taken_for_empty(person):
    place = person.project / "place"
    place.mkdir()
    argv = (f"--deny={place}/file", "--", "true")
    (place / "file").touch()
    person.keeps(*argv)
    place.chmod(0)
    assert person.finds(*argv) is None
    place.chmod(0o755)


def test_while_the_log_has_its_policy(person):
    """`safehouse policy --diff=last` wants it. Those that were used lately stay."""
    person.keeps("--", "true")
    (policy,) = (person.home / ".local/state/safehouse/audit/policies").glob("*")
    os.utime(policy, (1, 1))
    assert person.finds("--", "true") is not None
    assert policy.stat().st_mtime > 1
    policy.unlink()
    assert person.finds("--", "true") is None


def test_who_wants_no_log_has_none(person):
    person.write(CONFIG, "audit: off\n", 0o600)
    (person.home / ".config/safehouse").chmod(0o700)
    person.keeps("--", "true")
    assert again.kept(["--", "true"])[0]["log"] == ""


# What is not kept


@pytest.mark.parametrize(
    "argv",
    [
        ["--explain", "--", "true"],
        ["--deny-secrets", "--", "true"],
        ["--trust-workdir-config", "--", "true"],
        ["--", "A=secret", "true"],
        ["--", "env", "true"],
        ["--", "nice", "true"],
        ["--env=FILE", "--", "true"],
        ["--enable", "ssh", "true"],
    ],
)
def test_what_is_rare_is_planned_each_time(person, argv):
    (person.project / "FILE").write_text("A=1\n")
    person.plans(*argv)
    person.plans(*argv)
    assert person.finds(*argv) is None
    assert person.files == []


def test_what_there_is_something_to_tell_about_is_not_kept(person):
    person.write("src/project/.safehouse.yaml", "add-dirs: [~/x]\n")
    person.plans("--", "true")
    assert person.told
    assert person.files == []


def test_an_agents_words_have_no_say_in_the_plan(person):
    """Default arguments go behind the word that names the agent, wherever that stands."""
    person.write(CONFIG, "agents:\n  claude:\n    args: [--verbose]\n", 0o600)
    (person.home / ".config/safehouse").chmod(0o700)
    launch = person.keeps("--", "claude", "a")
    assert launch.argv[-2:] == ("--verbose", "a")
    argv = ("--agent=claude", "--", "true")
    person.plans(*argv)
    assert person.finds(*argv) is None


# What is on the disk


SECRET = "5ecret-value"


def test_no_value_of_a_variable_and_no_word_of_the_command_is_written(person):
    for name in ("TOKEN", "EDITOR", "ANTHROPIC_API_KEY", "HTTPS_PROXY"):
        person.monkeypatch.setenv(name, f"{SECRET}-{name}")
    person.keeps("--env-pass=TOKEN", "--", "claude", f"--key={SECRET}")
    person.keeps("--env", "--", "true", SECRET)
    kept = b"".join(file.read_bytes() for file in person.files)
    assert len(person.files) == 2
    assert SECRET.encode() not in kept
    assert person.finds("--env", "--", "true") is not None


def test_a_secret_that_changes_is_the_new_one(person):
    person.monkeypatch.setenv("TOKEN", "one")
    argv = ("--env-pass=TOKEN", "--", "true")
    person.keeps(*argv)
    person.monkeypatch.setenv("TOKEN", "two")
    assert person.finds(*argv) is None
    assert "two" in options(person.keeps(*argv))


def test_it_is_for_the_person_alone(person):
    person.keeps("--", "true")
    (file,) = person.files
    assert file.stat().st_mode == 0o100600
    assert file.parent.stat().st_mode == 0o040700


def _links_to_a_copy(file):
    other = file.with_name("other")
    file.rename(other)
    file.symlink_to(other.name)


SPOILT = {
    "for others": lambda file: file.chmod(0o604),
    "for the group": lambda file: file.chmod(0o660),
    "executable": lambda file: file.chmod(0o700),
    "a link": _links_to_a_copy,
    "with a second name": lambda file: os.link(file, file.with_name("second")),
    "in a directory that others may write": lambda file: file.parent.chmod(0o777),
    "empty": lambda file: file.write_bytes(b""),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "cut off early": lambda file: file.write_bytes(file.read_bytes()[:30]),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\0"),
    "one byte changed": lambda file: file.write_bytes(file.read_bytes()[:-1] + b"\xff"),
    "no digest": lambda file: file.write_bytes(file.read_bytes()[20:]),
    "too long": lambda file: file.write_bytes(bytes(again.MOST_BYTES + 1)),
    "a directory": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file, 0o600)),
}


@pytest.mark.parametrize("how", SPOILT, ids=str)
def test_what_is_not_as_it_was_written_is_not_believed(person, how):
    person.keeps("--", "true")
    (file,) = person.files
    SPOILT[how](file)
    assert person.finds("--", "true") is None
    person.plans("--", "true")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_nor_what_belongs_to_somebody_else(person):
    person.keeps("--", "true")
    (file,) = person.files
    os.chown(file, 61234, 61234)
    assert person.finds("--", "true") is None


def test_another_form_is_not_read(person, monkeypatch):
    person.keeps("--", "true")
    monkeypatch.setattr(again, "FORM", again.FORM + 1)
    assert person.finds("--", "true") is None


def test_a_home_that_is_not_the_persons_own_keeps_nothing(person, monkeypatch):
    monkeypatch.setitem(facts.ASK, "home", lambda who: "/root-of-somebody")
    person.plans("--", "true")
    assert person.files == []
    assert person.finds("--", "true") is None


def test_nor_does_a_checkout(person, monkeypatch):
    monkeypatch.delattr("safehouse._build")
    person.plans("--", "true")
    assert person.files == []


def test_only_so_many_are_kept(person, monkeypatch):
    monkeypatch.setattr(keep, "_MOST_KEPT", 3)
    monkeypatch.setattr(keep, "_LEFT", 2)
    for number in range(6):
        monkeypatch.setenv(f"NUMBER_{number}", "")
        person.plans("--", "true")
        assert len(person.files) <= 3
    assert person.finds("--", "true") is not None


def test_no_confined_program_can_look_at_it(person):
    launch = person.keeps("--add-dirs=~", "--", "true")
    words = options(launch)
    place = str(person.home / ".cache/safehouse")
    at = words.index(place)
    assert words[at - 1] == "--tmpfs"
    assert words[at - 3 : at - 1] == ["--perms", "0000"]


def test_two_answers_to_one_question_keep_nothing(person, monkeypatch):
    """Somebody exchanges what is looked at, while it is."""
    answers = iter(range(1_000_000))
    monkeypatch.setitem(facts.ASK, "access", lambda question: next(answers))
    person.plans("--", "true")
    assert person.files == []


def test_the_head_ends_with_the_commands_name():
    assert again.head(["claude", "--", "x"]) == ("claude",)
    assert again.head(["--enable=a", "--", "b", "--", "c"]) == ("--enable=a", "--", "b")
    assert again.head(["run", "--", "b"]) == ("run", "--", "b")
    assert again.head(["run", "b"]) == ()
    assert again.head(["--enable", "a", "b"]) == ()
    assert again.head(["--"]) == ()
    assert again.head(["--", "--"]) == ()


def test_words_in_a_launch_are_what_its_options_are(person):
    launch = person.keeps("--", "true")
    assert sum(isinstance(part, Words) for part in launch.argv) == 1
