"""The subject is the built file, run by an ordinary user in a home of its own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.scene import Scene, copy, make_template

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def template(zipapp: Path) -> Iterator[Scene]:
    """What all scenes are copies of, in a place that an ordinary user can reach."""
    obstacle = user.obstacle()
    if obstacle:
        user.unavailable(obstacle)
    root = user.new_directory()
    try:
        safehouse = root / "safehouse"
        shutil.copy(zipapp, safehouse)
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
