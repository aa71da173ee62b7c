"""Our shims among the files of PATH: how one is known, and where the person has some."""

from __future__ import annotations

from safehouse import facts
from safehouse.facts import decoded, encoded
from safehouse.sources import own_files, protected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safehouse.host import Host

_HEAD = b"#!/bin/sh\n# safehouse-shim "
_EXECUTES = "] && exec "
_NAME = "shims"


def is_shim(path: str) -> bool:
    """Whether a file is a shim of ours, whoever made it: it starts safehouse, and nothing else."""
    try:
        return facts.read(path, len(_HEAD)) == _HEAD
    except (OSError, ValueError):
        return False


def program_of(content: str) -> str:
    """The safehouse that a shim starts, by its text; "" where it does not say."""
    from shlex import split

    for line in content.splitlines():
        _, executes, command = line.partition(_EXECUTES)
        if executes:
            return split(command)[0]
    return ""


def remembered(host: Host) -> dict[str, tuple[str, ...]]:
    """The directories in which the person has shims, each with their names.

    Raises UserError where somebody else could have written that down.
    """
    data = own_files.read(f"{protected.state(host)}/{_NAME}", host)
    lines = decoded(data).splitlines() if data else []
    parts = (line.split("\t") for line in lines)
    return {directory: tuple(names) for directory, *names in parts if directory[:1] == "/"}


def paths(host: Host) -> Iterator[str]:
    """The shims that the person has."""
    for directory, names in remembered(host).items():
        for name in names:
            yield f"{directory}/{name}"


def remember(known: Mapping[str, tuple[str, ...]], host: Host) -> None:
    """Writes down where there are shims. Raises OSError."""
    place = protected.state(host)
    own_files.make_directory(place)
    lines = ["\t".join((directory, *names)) for directory, names in sorted(known.items())]
    own_files.replace(f"{place}/{_NAME}", encoded("".join(f"{line}\n" for line in lines)))
