"""Ending with the process that has started us: Linux tells of its end."""

from __future__ import annotations

import _ctypes
import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import UserError, printable

_PR_SET_PDEATHSIG = 1
_DIGITS = 9
_ENDED = 143  # as a shell has it of what TERM ends


class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "i"


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "l"


class _Function(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL
    _restype_ = _Int


def die_with(number: str) -> None:
    """Has this process asked to end (TERM) when its parent, that of this number, ends; now, if it has.

    Where another one stands between the two, and on a Mac, nobody tells of that. Raises UserError.
    """
    import _signal as signals

    if not number.isdecimal() or len(number) > _DIGITS:
        raise UserError(
            f"--die-with: {printable(number)!r} is no number of a process",
            "it is that of the process that starts safehouse: --die-with=$$",
        )
    process = int(number)
    try:
        prctl = _Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))  # type: ignore[arg-type]
    except OSError:
        return
    prctl(_Int(_PR_SET_PDEATHSIG), *(_Long(word) for word in (signals.SIGTERM, 0, 0, 0)))
    if os.getppid() != process:
        prctl(_Int(_PR_SET_PDEATHSIG), *(_Long(word) for word in (0, 0, 0, 0)))
        if not _is_there(process):
            os._exit(_ENDED)


def killed_with(process: int) -> None:
    """Has this process, on Linux, killed when its parent, that of this number, ends; now, if it has."""
    import _signal as signals

    prctl = _Function(_ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl"))  # type: ignore[arg-type]
    prctl(_Int(_PR_SET_PDEATHSIG), *(_Long(word) for word in (signals.SIGKILL, 0, 0, 0)))
    if os.getppid() != process:
        os._exit(_ENDED)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        pass
    return True
