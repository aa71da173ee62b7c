"""`safehouse audit`: what was started confined, when and with which rights, and whether that is all."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timedelta, timezone

from safehouse import audit, record
from safehouse.cli.arguments import SUBCOMMANDS, usage
from safehouse.cli.columns import width
from safehouse.cli.grants import outside
from safehouse.cli.sources import shown
from safehouse.errors import UserError, nearest, printable
from safehouse.launch import PARTIAL
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from safehouse.cli.arguments import Arguments
    from safehouse.host import Host

_AGO = re.compile(r"(\d{1,6})\s*(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HEAD = ("when", "launch", "command", "directory", "took", "status", "with")
_NOT_TOLD = "-"
_ALL = datetime.min.replace(tzinfo=timezone.utc)


class Entry(Value):
    """A launch as the log has it: what it says of the beginning and, if it is there, of the end."""

    began: datetime
    start: dict[str, Any]
    end: dict[str, Any] | None


def answer(arguments: Arguments) -> int:
    """Shows the log, or says whether it is whole; gives the exit status."""
    host = outside()
    asked, *rest = arguments.words or ("",)
    known = SUBCOMMANDS["audit"]
    if asked and asked not in known:
        raise UserError(
            f"audit: there is no {printable(asked)!r}{nearest(asked, list(known))}", usage("audit")
        )
    if rest:
        raise UserError(f"unexpected {printable(rest[0])!r}", usage("audit"))
    place = audit.directory(host)
    if asked == "verify":
        if arguments.since:
            raise UserError("--since is for the list", "the chain is looked at as a whole")
        return _verify(place, arguments.json, host)
    since = moment(arguments.since, datetime.now().astimezone()) if arguments.since else _ALL
    found, unread = entries(place, since)
    if arguments.json:
        sys.stdout.write(_json(found))
    elif found:
        sys.stdout.write(_table(found, host))
    else:
        when = f" since {printable(arguments.since)}" if arguments.since else " yet"
        print(f"no launch is in the log{when}")
    if unread:
        sys.stderr.write(
            f"safehouse: lines that cannot be read: {unread}; safehouse audit verify says which\n"
        )
    return 0


def moment(text: str, now: datetime) -> datetime:
    """A time as a person writes it: `7d` ago, a day, or a day and a time. Raises UserError."""
    word = text.strip().lower()
    ago = _AGO.fullmatch(word)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": 1}
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        if word in days:
            return (midnight - timedelta(days=days[word])).replace(tzinfo=None).astimezone()
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        return found.astimezone()
    except (ValueError, OverflowError):
        raise UserError(
            f"--since: {printable(text)!r} is no time",
            "as in --since=12h, 7d, 2w, today, yesterday, 2026-11-28 or 2026-11-28T09:30",
        ) from None


def entries(place: str, since: datetime = _ALL) -> tuple[list[Entry], int]:
    """The launches that began then or later, the oldest first, and how many lines are none."""
    begun: dict[str, tuple[datetime, dict[str, Any]]] = {}
    ended: dict[str, dict[str, Any]] = {}
    unread = 0
    first = "" if since is _ALL else f"{since.astimezone(timezone.utc):%Y-%m}"
    for path in audit.months(place):
        if path.rpartition("/")[2] < first:
            continue
        for line in audit.lines(path):
            try:
                said = json.loads(line)
                number, event = said["launch"], said["event"]
                if event == record.ENDED:
                    ended[number] = said
                    continue
                began = datetime.fromisoformat(said["time"].replace("Z", "+00:00"))
                _check(said)
            except (ValueError, TypeError, KeyError, AttributeError):
                unread += 1
                continue
            if began >= since:
                begun[number] = began, said
    return [Entry(*both, ended.get(number)) for number, both in begun.items()], unread


def _check(said: dict[str, Any]) -> None:
    """Raises ValueError for a line that has not what is shown of each."""
    for name in ("launch", "command", "workdir", "agent", "policy", "enforcement"):
        if not isinstance(said[name], str):
            raise ValueError(name)
    lists = said["grants"].values()
    if not all(isinstance(each, str) for some in (said["profiles"], *lists) for each in some):
        raise ValueError("grants")


def _verify(place: str, as_json: bool, host: Host) -> int:
    count, flaws = audit.verify(place)
    if as_json:
        said = [{"file": f.file, "line": f.line or None, "what": f.what} for f in flaws]
        print(json.dumps({"version": 1, "lines": count, "flaws": said}, indent=2))
        return 1 if flaws else 0
    for flaw in flaws:
        line = f":{flaw.line}" if flaw.line else ""
        print(f"{shown(flaw.file, host)}{line}: {flaw.what}")
    if not flaws:
        print(f"{_counted(count, 'line')}, each as it was written" if count else "the log is empty")
    return 1 if flaws else 0


def _table(found: list[Entry], host: Host) -> str:
    rows = [_HEAD, *(tuple(_row(entry, host)) for entry in found)]
    wide = width()
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD) - 1)]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for row in rows:
        line = "  ".join(part.ljust(size) for part, size in zip(row, widths))
        # What does not fit beside goes below: all of it can be copied.
        if wide and indent + len(row[-1]) > wide and row is not rows[0]:
            lines += [line.rstrip(), f"    {row[-1]}"]
        else:
            lines.append(f"{line}  {row[-1]}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _row(entry: Entry, host: Host) -> Iterator[str]:
    start, end = entry.start, entry.end
    yield f"{entry.began.astimezone():%Y-%m-%d %H:%M}"
    yield printable(start["launch"])
    words = [start["command"], *start.get("arguments", ())]
    yield printable(" ".join(map(str, words)))
    yield shown(start["workdir"], host) if start["workdir"] else "none"
    seconds = end.get("seconds") if end else None
    yield duration(seconds) if isinstance(seconds, (int, float)) else _NOT_TOLD
    yield str(end.get("status", _NOT_TOLD)) if end else _NOT_TOLD
    yield "; ".join(_with(start, host))


def _with(start: dict[str, Any], host: Host) -> Iterator[str]:
    """What a launch had beyond what each has."""
    if start["enforcement"] == PARTIAL:
        yield "enforced in part"
    for source, grants in start["grants"].items():
        said = ", ".join(_grant(grant, host) for grant in grants)
        yield f"{said} ({printable(source)})"


def _grant(grant: str, host: Host) -> str:
    word, _, path = grant.partition(" ")
    return f"{word} {shown(path, host)}" if path[:1] == "/" else printable(grant)


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _json(found: list[Entry]) -> str:
    launches = []
    for entry in found:
        chain = ("v", "n", "event", "prev")
        said = {name: value for name, value in entry.start.items() if name not in chain}
        end = entry.end or {}
        said.update(seconds=end.get("seconds"), status=end.get("status"))
        launches.append(said)
    document = {"version": 1, "launches": launches}
    return json.dumps(document, indent=2) + "\n"


def last(host: Host, workdir: str, command: str) -> Entry:
    """The last launch in a directory, of a command if one is given. Raises UserError where there is none."""
    found = [
        entry
        for entry in entries(audit.directory(host))[0]
        if entry.start["workdir"] == workdir and command in ("", entry.start["command"])
    ]
    if found:
        return found[-1]
    of = f" of {printable(command)}" if command else ""
    raise UserError(
        f"the log has no launch{of} in {shown(workdir, host) if workdir else 'no directory'}",
        "safehouse audit shows those that it has",
    )
