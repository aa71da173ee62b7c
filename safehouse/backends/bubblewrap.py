"""Linux: bubblewrap, under Landlock's scopes and a filter of system calls; measured in linux.md."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.backends.landlock import Scope
from safehouse.backends.mounts import NOTHING, PRIVATE, READ_WRITE, SCRATCH, Mount, Mounts, plan
from safehouse.backends.seccomp import terminal_filter
from safehouse.errors import UserError
from safehouse.launch import (
    FULL,
    PARTIAL,
    Enforcement,
    Input,
    Launch,
    Words,
    ending_signals,
    execute,
    ignore_signals,
    supervise,
)
from safehouse.policy.policy import NONE
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.policy.policy import Policy

# Fixed places that only root can write to; never the caller's PATH.
_PLACES = (
    "/usr/bin/bwrap",
    "/usr/local/bin/bwrap",
    "/run/current-system/sw/bin/bwrap",
    "/bin/bwrap",
)
# In the root of our own mount namespace, where no file of a confined program's can be, nor outside
# a file of an ordinary user's.
MARK = "/.safehouse-sandbox"
_SCOPES_MISSING = (
    "this kernel's Landlock has no scopes (Linux 6.12 has): abstract sockets of other programs can "
    "be connected to, and a signal to the own process group reaches the caller's"
)
_FILTER_MISSING = (
    "no system call filter for this processor: characters can be typed into the terminal"
)
_ENV = "/usr/bin/env"
_MOST_OF_ENV = 1 << 20
_RESETS = "--default-signal="
_INTERRUPTED = (
    "this system's env cannot reset signals: Ctrl-C ends a program that would only pause at it"
)
_SHORT = 0.0002  # seconds
_LONGEST_END = 10_000  # milliseconds
_SOCKETS = "sockets that lie inside a granted directory can be connected to"


class Bubblewrap:
    """The Linux backend."""

    name = "bubblewrap"
    language = "bwrap"
    own_places: tuple[str, ...] = PRIVATE

    def __init__(self) -> None:
        self._scope = Scope()
        self._planned: tuple[Mounts, str] | None = None

    def inside(self, host: Host) -> bool:
        """Whether we are in a mount namespace that this backend made."""
        return _is_mark(MARK) and bool(os.statvfs("/").f_flag & os.ST_RDONLY)

    def prepare(self, policy: Policy, host: Host, command: tuple[str, ...]) -> Launch:
        """See Backend.prepare."""
        program = _program()
        mounts = plan(policy, host)
        self._planned = mounts, host.home
        filter = terminal_filter()
        resetting = _with_default_signals(command)
        notes = [_SOCKETS]
        if not self._scope.available:
            notes.append(_SCOPES_MISSING)
        if not filter:
            notes.append(_FILTER_MISSING)
        if not resetting:
            notes.append(_INTERRUPTED)
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

    def start(self, launch: Launch) -> int:
        """See Backend.start."""
        from safehouse.backends import stubs

        held = stubs.make(launch.creations)
        status_read, status_write = os.pipe()
        block_read, block_write = os.pipe()
        for descriptor in (status_write, block_read):
            os.set_inheritable(descriptor, True)
        report = _Report(status_read)

        def confined() -> None:
            self._scope.restrict()
            if any(isinstance(word, str) and word.startswith(_RESETS) for word in launch.argv):
                ignore_signals()
            fds = ("--json-status-fd", str(status_write), "--block-fd", str(block_read))
            ready = replace(launch, argv=(launch.argv[0], *fds, *launch.argv[1:]))
            execute(ready, (status_write, block_read))

        def release(child: int) -> None:
            self._verify(report, child)
            os.write(block_write, b"\n")

        try:
            ending = supervise(confined, release, report.program)
        finally:
            for descriptor in (status_write, block_read, block_write):
                os.close(descriptor)
            if held and report.wait_for_the_last():
                stubs.remove(held)
        if not report.started() and ending.by_itself:
            from safehouse.backends import diagnosis

            raise diagnosis.of_failure(launch.program)
        return ending.code

    def _verify(self, report: _Report, child: int) -> None:
        """Waits until all is mounted, and raises UserError if that is not what was planned."""
        if self._planned is None:
            return
        mounts, home = self._planned
        if any(mount.path == "/" for mount in mounts.mounts):
            return  # all that there is, was asked for
        first = report.wait_for_the_mounts(child)
        from safehouse.backends.verify import deviation

        wrong = deviation(first, mounts, home) if first else ""
        if wrong:
            raise UserError(
                f"{wrong} was exchanged while the sandbox was made, so nothing was run",
                "start it again; if this repeats, a confined program may be at work: end the others",
            )

    def render(self, policy: Policy, host: Host) -> str:
        """The options for bwrap, one step a line; the values of the environment may be secret."""
        unset = replace(policy, environment=tuple((name, "...") for name, _ in policy.environment))
        words = _options(unset, host, plan(policy, host))
        lines: list[str] = []
        for word in words:
            if isinstance(word, str) and (word.startswith("--") or not lines):
                lines.append(word)
            else:
                lines[-1] += " " + (_shell_quoted(word) if isinstance(word, str) else "FD")
        return "bwrap \\\n  " + " \\\n  ".join(lines) + "\n"


def _with_default_signals(command: tuple[str, ...]) -> tuple[str, ...]:
    """Words that undo, inside, that bwrap is made to ignore the signals that end a process.

    A signal typed at the terminal goes to all of the process group, bwrap among it, which it would
    kill, and with it a program that only wanted to stop what it was doing.
    """
    if "=" in command[0]:  # env would take it for a variable
        return ()
    try:
        with open(_ENV, "rb") as file:
            able = b"default-signal" in file.read(_MOST_OF_ENV)  # GNU coreutils 8.31 and later
    except OSError:
        return ()
    names = ",".join(ending_signals())
    return (_ENV, _RESETS + names, "--") if able and names else ()


def _options(policy: Policy, host: Host, mounts: Mounts) -> list[str | Input]:
    options: list[str | Input] = [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--die-with-parent", "--cap-drop", "ALL",
    ]  # fmt: skip
    if policy.network == NONE:
        options.append("--unshare-net")
    # Only where a person granted / is it one of the mounts; else it is an empty one of bwrap's.
    root = [mount for mount in mounts.mounts if mount.path == "/"]
    options += _steps(root)
    options += _private_places(host, mounts, not root)
    options += _steps([mount for mount in mounts.mounts if mount.path != "/"])
    for path, target in mounts.links:
        options += ["--symlink", target, path]
    if mounts.home_is_private and not mounts.home_is_writable:
        options += ["--remount-ro", host.home]
    if not root:
        options += ["--symlink", "safehouse", MARK, "--remount-ro", "/"]
    options += ["--chdir", policy.workdir]
    for name, value in policy.environment:
        options += ["--setenv", name, value]
    return options


def _private_places(host: Host, mounts: Mounts, root_is_ours: bool) -> list[str]:
    """What each launch has of its own: processes, devices, temporary files, an empty home."""
    options = ["--proc", "/proc"]
    if host.user == 0:
        # Root of the outside may write there, to core_pattern for one: linux.md 1.9.
        options += ["--ro-bind", "/proc/sys", "/proc/sys"]
    options += ["--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
    if any(path.startswith("/var/tmp/") for path in (host.home, *(m.path for m in mounts.mounts))):
        options += ["--perms", "1777", "--tmpfs", "/var/tmp"]
    elif root_is_ours:
        options += ["--symlink", "/tmp", "/var/tmp"]
    if mounts.home_is_private:
        options += ["--perms", "0700", "--tmpfs", host.home]
    if mounts.scratch:
        options += ["--perms", "0700", "--tmpfs", SCRATCH]
    for number, path in enumerate(mounts.scratch):
        options += ["--dir", f"{SCRATCH}/{number}", "--symlink", f"{SCRATCH}/{number}", path]
    return options


def _steps(mounts: list[Mount]) -> list[str | Input]:
    options: list[str | Input] = []
    for mount in mounts:
        if mount.mode != NOTHING:
            options += [
                "--bind" if mount.mode == READ_WRITE else "--ro-bind",
                mount.path,
                mount.path,
            ]
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


def _program() -> str:
    refused = ""
    for place in _PLACES:
        try:
            found = os.stat(place)
        except OSError:
            continue
        if found.st_uid == 0 and not found.st_mode & 0o022:
            return place
        refused = refused or place
    from safehouse.backends import diagnosis

    if refused:
        raise UserError(
            f"{refused} is not trusted: another than root may write to it",
            f"sudo chown root {refused} && sudo chmod go-w {refused}; inside another user namespace "
            "it seems to be nobody's: run safehouse outside of it",
        )
    raise UserError(
        "bubblewrap, which confines programs on Linux, is not installed", diagnosis.install()
    )


class _Report:
    """What bwrap writes to its status descriptor: the process that it started, and its end."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._text = b""

    def _read(self) -> bytes:
        while True:
            try:
                more = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return self._text
            if not more:
                return self._text
            self._text += more

    def program(self) -> int:
        """The process of the confined program as seen from here, 0 before there is one."""
        first = _number(self._read(), b'"child-pid"')
        try:
            with open(f"/proc/{first}/task/{first}/children", encoding="ascii") as file:
                return int((file.read().split() or ["0"])[0])
        except (OSError, ValueError):
            return 0

    def wait_for_the_mounts(self, child: int) -> int:
        """The sandbox's first process, when all is mounted there; 0 if `child`, bwrap, has ended."""
        from time import sleep

        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            first = _number(self._read(), b'"child-pid"')
            if first and _is_mark(f"/proc/{first}/root{MARK}"):
                return first
            sleep(_SHORT)
        return 0

    def wait_for_the_last(self) -> bool:
        """Waits until no process of the sandbox is left; whether that is sure.

        bwrap ends with the program, a moment before those that it left behind: to them a stub that
        is removed would be one that they can replace.
        """
        first = _number(self._read(), b'"child-pid"')
        if not first:
            return True
        try:
            handle = os.pidfd_open(first)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        import select

        poll = select.poll()
        poll.register(handle, select.POLLIN)
        try:
            return bool(poll.poll(_LONGEST_END))
        finally:
            os.close(handle)

    def started(self) -> bool:
        """Whether the program was executed: bwrap tells its exit status only then."""
        return b'"exit-code"' in self._read()


def _number(text: bytes, key: bytes) -> int:
    digits = text.partition(key)[2].lstrip(b": ")
    end = 0
    while digits[end : end + 1].isdigit():
        end += 1
    return int(digits[:end] or b"0")


def _is_mark(path: str) -> bool:
    try:
        return os.readlink(path) == "safehouse" and os.lstat(path).st_uid in (0, os.getuid())
    except OSError:
        return False


def _shell_quoted(word: str) -> str:
    plain = word and all(c.isalnum() or c in "/._-+:@%=,~" for c in word)
    return word if plain else "'" + word.replace("'", "'\\''") + "'"
