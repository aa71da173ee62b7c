"""The one directory that the check works in: all that is written, moved or removed is in it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile

from safehouse.files import MacFiles
from tools.mac_check.asking import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

PREFIX = "safehouse-check."
_MOST_WAITING = 64
LONGEST_SOCKET = 103  # bytes of a path in sun_path on macOS
# Names in `tree` beginning so are files that are made just before they are asked for.
LATER = "later"
ODD_NAME = "a \"b\" \\ 'c' $HOME ${x} `d` & (e) ; #f, %g ~ [h] ä日本"
_FILES = ("d/f", "d/x", "d/sub/g", "e", "dx", "Mixed", "caf\u00e9", f"odd/{ODD_NAME}")
# Imported by a policy.
_EXTRA = '(version 1)\n(deny file-read-data (literal "{S}/d/f") (literal "{S}/d/x"))\n'
_LINKS = {"link": "d", "flink": "d/f"}


class Scratch:
    """Made on entering, removed on leaving. `tree` is for small experiments, `home` for a home.

    There are a socket `s` and one in the network that accept connections, and a process of ours
    that is not confined, `other`.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self.root = ""
        self.other = 0
        self.port = 0
        self.port6 = 0
        self._listening: list[socket.socket] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def tree(self) -> str:
        return f"{self.root}/t"

    @property
    def home(self) -> str:
        return f"{self.root}/h"

    def __enter__(self) -> Scratch:
        made = os.path.realpath(tempfile.mkdtemp(prefix=PREFIX, dir=self._place))
        self.root = MacFiles().stored(made)
        try:
            self._furnish()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is impatient leaves nothing
        self.remove()
        signal.signal(signal.SIGINT, before)

    def _furnish(self) -> None:
        for name in _FILES:
            self.make(f"{self.tree}/{name}")
        for name, target in _LINKS.items():
            os.symlink(target, f"{self.tree}/{name}")
        self.make(f"{self.tree}/extra.sb", _EXTRA.replace("{S}", self.tree))
        os.mkdir(self.home)
        self.listen(f"{self.tree}/s")
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            try:
                server = socket.socket(family)
                server.bind((host, 0))
                server.listen(_MOST_WAITING)
                server.setblocking(False)
            except OSError:  # a machine without IPv6
                continue
            self._listening.append(server)
            port = server.getsockname()[1]
            self.port, self.port6 = (port, self.port6) if host[0] == "1" else (self.port, port)
        self._process = subprocess.Popen(
            ["/bin/sleep", "3600"], stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.other = self._process.pid

    def make(self, path: str, content: str = "x\n") -> None:
        """A file, with the directories above it."""
        self.own(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, 0o600)

    def listen(self, path: str) -> bool:
        """A socket at a path that accepts connections; False where the path is too long for one."""
        self.own(path)
        if len(os.fsencode(path)) > LONGEST_SOCKET:
            return False
        os.makedirs(os.path.dirname(path), exist_ok=True)
        server = socket.socket(socket.AF_UNIX)
        self._listening.append(server)
        server.bind(path)
        server.listen(_MOST_WAITING)
        server.setblocking(False)
        return True

    def own(self, path: str) -> None:
        """Raises ValueError for a path outside: nothing of anybody else's is ever changed."""
        if not self.root or ".." in path.split("/") or not path.startswith(self.root + "/"):
            raise ValueError(f"not in the scratch directory: {path}")

    def before(self, question: Question) -> None:
        """What a question needs to be there."""
        if question.do in ("connect", "tcp"):
            self._accept()
        for path in (question.at, question.to):
            if os.path.basename(path).startswith(LATER):
                self.make(path)

    def _accept(self) -> None:
        """Takes the connections that were made: only so many may wait."""
        for server in self._listening:
            try:
                while True:
                    server.accept()[0].close()
            except BlockingIOError:
                pass

    def after(self, question: Question) -> None:
        """All as it was before the question, whatever came of it."""
        do, at, to = question.do, question.at, question.to
        if do in ("create", "mkdir", "symlink", "bind"):
            self._remove(at)
        elif do == "rename" and os.path.lexists(to) and not os.path.lexists(at):
            self.own(at)
            self.own(to)
            os.rename(to, at)
        elif do in ("link", "clone"):
            self._remove(to)
        elif do == "unlink" and not os.path.lexists(at):
            self.make(at)
        elif do in ("chmod", "setuid"):
            self.own(at)
            os.chmod(at, 0o700 if os.path.isdir(at) else 0o600)
        for path in (at, to):
            if os.path.basename(path).startswith(LATER):
                self._remove(path)

    def _remove(self, path: str) -> None:
        self.own(path)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)

    def remove(self) -> None:
        """Removes all of it, and ends what was started for it."""
        for server in self._listening:
            server.close()
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        if self.root:
            _let_in(self.root)
            shutil.rmtree(self.root, ignore_errors=True)
            self.root = ""


def _let_in(root: str) -> None:
    """Opens directories of ours that were closed, so that they can be removed."""
    for directory, names, _ in os.walk(root):
        for name in names:
            path = f"{directory}/{name}"
            if not os.path.islink(path):
                os.chmod(path, 0o700)
