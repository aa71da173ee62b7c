"""What bwrap tells of the sandbox that it makes, and the mark by which we know one of ours."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

# In the root of our own mount namespace, where no file of a confined program's can be, nor outside
# a file of an ordinary user's.
MARK = "/.safehouse-sandbox"
_SHORTEST, _SHORT = 0.0015, 0.0002  # seconds: none is made in less, and how often one looks
_LONGEST_END = 10_000  # milliseconds


class Report:
    """What bwrap writes to its status descriptor: the process that it started, and its end."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._text = b""
        self._handle = -1

    def close(self) -> None:
        """Lets go of what it holds."""
        for descriptor in (self._descriptor, self._handle):
            if descriptor >= 0:
                os.close(descriptor)

    def _first(self) -> int:
        """The sandbox's first process, 0 before there is one; from here on it is held by a handle."""
        first = _number(self._read(), b'"child-pid"')
        if first and self._handle < 0:
            try:
                self._handle = os.pidfd_open(first)
            except OSError:  # it has ended, or this is not to be had here
                pass
        return first

    def kill(self, lives: bool = False) -> None:
        """Kills the sandbox's first process, and with it all others, and waits for their end.

        `lives` says that it is known not to have ended, so that nobody else has its number.
        """
        import _signal as signals

        first = self._first()
        try:
            if self._handle >= 0:
                signals.pidfd_send_signal(self._handle, signals.SIGKILL)
            elif first and (lives or is_mark(f"/proc/{first}/root{MARK}")):
                os.kill(first, signals.SIGKILL)
        except ProcessLookupError:
            return
        self.wait_for_the_last()

    def _read(self) -> bytes:
        while True:
            try:
                more = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return self._text
            if not more:
                return self._text
            self._text += more

    def program(self) -> int:
        """The process of the confined program as seen from here, 0 before there is one."""
        first = _number(self._read(), b'"child-pid"')
        try:
            with open(f"/proc/{first}/task/{first}/children", encoding="ascii") as file:
                return int((file.read().split() or ["0"])[0])
        except (OSError, ValueError):
            return 0

    def wait_for_the_first(self, child: int) -> None:
        """Waits until the sandbox's first process is held by a handle, or `child`, bwrap, has ended."""
        from time import sleep

        while not self._first() and not has_ended(child):
            sleep(_SHORT)

    def wait_for_the_mounts(self, child: int) -> int:
        """The sandbox's first process, when all is mounted there; 0 if `child`, bwrap, has ended."""
        from time import sleep

        sleep(_SHORTEST)
        while not has_ended(child):
            first = self._first()
            if first and is_mark(f"/proc/{first}/root{MARK}"):
                return first
            sleep(_SHORT)
        return 0

    def wait_for_the_last(self) -> bool:
        """Waits until no process of the sandbox is left; whether that is sure.

        bwrap ends with the program, a moment before those that it left behind: to them a stub that
        is removed would be one that they can replace.
        """
        first = self._first()
        if not first:
            return True
        if self._handle < 0:
            try:
                os.kill(first, 0)
            except ProcessLookupError:
                return True
            return False
        import select

        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        return bool(poll.poll(_LONGEST_END))

    def started(self) -> bool:
        """Whether the program was executed: bwrap tells its exit status only then."""
        return b'"exit-code"' in self._read()


def _number(text: bytes, key: bytes) -> int:
    digits = text.partition(key)[2].lstrip(b": ")
    end = 0
    while digits[end : end + 1].isdigit():
        end += 1
    return int(digits[:end] or b"0")


def is_mark(path: str) -> bool:
    """Whether our mark lies at a path."""
    try:
        return os.readlink(path) == "safehouse" and os.lstat(path).st_uid in (0, os.getuid())
    except OSError:
        return False


def has_ended(child: int) -> bool:
    """Whether a child of ours has, which stays to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def asleep(user: int) -> tuple[int, ...]:
    """The processes of sandboxes that wait for good, since their safehouse was killed at their start.

    The options are those that bubblewrap.py gives; who waits still has them, and no parent but the
    system's first process, or what collects orphans for it.
    """
    options = (b"bwrap", b"--json-status-fd", b"--block-fd", b"--sync-fd")
    found = []
    for name in os.listdir("/proc"):
        try:
            if not name.isdigit() or os.stat(f"/proc/{name}").st_uid != user:
                continue
            words = _whole(f"/proc/{name}/cmdline").split(b"\0")
            if words[0] == options[0] and all(option in words for option in options):
                status = _whole(f"/proc/{name}/stat")
                parent = int(status.rpartition(b")")[2].split()[1])
                if parent == 1 or _whole(f"/proc/{parent}/comm").startswith((b"systemd", b"init")):
                    found.append(int(name))
        except (OSError, ValueError, IndexError):
            continue
    return tuple(found)


def _whole(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
