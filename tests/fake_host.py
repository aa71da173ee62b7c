"""Machines that are values: a Mac and a Linux computer of which tests know every file."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping
from types import SimpleNamespace
from typing import Any
from unittest import mock

from safehouse.files import ancestors, follow
from safehouse.host import LINUX, MACOS, Host
from safehouse.plan import Plan
from safehouse.sandbox import make_plan
from safehouse.sources import protected

HOME = "/Users/me"
PROJECT = "src/project"
TEMP = "/private/var/folders/ab/cdefgh0000gn/T"
CACHE = "/private/var/folders/ab/cdefgh0000gn/C"
LAUNCH_TEMP = TEMP + "/safehouse/0a1b2c3d"
# What a Mac always has.
_MAC_LINKS = {"/tmp": "private/tmp", "/var": "private/var", "/etc": "private/etc"}
_MAC_TREE = (
    "/private/tmp/",
    TEMP + "/",
    CACHE + "/",
    "/usr/bin/env",
    "/bin/sh",
    "/private/etc/hosts",
)
_LINUX_TREE = ("/usr/bin/env", "/etc/passwd", "/tmp/", "/run/", "/home/me/")
GIT = (".git/HEAD", ".git/config", ".git/hooks/", ".git/objects/", ".git/refs/")
# Where the person may write, as far as permissions go.
_OF_THE_PERSON = ("/Users/", "/home/", "/private/tmp", "/private/var/folders/", "/tmp", "/Volumes/")
# Where safehouse itself lies on these machines.
INSTALLED = "/opt/safehouse/safehouse"


class FakeFiles:
    """A file system of a few names: `a` a file, `a/` a directory, `a=` a socket; as `ls -F`."""

    def __init__(
        self,
        names: Collection[str] = (),
        links: Mapping[str, str] | None = None,
        unreadable: Iterable[str] = (),
        stubs: Iterable[str] = (),
    ) -> None:
        self.links = dict(links or {})
        self.unreadable = set(unreadable)
        self.stubs = set(stubs)
        sockets = {name[:-1] for name in names if name.endswith("=")}
        self.kinds = {"/": "directory"}
        for name in (*names, *self.links, *self.stubs):
            path = name.rstrip("/=")
            self.kinds.update(dict.fromkeys(ancestors(path), "directory"))
            if path and self.kinds.get(path) != "directory":
                self.kinds[path] = "directory" if name.endswith("/") else "file"
        self.kinds.update(dict.fromkeys(self.links, "link"))
        self.kinds.update(dict.fromkeys(sockets, "other"))
        self.far: set[str] = set()
        self.plain: set[str] = set()
        self.closed: set[str] = set()
        self.walked: dict[tuple[str, ...], tuple[Any, ...]] = {}

    def readlink(self, path: str) -> str:
        return self.links.get(path, "")

    def kind(self, path: str) -> Any:
        if len(path) > 1:
            path = (
                follow(self, posixpath.dirname(path)).real.rstrip("/")
                + "/"
                + path.rpartition("/")[2]
            )
        return self.kinds.get(path, "missing")

    def names(self, directory: str) -> list[str]:
        start = directory.rstrip("/") + "/"
        return sorted(
            path[len(start) :]
            for path in self.kinds
            if path.startswith(start) and path != "/" and "/" not in path[len(start) :]
        )

    def readable(self, path: str) -> bool:
        return path not in self.unreadable

    def listable(self, directory: str) -> bool:
        return directory not in self.unreadable

    def changeable(self, path: str) -> bool:
        return path.startswith(_OF_THE_PERSON)

    def frozen(self, path: str) -> bool:
        return False

    def permits(self, path: str, right: str) -> bool:
        if right == "remove":
            return self.changeable(path.rpartition("/")[0] or "/")
        if right == "write":
            return self.changeable(path)
        return path not in self.unreadable

    def is_socket(self, path: str) -> bool:
        return self.kinds.get(path) == "other"

    def is_own_socket(self, path: str) -> bool:
        return self.is_socket(path)

    def is_stub(self, path: str, create: str) -> bool:
        return path in self.stubs

    def stored(self, path: str) -> str:
        return path

    def is_far(self, path: str) -> bool:
        return any(path == each or path.startswith(each + "/") for each in self.far)


def _below(home: str, names: Iterable[str]) -> list[str]:
    return [name if name[0] == "/" else f"{home}/{name}" for name in names]


def mac(
    *names: str,
    home: str = HOME,
    cwd: str = PROJECT,
    links: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Host:
    """A Mac with a Git repository at `cwd`; `names`, `links` and `cwd` are below the home."""
    project = posixpath.join(home, cwd).rstrip("/") or "/"
    tree = [*_MAC_TREE, INSTALLED + "/", home + "/", project + "/"]
    tree += [posixpath.join(project, name) for name in GIT]
    own = {name if name[0] == "/" else f"{home}/{name}": to for name, to in (links or {}).items()}
    files = FakeFiles([*tree, *_below(home, names)], {**_MAC_LINKS, **own})
    given = {"HOME": home, "PATH": "/usr/bin:/bin", **(environ or {})}
    return Host(
        MACOS, home, project, given, files, user=501, temp=TEMP, cache=CACHE, folds_case=True,
        launch_temp=LAUNCH_TEMP,
    )  # fmt: skip


def linux(
    *names: str,
    home: str = "/home/me",
    cwd: str = PROJECT,
    links: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    unreadable: Iterable[str] = (),
    stubs: Iterable[str] = (),
    git: bool = True,
    user: int = 1000,
) -> Host:
    """A Linux computer, as `mac`."""
    project = posixpath.join(home, cwd).rstrip("/") or "/"
    tree = [*_LINUX_TREE, INSTALLED + "/", home + "/", project + "/"]
    tree += [posixpath.join(project, name) for name in GIT] if git else []
    own = {name if name[0] == "/" else f"{home}/{name}": to for name, to in (links or {}).items()}
    files = FakeFiles(
        [*tree, *_below(home, names)], own, _below(home, unreadable), _below(home, stubs)
    )
    given = {"HOME": home, "PATH": "/usr/bin:/bin", **(environ or {})}
    return Host(LINUX, home, project, given, files, user=user)


def planned(host: Host, request: Any) -> Plan:
    """The plan as an installed safehouse makes it: nothing in it is of this machine."""
    # protected.py looks for the files that it is itself, and for the environment it runs in.
    python = SimpleNamespace(prefix="/usr", base_prefix="/usr", argv=[f"{INSTALLED}/safehouse"])
    with mock.patch.multiple(protected, __file__=f"{INSTALLED}/sources/protected.py", sys=python):
        return make_plan(request, host)
