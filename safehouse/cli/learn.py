"""`safehouse learn`: a command is run confined, and what it was refused is proposed, to be kept or not."""

from __future__ import annotations

import os
import shlex
import sys

from safehouse import sandbox
from safehouse.cli import denials, question
from safehouse.cli.arguments import parse
from safehouse.cli.columns import columns, width
from safehouse.cli.grants import outside
from safehouse.denials import learned
from safehouse.errors import REFUSED, UserError, printable
from safehouse.sources import own_files
from safehouse.sources.catalogue import records
from safehouse.sources.reach import refuse_to_keep
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.backends.base import Observations
    from safehouse.cli.arguments import Arguments
    from safehouse.denials.kept import Recording
    from safehouse.denials.row import Row
    from safehouse.plan import Plan

_KEPT = ("path", "feature")
_BY_PROFILE = "link"
_ANSWERS = "[y]es, [N]o, [a]ll that only open files, [q]uit: "


def learn(arguments: Arguments, tell: Callable[[str], None]) -> int:
    """Runs it, asks, and keeps what was chosen; gives the exit status of the command."""
    if not arguments.request.command:
        raise UserError("no command to learn from", "safehouse learn -- COMMAND [ARG...]")
    if arguments.print and arguments.yes:
        raise UserError("--print keeps nothing", "leave --yes out")
    host = outside()
    refuse_to_keep(arguments.request, host)
    found: list[tuple[Plan, Recording]] = []

    def observe(plan: Plan) -> Callable[[Plan, Observations, str, int], None]:
        def after(plan: Plan, observations: Observations, launch: str, status: int) -> None:
            found.append((plan, denials.told(plan, observations, launch, status)))

        return after

    with _Output(to_error=arguments.print):
        status = sandbox.run(arguments.request, host, tell, observe=observe)
    if not found:
        return status
    plan, recording = found[0]
    proposed = [
        row for row in recording.rows
        if (row.kind in _KEPT and row.keep) or (arguments.profile and row.kind == _BY_PROFILE)
    ]  # fmt: skip
    rest = [row for row in recording.rows if row not in proposed]
    shown = denials.lines(replace(recording, rows=tuple(rest)), host.home, 0)
    if any(row.kind != "noise" for row in rest):
        tell("\n".join(["this stays as it is:", *shown]))
    if not proposed:
        tell("nothing more is to be learned: all else that was refused should stay so" if rest
             else "nothing is to be learned: nothing was refused")  # fmt: skip
        return status
    if arguments.print:
        sys.stdout.write(_as_yaml(arguments, plan, proposed))
        return status
    chosen = _chosen(arguments, proposed, tell, host.home)
    if not chosen:
        return status
    if arguments.profile:
        _keep_profile(plan, chosen)
    else:
        _keep_grants(chosen)
    tell("run it again: what it needs next is only seen when it has this")
    return status


class _Output:
    """Standard output for us alone: what the command prints goes to standard error."""

    def __init__(self, to_error: bool) -> None:
        self._own = -1 if not to_error else 0

    def __enter__(self) -> None:
        if self._own == 0:
            sys.stdout.flush()
            self._own = os.dup(1)
            os.set_inheritable(self._own, False)
            os.dup2(2, 1)

    def __exit__(self, *error: object) -> None:
        if self._own > 0:
            os.dup2(self._own, 1)
            os.close(self._own)


def _chosen(
    arguments: Arguments, proposed: list[Row], tell: Callable[[str], None], home: str
) -> list[Row]:
    """What of it is to be kept."""
    if not arguments.yes and not question.can_be_asked():
        tell("\n".join(line for row in proposed for line in _lines(row, home, 0)))
        tell(
            "nothing is kept: nobody can be asked; --yes keeps what is harmless, --print shows YAML"
        )
        return []
    if arguments.yes:
        for row in proposed:
            if not row.harmless:
                tell("\n".join(["left out, since only you can decide it:", *_lines(row, home, 0)]))
        return [row for row in proposed if row.harmless]
    chosen: list[Row] = []
    everything = False
    for row in proposed:
        sys.stdout.write("".join(f"{line}\n" for line in _lines(row, home, width())))
        if everything and row.kind != "feature":
            chosen.append(row)
            continue
        answer = question.answer_to(_ANSWERS)
        if answer in ("q", "quit"):
            break
        everything = everything or answer in ("a", "all")
        if answer in ("y", "yes") or (answer in ("a", "all") and row.kind != "feature"):
            chosen.append(row)
    return chosen


def _lines(row: Row, home: str, wide: int) -> list[str]:
    first, *rest = denials.about(row, home)
    return [f"  {denials.what(row, home)}", *columns([first, *rest], 4, wide)]


def _keep_grants(rows: list[Row]) -> None:
    """Does what the rows say, by the commands that they name."""
    from safehouse.cli.grant import grant

    for row in rows:
        if row.make:
            _make(row)
        try:
            grant(parse(shlex.split(row.keep)[1:]))
        except UserError as error:
            sys.stderr.write(f"safehouse: not kept: {error.message}\n")


def _make(row: Row) -> None:
    """Makes what has to be there to be granted."""
    try:
        if row.make == "directory":
            own_files.make_directory(row.target)
        else:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            os.close(os.open(row.target, flags, 0o600))
    except FileExistsError:
        pass


def _names(plan: Plan) -> tuple[str, str]:
    command = plan.request.command[0].rpartition("/")[2]
    return learned.name_of(command, plan.agent, records()), command


def _as_yaml(arguments: Arguments, plan: Plan, rows: list[Row]) -> str:
    if not arguments.profile:
        return learned.settings(rows, plan.host)
    name, command = _names(plan)
    return learned.profile(name, command, bool(plan.agent), _short(rows, plan), None)


def _keep_profile(plan: Plan, rows: list[Row]) -> None:
    name, command = _names(plan)
    file = learned.path(name, plan.host)
    shown = own_files.short(file, plan.host)
    extends = bool(plan.agent) and not plan.agent.endswith("-learned") and plan.agent in records()
    try:
        old = own_files.read(file, plan.host)
        text = learned.profile(name, command, extends, _short(rows, plan), old)
        learned.keep(file, text, records(), plan.host)
    except UserError as error:
        raise UserError(f"{shown}: {error.message}", error.hint, REFUSED) from None
    print(f"{printable(command)} has the profile {name} from now on: {shown}")
    print(f"to undo it: rm {shown}")


def _short(rows: list[Row], plan: Plan) -> list[Row]:
    return [replace(row, target=learned.short(row.target, plan.host.home)) for row in rows]
