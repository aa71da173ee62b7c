"""profile_file: what is right becomes a record, what is not is refused with file and line."""

# ruff: noqa: E501  (a case stands on one line)

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.sources.profile import Profile, profile_of
from safehouse.sources.profile_file import load


def refusal(text: str | bytes, known: frozenset[str] = frozenset()) -> str:
    with pytest.raises(UserError) as caught:
        load(text, "p.yaml", known)
    return caught.value.message


def of_rule(rule: str) -> str:
    """A file with one rule, which begins in line FIRST."""
    first, *others = rule.splitlines()
    lines = [f"      - {first}", *(f"        {line}" for line in others)]
    return (
        "lists: {places: {/x: reason}}\n"
        "profiles:\n"
        "  used: {layer: core, summary: s, rules: [{allow: read, paths: places}]}\n"
        "  p:\n    layer: core\n    summary: s\n    rules:\n" + "\n".join(lines) + "\n"
    )


FIRST = 8


def grants(rule: str, platform: str = "linux") -> tuple[Grant, ...]:
    return profile_of(load(of_rule(rule), "p.yaml")["p"], platform).grants


def of_path(path: str) -> tuple[str, str]:
    filter = grants(f'allow: read\npaths:\n  "{path}": reason')[0].filter
    assert filter is not None
    return filter.kind, filter.value


# What is right


def test_a_profile_has_what_the_file_says() -> None:
    text = """\
profiles:
  codex:
    layer: agent
    summary: OpenAI Codex CLI
    commands: [codex, codex-cli]
    requires: [keychain]
    environment: {A: "1", linux: {B: x}, macos: {A: "2"}}
    arguments: {linux: [--disable, daemon]}
    rules:
      - allow: read write
        paths:
          ~/.codex/: state
"""
    record = load(text, "profiles.yaml", frozenset({"keychain"}))["codex"]
    operations = ("file-read*", "file-test-existence", "file-clone", "file-write*", "file-link")
    origin = Origin(Tier.PROFILE, "codex, profiles.yaml:12", "state")
    assert profile_of(record, "linux") == Profile(
        name="codex",
        layer="agent",
        summary="OpenAI Codex CLI",
        commands=("codex", "codex-cli"),
        requires=("keychain",),
        environment=(("A", "1"), ("B", "x")),
        arguments=("--disable", "daemon"),
        grants=(Grant(ALLOW, operations, Filter("subpath", "~/.codex"), origin),),
    )
    assert profile_of(record, "macos").environment == (("A", "2"),)
    assert profile_of(record, "macos").arguments == ()


def test_arguments_may_be_one_list_for_every_platform() -> None:
    text = "profiles: {p: {layer: agent, summary: s, arguments: [--safe]}}"
    record = load(text, "p.yaml")["p"]
    assert [profile_of(record, on).arguments for on in ("macos", "linux")] == [("--safe",)] * 2


def test_profiles_keep_the_order_of_the_file() -> None:
    text = "profiles:\n" + "".join(
        f"  {name}: {{layer: core, summary: s}}\n" for name in ("z", "a", "m")
    )
    assert list(load(text, "p.yaml")) == ["z", "a", "m"]


def test_a_record_is_a_constant() -> None:
    records = load(of_rule('allow: write\ncreate: {file: "{}\\n"}\npaths: {~/x: reason}'), "p.yaml")
    assert ast.literal_eval(repr(records)) == records


@pytest.mark.parametrize("layer", ["base", "system", "network"])
def test_the_lowest_layers_are_of_the_base_tier(layer: str) -> None:
    text = f"profiles: {{p: {{layer: {layer}, summary: s, rules: [{{deny: signal, reason: r}}]}}}}"
    assert profile_of(load(text, "p.yaml")["p"], "linux").grants[0].origin.tier == Tier.BASE


def test_a_rule_is_for_its_platform_only() -> None:
    rule = "allow: read\non: macos\npaths: {/x: reason}"
    assert len(grants(rule, "macos")) == 1
    assert grants(rule, "linux") == ()


@pytest.mark.parametrize(
    ("path", "kind", "value"),
    [
        ("~/.codex/", "subpath", "~/.codex"),
        ("~/.local/bin/codex*", "prefix", "~/.local/bin/codex"),
        ("~/.gitconfig", "literal", "~/.gitconfig"),
        ("~/with space/ü", "literal", "~/with space/ü"),
        ("/", "subpath", "/"),
        ("~/", "subpath", "~"),
        ("~", "literal", "~"),
        ("@TMPDIR/", "subpath", "@TMPDIR"),
        ("@LAUNCH_TMPDIR/", "subpath", "@LAUNCH_TMPDIR"),
        ("^@LAUNCH_TMPDIR/x$", "regex", "^@LAUNCH_TMPDIR/x$"),
        ("@CACHEDIR/x", "literal", "@CACHEDIR/x"),
        ("@SSH_AUTH_SOCK", "literal", "@SSH_AUTH_SOCK"),
        ("^/dev/ttys[0-9]+$", "regex", "^/dev/ttys[0-9]+$"),
        ("^~/[.]colima/([^/]+/)?docker[.]sock$", "regex", "^~/[.]colima/([^/]+/)?docker[.]sock$"),
        ("^@TMPDIR/(a|b)", "regex", "^@TMPDIR/(a|b)"),
    ],
)
def test_the_spelling_of_a_path_says_which_kind_it_is(path: str, kind: str, value: str) -> None:
    assert of_path(path) == (kind, value)


@pytest.mark.parametrize(
    ("path", "kind", "rest"),
    [("@SHARED_TMP/x", "literal", "/x"), ("@SHARED_TMP/x/", "subpath", "/x"), ("@SHARED_TMP/x-*", "prefix", "/x-"),
     ("@SHARED_TMP/", "subpath", ""), ("^@SHARED_TMP/x[0-9]$", "regex", "/x[0-9]$")],
)  # fmt: skip
def test_what_is_said_of_shared_temporary_files_is_said_of_each_place_of_them(
    path: str, kind: str, rest: str
) -> None:
    found = grants(f'deny: write\npaths: {{"{path}": reason}}')
    start = "^" if kind == "regex" else ""
    assert [grant.filter for grant in found] == [
        Filter(kind, f"{start}{place}{rest}") for place in ("/private/tmp", "@TMPDIR")
    ]
    assert len({grant.origin for grant in found}) == 1


def test_a_list_can_be_the_target_of_a_rule() -> None:
    (grant,) = grants("deny: socket\npaths: places")
    assert (grant.action, grant.filter) == (DENY, Filter("literal", "/x"))
    assert grant.origin.source == "p, p.yaml:1"


@pytest.mark.parametrize(
    ("rule", "filter"),
    [
        ("allow: mach-lookup\nglobal-name: {com.apple.x: r}", Filter("global-name", "com.apple.x")),
        ("allow: signal\ntarget: {same-sandbox: r}", Filter("target", "same-sandbox")),
        ("allow: connect\nremote: {ip: r}", Filter("remote", "ip")),
        ("allow: connect\nremote: {'tcp *:443': r}", Filter("remote", "tcp *:443")),
        ("allow: process-fork\nreason: r", None),
    ],
)
def test_targets_that_are_no_paths(rule: str, filter: Filter | None) -> None:
    assert grants(rule)[0].filter == filter


def test_other_names_of_an_operation_are_resolved() -> None:
    assert grants("allow: ipc-posix-sem\nreason: r")[0].operations == ("ipc-posix-sem*",)


def test_what_is_made_where_it_is_missing() -> None:
    assert grants("allow: write\ncreate: directory\npaths: {~/x/: r}")[0].create == "directory"
    for action in ("allow: read write", "deny: write", "deny: read write"):
        rule = action + '\ncreate: {file: "{}\\n"}\npaths: {~/x: r}'
        assert grants(rule)[0].create == "file:{}\n"


def test_links_are_followed_unless_the_rule_says_no() -> None:
    assert grants("allow: read\npaths: {/x: r}")[0].follow
    assert not grants("allow: read\nfollow: false\npaths: {/x: r}")[0].follow


def test_a_denial_may_be_for_what_exists_only() -> None:
    assert grants("deny: read\nexisting_only: true\npaths: {/x: r}")[0].existing_only
    assert not grants("deny: read\npaths: {/x: r}")[0].existing_only


# What is not


@pytest.mark.parametrize(
    ("rule", "line", "says"),
    [
        ("alow: read\npaths: {/x: r}", 0, "unknown key of a rule 'alow', did you mean 'allow'?"),
        ("allow: read\npahts: {/x: r}", 1, "did you mean 'paths'?"),
        ("allow: raed\npaths: {/x: r}", 0, "unknown operation 'raed', did you mean 'read'?"),
        ("allow: read wirte\npaths: {/x: r}", 0, "unknown operation 'wirte', did you mean 'write'?"),
        ("allow: mach-lokup\nreason: r", 0, "did you mean 'mach-lookup'?"),
        ("allow: read\non: macosx\npaths: {/x: r}", 1, "did you mean 'macos'? (allowed: macos, linux)"),
        ("allow: read\non: windows\npaths: {/x: r}", 1, "(allowed: macos, linux)"),
        ("allow: read\npaths: place", 1, "unknown list 'place', did you mean 'places'?"),
        ("allow: read\nglobal-name: {x: r}", 1, "file-read* does not take 'global-name' (allowed: paths"),
        ("allow: mach-lookup\npaths: {/x: r}", 1, "mach-lookup does not take 'paths' (allowed: global-name"),
        ("allow: signal read\npaths: {/x: r}", 1, "signal does not take 'paths' (allowed: target"),
        ("allow: read\nsubpath: {/x: r}", 1, "'subpath': write `paths`"),
        ("allow: signal\ntarget: {slef: r}", 1, "unknown target 'slef', did you mean 'self'?"),
        ("allow: connect\nremote: {'ip 10.0.0.1:80': r}", 1, "is no address (allowed: ip, tcp, udp"),
        ("allow: connect\nlocal: {ip: r}\nremote: {ip: r}", 2, "at most one kind of target"),
        ("deny: read\nallow: write\npaths: {/x: r}", 0, "one of `allow` and `deny`"),
        ("paths: {/x: r}", 0, "one of `allow` and `deny`"),
        ("allow: default\nreason: r", 0, "`default` may only be denied"),
        ("allow: process-fork", 0, "needs a `reason`"),
        ("allow: process-fork\nreason:", 1, "the reason is missing"),
        ("allow: process-fork\nreason: ''", 1, "the reason is missing"),
        ("allow: read\npaths: {/x: }", 1, "the reason for '/x' is missing"),
        ("allow: read\npaths: {/x: ' '}", 1, "the reason for '/x' is missing"),
        ("allow: read\npaths: {/x: 5}", 1, "must be a text: put '5' in quotes"),
        ("allow: read\npaths: {/x: [r]}", 1, "must be a text"),
        ('allow: read\npaths: {/x: "a\\n(allow default)"}', 1, "control or invisible character"),
        ('allow: read\npaths: {/x: "a\\u202eb"}', 1, "control or invisible character"),
        ("allow: read\nreason: r\npaths: {/x: r}", 1, "each target has its own"),
        ("allow: read\npaths: {}", 1, "`paths` is empty"),
        ("allow: read\npaths: [/x]", 1, "`paths` must be a mapping"),
        ("allow: read\npaths: {/x: r, /x: r}", 1, "duplicate key '/x'"),
        ("allow: read\nallow: write\npaths: {/x: r}", 1, "duplicate key 'allow'"),
        ("allow: [read]\npaths: {/x: r}", 0, "must be a text"),
        ("allow:\npaths: {/x: r}", 0, "`allow` is missing"),
        ("allow: file-lock\npaths: {/x: r}", 0, "'file-lock' is newer than macOS 10.15"),
        ("deny: iokit-open*\nreason: r", 0, "newer than macOS 10.15"),
        ("deny: write\ncreate: subdirectory\npaths: {/x/: r}", 1, "a `deny` has `create: directory`"),
        ("deny: read\ncreate: directory\npaths: {/x/: r}", 1, "`create` is for a rule about write"),
        ("allow: read\ncreate: directory\npaths: {/x/: r}", 1, "`create` is for a rule about write"),
        ("allow: write\ncreate: directory\npaths: {/x: r}", 1, "is for trees"),
        ("allow: write\ncreate: {file: ''}\npaths: {/x/: r}", 1, "is for single files"),
        ("allow: write\ncreate: dir\npaths: {/x/: r}", 1, "(allowed: directory, subdirectory)"),
        ("allow: write\ncreate: {flie: ''}\npaths: {/x: r}", 1, "did you mean 'file'?"),
        ("allow: write\ncreate: {}\npaths: {/x: r}", 1, "is empty"),
        ("allow: write\ncreate: {file: 5}\npaths: {/x: r}", 1, "a text in quotes"),
        ("allow: signal\nfollow: false\ntarget: {self: r}", 1, "`follow` is for a rule with `paths`"),
        ("allow: read\nfollow: nein\npaths: {/x: r}", 1, "must be true or false"),
        ("allow: read\nexisting_only: true\npaths: {/x: r}", 1, "is for a `deny` with `paths`"),
        ("allow: mach-lookup\nglobal-name-regex: {'a\\.b': r}", 1, "write a dot as [.]"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_where_it_stands(rule: str, line: int, says: str) -> None:
    message = refusal(of_rule(rule))
    assert message.startswith(f"p.yaml:{FIRST + line}: ")
    assert says in message


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (".ssh/id", "is not absolute (allowed at its start: /, ~/, @TMPDIR, @LAUNCH_TMPDIR, "
         "@SHARED_TMP, @CACHEDIR, @SSH_AUTH_SOCK)"),
        ("~root/x", "is not absolute"),
        ("$HOME/x", "is not absolute"),
        ("@TMPDR/x", "did you mean '@TMPDIR'?"),
        ("@TMPDIRx/", "is not absolute"),
        ("/a/../b", "it would never match"),
        ("/a/./b", "it would never match"),
        ("/a/..", "it would never match"),
        ("/a//b", "it would never match"),
        ("//", "it would never match"),
        ("~/a//", "it would never match"),
        ("/a/*", "a tree is written with / at its end"),
        ("~/*", "a tree is written with / at its end"),
        ("/*", "a tree is written with / at its end"),
        ("~*", "is not absolute"),
        ("@TMPDIR*", "a tree is written with / at its end"),
        ("/a/*/b", "a * that is not its end"),
        ("/a**", "a * that is not its end"),
        ("@SSH_AUTH_SOCK/", "is a socket"),
        (" /a", "begins or ends with a space"),
        ("/a\\tb", "control or invisible character"),
        ("/a\\0b", "control"),
        ("/a\\x85b", "control"),
        ("/" + "a" * 1005, "longer than 1000 characters"),
        ("^[.]ssh", "must begin with one of ^/, ^~/"),
        ("^~root/", "must begin with one of"),
        ("^/a\\\\.b", "write a dot as [.]"),
        ("^/a{2}", "write the repetition out"),
        ("^/(?i)a", "(?...)"),
        ("^/a.*?b", "lazy quantifier"),
        ("^/a++", "lazy quantifier"),
        ("^/a|/etc", "| outside of ( )"),
        ("^/[[:alpha:]]", "[ within [...]"),
        ("^/[]a]", "empty [...]"),
        ("^/(a", "is not one"),
        ("^/a)", "is not one"),
        ("^/[b-a]", "is not one"),
        ("^/[a--b]", "is not one"),
        ("^/" + "(" * 400 + ")" * 400, "nested deeper than"),
    ],
)  # fmt: skip
def test_a_wrong_path_is_refused(path: str, says: str) -> None:
    message = refusal(of_rule(f'allow: read\npaths:\n  "{path}": reason'))
    assert message.startswith(f"p.yaml:{FIRST + 2}: ")
    assert says in message


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("", "1", "is empty"),
        ("# only a comment\n", "1", "is empty"),
        ("- a\n", "1", "the file must be a mapping"),
        ("profile: {}\n", "1", "did you mean 'profiles'? (allowed: lists, profiles, project-secrets, sensitive)"),
        ("lists: {}\n", "1", "`profiles` is missing"),
        ("profiles:\n", "1", "profiles must be a mapping"),
        ("profiles: {p: }\n", "1", "profile p must be a mapping"),
        ("profiles:\n  p: {layer: agents, summary: s}\n", "2", "did you mean 'agent'? (allowed: base, "),
        ("profiles:\n  p: {layer: kernel, summary: s}\n", "2", "(allowed: base, system, network, "),
        ("profiles:\n  p: {summary: s}\n", "2", "has no `layer`"),
        ("profiles:\n  p: {layer: core}\n", "2", "has no `summary`"),
        ("profiles:\n  p: {layer: core, summary: }\n", "2", "is missing"),
        ("profiles:\n  p: {layer: core, summary: s, rule: []}\n", "2", "did you mean 'rules'?"),
        ("profiles:\n  p: {layer: core, summary: s, rules: {}}\n", "2", "rules must be a list"),
        ("profiles:\n  p: {layer: core, summary: s, rules: [x]}\n", "2", "a rule must be a mapping"),
        ("profiles:\n  P: {layer: core, summary: s}\n", "2", "the profile name 'P'"),
        ("profiles:\n  ../p: {layer: core, summary: s}\n", "2", "the profile name"),
        ("profiles:\n  5: {layer: core, summary: s}\n", "2", "in quotes"),
        ("profiles:\n  p: {layer: agent, summary: s, commands: [a b]}\n", "2", "a-z, 0-9"),
        ("profiles:\n  p: {layer: agent, summary: s, commands: a}\n", "2", "commands must be a list"),
        ("profiles:\n  p: {layer: feature, summary: s}\n", "2", "has no `weakens`"),
        ("profiles:\n  p:\n    layer: core\n    summary: s\n    weakens: w\n", "5", "`weakens` is for features"),
        ("profiles:\n  p: {layer: core, summary: s}\n  p: {layer: core, summary: s}\n", "3",
         "duplicate key 'p' in profiles, it is in line 2 too"),
        ("profiles:\n  p: {layer: core, summary: s, environment: {A-B: x}}\n", "2", "no name of a variable"),
        ("profiles:\n  p: {layer: core, summary: s, environment: {A: 1}}\n", "2", "put '1' in quotes"),
        ("profiles:\n  p: {layer: core, summary: s, environment: {linux: x}}\n", "2", "must be a mapping"),
        ("profiles:\n  p: {layer: core, summary: s, arguments: {win: [x]}}\n", "2", "(allowed: macos, linux)"),
        ("profiles:\n  p: {layer: core, summary: s, arguments: x}\n", "2", "must be a list"),
        ("lists: {a: {/x: r}}\nprofiles: {}\n", "1", "no rule uses the list 'a'"),
        ("lists: {a: {/x: r}, a: {/x: r}}\nprofiles: {}\n", "1", "duplicate key 'a'"),
        ("profiles:\n  a: {layer: agent, summary: s, commands: [x]}\n"
         "  b: {layer: agent, summary: s, commands: [x]}\n", "3", "duplicate command 'x': a has it"),
        ("profiles:\n  keychain: {layer: core, summary: s}\n"
         "  a: {layer: core, summary: s, requires: [keychian]}\n", "3", "did you mean 'keychain'?"),
        ("profiles:\n  a: {layer: core, summary: s, requires: [a]}\n", "2", "in a circle: a -> a"),
        ("profiles:\n  x: {layer: core, summary: s, requires: [a]}\n"
         "  a: {layer: core, summary: s, requires: [b]}\n"
         "  b: {layer: core, summary: s, requires: [c]}\n"
         "  c: {layer: core, summary: s, requires: [a]}\n", "3", "in a circle: a -> b -> c -> a"),
        ("profiles: [\n", "2:1", "expected"),
        ("profiles:\n\tp: {}\n", "2:1", "\\t"),
        ("profiles: 'a\n", "2:1", "quoted scalar"),
        ("a: 1\n---\nb: 2\n", "2:1", "only one document"),
        ("profiles: &a {}\n", "1:11", "anchors (&) and aliases (*) are not allowed"),
        ("profiles: *a\n", "1:11", "anchors (&) and aliases (*) are not allowed"),
        ("profiles: {<<: {p: {}}}\n", "1", "in quotes"),
        ("profiles: !!python/object/apply:os.system [id]\n", "1", "must be a mapping"),
        ("profiles: !!set {a}\n", "1", "must be a mapping"),
        ("profiles: {}\n\0", "2", "control character"),
        ("profiles:\n  \x1b[31m: {}\n", "2", "control character"),
        ("profiles: {}\n# \udcff\n", "2", "control character"),
        (b"profiles: {}\n# \xff\n", "2", "not text in UTF-8"),
        (b"\x7fELF\0\0\0", "1", "not text"),
        ("#" * 1_000_001, "1", "larger than 1000000 bytes"),
        ("[" * 100_000, "1:11", "nested deeper than"),
        ("{? " * 100_000, "1", "nested deeper than"),
        ("- " * 100_000, "1", "nested deeper than"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused(text: str | bytes, place: str, says: str) -> None:
    message = refusal(text)
    assert message.startswith(f"p.yaml:{place}:")
    assert says in message
    assert message.isprintable()


def test_what_other_files_have_can_be_required() -> None:
    text = "profiles: {a: {layer: core, summary: s, requires: [keychain]}}"
    assert load(text, "p.yaml", frozenset({"keychain"}))["a"][6] == ("keychain",)
    assert "(allowed: a)" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "profiles:\n" + "".join(f"  p{n}: {{layer: core, summary: s, requires: [p{n + 1}]}}\n"
                                for n in range(5_000)),
        "lists: {l: {" + ", ".join(f"/x{n}: r" for n in range(10_000)) + "}}\nprofiles: {p: {layer: core, "
        "summary: s, rules: [" + "{allow: read, paths: l}, " * 3_000 + "]}}",
        "[" + "a, " * 300_000 + "]",
        "profiles: {" + "? a : b, " * 100_000 + "}",
        "profiles: " + "a " * 490_000,
    ],
    ids=["chain", "list bomb", "many values", "many keys", "long text"],
)  # fmt: skip
def test_a_hostile_file_is_refused_soon(text: str) -> None:
    start = time.process_time()
    refusal(text)
    assert time.process_time() - start < 20


@given(st.text(alphabet="profiles:\n \t-{}[]&*!|>'\"%@`~/^a0,?#", max_size=200))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        load(text, "p.yaml")
    except UserError as error:
        assert error.message.startswith("p.yaml:")


@given(st.text(max_size=60))
def test_any_path_is_either_understood_or_refused(path: str) -> None:
    quoted = "".join(f"\\U{ord(c):08x}" for c in path)
    try:
        load(of_rule(f'allow: read\npaths: {{"{quoted}": reason}}'), "p.yaml")
    except UserError as error:
        assert error.message.startswith("p.yaml:")


def test_an_operation_with_an_older_name_is_written_by_that():
    rule = "profiles: {p: {layer: base, summary: s, rules: [{deny: iokit-open, reason: r}]}}"
    assert load(rule, "p.yaml")["p"][10][0][1] == ("iokit-open*",)


@pytest.mark.parametrize(
    "key, says",
    [
        ("homes: [A]", "homes"),
        ("homes: {A-B: ~/.x}", "no name of a variable"),
        ("homes: {A: /x}", "no directory of the home"),
        ("homes: {A: ~/.x/}", "no directory of the home"),
        ("homes: {A: .x}", "not absolute"),
        ("bundles: [X.app]", "for the layer app"),
    ],
)
def test_a_wrong_home_or_bundle_is_refused(key, says):
    with pytest.raises(UserError) as caught:
        load(f"profiles:\n  p:\n    layer: agent\n    summary: s\n    {key}\n", "p.yaml")
    assert says in caught.value.message
    assert caught.value.message.startswith("p.yaml:5: ")


@pytest.mark.parametrize("name", ["X", "a/X.app"])
def test_a_bundle_has_the_name_of_one(name):
    with pytest.raises(UserError, match="no name of a bundle"):
        load(f"profiles: {{p: {{layer: app, summary: s, bundles: [{name}]}}}}", "p.yaml")


def test_homes_and_bundles_are_kept():
    text = (
        'profiles: {p: {layer: app, summary: s, bundles: [X.app], homes: {X_HOME: ~/.x, Y: "~"}}}'
    )
    record = load(text, "p.yaml")["p"]
    assert record[12:] == ((("X_HOME", "~/.x"), ("Y", "~")), ("X.app",), (), ())


@pytest.mark.parametrize("name", ["@a", "a/b", "@a/b/c", "A b"])
def test_a_package_has_the_name_of_one(name):
    with pytest.raises(UserError, match="no name of a package"):
        load(f"profiles: {{p: {{layer: agent, summary: s, packages: ['{name}']}}}}", "p.yaml")


def test_shared_names_are_names_of_commands():
    text = "profiles: {p: {layer: agent, summary: s, commands: [a, b], shared_names: [b]}}"
    assert load(text, "p.yaml")["p"][15] == ("b",)
    with pytest.raises(UserError, match="'c' is none of the `commands`"):
        load(text.replace("[b]}", "[c]}"), "p.yaml")


def test_packages_are_kept_with_their_scope():
    text = "profiles: {p: {layer: agent, summary: s, packages: ['@a/b', c]}}"
    assert load(text, "p.yaml")["p"][14] == ("@a/b", "c")
