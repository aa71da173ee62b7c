"""What people's own rules say that mounts cannot: it is told, and more than they say is refused.

The rules of profiles.yaml are written for both systems. Those that people bring may be any that
Seatbelt has; whoever refuses something must not believe that it is closed where it is open.
"""

from __future__ import annotations

from safehouse.backends.mount import NOTHING, PRIVATE, READ_WRITE
from safehouse.backends.mounts import CONTENT, NOT_YET, READS, WRITES, fixed_directory
from safehouse.files import ancestors
from safehouse.launch import Shortfall
from safehouse.policy.operations import PARENT
from safehouse.policy.policy import NONE, Access
from safehouse.policy.rule import ALLOW, PATH_KINDS, Opaque, Tier
from safehouse.policy.words import RENAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from safehouse.backends.mount import Mount
    from safehouse.host import Host
    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import AnyRule, Rule

# Operations that begin so do not exist on Linux, or take a capability that nothing in the sandbox
# has: nobody has to deny them.
_NOT_THERE = (
    "appleevent", "authorization-right", "boot-arg", "darwin-", "default-message", "device",
    "distributed-", "file-chroot", "file-issue-extension", "file-mknod", "file-mount",
    "file-revoke", "file-unmount", "fs-", "generic-issue", "hid-", "iokit", "job-", "lsopen",
    "mach", "managed-preference", "necp", "nvram", "opendirectory", "process-codesigning",
    "process-info-codesignature", "process-legacy", "qtn-", "storage-class", "syscall-mach",
    "syscall-mig", "sysctl", "system-acct", "system-audit", "system-automount", "system-fsctl",
    "system-kas", "system-kext", "system-mac", "system-memorystatus", "system-necp",
    "system-nfssvc", "system-package", "system-privilege", "system-reboot", "system-set-time",
    "system-suspend", "system-swap", "user-preference", "xpc-",
)  # fmt: skip
# Other processes than those of the sandbox are not there.
_FAR_TARGETS = ("others", "initproc")
_NOT_UNDERSTOOD = "is not understood, so it cannot be enforced on Linux"
_OWN_PLACE = "each launch has this place of its own, and it stays open"
_NAMED_ONLY = "only what rules name by path can be there on Linux"
_HIDDEN = "what may not be read is not there on Linux"
_EXAMPLES = {
    "remote": ("example.org:443", "localhost:443"),
    "local": ("localhost:8080",),
    "target": ("self", "same-sandbox"),
    "": ("",),
}


class Unmountable:
    """The shortfalls of the rules between a working directory's and the protected ones.

    `mode` says what is mounted for a path, `visible` whether anything in a directory is.
    """

    def __init__(
        self,
        policy: Policy,
        host: Host,
        mode: Callable[[str], str],
        visible: Callable[[str], bool],
        mounts: Iterable[Mount],
    ) -> None:
        self.policy, self.host, self.mode, self.visible = policy, host, mode, visible
        self.wider: list[Shortfall] = []
        self.narrower: list[Shortfall] = []
        self.later: list[Shortfall] = []
        self._seen: set[Shortfall] = set()
        self._samples = _samples(mounts)

    def look(self, reported: list[Shortfall]) -> None:
        """Asks each rule; `reported` is what the mounts themselves fall short of."""
        self._seen.update(reported)
        for rule in self.policy.rules:
            if isinstance(rule, Opaque):
                self._add(self.wider, rule, _NOT_UNDERSTOOD)
            elif Tier.WORKDIR < rule.origin.tier < Tier.PROTECTED:
                self._ask(rule)

    def _ask(self, rule: Rule) -> None:
        operations = [name for name in rule.operations if not name.startswith(_NOT_THERE)]
        if rule.action == ALLOW:
            self._ask_allowing(rule, operations)
        elif rule.filter is None:
            self._refuse(rule, (name for name in operations if self._bare_is_open(rule, name)))
        elif rule.filter.kind in ("literal", "subpath"):
            self._ask_path(rule, operations)
        elif rule.filter.kind in PATH_KINDS:
            self._ask_pattern(rule, operations)
        else:
            self._refuse(rule, (name for name in operations if self._other_is_open(rule, name)))

    def _ask_allowing(self, rule: Rule, operations: list[str]) -> None:
        filter = rule.filter
        on_files = any(name.startswith(("file", "default")) for name in operations)
        if filter is None:
            if on_files:
                self._add(self.narrower, rule, _NAMED_ONLY)
        elif filter.kind not in PATH_KINDS:
            if (on_files and filter.parts) or (operations and filter.value in _FAR_TARGETS):
                self._add(self.narrower, rule, _NAMED_ONLY if on_files else _HIDDEN)
        elif operations and CONTENT.isdisjoint(operations) and filter.value not in PRIVATE:
            hidden = self.mode(filter.value) == NOTHING
            if hidden and self.host.files.kind(filter.value) in ("file", "other"):
                self._add(self.narrower, rule, _HIDDEN)

    # Refusals

    def _refuse(self, rule: Rule, open_operations: Iterable[str]) -> None:
        names = list(open_operations)
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            self._add(self.wider, rule, f"{names[0]}{more} cannot be denied so on Linux")

    def _ask_path(self, rule: Rule, operations: list[str]) -> None:
        assert rule.filter is not None
        path = rule.filter.value
        if path in PRIVATE or path.startswith(("/proc/", "/dev/")):
            if rule.origin.tier != Tier.COMMAND_LINE and operations:
                self._add(self.wider, rule, _OWN_PLACE)
            return
        kind = self.host.files.kind(path)
        read = self.policy.decide(Access("file-read-data", path)).allowed
        if read and not READS.isdisjoint(operations):
            # Somebody has opened the files since, and on Linux that is to open the sockets as well.
            operations = [name for name in operations if not name.startswith("network")]
        if kind != "missing":
            self._refuse(rule, (n for n in operations if self._path_is_open(rule, n, kind)))
        elif operations and CONTENT.isdisjoint(operations) and not self._is_reported(rule, path):
            above = next(a for a in ancestors(path) if self.host.files.kind(a) != "missing")
            if self.mode(above) == READ_WRITE:
                self._add(self.later if rule.existing_only else self.wider, rule, NOT_YET)

    def _is_reported(self, rule: Rule, path: str) -> bool:
        """Whether it only keeps a directory in its place for a refusal that has been told of."""
        return "file-write-unlink" in rule.operations and any(
            not isinstance(other.rule, Opaque)
            and other.rule.filter is not None
            and other.rule.origin.source == rule.origin.source
            and other.rule.filter.value.startswith(path + "/")
            for other in self._seen
        )

    def _path_is_open(self, rule: Rule, operation: str, kind: str) -> bool:
        assert rule.filter is not None
        path = rule.filter.value
        mode = self.mode(path)
        if mode == NOTHING or (mode != READ_WRITE and _writes(operation)):
            return False
        if operation in RENAME and kind == "directory" and rule.filter.kind == "literal":
            return False  # held in its place by a mount
        tree = rule.filter.kind == "subpath" and kind == "directory"
        if operation.startswith("network") and not tree and kind != "other":
            return False
        return not self.policy.decide(Access(operation, path, "path")).allowed

    def _ask_pattern(self, rule: Rule, operations: list[str]) -> None:
        """A prefix or regex: what it closes to reading is closed to all, else to writing."""
        assert rule.filter is not None
        kind, value = rule.filter.kind, rule.filter.value
        base = fixed_directory(value) if kind == "regex" else value.rpartition("/")[0] or "/"
        if not self.visible(base) or not READS.isdisjoint(operations):
            return
        held = not WRITES.isdisjoint(operations)
        self._refuse(rule, (n for n in operations if not (held and _writes(n))))

    def _other_is_open(self, rule: Rule, operation: str) -> bool:
        """Whether what a rule with another filter than a path's denies is possible all the same."""
        filter = rule.filter
        assert filter is not None
        if filter.kind == "target":
            return filter.value not in _FAR_TARGETS and self._denies(
                rule, operation, filter.value, "target"
            )
        if filter.kind in ("remote", "local"):
            target = (filter.value.partition(" ")[2] or "*:*").replace("*:", "example.org:", 1)
            return self.policy.network != NONE and self._denies(
                rule, operation, target.replace(":*", ":443"), filter.kind
            )
        return True

    def _bare_is_open(self, rule: Rule, operation: str) -> bool:
        """Whether a rule without a filter denies an example that is possible all the same."""
        if operation == "default":
            return False
        for leaf in _leaves(operation):
            if leaf.startswith(_NOT_THERE):
                continue
            if leaf.startswith(("file", "process-exec")):
                for path, mode in self._samples:
                    possible = mode == READ_WRITE or not _writes(leaf)
                    if possible and self._denies(rule, leaf, path, "path"):
                        return True
                continue
            kind = {"network-outbound": "remote", "signal": "target"}.get(leaf, "")
            kind = "target" if leaf.startswith("process-info") else kind
            kind = "local" if leaf.startswith("network-") and not kind else kind
            if leaf.startswith("network") and self.policy.network == NONE:
                continue
            if any(self._denies(rule, leaf, target, kind) for target in _EXAMPLES[kind]):
                return True
        return False

    def _denies(self, rule: Rule, operation: str, target: str, kind: str) -> bool:
        decision = self.policy.decide(Access(operation, target, kind))
        return not decision.allowed and decision.rule == rule

    def _add(self, shortfalls: list[Shortfall], rule: AnyRule, instead: str) -> None:
        shortfall = Shortfall(rule, instead)
        if shortfall not in self._seen:
            self._seen.add(shortfall)
            shortfalls.append(shortfall)


def _writes(operation: str) -> bool:
    """Whether it takes a place that can be written to."""
    return operation.startswith("file-write") or operation in ("file-link", "network-bind")


def _leaves(operation: str) -> Iterator[str]:
    """The operations that a name stands for."""
    below = [name for name, parent in PARENT.items() if parent == operation]
    if operation[-1] != "*" or not below:
        yield operation
    for name in below:
        yield from _leaves(name)


def _samples(mounts: Iterable[Mount]) -> tuple[tuple[str, str], ...]:
    """A path of each kind that is there, and how it is mounted."""
    found = {
        (mount.mode, mount.directory): mount.path + ("/example" if mount.directory else "")
        for mount in mounts
        if mount.mode != NOTHING
    }
    return tuple((path, mode) for (mode, _), path in found.items())
