"""What every backend can do."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from safehouse.host import Host
    from safehouse.launch import Launch
    from safehouse.policy.policy import Policy
else:
    Protocol = object


class Backend(Protocol):
    """An operating system's way to confine a program."""

    name: str
    language: str
    """The `--format` of `safehouse policy` that shows what this backend executes."""
    own_places: tuple[str, ...]
    """Directories that each launch has of its own; what lies there outside is not to be seen."""

    def inside(self, host: Host) -> bool:
        """Whether this process is confined by us already; verified, whatever the environment says."""

    def prepare(self, policy: Policy, host: Host, command: tuple[str, ...]) -> Launch:
        """A launch of `command` (its program by absolute path) under `policy`.

        Raises UserError where the enforcer is missing or cannot be trusted.
        """

    def look(self, policy: Policy, host: Host) -> Launch:
        """A launch of no command, to be looked at: as `prepare`, but nothing is made for it."""

    def start(self, launch: Launch) -> int:
        """Runs it and gives the exit status, or, unless it `stays`, becomes it and never returns.

        Raises UserError where the enforcer could not confine; then nothing was run.
        """

    def lost(self, policy: Policy) -> tuple[str, ...]:
        """What the program wrote in a home of the launch's own, by path; directories end in `/`.

        It is asked once, when the program has ended and all of that is gone.
        """

    def render(self, policy: Policy, host: Host) -> str:
        """The policy in the enforcer's own language, for reading."""
