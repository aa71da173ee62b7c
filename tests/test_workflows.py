"""The workflows of GitHub: well formed, pinned, and with no more rights than they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools import build_zipapp

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def load(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = load(path)["jobs"]
    return found


def test_a_workflow_has_the_shape_of_one() -> None:
    schema = ["--builtin-schema", "vendor.github-workflows"]
    subprocess.run([BIN / "check-jsonschema", *schema, *WORKFLOWS], check=True)


def test_what_updates_them_has_the_shape_of_that() -> None:
    schema = ["--builtin-schema", "vendor.dependabot"]
    subprocess.run([BIN / "check-jsonschema", *schema, ROOT / ".github/dependabot.yml"], check=True)


def test_zizmor_finds_nothing() -> None:
    words = ["--offline", "--no-progress", ROOT / ".github"]
    done = subprocess.run([BIN / "zizmor", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_action_is_pinned_by_hash_with_its_version_beside() -> None:
    for path in WORKFLOWS:
        for line in re.findall(r"uses: (\S+.*)", path.read_text("utf-8")):
            assert re.match(r"\./|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_a_job_has_a_limit_and_the_rights_that_it_names() -> None:
    writes = {}
    for path in WORKFLOWS:
        assert load(path)["permissions"] == {}
        for name, job in jobs(path).items():
            assert "uses" in job or job["timeout-minutes"] <= 60
            writes[f"{path.stem} {name}"] = {
                scope for scope, right in job["permissions"].items() if right == "write"
            }
    assert {name: scopes for name, scopes in writes.items() if scopes} == {
        "release publish": {"attestations", "contents", "id-token"}
    }


def test_what_may_write_runs_nothing_from_the_repository() -> None:
    """It neither checks it out nor installs anything: it uploads what others have built."""
    steps = jobs(ROOT / ".github/workflows/release.yml")["publish"]["steps"]
    actions = {step["uses"].partition("@")[0] for step in steps if "uses" in step}
    assert actions == {"actions/download-artifact", "actions/attest"}
    for step in steps:
        assert not re.search(r"\b(pip|python|make|npm|brew|curl)\b", step.get("run", ""))


def test_a_release_compiles_for_each_python_by_its_exact_version() -> None:
    for name, path in (("release", "build"), ("test", "system")):
        steps = jobs(ROOT / f".github/workflows/{name}.yml")[path]["steps"]
        (pythons,) = [step["with"] for step in steps if "setup-python" in step.get("uses", "")]
        versions = pythons["python-version"].split()
        assert [".".join(each.split(".")[:2]) for each in versions] == list(build_zipapp.VERSIONS)
        assert {len(each.split(".")) for each in versions} == {3 if name == "release" else 2}
