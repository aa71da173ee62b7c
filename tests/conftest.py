"""What all tests share."""

from __future__ import annotations

import signal
from functools import cache

from safehouse.sources import checkout

# A checkout reads profiles.yaml for each plan, which takes longer than most tests.
checkout.parsed = cache(checkout.parsed)

# Who runs the tests in the background (a CI, nohup) has signals ignored, and a program inherits that.
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
