"""`safehouse denials`, and what `run --denials` tells at the end: what was refused, and what mends it."""

from __future__ import annotations

import json
import sys

from safehouse.cli.columns import columns, width
from safehouse.cli.why_text import short
from safehouse.denials import kept
from safehouse.denials.kept import Recording
from safehouse.errors import UserError, printable
from safehouse.host import MACOS, Host
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safehouse.backends.base import Observations
    from safehouse.cli.arguments import Arguments
    from safehouse.denials.row import Row
    from safehouse.files import FileSystem
    from safehouse.plan import Plan

_MOST_TOLD = 20  # rows behind a launch


def show(arguments: Arguments) -> int:
    """Prints what a launch was refused; the last one of this directory if none is named."""
    if len(arguments.words) > 1:
        raise UserError(
            f"unexpected {printable(arguments.words[1])!r}", "safehouse denials [LAUNCH]"
        )
    from safehouse.cli.grants import outside  # it brings YAML, which no launch needs

    host = outside()
    found = kept.recording(arguments.words[0] if arguments.words else "", host)
    if arguments.json:
        values = {name: getattr(found, name) for name in found._names}
        values["rows"] = [kept.as_json(row) for row in found.rows]
        sys.stdout.write(json.dumps({"version": kept.VERSION, **values}) + "\n")
        return 0
    sys.stdout.write(f"{head(found)}\n" if found.rows else "")
    for line in lines(found, host.home, width(), arguments.all):
        sys.stdout.write(line + "\n")
    return 0


def told(plan: Plan, observations: Observations, launch: str, status: int) -> Recording:
    """A launch that has ended, with what it was refused, kept for later."""
    host = replace(plan.host, files=_files(plan))
    rows = _rows(replace(plan, host=host), observations) if observations.kept else ()
    found = Recording(
        launch, kept.moment(), plan.command[0], host.cwd, status, rows, observations.more,
        observations.flaw,
    )  # fmt: skip
    try:
        kept.keep(found, host)
    except OSError as error:
        found = replace(found, flaw=f"it could not be kept for later: {error.strerror}")
    return found


def _files(plan: Plan) -> FileSystem:
    """Those of this machine, looked at anew; the program has chosen the names, so only what is near."""
    if plan.host.platform == MACOS:
        return Host.current().files
    from safehouse import near

    return near.files(plan.policy, plan.host)


def _rows(plan: Plan, observations: Observations) -> tuple[Row, ...]:
    from safehouse.denials.advice import advised
    from safehouse.denials.denial import judged

    return advised(plan, judged(plan, observations, plan.host.platform == MACOS))


def telling(tell: Callable[[str], None]) -> Callable[[Plan, Observations, str, int], None]:
    """What `run --denials` does with what was recorded."""

    def after(plan: Plan, observations: Observations, launch: str, status: int) -> None:
        found = told(plan, observations, launch, status)
        shown = [*lines(found, plan.host.home, 0)]
        tell("\n".join([head(found), *shown]) if found.rows else "\n".join(shown))

    return after


def head(found: Recording) -> str:
    """What the launch was."""
    name = printable(found.command.rpartition("/")[2])
    return f"what {name} was refused (launch {found.launch}):"


def lines(found: Recording, home: str, wide: int, everything: bool = False) -> Iterator[str]:
    """A recording for people. What is of no concern is counted, unless `everything` is wanted."""
    rows = [row for row in found.rows if everything or row.kind != "noise"]
    noise = len(found.rows) - len(rows)
    most = len(rows) if everything else _MOST_TOLD
    for row in rows[:most]:
        yield f"  {what(row, home)}"
        yield from columns(about(row, home), 4, wide)
    if len(rows) > most:
        yield f"  and {len(rows) - most} more: safehouse denials --all {found.launch}"
    if not rows:
        yield "nothing was refused"
    if noise and rows:
        yield f"  {noise} that every program does without: safehouse denials --all {found.launch}"
    if found.more:
        yield f"  {found.more} more attempts were not kept, being too many"
    if found.flaw:
        yield f"  not all of it may be here: {found.flaw}"


def what(row: Row, home: str) -> str:
    """What was refused, in a line."""
    target = printable(short(row.target, home)) + ("/" if row.tree and row.target != "/" else "")
    parts = [f"{row.targets} files"] if row.targets > 1 else []
    parts += [f"{row.count} times"] if row.count > row.targets else []
    parts += [f"by {printable(row.program)}"] if row.program else []
    return f"{', '.join(row.does)} {target}" + (f" ({', '.join(parts)})" if parts else "")


def about(row: Row, home: str) -> Iterator[tuple[str, str]]:
    """What there is to say of a row: by what it is denied, what opens it, or why it stays so."""
    if row.rule:
        yield "denied by:", f"{printable(row.rule)}: {printable(row.reason)}"
    if row.lost:
        yield "but:", "it went into the launch's own home, and is gone"
    if row.kind in ("closed", "noise"):
        yield "leave it so:", printable(row.note)
    elif row.note:
        yield "note:", printable(row.note)
    label = "to allow it:" if row.kind != "closed" else "if you must:"
    command = row.keep or row.once
    if command:
        command = f"{row.first} && {command}" if row.first else command
        gives_up = f" ({row.gives_up})" if row.gives_up else ""
        yield label, f"{command}{gives_up}"
    if row.opens:
        yield "that opens:", f"{row.opens} of {printable(short(row.target, home))}"
