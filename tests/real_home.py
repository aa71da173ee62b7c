"""A person with a home of real files, for what is read from there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from safehouse.files import LocalFiles
from safehouse.host import LINUX, Host
from safehouse.plan import Plan
from safehouse.request import Request
from safehouse.sandbox import make_plan


class Person:
    """Somebody with a home, a project in it, and our files where they belong."""

    def __init__(self, directory: Path) -> None:
        self.home = directory.resolve() / "home"
        self.project = self.home / "src/project"
        self.project.mkdir(parents=True)
        self.own = self.home / ".config/safehouse"

    def write(self, name: str, text: str | bytes, mode: int = 0o600) -> Path:
        """A file below the home, by a name relative to it."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def configure(self, text: str) -> Path:
        """config.yaml."""
        return self.write(".config/safehouse/config.yaml", text)

    def host(self, cwd: Path | None = None, **environ: str) -> Host:
        """The machine as the person sees it now."""
        given = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", **environ}
        where = str(cwd or self.project)
        return Host(LINUX, str(self.home), where, given, LocalFiles(), os.getuid())

    def plan(
        self, *command: str, cwd: Path | None = None, host: Host | None = None, **request: Any
    ) -> Plan:
        """What a request amounts to."""
        return make_plan(Request(command=command, **request), host or self.host(cwd))
