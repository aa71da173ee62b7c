#!/usr/bin/env python3
"""Builds dist/safehouse: one file that runs where it lies and is the same bytes each time.

The wheel and PyYAML go through shiv. Then shiv's bootstrap, which unpacks into the
home directory and obeys SHIV_* variables, is replaced by tools/zipapp: a shell header that finds a
Python, and byte code for each Python from 3.9 to 3.13.

Which Python the header takes, and why in that order:

* What only root can write comes first, for a confined program cannot change it whatever else a
  policy grants: a distribution's /usr/bin/python3.X, then Apple's command line tools.
* Homebrew's prefixes, python.org's framework and /usr/local may belong to the user. Policies give
  them for reading only; whoever grants more gives away the interpreter of the next launch.
* Names without a version come last: they may be a Python without byte code here (slower to start,
  but it runs) or one that is too old (a clear error). /usr/bin/python3 is the very last, because on
  a Mac without the command line tools it opens a dialog.
* ~/.pyenv, uv's and other Pythons in the home directory are never used, nor is PATH.

The header has shell keywords and special builtins only, which exported functions cannot replace. It
tests for a file by a pattern with a bracket: that stays as it is when nothing matches.
Its first part, init.sh, answers a shell that starts.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PARTS = ROOT / "tools" / "zipapp"
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
EARLIEST = 315532800  # 1980-01-01, before which a zip has no dates


class Entry(NamedTuple):
    name: str
    data: bytes


class ByteCode(NamedTuple):
    entry: Entry
    head: int  # size of what is read first


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the single-file Safehouse.")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist" / "safehouse")
    parser.add_argument("--cache", type=Path, default=ROOT / "build", help="where wheels are kept")
    parser.add_argument(
        "--release", action="store_true", help="fail when a Python for the byte code is missing"
    )
    options = parser.parse_args()
    pythons = {version: find_python(version) for version in VERSIONS}
    missing = [version for version, python in pythons.items() if python is None]
    if missing:
        print(
            "build_zipapp: it runs with every Python from 3.9 on. Prepared to start fast with those that "
            f"are here; with {', '.join(missing)} it will need some 100 ms more, which matters "
            "for a release only (`uv python install`)",
            file=sys.stderr,
        )
        if options.release:
            return 1
    build(options.output, options.cache, [python for python in pythons.values() if python])
    digest = hashlib.sha256(options.output.read_bytes()).hexdigest()
    print(f"{options.output}  {options.output.stat().st_size} bytes  sha256 {digest}")
    return 0


def build(output: Path, cache: Path, pythons: list[Path]) -> None:
    """Write the single file to `output`, with byte code for each of `pythons`."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        site_packages = scratch / "site-packages"
        shutil.copytree(dependencies(cache), site_packages)
        licences = list(take_licences(site_packages))
        unpack_wheel(scratch, site_packages)
        keep_python_only(site_packages)
        build_id = identifier(site_packages)
        codes = [byte_code(scratch, site_packages, python) for python in pythons]
        entries = [
            *shiv_entries(scratch, site_packages),
            *licences,
            Entry("LICENSE", (ROOT / "LICENSE").read_bytes()),
            Entry("__main__.py", (PARTS / "__main__.py").read_bytes()),
            Entry("start.py", (PARTS / "start.py").read_bytes()),
        ]
    write(output, header(build_id), entries, codes)


def dependencies(cache: Path) -> Path:
    """A folder with the pinned dependencies, downloaded once."""
    requirements = PARTS / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = cache / f"dependencies-{digest[:16]}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            target = Path(name, "new")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
            # The same wheels on each machine, so that one hash stands for each.
            wheels = ["--only-binary=:all:", "--platform=manylinux2014_x86_64"]
            python = ["--implementation=cp", f"--python-version={VERSIONS[0]}"]
            checked = ["--require-hashes", "--requirement", str(requirements)]
            run([*pip, *wheels, *python, *checked, "--target", str(target)])
            target.rename(folder)
    return folder


def take_licences(site_packages: Path) -> Iterator[Entry]:
    """The licence files of the dependencies, which go with them."""
    for info in sorted(site_packages.glob("*.dist-info")):
        for file in sorted(info.rglob("*")):
            if file.is_file() and file.name.upper().startswith(("LICEN", "COPYING", "NOTICE")):
                project = info.name.partition("-")[0]
                yield Entry(f"licenses/{project}/{file.name}", file.read_bytes())


def unpack_wheel(scratch: Path, site_packages: Path) -> None:
    folder = scratch / "wheel"
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], quiet=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)


def keep_python_only(site_packages: Path) -> None:
    """Remove what belongs to one platform or to an installer."""
    for path in [
        *site_packages.glob("*.dist-info"),
        *site_packages.glob("*.data"),
        site_packages / "bin",
        site_packages / "_yaml",
    ]:
        shutil.rmtree(path, ignore_errors=True)
    for path in sorted(site_packages.rglob("*")):
        if path.suffix in (".so", ".pyd", ".pyc", ".pyx", ".pxd", ".c", ".h"):
            path.unlink()


def shiv_entries(scratch: Path, site_packages: Path) -> Iterator[Entry]:
    """What shiv packs, without its bootstrap. `environment.json` stays, for `shiv-info`."""
    packed = scratch / "shiv.pyz"
    run(
        [
            *[sys.executable, "-m", "shiv", "--reproducible", "--uncompressed"],
            *["--build-id", tree_digest(site_packages), "--site-packages", str(site_packages)],
            *["--entry-point", "safehouse.cli.main:main", "--output-file", str(packed)],
        ],
        quiet=True,
    )
    with zipfile.ZipFile(packed) as archive:
        for info in archive.infolist():
            if info.filename == "environment.json" or info.filename.startswith("site-packages/"):
                yield Entry(info.filename, archive.read(info))


def identifier(site_packages: Path) -> str:
    """What hatch_build.py calls this build."""
    text = (site_packages / "safehouse" / "_build.py").read_text("ascii")
    return str(ast.literal_eval(text.rpartition("=")[2].strip()))


def header(build_id: str) -> str:
    """The shell header, with `{BYTE_CODE}` left to be filled in."""
    start = (PARTS / "init.sh").read_text("ascii").replace("{BUILD}", build_id)
    return (PARTS / "header.sh").read_text("ascii").replace("# {INIT}\n", start)


def tree_digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def byte_code(scratch: Path, site_packages: Path, python: Path) -> ByteCode:
    """Everything compiled for one Python."""
    command = [str(python), "-sS", str(PARTS / "byte_code.py"), str(site_packages)]
    done = subprocess.run(
        [*command, str(PARTS / "start.py"), str(scratch)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "PYTHONHASHSEED": "0",  # strings and sets are in another order with each seed
            "PYTHONNODEBUGRANGES": "1",  # columns for tracebacks make a fifth of what is loaded
        },
    )
    name, head = done.stdout.split()
    return ByteCode(Entry(f"byte-code/{name}", (scratch / name).read_bytes()), int(head))


def find_python(version: str) -> Path | None:
    """A CPython of this version to compile with, wherever developers keep them."""
    name = f"python{version}"
    places = [
        shutil.which(name),
        *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/{name}"), reverse=True),
        *sorted(Path.home().glob(f".local/share/uv/python/cpython-{version}.*/bin/{name}")),
        f"/opt/homebrew/opt/python@{version}/bin/{name}",
        f"/usr/local/opt/python@{version}/bin/{name}",
    ]
    question = (
        "import sys; v = sys.version_info; print('%d.%d' % v[:2], v[3], sys.implementation.name)"
    )
    for place in places:
        if place is None or not Path(place).exists():
            continue
        answer = subprocess.run(
            [str(place), "-IS", "-c", question], capture_output=True, text=True, check=False
        )
        if answer.stdout.split() == [version, "final", "cpython"]:
            return Path(place)
    return None


def write(output: Path, header: str, entries: list[Entry], codes: list[ByteCode]) -> None:
    """Header and archive: sorted, stored, one date, one mode.

    Stored, because inflating byte code costs 2 to 3 ms of each start and because zlibs differ. The
    zip's offsets count from its own start and the header's from the end of the file, so that the
    header may be rewritten to any length.
    """
    date = time.gmtime(max(EARLIEST, int(os.environ.get("SOURCE_DATE_EPOCH", EARLIEST))))[:6]
    buffer = io.BytesIO()
    places = {}
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for entry in sorted([*entries, *(code.entry for code in codes)]):
            info = zipfile.ZipInfo(entry.name, date)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, entry.data)
            places[entry.name] = buffer.tell() - len(entry.data)
    packed = buffer.getvalue()
    table = {
        code.entry.name.rpartition("-")[2]: (len(packed) - places[code.entry.name], code.head)
        for code in codes
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    new = output.with_name(output.name + ".new")
    new.write_bytes(header.replace("{BYTE_CODE}", json.dumps(table)).encode("ascii") + packed)
    new.chmod(0o755)
    new.replace(output)


def run(command: list[str], quiet: bool = False) -> None:
    """Run a build step; its output is shown when it fails."""
    environment = {**os.environ, "TZ": "UTC", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.setdefault("SOURCE_DATE_EPOCH", str(EARLIEST))
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        check=False,
    )
    if result.returncode:
        sys.stderr.buffer.write(result.stdout or b"")
        raise SystemExit(f"build_zipapp: failed: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main())
