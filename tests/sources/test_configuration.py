"""All sources together: their order, what one takes from another, and what does not apply."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier
from safehouse.sources import repository, trust
from tests.real_home import Person


@pytest.fixture
def person(tmp_path):
    return Person(tmp_path)


def allows(plan, operation, path):
    return plan.policy.decide(Access(operation, str(path))).allowed


def trusted(person):
    """The person trusts what is there now."""
    host = person.host()
    project = repository.project(host, str(person.project))
    asked = repository.asked(project, host, trusted=True)
    trust.remember(trust.TRUSTED, trust.content(project, asked, host), host)


def everything(person, **modes):
    """One path, and what each source says of it: add-dirs, add-dirs-ro, deny."""
    path = "~/data"
    (person.home / "data").mkdir(exist_ok=True)
    if "repository" in modes:
        person.write("src/project/.safehouse.yaml", f"{modes['repository']}: [{path}]\n")
        trusted(person)
    if "user" in modes:
        person.configure(f"{modes['user']}: [{path}]\n")
    if "directory" in modes:
        text = f"{person.project}:\n  {modes['directory']}: [{path}]\n"
        person.write(".config/safehouse/grants.yaml", text)
    variables = {"add-dirs": "SAFEHOUSE_ADD_DIRS", "add-dirs-ro": "SAFEHOUSE_ADD_DIRS_RO"}
    environ = {variables[modes["environment"]]: path} if "environment" in modes else {}
    typed = {modes["typed"].replace("-", "_"): (path,)} if "typed" in modes else {}
    return person.plan("true", host=person.host(**environ), **typed)


ORDER = ["repository", "user", "directory", "environment", "typed"]


@pytest.mark.parametrize("earlier, later", list(zip(ORDER, ORDER[1:])))
def test_a_later_source_opens_and_closes_what_an_earlier_one_said(person, earlier, later):
    path = person.home / "data/x"
    if earlier != "environment":
        plan = everything(person, **{earlier: "deny", later: "add-dirs"})
        assert allows(plan, "file-write-data", path)
    if later != "environment":
        plan = everything(person, **{earlier: "add-dirs", later: "deny"})
        assert not allows(plan, "file-read-data", path)


def test_a_project_never_undoes_what_its_user_refused(person):
    for mode in ("add-dirs", "add-dirs-ro"):
        plan = everything(person, repository=mode, user="deny")
        assert not allows(plan, "file-read-data", person.home / "data/x")


def test_they_come_in_the_order_of_their_tiers(person):
    plan = everything(
        person,
        repository="add-dirs-ro",
        user="add-dirs-ro",
        directory="deny",
        environment="add-dirs",
        typed="deny",
    )
    tiers = [settings.tier for settings, _ in plan.configuration.sources]
    assert tiers == sorted(tiers)
    assert set(tiers) == {
        Tier.REPOSITORY,
        Tier.USER,
        Tier.DIRECTORY,
        Tier.ENVIRONMENT,
        Tier.COMMAND_LINE,
    }


@pytest.mark.parametrize(
    "repository, user, typed, wanted",
    [
        ("", "", "", "open"),
        ("none", "", "", "none"),
        ("none", "open", "", "none"),
        ("none", "open", "open", "open"),
        ("", "none", "", "none"),
        ("", "none", "open", "open"),
        ("open", "none", "", "none"),
        ("", "", "none", "none"),
    ],
)
def test_the_network(person, repository, user, typed, wanted):
    """A project that wants none is only overruled by what is typed."""
    if repository:
        person.write("src/project/.safehouse.yaml", f"network: {repository}\n")
    if user:
        person.configure(f"network: {user}\n")
    assert person.plan("true", network=typed).policy.network == wanted


def test_features_add_up(person):
    person.configure("enable: [ssh]\nagents: {claude: {enable: [clipboard]}}\n")
    person.write(".config/safehouse/grants.yaml", f"{person.project}:\n  enable: [docker]\n")
    plan = person.plan(
        "claude", host=person.host(SAFEHOUSE_ENABLE="shell-init"), enable=("wide-read",)
    )
    names = {profile.name for profile in plan.profiles}
    assert {"ssh", "clipboard", "docker", "shell-init", "wide-read"} <= names


def test_a_feature_for_another_system_is_told(person):
    person.configure("enable: [keychain, git-config, ssh]\n")
    plan = person.plan("true", enable=("clipboard",))
    assert [(i.what, i.place, i.why) for i in plan.configuration.ignored] == [
        ("feature keychain", "~/.config/safehouse/config.yaml:1", "it is for macos"),
        ("feature clipboard", "--enable", "it is for macos"),
    ]


def test_the_project_s_own_file_counts_in_the_working_directory_only(person):
    """R73: not in a directory above or below it."""
    (person.home / "data").mkdir()
    person.write("src/.safehouse.yaml", "deny: [project]\n")
    person.write("src/project/sub/.safehouse.yaml", "deny: [x]\nadd-dirs: [~/data]\n")
    plan = person.plan("true")
    assert not plan.configuration.project
    assert allows(plan, "file-read-data", person.project / "sub/x")


def test_without_a_working_directory_there_is_none(person):
    person.write("src/project/.safehouse.yaml", "network: none\n")
    person.write(".config/safehouse/grants.yaml", f"{person.project}:\n  network: none\n")
    plan = person.plan("true", workdir="")
    assert plan.policy.network == "open"


def test_what_waits_for_trust_is_told_and_nothing_of_it_applies(person):
    (person.home / "data").mkdir()
    person.write(
        "src/project/.safehouse.yaml",
        "add-dirs: [~/data]\ndeny: [secret]\nenable: [ssh, nonsense]\n",
    )
    plan = person.plan("true")
    assert not allows(plan, "file-read-data", person.home / "data/x")
    assert not allows(plan, "file-read-data", person.project / "secret")
    assert [(i.what, i.place) for i in plan.configuration.ignored] == [
        ("write ~/data", ".safehouse.yaml:1"),
        ("feature ssh", ".safehouse.yaml:3"),
        ("feature nonsense", ".safehouse.yaml:3"),
    ]
    assert any("safehouse trust" in notice for notice in plan.notices)


def test_what_only_narrows_is_not_worth_a_word(person):
    (person.project / "vendor").mkdir()
    text = "deny: [secret]\nadd-dirs-ro: [vendor]\nnetwork: none\n"
    person.write("src/project/.safehouse.yaml", text)
    plan = person.plan("true")
    assert not plan.notices
    assert not allows(plan, "file-write-data", person.project / "vendor/x")


def test_trust_for_one_launch(person):
    (person.home / "data").mkdir()
    person.write("src/project/.safehouse.yaml", "add-dirs: [~/data]\n")
    assert allows(person.plan("true", trust=True), "file-write-data", person.home / "data/x")
    assert not allows(person.plan("true"), "file-read-data", person.home / "data/x")
    trusted(person)
    assert allows(person.plan("true"), "file-read-data", person.home / "data/x")
    assert not allows(person.plan("true", trust=False), "file-read-data", person.home / "data/x")


def test_even_trusted_it_does_not_open_the_home_or_what_is_protected(person):
    person.configure("# mine\n")
    person.write("src/project/.safehouse.yaml", "add-dirs: [~/, /, ~/.config/safehouse, ../..]\n")
    trusted(person)
    plan = person.plan("true")
    assert len(plan.configuration.ignored) == 4
    assert not allows(plan, "file-read-data", person.home / "x")
    assert not allows(plan, "file-read-data", person.own / "config.yaml")


@pytest.mark.parametrize("what", ["link", "directory", "fifo", "big"])
def test_what_is_no_file_to_read_stops_the_launch(person, what):
    """R73: it may have had refusals in it."""
    import os

    path = person.project / ".safehouse.yaml"
    if what == "link":
        path.symlink_to("/dev/zero")
    elif what == "directory":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(b"#" * 70_000)
    with pytest.raises(UserError, match=r"\.safehouse\.yaml"):
        person.plan("true")


# Appended profiles


def test_appended_profiles_of_all_sources(person):
    for name in ("a", "b", "c", "d"):
        (person.home / name).mkdir()
    rules = '(allow file-read* (home-subpath "/{}"))\n'
    person.write("mine.sb", rules.format("a"))
    person.write("typed.sb", rules.format("b"))
    person.write("by-variable.sb", rules.format("c"))
    person.write("src/project/its.sb", rules.format("d"))
    person.configure("append-profile: [~/mine.sb]\n")
    person.write("src/project/.safehouse.yaml", "append-profile: [its.sb]\n")
    host = person.host(SAFEHOUSE_APPEND_PROFILE="~/by-variable.sb")
    plan = person.plan("true", host=host, append_profile=("~/typed.sb",))
    readable = [n for n in "abcd" if allows(plan, "file-read-data", person.home / n / "x")]
    assert readable == ["a", "b", "c"]
    plan = person.plan("true", trust=True)
    assert allows(plan, "file-read-data", person.home / "d/x")
    assert not allows(plan, "file-write-data", person.project / "its.sb")
    assert allows(
        person.plan("true", trust=True, allow_profile_writes=True),
        "file-write-data",
        person.project / "its.sb",
    )


def test_a_project_s_profile_does_not_undo_what_its_user_refused(person):
    (person.home / "data").mkdir()
    person.write("src/project/its.sb", '(allow file-read* (home-subpath "/data"))\n')
    person.write("src/project/.safehouse.yaml", "append-profile: [its.sb]\n")
    assert allows(person.plan("true", trust=True), "file-read-data", person.home / "data/x")
    person.configure("deny: [~/data]\n")
    assert not allows(person.plan("true", trust=True), "file-read-data", person.home / "data/x")


@pytest.mark.parametrize("name", ["~/none.sb", "~/src", "/dev/null"])
def test_a_profile_that_is_no_file_is_refused(person, name):
    with pytest.raises(UserError, match="--append-profile"):
        person.plan("true", append_profile=(name,))


def test_the_project_s_files_can_be_opened_for_writing(person):
    for name in (".safehouse", ".safehouse.yaml"):
        person.write(f"src/project/{name}", "")
        path = person.project / name
        assert not allows(person.plan("true"), "file-write-data", path)
        plan = person.plan("true", allow_workdir_config_writes=True)
        assert allows(plan, "file-write-data", path)
