"""The environment that a command gets: an allow-list, then what the person adds."""

from __future__ import annotations

from safehouse import note
from safehouse.errors import UserError, printable
from safehouse.host import LINUX, MACOS
from safehouse.sources.certificates import VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from safehouse.host import Host
    from safehouse.request import Request
    from safehouse.sources.profile import Profile
    from safehouse.sources.settings import Item

    Written = Callable[[str], bool]

# What a program needs to know of terminal, language, editor, user, places and certificates. No
# tokens, no agents' sockets, nothing that changes how programs are loaded.
_PASSED = frozenset(
    """
    TERM COLORTERM TERM_PROGRAM TERM_PROGRAM_VERSION TERMINFO TERMINFO_DIRS COLUMNS LINES
    NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE COLORFGBG LS_COLORS LSCOLORS
    LANG LANGUAGE TZ
    EDITOR VISUAL GIT_EDITOR PAGER GIT_PAGER LESS MANPAGER NO_BROWSER
    USER LOGNAME SHELL HOME HOSTNAME TMP TEMP
    XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_DATA_DIRS XDG_CONFIG_DIRS
    SDKROOT DEVELOPER_DIR MACOSX_DEPLOYMENT_TARGET __CF_USER_TEXT_ENCODING
    VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV PYENV_ROOT NVM_DIR FNM_DIR VOLTA_HOME
    SSL_CERT_DIR CI DEBIAN_FRONTEND SOURCE_DATE_EPOCH
    """.split()
)
_PASSED_STARTS = ("LC_",)
_PROXIES = frozenset(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"))
# Where the person's own tools lie when a desktop started us with a bare PATH. Appended, so that
# nothing here comes before an entry of the person's own.
_USUAL = {
    MACOS: (
        "/opt/homebrew/bin", "/opt/homebrew/sbin", "/usr/local/bin", "~/.local/bin", "/usr/bin",
        "/bin", "/usr/sbin", "/sbin",
    ),
}  # fmt: skip
_USUAL_ELSEWHERE = (
    "~/.local/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin",
)  # fmt: skip
_AGENT_SOCKET = "SSH_AUTH_SOCK"
# What prompts and scripts look for to know that they are confined; agent-safehouse's word.
_MARKS = {"APP_SANDBOX_CONTAINER_ID": "agent-safehouse"}
_MADE = frozenset("PATH HOME TMPDIR SHELL USER LOGNAME SAFEHOUSE_SANDBOX".split())


def environment(
    request: Request,
    host: Host,
    profiles: tuple[Profile, ...],
    written: Written,
    passed: tuple[Item, ...] = (),
    file: Item | None = None,
    defaults: tuple[tuple[str, str], ...] = (),
) -> tuple[tuple[str, str], ...]:
    """The variables of the command, by name, in order.

    `written` says whether the confined program may write an absolute path, `passed` names variables
    of the caller, `file` has more, `defaults` are those of appended profiles, the last of a name
    wins. Later sources win: allow-list, defaults where missing, `--env` or the file, what is passed,
    NAME=VALUE. Raises UserError for a name that is none, an unreadable or malformed file.
    """
    given = host.environ
    values = dict(given.items()) if request.env_all else _passed(given, profiles)
    if not any(_AGENT_SOCKET in profile.passes for profile in profiles):
        values.pop(_AGENT_SOCKET, None)
    values["PATH"] = search_path(given.get("PATH", ""), host, written)
    values["HOME"] = host.home
    # Each launch has its own; on Linux it is /tmp, and the caller's directory is not there.
    own = host.launch_temp or host.temp
    values["TMPDIR"] = own + "/" if own else "/tmp"
    if own or host.platform == LINUX:
        values.update((name, own or "/tmp") for name in ("TMP", "TEMP") if name in given)
    for name, value in _defaults(values, profiles, defaults, own or "/tmp"):
        values.setdefault(name, value)
    if file:
        from safehouse.sources.env_file import variables

        values.update(variables(file, host, values))
    for item in passed:
        _check_name(item.text, item.place)
        if item.text in given:
            values[item.text] = given[item.text]
    for name, value in request.assignments:
        _check_name(name, "before the command")
        values[name] = value
    values[note.VARIABLE] = note.path(host.launch_temp)
    return tuple(sorted(values.items()))


def is_usual(name: str) -> bool:
    """Whether every command gets a variable of this name, where there is one."""
    made = name in _MADE or name in _MARKS or name.upper() in _PROXIES
    return made or name in _PASSED or name in VARIABLES or name.startswith(_PASSED_STARTS)


def _defaults(
    values: Mapping[str, str],
    profiles: Iterable[Profile],
    appended: Iterable[tuple[str, str]],
    temporary: str,
) -> Iterator[tuple[str, str]]:
    """What is set where it is missing; of a name the first counts."""
    yield from dict(appended).items()
    for profile in profiles:
        for name, value in profile.environment:
            yield name, value.replace("@LAUNCH_TMPDIR", temporary)
    yield from _MARKS.items()
    yield "SHELL", "/bin/sh"
    for name, other in (("USER", "LOGNAME"), ("LOGNAME", "USER")):
        if other in values:
            yield name, values[other]


def _passed(given: Mapping[str, str], profiles: Iterable[Profile]) -> dict[str, str]:
    wanted = set(_PASSED | VARIABLES)
    for profile in profiles:
        wanted.update(profile.passes)
        wanted.update(name for name, _ in profile.homes)
    values = {}
    for name, value in given.items():
        if name in wanted or name.startswith(_PASSED_STARTS):
            values[name] = value
        elif name.upper() in _PROXIES:
            values[name] = without_credentials(value)
    return values


def without_credentials(proxy: str) -> str:
    """A proxy's address without `user:password@`."""
    scheme, separator, rest = proxy.rpartition("://")
    authority, slash, path = rest.partition("/")
    return scheme + separator + authority.rpartition("@")[2] + slash + path


def search_path(path: str, host: Host, written: Written) -> str:
    """PATH with absolute entries only, each once; those the program may write come last.

    An active virtual environment (VIRTUAL_ENV) keeps its place: it was put there by the person.
    """
    active = host.environ.get("VIRTUAL_ENV", "") + "/bin"
    own: list[str] = []
    late: list[str] = []
    for word in path.split(":"):
        entry = word.rstrip("/") or word[:1]
        if entry[:1] != "/" or not entry.isprintable() or entry in own or entry in late:
            continue
        (late if entry != active and written(host.resolve(entry).real) else own).append(entry)
    for usual in _USUAL.get(host.platform, _USUAL_ELSEWHERE):
        entry = host.home + usual[1:] if usual[0] == "~" else usual
        if entry not in own and entry not in late and host.files.kind(entry) != "missing":
            own.append(entry)
    return ":".join(own + late)


def _check_name(name: str, where: str) -> None:
    if not name.isidentifier() or not name.isascii():
        raise UserError(
            f"{where}: {printable(name)!r} is not the name of a variable",
            "letters, digits and _ only, and no digit first",
        )
