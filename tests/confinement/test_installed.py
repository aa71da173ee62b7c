"""Safehouse as uv and pipx install it: an environment in the home, and a link to the launcher."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.confinement import user
from tests.confinement.attack import withstands, withstands_change

pytestmark = pytest.mark.confinement

UV = Path(sys.executable).parent / "uv"
ENVIRONMENT = ".local/share/uv/tools/safehouse"


def uv(*words, cache):
    options = {"UV_CACHE_DIR": str(cache), "UV_OFFLINE": "1"}
    subprocess.run([UV, *words, "--quiet"], env=options, check=True)


def make_environment(environment, cache, wheel):
    """An environment that shares its files with the cache, as uv makes it on Linux."""
    uv("venv", "--python", user.PYTHON, environment, cache=cache)
    how = ["--link-mode=hardlink", "--compile-bytecode", "--no-deps"]
    uv("pip", "install", "--python", environment / "bin/python", *how, wheel, cache=cache)


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """An environment to copy from: it does not depend on where it lies."""
    folder = tmp_path_factory.mktemp("installed")
    make_environment(folder / "environment", folder / "cache", wheel)
    return folder / "environment"


def begin(scene):
    """Lets the scene start the installation in it."""
    environment = scene.home / ENVIRONMENT
    launcher = environment / "bin/safehouse"
    link = scene.home / ".local/bin/safehouse"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(launcher)
    user.own(scene.root)
    scene.safehouse = link
    (package,) = environment.glob("lib/*/site-packages/safehouse")
    scene.guarded = [launcher, environment / "pyvenv.cfg", *package.rglob("*.py")]
    return {"launcher": launcher, "environment": environment, "package": package}


@pytest.fixture
def install(installed):
    def install(scene):
        shutil.copytree(installed, scene.home / ENVIRONMENT, symlinks=True)
        return begin(scene)

    return install


ATTEMPTS = {
    "its launcher": "write(launcher)",
    "a module": "open(f'{package}/cli/main.py', 'a').write('evil')",
    "a module that is not there": "write(f'{package}/../msvcrt.py')",
    "its Python": "os.unlink(f'{environment}/bin/python')",
    "its place": "os.rename(environment, environment + '2')",
}


@pytest.mark.parametrize("body", ATTEMPTS.values(), ids=ATTEMPTS)
def test_it_is_not_changed(scenes, install, body):
    opened = ("--enable=toolchain-writes", "--add-dirs={home}/.local/share")
    withstands_change(scenes, body, install, opened)


IN_THE_CACHE = """
import glob
for path in glob.glob(home + "/.cache/uv/**/*", recursive=True):
    if path.endswith(("/main.py", "/scripts/safehouse")):
        write(path)
"""


def test_it_is_not_changed_by_way_of_the_cache_that_it_was_installed_from(scenes, wheel):
    """Which a confined program may write."""

    def install(scene):
        make_environment(scene.home / ENVIRONMENT, scene.home / ".cache/uv", wheel)
        return begin(scene)

    def changed(scene, done):
        return any(path.read_bytes() == b"evil" for path in scene.guarded)

    withstands(scenes, IN_THE_CACHE, install, harmed=changed)


def test_a_shell_that_starts_runs_no_python(scene, install):
    """As long as nothing has changed that the code was made from."""
    install(scene)
    for path in [scene.home / ".local/bin", *(scene.home / ".config").rglob("*")]:
        os.utime(path, (1, 1))  # what was made in this second counts as changed
    first = scene.confined("init", "bash")
    assert (first.returncode, first.stderr) == (0, "")
    assert str(scene.safehouse) in Path(first.stdout.split()[1]).read_text()
    (scene.home / ENVIRONMENT / "bin/python").unlink()
    second = scene.confined("init", "bash")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert scene.confined("init", "zsh").returncode == 125
