"""All groups together: each has its place, and an error in one does not hide the others."""

from __future__ import annotations

import os

import pytest

from safehouse.doctor import examine as whole
from safehouse.doctor.examine import examine
from safehouse.doctor.facts import Facts
from safehouse.doctor.finding import counted
from safehouse.errors import UserError
from tests.doctor.machines import linux_facts

NAMES = ["system", "installation", "shell", "agents", "path", "configuration", "leftovers", "here"]


def test_the_groups_come_in_their_order_each_with_a_summary(person):
    sections = examine(person.host(), linux_facts()).sections
    assert [section.name for section in sections] == NAMES
    assert all(section.summary for section in sections)


@pytest.mark.parametrize("error", [UserError("refused", "a hint"), PermissionError(13, "no", "/x")])
def test_what_cannot_be_looked_at_hides_nothing_else(person, monkeypatch, error):
    def findings(subject):
        yield from ()
        raise error

    monkeypatch.setattr(whole.agents, "findings", findings)
    sections = {s.name: s for s in examine(person.host(), linux_facts()).sections}
    assert sections["agents"].state == "warning"
    assert len(sections) == len(NAMES)


def test_a_home_full_of_oddities_is_looked_at_to_the_end(person):
    """Links in circles, directories in the place of files, names that are no text."""
    for path in (
        ".zshrc",
        ".bashrc",
        ".config/safehouse/config.yaml",
        ".config/safehouse/grants.yaml",
        ".config/safehouse/profiles.d/x.yaml",
        ".local/state/safehouse/trust/x",
        ".cache/safehouse/config",
        ".local/bin/claude",
        "src/project/.safehouse",
    ):
        file = person.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(file.name)
    for path in (
        ".config/safehouse/profiles.d/y.yaml",
        ".config/fish/config.fish",
        ".local/bin/codex",
    ):
        (person.home / path).mkdir(parents=True)
    os.mkfifo(person.home / ".zshenv")
    os.mkfifo(person.home / ".local/bin/amp")
    (person.home / "odd\x1b[31m").mkdir()
    odd = os.fsencode(person.home) + b"/\xff"
    os.mkdir(odd)
    entries = [
        f"{person.home}/odd\x1b[31m",
        os.fsdecode(odd),
        "\x1b[2J",
        f"{person.home}/.bashrc/x",
    ]
    host = person.host(PATH=":".join([*entries, str(person.bin), "/usr/bin"]), SHELL="\x1b[31mzsh")
    sections = examine(host, linux_facts()).sections
    assert [section.name for section in sections] == NAMES
    for section in sections:
        for finding in section.findings:
            for text in (finding.text, *finding.mend, *finding.details):
                assert text.isprintable(), (finding.name, text)


def test_the_facts_of_this_machine_are_values(person):
    """What is gathered here can be kept, compared and changed like those of the tests."""
    facts = Facts.current(person.host())
    assert facts.ours.python_version.startswith("3.")
    assert facts.kernel and facts.machine
    assert facts == Facts(*facts)


@pytest.mark.parametrize(
    "count, what, words",
    [(1, "directory", "1 directory"), (2, "directory", "2 directories"), (0, "grant", "0 grants")],
)
def test_what_is_counted_is_one_or_several(count, what, words):
    assert counted(range(count), what) == words
