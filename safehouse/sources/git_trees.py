"""Where in a working tree git goes into other repositories, and how that is looked at.

`.gitmodules` and the index are files that a confined program may write. So what counts is what any of
them names, and the repository's own settings, which it may not write.
"""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import facts
from safehouse.errors import UserError, pasted, printable
from safehouse.files import ancestors, follow
from safehouse.sources import git_config, git_index
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.files import FileSystem

_MOST_BYTES = 1 << 18
_MOST_TREES = 1000


def embedded(files: FileSystem, root: str, git: str) -> Iterator[str]:
    """The `.git` of each submodule that is checked out in `root`, and of those in these.

    `git` is the directory with the index of `root`, "" for none. What an old git, or `git add`, has
    made is a directory. Raises UserError for what cannot be looked at.
    """
    waiting = [(root, git)]
    known = set()
    while waiting:
        tree, own = waiting.pop()
        for name in dict.fromkeys((*_in_gitmodules(tree), *(_in(own) if own else ()))):
            path = _inside(files, tree, name)
            if not path or path in known or not contains(root, path):
                continue
            known.add(path)
            refuse_unseen(path)
            kind = files.kind(path)
            if kind == "directory":
                waiting.append((path[: -len("/.git")], path))
            if kind != "missing":
                yield path
            if len(waiting) > _MOST_TREES:
                raise UserError(
                    f"{printable(root)} has more than {_MOST_TREES} submodules in it",
                    "give a directory in it: --workdir=DIR",
                )


def _in_gitmodules(tree: str) -> Iterator[str]:
    file = tree.rstrip("/") + "/.gitmodules"
    refuse_unreadable(file)
    for setting in git_config.settings(file, _MOST_BYTES):
        if (setting.section, setting.key) == ("submodule", "path"):
            yield setting.value


def _in(git: str) -> Iterator[str]:
    """What a repository itself knows: by its index, and by settings with the names of submodules,
    which are paths if nobody has said otherwise."""
    yield from git_index.submodules(git)
    for setting in git_config.settings(git + "/config"):
        if setting.section == "submodule" and setting.subsection:
            yield setting.subsection


def _inside(files: FileSystem, tree: str, name: str) -> str:
    """The `.git` in the directory `name` of a tree; "" for what can be none."""
    if not name.isprintable() or not name or name[0] == "/" or ".." in name.split("/"):
        return ""
    try:
        path = follow(files, f"{tree.rstrip('/')}/{name.rstrip('/')}").real + "/.git"
    except UserError:
        return ""
    return path if path != tree.rstrip("/") + "/.git" else ""


def refuse_unseen(path: str) -> None:
    """Raises UserError if nobody can say what lies at `path`, and the person could change that."""
    try:
        facts.form(path)
    except PermissionError:
        for above in ancestors(path):
            try:
                owner = facts.lstat(above).st_uid
            except OSError:
                continue
            if owner != os.getuid():
                return
            raise UserError(
                f"{printable(path)} cannot be looked at, so it cannot be protected",
                f"let yourself in: chmod u+rwx {pasted(above)}",
            ) from None
    except (OSError, ValueError):
        return


def refuse_unreadable(path: str) -> None:
    """Raises UserError for a file that is there and cannot be read."""
    refuse_unseen(path)
    try:
        is_file = facts.form(path) == facts.FILE
    except (OSError, ValueError):
        return
    if is_file and not facts.access(path, os.R_OK):
        raise UserError(
            f"{printable(path)} cannot be read, so what it names cannot be protected",
            f"let yourself read it: chmod u+r {pasted(path)}",
        )


def refuse_second_name(path: str) -> None:
    """Raises UserError for a file with a hard link elsewhere, which no rule would hold."""
    try:
        found = facts.lstat(path)
    except (OSError, ValueError):
        return
    if found.st_nlink > 1 and found.st_mode & 0o170000 == 0o100000:
        word, new = pasted(path), pasted(path + ".new")
        raise UserError(
            f"{printable(path)} has a second name (a hard link), by which it could be changed",
            f"make it a file of its own: cp -p {word} {new} && mv {new} {word}",
        )
