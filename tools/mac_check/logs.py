"""What the log of the system says of a denial: its lines, and how one of them is found.

Only lines about the scratch directory are kept. Nothing needs more rights than the person has.
"""

from __future__ import annotations

import json
import subprocess
import time

from tools.mac_check.accesses import PATH_VERBS
from tools.mac_check.asking import UNCONFINED, Ended, NotStarted, Policy, Question, Session, kill
from tools.mac_check.compiling import PROJECT, make_project
from tools.mac_check.experiment import CLOSED, OPEN, filled
from tools.mac_check.finding import FOUND, HIGH, UNCLEAR, Finding, unclear
from tools.mac_check.launches import came_through, launched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.mac_check.bench import Bench

_LOG = "/usr/bin/log"
_CHOSEN = (
    "--style", "ndjson", "--predicate",
    'sender == "Sandbox" OR eventMessage BEGINSWITH "Sandbox: " OR subsystem BEGINSWITH'
    ' "com.apple.sandbox"',
)  # fmt: skip
_LONGEST = 60.0
_A_MOMENT = 3.0  # until a stream has begun, and until what was logged is there
_MOST_LINES = 12
MESSAGE = "safehouse-check says so"
# name: the rules, and what is denied by them
_CASES = {
    "a deny with a filter, without a message": (
        f'{OPEN} (deny file-read-data (literal "{{S}}/d/f"))', Question("read", "d/f"),
    ),
    "a deny with a filter and a message": (
        f'{OPEN} (deny file-read-data (literal "{{S}}/d/x") (with message "{MESSAGE}"))',
        Question("read", "d/x"),
    ),
    "(deny default), without a message": (CLOSED, Question("write", "d/f")),
    "(deny default) with a message": (
        CLOSED.replace("(deny default)", f'(deny default (with message "{MESSAGE}"))'),
        Question("write", "d/x"),
    ),
    "a socket that is closed": (
        f'{OPEN} (deny network-outbound (literal "{{S}}/s"))', Question("connect", "s"),
    ),
    "a service that is closed": (
        f'{OPEN} (deny mach-lookup (global-name "com.apple.cfprefsd.daemon"))',
        Question("mach", "com.apple.cfprefsd.daemon"),
    ),
    "a process that is closed": (
        f"{OPEN} (deny signal (target others))", Question("signal", "{OTHER}"),
    ),
}  # fmt: skip


def run(bench: Bench) -> Iterator[Finding]:
    make_project(bench)
    try:
        yield from _inside(bench)
        with open(f"{bench.scratch.root}/log", "wb") as output:
            stream = subprocess.Popen(
                [_LOG, "stream", *_CHOSEN],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except (OSError, subprocess.SubprocessError) as error:
        yield unclear("log", "what the log says of a denial", str(error))
        return
    bench.tell("denials are made")
    begun = time.monotonic()
    denied = {}
    try:
        time.sleep(_A_MOMENT)
        for name, (rules, question) in _CASES.items():
            try:
                denied[name] = _denied(bench, rules, question)
            except (NotStarted, Ended) as error:
                yield unclear("log", f"what the log says of {name}", str(error))
        time.sleep(_A_MOMENT)
    finally:
        kill(stream)
        stream.wait()
    with open(f"{bench.scratch.root}/log", "rb") as file:
        streamed = file.read().decode("utf-8", "replace")
    bench.tell("the log is read")
    shown, why = _shown(int((time.monotonic() - begun) / 60) + 1)
    for name, number in denied.items():
        yield _finding("log show", name, number, shown, why)
        yield _finding("log stream", name, number, streamed, "")


def _denied(bench: Bench, rules: str, question: Question) -> int:
    """Has something denied; gives the number of the process."""
    scratch = bench.scratch
    local = question.do in PATH_VERBS
    at = f"{scratch.tree}/{question.at}" if local else filled(question.at, bench, True)
    session = Session(bench.enforcer, bench.python, Policy(filled(rules, bench)))
    try:
        session.ask(Question(question.do, at))
        return session.number
    finally:
        session.end()


def _shown(minutes: int) -> tuple[str, str]:
    """What the log has of the last minutes, and why it has nothing."""
    words = [_LOG, "show", "--last", f"{minutes}m", *_CHOSEN]
    try:
        done = subprocess.run(words, capture_output=True, timeout=_LONGEST, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return "", str(error)
    return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")[-300:]


def lines(text: str, number: int) -> list[str]:
    """The events of a log that name a process by its number, without what marks the machine."""
    found = []
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and f"({number})" in str(event.get("eventMessage", "")):
            kept = {key: value for key, value in event.items() if not _marks(key)}
            found.append(json.dumps(kept, ensure_ascii=False))
    return found[:_MOST_LINES]


def _marks(key: str) -> bool:
    return "UUID" in key or key in ("traceID", "activityIdentifier", "machTimestamp", "backtrace")


def _finding(source: str, name: str, number: int, text: str, why: str) -> Finding:
    belief = f"what `{source}` says of {name}"
    found = lines(text, number)
    if not found:
        return Finding("log", HIGH, belief, UNCLEAR, f"nothing was found {why}".strip())
    return Finding("log", HIGH, belief, FOUND, f"{len(found)} lines", tuple(found))


def _inside(bench: Bench) -> Iterator[Finding]:
    """A confined program cannot read the log."""
    words = [_LOG, "show", "--last", "1s", "--style", "ndjson"]
    status, said = bench.enforcer.run(UNCONFINED, words, _LONGEST)
    told = f"status {status}" + (f": {said[-200:]}" if status else "")
    yield Finding("log", HIGH, "whether `log show` works outside, without sudo", FOUND, told)
    belief = "`log show` cannot be used by a command"
    yield came_through("log", belief, False, launched(bench, ["--", *words], PROJECT), status == 0)
