"""Policy.decide answers as Seatbelt does: each point of seatbelt.md sections 1 and 2 is a test."""

from __future__ import annotations

import pytest

from safehouse.policy.policy import Access, Policy
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier

ORIGIN = Origin(Tier.PROFILE, "test, profiles.yaml:1", "a test")


def rule(action, operations, *filters):
    """Rules as a form of SBPL makes them: one for each filter."""
    return [
        Rule(action, tuple(operations.split()), filter, ORIGIN) for filter in filters or (None,)
    ]


def allow(operations, *filters):
    return rule("allow", operations, *filters)


def deny(operations, *filters):
    return rule("deny", operations, *filters)


def literal(path):
    return Filter("literal", path)


def subpath(path):
    return Filter("subpath", path)


def answer(rules, operation, target="", kind=""):
    return Policy(tuple(rules)).decide(Access(operation, target, kind)).action


# 1.1 Inside one operation the last matching filtered rule wins.


@pytest.mark.parametrize(
    "rules, expected",
    [
        (allow("file-read*", subpath("/a")) + deny("file-read*", subpath("/a")), "deny"),
        (deny("file-read*", subpath("/a")) + allow("file-read*", subpath("/a")), "allow"),
        (deny("file-read*", subpath("/a")) + allow("file-read*", literal("/a/x")), "allow"),
        (allow("file-read*", literal("/a/x")) + deny("file-read*", subpath("/a")), "deny"),
        (deny("file-read*", literal("/a/x")) + allow("file-read*", subpath("/")), "allow"),
    ],
)
def test_the_last_filtered_rule_wins_whatever_its_path(rules, expected):
    assert answer(rules, "file-read*", "/a/x") == expected


def test_the_decision_names_the_rule_that_gave_it():
    rules = allow("file-read*", subpath("/a")) + deny("file-read*", subpath("/a/b"))
    decision = Policy(tuple(rules)).decide(Access("file-read*", "/a/b/c"))
    assert decision.rule is rules[1]
    assert not decision.allowed


# 1.2 An operation's own rules are asked before its parent's.


def test_a_later_allow_of_the_parent_does_not_reopen_the_operation():
    rules = deny("file-read-data", subpath("/a")) + allow("file-read*", literal("/a/x"))
    assert answer(rules, "file-read-data", "/a/x") == "deny"
    assert answer(rules, "file-read-metadata", "/a/x") == "allow"


def test_a_later_deny_of_the_parent_does_not_close_the_operation():
    rules = allow("file-read-metadata", subpath("/")) + deny("file-read*", literal("/a"))
    assert answer(rules, "file-read-metadata", "/a") == "allow"
    assert answer(rules, "file-read-data", "/a") == "deny"


def test_an_unfiltered_rule_of_the_operation_is_asked_before_the_parents_filtered_ones():
    rules = deny("file-write-unlink") + allow("file-write*", subpath("/w"))
    assert answer(rules, "file-write-unlink", "/w/x") == "deny"
    assert answer(rules, "file-write-create", "/w/x") == "allow"
    rules += allow("file-write-unlink", subpath("/w"))
    assert answer(rules, "file-write-unlink", "/w/x") == "allow"


def test_a_rule_that_does_not_match_lets_the_parent_decide():
    rules = deny("file-read-data", literal("/b")) + allow("file-read*", subpath("/"))
    assert answer(rules, "file-read-data", "/a") == "allow"


def test_the_whole_chain_up_to_default_is_asked():
    assert answer(allow("file*", subpath("/a")), "file-read-metadata", "/a/x") == "allow"
    assert answer(allow("default"), "file-read-metadata", "/a/x") == "allow"
    assert answer(allow("default") + deny("file*"), "file-read-metadata", "/a") == "deny"


def test_a_deny_of_default_at_the_end_undoes_nothing():
    assert (
        answer(allow("file-read*", subpath("/a")) + deny("default"), "file-read*", "/a") == "allow"
    )


# 1.3 An unfiltered rule is the fallback of its operation.


@pytest.mark.parametrize("reverse", [False, True])
def test_an_unfiltered_rule_overrides_no_filtered_one(reverse):
    closed = [deny("network-outbound", subpath("/s")), allow("network-outbound")]
    opened = [allow("network-outbound", subpath("/s")), deny("network-outbound")]
    for parts, expected in ((closed, "deny"), (opened, "allow")):
        first, second = reversed(parts) if reverse else parts
        assert answer(first + second, "network-outbound", "/s/x") == expected
        assert answer(first + second, "network-outbound", "/other") != expected


def test_of_several_unfiltered_rules_the_last_wins():
    assert answer(allow("file-read*") + deny("file-read*"), "file-read*", "/") == "deny"
    assert answer(deny("file-read*") + allow("file-read*"), "file-read*", "/") == "allow"


# 1.4 Some operations do not fall back to `default`.


@pytest.mark.parametrize(
    "operation",
    [
        "file-link",
        "file-clone",
        "file-map-executable",
        "file-test-existence",
        "process-info*",
        "process-info-codesignature",
        "nvram*",
        "mach-cross-domain-lookup",
        "system-privilege",
        "socket-ioctl",
    ],
)
def test_operations_that_are_allowed_unless_a_rule_names_them(operation):
    assert answer(deny("default"), operation, "/x") == "allow"
    assert answer(deny("default file* process* mach* system*"), operation, "/x") == "allow"
    assert answer(deny(operation), operation, "/x") == "deny"


def test_a_member_of_a_group_with_its_own_decision_gets_that():
    assert answer(deny("default"), "process-info-pidinfo", "others") == "allow"
    assert answer(deny("process-info*"), "process-info-pidinfo", "others") == "deny"


def test_allowing_process_info_of_the_same_sandbox_confines_nothing():
    rules = deny("default") + allow("process-info*", Filter("target", "same-sandbox"))
    assert answer(rules, "process-info-pidinfo", "others") == "allow"


@pytest.mark.parametrize("operation", ["file-write-setugid", "job-creation", "storage-class-map"])
def test_operations_that_are_denied_unless_a_rule_names_them(operation):
    rules = allow("default") + allow("file-write*", subpath("/w"))
    assert answer(rules, operation, "/w/x") == "deny"
    assert answer(allow(operation), operation, "/w/x") == "allow"


# 1.5, 1.6


def test_bind_asks_inbound():
    inbound = allow("network-inbound", Filter("local", "ip"))
    assert answer(inbound, "network-bind", "*:80") == "allow"
    assert answer(allow("network-bind", Filter("local", "ip")), "network-inbound", "*:80") == "deny"


def test_nothing_at_all_is_denied():
    assert answer([], "file-read-data", "/a") == "deny"
    assert (
        Policy(()).decide(Access("file-read-data", "/a")).rule.origin.reason == "nothing allows it"
    )


# 2. Paths


def test_a_literal_directory_can_be_listed_and_no_more():
    rules = allow("file-read*", literal("/d"))
    assert answer(rules, "file-read-data", "/d") == "allow"
    assert answer(rules, "file-read-data", "/d/x") == "deny"
    assert answer(rules, "file-read-metadata", "/d/x") == "deny"


@pytest.mark.parametrize(
    "path, expected",
    [("/a", "allow"), ("/a/b", "allow"), ("/a/b/c", "allow"), ("/ab", "deny"), ("/", "deny")],
)
def test_subpath_is_the_path_and_what_is_below_it(path, expected):
    assert answer(allow("file-read*", subpath("/a")), "file-read*", path) == expected


def test_subpath_of_the_root_is_everything():
    assert answer(allow("file-read*", subpath("/")), "file-read*", "/any/thing") == "allow"
    assert answer(allow("file-read*", subpath("/")), "file-read*", "/") == "allow"


def test_prefix_is_a_prefix_of_the_text():
    rules = allow("file-read*", Filter("prefix", "/a/x"))
    assert [answer(rules, "file-read*", path) for path in ("/a/x", "/a/xy", "/a/x/y", "/a")] == [
        "allow",
        "allow",
        "allow",
        "deny",
    ]


def test_paths_are_compared_byte_by_byte():
    assert answer(allow("file-read*", subpath("/A")), "file-read*", "/a") == "deny"
    assert answer(allow("file-read*", literal("/\u00e9")), "file-read*", "/e\u0301") == "deny"


# 3.5 Sockets


def test_a_unix_socket_is_a_path():
    rules = allow("network-outbound", literal("/s.sock"))
    assert answer(rules, "network-outbound", "/s.sock") == "allow"
    assert (
        answer(allow("network-outbound", Filter("remote", "ip")), "network-outbound", "/s")
        == "deny"
    )
    assert answer(allow("file*", subpath("/")), "network-outbound", "/s.sock") == "deny"


def test_aliases_of_operations_are_the_operation():
    assert answer(allow("process-exec*", subpath("/bin")), "process-exec", "/bin/sh") == "allow"


def test_an_unknown_operation_is_no_denial():
    with pytest.raises(ValueError, match="file-raed"):
        Policy(()).decide(Access("file-raed*", "/"))


def test_what_is_not_understood_takes_no_part():
    opaque = Opaque("(if #t (allow default))", ORIGIN)
    policy = Policy((opaque, *allow("file-read*", subpath("/a"))))
    assert policy.decide(Access("file-read*", "/a")).allowed
    assert not policy.decide(Access("file-read*", "/b")).allowed
    assert policy.opaque == (opaque,)
