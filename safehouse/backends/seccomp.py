"""A filter of system calls that keeps a program from typing into its terminal.

A process can put characters into the input of its controlling terminal (TIOCSTI, and TIOCLINUX's
paste), where the shell reads them after it. linux.md 1.6: a new session would prevent it, too, but
takes job control with it.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
import sys

# linux/audit.h, and the number of ioctl(2) of the architecture.
_ARCHITECTURES = {"x86_64": (0xC000003E, 16), "aarch64": (0xC00000B7, 29)}
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # asm-generic/ioctls.h
_X32 = 0x40000000
_EPERM, _ENOSYS = 1, 38
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

_LOAD, _EQUAL, _GREATER, _RETURN = 0x20, 0x15, 0x35, 0x06
# struct seccomp_data: nr, arch, instruction pointer, args[6]; the low half of args[1].
_NUMBER, _ARCHITECTURE, _SECOND = 0, 4, 24


def terminal_filter(machine: str = "") -> bytes:
    """The program in the kernel's format (an array of struct sock_filter), for `bwrap --seccomp`.

    Foreign architectures are refused (EPERM) and x32 does not exist (ENOSYS): their numbers of
    ioctl are others. Gives b"" for a machine whose numbers are not known here.
    """
    known = _ARCHITECTURES.get(machine or os.uname().machine)
    if known is None:
        return b""
    architecture, ioctl = known
    program = (
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
        (_EQUAL, 0, 4, ioctl),
        (_LOAD, 0, 0, _SECOND),
        (_EQUAL, 1, 0, _TIOCSTI),
        (_EQUAL, 0, 1, _TIOCLINUX),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    )
    order = sys.byteorder
    return b"".join(
        code.to_bytes(2, order) + bytes((if_true, if_false)) + value.to_bytes(4, order)
        for code, if_true, if_false, value in program
    )
