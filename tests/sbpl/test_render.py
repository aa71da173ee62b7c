"""The text of a policy: short, in order, with its reasons, and never more than was said."""

from __future__ import annotations

import time

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Policy
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier
from safehouse.sbpl.render import MOST_BYTES, MOST_FILTERS, WIDTH, render
from tests.seatbelt_text import compile_text

CODEX = Origin(Tier.PROFILE, "codex, profiles.yaml:120", "settings")


def rule(filter=None, operations="file-read*", action="allow", origin=CODEX, message=""):
    return Rule(action, tuple(operations.split()), filter, origin, message=message)


def text_of(*rules, defines=()):
    text = render(Policy(rules, defines))
    compile_text(text)
    return text


def subpath(path):
    return Filter("subpath", path)


def test_a_small_policy():
    policy = Policy(
        (
            rule(None, "default", "deny", Origin(Tier.BASE, "base, profiles.yaml:3", "closed")),
            rule(subpath("/Users/me/.codex"), "file-read* file-write*"),
            rule(
                Filter("literal", "/Users/me"),
                "file-read* file-write*",
                origin=Origin(Tier.PROFILE, "codex, profiles.yaml:121", ""),
            ),
            rule(Filter("remote", "tcp *:443"), "network-outbound"),
            rule(
                subpath("/Users/me/p/sub"),
                origin=Origin(Tier.COMMAND_LINE, "--add-dirs-ro", "asked for"),
            ),
        ),
        (("HOME", "/Users/me"), ("WORKDIR", "/Users/me/p")),
    )
    assert (
        render(policy)
        == """\
(version 1)

(define HOME "/Users/me")
(define WORKDIR "/Users/me/p")

;; --- base, profiles.yaml (base) ---
(deny default) ; closed

;; --- codex, profiles.yaml ---
(allow file-read* file-write*
  (subpath (string-append HOME "/.codex")) ; settings
  (literal HOME))
(allow network-outbound
  (remote tcp "*:443")) ; settings

;; --- --add-dirs-ro (command line) ---
(allow file-read*
  (subpath (string-append WORKDIR "/sub"))) ; asked for
"""
    )


def test_a_name_stands_for_whole_components_only():
    text = text_of(
        rule(subpath("/Users/me2")),
        rule(Filter("prefix", "/Users/mex")),
        rule(Filter("prefix", "/Users/me/x")),
        defines=(("HOME", "/Users/me"),),
    )
    assert '(subpath "/Users/me2")' in text
    assert '(prefix "/Users/mex")' in text
    assert '(prefix (string-append HOME "/x"))' in text


def test_a_root_is_no_name():
    text = text_of(rule(subpath("/x")), defines=(("WORKDIR", "/"), ("HOME", "")))
    assert "define" not in text
    assert '(subpath "/x")' in text


def test_a_regex_is_written_whole():
    text = text_of(rule(Filter("regex", r"^/Users/me/\.x$")), defines=(("HOME", "/Users/me"),))
    assert r'(regex "^/Users/me/\\.x$")' in text


def test_arguments_are_strings_or_symbols():
    text = text_of(
        rule(Filter("target", "same-sandbox"), "signal"),
        rule(Filter("global-name", "com.x"), "mach-lookup"),
        rule(Filter("remote", "ip"), "network-outbound"),
        rule(Filter("local", "ip localhost:*"), "network-bind"),
        rule(Filter("fsctl-command", "26671"), "system-fsctl"),
        rule(
            Filter("require-not", "", (Filter("require-any", "", (subpath("/a"), subpath("/b"))),))
        ),
    )
    for form in (
        "(target same-sandbox)",
        '(global-name "com.x")',
        "(remote ip)",
        '(local ip "localhost:*")',
        "(fsctl-command 26671)",
        '(require-not (require-any (subpath "/a") (subpath "/b")))',
    ):
        assert form in text
    assert "(rootless-disk-filter)" in render(Policy((rule(Filter("rootless-disk-filter")),)))


def test_a_message_is_part_of_the_form():
    text = text_of(rule(subpath("/a"), message='say "no"'), rule(subpath("/b"), message="other"))
    assert '(allow file-read* (with message "say \\"no\\"")\n' in text
    assert len(compile_text(text)) == 2


def test_only_neighbours_that_differ_in_filter_and_reason_share_a_form():
    forms = compile_text(
        text_of(
            rule(subpath("/1")),
            rule(subpath("/2")),
            rule(subpath("/3"), action="deny"),
            rule(subpath("/4")),
            rule(subpath("/5"), "file-write*"),
            rule(subpath("/6"), "file-write*", origin=Origin(Tier.USER, "codex, u.yaml:1", "")),
            rule(None, "file-write*"),
            rule(None, "file-write*"),
            rule(subpath("/7"), "file-write*"),
        )
    )
    assert [len(form.filters) for form in forms] == [2, 1, 1, 1, 1, 0, 0, 1]


def test_a_rule_without_a_filter_never_joins_one_with():
    forms = compile_text(text_of(rule(None), rule(subpath("/1")), rule(None)))
    assert [len(form.filters) for form in forms] == [0, 1, 0]


def test_large_forms_are_split_by_number_and_by_size():
    many = compile_text(text_of(*(rule(subpath(f"/{n}")) for n in range(MOST_FILTERS * 2 + 1))))
    assert [len(form.filters) for form in many] == [MOST_FILTERS, MOST_FILTERS, 1]
    home = "/" + "h" * 1000
    text = text_of(*(rule(subpath(f"{home}/{n}")) for n in range(90)), defines=(("HOME", home),))
    assert len(text) < 90 * 70, "written by name, but counted by value"
    sizes = [sum(len(filter[1]) for filter in form.filters) for form in compile_text(text)]
    assert len(sizes) > 5
    assert max(sizes) <= MOST_BYTES
    wide = [rule(subpath("/" + "\u65e5" * 1000 + str(n))) for n in range(20)]
    for form in compile_text(text_of(*wide)):
        assert sum(len(filter[1].encode()) for filter in form.filters) <= MOST_BYTES


def test_long_lists_of_operations_are_wrapped():
    operations = " ".join(f"file-write-{word}" for word in ("data", "mode", "owner", "flags") * 5)
    text = text_of(rule(subpath("/a"), operations))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert compile_text(text)[0].operations == tuple(operations.split())


@pytest.mark.parametrize(
    "bad",
    [
        rule(Filter("subpath", "")),
        rule(Filter("require-all")),
        rule(Filter("require-not", "", (subpath("/a"), subpath("/b")))),
        rule(Filter("sub path", "/a")),
        rule(Filter("target", "self) (subpath /"), "signal"),
        rule(Filter("remote", "ip) (subpath /"), "network-outbound"),
        rule(subpath("/a"), "file-read*)"),
        rule(subpath("/a"), ""),
    ],
)
def test_what_would_be_no_rule_is_never_written(bad):
    with pytest.raises(ValueError):
        render(Policy((bad,)))


def test_a_path_that_cannot_be_said_is_the_users_to_mend():
    with pytest.raises(UserError, match=r"U\+000A"):
        render(Policy((rule(subpath("/a\n(allow default)")),)))
    with pytest.raises(UserError):
        render(Policy((), (("HOME", "/a\0"),)))


def test_reasons_and_sources_stay_comments():
    origin = Origin(Tier.APPENDED, "a\n(allow default).sb:3", "b\n(allow default)")
    text = text_of(rule(subpath("/a"), origin=origin))
    assert len(compile_text(text)) == 1


def test_after_text_that_is_passed_on_nothing_depends_on_names():
    """It may say (define HOME "/elsewhere"), and the rules that protect us come after it."""
    opaque = Opaque('(define HOME "/x")', Origin(Tier.APPENDED, "/u/x.sb:1", ""))
    text = render(
        Policy(
            (rule(subpath("/h/a")), opaque, rule(subpath("/h/a"), action="deny")),
            (("HOME", "/h"),),
        )
    )
    assert '(subpath (string-append HOME "/a"))' in text
    assert text.index('(define HOME "/x")') < text.index('(deny file-read*\n  (subpath "/h/a")')
    assert "; from /u/x.sb:1" in text


@pytest.mark.parametrize("count", [600])
def test_it_is_fast(count):
    """Measured 1.3 ms; ten times that is a mistake, not a slow machine."""
    rules = tuple(rule(subpath(f"/Users/me/.config/tool-{n}/state")) for n in range(count))
    policy = Policy(rules, (("HOME", "/Users/me"), ("WORKDIR", "/Users/me/p")))
    fastest = min(_seconds(policy) for _ in range(10))
    assert fastest < 0.020


def _seconds(policy):
    start = time.process_time()
    render(policy)
    return time.process_time() - start
