"""Formula/safehouse.rb: run by a stand-in of Homebrew, with the built file and a real Python."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from safehouse import __version__
from tests.package.test_zipapp import REPORT, assert_version, program, run
from tools.release import formula, project

ROOT = Path(__file__).resolve().parents[2]
STUB = Path(__file__).with_name("brew_stub.rb")
BASH_FILE = "~/.bash_profile" if sys.platform == "darwin" else "~/.bashrc"
COMMITTED = ROOT / "Formula/safehouse.rb"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("ruby") and "CI" not in os.environ, reason="no ruby here: make setup"
    ),
]


class Brew(NamedTuple):
    """A prefix of Homebrew's with the formula in it."""

    formula: Path
    prefix: Path
    installed: dict[str, Any]

    @property
    def program(self) -> Path:
        return self.prefix / "bin/safehouse"


def brew(
    action: str, file: Path, prefix: Path, *words: object, **environment: str
) -> dict[str, Any]:
    """What the stand-in says when it has done something."""
    done = subprocess.run(
        ["ruby", STUB, action, file, prefix, *words],
        env={"PATH": "/usr/bin:/bin", "HOME": str(prefix), "LC_ALL": "C", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture(scope="module")
def installed(
    zipapp: Path, pythons: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Brew:
    folder = tmp_path_factory.mktemp("brew")
    file = folder / "safehouse.rb"
    digest = hashlib.sha256(zipapp.read_bytes()).hexdigest()
    filled = formula.Filled(__version__, digest)
    file.write_text(formula.rendered(project.read(), filled))
    prefix = folder / "prefix"
    keg = prefix / f"opt/python@{formula.PYTHON}/bin"
    keg.mkdir(parents=True)
    python = pythons.get(formula.PYTHON, Path(sys.executable))
    wrapper = keg / f"python{formula.PYTHON}"
    wrapper.write_text(f"#!/bin/sh\nprintf x >>'{folder}/started'\nexec '{python}' \"$@\"\n")
    wrapper.chmod(0o755)
    answer = brew("install", file, prefix, zipapp)
    return Brew(file, prefix, answer)


def test_the_committed_formula_is_what_the_template_gives_for_its_release() -> None:
    committed = COMMITTED.read_text()
    assert committed == formula.rendered(project.read(), formula.said(committed))


def test_it_has_what_homebrew_asks_for_in_homebrew_s_order(installed: Brew) -> None:
    facts = brew("facts", installed.formula, installed.prefix)
    order = ["desc", "homepage", "url", "sha256", "license", "livecheck", "pour_bottle?"]
    order += ["depends_on", "on_linux", "install", "caveats", "test"]
    assert list(dict.fromkeys(facts["order"])) == order
    address = project.read().address
    assert facts["homepage"] == address
    assert facts["url"] == f"{address}/releases/download/v{__version__}/safehouse"
    assert facts["version"] == __version__
    assert facts["license"] == "Apache-2.0"
    assert facts["livecheck"] == {"url": "stable", "strategy": "github_latest"}
    assert facts["pour_bottle?"] == "default_prefix"
    assert len(facts["desc"]) < 80
    more = ["bubblewrap"] if sys.platform == "linux" else []
    assert facts["depends_on"] == [f"python@{formula.PYTHON}", *more]


def test_its_python_is_one_with_byte_code_in_the_file(builder: ModuleType) -> None:
    assert formula.PYTHON in builder.VERSIONS


def test_it_installs_the_file_alone(installed: Brew) -> None:
    files = [name for name in installed.installed["files"] if "completion" not in name]
    files = [name for name in files if "site-functions" not in name]
    assert files == ["bin/safehouse"]
    assert installed.program.stat().st_mode & 0o777 == 0o555


def test_the_python_of_homebrew_runs_it_and_no_other(installed: Brew, tmp_path: Path) -> None:
    started = installed.formula.parent / "started"
    started.write_text("")
    assert_version(run(installed.program, "--version"))
    assert started.read_text() == "x"
    keg = installed.prefix / "opt" / f"python@{formula.PYTHON}"
    keg.rename(tmp_path / "away")
    try:
        done = run(installed.program, "--version")
    finally:
        (tmp_path / "away").rename(keg)
    assert done.returncode == 125
    assert done.stderr.startswith("safehouse: no Python found")


def test_all_but_the_list_of_pythons_is_as_it_was(installed: Brew, zipapp: Path) -> None:
    before, after = zipapp.read_bytes(), installed.program.read_bytes()
    start, end = b"\nfor safehouse_group in '", b"\n'; do\n"
    assert after.count(start) == before.count(start) == 1
    assert before.partition(start)[0] == after.partition(start)[0]
    assert (
        before.partition(start)[2].partition(end)[2] == after.partition(start)[2].partition(end)[2]
    )


def test_byte_code_is_what_runs_also_from_a_bottle(installed: Brew) -> None:
    """Bottling removes byte code that lies in files of its own, and rewrites paths in text."""
    before = installed.program.read_bytes()
    keg = installed.program.resolve()
    (keg.parent / "__pycache__").mkdir()
    (keg.parent / "__pycache__/x.pyc").write_bytes(b"")
    brew("bottle", installed.formula, installed.prefix)
    assert not list(installed.prefix.rglob("*.pyc"))
    assert installed.program.read_bytes() == before
    python = installed.prefix / "opt" / f"python@{formula.PYTHON}/bin/python{formula.PYTHON}"
    report = REPORT.format(program=program(installed.program))
    done = run(python, "-IS", "-c", report, installed.program, "--version")
    assert "ByteCode " in done.stdout, done.stderr


def test_it_installs_what_completes_in_each_shell(installed: Brew) -> None:
    assert installed.installed["completions"] == []
    for name in ("etc/bash_completion.d/safehouse", "share/zsh/site-functions/_safehouse"):
        assert name in installed.installed["files"]
    assert "share/fish/vendor_completions.d/safehouse.fish" in installed.installed["files"]


@pytest.mark.parametrize(
    ("shell", "file", "line"),
    [
        ("/bin/zsh", "~/.zshrc", 'eval "$({} init zsh)"'),
        ("/opt/homebrew/bin/bash", BASH_FILE, 'eval "$({} init bash)"'),
        ("/usr/bin/fish", "~/.config/fish/config.fish", "{} init fish | source"),
        ("/bin/unknown", "~/.zshrc", 'eval "$({} init zsh)"'),
    ],
)
def test_it_says_the_line_for_the_person_s_shell(
    installed: Brew, shell: str, file: str, line: str
) -> None:
    said = brew("caveats", installed.formula, installed.prefix, SHELL=shell)["caveats"]
    first, second, *_ = said.splitlines()
    assert first.endswith(f" add this to the end of {file}:")
    program = installed.prefix.resolve() / "bin/safehouse"
    assert second == f"  {line.format(program)}"


def test_its_own_test_passes(installed: Brew) -> None:
    assert brew("test", installed.formula, installed.prefix)["checks"] > 5


@pytest.mark.skipif(sys.platform != "linux", reason="a Mac's is nested in `brew test` itself")
def test_its_own_test_passes_where_nothing_can_be_confined(installed: Brew, tmp_path: Path) -> None:
    """As inside of the sandbox of brew, or in a container."""
    stub = tmp_path / "bwrap"
    stub.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n"
    )
    stub.chmod(0o755)
    script = 'mount --bind "$1" /usr/bin/bwrap && shift && exec "$@"'
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", stub]
    words += ["ruby", STUB, "test", installed.formula, installed.prefix]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["checks"] > 5
