"""seatbelt.md 4, the language: texts that Seatbelt takes, and texts that it refuses."""

from __future__ import annotations

from safehouse.policy.operations import NEWER, OPERATION_ALIAS, OPERATIONS
from tools.mac_check.asking import Policy
from tools.mac_check.experiment import (
    BROKEN,
    CLOSED,
    OPEN,
    Acceptance,
    offered,
    run_acceptance,
)
from tools.mac_check.finding import AS_BELIEVED, FOUND, HIGH, LOW, MEDIUM, OTHERWISE, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.mac_check.bench import Bench

_ANY = '(literal "/a")'
_DEFINED = "(define (closed p) (literal p))"
# seatbelt.md 4.1: the words, and a form with each
_SCHEME = {
    "define": '(define a "/a") (deny file-write-unlink (literal a))',
    "define of a function": f'{_DEFINED} (deny file-write-unlink (closed "/a"))',
    "let": '(let ((p "/a")) (deny file-write-unlink (literal p)))',
    "let*": '(let* ((a "/a") (b (string-append a "/b"))) (deny file-write-unlink (literal b)))',
    "if": f"(if #t (deny file-write-unlink {_ANY}))",
    "and, or, not": f"(if (and #t (or #f (not #f))) (deny file-write-unlink {_ANY}))",
    "when": f"(when #t (deny file-write-unlink {_ANY}))",
    "unless": f"(unless #f (deny file-write-unlink {_ANY}))",
    "with-filter": f"(with-filter {_ANY} (deny file-write-unlink))",
}
# The same, which our reader refuses: they could change what the rules after them mean.
_MORE_SCHEME = {
    "define with a rest": '(define (two . p) (literal (car p))) (deny file-write-unlink (two "/a"))',
    "lambda": '(deny file-write-unlink ((lambda (p) (literal p)) "/a"))',
    "letrec": '(letrec ((f (lambda (p) (literal p)))) (deny file-write-unlink (f "/a")))',
    "named let": '(let each ((p (list "/a" "/b"))) (if (not (null? p)) '
    "(begin (deny file-write-unlink (literal (car p))) (each (cdr p)))))",
    "cond": f'(cond ((string=? "a" "b") #f) (else (deny file-write-unlink {_ANY})))',
    "case": f"(case 2 ((1) #f) (else (deny file-write-unlink {_ANY})))",
    "begin, set!": '(define a "/b") (begin (set! a "/a")) (deny file-write-unlink (literal a))',
    "do": f"(do ((i 0 (+ i 1))) ((= i 2)) (deny file-write-unlink {_ANY}))",
    "quasiquote": '(define a `("/a" ,(string-append "/" "b")))'
    " (deny file-write-unlink (literal (car a)))",
    "macro": '(macro (shut form) `(deny file-write-unlink (literal ,(cadr form)))) (shut "/a")',
    "define-macro": '(define-macro (shut p) `(deny file-write-unlink (literal ,p))) (shut "/a")',
    "map, for-each, apply": "(for-each (lambda (p) (deny file-write-unlink (literal p)))"
    ' (map (lambda (n) (apply string-append (list "/" n))) (list "a" "b")))',
}
# sbpl: what only later releases are said to have
_LATER = {
    "define-once": '(define-once a "/a") (deny file-write-unlink (literal a))',
    "defined?": f"(if (defined? 'file-link) (deny file-write-unlink {_ANY}))",
    "regex-quote": '(deny file-write-unlink (regex (regex-quote "/a.b")))',
}


def _taken(
    reference: str, confidence: str, belief: str, rules: str, unread: str = ""
) -> Acceptance:
    return Acceptance(reference, confidence, belief, f"{OPEN} {rules}", True, unread=unread)


def _refused(
    reference: str, belief: str, rules: str, control: str, said: str = "", unread: str = ""
) -> Acceptance:
    text, good = f"{OPEN} {rules}", f"{OPEN} {control}"
    return Acceptance(reference, HIGH, belief, text, False, good, said, unread)


def _asked(reference: str, belief: str, rules: str, base: str = OPEN) -> Acceptance:
    return Acceptance(reference, LOW, belief, f"{base} {rules}", None)


def _literals(count: int, size: int, name: str = "literal") -> str:
    """A filter with many different paths of some length."""
    return "".join(f' ({name} "/{number:06d}{"x" * (size - 7)}")' for number in range(count))


_TO = "(allow network-outbound (remote ip {}))"
TEXTS = (
    Acceptance(
        "seatbelt.md 1.6", HIGH, "without a version a text is refused", "(allow default)", False
    ),
    Acceptance(
        "seatbelt.md 1.6", HIGH, "there is no version 2", "(version 2) (allow default)", False
    ),
    Acceptance(
        "seatbelt.md 1.6", HIGH, "the version is said once", f"(version 1) {OPEN}", False
    ),
    *(
        _refused("seatbelt.md 3.6", f"{address} is no address", _TO.format(f'"{address}"'),
                 _TO.format('"localhost:80"'))
        for address in ("example.com:80", "127.0.0.1:80", "10.0.0.0/8:*", "localhost", "*:http")
    ),
    *(
        _taken("seatbelt.md 3.6", HIGH, f"{address} is an address", _TO.format(f'"{address}"'))
        for address in ("localhost:80", "*:80", "localhost:*", "*:*")
    ),
    _asked("seatbelt.md 3.11", "a filter of a family that the operation does not take",
           '(deny file-write-unlink (global-name "com.example"))'),
    _refused("seatbelt.md 3.11", "an unknown filter is an error",
             '(deny file-write-unlink (no-such-filter "/a"))', f"(deny file-write-unlink {_ANY})",
             "unbound variable"),
    *(_taken("seatbelt.md 4.1", HIGH, f"{word} of Scheme", form) for word, form in _SCHEME.items()),
    *(
        _taken("seatbelt.md 4.1", HIGH, f"{word} of Scheme", form, "refused by us")
        for word, form in _MORE_SCHEME.items()
    ),
    *(_asked("seatbelt.md 4.1", f"{word} of later releases", form) for word, form in _LATER.items()),
    _taken("seatbelt.md 3.4", HIGH, "other names of filters",
           '(allow network-outbound (to ip "*:80") (remote unix)) '
           '(allow network-inbound (from ip "*:80"))'),
    _taken("seatbelt.md 3.4", HIGH, "ipc-posix-sem is ipc-posix-sem*", "(allow ipc-posix-sem)"),
    _taken("operations.py OLDER_NAME", HIGH, "iokit-open, the older name of iokit-open*",
           "(allow iokit-open)"),
    _asked("operations.py NEWER", "iokit-open*, the newer name", "(allow iokit-open*)"),
    _asked("seatbelt.md 4.2", "an end of line inside a string",
           '(deny file-write-unlink (literal "/a\nb"))'),
    _taken("seatbelt.md 4.2", MEDIUM, r"\n and \t in a string",
           r'(deny file-write-unlink (literal "/a\n\tb"))', "control characters are refused by us"),
    _refused("seatbelt.md 4.3", "a param that is not set is no path",
             '(deny file-write-unlink (literal (param "UNSET")))',
             f"(deny file-write-unlink {_ANY})"),
    _refused("seatbelt.md 4.3", "a string is no filter", '(deny file-write-unlink "/a")',
             f"(deny file-write-unlink {_ANY})"),
    Acceptance(
        "seatbelt.md 4.4", HIGH, 'Apple\'s own system.sb can be imported',
        f'{CLOSED} (import "system.sb")', True,
    ),
    _refused("seatbelt.md 4.4", "what cannot be found cannot be imported",
             '(import "no-such-profile.sb")', '(import "system.sb")',
             unread="our reader does not look for it"),
    *(
        _taken("seatbelt.md 4.5", HIGH, f"(with {modifier}) of a deny",
               f"(deny file-write-unlink {_ANY} (with {modifier}))")
        for modifier in ("no-log", "no-report", 'message "a message"', "send-signal SIGKILL")
    ),
    _taken("seatbelt.md 4.5", HIGH, "(with report) of an allow",
           f"(allow file-write-unlink {_ANY} (with report))"),
    _refused("seatbelt.md 4.5", "(with no-report) is not for an allow",
             f"(allow file-write-unlink {_ANY} (with no-report))",
             f"(deny file-write-unlink {_ANY} (with no-report))",
             unread="our reader does not look which modifiers an action takes"),
    Acceptance(
        "render.py message", MEDIUM, "(with message ...) on (deny default ...)",
        CLOSED.replace("(deny default)", '(deny default (with message "a message"))'), True,
    ),
    _refused("seatbelt.md 4.6", "an unknown operation is an unbound variable",
             "(deny no-such-operation)", "(deny file-write-unlink)", "unbound variable"),
    Acceptance(
        "seatbelt.md 4.6", HIGH, "one error is enough for the whole text to be refused", BROKEN,
        False, said="unbound variable",
    ),
    _refused("seatbelt.md 4.6", "a parenthesis that is not closed is an error",
             "(deny file-write-unlink", "(deny file-write-unlink)"),
    _taken("render.py MOST_BYTES", MEDIUM, "a rule with as many paths as we write into one",
           f"(deny file-write-unlink{_literals(100, 160)})"),
    _taken("render.py MOST_BYTES", MEDIUM, "a rule with as many regexes as we write into one",
           f"(deny file-write-unlink{_literals(100, 160, 'regex')})"),
    _taken("render.py MOST_BYTES", MEDIUM, "a rule of few long paths, as many as we write into one",
           f"(deny file-write-unlink{_literals(16, 1000)})"),
    Acceptance(
        "seatbelt.md 4.7", MEDIUM, "a rule whose paths take more than 64 KiB is too long",
        f"{OPEN} (deny file-write-unlink{_literals(100, 1000)})", False,
        unread="our reader takes a longer rule, and the renderer divides it",
    ),
    _asked("seatbelt.md 4.7", "a rule of 1000 short paths",
           f"(deny file-write-unlink{_literals(1000, 40)})"),
    _asked("seatbelt.md 4.7", "3000 rules of a path each", "".join(
        f'(deny file-write-unlink (literal "/{number}")) ' for number in range(3000))),
    _asked("seatbelt.md 4.7", "500 regexes, each in a rule", "".join(
        f'(deny file-write-unlink (regex "^/{number}/[^/]+[.]x$")) ' for number in range(500))),
    _taken("seatbelt.py _MOST_INLINE", HIGH, "a text of 256 KiB fits into an argument", "".join(
        f"(deny file-write-unlink{_literals(16, 1000)}) " for _ in range(16))),
)  # fmt: skip


def run(bench: Bench) -> Iterator[Finding]:
    """Offers the texts, and then the names of operations that we know."""
    for each in TEXTS:
        bench.tell(each.belief)
        yield run_acceptance(each, bench)
    bench.tell("the names of operations")
    older = [name for name in OPERATIONS if name not in NEWER]
    unknown = _unknown(older, bench)
    belief = "every release from macOS 10.15 on has these operations"
    verdict = OTHERWISE if unknown else AS_BELIEVED
    yield Finding("operations.py", HIGH, belief, verdict, f"{len(older)} of them", unknown)
    for belief, names in (
        ("which operations of later releases this one has not", sorted(NEWER)),
        ("which other names of operations this release has not", list(OPERATION_ALIAS)),
    ):
        yield Finding("operations.py", HIGH, belief, FOUND, "", _unknown(names, bench))


def _unknown(names: list[str], bench: Bench) -> tuple[str, ...]:
    """Those names of operations with which a text is refused, and what is said of each."""
    if offered(Policy(f"{OPEN} (allow {' '.join(names)})"), bench)[0] == 0:
        return ()
    refused = []
    for name in names:
        status, said = offered(Policy(f"{OPEN} (allow {name})"), bench)
        if status != 0:
            refused.append(f"{name}: status {status}: {said}")
    return tuple(refused)
