"""Which targets a filter is for: seatbelt.md sections 2 and 3."""

from __future__ import annotations

import pytest

from safehouse.policy.match import kind_of, matches, text_matches
from safehouse.policy.policy import Access
from safehouse.policy.rule import Filter


def fits(filter, target, operation="file-read*", kind=""):
    return matches(filter, Access(operation, target, kind))


def both(*kinds):
    return tuple(Filter("literal", path) for path in kinds)


def test_require_all_any_and_not():
    tree, file = Filter("subpath", "/a"), Filter("literal", "/a/x")
    assert fits(Filter("require-all", "", (tree, file)), "/a/x")
    assert not fits(Filter("require-all", "", (tree, file)), "/a/y")
    assert fits(Filter("require-any", "", both("/p", "/q")), "/q")
    assert not fits(Filter("require-any", "", both("/p", "/q")), "/r")
    assert fits(Filter("require-not", "", (file,)), "/a/y")
    except_file = Filter("require-all", "", (tree, Filter("require-not", "", (file,))))
    assert fits(except_file, "/a/y")
    assert not fits(except_file, "/a/x")


@pytest.mark.parametrize(
    "pattern, path, expected",
    [
        ("b", "/abc", True),  # searched, not anchored
        ("^/b", "/a/b", False),
        (r"^/a/[^/]+/x$", "/a/q/x", True),
        (r"^/a/[^/]+/x$", "/a/q/r/x", False),
        (r"\.env(\.|$)", "/a/.env", True),
        (r"\.env(\.|$)", "/a/.env.local", True),
        (r"\.env(\.|$)", "/a/.environment", False),
        (r"^/a\$b$", "/a$b", True),
        ("^/a[$]b", "/a$b", True),
        ("^/a.b$", "/a\nb", True),
    ],
)
def test_regexes(pattern, path, expected):
    assert fits(Filter("regex", pattern), path) is expected


@pytest.mark.parametrize(
    "alias, kind",
    [
        ("path", "literal"),
        ("path-literal", "literal"),
        ("path-prefix", "prefix"),
        ("path-regex", "regex"),
    ],
)
def test_old_names_of_filters(alias, kind):
    for target in ("/a", "/ab", "/b"):
        assert fits(Filter(alias, "/a"), target) == fits(Filter(kind, "/a"), target)


@pytest.mark.parametrize(
    "value, target, expected",
    [
        ("ip", "example.com:443", True),
        ("tcp *:443", "example.com:443", True),
        ("tcp *:443", "example.com:80", False),
        ("tcp localhost:80", "localhost:80", True),
        ("tcp localhost:80", "127.0.0.1:80", True),
        ("tcp localhost:80", "::1:80", True),
        ("tcp localhost:80", "10.0.0.1:80", False),
        ("ip *:*", "10.0.0.1:5", True),
        ("ip localhost:*", "localhost:5", True),
    ],
)
def test_addresses(value, target, expected):
    assert fits(Filter("remote", value), target, "network-outbound") is expected


def test_an_address_is_on_its_own_side():
    assert not fits(Filter("local", "ip"), "h:1", "network-outbound")
    assert fits(Filter("local", "ip"), "h:1", "network-inbound")
    assert fits(Filter("local", "ip"), "h:1", "network-bind")


def test_names_of_services_are_separate_spaces():
    assert fits(Filter("global-name", "com.x"), "com.x", "mach-lookup")
    assert not fits(Filter("local-name", "com.x"), "com.x", "mach-lookup")
    assert fits(Filter("local-name", "com.x"), "com.x", "mach-lookup", "local-name")
    assert fits(Filter("global-name-prefix", "com."), "com.x", "mach-lookup")
    assert fits(Filter("global-name-regex", r"^com\.[a-z]$"), "com.x", "mach-lookup")
    assert not fits(Filter("global-name-prefix", "org."), "com.x", "mach-lookup")


def test_a_filter_of_another_family_is_not_for_the_target():
    assert not fits(Filter("global-name", "/a"), "/a")
    assert not fits(Filter("subpath", "/"), "com.x", "mach-lookup")


def test_processes():
    same = Filter("target", "same-sandbox")
    assert fits(same, "same-sandbox", "signal")
    assert not fits(same, "others", "signal")
    assert not fits(same, "self", "signal")  # not sure, and closed is the safe answer


def test_extensions_and_process_attributes_are_absent():
    assert not fits(Filter("extension", "com.apple.app-sandbox.read"), "/a")
    assert not fits(Filter("process-attribute", "is-plugin"), "/a")


@pytest.mark.parametrize(
    "operation, target, kind",
    [
        ("file-read-data", "/a", "path"),
        ("process-exec*", "/bin/sh", "path"),
        ("network-outbound", "/s", "path"),
        ("network-outbound", "h:1", "remote"),
        ("network-bind", "h:1", "local"),
        ("mach-lookup", "com.x", "global-name"),
        ("sysctl-read", "kern.osversion", "sysctl-name"),
        ("signal", "self", "target"),
        ("process-info-pidinfo", "self", "target"),
        ("mach-priv-task-port", "same-sandbox", "target"),
        ("mach-task-name", "same-sandbox", "target"),
        ("user-preference-read", "com.x", "preference-domain"),
        ("ipc-posix-shm-read-data", "x", "ipc-posix-name"),
        ("system-fsctl", "1", "fsctl-command"),
    ],
)
def test_the_family_of_a_target(operation, target, kind):
    assert kind_of(Access(operation, target)) == kind


def test_a_name_with_a_newline_at_its_end_is_another_name():
    assert not text_matches("regex", "^/a$", "/a\n")
    assert not text_matches("literal", "/a", "/a\n")


def test_a_trailing_slash_covers_the_children():
    assert text_matches("subpath", "/a/", "/a/b")
    assert not text_matches("subpath", "/a/", "/ab")
