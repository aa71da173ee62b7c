"""What a shell starts with is kept, and the header's shell finds it only while it is what it would be."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from safehouse.host import Host
from safehouse.shims import kept
from safehouse.shims.kept import Dependencies, keep
from safehouse.value import replace

ROOT = Path(__file__).resolve().parents[2]
BUILD = "0123456789abcdef"
USUAL_SHELLS = ("/bin/sh", "/bin/dash", "/bin/bash", "/bin/ksh")
CODE = "true # the code\n"
SHELLS = [shell for shell in USUAL_SHELLS if os.path.exists(shell)]


@pytest.fixture
def home(in_home):
    return in_home("bin", at="src/project")


@pytest.fixture
def program(home):
    """A program that begins as the single file does, and says so when it goes on behind that."""
    text = (ROOT / "tools/zipapp/init.sh").read_text().replace("{BUILD}", BUILD)
    path = home / "bin" / "safehouse"
    path.write_text(f"#!/bin/sh\n{text}\necho python\n")
    path.chmod(0o755)
    return path


def old(*paths):
    """Makes files and directories look as if nothing had happened to them for a while."""
    for path in paths:
        os.utime(path, (time.time() - 100, time.time() - 100))


@pytest.fixture
def of(home, program):
    return Dependencies(
        BUILD,
        str(program),
        ("zsh",),
        "",
        (f"{home}/bin", "/usr/bin"),
        (f"{home}/bin",),
        (f"{home}/x",),
    )


def path_in(line):
    """The file that a line reads."""
    return Path(re.search(r"/\S*\.(zsh|fish)", line)[0])


def kept_now(of, shell="zsh", code=CODE):
    host = replace(Host.current(), borrowed=False)
    for path in of.changing:
        old(path)
    return keep(host, shell, code, of, time.time())


def ask(program, *words, shell="/bin/sh", **environment):
    """What the program answers, started by a shell."""
    given = {"HOME": os.environ["HOME"], "PATH": f"{program.parent}:/usr/bin", **environment}
    done = subprocess.run(
        [shell, str(program), *words], env=given, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("shell", SHELLS)
def test_it_is_found_without_python(program, of, shell):
    line = kept_now(of)
    assert ask(program, "init", "zsh", shell=shell) == line
    assert path_in(line).read_text() == CODE


def test_it_is_read_as_the_shell_reads_files(program, of):
    line = kept_now(replace(of, words=("fish",)), "fish")
    assert line == f"source '{path_in(line)}'"


@pytest.mark.parametrize(
    "words", [("init", "bash"), ("init", "zsh", "--agents=x"), ("init",), ("run", "zsh")]
)
def test_other_words_are_other_code(program, of, words):
    kept_now(of)
    assert ask(program, *words) == "python"


def test_words_are_kept_apart(program, of):
    kept_now(replace(of, words=("zsh", "--agents", "a b")))
    assert ask(program, "init", "zsh", "--agents", "a b") != "python"
    assert ask(program, "init", "zsh", "--agents a b") == "python"


def test_another_build_makes_it_anew(program, of):
    kept_now(replace(of, build="another"))
    assert ask(program, "init", "zsh") == "python"


def test_another_program_makes_it_anew(program, of, tmp_path):
    kept_now(of)
    other = tmp_path / "safehouse"
    other.write_bytes(program.read_bytes())
    assert ask(other, "init", "zsh", PATH="/usr/bin") == "python"


def test_a_program_that_appears_makes_it_anew(program, of, home):
    kept_now(of)
    assert ask(program, "init", "zsh") != "python"
    (home / "bin" / "claude").touch()
    assert ask(program, "init", "zsh") == "python"


def test_what_appears_while_it_is_made_makes_it_anew(program, of, home):
    """Within the same second, too: some shells compare no more than that."""
    host = replace(Host.current(), borrowed=False)
    since = time.time()
    (home / "bin" / "claude").touch()
    keep(host, "zsh", CODE, of, since)
    assert ask(program, "init", "zsh") == "python"


def test_what_was_missing_makes_it_anew(program, of, home):
    kept_now(of)
    (home / "x").mkdir()
    assert ask(program, "init", "zsh") == "python"


@pytest.mark.parametrize("entry", ["/opt/other/bin", "/opt/*", "/usr"])
def test_another_path_makes_it_anew(program, of, entry):
    kept_now(of)
    assert ask(program, "init", "zsh", PATH=f"{entry}:/usr/bin") == "python"


@pytest.mark.parametrize("path", ["/usr/bin", "", ":/usr/bin:bin:"])
def test_a_part_of_the_path_does_not(program, of, path):
    kept_now(of)
    assert ask(program, "init", "zsh", PATH=path) != "python"


def test_a_configuration_that_lies_elsewhere_makes_it_anew(program, of):
    kept_now(of)
    assert ask(program, "init", "zsh", XDG_CONFIG_HOME="/elsewhere") == "python"


def test_what_another_user_or_a_link_put_there_is_not_run(program, of, home, tmp_path):
    kept_now(of)
    stamp = home / ".cache/safehouse/init/zsh.stamp"
    moved = tmp_path / "stamp"
    stamp.rename(moved)
    stamp.symlink_to(moved)
    assert ask(program, "init", "zsh") == "python"
    if os.getuid() == 0:
        stamp.unlink()
        moved.rename(stamp)
        os.chown(stamp, 61234, 61234)
        assert ask(program, "init", "zsh") == "python"


def test_functions_that_a_caller_exports_do_not_take_part(program, of, tmp_path):
    line = kept_now(of)
    bad = "() {  echo evil; }"
    functions = {f"BASH_FUNC_{name}%%": bad for name in ("[", "printf", "test", "read")}
    as_sh = tmp_path / "sh"
    as_sh.symlink_to("/bin/bash")
    assert ask(program, "init", "zsh", shell=str(as_sh), **functions) == line


def test_only_the_person_can_read_or_write_it(home, program, of):
    kept_now(of)
    place = home / ".cache/safehouse/init"
    assert place.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o600}


def test_a_home_that_is_not_ones_own_keeps_nothing(home, of):
    host = replace(Host.current(), borrowed=True)
    assert keep(host, "zsh", CODE, of, time.time()) == ""
    assert not (home / ".cache").exists()


def test_where_nothing_can_be_written_nothing_is_kept(home, of):
    (home / ".cache").write_text("a file")
    assert kept_now(of) == ""


def test_a_checkout_has_no_stamp(home, of):
    """Its code is where it was, but there is no header that would ask."""
    assert path_in(kept_now(replace(of, build=""))).exists()
    assert not (home / ".cache/safehouse/init/zsh.stamp").exists()


def test_a_shell_that_is_about_to_read_the_last_one_still_can(home, of):
    lines = [kept_now(of, code=f"{n}\n") for n in range(9)]
    there = [path_in(line).exists() for line in lines]
    assert there[-2:] == [True, True]
    assert there.count(True) == kept._MOST_CODES


def test_the_places_of_the_last_time_are_remembered_while_they_exist(home, of):
    host = Host.current()
    assert kept.earlier_places(host, "zsh") == ()
    kept_now(replace(of, places=(f"{home}/bin", "/nowhere", "/usr/bin")))
    assert kept.earlier_places(host, "zsh") == (f"{home}/bin", "/usr/bin")
