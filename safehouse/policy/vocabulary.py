"""Seatbelt's vocabulary: its operations, and its filters with what takes them.

Sources as for the operations, which stand apart because every launch needs them.
"""

from __future__ import annotations

from safehouse.policy.operations import (
    NEWER,
    OLDER_NAME,
    OPERATION_ALIAS,
    OPERATIONS,
    OWN_DEFAULT,
    PARENT,
    inverted,
    table,
)

__all__ = [
    "FILTER_ALIAS", "FILTER_FAMILY", "MODIFIERS", "NEWER", "OLDER_NAME", "OPERATIONS",
    "OPERATION_ALIAS", "OWN_DEFAULT", "PARENT", "TARGETS", "accepts",
]  # fmt: skip

# filter: the family of targets that it looks at
FILTER_FAMILY = inverted(
    table(
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
FILTER_ALIAS = inverted(
    table(
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
_ACCEPTED_BY = table(
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
iokit-registry-entry-class: iokit-open* iokit-open-user-client iokit-open-service
iokit-user-client: iokit-get-properties iokit-set-properties iokit-open* iokit-open-user-client
iokit-connection: iokit-get-properties iokit-set-properties iokit-open* iokit-open-user-client
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
