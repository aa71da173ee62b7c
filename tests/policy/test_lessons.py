"""What broke for the users of agent-safehouse, on whole policies of a Mac: the language, order, paths.

R1 to R19 are docs/facts/lessons.md's. tests/test_lessons_are_kept.py says where all the others are.
"""

from __future__ import annotations

import re

from safehouse.policy.rule import ALLOW, DENY, Tier
from safehouse.sbpl.render import render
from tests.fake_host import HOME, TEMP, mac
from tests.policy.on_a_mac import LISTENERS, allows, policy, rules
from tests.seatbelt_models import BASE, MODELS
from tests.seatbelt_text import compile_text

ODD = '/Users/a & "b" \\ (c) $e .f'


def test_a_refusal_names_what_any_rule_names():
    """R1: `deny file-read*` alone does not close metadata that an earlier rule opened."""
    held = policy()
    assert allows(held, "file-read-metadata", "/private/var/run")
    for operation in ("file-read-metadata", "file-read-data", "file-read-xattr"):
        assert not allows(held, operation, LISTENERS)
    for rule in rules(held, DENY, "file-read*"):
        assert {"file-read-data", "file-read-metadata"} <= set(rule.operations)


def test_what_opens_it_again_names_the_same():
    """R1."""
    closed = {
        rule.filter: set(rule.operations) for rule in rules(policy(), DENY, "network-outbound")
    }
    for feature in ("ssh", "docker"):
        for rule in rules(policy(enable=(feature,)), ALLOW, "network-outbound", f"{feature}, "):
            assert closed[rule.filter] <= set(rule.operations)


def test_the_order_of_the_sources():
    """R2, R6: what is always in force, features and agents, the person's word, what is protected."""
    host = mac("src/project/s/x")
    held = policy(host, enable=("ssh", "docker"), agent="claude", deny=("s",))
    order = [(r.origin.source.partition(",")[0], r.origin.tier) for r in held.rules if r.filter]
    profile, words, last = Tier.PROFILE, Tier.COMMAND_LINE, Tier.PROTECTED
    wanted = [
        ("closed-sockets", profile), ("ssh", profile), ("docker", profile), ("claude", profile),
        ("the current directory", Tier.WORKDIR), ("--deny", words), ("git", last), ("safehouse", last),
    ]  # fmt: skip
    first = [order.index(name) for name in wanted]
    ends = [len(order) - order[::-1].index(name) for name in wanted]
    assert [end <= start for end, start in zip(ends, first[1:])] == [True] * 7


def test_the_last_rules_are_those_that_nothing_follows():
    """R3, R4: literals of the working directory, not of what lies below."""
    last = policy(agent="claude", add_dirs=("~/src",))
    for operation in ("file-write-data", "file-write-unlink", "file-write-create"):
        assert not allows(last, operation, "~/src/project/.safehouse")
        assert allows(last, operation, "~/src/project/sub/.safehouse")
    assert last.rules[-1].origin.source == "safehouse"


def test_a_socket_is_closed_and_opened_as_a_file_and_as_a_connection():
    """R8: either alone does nothing."""
    both = {"file-read*", "file-write*", "network-outbound"}
    for action, request in ((DENY, {}), (ALLOW, {"enable": ("docker",)})):
        source = "closed-sockets" if action == DENY else "docker"
        held = policy(**request)
        found = rules(held, action, "network-outbound", source)
        assert len(found) > 8
        assert all(both <= set(rule.operations) for rule in found)


def test_what_is_closed_and_what_is_opened_is_one_list():
    """R7: by its rules, since the same text stands in both; and what no feature opens is known."""

    def sockets(held, action, source):
        return {rule.filter for rule in rules(held, action, "network-outbound", source)}

    closed = sockets(policy(), DENY, "closed-sockets")
    opened = set()
    for feature in ("docker", "podman", "ssh", "gpg"):
        found = sockets(policy(enable=(feature,)), ALLOW, f"{feature}, ")
        assert found and found <= closed, feature
        opened |= found
    never = ("git", "/private/tmp/", TEMP)
    left = [filter.value for filter in closed - opened]
    assert [value for value in left if not any(word in value for word in never)] == []


def test_the_network_is_addresses_and_the_name_server_only():
    """R9: `(allow network*)` would open every socket in the file system."""
    held = policy()
    bare = [rule for rule in held.rules if rule.filter is None and rule.action == ALLOW]
    assert not [
        rule for rule in bare if any(name.startswith("network") for name in rule.operations)
    ]
    assert allows(held, "network-outbound", "example.com:443")
    assert allows(held, "network-bind", "localhost:3000")
    assert allows(held, "network-outbound", "/private/var/run/mDNSResponder")
    assert not allows(held, "network-outbound", "/private/var/run/other")


def test_no_rule_confines_by_a_local_address():
    """R10: it would not; the socket is not bound yet."""
    for rule in policy(agent="claude", enable=("ssh", "docker")).rules:
        if rule.filter is not None and rule.filter.kind in ("local", "remote"):
            assert rule.filter.value == "ip"


def test_command_lines_of_other_processes_are_not_shown():
    """R11."""
    for features in ((), ("wide-read",)):
        held = policy(enable=features, agent="claude")
        for name in ("kern.procargs", "kern.procargs2", "kern.procargs2.501"):
            assert not allows(held, "sysctl-read", name)
        assert not allows(held, "process-info-pidinfo", "others")
        assert not allows(held, "process-info-listpids", "")
        assert allows(held, "process-info-pidinfo", "same-sandbox")


def test_links_among_the_system_s_own_files_come_with_their_targets():
    """R13."""
    links = {"/private/etc/resolv.conf": "../var/run/resolv.conf",
             "/private/etc/localtime": "/var/db/timezone/zoneinfo/UTC"}  # fmt: skip
    host = mac("/private/var/run/resolv.conf", "/private/var/db/timezone/zoneinfo/UTC", links=links)
    held = policy(host)
    assert allows(held, "file-read-data", "/private/var/run/resolv.conf")
    assert allows(held, "file-read-data", "/private/var/db/timezone/zoneinfo/UTC")
    for link in links:
        assert allows(held, "file-read-metadata", link)
        assert not allows(held, "file-write-data", link)


def test_which_xcode_was_chosen_can_be_read_and_brings_no_xcode():
    """R14."""
    links = dict.fromkeys(
        ("/private/var/select/developer_dir", "/private/var/db/xcode_select_link"),
        "/Applications/Xcode.app/Contents/Developer",
    )
    held = policy(mac("/Applications/Xcode.app/Contents/Developer/usr/bin/git", links=links))
    for link in links:
        assert allows(held, "file-read-data", link)
        assert allows(held, "file-read-metadata", link)
    assert not allows(
        held, "file-read-data", "/Applications/Xcode.app/Contents/Developer/usr/bin/git"
    )


def test_state_that_is_a_link_is_granted_where_it_lies():
    """R15: the same operations, and the way there."""
    host = mac("dotfiles/claude/x", links={".claude": "dotfiles/claude"})
    held = policy(host, agent="claude")
    for operation in ("file-read-data", "file-write-create", "file-write-unlink"):
        assert allows(held, operation, "~/dotfiles/claude/x")
    assert not allows(held, "file-write-create", "~/dotfiles/claude/local/x")
    assert allows(held, "file-read-metadata", "~/dotfiles")
    assert not allows(held, "file-read-data", "~/dotfiles/other")


def test_a_file_is_a_literal_a_directory_a_tree_a_link_what_it_leads_to():
    """R16."""
    host = mac("f", "d/x", links={"lf": "f"})
    held = policy(host, add_dirs_ro=("~/lf", "~/d"))
    named = {
        (r.filter.kind, r.filter.value) for r in rules(held, ALLOW, "file-read*", "--add-dirs-ro")
    }
    assert named == {("literal", f"{HOME}/f"), ("subpath", f"{HOME}/d")}


def test_directories_on_the_way_are_literals_of_metadata():
    """R17."""
    ways = [rule for rule in policy(agent="claude").rules if rule.origin.source == "ancestors"]
    assert {rule.filter.kind for rule in ways} == {"literal"}
    assert {name for rule in ways for name in rule.operations} == {
        "file-read-metadata",
        "file-test-existence",
    }
    assert {"/", "/Users", HOME, f"{HOME}/src"} <= {rule.filter.value for rule in ways}


def test_no_text_of_the_host_s_becomes_a_rule():
    """R18: home, directories and names with quotes, parentheses, semicolons, an ampersand."""
    evil = '") (allow default) ; ('
    host = mac(f"{evil}/x", home=ODD)
    held = policy(host, add_dirs=(f"~/{evil}",), agent="claude")
    text = render(held)
    plain = policy(mac("e/x", home=ODD), add_dirs=("~/e",), agent="claude")
    assert len(compile_text(text)) == len(compile_text(render(plain)))
    for model in MODELS[:3]:
        assert model.decide(text, "file-write-data", f"{ODD}/{evil}/x") == "allow"
        assert model.decide(text, "file-read-data", f"{ODD}/.ssh/id_rsa") == "deny"
        assert model.decide(text, "file-read-data", f"{ODD}/.colima/docker.sock") == "deny"


def test_without_a_working_directory_no_rule_is_about_one():
    """R19."""
    held = policy(workdir="")
    text = render(held)
    assert "WORKDIR" not in text and "#f" not in text
    assert not allows(held, "file-read-data", "~/src/project/x")


def test_the_root_as_the_working_directory_is_joined_without_a_second_slash():
    """R19."""
    text = render(policy(workdir="/"))
    assert "//" not in re.sub(r";.*", "", text)
    assert BASE.decide(text, "file-write-data", "/.safehouse") == "deny"


def test_a_dot_in_a_regex_is_a_dot():
    """R19b: `[.]` in every reading, raw or not."""
    held = policy(agent="codex", enable=("docker", "ssh", "shell-init"))
    found = [r.filter.value for r in held.rules if r.filter and r.filter.kind == "regex"]
    assert len(found) > 8
    for pattern in found:
        assert "\\" not in pattern
        assert not re.search(r"(?<!\[)\.(?![*\]])", pattern), pattern
    assert not allows(held, "network-outbound", "~/.colima/dockerXsock")


def test_comments_are_semicolons():
    """R19c."""
    for line in render(policy()).splitlines():
        assert not line.lstrip().startswith("#")
