#!/usr/bin/env python3
"""How long a launch takes: launch.py [dist/safehouse] [--rounds N] [--python PYTHON...]

Every case runs once a round, in shuffled order, from `posix_spawn` to `wait4`; the table has
medians and their ratio to `python3 -I -S -c pass` of the same interpreter in the same rounds.
Compare ratios, not milliseconds, between machines. Where bubblewrap works there are two tables: one
with the real bubblewrap, and one with a stub in its place, mounted over it in a namespace of its
own, that only starts the program: what Safehouse itself costs.

A launch is planned once and then kept, in the home that the system has for the person. So a passwd
that names the scene's home is mounted, too; for the real bubblewrap, which has to be root's there as
well, only if root measures. The first launch of each case is not measured. `safehouse run true`, where
only a table of options tells where the command begins, is planned each time.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BWRAP = "/usr/bin/bwrap"
FLOOR = "python3 -I -S -c pass"

# The command lines. {python} is the interpreter, {program} what the file's header gives it to run,
# {file} the single file, {header} the same when its header would take that interpreter. {brew} is the
# file as the formula installs it, {pip} and {pipx} the wheel in an environment, and by a link.
CASES: dict[str, list[str]] = {
    FLOOR: ["{python}", "-I", "-S", "-c", "pass"],
    "true": ["/bin/true"],
    "safehouse --version": ["{header}", "--version"],
    "safehouse --version, without the header": [
        "{python}",
        "-IS",
        "-c",
        "{program}",
        "{file}",
        "--version",
    ],
    "safehouse --version, given to Python": ["{python}", "-IS", "{file}", "--version"],
    "safehouse --version, by Homebrew": ["{brew}", "--version"],
    "safehouse --version, by pip": ["{pip}", "--version"],
    "safehouse --version, by pipx or uv": ["{pipx}", "--version"],
    "safehouse -- true": ["{header}", "--", "true"],
    "safehouse -- true, by Homebrew": ["{brew}", "--", "true"],
    "safehouse -- true, by pip": ["{pip}", "--", "true"],
    "safehouse -- true, by pipx or uv": ["{pipx}", "--", "true"],
    "safehouse run true, planned": ["{header}", "run", "true"],
    "safehouse -- true, without the header": [
        "{python}",
        "-IS",
        "-c",
        "{program}",
        "{file}",
        "--",
        "true",
    ],
}
# What bwrap is told by `--json-status-fd N` comes first; without an exit code there it has failed.
STUB = """#!/bin/sh
eval "printf '{\\"exit-code\\": 0}' >&$2"
exec /bin/true
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long a launch takes.")
    parser.add_argument("file", type=Path, nargs="?", default=Path("dist/safehouse"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--python", nargs="+", default=["/usr/bin/python3"], metavar="PYTHON")
    parser.add_argument("--stubbed", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.folder:
        return in_homes()
    file = options.file.resolve()
    folder = options.folder
    wheel = build_wheel(folder)
    scene(folder)
    for number, python in enumerate(options.python):
        words = {"python": python, "file": str(file), "program": program(file)}
        words["header"] = str(file) if python.startswith("/usr/bin/") else ""
        words |= installed(folder / str(number), file, wheel, python)
        cases = filled(CASES, words)
        if not options.stubbed:
            cases["bwrap alone, the same mounts, true"] = same_mounts(file)
        print(f"\n{python}, {'a stub for' if options.stubbed else 'with'} bubblewrap")
        print_table(measure(works(cases), options.rounds))
    return 0


def in_homes() -> int:
    """This benchmark in a home of its own, with the real bubblewrap and with a stub for it."""
    for stubbed in (False, True) if os.path.exists(BWRAP) else (False,):
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as outside:
            passwd, stub = Path(outside, "passwd"), Path(outside, "bwrap")
            passwd.write_text(f"root:x:0:0::{folder}:/bin/sh\n")
            stub.write_text(STUB)
            stub.chmod(0o755)
            words = [
                sys.executable,
                os.path.join(START, __file__),
                *sys.argv[1:],
                "--folder",
                folder,
            ]
            mounts = [f"mount --bind {passwd} /etc/passwd"]
            if stubbed:
                words.append("--stubbed")
                mounts.append(f"mount --bind {stub} {BWRAP}")
            if stubbed or os.getuid() == 0:
                script = " && ".join([*mounts, f"exec {shlex.join(words)}"])
                words = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
            subprocess.run(words, check=False, cwd=START)
    return 0


def scene(folder: Path) -> None:
    """A home and a repository in it, as the current directory."""
    project = folder / "project"
    project.mkdir()
    subprocess.run(["git", "init", "--quiet", project], check=True)
    # What Safehouse would make for the time of a launch, so that bwrap alone can have the same mounts.
    for name, content in (("config.worktree", ""), ("commondir", ".\n")):
        (project / ".git" / name).write_text(content)
    os.environ.clear()
    os.environ.update(PATH="/usr/bin:/bin", HOME=str(folder), LC_ALL="C.UTF-8")
    os.chdir(project)


def build_wheel(folder: Path) -> Path | None:
    """The wheel of this checkout; None where its tools are not here (make setup)."""
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "wheel"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    return next((folder / "wheel").glob("*.whl")) if done.returncode == 0 else None


def installed(folder: Path, file: Path, wheel: Path | None, python: str) -> dict[str, str]:
    """The program as Homebrew, pip and pipx lay it out, for one interpreter."""
    folder.mkdir()
    brewed = folder / "brewed"
    only = f"for safehouse_group in '\n{python[:-1]}[{python[-1]}]\n'; do"
    head, mark, archive = file.read_bytes().partition(b"PK\3\4")
    brewed.write_bytes(
        re.sub(rb"for safehouse_group in '.*?\n'; do", only.encode(), head, flags=re.S)
        + mark
        + archive
    )
    brewed.chmod(0o755)
    found = {"brew": str(brewed), "pip": "", "pipx": ""}
    if wheel:
        environment = folder / "share/pipx/venvs/safehouse"
        subprocess.run([python, "-m", "venv", "--without-pip", environment], check=True)
        (site,) = environment.glob("lib/python3*/site-packages")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(site)
        (script,) = site.glob("*.data/scripts/safehouse")
        program = environment / "bin/safehouse"
        shutil.copy(script, program)
        program.chmod(0o755)
        subprocess.run([python, "-m", "compileall", "-q", site], check=True)
        link = folder / "bin/safehouse"
        link.parent.mkdir()
        link.symlink_to(program)
        found |= {"pip": str(program), "pipx": str(link)}
    return found


def same_mounts(file: Path) -> list[str]:
    """bwrap's command line for the same sandbox, without environment; masks are /dev/null."""
    done = subprocess.run(
        [file, "policy", "--format=bwrap", "--", "true"], capture_output=True, text=True, check=True
    )
    words = shlex.split(done.stdout.replace("\\\n", " "))
    result = [BWRAP]
    while words[1:]:
        word = words.pop(1)
        if word == "--setenv":
            del words[1:3]
        elif word == "--file":  # the note for the program
            del words[1:3], result[-2:]
        elif word == "--ro-bind-data":
            result += ["--ro-bind", "/dev/null"]
            del words[1]
        else:
            result.append(word)
    text = re.sub(r"--perms\n\d+\n--ro-bind\n", "--ro-bind\n", "\n".join(result))
    return [*text.split("\n"), "--", "/bin/true"]


def program(file: Path) -> str:
    """The Python in the header of the file."""
    header = file.read_bytes().partition(b"PK\3\4")[0].decode("ascii")
    return header.partition("-IS -c '")[2].partition('\' "$0"')[0]


def filled(cases: dict[str, list[str]], words: dict[str, str]) -> dict[str, list[str]]:
    result = {}
    for name, command in cases.items():
        known = [words.get(part[1:-1], part) if part[:1] == "{" else part for part in command]
        if all(known):
            result[name] = known
    return result


def works(cases: dict[str, list[str]]) -> dict[str, list[str]]:
    """The cases that succeed here; says which do not."""
    result = {}
    for name, command in cases.items():
        if os.path.exists(command[0]) and run(command)[1] == 0:
            result[name] = command
        else:
            print(f"launch.py: left out, does not work here: {name}", file=sys.stderr)
    return result


def measure(cases: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Sorted milliseconds of each case."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name in random.sample(list(cases), len(cases)):
            elapsed, status = run(cases[name])
            if status:
                raise SystemExit(f"launch.py: {name}: status {status}")
            times[name].append(elapsed)
    return {name: sorted(values) for name, values in times.items()}


def run(command: list[str]) -> tuple[float, int]:
    """Milliseconds and status of one run, its output thrown away."""
    silent = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    _, status, _ = os.wait4(child, 0)
    return (time.perf_counter() - start) * 1000, status


def print_table(times: dict[str, list[float]]) -> None:
    floor = statistics.median(times[FLOOR])
    rounds = len(times[FLOOR])
    print("\n| case | median ms | p10 | p90 | ratio |")
    print("| --- | --: | --: | --: | --: |")
    for name, values in times.items():
        median = statistics.median(values)
        low, high = values[rounds // 10], values[rounds * 9 // 10]
        print(f"| {name} | {median:.1f} | {low:.1f} | {high:.1f} | {median / floor:.2f} |")
    sys.stdout.flush()


START = os.getcwd()

if __name__ == "__main__":
    sys.exit(main())
