"""The kernel's notifications of system calls: a filter that tells another process, and decides nothing.

seccomp_unotify(2). Whoever listens lets every call go on (CONTINUE): what a program may do is decided by
the mounts, as ever. So it does not matter that what was read of a call can change before it is made.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from errno import EAGAIN, EINTR, ENOENT
from fcntl import ioctl

from safehouse.backends import calls
from safehouse.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ARCHITECTURES = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}  # and seccomp(2)
_SET_FILTER, _ACTION_AVAILABLE = 1, 2
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_NOTIFY, _ALLOW = 0x7FC00000, 0x7FFF0000
_RECEIVE, _SEND, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102
_CONTINUE_SINCE = (5, 5)
# With it a signal does not interrupt a call that is being told. It is older, but until then a call whose
# answer and a signal come together could wait for good.
_KILLABLE_SINCE = (6, 17)
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_PR_SET_NO_NEW_PRIVS = 38
MOST_PATH = 4096
_PAGE = 4096
_USUAL_PATH = 256  # most are no longer
_NOTHING = bytes(80)
# struct seccomp_notif: id, pid, flags; and seccomp_data: nr, arch, instruction pointer, args.
_NOTICE = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")  # struct seccomp_notif_resp
_ONE = struct.Struct("=Q")

if TYPE_CHECKING:
    # One system call that waits: its number for the kernel, the thread, 0, the number of the call,
    # the processor, where in the program, and six arguments.
    Notice = tuple[int, ...]
COOKIE, THREAD, CALL, ARGUMENTS = 0, 1, 3, 6


class _Part(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


_LIBRARY = ctypes.CDLL(None, use_errno=True)
_LIBRARY.process_vm_readv.restype = ctypes.c_ssize_t


def refuse_unavailable() -> None:
    """Raises UserError where this system cannot tell of system calls."""
    machine = os.uname().machine
    why = ""
    if machine not in _ARCHITECTURES:
        why = f"the numbers of {machine}'s system calls are not known"
    elif _release() < _CONTINUE_SINCE:
        why = f"this kernel is {os.uname().release}, and that takes Linux 5.5"
    else:
        action = ctypes.c_uint32(_NOTIFY)
        if _seccomp(_ACTION_AVAILABLE, 0, ctypes.byref(action)) != 0:
            why = "this kernel does not tell of system calls (seccomp, user notification)"
    if why:
        raise UserError(
            f"denials cannot be recorded here: {why}",
            "leave --denials out; --denials=no, where config.yaml says it",
        )


def _release() -> tuple[int, ...]:
    words = os.uname().release.replace("-", ".").split(".")
    return tuple(int(word) if word.isdigit() else 0 for word in words[:2])


def install() -> int:
    """Has the calls of this process, and of all that it starts, told to who has the descriptor given back.

    Raises OSError where the kernel refuses.
    """
    program = notifying(os.uname().machine)
    code = ctypes.create_string_buffer(program, len(program))
    filter = _Program(len(program) // 8, ctypes.addressof(code))
    if _LIBRARY.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    flags = _NEW_LISTENER | (_WAIT_KILLABLE if _release() >= _KILLABLE_SINCE else 0)
    found = _seccomp(_SET_FILTER, flags, ctypes.byref(filter))
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found


def _seccomp(operation: int, flags: int, words: object) -> int:
    number = _ARCHITECTURES[os.uname().machine][1]
    answer: int = _LIBRARY.syscall(number, operation, flags, words)
    return answer


def notifying(machine: str) -> bytes:
    """The filter in the kernel's format: an array of struct sock_filter."""
    architecture, _ = _ARCHITECTURES[machine]
    numbers = sorted(calls.of(machine))
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, len(numbers) + 1, architecture),  # others are refused by another filter
        (_LOAD, 0, 0, 0),
    ]
    for place, number in enumerate(numbers):
        steps.append((_EQUAL, len(numbers) - place, 0, number))
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _NOTIFY)]
    return b"".join(
        code.to_bytes(2, sys.byteorder) + bytes((yes, no)) + value.to_bytes(4, sys.byteorder)
        for code, yes, no, value in steps
    )


class Listener:
    """Hears of the calls, and lets each go on."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._notice = bytearray(80)
        self._buffer = ctypes.create_string_buffer(MOST_PATH)
        self._local = _Part(ctypes.addressof(self._buffer), MOST_PATH)
        self._remote = (_Part * 2)()
        self._words = (
            ctypes.byref(self._local), ctypes.c_ulong(1), ctypes.byref(self._remote),
        )  # fmt: skip

    def next(self) -> Notice | None:
        """The next call; None where it was given up meanwhile. It blocks."""
        self._notice[:] = _NOTHING
        try:
            ioctl(self.descriptor, _RECEIVE, self._notice, True)
        except OSError as error:
            if error.errno in (ENOENT, EINTR, EAGAIN):
                return None
            raise
        return _NOTICE.unpack(self._notice)

    def is_valid(self, notice: Notice) -> bool:
        """Whether it waits still: what was read of its process before is of that process."""
        try:
            ioctl(self.descriptor, _IS_VALID, _ONE.pack(notice[COOKIE]))
        except OSError:
            return False
        return True

    def go_on(self, notice: Notice) -> None:
        """Lets the call be made as if nobody had heard of it."""
        try:
            ioctl(self.descriptor, _SEND, _ANSWER.pack(notice[COOKIE], 0, 0, 1))
        except OSError as error:
            if error.errno not in (ENOENT, EINTR):
                raise

    def memory(self, thread: int, address: int, most: int = MOST_PATH) -> bytes:
        """What lies at an address of a process, as much of it as can be read. Raises OSError.

        Two parts, so that a page behind it that is not there does no harm.
        """
        first = min(most, _PAGE - address % _PAGE)
        here, behind = self._remote
        here.base, here.length = address, first
        behind.base, behind.length = address + first, most - first
        local, one, remote = self._words
        parts = 2 if most > first else 1
        size = _LIBRARY.process_vm_readv(thread, local, one, remote, parts, 0)
        if size < 0:
            raise OSError(ctypes.get_errno(), "process_vm_readv")
        return ctypes.string_at(self._buffer, size)

    def text(self, thread: int, address: int) -> bytes:
        """The bytes at an address up to the first zero. Raises OSError."""
        data = self.memory(thread, address, _USUAL_PATH)
        end = data.find(b"\0")
        if end < 0 and len(data) == _USUAL_PATH:
            data = self.memory(thread, address)
            end = data.find(b"\0")
        return data[:end] if end >= 0 else data


def addresses(family: int, data: bytes) -> Iterable[str]:
    """What an address of a socket says: a path, or `host:port`; nothing for any other."""
    import _socket as socket

    if family == socket.AF_UNIX:
        name = data[2:].partition(b"\0")[0]
        if name:
            yield os.fsdecode(name)
    elif family == socket.AF_INET and len(data) >= 8:
        port = int.from_bytes(data[2:4], "big")
        yield f"{socket.inet_ntop(family, data[4:8])}:{port}"
    elif family == socket.AF_INET6 and len(data) >= 24:
        port = int.from_bytes(data[2:4], "big")
        yield f"[{socket.inet_ntop(family, data[8:24])}]:{port}"
