"""What a repository consists of, seen without git. All of it may have been made to mislead."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.facts import decoded
from safehouse.files import read_file
from safehouse.sources import git_trees
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from safehouse.files import FileSystem
    from safehouse.host import Host

    Whole = Literal["repository", "worktree", "odd"]

REPOSITORY: Whole = "repository"
WORKTREE: Whole = "worktree"
ODD: Whole = "odd"
_OF_A_REPOSITORY = ("HEAD", "config", "objects", "hooks")
_MOST_DEPTH = 8
_MOST_LINE = 4096
# More than anyone has; each costs a part of the launch, and a confined program can make them.
_MOST_NAMES = 1000
_MOST_DIRECTORIES = 5000


class Part(Value):
    """A directory with settings, hooks or a way to them: the repository's own, a submodule's, or what
    a linked worktree has for itself. For an odd one `wrong` says why it is none."""

    whole: Whole
    path: str
    wrong: str = ""


def parts(files: FileSystem, git: str) -> Iterator[Part]:
    """The repository at `git`, with its submodules and its worktrees, and theirs."""
    yield Part(REPOSITORY, git)
    yield from _Walk(files).below(git, 0)


class _Walk:
    """A walk through the directories of repositories, which ends in time."""

    def __init__(self, files: FileSystem) -> None:
        self.files = files
        self.left = _MOST_DIRECTORIES

    def below(self, git: str, depth: int) -> Iterator[Part]:
        """What a repository has besides itself."""
        yield from self._modules(git + "/modules", depth)
        for wrong, path, kind in self._entries(git + "/worktrees"):
            if kind == "directory":
                yield Part(WORKTREE, path)
                yield from self._modules(path + "/modules", depth)
            elif kind != "file":  # as .DS_Store, which git does not look at either
                yield Part(ODD, path, wrong or "is no directory")

    def _modules(self, directory: str, depth: int) -> Iterator[Part]:
        """Submodules' repositories; their names may have slashes in them."""
        for wrong, path, kind in self._entries(directory):
            if kind == "directory" and depth <= _MOST_DEPTH:
                if looks_like_one(self.files, path, 1):
                    yield Part(REPOSITORY, path)
                    yield from self.below(path, depth + 1)
                else:
                    yield from self._modules(path, depth + 1)
            elif kind != "file":
                yield Part(ODD, path, wrong or "is no directory of a submodule, or lies too deep")

    def _entries(self, directory: str) -> Iterator[tuple[str, str, str]]:
        """What is wrong, path and kind of all in a directory; kind "" where it is wrong."""
        kind = self.files.kind(directory)
        if kind == "missing":
            return
        names = self.files.names(directory)
        self.left -= 1
        if kind != "directory" or not (names or self.files.listable(directory)):
            yield "cannot be looked through", directory, ""
        elif len(names) > _MOST_NAMES or self.left == 0:
            yield "has more in it than can be looked through", directory, ""
        elif self.left > 0:
            for name in names:
                path = f"{directory}/{name}"
                if name.isprintable():
                    yield "", path, self.files.kind(path)
                else:
                    yield "has an unprintable name", printable(path), ""


def looks_like_one(files: FileSystem, git: str, least: int) -> bool:
    """Whether a directory has at least so many of a repository's parts."""
    found = sum(files.kind(f"{git}/{name}") != "missing" for name in _OF_A_REPOSITORY)
    return found >= least


def line(files: FileSystem, path: str) -> str:
    """The one line of a small file, without control characters; "" for anything else."""
    if files.kind(path) != "file":
        return ""
    try:
        text = decoded(read_file(path, _MOST_LINE, printable(path)))
    except UserError:
        return ""
    text = text[:-1] if text.endswith("\n") else text
    return text if text.isprintable() else ""


def named(files: FileSystem, path: str) -> str:
    """The path that a `.git` file says, as written; "" where it says none."""
    word, _, target = line(files, path).partition(": ")
    return target if word == "gitdir" else ""


def led_to(host: Host, path: str, base: str) -> str:
    """Where a path, as written in `base`, leads; "" for links in a circle."""
    try:
        return host.resolve(path if path[:1] == "/" else f"{base}/{path}").real
    except UserError:
        return ""


def straight(host: Host, path: str, base: str) -> str:
    """The same, if no link is on its way, and an absolute one is written as the kernel would."""
    real = led_to(host, path, base)
    if not path or not real or (path[0] == "/" and real != path):
        return ""
    return "" if host.resolve(path if path[0] == "/" else f"{base}/{path}").links else real


def checked_out(host: Host, admin: str) -> str:
    """The `.git` file of a linked worktree, by what its repository keeps; "" where that is not one.

    Raises UserError for one that cannot be looked at.
    """
    path = straight(host, line(host.files, admin + "/gitdir"), admin)
    if path.endswith("/.git") and not host.foreign:
        git_trees.refuse_unseen(path)
    return path if path.endswith("/.git") and host.files.kind(path) == "file" else ""
