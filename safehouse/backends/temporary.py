"""The directory for temporary files that each launch has alone on macOS, and removing what is left.

Nobody needs to stay for it: the program itself has the directory open, with a shared lock on it,
for as long as it lives. A later launch removes those that it can lock for itself.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch
from errno import EEXIST, ELOOP, ENOTDIR

from safehouse.errors import UserError
from safehouse.files import MacFiles
from safehouse.launch import close_inherited, default_signals

_RM = "/bin/rm"
_GONE = ".gone"  # no launch makes such a name
_MOST_TRIES = 100  # of 10 ms
_MOST_REMOVED = 8  # in one launch, which others wait for
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(path: str) -> int:
    """Makes the directory at `path`, in one for all launches, and gives a descriptor that holds it.

    It is in use for as long as the descriptor, or one inherited from it, is open; programs that are
    executed inherit it. Raises UserError where that cannot be had.
    """
    parent, _, name = path.rpartition("/")
    try:
        above = _parent(parent)
        try:
            return _made(above, name)
        finally:
            os.close(above)
    except OSError as error:
        raise UserError(
            f"cannot make the directory for temporary files {path}: {error.strerror}",
            f"make room for it, or remove {parent}: nothing is run without",
        ) from None


def put(directory: int, name: str, data: bytes) -> None:
    """Makes a file in the directory that a descriptor holds. Raises OSError."""
    descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def sweep(path: str) -> None:
    """Removes the directories beside `path`, and itself, that no program holds any more.

    Never an error: what cannot be removed is left to the next launch.
    """
    parent = path.rpartition("/")[0]
    try:
        above = _parent(parent)
    except (OSError, UserError):
        return
    held: list[int] = []
    names: list[str] = []
    try:
        # What could not be removed before must not keep the rest from it.
        for name in sorted(os.listdir(above), key=lambda name: (name.endswith(_GONE), name)):
            found = _taken(above, name)
            if found is not None:
                names.append(found[0])
                held.append(found[1])
            if len(names) == _MOST_REMOVED:
                break
        if names:
            _remove([f"{parent}/{name}" for name in names], held)
    except OSError:
        pass
    finally:
        for descriptor in (*held, above):
            os.close(descriptor)


def abandoned(parent: str) -> list[str]:
    """The directories of launches that nobody holds any more, by name."""
    import fcntl

    found = []
    try:
        names = sorted(os.listdir(parent))
    except OSError:
        return []
    for name in names:
        try:
            descriptor = os.open(f"{parent}/{name}", _DIRECTORY)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.append(name)
        except OSError:
            pass
        finally:
            os.close(descriptor)
    return found


def _parent(path: str) -> int:
    """The directory of all launches, made where it is missing. Raises UserError for anybody else's."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    try:
        descriptor = os.open(path, _DIRECTORY)
    except OSError as error:
        if error.errno in (ELOOP, ENOTDIR):
            raise UserError(f"{path} is no directory", f"remove it: rm {path}") from None
        raise
    found = os.fstat(descriptor)
    stored = MacFiles().stored(path)
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        wrong, hint = f"{path} is open to others", f"chmod 700 {path}, or remove it"
    elif not stored.endswith("/" + path.rpartition("/")[2]):
        wrong, hint = f"{path} is there as {stored}", f"remove it: rm -r {stored}"
    else:
        return descriptor
    os.close(descriptor)
    raise UserError(wrong, hint)


def _made(above: int, name: str) -> int:
    """A new directory that nobody had before, held. Raises OSError."""
    import fcntl
    import time

    for _ in range(_MOST_TRIES):
        try:
            os.mkdir(name, 0o700, dir_fd=above)
            descriptor = os.open(name, _DIRECTORY, dir_fd=above)
        except (FileExistsError, FileNotFoundError):
            time.sleep(0.01)  # another launch is about to sweep it away
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if _is_at(descriptor, above, name):
                os.set_inheritable(descriptor, True)
                return descriptor
        except BlockingIOError:  # swept already, before it could be held
            pass
        os.close(descriptor)
    raise FileExistsError(EEXIST, "it is there already")


def _taken(above: int, name: str) -> tuple[str, int] | None:
    """What nobody holds, by a name under which nobody looks for it, and the lock on it."""
    import fcntl

    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    except OSError as error:
        if error.errno in (ELOOP, ENOTDIR):  # no launch makes such
            _forget(above, name)
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(descriptor, above, name):
            if name.endswith(_GONE):
                return name, descriptor
            # From here on what is left of its programs, which know the old name, cannot enter it.
            os.rename(name, name + _GONE, src_dir_fd=above, dst_dir_fd=above)
            return name + _GONE, descriptor
    except OSError:  # in use, or what is left of one of the same name is not removed yet
        pass
    os.close(descriptor)
    return None


def _forget(above: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=above)
    except OSError:
        pass


def _is_at(descriptor: int, above: int, name: str) -> bool:
    try:
        there = os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _remove(paths: list[str], held: list[int]) -> None:
    """Starts the removal of directories and waits for nothing; the locks stay until it ends.

    It is a grandchild: the program that this process becomes has no child that it does not know.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        if os.fork() == 0:
            os.setsid()
            nothing = os.open("/dev/null", os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(nothing, standard)
            close_inherited([], tuple(held))
            for descriptor in held:
                os.set_inheritable(descriptor, True)
            default_signals()
            os.chdir("/")
            os.execve(_RM, ["rm", "-rf", "--", *paths], {})
    finally:
        os._exit(0)
