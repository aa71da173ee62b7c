"""How a confined program's attempts end where the kernel asks the rules themselves, on a Mac."""

from __future__ import annotations

from safehouse.backends.base import MISSING, RULE, YOURS, Seen
from safehouse.errors import UserError
from safehouse.policy.index import Index
from safehouse.policy.policy import Access
from safehouse.policy.rule import PATH_KINDS, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.backends.base import Reach
    from safehouse.host import Host
    from safehouse.launch import Shortfall
    from safehouse.policy.policy import Policy

_LOOK = "file-read-metadata"
# What is asked of a file that is there; what may be made need not be.
_MADE = ("file-write-create", "file-write-data", "file-write*", "network-bind", "network-inbound")


class ByRules:
    """A policy whose rules hold as they are, for whatever name a file has."""

    wider: tuple[Shortfall, ...] = ()
    unmade: tuple[str, ...] = ()
    inexact: tuple[Shortfall, ...] = ()

    def __init__(self, policy: Policy, host: Host) -> None:
        self.policy = policy
        self.host = host
        self.index = Index(policy)

    def see(self, access: Access, path: str, follow: bool) -> Seen | None:
        """See View.see. To follow a link takes to look at it: seatbelt.md 2.2."""
        directory = path.rstrip("/").rpartition("/")[0]
        try:
            links = self.host.resolve(path if follow else directory or "/").links
        except UserError:  # they lead in a circle
            return Seen("ELOOP", MISSING, YOURS, path, path)
        for link, _ in links:
            if not self.index.decide(Access(_LOOK, link, "path")).allowed:
                return Seen("EPERM", RULE, YOURS, link, access.target)
        if not self.index.decide(access).allowed:
            return Seen("EPERM", RULE, YOURS, access.target, access.target)
        missing = self.host.files.kind(access.target) == "missing"
        if missing and access.operation not in _MADE:
            return Seen("ENOENT", MISSING, YOURS, access.target, access.target)
        return Seen("", "", YOURS, access.target, access.target)

    def reach(self, path: str) -> Reach:
        """See View.reach."""
        if self._allows("file-read-data", path):
            return "read-write" if self._allows("file-write-data", path) else "read-only"
        return "visible" if self._allows(_LOOK, path) else "closed"

    def _allows(self, operation: str, path: str) -> bool:
        return self.index.decide(Access(operation, path, "path")).allowed

    def uniform(self, directory: str) -> Reach | None:
        """See View.uniform: a rule may be for any name."""
        return None

    def inner(self, directory: str) -> frozenset[str]:
        """See View.inner: by names only, where a rule has one."""
        below = directory.rstrip("/") + "/"
        return frozenset(
            rule.filter.value
            for rule in self.policy.rules
            if isinstance(rule, Rule)
            and rule.filter is not None
            and rule.filter.kind in PATH_KINDS
            and rule.filter.kind != "regex"
            and rule.filter.value.startswith(below)
            and rule.filter.value != "/"
        )
