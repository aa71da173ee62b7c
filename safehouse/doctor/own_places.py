"""Our own directories: that they are the person's alone, and where they are."""

from __future__ import annotations

import os
import stat

from safehouse.doctor.finding import (
    CLOSE,
    DROP,
    NOTE,
    OK,
    PROBLEM,
    WARNING,
    Finding,
    Mending,
    of_error,
)
from safehouse.errors import UserError, quoted
from safehouse.request import Request
from safehouse.sources import own_files, protected, reach, user
from safehouse.sources.catalogue import records
from safehouse.sources.own_files import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.finding import State
    from safehouse.doctor.subject import Subject
    from safehouse.host import Host


def findings(subject: Subject) -> Iterator[Finding]:
    """All about where our files lie, and who can change them."""
    host = subject.host
    yield from _moved(host)
    yield from _borrowed(host)
    for path in _decisive(host):
        yield from _foreign(path, host, PROBLEM)
    for path in _caches(host):
        yield from _foreign(path, host, WARNING)
    yield from _private(host)
    yield from _spoiled(host)
    yield from _linked(host)


def _decisive(host: Host) -> Iterator[str]:
    """What decides about launches: they are refused where another could have written it."""
    configuration, state = protected.configuration(host), protected.state(host)
    yield from (configuration, f"{configuration}/{user.PROFILES}", state, f"{state}/trust")
    for name in (user.FILE, "grants.yaml"):
        yield f"{configuration}/{name}"
    yield from user.profile_files(host)
    yield f"{state}/shims"
    yield from (f"{state}/trust/{name}" for name in own_files.names(f"{state}/trust", ""))


def _caches(host: Host) -> Iterator[str]:
    """What a shell or a launch reads at its start, and believes."""
    cache = f"{host.home}/.cache/safehouse"
    yield from (host.home, f"{host.home}/.cache", cache, f"{cache}/init")


def _foreign(path: str, host: Host, state: State) -> Iterator[Finding]:
    if not os.path.exists(path):
        return
    real = os.path.realpath(path)
    try:
        own_files.refuse_foreign(path, host)
    except UserError as error:
        mine = os.stat(path).st_uid == host.user
        named = quoted(short(path, host))
        mend = f"chmod go-w {named}" if mine else f"sudo chown -R {_me(host)} {named}"
        fix = Mending(CLOSE, real, f"chmod go-w {named}") if mine else None
        text = (
            error.message
            if state == PROBLEM
            else f"{error.message}, and with it what starts agents"
        )
        yield Finding("permissions", state, text, (mend,), fix=fix)


def _private(host: Host) -> Iterator[Finding]:
    """Directories that a launch refuses where others can even look into them."""
    for path in (reach.usual(host)[1] + "/policies", host.temp and f"{host.temp}/safehouse"):
        if path and os.path.isdir(path) and os.stat(path).st_mode & 0o077:
            command = f"chmod 700 {quoted(short(path, host))}"
            fix = Mending(CLOSE, path, command, ("700",))
            text = f"{short(path, host)} is open to others"
            yield Finding("permissions", PROBLEM, text, (command,), fix=fix)


def _me(host: Host) -> str:
    import pwd

    try:
        return pwd.getpwuid(host.user).pw_name
    except KeyError:
        return str(host.user)


def _moved(host: Host) -> Iterator[Finding]:
    """Directories that a variable has moved: not to where a confined program may write."""
    planting = reach.known_before(Request(), host, records())
    for place in reach.moved(host):
        try:
            reach.refuse_reachable(place, host, planting)
        except UserError as error:
            yield of_error("moved", error)
        else:
            yield Finding("moved", OK, f"{short(place, host)} is read, as a variable says")
    usual, here = reach.usual(host)[0], protected.configuration(host)
    if here != usual and os.path.isdir(usual):
        text = f"XDG_CONFIG_HOME: {short(here, host)} is read, ~/.config/safehouse is not"
        yield Finding(
            "not-read",
            WARNING,
            text,
            ("move what you want to keep there, or unset XDG_CONFIG_HOME",),
        )


def _borrowed(host: Host) -> Iterator[Finding]:
    if host.is_borrowed():
        text = f"HOME is {host.home}, which is not your own home: nothing is kept there for later starts"
        yield Finding("home", NOTE, text)


def _spoiled(host: Host) -> Iterator[Finding]:
    """What is kept for later starts in a form that none of them would read."""
    cache = f"{host.home}/.cache/safehouse"
    for name in own_files.names(cache, ""):
        path = f"{cache}/{name}"
        found = os.lstat(path)
        if stat.S_ISDIR(found.st_mode):
            continue
        if found.st_mode != 0o100600 or found.st_uid != host.user or name.endswith(".new"):
            text = f"{short(path, host)} is not read, since its mode or owner is another one"
            fix = Mending(DROP, path, f"remove {short(path, host)}")
            yield Finding("cache", NOTE, text, (f"rm {quoted(short(path, host))}",), fix=fix)


def _linked(host: Host) -> Iterator[Finding]:
    """Our files that are links, for whoever wonders where a change went."""
    for path in _decisive(host):
        found = host.resolve(path)
        if os.path.islink(path) and found.links:
            text = f"{short(path, host)} is a link to {short(found.real, host)}, closed to commands, too"
            yield Finding("link", OK, text)
