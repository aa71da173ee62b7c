"""What somebody's .sb file says, and where it is wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier
from safehouse.sbpl.parse import Source
from safehouse.sbpl.reader import read
from tests.seatbelt_text import parse as parse_independently

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


def passed_on(text):
    """How the only form is passed on."""
    (found,) = rules(text)
    assert isinstance(found, Opaque)
    return found.text


def is_opaque(text):
    return passed_on(text) == text


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


def test_strings_that_cannot_be_written_again_are_errors():
    for text in (r'(allow file-read* (literal "/a\nb"))', '(allow file-read* (literal "/a\nb"))'):
        assert error(text) == "my.sb:1:28: a control character in a string"


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


def test_a_value_is_that_of_the_place():
    text = (
        '(define a "/a") (if #t (g a)) (define a "/b") (if #t (g a)) (deny file-read* (subpath a))'
    )
    assert [
        getattr(form, "text", "") for form in rules(f"(define (g . x) (subpath x)) {text}")
    ] == [
        '(define (my-g . my-x) (subpath my-x))\n(define my-a "/a")\n(if #t (my-g my-a))',
        '(define my-a "/b")\n(if #t (my-g my-a))',
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
        '(define my-b "/b")\n(define (my-f) (subpath my-b))\n(if #t (allow file-read* (my-f)))'
    ]


@pytest.mark.parametrize(
    "text",
    [
        "(define subpath literal)",
        "(define (deny . x) #t)",
        "(define (string-append a b) a)",
        '(let ((deny allow)) (deny file-read* (subpath "/a")))',
        "(let ((%deny allow)) 1)",
    ],
)
def test_no_word_of_the_language_can_be_given_another_meaning(text):
    assert "has a meaning already" in error(text)


# What is not understood


@pytest.mark.parametrize(
    "text",
    [
        '(import "system.sb")',
        '(if (param "X") (allow default))',
        "(debug deny)",
        '(with-filter (subpath "/a") (allow file-read*))',
        '(allow file-read* (path-ancestors "/a/b"))',
        "(allow mach-per-user-lookup)",
        "(allow network-outbound (remote unix-socket))",
        '(allow system-fsctl (fsctl-command (_IO "h" 47)))',
        '(allow file-read* (regex "^/[[:alpha:]]+$"))',
        '(allow file-read* (regex "("))',
        "(if #t (deny file-read* (vnode-type TTY SYMLINK)))",
        "(deny default (with send-signal SIGKILL))",
        "(if (and #t (not #f)) (begin (deny signal (target self))))",
        '(allow process-exec* (literal "/bin/ps" "/usr/bin/top") (with no-sandbox))',
    ],
)
def test_it_is_passed_on_as_it_stands(text):
    assert is_opaque(text)


@pytest.mark.parametrize(
    "text, passed",
    [
        (
            '(let ((x "/a")) (allow file-read* (subpath x)))',
            '(let ((my-x "/a")) (allow file-read* (subpath my-x)))',
        ),
        (
            '(let* ((x "/a") (y x)) (allow file-read* (subpath x y)))',
            '(let* ((my-x "/a") (my-y my-x)) (allow file-read* (subpath my-x my-y)))',
        ),
        (r'(allow file-read* (regex #"^/\d"))', r'(allow file-read* (regex "^/\\d"))'),
        ('(if #t ; "\n  (allow\tdefault)\n)', "(if #t (allow default))"),
        (r'(if #t (deny file* (literal "/\x41\"\b")))', r'(if #t (deny file* (literal "/A\"b")))'),
    ],
)
def test_it_is_written_anew(text, passed):
    """Neither comments nor spellings nor names of its own get into the policy."""
    assert passed_on(text) == passed
    assert is_opaque(passed) == ("my-" not in passed)


@pytest.mark.parametrize(
    "text, word",
    [
        ("(if #t (set! deny allow))", "set!"),
        ("(begin (define file-write* file-read*))", "define"),
        ("(define-macro (allow . x) #f)", "define-macro"),
        ("(macro (require-not form) #t)", "macro"),
        ('(eval "x")', "eval"),
        ("(if #t eval)", "eval"),
        ("(let ((e eval)) 1)", "eval"),
        ("(let () (load 1))", "load"),
        ("(define (f x) (lambda x))(if #t (f 1))", "lambda"),
        ("(if (quote x) 1)", "quote"),
        ('(allow file-read* (apply subpath (list "/a")))', "apply"),
        ('(allow file-read* (subpath (car (list "/a"))))', "car"),
        ('(if #t (string->symbol "set!"))', "string->symbol"),
        ("(map (call/cc 1) 2)", "map"),
        ("(cond (#t 1))", "cond"),
        ("(allow signal (target eval))", "eval"),
        ("(trace 1)", "trace"),
        ("(disable-callouts)", "disable-callouts"),
    ],
)
def test_a_word_that_could_do_harm_is_an_error(text, word):
    """It would come before what is protected, and could disarm it."""
    if text.startswith("(allow signal"):
        text = f"(if #t {text})"
    place = text.rindex(word) + 1
    assert error(text) == f"my.sb:1:{place}: {word} could change what the rules after it mean"


@pytest.mark.parametrize(
    "text, said",
    [
        ("(if #t (oblist))", "1:9: unknown name 'oblist'"),
        ("(if #t (*error-hook* 1))", "1:9: unknown name '*error-hook*'"),
        ("(if #t (string-apend 1))", "did you mean 'string-append'"),
        ("(let loop ((x 1)) 1)", "expected (let ((NAME VALUE)) ...)"),
        ("(let ((x)) 1)", "expected (NAME VALUE)"),
        ("(if #t (f . (1 2)))", "unknown name '"),
        ("(define (f . x) (. x)) (if #t (f 1))", "unknown name '.'"),
        ("(allow file-read* (with grant 1))", "1:25: (with grant) could change more than this rule"),
        ("(debug all)", "(debug all) could change more"),
        ("(allow process-exec* (with no-sandbox))", "would let any program out of the sandbox"),
        ('(allow process-exec* (subpath "/bin") (with no-sandbox))', "1:22: not with no-sandbox"),
        ('(allow process-exec* (literal "/tmp/x") (with no-sandbox))', "not with no-sandbox"),
        ('(allow process-exec* (literal "/bin/../x") (with no-sandbox))', "fits no path"),
        ("(with-filter (subpath 1) (allow process-exec* (with no-sandbox)))", "not with no-sand"),
        ('(import "system.sb") (if #t (vector-set! 1))', "unknown name 'vector-set!'"),
    ],
)  # fmt: skip
def test_only_harmless_words_are_passed_on(text, said):
    assert said in error(text)


@pytest.mark.parametrize(
    "text, column, said",
    [
        ('(let ((x #\\")) (set! deny (lambda r #t)) (begin (begin ;"\n 1)))', 10, "only #t, #f"),
        ('(let () #! "\n (set! deny (lambda r #t))\n #! "\n 1)', 9, "only #t, #f"),
        ("(let ((e (car `(,eval)))) 1)", 15, "unexpected character '`'"),
        ("(let ((e (car (,eval)))) 1)", 16, "unexpected character ','"),
        ("(allow signal (target 'self))", 23, 'unexpected character "\'"'),
        ("(if #(1 2) 3)", 5, "only #t, #f"),
        ("(if #;1 2)", 5, "only #t, #f"),
        ("(if #| x |# 2)", 5, "only #t, #f"),
        ("(if #x41 #o17)", 5, "only #t, #f"),
        ("(if #true 1)", 5, "only #t, #f"),
        ("(if |set!| 1)", 5, "unexpected character '|'"),
        ("(if a\\b 1)", 6, "unexpected character '"),
        ("(if [a] 1)", 5, "unexpected character '['"),
        ("(if {a} 1)", 5, "unexpected character '{'"),
        ("(if @a 1)", 5, "unexpected character '@'"),
        ("(if a::set! 1)", 6, "unexpected character ':'"),
        ("(if a\u00a0b 1)", 6, "unexpected character"),
        ('(if a"set! b" 1)', 6, "a space is missing"),
        ('(if #t"b" 1)', 7, "a space is missing"),
        ("(if a\fb 1)", 6, "a space is missing"),
        ("(if a\vb 1)", 6, "a space is missing"),
        ("(f .(1))", 4, "a '.' without a space"),
        (f"(if {'a' * 101} 1)", 5, "a word of more than 100"),
        ('(if "\\101" 1)', 6, "unknown escape"),
        ('(if "\\X41" 1)', 6, "unknown escape"),
    ],
)
def test_what_scheme_may_read_otherwise_is_an_error(text, column, said):
    """Each construct of TinyScheme's reader that is not accepted: seatbelt.md 4.2."""
    assert error(text).startswith(f"my.sb:1:{column}: {said}")


@pytest.mark.parametrize("word", ["SET!", "Deny", "DEFINE", "Eval", "File-Read*", "Subpath", "_io"])
def test_scheme_may_not_see_the_case_of_letters(word):
    message = error(f"(deny default)\n(let () ({word} 1))")
    assert message.startswith(f"my.sb:2:10: SBPL may take {word} for ")


_ATOMS = st.sampled_from(
    [
        "a",
        "file-read*",
        "#t",
        "#f",
        "12",
        "-1",
        "...",
        "<=",
        '"a"',
        '"/ ;)(#\\"b"',
        '#"[.]x"',
        ";c\n",
    ]
)
_SPACES = st.sampled_from([" ", "\t", "\n", "\r\n", ' ; " (\n'])


@given(st.recursive(_ATOMS, lambda inner: st.lists(inner, max_size=4), max_leaves=12), st.data())
def test_what_is_accepted_is_read_alike(tree, data):
    """By us and by a reader that goes on a character at a time, as TinyScheme's does."""

    def written(part):
        if isinstance(part, str):
            return part
        return "(" + "".join(written(item) + data.draw(_SPACES) for item in part) + ")"

    def plain(node):
        return [plain(item) for item in node.items] if node.kind == "list" else node.text

    text = written([tree])
    assert [plain(node) for node in Source(text, "x.sb").forms()] == parse_independently(text)


def test_names_may_come_from_an_import():
    text = '(import "x.sb")\n(system-network)\n(allow file-raed*)'
    assert "my.sb:3:8: unknown name 'file-raed*', did you mean 'file-read*'" in error(text)
    assert [form.text for form in rules(text[:32])] == ['(import "x.sb")', "(system-network)"]


def test_no_more_regexes_than_can_be_read_at_once():
    many = "".join(f'(deny file-read* (regex #"^/a{n}/[^/]+$"))\n' for n in range(501))
    assert error(many).startswith("my.sb:501:25: more than 500 regexes")
    assert len(rules(many[: many.index("^/a500")].rpartition("\n")[0])) == 500
    long = f'(deny file-read* (regex #"^/{"[a-z]" * 7000}"))'
    assert "32 KiB of them" in error(long)
    assert len(rules('(deny file-read* (regex #"^/a$"))\n' * 1000)) == 1000


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
    start = time.process_time()
    error(text)
    assert time.process_time() - start < 10


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
    start = time.process_time()
    assert len(rules(text)) == 20_000
    assert time.process_time() - start < 10
