"""`safehouse [run]`: the command, confined."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.errors import UserError
from safehouse.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.cli.arguments import Arguments


def run(arguments: Arguments, tell: Callable[[str], None]) -> int:
    """Runs it, or only shows what it would run under."""
    host = Host.current()
    request = arguments.request
    if arguments.stdout or arguments.output:
        from safehouse.cli.policy import write

        text = sandbox.policy_text(sandbox.make_plan(request, host))
        if arguments.output:
            write(arguments.output, text, host)
        if arguments.stdout:
            sys.stdout.write(text)
        if arguments.stdout or not request.command:
            return 0
    if not request.command:
        raise UserError(
            "no command to run", "safehouse -- COMMAND [ARG...]; safehouse --help says more"
        )
    if arguments.explain and not sandbox.backend_for(host).inside(host):
        from safehouse.cli.explain import explanation

        tell(explanation(request, host))
    return sandbox.run(request, host, tell)
