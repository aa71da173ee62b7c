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
import time

from safehouse.backends import listener, parent
from safehouse.backends.base import Observations, Observed
from safehouse.backends.hearing import Hearing, Seeing
from safehouse.backends.pulse import Pulse
from safehouse.errors import UserError
from safehouse.launch import by_sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.backends.base import View
    from safehouse.host import Host
    from safehouse.launch import Wait
    from safehouse.near import NearFiles
    from safehouse.policy.policy import Policy

_LONGEST_END = 20  # seconds that the recorder gets to tell what it has
_LONGEST_CALL = 5  # and for one call, which waits for it
_LONGEST_KILL = 2  # what waits in the kernel can be beyond that


class Recorder:
    """What stands between a launch and the process that records it."""

    def __init__(
        self, policy: Policy, host: Host, view: Callable[[], tuple[View, NearFiles]]
    ) -> None:
        listener.refuse_unavailable()
        self._seeing = Seeing(policy, host, view)
        kind = socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC
        self._ours, self._childs = socket.socketpair(socket.AF_UNIX, kind)
        self._process = 0
        self._control = self._report = -1
        self._found: Observations | None = None
        self._pulse = Pulse()
        self._is_stuck = False

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
        ours = os.getpid()
        self._process = os.fork()
        if self._process == 0:
            _record(descriptors[0], control, report, self._seeing, self._pulse, ours)
        for descriptor in (*descriptors, control, report):
            os.close(descriptor)

    def waiting(self, kill: Callable[[], None]) -> Wait:
        """How to wait for signals meanwhile: without the recorder every call fails, so the launch ends.

        So it does where the recorder does not come back from a call: what is confined would wait for good.
        """
        import _signal as signals

        def wait(watched: set[int]) -> tuple[int, bool]:
            while True:
                event = signals.sigtimedwait(watched, 1)
                if self._process and self._is_late():
                    os.kill(self._process, signals.SIGKILL)
                    kill()
                if event is None:
                    continue
                if event.si_signo == signals.SIGCHLD and self._process and self._has_failed():
                    kill()
                return by_sender(event)

        return wait

    def _is_late(self) -> bool:
        self._is_stuck = self._is_stuck or self._pulse.seconds() > _LONGEST_CALL
        return self._is_stuck

    def _has_failed(self) -> bool:
        found = os.waitid(os.P_PID, self._process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return found is not None and (found.si_code, found.si_status) != (os.CLD_EXITED, 0)

    def end(self) -> None:
        """Ends it, when the last program has ended or nothing was started, and takes what it has."""
        if not self._process:
            return
        os.close(self._control)
        data = self._whole()
        os.close(self._report)
        if data is None:
            os.kill(self._process, 9)
        status = _ended(self._process)
        self._process = 0
        if self._is_stuck:
            flaw = (
                f"what records took more than {_LONGEST_CALL} seconds for one call, and was ended"
            )
            self._found = Observations(flaw=f"{flaw}, and the command with it")
        elif data is None:
            self._found = Observations(flaw="what was recorded is lost: it took too long to tell")
        elif status:
            self._found = Observations(flaw="what records was ended, and the command with it")
        else:
            kept, more, flaw = marshal.loads(data)
            self._found = Observations(tuple(Observed(*row) for row in kept), more, flaw)

    def _whole(self) -> bytes | None:
        """All that it tells; None if that does not come in time."""
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        parts: list[bytes] = []
        last = time.monotonic() + _LONGEST_END
        while time.monotonic() < last and not self._is_late():
            if poll.poll(1000):
                part = os.read(self._report, 1 << 16)
                if not part:
                    return b"".join(parts)
                parts.append(part)
        return None

    def observed(self) -> Observations:
        """See base.Recorder."""
        return self._found or Observations(flaw="the command was not started")


def _ended(process: int) -> int:
    """The status of a process that is about to end; -1 where the kernel does not let it."""
    last = time.monotonic() + _LONGEST_KILL
    pause = 0.001
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return status
        if time.monotonic() > last:
            return -1
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


def _record(
    descriptor: int, control: int, report: int, seeing: Seeing, pulse: Pulse, ours: int
) -> None:
    """All that the recording process does."""
    status = 1
    try:
        parent.killed_with(ours)
        os.setsid()  # what is typed at the terminal is not for it
        _let_go({descriptor, control, report})
        record = Hearing(listener.Listener(descriptor), seeing, pulse)
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
