"""Changes grants.yaml: under a lock, in place of the old file at once, every comment kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safehouse.errors import UserError, pasted, printable
from safehouse.sources import directory, own_files, yaml_edit
from safehouse.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal

    from safehouse.host import Host
    from safehouse.sources.settings_file import Directories, Section
    from safehouse.sources.yaml_edit import Data, Keys

# The lists of paths by what they give, and all lists that the commands change.
MODES = {"read-only": "add-dirs-ro", "write": "add-dirs", "deny": "deny"}
PATHS = tuple(MODES.values())
NAMES = ("enable", "env-pass")
_MOST_TRIES = 5
_HEAD = """\
# What the programs that you start with safehouse may also use, by the directory in which they are
# started, and all below it. `safehouse grant` and `safehouse revoke` change this file; so may you.
# `known-by` tells the directory from another one of the same name: without it, the name is enough.
"""


class Said(Value):
    """One thing that is kept: for which entry (as written) and agent ("" for all), in which list."""

    entry: str
    agent: str
    key: str
    text: str
    line: int = 0


class Edit(Value):
    """One change of the file: `add` below some keys, `remove` a text from a list, `drop` a key."""

    action: Literal["add", "remove", "drop"]
    keys: Keys
    value: Data = ""


def change(host: Host, decide: Callable[[Directories], list[Edit]]) -> None:
    """Makes the changes that `decide` wants, given what is kept at that moment.

    No other change comes between. Raises UserError where the file cannot be changed; then it is as
    it was.
    """
    path = directory.path(host)
    lock = _locked(path, host)
    try:
        for _ in range(_MOST_TRIES):
            data = own_files.read(path, host)
            kept = {} if data is None else directory.understood(data, host)
            edits = decide(kept)
            if not edits:
                return
            new = _edited(data, kept, edits, path, host)
            if own_files.read(path, host) == data:  # an editor knows nothing of the lock
                _write(path, new, host)
                return
    finally:
        os.close(lock)
    raise UserError(f"{_file(host)} is being changed by somebody else", "try again")


def said(kept: Directories, entry: str) -> Iterator[Said]:
    """All that an entry says, what is for one agent last."""
    _, _, section, agents = kept[entry]
    for agent, own in (("", section), *agents.items()):
        for key, items in own.items():
            for text, line in items:
                yield Said(entry, agent, key, text, line)


def granting(
    kept: Directories, host: Host, place: str, agent: str, wanted: dict[str, tuple[str, ...]]
) -> list[Edit]:
    """The changes by which `place`, a real directory, gets what is `wanted`, by list.

    A path moves to its list from the others. Raises UserError for a directory that is not the one
    that its entry was made for.
    """
    entries = directory.entries_for(kept, host, place)
    for entry in entries:
        line, known_by, _, _ = kept[entry]
        if known_by and known_by != directory.identity(place):
            raise UserError(
                f"{_file(host)}:{line}: what is kept for {printable(entry)} was granted to another "
                "directory, which had this name",
                f"drop it first: safehouse revoke --all --for={pasted(entry)}",
            )
    if not entries:
        content: dict[str, Data] = {key: [*items] for key, items in wanted.items() if items}
        inner: dict[str, Data] = {"agents": {agent: content}} if agent else content
        known = {"known-by": directory.identity(place)}
        return [Edit("add", (directory.written(place, host),), {**known, **inner})]
    where = (entries[0], *(("agents", agent) if agent else ()))
    edits = []
    old = [each for entry in entries for each in said(kept, entry) if each.agent == agent]
    for key, items in wanted.items():
        new = [i for i in items if not any(e.key == key and _same(e, i, host) for e in old)]
        if new:
            edits.append(Edit("add", (*where, key), new))
    paths = [(key, text) for key in PATHS for text in wanted.get(key, ())]
    moved = [
        each for each in old if each.key in PATHS
        and any(each.key != key and _same(each, text, host) for key, text in paths)
    ]  # fmt: skip
    return [*edits, *_removals(moved)]


def revoking(kept: Directories, gone: list[Said]) -> list[Edit]:
    """The changes by which some things are kept no longer, nor an entry that says nothing else."""
    left = _applied(_meaning(kept), _removals(gone))
    entries = dict.fromkeys(each.entry for each in gone)
    empty = [entry for entry in entries if not left.get(entry, {}).keys() - {"known-by"}]
    drops = [Edit("drop", (entry,)) for entry in empty]
    return [*drops, *_removals([each for each in gone if each.entry not in empty])]


def forgetting(kept: Directories, entries: list[str], agent: str) -> list[Edit]:
    """The changes by which nothing is kept for some entries any more, or nothing for an agent."""
    edits = []
    for entry in entries:
        rest = [each for each in said(kept, entry) if each.agent != agent]
        if agent and rest and agent in kept[entry][3]:
            edits.append(Edit("drop", (entry, "agents", agent)))
        elif not agent or agent in kept[entry][3]:
            edits.append(Edit("drop", (entry,)))
    return edits


def same_path(written: str, path: str, host: Host) -> bool:
    """Whether a path as written in the file is `path`, by its words or by where it leads."""
    plain = directory.expanded(written, host)
    if plain == path:
        return True
    try:
        return host.resolve(plain).real == path
    except UserError:  # links in a circle
        return False


def _same(each: Said, text: str, host: Host) -> bool:
    if each.key not in PATHS:
        return each.text == text
    return same_path(each.text, directory.expanded(text, host), host)


def _removals(gone: list[Said]) -> list[Edit]:
    edits = {}
    for each in gone:
        where = (each.entry, *(("agents", each.agent) if each.agent else ()), each.key)
        edits[Edit("remove", where, each.text)] = True
    return [*edits]


# The text


def _edited(
    data: bytes | None, kept: Directories, edits: list[Edit], path: str, host: Host
) -> bytes:
    """The new content of the file; it says exactly what was meant, or UserError is raised."""
    import yaml

    wanted = _applied(_meaning(kept), edits)
    try:
        text = (data or _HEAD.encode()).decode()
        for edit in edits:
            text = _EDITS[edit.action](text, edit.keys, edit.value)
        new = text.encode()
        if len(new) <= own_files.MOST_BYTES:
            found = _meaning(directory.understood(new, host))
        else:
            raise UserError(
                f"{own_files.short(path, host)} would be larger than {own_files.MOST_BYTES} bytes",
                "revoke what is no longer needed; safehouse grants --all shows everything",
            )
    except (yaml.YAMLError, KeyError, AssertionError, IndexError) as error:
        raise _by_hand(edits, kept, host) from error
    if found != wanted:
        raise _by_hand(edits, kept, host)
    return new


_EDITS: dict[str, Callable[..., str]] = {
    "add": yaml_edit.add,
    "remove": yaml_edit.remove,
    "drop": lambda text, keys, _: yaml_edit.drop(text, keys),
}


def _by_hand(edits: list[Edit], kept: Directories, host: Host) -> UserError:
    edit = edits[0]
    entry = edit.keys[0]
    line = kept[entry][0] if entry in kept else 1
    verb = {"add": "write", "remove": "remove", "drop": "remove"}[edit.action]
    what = f" {edit.value!r} under" if edit.value else ""
    return UserError(
        f"{_file(host)}:{line}: this form of YAML cannot be changed without damage; it is as it was",
        f"{verb}{printable(what)} {printable(': '.join(edit.keys))} by hand",
    )


def _meaning(kept: Directories) -> dict[str, dict[str, Data]]:
    """What the file says, without lines and without what is empty."""
    entries: dict[str, dict[str, Data]] = {}
    for entry, (_, known_by, section, agents) in kept.items():
        found: dict[str, Data] = {"known-by": known_by} if known_by else {}
        found.update(_lists(section))
        inner: dict[str, Data] = {agent: _lists(own) for agent, own in agents.items()}
        _put(found, "agents", {agent: own for agent, own in inner.items() if own})
        _put(entries, entry, found)  # type: ignore[arg-type]
    return entries


def _lists(section: Section) -> dict[str, Data]:
    return {key: [text for text, _ in items] for key, items in section.items() if items}


def _put(target: dict[str, Data], key: str, value: Data) -> None:
    if value:
        target[key] = value


def _applied(meaning: dict[str, dict[str, Data]], edits: list[Edit]) -> dict[str, dict[str, Data]]:
    """What the file has to say after some changes."""
    found: Data = {**meaning}
    for edit in edits:
        found = _changed(found, edit.keys, edit)
    return found  # type: ignore[return-value]


def _changed(found: Data, keys: Keys, edit: Edit) -> Data:
    if keys:
        assert isinstance(found, dict)
        if edit.action == "drop" and len(keys) == 1:
            return {key: value for key, value in found.items() if key != keys[0]}
        empty: Data = {} if len(keys) > 1 or isinstance(edit.value, dict) else []
        inner = _changed(found.get(keys[0], empty), keys[1:], edit)
        after = {**found, keys[0]: inner}
        return {key: value for key, value in after.items() if value}
    if isinstance(edit.value, dict):
        return edit.value
    assert isinstance(found, list)
    if edit.action == "add":
        return [*found, *edit.value]
    return [text for text in found if text != edit.value]


# The file


def _file(host: Host) -> str:
    return own_files.short(directory.path(host), host)


def _locked(path: str, host: Host) -> int:
    """The lock's descriptor: while it is open, no other process changes the file."""
    import fcntl

    folder = path.rpartition("/")[0]
    try:
        own_files.make_directory(folder)
        own_files.refuse_foreign(folder, host)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        lock = os.open(f"{path}.lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        shown = own_files.short(error.filename or path, host)
        raise UserError(f"{shown}: {error.strerror}", "nothing was changed") from None
    return lock


def _write(path: str, data: bytes, host: Host) -> None:
    """Puts it in the place of the file, or of what it is a link to."""
    real = host.resolve(path).real
    try:
        own_files.replace(real, data)
    except OSError as error:
        raise UserError(
            f"{own_files.short(real, host)}: {error.strerror}", "nothing was changed"
        ) from None
