"""Seatbelt's operations as facts: their parents, their own decisions, their other names.

Sources: tables of libsandbox of macOS 10.15 (0xbf00/simbple) and 14.4 (Protonk/SANDBOX_LORE), and
Apple's own SBPL library (sbpl1.scm, macOS 10.15.2). Each block lists `key: words`.
"""

from __future__ import annotations


def table(text: str) -> dict[str, tuple[str, ...]]:
    """`key: word word`, continued on indented lines."""
    read: dict[str, tuple[str, ...]] = {}
    for line in text.replace("\n    ", " ").strip().splitlines():
        key, _, words = line.partition(":")
        read[key] = tuple(words.split())
    return read


def inverted(lines: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Each word with its key."""
    return {word: key for key, words in lines.items() for word in words}


# operation: its parent, which is asked when no rule of the operation's own matches
PARENT = inverted(
    table(
        """
default:
    appleevent-send authorization-right-obtain boot-arg-set device* darwin-notification-post
    distributed-notification-post dynamic-code-generation file* file-clone file-link file-lock
    file-map-executable file-test-existence file-write-setugid fs-quota* fs-rename
    fs-snapshot* generic-issue-extension qtn-user hid-control iokit* iokit-get-properties ipc*
    job-creation lsopen mach* mach-bootstrap mach-cross-domain-lookup mach-derive-port
    mach-kernel-endpoint mach-task-special-port* necp-client-open network* nvram*
    opendirectory-user-modify process* process-info* process-info-codesignature pseudo-tty
    signal socket-ioctl socket-option* syscall* syscall-unix sysctl* system* system-privilege
    user-preference* storage-class-map process-exec-update-label default-message-filter
    iokit-async-external-method iokit-external-method iokit-external-trap mach-message-send
    xpc-message-send
device*: device-camera device-microphone
file*: file-chroot file-ioctl file-issue-extension file-mknod file-mount file-read* file-revoke
    file-search file-unmount file-write*
file-mount: file-mount-update
file-read*: file-read-data file-read-metadata file-read-xattr
file-write*:
    file-write-acl file-write-create file-write-data file-write-finderinfo file-write-flags
    file-write-mode file-write-owner file-write-times file-write-unlink file-write-xattr
fs-quota*: fs-quota-get fs-quota-on fs-quota-off fs-quota-set* fs-quota-stat fs-quota-sync
fs-quota-set*: fs-quota-set-limits fs-quota-set-usage
fs-snapshot*: fs-snapshot-create fs-snapshot-delete fs-snapshot-mount fs-snapshot-revert
iokit*: iokit-issue-extension iokit-open* iokit-set-properties
iokit-open*: iokit-open-user-client iokit-open-service
ipc*: ipc-posix* ipc-sysv*
ipc-posix*: ipc-posix-issue-extension ipc-posix-sem* ipc-posix-shm*
ipc-posix-sem*: ipc-posix-sem-create ipc-posix-sem-open ipc-posix-sem-post ipc-posix-sem-unlink
    ipc-posix-sem-wait
ipc-posix-shm*: ipc-posix-shm-read-data ipc-posix-shm-write*
ipc-posix-shm-write*:
    ipc-posix-shm-write-create ipc-posix-shm-write-data ipc-posix-shm-write-unlink
ipc-sysv*: ipc-sysv-msg ipc-sysv-sem ipc-sysv-shm
mach*: mach-host* mach-issue-extension mach-lookup mach-priv* mach-register mach-task*
mach-host*: mach-host-exception-port-set mach-host-special-port-set
mach-priv*: mach-priv-host-port mach-priv-task-port
mach-task*: mach-task-inspect mach-task-name mach-task-read
mach-task-special-port*: mach-task-special-port-get mach-task-special-port-set
network*: network-inbound network-outbound
network-inbound: network-bind
nvram*: nvram-delete nvram-get nvram-set
process*: process-codesigning process-exec* process-fork process-legacy-codesigning*
process-exec*: process-exec-interpreter
process-info*:
    process-info-dirtycontrol process-info-ledger process-info-listpids process-info-rusage
    process-info-pidinfo process-info-pidfdinfo process-info-pidfileportinfo
    process-info-setcontrol
process-legacy-codesigning*:
    process-legacy-codesigning-blob-get process-legacy-codesigning-cdhash-get
    process-legacy-codesigning-entitlements-blob-get
    process-legacy-codesigning-entitlements-der-blob-get
    process-legacy-codesigning-identity-get process-legacy-codesigning-status*
    process-legacy-codesigning-teamid-get process-legacy-codesigning-text-offset-get
process-legacy-codesigning-status*:
    process-legacy-codesigning-status-get process-legacy-codesigning-status-set
socket-option*: socket-option-get socket-option-set
syscall*: syscall-mach syscall-mig
sysctl*: sysctl-read sysctl-write
system*: system-acct system-audit system-automount system-debug system-fcntl system-fsctl
    system-info system-kas-info system-kext* system-mac* system-mac-label
    system-memorystatus-control system-necp-client-action system-nfssvc system-package-check
    system-reboot system-sched system-set-time system-socket system-suspend-resume system-swap
system-kext*: system-kext-load system-kext-unload system-kext-query
system-mac*: system-mac-syscall
user-preference*: user-preference-read user-preference-write
user-preference-read: managed-preference-read
"""
    )
)
OPERATIONS = ("default", *PARENT)

# Operations that do not ask their parent, and what they decide instead: seatbelt.md 1.4. For
# `syscall-unix` the sources disagree, so a policy has to name it.
OWN_DEFAULT = inverted(
    table(
        """
allow: darwin-notification-post dynamic-code-generation file-clone file-link file-lock
    file-map-executable file-test-existence fs-quota* iokit-get-properties iokit-open-service
    mach-bootstrap mach-cross-domain-lookup mach-derive-port mach-kernel-endpoint
    mach-task-special-port* necp-client-open nvram* process-info* process-info-codesignature
    socket-ioctl socket-option* syscall* system-fcntl system-mac-syscall
    system-memorystatus-control system-necp-client-action system-privilege
    default-message-filter
deny: file-write-setugid job-creation storage-class-map
"""
    )
)

# Not known in macOS 10.15: naming one there, or in any release before it was added, makes the whole
# policy fail to compile.
NEWER = frozenset(
    """
file-lock fs-quota* fs-quota-get fs-quota-on fs-quota-off fs-quota-set* fs-quota-set-limits
fs-quota-set-usage fs-quota-stat fs-quota-sync fs-snapshot-mount iokit-open*
iokit-open-user-client iokit-open-service mach-bootstrap mach-derive-port mach-kernel-endpoint
mach-task* mach-task-inspect mach-task-read mach-task-special-port* mach-task-special-port-get
mach-task-special-port-set necp-client-open process-codesigning process-info-ledger
process-legacy-codesigning* process-legacy-codesigning-blob-get
process-legacy-codesigning-cdhash-get process-legacy-codesigning-entitlements-blob-get
process-legacy-codesigning-entitlements-der-blob-get process-legacy-codesigning-identity-get
process-legacy-codesigning-status* process-legacy-codesigning-status-get
process-legacy-codesigning-status-set process-legacy-codesigning-teamid-get
process-legacy-codesigning-text-offset-get socket-option* socket-option-get socket-option-set
syscall* syscall-mach syscall-mig system-fcntl system-kas-info system-mac* system-mac-syscall
system-memorystatus-control system-necp-client-action process-exec-update-label
default-message-filter iokit-async-external-method iokit-external-method iokit-external-trap
mach-message-send xpc-message-send
""".split()
)

# The same operation under another name.
OPERATION_ALIAS = inverted(
    table(
        """
process-exec*: process-exec
ipc-posix-sem*: ipc-posix-sem
ipc-posix-shm*: ipc-posix-shm
ipc-posix-shm-read-data: ipc-posix-shm-read*
iokit-open*: iokit-open
system-fsctl: file-fsctl
system*: system-misc
system-set-time: time-set
file-write-unlink: file-unlink
file-mount: file-write-mount
file-unmount: file-write-unmount file-write-umount
file-issue-extension: file-issue-extension* file-issue-extension-read file-issue-extension-write
managed-preference-read: managed-preference*
process-legacy-codesigning-status*: process-codesigning-status*
process-legacy-codesigning-status-set: process-codesigning-status-set
process-legacy-codesigning-status-get: process-codesigning-status-get
"""
    )
)
# What 10.15 calls an operation that has had another name since; later releases know both.
OLDER_NAME = {"iokit-open*": "iokit-open"}
