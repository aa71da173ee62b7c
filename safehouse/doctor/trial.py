"""Tries on this machine: a confined program that does nothing, a policy, and what programs answer."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from safehouse import sandbox
from safehouse.errors import REFUSED, UserError, printable
from safehouse.request import Request
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host

_SECONDS = 20
_NOTHING = ("/usr/bin/true", "/bin/true", "/run/current-system/sw/bin/true")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
_NOT_STARTED = 127
_MOST_SAID = 4096


class Said(Value):
    """What a program answered: its exit status, and all that it printed."""

    status: int
    text: str


class Trial(Value):
    """How a launch of a program that does nothing ended.

    `message` and `hint` are those of a refusal; "" for none. `milliseconds` is how long it took.
    """

    status: int
    message: str = ""
    hint: str = ""
    milliseconds: int = 0


def answer(argv: tuple[str, ...], environment: dict[str, str] | None = None) -> Said:
    """What a program answers."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_ENVIRONMENT if environment is None else environment,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Said(_NOT_STARTED, f"no answer within {_SECONDS} seconds")
    except OSError as error:
        return Said(_NOT_STARTED, str(error.strerror))
    text = done.stdout[:_MOST_SAID].decode("utf-8", "replace").strip()
    return Said(done.returncode, "\n".join(printable(line) for line in text.splitlines()))


def of_policy(agent: str, host: Host) -> Said:
    """What the enforcer says to the policy of an agent, given for a program that does nothing."""
    request = Request(command=(nothing(),), agent=agent, workdir="")
    try:
        launch = sandbox.make_launch(sandbox.make_plan(request, host), sandbox.backend_for(host))
    except UserError as error:
        return Said(REFUSED, error.message)
    words = tuple(word for word in launch.argv[1:] if isinstance(word, str))
    return answer((launch.program, *words), dict(launch.environment))


def nothing() -> str:
    """A program that does nothing, by absolute path."""
    return next((path for path in _NOTHING if os.access(path, os.X_OK)), _NOTHING[0])


def tried(host: Host) -> Trial:
    """Launches a program that does nothing, as every program is launched, without a project."""
    began = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _launch_in_child(host, writing)
    os.close(writing)
    said = _read(reading, began + _SECONDS)
    code = _end(child, began + _SECONDS)
    if code is None:
        return Trial(REFUSED, f"a confined program did not end within {_SECONDS} seconds")
    message, _, hint = said.decode("utf-8", "replace").partition("\0")
    return Trial(code, message, hint, round((time.monotonic() - began) * 1000))


def _launch_in_child(host: Host, writing: int) -> None:
    """Never returns."""
    status = REFUSED
    said = ""
    try:
        os.setsid()  # no terminal: what is typed meanwhile is nobody's there
        nowhere = os.open("/dev/null", os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        request = Request(command=(nothing(),), workdir="")
        backend = sandbox.backend_for(host)
        # Without a line in the log of launches: nobody has asked for one, and doctor changes nothing.
        status = backend.start(sandbox.make_launch(sandbox.make_plan(request, host), backend))
    except UserError as error:
        status, said = error.status, f"{error.message}\0{error.hint}"
    except OSError as error:
        said = f"{error.filename or 'the system'}: {error.strerror}"
    finally:
        os.write(writing, said.encode("utf-8", "surrogateescape"))
        os._exit(status)


def _read(descriptor: int, until: float) -> bytes:
    """What comes through a pipe, up to its end or a time."""
    import select

    said = b""
    try:
        while select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            part = os.read(descriptor, _MOST_SAID)
            if not part:
                break
            said += part
    finally:
        os.close(descriptor)
    return said


def _end(child: int, until: float) -> int | None:
    """The exit status of a child, as a shell gives it; None for one that had to be killed."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.002)
