"""What makes the person's next git command run a program: closed to the confined one.

Git runs what hooks/ and config (core.fsmonitor, core.hooksPath, filters, ...) say, and looks for both
elsewhere if commondir or a `.git` file says so. linux.md 1.3 has the attacks, each of which worked.
"""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.files import ancestors
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import READ, WRITE
from safehouse.sources import git_config, git_layout, git_named, git_places, git_trees
from safehouse.sources.settings import contains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

# What each is made of where it is missing and a backend has to have something to hold: git reads
# these as if they were not there.
_FILES = {"config": "file:", "config.worktree": "file:", "commondir": "file:.\n"}
# The feature that opens these: `open_config`.
FEATURE = "git-config"
ANOTHER_WORKTREE = "another worktree of this repository"
_SETTINGS = ("config", "config.worktree")


def grants(
    host: Host, root: str, open_config: bool = False, worktrees: bool = True
) -> Iterator[Grant]:
    """Denials for the repository at `root`, and what `root` needs of one that lies elsewhere.

    `open_config` leaves its files of settings open, `worktrees` shows its other worktrees. Raises
    UserError for what nothing can hold in its place (a link) or look through.
    """
    git = root.rstrip("/") + "/.git"
    if not host.foreign:
        git_trees.refuse_unseen(git)
    kind = host.files.kind(git)
    if kind == "link":
        raise _refused(git, "is a symbolic link, which could be replaced")
    if kind == "other":
        raise _refused(git, "is neither a directory nor a file")
    if kind == "file":
        yield _dot_git(host, git)
    found = git_places.repository(host, root)
    if found.outside:
        yield _granted(READ + WRITE, found.git, "the repository that this worktree belongs to")
    for path in git_places.worktrees(host, root, found) if worktrees else ():
        yield _granted(READ, path, ANOTHER_WORKTREE)
    if found.git:
        yield from _repository(host, found.git, open_config)
    if not host.foreign:
        yield from _embedded(host, root, found)
    if kind == "directory":
        # Without a valid .git, git would take the project itself for a repository, by this file.
        yield _denied("literal", root.rstrip("/") + "/HEAD", existing_only=True)
    if not host.foreign:
        yield from _named(host, root, found)


def around(host: Host, path: str, open_config: bool = False) -> Iterator[Grant]:
    """Denials for the repositories that `path` lies in, as `V/.git/hooks` does, or a bare one.

    For what is opened for writing, be it a file or a directory. Nothing is granted.
    """
    for place in (path, *ancestors(path)):
        above, _, name = place.rpartition("/")
        if name == ".git":
            root = above or "/"
        elif git_layout.looks_like_one(host.files, place, 3) and not host.foreign:
            root = place
        else:
            continue
        for grant in grants(host, root, open_config, worktrees=False):
            if grant.action == DENY:
                yield grant


def _granted(operations: tuple[str, ...], path: str, reason: str) -> Grant:
    return Grant(ALLOW, operations, Filter("subpath", path), Origin(Tier.BASE, "git", reason))


def _denied(kind: str, path: str, create: str = "", existing_only: bool = False) -> Grant:
    origin = Origin(Tier.PROTECTED, "git", "your next git command would run what it says")
    return Grant(DENY, WRITE, Filter(kind, path), origin, create, existing_only)


def _refused(path: str, what: str) -> UserError:
    return UserError(
        f"{printable(path)} {what}", "mend it, or give another directory: --workdir=DIR"
    )


def _dot_git(host: Host, path: str) -> Grant:
    """The denial for a `.git` file."""
    if not host.foreign:
        git_trees.refuse_second_name(path)
    return _denied("literal", path)


def _repository(host: Host, git: str, open_config: bool) -> Iterator[Grant]:
    """All of one repository: its own files, its submodules', its linked worktrees'."""
    for part in (
        [git_layout.Part(git_layout.REPOSITORY, git)]
        if host.foreign
        else git_layout.parts(host.files, git)
    ):
        if part.whole == git_layout.ODD:
            raise _refused(part.path, part.wrong)
        is_worktree = part.whole == git_layout.WORKTREE
        names = ("config.worktree", "commondir") if is_worktree else ("hooks", *_FILES)
        for name in (*names, "gitdir") if is_worktree else names:
            if host.files.kind(f"{part.path}/{name}") == "link":
                raise _refused(f"{part.path}/{name}", "is a symbolic link, which could be replaced")
        for name in names:
            if not host.foreign and not (open_config and name in _SETTINGS):
                git_trees.refuse_second_name(f"{part.path}/{name}")
            content = "file:../..\n" if is_worktree and name == "commondir" else _FILES.get(name)
            if content is None:
                _refuse_second_names(host, f"{part.path}/{name}")
                yield _denied("subpath", f"{part.path}/{name}", "directory")
            elif not open_config or name not in _SETTINGS:
                yield _denied("literal", f"{part.path}/{name}", content)
        if is_worktree:
            # Git writes it when it makes or moves a worktree, and finds the tree by it.
            git_trees.refuse_second_name(f"{part.path}/gitdir")
            yield _denied("literal", f"{part.path}/gitdir", existing_only=True)
            tree = git_layout.checked_out(host, part.path)
        else:
            tree = _of_a_submodule(host, part.path) if part.path != git else ""
        if tree:
            yield _dot_git(host, tree)


def _refuse_second_names(host: Host, directory: str) -> None:
    for name in () if host.foreign else host.files.names(directory):
        if not name.endswith(".sample"):
            git_trees.refuse_second_name(f"{directory}/{name}")


def _of_a_submodule(host: Host, git: str) -> str:
    """The `.git` file of a submodule, by the settings of its repository."""
    worktree = git_config.value(git_config.settings(git + "/config"), "core", "worktree")
    tree = git_layout.led_to(host, worktree, git) if worktree else ""
    if tree and not host.foreign:
        git_trees.refuse_unseen(tree + "/.git")
    return tree + "/.git" if tree and host.files.kind(tree + "/.git") == "file" else ""


def _embedded(host: Host, root: str, found: git_places.Repository) -> Iterator[Grant]:
    """Submodules by what the tree and its index say: old ones have a repository in their directory."""
    trees = {root: found.own}
    for part in git_layout.parts(host.files, found.git) if found.git else ():
        if part.whole == git_layout.WORKTREE:
            tree = git_layout.checked_out(host, part.path)
        else:
            tree = _of_a_submodule(host, part.path) if part.path != found.git else ""
        if tree and contains(root, tree):
            trees.setdefault(tree[: -len("/.git")], part.path)
    for tree, own in trees.items():
        for git in git_trees.embedded(host.files, tree, own):
            kind = host.files.kind(git)
            if kind == "link":
                raise _refused(git, "is a symbolic link, which could be replaced")
            if kind == "file":
                yield _dot_git(host, git)
            elif kind == "directory":
                yield from _repository(host, git, open_config=False)


def _named(host: Host, root: str, found: git_places.Repository) -> Iterator[Grant]:
    """What git's settings name: those of this repository, of one around it, and the person's own."""
    trees = (root, found.git) if found.outside else (root,)
    known: git_named.Known = {}
    closed = set()
    for top, files in _working_trees(host, root, found):
        for path, create in git_named.named(host, top, files, known):
            if (path, create) not in closed:
                closed.add((path, create))
                yield from _closed(host, trees, path, create)


def _working_trees(
    host: Host, root: str, found: git_places.Repository
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where the person may run git, with the settings that hold there: here, around and inside."""
    for top in (root, *ancestors(root)):
        around = found if top == root else _around(host, top)
        if around is not None:
            files = (f"{around.git}/config", f"{around.own}/config.worktree")
            yield top, files if around.git else ()
    for part in git_layout.parts(host.files, found.git) if found.git else ():
        if part.whole == git_layout.WORKTREE:
            git = git_layout.checked_out(host, part.path)
            config = part.path.rpartition("/worktrees/")[0] + "/config"
        else:
            git = _of_a_submodule(host, part.path) if part.path != found.git else ""
            config = part.path + "/config"
        if git and contains(root, git):
            yield git[: -len("/.git")], (config, part.path + "/config.worktree")


def _around(host: Host, directory: str) -> git_places.Repository | None:
    """The repository at a directory around the working tree, if it has one."""
    git = directory.rstrip("/") + "/.git"
    there = host.files.kind(git) in ("directory", "file")
    return git_places.repository(host, directory) if there else None


def _closed(host: Host, trees: tuple[str, ...], path: str, create: str) -> Iterator[Grant]:
    """Denials for a file or directory that git's settings name.

    What lies in the home elsewhere is closed as well: another option may have opened that place.
    """
    real = git_layout.led_to(host, path, "/")
    if not real:
        return
    for link, _ in host.resolve(path).links:
        if any(contains(tree, link) for tree in trees):
            yield _denied("literal", link, existing_only=True)
    kind = host.files.kind(real)
    real = real if kind == "missing" else host.files.stored(real)
    inside = any(contains(tree, real) for tree in trees)
    if kind == "directory" and create == git_named.DIRECTORY:
        if any(contains(real, tree) for tree in trees):
            raise _refused(real, "holds the project, and git's settings say that it holds hooks")
        if inside or contains(host.home, real):
            yield _denied("subpath", real)
    elif kind in ("file", "other") and (inside or contains(host.home, real)):
        # What a package manager installs, as pnpm, is a link to its store by design.
        if inside and "/node_modules/" not in real:
            git_trees.refuse_second_name(real)
        yield _denied("literal", real)
    elif kind == "missing" and create and inside:
        # Made where it would have to begin: a directory on the way that is new could be renamed.
        start = real
        for above in ancestors(real):
            if host.files.kind(above) != "missing":
                break
            start = above
        if start == real and create == git_named.FILE:
            yield _denied("literal", real, create)
        else:
            yield _denied("subpath", start, git_named.DIRECTORY)
