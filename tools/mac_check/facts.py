"""What machine it is: the release of macOS, the hardware, and what is switched on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

from safehouse import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tools.mac_check.bench import Bench

# what: the words that tell; all of them only look
_COMMANDS = {
    "macOS": ("/usr/bin/sw_vers",),
    "kernel": ("/usr/bin/uname", "-rm"),
    "hardware": ("/usr/sbin/sysctl", "-n", "hw.model", "hw.ncpu", "hw.memsize"),
    "System Integrity Protection": ("/usr/bin/csrutil", "status"),
    "FileVault": ("/usr/bin/fdesetup", "status"),
    "zsh": ("/bin/zsh", "--version"),
    "bash": ("/bin/bash", "--version"),
    "command line tools": ("/usr/bin/xcode-select", "-p"),
    "git": ("/usr/bin/git", "--version"),
}
# Only programs with Full Disk Access may open it; it is opened, and nothing is read.
_FULL_DISK = "/Library/Application Support/com.apple.TCC/TCC.db"


def facts(bench: Bench) -> dict[str, str]:
    """By name; of what cannot be had it says why."""
    found = {name: _said(words) for name, words in _COMMANDS.items()}
    found["safehouse"] = __version__
    found["Python of the check"] = f"{platform.python_version()} {sys.executable}"
    found["Python that is confined"] = f"{_said((bench.python, '--version'))} {bench.program}"
    found["enforcer"] = bench.enforcer.program
    found["terminal"] = os.environ.get("TERM_PROGRAM", "unknown")
    found["over SSH"] = "yes" if "SSH_CONNECTION" in os.environ else "no"
    found["administrator"] = "yes" if 80 in os.getgroups() else "no"
    found["Full Disk Access"] = "yes" if _opens(_FULL_DISK) else "no"
    found["file system"] = "ignores case" if _ignores_case(bench) else "tells case apart"
    return found


def _said(words: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown: {error}"
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    return ", ".join(" ".join(line.split()) for line in lines[:4])


def _opens(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def _ignores_case(bench: Bench) -> bool:
    return os.path.exists(f"{bench.scratch.tree}/mixed")
