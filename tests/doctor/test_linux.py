"""The system on Linux: each cause is named, with the command that mends it on that machine."""

from __future__ import annotations

import pytest

from safehouse.backends import diagnosis
from safehouse.backends.bubblewrap import Place
from safehouse.doctor import facts as known
from safehouse.doctor import linux
from safehouse.doctor.trial import Said, Trial
from tests import fake_host
from tests.doctor.machines import BWRAP, by_name, linux_facts, refused, wrong

HOST = fake_host.linux()
UID_MAP = "bwrap: setting up uid map: Permission denied"
NO_NAMESPACE = "bwrap: No permissions to create new namespace"


def found(facts, stopped=False):
    return by_name(linux.findings(HOST, facts, stopped))


def texts(**more):
    return {**linux_facts().texts, **{getattr(known, name): text for name, text in more.items()}}


def test_where_all_is_well_nothing_is_to_be_done():
    findings = found(linux_facts())
    assert {finding.state for finding in findings.values()} == {"ok"}
    assert {
        "system",
        "bubblewrap",
        "launch",
        "user-namespaces",
        "landlock",
        "seccomp",
        "signals",
    } == {*findings}
    assert linux.summary(linux_facts()) == (
        "Ubuntu 24.04.1 LTS, Linux 6.14.0-27-generic, bubblewrap 0.9.0: programs are confined here"
    )


def test_without_bubblewrap_the_command_of_this_distribution_installs_it():
    trial = Trial(125, "bubblewrap, which confines programs on Linux, is not installed", "x")
    for release, command in (
        ({"ID": "ubuntu"}, "sudo apt-get install bubblewrap"),
        ({"ID": "fedora"}, "sudo dnf install bubblewrap"),
    ):
        facts = linux_facts(enforcers=(), said={}, trial=trial, release=release)
        assert found(facts)["bubblewrap"].state == "problem"
        assert found(facts)["bubblewrap"].mend == (command,)


def test_a_bubblewrap_that_others_can_write_is_not_trusted():
    facts = linux_facts(enforcers=(Place(BWRAP, 0, 0o100777),))
    assert found(facts)["bubblewrap"].state == "problem"
    command = "sudo chown root /usr/bin/bwrap && sudo chmod go-w /usr/bin/bwrap"
    assert found(facts)["bubblewrap"].mend == (command,)
    inside = linux_facts(
        enforcers=(Place(BWRAP, 65534, 0o100755),), texts=texts(USERS="1000 1000 1")
    )
    assert "outside of it" in found(inside)["bubblewrap"].mend[0]


def test_in_a_user_namespace_there_is_one_finding_and_no_advice_for_root():
    """`unshare -Ur`: somebody is root there, and what is root's outside is nobody's."""
    inside = linux_facts(
        enforcers=(Place(BWRAP, 65534, 0o100755),),
        texts=texts(USERS="0 1000 1"),
        system_owner=65534,
        trial=Trial(125, "/usr/bin/bwrap is not trusted: another than root may write to it", "x"),
    )
    findings = found(inside)
    assert "run safehouse outside of it" in findings["bubblewrap"].mend[0]
    assert "sudo" not in findings["bubblewrap"].mend[0]
    assert findings["bubblewrap"].text == findings["launch"].text  # which is told once
    assert findings["container"].text == "this is inside another sandbox"


def test_one_that_is_passed_over_is_named():
    places = (Place(BWRAP, 1000, 0o100755), Place("/usr/local/bin/bwrap", 0, 0o100755))
    finding = found(linux_facts(enforcers=places))["bubblewrap-not-used"]
    assert finding.state == "warning"
    assert finding.mend == ("sudo chown root /usr/bin/bwrap && sudo chmod go-w /usr/bin/bwrap",)


@pytest.mark.parametrize(
    "version, state",
    [("0.4.1", "warning"), ("0.7.9", "warning"), ("0.8.0", "ok"), ("0.11.2", "ok"), ("1.0", "ok")],
)
def test_a_version_that_was_never_tried_is_warned_of(version, state):
    facts = linux_facts(said={(BWRAP, "--version"): Said(0, f"bubblewrap {version}")})
    assert found(facts)["bubblewrap"].state == state


def test_a_version_that_is_not_told_is_no_problem():
    facts = linux_facts(said={(BWRAP, "--version"): Said(1, "what?")})
    assert found(facts)["bubblewrap"].state == "ok"


def test_setuid_is_a_problem_only_where_it_is_in_the_way():
    places = (Place(BWRAP, 0, 0o104755),)
    assert found(linux_facts(enforcers=places))["bubblewrap-setuid"].state == "note"
    finding = found(refused("bwrap: setuid use is not supported", enforcers=places))[
        "bubblewrap-setuid"
    ]
    assert (finding.state, finding.mend) == ("problem", ("sudo chmod u-s /usr/bin/bwrap",))


@pytest.mark.parametrize(
    "marks, steps",
    [
        (set(), ["apt-get install apparmor-profiles", "ln -s", "apparmor_parser -r"]),
        ({diagnosis.PACKAGED}, ["ln -s", "apparmor_parser -r"]),
        ({diagnosis.PACKAGED, diagnosis.PROFILE}, ["apparmor_parser -r"]),
    ],
)
def test_apparmor_gets_the_steps_that_are_missing(marks, steps):
    facts = refused(UID_MAP, texts=texts(RESTRICTED="1"), marks=frozenset(marks))
    finding = found(facts)["launch"]
    assert finding.state == "problem"
    assert UID_MAP in finding.text
    commands = finding.mend[0].split(" && ")
    assert len(commands) == len(steps)
    assert all(command.startswith(f"sudo {step}") for command, step in zip(commands, steps))
    assert (found(facts)["apparmor"].state, found(facts)["apparmor"].mend) == ("note", ())


def test_apparmor_that_lets_bubblewrap_through_is_no_matter():
    facts = linux_facts(texts=texts(RESTRICTED="1"))
    assert found(facts)["apparmor"].state == "ok"


@pytest.mark.parametrize(
    "name, command",
    [
        ("MOST", "sudo sysctl user.max_user_namespaces=15000"),
        ("CLONE", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    ],
)
def test_a_setting_of_the_kernel_is_set_now_and_for_later(name, command):
    facts = refused(NO_NAMESPACE, texts=texts(**{name: "0"}))
    now, later = found(facts)["launch"].mend
    assert now == command
    assert command.split()[-1] in later and "/etc/sysctl.d/" in later
    assert (found(facts)["user-namespaces"].state, found(facts)["user-namespaces"].mend) == (
        "note",
        (),
    )
    # Where bubblewrap was not asked, as it is not there yet, this will be in the way next.
    facts = linux_facts(texts=texts(**{name: "0"}), enforcers=(), trial=Trial(125, "x"))
    assert found(facts)["user-namespaces"].mend[0] == command


@pytest.mark.parametrize(
    "facts, name, mend",
    [
        ({"marks": frozenset({known.DOCKER})}, "a Docker container", "docker run --security-opt"),
        ({"marks": frozenset({known.PODMAN})}, "a Podman container", "podman run --security-opt"),
        ({"marks": frozenset({known.LXD})}, "an LXC container", "security.nesting true"),
        ({"texts": texts(CONTAINER="lxc")}, "an LXC container", "security.nesting true"),
        ({"texts": texts(CONTAINER="systemd-nspawn")}, "a container (systemd-nspawn)", "outside"),
        ({"marks": frozenset({known.FLATPAK})}, "Flatpak", "flatpak-spawn --host"),
        ({"texts": texts(USERS="1000 1000 1")}, "another sandbox", "outside of it"),
    ],
)
def test_what_it_is_inside_of_is_only_of_interest_where_it_may_be_in_the_way(facts, name, mend):
    assert found(linux_facts(**facts))["container"].state == "ok"
    findings = found(refused(NO_NAMESPACE, **facts))
    assert (findings["container"].state, name in findings["container"].text) == ("note", True)
    assert mend in findings["launch"].mend[0]


def test_wsl_2_is_a_linux_and_wsl_1_is_none():
    version = "Linux version 5.15.167.4-microsoft-standard-WSL2 (root@x)"
    facts = linux_facts(texts=texts(VERSION=version), kernel="5.15.167.4-microsoft-standard-WSL2")
    assert not wrong(found(facts).values())
    version = "Linux version 4.4.0-19041-Microsoft (Microsoft@Microsoft.com)"
    facts = refused("bwrap: x", texts=texts(VERSION=version), kernel="4.4.0-19041-Microsoft")
    assert found(facts)["system"].state == "problem"
    assert "wsl --set-version NAME 2" in found(facts)["system"].mend[0]


def test_a_message_that_no_setting_explains_keeps_what_is_known_of_it():
    words = "bwrap: Unknown option --perms"
    assert found(refused(words))["launch"].mend == (diagnosis.mending(words),)


def test_a_launch_that_fails_for_another_reason_is_told_as_a_launch_tells_it():
    facts = linux_facts(trial=Trial(125, "first line\n  second line", "do this"))
    finding = found(facts)["launch"]
    assert (finding.state, finding.text, finding.mend) == ("problem", "first line", ("do this",))
    assert finding.details == ("  second line",)
    facts = linux_facts(trial=Trial(139))
    assert "ended with status 139" in found(facts)["launch"].text


def test_where_a_launch_is_stopped_before_bubblewrap_alone_decides():
    trial = Trial(125, "config.yaml:1: a mistake", "")
    facts = linux_facts(trial=trial, marks=frozenset({known.DOCKER}))
    assert not wrong(found(facts, stopped=True).values())
    assert "see configuration" in found(facts, stopped=True)["launch"].text
    facts = refused(UID_MAP, trial=trial, texts=texts(RESTRICTED="1"))
    assert found(facts, stopped=True)["launch"].state == "problem"


def test_an_old_kernel_is_weaker_and_it_is_said_where():
    assert found(linux_facts(landlock=4))["landlock"].state == "note"
    assert "abstract sockets" in found(linux_facts(landlock=4))["landlock"].text
    facts = linux_facts(landlock=-1, texts=texts(MODULES="lockdown,yama,apparmor"))
    assert found(facts)["landlock"].mend[0].endswith("lsm=landlock,lockdown,yama,apparmor")


def test_a_processor_without_a_filter_matters_where_the_kernel_lets_programs_type():
    facts = linux_facts(filters=False, machine="riscv64", texts=texts(TYPING="1"))
    assert found(facts)["seccomp"].state == "warning"
    assert "dev.tty.legacy_tiocsti=0" in found(facts)["seccomp"].mend[0]
    facts = linux_facts(filters=False, machine="riscv64", texts=texts(TYPING="0"))
    assert found(facts)["seccomp"].state == "ok"


def test_an_env_that_cannot_reset_signals_is_noted():
    assert "coreutils" in found(linux_facts(resets_signals=False))["signals"].mend[0]


def test_a_container_is_not_suspected_where_a_setting_is_the_cause():
    facts = refused(NO_NAMESPACE, texts=texts(CLONE="0"), marks=frozenset({known.DOCKER}))
    assert found(facts)["container"].state == "ok"
    assert "sysctl" in found(facts)["launch"].mend[0]
