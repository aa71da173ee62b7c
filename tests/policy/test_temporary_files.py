"""Temporary files on a Mac: those of a launch are its own, and sockets stay where they are."""

from __future__ import annotations

import pytest

from safehouse.sbpl.render import render
from tests.fake_host import LAUNCH_TEMP, TEMP, mac
from tests.policy.on_a_mac import allows, policy


@pytest.mark.parametrize("request_", [
    {}, {"enable": ("wide-read",)}, {"add_dirs": (TEMP,)}, {"add_dirs": (TEMP + "/safehouse",)},
    {"workdir": TEMP}, {"workdir": "/"},
])  # fmt: skip
def test_temporary_files_of_another_launch_are_not_to_be_had(request_):
    """U7: All of /tmp and /var/folders was shared with everything else."""
    held = policy(mac(f"{TEMP}/safehouse/"), agent="claude", **request_)
    for path in (f"{TEMP}/safehouse/0a1b2c3e", f"{TEMP}/safehouse/ffffffff/a/b.sock"):
        for operation in (
            "file-read-data", "file-read-metadata", "file-write-data", "file-write-create",
            "file-write-unlink", "file-link", "file-clone", "network-outbound", "network-bind",
        ):  # fmt: skip
            assert not allows(held, operation, path, "path"), operation
    assert not allows(held, "file-read-data", f"{TEMP}/safehouse")
    for operation in ("file-write-create", "network-bind", "network-inbound", "network-outbound"):
        assert allows(held, operation, f"{LAUNCH_TEMP}/x/y.sock", "path")
    for path in (TEMP, f"{TEMP}/safehouse", LAUNCH_TEMP):
        assert not allows(held, "file-write-unlink", path)


def test_the_name_of_the_directory_of_all_launches_cannot_be_taken_in_another_spelling():
    """While it is missing: mkdir T/SafeHouse, and the next launch would be in there."""
    for name in ("safehouse", "SafeHouse", "SAFEHOUSE"):
        assert not allows(policy(), "file-write-create", f"{TEMP}/{name}")
    assert allows(policy(), "file-write-create", f"{TEMP}/safehouse2")


def test_a_socket_of_another_program_is_not_moved_to_where_programs_may_connect():
    """mv /private/tmp/.s.PGSQL.5432 $TMPDIR: the refusal comes after what it is moved out of."""
    text = render(policy())
    moved = text.index(
        "(deny file-write-unlink file-write-create file-link\n  (vnode-type SOCKET))"
    )
    assert text.index('(subpath "/private/tmp")') < moved < text.index(f'(subpath "{LAUNCH_TEMP}")')


def test_programs_have_sockets_without_the_network_too():
    held = policy(network="none")
    assert allows(held, "network-bind", f"{LAUNCH_TEMP}/x", "path")
    assert allows(held, "network-outbound", f"{LAUNCH_TEMP}/x", "path")
    assert not allows(held, "network-outbound", "example.com:443")
