"""`safehouse [run]`: the command, confined."""

from __future__ import annotations

import sys

from safehouse import sandbox
from safehouse.errors import NOT_FOUND, UserError, nearest, printable
from safehouse.host import Host
from safehouse.kept.keep import Keeper
from safehouse.sources.selection import PACKAGE_RUNNERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Union

    from safehouse.cli.arguments import Arguments
    from safehouse.launch import Launch
    from safehouse.plan import Plan
    from safehouse.sandbox import Observer

    Prepared = Union[Launch, UserError]

FULL = "full"


def run(arguments: Arguments, tell: Callable[[str], None], argv: list[str]) -> int:
    """Runs it, or only shows what it would run under. `argv` is what the arguments are from."""
    other = arguments.stdout or arguments.output or arguments.explain or arguments.die_with
    keeper = Keeper([] if other else argv, arguments.request)
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
            _tell_plan(arguments, plan, tell)
            return 0
    if not request.command:
        if arguments.explain:
            return _only_explain(arguments, host, tell)
        raise UserError(
            "no command to run", "safehouse -- COMMAND [ARG...]; safehouse --help says more"
        )

    if arguments.die_with:
        from safehouse.backends.parent import die_with

        die_with(arguments.die_with)
    runs_a_package = request.command[0].rpartition("/")[2] in PACKAGE_RUNNERS
    if arguments.shim and runs_a_package and not sandbox.starts_an_agent(request, host):
        sandbox.run_unconfined(request, host)

    def explain(plan: Plan, launch: Launch) -> str:
        how = _how(arguments, plan)
        return _explanation(how, plan, launch) if how else ""

    def observe(plan: Plan) -> Observer | None:
        if not _records(arguments, plan):
            return None
        from safehouse.cli.denials import telling

        return telling(tell)

    try:
        return sandbox.run(request, host, tell, explain, observe, keeper.keep)
    except UserError as error:
        if error.status == NOT_FOUND and not arguments.shim:
            raise _with_nearest(error, request.command[0], host) from None
        raise


def _with_nearest(error: UserError, word: str, host: Host) -> UserError:
    """The same for a word that no program is called by, with the command or the agent that may be meant."""
    if error.message != f"command not found: {printable(word)}" or "/" in word:
        return error
    from safehouse.cli.arguments import COMMANDS
    from safehouse.shims import wanted
    from safehouse.sources.catalogue import Catalogue, records

    known = [*COMMANDS, "--version", "--help", *wanted.agents(Catalogue(host.platform, records()))]
    meant = nearest(word, known)
    if word.lower() in known:
        meant = f", did you mean {word.lower()!r}?"
    return UserError(f"{error.message}{meant}", error.hint, error.status)


def _only_explain(arguments: Arguments, host: Host, tell: Callable[[str], None]) -> int:
    """Says what a command would be allowed here, without one."""
    if sandbox.backend_for(host).inside(host):
        tell("already inside a safehouse sandbox: commands have the rights that it has")
        return 0
    _tell_plan(arguments, sandbox.make_plan(arguments.request, host), tell)
    return 0


def _tell_plan(arguments: Arguments, plan: Plan, tell: Callable[[str], None]) -> None:
    """Tells what is to be told of a plan that nothing is run under."""
    for notice in plan.notices:
        tell(notice)
    how = _how(arguments, plan)
    if how:
        prepared: Prepared
        try:
            prepared = sandbox.backend_for(plan.host).look(plan.policy, plan.host)
        except UserError as error:
            prepared = error
        tell(_explanation(how, plan, prepared))


def _records(arguments: Arguments, plan: Plan) -> bool:
    """Whether what is refused is to be recorded."""
    usual = plan.configuration.defaults.get("denials")
    if arguments.denials is None:
        return usual is not None and usual.text == "true"
    return bool(arguments.denials)


def _how(arguments: Arguments, plan: Plan) -> str:
    """Whether, and how much, is to be explained: "" for not at all."""
    said = arguments.explain
    usual = plan.configuration.defaults.get("explain")
    if said is None and usual:
        said = usual.text if usual.text == FULL else usual.text == "true"
    return FULL if said == FULL else "short" if said else ""


def _explanation(how: str, plan: Plan, prepared: Prepared) -> str:
    if how == FULL:
        from safehouse.cli.explain_full import full_explanation

        return full_explanation(plan, prepared)
    from safehouse.cli.columns import colors
    from safehouse.cli.explain import explanation

    return explanation(plan, prepared, colors() and sys.stderr.isatty())
