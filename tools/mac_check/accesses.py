"""What the kernel is thought to ask a policy about, for each thing that inside.py can try."""

from __future__ import annotations

from safehouse.files import FileSystem, follow
from safehouse.policy.policy import Access
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tools.mac_check.asking import Question

# verb: the operations on what a path leads to
_FOLLOWED = {
    "read": ("file-read-data",), "list": ("file-read-data",), "write": ("file-write-data",),
    "access": ("file-test-existence",), "chmod": ("file-write-mode",),
    "setuid": ("file-write-mode", "file-write-setugid"), "times": ("file-write-times",),
    "getxattr": ("file-read-xattr",), "setxattr": ("file-write-xattr",),
    "lock": ("file-read-data", "file-lock"), "map": ("file-read-data", "file-map-executable"),
    "exec": ("process-exec*",), "connect": ("network-outbound",),
    "ioctl": ("file-read-data", "file-write-data", "file-ioctl"),
}  # fmt: skip
# the same on what is called so itself, a link too
_NAMED = {
    "stat": ("file-read-metadata",), "readlink": ("file-read-metadata",),
    "create": ("file-write-create",), "mkdir": ("file-write-create",),
    "symlink": ("file-write-create",), "unlink": ("file-write-unlink",),
    "rename": ("file-write-unlink",), "link": ("file-link",), "clone": ("file-clone",),
    "bind": ("network-bind",),
}  # fmt: skip
# What may be asked for as well; nobody has written down whether it is.
_PERHAPS = {
    "create": ("file-write-data",), "clone": ("file-read-data", "file-read-metadata"),
    "exec": ("file-read-data", "file-map-executable"), "bind": ("file-write-create",),
    "link": ("file-read-metadata",), "rename": ("file-read-metadata",),
    "unlink": ("file-read-metadata",), "list": ("file-read-metadata",),
}  # fmt: skip
_MADE = ("rename", "link", "clone")  # they make a second name
_OF_PROCESSES = {
    "signal": "signal", "pidinfo": "process-info-pidinfo", "codesign": "process-info-codesignature",
}  # fmt: skip
_OTHERS = {
    "mach": ("mach-lookup",), "sysctl": ("sysctl-read",), "notify": ("darwin-notification-post",),
    "tcp": ("network-outbound",), "udp": ("network-outbound",), "tcp-bind": ("network-bind",),
    "tcp-listen": ("network-bind", "network-inbound"),
    "pty": ("pseudo-tty",), "listpids": ("process-info-listpids",),
    "socket-ioctl": ("socket-ioctl",),
}  # fmt: skip
_WITHOUT_TARGET = ("pty", "listpids", "socket-ioctl")
PATH_VERBS = frozenset((*_FOLLOWED, *_NAMED))


class Needed(Value):
    """What all has to be allowed for it to be done, and what perhaps has to be, too."""

    surely: tuple[Access, ...]
    perhaps: tuple[Access, ...] = ()


def needed(question: Question, files: FileSystem) -> Needed:
    """What a policy is asked about for a question, paths as the kernel sees them."""
    do, at = question.do, question.at
    if do in PATH_VERBS:
        return _of_files(question, files)
    if do in _OF_PROCESSES:
        who = {"self": "self", "child": "same-sandbox"}.get(at, "others")
        return Needed((Access(_OF_PROCESSES[do], who),))
    if do == "procargs":
        return Needed((Access("sysctl-read", "kern.procargs2"),))
    target = "" if do in _WITHOUT_TARGET else at
    return Needed(tuple(Access(name, target) for name in _OTHERS.get(do, ())))


def _of_files(question: Question, files: FileSystem) -> Needed:
    do = question.do
    surely = []
    if do in _FOLLOWED:
        found = follow(files, question.at)
        real, links = found.real, found.links
        operations = _FOLLOWED[do]
    else:
        real, links = _itself(question.at, files)
        operations = _NAMED[do]
    surely += [Access("file-read-metadata", link) for link, _ in links]
    surely += [Access(name, real) for name in operations]
    if do in _MADE:
        surely.append(Access("file-write-create", _itself(question.to, files)[0]))
    return Needed(tuple(surely), tuple(Access(name, real) for name in _PERHAPS.get(do, ())))


def _itself(path: str, files: FileSystem) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The path of what has this name, and the links on the way to its directory."""
    directory, _, name = path.rpartition("/")
    found = follow(files, directory or "/")
    return f"{found.real.rstrip('/')}/{name}", found.links
