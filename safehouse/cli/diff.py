"""`safehouse policy --diff`: what a command may do under one policy and not under another."""

from __future__ import annotations

import json
import re
import sys

from safehouse import sandbox
from safehouse.cli.differences import NARROWER, NEITHER, WIDER, differences
from safehouse.cli.policy import document, write
from safehouse.errors import UserError, nearest, printable
from safehouse.facts import decoded
from safehouse.files import read_file
from safehouse.host import MACOS, Host
from safehouse.policy.document import Document, of_plain, read
from safehouse.policy.policy import Policy
from safehouse.policy.rule import Opaque, Tier
from safehouse.policy.search import leaves, read_as
from safehouse.request import Request
from safehouse.sbpl import reader
from safehouse.sbpl.pattern import is_known
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.cli.arguments import Arguments
    from safehouse.cli.differences import Difference

OPTIONS, DEFAULTS, LAST = "options", "defaults", "last"
_SAID = {
    OPTIONS: "the launch without these options",
    DEFAULTS: "the launch where nobody says anything",
    LAST: "the last launch in this directory",
}
_MOST_OF_A_SORT = 3
_MOST = 32 << 20
_HINT = "write one with: safehouse policy --format=json --output=FILE -- COMMAND"


def show(arguments: Arguments) -> int:
    """Prints the differences, the worst first; 1 if there are any."""
    if arguments.format:
        raise UserError(
            "--format is for the policy itself",
            "leave it out; --json gives differences to programs",
        )
    host = Host.current()
    before, after = compared(arguments.request, arguments.diff, host)
    try:
        found = differences(before, after)
    except ValueError as error:
        raise UserError(f"cannot be compared: {error}", _HINT) from None
    title = _SAID.get(arguments.diff, printable(arguments.diff))
    text = _json(found, title) if arguments.json else _text(found, title)
    if arguments.output:
        write(arguments.output, text, host)
    else:
        sys.stdout.write(text)
    return 1 if found else 0


def compared(request: Request, what: str, host: Host) -> tuple[Document, Document]:
    """The policy of a request, and before it the one that it is compared with.

    `what` is OPTIONS, DEFAULTS, LAST or the path of a file.
    """
    if what == LAST:
        return _last(request, host)
    if what == OPTIONS:
        # The project and the system are what is asked about, and no option of a launch there.
        bare = Request(
            request.command, request.assignments, request.workdir, platform=request.platform
        )
        plans = sandbox.make_plan(bare, host), sandbox.make_plan(request, host)
        return document(plans[0]), document(plans[1])
    if what == DEFAULTS:
        plan = sandbox.make_plan(request, host)
        return document(sandbox.default_plan(plan)), document(plan)
    before = opened(what, host)
    if request.platform not in ("", before.platform):
        raise UserError(
            f"{printable(what)} is a policy for {before.platform}",
            f"--platform={before.platform}, or another file",
        )
    if before.launch_temp.rpartition("/")[0] == host.launch_temp.rpartition("/")[0]:
        host = replace(host, launch_temp=before.launch_temp)  # each launch has another one
    plan = sandbox.make_plan(replace(request, platform=before.platform), host)
    return before, document(plan)


def _last(request: Request, host: Host) -> tuple[Document, Document]:
    """The policy of the last launch here, of the same command if one is given, and that of one now."""
    from safehouse import audit, record
    from safehouse.cli.audit import last

    if request.platform not in ("", host.platform):
        raise UserError("the last launch was on this system", "leave --platform out")
    plan = sandbox.make_plan(request, host)
    entry = last(host, plan.policy.workdir, (request.command or ("",))[0])
    if not request.command:
        plan = sandbox.make_plan(replace(request, command=(entry.start["command"],)), host)
    kept = record.kept_policy(audit.directory(host), entry.start["policy"], host)
    if kept is None:
        raise UserError(
            f"the policy of launch {printable(entry.start['launch'])}, the last one here, is not kept",
            "its next launch keeps it; the newest ones are, unless config.yaml says audit: off",
        )
    before = of_plain(kept)
    if before.launch_temp:  # each launch has another one
        plan = sandbox.make_plan(plan.request, replace(host, launch_temp=before.launch_temp))
    return before, document(plan)


def opened(path: str, host: Host) -> Document:
    """The policy in a file: JSON of this or another version of ours, or SBPL. Raises UserError."""
    name = printable(path)
    real = host.resolve(host.absolute(path, "--diff")).real
    if host.files.kind(real) == "missing":
        meant = nearest(path, [OPTIONS, DEFAULTS, LAST])
        raise UserError(
            f"--diff={name}: there is no such file{meant}",
            f"it takes {OPTIONS}, {DEFAULTS}, {LAST}, or a file that safehouse policy has written",
        )
    text = decoded(read_file(real, _MOST, f"--diff={name}"))
    start = text.lstrip()[:1]
    if start == "{":
        document = read(text, name)
        _refuse_slow(document, name)
        return document
    if start not in ("(", ";"):
        raise UserError(f"{name} is no policy in JSON or SBPL", _HINT)
    rules = reader.read(text, name, Tier.APPENDED, {})
    own = re.search(re.escape(host.temp) + "/safehouse/[0-9a-f]{8}", text) if host.temp else None
    return Document(MACOS, Policy(rules), launch_temp=own[0] if own else "", complete=False)


def _refuse_slow(document: Document, name: str) -> None:
    """Raises UserError for a regex that may take Python longer than anybody waits."""
    for rule in document.policy.rules:
        for leaf in () if isinstance(rule, Opaque) or not rule.filter else leaves(rule.filter):
            if read_as(leaf)[1] == "regex" and not is_known(leaf.value):
                raise UserError(
                    f"{name}: a regex that is not known: {printable(leaf.value)}", _HINT
                )


def _text(found: list[Difference], title: str) -> str:
    """The differences under heads, the worst first."""
    if not found:
        return f"no difference to {title}\n"
    from safehouse.cli.columns import width, wrapped

    wide = width()
    lines = [f"compared with {title}:"]
    for direction in (WIDER, NARROWER, NEITHER):
        some = [each for each in found if each.direction == direction]
        if some:
            lines.append(direction)
        for text in _folded(some):
            first, *rest = wrapped(text, wide - 6 if wide else 0)
            lines += [f"  {first}", *(f"      {line}" for line in rest)]
    return "".join(f"{line}\n" for line in lines)


def _folded(found: list[Difference]) -> Iterator[str]:
    """The texts, with many of one sort as one."""
    sorts: dict[str, list[Difference]] = {}
    for each in found:
        sorts.setdefault(each.sort or each.text, []).append(each)
    for sort, some in sorts.items():
        if len(some) <= _MOST_OF_A_SORT:
            yield from (each.text for each in some)
        else:
            names = ", ".join(each.about for each in some[:_MOST_OF_A_SORT])
            yield f"{sort} {names} and {len(some) - _MOST_OF_A_SORT} more"


def _json(found: list[Difference], title: str) -> str:
    """The differences for programs."""
    said: dict[str, object] = {"version": 1, "compared-with": title, "different": bool(found)}
    for direction in (WIDER, NARROWER, NEITHER):
        some = (each for each in found if each.direction == direction)
        said[direction] = [{"kind": each.kind, "text": each.text, **each.data} for each in some]
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"
