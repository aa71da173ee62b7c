"""Every mistake in a person's files is named, once, by file and line; and its advice mends it."""

from __future__ import annotations

import os
import shlex
import shutil

import pytest

from safehouse.cli.main import main
from safehouse.doctor import configuration
from safehouse.sources import directory
from tests.doctor.machines import wrong

CONFIG = ".config/safehouse/config.yaml"
GRANTS = ".config/safehouse/grants.yaml"


def found(person, cwd="src/project", **environ):
    return list(configuration.findings(person.subject(cwd, **environ)))


def texts(findings, state):
    return [finding.text for finding in findings if finding.state == state]


def test_nothing_has_to_be_configured(person):
    assert not wrong(found(person))
    assert configuration.summary(tuple(found(person))) == (
        "nothing is configured, and nothing has to be"
    )


def test_what_there_is_makes_the_summary(person):
    person.write(CONFIG, "explain: false\n")
    person.write(
        ".config/safehouse/profiles.d/m.yaml",
        "profiles:\n  mine:\n    layer: agent\n    summary: mine\n    commands: [mine]\n",
    )
    findings = found(person)
    assert not wrong(findings)
    assert configuration.summary(tuple(findings)) == (
        "~/.config/safehouse/config.yaml; profiles.d with mine"
    )


def test_every_file_with_a_mistake_is_named_not_only_the_first(person):
    person.write(CONFIG, "enable: [ssh]\nenabel: [ssh]\n")
    person.write(".config/safehouse/profiles.d/a.yaml", "profiles:\n  mine:\n    layer: agent\n")
    person.write(".config/safehouse/profiles.d/b.yaml", "profiles: [\n")
    person.write(GRANTS, "~/src/project:\n  enabl: [x]\n")
    problems = texts(found(person), "problem")
    places = [
        "config.yaml:2: ",
        "profiles.d/a.yaml:2: ",
        "profiles.d/b.yaml:2:1: ",
        "grants.yaml:2: ",
    ]
    assert len(problems) == len(places)
    for place in places:
        assert any(f"~/.config/safehouse/{place}" in text for text in problems), place


def test_a_later_profile_may_rest_on_an_earlier_one(person):
    text = "profiles:\n  {}:\n    layer: agent\n    summary: s\n    commands: [{}]\n    requires: [{}]\n"
    person.write(".config/safehouse/profiles.d/a.yaml", text.format("one", "one", "claude"))
    person.write(".config/safehouse/profiles.d/b.yaml", text.format("two", "two", "one"))
    assert not wrong(found(person))


@pytest.mark.parametrize(
    "text, state, told",
    [
        ("enable: [sshh]", "problem", "config.yaml:1: no feature is called 'sshh', did you mean 'ssh'?"),
        ("agents:\n  codex:\n    enable: [dockr]", "problem", "config.yaml:3: no feature is called 'dockr'"),
        ("append-profile: [~/gone.sb]", "problem", "config.yaml:1: {home}/gone.sb: No such file"),
        ("env: ~/gone.env", "problem", "config.yaml:1: {home}/gone.env: No such file"),
        ("workdir: ~/gone", "problem", "config.yaml:1: ~/gone does not exist"),
        ("agent: claud", "problem", "config.yaml:1: no agent is called 'claud'"),
        ("agents:\n  cluade:\n    args: [x]", "warning", "no agent is called 'cluade', did you mean"),
        ("add-dirs: ['~']", "warning", "config.yaml:1: write ~ is left out: it holds your whole home"),
        ("add-dirs: [~/gone]", "note", "config.yaml:1: write ~/gone is left out: it does not exist"),
    ],
)  # fmt: skip
def test_what_a_launch_would_stop_for_or_leave_out_is_told(person, text, state, told):
    person.write(CONFIG, f"{text}\n")
    said = texts(found(person), state)
    assert any(told.format(home=person.home) in text for text in said), said


def test_a_mistake_of_sbpl_is_found_by_the_launch_that_is_prepared(person):
    person.write("rules.sb", "(version 1)\n(allow")
    person.write(CONFIG, "agents:\n  codex:\n    append-profile: [~/rules.sb]\n")
    assert any("rules.sb" in text for text in texts(found(person), "problem"))


def grant(person, place, *words):
    (person.home / place).mkdir(parents=True, exist_ok=True)
    assert main(["grant", *words, f"--for={person.home}/{place}"]) == 0


def follow(findings):
    """Types the advice that is a command of ours."""
    lines = [line for f in findings for line in f.mend if line.startswith("safehouse ")]
    for line in dict.fromkeys(lines):
        assert main(shlex.split(line)[1:]) == 0, line
    return len(lines)


def test_grants_of_directories_that_are_gone_or_replaced_are_noted(person, capsys):
    for name in ("a", "b", "c"):
        grant(person, f"src/{name}", str(person.home / "src"))
    shutil.rmtree(person.home / "src/a")
    os.rename(person.home / "src/b", person.home / "src/other")
    (person.home / "src/b").mkdir()
    os.rename(person.home / "src/c", person.home / "src/d")
    (person.home / "src/c").symlink_to("d")
    notes = [f for f in found(person) if f.state == "note"]
    assert [
        "gone" in notes[0].text,
        "another directory" in notes[1].text,
        "a link" in notes[2].text,
    ] == [True] * 3
    assert follow(notes) == 3
    assert not [f for f in found(person) if f.state != "ok"]


def test_grants_that_do_not_apply_are_taken_back_by_the_command_that_is_shown(person, capsys):
    docs = person.home / "docs"
    docs.mkdir()
    grant(person, "src/project", str(docs))
    grant(person, "src/project", "--enable=ssh", "--agent=claude")
    grant(person, "src/project", "--env-pass=TOKEN", "--agent=codex")
    docs.rmdir()
    file = person.home / GRANTS
    file.write_text(file.read_text().replace("ssh", "sshh").replace("codex:", "codx:"))
    findings = found(person)
    assert any("feature sshh: no feature" in text for text in texts(findings, "problem"))
    assert any("TOKEN for 'codx': no agent" in text for text in texts(findings, "warning"))
    assert any("~/docs: it does not exist" in text for text in texts(findings, "note"))
    follow(findings)
    assert not [f for f in found(person) if f.state != "ok"]


def test_a_profile_that_a_grant_names_and_is_gone_stops_launches_there(person):
    person.write(GRANTS, "~/src/project:\n  append-profile: [~/gone.sb]\n")
    assert directory.stored(person.host())
    (finding,) = [f for f in found(person) if f.name == "grant"]
    assert finding.state == "problem"
    assert "take line 2 out" in finding.mend[0]


def test_variables_are_named_without_their_values(person):
    findings = found(
        person,
        SAFEHOUSE_ENABLE="ssh",
        SAFEHOUSE_TRUST_WORKDIR_CONFIG="1",
        SAFEHOUSE_ADD_DIR="/secret-value",
        SAFEHOUSE_SANDBOX="1",
    )
    notes = texts(findings, "note")
    assert "SAFEHOUSE_ENABLE is set: as --enable in each launch from here" in notes
    assert any(text.startswith("SAFEHOUSE_TRUST_WORKDIR_CONFIG is ignored") for text in notes)
    assert any("did you mean 'SAFEHOUSE_ADD_DIRS'" in text for text in notes)
    assert len(notes) == 3
    assert "secret-value" not in repr(findings)


def test_a_variable_that_stops_launches_is_a_problem(person):
    findings = found(person, SAFEHOUSE_ENABLE="sshh")
    assert texts(findings, "problem") == [
        "SAFEHOUSE_ENABLE: no feature is called 'sshh', did you mean 'ssh'?"
    ]
