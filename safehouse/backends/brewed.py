"""Homebrew's bubblewrap on Linux. It belongs to the person, as Safehouse does where Homebrew installed it.

So it serves where there is no other, nobody else can change it, and the command may not.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import facts
from safehouse.errors import UserError
from safehouse.files import LocalFiles, ancestors, follow
from safehouse.policy.policy import Access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.policy.policy import Policy

PREFIX = "/home/linuxbrew/.linuxbrew"
KEG = f"{PREFIX}/opt/bubblewrap"
PROGRAM = f"{KEG}/bin/bwrap"
OTHERS = 0o022
_GROUP = 0o020
_STICKY = 0o1000


def rights(program: str = PROGRAM) -> tuple[int, int] | None:
    """Who owns it, and its mode; None where there is none.

    The owner is another than root and the person where one owns anything on the way to it, and the mode
    lets others write where they may change anything there.
    """
    real = follow(LocalFiles(), program).real
    try:
        found = facts.stat(real)
        owner, mode = found.st_uid, found.st_mode
        for path in {real, *ancestors(real), *ancestors(program)}:
            found = facts.stat(path)
            if found.st_uid not in (0, os.getuid()):
                owner = found.st_uid
            others = found.st_mode & OTHERS
            if found.st_gid in (0, found.st_uid):  # a group of the person alone
                others &= ~_GROUP
            if not found.st_mode & _STICKY:  # there others can make files, but not replace ours
                mode |= others
    except OSError:
        return None
    return owner, mode


def refuse_writable(policy: Policy) -> None:
    """Raises UserError where a command could change it, or the libraries that it loads."""
    for name in ("", "/bin", "/lib", "/opt", "/Cellar"):
        path = PREFIX + name
        decision = policy.decide(Access("file-write-data", path))
        if decision.allowed:
            raise UserError(
                f"{path} may be written, by {decision.rule.origin}; Homebrew's bubblewrap, which is to "
                "confine the command, lies in there",
                "leave that out, or install your distribution's bubblewrap, which is used instead",
            )
