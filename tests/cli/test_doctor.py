"""`safehouse doctor`: a short page for people, all of it for programs, and a status for scripts."""

from __future__ import annotations

import json

import pytest

from safehouse.cli import doctor as command
from safehouse.cli.main import main
from safehouse.doctor.examine import examine
from safehouse.doctor.finding import Finding, Section
from safehouse.value import replace
from tests.doctor.conftest import Person, person  # noqa: F401
from tests.doctor.machines import linux_facts, refused

GROUPS = ("system", "installation", "shell", "agents", "PATH", "configuration", "left-overs")


@pytest.fixture
def run(person, monkeypatch, capsys):  # noqa: F811
    """Runs the command on a machine that is made of facts."""
    person.write(".bashrc", 'eval "$(safehouse init bash)"\n')
    person.write(".profile", ". ~/.bashrc\n")
    program = str(person.program(".local/bin/safehouse"))
    usual = linux_facts()
    facts = replace(usual, ours=replace(usual.ours, program=program))

    def run(*words, facts=facts, found=None):
        def examined(host):
            made = examine(replace(host, borrowed=False), facts)
            return replace(made, sections=found) if found else _without_above(made, person)

        monkeypatch.setattr(command, "examine", examined)
        status = main(["doctor", *words])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def _without_above(made, person):  # noqa: F811
    """Without what is said of directories above the home: where the tests run, others may write there."""

    def kept(section):
        own = tuple(f for f in section.findings if not (f.name.endswith("open")))
        return replace(section, findings=own)

    return replace(made, sections=tuple(kept(section) for section in made.sections))


def section(*findings, name="agents"):
    return Section(name, name, "all is well", findings)


def test_a_healthy_machine_has_a_line_for_each_group_and_nothing_to_do(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.partition("  ")[0].strip() for line in lines[: len(GROUPS)]] == [*GROUPS]
    assert all(" ok " in line for line in lines[: len(GROUPS) + 1])
    assert lines[-1] == "All is well."
    assert len(lines) <= 12


def test_all_that_was_looked_at_is_shown_on_request(run):
    status, out, _ = run("-v")
    assert status == 0
    assert "  ok  user namespaces are on, 127134 at most\n" in out
    assert len(out.splitlines()) > 20
    assert run("--verbose")[1] == out


@pytest.mark.parametrize("state, status", [("ok", 0), ("note", 0), ("warning", 0), ("problem", 1)])
def test_only_a_problem_makes_the_status_1(run, state, status):
    assert run(found=(section(Finding("x", state, "this is so")),))[0] == status
    assert run("--json", found=(section(Finding("x", state, "this is so")),))[0] == status


def test_what_is_wrong_comes_last_the_worst_at_the_end_with_what_mends_it(run):
    found = (
        section(
            Finding("a", "problem", "the worst", ("mend --it",)), Finding("b", "note", "a note")
        ),
        section(Finding("c", "warning", "not so bad", ("mend --that",)), name="path"),
    )
    out = run(found=found)[1]
    assert out.endswith(
        "\nnote: a note\n\nwarning: not so bad\n    mend --that\nproblem: the worst\n    mend --it\n"
    )
    assert out.startswith("agents  problem  the worst\npath    warning  not so bad\n")


def test_what_one_line_of_a_file_causes_is_told_once(run):
    text = "~/x.yaml:3: a mistake"
    found = (
        section(Finding("a", "problem", text)),
        section(Finding("b", "problem", "~/x.yaml:3: a mistake, in other words"), name="here"),
        section(Finding("c", "warning", "~/x.yaml:3: and a warning"), name="path"),
    )
    out = run(found=found)[1]
    assert out.count("problem: ") == 1 and f"problem: {text}\n" in out
    assert "warning: ~/x.yaml:3: and a warning" in out


def test_of_many_notes_the_first_are_shown(run):
    notes = [Finding("n", "note", f"number {n}") for n in range(9)]
    out = run(found=(section(*notes),))[1]
    assert out.count("note: number") == 3
    assert "note: 6 more on agents: safehouse doctor -v" in out


def test_a_machine_that_cannot_confine_says_so_with_the_command(run):
    status, out, _ = run(facts=refused("bwrap: No permissions to create new namespace", texts={
        "/proc/sys/kernel/unprivileged_userns_clone": "0"}))  # fmt: skip
    assert status == 1
    assert "problem: bubblewrap cannot confine here: bwrap: No permissions" in out
    assert "    sudo sysctl kernel.unprivileged_userns_clone=1\n" in out


def test_programs_get_all_of_it_by_stable_names(run):
    status, out, err = run("--json")
    document = json.loads(out)
    assert (status, err) == (0, "")
    assert document["version"] == 1 and document["inside"] is False
    assert document["state"] == "ok" and document["platform"] == "linux"
    assert set(document["safehouse"]) == {
        "version", "build", "installed", "place", "program", "python", "python_version",
    }  # fmt: skip
    assert [group["name"] for group in document["groups"]] == [
        "system", "installation", "shell", "agents", "path", "configuration", "leftovers", "here",
    ]  # fmt: skip
    for group in document["groups"]:
        assert set(group) == {"name", "state", "summary", "findings"}
        for finding in group["findings"]:
            assert set(finding) == {"name", "state", "text", "mend", "details", "fix"}


@pytest.mark.parametrize(
    "words, told",
    [
        (("x",), "unexpected 'x'"),
        (("--fix", "--json"), "--fix cannot be combined with --json"),
        (("--yes",), "--yes is for safehouse doctor --fix"),
        (("--fixx",), "unknown option"),
    ],
)
def test_what_makes_no_sense_is_refused(run, words, told):
    status, out, err = run(*words)
    assert (status, out) == (125, "")
    assert told in err


def test_inside_of_a_sandbox_nothing_is_looked_at(run, monkeypatch):
    from safehouse.backends.bubblewrap import Bubblewrap

    monkeypatch.setattr(Bubblewrap, "inside", lambda self, host: True)
    monkeypatch.setattr("safehouse.sandbox.backend_for", lambda host: Bubblewrap())
    status, out, _ = run()
    assert (status, "inside of a sandbox" in out) == (0, True)
    assert json.loads(run("--json")[1]) == {"version": 1, "inside": True, "groups": []}


# --fix


@pytest.fixture
def open_to_others(person):  # noqa: F811
    return person.write(".config/safehouse/config.yaml", "explain: false\n", 0o666)


def test_it_changes_nothing_unless_it_is_told_to(run, open_to_others):
    status, out, _ = run()
    assert status == 1
    assert "safehouse doctor --fix" in out
    assert open_to_others.stat().st_mode & 0o777 == 0o666


def test_without_a_terminal_it_asks_nobody_and_does_nothing(run, open_to_others):
    status, out, err = run("--fix")
    assert status == 125
    assert "would be done: chmod go-w ~/.config/safehouse/config.yaml" in out
    assert "no terminal" in err
    assert open_to_others.stat().st_mode & 0o777 == 0o666


def test_unasked_it_says_what_it_does_and_how_things_are_then(run, open_to_others):
    status, out, _ = run("--fix", "--yes")
    assert status == 0
    assert "    chmod go-w ~/.config/safehouse/config.yaml\n" in out
    assert out.endswith("All is well.\n")
    assert open_to_others.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("answer", [True, False])
def test_each_step_is_asked_about(run, open_to_others, monkeypatch, answer):
    asked = []
    monkeypatch.setattr(command.question, "can_be_asked", lambda: True)
    monkeypatch.setattr(
        command.question, "is_answered_yes", lambda question: asked.append(question) or answer
    )
    status, _, _ = run("--fix")
    assert len(asked) == 1
    assert status == (0 if answer else 1)
    assert open_to_others.stat().st_mode & 0o777 == (0o644 if answer else 0o666)


def test_what_cannot_be_done_is_said_and_the_rest_is_done(run, open_to_others, monkeypatch):
    real = command.mending.mend
    calls = []

    def mend(fix, host):
        calls.append(fix)
        if len(calls) == 1:
            raise PermissionError(13, "Permission denied", fix.target)
        return real(fix, host)

    monkeypatch.setattr(command.mending, "mend", mend)
    person_directory = open_to_others.parent
    person_directory.chmod(0o777)
    status, out, _ = run("--fix", "--yes")
    assert status == 1
    assert "not done: " in out and "Permission denied" in out
    assert open_to_others.stat().st_mode & 0o777 == 0o644


def test_where_nothing_can_be_done_that_is_said(run):
    assert run("--fix", "--yes")[1].startswith(
        "there is nothing that safehouse could mend by itself\n"
    )
