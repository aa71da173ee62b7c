"""Landlock's scopes: no signals and no abstract sockets to what is outside (Linux 6.12 and later).

No right to files is handled here: inside such a domain mount() fails, and with it the sandboxes that
agents bring along (linux.md 0).
"""

from __future__ import annotations

import _ctypes
import posix as os  # os itself costs 1.3 ms of every launch
import sys

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same numbers on every architecture
_VERSION_FLAG = 1
_SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL
SCOPES_SINCE = 6  # version of the interface
_PR_SET_NO_NEW_PRIVS = 38


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "l"


class _Function(_ctypes.CFuncPtr):
    """A function of the C library. The module ctypes, which wraps this, costs 2 ms of every launch."""

    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = _Long


class Scope:
    """What this kernel offers, and putting the calling process under it."""

    def __init__(self) -> None:
        library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]
        self._syscall = _Function(_ctypes.dlsym(library, "syscall"))
        self._prctl = _Function(_ctypes.dlsym(library, "prctl"))
        self.version = self._call(_CREATE_RULESET, 0, 0, _VERSION_FLAG)

    @property
    def available(self) -> bool:
        """Whether the kernel knows scopes and Landlock is switched on."""
        return self.version >= SCOPES_SINCE

    def restrict(self) -> None:
        """Confines this process and all that it starts, for good. Raises OSError if refused."""
        if not self.available:
            return
        # struct landlock_ruleset_attr: handled_access_fs, handled_access_net, scoped
        attribute = bytes(16) + _SCOPES.to_bytes(8, sys.byteorder)
        ruleset = self._call(_CREATE_RULESET, attribute, len(attribute), 0)
        if (
            ruleset < 0
            or self._prctl(*(_Long(word) for word in (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))) != 0
            or self._call(_RESTRICT_SELF, ruleset, 0) != 0
        ):
            number = _ctypes.get_errno()
            raise OSError(number, f"Landlock refused: {os.strerror(number)}")

    def _call(self, *words: int | bytes) -> int:
        values = (word if isinstance(word, bytes) else _Long(word) for word in words)
        answer: int = self._syscall(*values)
        return answer
