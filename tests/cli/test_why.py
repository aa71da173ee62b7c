"""`safehouse why`: the answer, the rule that gave it, and what would change it."""

from __future__ import annotations

import pytest

from safehouse.cli.main import main
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
    assert "no option allows it" in why("signal", "others")[1]
    assert "no option allows it" in why("mach-lookup", "com.apple.tccd")[1]
