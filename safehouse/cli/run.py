"""`safehouse [run]`: the command, confined."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.sources.selection import PACKAGE_RUNNERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.cli.arguments import Arguments
    from safehouse.launch import Launch
    from safehouse.sandbox import Plan


def run(arguments: Arguments, tell: Callable[[str], None]) -> int:
    """Runs it, or only shows what it would run under."""
    host = Host.current()
    request = arguments.request
    if arguments.stdout or arguments.output:
        from safehouse.cli.policy import write

        plan = sandbox.make_plan(request, host)
        text = sandbox.policy_text(plan)
        if arguments.output:
            written = write(arguments.output, text, host)
            if not request.command and not arguments.stdout:
                print(written)
        if arguments.stdout:
            sys.stdout.write(text)
        if arguments.stdout or not request.command:
            for notice in plan.notices:
                tell(notice)
            if _is_wanted(arguments, plan):
                tell(_explanation(plan, None))
            return 0
    if not request.command:
        raise UserError(
            "no command to run", "safehouse -- COMMAND [ARG...]; safehouse --help says more"
        )

    runs_a_package = request.command[0].rpartition("/")[2] in PACKAGE_RUNNERS
    if arguments.shim and runs_a_package and not sandbox.starts_an_agent(request, host):
        sandbox.run_unconfined(request, host)

    def explain(plan: Plan, launch: Launch) -> str:
        return _explanation(plan, launch) if _is_wanted(arguments, plan) else ""

    return sandbox.run(request, host, tell, explain)


def _is_wanted(arguments: Arguments, plan: Plan) -> bool:
    return plan.configuration.flag(arguments.explain, "explain")


def _explanation(plan: Plan, launch: Launch | None) -> str:
    from safehouse.cli.explain import explanation

    return explanation(plan, launch)
