"""Starting `sandbox-exec` with a policy that is ready.

What is imported here is paid for by every launch, a kept one too.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.launch import execute, replace_process, supervise, waiting_by_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.launch import Launch, Proof


def start(launch: Launch) -> int:
    """Becomes the program, unless there is a reason to stay; then gives its exit status."""
    if not launch.temporary:
        return _started(launch, ())
    from safehouse import note
    from safehouse.backends import temporary

    held = temporary.make(launch.temporary)
    try:
        temporary.sweep(launch.temporary)
        temporary.put(held, note.NAME, note.TEXT.encode())
        return _started(launch, (held,))
    finally:
        os.close(held)
        temporary.sweep(launch.temporary)


def _try(launch: Launch, proof: Proof) -> None:
    """Raises UserError where a program under this policy can open what has to be closed to it.

    What appears later is denied by its name: there is no need to look again.
    """
    from safehouse.backends import probe

    argv = launch.argv
    enforcer = [word for word in argv[1 : argv.index("--") + 1] if isinstance(word, str)]
    probe.refuse_open((launch.program, *enforcer), proof)


def _started(launch: Launch, keep: tuple[int, ...]) -> int:
    if launch.proof:
        _try(launch, launch.proof)
    if launch.stays:
        return _supervised(launch, keep)
    replace_process(launch, keep)
    raise AssertionError("execve returned")


def _supervised(launch: Launch, keep: tuple[int, ...]) -> int:
    """Runs it as a child and gives its exit status. Raises OSError if it cannot be executed."""
    failure, failed = os.pipe()

    def confined() -> None:
        try:
            execute(launch, keep)
        except OSError as error:
            os.write(failed, str(error.errno).encode())

    def release(child: int) -> None:
        """Waits until it is executed, which closes the other end of the pipe."""
        os.close(failed)
        number = os.read(failure, 16)
        if number:
            raise OSError(int(number), os.strerror(int(number)), launch.program)

    try:
        return supervise(confined, release, lambda: 0, waiting_by_terminal()).code
    finally:
        os.close(failure)
