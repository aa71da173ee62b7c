"""What makes the person's next git command run a program: closed to the confined one.

Git runs what hooks/ and config (core.fsmonitor, core.hooksPath, filters, ...) say, and looks for both
elsewhere if commondir or a `.git` file says so. linux.md 1.3 has the attacks, each of which worked.
"""

from __future__ import annotations

from safehouse.errors import UserError
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import READ, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

# What each is made of where it is missing and a backend has to have something to hold: git reads
# these as if they were not there.
_FILES = {"config": "file:", "config.worktree": "file:", "commondir": "file:.\n"}
_MOST_TEXT = 4096


def grants(host: Host, workdir: str) -> Iterator[Grant]:
    """Denials for the repository whose root `workdir` is; for a linked worktree also its grant.

    Raises UserError for a `.git` that is a link: nothing can hold it in its place.
    """
    git = workdir.rstrip("/") + "/.git"
    kind = host.files.kind(git)
    if kind == "link":
        raise UserError(
            f"{git} is a symbolic link, which the confined program could replace",
            f"make it a directory again: rm {git} && mv {host.resolve(git).real} {git}",
        )
    if kind == "directory":
        yield from _closed(git)
        yield from _modules(host, git + "/modules")
        for name in host.files.names(git + "/worktrees"):
            yield _deny("literal", f"{git}/worktrees/{name}/commondir", "file:../..\n")
            yield _deny("literal", f"{git}/worktrees/{name}/config.worktree", "file:")
    elif kind == "file":
        yield _deny("literal", git)
        common = _common_directory(host, workdir, git)
        if common:
            reason = "the repository that this worktree belongs to"
            origin = Origin(Tier.DIRECTORY, "git", reason)
            yield Grant(ALLOW, READ + WRITE, Filter("subpath", common), origin)
            yield from _closed(common)


def _deny(kind: str, path: str, create: str = "") -> Grant:
    reason = "your next git command would run what it says"
    return Grant(DENY, WRITE, Filter(kind, path), Origin(Tier.PROTECTED, "git", reason), create)


def _closed(git: str) -> Iterator[Grant]:
    yield _deny("subpath", git + "/hooks", "directory")
    for name, content in _FILES.items():
        yield _deny("literal", f"{git}/{name}", content)


def _modules(host: Host, directory: str, depth: int = 0) -> Iterator[Grant]:
    """Submodules' repositories; their names may have slashes in them."""
    for name in host.files.names(directory):
        path = f"{directory}/{name}"
        if _is_repository(host, path):
            yield from _closed(path)
            yield from _modules(host, path + "/modules", depth + 1)
        elif depth < 8 and host.files.kind(path) == "directory":
            yield from _modules(host, path, depth + 1)


def _is_repository(host: Host, git: str) -> bool:
    return (
        host.files.kind(git + "/HEAD") == "file"
        and host.files.kind(git + "/objects") == "directory"
    )


def _common_directory(host: Host, workdir: str, git: str) -> str:
    """The common directory of the linked worktree at `workdir`, "" where it is none.

    The `.git` file is the worktree's word only; it is believed if the repository that it names
    points back to it, which a program confined to the worktree cannot have written.
    """
    word, _, admin = _line(git).partition(": ")
    if word != "gitdir" or not admin:
        return ""
    admin = host.resolve(admin if admin[0] == "/" else f"{workdir}/{admin}").real
    worktrees, _, _name = admin.rpartition("/")
    common, _, last = worktrees.rpartition("/")
    back = _line(admin + "/gitdir")
    if last != "worktrees" or back[:1] != "/" or host.resolve(back).real != git:
        return ""
    if host.resolve(common).real != common or not _is_repository(host, common):
        return ""
    too_much = host.home == common or host.home.startswith(common + "/")
    return "" if too_much else common


def _line(path: str) -> str:
    """The one line of a small file; "" for anything else."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read(_MOST_TEXT)
    except (OSError, UnicodeDecodeError):
        return ""
    line = text[:-1] if text.endswith("\n") else text
    return line if line.isprintable() else ""
