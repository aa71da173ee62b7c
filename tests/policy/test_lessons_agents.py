"""What broke for the users of agent-safehouse, on whole policies of a Mac: agents, apps. R63 to R68."""

from __future__ import annotations

import pytest

from safehouse.sources.catalogue import Catalogue, records
from tests.fake_host import TEMP
from tests.policy.on_a_mac import READ, SOCKET, WRITE, allows, may, policy

CATALOGUE = Catalogue("macos", records())
SUPPORT = "~/Library/Application Support"
BOTH = ("mach-lookup", "mach-register")


def test_claude_signs_in_and_keeps_its_state():
    """R63: with its lock and its keychain; the browser's part is a feature of its own."""
    held = policy(agent="claude")
    own = ("~/.claude.lock", "~/.claude.json", "~/.claude.json.lock", "~/.claude/projects/x",
           "~/.config/claude/x", "~/.cache/claude/x", "~/.local/state/claude/x")  # fmt: skip
    assert may(held, (*READ, *WRITE), *own)
    assert allows(held, "mach-lookup", "com.apple.SecurityServer", "global-name")
    hosts = f"{SUPPORT}/Google/Chrome/NativeMessagingHosts/x.json"
    assert not may(held, (*READ, *WRITE), hosts)
    assert may(policy(agent="claude", enable=("browser-native-messaging",)), (*READ, *WRITE), hosts)
    assert {CATALOGUE.for_command((name,)) for name in ("claude", "claude-code")} == {"claude"}


def test_claude_s_programs_are_read_and_stay():
    """R63: agent-safehouse lets it change them."""
    held = policy(agent="claude")
    for path in ("~/.local/bin/claude", "~/.local/share/claude/versions/2", "~/.claude/local/x"):
        assert may(held, READ, path) and not may(held, WRITE, path)


@pytest.mark.parametrize("app", ["Visual Studio Code", "Visual Studio Code - Insiders"])
def test_copilot_is_found_as_vs_code_brings_it(app):
    """R64: its launcher, and of the app only what that starts."""
    held = policy(agent="copilot")
    name = "Code - Insiders" if "Insiders" in app else "Code"
    storage = f"{SUPPORT}/{name}/User/globalStorage"
    read = (f"{storage}/github.copilot-chat/copilotCli/copilot",
            f"/Applications/{app}.app/Contents/Frameworks/x")  # fmt: skip
    assert may(held, READ, *read)
    assert not may(held, WRITE, *read)
    assert not may(policy(), READ, *read)
    for closed in (f"/Applications/{app}.app/Contents/Resources/x", f"{storage}/state.vscdb",
                   f"{storage}/github.copilot-chat/x"):  # fmt: skip
        assert not allows(held, "file-read-data", closed)


def test_copilot_keeps_its_state():
    """R64."""
    held = policy(agent="copilot")
    assert may(held, (*READ, *WRITE), "~/.copilot/x", "~/Library/Caches/copilot/marketplaces/x")
    assert may(held, READ, "~/Library/Caches/copilot/pkg/x")


@pytest.mark.parametrize("app", ["ChatGPT", "Codex"])
def test_codex_finds_what_its_app_brings(app):
    """R65: by both of its names, and no more of it."""
    resources = f"/Applications/{app}.app/Contents/Resources"
    names = ("codex", "node_repl", "cua_node/bin/node_repl")
    assert may(policy(agent="codex"), READ, *(f"{resources}/{name}" for name in names))
    assert not allows(policy(agent="codex"), "file-read-data", f"{resources}/app.asar")
    assert not allows(policy(), "file-read-data", f"{resources}/codex")


def test_the_app_of_codex():
    """R65: both bundles; its state, without the command's profile; its parts; a second start."""
    for bundle in ("ChatGPT.app", "Codex.app"):
        assert CATALOGUE.for_bundle(bundle) == "chatgpt-app"
    held = policy(agent="chatgpt-app")
    assert "codex" not in {each.name for each in CATALOGUE.selected((), "chatgpt-app")}
    assert may(held, (*READ, *WRITE), "~/.codex/sessions/x", "~/Library/Caches/Codex/x")
    assert may(held, BOTH, "com.openai.codex.apps.x", kind="global-name")
    assert may(held, BOTH, "com.openai.codex.MachPortRendezvousServer.1", kind="global-name")
    assert may(held, SOCKET, f"{TEMP}/com.openai.codex.AbC/SingletonSocket", kind="path")


@pytest.mark.parametrize("agent", ["codex", "chatgpt-app"])
def test_codex_outside_is_not_reached_by_its_state(agent):
    held = policy(agent=agent)
    for path in ("app-server-control/x.sock", "app-server-daemon/settings.json", "packages/x"):
        assert not may(held, WRITE, f"~/.codex/{path}")
    assert not may(held, READ, "~/.codex/app-server-control/x.sock")
    assert not may(held, SOCKET, "~/.codex/app-server-control/x.sock", kind="path")


@pytest.mark.parametrize("team", ["", "Q6L2SF6YDW."])
def test_parts_of_claude_s_app_find_each_other(team):
    """R66: with the team before the name, and without."""
    name = f"{team}com.anthropic.claudefordesktop.MachPortRendezvousServer.1"
    assert may(policy(agent="claude-app"), BOTH, name, kind="global-name")
    assert not may(policy(agent="claude-app"), BOTH, f"X{name}", kind="global-name")
    assert not may(policy(agent="claude"), BOTH, name, kind="global-name")


def test_vs_code_has_sockets_of_its_own_and_not_the_person_s():
    """R67: those of an editor outside run commands there, and hand out passwords of Git."""
    for held in (policy(agent="vscode-app"), policy(agent="claude", enable=("vscode",))):
        for name in ("stable", "insiders"):
            own = f"~/.cache/claude/vscode-editor-{name}/user-data/1.9-main.sock"
            assert may(held, SOCKET, own, kind="path")
        theirs = (f"{SUPPORT}/Code/1.9-main.sock", f"{SUPPORT}/Code - Insiders/1.9-main.sock",
                  f"{TEMP}/vscode-ipc-0a-1B.sock", f"{TEMP}/vscode-git-0a1b.sock")  # fmt: skip
        assert not may(held, SOCKET[2:], *theirs, kind="path")
        assert not may(held, SOCKET, f"{TEMP}/vscode-git-0a1b.sock", kind="path")


def test_amp_and_pi_look_at_directories():
    """R68: the clipboard, which Amp has there, is asked for here."""
    assert allows(policy(agent="amp"), "file-read-metadata", "/home")
    assert allows(policy(agent="pi"), "file-read-metadata", "~/Library")
    assert not allows(policy(agent="amp"), "mach-lookup", "com.apple.pasteboard.1", "global-name")
    both = policy(agent="amp", enable=("clipboard",))
    assert allows(both, "mach-lookup", "com.apple.pasteboard.1", "global-name")


# What a program other than the agent runs, or obeys, of what lies in the agent's directory.
OTHERS_RUN = [
    ("cursor-agent", "~/.cursor/mcp.json"), ("cursor-agent", "~/.cursor/hooks.json"),
    ("cursor-agent", "~/.cursor/extensions/x"), ("cursor-agent", "~/.cursor/permissions.json"),
    ("cursor-agent", "~/.cursor/sandbox.json"),
    ("kiro", "~/.kiro/settings/mcp.json"), ("kiro", "~/.kiro/powers/x/mcp.json"),
    ("gemini", "~/.gemini/antigravity/mcp_config.json"),
    ("gemini", "~/.gemini/antigravity-browser-profile/Default/Cookies"),
    ("cn", "~/.continue/config.ts"), ("cn", "~/.continue/config.yaml"),
    ("cn", "~/.continue/config.json"), ("cn", "~/.continue/mcpServers/x.yaml"),
    ("copilot", "~/.copilot/hooks/x.json"),
    ("junie", "~/.junie/mcp/mcp.json"), ("goose", "~/.local/share/goose/schedule.json"),
]  # fmt: skip


@pytest.mark.parametrize("agent, path", OTHERS_RUN)
def test_what_other_programs_run_is_not_written(agent, path):
    assert not may(policy(agent=agent), WRITE, path)


def test_the_browser_of_another_editor_is_not_read():
    held = policy(agent="gemini")
    assert not may(held, READ[:1], "~/.gemini/antigravity-browser-profile/Default/Cookies")
    assert may(held, (*READ, *WRITE), "~/.gemini/settings.json", "~/.gemini/oauth_creds.json")
