"""What no source can open: the files that confine the program, and those that start the person's shell."""

from __future__ import annotations

import sys

from safehouse.backends import brewed
from safehouse.host import LINUX
from safehouse.launch import others
from safehouse.policy.planting import quoted
from safehouse.policy.rule import DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import RENAME, WRITE, operations
from safehouse.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.host import Host

# The files that a shell starts with. Where one is missing and has to be held, a stub does what the
# shell would do without it: the first of bash's three that exists hides the others.
_NEXT = "if [ -r ~/{0} ]; then . ~/{0}; elif [ -r ~/.profile ]; then . ~/.profile; fi"
_SHELL_FILES = {
    ".bashrc": "", ".profile": "", ".bash_aliases": "", ".bash_completion": "", ".bash_logout": "",
    ".bash_profile": _NEXT.format(".bash_login"), ".bash_login": _NEXT.format(".profile"),
    ".inputrc": "$include /etc/inputrc\n",  # which it hides
}  # fmt: skip
# Which ZDOTDIR moves.
_OF_ZSH = (".zshenv", ".zprofile", ".zshrc", ".zlogin", ".zlogout", ".zcompdump")
# Below ~/.config and ~/.local/share, or where the variables say: what shells read at a start or a Tab.
_SHELL_TREES = {
    "XDG_CONFIG_HOME": ("fish",),
    "XDG_DATA_HOME": (
        "fish/vendor_conf.d", "fish/vendor_functions.d", "fish/vendor_completions.d",
        "fish/generated_completions", "bash-completion",
    ),
}  # fmt: skip
# Where a configuration lies, by the variable that moves it.
_OWN_PLACES = (
    ("XDG_CONFIG_HOME", ".config"), ("XDG_STATE_HOME", ".local/state"),
    ("XDG_DATA_HOME", ".local/share"), ("XDG_CACHE_HOME", ".cache"),
)  # fmt: skip
WORKDIR_FILES = (".safehouse", ".safehouse.yaml")
_ALL = operations(("socket", "metadata"))
_ALL_AND_SERVE = (*_ALL, "network-bind", "network-inbound")
_LIST = ("file-read-data", "file-clone")


def configuration(host: Host) -> str:
    """The directory of what the person wrote or decided: `~/.config/safehouse`, or as XDG says."""
    return _own_directory(host, *_OWN_PLACES[0])


def state(host: Host) -> str:
    """The directory of what safehouse remembers: `~/.local/state/safehouse`, or as XDG says."""
    return _own_directory(host, *_OWN_PLACES[1])


def _own_directory(host: Host, variable: str, usual: str) -> str:
    return f"{_moved(host, variable) or f'{host.home}/{usual}'}/safehouse"


def _moved(host: Host, variable: str) -> str:
    """The directory that a variable names, "" for none: it has to be absolute, and printable."""
    path = host.environ.get(variable, "")
    return path.rstrip("/") if path[:1] == "/" and path.isprintable() else ""


def _shell_files(host: Host) -> Iterator[tuple[str, str]]:
    """The files that the person's shells start with, each with what a stub in its place must say."""
    for name, content in _SHELL_FILES.items():
        yield f"{host.home}/{name}", content
    moved = _moved(host, "ZDOTDIR")
    for directory in dict.fromkeys((host.home, moved or host.home)):
        for name in _OF_ZSH:
            yield f"{directory}/{name}", ""
            yield f"{directory}/{name}.zwc", ""  # compiled, which zsh takes if it is newer
    for directory in _directories(host, "XDG_CONFIG_HOME"):
        yield f"{directory}/bash_completion", ""


def _shell_trees(host: Host) -> dict[str, bool]:
    return {
        f"{directory}/{name}": True
        for variable, names in _SHELL_TREES.items()
        for directory in _directories(host, variable)
        for name in names
    }


def _directories(host: Host, variable: str) -> dict[str, bool]:
    """The usual directory and the one that a variable names."""
    found = {f"{host.home}/{dict(_OWN_PLACES)[variable]}": True}
    moved = _moved(host, variable)
    return {**found, moved: True} if moved else found


def own_directories(host: Host) -> list[str]:
    """Where safehouse keeps configuration, grants, trust and logs: by default and as moved."""
    found = {}
    for variable, usual in _OWN_PLACES:
        found[f"{host.home}/{usual}/safehouse"] = True
        found[_own_directory(host, variable, usual)] = True
    return list(found)


def program_paths(host: Host) -> list[str]:
    """The files that we are: the zipapp, or the package with its profiles and its environment.

    Without an environment of its own also what was started, and where else modules come from.
    """
    package = __file__.rpartition("/sources/")[0]
    archive = package
    while archive and host.files.kind(archive) == "missing":
        archive = archive.rpartition("/")[0]
    found = [host.resolve(archive or package).real]
    profiles = package.rpartition("/")[0] + "/profiles.yaml"
    if host.files.kind(profiles) == "file":
        found.append(host.resolve(profiles).real)
    if sys.prefix != sys.base_prefix:
        found.append(host.resolve(sys.prefix).real)
    elif package == archive:
        beside = package.rpartition("/")[0]
        if beside.endswith(("/site-packages", "/dist-packages")):
            found.append(host.resolve(beside).real)
        if sys.argv[0][:1] == "/" and host.files.kind(sys.argv[0]) != "missing":
            found.append(host.resolve(sys.argv[0]).real)
    python = host.resolve(sys.base_prefix).real
    if python.startswith(f"{host.home}/"):
        found.append(python)
    return found


def grants(
    host: Host,
    workdir: str,
    profiles: Iterable[str] = (),
    workdir_files: bool = True,
    shims: Iterable[str] = (),
) -> Iterator[Grant]:
    """The denials of tier PROTECTED.

    `profiles` are the files of SBPL that this launch is made of; `workdir_files` says whether the
    project's own configuration is closed, too; `shims` are files of ours on PATH.
    """
    reason = "safehouse's own configuration, grants and logs"
    for directory in own_directories(host):
        yield _denied(_ALL, "subpath", directory, reason, "directory")
        yield from _on_the_way(host, directory, reason)
        for path in _own_links(host, directory):
            real = host.resolve(path).real
            kind = "subpath" if host.files.kind(real) == "directory" else "literal"
            yield _denied(WRITE, kind, real, f"{reason}, by a link")
            yield from _on_the_way(host, path, reason)
    reason = "an appended profile, which decides about launches"
    for path in profiles:
        yield _denied(WRITE, "literal", path, reason)
        yield from _on_the_way(host, path, reason)
    for path in program_paths(host):
        kind = "subpath" if host.files.kind(path) == "directory" else "literal"
        yield _denied(WRITE, kind, path, "safehouse itself")
    if host.platform == LINUX and host.files.kind(brewed.KEG) != "missing":
        reason = "bubblewrap, which confines commands"
        yield _denied(WRITE, "subpath", host.resolve(brewed.KEG).real, reason)
        yield from _on_the_way(host, brewed.PROGRAM, reason)
    for path in shims:
        yield _denied(WRITE, "literal", path, "a shim, by which agents are started confined")
        yield from _on_the_way(host, path, "a shim")
    reason = "started by your shell, unconfined"
    for path, content in _shell_files(host):
        yield _denied(WRITE, "literal", path, reason, f"file:{content}")
        yield from _on_the_way(host, path, reason)
    for path in _shell_trees(host):
        yield _denied(WRITE, "subpath", path, reason, "directory")
        yield from _on_the_way(host, path, reason)
    for directory in dict.fromkeys((host.home, _moved(host, "ZDOTDIR") or host.home)):
        yield _denied(WRITE, "prefix", f"{directory}/.zcompdump-", reason)  # and the host's name
    yield from _of_other_launches(host)
    for name in WORKDIR_FILES if workdir and workdir_files else ():
        path = f"{workdir.rstrip('/')}/{name}"
        # No stub: it would show in `git status`. What appears here can only ask for less.
        yield _denied(WRITE, "literal", path, "what this directory asks of safehouse")


def _of_other_launches(host: Host) -> Iterator[Grant]:
    """Denials for the temporary files of other launches, and what keeps the own ones in their place.

    The directory above may be looked at: that is what finding out the own real path takes.
    """
    own = host.launch_temp
    if not own:
        return
    parent = own.rpartition("/")[0]
    reason = "temporary files of other launches"
    yield _denied(_ALL_AND_SERVE, "regex", beside(own), reason)
    yield _denied((*WRITE, *_LIST), "literal", parent, "which launches there are")
    # A clone of a directory has all that is in it.
    yield _denied(
        ("file-clone",), "literal", host.temp, "the temporary files of launches are in it"
    )
    yield _denied(RENAME, "literal", own, "the files of this launch keep their place")


def beside(path: str) -> str:
    """A regex for all that lies in the directory of `path` under another name."""
    directory, _, name = path.rpartition("/")
    return f"^{quoted(directory)}/({'|'.join(others(name))})"


def _on_the_way(host: Host, path: str, reason: str) -> Iterator[Grant]:
    """Denials for the links that lead from a path to its end, the path itself aside.

    One in the middle (`cur` of `~/dotfiles/cur/config.yaml`) decides as much as the end does.
    """
    for link, _ in host.resolve(path).links if not host.foreign else ():
        if link != path:
            yield replace(_denied(WRITE, "literal", link, f"{reason}, by a link"), follow=False)


def _own_links(host: Host, directory: str) -> Iterator[str]:
    """Those of our files that are links: into a repository of dotfiles, say."""
    if host.files.kind(directory) == "missing" or host.foreign:
        return
    if directory.startswith((f"{host.home}/.cache/", f"{host.home}/.local/share/")):
        return  # nothing there decides about anything
    for place in (directory, f"{directory}/profiles.d"):
        for name in host.files.names(place):
            decides = name.endswith(".yaml") or name in ("profiles.d", "trust")
            if decides and host.resolve(f"{place}/{name}").links:
                yield f"{place}/{name}"


def _denied(words: tuple[str, ...], kind: str, path: str, reason: str, create: str = "") -> Grant:
    origin = Origin(Tier.PROTECTED, "safehouse", reason)
    return Grant(DENY, words, Filter(kind, path), origin, create, existing_only=not create)
