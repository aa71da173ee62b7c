"""Where confined programs can write, and that none of our own places lies there."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.policy.planting import Planting
from safehouse.policy.rule import Filter
from safehouse.request import HERE
from safehouse.sources import command_line, protected, variables
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.settings import Settings, contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safehouse.host import Host
    from safehouse.policy.planting import Writable
    from safehouse.request import Request
    from safehouse.sources.profile import Record


def writable(catalogue: Catalogue, workdir: str, sources: Iterable[Settings]) -> Writable:
    """What any confined program may write, and what this one may."""

    def filters() -> Iterator[Filter]:
        yield from catalogue.writable()
        if workdir:
            yield Filter("subpath", workdir)
        for settings in sources:
            for item in settings.add_dirs:
                path = item.text if item.text[:1] in "~/" else f"{settings.base}/{item.text}"
                yield Filter("subpath", path.rstrip("/") or "/")

    return filters


def known_before(request: Request, host: Host, shipped: Mapping[str, Record]) -> Planting:
    """What confined programs may write as far as it is known before any file of ours is read."""
    named = [request.workdir] if request.workdir != HERE else []
    workdir = [*named, *(item.text for item in variables.workdir(host)), host.cwd][0]
    path = host.absolute(workdir, "--workdir") if workdir else ""
    if workdir == host.cwd and contains(path, host.home) and not host.is_borrowed():
        path = ""  # a home is a working directory only where somebody says so, in a file perhaps
    sources = [*variables.settings(host), command_line.settings(request, host)]
    return Planting(host, writable(Catalogue(host.platform, shipped), path, sources))


def moved(host: Host, missing: bool = False) -> tuple[str, ...]:
    """The directories of our files that a variable has moved, of those that are there or of all."""
    places = (protected.configuration(host), protected.state(host))
    there = [p for p in places if not host.foreign and (missing or host.files.kind(p) != "missing")]
    borrowed = bool(there) and host.is_borrowed()
    return tuple(place for place in there if borrowed or place not in usual(host))


def usual(host: Host) -> tuple[str, str]:
    return f"{host.home}/.config/safehouse", f"{host.home}/.local/state/safehouse"


def refuse_to_keep(request: Request, host: Host) -> None:
    """Raises UserError where confined programs could forge what is to be kept for later launches."""
    for place in moved(host, missing=True):
        refuse_reachable(place, host, known_before(request, host, records()))


def refuse_to_place(directory: str, host: Host, request: Request) -> None:
    """Raises UserError where confined programs could write to a directory for files of ours."""
    if known_before(request, host, records()).reaches(host.resolve(directory).real):
        raise UserError(
            f"{printable(directory)} lies where confined commands may write",
            "one of them could change what lies there: choose another directory",
        )


def refuse_reachable(place: str, host: Host, planting: Planting) -> None:
    """Raises UserError where confined programs can write to a place of our files that was moved.

    A project's tooling can set variables, and its agent can write what they would then point to.
    """
    if planting.reaches(host.resolve(place).real):
        name = {
            protected.state(host): "XDG_STATE_HOME",
            protected.configuration(host): "XDG_CONFIG_HOME",
            **dict.fromkeys(usual(host), "HOME"),
        }[place]
        raise UserError(
            f"{name}: {printable(place)} lies where confined commands may write",
            f"safehouse takes nothing from there, which one of them could have made: unset {name}",
        )
