"""Refusals inside of what is granted: they stand, unless somebody names what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.policy.policy import Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.standing import with_standing_refusals
from safehouse.policy.words import READ, WRITE
from safehouse.sources.settings import READ_WRITE, SOCKET
from tests.fake_host import mac

HOST = mac()
PATHS = ["/d", "/d/a", "/d/a/b", "/d/a/b/c", "/d/x"]
ASKED = [f"{path}{end}" for path in PATHS for end in ("", "/file")]


def grant(action, path, operations, tier, kind="subpath"):
    return Grant(action, operations, Filter(kind, path), Origin(tier, "test", "test"))


def allowed(grants):
    policy = resolve(grants, HOST, "")
    return {
        (operation, path)
        for operation in ("file-read-data", "file-write-data", "file-read-metadata")
        for path in ASKED
        if policy.decide(Access(operation, path)).allowed
    }


@pytest.mark.parametrize("tier", range(Tier.REPOSITORY, Tier.COMMAND_LINE))
def test_a_wider_grant_of_a_later_source_does_not_undo_a_refusal(tier):
    for operations in (READ, READ_WRITE):
        grants = [
            grant(DENY, "/d/a", SOCKET, tier),
            grant(ALLOW, "/d", operations, Tier.COMMAND_LINE),
        ]
        found = allowed(grants)
        assert ("file-read-data", "/d/x") in found
        assert not any(
            path.startswith("/d/a") for _, path in found - {("file-read-metadata", "/d/a")}
        )


def test_a_grant_that_names_it_or_something_in_it_stands():
    refusal = grant(DENY, "/d/a", SOCKET, Tier.USER)
    for path in ("/d/a", "/d/a/b"):
        named = grant(ALLOW, path, READ, Tier.DIRECTORY)
        wide = grant(ALLOW, "/d", READ_WRITE, Tier.COMMAND_LINE)
        assert ("file-read-data", f"{path}/file") in allowed([refusal, named])
        assert ("file-read-data", f"{path}/file") in allowed([refusal, named, wide])
        assert ("file-write-data", f"{path}/file") not in allowed([refusal, named, wide])


@pytest.mark.parametrize("tier", [Tier.DIRECTORY, Tier.COMMAND_LINE])
def test_a_refusal_behind_a_wider_grant_is_still_held_in_its_place(tier):
    """mv /d/a /d/y; cat /d/y/b"""
    grants = [grant(DENY, "/d/a/b", SOCKET, Tier.USER), grant(ALLOW, "/d", READ_WRITE, tier)]
    policy = resolve(grants, HOST, "")
    for path in ("/d", "/d/a"):
        assert not policy.decide(Access("file-write-unlink", path)).allowed


def test_a_refused_path_that_somebody_names_stays_open_in_a_wider_grant():
    refusal = grant(DENY, "/d/a/b", SOCKET, Tier.REPOSITORY, "literal")
    named = grant(ALLOW, "/d/a/b", READ, Tier.USER)
    wide = grant(ALLOW, "/d", READ_WRITE, Tier.COMMAND_LINE)
    assert ("file-read-data", "/d/a/b/file") in allowed([refusal, named, wide])


def names_in(root, pattern):
    """A refusal of names anywhere in a directory."""
    filter = Filter("require-all", "", (Filter("subpath", root), Filter("regex", pattern)))
    return Grant(DENY, SOCKET, filter, Origin(Tier.USER, "test", "test"))


def test_refused_names_stay_closed_behind_a_wider_grant_and_their_tree_keeps_its_name():
    grants = [names_in("/d/a", "/c$"), grant(ALLOW, "/d", READ_WRITE, Tier.COMMAND_LINE)]
    found = allowed(grants)
    assert ("file-read-data", "/d/a/b/c") not in found
    assert ("file-read-data", "/d/a/b") in found
    policy = resolve(grants, HOST, "")
    assert not policy.decide(Access("file-write-unlink", "/d/a")).allowed
    assert policy.decide(Access("file-write-unlink", "/d/a/b")).allowed


def test_a_refused_name_that_somebody_names_is_open():
    for kind in ("literal", "subpath"):
        named = grant(ALLOW, "/d/a/b/c", READ, Tier.DIRECTORY, kind)
        wide = grant(ALLOW, "/d", READ_WRITE, Tier.COMMAND_LINE)
        assert ("file-read-data", "/d/a/b/c") in allowed([names_in("/d/a", "/c$"), named])
        assert ("file-read-data", "/d/a/b/c") in allowed([names_in("/d/a", "/c$"), named, wide])
        assert ("file-write-data", "/d/a/b/c") not in allowed(
            [names_in("/d/a", "/c$"), named, wide]
        )


@pytest.mark.parametrize("tier", [Tier.WORKDIR, Tier.REPOSITORY, Tier.DIRECTORY, Tier.COMMAND_LINE])
def test_what_a_profile_refuses_stays_closed_in_what_is_opened_around_it(tier):
    """~/.codex/packages, where somebody opens ~/.codex, or starts there."""
    refusal = grant(DENY, "/d/a", WRITE, Tier.PROFILE)
    wide = grant(ALLOW, "/d", READ_WRITE, tier)
    found = allowed([refusal, wide])
    assert ("file-write-data", "/d/a/file") not in found
    assert ("file-read-data", "/d/a/file") in found
    assert ("file-write-data", "/d/x/file") in found


def test_who_names_what_a_profile_refuses_opens_it():
    refusal = grant(DENY, "/d/a", WRITE, Tier.PROFILE)
    for path in ("/d/a", "/d/a/b"):
        named = grant(ALLOW, path, READ_WRITE, Tier.DIRECTORY)
        wide = grant(ALLOW, "/d", READ_WRITE, Tier.COMMAND_LINE)
        assert ("file-write-data", f"{path}/file") in allowed([refusal, named])
        assert ("file-write-data", f"{path}/file") in allowed([refusal, named, wide])


def test_what_a_later_profile_opens_again_stays_open():
    """The socket of a feature, and the tree of one, in what is opened around it."""
    refusal = grant(DENY, "/d/a", SOCKET, Tier.PROFILE)
    wide = grant(ALLOW, "/d", READ, Tier.COMMAND_LINE)
    for path in ("/d", "/d/a", "/d/a/b"):
        feature = grant(ALLOW, path, READ, Tier.PROFILE)
        assert ("file-read-data", "/d/a/b/file") in allowed([refusal, feature, wide])
    unrelated = grant(ALLOW, "/d", WRITE, Tier.PROFILE)
    assert ("file-read-data", "/d/a/b/file") not in allowed([refusal, unrelated, wide])


def test_what_a_feature_refuses_is_for_what_it_grants_itself():
    """wide-read opens all but secrets; who opens the home has not asked for that limit."""
    refusal = grant(DENY, "/d/a", READ, Tier.PROFILE)
    wide = grant(ALLOW, "/d", READ_WRITE, Tier.COMMAND_LINE)
    assert refusal in with_standing_refusals([refusal, wide])[1:]
    assert with_standing_refusals([refusal, wide], features=("test",)) == [refusal, wide]


def test_among_profiles_their_order_decides():
    refusal = grant(DENY, "/d/a", SOCKET, Tier.PROFILE)
    feature = grant(ALLOW, "/d", READ, Tier.PROFILE)
    other = grant(ALLOW, "/e", READ, Tier.COMMAND_LINE)
    assert ("file-read-data", "/d/a/file") in allowed([refusal, feature, other])


def test_appended_rules_mean_what_sbpl_says_they_do():
    refusal = grant(DENY, "/d/a", SOCKET, Tier.USER)
    wide = grant(ALLOW, "/d", READ, Tier.APPENDED)
    assert ("file-read-data", "/d/a/file") in allowed([refusal, wide])


def test_without_refusals_nothing_is_repeated():
    grants = [grant(ALLOW, path, READ, Tier.USER) for path in PATHS]
    assert with_standing_refusals(grants) == grants


one = st.builds(
    grant,
    st.sampled_from([ALLOW, DENY]),
    st.sampled_from(PATHS),
    st.sampled_from([READ, READ_WRITE, SOCKET, WRITE]),
    st.sampled_from(
        [Tier.PROFILE, Tier.WORKDIR, Tier.REPOSITORY, Tier.USER, Tier.DIRECTORY, Tier.COMMAND_LINE]
    ),
    st.sampled_from(["subpath", "subpath", "literal"]),
)


@given(st.lists(one, max_size=7), st.data())
def test_adding_a_refusal_never_allows_anything(grants, data):
    refusal = grant(
        DENY,
        data.draw(st.sampled_from(PATHS)),
        data.draw(st.sampled_from([READ, SOCKET, WRITE])),
        data.draw(
            st.sampled_from(
                [Tier.PROFILE, Tier.REPOSITORY, Tier.USER, Tier.DIRECTORY, Tier.COMMAND_LINE]
            )
        ),
    )
    place = data.draw(st.integers(0, len(grants)))
    ways = {("file-read-metadata", path) for path in ASKED}  # of what leads to a grant
    assert allowed([*grants[:place], refusal, *grants[place:]]) - ways <= allowed(grants) - ways


@given(
    st.lists(one, max_size=6),
    st.sampled_from(PATHS),
    st.sampled_from(["/b$", "/c$", "/[bx]/", "file$"]),
)
def test_adding_refused_names_never_allows_anything(grants, root, pattern):
    ways = {("file-read-metadata", path) for path in ASKED}
    with_names = allowed([*grants, names_in(root, pattern)])
    assert with_names - ways <= allowed(grants) - ways


@given(st.lists(one, max_size=7))
def test_nothing_opens_what_is_protected(grants):
    protected = grant(DENY, "/d/a", SOCKET, Tier.PROTECTED)
    assert not [path for _, path in allowed([protected, *grants]) if path.startswith("/d/a/")]
