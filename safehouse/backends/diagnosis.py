"""Why bubblewrap cannot confine on this machine, and the command that mends it.

The messages are bubblewrap's own, from linux.md 1.10. The probe runs it: sysctls alone do not tell.
"""

from __future__ import annotations

from safehouse.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_PROBE = (
    "--unshare-user",
    "--unshare-pid",
    "--ro-bind",
    "/",
    "/",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
)
USERNS_CLONE = "sudo sysctl kernel.unprivileged_userns_clone=1"
MOST_NAMESPACES = "sudo sysctl user.max_user_namespaces=15000"
# Ubuntu keeps the profile that allows bubblewrap in a package of its own, switched off.
PROFILE = "/etc/apparmor.d/bwrap-userns-restrict"
PACKAGED = "/usr/share/apparmor/extra-profiles/bwrap-userns-restrict"
_FETCH = "sudo apt-get install apparmor-profiles"
_LINK = f"sudo ln -s {PACKAGED} {PROFILE}"
_LOAD = f"sudo apparmor_parser -r {PROFILE}"
APPARMOR = (
    f"AppArmor keeps programs from making user namespaces; Ubuntu: {_FETCH} && {_LINK} && {_LOAD}"
)
UNCONFINED = "--security-opt seccomp=unconfined"
UNMASKED = "--security-opt systempaths=unconfined"
NO_APPARMOR = "--security-opt apparmor=unconfined"
NO_SETUID = "sudo chmod u-s /usr/bin/bwrap"
# part of bubblewrap's message: what to do
_CAUSES = (
    ("No permissions to create", f"allow user namespaces: {USERNS_CLONE}; "
     f"in a container, run it with {UNCONFINED} or without a container"),
    ("max_*_namespaces exceeded", f"allow user namespaces: {MOST_NAMESPACES}"),
    ("setting up uid map", APPARMOR),
    ("Failed RTM_NEWADDR", APPARMOR),
    ("Failed to make / slave", "mounting is refused here, as inside a container or another sandbox: "
     "run safehouse outside of it"),
    ("proc on /newroot/proc", f"a container hides parts of /proc: run it with {UNMASKED}"),
    ("setuid", f"bubblewrap is installed setuid, which it refuses: {NO_SETUID}"),
    ("Unknown option", "this bubblewrap is too old: install 0.8 or newer"),
)  # fmt: skip


def of_failure(program: str) -> UserError:
    """The error for a launch in which bubblewrap gave up before the program was executed."""
    words = probe(program)
    if not words:
        return UserError(
            "bubblewrap could not set up this sandbox, so nothing was run; it says why above",
            "see what it was asked to do: safehouse policy --format bwrap",
        )
    return UserError(f"bubblewrap cannot confine here, so nothing was run: {words}", mending(words))


def probe(program: str) -> str:
    """What bubblewrap says about the simplest sandbox; "" if it works."""
    import subprocess

    try:
        done = subprocess.run(
            [program, *_PROBE, "true"], capture_output=True, env={}, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    text = done.stderr.decode("utf-8", "replace").strip()
    return "" if done.returncode == 0 else text or f"exit status {done.returncode}"


def mending(words: str) -> str:
    """What to do about a message of bubblewrap's."""
    for part, advice in _CAUSES:
        if part in words:
            return advice
    return "try it by hand: bwrap " + " ".join(_PROBE) + " true"


def loading(there: Collection[str]) -> str:
    """The command that has AppArmor allow bubblewrap, given which of PROFILE and PACKAGED are there."""
    steps = [_LOAD]
    if PROFILE not in there:
        steps.insert(0, _LINK)
        if PACKAGED not in there:
            steps.insert(0, _FETCH)
    return " && ".join(steps)


def release_text() -> str:
    """What the system says that it is; "" where it does not."""
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def release_fields(text: str) -> dict[str, str]:
    """The fields of an os-release file."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip("\"'") for name, value in pairs}


def install(release: str | None = None) -> str:
    """The command that installs bubblewrap on this distribution, or on the one that `release` tells."""
    fields = release_fields(release_text() if release is None else release)
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".split()
    managers = (
        ("debian", "sudo apt-get install bubblewrap"), ("ubuntu", "sudo apt-get install bubblewrap"),
        ("fedora", "sudo dnf install bubblewrap"), ("rhel", "sudo dnf install bubblewrap"),
        ("arch", "sudo pacman -S bubblewrap"), ("suse", "sudo zypper install bubblewrap"),
        ("opensuse", "sudo zypper install bubblewrap"), ("alpine", "sudo apk add bubblewrap"),
        ("nixos", "add bubblewrap to environment.systemPackages"),
    )  # fmt: skip
    for name, command in managers:
        if name in names:
            return command
    return "install the package bubblewrap"
