"""A comparison tells every question with another answer, and nothing that has the same one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.policy.difference import Comparison, compare
from safehouse.policy.match import kind_of
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.policy import Access, Policy
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Opaque, Origin, Rule, Tier
from safehouse.policy.search import leaves
from safehouse.policy.words import READ, WRITE
from safehouse.request import Request
from safehouse.sources.settings import SOCKET
from safehouse.value import replace
from tests.fake_host import HOME, linux, mac, planned
from tests.policy.expectations import Setup
from tests.policy.test_models_agree import QUESTIONS, policy
from tests.sbpl.policies import HOME as ODD_HOME
from tests.sbpl.policies import policies

ASKED = (
    "file-read-data", "file-read-metadata", "file-write-data", "file-write-create", "file-link",
    "file-write-unlink", "process-exec*", "network-outbound", "network-inbound", "mach-lookup",
    "signal", "sysctl-read", "process-info-pidinfo", "file-ioctl",
)  # fmt: skip
TARGETS = (
    "/", "/x", f"{ODD_HOME}/src/a/x", "com.a", "x", "self", "others", "example.org:443",
    "localhost:80", "[::1]:1",
)  # fmt: skip
ORIGIN = Origin(Tier.BASE, "test", "a reason")


def is_path(text: str) -> bool:
    """Whether a kernel may ask about it."""
    return text == "/" or (text[:1] == "/" and all(text.split("/")[1:]))


def targets(*both: Policy) -> Iterator[tuple[str, str]]:
    """Targets in and near to what the policies name, with their kind; "" for what an operation says."""
    yield from (("", text) for text in TARGETS)
    yield from (("local-name", text) for text in ("com.a", "com.a.b", "x"))
    for each in both:
        for rule in each.rules:
            filter = None if isinstance(rule, Opaque) else rule.filter
            for leaf in leaves(filter) if filter else ():
                yield from (("", leaf.value + end) for end in ("", "/x", "x", "/x/y"))


def unlike(before: Policy, after: Policy) -> Iterator[tuple[Access, bool]]:
    """Questions that have another answer, and whether that is to allow it."""
    for kind, target in dict.fromkeys(targets(before, after)):
        for operation in ASKED if not kind else ("mach-lookup",):
            access = Access(operation, target, kind)
            if kind_of(access) == "path" and not is_path(target):
                continue
            now = after.decide(access).allowed
            if before.decide(access).allowed != now:
                yield access, now


def covered(found: Comparison, access: Access, wider: bool) -> bool:
    return any(change.covers(access) and change.wider == wider for change in found.changes)


def check(before: Policy, after: Policy) -> Comparison:
    """That each change is true, and none is missing."""
    found = compare(before, after)
    for change in found.changes:
        assert before.decide(change.example).rule == change.before
        assert after.decide(change.example).rule == change.after
        assert before.decide(change.example).allowed != change.wider
        assert after.decide(change.example).allowed == change.wider
        assert change.covers(change.example)
        assert set(change.operations) <= set(OPERATIONS)
    assert not found.unfinished
    for access, wider in unlike(before, after):
        assert covered(found, access, wider), access
    return found


def rule(action, filter, operations=("file-read*",)):
    return Rule(action, operations, filter, ORIGIN)


def said(before: Policy, after: Policy) -> list[tuple[bool, str]]:
    """Whether each change is wider, and an example's target."""
    return [(change.wider, change.example.target) for change in compare(before, after).changes]


# Whatever the policies are


@settings(max_examples=40, deadline=None)
@given(policies, policies)
def test_every_other_answer_is_told_and_every_change_has_an_example(before, after):
    check(before, after)


@settings(max_examples=40, deadline=None)
@given(policies, policies, st.data())
def test_a_rule_more_or_less_is_told_as_exactly(held, other, data):
    place = data.draw(st.integers(0, len(held.rules)))
    rules = (*held.rules[:place], *other.rules[:1], *held.rules[place:])
    check(held, replace(held, rules=rules))
    check(replace(held, rules=rules), held)


@settings(max_examples=40, deadline=None)
@given(policies)
def test_a_policy_does_not_differ_from_itself(held):
    assert compare(held, replace(held, rules=(*held.rules,))) == Comparison()


@settings(max_examples=40, deadline=None)
@given(policies, st.data())
def test_a_rule_that_a_later_one_undoes_is_no_difference(held, data):
    if held.rules:
        place = data.draw(st.integers(0, len(held.rules) - 1))
        vain = held.rules[place]
        assert not compare(held, replace(held, rules=(vain, *held.rules))).changes


_names = st.sampled_from(["", "/docs", "/docs/a", "/docs/a/b", "/src", "/src/project"])
_grants = st.builds(
    lambda action, name, operations, kind, tier: Grant(
        action, operations, Filter(kind, HOME + name), Origin(tier, "test", "test")
    ),
    st.sampled_from([ALLOW, DENY]),
    _names,
    st.sampled_from([READ, WRITE, SOCKET]),
    st.sampled_from(["subpath", "literal", "prefix"]),
    st.integers(Tier.BASE, Tier.COMMAND_LINE),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_grants, max_size=7), _grants, st.data())
def test_a_denial_more_is_never_wider(others, denial, data):
    place = data.draw(st.integers(0, len(others)))
    host = mac()
    before = resolve(others, host, "")
    closed = replace(denial, action=DENY)
    after = resolve([*others[:place], closed, *others[place:]], host, "")
    assert not [change for change in compare(before, after).changes if change.wider]


# The policies that there are


@pytest.mark.parametrize(
    "before, after",
    [
        (Setup(), Setup("claude", ("ssh", "clipboard"))),
        (Setup("codex", ("docker",)), Setup("claude")),
        (Setup("aider"), Setup("aider", ("wide-read",))),
    ],
    ids=str,
)
def test_a_mac_s_policies_are_compared_by_all_that_can_be_asked(before, after):
    found = compare(policy(before), policy(after))
    assert not found.unfinished
    for question in QUESTIONS[::5]:
        access = Access(*question[:2], question.kind)
        now = policy(after).decide(access).allowed
        if policy(before).decide(access).allowed != now:
            assert covered(found, access, now), access


def plain(host, **said):
    return planned(host, Request(**said)).policy


@pytest.mark.parametrize("host", [mac("docs/"), linux("docs/")], ids=["macos", "linux"])
def test_what_is_told_of_a_directory_that_may_be_read_is_that_alone(host):
    docs = f"{host.home}/docs"
    found = compare(plain(host), plain(host, add_dirs_ro=(docs,)))
    assert {change.after.filter for change in found.changes} == {Filter("subpath", docs)}
    assert all(change.wider for change in found.changes)
    told = {name for change in found.changes for name in change.operations}
    assert {"file-read-data", "file-read-metadata"} <= told
    assert not any(name.startswith("file-write") for name in told)


def test_what_nobody_allowed_can_be_denied_without_a_difference():
    host = linux("docs/")
    assert compare(plain(host), plain(host, deny=("~/docs",))) == Comparison()


def test_secrets_that_are_closed_by_their_names_are_told_by_their_names():
    host = mac()
    found = compare(plain(host), plain(host, deny_secrets=True))
    assert not found.unfinished
    assert not [change for change in found.changes if change.wider]
    names = {change.example.target.rpartition("/")[2].lower() for change in found.changes}
    assert ".env" in names


# What is a difference, and what is none

A = Filter("subpath", "/a")
A_B = Filter("literal", "/a/b")


def test_another_rule_with_the_same_answer_is_no_difference():
    before = Policy((rule(ALLOW, Filter("subpath", "/a/b")), rule(ALLOW, A)))
    other = replace(ORIGIN, source="another", reason="another reason")
    assert said(before, Policy((replace(rule(ALLOW, A), origin=other),))) == []


def test_an_order_that_changes_no_answer_is_no_difference():
    one, two = rule(ALLOW, A), rule(ALLOW, Filter("subpath", "/c"))
    assert said(Policy((one, two)), Policy((two, one))) == []


def test_an_order_that_changes_an_answer_is_one():
    one, two = rule(ALLOW, A), rule(DENY, A_B)
    assert said(Policy((one, two)), Policy((two, one))) == [(True, "/a/b")]
    assert said(Policy((two, one)), Policy((one, two))) == [(False, "/a/b")]


def test_an_operation_s_own_rule_is_stronger_than_a_later_one_of_a_group():
    before = Policy((rule(ALLOW, A),))
    own = rule(DENY, A, ("file-read-xattr",))
    changes = compare(before, Policy((own, rule(ALLOW, A)))).changes
    assert [(change.wider, change.operations) for change in changes] == [
        (False, ("file-read-xattr",))
    ]


@pytest.mark.parametrize(
    "pattern, fits",
    [
        ("^/a/[^/]+[.]pem$", r"/a/x.pem"),
        ("^/a/(b|c){2}$", "/a/bb"),
        ("[.]sock$", "/.sock"),
        ("^/a/[0-9]+(/|$)", "/a/0"),
        ("^/a/.*[^a-z]end$", "/a/0end"),
    ],
)
def test_a_regex_is_told_with_what_fits_it(pattern, fits):
    kind = Filter("regex", pattern)
    changes = check(Policy(()), Policy((rule(ALLOW, kind),))).changes
    assert changes[0].covers(Access("file-read-data", fits))
    assert changes[0].after.filter == kind


def test_a_regex_that_says_what_is_said_already_is_no_difference():
    names = rule(ALLOW, Filter("regex", "^/a/(b|c)+/d$"))
    assert said(Policy((rule(ALLOW, A),)), Policy((rule(ALLOW, A), names))) == []
    assert said(Policy((rule(ALLOW, A),)), Policy((names, rule(ALLOW, A)))) == []


def test_two_ways_to_write_a_regex_are_no_difference():
    one = rule(ALLOW, Filter("regex", "^/a/(x|y)$"))
    two = rule(ALLOW, Filter("regex", "^/a/[xy]$"))
    assert said(Policy((one,)), Policy((two,))) == []
    three = rule(ALLOW, Filter("regex", "^/a/[xyz]$"))
    assert said(Policy((one,)), Policy((three,))) == [(True, "/a/z")]


@pytest.mark.parametrize(
    "operation, kind, value, target",
    [
        ("mach-lookup", "global-name", "com.apple.pasteboard.1", "com.apple.pasteboard.1"),
        ("mach-lookup", "global-name-prefix", "com.apple.", "com.apple.\u2042"),
        ("network-outbound", "remote", "tcp *:443", "host.example:443"),
        ("network-outbound", "remote", "ip localhost:*", "localhost:1"),
        ("network-inbound", "local", "ip", "host.example:1"),
        ("signal", "target", "others", "others"),
        ("sysctl-read", "sysctl-name", "kern.x", "kern.x"),
    ],
)
def test_targets_that_are_no_paths_are_compared_too(operation, kind, value, target):
    more = rule(ALLOW, Filter(kind, value), (operation,))
    assert said(Policy(()), Policy((more,)))[:1] == [(True, target)]
    check(Policy((more,)), Policy(()))


# What no question tells

LINK = Filter("require-all", "", (Filter("literal", "/a/x"), Filter("vnode-type", "SYMLINK")))
OPEN = rule(ALLOW, A, ("file-write*",))
NO_LINK = rule(DENY, LINK, ("file-write-create",))


def beyond(before, after):
    return [(each.added, each.rule) for each in compare(Policy(before), Policy(after)).beyond]


def test_a_rule_about_links_is_told_where_it_may_count():
    assert beyond((OPEN,), (OPEN, NO_LINK)) == [(True, NO_LINK)]
    assert beyond((OPEN, NO_LINK), (OPEN,)) == [(False, NO_LINK)]
    assert beyond((OPEN, NO_LINK), (OPEN, NO_LINK)) == []


def test_a_rule_about_links_is_not_told_with_what_it_takes_away_from():
    assert beyond((), (OPEN, NO_LINK)) == []
    assert beyond((OPEN, NO_LINK), ()) == []


def test_a_protocol_is_told():
    tcp, udp = (
        rule(ALLOW, Filter("remote", f"{p} *:443"), ("network-outbound",)) for p in ("tcp", "udp")
    )
    assert beyond((tcp,), (udp,)) == [(False, tcp), (True, udp)]


def test_forms_that_are_not_understood_are_told():
    form = Opaque("(allow file-read* (when))", ORIGIN)
    assert beyond((), (form,)) == [(True, form)]
    assert beyond((form,), (replace(form, origin=replace(ORIGIN, source="x")),)) == []
