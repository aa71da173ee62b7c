"""What is made of the system calls that are told: which are of files that the program does not get.

The confined program chooses what is heard here: nothing of it is opened, and how much is kept is bounded.
"""

from __future__ import annotations

import _socket as socket  # socket itself costs 8 ms
import marshal
import os
import select
import sys
from stat import S_ISLNK

from safehouse.backends import calls, listener
from safehouse.backends.base import BUSY, CLOSED, HIDDEN, OWN, READ_ONLY, YOURS
from safehouse.backends.listener import ARGUMENTS, CALL, THREAD
from safehouse.errors import UserError
from safehouse.facts import decoded
from safehouse.files import ancestors
from safehouse.policy.policy import NONE, Access
from safehouse.policy.words import QUESTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safehouse.backends.base import Reach, View
    from safehouse.backends.listener import Listener, Notice
    from safehouse.backends.pulse import Pulse
    from safehouse.host import Host
    from safehouse.near import NearFiles
    from safehouse.policy.policy import Policy

    Key = tuple[str, str]
    New = tuple[Key, str, bool, str]  # and the word, whether a link is followed, the program

MOST_KEPT = 10_000
_MOST_KNOWN = 50_000
_AT_FDCWD = -100
_NOFOLLOW, _ONLY_PATH = 0x100, 0o10000000
_WRITES, _TRUNCATES, _CREATES = 0o3, 0o1000, 0o100
_CONFINED = (HIDDEN, CLOSED, READ_ONLY, BUSY)
_LOOKS = ("stat", "readlink")
_READING = (*_LOOKS, "read", "exec")
_OF_NAMES = ("create", "delete", "rename", "readlink")
# Of an open: to read what is there or make it; to write to what is there, and to make nothing.
_IF_THERE, _OVERWRITE = "read or create", "overwrite"
_MAKING = ("write", "create")
_DROPPED: Key = ("", "")


class Seeing:
    """How attempts end, by the planned mounts; with one memory of files that does not grow for ever."""

    def __init__(
        self, policy: Policy, host: Host, view: Callable[[], tuple[View, NearFiles]]
    ) -> None:
        self.network_is_closed = policy.network == NONE
        self._home = host.home
        self._cwd = policy.directory
        self._new_view = view
        self._asked = 0
        self._look_anew()

    def _look_anew(self) -> None:
        self.view, self._files = self._new_view()
        self._inner = self.view.inner("/")
        self._plain: dict[str, Reach | None] = {}

    def is_plain(self, word: str, path: str) -> bool:
        """Whether a path is surely open for it: an entry of a directory that is, which nothing lies over."""
        directory, _, name = path.rpartition("/")
        if name in ("", ".", "..") or path in self._inner:
            return False
        if directory not in self._plain:
            if len(self._plain) > _MOST_KNOWN:
                self._look_anew()
            self._plain[directory] = self._reach(directory)
        reach = self._plain[directory]
        if reach is None or (word not in _READING and reach != "read-write"):
            return False
        try:
            return word == "readlink" or not S_ISLNK(self._files.look(path).st_mode)
        except FileNotFoundError:
            return word in _READING or reach == "read-write"
        except OSError:  # one of its directories is a link now, say
            return False

    def _reach(self, directory: str) -> Reach | None:
        """What can be done with the entries of a directory; None where that has to be asked for each."""
        if f"{directory}/" != f"{os.path.normpath(directory)}/" or self._files.is_far(directory):
            return None
        seen = self.view.see(Access("file-read-metadata", directory, "path"), directory, True)
        if seen is None or seen.error or seen.owner != YOURS or seen.real != directory:
            return None
        found = self.view.reach(directory)
        return found if found in ("read-only", "read-write") else None

    def tried(self, word: str, path: str) -> tuple[str, str]:
        """The word for what a call does, by what lies there now, and where that is: without links."""
        follow = word not in (*_OF_NAMES, calls.MAKE)
        real = self._real(path, follow)
        if word == calls.MAKE:
            word = "create"
        elif word == calls.REPLACE:
            word = "rename" if self._is_there(real) else "create"
        elif word == _IF_THERE:
            word = "read" if self._is_there(real) else "create"
        elif word == _OVERWRITE:
            word = "write" if self._is_there(real) else "read"  # what is not there is not made
        return word, real

    def _real(self, path: str, follow: bool) -> str:
        above, _, name = path.rstrip("/").rpartition("/")
        if follow or name in ("", ".", ".."):
            return self._files.resolve_anew(path).real
        return f"{self._files.resolve_anew(above or '/').real.rstrip('/')}/{name}"

    def _is_there(self, real: str) -> bool:
        """Whether something lies there, as far as that is looked at."""
        try:
            self._files.look(real)
        except OSError:
            return self._files.is_far(real)
        return True

    def is_refused(self, word: str, path: str, real: str, follow: bool) -> bool:
        """Whether the confinement keeps an attempt from what it is for."""
        if self._files.is_far(real):  # by what is mounted in there, without a look
            reach = self.view.reach(real)
            return reach != "read-write" and (reach != "read-only" or word not in _READING)
        if word not in _MAKING and not self._is_there(real):
            return False  # nor is it there outside
        self._asked += 1
        if self._asked % _MOST_KNOWN == 0:
            self._look_anew()
        operation = QUESTIONS.get(word, word)
        seen = self.view.see(Access(operation, path, "path"), path, follow)
        if seen is None or seen.obstacle in _CONFINED:
            return seen is not None
        if seen.error or seen.owner != OWN or not _lies_in(seen.path, self._home):
            return False
        if word in ("read", "write") and seen.real == path:
            # A directory with only the way to what is granted in it.
            around = (self._home, self._cwd)
            if any(path == each or path in ancestors(each) for each in around):
                return False
            return word == "write" or self._files.kind(path) == "directory"
        return word not in ("exec", "connect", *_LOOKS, "read")


def _lies_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory + "/")


class Hearing:
    """What was heard, and what of it is kept."""

    def __init__(self, ear: Listener, seeing: Seeing, pulse: Pulse) -> None:
        machine = os.uname().machine
        self._pulse = pulse
        self._ear = ear
        self._seeing = seeing
        self._calls = calls.of(machine)
        self._execute = calls.EXECUTE[machine]
        self._executed = 0
        self._namespace = 0
        self._known: dict[Key, Key] = {}
        self._kept: dict[Key, list[int | str]] = {}
        self._more = 0
        self._unread = 0

    def until(self, control: int) -> None:
        """Listens until nobody is left who makes calls, or the other end of `control` is closed."""
        poll = select.poll()
        poll.register(self._ear.descriptor, select.POLLIN)
        poll.register(control, select.POLLIN)
        while True:
            for descriptor, event in poll.poll():
                if descriptor == control or not event & select.POLLIN:
                    return
            notice = self._ear.next()
            if notice is not None:
                self._pulse.begin()
                self._hear(notice)
                self._pulse.end()

    def told(self) -> bytes:
        """What is kept, for the parent."""
        rows = [
            (word, path, program, count) for (word, path), (count, program) in self._kept.items()
        ]
        flaw = ""
        if self._unread:
            flaw = f"of {self._unread} attempts the path could not be read: ptrace is restricted"
        return marshal.dumps((rows, self._more, flaw))

    def _hear(self, notice: Notice) -> None:
        """Takes down a call. What can be looked at later is, so that it waits for as little as can be."""
        new: list[New] = []
        try:
            if self._has_begun(notice):
                new = list(self._news(notice))
        except (OSError, ValueError):
            self._unread += 1
        finally:
            self._ear.go_on(notice)
        for each in new:
            try:
                self._consider(*each)
            except (OSError, ValueError, UserError):
                self._unread += 1

    def _has_begun(self, notice: Notice) -> bool:
        """Whether all is mounted: the first program is bubblewrap itself, the second the confined one."""
        if self._executed < 2 and notice[CALL] in self._execute:
            self._executed += 1
            if self._executed == 2:
                self._namespace = _namespace(notice[THREAD])
        return self._executed == 2

    def _news(self, notice: Notice) -> Iterator[New]:
        call = self._calls[notice[CALL]]
        flags = notice[ARGUMENTS + call.flags] if call.flags >= 0 else 0
        for named in call.paths:
            try:
                key = self._named(notice, named, call, flags)
            except OSError:
                self._unread += 1
                continue
            if key is None:
                continue
            known = self._known.get(key)
            if known is None:
                if key[1][:1] == "/" and self._seeing.is_plain(*key):
                    continue
                if not self._ear.is_valid(notice):
                    continue
                if _namespace(notice[THREAD]) == self._namespace:  # not a sandbox in this one
                    follow = not (flags & _NOFOLLOW and key[0] == "stat")
                    yield key, key[0] if follow else "readlink", follow, _program(notice[THREAD])
            elif known is not _DROPPED:
                self._kept[known][0] += 1  # type: ignore[operator]

    def _named(
        self, notice: Notice, named: calls.Named, call: calls.Call, flags: int
    ) -> Key | None:
        """What is asked for: a word and a target in full; None where that is of no concern."""
        address = notice[ARGUMENTS + named.path]
        word = named.word
        if not address:
            return None
        if word in (calls.CONNECT, calls.BIND):
            return self._of_socket(notice, word, address, flags)
        data = self._ear.text(notice[THREAD], address)
        if not data:
            return None  # of a descriptor
        if word == calls.OPEN:
            if call.indirect:
                flags = int.from_bytes(self._ear.memory(notice[THREAD], flags, 8), sys.byteorder)
            word = _opened(flags)
        directory = notice[ARGUMENTS + named.directory] if named.directory >= 0 else _AT_FDCWD
        return self._in_full(notice[THREAD], word, decoded(data), directory)

    def _of_socket(self, notice: Notice, word: str, address: int, length: int) -> Key | None:
        data = self._ear.memory(notice[THREAD], address, max(2, min(length, 128)))
        family = int.from_bytes(data[:2], sys.byteorder)
        for target in listener.addresses(family, data):
            if family == socket.AF_UNIX:
                done = "connect" if word == calls.CONNECT else "create"
                return self._in_full(notice[THREAD], done, target, _AT_FDCWD)
            if word == calls.CONNECT and self._seeing.network_is_closed:
                return "connect", target
        return None

    def _in_full(self, thread: int, word: str, path: str, directory: int) -> Key | None:
        if path[0] != "/":
            number = directory & 0xFFFFFFFF
            fixed = number if number < 1 << 31 else _AT_FDCWD
            place = "cwd" if fixed == _AT_FDCWD else f"fd/{fixed}"
            above = os.readlink(f"/proc/{thread}/{place}")
            if above[:1] != "/":
                return None
            path = f"{above.rstrip('/')}/{path}"
        return word, _plainly(path)

    def _consider(self, key: Key, word: str, follow: bool, program: str) -> None:
        """Keeps what is refused."""
        _, path = key
        if len(self._known) >= _MOST_KNOWN:
            kept_ones = {k: known for k, known in self._known.items() if known is not _DROPPED}
            # Else there would soon be as many again.
            self._known = kept_ones if len(kept_ones) < _MOST_KNOWN // 2 else {}
        if word == calls.MAKE:  # a slash says that it is a directory that was to be made
            path = path.rstrip("/") + "/"
        if path[:1] == "/":
            try:
                word, real = self._seeing.tried(word, path)
            except UserError:  # links in a circle
                real = ""
            follow = follow and word not in _OF_NAMES
            if not real or not self._seeing.is_refused(word, path, real, follow):
                self._known[key] = _DROPPED
                return
        kept = (word, path)
        if kept in self._kept:
            self._kept[kept][0] += 1  # type: ignore[operator]
        elif len(self._kept) < MOST_KEPT:
            self._kept[kept] = [1, program]
        else:
            self._more += 1
            return
        self._known[key] = kept


def _plainly(path: str) -> str:
    """A path without what says nothing, so that one thing does not have any number of names."""
    if "//" in path or "/./" in path or path[-2:] == "/.":
        ends = path.endswith(("/", "/."))
        names = [name for name in path.split("/") if name not in ("", ".")]
        path = f"/{'/'.join(names)}/" if names and ends else f"/{'/'.join(names)}"
    return path


def _opened(flags: int) -> str:
    """What an open is for."""
    if flags & _ONLY_PATH:
        return "stat"
    if flags & (_WRITES | _TRUNCATES):
        return "write" if flags & _CREATES else _OVERWRITE
    return _IF_THERE if flags & _CREATES else "read"


def _namespace(thread: int) -> int:
    """The mounts that a thread sees, by their number."""
    return os.stat(f"/proc/{thread}/ns/mnt").st_ino


def _program(thread: int) -> str:
    """The name of the program that a thread is of."""
    try:
        with open(f"/proc/{thread}/comm", "rb") as file:
            return decoded(file.read(64).rstrip(b"\n"))
    except OSError:
        return ""
