"""The built file, once per session, and the Pythons to try it on."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_zipapp", ROOT / "tools/build_zipapp.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    return load_builder()


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
def zipapp(
    builder: ModuleType,
    pythons: dict[str, Path],
    wheels: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    output = tmp_path_factory.mktemp("dist") / "safehouse"
    builder.build(output, wheels, list(pythons.values()))
    assert isinstance(output, Path)
    return output
