"""Records on Linux what a launch tries and does not get, without deciding anything: a process beside it.

It hears of each system call that names a file, from a filter that bubblewrap and the program inherit,
lets it go on, and looks at the planned mounts for how it ends (hearing.py).
"""

from __future__ import annotations

import _socket as socket  # socket itself costs 8 ms
import marshal
import os
import select
import sys

from safehouse.backends import listener
from safehouse.backends.base import Observations, Observed
from safehouse.backends.hearing import Hearing, Seeing
from safehouse.errors import UserError
from safehouse.launch import wait_by_sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.backends.base import View
    from safehouse.host import Host
    from safehouse.launch import Wait
    from safehouse.policy.policy import Policy

_LONGEST_END = 20  # seconds that the recorder gets to tell what it has


class Recorder:
    """What stands between a launch and the process that records it."""

    def __init__(self, policy: Policy, host: Host, view: Callable[[], View]) -> None:
        listener.refuse_unavailable()
        self._seeing = Seeing(policy, host, view)
        kind = socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC
        self._ours, self._childs = socket.socketpair(socket.AF_UNIX, kind)
        self._process = 0
        self._control = self._report = -1
        self._found: Observations | None = None

    def install(self) -> None:
        """In the process that becomes the sandbox: from here on its calls are told. Raises OSError."""
        try:
            descriptor = listener.install()
        except OSError as error:
            self._childs.send(str(error.errno).encode())
            raise
        number = descriptor.to_bytes(4, sys.byteorder)
        self._childs.sendmsg([b"0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, number)])
        os.close(descriptor)  # else nobody would be missed who listens no longer

    def begin(self) -> None:
        """In the parent: starts the process that records. Raises UserError where it cannot."""
        self._childs.close()
        said, passed, _, _ = self._ours.recvmsg(16, socket.CMSG_SPACE(4), socket.MSG_CMSG_CLOEXEC)
        self._ours.close()
        descriptors = [int.from_bytes(data[:4], sys.byteorder) for _, _, data in passed]
        if not descriptors:
            why = os.strerror(int(said)) if said.isdigit() else "the filter was not installed"
            raise UserError(
                f"denials cannot be recorded here: {why}",
                "leave --denials out; a sandbox around this one may be in the way",
            )
        control, self._control = os.pipe()
        self._report, report = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            _record(descriptors[0], control, report, self._seeing)
        for descriptor in (*descriptors, control, report):
            os.close(descriptor)

    def waiting(self, kill: Callable[[], None]) -> Wait:
        """How to wait for signals meanwhile: without the recorder every call fails, so the launch ends."""
        import _signal as signals

        def wait(watched: set[int]) -> tuple[int, bool]:
            found = wait_by_sender(watched)
            if found[0] == signals.SIGCHLD and self._process and self._has_failed():
                kill()
            return found

        return wait

    def _has_failed(self) -> bool:
        found = os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None and (found.si_code, found.si_status) != (os.CLD_EXITED, 0)

    def end(self) -> None:
        """Ends it, when the last program has ended or nothing was started, and takes what it has."""
        if not self._process:
            return
        os.close(self._control)
        data = _whole(self._report)
        os.close(self._report)
        if data is None:
            os.kill(self._process, 9)
        _, status = os.waitpid(self._process, 0)
        self._process = 0
        if data is None:
            self._found = Observations(flaw="what was recorded is lost: it took too long to tell")
        elif status:
            self._found = Observations(flaw="what records was ended, and the command with it")
        else:
            kept, more, flaw = marshal.loads(data)
            self._found = Observations(tuple(Observed(*row) for row in kept), more, flaw)

    def observed(self) -> Observations:
        """See base.Recorder."""
        return self._found or Observations(flaw="the command was not started")


def _whole(descriptor: int) -> bytes | None:
    """All that comes; None if it does not come in time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    parts: list[bytes] = []
    while poll.poll(_LONGEST_END * 1000):
        part = os.read(descriptor, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None


def _record(descriptor: int, control: int, report: int, seeing: Seeing) -> None:
    """All that the recording process does."""
    status = 1
    try:
        os.setsid()  # what is typed at the terminal is not for it
        _let_go({descriptor, control, report})
        record = Hearing(listener.Listener(descriptor), seeing)
        record.until(control)
        os.close(descriptor)  # who calls now gets ENOSYS: the last program has ended
        view = memoryview(record.told())
        while view:
            view = view[os.write(report, view) :]
        status = 0
    finally:
        os._exit(status)


def _let_go(keep: set[int]) -> None:
    """Holds no pipe that somebody waits for the end of."""
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in keep:
            try:
                os.close(int(name))
            except OSError:  # the listing's own
                continue
