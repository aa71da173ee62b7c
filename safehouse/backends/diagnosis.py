"""Why bubblewrap cannot confine on this machine, and the command that mends it.

The messages are bubblewrap's own, from linux.md 1.10. The probe runs it: sysctls alone do not tell.
"""

from __future__ import annotations

from safehouse.errors import UserError

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
_APPARMOR = (
    "AppArmor keeps programs from making user namespaces. Ubuntu 24.04: sudo apt-get install "
    "apparmor-profiles && sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict "
    "/etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict"
)
# part of bubblewrap's message: what to do
_CAUSES = (
    ("No permissions to create", "allow user namespaces: sudo sysctl kernel.unprivileged_userns_clone=1; "
     "in a container, run it with --security-opt seccomp=unconfined or without a container"),
    ("max_*_namespaces exceeded", "allow user namespaces: sudo sysctl user.max_user_namespaces=15000"),
    ("setting up uid map", _APPARMOR),
    ("Failed RTM_NEWADDR", _APPARMOR),
    ("Failed to make / slave", "mounting is refused here, as inside a container or another sandbox: "
     "run safehouse outside of it"),
    ("proc on /newroot/proc", "a container hides parts of /proc: run it with "
     "--security-opt systempaths=unconfined"),
    ("setuid", "bubblewrap is installed setuid, which it refuses: sudo chmod u-s /usr/bin/bwrap"),
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


def install() -> str:
    """The command that installs bubblewrap on this distribution."""
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            release = file.read()
    except OSError:
        release = ""
    fields = dict(line.split("=", 1) for line in release.splitlines() if "=" in line)
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").split()
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
