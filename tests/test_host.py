"""Facts of the machine: links as the kernel follows them, paths as people write them, a Mac on Linux."""

from __future__ import annotations

import os
import posix
import re
import sys

import pytest

from safehouse.errors import UserError
from safehouse.facts import STUB_TIME
from safehouse.files import LocalFiles, ancestors, follow
from safehouse.host import LINUX, MACOS, Host, refuse_unprintable
from tests.fake_host import HOME, FakeFiles, linux, mac


@pytest.mark.parametrize(
    "path, real, links",
    [
        ("/a/b", "/a/b", []),
        ("/a//b/./c/", "/a/b/c", []),
        ("/a/b/../c", "/a/c", []),
        ("/../..", "/", []),
        ("/", "/", []),
        ("/l/x", "/a/x", ["/l"]),
        ("/l/..", "/", ["/l"]),
        ("/a/rel/x", "/a/b/x", ["/a/rel"]),
        ("/a/up/x", "/x", ["/a/up"]),
        ("/two/x", "/a/x", ["/two", "/l"]),
        ("/a/out/../y", "/l2t/y", ["/a/out"]),
        ("/missing/x", "/missing/x", []),
        ("/to-missing/x", "/nowhere/x", ["/to-missing"]),
    ],
)
def test_links_are_followed_as_the_kernel_does(path, real, links):
    files = FakeFiles(
        ["/a/b/c", "/l2t/z/x"],
        {
            "/l": "/a", "/a/rel": "b", "/a/up": "..", "/two": "l", "/a/out": "/l2t/z",
            "/to-missing": "nowhere",
        },
    )  # fmt: skip
    for _ in range(2):  # what was learnt the first time gives the same answer
        found = follow(files, path)
        assert found.real == real
        assert [link for link, _ in found.links] == links


def test_as_many_links_as_the_kernel_follows_and_no_more():
    links = {f"/{n}": f"{n + 1}" for n in range(41)}
    assert follow(FakeFiles([], links), "/1").real == "/41"
    with pytest.raises(UserError, match="/0: its links lead in a circle"):
        follow(FakeFiles([], links), "/0")


def test_it_agrees_with_the_file_system(tmp_path):
    root = tmp_path.resolve()
    (root / "a/b").mkdir(parents=True)
    (root / "l").symlink_to("a")
    (root / "a/up").symlink_to("..")
    (root / "a/abs").symlink_to(root / "l/b")
    for path in ("l/b", "l/up/l/abs", "a/../l/abs/../x", "l/none/../y"):
        expected = os.path.realpath(root / path)
        assert follow(LocalFiles(), f"{root}/{path}").real == expected


def test_a_directory_that_became_a_link_is_not_taken_for_what_it_was():
    """What is known to have no links is known of the directories, not of what lies in them."""
    files = FakeFiles(["/a/b", "/secret/x"], {"/a/l": "/secret"})
    assert follow(files, "/a/b").real == "/a/b"
    assert follow(files, "/a/l").real == "/secret"
    assert follow(files, "/a/l/x").real == "/secret/x"


def test_ancestors():
    assert list(ancestors("/a/b/c")) == ["/a/b", "/a", "/"]
    assert list(ancestors("/")) == []


# Paths that people write


@pytest.mark.parametrize(
    "text, path",
    [("~", HOME), ("~/x", f"{HOME}/x"), ("x", f"{HOME}/src/project/x"), ("/x", "/x"),
     ("./~", f"{HOME}/src/project/./~")],
)  # fmt: skip
def test_a_path_is_taken_from_here_and_from_home(text, path):
    assert mac().absolute(text, "--add-dirs") == path


def test_a_path_on_the_data_volume_is_named_as_the_kernel_does():
    host = mac("/System/Volumes/Data/Users/me/x", "/System/Volumes/Data/other/x")
    assert host.named("/System/Volumes/Data/Users/me/x", "o").real == "/Users/me/x"
    assert host.named("/System/Volumes/Data/other/x", "o").real == "/System/Volumes/Data/other/x"


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "\x00", "\x1b[2J", "\x7f", "\udc80"])
def test_what_cannot_be_printed_is_refused_without_printing_it(text):
    with pytest.raises(UserError) as error:
        refuse_unprintable(text, "HOME")
    assert error.value.message.isprintable()
    assert error.value.message.startswith("HOME: ")


@pytest.mark.parametrize("text", ["", "a b", "\u00a0", "\u200d", "日本", "e\u0301", '"\\'])
def test_what_is_only_unusual_is_not_refused(text):
    refuse_unprintable(text, "HOME")


# This machine


@pytest.fixture
def place(tmp_path, monkeypatch):
    home = tmp_path.resolve() / "home"
    (home / "w").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "w")
    return home


def test_this_machine(place):
    host = Host.current()
    assert (host.home, host.cwd) == (str(place), f"{place}/w")
    assert host.environ["HOME"] == str(place)
    assert not host.foreign


def test_a_home_that_is_a_link_is_named_as_the_kernel_does(place, monkeypatch):
    (place.parent / "link").symlink_to("home")
    monkeypatch.setenv("HOME", f"{place.parent}/link/")
    host = Host.current()
    assert host.home == str(place)
    assert (f"{place.parent}/link", "home") in host.links


@pytest.mark.parametrize(
    "home, message",
    [("/", "HOME is /"), ("//", "HOME is /"), ("/..", "HOME is /"), ("home", "not an absolute path"),
     ("~", "not an absolute path"), ("/a\nb", "control character")],
)  # fmt: skip
def test_a_home_that_is_none_is_refused(place, monkeypatch, home, message):
    monkeypatch.setenv("HOME", home)
    with pytest.raises(UserError, match=message):
        Host.current()


@pytest.mark.parametrize("value", [None, ""])
def test_without_home_it_is_the_user_s_own(place, monkeypatch, value):
    import pwd

    known = pwd.struct_passwd(("me", "x", 1, 1, "", str(place), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda user: known)
    if value is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", value)
    assert Host.current().home == str(place)

    def unknown(user):
        raise KeyError(user)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(UserError, match="HOME is not set"):
        Host.current()


def test_a_directory_that_is_gone_is_refused(place, monkeypatch):
    gone = place / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UserError, match="no longer exists"):
        Host.current()


def test_a_system_that_is_neither_is_refused(monkeypatch):
    monkeypatch.setattr("sys.platform", "freebsd14")
    with pytest.raises(UserError, match="no way to confine programs on freebsd14"):
        Host.current()


def test_kinds_and_names(place):
    (place / "f").write_text("x")
    (place / "l").symlink_to("w")
    (place / "broken").symlink_to("none")
    os.mkfifo(place / "pipe")
    files = LocalFiles()
    kinds = {
        name: files.kind(f"{place}/{name}") for name in ("w", "f", "l", "broken", "pipe", "none")
    }
    assert kinds == {
        "w": "directory", "f": "file", "l": "link", "broken": "link", "pipe": "other", "none": "missing",
    }  # fmt: skip
    assert files.names(str(place)) == ["broken", "f", "l", "pipe", "w"]
    assert files.names(f"{place}/none") == files.names(f"{place}/f") == []
    assert files.kind(f"{place}/a\0b") == "missing"
    assert files.readlink(f"{place}/l") == "w"
    assert files.readlink(f"{place}/f") == files.readlink(f"{place}/none") == ""


def test_a_name_that_is_not_in_a_listed_directory_is_missing_in_a_link_too(place):
    """What is remembered of a listing says nothing of what a path with `..` leads to."""
    (place / "w/x").write_text("")
    files = LocalFiles()
    assert files.names(f"{place}/w") == ["x"]
    assert files.kind(f"{place}/w/x") == "file"
    assert files.kind(f"{place}/w/y") == "missing"
    assert follow(files, f"{place}/w/../w/x").real == f"{place}/w/x"


def test_a_stub_is_told_from_a_person_s_file(place):
    stub = place / "stub"
    stub.write_text(".\n")
    for mode, create, answer in (
        (0o444, "file:.\n", True), (0o644, "file:.\n", False), (0o444, "file:", False),
        (0o444, "file:x\n", False),
    ):  # fmt: skip
        stub.chmod(mode)
        os.utime(stub, (STUB_TIME, STUB_TIME))
        assert LocalFiles().is_stub(str(stub), create) == answer
    stub.chmod(0o444)
    os.utime(stub, (9, 9))
    assert not LocalFiles().is_stub(str(stub), "file:.\n")
    assert not LocalFiles().is_stub(str(place), "file:")
    # It is asked of what was there: whoever ended last has removed it since.
    assert LocalFiles().is_stub(str(place / "none"), "file:")
    (place / "link").symlink_to("stub")
    assert not LocalFiles().is_stub(str(place / "link"), "file:.\n")


# A Mac, imagined


def test_a_mac_on_linux_has_a_mac_s_links(place):
    host = Host.current()
    if host.platform == MACOS:
        pytest.skip("this is one")
    imagined = host.imagined(MACOS)
    assert (imagined.platform, imagined.foreign) == (MACOS, True)
    for link in ("/tmp", "/var", "/etc"):
        assert imagined.resolve(f"{link}/x").real == f"/private{link}/x"
    assert imagined.resolve("/bin/sh").real == "/bin/sh"
    assert imagined.temp.startswith("/private/var/folders/")
    assert imagined.launch_temp == f"{imagined.temp}/safehouse/00000000"
    assert imagined.home in (str(place), f"/private{place}")


def test_a_mac_on_linux_has_the_person_s_own_links(place):
    (place / "l").symlink_to("w")
    host = Host.current()
    if host.platform == MACOS:
        pytest.skip("this is one")
    imagined = host.imagined(MACOS)
    assert imagined.resolve(f"{place}/l").real == f"{imagined.home}/w"


def test_the_same_system_is_not_imagined():
    for host in (mac(), linux()):
        assert host.imagined(host.platform) is host


def test_linux_imagined_has_no_directories_of_a_mac():
    host = mac().imagined(LINUX)
    assert (host.temp, host.cache, host.launch_temp, host.foreign) == ("", "", "", True)


def test_each_launch_on_a_mac_has_its_own_directory_for_temporary_files(place, monkeypatch):
    """Short: with it, a socket's path has at most 104 bytes."""
    temp = "/var/folders/ab/cdefgh0000gn0000000000000000/T/"
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr(posix, "confstr", lambda number: temp)
    names = {Host.current().launch_temp for _ in range(20)}
    assert len(names) == 20
    for name in names:
        assert re.fullmatch(r".+/T/safehouse/[0-9a-f]{8}", name)


def test_on_linux_a_launch_s_directory_is_its_tmp(place):
    if sys.platform == "linux":
        assert Host.current().launch_temp == ""
