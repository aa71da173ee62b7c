"""How long one process has been at one thing, for another that shares this memory with it."""

from __future__ import annotations

import mmap
import struct
import time

_WHEN = struct.Struct("=d")


class Pulse:
    """One process says when it begins and ends something; the other, after a fork, asks."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _WHEN.size)

    def begin(self) -> None:
        """Something begins that must end soon."""
        _WHEN.pack_into(self._memory, 0, time.monotonic())

    def end(self) -> None:
        """It has ended."""
        _WHEN.pack_into(self._memory, 0, 0.0)

    def seconds(self) -> float:
        """For how long it has been at it; 0 while it is at nothing."""
        (begun,) = _WHEN.unpack_from(self._memory, 0)
        return time.monotonic() - begun if begun else 0.0
