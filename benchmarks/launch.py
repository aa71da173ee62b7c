#!/usr/bin/env python3
"""How long a launch takes: launch.py [dist/safehouse] [--rounds N] [--python PYTHON...]

Every case runs once a round, in shuffled order, from `posix_spawn` to `wait4`; the table has
medians and their ratio to `python3 -I -S -c pass` of the same interpreter in the same rounds.
Compare ratios, not milliseconds, between machines.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import sys
import time
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": os.path.expanduser("~"), "LC_ALL": "C.UTF-8"}
FLOOR = "python3 -I -S -c pass"

# The command lines. {python} is the interpreter, {program} what the file's header gives it to run,
# {file} the single file, {header} the same when its header would take that interpreter, {bwrap}
# bubblewrap; a case whose words are not all there is left out.
CASES: dict[str, list[str]] = {
    FLOOR: ["{python}", "-I", "-S", "-c", "pass"],
    "safehouse --version": ["{python}", "-IS", "-c", "{program}", "{file}", "--version"],
    "safehouse --version, its own header": ["{header}", "--version"],
    "safehouse --version, given to Python": ["{python}", "-IS", "{file}", "--version"],
    "bwrap, all read-only, true": ["{bwrap}", "--ro-bind", "/", "/", "--", "/bin/true"],
    "true": ["/bin/true"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long a launch takes.")
    parser.add_argument("file", type=Path, nargs="?", default=Path("dist/safehouse"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--python", nargs="+", default=["/usr/bin/python3"], metavar="PYTHON")
    options = parser.parse_args()
    file = options.file.resolve()
    for python in options.python:
        words = {"python": python, "file": str(file), "program": program(file)}
        words["header"] = str(file) if python.startswith("/usr/bin/") else ""
        words["bwrap"] = shutil.which("bwrap", path=ENVIRONMENT["PATH"]) or ""
        cases = works(filled(CASES, words))
        print_table(python, measure(cases, options.rounds))
    return 0


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
    child = os.posix_spawn(command[0], command, ENVIRONMENT, file_actions=silent)
    _, status, _ = os.wait4(child, 0)
    return (time.perf_counter() - start) * 1000, status


def print_table(python: str, times: dict[str, list[float]]) -> None:
    floor = statistics.median(times[FLOOR])
    rounds = len(times[FLOOR])
    print(f"\n{python}, {rounds} rounds\n")
    print("| case | median ms | p10 | p90 | ratio |")
    print("| --- | --: | --: | --: | --: |")
    for name, values in times.items():
        median = statistics.median(values)
        low, high = values[rounds // 10], values[rounds * 9 // 10]
        print(f"| {name} | {median:.1f} | {low:.1f} | {high:.1f} | {median / floor:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
