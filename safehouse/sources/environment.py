"""The environment that a command gets: an allow-list, then what the person adds."""

from __future__ import annotations

from safehouse.errors import UserError, printable
from safehouse.host import MACOS
from safehouse.sources.certificates import VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from safehouse.host import Host
    from safehouse.request import Request
    from safehouse.sources.profile import Profile

    Written = Callable[[str], bool]

# What a program needs to know of terminal, language, editor, user, places and certificates. No
# tokens, no agents' sockets, nothing that changes how programs are loaded.
_PASSED = frozenset(
    """
    TERM COLORTERM TERM_PROGRAM TERM_PROGRAM_VERSION TERMINFO TERMINFO_DIRS COLUMNS LINES
    NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE COLORFGBG LS_COLORS LSCOLORS
    LANG LANGUAGE TZ
    EDITOR VISUAL GIT_EDITOR PAGER GIT_PAGER LESS MANPAGER NO_BROWSER
    USER LOGNAME SHELL HOME HOSTNAME
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
_MOST_FILE = 1 << 20


def environment(
    request: Request, host: Host, profiles: tuple[Profile, ...], written: Written
) -> tuple[tuple[str, str], ...]:
    """The variables of the command, by name, in order.

    `written` says whether the confined program may write an absolute path. Later sources win:
    allow-list, profiles' defaults where missing, `--env` or `--env=FILE`, `--env-pass`, NAME=VALUE.
    Raises UserError for a name that is none, an unreadable or malformed file.
    """
    given = host.environ
    values = dict(given) if request.env_all else _passed(host, profiles)
    if not any(_AGENT_SOCKET in profile.passes for profile in profiles):
        values.pop(_AGENT_SOCKET, None)
    if request.env_file:
        values.update(_from_file(request.env_file, host))
    for name in request.env_pass:
        _check_name(name, "--env-pass")
        if name in given:
            values[name] = given[name]
    for profile in profiles:
        for name, value in profile.environment:
            values.setdefault(name, value)
    values["PATH"] = search_path(values.get("PATH", given.get("PATH", "")), host, written)
    values["HOME"] = host.home
    for name, value in request.assignments:
        _check_name(name, "before the command")
        values[name] = value
    values["SAFEHOUSE_SANDBOX"] = "1"
    return tuple(sorted(values.items()))


def _passed(host: Host, profiles: Iterable[Profile]) -> dict[str, str]:
    wanted = set(_PASSED | VARIABLES)
    for profile in profiles:
        wanted.update(profile.passes)
    values = {}
    for name, value in host.environ.items():
        if name in wanted or name.startswith(_PASSED_STARTS):
            values[name] = value
        elif name.upper() in _PROXIES:
            values[name] = without_credentials(value)
    if host.platform == MACOS and host.temp:
        values["TMPDIR"] = host.temp + "/"
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


def _from_file(path: str, host: Host) -> dict[str, str]:
    """NAME=VALUE lines of a file; `#` comments, `export ` and quotes round a value as in a shell."""
    real = host.named(path, "--env").real
    try:
        with open(real, encoding="utf-8") as file:
            text = file.read(_MOST_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8"
        raise UserError(
            f"--env={printable(path)}: {reason}", "give a text file of NAME=VALUE lines"
        ) from None
    if len(text) > _MOST_FILE:
        raise UserError(
            f"--env={printable(path)}: larger than 1 MB", "give a file of NAME=VALUE lines"
        )
    values = {}
    for number, written in enumerate(text.split("\n"), 1):
        line = written.strip()
        if not line or line[0] == "#":
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals or not name.isidentifier() or not name.isascii() or "\0" in value:
            raise UserError(
                f"--env={printable(path)}:{number}: not NAME=VALUE",
                "write one assignment a line; # begins a comment",
            )
        if len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]:
            value = value[1:-1]
        values[name] = value
    return values
