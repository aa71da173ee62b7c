"""What git's index names, submodules above all: read without git, and bounded. It may be forged.

Format: https://git-scm.com/docs/index-format
"""

from __future__ import annotations

from safehouse import facts
from safehouse.errors import UserError, printable
from safehouse.facts import decoded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a longer one the beginning is read: 4 MB are some 40,000 files, and cost 5 ms.
_MOST_BYTES = 4 << 20
_MOST_ENTRIES = 50_000
_MOST_SUBMODULES = 5000
_MOST_NAME = 4096
_MOST_ASKED = 200
_HEADER = 12
_TO_MODE = 24
_TO_HASH = 40
_HASHES = (20, 32)
_GITLINK = b"\0\0\xe0\0"  # mode 160000
_EXTENDED = 0x4000
_LENGTH = 0x0FFF


def submodules(git: str) -> list[str]:
    """The paths of the submodules in the index of `git`, as the index has them.

    Raises UserError for one that the person may not read, and for more than can be looked at.
    """
    try:
        facts.form(f"{git}/index")
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        pass
    # Not by what the file says: git writes it at each `git status`.
    return list(facts.asked("submodules", git))


def _submodules(git: str) -> tuple[str, ...]:
    data = _beginning(f"{git}/index")
    found = dict.fromkeys(_named(data))
    shared = data.rfind(b"link\0\0") + len("link") + 4  # a split index: most of it lies elsewhere
    if shared > _HEADER:
        for size in _HASHES:
            path = f"{git}/sharedindex.{data[shared : shared + size].hex()}"
            found.update(dict.fromkeys(_named(_beginning(path))))
    return tuple(decoded(name) for name in found)


facts.ASK["submodules"] = _submodules


def tracked(git: str, names: tuple[bytes, ...]) -> list[bytes]:
    """Which of some names are in the index of `git`, as far as it is read."""
    try:
        data = _beginning(f"{git}/index")
    except UserError:
        return []
    if data[:4] != b"DIRC":
        return []
    if data[7:8] == b"\4":
        known = {name for _, name in _entries(data)}
        return [name for name in names if name in known]
    return [name for name in names[:_MOST_ASKED] if _has(data, name)]


def _has(data: bytes, name: bytes) -> bool:
    """Whether an entry of an index of version 2 or 3 has this name: its length stands before it."""
    place = _HEADER - 1
    for _ in range(_MOST_ASKED):  # names of other files may end so
        place = data.find(name + b"\0", place + 1)
        if place == -1:
            return False
        for flags in (place - 2, place - 4):
            if int.from_bytes(data[flags : flags + 2], "big") & _LENGTH == min(len(name), _LENGTH):
                return True
    return False


def _beginning(path: str) -> bytes:
    """What a file starts with; nothing where there is none."""
    try:
        return facts.read(path, _MOST_BYTES, follow=False)
    except PermissionError:
        raise UserError(
            f"{printable(path)} cannot be read, so its submodules cannot be protected",
            "let yourself read it: chmod u+r",
        ) from None
    except (OSError, ValueError):
        return b""


def _named(data: bytes) -> Iterator[bytes]:
    if data[:4] != b"DIRC":
        return
    found = _compressed(data) if data[7:8] == b"\4" else _aligned(data)
    for number, name in enumerate(found):
        if number == _MOST_SUBMODULES:
            raise UserError(
                f"git's index names more than {_MOST_SUBMODULES} submodules",
                "look: git ls-files -s",
            )
        yield name


def _aligned(data: bytes) -> Iterator[bytes]:
    """Of versions 2 and 3. Entries start at multiples of 8, so that no others need to be read."""
    mode = data.find(_GITLINK, _HEADER + _TO_MODE)
    while mode != -1:
        if (mode - _HEADER) % 8 == 0:
            name = _name(data, mode - _TO_MODE)
            if name:
                yield name
        mode = data.find(_GITLINK, mode + 1)


def _name(data: bytes, entry: int) -> bytes:
    """The name of an entry; empty where it does not look like one."""
    for size in _HASHES:
        place = entry + _TO_HASH + size
        flags = int.from_bytes(data[place : place + 2], "big")
        start = place + (4 if flags & _EXTENDED else 2)
        end = data.find(b"\0", start, start + _MOST_NAME)
        length = end - start
        if length > 0 and flags & _LENGTH == min(length, _LENGTH):
            return data[start:end]
    return b""


def _compressed(data: bytes) -> Iterator[bytes]:
    """Of version 4."""
    if _GITLINK in data:
        yield from (name for mode, name in _entries(data) if mode == _GITLINK)


def _entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Modes and names of version 4, where each name goes by the one before."""
    for size in _HASHES:
        place, name = _HEADER, b""
        for _ in range(min(int.from_bytes(data[8:12], "big"), _MOST_ENTRIES)):
            flags = place + _TO_HASH + size
            if flags + 4 > len(data):
                break
            start = flags + (4 if data[flags] & (_EXTENDED >> 8) else 2)
            less, start = _number(data, start)
            end = data.find(b"\0", start, start + _MOST_NAME)
            if end == -1 or less > len(name):
                break
            name = (name[: len(name) - less] + data[start:end])[:_MOST_NAME]
            yield data[place + _TO_MODE : place + _TO_MODE + 4], name
            place = end + 1


def _number(data: bytes, place: int) -> tuple[int, int]:
    """A number of one byte or a few, and where what follows it begins."""
    number = 0
    for count in range(3):
        byte = data[place + count] if place + count < len(data) else 0
        number = (number << 7) + (byte & 0x7F)
        if not byte & 0x80:
            return number, place + count + 1
        number += 1
    return number, place + 3
