"""The whole command as a person sees it: what it prints, where, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import safehouse
from safehouse.cli import main as entry
from safehouse.errors import NOT_EXECUTABLE, NOT_FOUND, REFUSED, UserError, nearest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(in_home):
    home = in_home(at="w")
    (home / ".zshrc").write_text("")
    return home


@pytest.fixture
def run(capsys):
    def run(*words):
        status = entry.main(list(words))
        out, err = capsys.readouterr()
        return status, out, err

    return run


def plain_error(text):
    lines = text.splitlines()
    assert lines and all(line.startswith("safehouse: ") for line in lines)
    assert "\x1b" not in text and "Traceback" not in text
    return text


# Errors


@pytest.mark.parametrize(
    "words, status, message",
    [
        (("--nothing", "true"), REFUSED, "unknown option --nothing"),
        (("--enable=shh", "true"), REFUSED, "did you mean 'ssh'?"),
        (("--agent=cluade", "true"), REFUSED, "did you mean 'claude'?"),
        (("--add-dirs=none", "true"), REFUSED, "--add-dirs: none does not exist"),
        (("--workdir=~", "--deny=none", "true"), REFUSED, "--deny: none does not exist"),
        (("--env=none", "true"), REFUSED, "--env: none does not exist"),
        (("--env-pass=1A", "true"), REFUSED, "not the name of a variable"),
        (("--explain=no",), REFUSED, "no command to run"),
        (("--",), REFUSED, "no command to run"),
        (("A=1",), REFUSED, "no command to run"),
        (("no-such-command-at-all",), NOT_FOUND, "command not found: no-such-command-at-all"),
        (("./none",), NOT_FOUND, "command not found: ./none"),
        (("--", "/"), NOT_EXECUTABLE, "/ is not an executable file"),
        (("why", "raed", "x"), REFUSED, "did you mean 'read'?"),
        (("why", "read"), REFUSED, "what is to be decided?"),
        (("why",), REFUSED, "what is to be decided?"),
        (("policy", "--platform=windows"), REFUSED, "one of: macos, linux"),
    ],
)
def test_an_error_is_plain_text_with_a_status(run, words, status, message):
    found, out, err = run(*words)
    assert (found, out) == (status, "")
    assert message in plain_error(err)


def test_an_error_says_what_to_do_next(run):
    _, _, err = run("--enable=shh", "true")
    assert len(err.splitlines()) == 2
    assert err.splitlines()[1] == "safehouse: safehouse profiles lists every feature"


def test_control_characters_of_others_do_not_reach_the_terminal(run):
    for words in (
        ("--add-dirs=\x1b[2J", "true"),
        ("\x1b[2J",),
        ("--\x1b[2J",),
        ("why", "\x1b", "x"),
    ):
        status, _, err = run(*words)
        assert status in (REFUSED, NOT_FOUND)
        assert "\\x1b" in plain_error(err)


@pytest.mark.parametrize(
    "raised, status, message",
    [
        (UserError("a\nb", "c", 126), 126, "safehouse: a\nsafehouse: b\nsafehouse: c\n"),
        (UserError("a"), 125, "safehouse: a\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (
            PermissionError(13, "Permission denied", "/x\ny"),
            125,
            "safehouse: /x\\ny: Permission denied\n",
        ),
        (
            OSError(28, "No space left on device"),
            125,
            "safehouse: the system: No space left on device\n",
        ),
    ],
)
def test_every_kind_of_failure_has_its_status(run, monkeypatch, raised, status, message):
    def fail(argv):
        raise raised

    monkeypatch.setattr(entry, "_main", fail)
    assert run("x") == (status, "", message)


def test_a_mistake_of_ours_is_not_hidden(run, monkeypatch):
    monkeypatch.setattr(entry, "_main", lambda argv: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        run("x")


def test_the_home_is_not_the_project_unless_one_says_so(run, home, monkeypatch):
    monkeypatch.chdir(home)
    status, _, err = run("true")
    assert status == REFUSED
    assert "--workdir=~" in plain_error(err)
    for words in (("--workdir=~",), ("--workdir=.",), ("--workdir=",)):
        assert run("policy", *words)[0] == 0


@pytest.mark.parametrize("value, message", [("/", "HOME is /"), ("x", "not an absolute path")])
def test_a_home_that_is_none_is_refused(run, monkeypatch, value, message):
    monkeypatch.setenv("HOME", value)
    status, _, err = run("true")
    assert status == REFUSED
    assert message in plain_error(err)


# help and version


@pytest.mark.parametrize(
    "words, says",
    [
        (("claud",), "command not found: claud, did you mean 'claude'?"),
        (("Codex", "x"), "command not found: Codex, did you mean 'codex'?"),
        (("polcy", "--", "x"), "command not found: polcy, did you mean 'policy'?"),
        (("version",), "did you mean '--version'?"),
        (("xyzzy",), "command not found: xyzzy\n"),
        (("./claud",), "command not found: ./claud\n"),
        (("--shim", "claud"), "command not found: claud\n"),
        (("help", "polcy"), "there is no command 'polcy', did you mean 'policy'?"),
        (("help", "nonsense"), "there is no command 'nonsense'\n"),
        (("-v",), "-V: show the version"),
        (
            ("grant", "--rw", "x"),
            "unknown option --rw\nsafehouse: safehouse grant --help lists them",
        ),
        (("--netwrk=none",), "unknown option --netwrk, did you mean '--network'?"),
        (("--env=/none", "true"), "--env: /none does not exist\nsafehouse: create it first"),
        (("--die-with=x", "true"), "--die-with: 'x' is no number of a process"),
    ],
)
def test_a_word_that_is_near_to_one_of_ours_is_told(run, words, says):
    status, _, err = run(*words)
    assert status in (REFUSED, NOT_FOUND)
    assert says in err


@pytest.mark.parametrize(
    "word, known, meant",
    [
        ("nope", ["open"], ""),
        ("shh", ["ssh", "gh"], "ssh"),
        ("optoins", ["options"], "options"),
        ("bsh", ["zsh", "bash"], "bash"),
        ("dokcer", ["docker"], "docker"),
        ("--rw", ["--for"], ""),
        ("--add-dir", ["--add-dirs-ro", "--add-dirs"], "--add-dirs"),
        ("toolchain-wirtes", ["toolchain-writes"], "toolchain-writes"),
        ("x" * 100_000, ["y" * 100_000], ""),
    ],
)
def test_a_suggestion_is_a_slip_away_and_no_other_word(word, known, meant):
    assert nearest(word, known) == (f", did you mean {meant!r}?" if meant else "")


def test_help_and_version(run):
    status, out, err = run("--version")
    assert (status, err) == (0, "")
    assert out.startswith(f"safehouse {safehouse.__version__} (checkout {ROOT}, Python 3.")
    for words in ((), ("--help",), ("-h",), ("help",), ("help", "help"), ("--agent=x", "--help")):
        status, out, err = run(*words)
        assert (status, err) == (0, "")
        assert "usage: safehouse [OPTIONS]" in out
    assert "usage: safehouse why" in run("why", "--help")[1]
    assert "usage: safehouse policy" in run("policy", "-h")[1]


# policy


def test_a_policy_in_the_language_of_each_system(run):
    assert run("policy", "--platform=macos", "claude")[1].startswith("(version 1)\n")
    assert run("policy", "--platform=linux", "claude")[1].startswith("bwrap \\\n")
    assert run("policy", "--platform=macos", "--format=sbpl")[1].startswith("(version 1)\n")


@pytest.mark.parametrize("platform, language", [("macos", "bwrap"), ("linux", "sbpl")])
def test_the_language_of_the_other_system_is_refused(run, platform, language):
    status, _, err = run("policy", f"--platform={platform}", f"--format={language}")
    assert status == REFUSED
    other = {"macos": "linux", "linux": "macos"}[platform]
    assert f"--platform={other}" in plain_error(err)


def test_as_a_table_the_winning_rules_come_last(run):
    status, out, _ = run("policy", "--platform=macos", "--format=table", "--deny=.git", "codex")
    lines = out.splitlines()
    assert status == 0
    assert lines[0].startswith("deny") and "default" in lines[0] and "everything" in lines[0]
    assert all(line.startswith(("allow", "deny")) for line in lines)
    assert any("codex, profiles.yaml" in line for line in lines)
    assert "(protected)" in lines[-1]


def test_as_json_for_programs(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    status, out, _ = run("policy", "--platform=macos", "--format=json", "codex")
    found = json.loads(out)
    assert (status, found["platform"], found["agent"]) == (0, "macos", "codex")
    assert "OPENAI_API_KEY" in found["environment"]
    assert "sk-secret" not in out
    assert found["rules"][0] == {
        "action": "deny", "operations": ["default"], "filter": None, "tier": "base",
        "source": found["rules"][0]["source"], "reason": "nothing is allowed that no rule allows",
    }  # fmt: skip


@pytest.mark.parametrize("platform", ["macos", "linux"])
def test_no_value_of_a_variable_is_ever_printed(run, monkeypatch, platform):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    for form in ("table", "json", {"macos": "sbpl", "linux": "bwrap"}[platform]):
        out = run("policy", f"--platform={platform}", f"--format={form}", "--agent=claude")[1]
        assert out and "sk-secret" not in out


def test_a_policy_is_written_to_a_file_that_only_its_owner_reads(run, home):
    """R75: a name with blanks; one that is there is replaced."""
    file = home / "a policy.sb"
    file.write_text("old" * 100_000)
    file.chmod(0o644)
    status, out, _ = run("policy", "--platform=macos", "--output", "~/a policy.sb", "claude")
    assert (status, out) == (0, "")
    assert file.read_text() == run("policy", "--platform=macos", "claude")[1]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_new_file_and_missing_directories_are_made(run, home):
    new = home / "a/b/new.sb"
    assert run("policy", "--platform=macos", f"--output={new}") == (0, f"{new}\n", "")
    assert new.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in new.parent.iterdir()] == ["new.sb"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_policy_is_not_written_through_a_link(run, home, exists):
    """A command may have put it there."""
    target = home / "target"
    if exists:
        target.write_text("kept")
    link = home / "w/p"
    link.symlink_to(target)
    assert run("policy", "--output=p", "true")[0] == 0
    assert link.is_file() and not link.is_symlink()
    assert (target.read_text() == "kept") if exists else not target.exists()


@pytest.mark.parametrize("path", ["file/x.sb", ".", "directory", "directory/", "pipe", "a\nb"])
def test_a_file_that_cannot_be_written_is_refused(run, home, path):
    (home / "w/file").write_text("")
    (home / "w/directory").mkdir()
    os.mkfifo(home / "w/pipe")
    status, _, err = run("policy", "--platform=macos", f"--output={path}")
    assert status == REFUSED
    assert "--output: " in plain_error(err)
    assert sorted(os.listdir(home / "w")) == ["directory", "file", "pipe"]
    assert os.listdir(home / "w/directory") == []


# --stdout, --output of a run


@pytest.fixture
def never_started(monkeypatch):
    from safehouse import sandbox

    def started(*words):
        raise AssertionError("it was started")

    monkeypatch.setattr(sandbox, "run", started)


def test_stdout_prints_the_policy_and_never_executes(run, never_started, home):
    """R75."""
    for words in (
        ("--stdout", "touch", "x"),
        ("--stdout", "--explain", "--", "touch", "x"),
        ("--stdout",),
    ):
        status, out, err = run(*words)
        assert (status, bool(err)) == (0, "--explain" in words)
        assert out.count("\n") > 20
    assert run("--stdout", "--output=p", "touch", "x")[0] == 0
    assert (home / "w/p").exists() and not (home / "w/x").exists()


@pytest.mark.parametrize("words", [("--explain",), ("--explain", "--stdout"), ("--explain=full",)])
def test_without_a_command_it_explains_what_one_may_do(run, never_started, words):
    status, out, err = run(*words, "--add-dirs-ro=~/.zshrc")
    assert (status, bool(out)) == (0, "--stdout" in words)
    assert "~/.zshrc" in plain_error(err)
    assert ("may be read and written" in err) == ("--explain=full" in words)
    assert len(err.splitlines()) <= 30 or "--explain=full" in words


def test_how_much_is_explained_can_be_a_default_that_an_option_undoes(run, home):
    file = home / ".config/safehouse/config.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("explain: full\n")
    assert "may be read and written" in run("--stdout")[2]
    assert "may write" in run("--stdout", "--explain")[2]
    assert run("--stdout", "--explain=no")[2] == ""
    file.write_text("explain: true\n")
    assert "may write" in run("--stdout")[2]
    assert "may be read and written" in run("--stdout", "--explain=full")[2]


def test_output_without_a_command_only_writes(run, never_started, home):
    """R75: and says where; with --stdout there is the policy only."""
    assert run("--output=p") == (0, f"{home}/w/p\n", "")
    policy = run("--output=q", "--stdout")[1]
    assert (home / "w/p").read_text() == (home / "w/q").read_text() == policy


def test_output_with_a_command_runs_it_too(run, home, monkeypatch):
    from safehouse import sandbox

    monkeypatch.setattr(sandbox, "run", lambda *_: 9)
    assert run("--output=p", "true") == (9, "", "")
    assert (home / "w/p").exists()


# Pipes that nobody reads


@pytest.mark.parametrize(
    "words", [("--help",), ("policy",), ("policy", "--format=json"), ("--version",)]
)
def test_a_reader_that_went_away_is_no_failure_to_complain_of(words, home):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "safehouse", *words], cwd=home / "w", stdout=write, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, timeout=60,
    )  # fmt: skip
    os.close(write)
    assert done.stderr == ""
    assert done.returncode == 141


def test_an_error_that_nobody_reads_has_its_status_all_the_same(home):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "safehouse", "--nothing"], cwd=home / "w", stderr=write,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    os.close(write)
    assert done.returncode == REFUSED


def test_a_limit_of_open_files_that_is_too_low_is_told_as_that(monkeypatch, capsys):
    def without_descriptors(argv):
        raise OSError(24, "Too many open files", "/srv/x")

    monkeypatch.setattr(entry, "_main", without_descriptors)
    assert entry.main(["--", "true"]) == 125
    assert "/srv/x: Too many open files" in (said := capsys.readouterr().err)
    assert "ulimit -n" in said
