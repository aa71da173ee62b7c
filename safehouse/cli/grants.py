"""`safehouse grants`: what is kept, for which directory, and whether it applies."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.cli.sources import shown, sources_text
from safehouse.errors import UserError, printable, quoted
from safehouse.host import Host
from safehouse.policy.planting import Planting
from safehouse.sources import directory, grant_store, user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.directory import written
from safehouse.sources.grant_store import MODES
from safehouse.sources.settings import contains, looked_up
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.cli.arguments import Arguments
    from safehouse.sources.directory import State
    from safehouse.sources.settings_file import Directories, Section

_KINDS = {
    **dict.fromkeys(grant_store.PATHS, "path"),
    "enable": "feature",
    "env-pass": "variable",
    "network": "network",
    "deny-secrets": "secrets",
    "append-profile": "profile",
    "args": "argument",
    "env": "environment",
}
_MODES = {key: mode for mode, key in MODES.items()}
_HEAD = ("what", "", "agent", "kept for", "in", "")
# What is said of an entry that does not apply, by its state.
_REMARKS: dict[State, str] = {
    "replaced": "replaced: the directory is another one now",
    "a link": "a link now: for none",
    "gone": "the directory is gone",
}


class Row(Value):
    """One thing that is kept.

    `why` says why it does not apply, "" if it does. Paths are in full.
    """

    directory: str
    state: State
    agent: str
    kind: str
    mode: str
    value: str
    line: int
    why: str


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
            f"safehouse {arguments.command} --for={printable(quoted(word))}, for a directory",
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


def rows(kept: Directories, host: Host, catalogue: Catalogue) -> list[Row]:
    """All that is kept, outer directories first, in each the general before that for an agent."""
    found: list[Row] = []
    for entry in sorted(kept, key=lambda entry: (directory.expanded(entry, host), kept[entry][0])):
        found += _rows_of(kept, entry, host, catalogue)
    # Parents before children, whatever the letters are: for one launch this is the order of effect.
    return sorted(found, key=lambda row: row.directory.rstrip("/").split("/"))


def _rows_of(kept: Directories, entry: str, host: Host, catalogue: Catalogue) -> Iterator[Row]:
    _, _, section, agents = kept[entry]
    place = directory.expanded(entry, host)
    state = directory.state(kept, host, entry)
    remark = _REMARKS.get(state, "")
    for agent, own in (("", section), *agents.items()):
        unknown = agent and agent not in catalogue.in_layers(("agent", "app"))
        whys = _whys(own, place, host, catalogue)
        for key, items in own.items():
            for text, line in items:
                why = remark or ("no agent has this name" if unknown else "")
                why = why or whys.get((key, text), "")
                is_path = key in (*grant_store.PATHS, "append-profile")
                value = directory.expanded(text, host) if is_path else text
                kind, mode = _KINDS.get(key, key), _MODES.get(key, "")
                yield Row(place, state, agent, kind, mode, value, line, why)


def _whys(
    section: Section, place: str, host: Host, catalogue: Catalogue
) -> dict[tuple[str, str], str]:
    """Why some of what a section says does not apply."""
    file = shown(directory.path(host), host)
    found = {}
    planting = Planting(host, catalogue.writable)
    for key in grant_store.PATHS:  # one at a time: the same path may stand in two of them
        own = user.settings({key: section.get(key, ())}, 0, "", file, host.home)
        source, linked = directory.without_links(own, host)
        for ignored in (*linked, *looked_up(source, host, place, planting)[1]):
            text = ignored.item.text if ignored.item else ignored.what.partition(" ")[2]
            found[key, text] = ignored.why
    known = catalogue.in_layers(("feature",))
    for text, _ in section.get("enable", ()):
        if text not in known:
            found["enable", text] = "no feature has this name"
    for key in ("deny", "append-profile"):
        for text, _ in section.get(key, ()):
            if host.files.kind(host.resolve(directory.expanded(text, host)).real) == "missing":
                found[key, text] = "it does not exist"
    return found


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
        note = row.why if row.why != "it does not exist" else "not there"
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
