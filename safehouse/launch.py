"""A program ready to start, how far it will be confined, and starting it."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import REFUSED
from safehouse.facts import encoded
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from signal import struct_siginfo
    from typing import Literal

    from safehouse.policy.rule import AnyRule

    Level = Literal["full", "partial"]
    Wait = Callable[[set[int]], tuple[int, bool]]

FULL: Level = "full"
PARTIAL: Level = "partial"


def new_id() -> str:
    """A name for a launch, by which what is kept of it is found again."""
    return os.urandom(4).hex()


class Shortfall(Value):
    """A rule that is not enforced as it says, and what happens instead."""

    rule: AnyRule
    instead: str


class Enforcement(Value):
    """How far a launch keeps its policy.

    `wider` are the rules under which more is possible than they say: a launch that has one is
    refused unless the person accepts it. `narrower` are those under which less is. `notes` say what
    this system cannot mediate at all.
    """

    level: Level
    by: str
    wider: tuple[Shortfall, ...] = ()
    narrower: tuple[Shortfall, ...] = ()
    notes: tuple[str, ...] = ()


class Input(Value):
    """Bytes that the program reads from a file descriptor: in argv it stands for its number."""

    data: bytes = b""


class Words(Value):
    """An input of words, each ended by a zero byte, some of which stand for inputs themselves."""

    words: tuple[str | Input, ...]


class Creation(Value):
    """Something to make before the start. `content` None: a directory.

    A stub only serves as a place to mount on, and is removed after the end.
    """

    path: str
    content: bytes | None = None
    stub: bool = False


class Proof(Value):
    """What is tried before the program starts: `paths` must be closed to it.

    `again` gives what would have been among them if it had been there when the policy was made.
    """

    paths: tuple[str, ...]
    again: Callable[[], tuple[str, ...]]


class Launch(Value):
    """What to execute: `program` by absolute path, its argv and environment, and what it needs.

    `directory` is where it starts, "" for here. `stays` says that there is something to do after
    its end, so that no backend may become it. `temporary` is the directory for temporary files that
    is made for it, "" for none. Without a `proof` there is nothing to try.
    """

    program: str
    argv: tuple[str | Input | Words, ...]
    environment: tuple[tuple[str, str], ...]
    enforcement: Enforcement
    creations: tuple[Creation, ...] = ()
    stays: bool = False
    directory: str = ""
    proof: Proof | None = None
    temporary: str = ""


def replace_process(launch: Launch, keep: tuple[int, ...] = ()) -> None:
    """Becomes the program: nothing of ours stays. Raises OSError if it cannot be executed."""
    execute(launch, keep)


def execute(launch: Launch, keep: tuple[int, ...]) -> None:
    """Executes the program with the standard descriptors, its inputs, and `keep`."""
    opened: list[int] = list(keep)
    argv = [_word(part, opened) for part in launch.argv]
    close_inherited(argv, tuple(opened))
    default_signals()
    if launch.directory:
        os.chdir(launch.directory)
    os.execve(launch.program, argv, dict(launch.environment))


def _word(part: str | Input | Words, opened: list[int]) -> str:
    """A word of an argv; what it stands for is added to `opened`."""
    if isinstance(part, str):
        return part
    data = part.data if isinstance(part, Input) else b""
    if isinstance(part, Words):
        data = b"".join(encoded(_word(word, opened)) + b"\0" for word in part.words)
    memory = os.memfd_create("safehouse", 0)
    view = memoryview(data)
    while view:
        view = view[os.write(memory, view) :]
    os.lseek(memory, 0, 0)
    opened.append(memory)
    return str(memory)


def close_inherited(argv: list[str], keep: tuple[int, ...] = ()) -> None:
    """Closes descriptors that we were started with, beyond the standard three.

    One of them may be a file or a socket that the policy does not grant. Those that the command's
    words name (`/dev/fd/63`, a shell's process substitution) stay.
    """
    wanted = {str(number) for number in keep}
    for word in argv:
        for start in ("/dev/fd/", "/proc/self/fd/"):
            if start in word:
                wanted.add(word.partition(start)[2].partition("/")[0])
    for name in os.listdir("/dev/fd"):
        if name not in ("0", "1", "2") and name not in wanted:
            try:
                os.set_inheritable(int(name), False)
            except OSError:  # the listing's own descriptor
                continue


def default_signals() -> None:
    """Undoes what the interpreter ignores at its start: an exec would pass it on."""
    import _signal as signals  # signal.py costs enum, 6 ms

    for number in (signals.SIGPIPE, signals.SIGXFSZ):
        signals.signal(number, signals.SIG_DFL)


def ignore_signals() -> None:
    """Makes this process, and what it executes, ignore what asks it to end."""
    import _signal as signals

    for number in ending_signals().values():
        signals.signal(number, signals.SIG_IGN)


class Ending(Value):
    """How a program ended: a wait status."""

    status: int

    @property
    def by_itself(self) -> bool:
        """Whether no signal ended it."""
        return os.WIFEXITED(self.status)

    @property
    def code(self) -> int:
        """The exit status as a shell gives it: the program's own, or 128 + the signal's number."""
        if os.WIFSIGNALED(self.status):
            return 128 + os.WTERMSIG(self.status)
        return os.WEXITSTATUS(self.status)


def ending_signals() -> dict[str, int]:
    """The signals by which a process is asked to end, by name, but for those ignored from the start."""
    import _signal as signals

    names = ("INT", "QUIT", "TERM", "HUP", "USR1", "USR2")
    numbers = {name: getattr(signals, f"SIG{name}") for name in names}
    return {
        n: number for n, number in numbers.items() if signals.getsignal(number) != signals.SIG_IGN
    }


def wait_by_sender(watched: set[int]) -> tuple[int, bool]:
    """The next signal, and whether the program has it already: the kernel says who sent it."""
    import _signal as signals

    return by_sender(signals.sigwaitinfo(watched))


def by_sender(event: struct_siginfo) -> tuple[int, bool]:
    """A signal that came, and whether the program has it already."""
    import _signal as signals

    # Above 0 it is the kernel's: typed at the terminal. But where we lead the session, the end of
    # the terminal is told to us alone.
    return event.si_signo, event.si_code > 0 and event.si_signo != signals.SIGHUP


def waiting_by_terminal() -> Wait:
    """The same where nobody says who sent it: macOS has no sigwaitinfo.

    What is typed goes to the process group that the terminal belongs to. So INT, QUIT, TSTP and
    WINCH are taken for typed while that is ours.
    """
    import _signal as signals

    # There, a signal whose default is to be ignored is thrown away though it is blocked, unless it
    # has a handler; and so from before the program can end.
    for number in (signals.SIGCHLD, signals.SIGWINCH):
        signals.signal(number, _nothing)
    typed = (signals.SIGINT, signals.SIGQUIT, signals.SIGTSTP, signals.SIGWINCH)

    def wait(watched: set[int]) -> tuple[int, bool]:
        number = signals.sigwait(watched)
        return number, number in typed and _owns_the_terminal()

    return wait


def _nothing(number: int, frame: object) -> None:
    """Never called: the signal is blocked while anybody waits for it."""


def _owns_the_terminal() -> bool:
    """Whether our process group is the one that gets what is typed."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def supervise(
    start: Callable[[], None],
    release: Callable[[int], None],
    find: Callable[[], int],
    wait: Wait = wait_by_sender,
) -> Ending:
    """Forks, lets the child `start` (which executes the program), and waits for its end.

    `release` is called with the child's number once it runs; if it raises, the child is killed.

    The terminal's signals reach the program by themselves, as a member of our process group; what
    was sent to this process alone is sent on to the process that `find` names (0: not there yet,
    the child itself gets it). When the child stops, so do we, so that the shell sees it. `wait`
    gives the next of some signals, and whether the program has it already.
    """
    import _signal as signals

    passed_on = {*ending_signals().values(), signals.SIGTSTP, signals.SIGCONT, signals.SIGWINCH}
    watched = passed_on | {signals.SIGCHLD}
    before = signals.pthread_sigmask(signals.SIG_BLOCK, watched)
    child = os.fork()
    if child == 0:
        try:
            signals.pthread_sigmask(signals.SIG_SETMASK, before)
            start()
        finally:
            os._exit(REFUSED)
    try:
        try:
            release(child)
        except BaseException:
            _send(child, signals.SIGKILL)
            os.waitpid(child, 0)
            raise
        while True:
            number, known = wait(watched)
            if number != signals.SIGCHLD:
                if not known:
                    _send(find() or child, number)
                continue
            ended, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if ended and os.WIFSTOPPED(status):
                os.kill(os.getpid(), signals.SIGSTOP)
                _send(child, signals.SIGCONT)
            elif ended:
                return Ending(status)
    finally:
        signals.pthread_sigmask(signals.SIG_SETMASK, before)


def _send(process: int, number: int) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass


def renamed(text: str, name: str, new: str) -> str:
    """A text about the directory of one launch as it is for another; see Host.launch_temp."""
    text = text.replace("|".join(others(name)), "|".join(others(new)))
    return text.replace(f"/safehouse/{name}", f"/safehouse/{new}")


def others(name: str) -> list[str]:
    """Regexes that together fit all names but this one, and no part of what follows it."""
    return [f"{name[:place]}[^{letter}]" for place, letter in enumerate(name + "/")]
