"""project-secrets: every mistake is an error with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehouse.errors import UserError
from safehouse.sources import profile_file
from safehouse.sources.secret_file import load

GOOD = """\
project-secrets:
  closed:
    .env: keys
    "*.pem": a key
  open:
    cacert.pem: certificates
  fetched:
    node_modules: packages
"""


def test_names_and_reasons_are_kept_in_order():
    assert load(GOOD, "f") == (
        ((".env", "keys"), ("*.pem", "a key")),
        (("cacert.pem", "certificates"),),
        (("node_modules", "packages"),),
    )


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("  closed:", "  close:", "f:2: unknown key of `project-secrets` 'close', did you mean"),
        (".env: keys", ".env:", "f:3: the reason for '.env' is missing"),
        (".env: keys", "a/b: keys", "f:3: 'a/b' is no name of a file"),
        (".env: keys", "'*': keys", "f:3: '*' is no name"),
        (".env: keys", "'**x': keys", "f:3: '**x' is no name"),
        (".env: keys", "'[a]': keys", "f:3: '[a]' is no name"),
        (".env: keys", "'*.pem': keys", "f:4: duplicate key"),
        ("node_modules: packages", "node_*: packages", "f:8: 'node_*' is no name"),
        ("    node_modules: packages\n", "    {}\n", "f:8: `fetched` is empty"),
        ("  fetched:\n    node_modules: packages\n", "", "f:1: `project-secrets` has no `fetched`"),
        ("project-secrets", "secrets", "f:1: `project-secrets` is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before, after, said):
    with pytest.raises(UserError) as error:
        load(GOOD.replace(before, after), "f")
    assert error.value.message.startswith(said)


def test_a_person_s_profiles_have_none():
    """They have `deny`, and would believe that these hold."""
    text = GOOD + "profiles:\n  mine: {layer: agent, summary: s}\n"
    with pytest.raises(UserError, match="f:1: unknown key of the file 'project-secrets'"):
        profile_file.load(text, "f", frozenset({"claude"}))
    assert "mine" in profile_file.load(text, "f")


def test_the_shipped_file_has_them():
    path = Path(__file__).parents[2] / "profiles.yaml"
    closed, opened, fetched = load(path.read_bytes(), path.name)
    assert len(closed) > 40 and opened and fetched
