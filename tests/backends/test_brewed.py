"""Homebrew's bubblewrap: used where there is no other, nobody else can change it, and no command may."""

from __future__ import annotations

import os

import pytest

from safehouse.backends import brewed
from safehouse.backends.bubblewrap import Place, chosen
from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.request import Request
from tests.fake_host import linux, planned

KEG = f"{brewed.PREFIX}/Cellar/bubblewrap/0.11.0"
NAMES = (f"{KEG}/bin/bwrap", f"{brewed.PREFIX}/lib/", f"{brewed.PREFIX}/opt/")
LINKS = {brewed.KEG: "../Cellar/bubblewrap/0.11.0"}


@pytest.fixture
def keg(tmp_path):
    """A keg below a directory that belongs to the one who runs the tests, with the link that leads there."""
    program = tmp_path / "Cellar/bubblewrap/1/bin/bwrap"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/bubblewrap").symlink_to("../Cellar/bubblewrap/1")
    return tmp_path


def rights(keg, monkeypatch):
    # What lies above is the machine's: only what is below counts here.
    monkeypatch.setattr(brewed, "ancestors", lambda path: [str(p) for p in _below(path, keg)])
    return brewed.rights(f"{keg}/opt/bubblewrap/bin/bwrap")


def _below(path, keg):
    while len(path) > len(str(keg)):
        path = path.rpartition("/")[0]
        yield path


def trusted(found):
    return Place(brewed.PROGRAM, *found).is_trusted


def test_one_that_is_the_person_s_alone_is_trusted(keg, monkeypatch):
    assert trusted(rights(keg, monkeypatch))


@pytest.mark.parametrize(
    "path", ["", "opt", "Cellar", "Cellar/bubblewrap/1", "Cellar/bubblewrap/1/bin/bwrap"]
)
def test_one_that_others_may_change_is_not(keg, monkeypatch, path):
    (keg / path).chmod(0o777)
    assert not trusted(rights(keg, monkeypatch))
    (keg / path).chmod(0o755)
    assert trusted(rights(keg, monkeypatch))


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to make what belongs to another user")
def test_one_of_another_user_is_not(keg, monkeypatch):
    os.chown(keg / "Cellar", 12345, 0)
    assert not trusted(rights(keg, monkeypatch))


def test_without_one_there_is_none(tmp_path):
    assert brewed.rights(f"{tmp_path}/opt/bubblewrap/bin/bwrap") is None


def test_the_system_s_comes_first_and_belongs_to_root():
    ours = Place(brewed.PROGRAM, os.getuid(), 0o100755)
    assert chosen([Place("/usr/bin/bwrap", 0, 0o100755), ours]) == "/usr/bin/bwrap"
    assert chosen([Place("/usr/bin/bwrap", 12345, 0o100755), ours]) == brewed.PROGRAM
    with pytest.raises(UserError, match="not trusted"):
        chosen([Place("/usr/bin/bwrap", 12345, 0o100755)])
    with pytest.raises(UserError, match="not trusted"):
        chosen([Place(brewed.PROGRAM, os.getuid(), 0o100775)])


def host():
    return linux(*NAMES, links=LINKS)


@pytest.mark.parametrize("path", [brewed.KEG, f"{KEG}/bin/bwrap", KEG, f"{KEG}/lib/x"])
def test_no_command_may_change_it_whatever_is_granted(path):
    request = Request(add_dirs=(brewed.PREFIX,))
    policy = planned(host(), request).policy
    assert policy.decide(Access("file-write-data", f"{brewed.PREFIX}/lib")).allowed
    assert not policy.decide(Access("file-write-data", path)).allowed


def test_where_its_libraries_may_be_changed_nothing_is_run():
    for place in (brewed.PREFIX, f"{brewed.PREFIX}/lib", f"{brewed.PREFIX}/opt"):
        policy = planned(host(), Request(add_dirs=(place,))).policy
        with pytest.raises(UserError, match="may be written, by --add-dirs"):
            brewed.refuse_writable(policy)
    brewed.refuse_writable(planned(host(), Request()).policy)
