"""The models of Seatbelt differ where seatbelt.md is not sure, and agree with us where it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.policy.policy import Access
from safehouse.sbpl.render import render
from tests.sbpl.policies import accesses, policies
from tests.seatbelt_models import BASE, MODELS, TEXTUAL, Model
from tests.seatbelt_text import ModelError, compile_text


def decide(model, text, operation, target="", kind=""):
    return model.decide("(version 1)\n" + text, operation, target, kind)


@settings(max_examples=200, deadline=None)
@given(policies, st.lists(accesses, min_size=1, max_size=6))
def test_the_policy_and_its_text_get_the_same_answers(policy, questions):
    """Policy.decide against an independent reading of the rendered text."""
    model = Model(same_sandbox_includes_self=False)
    text = render(policy)
    for operation, target in questions:
        assert policy.decide(Access(operation, target)).action == model.decide(
            text, operation, target
        )


@pytest.mark.parametrize("model", MODELS)
def test_what_is_sure_holds_in_every_model(model):
    last = '(allow file-read* (subpath "/a")) (deny file-read* (subpath "/a/b"))'
    assert decide(model, last, "file-read-data", "/a/x") == "allow"
    assert decide(model, last, "file-read-data", "/a/b/x") == "deny"
    own = '(deny file-read-data (subpath "/a")) (allow file-read* (literal "/a/x"))'
    assert decide(model, own, "file-read-data", "/a/x") == "deny"
    end = '(allow file-read* (subpath "/a")) (deny default)'
    assert decide(model, end, "file-read-data", "/a/x") == "allow"
    assert decide(model, end, "file-read-data", "/ab") == "deny"


def test_the_textual_models_disagree_about_the_tree():
    own = '(deny file-read-data (subpath "/a")) (allow file-read* (literal "/a/x"))'
    assert {decide(model, own, "file-read-data", "/a/x") for model in TEXTUAL} == {"allow"}
    both = '(deny file-read-data (subpath "/a")) (allow file-read* file-read-data (subpath "/a"))'
    assert {decide(m, both, "file-read-data", "/a") for m in MODELS + TEXTUAL} == {"allow"}


def test_unfiltered_rules():
    text = '(deny network-outbound (subpath "/s")) (allow network-outbound)'
    assert decide(BASE, text, "network-outbound", "/s") == "deny"
    assert decide(Model(bare_overrides=True), text, "network-outbound", "/s") == "allow"
    assert decide(BASE, text, "network-outbound", "/t") == "allow"


@pytest.mark.parametrize(
    "operation, old, new, none",
    [
        ("file-link", "allow", "allow", "deny"),
        ("process-info-pidinfo", "allow", "allow", "deny"),
        ("file-lock", "deny", "allow", "deny"),
        ("syscall-unix", "allow", "deny", "deny"),
        ("file-write-setugid", "deny", "deny", "deny"),
        ("file-read-data", "deny", "deny", "deny"),
    ],
)
def test_own_decisions(operation, old, new, none):
    answers = [
        decide(Model(own_defaults=version), "(deny default)", operation, "/a")
        for version in ("10.15", "14.4", "none")
    ]
    assert answers == [old, new, none]


def test_setugid_is_not_given_with_writing():
    text = '(deny default) (allow file-write* (subpath "/w"))'
    assert decide(BASE, text, "file-write-setugid", "/w/x") == "deny"


@pytest.mark.parametrize(
    "switch, text, question",
    [
        ("trailing_slash_covers_itself", '(allow file* (subpath "/a/"))', ("file*", "/a")),
        ("literal_slash_matches", '(allow file* (literal "/a/"))', ("file*", "/a")),
        ("ignores_case", '(allow file* (subpath "/A"))', ("file*", "/a/b")),
        ("ignores_case", '(allow file* (regex "^/A"))', ("file*", "/a/b")),
        (
            "local_addresses_match_all",
            '(allow network-bind (local ip "localhost:*"))',
            ("network-bind", "0.0.0.0:80"),
        ),
        ("same_sandbox_includes_self", "(allow signal (target same-sandbox))", ("signal", "self")),
        (
            "others_include_same_sandbox",
            "(allow signal (target others))",
            ("signal", "same-sandbox"),
        ),
        ("bind_is_inbound", "(allow network-inbound)", ("network-bind", "*:1")),
    ],
)
def test_each_switch_is_a_difference(switch, text, question):
    assert decide(Model(**{switch: True}), text, *question) == "allow"
    assert decide(Model(**{switch: False}), text, *question) == "deny"


def test_without_any_rule():
    assert decide(BASE, "", "file-read-data", "/a") == "deny"
    assert decide(Model(without_default="allow"), "", "file-read-data", "/a") == "allow"


def test_a_trailing_slash_covers_the_children_in_every_model():
    for model in MODELS:
        assert decide(model, '(allow file* (subpath "/a/"))', "file*", "/a/b") == "allow"


@pytest.mark.parametrize(
    "text",
    [
        "(deny default)",  # no version
        "(version 1) (version 1)",
        "(version 1) (alow default)",
        '(version 1) (allow file* (subpth "/a"))',
        '(version 1) (allow file* (subpath "/a)',
        '(version 1) (allow file* (subpath "/a")',
        '(version 1) (allow (subpath "/a"))',
        '(version 1) (allow file* "/a")',
        "(version 1) (allow file* (subpath))",
        '(version 1) (allow file* (subpath ""))',
        "(version 1) (allow file* ())",
        "(version 1) (allow file* (require-all))",
        '(version 1) (allow file* (require-not (subpath "/a") (subpath "/b")))',
        '(version 1) (allow file* (subpath "/a\n"))',
        '(version 1) (allow signal (target "self"))',
        '(version 1) (allow network* (remote tcp "1.2.3.4:80"))',
        "(version 1) (allow process-exec* (with no-sandbox))",
        r'(version 1) (allow file* (regex #"\d"))',
        '(version 1) (allow file* (regex "a*?"))',
        '(version 1) (allow file* (regex "(?:a)"))',
    ],
)
def test_what_would_not_compile_or_is_not_certain_is_no_policy(text):
    with pytest.raises(ModelError):
        compile_text(text)


def test_names_and_functions():
    text = """(define H "/h") (define (below p) (subpath (string-append H p)))
    (allow file-read* (below "/a") (literal H)) ; "a comment (
    """
    assert decide(BASE, text, "file-read-data", "/h/a/b") == "allow"
    assert decide(BASE, text, "file-read-data", "/h") == "allow"
    assert decide(BASE, text, "file-read-data", "/h/b") == "deny"


def test_unix_sockets_and_addresses():
    text = '(allow network-outbound (remote unix-socket (path-literal "/s")) (remote tcp "*:443"))'
    assert decide(BASE, text, "network-outbound", "/s") == "allow"
    assert decide(BASE, text, "network-outbound", "/t") == "deny"
    assert decide(BASE, text, "network-outbound", "h:443") == "allow"
    assert decide(BASE, text, "network-outbound", "h:80") == "deny"
