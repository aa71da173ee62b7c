"""`make mac-check`: does all that there is to do, shows how far it is, and writes the report."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.request import Request
from safehouse.sandbox import policy_text
from safehouse.value import Value, replace
from tools.mac_check import (
    agreement,
    compiling,
    experiment,
    filters,
    language,
    launches,
    logs,
    paths,
    rules,
    terminal,
)
from tools.mac_check import report as reports
from tools.mac_check.asking import Enforcer, NotStarted, Policy
from tools.mac_check.bench import Bench, interpreter
from tools.mac_check.facts import facts
from tools.mac_check.finding import OTHERWISE, unclear
from tools.mac_check.privacy import of_this_machine
from tools.mac_check.report import Group, Report
from tools.mac_check.scratch import Scratch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.mac_check.finding import Finding

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_HERE = 2
NAME = "mac-check-report"
ABOUT = """\
Asks this Mac what Safehouse has to know of its sandbox. It takes some minutes, needs no password, and sends
nothing. It works in a directory ~/safehouse-check.xxxxxx, which it removes at its end, and after Ctrl-C.
"""
_TESTS = "the confinement tests"


class Part(Value):
    """Something to find out: `run` gives findings one after the other."""

    title: str
    run: Callable[[Bench], Iterator[Finding]]


def _experiments(some: tuple[experiment.Experiment, ...]) -> Callable[[Bench], Iterator[Finding]]:
    def run(bench: Bench) -> Iterator[Finding]:
        for each in some:
            bench.tell(each.belief)
            yield experiment.run(each, bench)

    return run


PARTS = (
    Part("How rules are decided", _experiments(rules.EXPERIMENTS)),
    Part("Filters", _experiments(filters.EXPERIMENTS)),
    Part("Paths, regexes and strings", _experiments(paths.EXPERIMENTS)),
    Part("The language", language.run),
    Part("Every policy is taken", compiling.run),
    Part("The kernel and `safehouse why`", agreement.run),
    Part("Launches", launches.run),
    Part("The terminal", terminal.run),
    Part("The log of denials", logs.run),
)


class Progress:
    """One line that changes, on a terminal; else a line a part."""

    def __init__(self) -> None:
        self.moving = sys.stderr.isatty()
        self.title = ""

    def begin(self, title: str, number: int, of: int) -> None:
        self.title = f"[{number}/{of}] {title}"
        if not self.moving:
            print(self.title, file=sys.stderr, flush=True)

    def tell(self, text: str) -> None:
        if self.moving:
            line = f"{self.title}: {' '.join(text.split())}"
            print(f"\r\x1b[K{line[:78]}", end="", file=sys.stderr, flush=True)

    def end(self, text: str) -> None:
        start = "\r\x1b[K" if self.moving else "  "
        print(f"{start}{self.title + ': ' if self.moving else ''}{text}", file=sys.stderr)


def check(bench: Bench, progress: Progress, some: tuple[Part, ...] = PARTS) -> tuple[Group, ...]:
    """Finds out all there is. What breaks a part is told as one thing that could not be told."""
    groups = []
    obstacle = experiment.sanity(bench)
    for number, part in enumerate(some, 1):
        progress.begin(part.title, number, len(some))
        found: list[Finding] = []
        try:
            if obstacle:
                raise NotStarted(-1, obstacle)
            for each in part.run(bench):
                found.append(each)
        except Exception as error:
            found.append(unclear("the check", part.title, f"{type(error).__name__}: {error}"))
        groups.append(Group(part.title, tuple(found)))
        wrong = sum(each.verdict == OTHERWISE for each in found)
        progress.end(f"{len(found)} answers, {wrong} otherwise than believed")
    return tuple(groups)


def tests(checkout: Path) -> str:
    """The summary of the tests that start real sandboxes."""
    done = subprocess.run(
        "sh tools/make_venv.sh .venv dev && sh tools/test.sh .venv/bin/python -m confinement",
        shell=True,
        cwd=checkout,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    return "\n".join([f"status {done.returncode}", *lines[-120:]])


def on_this_mac(scratch: Scratch, progress: Progress) -> Bench:
    """Raises UserError where no Python can be confined."""
    host = Host.current()
    words = (sys.executable, "-m", "safehouse")
    enforcer = Enforcer(scratch.root)
    bench = Bench(host, scratch, enforcer, "", "", words, str(CHECKOUT), progress.tell)
    compiling.make_project(bench)
    base = policy_text(bench.plan(Request(), compiling.PROJECT))
    little = (Policy(experiment.OPEN), Policy(experiment.CLOSED))
    try:
        python, program = interpreter(enforcer, (*little, Policy(base)))
    except NotStarted:  # then what is asked under our own policies cannot be told
        try:
            python, program = interpreter(enforcer, little[:1])
        except NotStarted as error:
            raise UserError(f"no Python starts under {enforcer.program}: {error}") from None
    return replace(bench, python=python, program=program)


def run(
    make: Callable[[Scratch, Progress], Bench],
    place: str,
    output: str,
    some: tuple[Part, ...] = PARTS,
    with_tests: bool = False,
) -> Report:
    """Does it all in a directory below `place`, and writes both files into `output`."""
    begun = time.monotonic()
    progress = Progress()
    with Scratch(place) as scratch:
        bench = make(scratch, progress)
        hide = of_this_machine(bench.host.home, scratch.root, bench.checkout)
        told = facts(bench)
        groups = check(bench, progress, some)
    tested = ""
    if with_tests:
        progress.begin(_TESTS, 1, 1)
        progress.tell("this takes ten minutes or more")
        tested = tests(CHECKOUT)
        progress.end(tested.splitlines()[-1])
    report = Report(told, groups, round(time.monotonic() - begun), tested)
    for suffix, text in (
        ("md", reports.as_markdown(report, hide)),
        ("json", reports.as_json(report, hide)),
    ):
        Path(output, f"{NAME}.{suffix}").write_text(text, encoding="utf-8")
    return report


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make mac-check", description=ABOUT)
    parser.add_argument("--with-tests", action="store_true", help=f"run {_TESTS}, too")
    parser.add_argument("--output", default=os.getcwd(), help="the directory for the report")
    arguments = parser.parse_args(argv)
    if os.uname().sysname != "Darwin":
        return _declined(
            "this asks macOS, so it needs a Mac: thank you, there is nothing to do here"
        )
    if os.getuid() == 0:
        return _declined("run it as yourself, without sudo: it needs no more than you may do")
    if not os.access(arguments.output, os.W_OK | os.X_OK):
        return _declined(f"no report can be written into {arguments.output}: name another one")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    print(ABOUT, file=sys.stderr)
    try:
        report = run(
            on_this_mac,
            os.path.expanduser("~"),
            arguments.output,
            with_tests=arguments.with_tests,
        )
    except KeyboardInterrupt:
        print("\nmac-check: stopped; all that was made is removed", file=sys.stderr)
        return 130
    except UserError as error:
        return _declined(f"{error.message} {error.hint}".strip())
    except OSError as error:
        return _declined(f"{error}")
    file = os.path.join(arguments.output, f"{NAME}.md")
    print(f"\n{reports.summary(report)}; {report.seconds} seconds.\n")
    print(f"The report is {file}, and {NAME}.json beside it for programs.")
    print("Read it: it should say nothing of you or your files. Then please send us both files:")
    print(f"  {reports.address(str(CHECKOUT))}")
    return 0


def _declined(why: str) -> int:
    print(f"mac-check: {why}", file=sys.stderr)
    return NOT_HERE


if __name__ == "__main__":
    sys.exit(main())
