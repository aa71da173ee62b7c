"""`sensitive` of profiles.yaml: every mistake is an error with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from safehouse.errors import UserError
from safehouse.sources import profile_file
from safehouse.sources.sensitive_file import GROUPS, load

GOOD = """\
lists:
  keys: {~/.ssh/: keys, "^~/k/[^/]+$": more keys}
  keys-macos: {"@SHARED_TMP/x": a key}
sensitive:
  secrets:
    because: they are
    lists: [keys, keys-macos]
    linux: {/etc/shadow: hashes}
  programs:
    because: you run it
    against: write
    paths: {/usr/: programs}
""" + "".join(
    f"  {name}: {{because: b, paths: {{~/{name}: w}}}}\n"
    for name in GROUPS
    if name not in ("secrets", "programs")
)


def test_groups_have_their_places_with_what_they_are():
    groups = {group[0]: group for group in load(GOOD, "f")}
    assert list(groups) != [] and set(groups) == set(GROUPS)
    assert groups["secrets"] == (
        "secrets",
        "they are",
        "",
        (
            ("subpath", "~/.ssh", "keys", "", 2),
            ("regex", "^~/k/[^/]+$", "more keys", "", 2),
            ("literal", "/private/tmp/x", "a key", "macos", 3),
            ("literal", "@TMPDIR/x", "a key", "macos", 3),
            ("literal", "/etc/shadow", "hashes", "linux", 8),
        ),
    )
    assert groups["programs"][2:] == ("write", (("subpath", "/usr", "programs", "", 12),))


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("sensitive:", "sensible:", "f:1: `sensitive` is missing"),
        (
            "  secrets:\n",
            "  secret:\n",
            "f:5: unknown key of `sensitive` 'secret', did you mean 'secrets'?",
        ),
        ("    because: you run it\n", "", "f:9: `programs` has no `because`"),
        ("because: you run it", "because: ''", "f:10: `because` of 'programs' is missing"),
        ("against: write", "against: wirte", "f:11: unknown word 'wirte', did you mean 'write'?"),
        ("lists: [keys, ", "lists: [kyes, ", "f:7: unknown list 'kyes', did you mean 'keys'?"),
        (
            "paths: {/usr/: programs}",
            "path: {/usr/: programs}",
            "f:12: unknown key of `programs` 'path'",
        ),
        ("{/usr/: programs}", "{usr/: programs}", "f:12: the path 'usr/' is not absolute"),
        ("{/usr/: programs}", "{/usr/: ''}", "f:12: what '/usr/' is is missing"),
        ("{/usr/: programs}", "{'^/usr/(?=a)': programs}", "f:12: the regex"),
        ("    paths: {/usr/: programs}\n", "", "f:10: `programs` names no place"),
        ("  git: {because: b, paths: {~/git: w}}\n", "", "f:4: `sensitive` has no `git`"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before, after, said):
    assert before in GOOD
    with pytest.raises(UserError) as error:
        load(GOOD.replace(before, after, 1), "f")
    assert error.value.message.startswith(said), error.value.message


def test_a_person_s_profiles_have_none():
    text = "sensitive: {}\nprofiles:\n  mine: {layer: agent, summary: s}\n"
    with pytest.raises(UserError, match="f:1: unknown key of the file 'sensitive'"):
        profile_file.load(text, "f", frozenset({"claude"}))
    assert "mine" in profile_file.load(text, "f")


def test_the_shipped_file_has_them():
    path = Path(__file__).parents[2] / "profiles.yaml"
    groups = load(path.read_bytes(), path.name)
    assert sum(len(group[3]) for group in groups) > 350
