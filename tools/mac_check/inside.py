"""Tries what it is asked to and says how it went. This program is what is confined.

It reads a question a line, `{"do": "read", "at": "/path", "to": ""}`, and answers with a line:
`{"errno": 0}` for what went well, the number of the error else. It is handed to the interpreter as
an argument, so that no policy has to open this file, and uses nothing but the standard library. What
it opens it does not read.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import signal
import socket
import struct
import sys
import termios

MAC = sys.platform == "darwin"
LIBRARY = ctypes.CDLL(None, use_errno=True)
XATTR = "com.example.check" if MAC else "user.check"
# <mach/...>, <servers/bootstrap.h>, <sys/proc_info.h>, <sys/sysctl.h>, <sys/sockio.h>
NOT_PRIVILEGED, UNKNOWN_SERVICE = 1100, 1102
PROC_PIDTBSDINFO = 3
CTL_KERN, KERN_PROCARGS2 = 1, 49
SIOCGIFFLAGS = 0xC0206911 if MAC else 0x8913
TIOCSTI = 0x80017472 if MAC else 0x5412
_children: list[int] = []


def failed() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def opened(path: str, flags: int) -> None:
    os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, 0o600))


# Files


def read(at: str, to: str) -> None:
    opened(at, os.O_RDONLY)


def list_(at: str, to: str) -> None:
    os.listdir(at)


def stat(at: str, to: str) -> None:
    os.lstat(at)


def readlink(at: str, to: str) -> None:
    os.readlink(at)


def access(at: str, to: str) -> None:
    if LIBRARY.access(os.fsencode(at), os.F_OK) != 0:
        raise failed()


def write(at: str, to: str) -> None:
    opened(at, os.O_WRONLY)


def create(at: str, to: str) -> None:
    opened(at, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def mkdir(at: str, to: str) -> None:
    os.mkdir(at)


def symlink(at: str, to: str) -> None:
    os.symlink("nowhere", at)


def unlink(at: str, to: str) -> None:
    os.unlink(at)


def rename(at: str, to: str) -> None:
    os.rename(at, to)


def link(at: str, to: str) -> None:
    os.link(at, to)


def clone(at: str, to: str) -> None:
    if LIBRARY.clonefile(os.fsencode(at), os.fsencode(to), 0) != 0:
        raise failed()


def chmod(at: str, to: str) -> None:
    os.chmod(at, 0o640)


def setuid(at: str, to: str) -> None:
    os.chmod(at, 0o4750)


def times(at: str, to: str) -> None:
    os.utime(at, (1, 1))


def getxattr(at: str, to: str) -> None:
    if not MAC:
        os.getxattr(at, XATTR)
    elif LIBRARY.getxattr(os.fsencode(at), XATTR.encode(), None, 0, 0, 0) < 0:
        raise failed()


def setxattr(at: str, to: str) -> None:
    if not MAC:
        os.setxattr(at, XATTR, b"1")
    elif LIBRARY.setxattr(os.fsencode(at), XATTR.encode(), b"1", 1, 0, 0) != 0:
        raise failed()


def lock(at: str, to: str) -> None:
    descriptor = os.open(at, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def map_(at: str, to: str) -> None:
    descriptor = os.open(at, os.O_RDONLY)
    try:
        mmap.mmap(descriptor, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC).close()
    finally:
        os.close(descriptor)


# Programs and processes


def exec_(at: str, to: str) -> None:
    """Runs `at`, with `to` as its argument if there is one; an error is one of starting it."""
    words = [at, to] if to else [at]
    ends = os.pipe()  # a policy may not let /dev/null be opened
    silent = [(os.POSIX_SPAWN_CLOSE, 0), *((os.POSIX_SPAWN_DUP2, ends[1], n) for n in (1, 2))]
    try:
        child = os.posix_spawn(at, words, {"PATH": "/usr/bin:/bin"}, file_actions=silent)
    finally:
        os.close(ends[1])
    status = os.waitpid(child, 0)[1]
    os.close(ends[0])
    if os.WIFSIGNALED(status):
        raise RuntimeError(f"ended by signal {os.WTERMSIG(status)}")
    if os.WEXITSTATUS(status):
        raise OSError(errno.EPERM, f"status {os.WEXITSTATUS(status)}")


def process(at: str) -> int:
    """A process by its number or as `self` or `child`, one of ours that sleeps."""
    if at == "self":
        return os.getpid()
    if at != "child":
        return int(at)
    if not _children:
        child = os.fork()
        if child == 0:
            os.closerange(0, 64)  # or our end would not be seen
            signal.alarm(120)
            while True:
                signal.pause()
        _children.append(child)
    return _children[0]


def signal_(at: str, to: str) -> None:
    os.kill(process(at), 0)


def pidinfo(at: str, to: str) -> None:
    buffer = ctypes.create_string_buffer(1024)
    call = LIBRARY.proc_pidinfo
    call.argtypes = (
        ctypes.c_int, ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int,
    )  # fmt: skip
    if call(process(at), PROC_PIDTBSDINFO, 0, buffer, len(buffer)) <= 0:
        raise failed()


def listpids(at: str, to: str) -> None:
    buffer = ctypes.create_string_buffer(65536)
    if LIBRARY.proc_listallpids(buffer, len(buffer)) <= 0:
        raise failed()


def codesign(at: str, to: str) -> None:
    flags = ctypes.c_uint32(0)
    if LIBRARY.csops(process(at), 0, ctypes.byref(flags), ctypes.c_size_t(4)) != 0:
        raise failed()


def inside(at: str, to: str) -> None:
    """Whether this process is confined, by the system's own word: an error is "no"."""
    if not LIBRARY.sandbox_check(os.getpid(), None, 0):
        raise OSError(errno.EPERM, "outside")


# Services and settings of the system


def mach(at: str, to: str) -> None:
    port = ctypes.c_uint32(0)
    bootstrap = ctypes.c_uint32.in_dll(LIBRARY, "bootstrap_port")
    number = LIBRARY.bootstrap_look_up(bootstrap, at.encode(), ctypes.byref(port))
    if number == NOT_PRIVILEGED:
        raise OSError(errno.EPERM, "not privileged")
    if number == UNKNOWN_SERVICE:
        raise OSError(errno.ENOENT, "no such service")
    if number:
        raise RuntimeError(f"bootstrap_look_up gave {number}")


def sysctl(at: str, to: str) -> None:
    size = ctypes.c_size_t(0)
    if LIBRARY.sysctlbyname(at.encode(), None, ctypes.byref(size), None, ctypes.c_size_t(0)) != 0:
        raise failed()


def procargs(at: str, to: str) -> None:
    """The command line of a process; nothing of it is kept."""
    name = (ctypes.c_int * 3)(CTL_KERN, KERN_PROCARGS2, process(at))
    size = ctypes.c_size_t(0)
    if LIBRARY.sysctl(name, 3, None, ctypes.byref(size), None, ctypes.c_size_t(0)) != 0:
        raise failed()


def notify(at: str, to: str) -> None:
    if LIBRARY.notify_post(at.encode()) != 0:
        raise OSError(errno.EPERM, "notify_post failed")


# Sockets and terminals


def connect(at: str, to: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(at)


def bind(at: str, to: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(at)


def address(at: str) -> tuple[int, tuple[str, int]]:
    host, _, port = at.rpartition(":")
    return (socket.AF_INET6 if ":" in host else socket.AF_INET), (host.strip("[]"), int(port))


def tcp(at: str, to: str) -> None:
    family, where = address(at)
    with socket.socket(family) as client:
        client.settimeout(5)
        client.connect(where)


def udp(at: str, to: str) -> None:
    """Connects and sends nothing."""
    family, where = address(at)
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.connect(where)


def tcp_bind(at: str, to: str) -> None:
    family, where = address(at)
    with socket.socket(family) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(where)


def tcp_listen(at: str, to: str) -> None:
    family, where = address(at)
    with socket.socket(family) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(where)
        server.listen(1)


def socket_ioctl(at: str, to: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        fcntl.ioctl(any_, SIOCGIFFLAGS, struct.pack("16s16x", at.encode()))


def pty(at: str, to: str) -> None:
    for descriptor in os.openpty():
        os.close(descriptor)


def ioctl(at: str, to: str) -> None:
    """The settings of the terminal at a path."""
    descriptor = os.open(at, os.O_RDWR | os.O_NOCTTY)
    try:
        termios.tcgetattr(descriptor)
    finally:
        os.close(descriptor)


def type_(at: str, to: str) -> None:
    """Puts a character into the input of our own terminal, as if it were typed."""
    fcntl.ioctl(0, TIOCSTI, at[:1].encode())


VERBS = {
    "read": read, "list": list_, "stat": stat, "readlink": readlink, "access": access,
    "write": write, "create": create, "mkdir": mkdir, "symlink": symlink, "unlink": unlink,
    "rename": rename, "link": link, "clone": clone, "chmod": chmod, "setuid": setuid,
    "times": times, "getxattr": getxattr, "setxattr": setxattr, "lock": lock, "map": map_,
    "exec": exec_, "signal": signal_, "pidinfo": pidinfo, "listpids": listpids,
    "codesign": codesign, "inside": inside, "mach": mach, "sysctl": sysctl, "procargs": procargs,
    "notify": notify, "connect": connect, "bind": bind, "tcp": tcp, "udp": udp,
    "tcp-bind": tcp_bind, "tcp-listen": tcp_listen, "socket-ioctl": socket_ioctl, "pty": pty,
    "ioctl": ioctl, "type": type_,
}  # fmt: skip


def answer(question: dict[str, str]) -> dict[str, object]:
    try:
        VERBS[question["do"]](question["at"], question.get("to", ""))
    except OSError as error:
        return {"errno": error.errno or -1, "said": error.strerror or str(error)}
    except Exception as error:
        return {"errno": -1, "said": f"{type(error).__name__}: {error}"}
    return {"errno": 0}


def serve() -> None:
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
    for child in _children:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    serve()
