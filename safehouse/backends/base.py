"""What every backend can do."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Protocol

    from safehouse.backends.mount import Mounts
    from safehouse.host import Host
    from safehouse.launch import Launch, Shortfall
    from safehouse.policy.policy import Access, Policy

    Obstacle = Literal[
        "", "hidden", "closed", "read-only", "mount", "rule", "missing", "permissions", "odd"
    ]
    Owner = Literal["yours", "own", "kernel"]
    Reach = Literal["read-write", "read-only", "visible", "closed"]
else:
    Protocol = object

# What keeps an attempt from going well. The first five are the confinement, the others there are
# outside of it as well.
HIDDEN: Obstacle = "hidden"  # it is there outside, and not inside
CLOSED: Obstacle = "closed"  # something that cannot be opened lies in its place
READ_ONLY: Obstacle = "read-only"
BUSY: Obstacle = "mount"  # it is a mount, which keeps its place
RULE: Obstacle = "rule"
MISSING: Obstacle = "missing"
PERMISSIONS: Obstacle = "permissions"
ODD: Obstacle = "odd"  # it is of another kind than the attempt is for
# Whose files a path shows: the person's, those that a launch has for itself, those of the kernel.
YOURS: Owner = "yours"
OWN: Owner = "own"
KERNEL: Owner = "kernel"
REACHES: tuple[Reach, ...] = ("read-write", "read-only", "visible", "closed")


class Seen(Value):
    """How an attempt ends for the confined program: with the `error` of that name, or "" well.

    `obstacle` is what is in the way, `path` where it is, `real` where the target lies in there, and
    `owner` whose file that is.
    """

    error: str
    obstacle: Obstacle
    owner: Owner
    path: str
    real: str


class Observed(Value):
    """One thing that a program did not get: a word of `safehouse why` or an operation, and its target.

    `program` is the name of the first that tried, `count` how often it was tried.
    """

    word: str
    target: str
    program: str = ""
    count: int = 1


class Observations(Value):
    """All of a launch: `more` were not kept, being too many; `flaw` says why something may be missing."""

    kept: tuple[Observed, ...] = ()
    more: int = 0
    flaw: str = ""


class Recorder(Protocol):
    """Records the next launch of its backend."""

    def observed(self) -> Observations:
        """What was refused, when the launch has ended."""


class View(Protocol):
    """A policy as a confined program meets it: what is there, and how attempts end."""

    wider: tuple[Shortfall, ...]
    """Rules that are not kept: a launch is refused, unless less will do."""
    unmade: tuple[str, ...]
    """What has to be made first, and cannot be: a launch is refused."""
    inexact: tuple[Shortfall, ...]
    """Rules that are kept otherwise than they say."""

    def see(self, access: Access, path: str, follow: bool) -> Seen | None:
        """How an attempt on a path as it was named would end; None where it is about no path.

        With `follow` a link at its end is followed.
        """

    def reach(self, path: str) -> Reach:
        """What can be done with what lies at a real path, and with what is new below it."""

    def uniform(self, directory: str) -> Reach | None:
        """What holds for all that lies in a directory and is not among `inner`; None if it differs."""

    def inner(self, directory: str) -> frozenset[str]:
        """The paths below a directory at which something else than around them may hold."""


class Backend(Protocol):
    """An operating system's way to confine a program."""

    name: str
    language: str
    """The `--format` of `safehouse policy` that shows what this backend executes."""
    mounts: Mounts | None
    """What is mounted for the launch that was prepared last, where that is how it confines."""
    connects_by_sight: bool
    """Whether a socket that can be seen can be connected to, whatever rules say of connecting."""

    def inside(self, host: Host) -> bool:
        """Whether this process is confined by us already; verified, whatever the environment says."""

    def prepare(self, policy: Policy, host: Host, command: tuple[str, ...]) -> Launch:
        """A launch of `command` (its program by absolute path) under `policy`.

        Raises UserError where the enforcer is missing or cannot be trusted.
        """

    def look(self, policy: Policy, host: Host) -> Launch:
        """A launch of no command, to be looked at: as `prepare`, but nothing is made for it."""

    def record(self, policy: Policy, host: Host, launch_id: str) -> Recorder:
        """Has the next launch recorded, which is prepared for this policy and has this ID.

        Raises UserError where what is refused cannot be recorded here.
        """

    def start(self, launch: Launch) -> int:
        """Runs it and gives the exit status, or, unless it `stays`, becomes it and never returns.

        Raises UserError where the enforcer could not confine; then nothing was run.
        """

    def lost(self, policy: Policy) -> tuple[str, ...]:
        """What the program wrote in a home of the launch's own, by path; directories end in `/`.

        It is asked once, when the program has ended and all of that is gone.
        """

    def view(self, policy: Policy, host: Host) -> View:
        """What a program under the policy meets, without starting one. Raises UserError."""

    def render(self, policy: Policy, host: Host) -> str:
        """The policy in the enforcer's own language, for reading."""
