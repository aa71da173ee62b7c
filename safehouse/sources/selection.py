"""Which program a command line runs, behind runners, variables and links."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host

# runner: the words that must follow it, and its options that take a value
_RUNNERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "npx": ((), ("-p", "--package", "-c", "--call", "-w", "--workspace")),
    "bunx": ((), ("-p", "--package")),
    "pnpx": ((), ("-p", "--package")),
    "npm": (("exec",), ("-p", "--package", "-c", "--call", "-w", "--workspace")),
    "pnpm": (("dlx",), ("-p", "--package")),
    "yarn": (("dlx",), ("-p", "--package")),
    "bun": (("x",), ("-p", "--package")),
    "uvx": (
        (),
        ("--from", "--with", "--python", "-p", "--index", "--index-url", "--with-requirements"),
    ),
    "uv": (("tool", "run"), ("--from", "--with", "--python", "-p", "--index", "--index-url")),
    "pipx": (("run",), ("--spec", "--python", "--pip-args", "--index-url")),
    "env": ((), ("-u", "--unset", "-C", "--chdir", "-P", "-S")),
    "xcrun": ((), ("--sdk", "-sdk", "--toolchain", "-toolchain")),
    "nice": ((), ("-n", "--adjustment")),
    "time": ((), ()),
    "nohup": ((), ()),
    "command": ((), ()),
    "exec": ((), ()),
}
# What programs are called where a launcher is a file of a package: .../node_modules/@scope/name/...
_PACKAGES = "/node_modules/"


def split_assignments(
    words: tuple[str, ...],
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Leading NAME=VALUE words, and the rest."""
    count = 0
    while count < len(words) and _is_assignment(words[count]):
        count += 1
    pairs = (word.partition("=") for word in words[:count])
    return tuple((name, value) for name, _, value in pairs), words[count:]


def program_names(command: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the program that really runs, the likeliest last; the words that name programs.

    The words are the command's first and, behind each runner, the one that it runs.
    """
    words = list(command)
    names: list[str] = []
    programs: list[str] = []
    while words:
        programs.append(words.pop(0))
        name = programs[-1].rpartition("/")[2]
        expected, with_value = _RUNNERS.get(name, (None, ()))
        if expected is None or tuple(words[: len(expected)]) != expected:
            names += _spellings(name)
            break
        del words[: len(expected)]
        packages = _drop_options(words, with_value)
        names += [spelling for package in packages for spelling in _spellings(package)]
        while words and _is_assignment(words[0]):
            words.pop(0)
    return tuple(names), tuple(programs)


def _drop_options(words: list[str], with_value: tuple[str, ...]) -> list[str]:
    """Removes options from the front; gives the packages that they name."""
    packages = []
    while words and words[0][:1] == "-":
        option, equals, value = words.pop(0).partition("=")
        if option == "--":
            break
        if option in with_value and not equals and words:
            value = words.pop(0)
        if value and option in ("-p", "--package", "--from", "--spec"):
            packages.append(value)
    return packages


def _spellings(word: str) -> tuple[str, ...]:
    """`@scope/claude-code@1.2` and `aider-chat[all]==0.8` without scope, version and extras."""
    name = word.rpartition("/")[2]
    for mark in ("@", "==", ">=", "<=", "~=", "["):
        head = name[1:].partition(mark)[0]
        name = name[:1] + head
    return (name,) if name else ()


def names_by_links(path: str, host: Host) -> tuple[str, ...]:
    """The names of the links from an absolute path to the file, of the file, and of its package."""
    found = host.resolve(path)
    names = [link.rpartition("/")[2] for link, _ in found.links]
    names.append(found.real.rpartition("/")[2])
    _, packaged, below = found.real.rpartition(_PACKAGES)
    if packaged:
        parts = below.split("/")
        names.append(parts[1] if parts[0][:1] == "@" and len(parts) > 1 else parts[0])
    return tuple(names)


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier() and name.isascii()
