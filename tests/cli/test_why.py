"""`safehouse why`: the answer, the rule that gave it, and what would change it."""

from __future__ import annotations

import os
import subprocess

import pytest

from safehouse.cli.main import main
from safehouse.errors import quoted
from safehouse.host import Host
from tests.fake_host import linux, mac

NAMES = (
    "src/project/secret/x", "src/project/x", ".ssh/config", ".ssh/id_ed25519", ".zshrc", "docs/x",
    ".docker/run/docker.sock", ".claude/", ".gitconfig", "/tmp/private/x",
)  # fmt: skip
LINKS = {"src/project/l": "../../.ssh/id_ed25519"}
MACHINES = {"macos": mac(*NAMES, links=LINKS), "linux": linux(*NAMES, links=LINKS)}


@pytest.fixture
def why(capsys, monkeypatch):
    def why(*words, platform="macos"):
        monkeypatch.setattr(Host, "current", lambda: MACHINES[platform])
        status = main(["why", *words])
        out, err = capsys.readouterr()
        assert err == ""
        assert status == (0 if "\nallowed: " in "\n" + out else 1)
        return status, out

    return why


@pytest.mark.parametrize("platform", ["macos", "linux"])
@pytest.mark.parametrize(
    "words, status",
    [
        (("read", "x"), 0),
        (("write", "x"), 0),
        (("write", "."), 0),
        (("list", "."), 0),
        (("read", "~/.ssh/id_ed25519"), 1),
        (("stat", "~/.ssh/id_ed25519"), 1),
        (("write", "~/.zshrc"), 1),
        (("write", "/etc/hosts"), 1),
        (("exec", "/usr/bin/env"), 0),
        (("connect", "example.com:443"), 0),
        (("listen", "localhost:3000"), 0),
        (("connect", "~/.docker/run/docker.sock"), 1),
        (("--enable=docker", "connect", "~/.docker/run/docker.sock"), 0),
        (("write", "~/.claude/x", "--", "claude"), 0),
        (("write", "~/.claude/x", "--", "codex"), 1),
        (("--add-dirs-ro=~/docs", "read", "~/docs/x"), 0),
        (("--add-dirs-ro=~/docs", "write", "~/docs/x"), 1),
        (("--deny=secret", "read", "secret/x"), 1),
        (("file-write-unlink", "x"), 0),
        (("signal", "others"), 1),
        (("signal", "self"), 0),
    ],
)
def test_the_status_is_the_answer(why, words, status, platform):
    assert why(*words, platform=platform)[0] == status


def test_without_network_nothing_is_reached(why):
    assert why("--network=none", "connect", "example.com:443")[0] == 1


def test_who_closed_the_network_is_said_and_how_to_open_it(why):
    _, out = why("--network=none", "connect", "example.com:443")
    assert "closed by:   network: none (--network)\n  to allow it: --network=open\n" in out
    assert "no option" not in out


@pytest.fixture
def project(tmp_path, monkeypatch, capsys):
    """A project with a configuration that nobody has looked at; what `why` says there."""
    home = tmp_path.resolve() / "home"
    for name in ("docs", "my docs", "src/project"):
        (home / name).mkdir(parents=True)
    (home / "docs/x").touch()
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("XDG_", "SSH_", "SAFEHOUSE"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(home / "src/project")

    def said(configuration, *words):
        path = home / "src/project/.safehouse.yaml"
        path.write_text(configuration)
        path.chmod(0o600)
        main(["why", *words])
        return capsys.readouterr().out

    return said


def test_a_project_that_closes_the_network_is_named(project):
    out = project("network: none\n", "connect", "example.com:443")
    assert "network: none (.safehouse.yaml:1)\n  to allow it: --network=open\n" in out


@pytest.mark.parametrize(
    "configuration, words",
    [
        ("add-dirs-ro: [~/docs]\n", ("read", "~/docs/x")),
        ("add-dirs: [../../docs]\n", ("write", "~/docs/x")),
        ("enable: [docker]\n", ("connect", "/var/run/docker.sock")),
    ],
)
def test_what_a_project_asks_for_is_allowed_by_trust(project, configuration, words):
    out = project(configuration, *words)
    assert "this project asks for it, and you have not trusted it\n" in out
    assert "to allow it: safehouse trust\n" in out
    assert "safehouse grant" not in out
    main(["trust", "--yes"])
    assert "has changed since" in project(configuration + "# new\n", *words)
    main(["trust", "--decline"])
    assert "and it is declined" in project(configuration + "# new\n", *words)


def test_what_it_does_not_ask_for_is_a_matter_of_grants(project):
    out = project("add-dirs-ro: [~/docs]\n", "write", "~/docs/x")
    assert "safehouse grant --write " in out and "safehouse trust" not in out


def test_a_path_is_quoted_for_a_shell(project):
    out = project("", "read", "~/my docs")
    assert "--add-dirs-ro='/" in out and "/my docs'\n" in out
    assert "safehouse grant '/" in out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "/a/b-c_1.2",
        "a b",
        "it's",
        "$HOME",
        "a;b",
        "B\u00fcro",
        "*",
        "~you",
        "#a",
        "=ls",
        "a\\b",
    ],
)
@pytest.mark.parametrize("tilde", [True, False])
def test_a_quoted_word_is_itself_to_a_shell(text, tilde):
    def shell(word):
        command = ["/bin/sh", "-c", f"printf %s {word}"]
        return subprocess.run(
            command, env={"HOME": "/h"}, stdout=subprocess.PIPE, check=True
        ).stdout

    assert shell(quoted(text, tilde)) == text.encode()
    assert shell(quoted(f"~/{text}", tilde)) == (("/h/" if tilde else "~/") + text).encode()
    assert shell(quoted("~", tilde)) == (b"/h" if tilde else b"~")


def test_it_names_the_rule_and_its_reason(why):
    _, out = why("read", "~/.gitconfig")
    assert "git, profiles.yaml:" in out
    assert "name, address and settings" in out
    _, out = why("--add-dirs=~/docs", "write", "~/docs/x")
    assert "--add-dirs (command line)" in out


def test_it_says_how_to_allow_it(why):
    assert "--add-dirs-ro=/Users/me/docs/x" in why("read", "~/docs/x")[1]
    assert "--add-dirs=/Users/me/docs/x" in why("write", "~/docs/x")[1]
    assert "--enable=docker" in why("connect", "~/.docker/run/docker.sock")[1]
    assert "--enable=ssh" in why("read", "~/.ssh/config")[1]
    assert "--enable=clipboard" in why("mach-lookup", "com.apple.pasteboard.1")[1]


@pytest.mark.parametrize(
    "words", [("write", "~/.zshrc"), ("read", "~/.config/safehouse/x"), ("write", ".safehouse")]
)
def test_what_is_protected_is_not_opened_by_any_option(why, words):
    _, out = why(*words)
    assert "it is protected" in out
    assert "--add-dirs" not in out and "--enable" not in out


def test_a_link_is_followed_and_named(why):
    status, out = why("read", "l")
    assert status == 1
    assert "project/l is a link to ../../.ssh/id_ed25519" in out
    assert "/.ssh/id_ed25519" in out.split("denied: ")[1]


@pytest.mark.parametrize("place", ["/tmp/x", "/dev/shm/x", "/proc/1/environ"])
def test_what_each_launch_has_of_its_own_is_said_to_be_so(why, place):
    status, out = why("read", place, platform="linux")
    assert status == 0
    assert "each launch has its own" in out


def test_a_refusal_of_the_person_s_holds_there_too(why):
    """What was granted in /tmp is no longer the sandbox's own."""
    words = ("--add-dirs=/tmp/private", "--deny=/tmp/private/x", "read", "/tmp/private/x")
    assert why(*words, platform="linux")[0] == 1


def test_no_option_is_offered_where_none_helps(why):
    assert "no option allows it" in why("job-creation", "x")[1]
    assert "no option allows it" in why("mach-lookup", "com.apple.nobody")[1]
