"""Variables that move a directory: what follows them, and what they cannot open."""

from __future__ import annotations

import pytest

from safehouse.policy.policy import Access
from safehouse.request import Request
from safehouse.sources.catalogue import Catalogue, records
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
    catalogue = Catalogue(host.platform, records())
    assert followed(profiles, catalogue, replace(host, environ={})) == (profiles, ())


def refused(host, value, path, variable="CODEX_HOME", operation="file-write-data", **request):
    """Whether a variable opens nothing at a path, and that is told."""
    value = value.replace("~", host.home, 1)
    found = plan(host, variables={variable: value}.items(), **request)
    told = any(variable in notice and "not followed" in notice for notice in found.notices)
    return told and not may(found, operation, path)


@pytest.mark.parametrize("value, path", [
    ("/run/user/1000", "/run/user/1000/bus"), ("/run", "/run/user/1000/bus"),
    ("/run/user/1000/podman", "/run/user/1000/podman/podman.sock"), ("/dev", "/dev/sda"),
    ("/proc", "/proc/x"), ("/sys/fs", "/sys/fs/x"), ("/tmp", "/tmp/tmux-1000/default"),
    ("/tmp/tmux-1000", "/tmp/tmux-1000/default"), ("~/.colima", "~/.colima/default/docker.sock"),
    ("~/.colima/default", "~/.colima/default/docker.sock"),
    ("~/.lima", "~/.lima/x/sock/docker.sock"),
    ("~/.local/share/containers", "~/.local/share/containers/podman/machine/x.sock"),
])  # fmt: skip
def test_no_variable_opens_sockets_of_other_programs(value, path):
    """On Linux what can be seen can be connected to."""
    assert refused(linux("/tmp/tmux-1000/default="), value, path)


def test_a_directory_of_one_s_own_among_temporary_files_is_followed():
    found = plan(linux("/tmp/mine/x"), variables={"CODEX_HOME": "/tmp/mine"}.items())
    assert may(found, "file-write-data", "/tmp/mine/x")


@pytest.mark.parametrize("value", ["~/Library/LaunchAgents", "~/.config/autostart",
                                   "~/.config/systemd", "~/.config/systemd/user"])  # fmt: skip
def test_nothing_that_the_system_starts_is_opened(host, value):
    assert refused(host, value, f"{value}/x")


def test_programs_in_path_are_not_opened(host):
    """Not by what is above them, either; what the profile itself refuses there is no obstacle."""
    path = {"PATH": f"{host.home}/tools/bin:/usr/bin"}
    machine = replace(host, environ={**host.environ, **path})
    for value in ("~/tools/bin", "~/tools"):
        assert refused(machine, value, "~/tools/bin/x")
    own = replace(host, environ={**host.environ, "PATH": f"{host.home}/k/bin:/usr/bin"})
    found = plan(own, agent="kimi", variables={"KIMI_CODE_HOME": f"{host.home}/k"}.items())
    assert may(found, "file-write-data", "~/k/x") and not may(found, "file-write-data", "~/k/bin/x")


@pytest.mark.parametrize("make", [mac, linux])
@pytest.mark.parametrize("value", ["~/src", "~/src/bank", "~/src/bank/deeper"])
def test_another_project_is_not_opened(make, value):
    host = make("src/bank/.git/HEAD", "src/bank/deeper/x")
    assert refused(host, value, "~/src/bank/deeper/x")


@pytest.mark.parametrize("make", [mac, linux])
def test_a_place_of_programs_may_be_a_repository_and_so_may_the_project(make):
    host = make(".codex-work/.git/HEAD")
    for value in (".codex-work", "src/project/state"):
        found = plan(host, variables={"CODEX_HOME": f"{host.home}/{value}"}.items())
        assert may(found, "file-write-data", f"~/{value}/x")


@pytest.mark.parametrize("variable, path, operation", [
    ("XDG_CONFIG_HOME", "~/git/x", "file-read-data"),
    ("XDG_DATA_HOME", "~/pnpm/store/x", "file-write-data"),
    ("XDG_CACHE_HOME", "~/pip/x", "file-write-data"),
])  # fmt: skip
@pytest.mark.parametrize("value", ["~", "~/", "~/.", "~/x/.."])
def test_what_lies_in_the_home_is_not_taken_for_settings_or_caches(
    host, variable, path, operation, value
):
    assert refused(host, value, path, variable, operation)


@pytest.mark.parametrize("value", ["~/.SSH", "~/.Ssh/deeper", "~/x/../.ssh", "~//.ssh", "~/./.ssh"])
def test_another_spelling_opens_nothing_either(value):
    """A Mac takes .SSH for .ssh, once it is there."""
    assert refused(mac(), value, f"{value}/config")


@pytest.mark.parametrize("variable, moved, agent", [
    ("GNUPGHOME", "private-keys-v1.d/x", "claude"), ("CODEX_HOME", "auth.json", "claude"),
    ("GH_CONFIG_DIR", "hosts.yml", "claude"), ("CLOUDSDK_CONFIG", "credentials.db", ""),
])  # fmt: skip
def test_a_secret_stays_one_where_its_owner_keeps_it(host, variable, moved, agent):
    """Though its owner's profile is not in force: wide-read opens all but what is known."""
    found = plan(host, agent, {variable: f"{host.home}/elsewhere"}.items(), enable=("wide-read",))
    assert may(found, "file-read-data", "~/elsewhere2/x")
    assert not may(found, "file-read-data", f"~/elsewhere/{moved}")
