"""The command line: every option in both spellings, and what belongs to the command."""

from __future__ import annotations

import pytest

from safehouse.cli.arguments import COMMANDS, OPTIONS, parse
from safehouse.errors import REFUSED, UserError
from safehouse.request import HERE, Request

# field: what the value given below becomes
VALUES = {
    "add_dirs": ("~/a:b", ("~/a", "b")),
    "add_dirs_ro": ("/a", ("/a",)),
    "deny": ("a:b:c", ("a", "b", "c")),
    "workdir": ("x y", "x y"),
    "enable": ("ssh,docker", ("ssh", "docker")),
    "agent": ("claude", "claude"),
    "network": ("none", "none"),
    "env_pass": ("A,B", ("A", "B")),
    "output": ("a file.sb", "a file.sb"),
    "format": ("json", "json"),
    "platform": ("macos", "macos"),
    "append_profile": ("a:b, c.sb", ("a:b, c.sb",)),
    "directory": ("a b", "a b"),
    "agents": ("claude,npx", ("claude", "npx")),
    "depth": ("3", "3"),
    "die_with": ("12", "12"),
    "since": ("2026-11-28 09:30", "2026-11-28 09:30"),
}
WITH_VALUE = [
    (command, spelling, option.field)
    for option in OPTIONS
    if option.kind not in ("flag", "optional", "switch", "word")
    for spelling in option.names
    for command in option.commands
]
FLAGS = [
    (command, spelling, option.field)
    for option in OPTIONS
    if option.kind == "flag"
    for spelling in option.names
    for command in option.commands
]
SWITCHES = [
    (command, spelling, option.field)
    for option in OPTIONS
    if option.kind == "switch"
    for spelling in option.names
    for command in option.commands
]


def value(arguments, field):
    return getattr(arguments.request if field in Request._names else arguments, field)


def refused(*words):
    with pytest.raises(UserError) as error:
        parse(list(words))
    assert error.value.status == REFUSED
    return error.value.message, error.value.hint


@pytest.mark.parametrize("command, spelling, field", WITH_VALUE)
def test_an_option_takes_its_value_in_both_ways(command, spelling, field):
    given, expected = VALUES[field]
    words = [command] if command != "run" else []
    for option in ([f"{spelling}={given}"], [spelling, given]):
        arguments = parse([*words, *option, "--", "tool", "x"])
        assert value(arguments, field) == expected
        assert arguments.command == command
        if command in ("run", "policy"):
            assert arguments.request.command == ("tool", "x")


@pytest.mark.parametrize("command, spelling, field", FLAGS)
def test_a_flag_takes_none(command, spelling, field):
    words = [command, spelling]
    assert value(parse(words), field) is True
    assert "takes no value" in refused(command, f"{spelling}=1")[0]


@pytest.mark.parametrize("command, spelling, field", SWITCHES)
def test_a_switch_is_on_off_or_not_said(command, spelling, field):
    """agent-safehouse's `--trust-workdir-config=BOOL`."""
    assert value(parse([command]), field) is None
    assert value(parse([command, spelling, "x"]), field) is True
    for word in ("1", "true", "yes", "on", "TRUE"):
        assert value(parse([command, f"{spelling}={word}"]), field) is True
    for word in ("0", "false", "no", "off", "Off"):
        assert value(parse([command, f"{spelling}={word}"]), field) is False
    for word in ("", "2", "maybe"):
        assert "neither yes nor no" in refused(command, f"{spelling}={word}")[0]


def test_what_is_explained_can_be_everything():
    assert parse(["--explain=full", "x"]).explain == "full"
    assert parse(["--explain=FULL", "x"]).explain == "full"
    message, hint = refused("--explain=most", "x")
    assert "neither yes nor no" in message and "full" in hint
    for option in ("--deny-secrets", "--accept-partial"):
        assert "neither yes nor no" in refused(f"{option}=full", "x")[0]


def test_what_a_policy_is_compared_with_stands_behind_the_sign():
    assert parse(["policy"]).diff == ""
    for words, what in (
        (["--diff"], "options"),
        (["--diff", "--enable=ssh"], "options"),
        (["--diff=defaults"], "defaults"),
        (["--diff=a b.json"], "a b.json"),
    ):
        arguments = parse(["policy", *words, "--", "defaults"])
        assert (arguments.diff, arguments.request.command) == (what, ("defaults",))
    assert "--diff= is empty" in refused("policy", "--diff=")[0]
    assert "does not belong to safehouse run" in refused("--diff", "x")[0]


@pytest.mark.parametrize("no", ["0", "no", "off", "false"])
def test_what_is_always_trusted_cannot_be_distrusted_at_once(no):
    """R73, in either order."""
    words = ["--always-trust-workdir-config", f"--trust-workdir-config={no}"]
    for order in (words, words[::-1]):
        assert "conflicts with" in refused(*order, "tool")[0]
    both = parse(["--always-trust-workdir-config=no", "--trust-workdir-config", "x"]).request
    assert (both.always_trust, both.trust) == (False, True)
    parse(["--always-trust-workdir-config", "--trust-workdir-config=true", "x"])


@pytest.mark.parametrize("other", ["--env-pass=A", "--env=file", "--pass-env=A", "--keep-env=x"])
def test_all_variables_and_some_of_them_cannot_be_combined(other):
    """R74."""
    for order in (["--env", other], [other, "--env"]):
        assert "--env cannot be combined with" in refused(*order, "tool")[0]
    parse(["--env=file", "--env-pass=A", "tool"])


@pytest.mark.parametrize("spelling", ["--env", "--keep-env"])
def test_env_takes_a_file_only_behind_an_equals_sign(spelling):
    arguments = parse([spelling, "tool"])
    assert arguments.request.env_all
    assert arguments.request.command == ("tool",)
    assert parse([f"{spelling}=a b", "tool"]).request.env_file == "a b"
    assert "is empty" in refused(f"{spelling}=", "tool")[0]


@pytest.mark.parametrize("command, spelling, field", WITH_VALUE)
def test_a_value_that_is_missing_or_empty_is_refused(command, spelling, field):
    if field == "workdir":
        assert parse([command, f"{spelling}="]).request.workdir == ""
        assert parse([command, spelling, ""]).request.workdir == ""
    elif field in ("add_dirs", "add_dirs_ro", "deny", "enable"):
        # As agent-safehouse: `--add-dirs="$EXTRA"` says nothing where that is empty.
        assert value(parse([command, f"{spelling}="]), field) == ()
        assert value(parse([command, spelling, ","]), field) == () or field != "enable"
    else:
        assert f"{spelling}= is empty" in refused(command, f"{spelling}=")[0]
        assert f"{spelling}= is empty" in refused(command, spelling, "")[0]
    for rest in ((), ("--", "tool")):
        message, hint = refused(command, spelling, *rest)
        assert message == f"{spelling} needs a value"
        assert hint.startswith(spelling)


def test_lists_add_up_and_lose_their_empty_parts():
    request = parse(
        ["--add-dirs=a:: b :", "--add-dirs", "c", "--enable=ssh, Docker,", "--enable=x", "t"]
    ).request
    assert request.add_dirs == ("a", "b", "c")
    assert request.enable == ("ssh", "docker", "x")


def test_of_other_options_the_last_wins():
    request = parse(["--agent=a", "--agent=b", "--workdir=", "--workdir=/x", "t"]).request
    assert (request.agent, request.workdir) == ("b", "/x")


def test_the_working_directory_that_is_named_is_not_the_implicit_one():
    """`--workdir=.` in the home says that one means it."""
    assert parse(["t"]).request.workdir == HERE
    assert parse(["--workdir=.", "t"]).request.workdir != HERE
    assert parse(["--workdir=.", "t"]).request.workdir.rstrip("/") == "."


@pytest.mark.parametrize(
    "words", [["tool"], ["run", "tool"], ["--", "tool"], ["run", "--", "tool"]]
)
def test_the_word_run_can_be_left_out(words):
    arguments = parse(words)
    assert (arguments.command, arguments.request.command) == ("run", ("tool",))


@pytest.mark.parametrize(
    "words, command",
    [
        (["tool", "--add-dirs=/", "-x"], ("tool", "--add-dirs=/", "-x")),
        (["tool", "--", "x"], ("tool", "--", "x")),
        (["--", "--version"], ("--version",)),
        (["--", "policy"], ("policy",)),
        (["--", "run", "x"], ("run", "x")),
        (["--agent=a", "policy"], ("policy",)),
        (["--", "tool", "--", "x"], ("tool", "--", "x")),
        (["-", "x"], ("-", "x")),
        (["tool", ""], ("tool", "")),
        (["run", "policy"], ("policy",)),
        (["policy", "claude", "--format=json"], ("claude", "--format=json")),
    ],
)
def test_what_stands_behind_the_command_belongs_to_it(words, command):
    """R75."""
    arguments = parse(words)
    assert arguments.request.command == command
    assert not arguments.request.add_dirs and not arguments.version and not arguments.format


def test_variables_before_the_command():
    request = parse(["--agent=a", "A=1", "B=x y", "tool", "C=2"]).request
    assert request.assignments == (("A", "1"), ("B", "x y"))
    assert request.command == ("tool", "C=2")
    assert parse(["--", "A=1", "tool"]).request.assignments == (("A", "1"),)


@pytest.mark.parametrize(
    "words, question, command",
    [
        (["read", "~/x"], ("read", "~/x"), ()),
        (["read", "~/x", "--", "claude"], ("read", "~/x"), ("claude",)),
        (["--agent=a", "read", "~/x"], ("read", "~/x"), ()),
        (["read", "~/x", "--", "claude", "--", "y"], ("read", "~/x"), ("claude", "--", "y")),
        (["read", "~/x", "y", "--json", "z"], ("read", "~/x", "y", "z"), ()),
        (["-", "--", "A=1", "claude"], ("-",), ("claude",)),
        (["read"], ("read",), ()),
        ([], (), ()),
    ],
)
def test_a_question(words, question, command):
    arguments = parse(["why", *words])
    assert (arguments.words, arguments.request.command) == (question, command)


@pytest.mark.parametrize("command", ["grant", "revoke", "grants", "trust", "untrust"])
def test_the_words_of_other_commands_are_theirs(command):
    """Options may stand behind them; `--` makes words of what looks like an option."""
    arguments = parse([command, "a", "--for=d", "b", "--", "--for=e", "A=1"])
    assert arguments.words == ("a", "b", "--for=e", "A=1")
    assert (arguments.directory, arguments.request.command) == ("d", ())


def test_an_option_behind_a_question_is_not_taken_for_a_command():
    """The answer would silently be one for another command."""
    try:
        arguments = parse(["why", "read", "~/x", "--agent=claude"])
    except UserError:
        return
    assert arguments.request.agent == "claude"


@pytest.mark.parametrize(
    "word, meant",
    [("--add-dir", "--add-dirs"), ("--ad-dirs", "--add-dirs"), ("--enabel=x", "--enable"),
     ("--net", "--network"), ("--explian", "--explain"), ("--envpass", "--env-pass")],
)  # fmt: skip
def test_an_unknown_option_is_refused_with_the_nearest(word, meant):
    message, hint = refused(word, "tool")
    assert message.startswith(f"unknown option {word.partition('=')[0]}")
    assert f"did you mean {meant!r}?" in message
    assert "--help" in hint


@pytest.mark.parametrize("word", ["-x", "--zzzzzz", "---", "-q", "--=x", "--\n"])
def test_an_option_that_is_like_none_is_refused_too(word):
    message, _ = refused(word, "tool")
    assert "unknown option" in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "words, where",
    [(["policy", "--stdout"], "safehouse run"), (["--format=json", "tool"], "safehouse policy"),
     (["why", "--output=x", "read", "x"], "safehouse run, safehouse policy"),
     (["--platform=macos", "tool"], "safehouse policy, safehouse why"),
     (["trust", "--write"], "safehouse grant"), (["--for=x", "tool"], "safehouse grant, ")],
)  # fmt: skip
def test_an_option_of_another_command_says_where_it_belongs(words, where):
    message, hint = refused(*words)
    assert "does not belong to safehouse" in message
    assert where in hint


@pytest.mark.parametrize(
    "word, meant",
    [("--network=nnone", "none"), ("--network=oepn", "open")],
)
def test_a_choice_that_is_none_is_refused_with_the_nearest(word, meant):
    message, hint = refused(word, "tool")
    assert f"did you mean {meant!r}?" in message
    assert hint == "one of: open, none"


def test_every_option_is_for_a_known_command_and_says_what_it_is_for():
    for option in OPTIONS:
        assert set(option.commands) <= set(COMMANDS)
        assert len(option.help) > 5
    for command in COMMANDS:
        spellings = [n for option in OPTIONS if command in option.commands for n in option.names]
        assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize("length", range(5))
def test_no_words_make_it_fail_otherwise(length):
    """Any order of the words that mean something: an understood line, or a clear refusal."""
    from itertools import product

    known = [
        "why",
        "policy",
        "--",
        "--env",
        "--agent",
        "--help",
        "a",
        "A=1",
        "",
        "--add-dirs=",
        "-",
    ]
    for words in product(known, repeat=length):
        try:
            parse(list(words))
        except UserError as error:
            assert error.message and error.hint


def test_secrets_are_closed_by_a_switch():
    for words, said in ((["--deny-secrets"], True), (["--deny-secrets=no"], False), ([], None)):
        for command in ("run", "policy"):
            assert parse([command, *words, "--", "x"]).request.deny_secrets is said
