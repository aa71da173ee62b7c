"""Starting bubblewrap with options that are ready, and looking that it did what was planned.

What is imported here is paid for by every launch, a kept one too.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.backends.report import Report, has_ended
from safehouse.errors import UserError
from safehouse.launch import Input, Words, execute, ignore_signals, supervise, wait_by_sender
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from safehouse.backends.landlock import Scope
    from safehouse.backends.lost import PrivateHome
    from safehouse.backends.mount import Mounts
    from safehouse.backends.recorder import Recorder
    from safehouse.launch import Launch, Proof

RESETS = "--default-signal="
_FILES_BESIDE = 64  # open at once beyond one a stub and one a denied file


class Sandbox:
    """One launch: `planned` gives its mounts and the home, None where nothing is to be verified.

    `home` is what the program had as its home, once it has started and if that was its own. `recorder`
    records what it is refused.
    """

    def __init__(
        self,
        scope: Scope,
        planned: Callable[[], tuple[Mounts, str]] | None,
        recorder: Recorder | None = None,
    ) -> None:
        self._scope = scope
        self._planned = planned
        self._recorder = recorder
        self.home: PrivateHome | None = None

    def start(self, launch: Launch) -> int:
        """Runs it; gives the exit status. Raises UserError as Backend.start."""
        _refuse_too_many_files(launch)
        held = []
        if launch.creations:
            from safehouse.backends import stubs

            held = stubs.make(launch.creations)
        status_read, status_write = os.pipe()
        block_read, block_write = os.pipe()
        inherited = (status_write, block_read, block_write)
        for descriptor in inherited:
            os.set_inheritable(descriptor, True)
        report = Report(status_read)
        recorder = self._recorder
        # bwrap takes the end of the blocking pipe for permission to go on, and what it starts is
        # not bound to die with it yet. So that one holds the end to write to as well (--sync-fd):
        # whoever is killed, it waits.
        fds = (
            "--json-status-fd", str(status_write), "--block-fd", str(block_read),
            "--sync-fd", str(block_write),
        )  # fmt: skip

        def confined() -> None:
            self._scope.restrict()
            if any(isinstance(word, str) and word.startswith(RESETS) for word in launch.argv):
                ignore_signals()
            ready = replace(launch, argv=(launch.argv[0], *fds, *launch.argv[1:]))
            if recorder:
                recorder.install()
            execute(ready, inherited)

        def release(child: int) -> None:
            try:
                if recorder:
                    recorder.begin()
                if self._verify(report, child, launch.proof) and not has_ended(child):
                    os.write(block_write, b"\n")
                else:
                    report.kill(lives=True)
            except BaseException:
                report.kill(lives=True)
                raise

        try:
            wait = recorder.waiting(report.kill) if recorder else wait_by_sender
            ending = supervise(confined, release, report.program, wait)
            # It ends when the program does, but a process in there can make it end, too, as with a
            # debugger, after seeing to it that nothing dies with it.
            report.kill()
        finally:
            for descriptor in inherited:
                os.close(descriptor)
            if (held or recorder) and report.wait_for_the_last() and held:
                stubs.remove(held)
            if recorder:
                recorder.end()
            started = report.started()
            report.close()
        if not started and ending.by_itself:
            from safehouse.backends import diagnosis

            raise diagnosis.of_failure(launch.program)
        return ending.code

    def _verify(self, report: Report, child: int, proof: Proof | None) -> bool:
        """Waits until all is mounted; False if bwrap has ended before that.

        Raises UserError if what is mounted is not what was planned, or does not close what it must.
        """
        if self._planned is None:
            report.wait_for_the_first(child)
            return True
        mounts, home = self._planned()  # while bubblewrap is on its way
        everything = any(mount.path == "/" for mount in mounts.mounts)
        if everything and not proof:
            report.wait_for_the_first(child)
            return True  # all that there is, was asked for
        first = report.wait_for_the_mounts(child)
        if not first:
            return False
        from safehouse.backends.lost import PrivateHome

        self.home = PrivateHome(first, mounts, home)
        from safehouse.backends.verify import deviation, refuse_open

        try:
            wrong = deviation(first, mounts, home) if not everything else ""
            if proof and not wrong:
                refuse_open(first, proof)
        except (FileNotFoundError, ProcessLookupError):  # of /proc: it has just ended
            return False
        if wrong:
            raise UserError(
                f"{wrong} was exchanged while the sandbox was made, so nothing was run",
                "start it again; if this repeats, a confined program may be at work: end the others",
            )
        return True


def _refuse_too_many_files(launch: Launch) -> None:
    """Raises UserError where what the launch holds open at once is beyond the limit."""
    inputs = sum(
        isinstance(word, Input)
        for part in launch.argv
        if isinstance(part, Words)
        for word in part.words
    )
    stubs = sum(creation.stub for creation in launch.creations)
    needed = inputs + stubs + _FILES_BESIDE
    most = os.sysconf("SC_OPEN_MAX")  # -1: no limit
    if needed > most >= 0:
        raise UserError(
            f"{inputs + stubs} files are denied one by one or must not be created, and {most} open "
            "files, the limit, are too few for that",
            f"raise the limit: ulimit -n {needed}",
        )
