"""SAFEHOUSE_* variables: agent-safehouse's names with its meaning."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier
from safehouse.request import Request
from safehouse.sources import variables
from tests.fake_host import HOME, mac, planned

PROJECT = f"{HOME}/src/project"


def plan(names=(), request=None, **environ):
    return planned(mac(*names, environ=environ), request or Request())


def allows(found, operation, path):
    return found.policy.decide(Access(operation, path)).allowed


def test_without_variables_there_is_no_such_source():
    assert variables.settings(mac()) == ()
    assert variables.settings(mac(environ={"SAFEHOUSE_ADD_DIRS": ""})) == ()


def test_directories_are_separated_by_colons():
    found = plan(
        ("a/", "b c/", "d/"),
        SAFEHOUSE_ADD_DIRS="~/a:/Users/me/b c",
        SAFEHOUSE_ADD_DIRS_RO="../../d",
    )
    for name in ("a", "b c"):
        assert allows(found, "file-write-data", f"{HOME}/{name}/x")
    assert allows(found, "file-read-data", f"{HOME}/d/x")
    assert not allows(found, "file-write-data", f"{HOME}/d/x")


def test_the_command_line_comes_after_them():
    request = Request(deny=("~/a",))
    assert not allows(
        plan(("a/",), request, SAFEHOUSE_ADD_DIRS="~/a"), "file-read-data", f"{HOME}/a/x"
    )
    request = Request(add_dirs=("~/a",))
    both = plan(("a/",), request, SAFEHOUSE_ADD_DIRS_RO="~/a")
    assert allows(both, "file-write-data", f"{HOME}/a/x")


def test_features_and_variables_are_separated_by_commas():
    found = plan(
        SAFEHOUSE_ENABLE="ssh, docker",
        SAFEHOUSE_ENV_PASS="TOKEN, OTHER",
        TOKEN="t",
        OTHER="o",
        NO="n",
    )
    names = {profile.name for profile in found.profiles}
    assert {"ssh", "docker"} <= names
    passed = dict(found.policy.environment)
    assert (passed["TOKEN"], passed["OTHER"]) == ("t", "o")
    assert not {"NO", "SAFEHOUSE_ENABLE", "SAFEHOUSE_ENV_PASS"} & set(passed)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("SAFEHOUSE_ADD_DIRS", "~/none", "~/none does not exist"),
        ("SAFEHOUSE_ADD_DIRS", "a\nb", "control character"),
        ("SAFEHOUSE_ADD_DIRS_RO", "~x/y", "only ~ and ~/ are understood"),
        ("SAFEHOUSE_WORKDIR", "a\nb", "control character"),
        ("SAFEHOUSE_WORKDIR", "~/none", "does not exist"),
        ("SAFEHOUSE_ENABLE", "ssh,dokcer", "did you mean 'docker'?"),
        ("SAFEHOUSE_ENV_PASS", "A,1B", "is not the name of a variable"),
    ],
)
def test_a_wrong_one_is_refused_by_its_name(name, value, message):
    with pytest.raises(UserError) as error:
        plan(**{name: value})
    assert error.value.message.startswith(f"{name}: ")
    assert message in error.value.message
    assert error.value.message.isprintable()


def test_the_working_directory():
    other = f"{HOME}/other"
    assert plan(("other/",), SAFEHOUSE_WORKDIR="~/other").policy.workdir == other
    assert (
        plan(("other/",), Request(workdir="./"), SAFEHOUSE_WORKDIR="~/other").policy.workdir
        == PROJECT
    )
    none = plan(SAFEHOUSE_WORKDIR="")
    assert not allows(none, "file-read-data", f"{PROJECT}/x")


def test_all_variables_and_some_of_them_cannot_be_combined():
    """R74."""
    with pytest.raises(UserError, match="--env cannot be combined with SAFEHOUSE_ENV_PASS"):
        plan(request=Request(env_all=True), SAFEHOUSE_ENV_PASS="X")


def test_no_variable_gives_trust():
    """A repository's tooling can set variables."""
    for value in ("1", "true", "yes"):
        (ignored,) = plan(SAFEHOUSE_TRUST_WORKDIR_CONFIG=value).configuration.ignored
        assert ignored.place == "SAFEHOUSE_TRUST_WORKDIR_CONFIG"
        assert "safehouse trust" in ignored.why


def test_it_is_of_the_tier_environment():
    (source,) = variables.settings(mac(environ={"SAFEHOUSE_ENABLE": "ssh"}))
    assert source.tier == Tier.ENVIRONMENT
