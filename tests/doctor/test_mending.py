"""What `--fix` does to files: only what was said, only to the person's own, and nothing twice."""

from __future__ import annotations

import os
import subprocess

import pytest

from safehouse.doctor import mending
from safehouse.doctor.finding import APPEND, CLOSE, REWRITE, Mending
from safehouse.errors import UserError
from safehouse.shims.shell import line_of

LINE = line_of("bash")


def appending(person, file=".bashrc", shell="bash"):
    return Mending(APPEND, f"{person.home}/{file}", "x", (line_of(shell), shell))


def test_the_line_is_added_at_the_end_and_the_file_is_otherwise_as_it_was(person):
    before = "alias ll='ls -l'\nexport A=1"  # without an end of the line
    file = person.write(".bashrc", before, 0o640)
    told = mending.mend(appending(person), person.host())
    text = file.read_text()
    assert text.startswith(f"{before}\n")
    assert text.endswith(f"\n{LINE}\n")
    assert file.stat().st_mode & 0o777 == 0o640
    kept = person.home / ".local/state/safehouse/backup/bashrc.1"
    assert kept.read_text() == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "~/.local/state/safehouse/backup/bashrc.1" in told
    assert subprocess.run(["/bin/bash", "-n", file]).returncode == 0


def test_it_is_never_added_twice(person):
    file = person.write(".bashrc", "")
    mending.mend(appending(person), person.host())
    text = file.read_text()
    with pytest.raises(UserError, match=r"~/.bashrc:2 has the line already"):
        mending.mend(appending(person), person.host())
    # Nor where another file of the shell has it.
    file.unlink()
    person.write(".profile", text)
    with pytest.raises(UserError, match=r"~/.profile:2 has the line already"):
        mending.mend(appending(person), person.host())
    assert not file.exists()


def test_no_copy_takes_the_place_of_an_earlier_one(person):
    for number, text in enumerate(("one\n", "two\n"), 1):
        person.write(".bashrc", text)
        mending.mend(appending(person), person.host())
        kept = person.home / f".local/state/safehouse/backup/bashrc.{number}"
        assert kept.read_text() == text
    assert (person.home / ".local/state/safehouse/backup/bashrc.1").read_text() == "one\n"


def test_a_file_that_is_missing_is_made(person):
    mending.mend(appending(person, ".config/fish/config.fish", "fish"), person.host())
    text = (person.home / ".config/fish/config.fish").read_text()
    assert text.endswith(f"{line_of('fish')}\n")
    assert not (person.home / ".local/state").exists()


def test_a_link_into_dotfiles_stays_a_link(person):
    file = person.write("dotfiles/bashrc", "x=1\n")
    (person.home / ".bashrc").symlink_to("dotfiles/bashrc")
    mending.mend(appending(person), person.host())
    assert (person.home / ".bashrc").is_symlink()
    assert file.read_text().endswith(f"{LINE}\n")
    assert os.listdir(person.home / "dotfiles") == ["bashrc"]


@pytest.mark.parametrize(
    "make, why",
    [
        (lambda home, out: (home / ".bashrc").symlink_to(out), "leads out of your home"),
        (lambda home, out: (home / ".bashrc").symlink_to("gone"), "leads nowhere"),
        (lambda home, out: (home / ".bashrc").mkdir(), "is no file"),
        (lambda home, out: os.mkfifo(home / ".bashrc"), "is no file"),
    ],
)
def test_what_is_not_plainly_the_persons_file_is_left_alone(person, tmp_path, make, why):
    outside = tmp_path / "outside"
    outside.write_text("x\n")
    make(person.home, outside)
    with pytest.raises(UserError, match=why) as refusal:
        mending.mend(appending(person), person.host())
    assert "by hand" in refusal.value.hint
    assert outside.read_text() == "x\n"


def test_rights_are_only_taken_away(person):
    file = person.write("x", mode=0o426)
    mending.mend(Mending(CLOSE, str(file), "x"), person.host())
    assert file.stat().st_mode & 0o7777 == 0o404


def test_a_link_is_not_followed_to_take_rights_away(person):
    target = person.write("target", mode=0o666)
    (person.home / "link").symlink_to(target)
    with pytest.raises(OSError):
        mending.mend(Mending(CLOSE, f"{person.home}/link", "x"), person.host())
    assert target.stat().st_mode & 0o777 == 0o666


def rewriting(person, old="b", new="c"):
    return Mending(REWRITE, f"{person.home}/.bashrc", "x", ("2", old, new))


def test_a_line_is_changed_and_all_else_stays(person):
    file = person.write(".bashrc", "a\nb\nb", 0o640)
    told = mending.mend(rewriting(person, new="cccc"), person.host())
    assert file.read_text() == "a\ncccc\nb"
    assert file.stat().st_mode & 0o777 == 0o640
    assert (person.home / ".local/state/safehouse/backup/bashrc.1").read_text() == "a\nb\nb"
    assert "bashrc.1" in told
    mending.mend(rewriting(person, "cccc", ""), person.host())
    assert file.read_text() == "a\n\nb"


@pytest.mark.parametrize("text", ["a\nother\n", "a", "a\r\nb\r\n"])
def test_a_line_that_is_another_by_now_is_left(person, text):
    file = person.write(".bashrc", text)
    with pytest.raises(UserError, match=r"has changed"):
        mending.mend(rewriting(person), person.host())
    assert file.read_bytes() == text.encode()
