"""Variables that move a directory: what follows them, and what they cannot open."""

from __future__ import annotations

import pytest

from safehouse.policy.policy import Access
from safehouse.request import Request
from safehouse.sources.homes import followed
from safehouse.value import replace
from tests.fake_host import linux, mac, planned


def plan(host, agent="codex", variables=(), **request):
    environ = {**host.environ, **dict(variables)}
    return planned(replace(host, environ=environ), Request(agent=agent, **request))


def may(found, operation, path):
    return found.policy.decide(Access(operation, path.replace("~", found.host.home, 1))).allowed


@pytest.fixture(params=[mac, linux], ids=["macos", "linux"])
def host(request):
    return request.param()


def test_the_rules_follow_the_variable(host):
    found = plan(host, variables={"CODEX_HOME": f"{host.home}/work/codex"}.items())
    assert may(found, "file-write-data", "~/work/codex/auth.json")
    assert not may(found, "file-read-data", "~/.codex/auth.json")


def test_without_the_variable_they_stay(host):
    found = plan(host)
    assert may(found, "file-write-data", "~/.codex/auth.json")
    assert not may(found, "file-read-data", "~/work/codex/auth.json")


def test_refusals_hold_in_both_places(host):
    found = plan(host, variables={"CODEX_HOME": f"{host.home}/work/codex"}.items())
    assert not may(found, "file-write-data", "~/work/codex/packages/x/codex")
    assert not may(found, "file-write-data", "~/.codex/packages/x/codex")


def test_the_same_directory_by_another_spelling_is_no_move(host):
    found = plan(host, variables={"CODEX_HOME": f"{host.home}/.codex/"}.items())
    assert may(found, "file-write-data", "~/.codex/auth.json")
    assert found.notices == plan(host).notices


@pytest.mark.parametrize("value", ["relative", "", "~/.x", "/a\nb"])
def test_what_is_no_absolute_path_moves_nothing(host, value):
    found = plan(host, variables={"CODEX_HOME": value}.items())
    assert may(found, "file-write-data", "~/.codex/auth.json")


@pytest.mark.parametrize(
    "value",
    [
        "~",
        "/",
        "~/.ssh",
        "~/.ssh/deeper",
        "~/.config",
        "~/.aws",
        "~/.local/bin",
        "~/.claude",
        "~/.local",
    ],
)
def test_no_variable_opens_what_others_have(host, value):
    """A project's tools can set variables."""
    path = value.replace("~", host.home, 1)
    found = plan(host, variables={"CODEX_HOME": path}.items())
    inner = f"{value.rstrip('/')}/x"
    assert may(found, "file-write-data", inner) == may(plan(host), "file-write-data", inner)
    assert any("CODEX_HOME" in notice and "not followed" in notice for notice in found.notices)
    assert may(found, "file-write-data", "~/.codex/auth.json")


def test_a_place_of_its_own_is_no_other(host):
    found = plan(host, variables={"CODEX_HOME": f"{host.home}/.codex/second"}.items())
    assert may(found, "file-write-data", "~/.codex/second/auth.json")
    assert not any("not followed" in notice for notice in found.notices)


def test_what_is_set_for_the_launch_wins(host):
    found = plan(
        host,
        variables={"CODEX_HOME": f"{host.home}/one"}.items(),
        assignments=(("CODEX_HOME", f"{host.home}/two"),),
    )
    assert may(found, "file-write-data", "~/two/auth.json")
    assert not may(found, "file-write-data", "~/one/auth.json")


def test_the_command_gets_the_variable(host):
    found = plan(host, variables={"CODEX_HOME": f"{host.home}/one"}.items())
    assert ("CODEX_HOME", f"{host.home}/one") in found.policy.environment


def test_another_agents_variable_moves_nothing(host):
    found = plan(host, variables={"CLAUDE_CONFIG_DIR": f"{host.home}/one"}.items())
    assert not may(found, "file-write-data", "~/one/x")
    assert "CLAUDE_CONFIG_DIR" not in dict(found.policy.environment)


def test_xdg_is_granted_beside_the_usual_place(host):
    found = plan(host, variables={"XDG_CACHE_HOME": f"{host.home}/my-cache"}.items())
    assert may(found, "file-write-data", "~/my-cache/pip/x")
    assert may(found, "file-write-data", "~/.cache/pip/x")
    assert not may(found, "file-write-data", "~/my-cache/else")


def test_xdg_moves_refusals_too(host):
    moved = {"XDG_CONFIG_HOME": f"{host.home}/my-config"}.items()
    found = plan(host, variables=moved)
    assert may(found, "file-read-data", "~/my-config/git/config")
    assert not may(found, "file-read-data", "~/my-config/git/credentials")


@pytest.mark.parametrize("make", [mac, linux])
def test_a_link_counts_as_what_it_leads_to(make):
    host = make(".ssh/config", links={"innocent": ".ssh"})
    found = plan(host, variables={"CODEX_HOME": f"{host.home}/innocent"}.items())
    assert not may(found, "file-write-data", "~/.ssh/config")
    assert any("CODEX_HOME" in notice for notice in found.notices)


def test_nothing_set_costs_nothing(host):
    found = planned(host, Request(agent="codex"))
    profiles = found.profiles
    assert followed(profiles, None, replace(host, environ={})) == (profiles, ())
