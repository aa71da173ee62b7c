"""A journal has every question of a plan; it is found the same exactly where all answers are."""

from __future__ import annotations

import os
import posix
import random
import sys
from pathlib import Path

import pytest

from safehouse import facts
from safehouse.files import LocalFiles
from safehouse.kept.keep import brief
from tests.kept.conftest import person

__all__ = ["person"]  # a fixture of several


@pytest.fixture
def journal():
    yield facts.record()
    facts.stop()


def answers(journal: facts.Journal) -> dict[tuple[str, object], object]:
    return {(name, each): facts.ASK[name](each) for name in journal for each in journal[name]}


# That nothing is forgotten, and nothing else looked at


NAMES = ("a", "B", "b", "c.d", ".e", "ä", "long name", "f1", "f2", "f3", "f4", "f5", "f6")


def some_path(random: random.Random, root: Path) -> str:
    return "/".join([str(root), *random.choices(NAMES, k=random.randint(1, 3))])


def make(random: random.Random, path: str) -> None:
    """Something at a path, or nothing any more, or something else."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        how = random.randrange(7)
        if how == 0:
            os.symlink(random.choice(NAMES), path)
        elif how == 1:
            os.mkdir(path)
        elif how == 2:
            os.chmod(path, random.choice((0o644, 0o755, 0o700)))
        elif how == 3:
            os.rename(path, path + "x")
        elif how == 4:
            os.unlink(path)
        else:
            Path(path).write_text(random.choice(("", "a", "b")))
    except OSError:
        pass


def ask(random: random.Random, path: str) -> None:
    files = LocalFiles()
    directory = os.path.dirname(path)
    questions = (
        lambda: files.kind(path),
        lambda: files.readlink(path),
        lambda: (files.readlink(path), files.kind(path)),
        lambda: (files.kind(directory), files.readlink(path)),
        lambda: files.names(directory),
        lambda: files.readable(path),
        lambda: facts.stat(path),
        lambda: facts.lstat(path),
        lambda: facts.read(path, 10),
        lambda: facts.number(path),
    )
    try:
        random.choice(questions)()
    except OSError:
        pass


@pytest.mark.parametrize("seed", range(150))
def test_a_journal_holds_where_all_answers_are_the_same(seed, tmp_path, journal):
    chance = random.Random(seed)
    paths = [some_path(chance, tmp_path) for _ in range(25)]
    for path in paths[:15]:
        make(chance, path)
    for path in paths * 2:
        ask(chance, path)
    facts.stop()
    before, kept = answers(journal), brief(journal)
    assert facts.same(kept)
    for _ in range(8):
        make(chance, chance.choice(paths))
        assert facts.same(kept) == (answers(journal) == before)


@pytest.mark.parametrize("name", ["a", "A", "\u212a", "\u200dk", "ä"])
def test_many_that_are_missing_are_looked_for_together(name, tmp_path, journal):
    """Also where a volume takes two spellings for one name."""
    for other in [*"abcdefghijk"]:
        LocalFiles().kind(f"{tmp_path}/{other}")
    kept = brief(journal)
    assert len(kept["missing"][str(tmp_path)]) == 11
    (tmp_path / name).touch()
    assert facts.same(kept) == (not any((tmp_path / each).exists() for each in "abcdefghijk"))


def test_what_lies_in_something_that_is_missing_is_not_asked_for(tmp_path, journal):
    for path in ("a", "a/b", "a/b/c", "d/e"):
        LocalFiles().kind(f"{tmp_path}/{path}")
    assert brief(journal)["missing"] == {str(tmp_path): ("a",), f"{tmp_path}/d": ("e",)}


def test_answers_that_contradict_each_other_are_never_the_same(tmp_path, journal):
    """Somebody has exchanged it, between two questions."""
    path = tmp_path / "a"
    path.mkdir()
    LocalFiles().readlink(str(path))
    path.rmdir()
    path.symlink_to("b")
    LocalFiles().kind(str(path))
    kept = brief(journal)
    assert not facts.same(kept)
    path.unlink()
    path.mkdir()
    assert not facts.same(kept)


def test_one_question_with_two_answers_keeps_nothing(tmp_path, journal):
    LocalFiles().kind(str(tmp_path / "a"))
    assert facts.is_whole(journal)
    (tmp_path / "a").touch()
    LocalFiles().kind(str(tmp_path / "a"))
    assert not facts.is_whole(journal)


@pytest.mark.skipif(os.getuid() == 0, reason="root sees everything")
def test_what_cannot_be_looked_at_is_not_missing(tmp_path, journal):
    place = tmp_path / "place"
    place.mkdir()
    for name in "abcdefghij":
        LocalFiles().kind(f"{place}/{name}")
    kept = brief(journal)
    place.chmod(0)
    assert not facts.same(kept)
    place.chmod(0o700)
    assert facts.same(kept)


def test_no_fifo_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError):
        facts.read(str(tmp_path / "pipe"), 10)


# The door


# Which of our functions look at the disk by themselves while a launch is planned, and why.
ELSEWHERE = {
    "_kept": "what a file says, beside its bytes: of the same bytes it is the same",
    "_keep": "the same",
    "make_directory": "for that",
    "replace": "for that",
    "parsed": "the profiles of a checkout, whose launches are not kept",
    "_changed": "the same",
    "<listcomp>": "the same",
    "_write": "what is kept",
    "_opened": "the log",
    "_keep_policy": "the same",
    "get_data": "the same",
    "read": "the same",
    "is_mark": "whether the mark of a sandbox is ours, once it is there",
    "inside": "the same",
}
LOOKS = ("stat", "lstat", "readlink", "listdir", "scandir", "access", "open", "statvfs")


def test_all_that_a_plan_looks_at_comes_through_one_door(person, monkeypatch):
    from tests.kept.test_again import configured

    configured(person)
    person.write("src/project/.gitmodules", '[submodule "a"]\n\tpath = a\n')
    person.write("src/project/a/.git/HEAD", "ref: refs/heads/main\n")
    person.write(".gitconfig", "[core]\n\thooksPath = ~/hooks\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(person.write("certificates", "")))
    past: set[str] = set()

    def watched(real):
        def look(*words, **named):
            frame = sys._getframe(1)
            file, function = frame.f_code.co_filename, frame.f_code.co_name
            ours = "/safehouse/" in file and not file.endswith(("/facts.py", "/birth.py"))
            if ours and function not in ELSEWHERE:
                past.add(f"{file.rpartition('/safehouse/')[2]}:{function}:{words[:1]}")
            return real(*words, **named)

        return look

    for name in LOOKS:
        monkeypatch.setattr(posix, name, watched(getattr(posix, name)))
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    monkeypatch.setattr("builtins.open", watched(open))
    person.plans("--append-profile", str(person.write("a.sb", "(version 1)\n")), "--", "claude")
    person.plans("--enable=ssh,docker", "--", "claude")
    assert past == set()
