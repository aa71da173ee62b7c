"""What makes the person's next git command run a program: closed to the confined one.

Git runs what hooks/ and config (core.fsmonitor, core.hooksPath, filters, ...) say, and looks for both
elsewhere if commondir or a `.git` file says so. linux.md 1.3 has the attacks, each of which worked.
"""

from __future__ import annotations

from safehouse.errors import UserError
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import READ, WRITE
from safehouse.sources import git_config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.files import FileSystem, Kind
    from safehouse.host import Host

# What each is made of where it is missing and a backend has to have something to hold: git reads
# these as if they were not there.
_FILES = {"config": "file:", "config.worktree": "file:", "commondir": "file:.\n"}
_OF_A_REPOSITORY = ("HEAD", "config", "objects", "hooks")
_MOST_DEPTH = 8
_MOST_TEXT = 4096


def grants(host: Host, root: str) -> Iterator[Grant]:
    """Denials for the repository at `root`; for a linked worktree there also its repository's grant.

    Raises UserError for what nothing can hold in its place (a link) or look through.
    """
    git = root.rstrip("/") + "/.git"
    kind = host.files.kind(git)
    if kind == "missing":
        if not host.foreign and _looks_like_one(host, root, 3):
            yield from _repository(host, root)
        return
    if kind == "link":
        raise _refused(git, "is a symbolic link, which could be replaced")
    if kind == "other":
        raise _refused(git, "is neither a directory nor a file")
    if kind == "directory":
        yield from _repository(host, git)
        yield from _named_by_settings(host, root, (git + "/config", git + "/config.worktree"))
        # Without a valid .git, git would take the project itself for a repository, by this file.
        yield _denied("literal", root.rstrip("/") + "/HEAD", existing_only=True)
        return
    yield _denied("literal", git)
    yield from _elsewhere(host, root, git)


def what_appeared(files: FileSystem, root: str, had: Kind) -> str:
    """What a command left that the person's next git command would obey, in words; "" for nothing.

    `had` is what lay at `.git` before; `files` looks anew. These two cannot be denied without files
    of ours in the project.
    """
    git = root.rstrip("/") + "/.git"
    if had == "missing" and files.kind(git) != "missing":
        return f"{git} is new: look at its config and hooks before you run git in there"
    lost = had == "directory" and files.kind(git + "/HEAD") == "missing"
    if lost and files.kind(root.rstrip("/") + "/HEAD") != "missing":
        return (
            f"{git} has lost its HEAD, and git would take the files of {root} for the repository: "
            "run no git in there before you have looked at HEAD, config and hooks in it"
        )
    return ""


def _denied(kind: str, path: str, create: str = "", existing_only: bool = False) -> Grant:
    origin = Origin(Tier.PROTECTED, "git", "your next git command would run what it says")
    return Grant(DENY, WRITE, Filter(kind, path), origin, create, existing_only)


def _refused(path: str, what: str) -> UserError:
    return UserError(f"{path} {what}", "mend it, or give another directory: --workdir=DIR")


def _repository(host: Host, git: str) -> Iterator[Grant]:
    """All of one repository: its own files, its submodules', its linked worktrees'."""
    for name in ("hooks", *_FILES):
        if host.files.kind(f"{git}/{name}") == "link":
            raise _refused(f"{git}/{name}", "is a symbolic link, which could be replaced")
    yield _denied("subpath", git + "/hooks", "directory")
    for name, content in _FILES.items():
        yield _denied("literal", f"{git}/{name}", content)
    yield from _modules(host, git + "/modules", 0)
    for name in _names(host, git + "/worktrees"):
        admin = f"{git}/worktrees/{name}"
        if host.files.kind(admin) != "directory":
            raise _refused(admin, "is no directory")
        yield _denied("literal", f"{admin}/commondir", "file:../..\n")
        yield _denied("literal", f"{admin}/config.worktree", "file:")
        checked_out = _line(host, admin + "/gitdir")
        if checked_out[:1] == "/" and host.files.kind(checked_out) == "file":
            yield _denied("literal", checked_out)


def _modules(host: Host, directory: str, depth: int) -> Iterator[Grant]:
    """Submodules' repositories; their names may have slashes in them."""
    for name in _names(host, directory):
        path = f"{directory}/{name}"
        kind = host.files.kind(path)
        if kind in ("link", "other") or depth > _MOST_DEPTH:
            raise _refused(path, "is no directory of a submodule, or lies too deep")
        if kind == "directory" and _looks_like_one(host, path, 1):
            yield from _repository(host, path)
            worktree = git_config.value(path + "/config", "core", "worktree")
            if worktree:
                base = worktree if worktree[0] == "/" else f"{path}/{worktree}"
                link = host.resolve(base).real + "/.git"
                if host.files.kind(link) == "file":
                    yield _denied("literal", link)
        elif kind == "directory":
            yield from _modules(host, path, depth + 1)


def _names(host: Host, directory: str) -> list[str]:
    """The names in a directory of a repository. Raises UserError where they could be hidden."""
    kind = host.files.kind(directory)
    if kind == "missing" or host.foreign:
        return []
    names = host.files.names(directory)
    if kind != "directory" or not (names or host.files.listable(directory)):
        raise _refused(directory, "cannot be looked through")
    for name in names:
        if not name.isprintable():
            raise _refused(f"{directory}/{name!r}", "has an unprintable name")
    return names


def _looks_like_one(host: Host, git: str, least: int) -> bool:
    """Whether a directory has at least so many of a repository's parts."""
    found = sum(host.files.kind(f"{git}/{name}") != "missing" for name in _OF_A_REPOSITORY)
    return found >= least


def _named_by_settings(host: Host, root: str, files: tuple[str, ...]) -> Iterator[Grant]:
    """What settings of git's name inside the project: it would be run, or read as more settings."""
    own = (f"{host.home}/.gitconfig", f"{host.home}/.config/git/config")
    for file in (*files, *own):
        if host.foreign or host.files.kind(file) != "file":
            continue
        for word, is_hooks in git_config.named_paths(file):
            for base in (root, file.rpartition("/")[0]):
                path = word if word[0] == "/" else f"{base}/{word}"
                real = host.resolve(path).real
                kind = host.files.kind(real)
                inside = real.startswith(root.rstrip("/") + "/")
                if inside and kind == "directory":
                    yield _denied("subpath", real)
                elif inside and kind == "file":
                    yield _denied("literal", real)
                elif inside and is_hooks and base == root:
                    yield _denied("subpath", real, "directory")


def _elsewhere(host: Host, root: str, git: str) -> Iterator[Grant]:
    """The repository that a `.git` file names, closed; granted if it is a linked worktree's.

    The file is the worktree's word only. It is believed if the repository points back to it and
    lies where no program that is confined to something else can have made it.
    """
    word, _, named = _line(host, git).partition(": ")
    if word != "gitdir" or not named:
        return
    admin = host.resolve(named if named[0] == "/" else f"{root}/{named}").real
    if admin.startswith(root.rstrip("/") + "/") and host.files.kind(admin) == "directory":
        yield from _repository(host, admin)
        return
    worktrees, _, _name = admin.rpartition("/")
    common, _, last = worktrees.rpartition("/")
    back = _line(host, admin + "/gitdir")
    if last != "worktrees" or back[:1] != "/" or host.resolve(back).real != git:
        return
    if not _may_be_common(host, common):
        return
    origin = Origin(Tier.BASE, "git", "the repository that this worktree belongs to")
    yield Grant(ALLOW, READ + WRITE, Filter("subpath", common), origin)
    yield from _repository(host, common)
    yield from _named_by_settings(host, root, (common + "/config", admin + "/config.worktree"))


def _may_be_common(host: Host, common: str) -> bool:
    """Whether a directory can be the repository of a worktree: called so, and in no hidden place.

    What programs may write below the home (~/.claude, ~/.cache, ...) is hidden, so that none of them
    can have put one there.
    """
    below = common[len(host.home) + 1 :] if common.startswith(host.home + "/") else ""
    hidden = any(part[:1] == "." for part in below.split("/")[:-1]) or below.startswith("Library/")
    return (
        common.endswith(".git")
        and not hidden
        and not host.home.startswith(common + "/")
        and host.resolve(common).real == common
        and _looks_like_one(host, common, 3)
    )


def _line(host: Host, path: str) -> str:
    """The one line of a small file; "" for anything else."""
    if host.files.kind(path) != "file":
        return ""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read(_MOST_TEXT)
    except (OSError, UnicodeDecodeError):
        return ""
    line = text[:-1] if text.endswith("\n") else text
    return line if line.isprintable() else ""
