"""The working directory: what is taken, what is refused and how."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.request import HERE, Request
from safehouse.sources import command_line
from safehouse.sources.settings import Item
from tests.fake_host import HOME, linux, mac, planned

PROJECT = f"{HOME}/src/project"


def workdir(text, host):
    return command_line.workdir(host, Item(text, "--workdir"))


def allows(request, operation, path, host=None):
    policy = planned(host or mac(), request).policy
    return policy.decide(Access(operation, path)).allowed


# The working directory


def test_it_is_exactly_where_the_command_was_started():
    """R71: never the root of a repository further up."""
    host = mac(cwd="src/project/sub")
    assert workdir(HERE, host) == f"{PROJECT}/sub"
    assert not allows(Request(), "file-read-data", f"{PROJECT}/x", host)
    assert not allows(Request(), "file-write-data", f"{PROJECT}/x", host)


@pytest.mark.parametrize("cwd", [HOME, "/Users", "/"])
def test_the_home_and_what_holds_it_are_not_opened_without_saying_so(cwd):
    with pytest.raises(UserError) as error:
        workdir(HERE, mac(cwd=cwd))
    assert f"refusing to open all of {cwd}" in error.value.message
    assert "--workdir=" in error.value.hint
    meant = "~" if cwd == HOME else cwd
    assert f"--workdir={meant}" in error.value.hint


@pytest.mark.parametrize(
    "cwd, why",
    [
        (".ssh", "private keys"),
        (".ssh/keys", "private keys"),
        (".aws", "keys of Amazon Web Services"),
        (".local", "programs, and what they keep"),
        (".local/bin", "programs, the agents themselves among them"),
        (".local/lib/x", "libraries of programs"),
        (".local/share", "what your programs keep"),
        ("bin", "programs and scripts of the user"),
        (".config", "settings of all your programs"),
        (".config/gh", "token of GitHub's command line"),
        (".cargo", "it holds ~/.cargo/bin: programs that cargo and rustup installed"),
        ("go", "it holds ~/go/bin: programs that go installed"),
        ("Library", "what macOS and your apps keep"),
        ("Library/Application Support", "it holds ~/Library/Application Support/"),
        ("Library/LaunchAgents", "programs that macOS starts for you"),
    ],
)
def test_a_place_of_keys_or_programs_is_not_opened_without_saying_so(cwd, why):
    with pytest.raises(UserError) as error:
        workdir(HERE, mac(cwd=cwd))
    assert error.value.message.startswith(f"refusing to open ~/{cwd} to the command: {why}")
    named = f"~/{cwd}" if " " not in cwd else f"~/'{cwd}'"
    assert f"--workdir={named}, or --workdir= for none" in error.value.hint
    assert workdir(f"~/{cwd}", mac(cwd=cwd)) == f"{HOME}/{cwd}"
    for place in ("SAFEHOUSE_WORKDIR", "config.yaml:1"):
        with pytest.raises(UserError) as error:
            command_line.workdir(mac(cwd=cwd), Item(f"~/{cwd}", place))
        assert f"is no project: {why}" in error.value.message


@pytest.mark.parametrize(
    "cwd",
    [
        "src", "src/x/bin", "dotfiles/.ssh", ".dotfiles", ".config/nvim", ".config/fish", ".vim", ".emacs.d",
        ".local/share/chezmoi", ".local/share/nvim", ".claude", ".codex", ".claude/skills", "go/src/x",
        ".cargo/registry",
        "Library/Mobile Documents/com~apple~CloudDocs/x", "bin2", "R/x", "n/x",
    ],
)  # fmt: skip
def test_dotfiles_and_the_state_of_an_agent_are_ordinary_projects(cwd):
    assert workdir(HERE, mac(cwd=cwd)) == f"{HOME}/{cwd}"


def test_places_of_the_other_system_are_ordinary():
    assert workdir(HERE, linux(cwd="Library/LaunchAgents")) == "/home/me/Library/LaunchAgents"
    with pytest.raises(UserError):
        workdir(HERE, linux(cwd=".config/autostart"))


@pytest.mark.parametrize(
    "text, real",
    [("~", HOME), ("/", "/"), (HOME, HOME), ("..", f"{HOME}/src"), ("~/src", f"{HOME}/src"),
     ("./", PROJECT), ("/tmp", "/private/tmp"), ("~/l", f"{HOME}/src")],
)  # fmt: skip
def test_a_named_one_is_taken_as_said(text, real):
    assert workdir(text, mac(links={"l": "src"})) == real


def test_an_empty_one_is_none():
    assert workdir("", mac()) == ""
    assert not allows(Request(workdir=""), "file-read-data", f"{PROJECT}/x")
    assert workdir("", mac(cwd=HOME)) == ""


@pytest.mark.parametrize(
    "text, message",
    [("~/none", "~/none does not exist"), ("~/file", "~/file is not a directory"),
     ("~other", "only ~ and ~/ are understood"), ("a\nb", r"a\nb has a control character"),
     ("\udcff", "not UTF-8")],
)  # fmt: skip
def test_a_named_one_that_is_none_is_refused(text, message):
    with pytest.raises(UserError) as error:
        workdir(text, mac("file"))
    assert error.value.message.startswith("--workdir: ")
    assert message in error.value.message


def test_a_path_to_deny_that_is_not_there_is_an_error_which_knows_what_closes_names():
    """It could not be kept on Linux, and the name may be mistyped."""
    with pytest.raises(UserError) as error:
        planned(linux(), Request(deny=(".env",)))
    assert error.value.message == "--deny: .env does not exist"
    assert error.value.hint.endswith("wherever there are any: --deny-secrets")
    with pytest.raises(UserError) as error:
        planned(linux(), Request(add_dirs=(".env",)))
    assert "--deny-secrets" not in error.value.hint


def test_it_opens_its_tree_and_no_neighbour():
    for operation in ("file-read-data", "file-write-create", "file-write-unlink"):
        assert allows(Request(), operation, f"{PROJECT}/a/b")
        assert not allows(Request(), operation, f"{PROJECT}2/a")
        assert not allows(Request(), operation, f"{HOME}/src/x")
