"""What the machine answers: the one door by which a plan asks it, and a journal of the answers.

A plan is made from answers and nothing else. Where all questions of its journal have the same answer
again, it would be made again as it is; that is what a kept launch is believed for. So no time stamp
counts: a file is compared by what it says.
"""

from __future__ import annotations

import marshal
import posix as os  # os itself costs 1.3 ms of every launch
import sys
from errno import EINVAL, ENOENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Answer = Any  # a number, text, bytes or a tuple of these; an OSError is its number, negative
    Journal = dict[str, dict[Any, Answer]]

FORM, DIRECTORY, FILE, LINK = 0o170000, 0o040000, 0o100000, 0o120000
# Of the files that only hold a place for a mount; no one else makes such.
STUB_MODE = 0o444
STUB_TIME = 1  # seconds after 1970
_STARTED_WITH = "/proc/self/environ"  # what Python sets is not in there
# What Python sets LC_CTYPE to where the locale is C: https://peps.python.org/pep-0538/
_PYTHONS = ("C.UTF-8", "C.utf8", "UTF-8")
_DIGEST = 20  # bytes
_MARSHAL = 2  # a format that every Python reads
_MOST = 8 << 20  # Linux hands on at most 6 MB
_PART = 1 << 20
# Where two answers to one question differ, the plan was made from neither world.
_TORN = "torn"
_FEWEST_LISTED = 8  # for which a directory is listed, instead of asking for each

_journal: Journal | None = None


def record() -> Journal:
    """Starts a journal; what is asked from now on goes into it."""
    global _journal
    _journal = {}
    return _journal


def stop() -> None:
    """Ends the journal."""
    global _journal
    _journal = None


def is_whole(journal: Journal) -> bool:
    """Whether a plan can be kept by it."""
    return _TORN not in journal


def asked(name: str, question: Any) -> Answer:
    """The answer now, which goes into the journal; what was asked for it does not."""
    global _journal
    journal, _journal = _journal, None
    try:
        answer = ASK[name](question)
    finally:
        _journal = journal
    if journal is not None:
        _noted(journal, name, question, answer)
    return answer


def _noted(journal: Journal, name: str, question: Any, answer: Answer) -> None:
    if journal.setdefault(name, {}).setdefault(question, answer) != answer:
        journal[_TORN] = {}


def _refused(answer: Answer, path: str) -> Answer:
    """An answer; raises OSError for one that is an error."""
    if type(answer) is int and answer < 0:
        raise OSError(-answer, os.strerror(-answer), path)
    return answer


# The questions. Each gives an answer that marshal can write, and raises nothing.


def _form(path: str) -> Answer:
    try:
        return os.lstat(path).st_mode & FORM
    except OSError as error:
        return -(error.errno or EINVAL)


def _link(path: str) -> Answer:
    try:
        return os.readlink(path)
    except OSError as error:
        return -(error.errno or EINVAL)


def _names(path: str) -> Answer:
    try:
        return tuple(sorted(os.listdir(path)))
    except OSError as error:
        return -(error.errno or EINVAL)


def _look(question: tuple[str, bool]) -> Answer:
    path, follow = question
    try:
        found = os.stat(path) if follow else os.lstat(path)
    except OSError as error:
        return -(error.errno or EINVAL)
    # How many names a directory has changes with what is in it.
    names = found.st_nlink if found.st_mode & FORM != DIRECTORY else 0
    return found.st_mode, found.st_uid, found.st_gid, names


def _access(question: tuple[str, int]) -> Answer:
    return os.access(*question)


def _frozen(path: str) -> Answer:
    """Whether what lies there is on a file system that is mounted read-only."""
    try:
        return not os.access(path, os.W_OK) and bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _number(path: str) -> Answer:
    """What a directory is known by: see directory.identity."""
    try:
        found = os.stat(path)
    except OSError as error:
        return -(error.errno or EINVAL)
    birth = getattr(found, "st_birthtime", None)  # macOS
    if birth is not None:
        return f"{found.st_ino}-{birth:.6f}"
    from safehouse.birth import of

    return f"{found.st_ino}-{of(path)}"


def _content(question: tuple[str, int, bool]) -> Answer:
    data = _bytes(*question)
    return data if isinstance(data, int) else digest(data)


def _bytes(path: str, most: int, follow: bool) -> bytes | int:
    """At most `most` bytes of a regular file; the number of an error, negative."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    except OSError as error:
        return -(error.errno or EINVAL)
    try:
        if os.fstat(descriptor).st_mode & FORM != FILE:
            return -EINVAL
        parts: list[bytes] = []
        while most > 0:
            part = os.read(descriptor, min(most, _PART))
            if not part:
                break
            parts.append(part)
            most -= len(part)
        return b"".join(parts)
    except OSError as error:
        return -(error.errno or EINVAL)
    finally:
        os.close(descriptor)


def _stub(question: tuple[str, str]) -> Answer:
    """Whether a stub lies at a path, made as the other word says."""
    path, create = question
    content = create.partition(":")[2].encode()
    try:
        found = os.lstat(path)
        if create == "directory":  # by its look only: whoever finds it empty holds it as well
            return found.st_mode == 0o040700 and not os.listdir(path)
        shape = (STUB_MODE | FILE, len(content), STUB_TIME)
        if (found.st_mode, found.st_size, int(found.st_mtime)) != shape:
            return False
        with open(path, "rb") as file:
            return file.read(len(content)) == content
    except FileNotFoundError:
        return True  # it was there a moment ago: its last user has removed it
    except OSError:
        return False


def _home(who: int | str) -> Answer:
    import pwd

    try:
        return (pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)).pw_dir
    except (KeyError, ValueError):
        return ""


def _groups(_: int) -> Answer:
    return os.getgid(), *os.getgroups()


def _place(number: int) -> Answer:
    try:
        return os.confstr(number) or ""
    except (OSError, ValueError):
        return ""


def _stored(path: str) -> Answer:
    """How the volume spells a path, on a Mac."""
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return path
    try:
        answer = fcntl.fcntl(descriptor, 50, bytes(1024))  # F_GETPATH: sys/fcntl.h
    except OSError:
        return path
    finally:
        os.close(descriptor)
    return decoded(answer.partition(b"\0")[0]) or path


ASK: dict[str, Callable[[Any], Answer]] = {
    "form": _form, "link": _link, "names": _names, "look": _look, "access": _access,
    "number": _number, "content": _content, "home": _home, "groups": _groups, "place": _place,
    "stored": _stored, "stub": _stub, "frozen": _frozen,
}  # fmt: skip


# The same for whoever plans.


def form(path: str) -> int:
    """What lies at a path, itself: the bits of its mode that tell. Raises OSError."""
    answer: int = _refused(asked("form", path), path)
    return answer


def readlink(path: str) -> str:
    """What a link says. Raises OSError."""
    answer: str = _refused(asked("link", path), path)
    return answer


def listdir(path: str) -> list[str]:
    """The names in a directory, sorted. Raises OSError."""
    return list(_refused(asked("names", path), path))


class Look:
    """Mode, owner, group and, but for directories, number of names, as os.stat calls them."""

    def __init__(self, answer: tuple[int, int, int, int]) -> None:
        self.st_mode, self.st_uid, self.st_gid, self.st_nlink = answer


def lstat(path: str) -> Look:
    """Of what lies at a path, itself. Raises OSError."""
    return Look(_refused(asked("look", (path, False)), path))


def stat(path: str) -> Look:
    """Of what a path leads to. Raises OSError."""
    return Look(_refused(asked("look", (path, True)), path))


def access(path: str, how: int) -> bool:
    """What access(2) says."""
    return bool(asked("access", (path, how)))


def number(path: str) -> str:
    """What a directory is known by when another takes its name. Raises OSError."""
    answer: str = _refused(asked("number", path), path)
    return answer


def read(path: str, most: int, follow: bool = True) -> bytes:
    """At most `most` bytes of a regular file. Raises OSError; EINVAL for what is no such file."""
    data = _bytes(path, most, follow)
    if _journal is not None:
        answer = data if isinstance(data, int) else digest(data)
        _noted(_journal, "content", (path, most, follow), answer)
    found: bytes = _refused(data, path)
    return found


def home_of(who: int | str) -> str:
    """The home that the system has for a user, by number or name; "" where it knows none."""
    answer: str = asked("home", who)
    return answer


def groups() -> tuple[int, ...]:
    """The groups of this process."""
    answer: tuple[int, ...] = asked("groups", 0)
    return answer


def place(number: int) -> str:
    """A directory that confstr(3) names; "" for none."""
    answer: str = asked("place", number)
    return answer


def stored(path: str) -> str:
    """`path` as the volume of a Mac spells it."""
    answer: str = asked("stored", path)
    return answer


def same(journal: Journal) -> bool:
    """Whether every question of a journal has the same answer now."""
    lstat = os.lstat
    try:  # most of them
        for path in journal.get("plain", {}):
            if lstat(path).st_mode & FORM == LINK:
                return False
        for path, form in journal.get("there", {}).items():
            if lstat(path).st_mode & FORM != form:
                return False
    except OSError:
        return False
    for directory, names in journal.get("missing", {}).items():
        if not _all_missing(directory, names):
            return False
    for name, answers in journal.items():
        if name in ASK:
            ask = ASK[name]
            for question, answer in answers.items():
                if ask(question) != answer:
                    return False
    return True


def _all_missing(directory: str, names: tuple[str, ...]) -> bool:
    """Whether there is none of some names in a directory."""
    if len(names) >= _FEWEST_LISTED:
        try:
            there = "\0".join(os.listdir(directory))
        except OSError:
            there = "\u0100"
        # Where names are folded, a file is found by others than its own; in ASCII by their case only.
        known = set(there.lower().split("\0"))
        if there.isascii() and known.isdisjoint(map(str.lower, names)):
            return True
    return all(_form(f"{directory}/{name}") == -ENOENT for name in names)


class Variables(dict):  # type: ignore[type-arg]
    """An environment that notes which variables are asked for. Going through `items` is not noted."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


def environment() -> dict[str, str]:
    """The caller's environment, without an LC_CTYPE that only our Python has made."""
    loaded = sys.modules.get("os")
    found: Iterable[tuple[Any, Any]] = (loaded or os).environ.items()
    values = {name if loaded else decoded(name): v if loaded else decoded(v) for name, v in found}
    if values.get("LC_CTYPE") in _PYTHONS:
        started_with = _bytes(_STARTED_WITH, _MOST, False)
        if isinstance(started_with, bytes):  # on Linux
            del values["LC_CTYPE"]
            for entry in started_with.split(b"\0"):
                if entry.startswith(b"LC_CTYPE="):
                    values["LC_CTYPE"] = decoded(entry.partition(b"=")[2])
    return values if _journal is None else Variables(values)


def digest(data: bytes, salt: bytes = b"") -> bytes:
    """_DIGEST bytes that stand for any number of them."""
    try:
        from _blake2 import blake2b  # hashlib costs 3 ms
    except ImportError:
        from hashlib import blake2b
    answer: bytes = blake2b(data, digest_size=_DIGEST, salt=salt).digest()
    return answer


def packed(value: object) -> bytes:
    """A value of tuples, lists, dictionaries, text and numbers, for `unpacked`."""
    data = marshal.dumps(value, _MARSHAL)  # type: ignore[arg-type]
    return digest(data) + data


def unpacked(data: bytes) -> Any:
    """The value that was packed; None for anything else, for which marshal could take all memory."""
    value = data[_DIGEST:]
    return marshal.loads(value) if digest(value) == data[:_DIGEST] else None


def encoded(text: str) -> bytes:
    """The bytes that the kernel gets for a text of ours."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """The text for bytes of the kernel's."""
    return data.decode("utf-8", "surrogateescape")
