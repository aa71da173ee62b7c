"""`--env=FILE`: what bash would make of the file, and nothing is run."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.request import Request
from safehouse.sources.env_file import variables
from safehouse.sources.environment import environment
from safehouse.sources.settings import Item
from safehouse.value import replace
from tests.fake_host import mac


def new_bash():
    """The bash of macOS is of 2007, and knows no \\u."""
    bash = shutil.which("bash") or ""
    is_new = bash and subprocess.run([bash, "-c", "((BASH_VERSINFO[0] > 4))"]).returncode == 0
    return bash if is_new else ""


BASH = new_bash()
GIVEN = {"HOME": "/home/me", "PATH": "/usr/bin:/bin", "G": "given *", "E": ""}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("env") / "a file.env"


def read(text, file, known=GIVEN):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    host = replace(mac(), files=LocalFiles())
    return variables(Item(str(file), "--env"), host, known)


def by_bash(file, known=GIVEN):
    """What bash makes of it: variables that it adds by itself left out, and so are unchanged ones."""
    done = subprocess.run(
        [BASH, "--norc", "-c", 'set -a; . "$0" && exec /usr/bin/env -0', str(file)],
        env={**known, "LC_ALL": "C.UTF-8"}, cwd=file.parent, capture_output=True, timeout=20,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b""), file.read_bytes()
    pairs = (entry.partition(b"=") for entry in done.stdout.split(b"\0")[:-1])
    found = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
    own = ("_", "PWD", "SHLVL", "OLDPWD", "LC_ALL")
    return {name: value for name, value in found.items() if name not in own}


def refused(text, file):
    with pytest.raises(UserError) as error:
        read(text, file)
    assert "a file.env" in error.value.message
    return error.value


CASES = {
    "": {},
    "# a comment\n\n  \t\nA=1\n": {"A": "1"},
    "A=1": {"A": "1"},
    "A=": {"A": ""},
    "  A=trimmed  ": {"A": "trimmed"},
    "A=a=b": {"A": "a=b"},
    "A=1\nA=2": {"A": "2"},
    "export A=1": {"A": "1"},
    "export\tA=1 B=2": {"A": "1", "B": "2"},
    "A=1; B=2;\nC=3 ;D=4 # x": {"A": "1", "B": "2", "C": "3", "D": "4"},
    "A=1 B=$A": {"A": "1", "B": "1"},
    "A=0; export A=1 B=$A": {"A": "1", "B": "0"},
    "A=1;export A;set -a;set +a;set -a # x": {"A": "1"},
    "set -o allexport\nexport A B=1 C": {"B": "1"},
    "A=1 # comment": {"A": "1"},
    "A=1#no": {"A": "1#no"},
    "A= # comment": {"A": ""},
    "A=1;#comment": {"A": "1"},
    "A='# no'": {"A": "# no"},
    "A=x\"y z\"'w'": {"A": "xy zw"},
    r'A="\"\\\$\`\a"': {"A": '"\\$`\\a'},
    r"A='\a'": {"A": "\\a"},
    r"A=a\ b\$c\'\"\#": {"A": "a b$c'\"#"},
    "A=a\\\nb": {"A": "ab"},
    "A=\"a\\\nb\"": {"A": "ab"},
    "A='a\\\nb'": {"A": "a\\\nb"},
    "# no \\\nA=1": {"A": "1"},
    "ex\\\nport A\\\n=1 \\\n B=2": {"A": "1", "B": "2"},
    "A='a\nb'\nB=\"c\n\nd\"\nC=3": {"A": "a\nb", "B": "c\n\nd", "C": "3"},
    r"A=$'a\tb\n\'\"\\\x41\101\u00e9\U0001F600\e\cA'": {
        "A": "a\tb\n'\"\\AA\u00e9\U0001f600\x1b\x01"
    },
    r"A=$'\xc3\xa9\377'": {"A": "\u00e9\udcff"},
    r"A=$'\q\"'": {"A": '\\q"'},
    "A=$'two\nlines'": {"A": "two\nlines"},
    "A=~": {"A": "/home/me"},
    "A=~/x:~/y:~:z~:'~':\\~:a=~": {"A": "/home/me/x:/home/me/y:/home/me:z~:~:~:a=~"},
    "A='~' B=\"~/x\" C=x~ D=\"\"~/x E=~'x' F=:~": {
        "A": "~", "B": "~/x", "C": "x~", "D": "~/x", "E": "~x", "F": ":/home/me",
    },
    "export A=~/x:~": {"A": "/home/me/x:/home/me"},
    "HOME=/h\nA=~/x": {"HOME": "/h", "A": "/h/x"},
    "A=$G.${G}-\"$G\"'$G'": {"A": "given *.given *-given *$G"},
    "A=$NONE.": {"A": "."},

    "A=${NONE:-d}${NONE-d}${E:-d}${E-d}${G:-d}": {"A": "dddgiven *"},
    "A=a${G:+:$G}${E:+:$E}${E+:e}${NONE+n}": {"A": "a:given *:e"},
    "A=${NONE:-a b \"c d\" 'e' \\} ${X:-y}}": {"A": "a b c d e } y"},
    'A="${NONE:-a b $G \\} \\x}"': {"A": "a b given * } \\x"},
    "A=$ B=$/ C=\"$\" D=a$. E=\"$'x'\"": {"A": "$", "B": "$/", "C": "$", "D": "a$.", "E": "$'x'"},
    r"A=\$G": {"A": "$G"},
    'A="cost \\$5"': {"A": "cost $5"},
    "A=*?[a]{a,b}!%^@+,": {"A": "*?[a]{a,b}!%^@+,"},
    'A={"a":1}': {"A": "{a:1}"},
    "A=/x PATH=/custom:$PATH": {"A": "/x", "PATH": "/custom:/usr/bin:/bin"},
    "A=\u00e9": {"A": "\u00e9"},
    "A=$\u00e9 B=$G\u00e9": {"A": "$\u00e9", "B": "given *\u00e9"},
    "A=a\u00a0b\u2028c\x85d\x0be": {"A": "a\u00a0b\u2028c\x85d\x0be"},
    "A='a\rb'": {"A": "a\rb"},
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_a_file_of_variables(text, file):
    wanted = CASES[text]
    assert read(text, file) == wanted
    if BASH:
        assert by_bash(file) == {**GIVEN, **wanted}


def test_lines_may_end_as_on_windows(file):
    text = "A=1\r\n\r\n# x\r\nexport B='two words' # y\r\nC=a\\\r\nb\r\nset -a\r\nD='x\r\ny'\r\n"
    assert read(text, file) == {"A": "1", "B": "two words", "C": "ab", "D": "x\ny"}


REFUSED = [
    ("A=1\nB\n", ":2: not NAME=VALUE"),
    ("A=two words", ":1: not NAME=VALUE"),
    ("A-B=1", ":1: not NAME=VALUE"),
    ("=1", ":1: not NAME=VALUE"),
    ("1A=1", ":1: not NAME=VALUE"),
    ("'A'=1", ":1: not NAME=VALUE"),
    ("\u00c4=1", ":1: not NAME=VALUE"),
    ("\ufeffA=1", ":1: not NAME=VALUE"),
    ("A =1", ":1: not NAME=VALUE"),
    ("A: 1", ":1: not NAME=VALUE"),
    ("A+=2", ":1: not NAME=VALUE"),
    ("A[1]=2", ":1: an array"),
    ("\n\nA=(1 2)", ":3: an array in the value of A"),
    ("A=1 export B=2", ":1: not NAME=VALUE"),
    ("export", ":1: export without a name"),
    ("export -n A", ":1: not NAME=VALUE"),
    ("export 'A=1'", ":1: not NAME=VALUE"),
    ("export A={a,b}", ":1: { in the value of A"),
    ("set -e", ":1: the command set is not run"),
    ("set", ":1: the command set is not run"),
    ("set -a -e", ":1: the command set is not run"),
    ("declare A=1", ":1: the command declare is not run"),
    ("unset A", ":1: the command unset is not run"),
    (". other", ":1: the command . is not run"),
    ("A=1 | B=2", ":1: | of the shell"),
    ("A=1&B=2", ":1: & in the value of A"),
    ("A=1 && B=2", ":1: & of the shell"),
    ("A=a>b", ":1: > in the value of A"),
    ("A=a<(b)", ":1: < in the value of A"),
    ("A=a(b)", ":1: ( in the value of A"),
    (";A=1", ":1: nothing before ;"),
    ("A=1;;", ":1: nothing before ;"),
    ("\nA=$(id)", ":2: a command, which is not run, in the value of A"),
    ("\nA=a`id`", ":2: a command, which is not run, in the value of A"),
    ('\nA="$(id)"', ":2: a command, which is not run, in the value of A"),
    ('\nA="`id`"', ":2: a command, which is not run, in the value of A"),
    ("\nA=$\\\n(id)", ":3: a command, which is not run, in the value of A"),
    ("A=${B:-$(id)}", ":1: a command, which is not run, in the value of A"),
    ("A=${B:-<(id)}", ":1: a command, which is not run, in the value of A"),
    ("A=$((1+1))", ":1: arithmetic in the value of A"),
    ("A=$[1+1]", ":1: arithmetic in the value of A"),
    ("A=${B:=x}", ":1: ${...} of this kind in the value of A"),
    ("A=${B%x}", ":1: ${...} of this kind in the value of A"),
    ("A=${#B}", ":1: ${...} of this kind in the value of A"),
    ("A=${!B}", ":1: ${...} of this kind in the value of A"),
    ("A=${B[0]}", ":1: ${...} of this kind in the value of A"),
    ("A=${}", ":1: ${...} of this kind in the value of A"),
    ("A=${B:-~/x}", ":1: ~ in ${...} in the value of A"),
    ('A="${B:-"x"}"', ":1: quotes in ${...} in quotes in the value of A"),
    ("A=" + "${B:-" * 1000, ":1: ${...} too deep in the value of A"),
    ("A=\n\nB=${A\nC=1", ":3: ${...} of this kind in the value of B"),
    ("\nB=${A", ":2: ${ that is never closed in the value of B"),
    ("\nB=${A:-x\nC=1", ":2: ${ that is never closed in the value of B"),
    ("A=1\nB='open\nC=3", ":2: ' that is never closed in the value of B"),
    ('A=1\nB="open\nC=3', ':2: " that is never closed in the value of B'),
    ("A=1\nB=$'open\\'\nC=3", ":2: $' that is never closed in the value of B"),
    ("A=x\\", ":1: a \\ at the end in the value of A"),
    ('A=$"x"', ':1: $" in the value of A'),
    ("A=$1", ":1: a $ with a digit or a sign in the value of A"),
    ('A="$$"', ":1: a $ with a digit or a sign in the value of A"),
    ("A=$RANDOM", ":1: the shell's own $RANDOM in the value of A"),
    ("A=$PWD", ":1: the shell's own $PWD in the value of A"),
    ("UID=1", ":1: UID is the shell's own"),
    ("A=~root", ":1: ~ before a name in the value of A"),
    ("A=~+", ":1: ~ before a name in the value of A"),
    ("A=x:~$G", ":1: ~ before a name in the value of A"),
    (r"A=$'a\0b'", ":1: a \\ that makes no character in the value of A"),
    (r"A=$'\x'", ":1: a \\ that makes no character in the value of A"),
    (r"A=$'\x{41}'", ":1: a \\ that makes no character in the value of A"),
    (r"A=$'\ud800'", ":1: a \\ that makes no character in the value of A"),
    (r"A=$'\c!'", ":1: a \\ that makes no character in the value of A"),
    ("\n\nA=\0\n", ":3: a NUL byte"),
    (b"B=1\nA=\xff\n", ":2: not UTF-8"),
    ("A=" + "x" * (1 << 20), "is larger than 1048576 bytes"),
    ("A=" + "x" * 1000 + "\n" + "A=$A$A\n" * 30, "too much in the value of A"),
]


@pytest.mark.parametrize("text, message", REFUSED, ids=[message for _, message in REFUSED])
def test_all_else_is_refused_with_its_line(text, message, file):
    error = refused(text, file)
    assert message in error.message
    assert error.hint


SECRETS = ["A=x SECRET", "SECRET", "A=$(SECRET)", "A='SECRET", "A=${SECRET", "A=SECRET(x", "A=$'SECRET\\x'",
           "A=~SECRET", "A=SECRET|SECRET", "A=1\n'SECRET'", "A=${B:-SECRET", "A=${B/SECRET}", 'A="SECRET',
           "A=`SECRET`", "A=SECRET\\", "A=(SECRET)", "SECRET+/==", "export SECRET/"]  # fmt: skip


@pytest.mark.parametrize("text", SECRETS)
def test_no_piece_of_a_value_is_in_the_error(text, file):
    error = refused(text, file)
    assert "SECRET" not in error.message + error.hint


def test_only_a_file_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    host = replace(mac(environ={}), files=LocalFiles())
    for name, reason in (
        ("none", "does not exist"),
        ("", "not a regular"),
        ("pipe", "not a regular"),
    ):
        with pytest.raises(UserError, match=reason):
            variables(Item(str(tmp_path / name), "--env"), host, {})
    (tmp_path / "file").write_text("A=1")
    (tmp_path / "link").symlink_to("file")
    assert variables(Item(str(tmp_path / "link"), "--env"), host, {}) == {"A": "1"}


# As part of the whole environment


def whole(text, file, **environ):
    file.write_text(text)
    host = replace(mac(environ=environ), files=LocalFiles())
    item = Item(str(file), "--env")
    return dict(environment(Request(), host, (), lambda path: False, (), item))


def test_a_file_has_the_last_word_on_path_and_home(file):
    """R74, agent-safehouse's: what the file says is not completed."""
    values = whole("PATH=/custom/bin\nHOME=/custom/home\nAPP_SANDBOX_CONTAINER_ID=x", file)
    assert (values["PATH"], values["HOME"]) == ("/custom/bin", "/custom/home")
    assert values["APP_SANDBOX_CONTAINER_ID"] == "x"


def test_only_what_the_command_gets_is_filled_in(file):
    assert whole("A=$SECRET.$TERM", file, SECRET="s", TERM="t")["A"] == ".t"
    assert whole("A=$PATH", file, PATH="/custom/bin:.")["A"].startswith("/custom/bin:/")


# Bash itself

PIECES = st.sampled_from(
    ["A", "B", "G", "E", "=", "A=", "\nB=", " ", "\n", "\t", ";", "#", '"', "'", "$'", "\\", "\\\n", "$",
     "$A", "$G", "${", "}", "${E:-", "${A-", "${G:+", "${NO+", "~", "~/", ":", "/", "x", "0", "-", "{",
     ",", "(", ")", "&", "|", "<", ">", "`", "*", "!", "?", "[", "]", "%", "@", "^", "\u00e9", "\r", "\x0b",
     "export ", "set -a", "\\n", "\\x41", "\\303", "\\u00e9", "HOME=", ".", "+"]
)  # fmt: skip
WORDS = st.lists(PIECES, max_size=12).map("".join)
PLAIN = st.text("abAB01 #;&|<>()`~:/*?[]{}!%^@+,=-.\n\t\u00e9", max_size=8)
VALUES = st.lists(
    st.one_of(
        PLAIN.map(lambda text: "'" + text + "'"),
        PLAIN.map(lambda text: '"' + text.replace("`", "\\`") + '"'),
        PLAIN.map(lambda text: "$'" + text + "\\n\\'\\x41\\101'"),
        st.text("abAB01:/*?[]!%^@+,=-.#\u00e9", max_size=5),
        st.sampled_from(
            ["$A", "${B}", "$G", "${NO:-x y}", "${E:-'a b'}", "${A:+:$A}", '"$G ${B-x}"']
        ),
        st.sampled_from(
            ["\\ ", "\\\n", "\\$", "\\'", '\\"', "\\\\", "\\;", '"\\" \\\\ \\$ \\x"', "\\#"]
        ),
    ),
    max_size=5,
).map("".join)
STATEMENTS = st.tuples(
    st.sampled_from(["", "export ", "  ", "\t", "export Z ", "export A "]),
    st.sampled_from("ABC"),
    VALUES,
    st.sampled_from(["\n", ";", " ; ", " # it's\n", " \n\n", " D=$A\n", "\nset -a\n", "\n#x\\\n"]),
).map(lambda part: f"{part[0]}{part[1]}={part[2]}{part[3]}")


@pytest.mark.skipif(not BASH, reason="no bash 5")
@settings(max_examples=400, deadline=None)
@given(
    text=st.lists(WORDS, min_size=1, max_size=3).map(lambda words: "A=" + "\nexport B=".join(words))
)
def test_what_is_taken_is_what_bash_makes_of_it(text, file):
    assume("\r\n" not in text and "set +" not in text)
    try:
        found = read(text, file)
    except UserError:
        return
    assert by_bash(file) == {**GIVEN, **found}, text


@pytest.mark.skipif(not BASH, reason="no bash 5")
@settings(max_examples=150, deadline=None)
@given(text=st.lists(STATEMENTS, max_size=6).map("".join))
def test_what_a_file_usually_has_is_taken(text, file):
    found = read(text, file)
    assert by_bash(file) == {**GIVEN, **found}
