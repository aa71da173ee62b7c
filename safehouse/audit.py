"""The log of launches: a line each, in a file a month, that no confined program can reach.

Each line has the hash of the one before, and `head` that of the last one: what is removed or changed
shows. It is written on the way of a launch, so without a module that costs anything.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
import time
from errno import EFBIG, EPERM

from safehouse.errors import printable
from safehouse.facts import decoded
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Union

    from safehouse.host import Host

    Field = Union[str, int, float, None, tuple["Field", ...], Mapping[str, "Field"]]

VERSION = 1
HEAD = "head"
STARTED, ENDED = "start", "end"
_SUFFIX = ".jsonl"
_MOST_LINE = 1 << 20  # bytes; a longer one is not written
_MOST_ARGUMENTS = 1 << 16  # characters, each of which may become twelve
_MOST_TRIES, _PAUSE = 200, 0.005  # seconds; a line is written in less
_TAIL = 1 << 16  # of a file, in which its last line is looked for
_START = b'{"v":1,"n":'
_NOTHING = "0" * 64  # what the first line has for the hash of the one before
_CHANGED = "the line before it was changed, or one was added or removed"
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_REGULAR = 0o100000  # S_IFREG


class Head(Value):
    """How many lines there are, over all months, and the hash of the last one."""

    count: int
    hash: str


def directory(host: Host) -> str:
    """Where the log lies."""
    from safehouse.sources import protected  # which a launch that was planned before does without

    return f"{protected.state(host)}/audit"


def policies(directory: str) -> str:
    """Where the policies of launches lie, each under its hash."""
    return f"{directory}/policies"


class Begun(Value):
    """A launch that stands in the log: where that is, the launch's number there, and when it began."""

    directory: str
    launch: str
    began: float


def begin(
    directory: str,
    launch: str,
    said: Mapping[str, Field],
    arguments: tuple[str, ...] | None,
    tell: Callable[[str], None],
) -> Begun | None:
    """Writes that the launch with an ID begins; None where it cannot be written."""
    now = time.time()
    head: dict[str, Field] = {"event": STARTED, "launch": launch, **said}
    if arguments is not None:
        fits = sum(map(len, arguments)) < _MOST_ARGUMENTS
        head["arguments"] = arguments if fits else ("(too long for the log)",)
    return Begun(directory, launch, now) if _told(directory, head, now, tell) else None


def end(begun: Begun, status: int, tell: Callable[[str], None]) -> None:
    """Writes how a launch ended."""
    now = time.time()
    said: dict[str, Field] = {
        "event": ENDED,
        "launch": begun.launch,
        "seconds": round(max(0.0, now - begun.began), 3),
        "status": status,
    }
    _told(begun.directory, said, now, tell)


def _told(
    directory: str, said: Mapping[str, Field], now: float, tell: Callable[[str], None]
) -> bool:
    try:
        append(directory, said, now)
    except OSError as error:
        what = f"{printable(str(error.filename or directory))}: {error.strerror or error}"
        tell(f"the log of launches cannot be written: {what}")
        return False
    return True


def append(directory: str, fields: Mapping[str, Field], now: float) -> None:
    """Adds a line with `fields` and the time `now`, in seconds since 1970. Raises OSError.

    The directory is made if it is missing.
    """
    lock = _opened(directory, HEAD)
    try:
        _lock(lock)
        head = _head(os.read(lock, 200))
        line = _line(head, fields, now)
        if len(line) > _MOST_LINE:
            raise OSError(EFBIG, "a line of the log would be too long", directory)
        file = _opened(directory, time.strftime("%Y-%m", time.gmtime(now)) + _SUFFIX)
        try:
            end = os.lseek(file, 0, 2)
            unfinished = _unfinished(file, end, head)
            if unfinished:
                head = Head(head.count + 1, _hash(unfinished))
                line = _line(head, fields, now)
            _write(file, line)
        finally:
            os.close(file)
        os.lseek(lock, 0, 0)
        _write(lock, b"%d %s\n" % (head.count + 1, _hash(line).encode()))
    finally:
        os.close(lock)


def months(directory: str) -> list[str]:
    """The files of the log, the oldest first."""
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(_SUFFIX))
    except FileNotFoundError:
        return []
    return [f"{directory}/{name}" for name in names]


def lines(path: str) -> Iterator[bytes]:
    """The lines of a file of the log, as they were written. Raises OSError."""
    with open(path, "rb") as file:
        yield from file


class Flaw(Value):
    """Something that is not as it was written: a file, a line of it (0: the file as a whole), and what."""

    file: str
    line: int
    what: str


def verify(directory: str) -> tuple[int, list[Flaw]]:
    """How many lines there are, and what is wrong with the chain that they are. Raises OSError."""
    import json

    before, count = _NOTHING, 0
    flaws: list[Flaw] = []
    for path in months(directory):
        if os.lstat(path).st_mode & 0o077:
            flaws.append(Flaw(path, 0, "others may read or write it"))
        for number, line in enumerate(lines(path), 1):
            try:
                entry = json.loads(line)
                previous, place = entry["prev"], entry["n"]
            except (ValueError, TypeError, KeyError):
                flaws.append(Flaw(path, number, "is no line of the log, or was changed"))
                before, count = _hash(line), count + 1
                continue
            if previous != before:
                removed = isinstance(place, int) and place > count + 1
                what = f"lines before it were removed: {place - count - 1}" if removed else _CHANGED
                flaws.append(Flaw(path, number, what))
            before, count = _hash(line), place if isinstance(place, int) else count + 1
    flaws += _flaws_of_head(f"{directory}/{HEAD}", Head(count, before))
    return count, flaws


def _flaws_of_head(path: str, last: Head) -> Iterator[Flaw]:
    """Whether the last lines are there. One more than was told is that of a launch that was killed."""
    try:
        with open(path, "rb") as file:
            head = _head(file.read(200))
    except FileNotFoundError:
        if last.count:
            yield Flaw(path, 0, "was removed: whether the last lines are there cannot be told")
        return
    if head.count > last.count:
        yield Flaw(path, 0, f"lines at the end were removed: {head.count - last.count}")
    elif head != last and head.count + 1 != last.count:
        yield Flaw(path, 0, "the last line is not the one that was written last")


def _line(head: Head, fields: Mapping[str, Field], now: float) -> bytes:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    known = {"time": f"{moment}.{int(now % 1 * 1000):03}Z", **fields, "prev": head.hash}
    return _START + f"{head.count + 1},{encoded(known)[1:]}\n".encode("ascii")


def encoded(value: Field) -> str:
    """A value as JSON, in ASCII. A byte of a name that is no UTF-8 becomes `\\udcXX`."""
    from _json import encode_basestring_ascii as quoted  # json costs 10 ms

    if isinstance(value, str):
        return str(quoted(value))
    if isinstance(value, (int, float)):
        return repr(value) if not isinstance(value, bool) else str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, tuple):
        return f"[{','.join(map(encoded, value))}]"
    return "{" + ",".join(f"{quoted(name)}:{encoded(each)}" for name, each in value.items()) + "}"


def _hash(line: bytes) -> str:
    try:
        from _blake2 import blake2b  # hashlib costs 3 ms
    except ImportError:
        from hashlib import blake2b
    digest: str = blake2b(line, digest_size=32).hexdigest()
    return digest


def _head(data: bytes) -> Head:
    count, _, last = decoded(data).strip().partition(" ")
    return Head(int(count), last) if count.isdecimal() and len(last) == 64 else Head(0, _NOTHING)


def _unfinished(file: int, end: int, head: Head) -> bytes:
    """The last line, if it was written by somebody who was killed before they told so; else nothing."""
    last = os.pread(file, _TAIL, max(0, end - _TAIL))[:-1].rpartition(b"\n")[2] + b"\n"
    return last if last.endswith(f'"prev":"{head.hash}"}}\n'.encode("ascii")) else b""


def _opened(directory: str, name: str) -> int:
    """A descriptor of one of the files, made if it is missing. Raises OSError where it is not ours alone."""
    path = f"{directory}/{name}"
    try:
        descriptor = os.open(path, _FLAGS, 0o600)
    except FileNotFoundError:
        from safehouse.sources import own_files

        own_files.make_directory(directory)
        descriptor = os.open(path, _FLAGS, 0o600)
    found = os.fstat(descriptor)
    if found.st_mode & ~0o700 != _REGULAR or found.st_uid != os.getuid():
        os.close(descriptor)
        raise OSError(EPERM, "is no file that only you can read", path)
    return descriptor


def _lock(descriptor: int) -> None:
    """Waits for the others that write a line just now, but not for ever. Raises BlockingIOError."""
    from fcntl import LOCK_EX, LOCK_NB, flock

    for _ in range(_MOST_TRIES):
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(_PAUSE)
    flock(descriptor, LOCK_EX | LOCK_NB)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
