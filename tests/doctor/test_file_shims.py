"""Files on PATH that start agents confined: each state, and that its advice mends it."""

from __future__ import annotations

import subprocess

import pytest

from safehouse.doctor import file_shims, mending
from safehouse.doctor.finding import REMAKE
from safehouse.shims import on_path, program
from tests.doctor.machines import by_name, wrong

SHIMS = ".local/share/safehouse/shims"


@pytest.fixture
def path(person, monkeypatch):
    """The PATH of somebody with a shim of claude before claude itself."""
    ours = str(person.program(".local/bin/safehouse"))
    monkeypatch.setattr(program, "path", lambda: ours)
    person.program(".local/bin/claude")
    on_path.install(f"{person.home}/{SHIMS}", ("claude",), person.host())
    return f"{person.home}/{SHIMS}:{person.bin}:/usr/bin:/bin"


def found(person, path, **environ):
    return by_name(file_shims.findings(person.subject(PATH=path, **environ)))


def test_without_shims_nothing_is_said(person):
    assert list(file_shims.findings(person.subject())) == []


def test_a_shim_that_is_found_first_is_well(person, path):
    finding = found(person, path)["shim-claude"]
    assert (finding.state, finding.text) == (
        "ok", f"~/{SHIMS}/claude starts ~/.local/bin/claude confined",
    )  # fmt: skip


@pytest.mark.parametrize("function, state", [(False, "problem"), (True, "warning")])
def test_one_that_is_found_too_late_is_a_problem_unless_a_function_helps(
    person, path, function, state
):
    late = f"{person.bin}:{person.home}/{SHIMS}:/usr/bin"
    environ = {"SAFEHOUSE_SHELL": "zsh 5 x\nclaude shim"} if function else {}
    finding = found(person, late, **environ)["shim-claude"]
    assert finding.state == state
    line = finding.mend[0].partition(": ")[2]
    done = subprocess.run(
        ["/bin/sh", "-c", f"{line}; echo $PATH"], env={"PATH": late}, capture_output=True, text=True
    )
    assert not wrong(found(person, done.stdout.strip()).values())


@pytest.mark.parametrize(
    "change, state",
    [
        (lambda text: text.replace("# safehouse-shim ", "# safehouse-shim 0.0."), "warning"),
        (lambda text: text.replace(".local/bin/safehouse", "gone/safehouse"), "problem"),
    ],
)
def test_one_that_starts_something_else_is_made_anew(person, path, change, state):
    shim = person.home / SHIMS / "claude"
    shim.write_text(change(shim.read_text()))
    finding = found(person, path)["shim-claude"]
    assert finding.state == state
    assert finding.mend == (f"safehouse shims install ~/{SHIMS} --agents=claude",)
    assert finding.fix and finding.fix.action == REMAKE
    mending.mend(finding.fix, person.host())
    assert found(person, path)["shim-claude"].state == "ok"


def test_one_without_an_agent_is_noted(person, path):
    (person.bin / "claude").unlink()
    finding = found(person, path)["shim-claude"]
    assert finding.state == "note"
    assert finding.mend == (f"safehouse shims remove ~/{SHIMS} --agents=claude",)


def test_a_list_of_them_that_others_could_write_is_a_problem(person, path):
    (person.home / ".local/state/safehouse/shims").chmod(0o666)
    finding = found(person, path)["file-shims"]
    assert finding.state == "problem"
    assert finding.mend == ("chmod go-w ~/.local/state/safehouse/shims",)
