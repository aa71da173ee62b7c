"""The code of a shell, kept for its next start: then no Python is run.

The shell header of the single file answers `init` from what is here while nothing has changed that it
depends on (tools/zipapp/init.sh reads the stamp that is written here). What a shell evaluates lies in
~/.cache/safehouse, which no confined program can look into or write.
"""

from __future__ import annotations

import os

from safehouse.errors import quoted
from safehouse.shims.shell import reading
from safehouse.sources import own_files
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host

_MOST_CODES = (
    4  # that are kept of one shell: one that starts now may be about to read the last but one
)
_MOST_PLACES = 64
# Of stable names: a shell that has run for long reads at its first Tab what is there then.
_COMPLETIONS = {"zsh": "zsh/_safehouse", "bash": "bash/safehouse", "fish": "fish/safehouse.fish"}


class Dependencies(Value):
    """What the code of a shell was made from, and must be as it was then.

    `words` are the arguments of `init`, `program` the safehouse that was started, `moved` the value
    of XDG_CONFIG_HOME. PATH must have no entry but `places`; nothing in `changing` may be newer than
    the code, nothing in `missing` may be there.
    """

    build: str
    program: str
    words: tuple[str, ...]
    moved: str
    places: tuple[str, ...]
    changing: tuple[str, ...]
    missing: tuple[str, ...]


def directory(host: Host) -> str:
    """Where it is kept; not where XDG_CACHE_HOME says, which a project's tools can set."""
    return f"{host.home}/.cache/safehouse/init"


def keep(host: Host, shell: str, code: str, of: Dependencies, since: float) -> str:
    """Keeps the code and gives the line by which the shell reads it; "" where it cannot be kept.

    `since` is the time before anything was looked at (seconds since 1970): what has changed later is
    newer than the code.
    """
    if host.is_borrowed():
        return ""  # such a HOME may be part of a repository
    place = directory(host)
    data = code.encode("utf-8", "surrogateescape")
    path = f"{place}/{own_files.digest(code)[:16]}.{shell}"
    line = reading(shell, path)
    stamp = f"{place}/{shell}.stamp"
    try:
        own_files.make_directory(place)
        own_files.replace(path, data, durable=False)
        if of.build:  # only what is built has a header that asks
            own_files.replace(
                stamp, _stamp(of, line).encode("utf-8", "surrogateescape"), durable=False
            )
            # Compared by whole seconds in some shells, and a change within this one counts.
            os.utime(stamp, (since - 1, since - 1))
        _sweep(place, shell)
    except OSError:
        return ""
    return line


def keep_completion(host: Host, shell: str, code: str) -> str:
    """Keeps what completes safehouse in a shell, and gives its file; "" where it cannot be kept."""
    if host.is_borrowed():
        return ""
    path = f"{directory(host)}/{_COMPLETIONS[shell]}"
    try:
        own_files.make_directory(path.rpartition("/")[0])
        own_files.replace(path, code.encode("utf-8", "surrogateescape"), durable=False)
    except OSError:
        return ""
    return path


def earlier_places(host: Host, shell: str) -> tuple[str, ...]:
    """The directories that the code was made for before: each terminal may have another PATH."""
    try:
        with open(
            f"{directory(host)}/{shell}.stamp", encoding="utf-8", errors="surrogateescape"
        ) as file:
            for line in file:
                name, _, value = line.rstrip("\n").partition("=")
                if name == "safehouse_places":
                    found = value.strip("'").split(":")
                    return tuple(filter(os.path.isdir, found))[:_MOST_PLACES]
    except OSError:
        pass
    return ()


def _stamp(of: Dependencies, line: str) -> str:
    """The stamp, as the header's shell reads it."""
    values = {
        "build": of.build,
        "program": of.program,
        "words": "\n".join(("init", *of.words)),
        "moved": of.moved,
        "places": ":".join(of.places),
        "changing": "\n".join(of.changing),
        "missing": "\n".join(of.missing),
        "line": line,
    }
    return "".join(
        f"safehouse_{name}={quoted(value, tilde=False)}\n" for name, value in values.items()
    )


def _sweep(place: str, shell: str) -> None:
    """Removes the codes of a shell that have been replaced long ago."""
    codes = [f"{place}/{name}" for name in os.listdir(place) if name.endswith(f".{shell}")]
    codes.sort(key=lambda path: os.lstat(path).st_mtime, reverse=True)
    for path in codes[_MOST_CODES:]:
        os.unlink(path)
