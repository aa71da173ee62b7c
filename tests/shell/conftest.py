"""A person with the built file, an agent, and a shell whose file has our line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.confinement.conftest import scene, scenes, template  # noqa: F401
from tests.shell.person import Person


@pytest.fixture
def person(scene) -> Person:  # noqa: F811
    return Person(scene)


@pytest.fixture(params=("bash", "zsh", "fish"))
def shell(request) -> str:
    return str(request.param)


@pytest.fixture
def at(person) -> Path:
    """The directory that the person is in: a project."""
    return Path(person.scene.project)
