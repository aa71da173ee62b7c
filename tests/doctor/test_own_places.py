"""Our own directories: who else could write there, by the rules by which a launch refuses them."""

from __future__ import annotations

import os
import subprocess

import pytest

from safehouse.doctor import mending, own_places
from safehouse.doctor.finding import CLOSE, DROP
from tests.doctor.machines import wrong


def found(person, **environ):
    return list(own_places.findings(person.subject(**environ)))


def test_nothing_is_said_where_nothing_is(person):
    assert found(person) == []


@pytest.mark.parametrize(
    "path, state",
    [
        (".config/safehouse", "problem"),
        (".config/safehouse/config.yaml", "problem"),
        (".config/safehouse/profiles.d", "problem"),
        (".config/safehouse/grants.yaml", "problem"),
        (".local/state/safehouse", "problem"),
        (".local/state/safehouse/trust", "problem"),
        (".local/state/safehouse/shims", "problem"),
        (".cache/safehouse/init", "warning"),
        (".cache/safehouse", "warning"),
        ("", "warning"),
    ],
)
@pytest.mark.parametrize("by", ["command", "fix"])
def test_what_others_can_write_is_closed_by_its_advice(person, path, state, by):
    person.write(".config/safehouse/config.yaml")
    person.write(".config/safehouse/grants.yaml")
    person.write(".config/safehouse/profiles.d/x.yaml")
    person.write(".local/state/safehouse/shims")
    person.write(".local/state/safehouse/trust/x")
    person.write(".cache/safehouse/init/x")
    place = person.home / path
    place.chmod(0o777 if place.is_dir() else 0o666)
    (finding,) = wrong(found(person)).values()
    assert finding.state == state
    assert finding.fix and finding.fix.action == CLOSE
    if by == "fix":
        mending.mend(finding.fix, person.host())
    else:
        command = finding.mend[0].replace("~/", f"{person.home}/")
        subprocess.run(["/bin/sh", "-c", command], check=True)
    assert not wrong(found(person))
    assert place.stat().st_mode & 0o755 == (0o755 if place.is_dir() else 0o644)


def test_a_directory_for_policies_that_others_can_look_into_is_closed(person):
    person.write(".local/state/safehouse/policies/x.sb")
    (person.home / ".local/state/safehouse/policies").chmod(0o755)
    (finding,) = wrong(found(person)).values()
    mending.mend(finding.fix, person.host())
    assert (person.home / ".local/state/safehouse/policies").stat().st_mode & 0o777 == 0o700


def test_what_is_kept_in_a_form_that_is_not_read_can_be_removed(person):
    person.write(".cache/safehouse/config", mode=0o644)
    person.write(".cache/safehouse/grants", mode=0o600)
    person.write(".cache/safehouse/profiles.123.new", mode=0o600)
    findings = [f for f in found(person) if f.name == "cache"]
    assert {f.state for f in findings} == {"note"}
    for finding in findings:
        assert finding.fix.action == DROP
        mending.mend(finding.fix, person.host())
    assert os.listdir(person.home / ".cache/safehouse") == ["grants"]


def test_a_place_that_a_variable_moved_to_where_commands_write_is_a_problem(person):
    (person.project / "c/safehouse").mkdir(parents=True)
    moved = {"XDG_CONFIG_HOME": f"{person.project}/c"}
    finding = wrong(found(person, **moved))["moved"]
    assert (finding.state, "unset XDG_CONFIG_HOME" in finding.mend[0]) == ("problem", True)


def test_a_place_that_is_not_read_any_more_is_warned_of(person):
    (person.home / "c/safehouse").mkdir(parents=True)
    moved = {"XDG_CONFIG_HOME": f"{person.home}/c"}
    assert not wrong(found(person, **moved))
    person.write(".config/safehouse/config.yaml")
    assert wrong(found(person, **moved))["not-read"].state == "warning"


def test_a_file_that_is_a_link_is_followed(person):
    person.write("dotfiles/config.yaml")
    person.write(".config/safehouse/x")
    (person.home / ".config/safehouse/config.yaml").symlink_to("../../dotfiles/config.yaml")
    (link,) = [f for f in found(person) if f.name == "link"]
    assert "~/dotfiles/config.yaml" in link.text
    (person.home / "dotfiles/config.yaml").chmod(0o666)
    (finding,) = wrong(found(person)).values()
    mending.mend(finding.fix, person.host())
    assert not wrong(found(person))
