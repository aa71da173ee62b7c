"""A secret that appears, or whose mount is gone, before the program starts: then nothing is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.confinement import user

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.confinement

START = """
import os, sys
from safehouse.backends import verify
from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.request import Request
from safehouse.sandbox import make_launch, make_plan

project = os.getcwd()
real = verify.deviation
def write(name, text="KEY"):
    with open(name, "w") as file:
        file.write(text)
def before():
    pass
def mounted():
    pass
{MEANWHILE}
def deviation(first, *rest):
    wrong = real(first, *rest)
    mounted()
    return wrong
verify.deviation = deviation
command = ("/usr/bin/env", "sh", "-c", "touch ran; cat .env .env.old in/.env")
plan = make_plan(Request(command=command, deny_secrets=True), Host.current())
backend = Bubblewrap()
launch = make_launch(plan, backend)
before()
try:
    sys.exit(backend.start(launch))
except UserError as error:
    print(error.message)
"""
APPEARED = "appeared while the sandbox was made"
SHOWN = "is closed, and the sandbox shows it"
# What happens between the plan and the mounts, or between these and the start, and what is said.
REFUSED = {
    "a secret is made": ("def before(): write('new.pem')", f"new.pem {APPEARED}"),
    "one is made late": ("def mounted(): write('in/.env.local')", f"in/.env.local {APPEARED}"),
    "one is moved in": (
        "def mounted(): os.rename('plain', 'credentials.json')",
        f"credentials.json {APPEARED}",
    ),
    "one is given another name": (
        "def mounted(): os.link('in/.env', 'plain2')",
        f"plain2 {APPEARED}",
    ),
    "one is replaced": (
        "def mounted(): write('other'); os.replace('other', '.env')",
        f"/.env {SHOWN}",
    ),
    "its directory is": (
        "def mounted(): os.mkdir('on'); write('on/.env'); os.rename('in', 'old'); os.rename('on', 'in')",
        f"old/.env {APPEARED}",
    ),
}


@pytest.fixture(autouse=True)
def _bubblewrap():
    obstacle = user.obstacle() if user.LINUX else "a Mac's probe has tests of its own"
    if obstacle:
        user.unavailable(obstacle)


@pytest.fixture
def project(tmp_path):
    project = tmp_path / "home/project"
    (project / "in").mkdir(parents=True)
    for name in (".env", "in/.env", "plain"):
        (project / name).write_text("KEY")
    return project


def started(project: Path, meanwhile: str) -> subprocess.CompletedProcess[str]:
    script = START.replace("{MEANWHILE}", meanwhile)
    env = {"HOME": str(project.parent), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=project, env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_what_stays_as_it_was_is_run_and_closed(project):
    done = started(project, "")
    assert (project / "ran").exists(), done.stdout + done.stderr
    assert "KEY" not in done.stdout


@pytest.mark.parametrize("what", REFUSED)
def test_nothing_is_run_when(project, what):
    meanwhile, said = REFUSED[what]
    done = started(project, meanwhile)
    assert said in done.stdout, done.stdout + done.stderr
    assert not (project / "ran").exists()


def test_one_that_is_replaced_before_it_is_mounted_over_is_closed(project):
    done = started(project, "def before(): write('other', 'KEY2'); os.replace('other', '.env')")
    assert (project / "ran").exists(), done.stdout + done.stderr
    assert "KEY" not in done.stdout


def test_one_that_is_gone_is_no_reason_to_stop(project):
    done = started(project, "def mounted(): os.unlink('plain')")
    assert (project / "ran").exists(), done.stdout + done.stderr
