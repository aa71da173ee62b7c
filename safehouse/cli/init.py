"""`safehouse init`: the code for a shell, so that typing an agent's name starts it confined."""

from __future__ import annotations

import sys
import time

from safehouse import sandbox
from safehouse.cli import completion
from safehouse.cli.names import names_of
from safehouse.errors import UserError, nearest, printable
from safehouse.host import Host
from safehouse.shims import kept, program, wanted
from safehouse.shims.shell import (
    FILES,
    SHELLS,
    Integration,
    code,
    for_tab,
    inline,
    line_of,
    quoting,
)
from safehouse.sources import protected, user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.settings import Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.cli.arguments import Arguments


def init(arguments: Arguments, tell: Callable[[str], None]) -> int:
    """Prints the code, or the line that reads it where it is kept."""
    shell = _shell(arguments.words)
    since = time.time()
    host = Host.current()
    if sandbox.backend_for(host).inside(host):
        print("# inside of a safehouse sandbox: what is started here is confined already")
        return 0
    also = kept.earlier_places(host, shell)
    wrong = None
    try:
        catalogue = all_profiles(host)
        found = look(arguments, host, catalogue, also)
    except UserError as error:
        if arguments.agents is not None:
            raise
        # The agents that are here have their functions all the same. Started by its name, one of them is
        # then confined, or refused for the same reason; without its function it would run as it is.
        wrong = error
        catalogue = Catalogue(host.platform, records())
        found = wanted.look(host, catalogue, None, also)
    completed = completion.code(shell, names_of(catalogue).on(host.platform))
    kept_in = "" if wrong else kept.keep_completion(host, shell, completed)
    words = (shell, *(f"--agents={names}" for names in [",".join(arguments.agents or ())] if names))
    integration = Integration(
        shell,
        program.path(),
        program.build(),
        tuple(shim.name for shim in found.shims),
        words,
        for_tab(shell, completed, kept_in),
    )
    text = code(integration)
    if sys.stdout.isatty():
        print(text, end="")
        line = line_of(shell, quoting(shell)(program.path()))
        tell(f"put this line at the end of {FILES[shell]}: {line}")
        return 0
    if wrong:
        tell(wrong.message)
        tell(wrong.hint or "until that is mended, no agent is started by its name")
        print(inline(shell, text), end="")
        return 0
    line = kept.keep(host, shell, text, _dependencies(host, found, integration), since)
    print(line or inline(shell, text), end="\n" if line else "")
    return 0


def all_profiles(host: Host) -> Catalogue:
    """The shipped profiles and the person's own."""
    return Catalogue(host.platform, records(), tuple(user.profiles(host, records())))


def look(
    arguments: Arguments, host: Host, catalogue: Catalogue, also: tuple[str, ...] = ()
) -> wanted.Found:
    """The names that get a shim, as `--agents` says, or the person's configuration, or what is there."""
    chosen = None
    own = user.configuration(host)
    if arguments.agents is not None:
        chosen = tuple(Item(name, "--agents") for name in arguments.agents)
    elif own:
        chosen = own.shims
    return wanted.look(host, catalogue, chosen, also)


def _shell(words: tuple[str, ...]) -> str:
    if len(words) != 1:
        raise UserError("for which shell?", f"safehouse init {' | '.join(SHELLS)}")
    if words[0] not in SHELLS:
        raise UserError(
            f"there is no code for {printable(words[0])!r}{nearest(words[0], list(SHELLS))}",
            f"safehouse init {' | '.join(SHELLS)}; for all else: safehouse shims install DIR",
        )
    return words[0]


def _dependencies(host: Host, found: wanted.Found, of: Integration) -> kept.Dependencies:
    files = [protected.configuration(host)]
    files += [f"{files[0]}/{name}" for name in (user.FILE, user.PROFILES)]
    files += [f"{files[2]}/{name}" for name in host.files.names(files[2])]
    there = [path for path in files if host.files.kind(path) != "missing"]
    return kept.Dependencies(
        of.build,
        of.program,
        tuple(sys.argv[2:]),
        host.environ.get("XDG_CONFIG_HOME", ""),
        found.places,
        (*found.changing, *there),
        (*found.missing, *(path for path in files if path not in there)),
    )
