"""A home to type commands in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def in_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a home with some directories, and goes to one of them, with nothing else set."""

    def make(*names: str, at: str) -> Path:
        home = tmp_path.resolve() / "home"
        for name in (*names, at):
            (home / name).mkdir(parents=True, exist_ok=True)
        for name in [n for n in os.environ if n.startswith(("XDG_", "SSH_", "SAFEHOUSE"))]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("PATH", "/usr/bin:/bin")
        monkeypatch.chdir(home / at)
        return home

    return make
