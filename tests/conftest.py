"""What all tests share: what is built, once for all workers, and the state of a test's process."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from safehouse.sources import checkout
from tools import build_zipapp

ROOT = Path(__file__).resolve().parents[1]

# A checkout reads profiles.yaml for each plan, which takes longer than most tests.
checkout.parsed = cache(checkout.parsed)

# Who runs the tests in the background (a CI, nohup) has signals ignored, and a program inherits that.
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    return build_zipapp


@pytest.fixture(scope="session")
def pythons(builder: ModuleType) -> dict[str, Path]:
    found = {version: builder.find_python(version) for version in builder.VERSIONS}
    return {version: path for version, path in found.items() if path}


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where downloaded wheels are kept: in the checkout when they are there or may be."""
    kept = ROOT / "build"
    if any(kept.glob("dependencies-*")) or os.access(kept if kept.exists() else ROOT, os.W_OK):
        return kept
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all workers of pytest-xdist."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def alone(shared: Path, name: str) -> Iterator[Path]:
    """The place of what is made once: the first worker makes it, the others wait for that."""
    with open(shared / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shared / name


@pytest.fixture(scope="session")
def zipapp(builder: ModuleType, pythons: dict[str, Path], wheels: Path, shared: Path) -> Path:
    """The single file."""
    with alone(shared, "dist") as folder:
        file = folder / "safehouse"
        if not file.exists():
            builder.build(file, wheels, list(pythons.values()))
    return file


@pytest.fixture(scope="session")
def distributions(shared: Path) -> Path:
    """A folder with the wheel and the source distribution."""
    with alone(shared, "distributions") as folder:
        if not folder.exists():
            new = folder.with_name("new")
            hatchling(ROOT, new, "sdist", "wheel")
            new.rename(folder)
    return folder


def hatchling(source: Path, output: Path, *targets: str) -> None:
    chosen = [word for target in targets for word in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", *chosen, "-d", output]
    subprocess.run(command, cwd=source, check=True, capture_output=True)


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (path,) = distributions.glob("*.whl")
    return path
