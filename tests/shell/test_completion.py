"""Tab completes safehouse in a real bash, zsh and fish, however they are set up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from safehouse.cli.main import main
from tests.confinement import user
from tests.shell.keys import SHELLS, Keyboard
from tests.shell.tab import at_shell, directory, environment, install, make_home, own_names

PLACES = ("/usr", "/usr/local", "/opt/homebrew")
BASH_COMPLETION = next(
    (
        file
        for place in PLACES
        if (file := Path(place, "share/bash-completion/bash_completion")).exists()
    ),
    None,
)
# Who types the first and presses Tab has the second: in bash; in zsh and in fish, where that differs.
TABS: dict[str, tuple[str, ...]] = {
    # commands and what they take
    "safehouse pol": ("safehouse policy ",),
    "safehouse help po": ("safehouse help policy ",),
    "safehouse profiles sh": ("safehouse profiles show ",),
    "safehouse profiles --json sh": ("safehouse profiles --json show ",),
    "safehouse profiles show aide": ("safehouse profiles show aider ",),
    "safehouse profiles check fi": ("safehouse profiles check file.txt ",),
    "safehouse shims ins": ("safehouse shims install ",),
    "safehouse shims install al": ("safehouse shims install alpha/",),
    "safehouse init z": ("safehouse init zsh ",),
    "safehouse completion f": ("safehouse completion fish ",),
    "safehouse grant al": ("safehouse grant alpha/",),
    "safehouse grant alpha fi": ("safehouse grant alpha file.txt ",),
    "safehouse revoke al": ("safehouse revoke alpha/",),
    # options
    "safehouse --work": ("safehouse --workdir=",),
    "safehouse --stdo": ("safehouse --stdout ",),
    "safehouse --exp": ("safehouse --explain ", "safehouse --explain=", "safehouse --explain "),
    "safehouse --explain --work": ("safehouse --explain --workdir=",),
    "safehouse policy --pla": ("safehouse policy --platform=",),
    "safehouse why --pla": ("safehouse why --platform=",),
    "safehouse --pla": ("safehouse --pla",),  # it is no option of run
    "safehouse grants --eff": ("safehouse grants --effective ",),
    "safehouse --no-such=a": ("safehouse --no-such=a",),
    # what they take
    "safehouse --network=n": ("safehouse --network=none ",),
    "safehouse --network n": ("safehouse --network none ",),
    "safehouse policy --format=sb": ("safehouse policy --format=sbpl ",),
    "safehouse policy --platform=m": ("safehouse policy --platform=macos ",),
    "safehouse --explain=y": ("safehouse --explain=yes ",),
    "safehouse --env-pass=SH_TES": (
        "safehouse --env-pass=SH_TEST_VARIABLE",
        "safehouse --env-pass=SH_TEST_VARIABLE,",
        "safehouse --env-pass=SH_TEST_VARIABLE ",
    ),
    "safehouse --agent=qwe": ("safehouse --agent=qwen-code ",),
    "safehouse --agent qwe": ("safehouse --agent qwen-code ",),
    "safehouse grants --agent=qwe": ("safehouse grants --agent=qwen-code ",),
    "safehouse init bash --agents=qwen,aid": (
        "safehouse init bash --agents=qwen,aider",
        "safehouse init bash --agents=qwen,aider,",
        "safehouse init bash --agents=qwen,aider ",
    ),
    "safehouse --enable=dock": (
        "safehouse --enable=docker",
        "safehouse --enable=docker,",
        "safehouse --enable=docker ",
    ),
    "safehouse --enable dock": (
        "safehouse --enable docker",
        "safehouse --enable docker,",
        "safehouse --enable docker ",
    ),
    "safehouse --enable=docker,ss": (
        "safehouse --enable=docker,ssh",
        "safehouse --enable=docker,ssh,",
        "safehouse --enable=docker,ssh ",
    ),
    "safehouse --enable=docker,dock": ("safehouse --enable=docker,dock",),  # no repeats
    "safehouse --enable=ssh --enable=dock": (
        "safehouse --enable=ssh --enable=docker",
        "safehouse --enable=ssh --enable=docker,",
        "safehouse --enable=ssh --enable=docker ",
    ),
    # paths: behind =, behind a space, behind each colon, with ~ and with all that is odd
    "safehouse --add-dirs-ro=be": ("safehouse --add-dirs-ro=beta/",),
    "safehouse --add-dirs be": ("safehouse --add-dirs beta/",),
    "safehouse --deny=fil": ("safehouse --deny=file.txt ",),
    "safehouse --add-dirs=beta:al": ("safehouse --add-dirs=beta:alpha/",),
    "safehouse --add-dirs beta:al": ("safehouse --add-dirs beta:alpha/",),
    "safehouse --add-dirs=/usr:/us": ("safehouse --add-dirs=/usr:/usr/",),
    "safehouse --add-dirs=/usr:beta:alpha/o": ("safehouse --add-dirs=/usr:beta:alpha/one/",),
    "safehouse --add-dirs=~/be": ("safehouse --add-dirs=~/beta/",),
    "safehouse --add-dirs ~/be": ("safehouse --add-dirs ~/beta/",),
    "safehouse --add-dirs=~": ("safehouse --add-dirs=~/",),
    "safehouse --add-dirs beta:~": ("safehouse --add-dirs beta:~/",),
    "safehouse --workdir ..": ("safehouse --workdir ../",),
    "safehouse --workdir=alpha/..": ("safehouse --workdir=alpha/../",),
    "safehouse --add-dirs=beta:~/al": ("safehouse --add-dirs=beta:~/alpha/",),
    "safehouse --add-dirs=.hi": ("safehouse --add-dirs=.hidden/",),
    "safehouse --add-dirs=sp": (r"safehouse --add-dirs=sp\ ace/",),
    "safehouse --add-dirs=beta:sp": (r"safehouse --add-dirs=beta:sp\ ace/",),
    r"safehouse --add-dirs=sp\ ace/i": (r"safehouse --add-dirs=sp\ ace/in\ ner/",),
    'safehouse --add-dirs="sp ace"/i': (
        r'safehouse --add-dirs="sp ace"/in\ ner/',
        r"safehouse --add-dirs=sp\ ace/in\ ner/",
        r'safehouse --add-dirs="sp ace"/in\ ner/',
    ),
    'safehouse --add-dirs="beta:sp': (
        'safehouse --add-dirs="beta:sp ace/"',
        r"safehouse --add-dirs=beta:sp\ ace/",
        'safehouse --add-dirs="beta:sp ace/',
    ),
    "safehouse --add-dirs='sp": (
        "safehouse --add-dirs='sp ace/'",
        r"safehouse --add-dirs=sp\ ace/",
        "safehouse --add-dirs='sp ace/",
    ),
    "safehouse --add-dirs=br": (r"safehouse --add-dirs=br\[a\]ck/",),
    "safehouse --add-dirs=uni": ("safehouse --add-dirs=uni-é/",),
    "safehouse --add-dirs=uni-é/d": ("safehouse --add-dirs=uni-é/deep/",),
    "safehouse --add-dirs=it": (r"safehouse --add-dirs=it\'s/",),
    "safehouse --workdir al": ("safehouse --workdir alpha/",),
    "safehouse --workdir=fil": ("safehouse --workdir=fil",),  # that is no directory
    "safehouse trust --for=al": ("safehouse trust --for=alpha/",),
    "safehouse --env=fil": ("safehouse --env=file.txt ",),
    "safehouse --output=do": (r"safehouse --output=do\$lar ",),
    "safehouse --append-profile fil": ("safehouse --append-profile file.txt ",),
    # why
    "safehouse why wri": ("safehouse why write ",),
    "safehouse why mach-loo": ("safehouse why mach-lookup ",),
    "safehouse why read ~/be": ("safehouse why read ~/beta/",),
    "safehouse why read sp": (r"safehouse why read sp\ ace/",),
    "safehouse why read /x -- qwe": ("safehouse why read /x -- qwen ",),
    # what is started, and what that completes itself
    "safehouse qwe": ("safehouse qwen ",),
    "safehouse sh-test-com": ("safehouse sh-test-command ",),
    "safehouse bin/sh-test-c": ("safehouse bin/sh-test-command ",),
    "safehouse --explain pol": ("safehouse --explain pol",),  # no command of ours there
    "safehouse run qwe": ("safehouse run qwen ",),
    "safehouse -- qwe": ("safehouse -- qwen ",),
    "safehouse SOME=1 qwe": ("safehouse SOME=1 qwen ",),
    "safehouse SOME=al": ("safehouse SOME=alpha/",),
    "qwen --res": ("qwen --resume ",),
    "safehouse qwen --res": ("safehouse qwen --resume ",),
    "safehouse qwen so": ("safehouse qwen sonnet ",),
    "safehouse qwen sonnet --res": ("safehouse qwen sonnet --resume ",),
    "safehouse --explain qwen --res": ("safehouse --explain qwen --resume ",),
    "safehouse -- qwen --res": ("safehouse -- qwen --resume ",),
    "safehouse run qwen --res": ("safehouse run qwen --resume ",),
    "safehouse run -- SOME=1 OTHER='a b' qwen --res": (
        "safehouse run -- SOME=1 OTHER='a b' qwen --resume ",
    ),
    "safehouse --add-dirs=a:b --enable ssh qwen --res": (
        "safehouse --add-dirs=a:b --enable ssh qwen --resume ",
    ),
    "safehouse policy --format=json -- qwen --res": (
        "safehouse policy --format=json -- qwen --resume ",
    ),
    "safehouse why read /x -- qwen --res": ("safehouse why read /x -- qwen --resume ",),
    "safehouse qwen --work": ("safehouse qwen --work",),  # no option of ours there
    "safehouse cat fil": ("safehouse cat file.txt ",),
    "safehouse -- cat al": ("safehouse -- cat alpha/",),
    "true; safehouse --work": ("true; safehouse --workdir=",),
    "SOME=1 safehouse --work": ("SOME=1 safehouse --workdir=",),
}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with directory() as place:
        yield make_home(place / "home")


@pytest.fixture(scope="module")
def files() -> Iterator[dict[str, Path]]:
    with directory() as place:
        yield install(place / "files", own_names())


@pytest.fixture
def place() -> Iterator[Path]:
    with directory() as made:
        yield made


def answers(person: Keyboard, lines: list[str]) -> dict[str, str]:
    return {line: person.line(line + "\t") for line in lines}


def expected(shell: str, lines: list[str]) -> dict[str, str]:
    place = SHELLS.index(shell)
    return {line: TABS[line][place if len(TABS[line]) > 1 else 0] for line in lines}


@pytest.fixture(scope="module", params=SHELLS)
def said(
    request: pytest.FixtureRequest, home: Path, files: dict[str, Path]
) -> tuple[str, dict[str, str]]:
    with at_shell(request.param, home, files[request.param]) as person:
        return request.param, answers(person, list(TABS))


@pytest.mark.parametrize("line", TABS)
def test_tab_completes(said: tuple[str, dict[str, str]], line: str) -> None:
    shell, lines = said
    assert lines[line] == expected(shell, [line])[line]


@pytest.mark.parametrize("shell", ["bash", "zsh"])  # fish tells nobody what is a redirection
def test_a_redirection_is_no_word_of_the_command(
    shell: str, home: Path, files: dict[str, Path]
) -> None:
    with at_shell(shell, home, files[shell]) as person:
        done = "safehouse --explain 2>/dev/null qwen --resume "
        assert person.line("safehouse --explain 2>/dev/null qwen --res\t") == done
        assert person.line("safehouse qwen >file\t") == "safehouse qwen >file.txt "
        assert person.line("safehouse >file\t") == "safehouse >file.txt "


BASH = {
    "set -u": "set -u",
    "posix": "set -o posix",
    "no patterns": "set -f; shopt -s failglob",
    "other patterns": "shopt -s nullglob dotglob nocaseglob extglob nocasematch",
    "own IFS": "IFS=:/",
    "no : and = in COMP_WORDBREAKS": 'COMP_WORDBREAKS=${COMP_WORDBREAKS//[:=]/}',
    "no compopt, as in bash 3.2": "enable -n compopt",
    "bash-completion": f". {BASH_COMPLETION}",
}  # fmt: skip


@pytest.mark.parametrize("setting", BASH)
def test_it_completes_the_same_in_bash_with(
    setting: str, home: Path, files: dict[str, Path]
) -> None:
    if setting == "bash-completion":
        need_bash_completion()
    lines = list(TABS)
    if setting == "other patterns":
        lines.remove(
            "safehouse --add-dirs=.hi"
        )  # as it was asked for, hidden files are like others
    with at_shell("bash", home, files["bash"], BASH[setting]) as person:
        assert answers(person, lines) == expected("bash", lines)


def need_bash_completion() -> None:
    if not BASH_COMPLETION:
        user.unavailable("no bash-completion: make setup installs it")


def test_bash_completion_finds_it_where_packages_put_it(place: Path) -> None:
    need_bash_completion()
    home = make_home(place / "home")
    files = install(place / "files", own_names())
    found = home / ".local/share/bash-completion/completions"
    found.mkdir(parents=True)
    files["bash"].rename(found / "safehouse")
    user.own(home)
    with Keyboard("bash", f". {BASH_COMPLETION}\n", home, environment(home)) as person:
        assert person.line("safehouse --work\t") == "safehouse --workdir="
        assert person.line("sudo safehouse --work\t") == "sudo safehouse --workdir="


ZSH = {
    "odd options": "setopt ksh_arrays no_unset sh_word_split no_extended_glob nomatch glob_subst",
    "more odd options": "setopt null_glob err_return rc_expand_param ksh_glob no_bare_glob_qual",
    "menus": "setopt menu_complete complete_in_word; zstyle ':completion:*' menu select",
    "grouped lists": "zstyle ':completion:*' group-name ''; zstyle ':completion:*' verbose no",
}


@pytest.mark.parametrize("setting", ZSH)
def test_it_completes_the_same_in_zsh_with(
    setting: str, home: Path, files: dict[str, Path]
) -> None:
    with at_shell("zsh", home, files["zsh"], ZSH[setting]) as person:
        assert answers(person, list(TABS)) == expected("zsh", list(TABS))


# What appears where several are possible, and what it means.
LISTS = {
    "safehouse --en": ("--enable", "switch on features", "--env-pass", "pass these variables"),
    "safehouse ": ("qwen", "policy", "print the policy that COMMAND would get", "help"),
    "safehouse profiles ": ("list", "which there are", "check"),
    "safehouse --enable=": ("docker", "Docker, Podman", "fern-cache", "where fern keeps things"),
    "safehouse --enable=ssh,": ("docker", "fern-cache"),
    "safehouse --agent=": ("aider", "fern", "one's own"),
    "safehouse profiles show f": ("fern", "fern-cache"),
    "safehouse --network=": ("open", "none"),
    "safehouse why ": ("read", "write", "exec", "connect"),
    "safehouse --add-dirs=beta:": ("alpha/", "file.txt"),
}


@pytest.mark.parametrize("shell", SHELLS)
def test_lists_say_what_each_word_means(shell: str, home: Path, files: dict[str, Path]) -> None:
    with at_shell(shell, home, files[shell]) as person:
        for line, words in LISTS.items():
            shown = person.shown(line + ("\t\t" if shell == "bash" else "\t"))
            assert [word for word in words if word not in shown] == [], (line, shown)


def test_agents_and_programs_of_a_persons_own_are_not_in_what_packages_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for shell, file in install(tmp_path, own_names()).items():
        assert main(["completion", shell]) == 0
        shipped = capsys.readouterr().out
        assert "fern" in file.read_text()
        assert "fern" not in shipped
        assert "docker:" in shipped and str(Path.home()) not in shipped


@pytest.mark.parametrize("shell", SHELLS)
def test_no_name_and_no_word_is_ever_run(shell: str, place: Path) -> None:
    home = make_home(place / "home")
    for name in ("zz $(touch ran)", "zy`touch ran`", "zx;touch ran", "zw\ntouch ran"):
        (home / name).mkdir()
    user.own(home)
    files = install(place / "files", own_names())
    with at_shell(shell, home, files[shell]) as person:
        for line in (
            "safehouse --add-dirs=z",
            "safehouse --add-dirs=zz",
            "safehouse --add-dirs=beta:zy",
            "safehouse --add-dirs=zx",
            "safehouse --add-dirs=zw",
            "safehouse --add-dirs='zz",
            'safehouse --add-dirs="zz',
            "safehouse zx",
            "safehouse --agent=fe",
            "safehouse --agent=",
            "safehouse '$(touch ran)' --x",
            "safehouse --workdir='`touch ran`' qwen --re",
        ):
            person.shown(line + "\t\t")
        if shell != "zsh":  # where Tab expands what is typed so, for any command
            for line in (
                "safehouse --enable=$(touch ran)",
                "safehouse --add-dirs=$(touch ran)/",
                "safehouse --add-dirs=`touch ran`a",
                "safehouse $(touch ran) ",
            ):
                person.shown(line + "\t\t")
        # What is offered for a name, typed, names that and nothing else.
        line = person.line("safehouse --add-dirs=zz\t").replace("safehouse --add-dirs=", "touch ")
        person.run(line + "made")
    assert (home / "zz $(touch ran)" / "made").exists()
    assert not (home / "ran").exists()


def test_in_bash_what_is_common_is_typed_where_a_list_is_shown_at_once(
    home: Path, files: dict[str, Path]
) -> None:
    with at_shell("bash", home, files["bash"], "bind 'set show-all-if-ambiguous on'") as person:
        shown = person.shown("safehouse --allow\t")
        assert "(it may write the files of --append-profile)" in shown
        assert person.line("safehouse --allow\t") == "safehouse --allow-"
        assert person.line("safehouse --stdo\t") == "safehouse --stdout "


def test_in_bash_menus_have_words_without_what_they_mean(
    home: Path, files: dict[str, Path]
) -> None:
    with at_shell("bash", home, files["bash"], "bind 'TAB:menu-complete'") as person:
        assert person.line("safehouse --network=\t") == "safehouse --network=none "
        assert person.line("safehouse --network=\t\t") == "safehouse --network=open "


def test_in_bash_no_escape_is_left_open(place: Path) -> None:
    home = make_home(place / "home")
    for name in ("ab c", "ab[d", "abe"):
        (home / name).mkdir()
    files = install(place / "files", own_names())
    with at_shell("bash", home, files["bash"]) as person:
        assert person.line("safehouse --add-dirs=a\t") == "safehouse --add-dirs=a"
        (home / "abe").rmdir()
        (home / "alpha/one").rmdir()
        (home / "alpha").rmdir()
        assert person.line("safehouse --add-dirs=a\t") == "safehouse --add-dirs=ab"
        assert person.line("safehouse --add-dirs=ab\t") == "safehouse --add-dirs=ab"


def test_in_bash_capital_letters_are_as_readline_is_told(
    home: Path, files: dict[str, Path]
) -> None:
    setting = "bind 'set completion-ignore-case on'"
    with at_shell("bash", home, files["bash"], setting) as person:
        assert person.line("safehouse --add-dirs=AL\t") == "safehouse --add-dirs=alpha/"
    with at_shell("bash", home, files["bash"]) as person:
        assert person.line("safehouse --add-dirs=AL\t") == "safehouse --add-dirs=AL"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_cursor_may_be_within_the_line(shell: str, home: Path, files: dict[str, Path]) -> None:
    back = "\x02" * len(" qwen")  # Ctrl-B
    with at_shell(shell, home, files[shell]) as person:
        done = person.line(f"safehouse --add-dirs=be qwen{back}\t")
        assert done.replace("|", "") == "safehouse --add-dirs=beta/ qwen"
