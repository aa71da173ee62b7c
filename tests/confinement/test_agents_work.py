"""The real agents, as their makers publish them, start inside: installed by npm and pip below the home."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks
from tests.confinement.terminal import Terminal
from tests.confinement.user import own

pytestmark = [pytest.mark.confinement, pytest.mark.slow]

INSTALLING = 900
STARTING = 120


def install(*words: object) -> None:
    """Runs npm or pip as they are configured on this machine."""
    try:
        done = subprocess.run(
            [str(word) for word in words], capture_output=True, text=True, timeout=INSTALLING
        )
    except subprocess.TimeoutExpired:
        user.unavailable(f"{words[0]} took longer than {INSTALLING} s")
        return
    if done.returncode:
        user.unavailable(f"{words[0]} could not install: {done.stderr[-500:]}")


def npm(scene, package: str) -> None:
    program = shutil.which("npm")
    if not program:
        user.unavailable("no npm here")
    prefix = scene.home / ".npm-global"
    with tempfile.TemporaryDirectory() as cache:
        words = ["--global", "--no-audit", "--no-fund", "--loglevel=error", f"--cache={cache}"]
        install(program, "install", *words, f"--prefix={prefix}", package)
    own(prefix)
    scene.env["PATH"] = f"{prefix}/bin:{user.PATH}"


def pip(scene, package: str) -> None:
    folder = scene.home / ".virtualenvs" / "agent"
    install(user.PYTHON, "-m", "venv", folder)
    install(folder / "bin/python", "-m", "pip", "install", "--quiet", package)
    own(scene.home / ".virtualenvs")
    scene.env["PATH"] = f"{folder}/bin:{user.PATH}"


@pytest.fixture
def empty_home(scene):
    """A home in which no agent ever ran: the project, and nothing else."""
    for name in os.listdir(scene.home):
        if name not in ("src", "secrets"):
            path = scene.home / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    own(scene.home)
    return scene


def visible(scene) -> set[str]:
    """What lies in the home, but for installations, the project, and launches that are kept."""
    log = scene.home / ".local/state/safehouse"  # safehouse's own
    cache = scene.home / ".cache"
    return {
        str(path.relative_to(scene.home))
        for path in scene.home.rglob("*")
        if not any(part in (".npm-global", ".virtualenvs") for part in path.parts)
        and not path.is_relative_to(scene.project)
        and not path.is_relative_to(log)
        and path not in log.parents
        and path != cache
        and not path.is_relative_to(cache / "safehouse")
    }


def codex_confines(scene) -> None:
    """Its own sandbox works, inside; so does another way to the same program."""
    words = ["codex", "sandbox", "--", "sh", "-c", "echo nested; cat ~/secrets/x"]
    done = scene.confined("--", *words, timeout=STARTING)
    assert "nested" in done.stdout, done.stderr
    assert not leaks(scene, done)
    done = scene.confined("--", scene.home / ".npm-global/bin/codex", "--version", timeout=STARTING)
    assert "codex" in done.stdout, done.stderr


def claude_remembers(scene) -> None:
    """Its settings are kept."""
    words = ["mcp", "add", "-s", "user", "mine", "--", "true"]
    scene.confined("--", "claude", *words, timeout=STARTING)
    assert "mine" in (scene.home / ".claude.json").read_text()
    assert "mine" in scene.confined("--", "claude", "mcp", "list", timeout=STARTING).stdout


class Agent(NamedTuple):
    command: str
    install: Callable[[object, str], None]
    package: str
    state: str  # the directory that it makes at its start
    asked: str  # what it answers without a network
    beside: tuple[str, ...] = ()  # what else may be new in the home


OFFLINE = "--no-check-update --no-analytics --no-git --no-show-model-warnings"
XDG = (".config", ".local")
AGENTS = [
    Agent("claude", npm, "@anthropic-ai/claude-code", ".claude", "mcp list", (".claude.json",)),
    Agent("codex", npm, "@openai/codex", ".codex", "mcp list"),
    Agent("gemini", npm, "@google/gemini-cli", ".gemini", "mcp list"),
    Agent("opencode", npm, "opencode-ai", ".local/share/opencode", "auth list", XDG),
    Agent("copilot", npm, "@github/copilot", ".copilot", "help config"),
    Agent("cn", npm, "@continuedev/cli", ".continue", "ls"),
    Agent("pi", npm, "@mariozechner/pi-coding-agent", ".pi", "list"),
    Agent("aider", pip, "aider-chat", ".aider", f"{OFFLINE} --list-models gpt-4o"),
    Agent("llm", pip, "llm", ".config/io.datasette.llm", "keys list", XDG),
]
# What their terminal interfaces show at the first start, without a network.
SCREENS = {"codex": "Sign in with ChatGPT", "gemini": "Do you trust", "pi": "pi v"}
ALSO = {"claude": claude_remembers, "codex": codex_confines}


@pytest.mark.parametrize("agent", AGENTS, ids=[agent.command for agent in AGENTS])
def test_it_starts_and_finds_its_state_again(empty_home, agent):
    agent.install(empty_home, agent.package)
    before = visible(empty_home)
    for words in (["--version"], ["--help"], agent.asked.split()):
        inside = empty_home.confined("--", agent.command, *words, timeout=STARTING)
        assert inside.returncode == 0, inside.stdout + inside.stderr
        assert "safehouse:" not in inside.stderr, "nothing was lost, and nothing is to be known"
    if agent.command in SCREENS:
        comes_up(empty_home, agent.command)
    new = visible(empty_home) - before
    assert agent.state in new, "its profile was in force"
    expected = {Path(path).parts[0] for path in (agent.state, *agent.beside)}
    assert {Path(path).parts[0] for path in new} <= expected
    # Unconfined it goes on with the state that it made inside, and says the same.
    outside = empty_home.run(agent.command, *words, timeout=STARTING)
    assert (outside.returncode, outside.stdout) == (0, inside.stdout), outside.stderr
    ALSO.get(agent.command, lambda scene: None)(empty_home)


def comes_up(scene, command: str) -> None:
    words = (scene.safehouse, "--", command)
    with Terminal(scene, *words, lines=40, columns=120, patience=STARTING) as terminal:
        terminal.see(SCREENS[command])
