"""What no source can open: the files that confine the program, and those that start the person's shell."""

from __future__ import annotations

from safehouse.policy.rule import DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import WRITE, operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

_SHELL_FILES = (
    ".zshenv", ".zprofile", ".zshrc", ".zlogin", ".bashrc", ".bash_profile", ".bash_login", ".profile",
)  # fmt: skip
_SHELL_TREES = (".config/fish",)
# Where a configuration lies, by the variable that moves it.
_OWN_PLACES = (
    ("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", ".local/state"),
    ("XDG_DATA_HOME", ".local/share"), ("XDG_CACHE_HOME", ".cache"),
)  # fmt: skip
_WORKDIR_FILES = (".safehouse", ".safehouse.yaml")
_ALL = operations(("socket", "metadata"))


def own_directories(host: Host) -> list[str]:
    """Where safehouse keeps configuration, grants, trust and logs: by default and as moved."""
    found = {}
    for variable, usual in _OWN_PLACES:
        found[f"{host.home}/{usual}/safehouse"] = True
        moved = host.environ.get(variable, "")
        if moved[:1] == "/" and moved.isprintable():
            found[f"{moved.rstrip('/')}/safehouse"] = True
    return list(found)


def program_paths(host: Host) -> list[str]:
    """The files that we are: the zipapp, or the directory of the package."""
    package = __file__.rpartition("/sources/")[0]
    archive = package
    while archive and host.files.kind(archive) == "missing":
        archive = archive.rpartition("/")[0]
    return [host.resolve(archive or package).real]


def grants(host: Host, workdir: str) -> Iterator[Grant]:
    """The denials of tier PROTECTED."""

    def deny(
        words: tuple[str, ...], kind: str, path: str, reason: str, existing: bool = True
    ) -> Grant:
        origin = Origin(Tier.PROTECTED, "safehouse", reason)
        return Grant(DENY, words, Filter(kind, path), origin, existing_only=existing)

    for directory in own_directories(host):
        yield deny(_ALL, "subpath", directory, "safehouse's own configuration, grants and logs")
    for path in program_paths(host):
        kind = "subpath" if host.files.kind(path) == "directory" else "literal"
        yield deny(WRITE, kind, path, "safehouse itself")
    for name in _SHELL_FILES:
        yield deny(WRITE, "literal", f"{host.home}/{name}", "started by your shell, unconfined")
    for name in _SHELL_TREES:
        yield deny(WRITE, "subpath", f"{host.home}/{name}", "started by your shell, unconfined")
    for name in _WORKDIR_FILES if workdir else ():
        path = f"{workdir.rstrip('/')}/{name}"
        yield deny(WRITE, "literal", path, "what this directory asks of safehouse")
