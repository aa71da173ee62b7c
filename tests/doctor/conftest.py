"""A person with a home of real files, who is in a project of theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from safehouse.doctor.subject import subject
from safehouse.host import LINUX, Host
from safehouse.value import replace

SYSTEM = "/usr/bin:/bin"


class Person:
    """`home` is theirs, `project` the directory that they are in, `bin` where their programs lie."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = home / "src" / "project"
        self.bin = home / ".local" / "bin"
        for directory in (self.project, self.bin):
            directory.mkdir(parents=True)
        home.chmod(0o755)
        self.environ = {"HOME": str(home), "PATH": f"{self.bin}:{SYSTEM}", "SHELL": "/bin/bash"}

    def write(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """A file below the home."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def program(self, path: str, text: str = "#!/bin/sh\n") -> Path:
        return self.write(path, text, 0o755)

    def host(self, cwd: str = "src/project", **environ: str) -> Host:
        """Them, at their machine, as it is now."""
        given = {**self.environ, **environ}
        found = Host.current()
        return replace(
            found,
            platform=LINUX,
            temp="",
            cache="",
            launch_temp="",
            folds_case=False,
            home=str(self.home),
            cwd=str(self.home / cwd) if cwd else str(self.home),
            environ={name: value for name, value in given.items() if value},
            borrowed=False,
        )

    def subject(self, cwd: str = "src/project", **environ: str):
        return subject(self.host(cwd, **environ))


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    made = Person(tmp_path.resolve() / "home")
    for name in [name for name in os.environ if name.startswith(("XDG_", "SAFEHOUSE", "SSH_"))]:
        monkeypatch.delenv(name)
    for name, value in made.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.chdir(made.project)
    # Without one installed here, what is planned is the same.
    monkeypatch.setattr("safehouse.backends.bubblewrap._program", lambda: "/usr/bin/bwrap")
    return made
