"""Rules in words: those of the file, each target as it is spelled there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from safehouse.cli.rules import facts, grouped, lines, marks, phrase, words
from safehouse.policy.operations import OPERATION_ALIAS, OPERATIONS
from safehouse.policy.words import WORDS, operations
from safehouse.sources.catalogue import records
from safehouse.sources.profile_file import load

FILE = yaml.safe_load(
    re.sub(r"\bon:", "'on':", (Path(__file__).parents[2] / "profiles.yaml").read_text())
)

# Words for one operation: a file may have either.
ALONE = {found[0]: word for word, found in WORDS.items() if len(found) == 1}


@given(st.lists(st.sampled_from([*WORDS, *OPERATIONS]), min_size=1))
def test_words_stand_for_the_same_operations(said):
    found = operations(said)
    assert set(operations(words(found).split())) == set(found)


def in_each_place(targets):
    """What stands for two directories is two targets."""
    for target, reason in targets.items():
        places = ("/private/tmp", "@TMPDIR") if "@SHARED_TMP" in target else ("",)
        for place in places:
            yield target.replace("@SHARED_TMP", place), reason


@pytest.mark.parametrize("name", records())
def test_every_rule_has_the_words_and_the_targets_of_the_file(name):
    shown = list(lines(records()[name]))
    for rule in FILE["profiles"][name].get("rules", ()):
        action = "allow" if "allow" in rule else "deny"
        said = [OPERATION_ALIAS.get(word, word) for word in rule[action].split()]
        said = " ".join(ALONE.get(word, word) for word in said)
        others = ("allow", "deny", "on", "reason", "create", "follow", "existing_only")
        keys = [key for key in rule if key not in others]
        targets = rule[keys[0]] if keys else {"": rule["reason"]}
        if isinstance(targets, str):
            targets = FILE["lists"][targets]
        for target, reason in in_each_place(targets):
            line = shown.pop(0)
            assert (line.action, line.words, line.target) == (action, said, target)
            assert (line.reason, line.platform) == (reason, rule.get("on", ""))
            assert line.create == "" or "create" in rule
    assert not shown


def profile(text):
    return load("profiles:\n  a:\n    layer: agent\n    summary: s\n" + text, "f.yaml")["a"]


def test_what_is_special_about_a_target_stands_in_brackets():
    found = lines(
        profile("""\
    rules:
      - allow: read write
        create: directory
        on: linux
        paths: {~/a/: one}
      - allow: metadata
        follow: false
        paths: {~/b: two}
      - allow: read
        paths: {~/c*: three}
""")
    )
    assert [marks(line) for line in found] == [
        "[Linux only; made if it is missing]",
        "[not what a link leads to]",
        "",
    ]


def test_neighbours_of_one_kind_stand_together():
    found = lines(
        profile("""\
    rules:
      - allow: read
        paths: {~/a/: one}
      - allow: read
        on: macos
        paths: {~/b/: two}
      - deny: read
        existing_only: true
        paths: {~/a/x: three}
      - allow: mach-lookup
        global-name: {com.example: four}
""")
    )
    assert [(head, [line.target for line in group]) for head, group in grouped(found)] == [
        ("allow read", ["~/a/", "~/b/"]),
        ("deny read, if it is there", ["~/a/x"]),
        ("allow mach-lookup, global-name", ["com.example"]),
    ]


def test_what_a_profile_says_beside_its_rules():
    record = profile("""\
    commands: [a]
    passes: [KEY]
    environment: {A: one, linux: {B: two}}
    arguments: {macos: [--x]}
""")
    both = [("commands", ("a",)), ("variables", ("KEY",))]
    linux = [*both, ("environment", ("A=one", "B=two"))]
    assert facts([record], "linux") == linux
    assert facts([record], "macos") == [*both, ("environment", ("A=one",)), ("arguments", ("--x",))]


@pytest.mark.parametrize(
    "action, said, text",
    [
        ("allow", "read write", "may read and write"),
        ("allow", "read", "may read"),
        ("deny", "read write", "may not read nor write"),
        ("deny", "write", "may not write"),
        ("allow", "mach-lookup", "may use mach-lookup of"),
    ],
)
def test_a_rule_in_a_sentence(action, said, text):
    assert phrase(action, said) == text
