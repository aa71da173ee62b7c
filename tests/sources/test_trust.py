"""Trust is of a path and of content, byte for byte; whatever else changes is not what was seen."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.sources import protected, reach, repository, trust
from safehouse.value import replace
from tests.real_home import Person

NAMED = "append-profile: [its.sb]\nadd-dirs: [~/data]\n"


@pytest.fixture
def person(tmp_path):
    person = Person(tmp_path)
    (person.home / "data").mkdir()
    person.write("src/project/.safehouse.yaml", NAMED)
    person.write("src/project/its.sb", '(allow file-read* (literal "/a"))\n')
    return person


def judged(person, trusted=None):
    host = person.host()
    return trust.judged(repository.project(host, str(person.project)), host, trusted)


def remember(person, verdict=trust.TRUSTED):
    content = judged(person, trusted=True).content
    if verdict == trust.DECLINED:
        content = replace(
            content, files=repository.project(person.host(), str(person.project)).files
        )
    trust.remember(verdict, content, person.host())


def record_of(person):
    (path,) = (person.home / ".local/state/safehouse/trust").iterdir()
    return path


# What is kept


PATHS = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)) | st.sampled_from("\udc80\udcff"),
    max_size=30,
)  # fmt: skip
RECORDS = st.builds(
    trust.Record,
    st.sampled_from([trust.TRUSTED, trust.DECLINED]),
    st.builds(
        trust.Content,
        PATHS,
        st.lists(st.tuples(PATHS, st.binary(max_size=60)), max_size=4).map(tuple),
    ),
)


@given(RECORDS)
def test_what_was_written_is_read_again(record):
    assert trust.understood(trust.written(record)) == record


@given(RECORDS, st.integers(0, 40))
def test_a_part_of_a_record_is_none_or_another(record, missing):
    """Nothing that was cut off passes for the whole."""
    whole = trust.written(record)
    if missing:
        assert trust.understood(whole[:-missing]) != record or not whole[-missing:].strip(b"\0")


@given(st.binary(max_size=100))
def test_other_bytes_are_no_record(data):
    assert trust.understood(data) is None
    head = b"safehouse trust 1\0trusted\0/p\0"
    found = trust.understood(head + data)
    assert found is None or trust.understood(trust.written(found)) == found


def test_a_record_is_the_person_s_alone(person):
    remember(person)
    path = record_of(person)
    assert path.stat().st_mode & 0o777 == 0o600
    for directory in (path.parent, path.parents[1]):
        assert directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o602, 0o666])
def test_a_record_that_others_can_write_is_refused(person, mode):
    remember(person)
    record_of(person).chmod(mode)
    with pytest.raises(UserError, match="can be written by others"):
        judged(person)


def test_a_record_of_another_directory_says_nothing(person):
    remember(person)
    data = record_of(person).read_bytes()
    record_of(person).write_bytes(data.replace(b"/project\0", b"/other\0", 1))
    assert judged(person).verdict == trust.UNKNOWN


def test_a_broken_record_says_nothing(person):
    remember(person)
    record_of(person).write_bytes(b"safehouse trust 1\0trusted\0")
    assert judged(person).verdict == trust.UNKNOWN


def test_remembering_the_same_again_writes_nothing(person):
    remember(person)
    before = record_of(person).stat()
    remember(person)
    assert record_of(person).stat() == before


def test_it_is_forgotten_once(person):
    remember(person)
    host = person.host()
    assert trust.forget(str(person.project), host)
    assert not trust.forget(str(person.project), host)
    assert judged(person).verdict == trust.UNKNOWN


# Verdicts


def test_exactly_what_was_seen_is_trusted(person):
    assert judged(person).verdict == trust.UNKNOWN
    remember(person)
    found = judged(person)
    assert found.verdict == trust.TRUSTED
    assert dict(found.content.files) == {
        f"{person.project}/.safehouse.yaml": NAMED.encode(),
        f"{person.project}/its.sb": b'(allow file-read* (literal "/a"))\n',
    }


CHANGES = {
    "a byte": lambda p: p.write("src/project/.safehouse.yaml", NAMED + "\n"),
    "a line end": lambda p: p.write("src/project/.safehouse.yaml", NAMED.replace("\n", "\r\n")),
    "another file": lambda p: p.write("src/project/.safehouse", "add-dirs=~/data\n"),
    "a wrong old file": lambda p: p.write("src/project/.safehouse", "nonsense\n"),
    "the profile": lambda p: p.write("src/project/its.sb", '(allow file-read* (literal "/b"))\n'),
    "no profile": lambda p: (p.project / "its.sb").unlink(),
    "a link as profile": lambda p: (
        (p.project / "its.sb").rename(p.project / "other.sb"),
        (p.project / "its.sb").symlink_to("other.sb"),
    ),
    "a pipe as profile": lambda p: ((p.project / "its.sb").unlink(), os.mkfifo(p.project / "its.sb")),
    "a directory as profile": lambda p: ((p.project / "its.sb").unlink(), (p.project / "its.sb").mkdir()),
    "a huge profile": lambda p: p.write("src/project/its.sb", b" " * 10_000_000),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_ends_it(person, what):
    remember(person)
    CHANGES[what](person)
    found = judged(person)
    assert found.verdict == trust.CHANGED
    plan = person.plan("true")
    access = Access("file-write-data", str(person.home / "data/x"))
    assert not plan.policy.decide(access).allowed
    assert not plan.configuration.appended
    assert any("has changed" in notice for notice in plan.notices)


def test_what_is_as_it_was_is_trusted_again(person):
    remember(person)
    person.write("src/project/its.sb", '(allow file-write* (literal "/a"))\n')
    assert judged(person).verdict == trust.CHANGED
    person.write("src/project/its.sb", '(allow file-read* (literal "/a"))\n')
    assert judged(person).verdict == trust.TRUSTED


def test_less_than_was_seen_is_a_change_too(person):
    person.write("src/project/.safehouse", "add-dirs=~/data\n")
    remember(person)
    (person.project / ".safehouse").unlink()
    assert judged(person).verdict == trust.CHANGED


def test_another_directory_with_the_same_content_is_not_trusted(person):
    remember(person)
    other = person.home / "src/other"
    other.mkdir()
    for name in (".safehouse.yaml", "its.sb"):
        (other / name).write_bytes((person.project / name).read_bytes())
    host = person.host(cwd=other)
    assert trust.judged(repository.project(host, str(other)), host).verdict == trust.UNKNOWN


def test_what_was_declined_is_not_mentioned_until_it_changes(person):
    assert person.plan("true").notices
    remember(person, trust.DECLINED)
    assert judged(person).verdict == trust.DECLINED
    assert not person.plan("true").notices
    person.write("src/project/its.sb", "(allow default)\n")  # which nobody has looked at
    assert judged(person).verdict == trust.DECLINED
    person.write("src/project/.safehouse.yaml", "add-dirs: [~/data, ~/more]\n")
    assert judged(person).verdict == trust.CHANGED
    assert person.plan("true").notices


def test_for_one_launch_the_typed_word_counts(person):
    assert judged(person, trusted=True).verdict == trust.TRUSTED
    remember(person)
    assert judged(person, trusted=False).verdict != trust.TRUSTED
    assert not person.plan("true", trust=False).notices
    assert judged(person).verdict == trust.TRUSTED


def test_what_is_compared_is_what_is_applied(person, monkeypatch):
    """The files are read once: who swaps them in the meantime has no effect on this launch."""
    remember(person)
    original = trust.judged

    def swap(*words, **named):
        found = original(*words, **named)
        person.write("src/project/.safehouse.yaml", "add-dirs: [~/]\n")
        person.write("src/project/its.sb", "(allow default)\n")
        return found

    monkeypatch.setattr(trust, "judged", swap)
    plan = person.plan("true")
    assert plan.configuration.appended[0].data == b'(allow file-read* (literal "/a"))\n'
    sources = [s for s, _ in plan.configuration.sources if s.name == ".safehouse.yaml"]
    assert [item.text for item in sources[0].add_dirs] == ["~/data"]


# Profiles that a project names


def test_a_profile_behind_a_link_is_refused(person):
    (person.project / "l").symlink_to(".")
    person.write("src/project/.safehouse.yaml", "append-profile: [l/its.sb]\n")
    with pytest.raises(UserError, match=r"\.safehouse\.yaml:1: l/its\.sb leads through the link"):
        judged(person, trusted=True)


@pytest.mark.parametrize(
    "name", ["none.sb", ".", "/dev/zero", "/dev/tty", "~/../../../proc/self/mem"]
)
def test_a_profile_that_is_no_file_to_read_is_refused(person, name):
    person.write("src/project/.safehouse.yaml", f"append-profile: [{name}]\n")
    with pytest.raises(UserError, match=r"^\.safehouse\.yaml:1"):
        judged(person, trusted=True)
    assert judged(person).verdict == trust.UNKNOWN


def test_profiles_are_bounded_in_number_and_together(person):
    for count, size, said in ((21, 1, "more than 20 profiles"), (12, 50_000, "is larger than")):
        names = [f"{number}.sb" for number in range(count)]
        for name in names:
            person.write(f"src/project/{name}", b" " * size)
        person.write("src/project/.safehouse.yaml", f"append-profile: [{', '.join(names)}]\n")
        with pytest.raises(UserError, match=said):
            judged(person, trusted=True)


def test_the_most_that_is_trusted_can_be_read_again(person):
    person.write("src/project/its.sb", b";" * trust.MOST_BYTES)
    person.write("src/project/.safehouse.yaml", NAMED + "#" * (repository.MOST_BYTES - len(NAMED)))
    remember(person)
    assert judged(person).verdict == trust.TRUSTED


# agent-safehouse's list


def listed(person, text, mode=0o600):
    return person.write(trust.OLD_LIST, text, mode)


def test_what_agent_safehouse_trusts_is_told_and_not_believed(person):
    listed(person, f"# mine\n\n  {person.project}  \n/gone\n")
    plan = person.plan("true")
    assert plan.configuration.verdict == trust.UNKNOWN
    assert "agent-safehouse trusts this project" in plan.notices[0]
    assert plan.notices[0].endswith(": safehouse trust")
    access = Access("file-write-data", str(person.home / "data/x"))
    assert not plan.policy.decide(access).allowed


@pytest.mark.parametrize("way", ["link", "~/src/project", "/x/../{}/.", "{}/"])
def test_directories_are_compared_as_the_kernel_names_them(person, way):
    (person.home / "link").symlink_to("src/project")
    text = f"{person.home}/link" if way == "link" else way.format(person.project)
    listed(person, text)
    assert trust.is_on_old_list(str(person.project), person.host())


@pytest.mark.parametrize(
    "text", ["#{}", "{}x", "{}/sub", "src/project", "", ".", "\0", "{}\x1b", "a{}"]
)
def test_no_other_line_of_it_counts(person, text):
    listed(person, text.format(person.project) + "\n")
    assert not trust.is_on_old_list(str(person.project), person.host())


@pytest.mark.parametrize("what", ["pipe", "directory", "of others", "huge", "loop"])
def test_a_list_that_cannot_be_read_is_silent_at_a_launch(person, what):
    path = listed(person, f"{person.project}\n")
    if what == "of others":
        path.chmod(0o666)
    elif what == "huge":
        path.write_bytes(b"x" * 10_000_000)
    else:
        path.unlink()
        {
            "pipe": lambda: os.mkfifo(path),
            "directory": path.mkdir,
            "loop": lambda: path.symlink_to(path.name),
        }[what]()
    assert "asks for more" in person.plan("true").notices[0]
    with pytest.raises(UserError, match="trusted-workdirs"):
        trust.old_list(person.host())


def test_it_is_read_only_where_something_waits_for_trust(person, monkeypatch):
    listed(person, f"{person.project}\n")
    monkeypatch.setattr(trust, "old_list", lambda host: pytest.fail("it was read"))
    remember(person)
    person.plan("true")
    person.write("src/project/.safehouse.yaml", "deny: [x]\n")
    trust.forget(str(person.project), person.host())
    person.plan("true")


def test_the_notice_names_the_directory_where_it_is_another(person):
    odd = person.home / "it's; a $(name)"
    odd.mkdir()
    (odd / ".safehouse.yaml").write_text("add-dirs: [~/data]\n")
    for directory, where in (
        (person.project, f" --for={person.project}"),
        (odd, f" --for='{person.home}/it'\\''s; a $(name)'"),
    ):
        (notice,) = person.plan("true", cwd=person.home / "data", workdir=str(directory)).notices
        assert notice.endswith("safehouse trust" + where)


# Where it is kept must be out of reach


@pytest.mark.parametrize("variable", ["XDG_STATE_HOME", "XDG_CONFIG_HOME"])
@pytest.mark.parametrize("place", ["{project}/x", "{home}/link", "{project}"])
def test_a_variable_does_not_bring_forged_files_into_force(person, variable, place):
    (person.home / "link").symlink_to("src/project/x")
    moved = place.format(project=person.project, home=person.home)
    host = person.host(**{variable: moved})
    person.plan("true", host=host)  # as long as nothing is there
    directory = person.project / ("x" if "x" in place or "link" in place else "") / "safehouse"
    directory.mkdir(parents=True)
    (directory / "config.yaml").write_text("add-dirs: [~/data]\n")
    with pytest.raises(UserError, match=f"{variable}: .* lies where confined commands may write"):
        person.plan("true", host=person.host(**{variable: moved}))


def test_nothing_is_read_from_there_before_it_is_refused(person, monkeypatch):
    """What is kept beside it is loaded by marshal, which is not for what others have made."""
    from safehouse.sources import own_files

    (person.project / "x/safehouse").mkdir(parents=True)
    (person.project / "x/safehouse/config.yaml").write_text("")
    monkeypatch.setattr(own_files, "read", lambda path, host: pytest.fail(f"{path} was read"))
    for options in ({}, {"workdir": str(person.project), "cwd": person.home / "data"}):
        host = person.host(options.pop("cwd", None), XDG_CONFIG_HOME=f"{person.project}/x")
        with pytest.raises(UserError, match="XDG_CONFIG_HOME"):
            person.plan("true", host=host, **options)


def test_nor_does_a_home_in_the_project(person):
    home = person.project / "home"
    (home / ".config/safehouse").mkdir(parents=True)
    host = replace(person.host(), home=str(home), borrowed=True)
    with pytest.raises(UserError, match=r"HOME: .* lies where confined commands may write"):
        person.plan("true", host=host)


def test_the_cache_of_such_a_home_is_not_loaded(person, monkeypatch):
    from safehouse.sources import own_files

    home = person.project / "home"
    home.mkdir()
    host = replace(person.host(), home=str(home), borrowed=True)
    monkeypatch.setattr(own_files, "_kept", lambda path, host: pytest.fail("it was loaded"))
    person.plan("true", host=host, workdir=str(person.project))


def test_what_is_moved_elsewhere_is_as_good(person):
    host = person.host(XDG_STATE_HOME=f"{person.home}/elsewhere")
    content = judged(person, trusted=True).content
    trust.remember(trust.TRUSTED, content, host)
    host = person.host(XDG_STATE_HOME=f"{person.home}/elsewhere")
    assert person.plan("true", host=host).configuration.verdict == trust.TRUSTED
    assert person.plan("true").configuration.verdict == trust.UNKNOWN
    assert protected.state(host).startswith(f"{person.home}/elsewhere")


def test_nothing_is_kept_within_reach(person):
    from safehouse.request import Request

    host = person.host(XDG_STATE_HOME=f"{person.project}/x")
    with pytest.raises(UserError, match="XDG_STATE_HOME"):
        reach.refuse_to_keep(Request(), host)
    reach.refuse_to_keep(Request(), person.host())
