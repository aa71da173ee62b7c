"""`make try CMD=...`: what tools/try.sh says of a command, and that it runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "tools" / "try.sh"
# Answers as safehouse: a policy, or the command, unconfined.
STUB = """#!/bin/sh
case $1 in
    policy) cat "$PLAN" ;;
    --) shift && exec "$@" ;;
esac
"""


@pytest.fixture
def tried(tmp_path):
    def tried(plan, *command):
        safehouse = tmp_path / "safehouse"
        safehouse.write_text(STUB)
        safehouse.chmod(0o755)
        (tmp_path / "plan").write_text(plan)
        environ = {
            "PATH": "/usr/bin:/bin",
            "SAFEHOUSE": str(safehouse),
            "PYTHON": sys.executable,
            "PLAN": str(tmp_path / "plan"),
        }
        return subprocess.run(
            ["sh", SCRIPT, *command], env=environ, capture_output=True, text=True, timeout=60
        )

    return tried


def test_a_policy_may_be_longer_than_an_argument(tried):
    """execve(2): one argument has at most 32 pages, 128 KB."""
    rules = "x" * 200_000
    plan = f'{{"workdir": "/p", "agent": "codex", "network": "open", "rules": "{rules}"}}'
    done = tried(plan, "sh", "-c", "echo run; exit 3")
    assert (done.returncode, done.stdout) == (3, "run\n")
    assert "confined to /p by the profile codex" in done.stderr
