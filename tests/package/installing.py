"""The wheel, installed as people do: by pip, pipx and uv, with nothing fetched from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

from tests.package.test_zipapp import run

BIN = Path(sys.executable).parent
TOOLS = {
    "PATH": "/usr/bin:/bin",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_CONFIG_FILE": os.devnull,
}


class Installed(NamedTuple):
    """`program` is what a person starts, `script` the file at its end."""

    home: Path
    program: Path
    script: Path


# How it is installed


def make_libraries(folder: Path) -> None:
    """Wheels of what Safehouse needs, made of what is installed here, so that nothing is fetched.

    Their versions may be for newer Pythons only; what is asked here does not depend on that.
    """
    for requirement in importlib.metadata.requires("safehouse") or []:
        if "extra ==" in requirement:
            continue
        distribution = importlib.metadata.distribution(re.split("[^A-Za-z0-9._-]", requirement)[0])
        name = distribution.metadata["Name"]
        stem = f"{name.lower()}-{distribution.version}"
        entries = {
            str(path).replace("PyYAML-", "pyyaml-"): Path(str(path.locate())).read_bytes()
            for path in distribution.files or []
            if path.suffix in (".py", "") or path.name == "METADATA"
            if path.parts[0] != ".." and path.name not in ("RECORD", "WHEEL")
        }
        metadata = f"{stem}.dist-info/METADATA"
        entries[metadata] = re.sub(rb"Requires-Python: .*\n", b"", entries[metadata])
        entries[f"{stem}.dist-info/WHEEL"] = (
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as archive:
            record = f"{stem}.dist-info/RECORD,,\n"
            for path, data in entries.items():
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
                record += f"{path},sha256={digest.decode()},{len(data)}\n"
                archive.writestr(path, data)
            archive.writestr(f"{stem}.dist-info/RECORD", record)


def tool(home: Path, *words: object) -> None:
    """Runs what installs, with nothing from elsewhere."""
    done = subprocess.run(
        [str(word) for word in words],
        env={**TOOLS, "HOME": str(home), "UV_OFFLINE": "1", "UV_CACHE_DIR": str(home / "cache")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def by_pip(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    environment = home / "an environment"
    tool(home, BIN / "uv", "venv", "--python", python, environment)
    pip = [sys.executable, "-m", "pip", "--python", environment / "bin/python", "install"]
    tool(home, *pip, "--no-index", "--find-links", libraries, wheel)
    return environment / "bin/safehouse"


def by_pip_user(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--user"]
    tool(home, *pip, "--break-system-packages", "--no-index", "--find-links", libraries, wheel)
    (program,) = home.rglob("bin/safehouse")
    return program


def by_pipx(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    arguments = f"--offline --no-index --find-links {libraries}"
    pipx = [BIN / "pipx", "install", "--backend=uv", "--python", python]
    tool(home, *pipx, f"--pip-args={arguments}", wheel)
    return home / ".local/bin/safehouse"


def by_uv(home: Path, wheel: Path, libraries: Path, python: Path) -> Path:
    uv = [BIN / "uv", "tool", "install", "--python", python, "--no-index"]
    tool(home, *uv, "--find-links", libraries, wheel)
    return home / ".local/bin/safehouse"


# Which Python each is tried with, if it is here: else the one that runs the tests.
WAYS = {"pip": (by_pip, "3.9"), "pipx": (by_pipx, "3.12"), "uv": (by_uv, "3.13")}
SYSTEM_PYTHON = Path("/usr/bin/python3")


PROCESS = "from safehouse.cli.main import process\nprocess(site)\n"


def inside(
    installed: Installed, code: str, *words: object, relative: bool = False, **options: Any
) -> list[str]:
    """The lines that code prints which a copy of the launcher runs in place of Safehouse."""
    text = installed.script.read_text()
    assert text.count(PROCESS) == 1
    copy = installed.script.with_name(f"copy-{os.getpid()}")
    copy.write_text(text.replace(PROCESS, code.replace("'", "'\\''")))
    copy.chmod(0o755)
    try:
        if relative:
            done = run(f"./{copy.name}", *words, cwd=copy.parent, **options)
        else:
            done = run(copy, *words, **options)
    finally:
        copy.unlink()
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()
