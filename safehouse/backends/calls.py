"""The system calls that name files, by number, and what each asks for."""

from __future__ import annotations

from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Beside the words of `safehouse why` and SBPL's operations: what the flags of an open, or what lies
# at a path already, turn into one of these.
OPEN, REPLACE, MAKE, CONNECT, BIND = "open", "replace", "make", "connect", "bind"
HERE = -1  # in the place of an argument: the directory that the process is in


class Named(Value):
    """A path among the arguments: what is done to it, and which arguments are its directory and itself."""

    word: str
    directory: int
    path: int


class Call(Value):
    """A system call: the paths that it names, and the argument with its flags (-1: none).

    `indirect` says that this argument is the address of the flags.
    """

    paths: tuple[Named, ...]
    flags: int = -1
    indirect: bool = False


def _one(word: str, directory: int, path: int, flags: int = -1, indirect: bool = False) -> Call:
    return Call((Named(word, directory, path),), flags, indirect)


_MODE, _OWNER = "file-write-mode", "file-write-owner"
_TIMES, _ATTRIBUTE = "file-write-times", "file-write-xattr"
# asm/unistd_64.h of x86, asm-generic/unistd.h: 0 where an architecture does not have it.
_TABLE: tuple[tuple[int, int, Call], ...] = (
    (2, 0, _one(OPEN, HERE, 0, 1)),  # open
    (257, 56, _one(OPEN, 0, 1, 2)),  # openat
    (437, 437, _one(OPEN, 0, 1, 2, True)),  # openat2
    (85, 0, _one("write", HERE, 0)),  # creat
    (76, 45, _one("write", HERE, 0)),  # truncate
    (59, 221, _one("exec", HERE, 0)),  # execve
    (322, 281, _one("exec", 0, 1)),  # execveat
    (4, 0, _one("stat", HERE, 0)),  # stat
    (6, 0, _one("readlink", HERE, 0)),  # lstat
    (21, 0, _one("stat", HERE, 0)),  # access
    (89, 0, _one("readlink", HERE, 0)),  # readlink
    (80, 49, _one("stat", HERE, 0)),  # chdir
    (262, 79, _one("stat", 0, 1, 3)),  # newfstatat
    (332, 291, _one("stat", 0, 1, 2)),  # statx
    (269, 48, _one("stat", 0, 1)),  # faccessat
    (439, 439, _one("stat", 0, 1, 3)),  # faccessat2
    (267, 78, _one("readlink", 0, 1)),  # readlinkat
    (83, 0, _one(MAKE, HERE, 0)),  # mkdir
    (258, 34, _one(MAKE, 0, 1)),  # mkdirat
    (133, 0, _one("create", HERE, 0)),  # mknod
    (259, 33, _one("create", 0, 1)),  # mknodat
    (88, 0, _one("create", HERE, 1)),  # symlink
    (266, 36, _one("create", 1, 2)),  # symlinkat
    (86, 0, _one("create", HERE, 1)),  # link
    (265, 37, _one("create", 2, 3)),  # linkat
    (82, 0, Call((Named("rename", HERE, 0), Named(REPLACE, HERE, 1)))),  # rename
    (264, 38, Call((Named("rename", 0, 1), Named(REPLACE, 2, 3)))),  # renameat
    (316, 276, Call((Named("rename", 0, 1), Named(REPLACE, 2, 3)))),  # renameat2
    (87, 0, _one("delete", HERE, 0)),  # unlink
    (84, 0, _one("delete", HERE, 0)),  # rmdir
    (263, 35, _one("delete", 0, 1)),  # unlinkat
    (90, 0, _one(_MODE, HERE, 0)),  # chmod
    (268, 53, _one(_MODE, 0, 1)),  # fchmodat
    (452, 452, _one(_MODE, 0, 1)),  # fchmodat2
    (92, 0, _one(_OWNER, HERE, 0)),  # chown
    (94, 0, _one(_OWNER, HERE, 0)),  # lchown
    (260, 54, _one(_OWNER, 0, 1)),  # fchownat
    (132, 0, _one(_TIMES, HERE, 0)),  # utime
    (235, 0, _one(_TIMES, HERE, 0)),  # utimes
    (261, 0, _one(_TIMES, 0, 1)),  # futimesat
    (280, 88, _one(_TIMES, 0, 1)),  # utimensat
    (188, 5, _one(_ATTRIBUTE, HERE, 0)),  # setxattr
    (189, 6, _one(_ATTRIBUTE, HERE, 0)),  # lsetxattr
    (197, 14, _one(_ATTRIBUTE, HERE, 0)),  # removexattr
    (198, 15, _one(_ATTRIBUTE, HERE, 0)),  # lremovexattr
    (42, 203, _one(CONNECT, HERE, 1, 2)),  # connect: an address, and its length
    (49, 200, _one(BIND, HERE, 1, 2)),  # bind
)
EXECUTE = {"x86_64": (59, 322), "aarch64": (221, 281)}


def of(machine: str) -> Mapping[int, Call]:
    """The calls of a processor, by number; none where its numbers are not known here."""
    column = {"x86_64": 0, "aarch64": 1}.get(machine)
    if column is None:
        return {}
    return {(row[0], row[1])[column]: row[2] for row in _TABLE if row[column]}
