"""The tables of operations and filters are whole."""

from __future__ import annotations

import pytest

from safehouse.policy import vocabulary
from safehouse.policy.vocabulary import (
    FILTER_ALIAS,
    FILTER_FAMILY,
    NEWER,
    OPERATION_ALIAS,
    OPERATIONS,
    OWN_DEFAULT,
    PARENT,
    accepts,
)
from safehouse.policy.words import WORDS, operations
from tests.seatbelt_models import OWN_DEFAULTS, parent_of


def test_there_are_as_many_operations_as_libsandbox_of_macos_14_knows():
    assert len(OPERATIONS) == len(set(OPERATIONS)) == 196


def test_every_parent_exists_and_every_chain_ends_at_default():
    for operation in OPERATIONS[1:]:
        chain = [operation]
        while chain[-1] != "default":
            chain.append(PARENT[chain[-1]])
            assert chain[-1] in OPERATIONS
            assert len(chain) <= 6, chain


def test_parents_follow_from_the_names():
    """Against a second table, which is made of the names and of seatbelt.md."""
    differing = []
    for operation in OPERATIONS[1:]:
        parent = parent_of(operation)
        while parent not in OPERATIONS:
            parent = parent_of(parent)
        if parent != PARENT[operation]:
            differing.append(operation)
    assert differing == ["system-mac-label"]  # older than its group system-mac*


def test_own_decisions_are_those_of_seatbelt_md():
    assert OWN_DEFAULTS["14.4"] == OWN_DEFAULT
    assert [op for op, action in OWN_DEFAULT.items() if action == "deny"] == [
        "file-write-setugid",
        "job-creation",
        "storage-class-map",
    ]
    assert "syscall-unix" not in OWN_DEFAULT


def test_aliases_lead_to_something_and_to_nothing_that_is_an_alias():
    for alias, operation in OPERATION_ALIAS.items():
        assert operation in OPERATIONS
        assert alias not in OPERATIONS
    for alias, kind in FILTER_ALIAS.items():
        assert FILTER_FAMILY[alias] == FILTER_FAMILY[kind]
        assert kind not in FILTER_ALIAS


def test_what_is_newer_and_what_is_accepted_are_operations():
    assert set(OPERATIONS) >= NEWER
    for family, accepting in vocabulary._ACCEPTED_BY.items():
        assert family in FILTER_FAMILY.values()
        assert set(accepting) <= set(OPERATIONS), family


@pytest.mark.parametrize(
    "operation, kind, expected",
    [
        ("file-read*", "subpath", True),
        ("network-outbound", "subpath", True),
        ("network-outbound", "remote", True),
        ("mach-lookup", "global-name-regex", True),
        ("signal", "target", True),
        ("default", "extension", True),
        ("iokit-open*", "iokit-user-client-class", True),
        ("iokit-open-user-client", "iokit-connection", True),
        ("iokit-get-properties", "iokit-user-client-class", False),
        ("mach-lookup", "subpath", False),
        ("file-read*", "global-name", False),
        ("process-fork", "subpath", False),
    ],
)
def test_what_an_operation_can_be_filtered_by(operation, kind, expected):
    assert accepts(operation, kind) is expected


def test_words_stand_for_operations_that_exist():
    for word, named in WORDS.items():
        assert set(named) <= set(OPERATIONS), word
    assert operations(["read", "read", "sysctl-read"]) == (*WORDS["read"], "sysctl-read")


def test_reading_and_writing_name_what_falls_back_to_nothing():
    """seatbelt.md 1.4: a hard link or a clone would otherwise pass whatever `default` says."""
    assert {"file-clone", "file-test-existence"} <= set(WORDS["read"])
    assert "file-link" in WORDS["write"]
