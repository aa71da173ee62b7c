"""From grants to rules: links, ancestors, pins, tiers, placeholders. On a Mac made of values."""

from __future__ import annotations

import re

import pytest

from safehouse.errors import UserError
from safehouse.policy.match import regex_matches
from safehouse.policy.policy import Access, Link
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import METADATA, READ, WRITE
from tests.fake_host import CACHE, HOME, TEMP, mac

READ_WRITE = READ + WRITE
NPM = Filter("subpath", "~/.npm")


def grant(action, kind, path, words=READ, tier=Tier.PROFILE, **more):
    filter = Filter(kind, path) if kind else None
    return Grant(action, words, filter, Origin(tier, f"test-{tier}", "a test"), **more)


def resolved(*grants, host=None, workdir="", writable=()):
    return resolve(grants, host or mac(), workdir, lambda: writable)


def allows(policy, operation, path):
    return policy.decide(Access(operation, path.replace("~", HOME, 1))).allowed


def filters(policy, action=ALLOW, source="test"):
    return [
        (rule.filter.kind, rule.filter.value)
        for rule in policy.rules
        if rule.action == action and rule.origin.source.startswith(source)
    ]


# Links


def test_a_granted_link_grants_what_it_leads_to():
    """R15: people keep ~/.gitconfig and the like in a repository of their own."""
    host = mac("dots/npmrc", links={".npmrc": "dots/npmrc"})
    policy = resolved(grant(ALLOW, "literal", "~/.npmrc"), host=host)
    assert allows(policy, "file-read-data", "~/dots/npmrc")
    assert not allows(policy, "file-read-data", "~/dots/other")
    assert policy.links == (Link(f"{HOME}/.npmrc", "dots/npmrc"),)


def test_the_link_on_the_way_to_what_is_granted_can_be_looked_at():
    """seatbelt.md 2.2: following a link takes metadata on the link itself."""
    host = mac("dots/npmrc", links={".npmrc": "dots/npmrc"})
    policy = resolved(grant(ALLOW, "literal", "~/.npmrc"), host=host)
    assert allows(policy, "file-read-metadata", "~/.npmrc")


def test_the_directories_above_what_a_link_leads_to_can_be_looked_at():
    host = mac("/Volumes/big/npm/", links={".npm": "/Volumes/big/npm"})
    policy = resolved(grant(ALLOW, "subpath", "~/.npm"), host=host)
    for directory in ("/Volumes/big", "/Volumes", "/"):
        assert allows(policy, "file-read-metadata", directory)
        assert not allows(policy, "file-read-data", directory)


def test_links_in_a_chain_and_in_the_middle_are_followed():
    host = mac("c/git/config", links={".config": "b", "b": "c"})
    policy = resolved(grant(ALLOW, "subpath", "~/.config/git"), host=host)
    assert filters(policy) == [("subpath", f"{HOME}/c/git")]
    assert [link.path for link in policy.links] == [f"{HOME}/.config", f"{HOME}/b"]


def test_a_refused_link_is_refused_at_both_ends():
    host = mac("dots/zshrc", links={".zshrc": "dots/zshrc"})
    policy = resolved(
        grant(ALLOW, "subpath", "~", READ_WRITE),
        grant(DENY, "literal", "~/.zshrc", WRITE),
        host=host,
    )
    for path in ("~/.zshrc", "~/dots/zshrc"):
        assert not allows(policy, "file-write-data", path)
        assert not allows(policy, "file-write-unlink", path)
    assert allows(policy, "file-write-data", "~/dots/other")


def test_without_follow_a_link_is_granted_as_a_link():
    policy = resolved(grant(ALLOW, "literal", "/etc", METADATA, follow=False))
    assert filters(policy) == [("literal", "/etc")]
    assert not allows(policy, "file-read-metadata", "/private/etc")


def test_without_follow_the_directory_of_a_link_is_still_resolved():
    policy = resolved(grant(ALLOW, "literal", "/var/db/xcode_select_link", follow=False))
    assert filters(policy) == [("literal", "/private/var/db/xcode_select_link")]


@pytest.mark.parametrize("target", ["/", HOME, "/Users", "..", "."])
def test_a_link_to_the_home_or_above_it_grants_only_the_link(target):
    host = mac(links={".npmrc": target})
    policy = resolved(grant(ALLOW, "subpath", "~/.npmrc"), host=host)
    assert filters(policy) == [("subpath", f"{HOME}/.npmrc")]
    assert not allows(policy, "file-read-data", "~/secrets/x")


def test_a_link_inside_a_writable_tree_is_not_followed():
    """A confined program may have made it, to be let in by the next launch."""
    host = mac(".ssh/key", links={".npm/cache": "../.ssh"})
    policy = resolved(grant(ALLOW, "subpath", "~/.npm/cache"), host=host, writable=[NPM])
    assert not allows(policy, "file-read-data", "~/.ssh/key")
    assert filters(policy) == [("subpath", f"{HOME}/.npm/cache")]


def test_a_link_that_leads_into_a_writable_tree_and_on_by_a_link_there_is_not_followed():
    host = mac(".ssh/key", links={".npmrc": ".npm/rc", ".npm/rc": "../.ssh/key"})
    policy = resolved(grant(ALLOW, "literal", "~/.npmrc"), host=host, writable=[NPM])
    assert not allows(policy, "file-read-data", "~/.ssh/key")


def test_a_link_at_a_writable_prefix_is_not_followed():
    """The confined program can make any name that begins so."""
    host = mac(".ssh/key", links={".claude.json.tmp": ".ssh"})
    written = Filter("prefix", "~/.claude.json")
    wanted = grant(ALLOW, "prefix", "~/.claude.json", READ_WRITE)
    policy = resolved(wanted, host=host, writable=[written])
    assert not allows(policy, "file-read-data", "~/.ssh/key")


def test_a_link_in_place_of_a_writable_file_is_not_followed():
    host = mac(".ssh/key", links={".claude.lock": ".ssh/key"})
    written = Filter("literal", "~/.claude.lock")
    wanted = grant(ALLOW, "literal", "~/.claude.lock", READ_WRITE)
    policy = resolved(wanted, host=host, writable=[written])
    assert not allows(policy, "file-read-data", "~/.ssh/key")


def test_a_link_outside_the_home_where_anybody_writes_is_not_followed():
    """SSH_AUTH_SOCK in /tmp: whoever is confined could replace the socket with a link."""
    sock = "/private/tmp/agent.sock"
    host = mac(".ssh/key", links={sock: f"{HOME}/.ssh/key"}, environ={"SSH_AUTH_SOCK": sock})
    wanted = grant(ALLOW, "literal", "@SSH_AUTH_SOCK", READ_WRITE)
    policy = resolved(wanted, host=host, writable=[Filter("subpath", "/private/tmp")])
    assert not allows(policy, "file-read-data", "~/.ssh/key")


def test_a_link_inside_the_working_directory_is_not_followed():
    """The project is a repository of settings; the program that runs in it changes one of them."""
    links = {".npmrc": "src/project/npmrc", "src/project/npmrc": "../../.ssh/key"}
    host = mac(".ssh/key", links=links)
    project = grant(ALLOW, "subpath", host.cwd, READ_WRITE, Tier.COMMAND_LINE)
    wanted = grant(ALLOW, "literal", "~/.npmrc")
    policy = resolved(wanted, project, host=host, workdir=host.cwd)
    assert not allows(policy, "file-read-data", "~/.ssh/key")


def test_links_in_a_circle_are_refused_by_name():
    host = mac(links={"a": "b", "b": "a"})
    with pytest.raises(UserError, match=r"/Users/me/a: its links lead in a circle"):
        resolved(grant(ALLOW, "literal", "~/a"), host=host)


def test_a_prefix_grants_what_links_of_that_name_lead_to():
    host = mac("dots/gitconfig", "dots/parts/", links={
        ".gitconfig": "dots/gitconfig", ".gitconfig.d": "dots/parts",
    })  # fmt: skip
    policy = resolved(grant(ALLOW, "prefix", "~/.gitconfig"), host=host)
    assert allows(policy, "file-read-data", "~/dots/gitconfig")
    assert allows(policy, "file-read-data", "~/dots/parts/x")
    assert allows(policy, "file-read-data", "~/.gitconfig-work")
    assert not allows(policy, "file-read-data", "~/dots/other")


# Ancestors


def test_the_directories_above_a_grant_can_be_looked_at_and_not_listed():
    """R17: metadata only, literals only."""
    policy = resolved(grant(ALLOW, "subpath", "~/a/b/c"))
    for directory in ("~/a/b", "~/a", "~", "/Users", "/"):
        assert allows(policy, "file-read-metadata", directory)
        assert allows(policy, "file-test-existence", directory)
        assert not allows(policy, "file-read-data", directory)
    assert not allows(policy, "file-read-metadata", "~/a/other")
    ways = {rule.filter.kind for rule in policy.rules if rule.origin.source == "ancestors"}
    assert ways == {"literal"}


def test_a_refusal_leads_nowhere():
    policy = resolved(grant(DENY, "literal", "~/a/b"))
    assert not allows(policy, "file-read-metadata", "~/a")


def test_a_refusal_of_metadata_holds_on_the_way_to_what_is_granted():
    policy = resolved(
        grant(ALLOW, "literal", "~/a/b"), grant(DENY, "literal", "~/a", METADATA, Tier.PROTECTED)
    )
    assert not allows(policy, "file-read-metadata", "~/a")


# Pins


def test_the_directories_between_a_writable_tree_and_a_refusal_keep_their_names():
    """linux.md 1.2: otherwise `mv .git x; cp -a x .git` leaves the refusal behind."""
    policy = resolved(
        grant(ALLOW, "subpath", "~/w", READ_WRITE), grant(DENY, "literal", "~/w/a/b/c", WRITE)
    )
    for directory in ("~/w/a/b", "~/w/a"):
        for operation in ("file-write-unlink", "file-write-create"):
            assert not allows(policy, operation, directory)
        assert allows(policy, "file-write-data", directory + "/x")
        assert allows(policy, "file-write-create", directory + "/x")
        assert allows(policy, "file-write-mode", directory)


def test_a_refusal_outside_of_what_is_writable_needs_no_pins():
    policy = resolved(grant(ALLOW, "subpath", "~/w"), grant(DENY, "literal", "~/w/a/b", READ))
    assert filters(policy, DENY) == [("literal", f"{HOME}/w/a/b")]
    assert allows(policy, "file-read-data", "~/w/a")


def test_pins_reach_to_the_outermost_of_nested_writable_trees():
    policy = resolved(
        grant(ALLOW, "subpath", "~/w", READ_WRITE),
        grant(ALLOW, "subpath", "~/w/a/b", READ_WRITE),
        grant(DENY, "subpath", "~/w/a/b/c", WRITE),
    )
    assert not allows(policy, "file-write-unlink", "~/w/a/b")
    assert not allows(policy, "file-write-unlink", "~/w/a")


def test_a_pin_is_harmless_where_what_it_is_for_is():
    """A refusal of what does not exist yet must not become one for a backend that needs it there."""
    policy = resolved(
        grant(ALLOW, "subpath", "~/w", READ_WRITE),
        grant(DENY, "literal", "~/w/a/b", WRITE, existing_only=True),
    )
    pins = [rule for rule in policy.rules if "keeps its name" in rule.origin.reason]
    assert pins and all(rule.existing_only for rule in pins)


# Tiers


def test_a_later_tier_wins_whatever_the_order_of_the_grants():
    tiers = range(Tier.BASE, Tier.PROTECTED + 1)
    grants = [grant(DENY if t % 2 else ALLOW, "literal", "~/x", READ, t) for t in tiers]
    for shuffled in (grants, grants[::-1], grants[4:] + grants[:4]):
        policy = resolved(*shuffled)
        named = [rule for rule in policy.rules if rule.filter == Filter("literal", f"{HOME}/x")]
        assert [rule.origin.tier for rule in named] == [*tiers]
        decision = policy.decide(Access("file-read-data", f"{HOME}/x"))
        assert (decision.action, decision.rule.origin.tier) == (DENY, Tier.PROTECTED)


def test_within_a_tier_the_later_grant_wins():
    """R2."""
    first, second = grant(ALLOW, "literal", "~/x"), grant(DENY, "subpath", "~/x")
    assert not allows(resolved(first, second), "file-read-data", "~/x")
    assert allows(resolved(second, first), "file-read-data", "~/x")


def test_rules_without_a_target_stand_first():
    """seatbelt.md 1.3: they never override one with a target, and should not look as if they did."""
    policy = resolved(
        grant(ALLOW, "literal", "~/x"), grant(DENY, "", "", ("file-read*",), Tier.PROTECTED)
    )
    assert policy.rules[0].filter is None
    assert allows(policy, "file-read-data", "~/x")


def test_an_operation_that_any_rule_names_is_named_by_those_of_its_parents():
    """R1: `deny file-read*` would otherwise not close metadata that another rule allows."""
    policy = resolved(
        grant(ALLOW, "subpath", "~/a", ("file-read-metadata",)),
        grant(DENY, "subpath", "~/a/b", ("file-read*",)),
    )
    assert not allows(policy, "file-read-metadata", "~/a/b/c")
    assert allows(policy, "file-read-metadata", "~/a/c")


# Placeholders and quoting


@pytest.mark.parametrize(
    "written, path",
    [
        ("~", HOME), ("~/.npm", f"{HOME}/.npm"), ("@TMPDIR", TEMP), ("@TMPDIR/x", f"{TEMP}/x"),
        ("@CACHEDIR/x/y", f"{CACHE}/x/y"), ("/usr", "/usr"), ("@SSH_AUTH_SOCK", "/run/agent/sock"),
    ],
)  # fmt: skip
def test_placeholders(written, path):
    host = mac("/run/agent/sock=", environ={"SSH_AUTH_SOCK": "/run/agent/sock"})
    assert filters(resolved(grant(ALLOW, "literal", written), host=host)) == [("literal", path)]


@pytest.mark.parametrize(
    "value", [None, "", "agent.sock", "./s", "~/s", "/a\nb", "/a\x1b[2J", "/a\0b"]
)
def test_an_agent_socket_that_is_unset_or_hostile_is_no_grant(value):
    host = mac(environ={} if value is None else {"SSH_AUTH_SOCK": value})
    assert resolved(grant(ALLOW, "literal", "@SSH_AUTH_SOCK"), host=host).rules == ()


@pytest.mark.parametrize("value", ["/", HOME, "/usr/../Users/me"])
def test_an_agent_socket_that_is_a_directory_opens_nothing_below_it(value):
    host = mac(environ={"SSH_AUTH_SOCK": value})
    policy = resolved(grant(ALLOW, "literal", "@SSH_AUTH_SOCK", READ_WRITE), host=host)
    assert not allows(policy, "file-read-data", "~/secrets")
    assert not allows(policy, "file-write-create", "~/x")


@pytest.mark.parametrize(
    "home", ["/Users/a.b", "/Users/a+(b)|c*?", "/Users/[a]{2}", "/Users/$^\\d"]
)
def test_the_home_means_itself_in_a_regex(home):
    policy = resolved(grant(DENY, "regex", r"^~/x[.]sock$"), host=mac(home=home))
    ((_, pattern),) = filters(policy, DENY)
    assert regex_matches(pattern, f"{home}/x.sock")
    assert re.search(pattern, f"{home}/x.sock")
    assert not regex_matches(pattern, f"{home}x/x.sock")
    assert not regex_matches(pattern, re.sub(r"\W", "_", home) + "/x.sock")
    assert not regex_matches(pattern, home[:-1] + "/x.sock")


def test_a_placeholder_that_the_host_does_not_have_is_no_grant():
    host = mac().__class__("linux", HOME, HOME, {}, mac().files)
    assert resolved(grant(DENY, "regex", "^@TMPDIR/x$"), host=host).rules == ()
    assert resolved(grant(ALLOW, "subpath", "@CACHEDIR/"), host=host).rules == ()


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x00", "\x1b", "\x7f"])
@pytest.mark.parametrize("kind", ["literal", "subpath", "prefix"])
def test_a_path_with_a_control_character_is_refused_by_its_name(kind, character):
    with pytest.raises(UserError) as error:
        resolved(grant(ALLOW, kind, f"~/a{character}b", tier=Tier.COMMAND_LINE))
    assert "control character" in error.value.message
    assert repr(f"a{character}b")[1:-1] in error.value.message
    assert "\n" not in error.value.message


def test_values_of_the_host_are_kept_by_name():
    policy = resolved(host=mac(), workdir="/w")
    assert policy.defines == (("WORKDIR", "/w"), ("HOME", HOME))
    assert (policy.workdir, resolved().workdir) == ("/w", "/")
    assert resolved().defines == (("HOME", HOME),)
