"""The subject is the built file, run by an ordinary user in a home of its own."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.scene import Scene, copy, make_template

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file, built once for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    output = shared / "confinement" / "safehouse"
    output.parent.mkdir(exist_ok=True)
    with open(shared / "confinement.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.exists():
            subprocess.run(
                [sys.executable, ROOT / "tools/build_zipapp.py", "-o", output],
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return output


@pytest.fixture(scope="session")
def template(built: Path) -> Iterator[Scene]:
    """What all scenes are copies of, in a place that an ordinary user can reach."""
    obstacle = user.obstacle()
    if obstacle:
        user.unavailable(obstacle)
    root = user.new_directory()
    try:
        safehouse = root / "safehouse"
        shutil.copy(built, safehouse)
        user.own(root)
        yield make_template(root / "template", safehouse)
    finally:
        user.remove(root)


@pytest.fixture
def scenes(template: Scene) -> Iterator[Callable[[], Scene]]:
    """Makes as many scenes as a test needs."""
    made: list[Scene] = []

    def make() -> Scene:
        made.append(copy(template, template.root.parent / str(next(_NUMBERS))))
        return made[-1]

    yield make
    for scene in made:
        scene.end()
        user.remove(scene.root)


@pytest.fixture
def scene(scenes: Callable[[], Scene]) -> Scene:
    return scenes()
