"""What was said of projects' own configurations: of those that are gone, or have changed since."""

from __future__ import annotations

import os

from safehouse.doctor.finding import DROP, FORGET, NOTE, OK, Finding, Mending
from safehouse.errors import UserError, printable, quoted
from safehouse.sources import own_files, protected, repository, trust
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host
    from safehouse.sources.trust import Record


def findings(host: Host) -> Iterator[Finding]:
    """All about trust."""
    trusted = 0
    folder = f"{protected.state(host)}/trust"
    for name in own_files.names(folder, ""):
        path = f"{folder}/{name}"
        try:
            data = own_files.read(path, host)
        except UserError:  # own_places.py says so
            continue
        record = trust.understood(data) if data is not None else None
        if record is None:
            text = f"{short(path, host)} is no record of trust that can be read"
            fix = Mending(DROP, path, f"remove {short(path, host)}")
            yield Finding("trust-record", NOTE, text, (f"rm {quoted(short(path, host))}",), fix=fix)
            continue
        trusted += record.verdict == trust.TRUSTED
        yield from _of_record(record, host)
    if trusted:
        yield Finding("trust", OK, f"{trusted} {'projects' if trusted > 1 else 'project'} trusted")
    yield from _old_list(host)


def _of_record(record: Record, host: Host) -> Iterator[Finding]:
    directory = record.content.directory
    shown = short(directory, host)
    forget = f"safehouse untrust --for={quoted(shown)}"
    if not os.path.isdir(directory):
        text = f"{shown}, whose configuration you looked at, is gone"
        fix = Mending(FORGET, directory, f"forget what was said of {shown}")
        yield Finding("trust-gone", NOTE, text, (forget,), fix=fix)
        return
    if record.verdict != trust.TRUSTED:
        return
    try:
        project = repository.project(host, directory)
        verdict = trust.judged(project, host).verdict if project else None
    except UserError:
        verdict = trust.CHANGED
    if verdict is None:
        text = f"{shown}, whose configuration you trusted, has none any more"
        yield Finding("trust-without", NOTE, text, (forget,))
    elif verdict == trust.CHANGED:
        text = f"the configuration of {shown} has changed since you trusted it, and opens nothing"
        yield Finding("trust-changed", NOTE, text, (f"safehouse trust --for={quoted(shown)}",))


def _old_list(host: Host) -> Iterator[Finding]:
    """What agent-safehouse trusts, and nobody has decided about here."""
    try:
        listed = trust.old_list(host)
    except UserError:
        return
    open_ends = [item.text for item in listed if _waits(item.text, host)]
    if open_ends:
        names = ", ".join(printable(text) for text in open_ends[:3])
        more = f" and {len(open_ends) - 3} more" if len(open_ends) > 3 else ""
        text = f"agent-safehouse trusts {names}{more}, which counts only once you have looked"
        yield Finding("agent-safehouse", NOTE, text, ("safehouse trust --import",))


def _waits(text: str, host: Host) -> bool:
    if text[:1] not in ("/", "~") or not text.isprintable():
        return False
    try:
        directory = host.located(text, trust.OLD_LIST, "/").real
        waits = repository.project(host, directory) and not trust.last(directory, host)
    except UserError:
        return False
    return bool(waits)
