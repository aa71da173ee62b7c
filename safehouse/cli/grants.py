"""`safehouse grants`: what is kept, for which directory, and whether it applies."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.cli.sources import shown, sources_text
from safehouse.errors import UserError, pasted, printable
from safehouse.host import Host
from safehouse.sources import directory, user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.directory import written
from safehouse.sources.grant_rows import MISSING, rows
from safehouse.sources.settings import contains
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.cli.arguments import Arguments
    from safehouse.sources.grant_rows import Row

_HEAD = ("what", "", "agent", "kept for", "in", "")


def show(arguments: Arguments) -> int:
    """Prints it, as a table or for programs."""
    refuse_words(arguments)
    host = outside()
    place = _place(arguments, host)
    agent = arguments.request.agent
    catalogue = catalogue_of(host)
    if agent:
        catalogue.check(agent, ("agent", "app"), "--agent")
    if arguments.effective:
        if arguments.all or arguments.json:
            other = "--all" if arguments.all else "--json"
            raise UserError(f"--effective cannot be combined with {other}", "leave one of them out")
        request = replace(arguments.request, workdir=place if arguments.directory else ".")
        plan = sandbox.make_plan(request, host)
        sys.stdout.write("".join(f"{line}\n" for line in sources_text(plan)))
        return 0
    found = rows(directory.stored(host), host, catalogue)
    chosen = [
        row for row in found
        if (arguments.all or contains(row.directory, place)) and agent in ("", row.agent or agent)
    ]  # fmt: skip
    sys.stdout.write(
        _json(chosen, place, host) if arguments.json else _text(chosen, place, arguments, host)
    )
    return 0


def outside() -> Host:
    """This machine. Raises UserError inside of a sandbox: there a confined program would be asking."""
    host = Host.current()
    if sandbox.backend_for(host).inside(host):
        raise UserError(
            "this is inside of a sandbox, where nothing is granted, trusted, shown or forgotten",
            "do it in a terminal of your own",
        )
    return host


def refuse_words(arguments: Arguments) -> None:
    """Raises UserError for words behind a command that takes none."""
    for word in arguments.words[:1]:
        raise UserError(
            f"unexpected {printable(word)!r}",
            f"safehouse {arguments.command} --for={pasted(word)}, for a directory",
        )


def catalogue_of(host: Host) -> Catalogue:
    """All profiles, the person's own among them."""
    shipped = records()
    return Catalogue(host.platform, shipped, tuple(user.profiles(host, shipped)))


def _place(arguments: Arguments, host: Host) -> str:
    """The directory that is asked about; it may be gone."""
    if not arguments.directory:
        return host.cwd
    return host.located(arguments.directory, "--for", host.cwd).real


def _text(chosen: list[Row], place: str, arguments: Arguments, host: Host) -> str:
    if not chosen:
        where = (
            "any directory" if arguments.all else f"{shown(place, host)} or a directory above it"
        )
        who = f", agent {printable(arguments.request.agent)}" if arguments.request.agent else ""
        return f"nothing is kept for {where}{who}; to add something: safehouse grant PATH\n"
    file = shown(directory.path(host), host)
    table = [_HEAD]
    for row in chosen:
        value = written(row.value, host) if row.value[:1] == "/" else row.value
        note = row.why if row.why != MISSING else "not there"
        note = note or ("by its name, whichever directory has it" if row.state == "by name" else "")
        table.append(
            (row.mode or row.kind, printable(value), row.agent or "all", shown(row.directory, host),
             f"{file}:{row.line}", note)
        )  # fmt: skip
    widths = [max(len(line[n]) for line in table) for n in range(len(_HEAD))]
    lines = (
        "  ".join(part.ljust(width) for part, width in zip(line, widths)).rstrip() for line in table
    )
    return "".join(f"{line}\n" for line in lines)


def _json(chosen: list[Row], place: str, host: Host) -> str:
    import json

    document = {
        "version": 1,
        "directory": place,
        "file": directory.path(host),
        "grants": [
            {
                "directory": row.directory,
                "state": row.state,
                "agent": row.agent or None,
                "kind": row.kind,
                "mode": row.mode or None,
                "value": row.value,
                "line": row.line,
                "applies": not row.why,
                "why": row.why or None,
            }
            for row in chosen
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
