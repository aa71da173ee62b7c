"""A program that makes attempts on files, one after the other, and leaves all as it was.

It reads [[operation, path], ...] as JSON from standard input, and prints for each [error, device]:
the name of errno, "" for what went well, and the device of what was reached.
"""

import errno
import json
import os
import socket
import stat
import sys

_NEW = ".sh-new"


def device(path):
    try:
        return os.lstat(path).st_dev
    except OSError:
        return 0


def above(path):
    return os.path.dirname(path.rstrip("/")) or "/"


def read(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.listdir(descriptor)
        return os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)


def write(path):
    if os.path.isdir(path):
        return create(f"{path}/{_NEW}")
    missing = not os.path.exists(path)
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, flags | (os.O_CREAT if missing else 0), 0o600)
    try:
        return os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)
        if missing:
            os.unlink(os.path.realpath(path))


def create(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        return device(path)
    finally:
        os.unlink(path)


def mkdir(path):
    os.mkdir(path)
    try:
        return device(path)
    finally:
        os.rmdir(path)


def delete(path):
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        os.unlink(path)  # whichever of the things in the way is told
    mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode):
        try:
            os.rmdir(path)
        except OSError as error:
            if error.errno == errno.ENOTEMPTY:  # then nothing else is in the way
                return device(above(path))
            raise
        os.mkdir(path)
        os.chmod(path, mode)
    elif stat.S_ISLNK(found.st_mode):
        target = os.readlink(path)
        os.unlink(path)
        os.symlink(target, path)
    elif stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid() and found.st_nlink == 1:
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError:
            return rename(path)
        os.unlink(path)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
    else:
        return rename(path)
    return device(above(path))


def rename(path):
    os.rename(path, path + _NEW)
    os.rename(path + _NEW, path)
    return device(above(path))


def look(path):
    return os.lstat(path).st_dev


def follow(path):
    return os.stat(path).st_dev


def execute(path):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            null = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            os.execv(path, [path])
        except OSError as error:
            os.write(writing, str(error.errno).encode())
        os._exit(1)
    os.close(writing)
    with open(reading, "rb") as file:
        said = file.read()
    os.waitpid(child, 0)
    if said and int(said) != errno.ENOEXEC:
        raise OSError(int(said), "")
    return device(os.path.realpath(path))


def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    return device(os.path.realpath(path))


ACTS = {
    "read": read, "list": read, "write": write, "create": create, "mkdir": mkdir, "delete": delete,
    "rename": rename, "stat": follow, "readlink": look, "exec": execute, "connect": connect,
}  # fmt: skip


def attempt(operation, path):
    try:
        return "", ACTS[operation](path)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno)), 0


if __name__ == "__main__":
    print(json.dumps([attempt(*each) for each in json.load(sys.stdin)]))
