"""What people's SBPL files become: rules like all others, or an error that names the place."""

from __future__ import annotations

import time

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import DENY, Filter, Grant, Opaque, Origin, Tier
from safehouse.sbpl.render import render
from safehouse.sources import command_line
from safehouse.sources.appended import MOST_BYTES, Appended, profile
from tests.fake_host import linux, mac
from tests.seatbelt_models import MODELS

HOST = mac("docs/x", "src/project/.env", links={"to-docs": "docs"})
HOME = HOST.home
WORK = HOST.cwd
FILE = "/Users/me/my.sb"
ORIGIN = Origin(Tier.BASE, "a test", "a reason")


def read(text, tier=Tier.APPENDED, workdir=WORK, **more):
    data = text if isinstance(text, bytes) else text.encode()
    return profile(data, FILE, tier, HOST, workdir, **more)


def filters(expressions, workdir=WORK):
    return [
        (grant.filter.kind, grant.filter.value)
        for grant in read(f"(allow file-read* {expressions})", workdir=workdir).grants
    ]


def error(text, **more):
    with pytest.raises(UserError) as caught:
        read(text, **more)
    return caught.value.message


def policy_of(*texts, host=HOST):
    grants = [g for text in texts for g in profile(text.encode(), FILE, 8, host, host.cwd).grants]
    return resolve(grants, host, host.cwd)


# Rules


def test_rules_become_grants_of_the_tier_in_order():
    found = read(
        ';; what I need\n(allow file-read* (subpath "/a"))\n(deny file-write* (literal "/b")) ; no\n'
        '(deny file-read* (with message "m") (literal "/c"))\n'
    )
    assert [(g.action, g.operations, g.filter.value, g.message) for g in found.grants] == [
        ("allow", ("file-read*", "file-test-existence", "file-clone"), "/a", ""),
        ("deny", ("file-write*", "file-link"), "/b", ""),
        (
            "deny",
            ("file-read*", "file-test-existence", "file-clone", "file-link", "file-write-unlink"),
            "/c",
            "m",
        ),
    ]
    assert [str(g.origin) for g in found.grants] == [
        f"{FILE}:2 (appended): what I need",
        f"{FILE}:3 (appended): no",
        f"{FILE}:4 (appended): an appended profile",
    ]
    assert (found.environment, found.notes) == ((), ())


def test_a_repository_s_profile_is_of_its_tier():
    (grant,) = read('(allow file-read* (subpath "/a"))', Tier.REPOSITORY).grants
    assert str(grant.origin) == f"{FILE}:1 (repository): a profile that this repository brings"


def test_version_and_the_closed_default_change_nothing():
    assert read("(version 1)\n") == Appended(())
    (grant,) = read("(version 1) (deny default)").grants
    assert (grant.operations, grant.filter) == (("default",), None)


def test_alternatives_are_rules_of_their_own():
    """Then the mounts of Linux can keep them."""
    text = '(require-any (literal "/a") (require-any (subpath "/b") (literal "/c")))'
    assert filters(text) == [("literal", "/a"), ("subpath", "/b"), ("literal", "/c")]


def test_paths_become_real_and_can_be_reached():
    policy = policy_of('(allow file-read* (home-subpath "/to-docs"))')
    assert policy.decide(Access("file-read-data", f"{HOME}/docs/x")).allowed
    assert policy.decide(Access("file-read-metadata", f"{HOME}/to-docs")).allowed


def test_a_refusal_of_reading_is_for_what_is_there():
    """What the confined program makes later, it knows; what it may not make is another matter."""
    kinds = [g.existing_only for g in read(
        '(deny file-read* (literal "/a")) (deny file-write* (literal "/b"))'
        '(deny file-read* file-write* (literal "/c")) (allow file-read* (literal "/d"))'
    ).grants]  # fmt: skip
    assert kinds == [True, False, False, False]


@pytest.mark.parametrize("operation", ["file-read*", "file-read-data", "file*"])
def test_what_is_refused_gets_no_other_name(operation):
    """Under it, it would be what the working directory's rules say."""
    work = command_line.grant(WORK, "the directory")
    rules = read(f'(deny {operation} (workdir-literal "/.env"))').grants
    text = render(resolve((work, *rules), HOST, WORK))
    for model in MODELS:
        for way in ("file-read-data", "file-clone", "file-link", "file-write-unlink"):
            assert model.decide(text, way, f"{WORK}/.env") == "deny", way
            assert model.decide(text, way, f"{WORK}/other") == "allow"
        assert model.decide(text, "file-write-unlink", WORK) == "deny"


def test_what_is_allowed_can_be_looked_for():
    """SBPL allows it unless a rule says otherwise, and ours does."""
    base = Grant(DENY, ("file-test-existence", "file-clone", "file-link"), None, ORIGIN)
    rules = read('(allow file-read* (subpath "/a")) (allow file-write* (subpath "/a"))').grants
    policy = resolve((base, *rules), HOST, WORK)
    for operation in ("file-test-existence", "file-clone", "file-link"):
        assert policy.decide(Access(operation, "/a/b")).allowed
        assert not policy.decide(Access(operation, "/b")).allowed


# Names of agent-safehouse's base profile


@pytest.mark.parametrize(
    "expression, kind, path",
    [
        ("(subpath HOME_DIR)", "subpath", HOME),
        ("(subpath DATA_HOME_DIR)", "subpath", f"/System/Volumes/Data{HOME}"),
        ('(home-subpath "/.x")', "subpath", f"{HOME}/.x"),
        ('(home-subpath "")', "subpath", HOME),
        ('(home-literal "/.x")', "literal", f"{HOME}/.x"),
        ('(home-prefix "/.x")', "prefix", f"{HOME}/.x"),
        ('(data-home-subpath "/x")', "subpath", f"/System/Volumes/Data{HOME}/x"),
        ('(data-home-literal "/x")', "literal", f"/System/Volumes/Data{HOME}/x"),
        ("(subpath WORK_DIR)", "subpath", WORK),
        ('(literal (workdir-path "/x"))', "literal", f"{WORK}/x"),
        ('(workdir-subpath "/x")', "subpath", f"{WORK}/x"),
        ('(workdir-literal "/x")', "literal", f"{WORK}/x"),
        ('(workdir-prefix "/x")', "prefix", f"{WORK}/x"),
        ('(subpath (string-append HOME_DIR "/a/" "b"))', "subpath", f"{HOME}/a/b"),
        ('(if (string=? WORK_DIR "/") (subpath "/a") (literal "/b"))', "literal", "/b"),
    ],
)
def test_names_that_profiles_rely_on(expression, kind, path):
    assert filters(expression) == [(kind, path)]


def test_a_root_as_working_directory_gives_no_double_slash():
    text = '(workdir-subpath "/x") (workdir-literal "") (subpath WORK_DIR) (literal (workdir-path "/y"))'
    assert [path for _, path in filters(text, "/")] == ["/x", "/", "/", "/y"]


@pytest.mark.parametrize(
    "expression",
    [
        "(subpath WORK_DIR)",
        '(workdir-subpath "/x")',
        '(workdir-literal "/x")',
        '(workdir-prefix "/x")',
        '(literal (workdir-path "/x"))',
    ],
)
def test_without_a_working_directory_its_names_are_errors_at_their_place(expression):
    message = error(f"(version 1)\n(allow file-read*\n  {expression})", workdir="")
    assert message.startswith(f"{FILE}:3:")
    assert message.endswith("there is no working directory")
    column = int(message.split(":")[2])
    assert expression[column - 3 :].lstrip("(").startswith(("WORK_DIR", "workdir-"))


def test_a_function_of_the_file_may_use_them():
    text = '(define (mine name) (home-subpath name)) (allow file-read* (mine "/x"))'
    assert read(text).grants[0].filter == Filter("subpath", f"{HOME}/x")


def test_a_copy_of_the_base_profile_is_harmless():
    text = f"""\
(define HOME_DIR "{HOME}")
(define DATA_HOME_DIR (string-append "/System/Volumes/Data" HOME_DIR))
(define (home-subpath x) (subpath (string-append HOME_DIR x)))
(define WORK_DIR "{WORK}")
(define (workdir-path x) (string-append (if (string=? WORK_DIR "/") "" WORK_DIR) x))
(define (workdir-literal x) (literal (workdir-path x)))
(deny file-read* (workdir-literal "/.env") (home-subpath "/.x"))
"""
    assert [g.filter.value for g in read(text).grants] == [f"{WORK}/.env", f"{HOME}/.x"]
    read("(define WORK_DIR #f)", workdir="")


@pytest.mark.parametrize(
    "text, column",
    [
        ('(define HOME_DIR "/Users/you")', 9),
        ("(define (home-subpath x) (literal (string-append HOME_DIR x)))", 10),
        ("(define (home-subpath . x) (subpath HOME_DIR))", 10),
        ('(import "system.sb") (define HOME_DIR "/")', 30),
    ],
)
def test_another_meaning_of_such_a_name_is_an_error(text, column):
    message = error(text)
    assert message.startswith(f"{FILE}:1:{column}: ")
    assert "is defined already, as (define" in message


@pytest.mark.parametrize(
    "expression, column, said",
    [
        ('(home-subpath ".x")', 33, "'.x' does not begin with /"),
        ("(home-subpath)", 19, "home-subpath takes 1 argument"),
        ('(home-subpath "/a" "/b")', 19, "takes 1 argument"),
        ("(home-subpath #f)", 33, "expected a string"),
        ('(home-subpath "/../you")', 33, "fits no path"),
        ("(subpath home-subpath)", 19, ""),
        ('(subpath "~/x")', 28, "'~/x' is no absolute path"),
        ('(literal "x")', 28, "'x' is no absolute path"),
        ('(require-not (prefix "x"))', 40, "'x' is no absolute path"),
        ('(subpath "/a/../b")', 28, "'/a/../b' fits no path"),
        ('(subpath "/a//b")', 28, "'/a//b' fits no path"),
        ('(subpath "/' + "x/" * 3000 + '")', 28, "more than 4096 characters"),
        ('(regex "^~/x")', 26, "fits no path"),
        ('(regex "^Users")', 26, "fits no path"),
    ],
)
def test_a_path_that_can_fit_nothing_is_an_error(expression, column, said):
    """A refusal of it would refuse nothing, and nobody would notice."""
    if not said:
        assert isinstance(read(f"(allow file-read* {expression})").grants[0], Opaque)
        return
    message = error(f"(allow file-read* {expression})")
    assert message.startswith(f"{FILE}:1:{column}: ")
    assert said in message


@pytest.mark.parametrize("pattern", ["/@types/", "a~b", "/~", "@~", "~@", "^/@x"])
def test_a_regex_is_not_taken_for_a_placeholder(pattern):
    host = linux()
    grants = profile(f'(deny file-read* (regex #"{pattern}"))'.encode(), FILE, 8, host, host.cwd)
    (rule,) = [r for r in resolve(grants.grants, host, host.cwd).rules if r.action == DENY]
    assert rule.filter.value.replace("((", "").replace("))", "") == pattern


# What is not understood


def test_it_keeps_its_place():
    found = read(
        '(allow file-read* (subpath "/a"))\n(import "system.sb")\n(deny file-read* (subpath "/b"))'
    )
    assert [type(grant) for grant in found.grants] == [Grant, Opaque, Grant]
    assert found.grants[1].text == '(import "system.sb")'
    assert str(found.grants[1].origin) == f"{FILE}:2 (appended): an appended profile"


def test_it_brings_the_definitions_that_it_uses():
    (opaque,) = read('(if #t (deny file-read* (workdir-literal "/.env")))').grants
    assert opaque.text == (
        f'(define (workdir-path name) (string-append "{WORK}" name))\n'
        "(define (workdir-literal name) (literal (workdir-path name)))\n"
        '(if #t (deny file-read* (workdir-literal "/.env")))'
    )
    (opaque,) = read("(if WORK_DIR (allow default))", workdir="").grants
    assert opaque.text.startswith("(define WORK_DIR #f)\n")


# Not understood by us, but by the models: a function of filters.
_OPAQUE = "(define (same f) (require-any f)) ({} file-read* (same {}))"


def test_two_files_may_give_a_name_two_values():
    """Each form has the values of its own file, whatever is in between."""
    policy = policy_of(
        '(deny default) (define x "/a")' + _OPAQUE.format("allow", "(subpath x)"),
        '(define x "/b")' + _OPAQUE.format("allow", "(home-literal x)"),
        '(define x "/c") (deny file-read* (subpath x))' + _OPAQUE.format("deny", "(literal x)"),
    )
    assert len(policy.opaque) == 3
    text = render(policy)
    for model in MODELS:
        assert model.decide(text, "file-read-data", "/a/y") == "allow"
        assert model.decide(text, "file-read-data", f"{HOME}/b") == "allow"
        for path in ("/b", "/c", "/c/y", f"{HOME}/a"):
            assert model.decide(text, "file-read-data", path) == "deny", path


def test_what_is_protected_comes_after_it():
    """Whatever an appended file says, in words that we understand or in others."""
    closed = Grant(
        DENY,
        ("file-write*",),
        Filter("literal", f"{HOME}/.zshrc"),
        Origin(Tier.PROTECTED, "safehouse", "started by your shell"),
    )
    text = """\
(deny default)
(define HOME "/x")
(define (same f) (require-any f))
(allow file-write* (home-subpath ""))
(allow file-write-data (subpath "/"))
(allow file-write-unlink file-write* (same (home-literal "/.zshrc")))
"""
    grants = profile(text.encode(), FILE, Tier.APPENDED, HOST, WORK).grants
    policy = resolve((*grants, closed), HOST, WORK)
    assert policy.opaque
    text = render(policy)
    for model in MODELS:
        for operation in ("file-write-data", "file-write-unlink", "file-write-create"):
            assert model.decide(text, operation, f"{HOME}/.zshrc") == "deny"
        assert model.decide(text, "file-write-data", f"{HOME}/other") == "allow"


@pytest.mark.parametrize(
    "text",
    [
        '(if #t (allow file-read* (subpath "/x")))',
        '(import "system.sb")',
        '(allow file-read* (regex #"(a+)+$"))',
        "(allow process-exec* (with no-sandbox))",
        "(define x (list 1))",
    ],
)
def test_a_repository_must_be_understood(text):
    assert error(f"\n {text}", tier=Tier.REPOSITORY) == f"{FILE}:2:2: this form is not understood"


@pytest.mark.parametrize(
    "text",
    [
        '(import "/Users/me/src/project/x.sb")',
        '(import "../../../Users/me/x.sb")',
        '(import (string-append "/Users" "/x.sb"))',
        '(let ((i import)) (i "/x.sb"))',
        '(if #t (import "/x.sb"))',
        "(if #t (import system))",
    ],
)
def test_no_file_is_read_that_nobody_looked_at(text):
    """Who is confined could have written it: it can take the rest of the policy out of force."""
    assert "import" in error(text)


def test_a_value_that_may_have_changed_is_not_used():
    found = read('(import "system.sb") (deny file-read* (home-subpath "/x"))').grants
    assert [type(grant) for grant in found] == [Opaque, Opaque]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "default",
        '(home-subpath "")',
        "(subpath HOME_DIR)",
        '(subpath "/")',
        '(subpath "/Users")',
        '(subpath "/nowhere" "/")',
        "(subpath DATA_HOME_DIR)",
        '(subpath "/System/Volumes/Data")',
        '(subpath (workdir-path "/up"))',
        '(prefix "/")',
        '(prefix "/Users/m")',
        '(home-prefix "/")',
        '(regex "^/")',
        '(regex "/[^/]+$")',
        '(regex (string-append "^" HOME_DIR "/"))',
        '(require-all (subpath "/") (require-not (home-literal "/y")))',
        '(require-any (literal "/a") (require-all (vnode-type REGULAR-FILE)))',
        '(require-not (literal "/a"))',
        "(vnode-type REGULAR-FILE)",
    ],
)
@pytest.mark.parametrize("operation", ["file-read*", "file-write*", "file-read-metadata"])
def test_no_project_opens_the_home_as_a_whole(expression, operation):
    host = mac("src/project/a", links={"src/project/up": "../.."})
    text = f"(deny default)\n(allow {operation}\n {expression})"
    with pytest.raises(UserError) as caught:
        profile(text.encode(), FILE, Tier.REPOSITORY, host, host.cwd)
    line = 3 if expression[:1] == "(" else 2
    assert caught.value.message.startswith(f"{FILE}:{line}: no project can open this: ")
    assert caught.value.hint == "name the directories that it needs"
    assert profile(text.encode(), FILE, Tier.APPENDED, host, host.cwd).grants


def test_no_project_opens_all_sockets():
    for filter in ('(subpath "/")', '(regex "^/")', '(require-not (literal "/a"))'):
        text = f"(allow network-outbound {filter})"
        assert "no project can open this" in error(text, tier=Tier.REPOSITORY)


@pytest.mark.parametrize(
    "rule",
    [
        '(deny file-read* (subpath "/"))',
        "(deny file-read*)",
        "(allow sysctl-read)",
        "(allow network*)",
        '(allow network-outbound (require-all (remote tcp "*:443") (require-not (remote ip4))))',
        "(allow file-read* (subpath WORK_DIR))",
        '(allow file-read* (home-subpath "/.ssh") (home-literal "/x"))',
        '(allow file-read* (require-any (home-subpath "/.ssh") (home-literal "/x")))',
        '(allow file-read* (literal "/") (home-literal ""))',
        '(allow file-read* (subpath "/usr") (prefix "/Users/me/src/"))',
        '(allow file-read* (require-all (workdir-subpath "") (vnode-type REGULAR-FILE)))',
        '(allow file-read* (regex (string-append "^" HOME_DIR "/[.]x")))',
    ],
)
def test_what_a_project_may_say(rule):
    assert read(rule, Tier.REPOSITORY).grants


# Mistakes

_DEEP = 100_000


@pytest.mark.parametrize(
    "data, said",
    [
        (b'(allow file-raed* (subpath "/x"))', "1:8: unknown operation 'file-raed*', did you mean 'f"),
        (b'(allow file-read* (subpaht "/x"))', "1:20: unknown filter 'subpaht', did you mean 'subp"),
        (b'(allow file-read* (home-subpaht "/x"))', "1:20: unknown filter 'home-subpaht', did you"),
        (b'\n\n(allow file-read* (subpath "/x")', "3:1: a '(' without its ')'"),
        (b'(allow file-read* (subpath "/x))', "1:28: a string without its closing"),
        (b"(allow file-read* /x)", "1:19: unknown operation '/x'"),
        ("(allow file-read* (subpath \u201c/x y\u201d))".encode(), "1:28: a typographic quotation"),
        ("(deny default)".encode("utf-16"), "1:1: text in UTF-16"),
        ("(deny default)".encode("utf-16-be"), "1:1: text in UTF-16"),
        ("(deny default)".encode("utf-16-le"), "1:1: text in UTF-16"),
        (b"(deny\0 default)", "1:6: unexpected character U+0000"),
        (b"; \xc3\xa9\n; \xc3\xa9 \xff", "2:5: not text in UTF-8"),
        (b"\xef\xbb\xbf\xff", "1:1: not text in UTF-8"),
        (b"; a comment\r(deny default)", "1:12: a carriage return"),
        (b"(" * _DEEP, "1:64: more than 64 parentheses"),
        (b"(deny default)" + b")" * _DEEP, "1:15: a ')' without its '('"),
        (b'"' * 400_000, "1:1: expected a form"),
        (b"(allow default)" * 10 + b"(alow default)", "1:152: unknown form 'alow', did you mean 'all"),
        (b'(define (f x) (f x)) (allow file-read* (f "/a"))', "1:15: more than 80 expressions"),
        (b"(define a \"/aaaa\")" + b"(define a (string-append a a))" * 60, ": a string of more than"),
    ],
)  # fmt: skip
def test_a_mistake_is_an_error_with_its_place(data, said):
    start = time.process_time()
    message = error(data)
    assert time.process_time() - start < 10
    assert message.startswith(f"{FILE}:")
    assert said in message


def test_a_file_that_is_none_of_ours_is_refused_by_its_size():
    start = time.process_time()
    assert error(b"x" * 10_000_000) == f"{FILE}: larger than {MOST_BYTES >> 10} KiB"
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf(allow file-read* (subpath "/x"))',
        b'\r\n; a\r\n(allow\tfile-read*\r\n\t(subpath "/x")) ; why\r\n',
        b'(allow file-read* (subpath "/x"))',
        b'\f\v(allow file-read* (subpath "/x"))',
    ],
)
def test_what_editors_do_is_harmless(data):
    assert [grant.filter for grant in read(data).grants] == [Filter("subpath", "/x")]


@pytest.mark.parametrize(
    "line",
    [
        '(allow file-read* (regex #"^/some/where/%d/[^/]+[.]x$"))\n',
        '(allow file-read* (regex #"^/%d/(a+)+"))\n',
        '(allow file-read* (literal "/%d"))\n',
        '(let ((x "/%d")) (allow file-read* (literal x)))\n',
    ],
)
def test_the_largest_file_is_read_at_once(line):
    """Measured 0.6 s at most, each regex costing 0.1 ms; the bound is for slow machines."""
    text = ""
    count = 499 if "regex" in line else MOST_BYTES // (len(line) + 4)
    text = "".join(line % n for n in range(count))
    start = time.process_time()
    policy = policy_of(text) if "regex" in line else read(text)
    if "regex" in line:
        policy.decide(Access("file-read-data", "/some/where/else/x"))
    assert time.process_time() - start < 10


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "a*a*a*b", "(x{9}){9}"])
def test_a_regex_that_explodes_is_never_tried(pattern):
    start = time.process_time()
    policy = policy_of(f'(deny file-read* (regex #"{pattern}"))')
    policy.decide(Access("file-read-data", "/" + "a" * 60))
    assert len(policy.opaque) == 1
    assert time.process_time() - start < 10


def test_control_characters_of_comments_do_not_reach_the_terminal():
    (grant,) = read('(allow file-read* (subpath "/x")) ; \x9b31m\u202ered').grants
    assert str(grant.origin).isprintable()


# What agent-safehouse reads in comments


def test_defaults_of_variables():
    text = """\
;; $$exec-env-default=PLAIN=false$$
(version 1) ; text $$exec-env-default= SPACED = a b =c $$ more $$exec-env-default=EMPTY=$$
;; $$exec-env-default=PLAIN=later$$
(allow file-read* (literal "/$$exec-env-default=IN_A_STRING=1$$"))
"""
    assert read(text).environment == (("PLAIN", "later"), ("SPACED", "a b =c"), ("EMPTY", ""))


@pytest.mark.parametrize("pair", ["1X=2", "X", "=x", "A B=c", "\u00e4=1", "A-B=1"])
def test_a_default_of_what_is_no_variable_is_an_error(pair):
    assert error(f"\n  ; $$exec-env-default={pair}$$").startswith(f"{FILE}:2:5: not NAME=VALUE")


@pytest.mark.parametrize("name", ["PATH", "HOME", "SAFEHOUSE_SANDBOX"])
def test_what_is_always_set_has_no_default(name):
    found = read(f"; $$exec-env-default={name}=/x$$")
    assert found.environment == ()
    assert found.notes == (f"{FILE}:1: {name} is always set, so its default has no effect",)


def test_a_profile_that_is_required_is_named_with_our_feature():
    text = "\n;; $$require=55-integrations-optional/docker.sb, 60-agents/x.sb,a/keychain.sb$$"
    notes = read(text, features=("docker", "ssh"), enabled=("keychain",)).notes
    assert notes == (
        f"{FILE}:2: it builds on 55-integrations-optional/docker.sb, which is not loaded; ours of "
        "that name: --enable=docker",
        f"{FILE}:2: it builds on 60-agents/x.sb, which is not loaded, and no feature has that name",
    )


def test_other_words_between_dollars_are_comments():
    assert read("; $$command=claude$$ $$ a = b $$").notes == ()


def test_a_refusal_without_a_filter_says_what_it_does_not_do():
    (note,) = read("\n(deny network*)").notes
    assert note.startswith(f"{FILE}:2: (deny network*) has no filter")
    assert "--network=none" in note
    assert read("(deny default) (allow network*)").notes == ()
