"""The real agents, as their makers publish them, start inside: installed by npm and pip below the home."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.attack import leaks
from tests.confinement.user import own

pytestmark = [pytest.mark.confinement, pytest.mark.slow]

INSTALLING = 900


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


def by_npm(scene, package: str) -> None:
    npm = shutil.which("npm")
    if not npm:
        user.unavailable("no npm here")
    prefix = scene.home / ".npm-global"
    with tempfile.TemporaryDirectory() as cache:
        quiet = ("--no-audit", "--no-fund", "--loglevel=error")
        install(
            npm, "install", "--global", *quiet, f"--cache={cache}", f"--prefix={prefix}", package
        )
    own(prefix)
    scene.env["PATH"] = f"{prefix}/bin:{user.PATH}"


def by_pip(scene, package: str) -> None:
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
    return {
        str(path.relative_to(scene.home))
        for path in scene.home.rglob("*")
        if not any(part in (".npm-global", ".virtualenvs") for part in path.parts)
        and not path.is_relative_to(scene.project)
    }


def first_run(scene, name: str, state: set[str], *words: str) -> str:
    """`--version` at its first run; gives what it says. Only its state may be new in the home."""
    before = visible(scene)
    done = scene.confined("--", name, *words, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    new = {Path(path).parts[0] for path in visible(scene) - before}
    assert new <= state, new
    return done.stdout


def test_codex(empty_home):
    by_npm(empty_home, "@openai/codex")
    assert "codex" in first_run(empty_home, "codex", {".codex"}, "--version")
    assert (empty_home.home / ".codex").is_dir(), "its profile was in force"
    assert "Usage" in first_run(empty_home, "codex", {".codex"}, "--help")
    first_run(empty_home, "codex", {".codex"}, "features", "list")
    # Its own sandbox, inside.
    words = ["codex", "sandbox", "--", "sh", "-c", "echo nested; cat ~/secrets/x"]
    done = empty_home.confined("--", *words, timeout=120)
    assert "nested" in done.stdout, done.stderr
    assert not leaks(empty_home, done)
    # By another way to the same program.
    found = empty_home.home / ".npm-global/bin/codex"
    assert "codex" in first_run(empty_home, str(found), {".codex"}, "--version")
    done = empty_home.run("codex", "--version")
    assert done.returncode == 0, "unconfined it still runs, with the state that it made inside"


def test_claude(empty_home):
    by_npm(empty_home, "@anthropic-ai/claude-code")
    state = {".claude", ".claude.json"}
    assert "Claude Code" in first_run(empty_home, "claude", state, "--version")
    assert (empty_home.home / ".claude").is_dir(), "its profile was in force"
    assert "Usage" in first_run(empty_home, "claude", state, "--help")
    first_run(empty_home, "claude", state, "mcp", "list")
    first_run(empty_home, "claude", state, "mcp", "add", "-s", "user", "mine", "--", "true")
    assert "mine" in (empty_home.home / ".claude.json").read_text(), "settings are kept"
    assert "mine" in first_run(empty_home, "claude", state, "mcp", "list")


def test_aider(empty_home):
    by_pip(empty_home, "aider-chat")
    assert "aider" in first_run(empty_home, "aider", {".aider"}, "--version")
    assert (empty_home.home / ".aider").is_dir(), "its profile was in force"
    offline = ("--no-check-update", "--no-analytics", "--no-git", "--no-show-model-warnings")
    first_run(empty_home, "aider", {".aider"}, *offline, "--list-models", "gpt-4o")
