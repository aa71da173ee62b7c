"""When a file was made: Linux tells it by statx(2), which Python has from 3.15 on."""

from __future__ import annotations

import _ctypes
import sys

_AT_FDCWD = -100
_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BTIME = 0x800
# struct statx (linux/stat.h): stx_mask at 0, stx_btime at 80 as seconds (8 bytes), nanoseconds (4).
_SIZE, _MASK, _BIRTH = 256, 0, 80


class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "i"


class _Byte(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "B"


class _Buffer(_ctypes.Array):  # type: ignore[type-arg]
    _type_ = _Byte
    _length_ = _SIZE


class _Function(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL
    _restype_ = _Int


def of(path: str) -> str:
    """`seconds.nanoseconds`, "" where the C library or the file system does not say it."""
    try:
        address = _ctypes.dlsym(_ctypes.dlopen(None, 0), "statx")  # type: ignore[arg-type]
    except OSError:
        return ""
    buffer = _Buffer()
    flags = _Int(_AT_SYMLINK_NOFOLLOW), _Int(_STATX_BTIME)
    if (
        _Function(address)(_Int(_AT_FDCWD), path.encode("utf-8", "surrogateescape"), *flags, buffer)
        != 0
    ):
        return ""
    data = bytes(buffer)
    seconds = _number(data, _BIRTH, 8)
    if not seconds or not _number(data, _MASK, 4) & _STATX_BTIME:
        return ""
    return f"{seconds}.{_number(data, _BIRTH + 8, 4):09}"


def _number(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(data[start : start + size], sys.byteorder)
