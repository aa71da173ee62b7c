"""Why bubblewrap cannot confine here, and the command that mends it: the messages of linux.md 1.10."""

from __future__ import annotations

import builtins
import io

import pytest

from safehouse.backends import diagnosis
from safehouse.errors import REFUSED


@pytest.mark.parametrize(
    "message, mends",
    [
        ("bwrap: No permissions to create new namespace, likely because the kernel does not allow "
         "non-privileged user namespaces. See <https://deb.li/bubblewrap>",
         "sysctl kernel.unprivileged_userns_clone=1"),
        ("bwrap: No permissions to create a new namespace", "kernel.unprivileged_userns_clone=1"),
        ("bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces "
         "exceeded (ENOSPC)", "sysctl user.max_user_namespaces="),
        ("bwrap: setting up uid map: Permission denied", "apparmor_parser -r"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "bwrap-userns-restrict"),
        ("bwrap: Failed to make / slave: Operation not permitted", "outside of it"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths=unconfined"),
        ("bwrap: Unknown option --perms", "install 0.8 or newer"),
        ("bwrap: setuid use of bubblewrap is not supported in this build", "chmod u-s"),
        ("bwrap: something new", "try it by hand: bwrap --unshare-user"),
    ],
)  # fmt: skip
def test_each_message_has_what_mends_it(message, mends):
    assert mends in diagnosis.mending(message)


def script(tmp_path, text):
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return str(program)


def test_where_nothing_can_be_confined_it_says_so_and_that_nothing_was_run(tmp_path):
    program = script(tmp_path, "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    error = diagnosis.of_failure(program)
    assert error.status == REFUSED
    assert "nothing was run" in error.message
    assert "setting up uid map: Permission denied" in error.message
    assert "apparmor" in error.hint


def test_where_only_this_sandbox_failed_it_says_where_to_look(tmp_path):
    error = diagnosis.of_failure(script(tmp_path, "exit 0"))
    assert error.status == REFUSED
    assert "nothing was run" in error.message
    assert "safehouse policy --format" in error.hint


def test_a_program_that_says_nothing_or_cannot_be_started(tmp_path):
    assert diagnosis.probe(script(tmp_path, "exit 3")) == "exit status 3"
    assert "No such file" in diagnosis.probe(str(tmp_path / "none"))


def test_the_probe_hands_on_no_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    program = script(tmp_path, 'test -z "$SECRET" || { echo leaked >&2; exit 1; }')
    assert diagnosis.probe(program) == ""


@pytest.mark.parametrize(
    "release, command",
    [
        ('ID=debian\nVERSION_ID="12"\n', "sudo apt-get install bubblewrap"),
        ("ID=ubuntu\nID_LIKE=debian\n", "sudo apt-get install bubblewrap"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt-get install bubblewrap"),
        ("ID=fedora\n", "sudo dnf install bubblewrap"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install bubblewrap"),
        ("ID=arch\n", "sudo pacman -S bubblewrap"),
        ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', "sudo zypper install bubblewrap"),
        ("ID=alpine\n", "sudo apk add bubblewrap"),
        ("ID=nixos\n", "environment.systemPackages"),
        ("ID=other\n# a comment\n\nnonsense", "install the package bubblewrap"),
        (None, "install the package bubblewrap"),
    ],
)
def test_the_command_that_installs_it_on_this_distribution(release, command, monkeypatch):
    def opened(path, *words, **named):
        assert path == "/etc/os-release"
        if release is None:
            raise FileNotFoundError(2, "No such file", path)
        return io.StringIO(release)

    monkeypatch.setattr(builtins, "open", opened)
    assert command in diagnosis.install()
