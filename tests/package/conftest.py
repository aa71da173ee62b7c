"""What was built, installed once for all workers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conftest import alone
from tests.package.installing import SYSTEM_PYTHON, WAYS, Installed, by_pip_user, make_libraries
from tests.package.test_zipapp import assert_version, evil, run

__all__ = ["evil"]  # a fixture of several


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("libraries")
    make_libraries(folder)
    return folder


@pytest.fixture(scope="session", params=[*WAYS, "pip --user"])
def installed(
    request: pytest.FixtureRequest,
    shared: Path,
    wheel: Path,
    libraries: Path,
    pythons: dict[str, Path],
) -> Installed:
    with alone(shared, f"installed by {request.param}") as home:
        note = home / "program"
        if not note.exists():
            home.mkdir()
            if request.param == "pip --user":
                program = by_pip_user(home, wheel, libraries, SYSTEM_PYTHON)
            else:
                install, version = WAYS[request.param]
                python = pythons.get(version, Path(sys.executable))
                program = install(home, wheel, libraries, python)
            assert_version(run(program, "--version"))  # the first start takes its files for its own
            note.write_text(str(program))
    program = Path(note.read_text())
    return Installed(home, program, program.resolve())
