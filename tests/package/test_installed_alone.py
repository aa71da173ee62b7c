"""Whose code the installed wheel runs: nobody else's, whatever the caller's shell or a cache says."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from safehouse import __version__
from tests.package.installing import Installed, by_uv
from tests.package.test_zipapp import assert_safe, assert_version, run

pytestmark = pytest.mark.slow

VARIABLES = ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONPLATLIBDIR"]
VARIABLES += [
    "PYTHONEXECUTABLE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONINSPECT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
]
VARIABLES += ["ENV", "BASH_ENV", "PWD", "OLDPWD", "CDPATH", "HOME"]


def test_a_variable_of_the_caller(installed: Installed, evil: Path) -> None:
    for name in VARIABLES:
        value = str(evil / ("python3" if name in ("PYTHONSTARTUP", "ENV", "BASH_ENV") else ""))
        assert_safe(evil, run(installed.program, "--version", cwd=evil, **{name: value}))


def test_path_and_working_directory(installed: Installed, evil: Path) -> None:
    (evil / "readlink").write_text((evil / "python3").read_text())
    (evil / "readlink").chmod(0o755)
    for minor in range(9, 16):  # what `site` would run from a home
        site = evil / f".local/lib/python3.{minor}/site-packages"
        site.mkdir(parents=True)
        for name in ("evil.pth", "usercustomize.py", "sitecustomize.py"):
            shutil.copy(evil / name, site / name)
    path = f"{evil}::.:/usr/bin:/bin"
    assert_safe(evil, run(installed.program, "--version", cwd=evil, PATH=path, HOME=str(evil)))
    link = evil / "safehouse-by-a-link"
    link.symlink_to(installed.program)
    assert_safe(evil, run(link, "--version", cwd=evil, PATH=path, HOME=str(evil)))


def test_what_lies_beside_a_link_to_it(installed: Installed, evil: Path) -> None:
    """Only what lies around the link's end is its own."""
    around = evil / "bin"
    around.mkdir()
    link = around / "safehouse"
    link.symlink_to(installed.program)
    for name in ("python", "python3", *(f"python3.{minor}" for minor in range(9, 16))):
        shutil.copy(evil / "python3", around / name)
    (evil / "pyvenv.cfg").write_text("home = /usr/bin\n")
    for minor in range(9, 16):
        site = evil / f"lib/python3.{minor}/site-packages"
        shutil.copytree(evil / "safehouse", site / "safehouse")
        (site / f"safehouse-{__version__}.dist-info").mkdir()
    for place in ("share/pipx/venvs", "pipx/venvs", "share/uv/tools"):
        planted = evil / place / "safehouse/bin"
        planted.mkdir(parents=True)
        shutil.copy(evil / "python3", planted / "safehouse")
        shutil.copy(evil / "python3", planted / "python")
    assert_safe(evil, run(link, "--version", cwd=evil))


NAMES = [
    "exec",
    "set",
    "unset",
    "[",
    "test",
    "echo",
    "printf",
    "case",
    ":",
    "cd",
    "continue",
    "break",
]
NAMES += ["/usr/bin/readlink", "readlink", "python", "safehouse_python"]


@pytest.mark.parametrize("shell", ["/bin/sh", "dash", "bash as sh"])
def test_an_exported_function(installed: Installed, evil: Path, tmp_path: Path, shell: str) -> None:
    link = tmp_path / "by a link"
    link.symlink_to(installed.program)
    if shell == "bash as sh":
        shell = str(tmp_path / "sh")
        Path(shell).symlink_to(shutil.which("bash") or "/bin/bash")
    for name in NAMES:
        value = f"() {{ echo {shlex.quote(name)} >> '{evil.parent}/ran'; }}"
        environment = {f"BASH_FUNC_{name}%%": value, f"BASH_FUNC_{name}()": value, name: value}
        done = run(shell, link, "--version", cwd=evil, **environment)
        assert not (evil.parent / "ran").exists()
        assert done.returncode == 0, done.stderr
        assert __version__ in done.stdout


@pytest.mark.parametrize("name", ["IFS", "SHELLOPTS", "BASHOPTS", "GLOBIGNORE", "PS4"])
def test_a_variable_of_the_shell(installed: Installed, evil: Path, name: str) -> None:
    """It may stop the launcher from finding a Python, but makes it find no other."""
    value = {
        "IFS": "/n",
        "SHELLOPTS": "noglob:nounset:errexit:xtrace",
        "BASHOPTS": "failglob:nullglob:dotglob",
        "GLOBIGNORE": "*nothing*",
        "PS4": "$(python3)",
    }[name]
    (evil.parent / "sh").symlink_to(shutil.which("bash") or "/bin/bash")
    for shell in ("/bin/sh", evil.parent / "sh"):
        words = [shell, installed.program, "--version"]
        done = run(*words, cwd=evil, PATH=f"{evil}:/usr/bin", **{name: value})
        assert not (evil.parent / "ran").exists()
        assert done.returncode in (0, 1, 125), done.stderr


# What else leads to its files


def fresh(tmp_path: Path, wheel: Path, libraries: Path) -> tuple[Path, list[Path]]:
    """A new installation, and its files, each with another name: as uv leaves it on Linux."""
    program = by_uv(tmp_path, wheel, libraries, Path(sys.executable)).resolve()
    (site,) = program.parent.parent.glob("lib/python3*/site-packages")
    files = [program, site / "safehouse/cli/main.py", site / "safehouse/profiles.yaml"]
    files += [site / "yaml/__init__.py", site / "yaml/scanner.py"]
    for number, path in enumerate(files):
        os.link(path, tmp_path / f"name {number}")
    linked = site / "safehouse/cli/run.py"  # as `--link-mode=symlink` leaves it
    linked.rename(tmp_path / "name of a target")
    linked.symlink_to(tmp_path / "name of a target")
    return program, [*files, linked]


def test_what_a_cache_has_in_common_with_it_changes_nothing_in_it(
    tmp_path: Path, wheel: Path, libraries: Path
) -> None:
    program, files = fresh(tmp_path, wheel, libraries)
    before = [(path.read_bytes(), path.stat().st_mode, path.stat().st_mtime) for path in files]
    assert_version(run(program, "--version"))
    for name in tmp_path.glob("name *"):
        name.write_text("evil")
    after = [(path.read_bytes(), path.stat().st_mode, path.stat().st_mtime) for path in files]
    assert after == before
    shared = [path for path in program.parent.parent.rglob("*.py") if path.stat().st_nlink > 1]
    assert not shared
    assert not files[-1].is_symlink()
    assert not list(program.parent.parent.rglob("*.new"))


def test_what_was_changed_by_way_of_a_cache_is_not_run(
    tmp_path: Path, wheel: Path, libraries: Path
) -> None:
    program, _ = fresh(tmp_path, wheel, libraries)
    with open(tmp_path / "name 4", "a") as file:
        file.write("# evil\n")
    done = run(program, "--version")
    assert (done.returncode, done.stdout) == (125, "")
    first, second = done.stderr.splitlines()
    assert first.endswith("yaml/scanner.py is not as it was installed")
    assert "uv cache clean" in second
