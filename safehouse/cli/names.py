"""What profiles and the commands of agents are called, with a line on each: what Tab shows.

A build has it as literals, since to load all profiles takes longer than the rest of an answer.
"""

from __future__ import annotations

from safehouse.errors import UserError
from safehouse.host import LINUX, Host
from safehouse.sources import own_files, protected, user
from safehouse.sources.catalogue import Catalogue, records
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEMS = {"macos": "macOS only", "linux": "Linux only"}


class Names(Value):
    """`profiles` have name, layer, summary and the one system that they mean something on, or "".

    `programs` are the commands of agents, with the agent's summary.
    """

    profiles: tuple[tuple[str, str, str, str], ...]
    programs: tuple[tuple[str, str], ...]

    def of(self, *layers: str) -> Iterator[tuple[str, str]]:
        """The profiles of some layers, each with its summary."""
        for name, layer, summary, only in self.profiles:
            if layer in layers:
                yield name, f"{summary} [{_SYSTEMS[only]}]" if only else summary

    def on(self, platform: str) -> Names:
        """As they are shown on one system: what means something there needs no remark."""
        here = ((*known, "" if only == platform else only) for *known, only in self.profiles)
        return Names(tuple(here), self.programs)  # type: ignore[arg-type]


def names(host: Host) -> Names:
    """The shipped names and the person's own."""
    if own_files.names(f"{protected.configuration(host)}/{user.PROFILES}", ".yaml"):
        shipped = records()
        try:
            own = tuple(user.profiles(host, shipped))
        except UserError:
            own = ()  # a launch says what is wrong with them
        return names_of(Catalogue(host.platform, shipped, own)).on(host.platform)
    return shipped_names().on(host.platform)


def shipped_names() -> Names:
    """As the build wrote them; in a source checkout, from the profiles."""
    try:
        from safehouse.cli import _names  # type: ignore[attr-defined]
    except ImportError:
        return names_of(Catalogue(LINUX, records()))
    return Names(*_names.NAMES)


def names_of(catalogue: Catalogue) -> Names:
    """The names in a catalogue."""
    from safehouse.shims.wanted import agents

    known = catalogue.known
    return Names(
        tuple(
            (name, record[1], record[2], _only(catalogue, name)) for name, record in known.items()
        ),
        tuple((command, known[name][2]) for command, name in sorted(agents(catalogue).items())),
    )


def _only(catalogue: Catalogue, name: str) -> str:
    """The one system that a profile means something on, "" where it does on both."""
    here = [
        system
        for system in ("macos", "linux")
        if not replace(catalogue, platform=system).is_elsewhere(name)
    ]
    return here[0] if len(here) == 1 else ""
