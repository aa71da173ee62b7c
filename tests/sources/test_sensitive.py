"""Which places should stay closed, on which system, against what, and why."""

from __future__ import annotations

import pytest

from safehouse.sources import protected
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.sensitive import Places
from tests.fake_host import linux, mac
from tests.policy import expectations

NAMES = (
    ".ssh/id_rsa", ".config/gh/hosts.yml", ".local/bin/tool", "src/project/.env", ".config/fish/",
    "src/other/.git/hooks/pre-commit",
)  # fmt: skip


def places(platform="linux", own=(), **host):
    machine = {"linux": linux, "macos": mac}[platform](*NAMES, **host)
    return Places(machine, Catalogue(platform, records()), own)


def of(path, writes=False, platform="linux", own=()):
    found = places(platform, own)
    return found.place_of(path.replace("~", found.host.home), writes)


@pytest.mark.parametrize(
    "path, writes, group, what",
    [
        ("~/.ssh/id_rsa", False, "secrets", "private keys"),
        ("~/.ssh", False, "secrets", "private keys"),
        ("~/.config/gh/hosts.yml", True, "secrets", "token of GitHub's command line"),
        ("/etc/shadow", False, "secrets", "hashes of passwords"),
        ("~/.docker/run/docker.sock", False, "sockets", "Docker Desktop"),
        ("~/.colima/x/docker.sock", False, "sockets", "Colima, each of its machines"),
        ("/run/user/1000/bus", False, "sockets", "the bus of your session, which starts programs"),
        ("~/.zshrc", False, "shells", "start of zsh"),
        ("~/.config/autostart/x.desktop", True, "sign-in", "programs that the desktop starts"),
        ("~/.local/bin/tool", True, "programs", "programs, the agents themselves among them"),
        ("/usr/bin/git", True, "programs", "programs and libraries"),
        ("~/src/other/.git/hooks/pre-commit", True, "git", "hooks of a repository"),
        ("~/src/other/.git/config", True, "git", "settings of a repository, which name programs"),
        ("~/.config/safehouse/config.yaml", False, "safehouse", "what you allow and refuse"),
        ("~/src/other/.safehouse.yaml", True, "safehouse", "what a project asks of safehouse"),
        ("~", False, "everything", "your home"),
        ("/home", False, "everything", "your home"),
        ("/", False, "everything", "the whole disk"),
        ("~/.codex/config.toml", True, "agents", "settings, sessions and sign-in, of codex"),
        ("~/src/other/.env", False, "projects", "variables with keys"),
        ("~/src/other/deploy.PEM", False, "projects", "a private key, or what may have one in it"),
    ],
)
def test_a_place(path, writes, group, what):
    found = of(path, writes)
    assert found is not None
    assert (found.group, found.what) == (group, what)
    assert found.because


@pytest.mark.parametrize(
    "path, writes",
    [
        ("~/docs/x", True), ("~/src/other/README", True), ("~/.local/bin/tool", False),
        ("/usr/bin/git", False), ("~/src/other/.git/config", False), ("~/src/other/.env.example", False),
        ("/srv/data", True), ("/etc/passwd", False), ("~/Library/Keychains/x", False),
        ("~/src/other/.git/objects/x", True), ("/srv/.env", False),
    ],
)  # fmt: skip
def test_what_is_none(path, writes):
    assert of(path, writes) is None


def test_places_are_those_of_a_system():
    assert of("~/Library/Keychains/x", platform="macos").what == "passwords and keys"
    assert of("/etc/shadow", platform="macos") is None


def test_what_an_agent_keeps_is_sensitive_to_others_only():
    assert of("~/.claude/x", own=("codex", "keychain")).owner == "claude"
    assert of("~/.claude/x", own=("claude",)) is None
    assert of("~/.claude/.credentials.json", own=("codex",)).group == "secrets"


def test_the_innermost_place_counts():
    assert of("~/.codex/auth.json", own=("claude",)).what == "sign-in of Codex"


def test_another_persons_home_is_not_ones_own():
    """That /root is closed says nothing of what root has there."""
    found = Places(linux(home="/root"), Catalogue("linux", records()))
    assert found.place_of("/root/docs/x", True) is None
    assert found.place_of("/root/.ssh/x", False).what == "private keys"


def test_what_lies_in_a_directory_is_listed_if_it_is_there():
    found = places()
    inside = dict(found.places_in("/home/me/.config", False))
    assert list(inside) == ["/home/me/.config/gh", "/home/me/.config/fish"]
    assert inside["/home/me/.config/gh"].what == "token of GitHub's command line"
    assert "/home/me/.config/fish" in dict(found.places_in("/home/me", False))
    assert "/home/me/.local/bin" not in dict(found.places_in("/home/me", False))
    assert "/home/me/.local/bin" in dict(found.places_in("/home/me", True))


@pytest.mark.parametrize(
    "paths",
    [expectations.SECRETS.split(), expectations.SECRETS_WITH_BLANKS, expectations.SHELL_FILES.split(),
     expectations.OWN.split(), expectations.DOCKER.split(), expectations.SSH_AGENTS.split(),
     expectations.TEMPORARY_SOCKETS.split()],
)  # fmt: skip
def test_what_must_never_be_open_by_the_table_is_on_the_list(paths):
    """expectations.py was written without the list, and the list without it."""
    found = places("macos")
    missing = [path for path in paths if found.place_of(expectations.full(path), True) is None]
    assert missing == []


def test_what_is_protected_is_on_the_list():
    """Both are needed: the one on the way of a launch, the other with reasons for people."""
    host = linux(*NAMES, environ={"XDG_CONFIG_HOME": "/home/me/.config"})
    found = Places(host, Catalogue("linux", records()))
    files = [path for path, _ in protected._shell_files(host)]
    for path in (*files, *(f"{tree}/config.fish" for tree in protected._shell_trees(host))):
        group = "programs" if path.endswith("/.inputrc") else "shells"
        assert found.place_of(path, True).group == group, path
    for directory in protected.own_directories(host):
        assert found.place_of(f"{directory}/x", True).group == "safehouse"
    for name in protected.WORKDIR_FILES:
        assert found.place_of(f"{host.home}/src/project/{name}", True).group == "safehouse"
