"""The files that shells start with: the line that reads our code, and what in them gets in its way."""

from __future__ import annotations

import re

from safehouse.errors import UserError
from safehouse.files import read_file
from safehouse.host import MACOS
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.host import Host

_MOST = 1_000_000
_ZSH = (".zshenv", ".zprofile", ".zshrc", ".zlogin")
_BASH = (".bash_profile", ".bash_login", ".profile", ".bashrc")
LOGIN = _BASH[:3]  # of which bash reads the first that is there
_INIT = re.compile(
    r"""(?P<program>[^\s"'`(;|&]*safehouse)["']?\s+init\s+(?P<shell>zsh|bash|fish)\b(?P<rest>[^)|"'`;]*)"""
)
_ALIAS = re.compile(
    r"""\balias\s+(?:-\w+\s+|--\s+)*(?P<name>[A-Za-z0-9._+-]+)[=\s]\s*(?P<text>.+)"""
)
# What puts more directories on PATH.
_PATH = re.compile(
    r"\bPATH\s*=|\bpath\s*\+?=\(|fish_add_path|\bset\b.*\bPATH\b|nvm\.sh|/env(\.fish)?\b"
    r"|\b(fnm|mise|rtx|asdf|pyenv|nodenv|volta|brew|conda)\b.*\b(env|activate|init|shellenv|hook)\b"
)
_AGENTS = re.compile(r"--agents[= ](\S+)")
_MOVED = re.compile(r"""\bZDOTDIR=["']?([^\s"';]+)""")


class Line(Value):
    """A line of a shell's file: where it stands, and what it says."""

    path: str
    number: int
    text: str


class Init(Value):
    """The line that reads our code: for which shell, by which program as written, for which agents."""

    line: Line
    shell: str
    program: str
    agents: tuple[str, ...] | None


class Alias(Value):
    """A line that gives a name another meaning."""

    line: Line
    name: str
    text: str


def of_shell(shell: str, host: Host) -> list[str]:
    """The files of a shell that are there, in the order in which it reads them."""
    return [path for path in _places(shell, host) if _is_there(path, host)]


def usual(shell: str, host: Host) -> str:
    """The file at whose end the line belongs."""
    if shell == "zsh":
        return f"{_zsh_directory(host)}/.zshrc"
    if shell == "fish":
        return f"{_fish_directory(host)}/config.fish"
    # A Mac's terminals log in.
    return f"{host.home}/{'.bash_profile' if host.platform == MACOS else '.bashrc'}"


def inits(shell: str, host: Host) -> list[Init]:
    """The lines in a shell's files that read the code for it."""
    found = []
    for line in _all_lines(shell, host):
        said = _INIT.search(line.text)
        if said and said["shell"] == shell:
            agents = _AGENTS.search(said["rest"])
            names = tuple(filter(None, agents[1].split(","))) if agents else None
            found.append(Init(line, shell, said["program"], names))
    return found


def aliases(shell: str, host: Host) -> list[Alias]:
    """The aliases in a shell's files, by which a name could come past our function."""
    found = []
    for line in _all_lines(shell, host):
        said = _ALIAS.search(line.text)
        if said:
            text = said["text"].strip()
            if text[:1] in "\"'":
                text = text[1:].partition(text[0])[0]
            found.append(Alias(line, said["name"], text))
    return found


def path_behind(init: Init, host: Host) -> Line | None:
    """The first line behind that one, in its file, which puts directories on PATH."""
    for line in _lines(init.line.path, host):
        if line.number > init.line.number and _PATH.search(line.text):
            return line
    return None


def is_behind(line: Line, init: Init) -> bool:
    """Whether a line is read after the one for our code, as far as one file can tell."""
    return line.path == init.line.path and line.number > init.line.number


def login_file(host: Host) -> str:
    """The file that bash reads where somebody logs in, and on a Mac in each terminal; "" for none."""
    places = (f"{host.home}/{name}" for name in LOGIN)
    return next((path for path in places if _is_there(path, host)), "")


def mentions(path: str, word: str, host: Host) -> bool:
    """Whether a word stands in a file, comments aside."""
    return any(word in line.text for line in _lines(path, host))


def with_program(init: Init, word: str) -> str:
    """The line with another word for the program; "" where one cannot be put in its place."""
    said = _INIT.search(init.line.text)
    if not said or said["program"] != init.program:
        return ""
    before, after = init.line.text[: said.start("program")], init.line.text[said.end("program") :]
    if before[-1:] in ("'", '"'):
        word = word.strip("'")
    again = _INIT.search(f"{before}{word}{after}")
    return again.string if again and again["program"] == word.strip("'") else ""


def _places(shell: str, host: Host) -> Iterator[str]:
    if shell == "zsh":
        yield from dict.fromkeys(
            f"{directory}/{name}"
            for name in _ZSH
            for directory in (host.home, _zsh_directory(host))
        )
    elif shell == "bash":
        yield from (f"{host.home}/{name}" for name in _BASH)
    else:
        directory = _fish_directory(host)
        names = host.files.names(f"{directory}/conf.d")
        yield from (f"{directory}/conf.d/{name}" for name in names if name.endswith(".fish"))
        yield f"{directory}/config.fish"


def _zsh_directory(host: Host) -> str:
    moved = host.environ.get("ZDOTDIR", "")
    if not moved:
        for line in _lines(f"{host.home}/.zshenv", host):
            said = _MOVED.search(line.text)
            moved = said[1] if said else moved
    for start in ("~", "$HOME", "${HOME}"):
        if moved == start or moved.startswith(f"{start}/"):
            moved = host.home + moved[len(start) :]
    moved = moved.replace("${XDG_CONFIG_HOME:-$HOME/.config}", f"{host.home}/.config")
    moved = moved.replace("$XDG_CONFIG_HOME", host.environ.get("XDG_CONFIG_HOME", ""))
    return moved.rstrip("/") if moved[:1] == "/" else host.home


def _fish_directory(host: Host) -> str:
    moved = host.environ.get("XDG_CONFIG_HOME", "")
    return f"{moved.rstrip('/') if moved[:1] == '/' else f'{host.home}/.config'}/fish"


def _all_lines(shell: str, host: Host) -> Iterator[Line]:
    for path in of_shell(shell, host):
        yield from _lines(path, host)


def _is_there(path: str, host: Host) -> bool:
    try:
        return host.files.kind(host.resolve(path).real) == "file"
    except UserError:  # links in a circle
        return False


def _lines(path: str, host: Host) -> Iterator[Line]:
    """The lines of a file, comments left out; nothing where it cannot be read."""
    try:
        data = read_file(host.resolve(path).real, _MOST, path)
    except UserError:
        return
    for number, text in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if text.strip() and text.lstrip()[0] != "#":
            yield Line(path, number, text)
