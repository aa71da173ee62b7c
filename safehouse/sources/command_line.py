"""Grants from the options of one invocation, and the directory it is started in."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import METADATA, READ, WRITE, operations
from safehouse.request import HERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.files import Resolution
    from safehouse.host import Host
    from safehouse.policy.rule import Action
    from safehouse.request import Request

READ_WRITE = READ + WRITE
SOCKET = operations(("socket",))


def workdir(request: Request, host: Host) -> str:
    """The real path of the working directory, "" for none.

    Raises UserError for an implicit one that would open all of HOME, and for one that is none.
    """
    if not request.workdir:
        return ""
    if request.workdir != HERE:
        found = host.named(request.workdir, "--workdir").real
        if host.files.kind(found) != "directory":
            raise UserError(
                f"--workdir: {printable(request.workdir)} is not a directory", "name one"
            )
        return found
    if contains(host.cwd, host.home):
        raise UserError(
            f"refusing to open all of {host.cwd}, which holds your home, to the command",
            "cd into the project first; or, if you mean it: "
            f"--workdir={'~' if host.cwd == host.home else host.cwd}, or --workdir= for none",
        )
    return host.cwd


def contains(directory: str, path: str) -> bool:
    """Whether `path` is `directory` or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def grants(request: Request, host: Host, directory: str) -> Iterator[Grant]:
    """The working directory's grant, then those of `--add-dirs-ro`, `--add-dirs` and `--deny`."""
    if directory:
        reason = "the directory that the command was started in"
        yield Grant(
            ALLOW,
            READ_WRITE,
            Filter("subpath", directory),
            Origin(Tier.COMMAND_LINE, "--workdir", reason),
        )
    yield from _named(request.add_dirs_ro, "--add-dirs-ro", ALLOW, READ, host, directory)
    yield from _named(request.add_dirs, "--add-dirs", ALLOW, READ_WRITE, host, directory)
    yield from _named(request.deny, "--deny", DENY, SOCKET, host, directory)


def writable_roots(request: Request, host: Host, directory: str) -> Iterator[str]:
    """The directories that the person opens for writing: the working directory, `--add-dirs`."""
    if directory:
        yield directory
    for path in request.add_dirs:
        found = host.named(path, "--add-dirs").real
        if host.files.kind(found) == "directory" and found != directory:
            yield found


def _named(
    paths: tuple[str, ...],
    option: str,
    action: Action,
    words: tuple[str, ...],
    host: Host,
    directory: str,
) -> Iterator[Grant]:
    origin = Origin(Tier.COMMAND_LINE, option, "asked for in this invocation")
    for path in paths:
        found = host.named(path, option)
        if action == ALLOW:
            _refuse_planted(path, found, option, directory)
            for link, _ in found.links:
                yield Grant(action, METADATA, Filter("literal", link), origin, follow=False)
        tree = host.files.kind(found.real) == "directory"
        yield Grant(action, words, Filter("subpath" if tree else "literal", found.real), origin)


def _refuse_planted(path: str, found: Resolution, option: str, directory: str) -> None:
    """A link inside the working directory may be the work of an earlier, confined, command."""
    for link, _ in found.links:
        if directory and contains(directory, link) and not contains(directory, found.real):
            raise UserError(
                f"{option}: {printable(path)} leads through the link {link} to {found.real}",
                f"commands that run in {directory} can change that link; if you mean its target: "
                f"{option}={found.real}",
            )
