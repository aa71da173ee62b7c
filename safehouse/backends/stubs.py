"""What has to exist for a mount: made before the start, and stubs removed after the end.

A stub stands for a file that must not be created (`.git/commondir`). It lies on the host for as
long as any launch needs it: each holds a shared lock on it, and who ends last removes it. If a
launch was killed, the next one that ends does.
"""

from __future__ import annotations

import errno
import posix as os  # os itself costs 1.3 ms of every launch

from safehouse.errors import UserError, pasted, printable
from safehouse.facts import STUB_MODE, STUB_TIME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.launch import Creation

_MOST_TRIES = 20


class Held:
    """A stub, the descriptor that holds the lock on it, and the directories made for it."""

    def __init__(self, creation: Creation, descriptor: int, made: list[str]) -> None:
        self.creation = creation
        self.descriptor = descriptor
        self.made = made


def make(creations: tuple[Creation, ...]) -> list[Held]:
    """Makes what is missing, whatever the person's umask is. Raises UserError where it cannot."""
    umask = os.umask(0)
    try:
        return _all_made(creations)
    finally:
        os.umask(umask)


def _all_made(creations: tuple[Creation, ...]) -> list[Held]:
    held = []
    for creation in creations:
        try:
            made = _patiently(creation)
            if creation.stub:
                held.append(Held(creation, _locked(creation), made))
        except OSError as error:
            remove(held)
            if error.errno == errno.EMFILE:
                raise
            raise obstacle((creation,)) or UserError(
                f"cannot create {printable(creation.path)}: {error.strerror}",
                "the policy needs it to exist; create it, or make room for it",
            ) from None
    return held


def obstacle(creations: tuple[Creation, ...]) -> UserError | None:
    """What to tell of the first directory that cannot be written, so that something is not made.

    The command could make it writable, and then what has to be held in its place.
    """
    from safehouse.files import ancestors

    for creation in creations:
        for directory in (creation.path, *ancestors(creation.path)):
            try:
                found = os.stat(directory)
            except OSError:
                continue
            if directory == creation.path or os.access(directory, os.W_OK | os.X_OK):
                break
            shown = pasted(directory, tilde=False)
            mine = found.st_uid == os.getuid()
            return UserError(
                f"cannot create {printable(creation.path)}: {printable(directory)} is not writable",
                f"chmod u+wx {shown}"
                if mine
                else f"have its owner let you write {shown}, or create it there",
            )
    return None


def _patiently(creation: Creation) -> list[str]:
    """`_make`, while others remove the directories that it has just made."""
    for _ in range(_MOST_TRIES):
        try:
            return _make(creation)
        except FileNotFoundError:
            continue
    return _make(creation)


def _make(creation: Creation) -> list[str]:
    """Makes it; gives the directories that were made on the way to it, outermost first.

    A stub appears with all that marks it as one, or not at all: another launch may look just now.
    """
    directory = creation.path.rpartition("/")[0]
    made = _make_parents(directory)
    try:
        if creation.content is None:
            os.mkdir(creation.path, 0o700)
            if creation.stub:
                _mark(creation.path)
            return made
        mode = STUB_MODE if creation.stub else 0o600
        descriptor = os.open(directory, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, mode)
    except FileExistsError:
        return made
    try:
        if os.write(descriptor, creation.content) != len(creation.content):
            raise OSError(errno.ENOSPC, "no space left on the device")
        if creation.stub:
            os.utime(descriptor, (STUB_TIME, STUB_TIME))
        # A directory's descriptor makes it linkat(2), which alone follows the link in /proc.
        os.link(f"/proc/self/fd/{descriptor}", creation.path, src_dir_fd=descriptor)
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
    return made


def _mark(directory: str) -> None:
    try:
        os.utime(directory, (STUB_TIME, STUB_TIME), follow_symlinks=False)
    except FileNotFoundError:
        pass  # removed by another launch that held it, too; `_locked` makes it again


def _make_parents(directory: str) -> list[str]:
    made: list[str] = []
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        return made
    except FileNotFoundError:
        made = _make_parents(directory.rpartition("/")[0])
        os.mkdir(directory, 0o700)
    return [*made, directory]


def _locked(creation: Creation) -> int:
    import fcntl

    while True:
        try:
            descriptor = os.open(creation.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # its last user removed it before we could hold it
            _patiently(creation)
            continue
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if _is_at(descriptor, creation.path):
            return descriptor
        os.close(descriptor)  # or while we waited


def remove(held: list[Held]) -> None:
    """Removes the stubs that no other launch holds and nobody filled."""
    if not held:
        return
    import fcntl

    for stub in reversed(held):
        try:
            fcntl.flock(stub.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(stub.descriptor, stub.creation.path) and _is_unchanged(stub):
                (os.rmdir if stub.creation.content is None else os.unlink)(stub.creation.path)
                for directory in reversed(stub.made):
                    os.rmdir(directory)
        except OSError:  # held by another launch, or a directory that is used
            pass
        finally:
            os.close(stub.descriptor)


def is_abandoned(creation: Creation) -> bool:
    """Whether what lies there is a stub that no launch holds any more."""
    import fcntl

    try:
        descriptor = os.open(creation.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return _is_unchanged(Held(creation, descriptor, []))
    except OSError:  # a launch holds it
        return False
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        there = os.lstat(path)
    except OSError:
        return False
    mine = os.fstat(descriptor)
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def _is_unchanged(stub: Held) -> bool:
    content = stub.creation.content
    if int(os.fstat(stub.descriptor).st_mtime) != STUB_TIME:
        return False
    return content is None or os.pread(stub.descriptor, len(content) + 1, 0) == content
