"""What was said of projects: of those that are gone, that changed, and on agent-safehouse's list."""

from __future__ import annotations

import os
import shutil

import pytest

from safehouse.cli.main import main
from safehouse.doctor import kept_trust, mending

TRUST = ".local/state/safehouse/trust"


def found(person):
    return {finding.name: finding for finding in kept_trust.findings(person.host())}


@pytest.fixture
def trusted(person, capsys):
    person.write("src/app/.safehouse.yaml", "enable: [ssh]\n")
    assert main(["trust", "--yes", f"--for={person.home}/src/app"]) == 0
    return person.home / "src/app"


def test_a_project_that_is_as_it_was_is_well(person, trusted):
    findings = found(person)
    assert {f.state for f in findings.values()} == {"ok"}
    assert findings["trust"].text == "1 project trusted"


def test_one_that_is_gone_is_forgotten_by_advice_and_by_fix(person, trusted, capsys):
    shutil.rmtree(trusted)
    finding = found(person)["trust-gone"]
    assert (finding.state, finding.mend) == ("note", ("safehouse untrust --for=~/src/app",))
    mending.mend(finding.fix, person.host())
    assert found(person) == {}


def test_one_that_came_back_is_not_forgotten(person, trusted):
    os.rename(trusted, f"{trusted}.away")
    finding = found(person)["trust-gone"]
    os.rename(f"{trusted}.away", trusted)
    with pytest.raises(Exception, match="is there again"):
        mending.mend(finding.fix, person.host())
    assert found(person)["trust"].text == "1 project trusted"


def test_one_that_has_changed_or_has_nothing_any_more_is_noted(person, trusted, capsys):
    (trusted / ".safehouse.yaml").write_text("enable: [ssh, docker]\n")
    finding = found(person)["trust-changed"]
    assert finding.mend == ("safehouse trust --for=~/src/app",)
    (trusted / ".safehouse.yaml").write_text("enable: [\n")
    assert "trust-changed" in found(person)
    (trusted / ".safehouse.yaml").unlink()
    assert found(person)["trust-without"].mend == ("safehouse untrust --for=~/src/app",)
    assert main(["untrust", f"--for={trusted}"]) == 0
    assert found(person) == {}


def test_what_is_no_record_can_be_removed(person):
    person.write(f"{TRUST}/junk", "junk", 0o600)
    finding = found(person)["trust-record"]
    mending.mend(finding.fix, person.host())
    assert found(person) == {}


def test_of_agent_safehouses_list_what_nobody_has_decided_about_waits(person, trusted):
    person.write("src/new/.safehouse", "add-dirs-ro=/opt\n")
    lines = [
        "# a comment",
        str(trusted),
        "~/src/new",
        "~/src/gone",
        "relative",
        str(person.project),
    ]
    person.write(".config/safehouse/trusted-workdirs", "\n".join(lines) + "\n")
    finding = found(person)["agent-safehouse"]
    assert "trusts ~/src/new, which" in finding.text
    assert finding.mend == ("safehouse trust --import",)
    shutil.rmtree(person.home / "src/new")
    assert "agent-safehouse" not in found(person)
