"""What somebody's .sb file says, and where it is wrong."""

from __future__ import annotations

import time

import pytest

from safehouse.errors import UserError
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier
from safehouse.sbpl.reader import read

PARAMS = {"HOME": "/Users/me", "EMPTY": ""}


def rules(text):
    return read(text, "my.sb", Tier.APPENDED, PARAMS)


def filters(expressions, operations="file-read*"):
    return [rule.filter for rule in rules(f"(allow {operations} {expressions})")]


def only_filter(expression, operations="file-read*"):
    (found,) = filters(expression, operations)
    return found


def error(text):
    with pytest.raises(UserError) as caught:
        rules(text)
    return caught.value.message


def is_opaque(text):
    found = rules(text)
    return bool(found) and isinstance(found[-1], Opaque) and found[-1].text == text.strip()


# Rules


def test_each_filter_is_a_rule():
    text = '(version 1) (deny file-read* file-write* (subpath "/a") (literal "/b" "/c"))'
    assert [(r.action, r.operations, r.filter) for r in rules(text)] == [
        ("deny", ("file-read*", "file-write*"), Filter("subpath", "/a")),
        ("deny", ("file-read*", "file-write*"), Filter("literal", "/b")),
        ("deny", ("file-read*", "file-write*"), Filter("literal", "/c")),
    ]


def test_a_form_without_filters_is_one_rule():
    assert rules("(deny default)") == (
        Rule("deny", ("default",), None, Origin(Tier.APPENDED, "my.sb:1", "")),
    )


def test_origins_have_lines_and_comments():
    text = """\
;; what it is all for
(allow file-read*
  (subpath "/a") ; first
  (subpath "/b"))   ;; last; really

(allow process-fork) ; children
"""
    assert [(r.origin.source, r.origin.reason) for r in rules(text)] == [
        ("my.sb:3", "first"),
        ("my.sb:4", "last; really"),
        ("my.sb:6", "children"),
    ]
    above = rules(';; above\n(allow file-read* (subpath "/a"))')
    assert above[0].origin == Origin(Tier.APPENDED, "my.sb:2", "above")


def test_old_names_become_the_usual_ones():
    assert rules("(allow process-exec)")[0].operations == ("process-exec*",)
    assert filters('(path "/a") (path-literal "/b") (path-prefix "/c") (path-regex "^/d")') == [
        Filter("literal", "/a"),
        Filter("literal", "/b"),
        Filter("prefix", "/c"),
        Filter("regex", "^/d"),
    ]
    assert only_filter("(to ip)", "network-outbound") == Filter("remote", "ip")


def test_addresses():
    assert filters('(remote ip) (remote tcp "*:443" "localhost:80")', "network-outbound") == [
        Filter("remote", "ip"),
        Filter("remote", "tcp *:443"),
        Filter("remote", "tcp localhost:80"),
    ]


def test_the_old_spelling_of_a_socket_is_its_path():
    found = filters(
        '(remote unix-socket (path-literal "/s")) (remote unix (subpath "/t"))', "network-outbound"
    )
    assert found == [Filter("literal", "/s"), Filter("subpath", "/t")]


def test_combinations():
    a, b, c = (Filter("literal", path) for path in ("/a", "/b", "/c"))
    assert only_filter('(require-all (literal "/a" "/b") (require-not (literal "/c")))') == Filter(
        "require-all",
        "",
        (Filter("require-any", "", (a, b)), Filter("require-not", "", (c,))),
    )


def test_symbols_and_flags():
    assert only_filter("(target same-sandbox)", "signal") == Filter("target", "same-sandbox")
    assert only_filter("(vnode-type REGULAR-FILE)") == Filter("vnode-type", "REGULAR-FILE")
    assert only_filter("(fsctl-command 26671)", "system-fsctl") == Filter("fsctl-command", "26671")
    assert only_filter("(rootless-disk-filter)") == Filter("rootless-disk-filter")


def test_modifiers():
    found = rules('(deny (with no-log) file-read* (with message "m\\"") (subpath "/a"))')
    assert (found[0].message, found[0].filter) == ('m"', Filter("subpath", "/a"))
    assert is_opaque('(allow process-exec* (literal "/bin/ps") (with no-sandbox))')
    assert is_opaque("(deny default (with send-signal SIGKILL))")


def test_a_group_takes_what_its_members_do():
    assert only_filter("(target same-sandbox)", "process-info*").kind == "target"
    assert only_filter('(iokit-user-client-class "X")', "iokit-open*").value == "X"


# Strings


@pytest.mark.parametrize(
    "written, value",
    [
        (r'"/a\"b\\c"', r'/a"b\c'),
        (r'"/\x41\xc3\xa9"', "/A\u00e9"),
        ('"/\u00e9 ;)("', "/\u00e9 ;)("),
        (r'#"/a\"b"', '/a"b'),
        (r'#"/a\.b\\c"', r"/a\.b\\c"),
        (r'"/\.x"', "/.x"),
    ],
)
def test_strings(written, value):
    assert only_filter(f"(literal {written})") == Filter("literal", value)


def test_strings_that_cannot_be_written_again_are_passed_on():
    assert is_opaque(r'(allow file-read* (literal "/a\nb"))')
    assert is_opaque('(allow file-read* (literal "/a\nb"))')


@pytest.mark.parametrize(
    "text, message",
    [
        ('(allow file-read* (literal "/a))', "my.sb:1:28: a string without its closing '\"'"),
        (r'(literal "\1")', r"my.sb:1:11: unknown escape \1"),
        (r'(literal "\xff")', "my.sb:1:10: a string that is not UTF-8"),
        (r'(literal #"a\\")', "two backslashes"),
        ("\n (allow file-read*", "my.sb:2:2: a '(' without its ')'"),
        ("(deny default))", "my.sb:1:15: a ')' without its '('"),
        ("(deny default)\0", "my.sb:1:15: unexpected character U+0000"),
        ("deny", "my.sb:1:1: expected a form"),
        ("()", "my.sb:1:1: expected a form"),
        ("(deny file* (subpath \u201c/a\u201d))", "my.sb:1:22: a typographic quotation mark"),
    ],
)
def test_errors_of_syntax_say_where(text, message):
    assert message in error(text)


# Definitions


def test_names_functions_and_parameters():
    text = """\
(define HOME (param "HOME"))
(define ROOT (string-append HOME "/.x"))
(define (below rel) (subpath (string-append HOME rel)))
(define (either a b) (require-any (literal a) (below b)))
(allow file-read* (subpath ROOT) (below "/y") (either "/a" "/b") (subpath HOME))
"""
    assert [rule.filter for rule in rules(text)] == [
        Filter("subpath", "/Users/me/.x"),
        Filter("subpath", "/Users/me/y"),
        Filter("require-any", "", (Filter("literal", "/a"), Filter("subpath", "/Users/me/b"))),
        Filter("subpath", "/Users/me"),
    ]
    assert [rule.origin.source for rule in rules(text)] == ["my.sb:5"] * 4


def test_conditions():
    assert only_filter('(if (string=? (param "HOME") "/x") (subpath "/a") (literal "/b"))') == (
        Filter("literal", "/b")
    )
    assert only_filter('(if (param "X") (subpath "/a") (literal "/b"))') == Filter("literal", "/b")
    assert is_opaque('(allow file-read* (if (param "X") (subpath "/a")))')


def test_a_value_that_was_set_out_of_sight_is_not_used():
    text = '(define a "/a") (if #t (set! a "/b")) (deny file-read* (subpath a))'
    assert [type(form) for form in rules(text)] == [Opaque, Opaque]


def test_a_value_is_that_of_the_place():
    text = (
        '(define a "/a") (if #t (f a)) (define a "/b") (if #t (g a)) (deny file-read* (subpath a))'
    )
    assert [getattr(form, "text", "") for form in rules(f"(begin (define (f x) x)) {text}")] == [
        "(begin (define (f x) x))",
        '(define a "/a")\n(if #t (f a))',
        '(define a "/b")\n(if #t (g a))',
        "",
    ]


def test_entirely_or_not_at_all():
    with pytest.raises(UserError, match=r"my[.]sb:2:1: this form is not understood"):
        read("(deny default)\n(debug deny)", "my.sb", Tier.REPOSITORY, {}, entirely=True)


def test_a_parameter_that_is_not_set():
    assert "my.sb:1:28: the parameter 'X' is not set" in error(
        '(allow file-read* (subpath (param "X")))'
    )


def test_definitions_are_passed_on_with_what_needs_them():
    text = '(define a "/a") (define b "/b") (define (f) (subpath b)) (if #t (allow file-read* (f)))'
    assert [rule.text for rule in rules(text)] == [
        '(define b "/b")\n(define (f) (subpath b))\n(if #t (allow file-read* (f)))'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(define subpath literal)",
        "(define (deny . x) #t)",
        "(if #t (set! deny allow))",
        "(begin (define file-write* file-read*))",
        "(define-macro (allow . x) #f)",
        "(macro (require-not form) #t)",
        "(define (string-append a b) a)",
    ],
)
def test_no_word_of_the_language_can_be_given_another_meaning(text):
    assert "has a meaning already" in error(text)


def test_nothing_is_evaluated_out_of_sight():
    assert "my.sb:1:2: eval could change" in error("(eval (list 'define 'deny 'allow))")


# What is not understood


@pytest.mark.parametrize(
    "text",
    [
        '(import "system.sb")',
        '(if (param "X") (allow default))',
        '(let ((x "/a")) (allow file-read* (subpath x)))',
        "(debug deny)",
        '(with-filter (subpath "/a") (allow file-read*))',
        '(allow file-read* (path-ancestors "/a/b"))',
        '(allow file-read* (apply subpath (list "/a")))',
        '(allow file-read* (subpath (car (list "/a"))))',
        "(allow mach-per-user-lookup)",
        "(allow network-outbound (remote unix-socket))",
        '(allow system-fsctl (fsctl-command (_IO "h" 47)))',
        r'(allow file-read* (regex #"^/\d+$"))',
        r'(allow file-read* (regex #"^/(?i)a$"))',
        '(allow file-read* (regex "^/[[:alpha:]]+$"))',
        '(allow file-read* (regex "("))',
        "(allow signal (target 'self))",
    ],
)
def test_it_is_passed_on_as_it_stands(text):
    assert is_opaque(text)


def test_names_may_come_from_an_import():
    text = '(import "x.sb")\n(allow file-read* (home-subpath "/a"))\n(allow file-raed*)'
    assert [type(form) for form in rules(text)] == [Opaque] * 3


# Errors of meaning


@pytest.mark.parametrize(
    "text, message",
    [
        ("(version 2)", "my.sb:1:1: the only version"),
        ("(allow\n file-raed*)", "my.sb:2:2: unknown operation 'file-raed*', did you mean 'file-r"),
        ('(allow file* (subpth "/a"))', "my.sb:1:15: unknown filter 'subpth', did you mean 'sub"),
        ("(alow default)", "my.sb:1:2: unknown form 'alow', did you mean 'allow'?"),
        ("(deny default (with no-lgo))", "unknown modifier 'no-lgo', did you mean 'no-log'?"),
        ('(allow (subpath "/a"))', "my.sb:1:1: allow without an operation"),
        ('(allow file-read* "/a")', "my.sb:1:19: expected a filter, found a string"),
        ("(allow file-read* (subpath))", "my.sb:1:19: the filter subpath has no value"),
        ('(allow file-read* (subpath ""))', "an empty value"),
        ("(allow file-read* (require-any))", "require-any of 0 filters"),
        ('(allow file-read* (require-not (subpath "/a") (subpath "/b")))', "require-not of 2"),
        ("(allow file-read* (subpath HOEM))", "my.sb:1:28: unknown name 'HOEM'"),
        ("(allow file-read* (subpath #f))", "expected a string"),
        ("(allow file-read* (if #t))", "expected (if CONDITION VALUE VALUE)"),
        ('(allow file-read* (subpath "a"))', "my.sb:1:28: 'a' is no absolute path"),
        ('(import "/x.sb")', "my.sb:1:1: only profiles of the system can be imported"),
        ('(allow mach-lookup (subpath "/"))', "1:20: mach-lookup cannot be filtered by subpath"),
        ('(allow network-outbound (remote tpc "*:1"))', "expected a protocol, did you mean 'tcp'?"),
        ('(allow network-outbound (remote tcp "example.com:1"))', "no address: 'example.com:1'"),
        ("(define x)", "expected (define NAME VALUE)"),
        ('(define (f a) (subpath a)) (allow file-read* (f "/a" "/b"))', "f takes 1 arguments"),
    ],
)  # fmt: skip
def test_errors_say_where_and_what_is_meant(text, message):
    assert message in error(text)


def test_a_family_error_says_what_is_taken():
    with pytest.raises(UserError) as caught:
        rules('(allow signal (subpath "/a"))')
    assert "target" in caught.value.hint


# Bombs


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(" * 100_000 + ")" * 100_000,
        "(allow file-read* " + "(require-not " * 500 + '(subpath "/a")' + ")" * 501,
        '(define (f x) (f x)) (allow file-read* (f "/a"))',
        '(define a "/aaaaaaaaaaaaaaaa")' + "(define a (string-append a a))" * 60,
        "(define (f0 x) (subpath x))"
        + "".join(f"(define (f{n + 1} x) (require-any (f{n} x) (f{n} x)))" for n in range(40))
        + '(allow file-read* (f40 "/a"))',
    ],
)
def test_bombs_are_errors(text):
    start = time.monotonic()
    error(text)
    assert time.monotonic() - start < 10


def test_nesting_through_functions_is_bounded():
    """Each call adds to the nesting of the result; none may end in a RecursionError."""
    wrap = "(require-not " * 50 + "(subpath x)" + ")" * 50
    text = f"(define (f0 x) {wrap})" + "".join(
        f"(define (f{n + 1} x) {wrap.replace('(subpath x)', f'(f{n} x)')})" for n in range(40)
    )
    assert "expressions within each other" in error(text + '(allow file-read* (f40 "/a"))')
    chain = '(define a (require-not (subpath "/")))' + "(define a (require-not a))" * 5000
    assert isinstance(rules(chain + "(allow file-read* a)")[-1], Opaque)


def test_a_large_file_is_read_at_once():
    """Measured 0.5 s for this megabyte; the bound is for slow machines."""
    line = '(allow file-read* (subpath "/some/where/%d")) ; reason\n'
    text = "".join(line % n for n in range(20_000))
    assert len(text) > 1_000_000
    start = time.monotonic()
    assert len(rules(text)) == 20_000
    assert time.monotonic() - start < 5
