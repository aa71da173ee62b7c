"""A person with a project, whose launches are planned and kept, and found again; none is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import safehouse
from safehouse import facts, sandbox
from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.cli.arguments import parse
from safehouse.cli.run import run
from safehouse.kept import again
from safehouse.launch import Launch, Words

pytestmark = pytest.mark.skipif(not Path("/usr/bin/bwrap").exists(), reason="no bubblewrap here")


class Person:
    """Somebody who types `safehouse ...` in a project; `told` is what they read."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.project = home / "src/project"
        self.monkeypatch = monkeypatch
        self.told: list[str] = []
        self._launches: list[Launch] = []

    def write(self, path: str, text: str = "", mode: int = 0o644) -> Path:
        """A file below the home."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def git(self, *words: str) -> None:
        name = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *name, *words], cwd=self.project, check=True, capture_output=True)

    def plans(self, *argv: str) -> Launch:
        """The launch of these arguments, planned and, if it is one for that, kept."""
        try:
            run(parse(list(argv)), self.told.append, list(argv))
        finally:
            facts.stop()
        return self._launches.pop()

    def finds(self, *argv: str) -> Launch | None:
        """What was kept for these arguments, if it still holds."""
        found = again.kept(list(argv))
        return found and found[1]

    def keeps(self, *argv: str) -> Launch:
        """A launch that was planned, and is found again as it was planned."""
        self.plans(*argv)  # it may make what is missing
        planned = self.plans(*argv)
        found = self.finds(*argv)
        assert found is not None
        assert described(found) == described(planned)
        return planned

    @property
    def files(self) -> list[Path]:
        return sorted((self.home / ".cache/safehouse/launches").glob("*"))

    def start(self, launch: Launch) -> int:
        self._launches.append(launch)
        for creation in launch.creations:
            path = Path(creation.path)
            if not creation.stub and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                if creation.content is None:
                    path.mkdir(mode=0o700)
                else:
                    path.write_bytes(creation.content)
        return 0


def described(launch: Launch) -> tuple[object, ...]:
    """All that decides what is started; how far that is enforced is told when it is planned."""
    return tuple(
        getattr(launch, name) for name in Launch._names if name not in ("enforcement", "proof")
    )


def options(launch: Launch) -> list[object]:
    """The options for bubblewrap."""
    return [word for part in launch.argv if isinstance(part, Words) for word in part.words]


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    # Not below /tmp, which a sandbox has of its own.
    home = Path("/var/tmp").resolve() / f"kept-{os.getpid()}-{tmp_path.name}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    person = Person(home, monkeypatch)
    person.project.mkdir(parents=True)
    person.git("init", "--quiet")
    person.write("bin/claude", "#!/bin/sh\n", 0o755)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", f"{home}/bin:/usr/bin:/bin")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(person.project)
    monkeypatch.setattr(safehouse, "_build", SimpleNamespace(ID="test"), raising=False)
    monkeypatch.setitem(facts.ASK, "home", lambda who: str(home))
    monkeypatch.setattr(Bubblewrap, "start", lambda _, launch: person.start(launch))
    yield person
    shutil.rmtree(home, ignore_errors=True)


__all__ = ["Person", "described", "options", "person", "sandbox"]
