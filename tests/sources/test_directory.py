"""What is kept for a directory is for that one and those below it, and for no other of its name."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier
from safehouse.sources import directory
from safehouse.sources.directory import BY_NAME, GONE, LINK, REPLACED, SAME
from tests.real_home import Person


@pytest.fixture
def person(tmp_path):
    person = Person(tmp_path)
    for name in ("docs", "out", "src/project/sub/deep", "src/project2"):
        (person.home / name).mkdir(parents=True)
    (person.home / "docs/x").touch()
    return person


def write(person, text):
    person.write(".config/safehouse/grants.yaml", text)


def keep(person, text="add-dirs: [~/docs]", place=None):
    """Keeps something for a directory as it is now."""
    place = place or person.project
    name = directory.written(str(place), person.host())
    lines = text.replace("\n", "\n  ")
    write(person, f"'{name}':\n  known-by: '{directory.identity(str(place))}'\n  {lines}\n")


def allows(person, operation, path, **how):
    policy = person.plan("true", **how).policy
    return policy.decide(Access(f"file-{operation}-data", str(path))).allowed


def writes_docs(person, **how):
    return allows(person, "write", person.home / "docs/x", **how)


def ignored(person, **how):
    found = person.plan("true", **how).configuration.ignored
    return [f"{each.place}: {each.what}: {each.why}" for each in found]


# To whom it applies


@pytest.mark.parametrize("place", ["", "sub", "sub/deep"])
def test_it_is_for_a_directory_and_all_below_it(person, place):
    keep(person)
    assert writes_docs(person, cwd=person.project / place)
    assert writes_docs(person, cwd=person.home, workdir=str(person.project / place))
    assert ignored(person, cwd=person.project / place) == []


@pytest.mark.parametrize("place", ["..", "../project2"])
def test_it_is_for_no_directory_beside_or_above(person, place):
    keep(person)
    assert not writes_docs(person, cwd=(person.project / place).resolve())


def test_it_is_for_none_where_there_is_no_working_directory(person):
    keep(person, place=person.home)
    assert writes_docs(person)
    assert not writes_docs(person, workdir="")


def test_the_nearest_wins(person):
    write(
        person,
        "~/src/project/sub: {add-dirs: [~/docs]}\n~/src: {add-dirs: [~/docs]}\n"
        "~/src/project: {deny: [~/docs]}\n",
    )
    assert writes_docs(person, cwd=person.home / "src/project2")
    assert not writes_docs(person)
    assert writes_docs(person, cwd=person.project / "sub/deep")
    sources = person.plan("true", cwd=person.project / "sub").configuration.sources
    names = [source.name for source, _ in sources if source.tier == Tier.DIRECTORY]
    assert names == ["kept for ~/src", "kept for ~/src/project", "kept for ~/src/project/sub"]


def test_what_is_for_an_agent_comes_behind_what_is_for_all(person):
    keep(person, "agents: {claude: {add-dirs: [~/docs]}}\nadd-dirs-ro: [~/docs]\ndeny: [~/out]")
    assert not writes_docs(person)
    assert not writes_docs(person, agent="codex")
    assert writes_docs(person, agent="claude")
    assert not allows(person, "read", person.home / "out", agent="claude")


def test_the_nearest_wins_over_what_a_parent_keeps_for_an_agent(person):
    write(
        person,
        "~/src: {agents: {claude: {add-dirs: [~/docs]}}}\n~/src/project: {deny: [~/docs]}\n",
    )
    assert not writes_docs(person, agent="claude")


def test_an_option_wins_over_it(person):
    keep(person, "deny: [~/docs]")
    assert writes_docs(person, add_dirs=(str(person.home / "docs"),))


def test_features_variables_and_network_are_kept_too(person):
    keep(person, "enable: [ssh]\nenv-pass: [MINE]\nnetwork: none")
    plan = person.plan("true", host=person.host(MINE="1"))
    assert "ssh" in [profile.name for profile in plan.profiles]
    assert dict(plan.policy.environment)["MINE"] == "1"
    assert plan.policy.network == "none"


@pytest.mark.parametrize("name", ["{home}/src/project", "~/src/project/", "{home}/src/project//"])
def test_a_directory_may_be_written_in_more_than_one_way(person, name):
    write(person, f"{name.format(home=person.home)}: {{add-dirs: [~/docs]}}\n")
    assert writes_docs(person)


def test_two_entries_for_one_directory_both_apply(person):
    write(person, f"~/src/project: {{deny: [~/out]}}\n{person.project}: {{add-dirs: [~/docs]}}\n")
    assert writes_docs(person)
    assert not allows(person, "read", person.home / "out")


@pytest.mark.parametrize("name", ["~", "/"])
def test_the_home_and_the_root_are_directories_too(person, name):
    write(person, f"'{name}': {{add-dirs: [~/docs]}}\n")
    assert writes_docs(person)


# Another directory of the same name


def remove_and_make(person):
    shutil.rmtree(person.project)
    person.project.mkdir()


def move_and_make(person):
    os.rename(person.project, person.home / "away")
    person.project.mkdir()


def exchange(person):
    os.rename(person.project, person.home / "away")
    os.rename(person.home / "src/project2", person.project)


SWAPS = {"removed": remove_and_make, "moved away": move_and_make, "exchanged": exchange}


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
def test_nothing_passes_to_another_directory_of_the_same_name(person, swap):
    keep(person)
    assert writes_docs(person)
    time.sleep(0.02)  # a file system counts births by the tick of a clock
    swap(person)
    assert not writes_docs(person)
    (line,) = ignored(person)
    assert line == (
        "~/.config/safehouse/grants.yaml:1: all that is kept for ~/src/project: it is another "
        "directory than the one that had this name; to forget it: "
        "safehouse revoke --all --for=~/src/project"
    )


def test_a_number_that_is_given_again_is_told_by_the_birth(person):
    before = directory.identity(str(person.project))
    for _ in range(50):
        time.sleep(0.01)
        remove_and_make(person)
        assert directory.identity(str(person.project)) != before


def test_the_parents_entry_still_applies_where_a_directory_was_replaced(person):
    keep(person, place=person.home / "src")
    remove_and_make(person)
    assert writes_docs(person)


def test_nothing_passes_through_a_replaced_parent(person):
    keep(person, place=person.home / "src")
    os.rename(person.home / "src", person.home / "away")
    shutil.copytree(person.home / "away", person.home / "src")
    assert not writes_docs(person)
    assert "all that is kept for ~/src:" in ignored(person)[0]


@pytest.mark.parametrize("how", ["the shell", "another program", "--workdir"])
def test_nothing_passes_to_what_a_link_of_the_name_leads_to(person, how):
    keep(person)
    name = str(person.project)
    os.rename(name, person.home / "away")
    (person.home / "src/evil").mkdir()
    os.symlink("evil", name)
    host = person.host(person.home / "src/evil", **({"PWD": name} if how == "the shell" else {}))
    request = {"workdir": name} if how == "--workdir" else {}
    assert not writes_docs(person, host=host, **request)
    found = ignored(person, host=host, **request)
    if how == "the shell":
        assert found == [
            "~/.config/safehouse/grants.yaml:1: all that is kept for ~/src/project: "
            "its name leads to ~/src/evil now, by a link"
        ]


def test_a_shells_name_for_another_place_tells_nothing(person):
    keep(person)
    for name in (str(person.home / "docs"), "relative", "/none", str(person.project) + "/"):
        assert ignored(person, host=person.host(PWD=name)) == []


def test_what_a_link_below_leads_to_is_not_below(person):
    keep(person)
    (person.home / "elsewhere").mkdir()
    os.symlink(person.home / "elsewhere", person.project / "link")
    assert not writes_docs(person, cwd=person.home / "elsewhere")
    with pytest.raises(UserError, match="leads through the link"):
        person.plan("true", workdir=str(person.project / "link"))


@pytest.mark.skipif(os.getuid() != 0, reason="needs a mount namespace")
def test_nothing_passes_to_what_is_mounted_over_it(person):
    script = (
        f"mount --bind {person.home}/src/project2 {person.project} && "
        "python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); "
        "from safehouse.sources.directory import identity; print(identity(sys.argv[2]))' "
        f"{os.getcwd()} {person.project}"
    )
    before = directory.identity(str(person.project))
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(done.stderr)
    assert done.stdout.strip() not in (before, "")


def touch(person):
    (person.project / "new").touch()
    os.chmod(person.project, 0o700)
    os.rename(person.project / "sub", person.project / "moved")
    os.utime(person.project, (1, 1))


def move_its_parent(person):
    os.rename(person.home / "src", person.home / "s")
    os.rename(person.home / "s", person.home / "src")


@pytest.mark.parametrize("change", [touch, move_its_parent])
def test_a_directory_stays_itself_while_it_changes(person, change):
    keep(person)
    change(person)
    assert writes_docs(person)
    assert ignored(person) == []


def test_the_device_does_not_matter(person):
    """Its number may be another one after each start of the machine."""
    found = os.stat(person.project)
    assert directory.identity(str(person.project)).partition("-")[0] == str(found.st_ino)
    assert str(found.st_dev) not in directory.identity(str(person.project)).split("-")


def test_without_birth_the_number_has_to_do(person, monkeypatch):
    monkeypatch.setattr("safehouse.birth.of", lambda path: "")
    keep(person)
    assert writes_docs(person)
    monkeypatch.undo()
    assert not writes_docs(person)  # it was kept where it could not be told


def test_an_entry_without_known_by_goes_by_its_name(person):
    write(person, "~/src/project: {add-dirs: [~/docs]}\n")
    remove_and_make(person)
    assert writes_docs(person)
    assert ignored(person) == []


def test_a_directory_that_cannot_be_looked_at_gets_nothing(person, monkeypatch):
    keep(person)
    kept_host = person.host()

    def fail(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(directory, "identity", fail)
    found, told = directory.grants(kept_host, str(person.project), "")
    assert found == ()
    assert "cannot be told whether it is the same directory: Permission denied" in told[0].why


# What does not apply


def test_agents_that_there_are_not_are_told(person):
    keep(person, "agents: {cluade: {add-dirs: [~/docs]}, codex: {deny: [~/out]}}")
    found, told = directory.grants(person.host(), str(person.project), "codex", ["claude", "codex"])
    assert [source.name for source in found] == [
        "kept for ~/src/project",
        "kept for ~/src/project, agent codex",
    ]
    assert [(each.what, each.why) for each in told] == [
        ("kept for ~/src/project, agents: cluade", "no agent has this name")
    ]


def test_what_cannot_be_granted_is_left_out_and_told(person):
    os.symlink(person.home / "docs", person.project / "link")
    keep(person, "add-dirs: [~/none, '~', ~/.config/safehouse, ~/src/project/link, ~/out]")
    assert allows(person, "write", person.home / "out")
    told = "\n".join(ignored(person))
    for what in (
        "write ~/none: it does not exist",
        "write ~: it holds your whole home",
        "write ~/.config/safehouse: it is protected",
        f"write ~/src/project/link: it leads through the link {person.project}/link",
    ):
        assert what in told


def test_no_link_is_followed_to_what_is_opened(person):
    """A program that may write there in some launch could have put it there."""
    keep(person, "add-dirs: [~/docs]\nadd-dirs-ro: [~/out/x]\ndeny: [~/closed]")
    (person.home / "out/x").mkdir()
    (person.home / "else/x").mkdir(parents=True)
    assert ignored(person) == []
    os.rename(person.home / "docs", person.home / "docs2")
    os.symlink("docs2", person.home / "docs")
    os.rename(person.home / "out", person.home / "out2")
    os.symlink("else", person.home / "out")
    os.symlink("docs2", person.home / "closed")
    for path in ("docs2", "docs", "else/x", "out/x"):
        assert not allows(person, "read", person.home / path)
    assert [line.partition(": ")[2] for line in ignored(person)] == [
        f"read-only ~/out/x: it leads through the link {person.home}/out: write where it is to lead",
        f"write ~/docs: it leads through the link {person.home}/docs: write where it is to lead",
    ]


def test_a_link_that_only_root_can_change_is_one_of_the_system(person, monkeypatch):
    os.symlink("docs", person.home / "link")
    write(person, "~/src/project: {add-dirs: [~/link]}\n")
    assert not writes_docs(person)
    host = person.host()
    monkeypatch.setattr(type(host.files), "changeable", lambda self, path: False)
    assert writes_docs(person, host=host)


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: {}", "grants.yaml:1: 'a' is relative: begin it with / or ~/"),
        ("~/a:\n  known-by: 5", "known-by` must be a text: put '5' in quotes"),
        ("~/a:\n  add-dir: [x]", "did you mean 'add-dirs'?"),
        ("~/a:\n  add-dirs: [x]", "grants.yaml:2: 'x' is relative"),
        ("~/a:\n  agents: {claude: {network: off}}", "unknown network 'off'"),
    ],
)
def test_a_wrong_file_is_an_error_with_its_line(person, text, message):
    write(person, text)
    with pytest.raises(UserError) as error:
        person.plan("true")
    assert message in error.value.message


# What state an entry is in


def test_the_state_of_an_entry(person):
    names = ("same", "replaced", "gone", "link", "name")
    for name in names:
        (person.home / name).mkdir()
    lines = [
        f"~/{name}: {{known-by: '{directory.identity(str(person.home / name))}'}}"
        for name in names[:-1]
    ]
    write(person, "\n".join([*lines, "~/name: {enable: [ssh]}\n"]))
    os.rename(person.home / "replaced", person.home / "old")
    (person.home / "replaced").mkdir()
    (person.home / "gone").rmdir()
    os.rename(person.home / "link", person.home / "old2")
    os.symlink("old2", person.home / "link")
    host = person.host()
    kept = directory.stored(host)
    assert {name: directory.state(kept, host, f"~/{name}") for name in names} == {
        "same": SAME,
        "replaced": REPLACED,
        "gone": GONE,
        "link": LINK,
        "name": BY_NAME,
    }
