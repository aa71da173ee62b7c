"""What every program is refused, and does without: known by name, each with the reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

from safehouse.host import LINUX, MACOS

# System, operation (or word), target, and why it is of no concern; * stands for anything.
NOISE = (
    (MACOS, "file-write-data", "/dev/dtracehelper", "programs tell the tracer that they start"),
    (MACOS, "file-read-data", "/dev/dtracehelper", "programs tell the tracer that they start"),
    (MACOS, "mach-lookup", "com.apple.diagnosticd*", "whether logs are read meanwhile"),
    (MACOS, "mach-lookup", "com.apple.analyticsd*", "statistics for Apple"),
    (MACOS, "mach-lookup", "com.apple.logd*", "logs go by another way"),
    (MACOS, "ipc-posix-shm-read-data", "apple.shm.notification_center", "notices of the system"),
    (MACOS, "ipc-posix-shm-read*", "apple.shm.notification_center", "notices of the system"),
    (MACOS, "user-preference-read", "kCFPreferencesAnyApplication", "settings of all programs"),
    (MACOS, "file-read-data", "*/.CFUserTextEncoding", "the encoding of old texts; without, UTF-8 holds"),
    (MACOS, "forbidden-exec-sugid", "*", "what runs as root is not started in a sandbox"),
    (MACOS, "sysctl-read", "kern.bootargs", "how the system was started"),
    (MACOS, "process-info-pidinfo", "*", "looking for other programs"),
    (LINUX, "connect", "/run/nscd/socket", "names of users are found in files as well"),
    (LINUX, "connect", "/var/run/nscd/socket", "names of users are found in files as well"),
    (LINUX, "stat", "/run", "names of users are looked for there, too"),
    (LINUX, "*", "/run/systemd/userdb*", "names of users are found in files as well"),
    (LINUX, "stat", "/run/systemd*", "whether systemd runs"),
    (LINUX, "*", "/etc/ld.so.preload", "libraries for every program; there seldom are any"),
    (LINUX, "*", "/sys/*", "how the computer is made; programs have defaults"),
    (LINUX, "*", "/dev/*", "devices that the sandbox has not; it has its own of the usual ones"),
)  # fmt: skip


def reason(platform: str, operation: str, target: str) -> str:
    """Why a refusal is of no concern; "" if it may be."""
    for system, named, pattern, why in NOISE:
        if system == platform and fnmatchcase(operation, named) and fnmatchcase(target, pattern):
            return why
    return ""
