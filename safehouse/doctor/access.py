"""Who else than the person and root can change a file: by its mode, and by the directories above it."""

from __future__ import annotations

import os
import stat

from safehouse.backends.bubblewrap import NOBODY
from safehouse.errors import quoted
from safehouse.files import ancestors
from safehouse.host import MACOS
from safehouse.sources.own_files import short
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.host import Host

# Whose files are as good as root's: where root is nobody, that is what its files belong to.
_OWNERS = {True: (0,), False: (0, NOBODY)}
_ADMINISTRATORS = 80  # on a Mac, where Homebrew gives its directories to them; they can become root


class Open(Value):
    """A place that somebody else can change, and why.

    `mend` is the command that closes it; "" where it belongs to `owner`, who may want it so.
    """

    path: str
    why: str
    mend: str = ""
    owner: str = ""


def opened(path: str, host: Host, facts: Facts, sticky: bool = True) -> Open | None:
    """Whether somebody else can change what lies at a path, seen through links; None where not.

    In a `sticky` directory others can make files, but not replace those of the person. Raises
    OSError.
    """
    found = os.stat(path)
    shown = short(path, host)
    named = quoted(shown)
    if found.st_uid not in (host.user, *_OWNERS[facts.has_root]):
        owner = _name(found.st_uid)
        return Open(path, f"{shown} belongs to {owner}", owner=owner)
    held = sticky and stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    who = ""
    if found.st_mode & stat.S_IWOTH and not held:
        who = "everybody"
    elif found.st_mode & stat.S_IWGRP and not held:
        who = _others(found.st_gid, host, facts)
    if not who:
        return None
    chmod = "chmod" if found.st_uid == host.user else "sudo chmod"
    return Open(path, f"{shown} can be written by {who}", f"{chmod} go-w {named}")


def all_opened(path: str, host: Host, facts: Facts) -> Iterator[Open]:
    """The same for a path, all directories above it, and the links that lead to it."""
    way = host.resolve(path)
    steps = [way.real, *ancestors(way.real)]
    for link, _ in way.links:
        steps += ancestors(link)
    for step in dict.fromkeys(steps):
        try:
            found = opened(step, host, facts)
        except OSError:
            continue
        if found:
            yield found


def _others(group: int, host: Host, facts: Facts) -> str:
    """Who else belongs to a group, in words; "" for nobody who could not do as they like anyway."""
    if group == 0 or (host.platform == MACOS and group == _ADMINISTRATORS):
        return ""
    others = sorted(facts.groups.get(group, frozenset()) - {_name(host.user), "root"})
    if not others:
        return ""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{others[0]}{more}"


def _name(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
