"""What was refused is kept for later, of few launches, and what was learned is a right profile."""

from __future__ import annotations

import os
import stat

import pytest

from safehouse.cli.main import main
from safehouse.denials import kept, learned
from safehouse.denials.kept import MOST_LAUNCHES, Recording
from safehouse.denials.row import Row
from safehouse.errors import UserError
from safehouse.host import Host
from safehouse.sources.profile_file import load

ROW = Row("path", ("read",), "/home/me/.tool", keep="safehouse grant ~/.tool", harmless=True)


@pytest.fixture
def host(in_home):
    in_home(at="src/project")
    return Host.current()


def recording(host, launch="0a1b2c3d", rows=(ROW,), moment="2026-01-01T00.00.00.000Z", **fields):
    return Recording(launch, moment, "tool", fields.pop("directory", host.cwd), 0, rows, **fields)


def test_it_is_read_as_it_was_kept_and_only_the_person_may(host):
    made = recording(host, more=3, flaw="of 1 attempt \x1b")
    kept.keep(made, host)
    assert kept.recording("", host) == kept.recording("0a1b2c3d", host) == made
    (name,) = os.listdir(kept.directory(host))
    assert stat.S_IMODE(os.stat(f"{kept.directory(host)}/{name}").st_mode) == 0o600


def test_names_that_are_no_utf8_are_kept(host):
    kept.keep(recording(host, rows=(Row("nothing", ("read",), "/x/\udcff\x1b[31m"),)), host)
    assert "\\udcff" in repr(kept.recording("", host).rows[0].target)


def test_it_is_the_last_one_of_this_directory(host):
    kept.keep(recording(host, "00000001"), host)
    kept.keep(recording(host, "00000002", moment="2026-01-02T00.00.00.000Z"), host)
    other = recording(host, "00000003", moment="2026-01-03T00.00.00.000Z", directory="/elsewhere")
    kept.keep(other, host)
    assert kept.recording("", host).launch == "00000002"
    assert kept.launches(host) == ["00000003", "00000002", "00000001"]


def test_the_oldest_are_forgotten(host):
    for n in range(MOST_LAUNCHES + 5):
        kept.keep(recording(host, f"{n:08x}", moment=f"2026-01-01T00.00.{n:02}.000Z"), host)
    assert len(kept.launches(host)) == MOST_LAUNCHES
    with pytest.raises(UserError, match="no launch 00000000 is recorded"):
        kept.recording("00000000", host)


@pytest.mark.parametrize(
    "data", ["", "{}", "[]", '{"version": 99}', '{"version": 1, "rows": [{"x": 1}]}']
)
def test_what_is_no_recording_is_passed_over(host, data):
    kept.keep(recording(host), host)
    with open(f"{kept.directory(host)}/2027-01-01T00.00.00.000Z-ffffffff.json", "w") as file:
        file.write(data)
    os.chmod(file.name, 0o600)
    assert kept.recording("", host).launch == "0a1b2c3d"


def test_one_that_others_can_write_is_not_believed(host):
    kept.keep(recording(host), host)
    (name,) = os.listdir(kept.directory(host))
    os.chmod(f"{kept.directory(host)}/{name}", 0o666)
    with pytest.raises(UserError, match="can be written by others"):
        kept.recording("", host)


def test_the_command_shows_it(host, capsys):
    assert main(["denials"]) == 125
    assert "safehouse run --denials" in capsys.readouterr().err
    noise = Row("noise", ("look",), "/run", note="of no concern")
    kept.keep(recording(host, rows=(ROW, noise)), host)
    assert main(["denials"]) == 0
    shown = capsys.readouterr().out
    assert "safehouse grant ~/.tool" in shown and "of no concern" not in shown
    assert main(["denials", "0a1b2c3d", "--all"]) == 0
    assert "of no concern" in capsys.readouterr().out
    assert main(["denials", "a", "b"]) == 125


# Profiles that were learned

ROWS = (
    Row("path", ("read",), "~/.tool/config", program="cat"),
    Row("path", ("read",), "~/docs", tree=True, program="a\x1b: [x]"),
    Row("path", ("read", "write"), "~/.tool/it's: a #1", writes=True),
    Row("path", ("write",), "~/.state", make="directory", writes=True),
    Row("feature", ("read",), "~/.ssh/config", feature="ssh", keep="x"),
)


def test_a_learned_profile_is_a_right_one_and_grows():
    text = learned.profile("mytool", "mytool", False, ROWS, None)
    (record,) = load(text.encode(), "learned", frozenset(("ssh",))).values()
    assert record[0] == "mytool" and "~/.state" in repr(record)
    again = learned.profile("mytool", "mytool", False, ROWS, text.encode())
    assert again == text
    more = learned.profile(
        "mytool", "mytool", False, [Row("path", ("read",), "~/more")], text.encode()
    )
    assert more.startswith(text.partition("rules:")[0]) and "~/more" in more and "~/docs/" in more


def test_a_known_agent_is_extended():
    text = learned.profile("claude", "claude", True, ROWS[:1], None)
    assert "layer" not in text and "commands" not in text
    load(text.encode(), "learned", frozenset(("claude",)))


@pytest.mark.parametrize("old", [b"profiles: {}\n", learned.HEAD.encode() + b"profiles: 1\n"])
def test_a_file_of_somebody_else_is_left_alone(old):
    with pytest.raises(UserError):
        learned.profile("mytool", "mytool", False, ROWS, old)


@pytest.mark.parametrize("path", ["~/a*", "~/a\nb", "~/@HOME"])
def test_a_path_that_a_profile_would_read_as_something_else_is_refused(path):
    with pytest.raises(UserError, match="cannot be named in a profile"):
        learned.profile("mytool", "mytool", False, [Row("path", ("read",), path)], None)


def test_a_command_gets_a_name_that_is_no_other_profiles():
    assert learned.name_of("my tool.sh", "", {}) == "my-tool-sh"
    assert learned.name_of("docker", "", {"docker": 1}) == "docker-learned"
    assert learned.name_of("x", "claude", {}) == "claude"
    assert learned.name_of("---", "", {}) == "command"
