"""The agents that are installed: found as a launch finds them, and never run."""

from __future__ import annotations

import json

import pytest

from safehouse.doctor import agents
from safehouse.shims.on_path import text
from tests.doctor.machines import by_name, wrong

RUN = "#!/bin/sh\necho run >> ~/run\n"


def found(person, path="", cwd="src/project", **environ):
    if path:
        environ["PATH"] = f"{path}:{person.environ['PATH']}"
    return by_name(agents.findings(person.subject(cwd, **environ)))


def test_an_agent_is_named_with_its_path_and_profile_and_is_not_run(person):
    person.program(".local/bin/claude", RUN)
    finding = found(person)["agent-claude"]
    assert (finding.state, finding.text) == ("ok", "claude, ~/.local/bin/claude, profile claude")
    assert not (person.home / "run").exists()
    assert agents.summary(tuple(found(person).values())) == "claude"


def test_without_agents_that_is_what_is_said(person):
    assert agents.summary(tuple(found(person).values())) == "none is installed"


def test_the_links_on_the_way_are_shown(person):
    person.program(".local/share/claude/versions/2.1.0")
    (person.bin / "claude").symlink_to("../share/claude/versions/2.1.0")
    finding = found(person)["agent-claude"]
    assert finding.text.startswith("claude 2.1.0, ~/.local/bin/claude")
    assert "links: ~/.local/share/claude/versions/2.1.0" in finding.details


def test_the_version_is_that_of_the_package(person):
    package = ".nvm/versions/node/v20.1.0/lib/node_modules/@anthropic-ai/claude-code"
    person.program(f"{package}/cli.js", "#!/bin/sh\n")
    person.write(f"{package}/package.json", json.dumps({"version": "2.0.9"}))
    node = person.home / ".nvm/versions/node/v20.1.0/bin"
    node.mkdir()
    (node / "claude").symlink_to("../lib/node_modules/@anthropic-ai/claude-code/cli.js")
    assert found(person, str(node))["agent-claude"].text.startswith("claude 2.0.9, ")
    person.write(f"{package}/package.json", '{"version": ["x"]}')
    assert found(person, str(node))["agent-claude"].text.startswith("claude, ")


def test_what_runs_a_script_has_to_be_found_inside(person):
    person.program(".local/bin/codex", "#!/usr/bin/env not-a-node\n")
    finding = found(person)["agent-codex"]
    assert finding.state == "warning"
    assert "not-a-node, which is nowhere on the PATH" in finding.text
    person.program(".local/bin/not-a-node")
    assert found(person)["agent-codex"].state == "ok"


def test_an_interpreter_that_is_gone_is_named(person):
    person.program(".local/bin/aider", f"#!{person.home}/.venv/bin/python\n")
    finding = found(person)["agent-aider"]
    assert (finding.state, finding.mend) == ("warning", ("install it again",))


@pytest.mark.parametrize("script", [True, False])
def test_what_may_not_be_read_is_opened_by_the_line_that_is_shown(person, script):
    if script:
        python = person.program("secret/bin/python")
        person.program(".local/bin/aider", f"#!{python}\n")
    else:
        person.program("secret/bin/aider")
        (person.bin / "aider").symlink_to("../../secret/bin/aider")
    finding = found(person)["agent-aider"]
    assert finding.state == ("warning" if script else "problem")
    line = finding.mend[-1].partition("`")[2].partition("`")[0]
    person.write(".config/safehouse/config.yaml", f"{line}\n")
    assert found(person)["agent-aider"].state == "ok"


def test_a_program_of_the_project_gets_no_profile(person):
    person.program("src/project/node_modules/.bin/gemini")
    place = f"{person.project}/node_modules/.bin"
    finding = found(person, place)["agent-gemini"]
    assert finding.state == "warning"
    assert "lies in the project" in finding.text


def test_a_program_that_commands_could_have_put_there_is_not_started(person):
    person.program(".npm/_npx/1/node_modules/.bin/claude")
    finding = found(person, f"{person.home}/.npm/_npx/1/node_modules/.bin")["agent-claude"]
    assert finding.state == "problem"
    assert "lies where commands may write" in finding.text
    assert finding.mend == ("if you trust it: --agent=claude",)


def test_a_profile_of_the_persons_own_is_the_one_that_is_named(person):
    person.write(
        ".config/safehouse/profiles.d/mine.yaml",
        "profiles:\n  mine:\n    layer: agent\n    summary: mine\n    commands: [claude]\n",
    )
    person.program(".local/bin/claude")
    assert found(person)["agent-claude"].text.endswith("profile mine")


def test_a_link_that_leads_nowhere_is_warned_of(person):
    (person.bin / "amp").symlink_to("../../gone/amp")
    findings = wrong(found(person).values())
    assert findings["broken-amp"].text == "~/.local/bin/amp is a link to ~/gone/amp, which is gone"


def test_a_second_one_and_one_that_path_does_not_find_are_noted(person):
    person.program(".local/bin/claude")
    person.program("other/claude")
    person.program(".opencode/bin/opencode")
    findings = found(person, f"{person.bin}:{person.home}/other")
    assert findings["second-claude"].state == "note"
    assert "which PATH does not find" in findings["agent-opencode"].text


@pytest.mark.parametrize(
    "state, off, typed",
    [
        ("zsh 5 x\nclaude shim", "", "the function of safehouse: confined"),
        ("zsh 5 x\nclaude shim", "1", "which is switched off"),
        ("zsh 5 x\nclaude alias /x/claude\nclaude shim", "", "an alias for /x/claude"),
        ("zsh 5 x\nclaude function", "", "a function of yours"),
        ("zsh 5 x", "", "in this zsh: ~/.local/bin/claude, not confined"),
        ("", "", "where no function of safehouse is: ~/.local/bin/claude, not confined"),
    ],
)
def test_what_typing_the_name_starts_is_told(person, state, off, typed):
    person.program(".local/bin/claude")
    finding = found(person, SAFEHOUSE_SHELL=state, SAFEHOUSE_OFF=off)["agent-claude"]
    assert typed in finding.details[-1]


def test_a_shim_on_path_is_what_typing_starts(person, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/sh"])
    person.program(".local/bin/claude")
    person.program("shims/claude", text("claude"))
    details = found(person, f"{person.home}/shims")["agent-claude"].details
    assert details[-1] == "typed: the shim ~/shims/claude: confined"


@pytest.mark.parametrize("started", ["/bin/sh", "-m"])
def test_what_only_calls_itself_a_shim_is_not_said_to_confine(person, monkeypatch, started):
    monkeypatch.setattr("sys.argv", [started])
    person.program(".local/bin/claude")
    person.program("shims/claude", "#!/bin/sh\n# safehouse-shim 1 claude\nexec claude\n")
    details = found(person, f"{person.home}/shims")["agent-claude"].details
    assert details[-1].startswith("typed: the shim ~/shims/claude: not known to confine: ")


def test_where_the_configuration_is_wrong_agents_are_still_named(person):
    person.program(".local/bin/claude")
    person.write(".config/safehouse/config.yaml", "enabel: []\n")
    finding = found(person)["agent-claude"]
    assert (finding.state, finding.text) == (
        "ok", "claude, ~/.local/bin/claude, by its name for the profile claude",
    )  # fmt: skip
