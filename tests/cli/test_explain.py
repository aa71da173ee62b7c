"""`--explain`: what a command may do, on one screen, before it starts; and all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from safehouse import sandbox
from safehouse.backends.seatbelt import Seatbelt
from safehouse.cli.explain import explanation
from safehouse.cli.explain_full import HEADS, full_explanation
from safehouse.cli.places import CLOSED, READ, READ_ONLY, WRITE
from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.launch import PARTIAL, Enforcement, Launch, Shortfall
from safehouse.policy.policy import Access
from safehouse.request import Request
from safehouse.value import replace
from tests.fake_host import linux, mac, planned


class Partial(Seatbelt):
    def look(self, policy, host):
        rule = policy.rules[-1]
        found = Shortfall(rule, "is wider than it says"), Shortfall(rule, "is narrower")
        enforcement = Enforcement(PARTIAL, "paper", found[:1], found[1:], ("a note",))
        return Launch("/x", (), (), enforcement)


@pytest.fixture
def host(tmp_path):
    home = tmp_path.resolve() / "home"
    (home / "w/.git/hooks").mkdir(parents=True)
    (home / ".claude").mkdir()
    (home / ".gitconfig").write_text("")
    (home / "w/README").touch()
    tool = home / "bin/claude"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    environ = {"PATH": f"{home}/bin:/usr/bin", "ANTHROPIC_API_KEY": "sk-secret"}
    machine = mac(home=str(home), cwd="w", environ=environ)
    return replace(machine, files=LocalFiles(), foreign=True)


def looked_at(plan):
    return sandbox.backend_for(plan.host).look(plan.policy, plan.host)


def explained(host, **request):
    request.setdefault("command", ("/usr/bin/env",))
    plan = sandbox.make_plan(Request(**request), host)
    return explanation(plan, looked_at(plan))


def section(text, name):
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(name))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    return " ".join(line.strip() for line in lines[start:end])


def test_it_says_who_said_it_where_and_what_came_of_it(host):
    text = explained(host, add_dirs_ro=("/usr/bin",), deny=("README", ".git"), env_all=True)
    said = section(text, "said by")
    assert re.search(r"read-only +/usr/bin +--add-dirs-ro", said)
    assert re.search(r"option +--env", said)
    assert "~/w/.git/ (--deny)" in section(text, "closed")


def test_it_names_the_profile_what_may_be_written_and_the_network(host):
    text = explained(host, agent="claude")
    assert "claude" in section(text, "profile")
    assert "the project: ~/w/" in section(text, "may write")
    assert "state of claude: " in section(text, "may write")
    assert "~/.claude/" in section(text, "may write")
    assert "open" in section(text, "network")
    assert "none" in section(explained(host, network="none"), "network")
    assert "none of an agent" in section(explained(host), "profile")


def test_it_fits_on_a_screen(host):
    many = [f"d{number}" for number in range(40)]
    for name in many:
        Path(host.cwd, name).touch()
    features = ("ssh", "docker", "gh", "aws", "clipboard", "open", "xcode", "microphone", "gpg")
    for request in (
        {},
        {"agent": "claude", "enable": ("ssh", "docker")},
        {"agent": "claude", "enable": features},
        {"enable": features, "deny": tuple(many), "env_all": True},
    ):
        lines = explained(host, **request).splitlines()
        assert max(map(len, lines)) <= 100 - len("safehouse: ")
        assert len(lines) <= 30, "\n".join(lines)


def test_a_feature_that_there_is_no_room_for_is_named_and_the_worst_is_explained(host):
    features = ("ssh", "gh", "aws", "clipboard", "open", "xcode", "microphone", "gpg", "docker")
    said = section(explained(host, enable=features, deny=("README",), env_all=True), "features")
    assert said.startswith("features     docker: this ends the confinement")
    for name in features:
        assert name in said


def test_it_names_variables_and_never_their_values(host):
    text = explained(host, agent="claude")
    assert "ANTHROPIC_API_KEY" in section(text, "environment")
    assert "sk-secret" not in text


def test_it_says_what_a_feature_gives_up(host):
    assert "this ends the confinement" in section(explained(host, enable=("docker",)), "features")


def test_what_is_not_enforced_is_said(host, monkeypatch):
    monkeypatch.setattr(sandbox, "backend_for", lambda host: Partial())
    text = explained(host, accept_partial=True)
    assert "partial, by paper" in section(text, "enforcement")
    for word in ("is wider than it says", "stricter: 1 place", "a note"):
        assert word in section(text, "enforcement")
    plan = sandbox.make_plan(Request(), host)
    full = full_explanation(plan, looked_at(plan))
    for word in ("is wider than it says", "is narrower", "a note"):
        assert word in full


def test_where_nothing_can_be_enforced_it_says_why(host):
    plan = sandbox.make_plan(Request(), host)
    for explain in (explanation, full_explanation):
        assert "none here: no enforcer" in explain(plan, UserError("no enforcer"))


def test_what_is_ignored_is_said(host):
    from safehouse.sources.settings import Ignored

    plan = sandbox.make_plan(Request(), host)
    ignored = (Ignored("write ~/gone", "config.yaml:3", "it does not exist"),)
    plan = replace(plan, configuration=replace(plan.configuration, ignored=ignored))
    text = explanation(plan, looked_at(plan))
    assert "write ~/gone (config.yaml:3): it does not exist" in section(text, "ignored")


def test_colour_changes_nothing_else(host):
    plan = sandbox.make_plan(Request(enable=("docker",), agent="claude"), host)
    coloured = explanation(plan, looked_at(plan), colour=True)
    assert "\033[1mmay write    \033[0m" in coloured
    assert re.sub("\033\\[[0-9]+m", "", coloured) == explanation(plan, looked_at(plan))


def test_names_of_files_cannot_say_anything_to_the_terminal(host):
    odd = replace(host, environ={**host.environ, "\x1b[31mX": "1"})
    assert "\x1b" not in explained(odd, env_all=True)
    plan = sandbox.make_plan(Request(env_all=True), odd)
    assert "\x1b" not in full_explanation(plan, looked_at(plan))


# That it is true of the policy: of the kernel, see tests/confinement

HOSTS = {
    "macos": mac(
        ".claude/", ".npm/", ".npmrc", ".gitconfig", "docs/", "out/", ".cargo/bin/", ".gem/credentials",
        ".gem/", "src/project/private/", ".ssh/id_ed25519", ".ssh/agent/", ".ssh/known_hosts",
    ),
    "linux": linux(
        ".claude/", ".npm/", ".npmrc", ".gitconfig", "docs/", "out/", ".cargo/bin/", ".gem/credentials",
        ".gem/", "src/project/private/", ".ssh/id_ed25519", ".ssh/agent/", ".ssh/known_hosts",
    ),
}  # fmt: skip
REQUESTS = {
    "base": {},
    "claude": {"agent": "claude", "enable": ("ssh",), "add_dirs_ro": ("~/docs",)},
    "denied": {"deny": ("~/src/project/private",), "add_dirs": ("~/out",), "network": "none"},
    "wide": {"enable": ("wide-read", "docker"), "workdir": "~"},
}
# Whether it may be read and written, by the head under which it stands.
MODES = {WRITE: (True, True), READ: (True, False), READ_ONLY: (True, False), CLOSED: (False, False)}


def answer(plan, text):
    """What the policy says of a place as it is shown."""
    path = text.replace("~", plan.host.home, 1) if text[:1] == "~" else text
    path = path[:-1] + "-any" if path[-1:] == "*" else path + "any" if path[-1:] == "/" else path
    return tuple(
        plan.policy.decide(Access(operation, path)).allowed
        for operation in ("file-read-data", "file-write-data")
    )


def places(text, head):
    """The places under a head of the whole text."""
    lines = text.split("\n")
    for line in lines[lines.index(head) + 1 :]:
        if not line.startswith("  "):
            return
        yield re.split(r" {2,}", line[2:])[0]


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("machine", HOSTS.values(), ids=HOSTS)
def test_every_place_is_what_the_policy_says_and_no_place_is_missing(machine, request_):
    plan = planned(machine, Request(**request_))
    text = full_explanation(plan, UserError("not looked at"))
    told = set()
    for mode, head in HEADS.items():
        for place in places(text, head) if f"\n{head}\n" in text else ():
            assert answer(plan, place) == MODES[mode], (head, place)
            told.add(place)
    assert len(told) > 200
    for name in ("~/src/project/", "~/.npmrc") if plan.request.workdir == "." else ("~/",):
        assert name in told


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("machine", HOSTS.values(), ids=HOSTS)
def test_every_path_on_the_screen_is_what_the_policy_says(machine, request_):
    plan = planned(machine, Request(**request_))
    text = explanation(plan, UserError("not looked at"))
    for head, expected in (("may write", (True, True)), ("may read", (True, False))):
        found = re.findall(r"[:,] ([~/][^,() ]*)", section(text, head))
        assert found
        for place in found:
            if place != "/tmp":  # which is the launch's own
                assert answer(plan, place) == expected, place
    for place in re.findall(r"[:,] ([~/][^,() ]*)", section(text, "closed")):
        assert answer(plan, place) != (True, True), place


def test_of_a_missing_place_it_is_said_whether_something_holds_it():
    """On Linux, what is denied by name only can be made where it is missing."""
    plan = planned(linux(".cursor/"), Request(agent="cursor-agent"))
    lines = full_explanation(plan, looked_at(plan)).splitlines()

    def remark(name):
        return next(line for line in lines if line.startswith(f"  {name} ")).rpartition("[")[2]

    assert remark("~/.cursor/hooks.json") == "not there; a stub holds its place]"
    assert remark("~/.cursor/extensions/") == "not there; a stub holds its place]"
    assert (
        remark("~/src/project/.safehouse.yaml") == "not there; what is made there can be written]"
    )
    mac_s = planned(mac(".cursor/"), Request(agent="cursor-agent"))
    assert "can be written]" not in full_explanation(mac_s, looked_at(mac_s))
