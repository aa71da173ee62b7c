"""Linux: bubblewrap, under Landlock's scopes and a filter of system calls; measured in linux.md."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import facts, note
from safehouse.backends import brewed
from safehouse.backends.landlock import Scope
from safehouse.backends.mount import NOTHING, READ_WRITE, Mount, Mounts
from safehouse.backends.mounts import plan
from safehouse.backends.report import MARK, is_mark
from safehouse.backends.sandbox import RESETS, Sandbox
from safehouse.backends.seccomp import system_call_filter
from safehouse.errors import UserError, quoted
from safehouse.facts import encoded
from safehouse.files import ancestors
from safehouse.launch import (
    FULL,
    PARTIAL,
    Enforcement,
    Input,
    Launch,
    Words,
    ending_signals,
)
from safehouse.policy.policy import NONE, Access
from safehouse.value import Value, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.backends.base import View
    from safehouse.backends.recorder import Recorder
    from safehouse.host import Host
    from safehouse.near import NearFiles
    from safehouse.policy.policy import Policy

# Fixed places that only root can write to; never the caller's PATH.
_PLACES = (
    "/usr/bin/bwrap",
    "/usr/local/bin/bwrap",
    "/run/current-system/sw/bin/bwrap",
    "/bin/bwrap",
)
SCOPES_MISSING = (
    "this kernel's Landlock has no scopes (Linux 6.12 has): abstract sockets of other programs can "
    "be connected to, and a signal to the own process group reaches the caller's"
)
FILTER_MISSING = (
    "no system call filter for this processor: characters can be typed into the terminal, and keys "
    "of the kernel's keyrings be used"
)
NOBODY = 65534  # whose all is that has no owner in a user namespace
_ENV = "/usr/bin/env"
_MOST_OF_ENV = 1 << 20
INTERRUPTED = (
    "this system's env cannot reset signals: Ctrl-C ends a program that would only pause at it"
)
_SOCKETS = "sockets that lie inside a granted directory can be connected to"


class Bubblewrap:
    """The Linux backend."""

    name = "bubblewrap"
    language = "bwrap"
    connects_by_sight = True

    def __init__(self) -> None:
        self._scope = Scope()
        self.mounts: Mounts | None = None
        self._home = ""
        self._sandbox: Sandbox | None = None
        self._recorder: Recorder | None = None

    def inside(self, host: Host) -> bool:
        """Whether we are in a mount namespace that this backend made."""
        try:
            facts.form(MARK)  # a plan depends on that
        except OSError:
            return False
        return is_mark(MARK) and bool(os.statvfs("/").f_flag & os.ST_RDONLY)

    def prepare(self, policy: Policy, host: Host, command: tuple[str, ...]) -> Launch:
        """See Backend.prepare."""
        program = _program()
        if program == brewed.PROGRAM:
            brewed.refuse_writable(policy)
        mounts = plan(policy, host)
        self.mounts, self._home = mounts, host.home
        filter = system_call_filter()
        can = policy.decide(Access("file-read-data", host.resolve(_ENV).real)).allowed
        resetting = _with_default_signals(command) if can else ()
        notes = [_SOCKETS]
        if not self._scope.available:
            notes.append(SCOPES_MISSING)
        if not filter:
            notes.append(FILTER_MISSING)
        if not resetting:
            notes.append(INTERRUPTED)
        options = _options(policy, host, mounts)
        argv: list[str | Input | Words] = ["bwrap", "--args", Words(tuple(options))]
        if filter:
            argv += ["--seccomp", Input(filter)]
        return Launch(
            program,
            (*argv, "--", *resetting, *command),
            (),  # bwrap itself gets none: a library path would be its own, outside
            _enforcement(mounts, notes),
            mounts.creations,
        )

    def look(self, policy: Policy, host: Host) -> Launch:
        """See Backend.look."""
        return self.prepare(policy, host, (_ENV,))

    def record(self, policy: Policy, host: Host, launch_id: str) -> Recorder:
        """See Backend.record."""
        from safehouse import near
        from safehouse.backends.recorder import Recorder

        def view() -> tuple[View, NearFiles]:
            files = near.files(policy, host)
            return self.view(policy, replace(host, files=files)), files

        self._recorder = Recorder(policy, host, view)
        return self._recorder

    def start(self, launch: Launch) -> int:
        """See Backend.start."""
        mounts, home = self.mounts, self._home
        planned = (lambda: (mounts, home)) if mounts else None
        self._sandbox = Sandbox(self._scope, planned, self._recorder)
        return self._sandbox.start(launch)

    def lost(self, policy: Policy) -> tuple[str, ...]:
        """See Backend.lost."""
        home = self._sandbox.home if self._sandbox else None
        return home.lost(policy) if home else ()

    def view(self, policy: Policy, host: Host) -> View:
        """See Backend.view."""
        from safehouse.backends.inside import Inside

        return Inside(plan(policy, host), host)

    def render(self, policy: Policy, host: Host) -> str:
        """The options for bwrap, one step a line; the values of the environment may be secret."""
        unset = replace(policy, environment=tuple((name, "...") for name, _ in policy.environment))
        words = _options(unset, host, plan(policy, host))
        lines: list[str] = []
        for word in words:
            if isinstance(word, str) and (word.startswith("--") or not lines):
                lines.append(word)
            else:
                lines[-1] += " " + (quoted(word, tilde=False) if isinstance(word, str) else "FD")
        return "bwrap \\\n  " + " \\\n  ".join(lines) + "\n"


def _with_default_signals(command: tuple[str, ...]) -> tuple[str, ...]:
    """Words that undo, inside, that bwrap is made to ignore the signals that end a process.

    A signal typed at the terminal goes to all of the process group, bwrap among it, which it would
    kill, and with it a program that only wanted to stop what it was doing.
    """
    if "=" in command[0]:  # env would take it for a variable
        return ()
    names = ",".join(ending_signals())
    return (_ENV, RESETS + names, "--") if names and can_reset_signals() else ()


def can_reset_signals() -> bool:
    """Whether this system's env can: GNU coreutils 8.31 and later."""
    try:
        return b"default-signal" in facts.read(_ENV, _MOST_OF_ENV)
    except OSError:
        return False


def _options(policy: Policy, host: Host, mounts: Mounts) -> list[str | Input]:
    options: list[str | Input] = [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--cap-drop", "ALL",
    ]  # fmt: skip
    if policy.network == NONE:
        options.append("--unshare-net")
    # Only where a person granted / is it one of the mounts; else it is an empty one of bwrap's.
    root = [mount for mount in mounts.mounts if mount.path == "/"]
    inner = ways(mounts)
    options += _steps(root, inner)
    options += _private_places(host, mounts, not root)
    options += _steps([mount for mount in mounts.mounts if mount.path != "/"], inner)
    for path, target in mounts.links:
        options += ["--symlink", target, path]
    for way in inner:
        options += ["--remount-ro", way]
    if not root:
        options += ["--symlink", "safehouse", MARK, "--remount-ro", "/"]
    options += ["--chdir", policy.directory]
    for name, value in policy.environment:
        options += ["--setenv", name, value]
    return options


def _private_places(host: Host, mounts: Mounts, root_is_ours: bool) -> list[str | Input]:
    """What each launch has of its own: processes, devices, temporary files, an empty home."""
    options: list[str | Input] = ["--proc", "/proc"]
    if host.user == 0:
        # Root of the outside may write there, to core_pattern for one: linux.md 1.9.
        options += ["--ro-bind", "/proc/sys", "/proc/sys"]
    options += ["--dev", "/dev"]
    for place, target in temporary_places(host, mounts, root_is_ours):
        options += ["--symlink", target, place] if target else ["--perms", "1777", "--tmpfs", place]
    options += ["--perms", "0644", "--file", Input(encoded(note.TEXT)), note.path(host.launch_temp)]
    if mounts.home_is_private:
        options += ["--perms", "0700", "--tmpfs", host.home]
    return options


def temporary_places(host: Host, mounts: Mounts, root_is_ours: bool) -> Iterator[tuple[str, str]]:
    """The places for temporary files that a launch has of its own, or the link that is made instead."""
    yield "/tmp", ""
    if any(path.startswith("/var/tmp/") for path in (host.home, *(m.path for m in mounts.mounts))):
        yield "/var/tmp", ""
    elif root_is_ours:
        yield "/var/tmp", "/tmp"


def ways(mounts: Mounts) -> tuple[str, ...]:
    """The closed directories in which something is open: they can be gone through, and not listed."""
    above: set[str] = set()
    for path in (*(mount.path for mount in mounts.mounts), *(path for path, _ in mounts.links)):
        for directory in ancestors(path):
            if directory in above:
                break
            above.add(directory)
    return tuple(m.path for m in mounts.mounts if m.mode == NOTHING and m.path in above)


def _steps(mounts: list[Mount], ways: tuple[str, ...]) -> list[str | Input]:
    options: list[str | Input] = []
    for mount in mounts:
        if mount.mode != NOTHING:
            options += [
                "--bind" if mount.mode == READ_WRITE else "--ro-bind",
                mount.path,
                mount.path,
            ]
        elif mount.path in ways:
            options += ["--perms", "0111", "--tmpfs", mount.path]  # read-only once all lies in it
        elif mount.directory:
            options += ["--perms", "0000", "--tmpfs", mount.path, "--remount-ro", mount.path]
        else:
            options += ["--perms", "0000", "--ro-bind-data", Input(), mount.path]
    return options


def _enforcement(mounts: Mounts, notes: list[str]) -> Enforcement:
    for shortfall in mounts.later:
        notes.append(f"{shortfall.rule.origin}: {shortfall.instead}")
    level = PARTIAL if mounts.wider or mounts.later else FULL
    return Enforcement(level, "bubblewrap", mounts.wider, mounts.narrower, tuple(notes))


class Place(Value):
    """Where a bwrap lies, who owns it, and its mode; Homebrew's with all that leads to it."""

    path: str
    owner: int
    mode: int

    @property
    def is_trusted(self) -> bool:
        """Whether nobody can change it but root, or for Homebrew's the person."""
        owners = (0, os.getuid()) if self.path == brewed.PROGRAM else (0,)
        return self.owner in owners and not self.mode & brewed.OTHERS


def places() -> Iterator[Place]:
    """The bwraps that there are in the places where one is looked for, the first one first."""
    for path in _PLACES:
        try:
            found = facts.stat(path)
        except OSError:
            continue
        yield Place(path, found.st_uid, found.st_mode)
    rights = brewed.rights()
    if rights:
        yield Place(brewed.PROGRAM, *rights)


def chosen(places: Iterable[Place], release: str | None = None) -> str:
    """The bwrap that confines: the first that can be trusted. Raises UserError without one.

    `release` is what /etc/os-release says (None: look), for naming the command that installs it.
    """
    refused, owner = "", 0
    for place in places:
        if place.is_trusted:
            return place.path
        if not refused:
            refused, owner = place.path, place.owner
    from safehouse.backends import diagnosis

    if refused:
        raise UserError(
            f"{refused} is not trusted: another than root may write to it",
            f"sudo chown root {refused} && sudo chmod go-w {refused}"
            if owner != NOBODY
            else "it seems to be nobody's, as all of root's inside of a user namespace: "
            "run safehouse outside of it",
        )
    raise UserError(
        "bubblewrap, which confines programs on Linux, is not installed", diagnosis.install(release)
    )


def _program() -> str:
    return chosen(places())
