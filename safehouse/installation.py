"""What a package manager has installed, kept apart from its cache.

uv, and pipx by it, give a file that they install and that of their cache one inode where the file
system cannot clone, or make it a link. Confined programs may write to that cache, and would so write
to us.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import stat

from safehouse.errors import UserError, printable

_OURS = ("safehouse-", "pyyaml-", "argcomplete-")


def separate(site: str) -> None:
    """Gives each of our files in a directory of packages an inode of its own, if it has not.

    Raises UserError where one cannot be replaced, or is not what was installed.
    """
    for name in sorted(os.listdir(site)):
        if name.lower().startswith(_OURS) and name.endswith(".dist-info"):
            for path, digest in _recorded(site, f"{site}/{name}/RECORD"):
                _separate(path, digest)


def _recorded(site: str, record: str) -> list[tuple[str, str]]:
    """The files of a package with their digests, as its installer wrote them down."""
    with open(record, encoding="utf-8", newline="") as file:
        return [(os.path.join(site, row[0]), row[1]) for row in csv.reader(file) if row]


def _separate(path: str, digest: str) -> None:
    try:
        named = os.lstat(path)
        found = os.stat(path)
    except FileNotFoundError:
        return
    shared = found.st_nlink > 1 or stat.S_ISLNK(named.st_mode)
    if not shared or not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        return
    with open(path, "rb") as file:
        data = file.read()
    algorithm, _, expected = digest.partition("=")
    if expected and algorithm in hashlib.algorithms_guaranteed:
        actual = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest())
        if actual.rstrip(b"=").decode() != expected:
            raise UserError(
                f"{printable(path)} is not as it was installed",
                "it could be changed by way of the installer's cache: empty that (uv cache clean), "
                "remove safehouse, and install it again",
            )
    new = f"{path}.{os.getpid()}.new"
    try:
        made = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(found.st_mode))
        with open(made, "wb") as file:
            file.write(data)
        os.chmod(new, stat.S_IMODE(found.st_mode))
        os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))
        os.replace(new, path)
    except OSError as error:
        raise UserError(
            f"{printable(path)} has another name, by which a confined command could change it, and "
            f"cannot be replaced by a copy: {error.strerror}",
            "install safehouse again, by copying: uv tool install --link-mode=copy",
        ) from None
