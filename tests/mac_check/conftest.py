"""A Mac that is pretended on Linux: see kernel.py and pretended.py."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.confinement import user
from tests.mac_check.pretended_safehouse import pretended_mac
from tools.mac_check.asking import Enforcer
from tools.mac_check.bench import Bench

ROOT = Path(__file__).parents[2]
PYTHON = user.PYTHON or sys.executable
MOST_INLINE = 100 * 1024  # Linux: 128 KiB for one argument


@pytest.fixture
def pretended(tmp_path):
    """Makes what makes a bench of a scratch directory; `mode` is that of pretended.py."""

    def make(**mode):
        enforcer = tmp_path / "sandbox-exec"
        script = ROOT / "tests/mac_check/pretended.py"
        words = shlex.join([sys.executable, str(script), json.dumps(mode)])
        enforcer.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {words} "$@"\n')
        enforcer.chmod(0o755)
        for name in ("T", "C"):
            (tmp_path / name).mkdir(exist_ok=True)
        program = str(ROOT / "tests/mac_check/pretended_safehouse.py")
        safehouse = (sys.executable, program, str(enforcer), str(tmp_path))

        def bench(scratch, progress):
            host = pretended_mac(str(tmp_path), str(tmp_path / "home"), "/")
            (tmp_path / "home").mkdir(exist_ok=True)
            confining = Enforcer(scratch.root, str(enforcer), MOST_INLINE)
            words = (host, scratch, confining, PYTHON, "/usr/bin/true", safehouse)
            return Bench(*words, str(ROOT), progress.tell)

        return bench

    return make
