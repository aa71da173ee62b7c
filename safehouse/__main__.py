"""`python -m safehouse`."""

from __future__ import annotations

import sys

from safehouse.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
