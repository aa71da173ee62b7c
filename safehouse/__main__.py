"""`python -m safehouse`: isolated from the caller's environment, as every other way to start it is."""

from __future__ import annotations

import os
import sys

_ISOLATED = "import sys; sys.path.append(sys.argv.pop(1)); from safehouse.cli.main import process; process()"

if __name__ == "__main__":
    if not sys.executable:
        sys.exit("safehouse: this Python does not know where it lies; start safehouse by its name")
    site = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # With `site`, for an editable installation knows by it alone where its dependencies are.
    os.execv(sys.executable, [sys.executable, "-I", "-c", _ISOLATED, site, *sys.argv[1:]])
