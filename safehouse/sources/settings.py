"""What a source may say of a launch: the same words in an option, a variable and every file."""

from __future__ import annotations

from safehouse.errors import UserError, pasted, printable
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import METADATA, READ, WRITE, operations
from safehouse.sources import protected
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Literal

    from safehouse.files import Resolution
    from safehouse.host import Host
    from safehouse.policy.planting import Planting

    Mode = Literal["read-only", "write", "deny"]

READ_WRITE = READ + WRITE
SOCKET = operations(("socket",))
READ_ONLY: Mode = "read-only"
READ_AND_WRITE: Mode = "write"
CLOSED: Mode = "deny"
# A mode by the field that has its paths, and its rank among those of one source for one path.
_MODES: dict[str, tuple[int, Mode]] = {
    "add_dirs_ro": (0, READ_ONLY),
    "add_dirs": (1, READ_AND_WRITE),
    "deny": (2, CLOSED),
}


class Item(Value):
    """One thing that was said, as written, and where: an option, a variable or `file:line`."""

    text: str
    place: str


class Settings(Value):
    """What one source says. Lists add up over the sources, in the order of their tiers.

    `name` is what a person calls the source, `base` the directory that its relative paths start
    from. What was typed for this launch is `strict`: a path that cannot be granted is an error. From
    a file that is meant to last it is left out, and told. `network` and `deny_secrets` ("true" or
    "false") have one item or none.
    """

    tier: int
    name: str
    base: str
    strict: bool = False
    add_dirs: tuple[Item, ...] = ()
    add_dirs_ro: tuple[Item, ...] = ()
    deny: tuple[Item, ...] = ()
    enable: tuple[Item, ...] = ()
    env_pass: tuple[Item, ...] = ()
    append_profile: tuple[Item, ...] = ()
    args: tuple[Item, ...] = ()
    network: tuple[Item, ...] = ()
    deny_secrets: tuple[Item, ...] = ()


def said(
    tier: int, name: str, base: str, lists: dict[str, tuple[Item, ...]], strict: bool = False
) -> Settings:
    """What a source says, by the names of its fields."""
    return replace(Settings(tier, name, base, strict), **lists)


class Named(Value):
    """A path of a source, looked up: what it is given, and the way that leads there."""

    item: Item
    mode: Mode
    way: Resolution
    kind: Literal["subpath", "literal"]
    missing: bool

    @property
    def real(self) -> str:
        """The path without links."""
        return self.way.real


class Ignored(Value):
    """Something that a source said and that does not apply: what, where it was said, and why.

    `item` is what was said, where it is about a path.
    """

    what: str
    place: str
    why: str
    item: Item | None = None


def contains(directory: str, path: str) -> bool:
    """Whether `path` is `directory` or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def looked_up(
    settings: Settings, host: Host, workdir: str, planting: Planting
) -> tuple[tuple[Named, ...], tuple[Ignored, ...]]:
    """The paths of a source, outer ones first, and those that are left out.

    Raises UserError for a path that is none and, where the source is strict, for each that would
    be left out.
    """
    found: list[tuple[int, int, Named]] = []
    ignored: list[Ignored] = []
    limits = Limits(host, workdir)
    for field, (rank, mode) in _MODES.items():
        for item in getattr(settings, field):
            try:
                named = _named(item, mode, host, settings)
            except UserError as error:  # links that lead in a circle
                if settings.strict:
                    raise
                ignored.append(Ignored(_what(mode, item.text), item.place, error.message, item))
                continue
            why = _obstacle(named, settings, limits, planting)
            if why and settings.strict:
                raise UserError(f"{item.place}: {printable(item.text)}: {why}", "leave it out")
            if why:
                ignored.append(Ignored(_what(mode, item.text), item.place, why, item))
            else:
                found.append((named.real.rstrip("/").count("/"), rank, named))
    found.sort(key=lambda entry: entry[:2])
    # Refusals come last: none is undone by a grant of the same source.
    opened = [named for _, _, named in found if named.mode != CLOSED]
    return (*opened, *(named for _, _, named in found if named.mode == CLOSED)), tuple(ignored)


def grants(
    sources: Sequence[tuple[Settings, tuple[Named, ...]]], trees: Iterable[str]
) -> Iterator[Grant]:
    """The grants of all sources, which come in the order of their tiers.

    What is given for reading only, inside of what may be written (`trees`, the working directory
    and what profiles open, and what any source does), is closed for writing: else naming it would
    say nothing. A link by which such a thing, or a refusal, is named keeps its place there.
    """
    opened: list[str] = []
    around = [*trees]
    for _, found in sources:
        around += [named.real for named in found if named.mode == READ_AND_WRITE]
    for settings, found in sources:
        for named in found:
            origin = Origin(settings.tier, named.item.place, _REASONS[settings.tier])
            filter = Filter(named.kind, named.real)
            if named.mode != READ_AND_WRITE:
                for link, _ in named.way.links:
                    if any(contains(tree, link) for tree in around):
                        yield Grant(DENY, WRITE, Filter("literal", link), origin, follow=False)
            if named.mode == CLOSED:
                yield Grant(DENY, SOCKET, filter, origin, existing_only=named.missing)
                continue
            for link, _ in named.way.links:
                yield Grant(ALLOW, METADATA, Filter("literal", link), origin, follow=False)
            if named.mode == READ_AND_WRITE:
                yield Grant(ALLOW, READ_WRITE, filter, origin)
                opened.append(named.real)
                continue
            yield Grant(ALLOW, READ, filter, origin)
            inside = any(named.real != tree and contains(tree, named.real) for tree in around)
            if inside or named.real in opened:
                yield Grant(DENY, WRITE, filter, origin)


def closed_as_in(
    workdir: str, other: str, sources: Iterable[tuple[Settings, tuple[Named, ...]]]
) -> Iterator[Grant]:
    """What is closed in the working directory, closed in another worktree of the same repository."""
    for settings, found in sources:
        for named in found:
            if named.mode == CLOSED and named.real != workdir and contains(workdir, named.real):
                path = other + named.real[len(workdir) :]
                origin = Origin(settings.tier, named.item.place, _REASONS[settings.tier])
                yield Grant(DENY, SOCKET, Filter(named.kind, path), origin, existing_only=True)


_REASONS = {
    Tier.REPOSITORY: "asked for by this project",
    Tier.USER: "in your configuration",
    Tier.DIRECTORY: "kept for this directory",
    Tier.ENVIRONMENT: "asked for by a variable",
    Tier.COMMAND_LINE: "asked for in this invocation",
}


def narrowing(
    settings: Settings, found: tuple[Named, ...], workdir: str
) -> tuple[Settings, tuple[Named, ...], tuple[Item, ...]]:
    """What of a source makes a launch narrower only, and what it asks for beyond that."""
    narrow = tuple(
        named
        for named in found
        if named.mode == CLOSED
        or (named.mode == READ_ONLY and named.real != workdir and contains(workdir, named.real))
    )
    kept = {named.item for named in narrow}
    none = tuple(item for item in settings.network if item.text == "none")
    wide = [
        item
        for field in ("add_dirs_ro", "add_dirs", "enable", "env_pass", "append_profile", "network")
        for item in getattr(settings, field)
        if item not in kept and item not in none
    ]
    return (
        Settings(
            settings.tier,
            settings.name,
            settings.base,
            network=none,
            deny_secrets=settings.deny_secrets,
        ),
        narrow,
        tuple(wide),
    )


class Limits:
    """What nothing that is meant to last can open."""

    def __init__(self, host: Host, workdir: str) -> None:
        self.host = host
        self.workdir = workdir
        self._protected: list[tuple[str, Grant]] | None = None

    def too_wide(self, real: str, mode: Mode) -> str:
        """Why a path can only be opened by an option, for once, or not at all; "" if it can be kept."""
        if mode == CLOSED:
            return ""
        if contains(real, self.host.home):
            option = "--add-dirs" if mode == READ_AND_WRITE else "--add-dirs-ro"
            return f"it holds your whole home; for one launch: {option}={pasted(real)}"
        wanted = set(READ_WRITE if mode == READ_AND_WRITE else READ)
        if self._protected is None:
            self._protected = [
                (self.host.resolve(grant.filter.value).real, grant)
                for grant in protected.grants(self.host, self.workdir)
                if grant.filter is not None
            ]
        for path, grant in self._protected:
            tree = grant.filter is not None and grant.filter.kind == "subpath"
            inside = real == path or (tree and contains(path, real))
            if inside and not wanted.isdisjoint(grant.operations):
                return f"it is protected ({grant.origin.reason})"
        return ""


def too_wide(host: Host, real: str, mode: Mode, workdir: str) -> str:
    """As Limits.too_wide, for one path."""
    return Limits(host, workdir).too_wide(real, mode)


def _named(item: Item, mode: Mode, host: Host, settings: Settings) -> Named:
    if settings.strict:
        found = host.named(item.text, item.place)
    else:
        found = host.located(item.text, item.place, settings.base)
    kind = host.files.kind(found.real)
    tree = kind in ("directory", "missing")
    return Named(item, mode, found, "subpath" if tree else "literal", kind == "missing")


def _obstacle(named: Named, settings: Settings, limits: Limits, planting: Planting) -> str:
    """Why a path is left out, "" if it is not."""
    if named.mode == CLOSED:
        return ""
    if named.missing:
        return "it does not exist"
    link = _planted(named, limits.workdir)
    if settings.tier == Tier.COMMAND_LINE:
        if link:
            raise _refused(named, link, limits.workdir)
        return ""
    why = limits.too_wide(named.real, named.mode)
    if why or not named.way.links:
        return why
    if link or planting.suspects(named.way):
        link = link or named.way.links[0][0]
        return (
            f"it leads through the link {printable(link)}, which a confined program could have made"
        )
    return ""


def _planted(named: Named, workdir: str) -> str:
    """A link in the working directory that leads out of it; "" if there is none."""
    for link, _ in named.way.links:
        if workdir and contains(workdir, link) and not contains(workdir, named.real):
            return link
    return ""


def _refused(named: Named, link: str, workdir: str) -> UserError:
    """A link inside the working directory may be the work of an earlier, confined, command."""
    place, text = named.item.place, printable(named.item.text)
    return UserError(
        f"{place}: {text} leads through the link {printable(link)} to {printable(named.real)}",
        f"commands that run in {workdir} can change that link; if you mean its target: "
        f"{place}={pasted(named.real)}",
    )


def _what(mode: Mode, text: str) -> str:
    return f"{mode} {printable(text)}"
