"""Which safehouse this is, and which others PATH has, by looking into them: none is run."""

from __future__ import annotations

import pytest

from safehouse.doctor import installation
from safehouse.doctor.facts import Ours
from safehouse.shims.program import Installation
from safehouse.value import replace
from tests.doctor.machines import OURS, by_name, linux_facts, wrong

BUILD = OURS.build
HEADER = (
    "#!/bin/sh\n# PYTHON_ARGCOMPLETE_OK\n# Safehouse. This shell finds a Python; what follows is a zip.\n"
    '        case $x in\n            "{}$IFS$0$IFS$XDG_CONFIG_HOME$IFS$*") ;;\n'
)
OLD = "0" * 16
LAUNCHER = HEADER.replace("# Safehouse. This", "# Safehouse, as pip, pipx and uv install it. This")
SCRIPT = "#!/x/python\nfrom safehouse.cli.main import main\n"
AGENT_SAFEHOUSE = "#!/usr/bin/env bash\n# -----\n# Agent Safehouse Dist Binary (generated file)\n"


@pytest.fixture
def ours(person):
    """The facts of a safehouse in ~/.local/bin."""
    program = str(person.program(".local/bin/safehouse", HEADER.format(BUILD)))
    found = Ours(Installation("single file", program), BUILD, program, "/usr/bin/python3", "3.11.2")
    return linux_facts(ours=found)


def found(person, facts, path="", **environ):
    if path:
        environ["PATH"] = ":".join(f"{person.home}/{p}" for p in path.split(":")) + ":/usr/bin:/bin"
    subject = person.subject(**environ)
    findings = installation.findings(subject, facts)
    # Where the tests run, others may write above the home.
    return [
        f for f in findings if not f.name.endswith("-open") or str(person.home.parent) not in f.text
    ]


def test_one_alone_is_well(person, ours):
    findings = by_name(found(person, ours))
    assert not wrong(findings.values())
    assert findings["installation"].details[0] == f"build {BUILD}"
    summary = installation.summary(ours, person.host())
    assert "single file ~/.local/bin/safehouse, Python 3.11.2" in summary


@pytest.mark.parametrize(
    "text, name, state, what",
    [
        (HEADER.format(OLD), "first-on-path", "warning", "another single file"),
        (HEADER.format(BUILD), "first-on-path", "note", "the same build"),
        (SCRIPT, "first-on-path", "warning", "of a package manager"),
        (LAUNCHER.format(OLD), "first-on-path", "warning", "of a package manager"),
        (LAUNCHER.format(BUILD), "first-on-path", "note", "the same build"),
        (AGENT_SAFEHOUSE, "first-on-path", "warning", "agent-safehouse's program"),
        ("#!/bin/sh\n", "first-on-path", "warning", "another program"),
    ],
)
def test_another_one_that_path_finds_first_is_named(person, ours, text, name, state, what):
    person.program("first/safehouse", text)
    finding = by_name(found(person, ours, "first:.local/bin"))[name]
    assert (finding.state, what in finding.text) == (state, True)
    assert finding.mend[0] == "rm ~/first/safehouse"
    assert f'export PATH={person.home}/.local/bin:"$PATH"' in finding.mend[1]


def test_another_one_behind_it_is_only_noted(person, ours):
    person.program("second/safehouse", AGENT_SAFEHOUSE)
    findings = by_name(found(person, ours, ".local/bin:second"))
    assert (findings["another"].state, findings["another"].mend) == (
        "note",
        ("rm ~/second/safehouse",),
    )


def test_a_link_to_the_same_one_is_the_same_one(person, ours):
    (person.home / "first").mkdir()
    (person.home / "first/safehouse").symlink_to("../.local/bin/safehouse")
    assert not wrong(found(person, ours, "first:.local/bin"))


@pytest.mark.parametrize(
    "place, command",
    [
        ("Cellar/agent-safehouse/1.0/bin/safehouse", "brew uninstall agent-safehouse"),
        ("pipx/venvs/safehouse/bin/safehouse", "pipx uninstall safehouse"),
        ("uv/tools/safehouse/bin/safehouse", "uv tool uninstall safehouse"),
    ],
)
def test_a_copy_is_removed_by_who_installed_it(person, ours, place, command):
    person.program(place, SCRIPT)
    (person.home / "first").mkdir()
    (person.home / "first/safehouse").symlink_to(f"../{place}")
    assert by_name(found(person, ours, "first:.local/bin"))["first-on-path"].mend[0] == command


def test_one_that_path_does_not_find_is_told_how_to_be_found(person, ours):
    finding = by_name(found(person, ours, "elsewhere"))["path"]
    assert finding.state == "note"
    assert f'export PATH={person.home}/.local/bin:"$PATH"' in finding.mend[0]


def test_a_module_that_was_started_is_no_program(person, ours):
    facts = replace(ours, ours=replace(ours.ours, program=""))
    assert by_name(found(person, facts))["program"].state == "note"


@pytest.mark.parametrize("path, name", [(".local/bin", "program-open"), ("py/bin", "python-open")])
def test_what_others_could_exchange_is_warned_of(person, ours, path, name):
    python = person.program("py/bin/python3")
    (person.home / path).chmod(0o777)
    facts = replace(ours, ours=replace(ours.ours, python=str(python)))
    finding = wrong(found(person, facts))[name]
    assert finding.mend == (f"chmod go-w ~/{path}",)


def test_a_python_that_confined_programs_may_change_is_told(person, ours):
    python = person.program(".pyenv/versions/3.11/bin/python3")
    facts = replace(ours, ours=replace(ours.ours, python=str(python)))
    finding = by_name(found(person, facts))["python-reachable"]
    assert (finding.state, "toolchain-writes" in finding.text) == ("note", True)
    python = person.program(".npm/_npx/python3")  # a cache, which is always writable
    facts = replace(ours, ours=replace(ours.ours, python=str(python)))
    assert by_name(found(person, facts))["python-reachable"].state == "warning"
