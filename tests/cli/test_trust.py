"""`safehouse trust`: it shows all that a project asks for, asks, and keeps exactly what it showed."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse import sandbox
from safehouse.cli import main as entry
from safehouse.cli import review, trust
from safehouse.sources import trust as records
from safehouse.sources.trust import Content

ROOT = Path(__file__).parents[2]
PATIENCE = 20


class Project:
    def __init__(self, home):
        self.home = home
        self.root = home / "src/project"
        self.root.mkdir(parents=True)

    def write(self, name, text, below="src/project"):
        path = self.home / below / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
        return path


@pytest.fixture
def project(tmp_path, monkeypatch):
    home = tmp_path.resolve() / "home"
    found = Project(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in [name for name in os.environ if name.startswith(("XDG_", "SSH_", "SAFEHOUSE"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(found.root)
    return found


@pytest.fixture
def run(capsys):
    def run(*words):
        status = entry.main(list(words))
        out, err = capsys.readouterr()
        assert "\x1b" not in out + err
        return status, out, err

    return run


def gives(run, what, path, *options):
    return run("why", *options, what, str(path), "--", "true")[0] == 0


# What is shown


def test_everything_that_it_asks_for_is_shown_in_words(project, run, monkeypatch):
    for name in ("docs", "tools", "src/sibling"):
        (project.home / name).mkdir()
    for name in ("vendor", "secret"):
        (project.root / name).mkdir()
    project.write("notes.txt", "", below="")
    (project.home / "link").symlink_to("docs")
    monkeypatch.setenv("SET_TOKEN", "the value")
    project.write(
        ".safehouse.yaml",
        """\
deny: [secret, nothing]
add-dirs-ro: [vendor, ~/docs, ~/notes.txt, ../none]
add-dirs: [../sibling, ~/link, ~/.config/safehouse]
enable: [docker]
env-pass: [SET_TOKEN, OTHER_TOKEN]
append-profile: [its.sb]
network: open
""",
    )
    project.write(
        "its.sb",
        """\
(allow file-read* file-write* (subpath "/opt/its"))
(deny file-read* (literal (string-append HOME_DIR "/x")))
(allow mach-lookup (global-name "com.example.x"))
(allow process-exec* (regex #"^/opt/.*$"))
(allow file-read* (home-subpath "/data"))
(allow network-outbound)
; $$exec-env-default=EDITOR=its$$
""",
    )
    status, out, err = run("trust")
    home, root = project.home, project.root
    before, _, rest = out.partition("Opened when you trust it:\n")
    opened, _, refused = rest.partition("Not opened, even so:\n")
    for line in (
        f"closed          {root}/secret and all below it, written secret (.safehouse.yaml:1)",
        f"closed          {root}/nothing, which does not exist, written nothing (.safehouse.yaml:1)",
        f"read-only       {root}/vendor and all below it, written vendor (.safehouse.yaml:2)",
    ):
        assert f"  {line}\n" in before
    for line in (
        f"read            {home}/docs and all below it, written ~/docs (.safehouse.yaml:2)",
        f"read            {home}/notes.txt, written ~/notes.txt (.safehouse.yaml:2)",
        f"read            {home}/src/none, written ../none, which does not exist: from the day "
        "that it does (.safehouse.yaml:2)",
        f"read and write  {home}/src/sibling and all below it, written ../sibling (.safehouse.yaml:3)",
        f"read and write  {home}/docs and all below it, written ~/link, by the link {home}/link -> "
        "docs (.safehouse.yaml:3)",
        "variable        SET_TOKEN, which is set now (.safehouse.yaml:5)",
        "variable        OTHER_TOKEN, which is not set now (.safehouse.yaml:5)",
        "network         open (.safehouse.yaml:7)",
        f"profile         {root}/its.sb, 6 rules (.safehouse.yaml:6)",
        "  may read [file-read*], write [file-write*]: /opt/its and all below it",
        f"  may not read [file-read*], file-link, file-write-unlink: {home}/x",
        "  may use the service [mach-lookup]: global-name com.example.x",
        "  may run [process-exec*]: regex ^/opt/.*$",
        f"  may read [file-read*]: {home}/data and all below it",
        "  may connect to [network-outbound]: everything",
        "  variable EDITOR: no effect, since a project's profile sets none",
    ):
        assert f"  {line}\n" in opened, line
    assert "feature         docker: this ends the confinement" in opened
    assert "written ~/.config/safehouse: it is protected" in refused
    assert "the value" not in out + err
    assert status == 1


@pytest.mark.skipif(sys.platform != "linux", reason="a keychain is a Mac's")
def test_a_feature_of_another_system_that_another_brings_along_is_not_shown(project, run):
    """docker requires keychain."""
    project.write(".safehouse.yaml", "enable: [docker, keychain]\n")
    _, out, _ = run("trust", "--yes")
    assert out.count("keychain") == 2, (
        out
    )  # in what docker gives up, and the one that was asked for
    assert "feature         keychain, which means nothing on this system (" in out


def test_what_is_too_wide_or_led_there_by_a_link_is_shown_as_refused(project, run):
    (project.home / "docs").mkdir()
    (project.root / "link").symlink_to("../../docs")
    project.write(".safehouse.yaml", "add-dirs: [~/, /]\nadd-dirs-ro: [link]\n")
    _, out, _ = run("trust")
    opened, _, refused = out.partition("Not opened, even so:\n")
    assert "Opened" not in opened
    assert f"read and write  {project.home}, written ~/: it holds your whole home" in refused
    assert "read and write  /: it holds your whole home" in refused
    assert f"by the link {project.root}/link -> ../../docs: it leads through the link" in refused


def test_two_paths_of_one_line_have_their_own_reasons(project, run):
    (project.home / "docs").mkdir()
    (project.root / "link").symlink_to("../../docs")
    (project.root / "other").symlink_to("../../docs")
    project.write(".safehouse.yaml", "add-dirs-ro: [link, other]\n")
    refused = run("trust")[1].partition("Not opened, even so:\n")[2].splitlines()
    for name, line in zip(("link", "other"), refused):
        assert (
            f"written {name}, " in line
            and f"it leads through the link {project.root}/{name}," in line
        )


def test_what_you_have_refused_is_said_to_be_so(project, run):
    for name in ("docs/in", "out", "half", "free"):
        (project.home / name).mkdir(parents=True)
    own = ".config/safehouse/config.yaml"
    project.write(own, "deny: [~/docs]\nadd-dirs-ro: [~/half]\nnetwork: none\n", below="")
    run("grant", "--deny", str(project.home / "out"))
    project.write(
        ".safehouse.yaml",
        "add-dirs-ro: [~/docs/in, ~/docs/none]\nadd-dirs: [~/out, ~/half, ~/free]\nnetwork: open\n",
    )
    opened = run("trust")[1].partition("Opened when you trust it:\n")[2].splitlines()
    lines = "\n".join(opened)
    of_config = "but you refused it: ~/.config/safehouse/config.yaml:1 (.safehouse.yaml:1)"
    assert f"written ~/docs/in, {of_config}" in lines
    assert f"from the day that it does, {of_config}" in lines
    assert "written ~/out, but you refused it: ~/.config/safehouse/grants.yaml:" in lines
    assert (
        "written ~/half, but you refused it for writing: ~/.config/safehouse/config.yaml:2" in lines
    )
    assert "written ~/free (.safehouse.yaml:2)" in lines
    assert (
        "open, but you refused it: ~/.config/safehouse/config.yaml:3 (.safehouse.yaml:3)" in lines
    )


def test_names_of_links_do_not_reach_the_terminal_as_they_are(project, run):
    (project.home / "docs").mkdir()
    (project.root / "l").symlink_to("m\x1b[2J\u202e")
    (project.root / "m\x1b[2J\u202e").symlink_to("../../docs")
    (project.home / "a").symlink_to("b\x1b[2J")
    (project.home / "b\x1b[2J").symlink_to("docs")
    project.write(".safehouse.yaml", "add-dirs: [l, ~/a, ~/src]\n")
    out = run("trust")[1]  # which looks for escapes in all that is printed
    assert "m\\x1b[2J\\u202e" in out and "b\\x1b[2J" in out


def test_the_old_file_is_shown_as_well(project, run):
    (project.home / "docs").mkdir()
    (project.root / "sub").mkdir()
    project.write(".safehouse", "# x\nadd-dirs=~/docs\nenable=ssh\nadd-dirs-ro=sub\n")
    _, out, _ = run("trust")
    assert "In force already" not in out and f"read-only       {project.root}/sub" in out
    assert (
        f"read and write  {project.home}/docs and all below it, written ~/docs (.safehouse:2)"
        in out
    )
    assert "feature         ssh: " in out


def test_what_changed_is_shown_first(project, run):
    project.write(".safehouse.yaml", "add-dirs: [~/a]\nappend-profile: [its.sb]\n")
    project.write("its.sb", '(allow file-read* (literal "/a"))\n')
    assert run("trust", "--yes")[0] == 0
    project.write(".safehouse.yaml", "add-dirs: [~/b]\nappend-profile: [its.sb]\n")
    project.write("its.sb", '(allow file-read* (literal "/b\x1b[2J"))\n')
    assert run("trust")[0] == 125  # a control character is nothing for a policy
    project.write("its.sb", '; \u202e\u200b\r\n(allow file-read* (literal "/b"))\n')
    _, out, _ = run("trust")
    head, _, rest = out.partition("has a configuration of its own.")
    assert f"--- {project.root}/.safehouse.yaml as you saw it\n" in head
    assert "-add-dirs: [~/a]\n+add-dirs: [~/b]\n" in head
    assert '-(allow file-read* (literal "/a"))\n+; \\u202e\\u200b\\r\n' in head
    assert "/b" in rest and "Opened when you trust it" in rest


def test_a_second_file_is_a_change(project, run):
    project.write(".safehouse", "enable=ssh\n")
    run("trust", "--yes")
    project.write(".safehouse.yaml", "enable: [ssh]\n")
    assert "+enable: [ssh]\n" in run("trust")[1]


def test_a_new_profile_and_one_that_is_gone_are_changes(project, run):
    project.write(".safehouse.yaml", "append-profile: [a.sb]\n")
    project.write("a.sb", '(allow file-read* (literal "/a"))\n')
    project.write("b.sb", '(allow file-write* (literal "/a"))\n')
    run("trust", "--yes")
    project.write(".safehouse.yaml", "append-profile: [b.sb]\n")
    out = run("trust")[1]
    assert f"+++ {project.root}/b.sb now\n" in out and "--- (no file)\n" in out
    assert f"--- {project.root}/a.sb as you saw it\n" in out and "+++ (no file)\n" in out


def content(*files):
    return Content("/p", tuple((f"/p/{n}", data) for n, data in enumerate(files)))


def test_a_difference_is_bounded():
    lines = review.differences(content(b"a\n" * 900), content(b"b\n" * 900))
    assert len(lines) == 201 and lines[-1].startswith("and ")
    lines = review.differences(content(b""), content(b"a" * 50_000))
    assert max(map(len, lines)) < 1300 and "more characters" in lines[-1]
    (line,) = review.differences(content(b"\n" * 100_000), content(b"x\n" * 100_000))
    assert "too many to compare" in line


@pytest.mark.parametrize("number", [1, 2, 7, 40])
def test_a_difference_does_not_take_long(number):
    old = b"".join(b"%d\n" % (n % number) for n in range(999))
    new = b"".join(b"%d\n" % (n * 7 % number) for n in range(999))
    begun = time.process_time()
    review.differences(content(old, old), content(new, new[::-1]))
    assert time.process_time() - begun < 10


@given(st.text())
def test_nothing_is_shown_that_cannot_be_seen(text):
    shown = review.visible(text)
    assert shown.isprintable()
    for character in shown:
        name = unicodedata.name(character, "")
        assert "FILLER" not in name and "VARIATION SELECTOR" not in name and "JOINER" not in name


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a b", "a b"),
        ("\x1b[31m\n", "\\x1b[31m\\n"),
        ("a\u202eb\u2066\u200b\ufeff", "a\\u202eb\\u2066\\u200b\\ufeff"),
        ("a\u00a0b", "a\\xa0b"),
        ("x\ufe0f\u3164\u034f", "x\\ufe0f\\u3164\\u034f"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
        ("d\u043ecs", "d\u043ecs [in ASCII: d\\u043ecs]"),
        ("B\u00fcro", "B\u00fcro [in ASCII: B\\xfcro]"),
    ],
)
def test_every_text_looks_like_itself_only(text, shown):
    assert review.visible(text) == shown


# What it is about


def test_nothing_to_trust(project, run):
    status, out, err = run("trust")
    assert (status, err) == (1, "")
    assert (
        out
        == f"nothing to trust: there is no .safehouse.yaml and no .safehouse in {project.root}\n"
    )
    assert run("trust", "--yes")[0] == 1
    assert run("trust", "--decline")[0] == 1


def test_nothing_to_ask_where_it_opens_nothing(project, run):
    project.write(".safehouse.yaml", "deny: [x]\nnetwork: none\n")
    status, out, _ = run("trust")
    assert status == 0
    assert "There is nothing to trust: it opens nothing." in out
    assert "network         none (.safehouse.yaml:2)" in out


def test_it_is_not_that_of_a_directory_above(project, run, monkeypatch):
    """R73."""
    project.write(".safehouse.yaml", "add-dirs: [~/a]\n")
    (project.root / "sub").mkdir()
    monkeypatch.chdir(project.root / "sub")
    assert run("trust", "--yes")[0] == 1


def test_another_directory(project, run, monkeypatch):
    (project.home / "data").mkdir()
    (project.home / "link").symlink_to("src/project")
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    monkeypatch.chdir(project.home / "data")
    assert run("trust", "--for=~/link", "--yes")[0] == 0
    monkeypatch.chdir(project.root)
    assert gives(run, "write", project.home / "data/x")
    for option in ("--for=~/none", "--for=~/src/project/.safehouse.yaml"):
        status, _, err = run("trust", option)
        assert status == 125 and "--for: " in err


@pytest.mark.parametrize(
    "words",
    [("trust", "x"), ("untrust", "x"), ("trust", "--yes", "--decline"), ("trust", "--import", "--decline"),
     ("trust", "--import", "--for=."), ("untrust", "--yes"), ("untrust", "--decline")],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused(project, run, words):
    status, out, err = run(*words)
    assert (status, out) == (125, "")
    assert len(err.splitlines()) == 2


@pytest.mark.parametrize("command", ["trust", "untrust"])
def test_inside_of_a_sandbox_it_is_refused(project, run, monkeypatch, command):
    project.write(".safehouse.yaml", "add-dirs: [~/a]\n")
    monkeypatch.setattr(
        sandbox.backend_for(entry_host()), "inside", lambda host: True, raising=False
    )
    backend = type(sandbox.backend_for(entry_host()))
    monkeypatch.setattr(backend, "inside", lambda self, host: True)
    status, out, err = run(command)
    assert (status, out) == (125, "")
    assert "inside of a sandbox" in err


def entry_host():
    from safehouse.host import Host

    return Host.current()


@pytest.mark.parametrize(
    "text, said",
    [
        ("enable: [shh]\n", ".safehouse.yaml:1: no feature is called 'shh', did you mean 'ssh'?"),
        ("add-dir: [x]\n", ".safehouse.yaml:1: unknown key"),
        ("append-profile: [none.sb]\n", ".safehouse.yaml:1: "),
    ],
)
def test_what_is_wrong_is_an_error(project, run, text, said):
    project.write(".safehouse.yaml", text)
    status, out, err = run("trust", "--yes")
    assert (status, out) == (125, "")
    assert err.startswith(f"safehouse: {said}")


@pytest.mark.parametrize(
    "sbpl", ["(allow", "(frobnicate)", "(allow file-read* (subpath 5))", b"\xff"]
)
def test_a_profile_that_is_wrong_or_not_understood_is_an_error(project, run, sbpl):
    project.write(".safehouse.yaml", "append-profile: [its.sb]\n")
    project.write("its.sb", sbpl)
    status, out, err = run("trust", "--yes")
    assert (status, out) == (125, "")
    assert f"{project.root}/its.sb:1" in err


# Its answer, without a terminal


def test_without_a_terminal_nothing_is_trusted_but_by_word(project, run):
    (project.home / "data").mkdir()
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    status, out, err = run("trust")
    assert status == 1
    assert "Opened when you trust it" in out
    assert err.endswith("safehouse: read what it opens; then: safehouse trust --yes\n")
    assert not gives(run, "write", project.home / "data/x")
    status, out, _ = run("trust", "--yes")
    assert status == 0
    assert "Opened when you trust it" in out
    assert out.endswith(f"trusted: {project.root}, until it changes\n")
    assert gives(run, "write", project.home / "data/x")
    assert run("trust") == (0, f"trusted already: {project.root}, as it is now\n", "")


def test_declining(project, run):
    project.write(".safehouse.yaml", "add-dirs: [~/]\n")
    project.write(".safehouse", "nonsense, which nobody has to understand to decline it")
    assert run("policy", "--", "true")[0] == 0
    status, out, _ = run("trust", "--decline")
    assert status == 0
    assert out.startswith(f"declined: {project.root}")
    (project.root / ".safehouse").unlink()
    assert run("trust")[0] == 1


def test_what_was_declined_has_not_changed_by_the_profile_that_it_names(project, run):
    project.write(".safehouse.yaml", "append-profile: [its.sb]\n")
    project.write("its.sb", '(allow file-read* (literal "/a"))\n')
    run("trust", "--decline")
    assert "It has changed" not in run("trust")[1]
    project.write(".safehouse.yaml", "append-profile: [its.sb]\nenable: [ssh]\n")
    assert "It has changed" in run("trust")[1]
    run("trust", "--decline")
    project.write(".safehouse", "enable=ssh\n")
    assert "It has changed" in run("trust")[1]


def test_hints_name_the_directory(project, run, monkeypatch):
    project.write(".safehouse.yaml", "enable: [ssh]\n")
    monkeypatch.chdir(project.home)
    assert f"safehouse trust --for={project.root} --yes" in run("trust", "--for=src/project")[2]


def test_forgetting(project, run):
    (project.home / "data").mkdir()
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    run("trust", "--yes")
    assert run("untrust") == (
        0, f"forgotten: {project.root} gets no more than any other project\n", "",
    )  # fmt: skip
    assert not gives(run, "write", project.home / "data/x")
    assert run("untrust") == (0, f"nothing is remembered of {project.root}\n", "")


def test_forgetting_a_directory_that_is_gone(project, run, monkeypatch):
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    run("trust", "--yes")
    monkeypatch.chdir(project.home)
    (project.root / ".safehouse.yaml").unlink()
    project.root.rmdir()
    assert run("untrust", "--for=~/src/project")[1].startswith("forgotten: ")
    assert list((project.home / ".local/state/safehouse/trust").iterdir()) == []


def test_records_of_what_is_gone_do_no_harm(project, run):
    directory = project.home / ".local/state/safehouse/trust"
    directory.mkdir(parents=True, mode=0o700)
    for n in range(3):
        (directory / f"{n}").write_bytes(b"rubbish")
    assert run("policy", "--", "true")[0] == 0


def test_nothing_is_kept_where_a_confined_command_could_change_it(project, run, monkeypatch):
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    monkeypatch.setenv("XDG_STATE_HOME", str(project.root / "state"))
    for words in (
        ("trust", "--yes"),
        ("trust", "--decline"),
        ("policy", "--always-trust-workdir-config"),
    ):
        status, _, err = run(*words)
        assert status == 125
        assert "XDG_STATE_HOME: " in err
    assert not (project.root / "state").exists()


# At a terminal


def _take_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """`safehouse` at a terminal, and what it shows there."""

    def __init__(self, *words, **variables):
        self.master, slave = pty.openpty()
        env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **variables}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "safehouse", *words], stdin=slave, stdout=slave, stderr=slave,
            env=env, start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509
        )  # fmt: skip
        os.close(slave)
        self.text = ""

    def see(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.text:
            assert time.monotonic() < deadline, self.text
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode()
                except OSError:
                    pytest.fail(self.text)
        return self

    def type(self, text):
        os.write(self.master, text.encode())
        return self

    def end(self):
        """Its status."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.text += os.read(self.master, 65536).decode()
                except OSError:
                    break
        try:
            self.process.wait(5)
            while select.select([self.master], [], [], 0)[0]:
                self.text += os.read(self.master, 65536).decode()
        except OSError:
            pass
        os.close(self.master)
        return self.process.returncode


QUESTION = "Trust it, until it changes? [y/N] "


@pytest.mark.parametrize(
    "answer, status",
    [("y\n", 0), ("Y\n", 0), ("yes\n", 0), (" yes \n", 0), ("\n", 1), ("n\n", 1), ("no\n", 1),
     ("yn\n", 1), ("x\n", 1), ("\x04", 1), ("\x03", 1), ("y" * 3000 + "\n", 1)],
)  # fmt: skip
def test_only_a_yes_is_a_yes(project, run, answer, status):
    project.write(".safehouse.yaml", "add-dirs: [~/a]\n")
    terminal = Terminal("trust").see(QUESTION).type(answer)
    assert terminal.end() == status, terminal.text
    assert run("trust")[0] == status
    assert ("\ntrusted: " in terminal.text) == (status == 0)
    assert ("not trusted: launches get" in terminal.text) == (status == 1)


def test_what_was_typed_before_it_was_shown_is_no_answer(project):
    project.write(".safehouse.yaml", "add-dirs: [~/a]\n")
    terminal = Terminal("trust")
    terminal.type("y\n")
    terminal.see(QUESTION)
    time.sleep(0.3)
    assert terminal.process.poll() is None, terminal.text
    assert terminal.type("n\n").end() == 1


def test_what_is_kept_is_what_was_shown(project, run):
    (project.home / "data").mkdir()
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    terminal = Terminal("trust").see(QUESTION)
    project.write(".safehouse.yaml", "add-dirs: [~/data, ~/.ssh]\n")
    assert terminal.type("y\n").end() == 0
    assert not gives(run, "write", project.home / "data/x")
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    assert gives(run, "write", project.home / "data/x")


def test_where_it_is_not_shown_nobody_is_asked(project):
    project.write(".safehouse.yaml", "add-dirs: [~/a]\n")
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "safehouse", "trust"], stdin=slave, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=PATIENCE,
    )  # fmt: skip
    os.close(master)
    os.close(slave)
    assert done.returncode == 1
    assert "no terminal to ask at" in done.stderr


def test_more_than_a_person_reads_is_not_asked_about(project):
    project.write(".safehouse.yaml", "append-profile: [its.sb]\n")
    project.write("its.sb", '(allow file-read* (literal "/a"))\n' * 500)
    terminal = Terminal("trust")
    assert terminal.end() == 1
    assert "more than anybody reads" in terminal.text


def test_a_difference_has_colours_at_a_terminal_only(project, run):
    project.write(".safehouse.yaml", "add-dirs: [~/a]\n")
    run("trust", "--yes")
    project.write(".safehouse.yaml", "add-dirs: [~/b]\n")
    assert "\x1b[32m+add-dirs: [~/b]\x1b[0m" in seen(Terminal("trust"))
    assert "\x1b" not in seen(Terminal("trust", NO_COLOR="1"))
    assert "\x1b" not in seen(Terminal("trust", TERM="dumb"))


def seen(terminal):
    terminal.see(QUESTION).type("n\n")
    terminal.end()
    return terminal.text


# agent-safehouse's list


def test_importing_goes_through_the_list(project, run):
    for name in ("a", "b", "c", "d"):
        (project.home / name).mkdir()
    for name in ("a", "b"):
        project.write(".safehouse", "add-dirs=~/c\n", below=name)
    project.write(".safehouse.yaml", "nonsense: 1\n", below="d")
    run("trust", "--for=~/b", "--yes")
    home = project.home
    project.write(
        "trusted-workdirs",
        f"# mine\n{home}/a\n{home}/gone\n{home}/c\n{home}/b\n{home}/a/\n{home}/d\n",
        below=".config/safehouse",
    )
    status, out, err = run("trust", "--import", "--yes")
    assert (status, err) == (1, "")  # that of d
    place = "~/.config/safehouse/trusted-workdirs"
    assert f"trusted: {home}/a, until it changes\n" in out
    assert out.count(f"trusted: {home}/a,") == 1
    assert f"{place}:3: {home}/gone is gone\n" in out
    assert f"{place}:4: {home}/c has no configuration of its own\n" in out
    assert f"trusted already: {home}/b, as it is now\n" in out
    assert f"{place}:7: .safehouse.yaml:1: unknown key" in out
    (home / "d/.safehouse.yaml").unlink()
    assert run("trust", "--import", "--yes")[0] == 0


def test_importing_asks_for_each(project, run):
    for name in ("a", "b"):
        project.write(".safehouse", "add-dirs=~/src\n", below=name)
    text = f"{project.home}/a\n{project.home}/b\n"
    project.write("trusted-workdirs", text, below=".config/safehouse")
    terminal = Terminal("trust", "--import").see(QUESTION).type("n\n")
    terminal.text = terminal.text.replace(QUESTION, "")
    assert terminal.see(QUESTION).type("y\n").end() == 1
    assert run("trust", "--for=~/a")[0] == 1
    assert run("trust", "--for=~/b")[0] == 0
    assert run("trust", "--import")[0] == 1  # no terminal, and one is left to ask about


def test_nothing_to_import(project, run):
    assert run("trust", "--import") == (
        1, f"nothing to import: no directory stands in ~/{records.OLD_LIST}\n", "",
    )  # fmt: skip


@pytest.mark.parametrize("what", ["pipe", "directory"])
def test_a_list_that_is_no_file_is_an_error(project, run, what):
    path = project.home / records.OLD_LIST
    path.parent.mkdir(parents=True)
    os.mkfifo(path) if what == "pipe" else path.mkdir()
    status, _, err = run("trust", "--import")
    assert status == 125
    assert f"~/{records.OLD_LIST} is not a regular file" in err


# --trust-workdir-config and --always-trust-workdir-config


@pytest.fixture
def asking(project):
    (project.home / "data").mkdir()
    project.write(".safehouse.yaml", "add-dirs: [~/data]\n")
    return project.home / "data/x"


def test_for_one_launch(asking, run):
    assert gives(run, "write", asking, "--trust-workdir-config")
    assert not gives(run, "write", asking)
    assert not gives(run, "write", asking, "--trust-workdir-config=no")


def test_no_variable_can_say_so(asking, run, monkeypatch):
    """R73, but for the variable that agent-safehouse has."""
    for name in ("SAFEHOUSE_TRUST_WORKDIR_CONFIG", "SAFEHOUSE_ALWAYS_TRUST_WORKDIR_CONFIG"):
        monkeypatch.setenv(name, "1")
    assert not gives(run, "write", asking)


@pytest.mark.parametrize("words", [("--stdout", "true"), ("policy", "true"), ("why", "read", "/x")])
def test_always_is_kept_by_every_command_that_knows_it(asking, run, words):
    command = [words[0]] if words[0] in ("policy", "why") else []
    rest = words[1:] if command else words
    for _ in range(2):
        status, _, err = run(*command, "--always-trust-workdir-config", *rest)
        assert status in (0, 1) and not err
        assert gives(run, "write", asking)
    assert run("trust")[1].startswith("trusted already")


def test_always_false_forgets(asking, run):
    run("trust", "--yes")
    assert gives(run, "write", asking, "--always-trust-workdir-config=0", "--trust-workdir-config")
    assert not gives(run, "write", asking)
    run("trust", "--yes")
    assert not gives(run, "write", asking, "--always-trust-workdir-config=false")
    assert not gives(run, "write", asking)


def test_always_counts_for_what_is_there_now(asking, run, project):
    run("policy", "--always-trust-workdir-config", "true")
    project.write(".safehouse.yaml", "add-dirs: [~/data, ~/more]\n")
    assert not gives(run, "write", asking)


@pytest.mark.parametrize("value", ["1", "0"])
def test_always_without_a_configuration_or_a_directory_says_nothing(project, run, value):
    option = f"--always-trust-workdir-config={value}"
    assert run("policy", option, "true")[0] == 0
    assert run("policy", option, "--workdir=", "true")[0] == 0
    assert not (project.home / ".local/state").exists()


def test_always_is_about_the_working_directory_that_is_named(asking, run, monkeypatch, project):
    monkeypatch.chdir(project.home / "data")
    run("policy", "--always-trust-workdir-config", f"--workdir={project.root}", "true")
    monkeypatch.chdir(project.root)
    assert gives(run, "write", asking)


def test_help_names_the_statuses():
    from safehouse.cli.help import text

    assert "0 trusted, or declined as wanted; 1 not trusted" in text("trust")
    assert trust.NOT_TRUSTED == 1


def test_closing_secrets_is_shown_as_what_it_is(project, run):
    project.write(".safehouse.yaml", "deny-secrets: true\nenable: [ssh]\n")
    out = run("trust", "--yes")[1]
    narrows = out.partition("In force already")[2].partition("Opened when you trust it:")[0]
    assert "secrets, by their names (.safehouse.yaml:1)" in narrows
