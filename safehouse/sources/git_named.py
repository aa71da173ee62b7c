"""The files that git's settings name, which it then runs or reads as more settings.

A project's own script as `core.fsmonitor`, `core.hooksPath=.husky`, `include.path=../gitconfig`: the
person meant that file as it is, and the person's next git command would run what a confined program
made of it. Those that are missing could be made.
"""

from __future__ import annotations

from safehouse import facts
from safehouse.errors import UserError, printable
from safehouse.sources import git_config, git_keys, git_layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safehouse.host import Host

    Found = tuple[str, str]
    Known = dict[str, list[git_config.Setting]]

# Settings for all users of a machine; on a Mac, Homebrew's and Apple's own git have theirs.
_OF_THE_SYSTEM = ("/etc/gitconfig",)
_OF_A_MAC = (
    "/usr/local/etc/gitconfig",
    "/opt/homebrew/etc/gitconfig",
    "/Library/Developer/CommandLineTools/usr/share/git-core/gitconfig",
    "/Applications/Xcode.app/Contents/Developer/usr/share/git-core/gitconfig",
)
# They run the file that follows them.
_INTERPRETERS = frozenset(
    "bash bun dash deno fish node perl php pwsh python python3 ruby sh tsx zsh".split()
)
_BEFORE_A_PROGRAM = frozenset("command env exec nice npx time xargs".split())
_MOST_FILES = 100
_SEPARATORS = {ord(character): "\n" for character in ";&|()`{}\n"}
_QUOTES = {ord(character): " " for character in "\"'\t"}

_SCRIPTS = (".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".ps1")
PROGRAM, SCRIPT, ARGUMENT = "program", "script", "argument"

FILE = "file:"  # what Grant.create calls a file without content
DIRECTORY = "directory"


def own_files(host: Host) -> list[str]:
    """The files of settings that are the person's own, whether they exist or not."""
    moved = host.environ.get("GIT_CONFIG_GLOBAL", "")
    base = host.environ.get("XDG_CONFIG_HOME", "")
    named = (
        f"{host.home}/.gitconfig", f"{host.home}/.config/git/config", moved, base and f"{base}/git/config"
    )  # fmt: skip
    return list(dict.fromkeys(path for path in named if path[:1] == "/" and path.isprintable()))


def named(host: Host, top: str, files: Iterable[str], known: Known) -> Iterator[Found]:
    """What settings in `files`, the person's own, and those that these include, name.

    `top` is the root of the working tree, in which git runs its programs. Each path comes as it is
    written, with the links in it, and with what to make there (FILE, DIRECTORY) if it is missing and
    could be made; "" where only something that exists counts. Raises UserError for more files than
    can be looked through. `known` remembers what was read.
    """
    system = (host.environ.get("GIT_CONFIG_SYSTEM", ""), *_OF_THE_SYSTEM)
    starts = (*files, *own_files(host), *system, *(_OF_A_MAC if host.folds_case else ()))
    waiting = [path for path in dict.fromkeys(starts) if path[:1] == "/" and path.isprintable()]
    yield from ((path, FILE) for path in own_files(host))
    seen = set()
    while waiting:
        file = waiting.pop()
        real = git_layout.led_to(host, file, "/")
        if not real or real in seen:
            continue
        seen.add(real)
        if len(seen) > _MOST_FILES:
            raise UserError(
                f"git's settings include more than {_MOST_FILES} files, one of them {printable(file)}",
                "look at include.path in them: git config --show-origin --list",
            )
        if real not in known:
            is_file = host.files.kind(real) == "file"
            known[real] = git_config.settings(real) if is_file else []
        for setting in known[real]:
            if setting.section in ("include", "includeif") and setting.key == "path":
                path = _path(host, setting.value, file.rpartition("/")[0])
                if path:
                    waiting.append(path)
                    yield path, FILE
            elif git_keys.may_name_programs(setting):
                yield from _of_setting(host, setting, top)


def _of_setting(host: Host, setting: git_config.Setting, top: str) -> Iterator[Found]:
    name = f"{setting.section}.{setting.key}"
    if name in ("core.hookspath", "init.templatedir"):
        path = _path(host, setting.value, top).rstrip("/")
        if path:
            yield path, DIRECTORY
            above, _, last = path.rpartition("/")
            if last == "_" and above != top:  # husky: what lies there runs what lies above it
                yield above, DIRECTORY
        return
    if setting.section == "alias" and setting.value[:1] != "!":
        return
    command = setting.value.lstrip("!")
    whole = _path(host, command, top)
    if whole and "/" in command and _is_file(host, whole):  # a path with spaces in it
        yield whole, ""
    command = command[len("ext::") :] if command.startswith("ext::") else command
    known = git_keys.runs(setting)
    for word, role in _words(command):
        path = _path(host, word, top)
        if not path.isprintable() or not path or (role == PROGRAM and "/" not in word):
            continue  # looked for in PATH
        if role != ARGUMENT and known and ("/" in word or word.endswith(_SCRIPTS)):
            yield path, FILE
        elif role != ARGUMENT and _is_file(host, path):
            yield path, ""
        elif _is_file(host, path):
            # What it leads to, since it need not be git's business which name that has.
            yield git_layout.led_to(host, path, "/"), ""


def _is_file(host: Host, path: str) -> bool:
    real = git_layout.led_to(host, path, "/")
    return bool(real) and host.files.kind(real) == "file"


def _words(command: str) -> Iterator[tuple[str, str]]:
    """The words of a shell's command, with the role of each.

    Quotes are taken for spaces: so the words of a command in a command (`sh -c "./x"`) are seen.
    """
    for part in command.translate(_SEPARATORS).split("\n"):
        role = PROGRAM
        for word in part.translate(_QUOTES).split(" "):
            if not word or word[0] == "-":
                continue
            if role == PROGRAM and "=" in word and "/" not in word.partition("=")[0]:
                continue  # a variable, set for the program
            yield word, role
            last = word.rpartition("/")[2]
            if role == PROGRAM and last in _INTERPRETERS:
                role = SCRIPT
            elif role != PROGRAM or last not in _BEFORE_A_PROGRAM:
                role = ARGUMENT


def _path(host: Host, text: str, base: str) -> str:
    """A path as git or a shell takes it, absolute; "" for what is none."""
    for variable in ("$HOME/", "${HOME}/"):
        if text.startswith(variable):
            text = "~/" + text[len(variable) :]
    if text[:1] == "~":
        name, _, rest = text[1:].partition("/")
        home = host.home if not name else _home_of(name)
        return f"{home}/{rest}" if home and rest else ""
    if not text or text.startswith("%(prefix)"):
        return ""
    return text if text[0] == "/" else f"{base.rstrip('/')}/{text}"


def _home_of(name: str) -> str:
    return facts.home_of(name)
