"""The entry: one boundary that turns errors into text and a status."""
# PYTHON_ARGCOMPLETE_OK: argcomplete's global hook looks for this word where pip installs safehouse.

from __future__ import annotations

import sys
from errno import EMFILE

from safehouse.errors import REFUSED, UserError, nearest, printable

_NOBODY_READS = 141  # 128 + SIGPIPE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from safehouse.cli.arguments import Arguments
    from safehouse.request import Request


def main(argv: list[str] | None = None, site: str = "") -> int:
    """Runs `safehouse` with the arguments behind its name; gives the exit status.

    `site` is the directory of packages in which a package manager has installed it.
    """
    try:
        if site:
            _keep_apart(site)
        return _main(sys.argv[1:] if argv is None else argv)
    except UserError as error:
        tell(error.message)
        if error.hint:
            tell(error.hint)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _NOBODY_READS
    except ModuleNotFoundError as error:
        tell(f"{error.name}, which safehouse needs, is missing from this installation")
        tell("install safehouse again")
        return REFUSED
    except OSError as error:
        tell(f"{printable(str(error.filename or 'the system'))}: {error.strerror or error}")
        if error.errno == EMFILE:
            tell("the limit of open files is too low, and nothing else is wrong: ulimit -n 256")
        return REFUSED


def process(site: str = "") -> NoReturn:
    """Runs `safehouse` as all that this process does, and ends it."""
    import gc
    from posix import _exit

    gc.disable()  # a launch makes no cycles, and its thousand values would be looked through twice
    status = main(site=site)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            status = status or _NOBODY_READS
        except (OSError, ValueError):
            status = status or REFUSED
    _exit(status)  # without taking the interpreter apart first, 2 ms


def tell(text: str) -> None:
    """A message to the person, on standard error."""
    try:
        sys.stderr.write("".join(f"safehouse: {line}\n" for line in text.split("\n")))
        sys.stderr.flush()
    except OSError:
        pass  # nobody listens


def _keep_apart(site: str) -> None:
    """Sees to it that our files have no other names, by which they could be written."""
    from posix import lstat, stat

    modules = (f"{site}/safehouse/__init__.py", f"{site}/yaml/__init__.py")
    for look, path in ((stat, sys.argv[0]), *((lstat, module) for module in modules)):
        try:
            found = look(path)
        except OSError:
            continue
        if found.st_nlink > 1 or found.st_mode & 0o170000 == 0o120000:  # a link
            from safehouse.installation import separate

            separate(site)
            return


def _main(argv: list[str]) -> int:
    if not argv and _is_completed():
        return 0
    if argv[:2] == ["run", "--shim"] and argv[2:3] and argv[2].startswith("--die-with="):
        from safehouse.backends.parent import die_with

        die_with(argv[2].partition("=")[2])
        argv = [*argv[:2], *argv[3:]]  # the launch is the one that is kept without it
    if argv and (argv[0][:1] != "-" or "--" in argv):
        from safehouse.kept.again import start

        status = start(argv, tell, _request)
        if status is not None:
            return status
    from safehouse.cli.arguments import COMMANDS, parse

    if argv[:1] == ["help"]:
        about = [word for word in argv[1:2] if word[:1] != "-" and word != "help"]
        for word in about:
            if word not in COMMANDS:
                raise UserError(
                    f"there is no command {printable(word)!r}{nearest(word, list(COMMANDS))}",
                    "safehouse --help lists them",
                )
        argv = [*about, "--help"]
    arguments = parse(argv)
    if arguments.help or not argv:
        from safehouse.cli.help import text

        sys.stdout.write(text(arguments.command if argv else "run"))
        return 0
    if arguments.version:
        from safehouse.shims.program import version

        sys.stdout.write(version() + "\n")
        return 0
    return _command(arguments, argv)


def _request(argv: list[str]) -> Request:
    from safehouse.cli.arguments import parse

    return parse(argv).request


def _is_completed() -> bool:
    """Whether argcomplete's shell code has asked, and was answered."""
    from posix import environ

    if b"_ARGCOMPLETE" not in environ:
        return False
    from safehouse.cli.argcomplete import answer

    return answer()


def _command(arguments: Arguments, argv: list[str]) -> int:
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
    if arguments.command == "audit":
        from safehouse.cli.audit import answer as answer_audit

        return answer_audit(arguments)
    if arguments.command == "policy":
        if arguments.diff:
            from safehouse.cli.diff import show as show_difference

            return show_difference(arguments)
        from safehouse.cli.policy import show

        return show(arguments)
    if arguments.command == "why":
        from safehouse.cli.why import answer

        return answer(arguments, tell)
    if arguments.command == "denials":
        from safehouse.cli.denials import show as show_denials

        return show_denials(arguments)
    if arguments.command == "learn":
        from safehouse.cli.learn import learn

        return learn(arguments, tell)
    from safehouse.cli.run import run

    return run(arguments, tell, argv)
