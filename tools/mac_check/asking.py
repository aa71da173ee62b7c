"""Questions to a confined program, and its answers: see inside.py, which is that program."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from safehouse.backends import seatbelt
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

SOURCE = Path(__file__).with_name("inside.py").read_text(encoding="utf-8")
ALLOW, DENY, UNSURE = "allow", "deny", ""
REFUSED = 65  # EX_DATAERR, for a policy that does not compile: seatbelt.md 4.6
PATIENCE = 15.0  # seconds for one answer
_TO_END = 2.0
_MOST_RESTARTS = 5
# The kernel let it, and it failed for another reason.
_REACHED = (
    errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINPROGRESS, errno.EPROTOTYPE,
)  # fmt: skip
_NO_ATTRIBUTE = (93, errno.ENODATA)  # ENOATTR of macOS
_PASSED = {
    "connect": _REACHED, "tcp": _REACHED, "udp": _REACHED, "getxattr": _NO_ATTRIBUTE,
}  # fmt: skip
ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


class Question(Value):
    """Something to try: a verb of inside.py on `at`, with a second name `to` for some."""

    do: str
    at: str
    to: str = ""

    def __str__(self) -> str:
        return f"{self.do} {self.at}{' ' + self.to if self.to else ''}"


class Answer(Value):
    """How it went: 0, or the number of the error; `said` is its text."""

    errno: int
    said: str = ""

    def outcome(self, do: str) -> str:
        """Whether a policy let it: ALLOW, DENY, or UNSURE where something else kept it from it."""
        if self.errno == 0 or self.errno in _PASSED.get(do, ()):
            return ALLOW
        return DENY if self.errno == errno.EPERM else UNSURE

    def __str__(self) -> str:
        if self.errno == 0:
            return "done"
        return f"{errno.errorcode.get(self.errno, 'failed')}: {self.said}"


class NotStarted(Exception):
    """The program did not start under a policy: `status` of sandbox-exec and what it `said`."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"status {status}: {said}")
        self.status = status
        self.said = said


class Ended(Exception):
    """The program ended, or was ended, in the middle of a question."""


class Policy(Value):
    """What a program runs under: SBPL, and the values of `(param "X")`. Without a text: nothing."""

    text: str = ""
    params: tuple[tuple[str, str], ...] = ()


UNCONFINED = Policy()


class Enforcer(Value):
    """What confines: on a Mac always SANDBOX_EXEC. It takes a policy as Safehouse hands it over: as
    an argument up to `inline` bytes, else by a file, which is written into `place`.
    """

    place: str
    program: str = seatbelt.SANDBOX_EXEC
    inline: int = seatbelt._MOST_INLINE

    def words(self, policy: Policy, command: Sequence[str]) -> list[str]:
        """The argv by which a command runs under a policy."""
        if not policy.text:
            return list(command)
        params = [word for name, value in policy.params for word in ("-D", f"{name}={value}")]
        data = policy.text.encode()
        how = ("-p", policy.text) if len(data) <= self.inline else ("-f", self._file(data))
        return [self.program, *params, *how, "--", *command]

    def _file(self, data: bytes) -> str:
        path = f"{self.place}/{hashlib.sha256(data).hexdigest()[:16]}.sb"
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run(
        self,
        policy: Policy,
        command: Sequence[str],
        patience: float = 60.0,
        environment: dict[str, str] = ENVIRONMENT,
        directory: str = "/",
    ) -> tuple[int, str]:
        """The exit status of a command under a policy, and what it wrote.

        Raises OSError where it cannot be started, subprocess.TimeoutExpired.
        """
        with subprocess.Popen(
            self.words(policy, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=patience)
            except BaseException:
                kill(process)
                raise
        return process.returncode, said.decode("utf-8", "replace").strip()


def kill(process: subprocess.Popen[bytes]) -> None:
    """Ends a program that leads a session, with all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


class Session:
    """A confined program that waits for questions; `number` is that of its process."""

    def __init__(self, enforcer: Enforcer, python: str, policy: Policy) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        command = [python, "-I", "-S", "-B", "-c", SOURCE]
        try:
            self._process = subprocess.Popen(
                enforcer.words(policy, command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=ENVIRONMENT,
                cwd="/",
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            self._errors.close()
            raise NotStarted(-1, str(error)) from None
        self._rest = b""
        self._end: tuple[int, str] | None = None
        try:
            self.number = int(json.loads(self._line())["ready"])
        except (Ended, ValueError, KeyError):
            status, said = self.end(_TO_END)
            raise NotStarted(status, said) from None
        except BaseException:
            self.end()
            raise

    def ask(self, question: Question) -> Answer:
        """Raises Ended where there is no answer."""
        words = {"do": question.do, "at": question.at, "to": question.to}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
        except OSError as error:
            raise Ended(f"{error}") from None
        line = self._line()
        try:
            found = json.loads(line)
            return Answer(found["errno"], found.get("said", ""))
        except (ValueError, KeyError):
            raise Ended(f"no answer but {line[:80]!r}") from None

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        source = self._process.stdout.fileno()
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                raise Ended(f"no answer within {PATIENCE:.0f} seconds")
            more = os.read(source, 65536)
            if not more:
                raise Ended("the program ended")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def end(self, patience: float = 0.0) -> tuple[int, str]:
        """Ends it, if it has not ended within so many seconds; its exit status and its errors."""
        if self._end is not None:
            return self._end
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        if patience:
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        kill(process)
        status = process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip()
        self._errors.close()
        self._end = status, said
        return self._end


def ask(
    enforcer: Enforcer,
    python: str,
    policy: Policy,
    questions: Sequence[Question],
    before: Callable[[Question], None] = lambda question: None,
    after: Callable[[Question], None] = lambda question: None,
) -> Iterator[Answer]:
    """The answers to questions under a policy, by one process, and by another where that ends.

    `before` and `after` are called around each. Raises NotStarted where nothing can be asked.
    """
    session = Session(enforcer, python, policy)
    restarts = 0
    try:
        for question in questions:
            before(question)
            try:
                answer = session.ask(question)
            except Ended as ended:
                status, said = session.end(_TO_END)
                answer = Answer(-1, f"{ended} (status {status}) {said[-200:]}".strip())
                restarts += 1
                if restarts > _MOST_RESTARTS:
                    raise NotStarted(
                        status, f"it ended {restarts} times; at last: {said}"
                    ) from None
                session = Session(enforcer, python, policy)
            finally:
                after(question)
            yield answer
    finally:
        session.end()
