"""What is kept for directories, thing by thing, and whether it applies."""

from __future__ import annotations

from safehouse.policy.planting import Planting
from safehouse.sources import directory, grant_store, own_files, user
from safehouse.sources.settings import looked_up
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.directory import State
    from safehouse.sources.settings_file import Directories, Section

MISSING = "it does not exist"
NO_FEATURE = "no feature has this name"
NO_AGENT = "no agent has this name"
_KINDS = {
    **dict.fromkeys(grant_store.PATHS, "path"),
    "enable": "feature",
    "env-pass": "variable",
    "network": "network",
    "deny-secrets": "secrets",
    "append-profile": "profile",
    "args": "argument",
    "env": "environment",
}
_MODES = {key: mode for mode, key in grant_store.MODES.items()}
# What is said of an entry that does not apply, by its state.
_REMARKS: dict[State, str] = {
    "replaced": "replaced: the directory is another one now",
    "a link": "a link now: for none",
    "gone": "the directory is gone",
}


class Row(Value):
    """One thing that is kept.

    `why` says why it does not apply, "" if it does. Paths are in full.
    """

    directory: str
    state: State
    agent: str
    kind: str
    mode: str
    value: str
    line: int
    why: str


def rows(kept: Directories, host: Host, catalogue: Catalogue) -> list[Row]:
    """All that is kept, outer directories first, in each the general before that for an agent."""
    found: list[Row] = []
    for entry in sorted(kept, key=lambda entry: (directory.expanded(entry, host), kept[entry][0])):
        found += _rows_of(kept, entry, host, catalogue)
    # Parents before children, whatever the letters are: for one launch this is the order of effect.
    return sorted(found, key=lambda row: row.directory.rstrip("/").split("/"))


def _rows_of(kept: Directories, entry: str, host: Host, catalogue: Catalogue) -> Iterator[Row]:
    _, _, section, agents = kept[entry]
    place = directory.expanded(entry, host)
    state = directory.state(kept, host, entry)
    remark = _REMARKS.get(state, "")
    for agent, own in (("", section), *agents.items()):
        unknown = agent and agent not in catalogue.in_layers(("agent", "app"))
        whys = _whys(own, place, host, catalogue)
        for key, items in own.items():
            for text, line in items:
                why = remark or (NO_AGENT if unknown else "")
                why = why or whys.get((key, text), "")
                is_path = key in (*grant_store.PATHS, "append-profile")
                value = directory.expanded(text, host) if is_path else text
                kind, mode = _KINDS.get(key, key), _MODES.get(key, "")
                yield Row(place, state, agent, kind, mode, value, line, why)


def _whys(
    section: Section, place: str, host: Host, catalogue: Catalogue
) -> dict[tuple[str, str], str]:
    """Why some of what a section says does not apply."""
    file = own_files.short(directory.path(host), host)
    found = {}
    planting = Planting(host, catalogue.writable)
    for key in grant_store.PATHS:  # one at a time: the same path may stand in two of them
        own = user.settings({key: section.get(key, ())}, 0, "", file, host.home)
        source, linked = directory.without_links(own, host)
        for ignored in (*linked, *looked_up(source, host, place, planting)[1]):
            text = ignored.item.text if ignored.item else ignored.what.partition(" ")[2]
            found[key, text] = ignored.why
    known = catalogue.in_layers(("feature",))
    for text, _ in section.get("enable", ()):
        if text not in known:
            found["enable", text] = NO_FEATURE
    for key in ("deny", "append-profile"):
        for text, _ in section.get(key, ()):
            if host.files.kind(host.resolve(directory.expanded(text, host)).real) == "missing":
                found[key, text] = MISSING
    return found
