"""Which repository a directory belongs to, and which other worktrees that has.

A `.git` file, `gitdir`, `commondir` and a submodule's core.worktree are words that a confined program
may have written in an earlier session. Each is believed only if what it names says the same, and lies
where no such program can have put it.
"""

from __future__ import annotations

from safehouse.sources import git_config, git_layout, protected
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

_YES = ("true", "yes", "on", "1")


class Repository(Value):
    """What a working tree belongs to: the directory `git` ("" for none that is believed).

    `own` is the directory of what this tree has for itself; for a main worktree that is `git` too.
    `outside` says that it does not lie in the tree.
    """

    git: str = ""
    own: str = ""
    outside: bool = False


def repository(host: Host, root: str) -> Repository:
    """The repository of the working tree at `root`, which may be one itself."""
    git = root.rstrip("/") + "/.git"
    kind = host.files.kind(git)
    if kind == "missing" and not host.foreign and git_layout.looks_like_one(host.files, root, 3):
        return Repository(root, root)
    if kind == "directory":
        return Repository(git, git)
    named = git_layout.named(host.files, git) if kind == "file" else ""
    if not named:
        return Repository()
    own = git_layout.led_to(host, named, root)
    if not own or host.files.kind(own) != "directory":
        return Repository()
    common = _common(host, own)
    if contains(root, own):
        return Repository(common if contains(root, common) else own, own)
    if common and _says(host, own, git) and _may_be_granted(host, common):
        return Repository(common, own, outside=True)
    if _is_module(own) and _may_be_granted(host, own) and _worktree(host, own) == root:
        return Repository(own, own, outside=True)
    return Repository()


def worktrees(host: Host, root: str, found: Repository) -> Iterator[str]:
    """The roots of the other worktrees of a repository: those that point back to it, as it is now.

    Not those in `root`, which are open, nor those around it, which would open more than is meant.
    """
    if not found.git or host.foreign:
        return
    candidates = [_main(host, found)] if found.own != found.git else []
    for part in git_layout.parts(host.files, found.git):
        if part.whole == git_layout.WORKTREE and part.path.startswith(f"{found.git}/worktrees/"):
            git = git_layout.checked_out(host, part.path)
            if git and _points_to(host, git, part.path):
                candidates.append(git[: -len("/.git")])
    for path in dict.fromkeys(candidates):
        if path and not contains(root, path) and not contains(path, root) and _is_open(host, path):
            yield path


def _common(host: Host, own: str) -> str:
    """The repository that a directory `worktrees/NAME` is in, by its name and by `commondir`."""
    common, _, _ = own.rpartition("/worktrees/")
    if "/" in own[len(common) + len("/worktrees/") :]:
        return ""
    said = git_layout.line(host.files, own + "/commondir")
    return common if common and said in ("../..", common) else ""


def _says(host: Host, own: str, git: str) -> bool:
    back = git_layout.line(host.files, own + "/gitdir")
    return bool(back) and git_layout.led_to(host, back, own) == git


def _points_to(host: Host, git: str, target: str) -> bool:
    """Whether a `.git` file names `target`, by a way without links."""
    base = git[: -len("/.git")]
    return git_layout.straight(host, git_layout.named(host.files, git), base) == target


def _main(host: Host, found: Repository) -> str:
    """The root of the main worktree; "" where there is none, or none that is believed."""
    root = _worktree(host, found.git)
    if root:
        return root if _points_to(host, root + "/.git", found.git) else ""
    settings = git_config.settings(found.git + "/config")
    bare = git_config.value(settings, "core", "bare").lower() in _YES
    directory, _, name = found.git.rpartition("/")
    moved = git_config.value(settings, "core", "worktree")
    return directory if name == ".git" and not bare and not moved else ""


def _worktree(host: Host, git: str) -> str:
    """What core.worktree of a repository leads to, by a way without links; "" without one."""
    said = git_config.value(git_config.settings(git + "/config"), "core", "worktree")
    return git_layout.straight(host, said, git) if said.isprintable() else ""


def _may_be_granted(host: Host, git: str) -> bool:
    """Whether a directory can be a repository that a tree elsewhere belongs to."""
    outermost = _outermost(git)
    return (
        outermost.endswith((".git", "/.bare"))
        and _is_visible(host, outermost.rpartition("/")[0])
        and not contains(git, host.home)
        and git_layout.looks_like_one(host.files, git, 3)
        and git_layout.looks_like_one(host.files, outermost, 3)
    )


def _outermost(git: str) -> str:
    """The repository that `git` is a submodule of, or one in a worktree of that; else itself."""
    for between in (".git/modules/", ".git/worktrees/"):
        before, found, _ = git.partition(between)
        if found:
            return before + ".git"
    return git


def _is_module(git: str) -> bool:
    return "/modules/" in git[len(_outermost(git)) :]


def _is_open(host: Host, root: str) -> bool:
    """Whether a worktree may be shown: never the home or what holds it, nor a place of ours."""
    own = protected.own_directories(host)
    return (
        host.files.kind(root) == "directory"
        and not contains(root, host.home)
        and _is_visible(host, root)
        and not any(contains(directory, root) for directory in own)
    )


def _is_visible(host: Host, directory: str) -> bool:
    """Whether nothing on the way to a directory below the home is hidden.

    What programs may write below the home (~/.claude, ~/.cache, ...) is hidden, so that none of them
    can have put it there.
    """
    below = directory[len(host.home) + 1 :] if directory.startswith(host.home + "/") else ""
    hidden = any(part[:1] == "." for part in below.split("/"))
    return not hidden and below.split("/")[0] != "Library"
