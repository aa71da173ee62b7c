"""What is told of a private home: names that a confined program has chosen."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from safehouse.backends import lost
from safehouse.backends.lost import PrivateHome
from safehouse.policy.policy import Policy


@pytest.fixture
def home(tmp_path):
    """A home as a sandbox left it, and what looks at it."""
    mounts = SimpleNamespace(home_is_private=True, mounts=(), links=(), creations=())
    return tmp_path, PrivateHome(os.getpid(), mounts, str(tmp_path))


def told(home):
    place, looker = home
    return [path[len(str(place)) + 1 :] for path in looker.lost(Policy(()))]


def test_files_and_directories_with_something_in_them(home):
    (home[0] / "x").write_text("")
    (home[0] / "d").mkdir()
    (home[0] / "empty").mkdir()
    (home[0] / "d" / "y").write_text("")
    assert told(home) == ["d/", "x"]


def test_no_link_is_followed_and_no_pipe_is_waited_for(home, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("")
    (home[0] / ".config").symlink_to(outside)
    os.mkfifo(home[0] / "pipe")
    assert told(home) == [".config", "pipe"]


def test_of_very_many_only_the_first_are_looked_at(home, monkeypatch):
    """Nor are the names of all others kept in memory."""
    monkeypatch.setattr(lost, "_MOST", 5)
    for number in range(50):
        (home[0] / f"f{number}").write_text("")
    assert len(told(home)) == 5
    assert (
        not hasattr(lost.os, "listdir")
        or "listdir" not in lost.PrivateHome._found.__code__.co_names
    )


def test_what_holds_it_is_not_inherited_and_closed_afterwards(home):
    descriptor = home[1]._descriptor
    assert not os.get_inheritable(descriptor)
    home[1].lost(Policy(()))
    with pytest.raises(OSError):
        os.fstat(descriptor)
    assert home[1].lost(Policy(())) == ()


def test_a_program_that_has_closed_its_home_hides_it_and_stops_nothing(home):
    (home[0] / "d").mkdir(mode=0)
    (home[0] / "x").write_text("")
    assert "x" in told(home)
