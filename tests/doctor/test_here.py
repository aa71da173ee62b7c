"""The directory that one is in: whether a launch starts there, and what its project asks for."""

from __future__ import annotations

import pytest

from safehouse.cli.main import main
from safehouse.doctor import here
from tests.doctor.machines import by_name


def found(person, cwd="src/project", **environ):
    return by_name(here.findings(person.subject(cwd, **environ)))


def test_in_a_project_a_launch_can_start(person):
    findings = found(person)
    assert {f.state for f in findings.values()} == {"ok"}
    assert here.summary(tuple(findings.values())) == "~/src/project: a launch can start here"


@pytest.mark.parametrize("cwd", [".", "..", ".config/safehouse", ".ssh", ".local"])
def test_at_home_and_in_places_that_are_no_project_it_is_only_noted_that_none_can(person, cwd):
    for name in (".config/safehouse", ".ssh", ".local"):
        (person.home / name).mkdir(parents=True, exist_ok=True)
    finding = found(person, str((person.home / cwd).resolve()))["directory"]
    assert finding.state == "note"
    assert finding.mend


def test_a_project_whose_configuration_is_wrong_is_a_problem(person):
    person.write("src/project/.safehouse.yaml", "enabel: []\n")
    finding = found(person)["directory"]
    assert finding.state == "problem"
    assert ".safehouse.yaml:1: unknown key" in finding.text


def test_what_stops_every_launch_is_told_elsewhere(person):
    person.write(".config/safehouse/config.yaml", "enabel: []\n")
    assert found(person)["directory"].state == "ok"


def test_what_a_project_asks_for_waits_for_trust(person, capsys):
    person.write("src/project/.safehouse.yaml", "enable: [ssh]\n")
    finding = found(person)["project"]
    assert (finding.state, finding.mend) == ("note", ("safehouse trust",))
    assert main(["trust", "--yes"]) == 0
    assert found(person)["project"].state == "ok"
    person.write("src/project/.safehouse.yaml", "enable: [ssh, docker]\n")
    assert "has changed" in found(person)["project"].text
    assert main(["trust", "--decline"]) == 0
    assert (found(person)["project"].state, found(person)["project"].mend) == ("ok", ())
