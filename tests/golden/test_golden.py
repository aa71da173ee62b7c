"""The policies of a Mac as they are handed to Seatbelt, byte for byte.

After a change that is meant: UPDATE_GOLDEN=1 python -m pytest tests/golden, and read the diff.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

from safehouse.request import Request
from safehouse.sandbox import policy_text
from safehouse.sources import configuration, secrets
from tests.fake_host import HOME, mac, planned
from tests.seatbelt_text import compile_text

FOLDER = Path(__file__).parent
ODD_HOME = '/Users/ä "quoted" \\ & (x)日本'

# What stands in ~/my.sb: rules, names of agent-safehouse, and a form that is not understood.
APPENDED = """\
;; $$exec-env-default=EXAMPLE=1$$
(version 1)
(deny default)

;; notes of the team
(allow file-read*
  (home-subpath "/notes")
  (home-prefix "/.team-"))
(define socket "/private/var/run/example.sock")
(allow network-outbound (literal socket)) ; a server of ours
(deny file-read* file-write*
  (workdir-literal "/.env")      ; keys
  (with message "the .env is closed"))
(allow file-read* (regex #"/@types/[^/]+\\.d\\.ts$"))

(define (either a b) (require-any a b)) ; of filters, which only Seatbelt understands
(deny file-write* (either (home-subpath "/work") (workdir-literal "/plan")))
(allow mach-lookup (global-name "com.example.service"))
"""
SECRETS = (
    secrets.Secret(f"{HOME}/src/project/config/.env", False, "variables with keys"),
    secrets.Secret(f"{HOME}/lib/.envs", True, "variables with keys"),
)

CASES = {
    "base": (mac(), Request()),
    "claude": (mac(".claude/"), Request(command=("claude",))),
    "codex": (mac(), Request(command=("codex",))),
    "aider": (mac(), Request(command=("aider",))),
    "claude-ssh-docker": (
        mac(environ={"SSH_AUTH_SOCK": "/private/tmp/com.apple.launchd.AbC/Listeners"}),
        Request(command=("claude",), enable=("ssh", "docker")),
    ),
    "directories": (
        mac(
            "data/x", "docs/guide.md", "lib/", "src/project/secret/key", "dotfiles/gitconfig",
            links={".gitconfig": "dotfiles/gitconfig", "to-lib": "lib"},
        ),
        Request(
            add_dirs=("~/data", "~/to-lib"),
            add_dirs_ro=("~/docs/guide.md", "/etc/hosts"),
            deny=("secret",),
        ),
    ),
    "secrets": (
        mac("lib/", "src/project/tests/key.pem"),
        Request(deny_secrets=True, add_dirs=("~/lib",), add_dirs_ro=("tests/key.pem",)),
    ),
    "odd-home": (mac(home=ODD_HOME), Request(command=("claude",))),
    "no-workdir": (mac(cwd=HOME), Request(workdir="")),
    "appended": (mac("my.sb", "notes/"), Request(append_profile=("~/my.sb",))),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _a_file_to_append(monkeypatch):
    """The machines of the cases have names of files only."""
    monkeypatch.setattr(configuration, "read_file", lambda *_: APPENDED.encode())
    monkeypatch.setattr(secrets, "found", lambda roots, names: SECRETS)


@pytest.mark.parametrize("name", CASES)
def test_the_policy_is_as_it_was_reviewed(name):
    host, request = CASES[name]
    text = policy_text(planned(host, request))
    file = FOLDER / f"{name}.sb"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_bytes(text.encode())
    before = file.read_bytes().decode()
    changes = difflib.unified_diff(
        before.splitlines(), text.splitlines(), f"golden/{file.name}", "now", "", "", 2, ""
    )
    listed = "\n".join(changes)
    assert text == before, f"UPDATE_GOLDEN=1 accepts this:\n{listed}"


@pytest.mark.parametrize("name", CASES)
def test_seatbelt_can_read_it(name):
    """By another reader than ours, that takes only what Seatbelt is sure to take."""
    rules = compile_text((FOLDER / f"{name}.sb").read_bytes().decode())
    assert len(rules) > 40


def test_each_golden_file_is_compared():
    assert {file.stem for file in FOLDER.glob("*.sb")} == set(CASES)
