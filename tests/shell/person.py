"""Real shells, started as a person's own, and a stand-in for an agent that writes down what it got."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.confinement import user

# As the README has them.
LINES = {
    "bash": 'eval "$(~/.local/bin/safehouse init bash)"',
    "zsh": 'eval "$(~/.local/bin/safehouse init zsh)"',
    "fish": "~/.local/bin/safehouse init fish | source",
}
_BARE = {"bash": ("--norc", "--noprofile"), "zsh": ("-f",), "fish": ("--no-config",)}
# Words ended by a zero byte, and whether it was confined; then the status that it was told.
AGENT = """#!/bin/sh
confined=${SAFEHOUSE_SANDBOX:+1}
{ printf '%s\\0' "${confined:-no}" "$@"; printf '\\n'; } >>"$PWD/got"
exit "${STATUS-0}"
"""


def program(shell: str) -> str:
    """The shell's own program. It is installed by `make setup`; on CI its absence is a failure."""
    found = shutil.which(shell, path=user.PATH)
    if not found:
        user.unavailable(f"no {shell}: make setup installs it")
    return str(found)


class Person:
    """Somebody with a home of a scene, `safehouse` and `claude` in ~/.local/bin."""

    def __init__(self, scene) -> None:
        self.scene = scene
        self.bin = scene.home / ".local" / "bin"
        self.bin.mkdir(parents=True, exist_ok=True)
        os.link(scene.safehouse, self.bin / "safehouse")
        self.install("claude", AGENT)
        self.env = {**scene.env, "PATH": f"{self.bin}:{user.PATH}"}
        user.own(scene.home / ".local")

    def install(self, name: str, text: str, directory: str = ".local/bin") -> Path:
        return self.scene.write(f"{directory}/{name}", text, 0o755)

    def run(
        self, shell: str, script: str, options: tuple[str, ...] = (), **env: str
    ) -> subprocess.CompletedProcess:
        """Runs a script in a shell of theirs, in the project."""
        bare = _BARE[shell]
        both = (*bare, *options) if shell == "bash" else (*options, *bare)  # as each one wants it
        argv = [program(shell), *both, "-c", script]
        return self.scene.run(*argv, env={**self.env, **env})

    def with_line(
        self, shell: str, script: str, *options: str, **env: str
    ) -> subprocess.CompletedProcess:
        """The same, behind our line; it must work."""
        done = self.run(shell, f"{LINES[shell]}\n{script}", options, **env)
        assert done.returncode == 0, done.stderr
        return done

    def got(self) -> list[tuple[str, ...]]:
        """What the agent got each time: "1" or "no" for whether it was confined, then its words."""
        file = self.scene.project / "got"
        calls = file.read_bytes().split(b"\0\n") if file.exists() else [b""]
        if file.exists():
            file.unlink()
        return [
            tuple(w.decode("utf-8", "surrogateescape") for w in call.split(b"\0"))
            for call in calls[:-1]
        ]
