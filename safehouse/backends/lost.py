"""What a program wrote into the home that a launch has for itself, which ends with it."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.backends.mounts import Mounts

# Looked into one level deeper: what programs keep there has their names.
_SHARED = frozenset((".config", ".local", ".local/share", ".local/state"))
# Can be made again, or is of no use to anybody later.
_WORTHLESS = frozenset(
    """
    .cache .npm .bash_history .lesshst .node_repl_history .psql_history .python_history
    .sqlite_history .sudo_as_admin_successful .viminfo .wget-hsts
    """.split()
)
_MOST = 1000


class PrivateHome:
    """A launch's own home, held so that it can be looked at after the last process has ended."""

    def __init__(self, first: int, mounts: Mounts, home: str) -> None:
        """`first` is the sandbox's first process; nothing is held where its home is the person's."""
        self._home = home
        self._own: set[str] = set()
        self._descriptor = -1
        if not mounts.home_is_private:
            return
        for path in _made(mounts):
            below = path[len(home) + 1 :] if path.startswith(home + "/") else ""
            while below:
                self._own.add(below)
                below = below.rpartition("/")[0]
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
            self._descriptor = os.open(f"/proc/{first}/root{home}", flags)
        except OSError:  # it has ended, or the kernel does not show it: nothing is told then
            pass

    def lost(self) -> tuple[str, ...]:
        """The absolute paths of what is in there and is gone afterwards; directories end in `/`."""
        if self._descriptor < 0:
            return ()
        try:
            return tuple(
                sorted(f"{self._home}/{name}" for name in self._found(self._descriptor, ""))
            )
        except OSError:
            return ()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def _found(self, directory: int, below: str) -> Iterator[str]:
        for name in _names(directory):
            path = f"{below}/{name}" if below else name
            if path in _WORTHLESS:
                continue
            inside = _opened(directory, name)
            if inside < 0:
                if path not in self._own:
                    yield path
                continue
            try:
                if path in _SHARED:
                    yield from self._found(inside, path)
                elif path not in self._own and any(_names(inside)):
                    yield f"{path}/"
            finally:
                os.close(inside)


def _names(directory: int) -> Iterator[str]:
    """The first names in a directory, one by one: a program may have made millions of files."""
    with os.scandir(directory) as entries:
        for count, entry in enumerate(entries):
            if count == _MOST:
                return
            yield entry.name


def _opened(directory: int, name: str) -> int:
    """A directory in another one, by descriptor; -1 for what is none."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=directory)
    except OSError:
        return -1


def _made(mounts: Mounts) -> Iterable[str]:
    """What is there because we have put it there."""
    yield from (mount.path for mount in mounts.mounts)
    yield from (path for path, _ in mounts.links)
    yield from (creation.path for creation in mounts.creations)
