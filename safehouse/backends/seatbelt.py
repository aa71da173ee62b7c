"""macOS: `sandbox-exec`, which puts a process under a Seatbelt policy and becomes the program."""

from __future__ import annotations

import os

from safehouse import facts, note
from safehouse.backends import sandbox_exec
from safehouse.errors import UserError
from safehouse.launch import FULL, PARTIAL, Enforcement, Launch
from safehouse.policy.policy import NONE
from safehouse.sbpl.render import render
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.backends.base import Recorder, View
    from safehouse.backends.log_stream import LogStream
    from safehouse.backends.mount import Mounts
    from safehouse.host import Host
    from safehouse.policy.policy import Policy

SANDBOX_EXEC = "/usr/bin/sandbox-exec"
# argv and environment together may take 1 MiB (seatbelt.md 4.7); the command's own words and the
# environment need room, too.
_MOST_INLINE = 256 * 1024
_MOST_TOGETHER = 900 * 1024
# The mode of a network that is not policy of files: seatbelt.md 3.6.
_LOCAL = "ports cannot be told apart for servers: who may listen may listen on every port"


class Seatbelt:
    """The macOS backend."""

    name = "Seatbelt"
    language = "sbpl"
    connects_by_sight = False
    mounts: Mounts | None = None

    def __init__(self) -> None:
        self._recorder: LogStream | None = None

    def inside(self, host: Host) -> bool:
        """Whether this process is in a sandbox, by the system's own word.

        Only asked where the environment claims it: without a claim, sandbox-exec itself refuses.
        """
        return not host.foreign and bool(host.environ.get(note.VARIABLE)) and is_confined()

    def prepare(self, policy: Policy, host: Host, command: tuple[str, ...]) -> Launch:
        """See Backend.prepare. The policy is an argument: no file that another could change."""
        text = self.render(self._recorded(policy), host)
        size = len(text.encode())
        together = size + sum(len(os.fsencode(word)) + 9 for word in command)
        together += sum(len(os.fsencode(n + v)) + 10 for n, v in policy.environment)
        if size <= _MOST_INLINE and together <= _MOST_TOGETHER:
            how = ("-p", text)
        else:
            how = ("-f", _private_file(host, text))
        if not host.foreign and not facts.access(SANDBOX_EXEC, os.X_OK):
            raise UserError(
                f"{SANDBOX_EXEC}, which confines programs on macOS, is missing",
                "it is part of macOS; nothing is run without it",
            )
        return Launch(
            SANDBOX_EXEC,
            ("sandbox-exec", *how, "--", *command),
            policy.environment,
            _enforcement(policy),
            directory="" if host.foreign else policy.directory,
            temporary="" if host.foreign else host.launch_temp,
        )

    def look(self, policy: Policy, host: Host) -> Launch:
        """See Backend.look."""
        return Launch(SANDBOX_EXEC, (), policy.environment, _enforcement(policy))

    def record(self, policy: Policy, host: Host, launch_id: str) -> Recorder:
        """See Backend.record: refusals bear the ID of the launch in the system's log."""
        from safehouse.backends.log_stream import LogStream

        self._recorder = LogStream(launch_id)
        return self._recorder

    def _recorded(self, policy: Policy) -> Policy:
        if self._recorder is None:
            return policy
        from safehouse.backends.sandbox_log import tagged

        return tagged(policy, self._recorder.tag)

    def start(self, launch: Launch) -> int:
        """See Backend.start: this process becomes the program, unless there is a reason to stay."""
        if self._recorder is None:
            return sandbox_exec.start(launch)
        self._recorder.begin()
        try:
            return sandbox_exec.start(replace(launch, stays=True))
        finally:
            self._recorder.end()

    def lost(self, policy: Policy) -> tuple[str, ...]:
        """See Backend.lost: there is no other home than the person's."""
        return ()

    def view(self, policy: Policy, host: Host) -> View:
        """See Backend.view."""
        from safehouse.backends.by_rules import ByRules

        return ByRules(policy, host)

    def render(self, policy: Policy, host: Host) -> str:
        """The policy in SBPL."""
        return render(policy)


def _enforcement(policy: Policy) -> Enforcement:
    level = PARTIAL if policy.opaque else FULL
    return Enforcement(level, "Seatbelt", notes=(_LOCAL,) if policy.network != NONE else ())


def is_confined() -> bool:
    """Whether this process is in a sandbox, ours or another one."""
    import ctypes

    try:
        check = ctypes.CDLL("/usr/lib/libSystem.B.dylib").sandbox_check
    except (OSError, AttributeError):
        return False  # then sandbox-exec will tell
    return bool(check(os.getpid(), None, 0))


def _private_file(host: Host, text: str) -> str:
    """A policy too long for an argument, in a directory of ours, which no policy opens.

    Files of launches that have started are removed by the next that needs one.
    """
    directory = f"{host.home}/.local/state/safehouse/policies"
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        found = os.lstat(directory)
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise UserError(f"{directory} is open to others", f"chmod 700 {directory}")
        for name in os.listdir(directory):
            _remove_finished(f"{directory}/{name}", name)
        path = f"{directory}/{os.getpid()}-{os.urandom(8).hex()}.sb"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            view = memoryview(text.encode())
            while view:
                view = view[os.write(descriptor, view) :]
        except OSError:
            os.unlink(path)
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UserError(
            f"cannot write the policy to {directory}: {error.strerror}",
            "make room for it: this policy is too long for an argument",
        ) from None
    return path


def _remove_finished(path: str, name: str) -> None:
    process = name.partition("-")[0]
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        os.unlink(path)
    except OSError:
        pass
