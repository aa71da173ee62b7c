"""What holds for any grants whatever: nothing opens what is PROTECTED, no refusal opens anything."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safehouse.policy.policy import NETWORKS, Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.policy.words import WORDS, operations
from safehouse.request import Request
from safehouse.sbpl.render import render
from tests.fake_host import HOME, mac, planned
from tests.seatbelt_models import BASE, MODELS, TEXTUAL

HOST = mac(
    "a/b/c/d", "a/x", "dots/rc", ".config/safehouse/x",
    links={"l": "a/b", "a/up": "..", ".rc": "dots/rc", "dots/out": "/private/tmp"},
)  # fmt: skip
NAMES = "a a/b a/b/c a/b/c/d a/x l l/c a/up .rc dots/rc dots/out n/m".split()
PATHS = (*(f"{HOME}/{name}" for name in NAMES), HOME, "/", "/private/tmp", "/private/tmp/x")
OPERATIONS = (
    "file-read-data", "file-read-metadata", "file-write-data", "file-write-create",
    "file-write-unlink", "file-link", "file-clone", "file-test-existence", "network-outbound",
)  # fmt: skip
_words = st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=3)
_paths = st.builds(
    Filter, st.sampled_from(["literal", "subpath", "prefix"]), st.sampled_from(PATHS)
)
_regexes = st.sampled_from(["^/Users/me/a/.*$", "^~/a/[^/]+$", "^/private/tmp/"])


_actions = st.sampled_from([ALLOW, DENY])
_tiers = st.integers(Tier.BASE, Tier.APPENDED)


def grants(tiers=_tiers, action=_actions):
    return st.builds(
        Grant,
        action,
        _words.map(operations),
        _paths | st.builds(Filter, st.just("regex"), _regexes),
        st.builds(Origin, tiers, st.just("a test"), st.just("a reason")),
        follow=st.booleans(),
    )


def resolved(given_grants):
    return resolve(given_grants, HOST, f"{HOME}/a")


@settings(max_examples=150, deadline=None)
@given(
    st.lists(grants(), max_size=8),
    grants(st.just(Tier.PROTECTED), st.just(DENY)),
    st.integers(0, 8),
)
def test_nothing_opens_what_is_protected(others, closed, place):
    """Wherever the refusal was gathered, and whatever else was granted in any other tier."""
    policy = resolved([*others[:place], closed, *others[place:]])
    protected = [rule for rule in policy.rules if rule.origin.tier == Tier.PROTECTED]
    alone = resolved([closed])
    for path in PATHS:
        for operation in set(closed.operations) & set(OPERATIONS):
            if alone.decide(Access(operation, path)).rule in alone.rules:
                decision = policy.decide(Access(operation, path))
                assert not decision.allowed
                assert decision.rule in protected


@settings(max_examples=150, deadline=None)
@given(st.lists(grants(), max_size=8), grants(action=st.just(DENY)), st.integers(0, 8))
def test_a_refusal_more_allows_nothing_more(others, refusal, place):
    before = resolved(others)
    after = resolved([*others[:place], refusal, *others[place:]])
    for path in PATHS:
        for operation in OPERATIONS:
            question = Access(operation, path)
            assert before.decide(question).allowed or not after.decide(question).allowed


@settings(max_examples=60, deadline=None)
@given(st.lists(grants(), max_size=6))
def test_every_model_reads_any_resolved_policy_alike(others):
    """Whatever users grant and refuse, what comes out depends on no uncertain point."""
    closed = Grant(
        DENY, ("default",), None, Origin(Tier.BASE, "a test", "nothing"), existing_only=False
    )
    bare = [
        Grant(DENY, (name,), None, Origin(Tier.BASE, "a test", "by name"))
        for name in ("file-link", "file-clone", "file-test-existence")
    ]
    policy = resolved([closed, *bare, *others])
    text = render(policy)
    for path in PATHS:
        for operation in OPERATIONS:
            ours = policy.decide(Access(operation, path, "path")).action
            for model in (BASE, *MODELS[::4], *TEXTUAL):
                if not model.ignores_case:
                    assert model.decide(text, operation, path, "path") == ours, (operation, path)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["~/a", "~/a/b", "~/.config", "~", "~/dots/rc"]), max_size=4).map(
        tuple
    ),
    st.lists(st.sampled_from(["~/a", "~/a/b", "/private/tmp"]), max_size=3).map(tuple),
    st.sampled_from(NETWORKS),
    st.booleans(),
)
def test_no_option_opens_the_own_places_of_safehouse_nor_the_files_that_start_shells(
    write, read, network, wide
):
    assume(write)
    request = Request(
        add_dirs=write,
        add_dirs_ro=read,
        network=network,
        workdir="~",
        enable=("wide-read", "shell-init") if wide else (),
    )
    policy = planned(HOST, request).policy
    for name in (".config/safehouse/x", ".local/state/safehouse/x", ".cache/safehouse"):
        for operation in OPERATIONS:
            assert not policy.decide(Access(operation, f"{HOME}/{name}")).allowed
    for name in (".zshrc", ".bashrc", ".profile", ".config/fish/config.fish"):
        for operation in ("file-write-data", "file-write-create", "file-write-unlink", "file-link"):
            assert not policy.decide(Access(operation, f"{HOME}/{name}")).allowed
    for name in (".config", ".local", ".cache"):  # else they could be moved away and built anew
        assert not policy.decide(Access("file-write-unlink", f"{HOME}/{name}")).allowed
