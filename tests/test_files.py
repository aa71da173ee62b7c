"""What permissions let somebody do, without privileges: asked of real files."""

from __future__ import annotations

import os
import socket

import pytest

from safehouse.files import LocalFiles


@pytest.mark.parametrize(
    "mode, rights",
    [
        (0o600, "read write"),
        (0o400, "read"),
        (0o200, "write"),
        (0o755, "read write execute"),
        (0o000, ""),
    ],
)
def test_permissions_of_a_file(mode, rights, tmp_path):
    """Root's privileges do not count: a confined program has none."""
    path = tmp_path / "x"
    path.touch()
    path.chmod(mode)
    found = {
        right for right in ("read", "write", "execute") if LocalFiles().permits(str(path), right)
    }
    assert found == set(rights.split())


def test_to_remove_takes_the_directory(tmp_path):
    path = tmp_path / "in" / "x"
    path.parent.mkdir()
    path.touch()
    path.chmod(0)
    assert LocalFiles().permits(str(path), "remove")
    path.parent.chmod(0o500)
    assert not LocalFiles().permits(str(path), "remove")
    path.parent.chmod(0o700)


def test_what_is_not_there_is_not_permitted(tmp_path):
    for right in ("read", "write", "execute", "remove"):
        assert not LocalFiles().permits(str(tmp_path / "none"), right)


@pytest.mark.skipif(os.getuid() != 0, reason="takes root to give a file to somebody else")
def test_in_a_sticky_directory_only_ones_own_can_be_removed(tmp_path, monkeypatch):
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(0o1777)
    for name, owner in (("theirs", 1), ("mine", 2)):
        (directory / name).touch()
        os.chown(directory / name, owner, owner)
    os.chown(directory, 3, 3)
    monkeypatch.setattr("safehouse.files.os.getuid", lambda: 2)
    monkeypatch.setattr("safehouse.files._permits", lambda path, right: True)
    assert LocalFiles().permits(str(directory / "mine"), "remove")
    assert not LocalFiles().permits(str(directory / "theirs"), "remove")


def test_a_socket_is_known(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert LocalFiles().is_socket(str(tmp_path / "s"))
    (tmp_path / "file").touch()
    assert not LocalFiles().is_socket(str(tmp_path / "file"))
    assert not LocalFiles().is_socket(str(tmp_path / "none"))
