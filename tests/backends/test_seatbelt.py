"""How the policy reaches sandbox-exec: so that nobody can change it on the way."""

from __future__ import annotations

import ctypes
import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from safehouse.backends.seatbelt import SANDBOX_EXEC, Seatbelt
from safehouse.errors import REFUSED, UserError
from safehouse.files import LocalFiles
from safehouse.launch import FULL, PARTIAL
from safehouse.policy.policy import Access, Policy
from safehouse.policy.rule import Filter, Opaque, Origin, Rule, Tier
from safehouse.request import Request
from safehouse.sbpl.render import render
from safehouse.value import replace
from tests.fake_host import mac, planned

ORIGIN = Origin(Tier.USER, "a test", "")
LONG = Policy(
    tuple(
        Rule("allow", ("file-read*",), Filter("literal", f"/{n}" + "x" * 900), ORIGIN)
        for n in range(400)
    )
)


@pytest.fixture
def host(tmp_path):
    home = str(tmp_path.resolve() / "home")
    return replace(mac(home=home), files=LocalFiles(), foreign=True)


def folder(host):
    return Path(host.home) / ".local/state/safehouse/policies"


def test_a_policy_is_an_argument_and_no_file(host):
    policy = planned(mac(), Request(command=("claude",))).policy
    launch = Seatbelt().prepare(policy, host, ("/usr/bin/true", "-f", "x"))
    assert launch.program == SANDBOX_EXEC == "/usr/bin/sandbox-exec"
    assert launch.argv == ("sandbox-exec", "-p", render(policy), "--", "/usr/bin/true", "-f", "x")
    assert launch.environment == policy.environment
    assert launch.creations == ()
    assert not folder(host).exists()


def test_what_is_shown_is_what_is_enforced(host):
    policy = planned(mac(), Request()).policy
    launch = Seatbelt().prepare(policy, host, ("/usr/bin/true",))
    assert Seatbelt().render(policy, host) == launch.argv[2]


def test_a_long_one_is_a_file_that_only_its_owner_can_reach(host):
    launch = Seatbelt().prepare(LONG, host, ("/usr/bin/true",))
    assert launch.argv[1] == "-f"
    path = Path(launch.argv[2])
    assert path.parent == folder(host)
    assert path.read_text() == render(LONG)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sum(len(word) for word in launch.argv) < 1000


def test_that_file_is_closed_to_every_confined_program():
    for request in (Request(), Request(workdir="~", enable=("wide-read",), add_dirs=("~",))):
        plan = planned(mac(), request)
        path = f"{plan.host.home}/.local/state/safehouse/policies/1-a.sb"
        for operation in (
            "file-read-data",
            "file-write-data",
            "file-write-unlink",
            "file-write-create",
        ):
            assert not plan.policy.decide(Access(operation, path)).allowed


def test_a_short_one_is_a_file_too_where_arguments_and_environment_leave_no_room(host):
    """1 MiB for all of it: seatbelt.md 4.7."""
    policy = planned(mac(), Request()).policy
    assert Seatbelt().prepare(policy, host, ("/usr/bin/true", "x" * 700_000)).argv[1] == "-p"
    assert Seatbelt().prepare(policy, host, ("/usr/bin/true", "x" * 1_000_000)).argv[1] == "-f"
    large = replace(policy, environment=(("A", "ä" * 500_000),))
    assert Seatbelt().prepare(large, host, ("/usr/bin/true",)).argv[1] == "-f"


def test_no_two_launches_share_a_file(host):
    paths = {Seatbelt().prepare(LONG, host, ("/usr/bin/true",)).argv[2] for _ in range(3)}
    assert len(paths) == 3


def test_files_of_launches_that_ended_are_removed(host):
    folder(host).mkdir(parents=True, mode=0o700)
    ended = os.fork()
    if ended == 0:
        os._exit(0)
    os.waitpid(ended, 0)
    for name in (f"{ended}-a.sb", f"{os.getpid()}-b.sb", "strange"):
        (folder(host) / name).write_text("")
    path = Seatbelt().prepare(LONG, host, ("/usr/bin/true",)).argv[2]
    left = sorted(os.listdir(folder(host)))
    assert left == sorted([f"{os.getpid()}-b.sb", os.path.basename(path)])


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707, 0o701])
def test_a_directory_that_others_can_reach_is_refused(host, mode):
    folder(host).mkdir(parents=True)
    folder(host).chmod(mode)
    with pytest.raises(UserError) as error:
        Seatbelt().prepare(LONG, host, ("/usr/bin/true",))
    assert error.value.status == REFUSED
    assert f"chmod 700 {folder(host)}" in error.value.hint
    assert os.listdir(folder(host)) == []


def test_a_link_in_place_of_the_directory_is_refused(host, tmp_path):
    folder(host).parent.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder(host).symlink_to(elsewhere)
    with pytest.raises(UserError):
        Seatbelt().prepare(LONG, host, ("/usr/bin/true",))
    assert os.listdir(elsewhere) == []


def test_where_it_cannot_be_written_nothing_is_run(host):
    Path(host.home).mkdir()
    (Path(host.home) / ".local").write_text("a file")
    with pytest.raises(UserError) as error:
        Seatbelt().prepare(LONG, host, ("/usr/bin/true",))
    assert error.value.message.startswith(f"cannot write the policy to {folder(host)}")


def test_a_full_disk_leaves_no_half_of_a_policy(host, monkeypatch):
    real = os.write
    monkeypatch.setattr(
        os, "write", lambda fd, data: full() if len(data) > 1000 else real(fd, data)
    )

    def full():
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match="No space left on device"):
        Seatbelt().prepare(LONG, host, ("/usr/bin/true",))
    assert os.listdir(folder(host)) == []


def test_without_sandbox_exec_nothing_is_run(host, monkeypatch):
    monkeypatch.setattr("safehouse.facts.access", lambda path, mode: path != SANDBOX_EXEC)
    real = replace(host, foreign=False)
    with pytest.raises(
        UserError, match=f"{SANDBOX_EXEC}, which confines programs on macOS, is missing"
    ):
        Seatbelt().prepare(planned(mac(), Request()).policy, real, ("/usr/bin/true",))


def test_a_form_that_is_not_understood_is_not_called_full(host):
    policy = planned(mac(), Request()).policy
    assert Seatbelt().prepare(policy, host, ("x",)).enforcement.level == FULL
    strange = replace(policy, rules=(*policy.rules, Opaque("(trace #t)", ORIGIN)))
    assert Seatbelt().prepare(strange, host, ("x",)).enforcement.level == PARTIAL


# Inside


@pytest.mark.parametrize("claim, answer, inside", [
    ("1", 1, True), ("1", 0, False), ("", 1, False), ("/tmp/x/safehouse.md", 1, True),
])  # fmt: skip
def test_inside_is_what_the_system_says_whatever_a_variable_claims(
    claim, answer, inside, monkeypatch
):
    asked = []

    def library(path):
        asked.append(path)
        return SimpleNamespace(sandbox_check=lambda process, operation, kind: answer)

    monkeypatch.setattr(ctypes, "CDLL", library)
    host = mac(environ={"SAFEHOUSE_SANDBOX": claim})
    assert Seatbelt().inside(host) == inside
    assert set(asked) <= {"/usr/lib/libSystem.B.dylib"}  # by its path, not by the caller's


def test_a_mac_that_is_only_imagined_is_not_asked():
    host = replace(mac(environ={"SAFEHOUSE_SANDBOX": "1"}), foreign=True)
    assert not Seatbelt().inside(host)
