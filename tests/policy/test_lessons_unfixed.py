"""What agent-safehouse had not mended, and what is not repeated here. U1 to U9 on whole policies."""

from __future__ import annotations

import re

import pytest

from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.backends.seatbelt import Seatbelt
from safehouse.errors import UserError
from safehouse.launch import Words
from safehouse.policy.rule import ALLOW
from safehouse.request import HERE, Request
from safehouse.sources.catalogue import Catalogue, records
from safehouse.value import replace
from tests.fake_host import HOME, TEMP, linux, mac, planned
from tests.policy.on_a_mac import SOCKET, WRITE, may, policy

CATALOGUE = Catalogue("macos", records())
EVERYTHING = tuple(
    name for name in CATALOGUE.in_layers(("feature",)) if name not in ("toolchain-writes",)
)
AGENTS = ("claude", "codex", "copilot", "cursor-agent", "gemini", "opencode", "kiro", "vscode-app")
# Who can connect there types into your terminals. By their variables, which each sets in its panes.
MULTIPLEXERS = {
    "HERDR_SOCKET_PATH": "~/.config/herdr/herdr.sock", "CMUX_SOCKET_PATH": f"{TEMP}/cmux.sock",
    "CMUX_SOCKET": "/private/tmp/cmux-1.sock", "TMUX": "/private/tmp/tmux-501/default",
    "ZELLIJ_SOCKET_DIR": f"{TEMP}/zellij-501/x", "STY": f"{TEMP}/.screen/1.x",
    "KITTY_LISTEN_ON": "/private/tmp/kitty-1", "WEZTERM_UNIX_SOCKET": "~/.local/share/wezterm/gui-sock-1",
    "NVIM": f"{TEMP}/nvim.me/x/nvim.1.0", "VSCODE_IPC_HOOK_CLI": f"{TEMP}/vscode-ipc-1.sock",
    "ALACRITTY_SOCKET": "/private/tmp/Alacritty-1.sock", "ZELLIJ": "/private/tmp/zellij-501/x",
}  # fmt: skip


@pytest.mark.parametrize("place", [
    "~/.nvm/versions/node/v22/bin/node", "~/.bun/bin/bun", "~/.cargo/bin/cargo", "~/.local/bin/x",
    "~/.rustup/toolchains/x", "~/.pyenv/shims/python", "~/.volta/bin/node", "~/.deno/bin/deno",
    "~/go/bin/x", "~/.sdkman/x", "~/.rbenv/shims/ruby", "~/.asdf/shims/x", "~/.dotnet/tools/x",
])  # fmt: skip
def test_programs_of_toolchains_are_not_changed(place):
    """U1: with any feature but the one that says so."""
    for held in (policy(), policy(enable=EVERYTHING)):
        assert not may(held, WRITE, place)
    assert may(policy(enable=("toolchain-writes",)), WRITE, place)


@pytest.mark.parametrize("name", ["hooks/pre-commit", "config", "config.worktree", "commondir"])
def test_git_runs_nothing_that_a_command_wrote(name):
    """U2: .git/hooks and what core.hooksPath, core.fsmonitor and filters are said in."""
    held = policy(agent="claude", enable=tuple({*EVERYTHING} - {"git-config"}))
    assert not may(held, WRITE, f"~/src/project/.git/{name}")
    assert may(held, WRITE, "~/src/project/.git/index", "~/src/project/.git/refs/heads/x")


def test_the_enforcer_is_named_by_its_path():
    """U3: whatever PATH says."""
    environ = {"PATH": f"{HOME}/evil:/usr/bin"}
    found = planned(mac("evil/sandbox-exec", environ=environ), Request(command=("/usr/bin/env",)))
    launch = Seatbelt().prepare(found.policy, replace(found.host, foreign=True), ("/usr/bin/env",))
    assert launch.program == "/usr/bin/sandbox-exec"


@pytest.mark.parametrize("backend, host", [(Seatbelt(), mac), (Bubblewrap(), linux)])
def test_no_value_of_a_variable_is_on_a_command_line(backend, host, monkeypatch):
    """U4: others see it there."""
    monkeypatch.setattr("safehouse.backends.bubblewrap._program", lambda: "/usr/bin/bwrap")
    value = "sk-very-secret"
    machine = host(environ={"ANTHROPIC_API_KEY": value})
    found = planned(machine, Request(agent="claude", assignments=(("MORE", value + "2"),)))
    assert dict(found.policy.environment)["ANTHROPIC_API_KEY"] == value
    launch = backend.prepare(found.policy, replace(found.host, foreign=True), ("/usr/bin/env",))
    shown = [word for word in launch.argv if not isinstance(word, Words)]
    assert not [word for word in shown if value in str(word)]


def test_a_proxy_s_password_is_not_handed_on():
    """U5: by no name, and with every agent."""
    host = mac(
        environ={"HTTP_PROXY": "http://me:secret@proxy:1", "https_proxy": "me:secret@proxy:1"}
    )
    found = dict(policy(host, agent="claude", enable=("gh", "docker")).environment)
    assert found["HTTP_PROXY"] == "http://proxy:1"
    assert "secret" not in str(found)


def test_no_entry_of_path_is_there_twice():
    """U6."""
    host = mac("/bin/sh", environ={"PATH": "/usr/bin:/bin:/usr/bin/:/bin:/usr/bin"})
    entries = dict(policy(host, agent="claude").environment)["PATH"].split(":")
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize("variable, place", MULTIPLEXERS.items())
def test_no_variable_opens_the_socket_of_a_multiplexer(variable, place):
    """U8: not for any agent, with any feature; and its variable is not handed on."""
    path = place.replace("~", HOME)
    host = mac(path + "=", environ={variable: path})
    for agent, features in (("", ()), ("claude", ()), ("codex", ("ssh", "docker", "wide-read"))):
        held = policy(host, agent=agent, enable=features)
        assert not may(held, SOCKET, path, kind="path")
        assert variable not in dict(held.environment)


@pytest.mark.parametrize("agent", AGENTS)
def test_no_agent_opens_the_socket_of_a_multiplexer(agent):
    """U8: nor does any feature that is not about that."""
    for held in (policy(agent=agent), policy(enable=EVERYTHING)):
        for place in MULTIPLEXERS.values():
            assert not may(held, ("network-outbound",), place, kind="path")


def test_no_profile_is_for_a_multiplexer():
    """U8: none by name, by command, or by what it grants."""
    word = re.compile(r"herdr|cmux|tmux|zellij|wezterm|kitty", re.IGNORECASE)
    for record in records().values():
        assert not word.search(" ".join((record[0], *record[5], *record[7])))
    opened = [
        grant.filter.value
        for _, grant in CATALOGUE.grants()
        if grant.action == ALLOW and grant.filter and word.search(grant.filter.value)
    ]
    assert opened == []


@pytest.mark.parametrize("host, place", [(mac, ""), (linux, ""), (mac, "/Users"), (linux, "/")])
def test_the_home_is_no_project_unless_somebody_says_so(host, place):
    """U9: nor is a directory above it."""
    machine = host(cwd=place)
    with pytest.raises(UserError, match="home"):
        planned(machine, Request(workdir=HERE))
    assert planned(machine, Request(workdir=machine.cwd)).policy.workdir == machine.cwd
