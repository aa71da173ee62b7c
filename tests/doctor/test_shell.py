"""Whether an agent's name is confined in the calling shell, and what to do where it is not."""

from __future__ import annotations

import pytest

from safehouse.doctor import shell
from safehouse.doctor.finding import APPEND, REWRITE
from safehouse.doctor.login import NO_COMPINIT, READ, SILENT, UNREAD
from safehouse.shims.shell import line_of
from safehouse.value import replace
from tests.doctor.machines import OURS, by_name, linux_facts, wrong

FACTS = linux_facts()


@pytest.fixture(autouse=True)
def _programs(person):
    person.program(".local/bin/claude")
    person.program(".local/bin/codex")


@pytest.fixture
def facts(person):
    program = str(person.program(".local/bin/safehouse"))
    return replace(FACTS, ours=replace(OURS, program=program))


def said(*lines: str, shell: str = "zsh", build: str = OURS.build) -> str:
    return "\n".join((f"{shell} 5.9 {build}", *lines))


def found(person, facts, state: str = "", **environ):
    return by_name(shell.findings(person.subject(SAFEHOUSE_SHELL=state, **environ), facts))


SHIMS = ("claude shim", "codex shim")


def test_a_shell_that_confines_all_agents_is_well(person, facts):
    person.write(".zshrc", line_of("zsh"))
    assert not wrong(found(person, facts, said(*SHIMS)).values())
    subject = person.subject(SAFEHOUSE_SHELL=said(*SHIMS))
    assert shell.summary(subject, facts) == "zsh starts claude, codex confined"


def test_without_the_line_it_is_shown_and_can_be_added(person, facts):
    finding = found(person, facts, SHELL="/usr/bin/zsh")["integration"]
    line = f'eval "$({person.bin}/safehouse init zsh)"'
    assert finding.state == "note"
    assert finding.mend == (f"echo '{line}' >> ~/.zshrc",)
    assert finding.fix and finding.fix.action == APPEND
    assert (finding.fix.target, finding.fix.words) == (f"{person.home}/.zshrc", (line, "zsh"))


def test_the_line_has_a_path(person, facts):
    """PATH may not have its directory yet where a shell comes to the line."""
    line = found(person, facts, SHELL="/bin/fish")["integration"].fix.words[0]
    assert line == f"'{person.bin}/safehouse' init fish | source"
    line = found(person, facts)["integration"].fix.words[0]
    assert line == f'eval "$({person.bin}/safehouse init bash)"'


BY_NAME = 'eval "$(safehouse init bash --agents=claude)"'


@pytest.mark.parametrize("typed", [True, False])
def test_a_login_shell_that_does_not_read_it_is_a_problem_and_the_line_gets_a_path(
    person, facts, typed
):
    person.write(".profile", ". ~/.bashrc\n")
    person.write(".bashrc", f"x=1\n{BY_NAME}\n")
    facts = replace(facts, logins={"bash": UNREAD}, caller="bash", terminal=typed)
    findings = found(person, facts)
    finding = findings["login-bash"]
    line = f'eval "$({person.bin}/safehouse init bash --agents=claude)"'
    assert (finding.state, finding.mend) == ("problem", (f"write there: {line}",))
    assert finding.fix.action == REWRITE
    assert (finding.fix.target, finding.fix.words) == (
        f"{person.home}/.bashrc",
        ("2", BY_NAME, line),
    )
    assert "integration" not in findings  # a new terminal would say the same
    assert "will start" not in shell.summary(person.subject(), facts)
    well = replace(facts, logins={"bash": READ})
    assert found(person, well)["login-bash"].state == "ok"
    assert "bash will start" in shell.summary(person.subject(), well)


def test_a_login_shell_that_does_not_come_to_a_line_with_a_path_is_a_problem(person, facts):
    person.write(".zshrc", f"{line_of('zsh', f'{person.bin}/safehouse')}\n")
    finding = found(person, replace(facts, logins={"zsh": UNREAD}))["login-zsh"]
    assert (finding.state, finding.fix) == ("problem", None)
    finding = found(person, replace(facts, logins={"zsh": SILENT}))["login-zsh"]
    assert finding.state == "note"


def test_a_zsh_in_which_nothing_is_completed_is_noted(person, facts):
    person.write(".zshrc", f"{line_of('zsh')}\n")
    finding = found(person, replace(facts, logins={"zsh": NO_COMPINIT}))["completion-zsh"]
    assert finding.state == "note"
    assert finding.mend == ("echo 'autoload -Uz compinit && compinit' >> ~/.zshrc",)


def test_the_shell_that_the_system_knows_counts_where_no_variable_does(person, facts):
    known = replace(facts, login_shell="/bin/zsh")
    assert "zsh" in found(person, known, SHELL="")["integration"].text
    assert "tcsh" in found(person, known, SHELL="/bin/tcsh")["integration"].text


def test_shims_on_path_are_as_good(person, facts):
    for name in ("claude", "codex"):
        person.program(f"shims/{name}", f"#!/bin/sh\n# safehouse-shim 1 {name}\n")
    path = f"{person.home}/shims:{person.bin}:/usr/bin"
    assert found(person, facts, PATH=path)["integration"].state == "ok"
    (person.home / "shims/codex").unlink()
    assert found(person, facts, PATH=path)["integration"].state == "note"


def test_a_line_that_this_shell_should_have_read_is_warned_of(person, facts):
    person.write(".bashrc", line_of("bash"))
    assert found(person, facts)["integration"].state == "ok"  # from a script
    typed = replace(facts, caller="-bash", terminal=True)
    assert found(person, typed)["integration"].state == "warning"
    assert "open a new terminal" in found(person, typed)["integration"].mend


def test_a_line_for_a_safehouse_that_is_gone_is_a_problem(person, facts):
    person.write(".bashrc", f"{line_of('bash', '~/gone/safehouse')}\n")
    finding = found(person, facts)["line-bash"]
    line = line_of("bash", f"{person.bin}/safehouse")
    assert (finding.state, finding.mend) == ("problem", (f"write there: {line}",))
    assert finding.fix.action == REWRITE


def test_a_bash_that_is_logged_in_to_reads_another_file(person, facts):
    person.write(".bashrc", line_of("bash"))
    finding = found(person, facts)["login-bash"]
    assert finding.state == "warning"
    asked = replace(facts, logins={"bash": UNREAD})
    assert found(person, asked)["login-bash"] == replace(finding, state="problem")
    assert finding.mend == ("echo '[ -r ~/.bashrc ] && . ~/.bashrc' >> ~/.bash_profile",)
    person.write(".profile", "export X=1\n")
    assert "~/.profile" in found(person, facts)["login-bash"].mend[0]
    person.write(".profile", "[ -r ~/.bashrc ] && . ~/.bashrc\n")
    assert "login-bash" not in found(person, facts)


def test_another_build_is_warned_of(person, facts):
    finding = found(person, facts, said(*SHIMS, build="f" * 16))["build"]
    assert finding.state == "warning"
    assert finding.mend[0] == "safehouse on"


def test_off_is_warned_of_and_nothing_else_then(person, facts):
    findings = wrong(found(person, facts, said(), SAFEHOUSE_OFF="1").values())
    assert {name: f.mend for name, f in findings.items()} == {"off": ("safehouse on",)}
    assert found(person, facts, SAFEHOUSE_OFF="1")["off"].mend == ("unset SAFEHOUSE_OFF",)


def test_an_agent_that_was_installed_later_is_a_problem(person, facts):
    person.write(".zshrc", line_of("zsh"))
    finding = found(person, facts, said("claude shim"))["missing"]
    assert (finding.state, finding.mend) == ("problem", ("safehouse on",))
    assert finding.text.startswith("codex can be started")


def test_a_line_before_one_that_changes_path_belongs_behind_it(person, facts):
    person.write(".zshrc", f"{line_of('zsh')}\nexport PATH=~/x:$PATH\n")
    finding = found(person, facts, said("claude shim"))["missing"]
    assert "changed in line 2: put line 1 of ~/.zshrc at its end" in finding.mend[1]


def test_what_the_person_left_out_is_not_missing(person, facts):
    person.write(".config/safehouse/config.yaml", "shims: [claude]\n")
    assert "missing" not in found(person, facts, said("claude shim"))
    person.write(".zshrc", 'eval "$(safehouse init zsh --agents=codex)"')
    assert found(person, facts, said("claude shim"))["missing"].text.startswith("codex")


def test_a_name_that_nothing_is_called_by_is_told_by_how_much_it_does(person, facts):
    person.write(".config/safehouse/config.yaml", "shims: [clod]\n")
    assert found(person, facts, said(*SHIMS))["names"].state == "warning"
    person.write(".config/safehouse/config.yaml", "")
    person.write(".bashrc", 'eval "$(safehouse init bash --agents=clod)"')
    assert found(person, facts)["names"].state == "problem"


def test_a_name_that_others_have_is_noted_with_what_asks_for_it(person, facts):
    person.program(".local/bin/cursor")
    finding = found(person, facts, said(*SHIMS))["shared-names"]
    assert finding.state == "note"
    assert "shims: [claude, codex, cursor]" in finding.mend[0]
    assert "shared-names" not in found(person, facts, said(*SHIMS, "cursor shim"))


@pytest.mark.parametrize("name", ["zsh", "bash"])
def test_an_alias_that_goes_past_is_a_problem_with_where_it_stands(person, facts, name):
    alias = "alias claude=~/.claude/local/claude"
    person.write(f".{name}rc", f"{line_of(name)}\n{alias}\n")
    state = said("claude alias /x/claude", *SHIMS, shell=name)
    finding = found(person, facts, state)["alias-claude"]
    assert finding.state == "problem"
    assert f"(~/.{name}rc:2)" in finding.text
    assert finding.mend == (
        "safehouse on",
        f"and for new shells: put line 1 of ~/.{name}rc behind the alias, at its end",
    )
    # Read by a script, the files alone say so.
    assert found(person, facts, SHELL=f"/bin/{name}")["alias-claude"].state == "problem"


@pytest.mark.parametrize("text", ["claude --x", "__safehouse_run /x/claude", "safehouse claude"])
def test_an_alias_that_leads_to_our_function_is_well(person, facts, text):
    assert not wrong(found(person, facts, said(f"claude alias {text}", *SHIMS)).values())


def test_an_alias_of_more_than_words_is_only_warned_of(person, facts):
    finding = found(person, facts, said("claude alias cd /x && claude", *SHIMS))["alias-claude"]
    assert finding.state == "warning"


def test_in_fish_an_alias_is_a_function_of_that_name(person, facts):
    text = f"{line_of('fish')}\nalias claude ~/.claude/local/claude\n"
    person.write(".config/fish/config.fish", text)
    state = said("claude function", "codex shim", shell="fish")
    assert found(person, facts, state)["alias-claude"].mend[0] == "safehouse on"
    # Led through ours it is one of ours.
    state = said("claude alias ~/.claude/local/claude", *SHIMS, shell="fish")
    assert not wrong(found(person, facts, state).values())


@pytest.mark.parametrize(
    "name, erase", [("zsh", "unset -f claude"), ("fish", "functions --erase claude")]
)
def test_a_function_of_the_persons_own_is_a_problem_unless_it_speaks_of_us(
    person, facts, name, erase
):
    finding = found(person, facts, said("claude function", "codex shim", shell=name))[
        "function-claude"
    ]
    assert (finding.state, finding.mend[0]) == ("problem", f"{erase}; safehouse on")
    state = said("claude function safehouse", "codex shim", shell=name)
    assert found(person, facts, state)["function-claude"].state == "note"
