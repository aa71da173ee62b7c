"""The story as a whole: from a request to a launch, and what stops it on the way."""

from __future__ import annotations

import os

import pytest

from safehouse import sandbox
from safehouse.errors import NOT_EXECUTABLE, NOT_FOUND, REFUSED, UserError
from safehouse.files import LocalFiles
from safehouse.host import LINUX, Host
from safehouse.launch import FULL, PARTIAL, Enforcement, Launch, Shortfall
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier
from safehouse.request import Request
from safehouse.sources import selection
from safehouse.value import replace
from tests.fake_host import linux, mac, planned


class Backend:
    """A backend that confines nothing and runs nothing."""

    name = "paper"
    language = "words"
    mounts = None
    connects_by_sight = False

    def __init__(self, wider=(), inside=False):
        self.wider = tuple(wider)
        self.is_inside = inside
        self.started = []

    def lost(self, policy):
        return ()

    def inside(self, host):
        return self.is_inside

    def prepare(self, policy, host, command):
        level = PARTIAL if self.wider else FULL
        return Launch(
            "/paper", command, policy.environment, Enforcement(level, "paper", self.wider)
        )

    def start(self, launch):
        self.started.append(launch)
        return 7

    def render(self, policy, host):
        return "words\n"


@pytest.fixture
def place(tmp_path):
    """A host with real files: a home, a project, and a program in each."""
    home = tmp_path.resolve() / "home"
    for path in ("bin/tool", "bin/claude", "w/tool", "w/claude", "other/tool"):
        file = home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    (home / "w/text").write_text("")
    environ = {"HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin"}
    return Host(LINUX, str(home), f"{home}/w", environ, LocalFiles())


def run(host, backend, monkeypatch, **request):
    monkeypatch.setattr(sandbox, "backend_for", lambda host: backend)
    told = []
    status = sandbox.run(Request(**request), host, told.append)
    return status, told


def test_a_command_runs_under_its_policy(place, monkeypatch):
    """R75: the words of the command, and its status, are handed on unchanged."""
    backend = Backend()
    words = ("tool", "--add-dirs=/", "a b", "", "--", "NAME=x", "*")
    status, told = run(place, backend, monkeypatch, command=words)
    (launch,) = backend.started
    assert status == 7
    assert launch.argv == (f"{place.home}/bin/tool", *words[1:])
    assert dict(launch.environment)["HOME"] == place.home
    assert told == []


def test_a_launch_weaker_than_its_policy_is_refused_and_says_how(place, monkeypatch):
    rule = planned(linux(), Request()).policy.rules[-1]
    wider = [Shortfall(rule, "is not denied")]
    backend = Backend(wider)
    with pytest.raises(UserError) as error:
        run(place, backend, monkeypatch, command=("tool",))
    assert (backend.started, error.value.status) == ([], REFUSED)
    assert "is not denied" in error.value.message
    assert "--accept-partial" in error.value.hint
    assert run(place, backend, monkeypatch, command=("tool",), accept_partial=True)[0] == 7


def test_inside_already_nothing_is_confined_anew_and_it_is_said(place, monkeypatch):
    executed = []
    monkeypatch.setattr(sandbox.os, "execve", lambda *words: executed.append(words))
    told = []
    monkeypatch.setattr(sandbox, "backend_for", lambda host: Backend(inside=True))
    request = Request(command=("tool", "x"), assignments=(("A", "1"),), add_dirs=("/",))
    sandbox.run(request, place, told.append)
    ((program, argv, environ),) = executed
    assert (program, argv) == (f"{place.home}/bin/tool", ["tool", "x"])
    assert environ["A"] == "1"
    assert "already inside" in told[0]


# The program


@pytest.mark.parametrize(
    "word, status, message",
    [
        ("none", NOT_FOUND, "command not found: none"),
        ("./none", NOT_FOUND, "command not found: ./none"),
        ("/none/x", NOT_FOUND, "command not found: /none/x"),
        ("", NOT_FOUND, "the command is empty"),
        ("./text", NOT_EXECUTABLE, "text is not an executable file"),
        ("/", NOT_EXECUTABLE, "is not an executable file"),
        ("no\nne", NOT_FOUND, r"command not found: no\nne"),
    ],
)
def test_a_command_that_cannot_be_run(place, monkeypatch, word, status, message):
    backend = Backend()
    with pytest.raises(UserError) as error:
        run(place, backend, monkeypatch, command=(word,))
    assert (backend.started, error.value.status) == ([], status)
    assert message in error.value.message


def test_a_program_that_the_policy_hides_is_named_before_it_fails(place, monkeypatch):
    with pytest.raises(UserError) as error:
        run(place, Backend(), monkeypatch, command=("../other/tool",))
    assert error.value.status == NOT_EXECUTABLE
    assert f"--add-dirs-ro={place.home}/other" in error.value.hint


def test_a_name_is_not_looked_for_in_the_directory_of_the_project(place):
    """Nor is an empty entry of PATH, which means it."""
    for path in ("", ":", ".", f"{place.home}/none"):
        with pytest.raises(UserError):
            selection.search("text", path, place.cwd)
    host = replace(place, environ={"PATH": f":.:{place.home}/bin"})
    plan = sandbox.make_plan(Request(command=("tool",)), host)
    assert sandbox.find_program(plan) == f"{place.home}/bin/tool"


def test_the_first_that_can_be_executed_is_taken(place):
    home = place.home
    os.chmod(f"{home}/other/tool", 0o644)
    assert selection.search("tool", f"{home}/other:{home}/bin", "/") == f"{home}/bin/tool"
    with pytest.raises(UserError) as error:
        selection.search("tool", f"{home}/none:{home}/other", "/")
    assert error.value.status == NOT_EXECUTABLE
    assert f"chmod +x {home}/other/tool" in error.value.hint


# The agent


def test_the_agent_is_chosen_by_the_command(place):
    assert sandbox.make_plan(Request(command=("claude",)), place).agent == "claude"
    assert sandbox.make_plan(Request(command=("tool",)), place).agent == ""
    assert sandbox.make_plan(Request(), place).agent == ""


@pytest.mark.parametrize("cwd", ["", "/w", "/.config"])
def test_a_package_that_is_no_agent_is_known_where_no_launch_starts(place, cwd):
    """A shim of npx then starts it as it is."""
    host = replace(place, cwd=f"{place.home}{cwd}")
    assert not sandbox.starts_an_agent(Request(command=("npx", "prettier")), host)
    assert sandbox.starts_an_agent(Request(command=("npx", "@openai/codex")), host)


def test_the_person_s_word_is_stronger(place):
    plan = sandbox.make_plan(Request(command=("claude",), agent="codex"), place)
    assert plan.agent == "codex"
    assert not plan.policy.decide(Access("file-write-data", f"{place.home}/.claude/x")).allowed


@pytest.mark.parametrize("word", ["./claude", "link", "{home}/w/claude"])
def test_a_program_of_the_project_s_is_no_agent_by_its_name(place, word):
    """A repository may bring a program called claude: the sign-in is not for that."""
    os.symlink("../w/claude", f"{place.home}/bin/link")
    plan = sandbox.make_plan(Request(command=(word.format(home=place.home),)), place)
    assert plan.agent == ""
    assert "lies in the project" in plan.notices[0]
    assert "--agent=claude" in plan.notices[0]
    assert not plan.policy.decide(Access("file-read-data", f"{place.home}/.claude/x")).allowed


def test_a_link_by_another_name_is_known_by_where_it_leads(place):
    os.symlink("claude", f"{place.home}/bin/ai")
    assert sandbox.make_plan(Request(command=("ai",)), place).agent == "claude"


@pytest.mark.parametrize(
    "line",
    [
        "codex + exec",
        "env A=1 codex +",
        "npx @openai/codex + x",
        "npx -y @openai/codex@latest + --version",
        "npx -y -p @openai/codex codex + --version",
        "npx --package=@openai/codex -- codex + --version",
        "npx --package @openai/codex -p cowsay codex +",
        "npm exec --package=@openai/codex -- codex + --version",
        "npm exec -- @openai/codex + exec -- x",
        "npm exec -y @openai/codex -- + --version",
        "npm exec @openai/codex -y -- + --version",
        "npm x @openai/codex -- + exec",
        "npm exec -- env A=1 codex + --version",
        "pnpm dlx --package @openai/codex codex + x",
        "pnpm --package=@openai/codex dlx codex + x",
        "pnpx @openai/codex + x",
        "yarn dlx -p @openai/codex codex + x",
        "bunx --bun -p @openai/codex codex + x",
        "bun x @openai/codex + x",
        "nice -10 npx -p @openai/codex codex +",
    ],
)
def test_arguments_of_a_profile_come_where_the_agent_gets_them(line):
    words = tuple(line.split())
    command = tuple(word for word in words if word != "+")
    at = words.index("+")
    expected = (*words[:at], "--disable", "daemon_auto_start", *words[at + 1 :])
    assert planned(linux(), Request(command=command)).command == expected


def test_npm_gets_the_dashes_that_end_its_own_options():
    command = ("npm", "exec", "-y", "@openai/codex", "exec", "x")
    arguments = ("--", "--disable", "daemon_auto_start")
    expected = (*command[:4], *arguments, *command[4:])
    assert planned(linux(), Request(command=command)).command == expected


@pytest.mark.parametrize(
    "command",
    [
        ("npx", "-p", "@openai/codex", "-c", "codex --version"),
        ("npx", "--package=@openai/codex", "--call=codex --version"),
        ("npx", "-p", "@openai/codex", "sh", "-c", "codex"),
        ("npx", "-yp", "@openai/codex", "codex"),
        ("npx", "-p", "@openai/codex"),
        ("npm", "exec", "@openai/codex", "--yes"),
        ("npm", "exec", "@openai/codex", "x", "--", "y"),
        ("pnpm", "dlx", "-c", "codex"),
        ("env", "-S", "echo x", "codex"),
    ],
)
def test_where_the_agent_would_not_get_them_arguments_are_left_out(command):
    plan = planned(linux(), Request(command=command))
    assert plan.agent == "codex"
    assert plan.command == command


def test_an_agent_without_arguments_of_its_own_gets_none():
    assert planned(mac(), Request(command=("aider", "x"))).command == ("aider", "x")


@pytest.mark.parametrize(
    "line", ["uvx --from aider-chat -p 3.12 aider", "pipx run --spec aider-chat aider"]
)
def test_a_person_s_arguments_come_there_too(line, place):
    file = f"{place.home}/.config/safehouse/config.yaml"
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w", encoding="utf-8") as config:
        config.write("agents: {aider: {args: [--no-git]}}\n")
    words = tuple(line.split())
    plan = sandbox.make_plan(Request(command=(*words, "x")), place)
    assert plan.command == (*words, "--no-git", "x")


# The policy


@pytest.mark.parametrize("where", [{"add_dirs": ("~/.codex",)}, {"workdir": "~/.codex"}])
def test_who_opens_the_state_of_an_agent_does_not_open_its_programs(where):
    host = linux(".codex/packages/", ".codex/app-server-control/", ".docker/run/")
    policy = planned(host, Request(command=("codex",), **where)).policy

    def allows(operation, path):
        return policy.decide(Access(operation, f"{host.home}/{path}")).allowed

    assert allows("file-write-data", ".codex/x")
    assert not allows("file-write-data", ".codex/packages/x")
    assert not allows("file-read-data", ".codex/app-server-control/s")


def test_who_opens_a_directory_of_docker_s_does_not_open_its_socket():
    host = linux(".docker/run/")
    socket = Access("network-outbound", f"{host.home}/.docker/run/docker.sock")
    for features, expected in (((), False), (("docker",), True)):
        request = Request(command=("true",), add_dirs=("~/.docker",), enable=features)
        assert planned(host, request).policy.decide(socket).allowed is expected


@pytest.mark.parametrize("host", [mac(), linux()], ids=["macos", "linux"])
def test_without_network_nothing_is_reached(host):
    """As the policy says it, and so `why`; not only as one backend does it."""
    policy = planned(host, Request(network="none", agent="claude")).policy
    for operation, target in (
        ("network-outbound", "example.com:443"), ("network-outbound", "localhost:80"),
        ("network-bind", "localhost:80"), ("network-inbound", "*:80"),
    ):  # fmt: skip
        assert not policy.decide(Access(operation, target)).allowed


def test_without_network_no_feature_brings_it_back():
    """R12: rules with a target survive a bare refusal."""
    request = Request(network="none", enable=("ssh", "docker", "wide-read"), agent="claude")
    policy = planned(mac(), request).policy
    for target in ("localhost:2375", "example.com:22"):
        assert not policy.decide(Access("network-outbound", target)).allowed


def test_an_imagined_mac_gets_a_mac_s_policy():
    plan = planned(linux(), Request(platform="macos", command=("claude",)))
    text = sandbox.policy_text(plan)
    assert plan.host.platform == "macos"
    assert '(subpath "/private/tmp")' in text
    assert "com.apple.SecurityServer" in text
    assert "/home/me/.claude" in text.replace('(string-append HOME "', f"{plan.host.home}")


def test_every_source_takes_part_in_the_order_of_its_tier():
    host = mac("data/x", "src/project/secret/x")
    request = Request(add_dirs=("~/data",), deny=("secret",), enable=("ssh",), command=("claude",))
    rules = planned(host, request).policy.rules
    tiers = [rule.origin.tier for rule in rules if rule.filter is not None]
    after_ways = tiers[len([r for r in rules if r.origin.source == "ancestors"]) :]
    assert after_ways == sorted(after_ways)
    assert {Tier.BASE, Tier.PROFILE, Tier.COMMAND_LINE, Tier.PROTECTED} <= set(after_ways)


def test_one_plan_leaves_nothing_behind_for_the_next():
    """R70."""
    host = mac()
    before = sandbox.policy_text(planned(host, Request()))
    planned(host, Request(enable=("docker", "ssh", "wide-read"), command=("claude",)))
    assert sandbox.policy_text(planned(host, Request())) == before
