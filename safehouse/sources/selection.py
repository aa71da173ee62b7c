"""Which program a command line runs, behind runners, variables and links, and so which agent it is."""

from __future__ import annotations

import posix as os  # os itself costs 1.3 ms of every launch

from safehouse import facts
from safehouse.errors import NOT_EXECUTABLE, NOT_FOUND, UserError, printable
from safehouse.files import read_file
from safehouse.host import MACOS
from safehouse.sources.settings import contains
from safehouse.sources.shim_file import is_shim
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.host import Host
    from safehouse.request import Request
    from safehouse.sources.catalogue import Catalogue
    from safehouse.sources.configuration import Configuration, Start
    from safehouse.sources.profile import Profile

_REGULAR = 0o100000  # S_IFREG
_DIRECTORY = 0o040000  # S_IFDIR

_PACKAGE = ("-p", "--package")
_NPM = tuple(
    """-w --workspace -C --prefix --registry --cache --userconfig --globalconfig --loglevel
    --script-shell --node-options --before --otp --proxy --https-proxy""".split()
)
_CALL = ("-c", "--call")
_UV = tuple(
    """-w --with --with-editable --with-requirements -c --constraints --overrides --env-file -p --python
    --index --default-index -i --index-url --extra-index-url -f --find-links --index-strategy
    --keyring-provider -P --upgrade-package --reinstall-package --refresh-package --resolution --prerelease
    --fork-strategy --exclude-newer -C --config-setting --no-build-package --no-binary-package --link-mode
    --python-platform --torch-backend --cache-dir --config-file --directory --project --color
    --allow-insecure-host""".split()
)
_PIPX = ("--python", "--pip-args", "--index-url", "-i", "--with", "--backend")
_PNPM = ("-C", "--dir", "--allow-build", "--registry", "--reporter", "--loglevel")
_SHELL_MODE = ("-c", "--shell-mode")
_SPLIT = ("-S", "--split-string")
_HERE = ((),)
_NO: tuple[str, ...] = ()
# runner: the words that may follow it, options that name a package, others that take a value, and
# those with which the program stands in words of a shell
_RUNNERS: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "npx": (_HERE, _PACKAGE, (*_NPM, *_CALL), _CALL),
    "npm": ((("exec",), ("x",)), _PACKAGE, (*_NPM, *_CALL), _CALL),
    "pnpx": (_HERE, _PACKAGE, _PNPM, _SHELL_MODE),
    "pnpm": ((("dlx",),), _PACKAGE, _PNPM, _SHELL_MODE),
    "yarn": ((("dlx",),), _PACKAGE, ("--cwd",), _NO),
    "bunx": (_HERE, _PACKAGE, _NO, _NO),
    "bun": ((("x",),), _PACKAGE, _NO, _NO),
    "uvx": (_HERE, ("--from",), _UV, _NO),
    "uv": ((("tool", "run"),), ("--from",), _UV, _NO),
    "pipx": ((("run",),), ("--spec",), _PIPX, _NO),
    "env": (_HERE, _NO, ("-u", "--unset", "-C", "--chdir", "-P", *_SPLIT), _SPLIT),
    "xcrun": (_HERE, _NO, ("--sdk", "-sdk", "--toolchain", "-toolchain"), _NO),
    "nice": (_HERE, _NO, ("-n", "--adjustment"), _NO),
    "time": (_HERE, _NO, ("-f", "--format", "-o", "--output"), _NO),
    "nohup": (_HERE, _NO, _NO, _NO),
    "command": (_HERE, _NO, _NO, _NO),
    "exec": (_HERE, _NO, ("-a",), _NO),
}  # fmt: skip
# They read options behind the program as well, up to `--`.
_READS_ON = ("npm",)
# What starts an agent by the name of its package: a shim confines only that.
PACKAGE_RUNNERS = ("npx", "bunx", "pnpx", "uvx", "pipx")
# What programs are called where a launcher is a file of a package: .../node_modules/@scope/name/...
_PACKAGES = "/node_modules/"
_BUNDLE = ".app"
_MOST_INFO = 1 << 20


def is_runner(word: str) -> bool:
    """Whether a command is one of those that run what their words name."""
    return word.rpartition("/")[2] in _RUNNERS


def split_assignments(
    words: tuple[str, ...],
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Leading NAME=VALUE words, and the rest."""
    count = 0
    while count < len(words) and _is_assignment(words[count]):
        count += 1
    pairs = (word.partition("=") for word in words[:count])
    return tuple((name, value) for name, _, value in pairs), words[count:]


class CommandLine(Value):
    """What a command line runs: names of the program, the likeliest last, and the words of programs.

    The words are the command's first and, behind each runner, the one that it runs. The last one
    ends before `end`, -1 where its own words begin nowhere that we know. `reads_on` says that a
    runner reads options behind it, too.
    """

    names: tuple[str, ...]
    programs: tuple[str, ...]
    end: int
    reads_on: bool


def parsed(command: tuple[str, ...]) -> CommandLine:
    """Reads a command line, runner by runner."""
    words = list(command)
    names: list[str] = []
    programs: list[str] = []
    certain, reads_on = True, False
    while words:
        programs.append(words.pop(0))
        name = programs[-1].rpartition("/")[2]
        options = _Options(*_RUNNERS[name]) if name in _RUNNERS else None
        if options is None or not options.take(words):
            names += _spellings(programs[-1])
            end = len(command) - len(words) if certain else -1
            return CommandLine(tuple(names), tuple(programs), end, reads_on)
        names += [spelling for package in options.packages for spelling in _spellings(package)]
        certain = certain and options.certain
        reads_on = reads_on or (name in _READS_ON and not options.ended)
        while words and _is_assignment(words[0]):
            words.pop(0)
    return CommandLine(tuple(names), tuple(programs), -1, reads_on)


class _Options:
    """The options of a runner, around the word that says it is one: packages, and how they end."""

    def __init__(
        self,
        subcommands: tuple[tuple[str, ...], ...],
        naming: tuple[str, ...],
        with_value: tuple[str, ...],
        shell: tuple[str, ...],
    ) -> None:
        self._subcommands = subcommands
        self._naming = naming
        self._with_value = with_value
        self._shell = shell
        self.packages: list[str] = []
        self.certain = True
        self.ended = False

    def take(self, words: list[str]) -> bool:
        """Takes them from the front; whether something is run. If not, nothing is taken."""
        rest = words[:]
        self._drop(rest)
        for subcommand in self._subcommands:
            if tuple(rest[: len(subcommand)]) == subcommand:
                del rest[: len(subcommand)]
                if subcommand:
                    self._drop(rest)
                words[:] = rest
                return True
        return False

    def _drop(self, words: list[str]) -> None:
        while words and words[0][:1] == "-" and not self.ended:
            option, equals, value = words.pop(0).partition("=")
            if option == "--":
                self.ended = True
                break
            known = option in self._naming or option in self._with_value
            if known and not equals and words:
                value = words.pop(0)
            if value and option in self._naming:
                self.packages.append(value)
            joined = option[:2] != "--" and len(option) > 2 and not option[1:].isdigit()
            if option in self._shell or (joined and not known):
                self.certain = False  # `-yp PACKAGE`: which of them takes what follows?


def _spellings(word: str) -> tuple[str, ...]:
    """`@scope/name@1.2` and `aider-chat[all]==0.8` without version and extras; of a path its end.

    A scope stays: whose `claude-code` it is makes the difference.
    """
    scope, slash, scoped = word.partition("/") if word[:1] == "@" else ("", "", "")
    name = scoped if slash else word.rpartition("/")[2]
    for mark in ("@", "==", ">=", "<=", "~=", "["):
        head = name[1:].partition(mark)[0]
        name = name[:1] + head
    return (scope + slash + name,) if name else ()


def names_by_links(path: str, host: Host) -> tuple[str, ...]:
    """The names of the links from an absolute path to the file, of the file, and of its package."""
    found = host.resolve(path)
    names = [link.rpartition("/")[2] for link, _ in found.links]
    names.append(found.real.rpartition("/")[2])
    _, packaged, below = found.real.rpartition(_PACKAGES)
    if packaged:
        parts = below.split("/")
        scoped = parts[0][:1] == "@" and len(parts) > 1
        names.append(f"{parts[0]}/{parts[1]}" if scoped else parts[0])
    return tuple(names)


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier() and name.isascii()


def search(word: str, path: str, cwd: str) -> str:
    """The file that a command word means, as a shell finds it, but for our shims of it.

    Raises UserError as `find_program`.
    """
    if not word:
        raise UserError("the command is empty", "safehouse -- COMMAND [ARG...]", NOT_FOUND)
    if "/" in word:
        places = [word if word[0] == "/" else f"{cwd}/{word}"]
    else:
        places = [f"{directory}/{word}" for directory in path.split(":")]
    refused = shim = ""
    for place in places:
        try:
            mode = facts.stat(place).st_mode & facts.FORM
        except (OSError, ValueError):
            continue
        if mode == _REGULAR and facts.access(place, os.X_OK):
            if not is_shim(place):
                return place
            shim = place
            continue
        if mode == _DIRECTORY and "/" in word and place.rstrip("/").endswith(_BUNDLE):
            return _program_of(place.rstrip("/"))
        if mode == _REGULAR or "/" in word:
            refused = refused or place.replace("/./", "/")
    if refused:
        raise UserError(
            f"{printable(refused)} is not an executable file",
            f"a program is wanted; for a script: chmod +x {printable(refused)}",
            NOT_EXECUTABLE,
        )
    if shim and "/" in word:
        return search(shim.rpartition("/")[2], path, cwd)
    if shim:
        raise UserError(
            f"command not found: {printable(word)}: there is only safehouse's shim, {printable(shim)}",
            f"install {printable(word)}; or, without the shim: safehouse shims remove",
            NOT_FOUND,
        )
    raise UserError(
        f"command not found: {printable(word)}",
        "it is looked for in PATH; give its path if it lies elsewhere",
        NOT_FOUND,
    )


def _program_of(bundle: str) -> str:
    """The main program of an app's bundle, as its Info.plist says. Raises UserError without one."""
    import plistlib  # only for whoever starts an app by its bundle

    info = f"{bundle}/Contents/Info.plist"
    data = read_file(info, _MOST_INFO, info)
    try:
        name = plistlib.loads(data)["CFBundleExecutable"]
    except Exception:  # a property list can be wrong in as many ways as there are formats of it
        name = ""
    if not isinstance(name, str) or not name or "/" in name:
        raise UserError(
            f"{printable(info)} does not say which program the app is",
            f"name it: {printable(bundle)}/Contents/MacOS/...",
            NOT_EXECUTABLE,
        )
    return f"{bundle}/Contents/MacOS/{name}"


def agent(request: Request, host: Host, start: Start) -> tuple[str, tuple[str, ...]]:
    """The name of the agent's profile ("" for none), and what to tell about the choice."""
    if request.agent or not request.command:
        return request.agent, ()
    name, notices = _agent_of(request, host, start.catalogue, start.workdir)
    usual = start.own.defaults.get("agent") if start.own else None
    if not name and not notices and usual:
        start.catalogue.check(usual.text, ("agent", "app"), usual.place)
        return usual.text, ()
    return name, notices


def _agent_of(
    request: Request, host: Host, catalogue: Catalogue, workdir: str
) -> tuple[str, tuple[str, ...]]:
    """The agent that a command is by its name, and what to tell about it."""
    line = parsed(request.command)
    names, words = line.names, line.programs
    paths = [path for path in (_found(word, host) for word in words) if path]
    links = [link for path in paths for link in names_by_links(path, host)]
    name = _app(paths, host, catalogue) or catalogue.for_command([*names, *links])
    if not name:
        return "", ()
    for path in (*paths, *(f"{workdir}/node_modules/.bin/{word}" for word in words[1:])):
        if workdir and host.files.kind(path) != "missing" and lies_in(path, workdir, host):
            # A repository may bring a program of any name; its state and sign-in are not for that.
            notice = f"{path} lies in the project, so it gets no profile by its name"
            return "", (f"{notice}; if you trust it: --agent={name}",)
    return name, ()


def _app(paths: list[str], host: Host, catalogue: Catalogue) -> str:
    """The profile of the app in whose bundle a program lies, "" for none: it is more than a command's."""
    for path in paths if host.platform == MACOS else ():
        found = host.resolve(path)
        for step in (path, *(link for link, _ in found.links), found.real):
            for part in step.split("/"):
                name = catalogue.for_bundle(part) if part.endswith(_BUNDLE) else ""
                if name:
                    return name
    return ""


def lies_in(path: str, directory: str, host: Host) -> bool:
    """Whether a path, a link that it leads through or what it leads to lies in a directory."""
    found = host.resolve(path)
    steps = (path, found.real, *(link for link, _ in found.links))
    return any(contains(directory, step) for step in steps)


def _found(word: str, host: Host) -> str:
    if host.foreign or not word:
        return ""
    places = [place for place in host.environ.get("PATH", "").split(":") if place[:1] == "/"]
    try:
        return search(word, ":".join(places), host.cwd)
    except UserError:
        return ""


def with_arguments(
    command: tuple[str, ...], agent: str, profiles: tuple[Profile, ...], found: Configuration
) -> tuple[str, ...]:
    """The command with its agent's default arguments behind the word that names the agent.

    They are left out where the agent would not be the one that gets them.
    """
    own = tuple(item.text for item in found.said("args"))
    for profile in profiles:
        if profile.name == agent and (profile.arguments or own):
            line = parsed(command)
            named = _spellings(command[line.end - 1]) if line.end > 0 else ()
            if {*profile.commands, *profile.packages}.intersection(named):
                return _inserted(command, line, (*profile.arguments, *own))
    return command


def _inserted(
    command: tuple[str, ...], line: CommandLine, arguments: tuple[str, ...]
) -> tuple[str, ...]:
    """A command whose program gets arguments before its own."""
    end = line.end
    if line.reads_on:
        rest = command[end:]
        before = rest[: rest.index("--")] if "--" in rest else rest
        if "--" in rest and all(word[:1] == "-" for word in before):
            end += len(before) + 1
        elif "--" in rest or any(word[:1] == "-" for word in rest):
            return command
        else:
            arguments = ("--", *arguments)
    return (*command[:end], *arguments, *command[end:])
