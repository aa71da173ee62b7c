"""A second reading of seatbelt.md: what each plausible Seatbelt answers to a policy's text.

It shares no code with the package, so that a mistake in `Policy.decide` or in the renderer shows as
a difference. Each point that seatbelt.md is not sure of is a switch of `Model`. A policy that gets
the same answer from all of `MODELS` does not depend on any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from tests.seatbelt_text import (
    ABSENT,
    OPERATION_ALIAS,
    PATH_FILTERS,
    SYMBOL_FAMILIES,
    CompiledRule,
    compile_text,
    regex,
)

# Section 1.4. The two lists of operations that have a decision of their own.
_ALLOWED_10_15 = """darwin-notification-post dynamic-code-generation file-clone file-link
file-map-executable file-test-existence iokit-get-properties mach-cross-domain-lookup nvram*
process-info* process-info-codesignature socket-ioctl syscall-unix system-privilege"""
_ALLOWED_14_4 = """file-lock fs-quota* iokit-open-service mach-bootstrap mach-derive-port
mach-kernel-endpoint mach-task-special-port* necp-client-open socket-option* syscall* system-fcntl
system-mac-syscall system-memorystatus-control system-necp-client-action default-message-filter"""
_DENIED = "file-write-setugid job-creation storage-class-map"
_OLD = {
    **dict.fromkeys(_ALLOWED_10_15.split(), "allow"),
    **dict.fromkeys(_DENIED.split(), "deny"),
}
# Of `syscall-unix` the two sources say different things.
_NEW = {**_OLD, **dict.fromkeys(_ALLOWED_14_4.split(), "allow")}
del _NEW["syscall-unix"]
OWN_DEFAULTS: dict[str, dict[str, str]] = {"10.15": _OLD, "14.4": _NEW, "none": {}}

# Operations whose parent is not what their name says (1.5, 1.4, and the tables of 10.15).
_PARENT = {
    **dict.fromkeys(_NEW, "default"),
    "syscall-unix": "default",
    "iokit-open-service": "iokit-open*",
    "system-fcntl": "system*",
    "system-memorystatus-control": "system*",
    "system-necp-client-action": "system*",
    "system-mac-syscall": "system-mac*",
    "network-bind": "network-inbound",
    "process-exec-interpreter": "process-exec*",
    "process-exec-update-label": "default",
    "file-mount-update": "file-mount",
    "managed-preference-read": "user-preference-read",
    "mach-message-send": "default",
    "iokit-async-external-method": "default",
    "iokit-external-method": "default",
    "iokit-external-trap": "default",
}
_DEFAULT_FAMILY = (
    ("file", "path"), ("process-exec", "path"), ("mach-priv-task", "target"),
    ("mach-task-name", "target"), ("mach", "global-name"), ("sysctl", "sysctl-name"),
    ("signal", "target"), ("process-info", "target"), ("ipc-posix", "ipc-posix-name"),
    ("user-preference", "preference-domain"), ("iokit", "iokit-registry-entry-class"),
    ("system-fsctl", "fsctl-command"), ("network-outbound", "remote"), ("network", "local"),
)  # fmt: skip


@dataclass(frozen=True)
class Model:
    """One possible Seatbelt, by sections of seatbelt.md. The defaults are what evidence is for."""

    tree_first: bool = True  # 1.2 an operation's own rules before its parent's; else one list
    bare_overrides: bool = False  # 1.3 an unfiltered rule takes its place in the order
    own_defaults: str = "14.4"  # 1.4 which operations do not ask `default`
    without_default: str = "deny"  # 1.6 when nothing at all matches
    bind_is_inbound: bool = True  # 1.5
    trailing_slash_covers_itself: bool = False  # 2.5 (subpath "/a/") and /a
    literal_slash_matches: bool = False  # 2.5 (literal "/a/") and /a
    ignores_case: bool = False  # 2.9
    local_addresses_match_all: bool = False  # 3.6 `local` filters cannot see the address
    same_sandbox_includes_self: bool = True  # 3.7
    others_include_same_sandbox: bool = False  # 3.7, not known

    def decide(self, text: str, operation: str, target: str = "", kind: str = "") -> str:
        """`allow` or `deny` for an operation on a target; `kind` is the target's filter family."""
        operation = OPERATION_ALIAS.get(operation, operation)
        chain = self._chain(operation)
        rules = compile_text(text)
        access = (target, kind or _family(operation, target))
        if self.tree_first:
            for step in chain:
                found = self._first([rule for rule in rules if step in rule.operations], access)
                if found:
                    return found
        else:
            found = self._first([r for r in rules if set(chain) & set(r.operations)], access)
            if found:
                return found
        own = OWN_DEFAULTS[self.own_defaults]
        return own.get(chain[-1], self.without_default)

    def _chain(self, operation: str) -> list[str]:
        """The operation and those that are asked after it, up to one that decides by itself."""
        chain = [operation]
        while chain[-1] != "default" and chain[-1] not in OWN_DEFAULTS[self.own_defaults]:
            parent = parent_of(chain[-1])
            if chain[-1] == "network-bind" and not self.bind_is_inbound:
                parent = "network*"
            chain.append(parent)
        return chain

    def _first(self, rules: list[CompiledRule], access: tuple[str, str]) -> str:
        """The decision of the last rule that is for the target, or "" """
        bare = ""
        for rule in reversed(rules):
            if rule.filters:
                if any(self._matches(filter, *access) for filter in rule.filters):
                    return rule.action
            elif self.bare_overrides:
                return rule.action
            else:
                bare = bare or rule.action
        return bare

    def _matches(self, filter: list[Any], target: str, family: str) -> bool:
        head, *values = filter
        if head == "require-all":
            return all(self._matches(part, target, family) for part in values)
        if head == "require-any":
            return any(self._matches(part, target, family) for part in values)
        if head == "require-not":
            return not self._matches(values[0], target, family)
        if head in ("remote", "local"):
            return family == head and self._address(head, values, target)
        if head.startswith(ABSENT):
            return False
        if head in PATH_FILTERS:
            return family == "path" and self._text(PATH_FILTERS[head], values, target)
        if head == "target":
            return family == head and any(self._process(value, target) for value in values)
        if head in SYMBOL_FAMILIES:
            return family == head and target in values
        for how in ("prefix", "subpath", "regex"):
            if head.endswith("-" + how):
                return family == head[: -len(how) - 1] and self._text(how, values, target)
        return family == head and target in values

    def _text(self, how: str, values: list[str], target: str) -> bool:
        if self.ignores_case:
            target = target.lower()
            values = [value.lower() if how != "regex" else "(?i)" + value for value in values]
        for value in values:
            if how == "literal" and value == target:
                return True
            if how == "literal" and self.literal_slash_matches and value == target + "/":
                return True
            if how == "prefix" and target[: len(value)] == value:
                return True
            if how == "regex" and regex(value).search(target):
                return True
            if how == "subpath" and self._below(value, target):
                return True
        return False

    def _below(self, value: str, target: str) -> bool:
        if value == "/":
            return target[:1] == "/"
        if value.endswith("/"):
            itself = self.trailing_slash_covers_itself and target + "/" == value
            return itself or target.startswith(value)
        return (target + "/").startswith(value + "/")

    def _address(self, side: str, values: list[str], target: str) -> bool:
        if len(values) == 1 or (side == "local" and self.local_addresses_match_all):
            return True
        host, port = target.rsplit(":", 1)
        for value in values[1:]:
            wanted_host, wanted_port = value.rsplit(":", 1)
            here = host in ("localhost", "127.0.0.1", "::1")
            if (wanted_host == "*" or here) and wanted_port in ("*", port):
                return True
        return False

    def _process(self, value: str, target: str) -> bool:
        if value == "same-sandbox" and target == "self":
            return self.same_sandbox_includes_self
        if value == "others" and target == "same-sandbox":
            return self.others_include_same_sandbox
        return value == target


def parent_of(operation: str) -> str:
    """The operation that is asked next: `a-b-c` -> `a-b*` -> `a*` -> `default`, mostly."""
    if operation in _PARENT:
        return _PARENT[operation]
    stem = operation.rstrip("*")
    return stem.rpartition("-")[0] + "*" if "-" in stem else "default"


def _family(operation: str, target: str) -> str:
    if operation.startswith("network") and target.startswith("/"):
        return "path"
    return next((family for start, family in _DEFAULT_FAMILY if operation.startswith(start)), "")


# The likely ones: where the evidence is strong (1.1, 1.2) they agree.
BASE = Model()
_LIKELY = [
    replace(BASE, bare_overrides=bare, own_defaults=own, same_sandbox_includes_self=same)
    for bare, own, same in product((False, True), ("14.4", "10.15", "none"), (True, False))
]
_SINGLE: list[dict[str, Any]] = [
    {"trailing_slash_covers_itself": True},
    {"literal_slash_matches": True},
    {"ignores_case": True},
    {"local_addresses_match_all": True},
    {"others_include_same_sandbox": True},
    {"without_default": "allow"},
    {"bind_is_inbound": False},
]
MODELS: tuple[Model, ...] = (*_LIKELY, *(replace(BASE, **change) for change in _SINGLE))

# One textual order over an operation and its parents: refuted by five measurements, but what much
# documentation says. A rule that matters should hold even so, by naming its operations.
TEXTUAL: tuple[Model, ...] = (
    Model(tree_first=False),
    Model(tree_first=False, bare_overrides=True),
    Model(tree_first=False, own_defaults="none"),
)
