"""What the kernel offers beyond bubblewrap, asked as the product does."""

from __future__ import annotations

import ctypes
import platform

import pytest

from tests.confinement import user


def landlock_version() -> int:
    """0 where there is no Landlock."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


needs_scopes = pytest.mark.skipif(
    not user.LINUX or landlock_version() < 6,
    reason="Landlock has no scopes here (Linux 6.12 has); safehouse --explain says so",
)


def types_into_terminals() -> bool:
    """Whether the kernel has TIOCSTI still."""
    try:
        with open("/proc/sys/dev/tty/legacy_tiocsti", encoding="ascii") as file:
            return file.read().strip() == "1"
    except OSError:  # before Linux 6.2 it could not be switched off
        return user.LINUX


KNOWN_PROCESSOR = platform.machine() in ("x86_64", "aarch64")
