"""An automount that notes what is looked for in it, and mounts nothing."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import struct
import tempfile
import threading
from collections.abc import Iterator

_LIBRARY = ctypes.CDLL(None, use_errno=True)
_FAIL = 0x9361  # AUTOFS_IOC_FAIL, linux/auto_fs.h
_DETACH = 2


@contextlib.contextmanager
def automount(answers: bool = True) -> Iterator[tuple[str, list[str]]]:
    """Where it is, and the names that were looked for. Raises OSError where nobody may mount that."""
    place = tempfile.mkdtemp(dir="/mnt", prefix="safehouse-test-")
    reading, writing = os.pipe()
    names: list[str] = []
    try:
        words = f"fd={writing},pgrp={os.getpgrp()},minproto=5,maxproto=5,indirect".encode()
        if _LIBRARY.mount(b"auto", place.encode(), b"autofs", 0, words) != 0:
            raise OSError(ctypes.get_errno(), "mount")
    except OSError:
        os.rmdir(place)
        raise
    finally:
        os.close(writing)
    root = os.open(place, os.O_RDONLY | os.O_DIRECTORY)

    def serve() -> None:
        while True:
            data = os.read(reading, 4096)
            if not data:
                return
            token, size = struct.unpack("8xI28xI", data[:44])
            names.append(os.fsdecode(data[44 : 44 + size]))
            if answers:
                fcntl.ioctl(root, _FAIL, token)

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        yield place, names
    finally:
        os.close(root)
        _LIBRARY.umount2(place.encode(), _DETACH)
        server.join(5)
        os.close(reading)
        os.rmdir(place)
