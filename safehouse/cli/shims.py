"""`safehouse shims`: files on PATH that start agents confined: made, listed, checked and removed."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.cli.arguments import SUBCOMMANDS, usage
from safehouse.cli.columns import columns, width
from safehouse.cli.init import all_profiles, look
from safehouse.errors import UserError, nearest, printable, quoted
from safehouse.host import Host
from safehouse.shims import on_path
from safehouse.sources import own_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from safehouse.cli.arguments import Arguments
    from safehouse.shims.on_path import Placed


def answer(arguments: Arguments) -> int:
    """Does what is asked of the shims; gives the exit status."""
    asked, *rest = arguments.words or ("list",)
    known = SUBCOMMANDS["shims"]
    if asked not in known:
        raise UserError(
            f"shims: there is no {printable(asked)!r}{nearest(asked, list(known))}", usage("shims")
        )
    if len(rest) > 1:
        raise UserError(f"unexpected {printable(rest[1])!r}", usage("shims"))
    _refuse_options(asked, arguments)
    host = Host.current()
    if sandbox.backend_for(host).inside(host):
        raise UserError(
            "inside of a sandbox no shims can be seen or changed", "use another terminal"
        )
    directory = _directory(rest[0], host) if rest else ""
    if asked == "install":
        return _install(directory or on_path.usual(host), arguments, host)
    if asked == "remove":
        return _remove(directory, arguments, host)
    found = _found(directory, host)
    if arguments.json:
        print(_json(found))
    elif found:
        sys.stdout.write(_table(found, host))
    else:
        print("no shims; to make some: safehouse shims install")
    wrong = [placed for placed in found if placed.state != "current"]
    for line in _mending(wrong, host) if not arguments.json else ():
        print(line)
    return 1 if asked == "check" and wrong else 0


def _refuse_options(asked: str, arguments: Arguments) -> None:
    if arguments.agents is not None and asked not in ("install", "remove"):
        raise UserError("--agents is for safehouse shims install and remove", "leave it out")
    if arguments.json and asked not in ("list", "check"):
        raise UserError("--json is for safehouse shims list and check", "leave it out")


def _directory(text: str, host: Host) -> str:
    return host.located(text, "shims", host.cwd).real


def _install(directory: str, arguments: Arguments, host: Host) -> int:
    found = look(arguments, host, all_profiles(host))
    names = tuple(shim.name for shim in found.shims)
    if not names:
        raise UserError(
            "no agent was found that could get a shim",
            "name some: safehouse shims install --agents=claude,codex",
        )
    on_path.install(directory, names, host)
    place = own_files.short(directory, host)
    print(f"{place} has shims for {', '.join(names)}")
    path = host.environ.get("PATH", "").split(":")
    if path[:1] != [directory]:
        print(
            f"put it first on PATH, at the end of your shell's file: {on_path.first_on_path(directory)}"
        )
        print(
            "and where editors look: their setting for the path of the agent can name a shim itself"
        )
    return 0


def _remove(directory: str, arguments: Arguments, host: Host) -> int:
    chosen = tuple(arguments.agents or ())
    places = (directory,) if directory else on_path.directories(host)
    removed = [(place, name) for place in places for name in on_path.remove(place, host, chosen)]
    for place, name in removed:
        print(f"removed {own_files.short(f'{place}/{name}', host)}")
    if not removed:
        raise UserError("there is no such shim", "safehouse shims lists them")
    return 0


def _found(directory: str, host: Host) -> list[Placed]:
    places: Iterable[str] = (directory,) if directory else on_path.directories(host)
    return [placed for place in places for placed in on_path.look(place, host)]


def _table(found: list[Placed], host: Host) -> str:
    lines = []
    for directory in dict.fromkeys(placed.directory for placed in found):
        rows = [
            (placed.name, _remark(placed, host))
            for placed in found
            if placed.directory == directory
        ]
        lines += [own_files.short(directory, host), *columns(rows, 2, width())]
    return "".join(f"{line}\n" for line in lines)


def _remark(placed: Placed, host: Host) -> str:
    other = own_files.short(placed.other, host) if placed.other else ""
    if placed.state == "current":
        return f"starts {other} confined"
    remark = on_path.REMARKS[placed.state]
    return f"{remark}: {other}" if other and placed.state != "old" else remark


def _mending(wrong: list[Placed], host: Host) -> list[str]:
    """What to do about those that do not do what they are for."""
    lines = []
    for directory in dict.fromkeys(placed.directory for placed in wrong):
        states = {placed.state for placed in wrong if placed.directory == directory}
        place = quoted(own_files.short(directory, host))
        if states & {"old", "program gone"}:
            names = [p.name for p in wrong if p.directory == directory]
            lines.append(
                f"make them anew: safehouse shims install {place} --agents={','.join(names)}"
            )
        if "too late" in states:
            lines.append(f"put the directory first on PATH: {on_path.first_on_path(directory)}")
        if "no agent" in states:
            lines.append(f"remove those of agents that are gone: safehouse shims remove {place}")
    return lines


def _json(found: list[Placed]) -> str:
    import json

    shims = [
        {"directory": p.directory, "name": p.name, "state": p.state, "program": p.other or None}
        for p in found
    ]
    return json.dumps({"version": 1, "shims": shims}, indent=2, ensure_ascii=False)
