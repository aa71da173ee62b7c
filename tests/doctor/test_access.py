"""Who else can change a file: by its mode, its owner, its group, and the directories above it."""

from __future__ import annotations

import os
import pwd
from types import SimpleNamespace

import pytest

from safehouse.doctor import access
from safehouse.doctor import facts as known
from safehouse.host import MACOS
from safehouse.value import replace
from tests.doctor.machines import linux_facts

ME = pwd.getpwuid(os.getuid()).pw_name


def facts(*members: str, group: int = 4711):
    return linux_facts(groups={group: frozenset(members)})


@pytest.fixture
def owned(monkeypatch):
    """Pretends that a path has other owners; only root can give files away."""
    real = os.stat

    def own(path, user: int, group: int) -> None:
        def stat(asked, **named):
            found = real(asked, **named)
            if os.fspath(asked) != os.fspath(path):
                return found
            return SimpleNamespace(st_mode=found.st_mode, st_uid=user, st_gid=group)

        monkeypatch.setattr(access.os, "stat", stat)

    return own


def test_what_only_the_person_can_write_is_closed(person):
    file = person.write("x", mode=0o644)
    assert access.opened(str(file), person.host(), facts()) is None


def test_what_everybody_can_write_is_closed_by_chmod(person):
    file = person.write("a b", mode=0o666)
    found = access.opened(str(file), person.host(), facts())
    assert found and found.why == "~/a b can be written by everybody"
    assert found.mend == "chmod go-w ~/'a b'"
    assert os.system(f"HOME={person.home}; {found.mend}") == 0
    assert access.opened(str(file), person.host(), facts()) is None


@pytest.mark.parametrize(
    "members, open_to",
    [((), ""), ((ME, "root"), ""), ((ME, "eve"), "eve"), (("eve", "mallory"), "eve and 1 more")],
)
def test_a_group_counts_by_who_else_is_in_it(person, owned, members, open_to):
    file = person.write("x", mode=0o664)
    owned(file, os.getuid(), 4711)
    found = access.opened(str(file), person.host(), facts(*members))
    assert (found.why if found else "") == (f"~/x can be written by {open_to}" if open_to else "")


def test_administrators_of_a_mac_can_do_as_they_like_anyway(person, owned):
    file = person.write("x", mode=0o664)
    owned(file, os.getuid(), 80)
    mac = replace(person.host(), platform=MACOS)
    assert access.opened(str(file), mac, facts("eve", group=80)) is None
    assert access.opened(str(file), person.host(), facts("eve", group=80))


def test_what_belongs_to_somebody_else_is_open(person, owned):
    file = person.write("x", mode=0o600)
    owned(file, 4242, 4242)
    found = access.opened(str(file), person.host(), facts())
    assert found and (found.why, found.mend, found.owner) == ("~/x belongs to 4242", "", "4242")


def test_where_root_is_nobody_its_files_are_nobodys(person, owned):
    file = person.write("x", mode=0o644)
    owned(file, 65534, 65534)
    inside = linux_facts(texts={known.USERS: "1000 1000 1"})
    assert access.opened(str(file), person.host(), inside) is None
    assert access.opened(str(file), person.host(), linux_facts()) is not None


def test_in_a_sticky_directory_the_persons_files_stay_theirs(person):
    directory = person.home / "shared"
    directory.mkdir()
    directory.chmod(0o1777)
    assert access.opened(str(directory), person.host(), facts()) is None
    assert access.opened(str(directory), person.host(), facts(), sticky=False) is not None


def test_a_directory_above_and_one_on_the_way_of_a_link_count(person):
    target = person.write("open/inner/x")
    (person.home / "way").mkdir()
    (person.home / "way/link").symlink_to(target)
    (person.home / "open").chmod(0o777)
    (person.home / "way").chmod(0o777)
    found = access.all_opened(f"{person.home}/way/link", person.host(), facts())
    assert [place.path for place in found if place.path.startswith(str(person.home))] == [
        f"{person.home}/open",
        f"{person.home}/way",
    ]
