"""From a policy to mounts, on file systems of a few names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.backends.mount import NOTHING, READ_ONLY, READ_WRITE
from safehouse.backends.mounts import plan
from safehouse.errors import UserError
from safehouse.files import ancestors
from safehouse.launch import Creation
from safehouse.policy.policy import Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import READ, WRITE, operations
from tests.fake_host import linux

HOME = "/home/me"
W = f"{HOME}/src/project"
READ_AND_WRITE = READ + WRITE


def grant(action, kind, path, words=READ_AND_WRITE, tier=Tier.COMMAND_LINE, **more):
    return Grant(action, words, Filter(kind, path), Origin(tier, "a test", "a reason"), **more)


def mounts(host, *grants):
    return plan(resolve(grants, host, W), host)


def modes(planned):
    return {mount.path: mount.mode for mount in planned.mounts}


def test_what_is_granted_is_mounted_as_it_was_said():
    host = linux("data/x", "file", git=False)
    found = mounts(
        host,
        grant(ALLOW, "subpath", "/usr", READ),
        grant(ALLOW, "subpath", "~/data"),
        grant(ALLOW, "literal", "~/file", READ),
    )
    assert modes(found) == {
        "/usr": READ_ONLY,
        f"{HOME}/data": READ_WRITE,
        f"{HOME}/file": READ_ONLY,
    }
    assert {m.path: m.directory for m in found.mounts} == {
        "/usr": True, f"{HOME}/data": True, f"{HOME}/file": False,
    }  # fmt: skip


def test_outer_ones_come_first():
    host = linux("a/b/c/d", "z", git=False)
    found = mounts(
        host,
        grant(ALLOW, "subpath", "~/a/b/c"),
        grant(ALLOW, "subpath", "~/a", READ, Tier.PROFILE),
        grant(DENY, "subpath", "~/a/b"),
        grant(ALLOW, "subpath", "~/a/b/c", tier=Tier.PROTECTED),
    )
    assert [m.path for m in found.mounts] == [f"{HOME}/a", f"{HOME}/a/b", f"{HOME}/a/b/c"]
    assert [m.mode for m in found.mounts] == [READ_ONLY, NOTHING, READ_WRITE]


def test_what_changes_nothing_is_no_mount():
    """Their cost grows faster than their number: linux.md 3."""
    host = linux("a/b/c", "a/d", git=False)
    found = mounts(
        host,
        grant(ALLOW, "subpath", "~/a"),
        grant(ALLOW, "subpath", "~/a/b"),
        grant(ALLOW, "literal", "~/a/d"),
    )
    assert modes(found) == {f"{HOME}/a": READ_WRITE}


def test_what_is_not_there_is_no_mount():
    found = mounts(linux(git=False), grant(ALLOW, "subpath", "~/none", READ))
    assert (found.mounts, found.narrower) == ((), ())


@pytest.mark.parametrize(
    "words, mode", [(WRITE, READ_ONLY), (READ_AND_WRITE, NOTHING), (READ, NOTHING)]
)
@pytest.mark.parametrize("kind, path", [("subpath", "tree"), ("literal", "tree/file")])
def test_a_refusal_inside_of_what_is_granted(words, mode, kind, path):
    host = linux(f"src/project/{path}", "src/project/tree/file", git=False)
    found = mounts(host, grant(ALLOW, "subpath", W), grant(DENY, kind, f"{W}/{path}", words))
    assert modes(found)[f"{W}/{path}"] == mode


def test_the_directories_above_a_refusal_are_held_in_their_places():
    """linux.md 1.2: a mount on itself cannot be renamed."""
    host = linux("src/project/a/b/c", git=False)
    found = mounts(host, grant(ALLOW, "subpath", W), grant(DENY, "literal", f"{W}/a/b/c", WRITE))
    assert modes(found) == {
        W: READ_WRITE, f"{W}/a": READ_WRITE, f"{W}/a/b": READ_WRITE, f"{W}/a/b/c": READ_ONLY,
    }  # fmt: skip


def test_a_prefix_and_a_regex_are_what_is_there_now():
    host = linux(
        "src/project/x.sock",
        "src/project/sub/y.sock",
        "src/project/x.txt",
        ".rc1",
        ".rc2",
        git=False,
    )
    found = mounts(
        host,
        grant(ALLOW, "subpath", W),
        grant(ALLOW, "prefix", "~/.rc", READ),
        grant(DENY, "regex", f"^{W}/.*[.]sock$"),
    )
    closed = {path for path, mode in modes(found).items() if mode == NOTHING}
    assert closed == {f"{W}/x.sock", f"{W}/sub/y.sock"}
    assert {f"{HOME}/.rc1", f"{HOME}/.rc2"} <= set(modes(found))
    assert [s.instead for s in found.wider] == ["holds for what exists at the start only"]


@pytest.mark.parametrize("kind, value", [("regex", f"^{W}/.*[.]sock$"), ("prefix", f"{W}/x.")])
def test_names_that_come_later_are_told_of_and_stop_a_launch_where_that_matters(kind, value):
    host = linux("src/project/x.sock", git=False)
    allowed = grant(ALLOW, "subpath", W)
    closed = grant(DENY, kind, value, tier=Tier.PROFILE)
    found = mounts(host, grant(ALLOW, "subpath", W, tier=Tier.BASE), closed)
    assert ["at the start" in s.instead for s in found.later] == [True]
    assert not found.wider
    found = mounts(host, allowed, grant(DENY, kind, value, READ, existing_only=True))
    assert ["at the start" in s.instead for s in found.later] == [True]
    assert not found.wider
    found = mounts(host, allowed, grant(DENY, kind, value))
    assert ["at the start" in s.instead for s in found.wider] == [True]


def test_a_pattern_that_could_be_anywhere_is_told_of():
    host = linux("src/project/x.pem", git=False)
    found = mounts(host, grant(ALLOW, "subpath", W), grant(DENY, "regex", "[.]pem$", WRITE))
    assert ["at the start" in s.instead for s in found.wider] == [True]
    assert modes(found)[f"{W}/x.pem"] == READ_ONLY


def test_a_directory_that_a_regex_names_does_not_bring_its_content():
    """~/.ssh/x.pub/: the policy allows to list it, no more."""
    host = linux(".ssh/key.pub", ".ssh/x.pub/secret", git=False)
    found = mounts(host, grant(ALLOW, "regex", "^~/[.]ssh/[^/]+[.]pub$", READ))
    assert modes(found) == {f"{HOME}/.ssh/key.pub": READ_ONLY}


def test_a_regex_refuses_inside_of_a_granted_prefix():
    host = linux(".rc.d/key", git=False)
    found = mounts(
        host, grant(ALLOW, "prefix", "~/.rc", READ), grant(DENY, "regex", "^~/[^/]+/key$")
    )
    assert modes(found) == {f"{HOME}/.rc.d": READ_ONLY, f"{HOME}/.rc.d/key": NOTHING}


def test_a_mask_is_left_out_only_where_permissions_hold_too():
    """chmod from inside would open it again where the tree above is writable."""
    host = linux("src/project/s", "data/s", unreadable=("src/project/s", "data/s"), git=False)
    found = mounts(
        host,
        grant(ALLOW, "subpath", W),
        grant(ALLOW, "subpath", "~/data", READ, Tier.BASE),
        grant(DENY, "literal", f"{W}/s"),
        grant(DENY, "literal", "~/data/s", tier=Tier.PROFILE),
    )
    assert modes(found) == {W: READ_WRITE, f"{W}/s": NOTHING, f"{HOME}/data": READ_ONLY}


# What is missing


def test_a_refusal_that_must_hold_gets_a_stub():
    host = linux()
    closed = grant(DENY, "literal", f"{W}/.git/commondir", WRITE, create="file:.\n")
    found = mounts(host, grant(ALLOW, "subpath", W), closed)
    assert found.creations == (Creation(f"{W}/.git/commondir", b".\n", True),)
    assert modes(found)[f"{W}/.git/commondir"] == READ_ONLY
    assert modes(found)[f"{W}/.git"] == READ_WRITE
    assert found.wider == found.later == ()


def test_a_stub_that_a_killed_launch_left_is_taken_over():
    host = linux(stubs=("src/project/.git/commondir",))
    closed = grant(DENY, "literal", f"{W}/.git/commondir", WRITE, create="file:.\n")
    found = mounts(host, grant(ALLOW, "subpath", W), closed)
    assert found.creations == (Creation(f"{W}/.git/commondir", b".\n", True),)


def test_a_file_of_the_person_s_is_no_stub():
    host = linux("src/project/.git/commondir")
    closed = grant(DENY, "literal", f"{W}/.git/commondir", WRITE, create="file:.\n")
    assert mounts(host, grant(ALLOW, "subpath", W), closed).creations == ()


def test_where_nothing_can_be_created_no_stub_is_needed():
    host = linux(git=False)
    for other in ((), (grant(ALLOW, "subpath", W, READ),)):
        closed = grant(DENY, "literal", f"{W}/none", WRITE, create="file:")
        assert mounts(host, *other, closed).creations == ()


def test_what_the_person_cannot_create_needs_no_stub():
    """A repository of another user, opened for writing: permissions keep the program out as well."""
    host = linux("/srv/theirs/.git/HEAD")
    closed = grant(DENY, "literal", "/srv/theirs/.git/commondir", WRITE, create="file:.\n")
    found = mounts(host, grant(ALLOW, "subpath", "/srv"), closed)
    assert found.creations == ()
    assert found.wider == found.later == ()
    host.files.changeable = lambda path: True
    assert len(mounts(host, grant(ALLOW, "subpath", "/srv"), closed).creations) == 1


def test_a_stub_in_a_directory_that_is_made_as_well():
    """An agent's first start: its state is missing, and what runs outside cannot be made in it."""
    state = grant(ALLOW, "subpath", "~/.fern", tier=Tier.PROFILE, create="directory")
    for name in ("hooks.json", "settings/mcp.json"):
        path = f"{HOME}/.fern/{name}"
        closed = grant(DENY, "literal", path, WRITE, Tier.PROFILE, create="file:{}\n")
        found = mounts(linux(git=False), state, closed)
        assert Creation(path, b"{}\n", True) in found.creations
        assert modes(found)[path] == READ_ONLY
        assert not (found.wider or found.later or found.narrower)


def test_what_is_made_on_the_way_to_a_stub_keeps_its_name():
    """Else it could be renamed, and another one be made in its place."""
    host = linux(".fern/", git=False)
    state = grant(ALLOW, "subpath", "~/.fern", tier=Tier.PROFILE)
    path = f"{HOME}/.fern/settings/deep/mcp.json"
    found = mounts(host, state, grant(DENY, "literal", path, WRITE, Tier.PROFILE, create="file:"))
    held = [mount for mount in found.mounts if mount.path.startswith(f"{HOME}/.fern/")]
    assert [(mount.path, mount.mode, mount.directory) for mount in held] == [
        (f"{HOME}/.fern/settings", READ_WRITE, True),
        (f"{HOME}/.fern/settings/deep", READ_WRITE, True),
        (path, READ_ONLY, False),
    ]


def test_the_state_of_an_agent_that_is_not_in_force_gets_no_stub():
    closed = grant(DENY, "literal", "~/.fern/hooks.json", WRITE, Tier.PROFILE, create="file:")
    found = mounts(linux(".fern/", git=False), closed)
    assert found.creations == found.mounts == ()


def test_what_lies_on_a_read_only_file_system_needs_no_stub_and_no_directory():
    """It cannot be mounted otherwise from inside."""
    host = linux(f"{W}/.git/HEAD")
    rules = (
        grant(ALLOW, "subpath", W),
        grant(DENY, "literal", f"{W}/.git/commondir", WRITE, create="file:.\n"),
        grant(ALLOW, "subpath", "/home/me/.tool", create="directory"),
    )
    assert len(mounts(host, *rules).creations) == 2
    host.files.frozen = lambda path: True
    found = mounts(host, *rules)
    assert found.creations == ()
    assert found.wider == ()
    assert {mount.mode for mount in found.mounts} == {READ_ONLY}


def test_a_refusal_that_cannot_hold_is_wider_and_said_so():
    """The launch is refused then, unless less will do."""
    rule = grant(DENY, "literal", f"{W}/none", WRITE)
    found = mounts(linux(git=False), grant(ALLOW, "subpath", W), rule)
    assert [s.rule.filter.value for s in found.wider] == [f"{W}/none"]
    harmless = grant(DENY, "literal", f"{W}/none", WRITE, existing_only=True)
    found = mounts(linux(git=False), grant(ALLOW, "subpath", W), harmless)
    assert found.wider == ()
    assert [s.rule.filter.value for s in found.later] == [f"{W}/none"]
    for tier in (Tier.PROFILE, Tier.PROTECTED):
        harmless = grant(DENY, "literal", f"{W}/none", WRITE, tier, existing_only=True)
        found = mounts(linux(git=False), grant(ALLOW, "subpath", W, tier=Tier.BASE), harmless)
        assert found.wider == found.later == ()


def test_a_refusal_of_a_directory_alone_is_enforced_or_said_to_be_wider():
    """.safehouse as a directory: it could be removed, and a file put in its place."""
    host = linux("src/project/.safehouse/x", git=False)
    closed = grant(DENY, "literal", f"{W}/.safehouse", WRITE, Tier.PROTECTED)
    found = mounts(host, grant(ALLOW, "subpath", W), closed)
    assert f"{W}/.safehouse" in modes(found) or found.wider


def test_the_state_of_an_agent_is_made_first():
    host = linux(git=False)
    found = mounts(
        host,
        grant(ALLOW, "subpath", "~/.claude", create="directory"),
        grant(ALLOW, "literal", "~/.claude.json", create="file:{}\n"),
    )
    assert set(found.creations) == {
        Creation(f"{HOME}/.claude", None, False), Creation(f"{HOME}/.claude.json", b"{}\n", False),
    }  # fmt: skip
    assert modes(found) == {f"{HOME}/.claude": READ_WRITE, f"{HOME}/.claude.json": READ_WRITE}
    assert {m.path: m.directory for m in found.mounts}[f"{HOME}/.claude"]


@pytest.mark.parametrize("there", [(), (".claude/x",)])
@pytest.mark.parametrize("words, mode", [(WRITE, READ_ONLY), (READ_AND_WRITE, NOTHING)])
def test_what_is_closed_in_the_state_of_an_agent_is_made_first(there, words, mode):
    """Also where the state is there already: who makes it, outside or inside, fills it."""
    path = f"{HOME}/.claude/chrome"
    state = {"tier": Tier.PROFILE, "create": "directory"}
    found = mounts(
        linux(*there, git=False),
        grant(ALLOW, "subpath", "~/.claude", **state),
        grant(ALLOW, "subpath", "~/.claude/chrome", **state),
        grant(DENY, "subpath", "~/.claude/chrome", words, Tier.PROFILE),
    )
    assert Creation(path, None, False) in found.creations
    assert modes(found)[path] == mode
    assert {m.path: m.directory for m in found.mounts}[path]
    assert found.later == ()


def test_a_cache_that_is_missing_is_one_of_this_launch_s_own():
    found = mounts(linux(git=False), grant(ALLOW, "subpath", "~/.npm"))
    assert ["gone afterwards" in s.instead for s in found.narrower] == [True]
    assert found.mounts == ()


def test_a_missing_file_cannot_be_created_and_that_is_said():
    found = mounts(linux(git=False), grant(ALLOW, "literal", "~/.lock"))
    assert [s.instead for s in found.narrower] == [
        "does not exist; what is made there is gone afterwards"
    ]


def test_a_file_that_cannot_be_replaced_is_said_to_be_narrower():
    """linux.md 1.4."""
    found = mounts(linux(".rc", git=False), grant(ALLOW, "literal", "~/.rc"))
    assert ["not replaced" in s.instead for s in found.narrower] == [True]


# The home, the system's own places, links


def test_the_home_is_an_empty_one_unless_it_is_granted():
    host = linux("x", git=False)
    assert mounts(host, grant(ALLOW, "subpath", "/usr", READ)).home_is_private
    found = mounts(host, grant(ALLOW, "subpath", "~", READ))
    assert not found.home_is_private
    assert modes(found) == {HOME: READ_ONLY}


@pytest.mark.parametrize(
    "path", ["/proc", "/proc/self", "/dev", "/dev/null", "/dev/tty", "/tmp", "/var/tmp"]
)
def test_what_each_launch_has_of_its_own_is_not_mounted(path):
    host = linux(path, "/proc/1/", "/dev/tty", git=False)
    assert mounts(host, grant(ALLOW, "subpath", path), grant(DENY, "literal", path)).mounts == ()


def test_a_granted_directory_inside_of_tmp_is_mounted():
    found = mounts(linux("/tmp/data/x", git=False), grant(ALLOW, "subpath", "/tmp/data"))
    assert modes(found) == {"/tmp/data": READ_WRITE}


def test_links_on_the_way_are_made_again():
    host = linux("/usr/bin/x", "dots/rc", git=False, links={"/bin": "usr/bin", ".rc": "dots/rc"})
    found = mounts(
        host,
        grant(ALLOW, "subpath", "/usr", READ),
        grant(ALLOW, "subpath", "/bin", READ),
        grant(ALLOW, "literal", "~/.rc", READ),
    )
    assert set(found.links) == {("/bin", "usr/bin"), (f"{HOME}/.rc", "dots/rc")}
    assert modes(found) == {"/usr": READ_ONLY, f"{HOME}/dots/rc": READ_ONLY}


def test_a_link_that_a_mount_shows_is_not_made_again():
    host = linux("a/x", git=False, links={"a/l": "x"})
    found = mounts(host, grant(ALLOW, "subpath", "~/a"), grant(ALLOW, "literal", "~/a/l"))
    assert found.links == ()


# In general

TREE = ("a/b/c/d", "a/b/e", "a/f", "g/h", "i", "src/project/j/k")
PATHS = sorted(
    {path for name in TREE for path in (f"{HOME}/{name}", *ancestors(f"{HOME}/{name}"))}
    - {"/", "/home"}
)
_words = st.sampled_from(
    [READ, WRITE, READ_AND_WRITE, operations(("socket", "metadata")), ("file-read*", "file-write*")]
)
DIRECTORIES = [path for path in PATHS if any(other.startswith(path + "/") for other in PATHS)]
_filters = (
    st.builds(Filter, st.just("subpath"), st.sampled_from(DIRECTORIES))
    | st.builds(Filter, st.just("literal"), st.sampled_from(sorted({*PATHS} - {*DIRECTORIES})))
    | st.builds(
        Filter, st.just("prefix"), st.sampled_from([f"{HOME}/a/b", f"{HOME}/a/b/", f"{HOME}/g"])
    )
    | st.builds(
        Filter, st.just("regex"), st.sampled_from([f"^{HOME}/a/.*e$", f"^{HOME}/(a|g)/[fh]$"])
    )
)
_grants = st.builds(
    Grant,
    st.sampled_from([ALLOW, DENY]),
    _words,
    _filters,
    st.builds(Origin, st.sampled_from([0, 1, 6, 8]), st.just("a test"), st.just("a reason")),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_grants, max_size=7))
def test_no_mount_shows_more_than_the_policy_says(grants):
    """Of each path that exists: what its innermost mount makes of it, against the policy."""
    host = linux(*TREE, git=False)
    policy = resolve(grants, host, W)
    found = modes(plan(policy, host))
    for path in PATHS:
        mode = next((found[p] for p in (path, *ancestors(path)) if p in found), NOTHING)
        if path in DIRECTORIES and not policy.decide(Access("file-read-data", path)).allowed:
            continue  # an empty place for what is mounted below
        if mode != NOTHING:
            assert policy.decide(Access("file-read-data", path)).allowed, path
        if mode == READ_WRITE:
            assert policy.decide(Access("file-write-data", path)).allowed, path


# What could not be looked at


def closing(*paths):
    host = linux("data/a/b/x", "shown/x", git=False)
    host.files.closed.update(f"{HOME}/{path}" for path in paths)
    return host


@pytest.mark.parametrize("path", ["data", "data/a", "data/a/b"])
def test_a_closed_directory_in_what_is_writable_is_refused(path):
    """Somebody may have closed it, to open it when nothing in it is denied."""
    with pytest.raises(UserError) as error:
        mounts(closing(path), grant(ALLOW, "subpath", "~/data"))
    assert f"{HOME}/{path}" in error.value.message
    assert error.value.hint == f"chmod u+rx {HOME}/{path}"


def test_its_name_is_printed_safely():
    with pytest.raises(UserError) as error:
        mounts(closing("data/\x1b[2J it's"), grant(ALLOW, "subpath", "~/data"))
    assert (error.value.message + error.value.hint).isprintable()


@pytest.mark.parametrize(
    "grants",
    [
        (),
        (grant(ALLOW, "subpath", "~/data", READ),),
        (grant(ALLOW, "subpath", "~/data"), grant(DENY, "subpath", "~/data/a")),
    ],
    ids=["hidden", "read-only", "denied itself"],
)
def test_where_no_program_can_open_it_it_may_be_closed(grants):
    mounts(closing("data/a"), grant(ALLOW, "subpath", "~/shown"), *grants)
