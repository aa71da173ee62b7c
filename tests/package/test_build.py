"""The wheel and the source distribution."""

from __future__ import annotations

import ast
import tarfile
import zipfile
from pathlib import Path

import pytest

from safehouse import __version__
from safehouse.cli.names import Names, names_of
from safehouse.sources import secret_file, sensitive_file
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile_file import load

ROOT = Path(__file__).resolve().parents[2]
COMPILED = "safehouse/sources/_compiled.py"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", name="wheel")
def content(wheel: Path) -> dict[str, bytes]:
    """What the wheel has, by name."""
    assert wheel.name == f"safehouse-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_has_the_profiles_compiled(wheel: dict[str, bytes]) -> None:
    assignment, secrets, sensitive = ast.parse(wheel[COMPILED]).body[1:]
    assert isinstance(assignment, ast.Assign)
    assert isinstance(secrets, ast.Assign)
    assert isinstance(sensitive, ast.Assign)
    text = (ROOT / "profiles.yaml").read_text(encoding="utf-8")
    records = ast.literal_eval(assignment.value)
    assert records == load(text, "profiles.yaml")
    assert list(records) == list(load(text, "profiles.yaml"))
    assert ast.literal_eval(secrets.value) == secret_file.load(text, "profiles.yaml")
    assert ast.literal_eval(sensitive.value) == sensitive_file.load(text, "profiles.yaml")


def test_wheel_has_the_names_for_tab(wheel: dict[str, bytes]) -> None:
    (assignment,) = ast.parse(wheel["safehouse/cli/_names.py"]).body[1:]
    assert isinstance(assignment, ast.Assign)
    assert names_of(Catalogue("linux", records())) == Names(*ast.literal_eval(assignment.value))
    assert not (ROOT / "safehouse/cli/_names.py").exists()


def test_wheel_has_the_data_beside_the_package(wheel: dict[str, bytes]) -> None:
    assert wheel["safehouse/profiles.yaml"] == (ROOT / "profiles.yaml").read_bytes()


def test_wheel_has_the_package_and_its_launcher_only(wheel: dict[str, bytes]) -> None:
    tops = {name.partition("/")[0] for name in wheel}
    name = f"safehouse-{__version__}"
    assert tops == {"safehouse", f"{name}.data", f"{name}.dist-info"}
    assert [path for path in wheel if ".data/" in path] == [f"{name}.data/scripts/safehouse"]
    metadata = wheel[f"{name}.dist-info/METADATA"].decode()
    assert "Requires-Python: >=3.9" in metadata
    assert "License-Expression: Apache-2.0" in metadata


def test_source_distribution_has_the_source_of_the_profiles_only(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert COMPILED not in names
    assert {"profiles.yaml", "hatch_build.py", "LICENSE", "safehouse/cli/main.py"} <= names


def test_the_checkout_has_no_compiled_profiles(wheel: dict[str, bytes]) -> None:
    assert not (ROOT / COMPILED).exists()
