"""`safehouse` on a Mac that is pretended: pretended_safehouse.py SANDBOX_EXEC TEMP ARGUMENT..."""

from __future__ import annotations

import os
import sys

from safehouse.backends import seatbelt
from safehouse.cli.main import main
from safehouse.host import MACOS, Host
from tests.mac_check.kernel import MacLike


def pretended_mac(temp: str, home: str, cwd: str) -> Host:
    """This machine as a Mac, with the directory for temporary files in `temp`."""
    return Host(
        MACOS, home, cwd, dict(os.environ), MacLike(), os.getuid(), f"{temp}/T", f"{temp}/C",
        folds_case=True, launch_temp=f"{temp}/T/safehouse/{os.urandom(4).hex()}",
    )  # fmt: skip


if __name__ == "__main__":
    seatbelt.SANDBOX_EXEC = sys.argv[1]
    seatbelt._MOST_INLINE = 100 * 1024  # Linux: 128 KiB for one argument
    found = pretended_mac(sys.argv[2], os.environ["HOME"], os.getcwd())
    Host.current = staticmethod(lambda: found)  # type: ignore[method-assign]
    sys.exit(main(sys.argv[3:]))
