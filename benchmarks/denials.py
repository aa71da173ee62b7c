#!/usr/bin/env python3
"""What recording costs: denials.py [dist/safehouse] [--rounds N]

Each case runs confined, with and without `--denials`, in shuffled order, from `posix_spawn` to `wait4`; the
table has medians and their ratio.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.confinement import user  # noqa: E402
from tests.confinement.scene import make_template  # noqa: E402

_OPENS = "import os\nfor n in range(5000): os.close(os.open('f%d' % (n % 50), os.O_RDONLY))"
_COMPILE = """
i=0; while [ $i -lt 40 ]; do echo "int f$i(void) { return $i; }" >f$i.c; i=$((i+1)); done
echo 'all: $(patsubst %.c,%.o,$(wildcard f*.c))' >Makefile; rm -f *.o; make -s -j2
"""
CASES = {
    "nothing: `true`": ["true"],
    "Python, 5,000 opens of 50 files": [user.PYTHON, "-IS", "-c", _OPENS],
    "a shell, 500 programs": [
        "sh",
        "-c",
        "i=0; while [ $i -lt 500 ]; do /bin/true; i=$((i+1)); done",
    ],
    "a build of 40 C files by two compilers": ["sh", "-c", _COMPILE],
    "`git status`, 2,000 files": ["git", "status", "--short"],
    "`npm install`, nothing to fetch": ["npm", "install", "--offline", "--no-audit", "--no-fund"],
    "`ls -lR /usr/share`": ["sh", "-c", "ls -lR /usr/share >/dev/null 2>&1; true"],
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what recording denials costs.")
    parser.add_argument("file", type=Path, nargs="?", default=ROOT / "dist" / "safehouse")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    root = user.new_directory()
    try:
        safehouse = root / "safehouse"
        shutil.copy(options.file, safehouse)
        scene = make_template(root / "scene", safehouse)
        for n in range(2000):
            scene.write(f"src/project/part{n % 20}/{n}", "x")
        for n in range(50):
            scene.write(f"src/project/f{n}", "x")
        scene.write("src/project/package.json", '{"name": "x", "version": "1.0.0"}')
        print("| | ms | with `--denials` | ratio |\n| --- | --: | --: | --: |")
        for name, words in CASES.items():
            if not shutil.which(words[0], path=user.PATH):
                continue
            times: dict[bool, list[float]] = {True: [], False: []}
            for _ in range(options.rounds):
                for records in random.sample((True, False), 2):
                    option = ["--denials"] if records else []
                    start = time.perf_counter()
                    done = scene.confined("run", *option, "--", *words)
                    times[records].append(time.perf_counter() - start)
                    assert done.returncode == 0, done.stderr
            without, recorded = (statistics.median(times[key]) * 1000 for key in (False, True))
            print(f"| {name} | {without:.0f} | {recorded:.0f} | {recorded / without:.2f} |")
    finally:
        user.remove(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
