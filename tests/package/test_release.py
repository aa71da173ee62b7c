"""`make release`: what it refuses, what it makes, and that what it says of it is so."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from safehouse import __version__
from tests.conftest import alone
from tools.release import build, changelog, formula, project, sbom

ROOT = Path(__file__).resolve().parents[2]
PROJECT = project.Project("safehouse", "Run things", "Apache-2.0", "https://github.com/some/where")
LOG = """# Change log

## [Unreleased]

## [1.2.0] - 2026-01-31

### Added

* A thing.

### Changed profiles

* `claude` can no longer do it.

## [1.1.0] - 2025-12-01

### Changed profiles

* Nothing.
"""

# The change log


def test_the_section_of_a_release() -> None:
    section = changelog.section(LOG, "1.2.0")
    assert section.date == "2026-01-31"
    assert section.text.startswith("### Added\n")
    assert section.text.endswith("`claude` can no longer do it.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LOG.replace("## [Unreleased]\n\n", ""), "the first section is not [Unreleased]"),
        (LOG.replace("[1.2.0]", "[1.3.0]"), "no section [1.2.0]"),
        (LOG.replace(" - 2026-01-31", ""), "has no date"),
        (LOG.replace("2026-01-31", "soon"), "has no date"),
        (LOG.replace("### Changed profiles\n\n* `c", "### Changed\n\n* `c"), "*Changed profiles*"),
        (LOG.replace("* `claude` can no longer do it.\n", ""), "*Changed profiles*"),
    ],
)
def test_a_change_log_that_is_not_ready(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        changelog.section(text, "1.2.0")


def test_our_change_log_can_be_read() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = text.replace(
        "## [Unreleased]", f"## [Unreleased]\n\n## [{__version__}] - 2026-01-01"
    )
    assert changelog.section(released, __version__).text


# The bill of materials


@pytest.fixture(scope="module")
def dependencies(builder: ModuleType, wheels: Path) -> Path:
    folder = builder.dependencies(wheels)
    assert isinstance(folder, Path)
    return folder


def requirements(builder: ModuleType) -> str:
    text: str = (builder.PARTS / "requirements.txt").read_text("ascii")
    return text


def bill(builder: ModuleType, dependencies: Path, project: project.Project = PROJECT) -> str:
    release = sbom.Release("1.2.0", "ab" * 32, 1_700_000_000)
    tools = {"hatchling": "1.30.0", "shiv": "1.0.8"}
    pythons = {"3.9": "3.9.18", "3.13": "3.13.0"}
    return sbom.document(project, release, requirements(builder), dependencies, tools, pythons)


def assert_valid(text: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_bill_is_one_of_cyclonedx(builder: ModuleType, dependencies: Path) -> None:
    assert_valid(bill(builder, dependencies))
    elsewhere = PROJECT._replace(address="https://example.org/safehouse")
    assert_valid(bill(builder, dependencies, elsewhere))
    with pytest.raises(AssertionError):
        assert_valid(bill(builder, dependencies).replace("library", "bookshop"))


def test_the_bill_has_what_is_in_the_file(
    builder: ModuleType, dependencies: Path, zipapp: Path
) -> None:
    parts = {part["name"]: part for part in json.loads(bill(builder, dependencies))["components"]}
    names = zipfile.ZipFile(zipapp).namelist()
    packed = {name.split("/")[1] for name in names if name.startswith("site-packages/")}
    assert {name.lower().replace("pyyaml", "yaml") for name in parts} == packed - {"safehouse"}
    for name, part in parts.items():
        assert (
            f"{name}=={part['version']} \\\n    --hash=sha256:{part['hashes'][0]['content']}"
            in (requirements(builder))
        )
        assert part["purl"] == f"pkg:pypi/{name.lower()}@{part['version']}"
        assert set(part["licenses"][0]["license"]) == {"id"}, "no identifier of SPDX"


def test_the_bill_is_the_same_each_time(builder: ModuleType, dependencies: Path) -> None:
    first = bill(builder, dependencies)
    assert first == bill(builder, dependencies)
    assert json.loads(first)["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_a_requirement_without_a_hash_is_no_entry() -> None:
    for text in ("", "a==1.0\n", "a==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\nb==2.0\n"):
        with pytest.raises(ValueError, match="with one hash"):
            sbom.pinned(text)


# Two builds


def test_what_differs_is_named(tmp_path: Path) -> None:
    for name, content in (("first", "a"), ("second", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same").write_text("same")
        (tmp_path / name / "other").write_text(content)
    (tmp_path / "second/more").write_text("")
    assert build.differences(tmp_path / "first", tmp_path / "second") == ["more", "other"]


def test_the_tools_that_build_are_pinned() -> None:
    assert {"hatchling", "shiv", "pyyaml"} <= set(build.pins())
    lines = build.REQUIREMENTS.read_text("ascii").count("==")
    assert len(build.pins()) == lines


# The whole


def git(checkout: Path, *words: str) -> str:
    identity = {f"GIT_{who}_{what}": "nobody@localhost" for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")}  # fmt: skip
    dates = {
        "GIT_AUTHOR_DATE": "2026-01-31T12:00:00Z",
        "GIT_COMMITTER_DATE": "2026-01-31T12:00:00Z",
    }
    done = subprocess.run(
        ["git", *words], cwd=checkout, env={**os.environ, **identity, **dates},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, shared: Path, wheels: Path) -> Path:
    """A repository with what is here now, as it would be released."""
    folder = tmp_path_factory.mktemp("release") / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    with alone(shared, "release wheels"):
        build.builder(wheels)
    git(folder, "init", "--quiet")
    (folder / ".git/info/exclude").write_text("build\n")
    (folder / "build").symlink_to(wheels)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "as it is")
    return folder


def release(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.release", "--tested"],
        cwd=checkout, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 10), reason="the pinned tools need Python 3.10")
def test_a_release(checkout: Path, pythons: dict[str, Path], builder: ModuleType) -> None:
    if set(pythons) != set(builder.VERSIONS) and "CI" not in os.environ:
        pytest.skip("a release has byte code for each Python, and not all are here")
    # What is not ready is said, all of it at once, and nothing is made.
    (checkout / "README.md").write_text("changed")
    done = release(checkout)
    assert done.returncode == 1
    assert "the tree is not clean" in done.stderr
    assert f"CHANGELOG.md: no section [{__version__}]" in done.stderr
    assert ("[project.urls] has no address yet" in done.stderr) == (
        "/OWNER/" in project.read().address
    )
    assert not (checkout / "dist").exists()
    git(checkout, "checkout", "--quiet", "README.md")

    log = checkout / "CHANGELOG.md"
    dated = f"## [Unreleased]\n\n## [{__version__}] - 2026-01-31\n"
    log.write_text(log.read_text().replace("## [Unreleased]\n", dated))
    settings = checkout / "pyproject.toml"
    settings.write_text(settings.read_text().replace("/OWNER/", "/some/"))
    git(checkout, "commit", "--quiet", "-a", "-m", "ready")
    done = release(checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"git tag -s v{__version__}" in done.stdout
    assert git(checkout, "status", "--porcelain") == ""

    dist = checkout / "dist"
    stem = f"safehouse-{__version__}"
    files = {
        "safehouse",
        f"{stem}-py3-none-any.whl",
        f"{stem}.tar.gz",
        f"{stem}.cdx.json",
        "safehouse.rb",
    }
    assert {path.name for path in dist.iterdir()} == {*files, "SHA256SUMS", "notes.md"}
    sums = dict(
        reversed(line.split("  ")) for line in (dist / "SHA256SUMS").read_text().splitlines()
    )
    assert sums == {name: hashlib.sha256((dist / name).read_bytes()).hexdigest() for name in files}

    names = zipfile.ZipFile(dist / "safehouse").namelist()
    assert len([name for name in names if name.startswith("byte-code/")]) == len(builder.VERSIONS)
    assert {entry.date_time[:3] for entry in zipfile.ZipFile(dist / "safehouse").infolist()} == {
        (2026, 1, 31)
    }
    assert formula.said((dist / "safehouse.rb").read_text()) == (__version__, sums["safehouse"])
    said = json.loads((dist / f"{stem}.cdx.json").read_text())
    assert_valid(json.dumps(said))
    assert said["metadata"]["component"]["hashes"][0]["content"] == sums["safehouse"]
    assert len(said["metadata"]["properties"]) == len(builder.VERSIONS)
    assert "### Changed profiles" in (dist / "notes.md").read_text()
    assert str(checkout).encode() not in (dist / "safehouse").read_bytes()
    with tarfile.open(dist / f"{stem}.tar.gz") as archive:
        assert not [name for name in archive.getnames() if "/.git/" in name or "/build/" in name]
    assert subprocess.run([dist / "safehouse", "--version"], capture_output=True).returncode == 0

    git(checkout, "tag", f"v{__version__}", "HEAD~1")
    done = release(checkout)
    assert done.returncode == 1
    assert f"v{__version__} is tagged already" in done.stderr
