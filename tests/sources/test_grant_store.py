"""grants.yaml is changed by one at a time, at once or not at all, and a person's words in it stay."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.sources import directory, grant_store, own_files
from safehouse.sources.grant_store import MODES
from tests.real_home import Person

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def person(tmp_path):
    person = Person(tmp_path)
    for name in ("docs", "out", "src/other"):
        (person.home / name).mkdir()
    person.own.mkdir(parents=True, mode=0o700)
    return person


def file(person):
    return person.own / "grants.yaml"


def keep(person, place=None, agent="", host=None, **wanted):
    """Grants; lists by their names with _ for -."""
    host = host or person.host()
    lists = {key.replace("_", "-"): tuple(items) for key, items in wanted.items()}
    where = str(place or person.project)
    grant_store.change(
        host, lambda kept: grant_store.granting(kept, host, where, agent, lists)
    )  # fmt: skip


def forget(person, *texts, place="~/src/project", agent=""):
    host = person.host()

    def decide(kept):
        gone = [
            s for s in grant_store.said(kept, place)
            if s.agent == agent and (s.text in texts or not texts)
        ]  # fmt: skip
        assert gone
        return grant_store.revoking(kept, gone)

    grant_store.change(host, decide)


def kept(person):
    """What is kept, as `entry agent list text`, sorted."""
    found = directory.stored(person.host())
    return sorted(
        f"{s.entry} {s.agent or '-'} {s.key} {s.text}"
        for entry in found
        for s in grant_store.said(found, entry)
    )


def refused(work, *args, **named):
    with pytest.raises(UserError) as error:
        work(*args, **named)
    return f"{error.value.message}; {error.value.hint}"


# What is written


def test_the_first_grant_makes_a_private_file_that_explains_itself(person):
    os.rmdir(person.own)
    keep(person, add_dirs_ro=["~/docs"])
    text = file(person).read_text()
    assert text.startswith("# What the programs that you start with safehouse may also use")
    identity = directory.identity(str(person.project))
    assert text.endswith(
        f"\n~/src/project:\n  known-by: {identity}\n  add-dirs-ro:\n    - ~/docs\n"
    )
    assert file(person).stat().st_mode == 0o100600
    assert (person.own / "grants.yaml.lock").stat().st_mode == 0o100600
    assert person.own.stat().st_mode == 0o040700


def test_grants_add_up_and_come_once(person):
    for _ in range(2):
        keep(person, add_dirs_ro=["~/docs"], enable=["ssh"])
        keep(person, add_dirs_ro=["~/out"], env_pass=["A", "B"])
    keep(person, agent="claude", add_dirs_ro=["~/docs"])
    assert kept(person) == [
        "~/src/project - add-dirs-ro ~/docs",
        "~/src/project - add-dirs-ro ~/out",
        "~/src/project - enable ssh",
        "~/src/project - env-pass A",
        "~/src/project - env-pass B",
        "~/src/project claude add-dirs-ro ~/docs",
    ]


@pytest.mark.parametrize("first", MODES.values())
@pytest.mark.parametrize("second", MODES.values())
@pytest.mark.parametrize("agent", ["", "claude"])
def test_a_path_is_in_one_list_only(person, first, second, agent):
    keep(person, agent=agent, **{first: ["~/docs"]})
    keep(person, agent=agent, **{second: ["~/docs"]})
    assert kept(person) == [f"~/src/project {agent or '-'} {second} ~/docs"]


def test_a_path_is_known_by_what_it_means(person):
    os.symlink("docs", person.home / "link")
    for written in (f"{person.home}/docs", "~/docs/", "~/link"):
        file(person).write_text(f"~/src/project:\n  deny: [{written}, ~/out]\n")
        keep(person, add_dirs=["~/docs"])
        assert kept(person) == [
            "~/src/project - add-dirs ~/docs",
            "~/src/project - deny ~/out",
        ]


def test_a_directory_that_is_written_twice_is_one(person):
    file(person).write_text(
        f"~/src/project:\n  deny: [~/docs]\n{person.project}/:\n  deny: [~/docs]\n"
    )
    keep(person, add_dirs=["~/docs"])
    assert kept(person) == ["~/src/project - add-dirs ~/docs"]


def test_the_last_thing_takes_its_entry_along(person):
    keep(person, add_dirs_ro=["~/docs"])
    keep(person, agent="claude", enable=["ssh"])
    forget(person, "~/docs")
    assert kept(person) == ["~/src/project claude enable ssh"]
    forget(person, "ssh", agent="claude")
    assert "known-by:" not in file(person).read_text()
    assert file(person).read_text() == grant_store._HEAD


def test_what_is_written_twice_in_a_list_goes_at_once(person):
    file(person).write_text("~/src/project:\n  deny: [~/docs, ~/docs, ~/out]\n")
    forget(person, "~/docs")
    assert file(person).read_text() == "~/src/project:\n  deny: [~/out]\n"
    file(person).write_text("~/src/project:\n  deny: [~/docs, ~/docs]\n")
    keep(person, add_dirs=["~/docs"])
    assert kept(person) == ["~/src/project - add-dirs ~/docs"]


@pytest.mark.parametrize("general", ["", "enable: [ssh], "])
def test_all_that_is_for_an_agent_goes_with_what_grant_has_no_word_for(person, general):
    text = "~/src/project: {%sagents: {claude: {network: none, args: [-c], deny: [~/out]}}}\n"
    file(person).write_text(text % general)
    host = person.host()
    for agent in ("codex", "claude"):
        grant_store.change(
            host, lambda kept, agent=agent: grant_store.forgetting(kept, ["~/src/project"], agent)
        )
    after = "~/src/project: {enable: [ssh]}\n" if general else "{}\n"
    assert file(person).read_text() in (after, "")


def test_what_the_person_wrote_by_hand_stays(person):
    text = "# mine\n~/src/project:   # here\n    deny: [~/docs]   # no\n\n    network: none\n"
    file(person).write_text(text)
    keep(person, deny=["~/out"])
    assert file(person).read_text() == text.replace("[~/docs]", "[~/docs, ~/out]")
    forget(person, "~/docs", "~/out")
    assert file(person).read_text() == text.replace("    deny: [~/docs]   # no\n", "")


def test_an_entry_without_known_by_goes_by_its_name_and_stays_so(person):
    file(person).write_text("~/src/project:\n  deny: [~/docs]\n")
    keep(person, deny=["~/out"])
    assert "known-by" not in file(person).read_text()


@pytest.mark.parametrize("change", ["replaced", "other"])
def test_nothing_is_added_to_what_another_directory_was_granted(person, change):
    keep(person, add_dirs=["~/docs"])
    before = file(person).read_bytes()
    os.rename(person.project, person.home / "away")
    os.mkdir(person.project)
    said = refused(keep, person, add_dirs_ro=["~/out"])
    assert "was granted to another directory" in said
    assert "safehouse revoke --all --for=~/src/project" in said
    assert file(person).read_bytes() == before


STARTS = [
    "",
    "# mine 1\n\n# mine 2\n",
    "# mine 1\n~/src/project: # mine, here\n      # mine 2\n      deny:\n      # mine 3\n"
    "      - ~/docs # own\n",
    "{~/src/project: {deny: [~/docs], agents: {claude: {enable: [ssh]}}}}\n",
    "---\n'~/src/other':\r\n  \"add-dirs\": [\r\n    # mine 1\r\n    ~/docs, # own\r\n    ]\r\n",
    "  ~/src/other:\n   network: none # mine, here\n   add-dirs: [~/docs]\n  # mine 1\n",
]
STEP = st.tuples(
    st.booleans(),
    st.sampled_from(["src/project", "src/other"]),
    st.sampled_from(["", "claude"]),
    st.sampled_from([*MODES.values(), "enable"]),
    st.sampled_from(["docs", "out", "src"]),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(STARTS), st.lists(STEP, max_size=8))
def test_any_grants_and_revokes_on_any_start(person, start, steps):
    file(person).write_bytes(start.encode())
    expected = set(kept(person))
    for adds, place, agent, key, name in steps:
        text = {"docs": "ssh", "out": "docker", "src": "clipboard"}[name]
        text = text if key == "enable" else f"~/{name}"
        line = f"~/{place} {agent or '-'} {key} {text}"
        if adds:
            keep(person, person.home / place, agent, **{key: [text]})
            if key != "enable":
                others = {f"~/{place} {agent or '-'} {other} {text}" for other in MODES.values()}
                expected -= others
            expected.add(line)
        elif line in expected:
            forget(person, text, place=f"~/{place}", agent=agent)
            lists = {f"~/{place} {agent or '-'} {other} {text}" for other in MODES.values()}
            expected -= {line, *(lists if key != "enable" else ())}
        assert set(kept(person)) == expected
    after = file(person).read_bytes().decode()
    for comment in ("# mine 1", "# mine 2", "# mine 3"):
        assert (comment in start) == (comment in after)


def test_what_cannot_be_changed_safely_is_left_to_the_person(person, monkeypatch):
    text = "~/src/project:\n  deny: [~/docs]\n"
    file(person).write_text(text)
    wrong = {
        "another meaning": lambda *_: text.replace("docs", "out"),
        "no YAML": lambda *_: text + "}",
    }
    for edit in wrong.values():
        monkeypatch.setitem(grant_store._EDITS, "add", edit)
        with pytest.raises(UserError) as error:
            keep(person, deny=["~/out"])
        assert file(person).read_text() == text
    monkeypatch.setitem(grant_store._EDITS, "add", wrong["another meaning"])
    said = refused(keep, person, deny=["~/out"])
    assert "grants.yaml:1: this form of YAML cannot be changed without damage" in said
    assert "write ['~/out'] under ~/src/project: deny by hand" in said
    assert error.value.status == 125


# Where it is written


def test_a_link_to_the_file_stays_a_link(person):
    (person.home / "dotfiles").mkdir()
    real = person.write("dotfiles/grants.yaml", "# mine\n")
    os.symlink("../../dotfiles/grants.yaml", file(person))
    keep(person, enable=["ssh"])
    assert file(person).is_symlink()
    assert real.read_text().startswith("# mine\n~/src/project:\n")
    assert [path.name for path in real.parent.iterdir()] == ["grants.yaml"]


def test_a_link_that_leads_nowhere_is_told(person):
    os.symlink("../nowhere.yaml", file(person))
    assert "nowhere.yaml: No such file or directory" in refused(keep, person, enable=["ssh"])
    assert file(person).is_symlink()


@pytest.mark.parametrize("place", ["", "grants.yaml"])
def test_a_file_that_others_can_write_is_not_used(person, place):
    keep(person, enable=["ssh"])
    before = file(person).read_bytes()
    (person.own / place).chmod(0o777)
    assert "can be written by others" in refused(keep, person, enable=["docker"])
    assert file(person).read_bytes() == before


@pytest.mark.parametrize("plant", [os.mkdir, lambda path: os.symlink("/etc/passwd", path)])
def test_a_lock_that_is_none_is_told(person, plant):
    plant(person.own / "grants.yaml.lock")
    assert "nothing was changed" in refused(keep, person, enable=["ssh"])
    assert not file(person).exists()


def test_leftovers_of_those_that_were_killed_do_not_matter(person):
    for number in range(os.getpid() - 2, os.getpid() + 2):
        person.write(f".config/safehouse/grants.yaml.{number}.new", "{broken")
    keep(person, enable=["ssh"])
    assert kept(person) == ["~/src/project - enable ssh"]


def test_what_would_be_too_large_is_refused(person):
    text = "# " + "x" * (own_files.MOST_BYTES - 40) + "\n"
    file(person).write_text(text)
    said = refused(keep, person, add_dirs_ro=["~/docs"])
    assert "would be larger than 1000000 bytes" in said
    assert "safehouse grants --all" in said
    assert file(person).read_text() == text


@pytest.mark.parametrize("most", [0, 100])
def test_a_full_disk_leaves_the_old_file(person, most):
    keep(person, enable=["ssh"])
    before = file(person).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        said = refused(keep, person, enable=["docker"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    assert "grants.yaml: File too large; nothing was changed" in said
    assert file(person).read_bytes() == before
    assert sorted(os.listdir(person.own)) == ["grants.yaml", "grants.yaml.lock"]


def test_what_an_editor_saved_meanwhile_is_not_lost(person, monkeypatch):
    keep(person, enable=["ssh"])
    edit, times = grant_store._EDITS["add"], []

    def slow(*words):
        if not times:
            file(person).write_text("# from an editor\n" + file(person).read_text())
        times.append(1)
        return edit(*words)

    monkeypatch.setitem(grant_store._EDITS, "add", slow)
    keep(person, enable=["docker"])
    assert file(person).read_text().startswith("# from an editor\n")
    assert kept(person) == ["~/src/project - enable docker", "~/src/project - enable ssh"]
    monkeypatch.setitem(grant_store._EDITS, "add", lambda *words: (times.clear(), slow(*words))[1])
    assert "is being changed by somebody else" in refused(keep, person, enable=["clipboard"])


# Many at a time


def command(person, *words):
    environ = {"HOME": str(person.home), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "safehouse", *words]
    return subprocess.Popen(
        argv, cwd=person.project, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


@pytest.mark.slow
def test_many_at_a_time_lose_nothing(person):
    count = 200
    for number in range(count):
        (person.home / f"d{number}").mkdir()

    def grant(number):
        process = command(person, "grant", f"{person.home}/d{number}")
        return process.communicate()[1], process.returncode

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(grant, range(count))) == {(b"", 0)}
    expected = {f"~/src/project - add-dirs-ro ~/d{number}" for number in range(count)}
    assert set(kept(person)) == expected
    assert sorted(os.listdir(person.own)) == ["grants.yaml", "grants.yaml.lock"]


@pytest.mark.slow
def test_who_is_killed_leaves_the_old_file_or_the_new(person):
    keep(person, enable=["ssh"])
    before = file(person).read_bytes()
    seen = set()
    for number in range(400):  # later each time, until one was in time: machines differ
        file(person).write_bytes(before)
        process = command(person, "grant", "--enable=docker")
        time.sleep(0.02 + number * 0.01)
        process.kill()
        process.communicate()
        found = kept(person)
        assert found in (
            ["~/src/project - enable ssh"],
            ["~/src/project - enable docker", "~/src/project - enable ssh"],
        )
        seen.add(len(found))
        if number >= 20 and len(seen) == 2:
            return
    assert seen == {1, 2}
