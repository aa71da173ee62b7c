"""seatbelt.md 2, paths, and regexes (3.3) and strings (4.2): the experiments."""

from __future__ import annotations

from tools.mac_check.experiment import CLOSED, Experiment
from tools.mac_check.finding import HIGH, LOW, MEDIUM

_F = '(literal "{S}/d/f")'
_SHUT = f"(deny file-read-data {_F})"
_STRICT = "our reader refuses such a path: it fits nothing, if seatbelt.md is right"


def _shut(value: str, kind: str = "literal", operation: str = "file-read-data") -> str:
    return f'(deny {operation} ({kind} "{value}"))'


WHICH_NAME = (
    Experiment(
        "seatbelt.md 2.1", HIGH, "a rule on a path through a link is for nothing",
        _shut("{S}/link/f"), ("allow read link/f", "allow read d/f"), control=_SHUT,
    ),
    Experiment(
        "seatbelt.md 2.1", HIGH, "a rule on the real path is for all ways to it", _SHUT,
        ("deny read link/f", "deny read flink", "deny read d/f"),
    ),
    Experiment(
        "seatbelt.md 2.1", HIGH, "a rule on /etc/hosts is for nothing: /etc is a link",
        _shut("/etc/hosts"), ("allow read /etc/hosts",), control=_shut("/private/etc/hosts"),
    ),
    Experiment(
        "seatbelt.md 2.1", HIGH, "a rule on /private/etc/hosts is for /etc/hosts",
        _shut("/private/etc/hosts"), ("deny read /etc/hosts", "deny read /private/etc/hosts"),
    ),
    Experiment(
        "host.py _FIRMLINKS", MEDIUM, "a file has one name: that without /System/Volumes/Data",
        _SHUT, ("deny read /System/Volumes/Data{S}/d/f",),
    ),
    Experiment(
        "seatbelt.md 2.2", HIGH, "looking at a link is file-read-metadata on its own name",
        _shut("{S}/link", operation="file-read-metadata"),
        ("deny stat link", "deny readlink link", "allow stat d"),
        control=_shut("{S}/d", operation="file-read-metadata"),
    ),
    Experiment(
        "seatbelt.md 2.2", HIGH, "following a link takes file-read-metadata on it",
        _shut("{S}/link", operation="file-read-metadata"), ("deny read link/f",),
    ),
    Experiment(
        "seatbelt.md 2.2", HIGH, "reading a link is no file-read-data", _shut("{S}/link"),
        ("allow readlink link",), control=_shut("{S}/link", operation="file-read-metadata"),
    ),
    Experiment(
        "seatbelt.md 2.3", MEDIUM, "the directories above a file need nothing",
        '(deny file-read* file-read-data file-read-metadata (literal "{S}/d") (literal "{S}"))',
        ("allow read d/f", "allow stat d/f"),
        control='(deny file-read-data file-read-metadata (literal "{S}/d/f"))',
    ),
    Experiment(
        "seatbelt.md 2.4", HIGH, "literal of a directory lets it be listed, its files not be read",
        '(deny file-read-data (subpath "{S}/d")) (allow file-read-data (literal "{S}/d"))',
        ("allow list d", "deny read d/f"), control=_shut("{S}/d"),
    ),
    Experiment(
        "seatbelt.md 2.4", HIGH, "metadata of a directory is not that of its files",
        '(deny file-read-metadata (subpath "{S}/d")) (allow file-read-metadata (literal "{S}/d"))',
        ("allow stat d", "deny stat d/f"),
        control=_shut("{S}/d", operation="file-read-metadata"),
    ),
)  # fmt: skip

# Rows of: confidence, belief, the filter's kind and value, what is closed, what stays open
_SHAPES = (
    ("seatbelt.md 2.5", HIGH, "subpath is the directory and what is below, and not /ab for /a",
     "subpath", "{S}/d", ("list d", "read d/f", "read d/sub/g"), ("read dx",)),
    ("seatbelt.md 2.5", HIGH, "(subpath \"/a/\") is what is below /a",
     "subpath", "{S}/d/", ("read d/f",), ("read dx",)),
    ("seatbelt.md 2.6", HIGH, "prefix is all that begins so",
     "prefix", "{S}/d", ("list d", "read d/f", "read dx"), ("read e",)),
    ("seatbelt.md 2.6", HIGH, "prefix of a part of a name",
     "prefix", "{S}/d/su", ("read d/sub/g",), ("read d/f",)),
    ("seatbelt.md 2.7", HIGH, "a rule holds for a file that is made later",
     "literal", "{S}/later", ("read later",), ("read e",)),
)  # fmt: skip
SHAPES = (
    *(
        Experiment(
            reference, confidence, belief, _shut(value, kind),
            (*(f"deny {step}" for step in closed), *(f"allow {step}" for step in open_)),
            control=" ".join(_shut(f"{{S}}/{step.split()[1]}") for step in open_),
        )
        for reference, confidence, belief, kind, value, closed, open_ in _SHAPES
    ),
    Experiment(
        "seatbelt.md 2.5", HIGH, '(subpath "/") is everything',
        _shut("/", "subpath", "file-write-unlink"), ("deny unlink d/f",),
    ),
    Experiment(
        "seatbelt.md 2.5", LOW, '(subpath "/a/") and /a itself', _shut("{S}/d/", "subpath"),
        ("? list d",),
    ),
    Experiment(
        "seatbelt.md 2.5", LOW, '(literal "/a/") and /a', _shut("{S}/d/"), ("? list d",),
    ),
    Experiment(
        "seatbelt.md 2.5", MEDIUM, "// in a path fits nothing", _shut("{S}//d/f"),
        ("allow read d/f",), control=_SHUT, unread=_STRICT,
    ),
    Experiment(
        "seatbelt.md 2.5", MEDIUM, "/./ in a path fits nothing", _shut("{S}/./d/f"),
        ("allow read d/f",), control=_SHUT, unread=_STRICT,
    ),
    Experiment(
        "seatbelt.md 2.5", MEDIUM, "/../ in a path fits nothing", _shut("{S}/d/../d/f"),
        ("allow read d/f",), control=_SHUT, unread=_STRICT,
    ),
)  # fmt: skip

MOVES = (
    Experiment(
        "seatbelt.md 2.8", HIGH, "moving a file is file-write-unlink on it",
        _shut("{S}/d/f", operation="file-write-unlink"), ("deny rename d/f new",),
    ),
    Experiment(
        "seatbelt.md 2.8", HIGH, "moving a file is file-write-create on its new name",
        _shut("{S}/new", operation="file-write-create"), ("deny rename d/f new",),
    ),
    Experiment(
        "seatbelt.md 2.8", HIGH, "that a file may not be read does not keep it from being moved",
        "(deny file-read* file-read-data file-read-xattr (literal \"{S}/d/f\"))",
        ("allow rename d/f new", "deny read d/f"),
        control=_shut("{S}/d/f", operation="file-write-unlink"),
    ),
    Experiment(
        "seatbelt.md 2.8", HIGH, "removing a file is file-write-unlink on it",
        _shut("{S}/d/f", operation="file-write-unlink"), ("deny unlink d/f",),
    ),
    Experiment(
        "seatbelt.md 2.8", HIGH, "a second name is file-link on the file",
        _shut("{S}/d/f", operation="file-link"), ("deny link d/f new",),
    ),
    Experiment(
        "seatbelt.md 2.8", HIGH, "a second name is file-write-create on that name",
        _shut("{S}/new", operation="file-write-create"), ("deny link d/f new",),
    ),
    Experiment(
        "seatbelt.md 2.8", LOW, "whether replacing a file by another takes file-write-unlink on it",
        _shut("{S}/later", operation="file-write-unlink"), ("? rename d/f later",),
    ),
    Experiment(
        "resolve.py _with_pins", HIGH, "a directory with a closed file in it can be moved",
        _SHUT, ("allow rename d new", "deny read d/f"),
        control=_shut("{S}/d", operation="file-write-unlink"),
    ),
    Experiment(
        "resolve.py _with_pins", HIGH, "a pin keeps a directory from being moved",
        _shut("{S}/d", operation="file-write-unlink file-write-create"),
        ("deny rename d new", "allow rename d/f new"),
        control=_shut("{S}/d/f", operation="file-write-unlink"),
    ),
    Experiment(
        "copying.py", HIGH, "a clone of a directory is file-clone on it",
        _shut("{S}/d", operation="file-clone"), ("deny clone d new", "allow clone d/f new"),
        control=_shut("{S}/d/f", operation="file-clone"),
    ),
    Experiment(
        "copying.py", MEDIUM, "a clone of a directory does not ask for what is in it", _SHUT,
        ("allow clone d new", "deny read d/f"), control=_shut("{S}/d", operation="file-clone"),
    ),
    Experiment(
        "copying.py", MEDIUM, "a clone of a file asks for file-clone on it",
        _shut("{S}/d/f", operation="file-clone"), ("deny clone d/f new",),
    ),
    Experiment(
        "copying.py", LOW, "whether a file that may not be read can be cloned", _SHUT,
        ("? clone d/f new",),
    ),
    Experiment(
        "copying.py", HIGH, "a clone is file-write-create on its name",
        _shut("{S}/new", operation="file-write-create"), ("deny clone d/f new",),
    ),
)  # fmt: skip

_CAFE = "caf\u00e9"  # the tree has this name so, as one character
_APART = "cafe\u0301"
SPELLING = (
    Experiment(
        "seatbelt.md 2.9", LOW, "a file under another spelling is known by its stored one",
        _shut("{S}/Mixed"), ("deny read mixed", "deny read MIXED"),
        unread="our models take paths as they are asked for",
    ),
    Experiment(
        "seatbelt.md 2.9", LOW, "a rule with another spelling than the stored one is for nothing",
        _shut("{S}/mixed"), ("allow read Mixed",), control=_shut("{S}/Mixed"),
    ),
    Experiment(
        "seatbelt.md 2.9", LOW, "a regex with another spelling is for nothing",
        _shut("^{R}/mixed$", "regex"), ("allow read Mixed",), control=_shut("{S}/Mixed"),
    ),
    Experiment(
        "resolve.py _with_spellings", LOW, "what is made is known by the spelling it is made with",
        _shut("{S}/new", operation="file-write-create"), ("allow create NEW", "deny create new"),
        control=_shut("{S}/NEW", operation="file-write-create"),
    ),
    Experiment(
        "resolve.py _any_case", MEDIUM, "a class for each letter denies each spelling",
        _shut("^{R}/[nN][eE][wW]$", "regex", "file-write-create"),
        ("deny create NEW", "deny create new", "deny create nEw"),
    ),
    Experiment(
        "seatbelt.md 2.9", LOW, "an accent as a part of its letter",
        _shut(f"{{S}}/{_CAFE}"), (f"deny read {_CAFE}",),
    ),
    Experiment(
        "seatbelt.md 2.9", LOW, "an accent apart from its letter, where the file has it as a part",
        _shut(f"{{S}}/{_APART}"), (f"? read {_CAFE}", f"? read {_APART}"),
        unread="our models compare characters",
    ),
    Experiment(
        "seatbelt.md 2.9", LOW, "a file asked for with its accent apart, denied with it as a part",
        _shut(f"{{S}}/{_CAFE}"), (f"? read {_APART}",),
        unread="our models compare characters",
    ),
)  # fmt: skip

# confidence, pattern behind ^{R}/, what it fits, what it does not fit
_PATTERNS = (
    (HIGH, "d/.$", "d/f", "e"), (HIGH, ".*/g$", "d/sub/g", "d/f"), (HIGH, "d/f+$", "d/f", "d/x"),
    (HIGH, "dx?$", "dx", "e"), (HIGH, "d/(f|q)$", "d/f", "d/x"), (HIGH, "d/[fg]$", "d/f", "d/x"),
    (HIGH, "d/[^f]$", "d/x", "d/f"), (HIGH, "d/[a-g]$", "d/f", "d/x"),
    (HIGH, "[^/]+/f$", "d/f", "d/sub/g"), (HIGH, "d(/|$)", "d/f", "dx"),
    (HIGH, "d/(sub/)?g$", "d/sub/g", "d/x"), (HIGH, "d/([^/]+/)*g$", "d/sub/g", "d/x"),
    (HIGH, "d/[.f]$", "d/f", "d/x"), (HIGH, r"d/\\.?f$", "d/f", "d/x"), (HIGH, "e", "e", "d/f"),
    (HIGH, "(.*/)?[fF]$", "d/f", "d/x"),
    (MEDIUM, "[a-z]{1}/f$", "d/f", "d/x"),
)  # fmt: skip
# The same of which nobody knows; our reader passes them on unread.
_UNKNOWN = (r"d/\\w$", r"d/\\bf$", r"d/[[:alpha:]]$", "d/(?:f)$", r"d/[^\\d]$", "d/f{1,2}$")
REGEXES = (
    *(
        Experiment(
            "seatbelt.md 3.3", confidence, f"regex {pattern}", _shut("^{R}/" + pattern, "regex"),
            (f"deny {'list' if fits == 'd' else 'read'} {fits}", f"allow read {other}"),
            control=_shut(f"{{S}}/{other}"),
        )
        for confidence, pattern, fits, other in _PATTERNS
    ),
    *(
        Experiment(
            "seatbelt.md 3.3", LOW, f"regex {pattern}", _shut("^{R}/" + pattern, "regex"),
            ("? read d/f", "? read e"), unread="a construct that nobody was seen to use",
        )
        for pattern in _UNKNOWN
    ),
    Experiment(
        "seatbelt.md 3.3", HIGH, "a regex without ^ and $ is found anywhere",
        _shut("/d/s", "regex"), ("deny read d/sub/g", "allow read d/f"), control=_SHUT,
    ),
    Experiment(
        "seatbelt.md 3.3", HIGH, '#"..." hands a backslash on as it is',
        r'(deny file-read-data (regex #"^{R}/d/\.?f$"))', ("deny read d/f", "allow read d/x"),
        control=_shut("{S}/d/x"),
    ),
)  # fmt: skip

STRINGS = (
    Experiment(
        "seatbelt.md 4.2", HIGH, r'\" and \\ in a string, and all other signs, stand for themselves',
        _shut("{S}/odd/{ODD}"), ("deny read odd/{ODD}", "allow read d/f"), control=_SHUT,
    ),
    Experiment(
        "seatbelt.md 4.2", MEDIUM, "signs beyond ASCII pass as UTF-8",
        _shut(f"{{S}}/{_CAFE}"), (f"deny read {_CAFE}",),
    ),
    Experiment(
        "seatbelt.md 4.2", MEDIUM, r"\x66 in a string is f", _shut(r"{S}/d/\x66"),
        ("deny read d/f",),
    ),
    Experiment(
        "render.py _path", HIGH, "(string-append HOME ...) with a define",
        '(define HOME "{S}") (deny file-read-data (literal (string-append HOME "/d/f")))',
        ("deny read d/f",),
    ),
    Experiment(
        "seatbelt.md 4.3", HIGH, '(param "X") is what -D X=... says',
        '(deny file-read-data (literal (param "X")))', ("deny read d/f",),
        params=(("X", "{S}/d/f"),),
    ),
    Experiment(
        "seatbelt.md 4.4", HIGH, "imported rules take part like those of the text",
        '(import "{S}/extra.sb")', ("deny read d/f", "deny read d/x"),
        unread="a text that imports is passed on unread",
    ),
    Experiment(
        "seatbelt.md 4.4", HIGH, "a later rule wins over an imported one",
        f'(import "{{S}}/extra.sb") (allow file-read-data {_F})', ("allow read d/f",),
        control='(import "{S}/extra.sb")', unread="a text that imports is passed on unread",
    ),
    Experiment(
        "seatbelt.md 4.5", HIGH, "modifiers of the log do not change an answer",
        f'(deny file-read-data {_F} (with message "a message"))'
        ' (deny file-read-data (literal "{S}/d/x") (with no-log))'
        ' (deny file-read-data (literal "{S}/e") (with no-report))',
        ("deny read d/f", "deny read d/x", "deny read e"),
    ),
    Experiment(
        "seatbelt.md 4.5", HIGH, "(with no-sandbox) lets a program leave the sandbox",
        f'{_SHUT} (allow process-exec* (literal "/bin/cat") (with no-sandbox))',
        ("allow exec /bin/cat {S}/d/f",), control=_SHUT,
        unread="a modifier that may change the answer is not passed on",
    ),
    Experiment(
        "seatbelt.md 1.4", HIGH, "a policy of ours closes file-link, and opens it by path",
        '(deny file-link) (allow file-link file-write* (subpath "{S}"))',
        ("allow link d/f new",),
        control='(deny file-link) (allow file-write* (subpath "{S}"))', base=CLOSED,
    ),
)  # fmt: skip
EXPERIMENTS = (*WHICH_NAME, *SHAPES, *MOVES, *SPELLING, *REGEXES, *STRINGS)
