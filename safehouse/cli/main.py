"""The entry: one boundary that turns errors into text and a status."""
# PYTHON_ARGCOMPLETE_OK: argcomplete's global hook looks for this word where pip installs safehouse.

from __future__ import annotations

import sys

from safehouse.errors import REFUSED, UserError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.cli.arguments import Arguments


def main(argv: list[str] | None = None) -> int:
    """Runs `safehouse` with the arguments behind its name; gives the exit status."""
    try:
        return _main(sys.argv[1:] if argv is None else argv)
    except UserError as error:
        tell(error.message)
        if error.hint:
            tell(error.hint)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except OSError as error:
        tell(f"{printable(str(error.filename or 'the system'))}: {error.strerror or error}")
        return REFUSED


def tell(text: str) -> None:
    """A message to the person, on standard error."""
    try:
        sys.stderr.write("".join(f"safehouse: {line}\n" for line in text.split("\n")))
        sys.stderr.flush()
    except OSError:
        pass  # nobody listens


def _main(argv: list[str]) -> int:
    if not argv and _is_completed():
        return 0
    from safehouse.cli.arguments import parse

    if argv[:1] == ["help"]:
        argv = [*argv[1:2], "--help"]
    arguments = parse(argv)
    if arguments.help or not argv:
        from safehouse.cli.help import text

        sys.stdout.write(text(arguments.command if argv else "run"))
        return 0
    if arguments.version:
        from safehouse.shims.program import version

        sys.stdout.write(version() + "\n")
        return 0
    return _command(arguments)


def _is_completed() -> bool:
    """Whether argcomplete's shell code has asked, and was answered."""
    from posix import environ

    if b"_ARGCOMPLETE" not in environ:
        return False
    from safehouse.cli.argcomplete import answer

    return answer()


def _command(arguments: Arguments) -> int:
    if arguments.command in ("trust", "untrust"):
        from safehouse.cli.trust import forget, look

        return look(arguments) if arguments.command == "trust" else forget(arguments)
    if arguments.request.always_trust is not None:
        from safehouse.cli.trust import keep

        keep(arguments.request)
    if arguments.command in ("grant", "revoke"):
        from safehouse.cli.grant import grant, revoke

        return grant(arguments) if arguments.command == "grant" else revoke(arguments)
    if arguments.command == "grants":
        from safehouse.cli.grants import show as show_kept

        return show_kept(arguments)
    if arguments.command == "profiles":
        from safehouse.cli.profiles import answer as answer_profiles

        return answer_profiles(arguments, tell)
    if arguments.command == "init":
        from safehouse.cli.init import init

        return init(arguments, tell)
    if arguments.command in ("on", "off"):
        raise UserError(
            f"safehouse {arguments.command} is for a shell that has read what safehouse init prints",
            "safehouse init --help says how; for one command: SAFEHOUSE_OFF=1 claude",
        )
    if arguments.command == "shims":
        from safehouse.cli.shims import answer as answer_shims

        return answer_shims(arguments)
    if arguments.command == "completion":
        from safehouse.cli.completion import answer as answer_completion

        return answer_completion(arguments)
    if arguments.command == "doctor":
        from safehouse.cli.doctor import doctor

        return doctor(arguments)
    if arguments.command == "policy":
        from safehouse.cli.policy import show

        return show(arguments)
    if arguments.command == "why":
        from safehouse.cli.why import answer

        return answer(arguments)
    from safehouse.cli.run import run

    return run(arguments, tell)
