"""The line of the README in real shells: an agent's name starts it confined, with its words as they are."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from safehouse.shims.shell import quoting
from tests.confinement import user
from tests.shell.person import AGENT, LINES, program

pytestmark = pytest.mark.confinement
CONFINED, FREE = "1", "no"
PIECES = [
    "", "a b", "it's", '"x"', "$HOME", "`id`", "\\", "\\'", "a\nb", "*", "?", "[a]", "~", "~/x", "!x",
    "#x", "-n", "--", "-", "ä…", "\u00a0", "{a,b}", "a;b", "%s", "&", "|", "<", ">", "(", ")", "$(id)",
    "${x}", "\t", "\r", "=", "a=b", "A=b", "\x7f", "\x1b[0m", "^", "@", "%", ":", "\udcff", "^x", "=ls",
    "~root", "$'x'", "<(id)", "2>&1", "\\n", "e\u0301", "👾", "--add-dirs=/", "--help",
]  # fmt: skip


def words():
    """A few hundred words in a few dozen commands: each piece alone, and each with others in one."""
    yield PIECES
    for n in range(1, 7):
        yield [a + b for a, b in zip(PIECES, PIECES[n:] + PIECES[:n])]
    for few in itertools.islice(itertools.permutations(PIECES[:6], 3), 12):
        yield list(few)
    yield []
    yield ["x" * 100_000]


def test_every_word_comes_through_as_it_was(person, shell):
    given = list(words())
    word = quoting(shell)
    lines = "\n".join(" ".join(["claude", *map(word, each)]) for each in given)
    script = person.scene.home / "script"
    script.write_bytes(f"{LINES[shell]}\n{lines}\n".encode("utf-8", "surrogateescape"))
    done = person.run(shell, f"source {script}")
    assert (done.returncode, done.stderr) == (0, "")
    assert person.got() == [(CONFINED, *each) for each in given]


def test_without_our_line_the_agent_is_not_confined(person, shell):
    """What the other tests show is shown by our line."""
    assert person.run(shell, "claude x").returncode == 0
    assert person.got() == [(FREE, "x")]


STATUS = {"fish": "$status"}


@pytest.mark.parametrize("status", ["0", "1", "42", "255"])
def test_the_status_is_the_agents(person, shell, status):
    script = f"claude; echo got {STATUS.get(shell, '$?')}"
    done = person.with_line(shell, script, STATUS=status)
    assert done.stdout == f"got {status}\n" or status != "0"
    # A variable of the caller's is none of the agent's: it says 0, or what it is told by its words.
    done = person.run(
        shell,
        f"{LINES[shell]}\nsafehouse STATUS={status} claude; echo got {STATUS.get(shell, '$?')}",
    )
    assert done.stdout == f"got {status}\n"


def test_standard_input_and_output_are_the_agents(person, shell):
    person.install("codex", '#!/bin/sh\nread line; echo "<$line>"; echo problem >&2\n')
    script = "echo hello | codex" + (" | string upper" if shell == "fish" else " | tr a-z A-Z")
    done = person.with_line(shell, script)
    assert (done.stdout, done.stderr) == ("<HELLO>\n", "problem\n")


_POSIX = """
(claude a)
x=$(claude b)
claude c | cat
claude d & wait
{ claude e; }
for i in f; do claude $i; done
"""
SUBSHELLS = {
    "bash": _POSIX,
    "zsh": _POSIX,
    "fish": """
begin; claude a; end
set x (claude b)
claude c | cat
claude d
if true; claude e; end
for i in f; claude $i; end
""",
}


def test_it_works_in_every_part_of_a_shell(person, shell):
    person.with_line(shell, SUBSHELLS[shell])
    assert person.got() == [(CONFINED, letter) for letter in "abcdef"]


OPTIONS = {
    "bash": """
        -e -u, -o posix, -o noglob, -o noclobber, -o pipefail -e, -O extglob -O nullglob, -O failglob,
        -f -k, -o posix -e -u, -O nocasematch, -O expand_aliases, -x
    """,
    "zsh": """
        -e -u, -o ksharrays, -o shwordsplit, -o noglob, -o nounset -o errexit, -o noclobber,
        -o extendedglob -o nullglob, -o errreturn, -o kshglob, -o posixbuiltins -o posixaliases,
        -o warncreateglobal, -o aliasfuncdef, -o globassign, -o noaliases, -o rcexpandparam,
        --emulate ksh, --emulate sh, -o cshnullglob -o cshjunkiequotes, -o ignorebraces
    """,
    "fish": "--features no-stderr-nocaret, --private",
}


@pytest.mark.parametrize(
    "shell, options",
    [(shell, options.strip()) for shell in OPTIONS for options in OPTIONS[shell].split(",")],
)
def test_it_works_whatever_options_are_set(person, shell, options):
    """Read twice, and with a name that has a hyphen."""
    person.install("mini-e", AGENT)
    commands = (
        "claude 'a b' '' '*' 'x=y'",
        "mini-e --x",
        "SAFEHOUSE_OFF=1 claude z",
        "safehouse --version",
    )
    done = person.with_line(shell, "\n".join((LINES[shell], *commands)), *options.split())
    assert person.got() == [(CONFINED, "a b", "", "*", "x=y"), (CONFINED, "--x"), (FREE, "z")]
    if options != "-x":
        assert done.stderr == "safehouse: SAFEHOUSE_OFF is set: not confined: claude\n"
    assert done.stdout.startswith("safehouse ")


def test_a_variable_that_splits_words_does_not_split_names(person):
    for shell, change in (("bash", "IFS=e"), ("zsh", "IFS=e; setopt shwordsplit")):
        person.run(shell, f"{change}\n{LINES[shell]}\nclaude 'a b' le")
        assert person.got() == [(CONFINED, "a b", "le")]


# The ways out, and how they are seen

TYPES = {
    "bash": "claude is a function",
    "zsh": "claude is a shell function",
    "fish": "claude is a function",
}


@pytest.mark.parametrize("value", ["1", "yes", "true"])
def test_the_variable_is_a_way_out_and_says_so(person, shell, value):
    done = person.with_line(shell, f"SAFEHOUSE_OFF={value} claude x\nclaude y")
    assert person.got() == [(FREE, "x"), (CONFINED, "y")]
    assert done.stderr == "safehouse: SAFEHOUSE_OFF is set: not confined: claude\n"


@pytest.mark.parametrize("value", ["''", "0", "no", "false"])
def test_the_variable_that_says_no_is_none(person, shell, value):
    done = person.with_line(shell, f"SAFEHOUSE_OFF={value} claude x")
    assert (person.got(), done.stderr) == ([(CONFINED, "x")], "")


def test_the_program_itself_is_a_way_out(person, shell):
    person.with_line(shell, f"command claude x\n{person.bin}/claude y")
    assert person.got() == [(FREE, "x"), (FREE, "y")]


def test_off_and_on_hold_for_the_shell_and_type_says_which_it_is(person, shell):
    off = "type claude\nsafehouse off\ntype claude\nclaude a\nsafehouse off"
    script = f"{off}\nsafehouse on\nclaude b\ntype claude"
    done = person.with_line(shell, script)
    assert person.got() == [(FREE, "a"), (CONFINED, "b")]
    on, off, again = (
        done.stdout.find(TYPES[shell]),
        done.stdout.find(str(person.bin / "claude")),
        done.stdout.rfind(TYPES[shell]),
    )
    assert -1 < on < off < again
    assert "off in this shell" in done.stderr
    assert done.stderr.endswith("safehouse: on in this shell: claude\n")


def test_off_holds_for_what_the_shell_starts(person, shell):
    person.with_line(shell, "safehouse shims install >/dev/null")
    shims = person.scene.home / ".local/share/safehouse/shims"
    env = {"PATH": f"{shims}:{person.env['PATH']}"}
    person.with_line(
        shell, "claude a\nsh -c 'claude b'\nsafehouse off\nclaude c\nsh -c 'claude d'", **env
    )
    assert person.got() == [(CONFINED, "a"), (CONFINED, "b"), (FREE, "c"), (FREE, "d")]


def test_on_finds_an_agent_that_was_installed_since(person, shell):
    script = f"cp {person.bin}/claude {person.bin}/amp\namp a\nsafehouse on\namp b"
    done = person.with_line(shell, script)
    assert person.got() == [(FREE, "a"), (CONFINED, "b")]
    assert done.stderr.endswith("on in this shell: amp claude\n")


def test_everything_else_is_the_program(person, shell):
    """`safehouse` is a function there, too."""
    done = person.with_line(
        shell, "safehouse why read /usr/bin/env; safehouse -- claude on; safehouse -- on; true"
    )
    assert done.stdout.startswith("allowed: ")
    assert person.got() == [(CONFINED, "on")]
    assert "command not found: on" in done.stderr


@pytest.mark.parametrize("words", ["on", "off"])
def test_without_our_line_on_and_off_say_what_is_missing(person, words):
    done = person.run("bash", f"safehouse {words}")
    assert done.returncode == 125
    assert "is for a shell that has read what safehouse init prints" in done.stderr


# What stands in the way

ALIASES = {
    # What Claude Code's own installer writes: it would go past any function.
    "path": ("{bin}/claude --x", (CONFINED, "--x", "y")),
    "path in the home": ("~/.local/bin/claude --x", (CONFINED, "--x", "y")),
    "itself": ("claude --x", (CONFINED, "--x", "y")),
    "another program": ("my-claude --x", (CONFINED, "--x", "y")),
    "a runner": ("env claude --x", (CONFINED, "--x", "y")),
    "a variable first": ("A=b {bin}/claude --x", (CONFINED, "--x", "y")),
    "quoted": ("{bin}/claude 'a  b' --x", (CONFINED, "a  b", "--x", "y")),
    "two commands": ("true; claude --x", (CONFINED, "--x", "y")),
}


def defined(shell, text):
    return (
        f"alias claude {quoting(shell)(text)}"
        if shell == "fish"
        else f"alias claude={quoting(shell)(text)}"
    )


@pytest.mark.parametrize("text, expected", ALIASES.values(), ids=ALIASES)
@pytest.mark.parametrize("times", [1, 2])
def test_an_alias_of_the_name_is_led_through_the_shim(person, shell, text, expected, times):
    if shell == "fish" and text.startswith(("A=b", "true;")):
        pytest.skip(
            "fish's alias cannot have that: it is a function then, and one of the person's own"
        )
    person.install("my-claude", f'#!/bin/sh\nexec {person.bin}/claude "$@"\n')
    alias = defined(shell, text.format(bin=person.bin))
    lines = "\n".join([LINES[shell]] * times)
    options = ("-O", "expand_aliases") if shell == "bash" else ()
    # A shell knows an alias from the next line that it reads on.
    script = person.scene.home / "script"
    script.write_text(
        f"{alias}\n{lines}\nclaude y\nsafehouse off\nclaude z\nsafehouse on\nclaude y\n"
    )
    done = person.run(shell, f"source {script}", options)
    assert done.returncode == 0, done.stderr
    assert person.got() == [expected, (FREE, *expected[1:-1], "z"), expected]


@pytest.mark.parametrize("text", ["command claude", "builtin true", "f", "claude-of-mine | cat"])
def test_an_alias_that_nobody_else_can_start_stays_as_it_is(person, shell, text):
    if shell == "fish":
        pytest.skip("fish's aliases are functions")
    options = ("-O", "expand_aliases") if shell == "bash" else ()
    script = person.scene.home / "script"
    script.write_text(f"f() {{ :; }}\nalias claude='{text}'\n{LINES[shell]}\nalias claude\n")
    done = person.run(shell, f"source {script}", options)
    assert f"claude='{text}'" in done.stdout or f"claude={text}" in done.stdout


OWN = {"fish": "function claude; echo mine $argv; end", "bash": 'claude() { echo mine "$@"; }'}


def test_a_function_of_the_persons_own_is_left_alone_and_named(person, shell):
    done = person.run(
        shell,
        f"{OWN.get(shell, OWN['bash'])}\n{LINES[shell]}\n{LINES[shell]}\nclaude x\nsafehouse off\nclaude x",
    )
    assert done.stdout == "mine x\nmine x\n"
    assert done.stderr.count("claude is a function of yours, which is left alone") == 2


def test_without_its_program_nothing_is_started(person, shell):
    gone = f"rm {person.bin}/safehouse\nclaude x; echo got {STATUS.get(shell, '$?')}"
    done = person.with_line(shell, gone)
    assert "got 127" in done.stdout
    assert "is gone, so nothing was started" in done.stderr
    assert person.got() == []


def test_on_says_nothing_that_is_not_so(person, shell):
    gone = f"rm {person.bin}/safehouse\nsafehouse on; echo got {STATUS.get(shell, '$?')}"
    done = person.with_line(shell, f"safehouse off\n{gone}\nclaude x; safehouse doctor; true")
    assert "got 127" in done.stdout
    assert "on in this shell" not in done.stderr
    assert done.stderr.count("safehouse is gone; install it again") == 2
    assert "is gone, so nothing was started" in done.stderr
    assert "No such file" not in done.stderr
    assert person.got() == []


def test_on_that_fails_starts_nothing_unconfined(person, shell):
    broken = f"printf '#!/bin/sh\\necho broken >&2; exit 125\\n' >{person.bin}/safehouse"
    script = f"safehouse off\nrm {person.bin}/safehouse\n{broken}\nchmod +x {person.bin}/safehouse"
    done = person.with_line(shell, f"{script}\nsafehouse on\nclaude x; true")
    assert done.stderr.count("broken") == 2
    assert "on in this shell" not in done.stderr
    assert person.got() == []


# In the background


LIVES = """#!/bin/sh
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    touch lives
    sleep 0.2
done
"""


@pytest.mark.parametrize("signal", ["TERM", "KILL", "HUP"])
@pytest.mark.parametrize("job", ["claude", "(claude; echo after)"])
def test_the_agent_ends_with_the_job_that_it_is(person, shell, job, signal):
    if shell == "fish":
        pytest.skip("fish runs no function in the background")
    person.install("claude", LIVES)
    look = "for i in 1 2 3 4; do rm -f lives; sleep 0.5; [ -e lives ] || break; done"
    script = f"{job} & until [ -e lives ]; do sleep 0.02; done; kill -{signal} $!; {look}; echo $i"
    assert int(person.with_line(shell, script).stdout) <= 2


@pytest.mark.parametrize("parent", ["ended", "other", "own"])
def test_one_that_is_to_end_with_its_parent_starts_if_that_is_there(person, parent):
    number = {"ended": "$(sh -c 'echo $$')", "other": "1", "own": "$$"}[parent]
    done = person.run("bash", f"safehouse --die-with={number} claude x; echo $?")
    assert done.stdout == ("143\n" if parent == "ended" else "0\n")
    assert person.got() == ([] if parent == "ended" else [(CONFINED, "x")])


def test_a_job_that_was_launched_before_ends_as_well(person):
    """Its launch is kept: that of the same words in the foreground, whatever the job's number is."""
    person.install("claude", LIVES)
    kept = person.scene.home / ".cache/safehouse/launches"
    wait = "until [ -e lives ]; do sleep 0.02; done"
    script = f"for i in 1 2; do claude & {wait}; kill $!; wait; sleep 0.5; rm lives; done"
    person.with_line("bash", f"{script}; sleep 0.5; [ ! -e lives ]")
    assert len(list(kept.iterdir())) == 1


def test_what_comes_behind_it_in_a_subshell_goes_on(person, shell):
    if shell == "fish":
        pytest.skip("it has no subshells")
    script = "(claude a; echo after; claude b) & wait; x=$(claude c; echo $?); echo $x"
    done = person.with_line(shell, script)
    assert done.stdout.split() == ["after", "0"]
    assert person.got() == [(CONFINED, word) for word in "abc"]


# Where a shell is itself confined


def test_inside_of_a_sandbox_the_shims_step_aside(person, shell):
    inner = f"{LINES[shell]}\nclaude x\ntype claude"
    done = person.scene.run(
        person.bin / "safehouse", "--", program(shell), "-c", inner, env=person.env
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert str(person.bin / "claude") in done.stdout
    assert person.got() == [(CONFINED, "x")]


def test_a_confined_program_cannot_change_what_a_shell_reads(person, shell):
    person.with_line(shell, "true")
    place = person.scene.home / ".cache/safehouse/init"
    (code,) = place.glob(f"*.{shell}")
    body = "print(os.path.exists(code)); os.makedirs(os.path.dirname(code), exist_ok=True); write(code)"
    for options in ((), ("--add-dirs=~", "--workdir=.")):
        done = person.scene.attempt(body, True, options, code=code)
        assert "True" not in done.stdout
        assert "evil" not in code.read_text()
    assert person.scene.attempt("print(os.path.exists(code))", False, code=code).stdout.endswith(
        "True\n"
    )


def test_the_second_start_runs_no_python(person, shell):
    person.with_line(shell, "true")
    time.sleep(2.1)  # what was made within the last second is made once more
    person.with_line(shell, "true")
    header, _, rest = person.scene.safehouse.read_bytes().partition(b'exec "$safehouse_python"')
    (person.bin / "safehouse").unlink()
    (person.bin / "safehouse").write_bytes(header + b"exec echo python\n" + rest)
    (person.bin / "safehouse").chmod(0o755)
    user.own(person.bin)
    os.utime(person.bin, (time.time() - 60, time.time() - 60))
    assert "python" not in person.run(shell, "safehouse init " + shell + " | cat").stdout
    assert (
        "python" in person.run(shell, "safehouse init " + shell + " --agents=claude | cat").stdout
    )
