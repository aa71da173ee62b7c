"""What an examination needs to know of the machine, gathered once: tests make other machines' of it.

Programs are started by absolute path, with a time limit and next to no environment.
"""

from __future__ import annotations

import os
import sys

from safehouse.backends import bubblewrap, diagnosis, report, seatbelt
from safehouse.backends.landlock import Scope
from safehouse.backends.seccomp import system_call_filter
from safehouse.doctor import login, trial
from safehouse.errors import UserError
from safehouse.host import LINUX, MACOS
from safehouse.shims import program
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from safehouse.backends.bubblewrap import Place
    from safehouse.doctor.login import Reading
    from safehouse.doctor.trial import Said, Trial
    from safehouse.host import Host, Platform
    from safehouse.shims.program import Installation

CLONE = "/proc/sys/kernel/unprivileged_userns_clone"
MOST = "/proc/sys/user/max_user_namespaces"
RESTRICTED = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
TYPING = "/proc/sys/dev/tty/legacy_tiocsti"
VERSION = "/proc/version"
USERS = "/proc/self/uid_map"
MODULES = "/sys/kernel/security/lsm"
CONTAINER = "/run/systemd/container"
_TEXTS = (CLONE, MOST, RESTRICTED, TYPING, VERSION, USERS, MODULES, CONTAINER)
DOCKER, PODMAN, LXD, FLATPAK = "/.dockerenv", "/run/.containerenv", "/dev/lxd", "/.flatpak-info"
_MARKS = (DOCKER, PODMAN, LXD, FLATPAK, diagnosis.PROFILE, diagnosis.PACKAGED)
NOBODY = bubblewrap.NOBODY
_MOST_TEXT = 64 * 1024

CSRUTIL = ("/usr/bin/csrutil", "status")
SYSTEM_VERSION = ("/usr/bin/sw_vers", "-productVersion")
TRANSLATED = ("/usr/sbin/sysctl", "-n", "sysctl.proc_translated")
SIMPLEST = (
    seatbelt.SANDBOX_EXEC, "-p", "(version 1)\n(allow default)\n", "/usr/bin/true",
)  # fmt: skip


class Ours(Value):
    """The safehouse that is running: how it was installed, its build, what was started, which Python.

    `program` is "" where there is none that a shell could start.
    """

    installation: Installation
    build: str
    program: str
    python: str
    python_version: str


class Facts(Value):
    """A machine, as its system and the programs of its maker tell.

    `texts` are files of the kernel and the system by path, those that are there, `marks` which of
    some paths exist, `said` what programs answered, by their command lines. `enforcers` are the
    bwraps that there are, `probe` is what the one that is used says to the simplest sandbox where
    the trial failed, `landlock` the version of its interface (below 0: none). `policies` are what
    sandbox-exec said to the policy of each agent, `inside` says that another sandbox has us.

    `caller` is the name of the program that started us, `login_shell` the person's, `terminal` says
    whether somebody types there. `asleep` are processes that killed launches have left, `groups` the
    members of each group, by its number. `logins` says of the shells with our line whether one that
    somebody logs in to has read it. `system_owner` is whose the system's programs are.
    """

    kernel: str
    machine: str
    release: Mapping[str, str]
    ours: Ours
    trial: Trial
    texts: Mapping[str, str] = {}
    marks: frozenset[str] = frozenset()
    said: Mapping[tuple[str, ...], Said] = {}
    enforcers: tuple[Place, ...] = ()
    probe: str = ""
    landlock: int = -1
    filters: bool = True
    resets_signals: bool = True
    policies: tuple[tuple[str, Said], ...] = ()
    inside: bool = False
    caller: str = ""
    login_shell: str = ""
    terminal: bool = False
    asleep: tuple[int, ...] = ()
    groups: Mapping[int, frozenset[str]] = {}
    logins: Mapping[str, Reading] = {}
    system_owner: int = 0

    @property
    def has_root(self) -> bool:
        """Whether root is somebody here: in a user namespace (`unshare -Ur`) its files are nobody's."""
        maps = [line.split() for line in self.texts.get(USERS, "").splitlines()]
        mapped = not maps or any(line[:1] == ["0"] for line in maps)
        return mapped and self.system_owner != NOBODY

    @property
    def is_wsl(self) -> bool:
        """Whether this is a Linux in Windows."""
        return "microsoft" in self.texts.get(VERSION, "").lower()

    @staticmethod
    def current(host: Host, agents: Iterable[str] = ()) -> Facts:
        """Those of this machine; `agents` are the profiles whose policies are tried on a Mac."""
        return _GATHERED[host.platform](host, tuple(agents))


def _of_linux(host: Host, agents: tuple[str, ...]) -> Facts:
    places = tuple(bubblewrap.places())
    try:
        enforcer = bubblewrap.chosen(places)
    except UserError:
        enforcer = ""
    asked = ((enforcer, "--version"),) if enforcer else ()
    names = os.uname()
    tried = trial.tried(host)
    login_shell = _login_shell(host.user)
    return Facts(
        names.release,
        names.machine,
        diagnosis.release_fields(diagnosis.release_text()),
        ours(),
        tried,
        {path: text for path, text in ((path, _text(path)) for path in _TEXTS) if text is not None},
        frozenset(path for path in _MARKS if os.path.lexists(path)),
        {argv: trial.answer(argv) for argv in asked},
        places,
        diagnosis.probe(enforcer) if enforcer and tried.status else "",
        Scope().version,
        bool(system_call_filter()),
        bubblewrap.can_reset_signals(),
        caller=_text(f"/proc/{os.getppid()}/comm") or "",
        login_shell=login_shell,
        terminal=os.isatty(0),
        asleep=report.asleep(host.user),
        groups=_groups(),
        logins=login.readings(host, login_shell),
        system_owner=_owner("/usr"),
    )


def _of_a_mac(host: Host, agents: tuple[str, ...]) -> Facts:
    names = os.uname()
    caller = trial.answer(("/bin/ps", "-o", "comm=", "-p", str(os.getppid())))
    asked = (CSRUTIL, SYSTEM_VERSION, TRANSLATED, SIMPLEST)
    login_shell = _login_shell(host.user)
    return Facts(
        names.release,
        names.machine,
        {},
        ours(),
        trial.tried(host),
        said={argv: trial.answer(argv) for argv in asked},
        policies=tuple((agent, trial.of_policy(agent, host)) for agent in agents),
        inside=seatbelt.is_confined(),
        caller=caller.text.rpartition("/")[2],
        login_shell=login_shell,
        terminal=os.isatty(0),
        groups=_groups(),
        logins=login.readings(host, login_shell),
    )


_GATHERED: dict[Platform, Callable[[Host, tuple[str, ...]], Facts]] = {
    LINUX: _of_linux,
    MACOS: _of_a_mac,
}


def ours() -> Ours:
    """The safehouse that is running."""
    try:
        started = program.path()
    except UserError:
        started = ""
    version = "{}.{}.{}".format(*sys.version_info)
    return Ours(program.installation(), program.build(), started, sys.executable, version)


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_TEXT).strip()
    except OSError:
        return None


def _owner(path: str) -> int:
    try:
        return os.stat(path).st_uid
    except OSError:
        return 0


def _login_shell(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_shell
    except KeyError:
        return ""


def _groups() -> Mapping[int, frozenset[str]]:
    """The members of all groups that this machine knows by itself."""
    import grp
    import pwd

    found: dict[int, set[str]] = {group.gr_gid: {*group.gr_mem} for group in grp.getgrall()}
    for person in pwd.getpwall():
        found.setdefault(person.pw_gid, set()).add(person.pw_name)
    return {number: frozenset(names) for number, names in found.items()}
