"""Which names get a shim: the agents that the person has, or those they chose."""

from __future__ import annotations

import os

from safehouse.errors import UserError, nearest, printable
from safehouse.sources.selection import PACKAGE_RUNNERS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from safehouse.host import Host
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.settings import Item

# Where installers put agents, whether that is on PATH yet or not: a shell's file may be read before
# the line that adds it. `*` stands for one directory.
_USUAL = (
    "~/.local/bin", "~/bin", "~/.npm-global/bin", "~/.bun/bin", "~/.deno/bin", "~/.volta/bin",
    "~/.nvm/versions/node/*/bin", "~/.local/share/fnm/node-versions/*/installation/bin",
    "~/.local/share/mise/shims", "~/.asdf/shims", "~/.local/share/pnpm", "~/Library/pnpm",
    "~/.yarn/bin", "~/.cargo/bin", "~/go/bin", "~/.pyenv/shims", "~/.opencode/bin", "~/.amp/bin",
    "~/.claude/local", "~/.factory/bin", "/opt/homebrew/bin", "/usr/local/bin",
    "/home/linuxbrew/.linuxbrew/bin",
)  # fmt: skip
# What a shell needs itself: no profile may take these names from it.
_RESERVED = frozenset(
    """
    safehouse . : [ alias bg break builtin case cd command continue declare echo env eval exec exit
    export false fc fg function functions getopts hash if jobs kill let local printf pwd read
    readonly return set shift source status string switch test then time times trap true type
    typeset ulimit umask unalias unset wait while
    """.split()
)


class Shim(Value):
    """A name that starts a command confined, and its profile: "" for a runner (npx, uvx, ...)."""

    name: str
    profile: str


class Found(Value):
    """The names that get a shim, and what that depends on.

    `places` are the directories that were looked through, `changing` those of them, and others, in
    which an agent may appear, `missing` what was not there and would count.
    """

    shims: tuple[Shim, ...]
    places: tuple[str, ...]
    changing: tuple[str, ...]
    missing: tuple[str, ...]


def look(
    host: Host,
    catalogue: Catalogue,
    chosen: tuple[Item, ...] | None,
    also: tuple[str, ...] = (),
) -> Found:
    """The names that get a shim: those chosen, or, for None, of the agents that are installed.

    They are looked for in PATH, where installers put them, and in the directories `also`. Raises
    UserError for a chosen name that nothing is called by.
    """
    places, parents = _places(host, also)
    there = tuple(place for place in places if os.path.isdir(place))
    shims: dict[str, Shim] = {}
    if chosen is None:
        profiles = agents(catalogue)
        for name in sorted(name for name in profiles if is_installed(name, there)):
            shims[name] = Shim(name, profiles[name])
    for item in chosen or ():
        for shim in _chosen(item, catalogue, there):
            shims[shim.name] = shim
    known = (*places, *parents)
    changing = tuple(path for path in known if os.path.isdir(path))
    missing = tuple(path for path in known if path not in changing)
    return Found(tuple(shims.values()), places, changing, missing)


def is_installed(name: str, places: Iterable[str]) -> bool:
    """Whether a program of this name lies in one of some directories."""
    return any(is_program(f"{place}/{name}") for place in places)


def is_program(path: str) -> bool:
    """Whether a file that can be executed lies there."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def agents(catalogue: Catalogue, shared: bool = False) -> dict[str, str]:
    """The profiles by the names of their commands; with `shared`, by those that others have, too."""
    found: dict[str, str] = {}
    left_out = {name for record in catalogue.known.values() for name in record[15]}
    for record in (*catalogue.own, *catalogue.shipped.values()):
        if catalogue.known[record[0]][1] == "agent":
            for name in record[5]:
                if name not in _RESERVED and (shared or name not in left_out):
                    found.setdefault(name, record[0])
    return found


def _chosen(item: Item, catalogue: Catalogue, places: tuple[str, ...]) -> list[Shim]:
    """The shims for one word: a command, an agent (its first command, and what is installed), a runner."""
    by_name = agents(catalogue, shared=True)
    own = [name for name, profile in agents(catalogue).items() if profile == item.text]
    if own:
        named = [n for n in own if n == own[0] or is_installed(n, places)]
        if by_name.get(item.text) == item.text and item.text not in named:
            named.append(item.text)
        return [Shim(name, item.text) for name in named]
    if item.text in by_name:
        return [Shim(item.text, by_name[item.text])]
    if item.text in PACKAGE_RUNNERS:
        return [Shim(item.text, "")]
    known = [*catalogue.in_layers(("agent",)), *by_name, *PACKAGE_RUNNERS]
    raise UserError(
        f"{item.place}: no agent is called {printable(item.text)!r}{nearest(item.text, known)}",
        f"safehouse profiles lists them; also: {', '.join(PACKAGE_RUNNERS)}",
    )


def _places(host: Host, also: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The directories in which a person's programs lie, and those in which such directories appear."""
    places: dict[str, None] = {}
    parents: dict[str, None] = {}
    for entry in host.environ.get("PATH", "").split(":"):
        if entry[:1] == "/" and entry.isprintable():
            places[entry] = None
    for usual in _USUAL:
        path = host.home + usual[1:] if usual[0] == "~" else usual
        above, star, below = path.partition("/*")
        if star:
            parents[above] = None
            places.update((f"{above}/{name}{below}", None) for name in _names(above))
        else:
            places[path] = None
    places.update(dict.fromkeys(also))
    return tuple(places), tuple(parents)


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
