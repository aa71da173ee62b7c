"""A filter of system calls: no typing into the terminal, and no keys of the caller's.

A process can put characters into the input of its controlling terminal (TIOCSTI, and TIOCLINUX's
paste), where the shell reads them after it. linux.md 1.6: a new session would prevent it, too, but
takes job control with it. And keyrings are in no namespace: a program has its caller's session keyring,
and by it the keys of Kerberos, of a mounted share or of a disk.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
import sys

# linux/audit.h, and the numbers of ioctl(2), and of add_key(2), request_key(2) and keyctl(2).
_ARCHITECTURES = {
    "x86_64": (0xC000003E, 16, (248, 249, 250)),
    "aarch64": (0xC00000B7, 29, (217, 218, 219)),
}
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # asm-generic/ioctls.h
_X32 = 0x40000000

_LOAD, _EQUAL, _NOT_BELOW, _RETURN = 0x20, 0x15, 0x35, 0x06
# struct seccomp_data: nr, arch, instruction pointer, args[6]; the low half of args[1].
_NUMBER, _ARCHITECTURE, _SECOND = 0, 4, 24
# What the filter ends with, in this order: SECCOMP_RET_ERRNO with EPERM or ENOSYS, SECCOMP_RET_ALLOW.
_ENDS = (0x00050001, 0x00050026, 0x7FFF0000)
_EPERM, _ENOSYS, _ALLOW = range(3)


def system_call_filter(machine: str = "") -> bytes:
    """The program in the kernel's format (an array of struct sock_filter), for `bwrap --seccomp`.

    Foreign architectures are refused (EPERM) and x32 does not exist (ENOSYS): their numbers are
    others. Neither do keyrings, which programs know from kernels without them. Gives b"" for a machine
    whose numbers are not known here.
    """
    known = _ARCHITECTURES.get(machine or os.uname().machine)
    if known is None:
        return b""
    architecture, ioctl, keys = known
    # Each with where it goes if it holds, and if not: an end, or None for the next one.
    steps = (
        (_LOAD, None, None, _ARCHITECTURE),
        (_EQUAL, None, _EPERM, architecture),
        (_LOAD, None, None, _NUMBER),
        (_NOT_BELOW, _ENOSYS, None, _X32),
        *((_EQUAL, _ENOSYS, None, number) for number in keys),
        (_EQUAL, None, _ALLOW, ioctl),
        (_LOAD, None, None, _SECOND),
        (_EQUAL, _EPERM, None, _TIOCSTI),
        (_EQUAL, _EPERM, _ALLOW, _TIOCLINUX),
    )
    program = []
    for place, (code, if_true, if_false, value) in enumerate(steps):
        jumps = (0 if end is None else len(steps) - place - 1 + end for end in (if_true, if_false))
        program.append((code, *jumps, value))
    program += [(_RETURN, 0, 0, value) for value in _ENDS]
    order = sys.byteorder
    return b"".join(
        code.to_bytes(2, order) + bytes((if_true, if_false)) + value.to_bytes(4, order)
        for code, if_true, if_false, value in program
    )
