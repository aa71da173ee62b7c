"""All that a release consists of, built twice: from the commit, and from its source distribution."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class Surroundings(NamedTuple):
    """What a build must not depend on."""

    umask: int
    environment: dict[str, str]


HERE = Surroundings(0o022, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"})
ELSEWHERE = Surroundings(0o077, {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7"})


class Different(Exception):
    """Two builds of the same commit gave other bytes."""


def builder(cache: Path) -> Path:
    """A Python with the pinned tools that build, made once."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    version = "{}.{}".format(*sys.version_info)
    folder = cache / f"builder-{version}-{digest}"
    python = folder / "bin" / "python"
    done = folder / "done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--only-binary=:all:", "--requirement", str(REQUIREMENTS)])
        done.touch()
    return python


def pins() -> dict[str, str]:
    """The versions of the tools that build, by name."""
    text = REQUIREMENTS.read_text("ascii")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.M))


def twice(root: Path, commit: str, scratch: Path, cache: Path) -> Path:
    """The folder with the release's files. Raises Different where a second build gives others."""
    python = builder(cache)
    epoch = output_of(["git", "-C", str(root), "log", "-1", "--format=%ct", commit])
    source = export(root, commit, scratch / "commit")
    first, second = scratch / "first", scratch / "second"
    sdist(python, source, first, epoch, HERE)
    unpacked = unpack(sdist(python, source, second, epoch, ELSEWHERE), scratch / "else where")
    with ThreadPoolExecutor() as pool:
        for each in [
            pool.submit(programs, python, source, first, cache, epoch, HERE),
            pool.submit(programs, python, unpacked, second, cache, epoch, ELSEWHERE),
        ]:
            each.result()
    differing = differences(first, second)
    if differing:
        raise Different(f"a second build of it differs in {', '.join(differing)}")
    return first


def differences(first: Path, second: Path) -> list[str]:
    """The names of what is not the same in two folders."""
    files = [{path.name: path for path in folder.iterdir()} for folder in (first, second)]
    return [
        name
        for name in sorted({*files[0], *files[1]})
        if not all(name in each for each in files)
        or files[0][name].read_bytes() != files[1][name].read_bytes()
    ]


def export(root: Path, commit: str, target: Path) -> Path:
    """The files of a commit, and nothing that lies around them."""
    target.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(root), "archive", commit], check=True, stdout=subprocess.PIPE
    )
    subprocess.run(["tar", "-x", "-C", str(target)], check=True, input=archive.stdout)
    return target


def unpack(distribution: Path, target: Path) -> Path:
    with tarfile.open(distribution) as archive:
        archive.extractall(target)  # it is our own, from a moment ago
    (folder,) = target.iterdir()
    return folder


def sdist(python: Path, source: Path, output: Path, epoch: str, around: Surroundings) -> Path:
    run(
        [str(python), "-m", "hatchling", "build", "-t", "sdist", "-d", str(output)],
        source,
        epoch,
        around,
    )
    (made,) = output.glob("*.tar.gz")
    return made


def programs(
    python: Path, source: Path, output: Path, cache: Path, epoch: str, around: Surroundings
) -> None:
    """The wheel and the single file."""
    run(
        [str(python), "-m", "hatchling", "build", "-t", "wheel", "-d", str(output)],
        source,
        epoch,
        around,
    )
    zipapp = [str(source / "tools" / "build_zipapp.py"), "--release", "--cache", str(cache)]
    run([str(python), *zipapp, "-o", str(output / "safehouse")], source, epoch, around)


def run(
    command: list[str], cwd: Path | None = None, epoch: str = "", around: Surroundings = HERE
) -> None:
    """Runs a step of the build. Raises CalledProcessError, with its output shown."""
    environment = {**os.environ, **around.environment}
    if epoch:
        environment["SOURCE_DATE_EPOCH"] = epoch
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env=environment,
        umask=around.umask,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        done.check_returncode()


def output_of(command: list[str]) -> str:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()
