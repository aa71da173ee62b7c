"""What the check works with: the machine, what confines, and the scratch directory."""

from __future__ import annotations

import os
import sys

from safehouse.host import Host
from safehouse.sandbox import make_plan
from safehouse.value import Value, replace
from tools.mac_check.asking import Enforcer, NotStarted, Policy, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safehouse.plan import Plan
    from safehouse.request import Request
    from tools.mac_check.scratch import Scratch

# Where a Mac may have a Python that policies let be read; Apple's /usr/bin/python3 starts one of them.
_PYTHONS = (
    "/Library/Developer/CommandLineTools/usr/bin/python3",
    "/opt/homebrew/bin/python3",
    "/usr/local/bin/python3",
    "/Library/Frameworks/Python.framework/Versions/Current/bin/python3",
    "/usr/bin/python3",
)


class Bench(Value):
    """`host` is this machine with the person's own home, `python` the interpreter that is confined,
    `program` the file that it really is, `safehouse` the words that start Safehouse.
    """

    host: Host
    scratch: Scratch
    enforcer: Enforcer
    python: str
    program: str
    safehouse: tuple[str, ...]
    checkout: str
    tell: Callable[[str], None]
    true: str = "/usr/bin/true"

    def at_home(self, directory: str = "", **environ: str) -> Host:
        """The machine with the scratch home as the home, in a directory of it."""
        home = self.scratch.home
        values = {"HOME": home, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", **environ}
        cwd = f"{home}/{directory}".rstrip("/")
        files = type(self.host.files)()  # what was read before is not true any more
        return replace(
            self.host, home=home, cwd=cwd, environ=values, files=files, links=(), borrowed=False
        )

    def plan(self, request: Request, directory: str = "", **environ: str) -> Plan:
        """What a request amounts to in the scratch home."""
        return make_plan(request, self.at_home(directory, **environ))


def real_program(python: str) -> str:
    """The file that is executed in the end: a framework's `python3` starts another one."""
    inside = (
        f"{os.path.dirname(os.path.dirname(python))}/Resources/Python.app/Contents/MacOS/Python"
    )
    return inside if os.path.exists(inside) else python


def interpreter(enforcer: Enforcer, policies: tuple[Policy, ...]) -> tuple[str, str]:
    """A Python that starts under each of the policies, and the file that it is.

    Raises NotStarted, with what the first of them said, where none does.
    """
    first: NotStarted | None = None
    for path in _candidates():
        try:
            for policy in policies:
                Session(enforcer, path, policy).end()
        except NotStarted as error:
            first = first or error
        else:
            return path, real_program(os.path.realpath(path))
    raise first or NotStarted(-1, "there is no Python")


def _candidates() -> Iterator[str]:
    own = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    for path in dict.fromkeys((own, *_PYTHONS)):
        if os.access(path, os.X_OK):
            yield path
