#!/usr/bin/env python3
"""How long a Tab takes, and the start of a shell: completion.py [dist/safehouse] [--rounds N]

A Tab is timed in a real shell, from the key to the shell's answer to the key behind it, less what that key
takes alone; with static functions, and with argcomplete's code, which starts the file at each Tab. The
start of a shell is timed from `posix_spawn` to `wait4`, without and with what `safehouse init` has kept.
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

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from argcomplete.shell_integration import shellcode  # noqa: E402

from safehouse.cli.completion import code  # noqa: E402
from safehouse.shims.shell import Integration, for_tab  # noqa: E402
from safehouse.shims.shell import code as code_of  # noqa: E402
from tests.confinement import user  # noqa: E402
from tests.shell.keys import SHELLS, Keyboard  # noqa: E402
from tests.shell.tab import COMPINIT, NAMES, STAND_INS, directory, environment, make_home, own_names  # noqa: E402

LINES = {
    "a path in a list": "safehouse --add-dirs=beta:al",
    "an option": "safehouse --work",
    "a feature": "safehouse --enable=docker,ss",
    "the first word, empty": "safehouse ",
    "the first word, begun": "safehouse qwe",
    "an agent's own option": "safehouse qwen --res",
}
FLOOR = "python3 -I -S -c pass"
HEAD = "| | median | p90 | processor |\n| --- | --: | --: | --: |"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how long a Tab takes.")
    parser.add_argument("file", type=Path, nargs="?", default=ROOT / "dist" / "safehouse")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    with directory() as place:
        home = make_home(place / "home")
        shutil.copy(options.file, home / "bin" / "safehouse")
        kept = {shell: keep(place, shell, home) for shell in SHELLS}
        user.own(place)
        print_tabs(home, kept, options.rounds)
        print_starts(home, kept, options.rounds)
        print_answer(home, options.rounds)
    return 0


def keep(folder: Path, shell: str, home: Path) -> Path:
    """The code of `init` for a shell, with its completion beside it as that keeps it."""
    file = folder / shell / NAMES[shell]
    file.parent.mkdir()
    text = code(shell, own_names())
    file.write_text(text)
    program = f"{home}/bin/safehouse"
    words = for_tab(shell, text, str(file))
    init = folder / f"init.{shell}"
    init.write_text(code_of(Integration(shell, program, "", ("qwen",), (shell,), words)))
    return init


def print_tabs(home: Path, kept: dict[str, Path], rounds: int) -> None:
    print("\nTab to the shell's answer, ms: median (p90)\n")
    print(
        "| | " + " | ".join(SHELLS) + " | " + " | ".join(f"{s}, argcomplete" for s in SHELLS) + " |"
    )
    print("| --- |" + " --: |" * 6)
    columns = [tabs(shell, home, f". '{kept[shell]}'\n", rounds) for shell in SHELLS]
    columns += [tabs(s, home, shellcode(["safehouse"], shell=s), rounds) for s in SHELLS]
    for name in LINES:
        cells = " | ".join(f"{column[name][0]:.1f} ({column[name][1]:.1f})" for column in columns)
        print(f"| {name} | {cells} |")


def tabs(shell: str, home: Path, setup: str, rounds: int) -> dict[str, tuple[float, float]]:
    before = COMPINIT if shell == "zsh" else ""
    found: dict[str, tuple[float, float]] = {}
    with Keyboard(shell, before + setup + STAND_INS[shell], home, environment(home)) as person:
        for name, line in LINES.items():
            done = name.startswith(("a ", "an option"))  # by argcomplete as well
            times = []
            for _ in range(rounds + 1):
                assert person.line(line + "\t") != line or not done
                person.line(line)
                alone = timed(person, "")
                times.append(timed(person, "\t") - alone)
            times = sorted(times[1:])
            found[name] = statistics.median(times), times[len(times) * 9 // 10]
    return found


def timed(person: Keyboard, keys: str) -> float:
    start = time.perf_counter()
    person.press(keys)
    return (time.perf_counter() - start) * 1000


def print_starts(home: Path, kept: dict[str, Path], rounds: int) -> None:
    shells = {
        "bash": ["bash", "--norc", "--noprofile", "-c", "{code}"],
        "zsh": ["zsh", "-f", "-c", "autoload -Uz compinit; compinit -C\n{code}"],
        "fish": ["fish", "--no-config", "-c", "{code}"],
    }
    cases = {}
    for shell, argv in shells.items():
        for name, text in (("without", ":"), ("with", f". '{kept[shell]}'")):
            cases[f"{shell}, {name} us"] = [word.replace("{code}", text) for word in argv]
    print(f"\nThe start of a shell, ms\n\n{HEAD}")
    print_cases(cases, environment(home), rounds)


def print_answer(home: Path, rounds: int) -> None:
    cases = {
        FLOOR: ["/usr/bin/python3", "-I", "-S", "-c", "pass"],
        "an answer for argcomplete": ["/bin/sh", "-c", f"exec {home}/bin/safehouse 8>/dev/null"],
    }
    variables = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_SHELL": "bash"}
    for line in (LINES["an option"], LINES["a feature"]):
        print(
            f"\n{line}: what runs at a Tab of argcomplete\n\n| | median | p90 |\n| --- | --: | --: |"
        )
        said = {**variables, "COMP_LINE": line, "COMP_POINT": str(len(line))}
        print_cases(cases, {**environment(home), **said}, rounds)


def print_cases(cases: dict[str, list[str]], env: dict[str, str], rounds: int) -> None:
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name in random.sample(list(cases), len(cases)):
            times[name].append(spawned(cases[name], env))
    for name, found in times.items():
        wall = sorted(pair[0] for pair in found)
        work = statistics.median(pair[1] for pair in found)
        cells = f"{statistics.median(wall):.1f} | {wall[len(wall) * 9 // 10]:.1f} | {work:.1f}"
        print(f"| `{name}` | {cells} |")


def spawned(argv: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor."""
    start = time.perf_counter()
    _, _, used = os.wait4(os.posix_spawnp(argv[0], argv, env), 0)
    return (time.perf_counter() - start) * 1000, (used.ru_utime + used.ru_stime) * 1000


if __name__ == "__main__":
    sys.exit(main())
