"""Landlock's scopes: no signals and no abstract sockets to what is outside (Linux 6.12 and later).

No right to files is handled here: inside such a domain mount() fails, and with it the sandboxes that
agents bring along (linux.md 0).
"""

from __future__ import annotations

_CREATE_RULESET, _RESTRICT_SELF = 444, 446  # the same numbers on every architecture
_VERSION_FLAG = 1
_SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL
_FIRST_ABI_WITH_SCOPES = 6
_PR_SET_NO_NEW_PRIVS = 38

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Scope:
    """What this kernel offers, and putting the calling process under it."""

    def __init__(self) -> None:
        import ctypes

        self._ctypes = ctypes
        self._libc: Any = ctypes.CDLL(None, use_errno=True)
        self.version: int = self._libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)

    @property
    def available(self) -> bool:
        """Whether the kernel knows scopes and Landlock is switched on."""
        return self.version >= _FIRST_ABI_WITH_SCOPES

    def restrict(self) -> None:
        """Confines this process and all that it starts, for good. Raises OSError if refused."""
        if not self.available:
            return
        c = self._ctypes
        attribute = (c.c_uint64 * 3)(0, 0, _SCOPES)  # handled_access_fs, handled_access_net, scoped
        ruleset = self._libc.syscall(_CREATE_RULESET, attribute, c.sizeof(attribute), 0)
        if (
            ruleset < 0
            or self._libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            or self._libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0
        ):
            raise OSError(c.get_errno(), "Landlock refused")
