"""Secrets by their names: found wherever they are, under all their names, and closed by whoever says so."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.errors import UserError
from safehouse.host import LINUX, MACOS
from safehouse.policy.policy import Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import Filter, Grant, Origin, Tier
from safehouse.sandbox import make_launch
from safehouse.sources import secrets
from safehouse.sources.catalogue import secret_names
from safehouse.sources.settings import READ_WRITE
from tests.fake_host import linux, mac
from tests.real_home import Person

NAMES = secret_names()


def find(*roots: Path) -> dict[str, str]:
    """What is found, by names relative to the first root."""
    found = secrets.found(tuple(map(str, roots)), NAMES)
    return {os.path.relpath(s.path, roots[0]): s.reason for s in found}


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("KEY=1\n")


DEEP = "/".join("d" * 30)


# What is found


def test_secrets_are_found_at_any_depth_and_what_all_need_is_not(tmp_path):
    site = ".venv/lib/python3.11/site-packages/certifi/cacert.pem"
    write(tmp_path, ".env", "a/b/c/.env", f"{DEEP}/.env", "a/.ENV.local", "x.pem", ".git/x.key")
    write(tmp_path, ".env.example", "src/env.py", site, "node_modules/x/test/server.key")
    write(tmp_path, "conda/ssl/cacert.pem", "Node_Modules/y/a.pem")
    assert sorted(find(tmp_path)) == sorted(
        [".env", "a/b/c/.env", f"{DEEP}/.env", "a/.ENV.local", "x.pem", ".git/x.key"]
    )


def test_a_directory_with_such_a_name_is_closed_as_a_whole(tmp_path):
    write(tmp_path, ".envs/.local/.django", ".env.example/x", "keys.pem/cert.pem")
    assert sorted(find(tmp_path)) == [".env.example", ".envs", "keys.pem"]
    found = secrets.found((str(tmp_path),), NAMES)
    assert all(secret.directory for secret in found)


def test_what_a_link_of_such_a_name_leads_to_is_closed_if_it_is_in_there(tmp_path):
    root, other = tmp_path / "p", tmp_path / "q"
    write(root, "shared/values", "tree/x", ".env.example", "node_modules/x/a", "cert.pem")
    write(other, "values")
    for name, to in {
        ".env": "shared/values", "b.pem": "tree", "c.pem": "../q/values", "d.pem": "missing",
        "e.pem": "e.pem", "f.pem": ".env.example", "g.pem": "node_modules/x/a", "h.pem": ".",
        "i.pem": "..", "j.pem": "cert.pem", "cacert.pem": "shared/values",
    }.items():  # fmt: skip
        (root / name).symlink_to(to)
    found = find(root)
    assert sorted(found) == ["shared/values", "tree"]
    assert found["shared/values"] == f"variables with keys, by the link {root}/.env"
    assert "../q/values" in find(root, other)


def test_other_names_of_a_secret_are_closed_wherever_they_are(tmp_path):
    write(tmp_path, ".env", ".envs/x", "README")
    os.mkdir(tmp_path / "node_modules")
    os.link(tmp_path / ".env", tmp_path / "notes")
    os.link(tmp_path / ".env", tmp_path / "node_modules/index.js")
    os.link(tmp_path / ".envs/x", tmp_path / "y")
    os.link(tmp_path / "README", tmp_path / "README2")
    found = find(tmp_path)
    assert sorted(found) == [".env", ".envs", "node_modules/index.js", "notes", "y"]
    assert found["notes"] == f"another name of {tmp_path}/.env"


def test_a_directory_that_is_opened_in_a_fetched_one_is_looked_through(tmp_path):
    write(tmp_path, "node_modules/mine/.env")
    assert not find(tmp_path)
    assert list(find(tmp_path, tmp_path / "node_modules/mine")) == ["node_modules/mine/.env"]


def test_what_cannot_be_looked_into_stops_the_launch(tmp_path, monkeypatch):
    write(tmp_path, "d/.env")

    def scandir(path):
        if str(path).endswith("/d"):
            raise PermissionError(13, "Permission denied")
        return os.scandir(path)

    class Posix:
        lstat, getuid = os.lstat, os.getuid

    Posix.scandir = staticmethod(scandir)
    monkeypatch.setattr(secrets, "os", Posix)
    with pytest.raises(UserError, match="/d cannot be looked into") as error:
        find(tmp_path)
    assert error.value.hint == f"chmod u+rx {tmp_path}/d"
    Posix.getuid = staticmethod(lambda: os.getuid() + 1)  # another's: no command can open it
    assert find(tmp_path) == {}


def test_too_much_to_look_through_stops_the_launch(tmp_path, monkeypatch):
    write(tmp_path, "a", "b", "c")
    monkeypatch.setattr(secrets, "MOST_ENTRIES", 2)
    with pytest.raises(UserError, match="more than 2 files to look through") as error:
        find(tmp_path)
    assert "--deny-secrets=no" in error.value.hint


def test_too_many_secrets_stop_the_launch(tmp_path, monkeypatch):
    write(tmp_path, ".env", "a/.env")
    monkeypatch.setattr(secrets, "MOST_FOUND", 1)
    with pytest.raises(UserError, match="more than 1 files have names of secrets"):
        find(tmp_path)


def test_what_appeared_since_is_told(tmp_path):
    write(tmp_path, ".env")
    found = secrets.looked_for(Tier.USER, "here", (str(tmp_path),), Person(tmp_path / "x").host())
    assert found.again() == ()
    write(tmp_path, "later/.env")
    (tmp_path / ".env").unlink()
    assert found.again() == (f"{tmp_path}/later/.env",)


# What is denied


def policy(platform: str, *paths: str, root: str = "/Users/me/p"):
    """A policy with a tree that may be written, and secrets in it."""
    host = mac() if platform == MACOS else linux()
    found = tuple(secrets.Secret(path, False, "a test") for path in paths)
    closed = secrets.Secrets(Tier.USER, "here", (root,), NAMES, found)
    granted = Grant("allow", READ_WRITE, Filter("subpath", root), Origin(Tier.WORKDIR, "w", ""))
    return resolve([granted, *secrets.grants(closed, platform)], host, root)


@pytest.mark.parametrize(
    "operation", ["file-read-data", "file-read-metadata", "file-write-data", "file-write-create",
                  "file-write-unlink", "file-link", "file-clone", "file-test-existence"],
)  # fmt: skip
def test_a_mac_denies_the_names_at_any_depth_also_of_what_is_not_there_yet(operation):
    held = policy(MACOS)
    for name in (".env", "a/.Env", f"{DEEP}/.env", ".envs/x/cert.pem", "keys.pem/x", "a\n/.env"):
        assert not held.decide(Access(operation, f"/Users/me/p/{name}")).allowed, name
    # A directory would be cloned with what is closed in it, and so nothing there is.
    fits = operation != "file-clone"
    for name in (".env.example", "a/cacert.pem", "node_modules/x/a.key", "a/env.py", "x/.envx/y"):
        assert fits == held.decide(Access(operation, f"/Users/me/p/{name}")).allowed, name


def test_a_project_that_is_called_like_a_secret_is_open():
    held = policy(MACOS, root="/Users/me/my.env")
    assert held.decide(Access("file-read-data", "/Users/me/my.env")).allowed
    assert held.decide(Access("file-read-data", "/Users/me/my.env/x")).allowed
    assert not held.decide(Access("file-read-data", "/Users/me/my.env/.env")).allowed


@pytest.mark.parametrize("platform", [MACOS, LINUX])
def test_what_was_found_keeps_its_name_and_the_directories_above_it_theirs(platform):
    """mv config node_modules/x; cat node_modules/x/.env"""
    held = policy(platform, "/Users/me/p/config/in/.env")
    for name in ("config/in/.env", "config/in", "config", ""):
        path = f"/Users/me/p/{name}".rstrip("/")
        assert not held.decide(Access("file-write-unlink", path)).allowed
    assert held.decide(Access("file-write-unlink", "/Users/me/p/other")).allowed


# Who says so


@pytest.fixture
def person(tmp_path):
    person = Person(tmp_path)
    person.write("src/project/.env", "KEY=1\n")
    person.write("src/project/fixtures/test.pem", "KEY\n")
    return person


def is_open(plan, path, operation="file-read-data"):
    return plan.policy.decide(Access(operation, str(path))).allowed


SAYING = {
    "config.yaml": lambda p: p.configure("deny-secrets: true\n"),
    "config.yaml, agent": lambda p: p.configure("agents:\n  claude:\n    deny-secrets: true\n"),
    "grants.yaml": lambda p: p.write(
        ".config/safehouse/grants.yaml", f"{p.project}:\n  deny-secrets: true\n"
    ),
    "the project": lambda p: p.write("src/project/.safehouse.yaml", "deny-secrets: true\n"),
    "nobody": lambda p: None,
}


@pytest.mark.parametrize("who", SAYING)
def test_each_source_can_close_them_and_an_option_opens_them_again(person, who):
    SAYING[who](person)
    assert is_open(person.plan("claude"), person.project / ".env") == (who == "nobody")
    assert is_open(person.plan("claude", deny_secrets=False), person.project / ".env")
    assert not is_open(person.plan("claude", deny_secrets=True), person.project / ".env")


@pytest.mark.parametrize("value, closes", [("1", True), ("yes", True), ("0", False), ("", False)])
def test_a_variable_can_close_them(person, value, closes):
    plan = person.plan("true", host=person.host(SAFEHOUSE_DENY_SECRETS=value))
    assert is_open(plan, person.project / ".env") != closes


def test_a_variable_undoes_nothing_and_a_wrong_word_in_it_is_an_error(person):
    person.configure("deny-secrets: true\n")
    plan = person.plan("true", host=person.host(SAFEHOUSE_DENY_SECRETS="0"))
    assert not is_open(plan, person.project / ".env")
    with pytest.raises(UserError, match="SAFEHOUSE_DENY_SECRETS: 'maybe' is neither yes nor no"):
        person.plan("true", host=person.host(SAFEHOUSE_DENY_SECRETS="maybe"))


@pytest.mark.parametrize("trust", [None, True])
def test_a_project_s_no_undoes_nothing(person, trust):
    person.configure("deny-secrets: true\n")
    person.write("src/project/.safehouse.yaml", "deny-secrets: false\n")
    plan = person.plan("true", trust=trust)
    assert not is_open(plan, person.project / ".env")
    assert plan.notices == ()


def test_what_is_kept_for_a_directory_undoes_config_yaml_and_not_the_project(person):
    person.configure("deny-secrets: true\n")
    person.write(".config/safehouse/grants.yaml", f"{person.project}:\n  deny-secrets: false\n")
    assert is_open(person.plan("true"), person.project / ".env")
    person.write("src/project/.safehouse.yaml", "deny-secrets: true\n")
    assert not is_open(person.plan("true"), person.project / ".env")


def test_a_file_that_is_named_stays_open_for_what_was_said(person):
    file = person.project / "fixtures/test.pem"
    plan = person.plan("true", deny_secrets=True, add_dirs_ro=("fixtures/test.pem",))
    assert is_open(plan, file) and not is_open(plan, file, "file-write-data")
    assert not is_open(plan, person.project / ".env")
    person.configure(f"deny-secrets: true\nadd-dirs-ro: [{file}]\n")
    assert is_open(person.plan("true"), file)


def test_a_project_cannot_name_what_the_person_closed(person):
    person.configure("deny-secrets: true\n")
    person.write("src/project/.safehouse.yaml", "add-dirs: [.env]\nadd-dirs-ro: [.env]\n")
    for trust in (None, True):
        assert not is_open(person.plan("true", trust=trust), person.project / ".env")


def test_what_is_opened_is_looked_through_too_whoever_opens_it(person):
    person.configure("deny-secrets: true\n")
    for name in ("a", "b"):
        person.write(f"{name}/in/.env", "KEY=1\n")
        person.write(f"{name}/in/code.py", "")
    plan = person.plan("true", add_dirs=("~/a",), add_dirs_ro=("~/b",))
    for name in ("a", "b"):
        assert not is_open(plan, person.home / name / "in/.env")
        assert is_open(plan, person.home / name / "in/code.py")


def test_a_reason_names_the_rule(person):
    plan = person.plan("true", deny_secrets=True)
    origin = plan.policy.decide(Access("file-read-data", f"{person.project}/.env")).rule.origin
    assert str(origin) == (
        "--deny-secrets (command line): secrets in the project: variables with keys"
    )


def test_a_launch_tries_all_but_what_was_opened_by_name(person):
    plan = person.plan("/usr/bin/true", deny_secrets=True, add_dirs_ro=("fixtures/test.pem",))
    proof = make_launch(plan, Bubblewrap()).proof
    assert proof and proof.paths == (f"{person.project}/.env",)
    assert make_launch(person.plan("/usr/bin/true"), Bubblewrap()).proof is None


def git(person, *words):
    env = {**os.environ, "HOME": str(person.home), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *words], cwd=person.project, env=env, check=True)


@pytest.mark.parametrize("version", ["2", "4"])
def test_what_git_has_as_well_is_told(person, version):
    person.write("src/project/a/.env.local", "")
    git(person, "init", "-q")
    git(person, "config", "index.version", version)
    git(person, "add", "a/.env.local", "fixtures")
    said = "git keeps what is closed as a secret, and commands can read it there: "
    notices = person.plan("true", deny_secrets=True).notices
    assert notices == (said + "a/.env.local, fixtures/test.pem",)
    below = person.plan("true", cwd=person.project / "a", deny_secrets=True).notices
    assert below == (said + "a/.env.local",)
    assert person.plan("true").notices == ()
