"""config.yaml and profiles.d: what the person decides for every launch."""

from __future__ import annotations

import os

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier
from tests.real_home import Person


@pytest.fixture
def person(tmp_path):
    return Person(tmp_path)


def allows(plan, operation, path):
    return plan.policy.decide(Access(operation, str(path))).allowed


def refused(person, *command, **request):
    with pytest.raises(UserError) as error:
        person.plan(*command, **request)
    return error.value.message


def test_without_a_file_nothing_changes(person):
    before = person.plan("true").policy
    person.own.mkdir(parents=True)
    assert person.plan("true").policy == before
    person.configure("# nothing yet\n")
    assert person.plan("true").policy == before


def test_its_paths_features_and_variables_are_for_every_launch(person):
    for name in ("docs", "lib", "secret"):
        (person.home / name).mkdir()
    person.configure(
        """
        add-dirs: [~/lib]
        add-dirs-ro:
          - ~/docs
        deny: [~/src/project/private]
        enable: [ssh]
        env-pass: [MY_TOKEN]
        network: none
        """
    )
    plan = person.plan("true", host=person.host(MY_TOKEN="t"))
    assert allows(plan, "file-write-data", person.home / "lib/x")
    assert allows(plan, "file-read-data", person.home / "docs/x")
    assert not allows(plan, "file-write-data", person.home / "docs/x")
    assert not allows(plan, "file-read-data", person.project / "private/x")
    assert "ssh" in {profile.name for profile in plan.profiles}
    assert dict(plan.policy.environment)["MY_TOKEN"] == "t"
    assert plan.policy.network == "none"


def test_each_says_the_file_and_the_line(person):
    (person.home / "docs").mkdir()
    person.configure("\n\nadd-dirs-ro:\n  - ~/docs\n")
    decision = person.plan("true").policy.decide(Access("file-read-data", f"{person.home}/docs/x"))
    assert decision.rule.origin.source == "~/.config/safehouse/config.yaml:4"
    assert decision.rule.origin.tier == Tier.USER


def test_what_is_typed_has_the_last_word(person):
    (person.home / "docs").mkdir()
    person.configure("deny: [~/docs]\nnetwork: none\nworkdir: ~/docs\n")
    plan = person.plan("true", network="open", add_dirs_ro=("~/docs",), workdir=str(person.project))
    assert plan.policy.network == "open"
    assert allows(plan, "file-read-data", person.home / "docs/x")
    assert plan.policy.workdir == str(person.project)


def test_a_denied_working_directory_refuses_the_start(person):
    person.configure("deny: [~/src/project]\n")
    message = refused(person, "true")
    assert f"{person.project} is closed to commands by ~/.config/safehouse/config.yaml:1" in message
    assert person.plan("true", add_dirs=(".",))


def test_one_agent_gets_more_than_the_others(person):
    (person.home / "docs").mkdir()
    person.configure(
        """
        agents:
          claude: {add-dirs-ro: [~/docs], enable: [docker], args: [--verbose, "a b"], env-pass: [X]}
          codex: {network: none}
        """
    )
    host = person.host(X="1")
    claude = person.plan("claude", "-p", "x", host=host)
    assert allows(claude, "file-read-data", person.home / "docs/x")
    assert "docker" in {profile.name for profile in claude.profiles}
    words = claude.command
    assert words[0] == "claude" and words[-4:] == ("--verbose", "a b", "-p", "x")
    assert dict(claude.policy.environment)["X"] == "1"
    codex = person.plan("codex", host=host)
    assert not allows(codex, "file-read-data", person.home / "docs/x")
    assert (codex.policy.network, claude.policy.network) == ("none", "open")
    assert "--verbose" not in codex.command
    assert not allows(person.plan("true", host=host), "file-read-data", person.home / "docs/x")


def test_a_section_for_an_agent_that_is_none_is_told(person):
    person.configure("agents: {cladue: {enable: [ssh]}}\n")
    (ignored,) = person.plan("true").configuration.ignored
    assert ignored.what == "agents: cladue"


def test_switches_and_other_defaults(person):
    person.write("my.env", "FROM_FILE=1\n")
    person.configure("accept-partial: true\nexplain: true\nenv: ~/my.env\nagent: aider\n")
    plan = person.plan("true")
    assert plan.configuration.flag(None, "accept-partial")
    assert not plan.configuration.flag(False, "accept-partial")
    assert plan.configuration.flag(None, "explain")
    assert dict(plan.policy.environment)["FROM_FILE"] == "1"
    assert plan.agent == "aider"
    assert person.plan("claude").agent == "claude"
    person.configure("explain: full\n")
    assert person.plan("true").configuration.defaults["explain"].text == "full"


def test_all_variables_by_default_unless_some_are_named(person):
    person.configure("env: true\n")
    host = person.host(SECRET="s", OTHER="o")
    assert "SECRET" in dict(person.plan("true", host=host).policy.environment)
    assert "SECRET" not in dict(
        person.plan("true", host=host, env_pass=("OTHER",)).policy.environment
    )


def test_the_project_can_be_none_by_default(person):
    person.configure('workdir: ""\n')
    assert not allows(person.plan("true"), "file-read-data", person.project / "x")


@pytest.mark.parametrize("place", ['"~"', "~/", "/", "/home"])
def test_it_cannot_open_the_whole_home(person, place):
    person.configure(f"add-dirs-ro: [{place}]\n")
    plan = person.plan("true")
    assert not allows(plan, "file-read-data", person.home / "x")
    assert plan.configuration.ignored or place == "/home"


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "add-dir: [~/x]",
            "config.yaml:1: unknown key of the file 'add-dir', did you mean 'add-dirs'?",
        ),
        ("add-dirs: ~/x", "config.yaml:1: `add-dirs` must be a list"),
        ("add-dirs: [x]", "config.yaml:1: 'x' is relative: begin it with / or ~/"),
        ("deny: [~x/y]", "only ~ and ~/ are understood"),
        ("\nnetwork: off", "config.yaml:2: unknown network 'off'"),
        ("accept-partial: yes", "must be true or false"),
        ("trust-workdir-config: true", "cannot be kept in a file"),
        ("agents: [claude]", "agents must be a mapping"),
        ("agents: {claude: {shims: [x]}}", "unknown key of agent claude 'shims'"),
        ("env-pass: [1A]", "is not the name of a variable"),
        ("- a", "the file must be a mapping"),
        ("enable: [ssh]\nenable: [docker]", "config.yaml:2: duplicate key"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(person, text, message):
    person.configure(text + "\n")
    assert message in refused(person, "true")


@pytest.mark.parametrize(
    "text, message",
    [
        ("enable: [sssh]", "config.yaml:1: no feature is called 'sssh', did you mean 'ssh'?"),
        ("agents: {claude: {enable: [sssh]}}", "config.yaml:1: no feature is called 'sssh'"),
        ("agent: cladue", "config.yaml:1: no agent is called 'cladue', did you mean 'claude'?"),
        ("env: ~/none", "config.yaml:1: ~/none does not exist"),
    ],
)
def test_a_name_that_is_none_is_refused_with_its_place(person, text, message):
    person.configure(text + "\n")
    assert message in refused(person, "claude" if "agents" in text else "true")


@pytest.mark.parametrize("mode", [0o666, 0o602, 0o622])
def test_a_file_that_others_can_write_is_not_believed(person, mode):
    person.configure("enable: [ssh]\n").chmod(mode)
    message = refused(person, "true")
    assert "can be written by others" in message


def test_a_directory_that_others_can_write_is_not_believed(person):
    person.configure("enable: [ssh]\n")
    person.own.chmod(0o777)
    assert "can be written by others" in refused(person, "true")


def test_a_link_to_a_repository_of_dotfiles_is_followed_and_its_end_protected(person):
    real = person.write("dotfiles/safehouse.yaml", "enable: [ssh]\n")
    person.own.mkdir(parents=True)
    (person.own / "config.yaml").symlink_to(real)
    plan = person.plan("true", cwd=person.home / "dotfiles")
    assert "ssh" in {profile.name for profile in plan.profiles}
    assert allows(plan, "file-write-data", person.home / "dotfiles/other")
    assert not allows(plan, "file-write-data", real)
    assert not allows(plan, "file-write-unlink", person.home / "dotfiles")


def test_what_was_understood_is_kept_and_read_again_only_when_it_changed(person, monkeypatch):
    person.configure("enable: [ssh]\n")
    person.plan("true")
    from safehouse.sources import settings_file

    def unused(data, file):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(settings_file, "user", unused)
        assert "ssh" in {profile.name for profile in person.plan("true").profiles}
    person.configure("enable: [docker]\n")
    assert "docker" in {profile.name for profile in person.plan("true").profiles}


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 100, b"\xfb" * 100, os.urandom(300), b"(\xff\xff\xff\x7f"]
)
def test_a_spoiled_cache_is_not_read(person, garbage):
    person.configure("enable: [ssh]\n")
    person.plan("true")
    (kept,) = (person.home / ".cache/safehouse").iterdir()
    kept.write_bytes(garbage)
    assert "ssh" in {profile.name for profile in person.plan("true").profiles}
    kept.write_bytes(garbage)
    kept.chmod(0o666)
    assert "ssh" in {profile.name for profile in person.plan("true").profiles}


def test_where_nothing_can_be_kept_it_is_read_each_time(person):
    person.configure("enable: [ssh]\n")
    person.write(".cache/safehouse", "a file in its place")
    for _ in range(2):
        assert "ssh" in {profile.name for profile in person.plan("true").profiles}


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_STATE_HOME"])
def test_no_configuration_is_taken_from_where_the_command_may_write(person, variable):
    """A project's tooling sets the variable, its agent has written the file before."""
    forged = person.project / "x/safehouse/config.yaml"
    forged.parent.mkdir(parents=True)
    forged.write_text("add-dirs: [~/secret]\n")
    forged.chmod(0o600)
    host = person.host(**{variable: str(person.project / "x")})
    assert "lies where confined commands may write" in refused(person, "true", host=host)


def test_xdg_moves_it(person):
    moved = person.write("elsewhere/safehouse/config.yaml", "enable: [ssh]\n")
    host = person.host(XDG_CONFIG_HOME=str(person.home / "elsewhere"))
    plan = person.plan("true", host=host)
    assert "ssh" in {profile.name for profile in plan.profiles}
    assert not allows(plan, "file-write-data", moved)


def test_a_variable_that_moves_it_is_told_where_there_is_a_usual_one(person):
    """A project's tooling could be rid of the person's refusals by it."""
    person.configure("deny: [~/src/project/x]\n")
    host = person.host(XDG_CONFIG_HOME=str(person.home / "nowhere"))
    assert any(
        "~/.config/safehouse is not" in each for each in person.plan("true", host=host).notices
    )


@pytest.mark.parametrize("text", ["~/", "/", "~/.."])
def test_the_home_as_working_directory_has_to_be_typed(person, text):
    person.configure(f"workdir: {text}\n")
    assert "holds your whole home" in refused(person, "true")
    person.configure("# nothing\n")
    host = person.host(SAFEHOUSE_WORKDIR=text)
    assert "SAFEHOUSE_WORKDIR" in refused(person, "true", host=host)
    assert person.plan("true", workdir=text)


def test_what_is_said_for_an_agent_that_is_none_is_told_at_each_launch(person):
    person.configure("agents: {cladue: {network: none}}\n")
    (notice,) = person.plan("true").notices
    assert "agents: cladue" in notice and "no agent has this name" in notice


def test_the_profiles_of_other_agents_and_directories_are_protected_too(person):
    """A session of codex could rewrite what claude's next one is made of."""
    person.write("src/tools/a.sb", "(version 1)")
    person.write("src/tools/b.sb", "(version 1)")
    person.configure("agents: {claude: {append-profile: [~/src/tools/a.sb]}}\n")
    text = "~/src/other:\n  append-profile: [~/src/tools/b.sb]\n"
    person.write(".config/safehouse/grants.yaml", text)
    plan = person.plan("codex", cwd=person.home / "src/tools")
    for name in ("a.sb", "b.sb"):
        assert not allows(plan, "file-write-data", person.home / "src/tools" / name)
    assert allows(plan, "file-write-data", person.home / "src/tools/c.sb")


def test_a_link_in_what_may_have_been_a_project_is_not_followed(person):
    """A session there could have made it; one in the home itself is the person's."""
    (person.home / "secrets").mkdir()
    (person.home / "src/shared").mkdir()
    (person.home / "src/shared/data").symlink_to(person.home / "secrets")
    (person.home / "docs").symlink_to(person.home / "secrets")
    for mode in (0o755, 0o555):  # whose directory it is can allow itself to write
        (person.home / "src/shared").chmod(mode)
        person.configure("add-dirs-ro: [~/src/shared/data]\n")
        plan = person.plan("true")
        assert not allows(plan, "file-read-data", person.home / "secrets/x")
        assert "leads through the link" in plan.configuration.ignored[0].why
    person.configure("add-dirs-ro: [~/docs]\n")
    assert allows(person.plan("true"), "file-read-data", person.home / "secrets/x")


def test_with_a_borrowed_home_nothing_is_kept(person):
    """It may be part of a repository, and with it what is kept there."""
    person.configure("enable: [ssh]\n")
    host = person.host()
    from safehouse.value import replace

    person.plan("true", host=replace(host, borrowed=True))
    assert not (person.home / ".cache").exists()


# profiles.d

OWN = """
profiles:
  mytool:
    layer: agent
    summary: a tool of mine
    commands: [mytool]
    requires: [ssh]
    environment: {MY_MODE: quiet}
    rules:
      - allow: read write
        paths: {~/.mytool/: its state}
  claude:
    commands: [my-claude]
    passes: [MY_KEY]
    arguments: [--fast]
    rules:
      - allow: read
        paths: {~/notes/: what I write down}
"""


def test_own_profiles_and_extensions_of_shipped_ones(person):
    person.write(".config/safehouse/profiles.d/mine.yaml", OWN)
    for name in ("notes", ".mytool"):
        (person.home / name).mkdir()
    tool = person.plan("mytool")
    assert tool.agent == "mytool"
    assert allows(tool, "file-write-data", person.home / ".mytool/x")
    assert "ssh" in {profile.name for profile in tool.profiles}
    assert dict(tool.policy.environment)["MY_MODE"] == "quiet"
    for command in ("claude", "my-claude"):
        plan = person.plan(command, host=person.host(MY_KEY="k"))
        assert plan.agent == "claude"
        assert allows(plan, "file-read-data", person.home / "notes/x")
        assert dict(plan.policy.environment)["MY_KEY"] == "k"
        assert "--fast" in plan.command
    rule = (
        person.plan("claude").policy.decide(Access("file-read-data", f"{person.home}/notes/x")).rule
    )
    assert rule.origin.source == "claude, ~/.config/safehouse/profiles.d/mine.yaml:18"
    assert rule.origin.reason == "what I write down"
    assert not allows(person.plan("codex"), "file-read-data", person.home / "notes/x")


def test_an_own_profile_may_take_the_command_of_a_shipped_one(person):
    person.write(".config/safehouse/profiles.d/x.yaml", OWN.replace("[mytool]", "[aider]"))
    assert person.plan("aider").agent == "mytool"


def test_later_files_may_require_profiles_of_earlier_ones(person):
    person.write(".config/safehouse/profiles.d/10.yaml", OWN)
    later = "profiles: {other: {layer: agent, summary: x, commands: [other], requires: [mytool]}}\n"
    person.write(".config/safehouse/profiles.d/20.yaml", later)
    assert "mytool" in {profile.name for profile in person.plan("other").profiles}


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("layer: agent", "layer: agnet", "mine.yaml:4: unknown layer 'agnet'"),
        ("  claude:\n", "  claude:\n    layer: agent\n", "mine.yaml:13: claude is shipped"),
        ("[ssh]", "[sssh]", "mine.yaml:7: unknown profile, required by mytool: 'sssh'"),
        ("read write", "raed", "mine.yaml:10: unknown operation 'raed'"),
        ("~/.mytool/", "mytool/", "mine.yaml:11:"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_place(person, old, new, message):
    person.write(".config/safehouse/profiles.d/mine.yaml", OWN.replace(old, new))
    assert message in refused(person, "true")


def test_other_files_in_there_are_no_profiles(person):
    person.write(".config/safehouse/profiles.d/README", "not: [yaml")
    person.write(".config/safehouse/profiles.d/x.yaml~", "not: [yaml")
    person.plan("true")
