"""`safehouse policy`: what a command would run under."""

from __future__ import annotations

import os
import sys

from safehouse import record, sandbox
from safehouse.errors import UserError, printable
from safehouse.host import PLATFORMS, Host
from safehouse.policy.document import of_plain, written
from safehouse.policy.rule import Opaque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.cli.arguments import Arguments
    from safehouse.launch import Enforcement
    from safehouse.plan import Plan
    from safehouse.policy.document import Document
    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import Filter


def show(arguments: Arguments) -> int:
    """Prints the policy, in the enforcer's own language unless told otherwise."""
    host = Host.current()
    plan = sandbox.make_plan(arguments.request, host)
    backend = sandbox.backend_for(plan.host)
    wanted = arguments.format or ("json" if arguments.json else backend.language)
    if wanted == "table":
        text = table(plan.policy)
    elif wanted == "json":
        text = written(document(plan))
    elif wanted != backend.language:
        raise UserError(
            f"--format={wanted} is not the language of {plan.host.platform}",
            f"--format={backend.language}, or --platform={_other(plan.host.platform)}",
        )
    else:
        text = sandbox.policy_text(plan)
    if arguments.output:
        where = write(arguments.output, text, host)
        if not arguments.request.command:
            print(where)
    else:
        sys.stdout.write(text)
    return 0


def _other(platform: str) -> str:
    return next(name for name in PLATFORMS if name != platform)


def table(policy: Policy) -> str:
    """One line a rule, the winning ones last."""
    lines = []
    for rule in policy.rules:
        if isinstance(rule, Opaque):
            lines.append(("?", "", rule.text, str(rule.origin)))
        else:
            what = " ".join(rule.operations)
            lines.append((rule.action, what, filter_text(rule.filter), str(rule.origin)))
    widths = [min(max((len(line[n]) for line in lines), default=0), 48) for n in range(3)]
    rows = (
        "  ".join(part.ljust(width) for part, width in zip(line, (*widths, 0))) for line in lines
    )
    return "".join(f"{row.rstrip()}\n" for row in rows)


def filter_text(filter: Filter | None) -> str:
    """A filter for reading: `subpath /usr`, `everything`."""
    if filter is None:
        return "everything"
    parts = " ".join(f"({filter_text(part)})" for part in filter.parts)
    return f"{filter.kind} {filter.value or parts}"


def document(plan: Plan) -> Document:
    """A plan's policy with what belongs to it. Of the environment only the names: values may be secret."""
    return of_plain(record.plain(plan, _enforcement(plan)))


def _enforcement(plan: Plan) -> Enforcement | None:
    """How far this system keeps the policy; None where that cannot be told from here."""
    if plan.host.foreign:
        return None
    try:
        return sandbox.backend_for(plan.host).look(plan.policy, plan.host).enforcement
    except UserError:
        return None


def write(path: str, text: str, host: Host) -> str:
    """Writes a policy for the person to keep, and gives the file's path. Raises UserError.

    A command may have put a link at the path: the new file takes its place, and what the link leads
    to stays as it is.
    """
    where = host.absolute(path, "--output")
    directory = os.path.dirname(where)
    new = f"{directory}/.safehouse-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        if not (os.path.islink(where) or os.path.isfile(where) or not os.path.exists(where)):
            raise UserError(f"--output: {printable(path)} is no file", "name another file")
        os.makedirs(directory, exist_ok=True)
        descriptor = os.open(new, flags, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            os.rename(new, where)
        except BaseException:
            os.unlink(new)
            raise
    except OSError as error:
        raise UserError(
            f"--output: cannot write {printable(path)}: {error.strerror}", "name another file"
        ) from None
    return where
