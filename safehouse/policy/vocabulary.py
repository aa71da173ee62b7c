"""Seatbelt's vocabulary as facts: operations with parent and own decision, filters, aliases.

Sources: tables of libsandbox of macOS 10.15 (0xbf00/simbple) and 14.4 (Protonk/SANDBOX_LORE), and
Apple's own SBPL library (sbpl1.scm, macOS 10.15.2). Each block lists `key: words`.
"""

from __future__ import annotations


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """`key: word word`, continued on indented lines."""
    table: dict[str, tuple[str, ...]] = {}
    for line in text.replace("\n    ", " ").strip().splitlines():
        key, _, words = line.partition(":")
        table[key] = tuple(words.split())
    return table


def _inverted(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {word: key for key, words in table.items() for word in words}


# operation: its parent, which is asked when no rule of the operation's own matches
PARENT = _inverted(
    _table(
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
OWN_DEFAULT = _inverted(
    _table(
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
OPERATION_ALIAS = _inverted(
    _table(
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

# filter: the family of targets that it looks at
FILTER_FAMILY = _inverted(
    _table(
        """
path: path path-prefix subpath path-regex mount-relative-path mount-relative-path-prefix
    mount-relative-subpath mount-relative-path-regex rootless-disk-filter
    datavault-disk-filter file-attribute storage-class fileprovider-syncroot-path
    fileprovider-syncroot-path-prefix fileprovider-syncroot-subpath
    fileprovider-syncroot-path-regex mount-root-path mount-root-path-prefix mount-root-subpath
    mount-root-path-regex literal prefix regex path-literal mount-relative-literal
    mount-relative-regex
xattr: xattr xattr-prefix xattr-subpath xattr-regex
file-mode: file-mode
posix-ipc: ipc-posix-name ipc-posix-name-prefix ipc-posix-name-subpath ipc-posix-name-regex
mach: global-name global-name-prefix global-name-subpath global-name-regex local-name
    local-name-prefix local-name-subpath local-name-regex xpc-service-name
    xpc-service-name-prefix xpc-service-name-subpath xpc-service-name-regex
    mach-derived-port-role task-special-port
network:
    local remote control-name control-name-prefix control-name-subpath control-name-regex from
    to
socket: socket-domain socket-type socket-protocol socket-option-level socket-option-name
target: target target-signing-identifier target-signing-identifier-prefix
    target-signing-identifier-subpath target-signing-identifier-regex
    require-target-with-entitlement
fsctl: fsctl-command
ioctl: ioctl-command
iokit-registry-entry-class: iokit-registry-entry-class iokit-registry-entry-class-prefix
    iokit-registry-entry-class-subpath iokit-registry-entry-class-regex
    iokit-usb-interface-class iokit-usb-interface-subclass iokit-registry-entry-attribute
    iokit-user-client-class iokit-user-client-class-regex
iokit-property: iokit-property iokit-property-prefix iokit-property-subpath iokit-property-regex
iokit-connection:
    iokit-connection iokit-connection-prefix iokit-connection-subpath iokit-connection-regex
device: device-major device-minor device-conforms-to
extension: extension extension-path-ancestor storage-class-extension user-intent-extension
    granted-extensions mach-extension
extension-class:
    extension-class extension-class-prefix extension-class-subpath extension-class-regex
ae-destination:
    appleevent-destination appleevent-destination-prefix appleevent-destination-subpath
    appleevent-destination-regex
system: system-attribute csr state-flag
auth-right-name: right-name right-name-prefix right-name-subpath right-name-regex
preference-domain: preference-domain preference-domain-prefix preference-domain-subpath
    preference-domain-regex
vnode-type: vnode-type
process: %entitlement-load %entitlement-boolean %entitlement-string %entitlement-string-prefix
    %entitlement-string-subpath %entitlement-string-regex process-path process-path-prefix
    process-subpath process-path-regex process-attribute uid signing-identifier
    signing-identifier-prefix signing-identifier-subpath signing-identifier-regex
    ancestor-signing-identifier ancestor-signing-identifier-prefix
    ancestor-signing-identifier-subpath ancestor-signing-identifier-regex
    require-ancestor-with-entitlement persona-type require-responsible-binary-with-entitlement
    %entitlement-is-bool-true %entitlement-is-present
kext-bundle-id: kext-bundle-id kext-bundle-id-prefix kext-bundle-id-subpath kext-bundle-id-regex
info: info-type info-type-prefix info-type-subpath info-type-regex
notification: notification-name notification-name-prefix notification-name-subpath
    notification-name-regex notification-payload
semaphore: semaphore-owner
sysctl: sysctl-name sysctl-name-prefix sysctl-name-subpath sysctl-name-regex
nvram: rootless-boot-device-filter nvram-variable nvram-variable-prefix nvram-variable-subpath
    nvram-variable-regex
priv: privilege-id
mach-special-port: host-special-port
fs: filesystem-name filesystem-name-prefix filesystem-name-subpath filesystem-name-regex
boot-arg: boot-arg boot-arg-prefix boot-arg-subpath boot-arg-regex
signal: signal-number
reboot-flags: reboot-flags
syscall: syscall-number syscall-mask machtrap-number kernel-mig-routine
mac: mac-policy-name mac-syscall-number
necp: necp-client-action
memorystatus: memorystatus-control-command
fcntl: fcntl-command
fs-snapshot: snapshot-name snapshot-name-prefix snapshot-name-subpath snapshot-name-regex
message: message-number message-name
iokit-method: iokit-method-number iokit-trap-number
iokit-user-client: iokit-user-client-type
codesigning: codesigning-operation
kas: kas-info-selector
"""
    )
)

# The same filter under another name.
FILTER_ALIAS = _inverted(
    _table(
        """
path: literal path-literal
path-prefix: prefix
path-regex: regex
mount-relative-path: mount-relative-literal
mount-relative-path-regex: mount-relative-regex
local: from
remote: to
extension: granted-extensions mach-extension
iokit-registry-entry-class: iokit-user-client-class
iokit-registry-entry-class-regex: iokit-user-client-class-regex
"""
    )
)

# family of filters: the operations that take it. Every operation takes `extension`, `process` and
# `system`.
_ACCEPTED_BY = _table(
    """
ae-destination: appleevent-send
auth-right-name: authorization-right-obtain
boot-arg: boot-arg-set
notification: darwin-notification-post distributed-notification-post
path: file* file-chroot file-clone file-ioctl file-issue-extension file-link file-map-executable
    file-mknod file-mount file-mount-update file-read* file-read-data file-read-metadata
    file-read-xattr file-revoke file-search file-test-existence file-unmount file-write*
    file-write-acl file-write-create file-write-data file-write-finderinfo file-write-flags
    file-write-mode file-write-owner file-write-setugid file-write-times file-write-unlink
    file-write-xattr qtn-user mach-priv-task-port network* network-inbound network-bind
    network-outbound process-exec* process-exec-interpreter system-automount storage-class-map
file-mode:
    file* file-chroot file-clone file-ioctl file-issue-extension file-link file-map-executable
    file-mknod file-mount file-mount-update file-read* file-read-data file-read-metadata
    file-read-xattr file-revoke file-search file-test-existence file-unmount file-write*
    file-write-acl file-write-create file-write-data file-write-finderinfo file-write-flags
    file-write-mode file-write-owner file-write-setugid file-write-times file-write-unlink
    file-write-xattr network* network-inbound network-bind network-outbound process-exec*
    process-exec-interpreter
vnode-type:
    file* file-chroot file-clone file-ioctl file-issue-extension file-link file-map-executable
    file-mknod file-mount file-mount-update file-read* file-read-data file-read-metadata
    file-read-xattr file-revoke file-search file-test-existence file-unmount file-write*
    file-write-acl file-write-create file-write-data file-write-finderinfo file-write-flags
    file-write-mode file-write-owner file-write-setugid file-write-times file-write-unlink
    file-write-xattr network* network-inbound network-bind network-outbound
device:
    file* file-chroot file-clone file-ioctl file-issue-extension file-link file-map-executable
    file-mknod file-mount file-mount-update file-read* file-read-data file-read-metadata
    file-read-xattr file-revoke file-search file-test-existence file-unmount file-write*
    file-write-acl file-write-create file-write-data file-write-finderinfo file-write-flags
    file-write-mode file-write-owner file-write-setugid file-write-times file-write-unlink
    file-write-xattr
fs: file* file-chroot file-clone file-ioctl file-issue-extension file-link file-map-executable
    file-mknod file-mount file-mount-update file-read* file-read-data file-read-metadata
    file-read-xattr file-revoke file-search file-test-existence file-unmount file-write*
    file-write-acl file-write-create file-write-data file-write-finderinfo file-write-flags
    file-write-mode file-write-owner file-write-setugid file-write-times file-write-unlink
    file-write-xattr network* network-inbound network-bind network-outbound process-exec*
    process-exec-interpreter
ioctl: file-ioctl socket-ioctl
extension-class: file-issue-extension generic-issue-extension iokit-issue-extension
    ipc-posix-issue-extension mach-issue-extension
xattr: file-read-xattr file-write-xattr
iokit-property: iokit-get-properties iokit-set-properties
iokit-user-client: iokit-get-properties iokit-set-properties
iokit-connection: iokit-get-properties iokit-set-properties
posix-ipc: ipc-posix* ipc-posix-issue-extension ipc-posix-sem* ipc-posix-sem-create
    ipc-posix-sem-open ipc-posix-sem-post ipc-posix-sem-unlink ipc-posix-sem-wait
    ipc-posix-shm* ipc-posix-shm-read-data ipc-posix-shm-write* ipc-posix-shm-write-create
    ipc-posix-shm-write-data ipc-posix-shm-write-unlink
semaphore: ipc-posix-sem* ipc-posix-sem-create ipc-posix-sem-open ipc-posix-sem-post
    ipc-posix-sem-unlink ipc-posix-sem-wait
mach: mach-cross-domain-lookup mach-issue-extension mach-lookup mach-register
mach-special-port: mach-host-special-port-set
target: mach-priv-task-port mach-task-name process-info-codesignature process-info-dirtycontrol
    process-info-rusage process-info-pidinfo process-info-pidfdinfo
    process-info-pidfileportinfo process-info-setcontrol signal system-debug system-sched
socket: network* network-inbound network-bind network-outbound socket-ioctl system-socket
network: network* network-inbound network-bind network-outbound
nvram: nvram* nvram-delete nvram-get nvram-set
signal: signal
syscall: syscall-unix
sysctl: sysctl* sysctl-read sysctl-write
fsctl: system-fsctl
info: system-info
kext-bundle-id: system-kext-load system-kext-unload
priv: system-privilege
reboot-flags: system-reboot
preference-domain:
    user-preference* user-preference-read managed-preference-read user-preference-write
"""
)


def accepts(operation: str, filter_kind: str) -> bool:
    """Whether `operation` can be filtered by `filter_kind`."""
    family = FILTER_FAMILY[filter_kind]
    return family in ("extension", "process", "system") or operation in _ACCEPTED_BY.get(family, ())


TARGETS = ("self", "pgrp", "others", "children", "same-sandbox", "initproc")

MODIFIERS = tuple(
    """
send-signal report no-report no-log deprecated rootless message user-approval
no-approval-prompt authority telemetry no-times no-sandbox default-sandbox no-profile grant
assign-storage-class no-callout partial-symbolication termination
""".split()
)
