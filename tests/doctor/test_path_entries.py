"""PATH: what somebody else could put there, and what confined commands find last."""

from __future__ import annotations

import os
import subprocess

from safehouse.doctor import access, path_entries
from tests.doctor.machines import linux_facts, wrong


def found(person, *entries: str, **environ):
    path = ":".join(entry if entry[:1] != "~" else f"{person.home}{entry[1:]}" for entry in entries)
    findings = path_entries.findings(person.subject(PATH=path, **environ), linux_facts())
    above = str(person.home.parent)
    return [f for f in findings if above not in f.text]


def names(findings):
    return [finding.name for finding in findings if finding.state in ("warning", "problem")]


def test_entries_of_the_system_and_the_person_are_well(person):
    findings = found(person, "~/.local/bin", "/usr/bin", "/bin")
    assert not names(findings)
    assert path_entries.summary(tuple(findings)) == "3 directories"


def test_no_path_at_all_is_no_empty_entry(person):
    assert not names(found(person, ""))


def test_empty_and_relative_entries_are_warned_of(person):
    assert names(found(person, "/usr/bin", "", "/bin")) == ["empty"]
    findings = found(person, "/usr/bin", "node_modules/.bin", "bin")
    assert names(findings) == ["relative", "relative"]
    assert "confined commands get PATH without it" in findings[0].details


def test_what_is_missing_is_no_matter(person):
    findings = found(person, "/usr/bin", "~/gone")
    assert not names(findings)
    assert next(f for f in findings if f.name == "missing").details == ("~/gone",)


def test_a_directory_that_others_can_write_is_closed_by_the_command_that_is_shown(person):
    directory = person.home / "open" / "bin"
    directory.mkdir(parents=True)
    for open_one in (directory, directory.parent):
        open_one.chmod(0o777)
    findings = wrong(found(person, "~/open/bin", "/usr/bin"))
    assert findings["open"].state == "warning"
    commands = [m for f in found(person, "~/open/bin", "/usr/bin") for m in f.mend]
    assert commands == ["chmod go-w ~/open/bin", "chmod go-w ~/open"]
    for command in commands:
        subprocess.run(["/bin/sh", "-c", command], env={"HOME": str(person.home)}, check=True)
    assert not names(found(person, "~/open/bin", "/usr/bin"))


def test_a_sticky_directory_is_no_better(person):
    directory = person.home / "shared"
    directory.mkdir()
    directory.chmod(0o1777)
    assert names(found(person, "~/shared")) == ["open"]


def test_what_confined_commands_may_write_comes_last_for_them(person):
    own = person.project / "bin"
    own.mkdir()
    late = [f.text for f in found(person, "~/src/project/bin", "/usr/bin") if f.name == "written"]
    assert late == [
        "confined commands may write in ~/src/project/bin, and find programs there last"
    ]
    active = found(person, "~/src/project/bin", "/usr/bin", VIRTUAL_ENV=os.fspath(person.project))
    assert "written" not in [f.name for f in active]


def test_the_directories_of_windows_are_no_matter(person, monkeypatch):
    monkeypatch.setattr(path_entries, "_WINDOWS", f"{person.home}/mnt/")
    directory = person.home / "mnt/c/Windows"
    directory.mkdir(parents=True)
    directory.chmod(0o777)
    wsl = linux_facts(texts={"/proc/version": "Linux version 5.15-microsoft-standard-WSL2"})
    subject = person.subject(PATH=f"{directory}:/usr/bin")
    for facts, warned in ((wsl, False), (linux_facts(), True)):
        found = [
            f
            for f in path_entries.findings(subject, facts)
            if str(directory) in f.text or "~/mnt" in f.text
        ]
        assert bool(found) == warned


def test_what_belongs_to_somebody_else_is_theirs_to_keep(person, monkeypatch):
    def opened(path, host, facts, sticky=True):
        return access.Open(path, "it belongs to eve", owner="eve")

    monkeypatch.setattr(path_entries, "opened", opened)
    monkeypatch.setattr(path_entries, "all_opened", lambda path, host, facts: ())
    findings = [f for f in found(person, "~/.local/bin") if f.name == "open"]
    assert [f.mend for f in findings] == [("take it out of PATH, unless you trust eve",)]
