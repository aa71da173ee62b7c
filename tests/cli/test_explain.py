"""`--explain`: what a command may do, on one screen, before it starts."""

from __future__ import annotations

import pytest

from safehouse import sandbox
from safehouse.backends.seatbelt import Seatbelt
from safehouse.cli.explain import explanation
from safehouse.files import LocalFiles
from safehouse.launch import PARTIAL, Enforcement, Launch, Shortfall
from safehouse.request import Request
from safehouse.value import replace
from tests.fake_host import mac


class Partial(Seatbelt):
    def prepare(self, policy, host, command):
        rule = policy.rules[-1]
        found = Shortfall(rule, "is wider than it says"), Shortfall(rule, "is narrower")
        enforcement = Enforcement(PARTIAL, "paper", found[:1], found[1:], ("a note",))
        return Launch("/x", command, (), enforcement)


@pytest.fixture
def host(tmp_path):
    home = tmp_path.resolve() / "home"
    (home / "w/.git/hooks").mkdir(parents=True)
    (home / ".claude").mkdir()
    (home / ".gitconfig").write_text("")
    tool = home / "bin/claude"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    environ = {"PATH": f"{home}/bin:/usr/bin", "ANTHROPIC_API_KEY": "sk-secret"}
    machine = mac(home=str(home), cwd="w", environ=environ)
    return replace(machine, files=LocalFiles(), foreign=True)


def explained(host, **request):
    request.setdefault("command", ("/usr/bin/env",))
    plan = sandbox.make_plan(Request(**request), host)
    return explanation(plan, sandbox.make_launch(plan, sandbox.backend_for(plan.host)))


def section(text, name):
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(name))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" " * 14):
        end += 1
    return " ".join(lines[start:end])


def test_it_says_who_said_it_where_and_what_came_of_it(host):
    lines = explained(host, add_dirs_ro=("/usr/bin",), deny=(".git",)).splitlines()
    start = lines.index("who says so")
    assert "  working directory" in lines[start:]
    assert any("/usr/bin  --add-dirs-ro" in line for line in lines[start:])
    assert any("but for ~/w/.git, by --deny" in line for line in lines[start:])


def test_without_a_command_nothing_is_said_of_its_enforcement(host):
    plan = sandbox.make_plan(Request(), host)
    assert "enforcement" not in explanation(plan, None)
    assert "may write" in explanation(plan, None)


def test_it_names_the_profile_what_may_be_written_and_the_network(host):
    text = explained(host, agent="claude")
    assert "claude" in section(text, "profile")
    assert "~/w/" in section(text, "may write")
    assert "~/.claude/" in section(text, "may write")
    assert "open" in section(text, "network")
    assert "none" in section(explained(host, network="none"), "network")
    assert "none of an agent" in section(explained(host), "profile")


def test_it_fits_on_a_screen(host):
    lines = explained(host, agent="claude", enable=("ssh", "docker")).splitlines()
    assert max(map(len, lines)) <= 110
    assert len(lines) <= 60


def test_it_names_variables_and_never_their_values(host):
    text = explained(host, agent="claude")
    assert "ANTHROPIC_API_KEY" in section(text, "environment")
    assert "sk-secret" not in text


def test_it_says_what_a_feature_gives_up(host):
    assert "this ends the confinement" in explained(host, enable=("docker",))


def test_what_is_not_enforced_is_said(host, monkeypatch):
    monkeypatch.setattr(sandbox, "backend_for", lambda host: Partial())
    text = explained(host, accept_partial=True)
    assert "partial, by paper" in section(text, "enforcement")
    for word in ("is wider than it says", "is narrower", "a note"):
        assert word in text
