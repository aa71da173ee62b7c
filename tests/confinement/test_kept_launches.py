"""A launch that was planned before is confined as it was, tells what it would tell, and is out of reach.

`TESTS_OF_KEPT_LAUNCHES=1` makes all launches of these tests such ones.
"""

from __future__ import annotations

import json

import pytest

from tests.confinement.user import linux_only, own

pytestmark = [pytest.mark.confinement, linux_only("a Mac's are compared as data")]

SHELL = ("--", "sh", "-euc")


def entries(scene) -> dict[str, int]:
    """What is kept, by name. Who plans anew writes it anew, as another file."""
    folder = scene.home / ".cache/safehouse/launches"
    return {path.name: path.stat().st_ino for path in folder.glob("*")}


@pytest.fixture
def kept(scene):
    """A scene in which launches of `sh` are kept."""
    for _ in range(2):
        assert scene.confined(*SHELL, ":").returncode == 0
    assert len(entries(scene)) == 1
    return scene


def again(scene, script: str, status: int = 0, **options: object) -> str:
    """What a launch says on standard error that was not planned."""
    before = entries(scene)
    done = scene.confined(*SHELL, script, **options)
    assert done.returncode == status, done.stderr
    assert entries(scene) == before, "it was planned"
    return done.stderr


def test_it_is_not_planned_again(kept):
    assert again(kept, ":") == ""
    assert again(kept, "exit 7", 7) == ""
    assert again(kept, "kill -TERM $$", 128 + 15) == ""


def test_its_environment_is_that_of_now(kept):
    env = {**kept.env, "OTHER": "1"}
    for _ in range(2):
        kept.confined(*SHELL, ":", env=env)
    assert again(kept, 'test -z "${OTHER-}"; test "$HOME" = ~', env={**env, "OTHER": "2"}) == ""


def test_what_is_closed_is_closed(kept):
    kept.write(".ssh/id_test", "secret", 0o600)
    assert "id_test" in again(kept, "cat ~/.ssh/id_test", 1)
    assert "Read-only" in again(kept, "echo >.git/hooks/post-commit", 2) + again(
        kept, "mkdir -p .git/hooks; touch .git/hooks/x", 1
    )


def test_no_command_reads_or_writes_what_is_kept(kept):
    place = "~/.cache/safehouse"
    for script in (f"ls {place}", f"ls {place}/launches", f"touch {place}/launches/x"):
        done = kept.confined("--add-dirs=~", *SHELL, script)
        assert done.returncode != 0
        assert "ermission denied" in done.stderr or "Read-only" in done.stderr, done.stderr
    again(kept, "! mv ~/.cache ~/.other; ! ls ~/.cache/safehouse/launches/*")


def test_what_is_lost_is_told(kept):
    assert "gone: ~/notes\n" in again(kept, "echo 1 >~/notes")


@pytest.fixture
def other(kept):
    """Another directory, with nothing in it, in which such launches are kept."""
    place = kept.home / "src/other"
    place.mkdir()
    own(place)
    for _ in range(2):
        kept.confined(*SHELL, ":", cwd=place)
    return place


def test_a_configuration_that_appeared_is_told_and_then_planned_for(kept, other):
    told = again(kept, "echo 'add-dirs: [/opt]' >.safehouse.yaml", cwd=other)
    assert "this project has a configuration of its own now" in told
    before = entries(kept)
    assert kept.confined(*SHELL, ":", cwd=other).returncode == 0
    assert entries(kept) != before, "it was kept anew"


def test_what_git_would_obey_is_told(kept, other):
    told = again(kept, "mkdir .git; touch .git/HEAD", cwd=other)
    assert ".git is new: look at its config and hooks" in told


def test_it_has_its_lines_in_the_log(kept):
    def lines():
        (file,) = (kept.home / ".local/state/safehouse/audit").glob("*.jsonl")
        return [json.loads(line) for line in file.read_text().splitlines()]

    planned = lines()[-2:]
    again(kept, "exit 7", 7)
    begun, ended = lines()[-2:]
    differ = {"n", "time", "launch", "prev", "seconds", "status"}
    assert {k: v for k, v in begun.items() if k not in differ} == {
        k: v for k, v in planned[0].items() if k not in differ
    }
    assert (ended["event"], ended["launch"], ended["status"]) == ("end", begun["launch"], 7)
    assert kept.run(kept.safehouse, "audit", "verify").returncode == 0


def test_no_stub_stays(kept):
    before = kept.run("git", "status", "--porcelain").stdout
    again(kept, "test -e .git/commondir")
    assert not (kept.project / ".git/commondir").exists()
    assert kept.run("git", "status", "--porcelain").stdout == before


def test_a_link_in_the_place_of_a_directory_is_not_followed(kept):
    """The plan knows the directory by its name; it is looked at, and the mount verified."""
    options = (f"--add-dirs={kept.home}/shared", *SHELL)
    kept.write("shared/x", "")
    for _ in range(2):
        assert kept.confined(*options, "cat ~/shared/x").returncode == 0
    (kept.home / "shared").rename(kept.home / "aside")
    (kept.home / "shared").symlink_to(kept.sibling)
    before = entries(kept)
    kept.confined(*options, ":")
    assert entries(kept) != before


def test_a_program_that_is_gone_is_missed(kept):
    program = kept.write("tools/tool", "#!/bin/sh\n", 0o755)
    options = (f"--add-dirs-ro={program.parent}", "--", program)
    for _ in range(3):
        assert kept.confined(*options).returncode == 0
    program.unlink()
    assert kept.confined(*options).returncode == 127


def test_a_refusal_that_is_new_holds_at_once(kept):
    data = kept.write("src/project/data/x", "secret")
    assert again(kept, "cat data/x") == ""
    kept.write(".config/safehouse/config.yaml", f"deny: [{data}]\n", 0o600)
    (kept.home / ".config/safehouse").chmod(0o700)
    done = kept.confined(*SHELL, "cat data/x")
    assert (done.returncode, done.stdout) == (1, "")
