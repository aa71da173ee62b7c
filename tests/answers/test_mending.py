"""What is said to allow something does allow it, and says what else it opens."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
from collections import Counter

import pytest

from safehouse import sandbox
from safehouse.answers.answer import Asked
from safehouse.answers.mending import Mender
from safehouse.answers.question import question
from safehouse.cli.arguments import parse
from safehouse.cli.main import main
from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.policy.policy import Access
from safehouse.request import Request
from safehouse.value import replace
from tests.fake_host import linux, mac, planned
from tests.real_home import Person

NAMES = (
    "src/project/x", "docs/x", "docs/sub/y", ".ssh/config", ".ssh/id_rsa", ".docker/run/docker.sock=",
    "tools/s.sock=", ".config/gh/hosts.yml", ".config/tool/x", ".aws/credentials", ".codex/x",
)  # fmt: skip
HOST = linux(*NAMES)


def mendings(word, text, host=HOST, **request):
    plan = planned(host, Request(**request))
    found = Asked(plan).answer(question(word, text, plan.host))
    assert not found.allowed
    return Mender(plan).mendings(found.access)


def test_the_network_is_opened_where_somebody_closed_it():
    (found,) = mendings("connect", "example.org:443", network="none")
    assert (found.by, found.once, found.keep) == ("network", "--network=open", "")
    assert found.note == "network: none (--network)"


def test_of_features_the_smaller_one_comes_first_and_larger_ones_with_it_in_them_are_left_out():
    names = [m.name for m in mendings("read", "~/.aws/credentials") if m.by == "feature"]
    assert names == ["aws"]
    names = [
        m.name
        for m in mendings("read", "~/.kube/config", linux(".kube/config"))
        if m.by == "feature"
    ]
    assert names[0] == "kubectl"
    host = mac(*NAMES)
    names = [m.name for m in mendings("read", "~/Library/Keychains/x", host) if m.by == "feature"]
    assert names[0] == "keychain" and "docker" not in names


def test_a_feature_says_what_it_gives_up_and_opens():
    found = mendings("read", "~/.ssh/config")[0]
    assert (found.by, found.once, found.keep) == (
        "feature", "--enable=ssh", "safehouse grant --enable=ssh",
    )  # fmt: skip
    assert found.opens.gives_up.startswith("your SSH agent signs")
    assert found.opens.targets == ("~/.ssh/config",) and found.opens.more > 5


def test_reading_nearly_everything_is_not_offered_for_a_file():
    assert all(m.name != "wide-read" for m in mendings("read", "~/docs/x"))


def test_a_file_alone_opens_nothing_else():
    (found,) = mendings("read", "~/docs/x")
    assert (found.by, found.once, found.keep) == (
        "path", "--add-dirs-ro=~/docs/x", "safehouse grant ~/docs/x",
    )  # fmt: skip
    assert found.opens.directory == "" and not found.first


def test_a_directory_opens_all_in_it_and_what_of_that_should_stay_closed():
    (found,) = mendings("read", "~/docs")
    assert found.opens.directory == "/home/me/docs" and found.opens.entries == 3
    assert found.opens.sensitive == ()
    found = mendings("list", "~/.config")[-1]
    (inner,) = found.opens.sensitive
    assert inner[0] == "/home/me/.config/gh" and inner[1].what == "token of GitHub's command line"


def test_to_make_something_takes_its_directory():
    found = mendings("create", "~/docs/new/x")[-1]
    assert (found.once, found.opens.directory) == ("--add-dirs=~/docs", "/home/me/docs")
    found = mendings("write", "~/new/x")[-1]
    assert found.first == "mkdir -p ~/new && touch ~/new/x"
    assert (found.once, found.keep) == ("--add-dirs=~/new/x", "safehouse grant --write ~/new/x")


def test_what_is_sensitive_is_opened_for_once_and_never_kept():
    found = mendings("read", "~/.ssh/id_rsa")[-1]
    assert (found.once, found.keep) == ("--add-dirs-ro=~/.ssh/id_rsa", "")
    (found,) = mendings("read", "~/.ssh/none")
    assert found.by == "nothing"


def test_what_an_agent_keeps_is_opened_by_its_name():
    found = mendings("read", "~/.codex/x")[0]
    assert (found.by, found.once, found.name) == ("agent", "--agent=codex", "codex")
    assert all(m.by != "agent" for m in mendings("read", "~/.codex/x", agent="claude"))


@pytest.mark.parametrize(
    "word, text, request_, note",
    [
        ("write", "~/.zshrc", {}, "nothing does: it is protected"),
        ("write", ".git/hooks/x", {}, "nothing does: it is protected"),
        ("read", "~/docs/x", {"deny": ("~/docs",)}, "--deny closes it: leave that out"),
        ("signal", "others", {}, "no option allows it"),
        ("create", "~/docs/x/y", {}, "nothing does: /home/me/docs/x is no directory"),
        ("rename", "~/docs", {}, "nothing does: /home/me, which it lies in, holds your whole home"),
        (
            "rename",
            "~/src/project/a",
            {"deny": ("a/b",)},
            "nothing does: its name keeps something closed",
        ),
    ],
)
def test_where_there_is_no_way_it_is_said_why(word, text, request_, note):
    host = linux(*NAMES, "src/project/a/b/c")
    (found,) = mendings(word, text, host, **request_)
    assert found.by == "nothing" and found.note.startswith(note), found.note


def test_a_socket_is_opened_where_to_see_one_is_enough():
    found = mendings("connect", "~/tools/s.sock")[-1]
    assert found.once == "--add-dirs-ro=~/tools/s.sock" and "can be seen" in found.note
    (found,) = mendings("connect", "~/tools/s.sock", mac(*NAMES))
    assert found.by == "nothing"
    assert [m.name for m in mendings("connect", "~/.docker/run/docker.sock")] == ["docker"]


def test_what_is_kept_is_kept_for_the_directory_of_the_launch():
    found = mendings("read", "~/.config/tool/x", workdir="~/docs")[-1]
    assert found.keep == "safehouse grant ~/.config/tool/x --for=~/docs"
    assert mendings("read", "~/.config/tool/x", workdir="")[-1].keep == ""


def test_sensitive_places_are_told_for_accesses_to_files_only():
    mender = Mender(planned(HOST, Request(agent="claude")))
    assert mender.sensitive(Access("file-read-data", "/home/me/.ssh/x")).group == "secrets"
    assert mender.sensitive(Access("network-outbound", "/home/me/.docker/run/docker.sock", "path"))
    assert mender.sensitive(Access("network-outbound", "example.org:443")) is None
    assert mender.sensitive(Access("file-read-data", "/home/me/.claude/x")) is None
    assert mender.sensitive(Access("file-read-data", "/home/me/.local/bin/x")) is None
    assert mender.sensitive(Access("file-write-data", "/home/me/.local/bin/x")).group == "programs"


# All of it, by doing it


PATHS = (
    "docs/x", "docs/sub/y", "notes", ".ssh/id_rsa", ".ssh/config", ".aws/credentials", ".gitconfig",
    ".config/tool/x", "src/other/a", "src/other/.git/config", "src/other/.git/hooks/x", "src/project/a/b",
    "src/project/.env", "src/project/.git/config", "src/project/.git/hooks/x", ".local/bin/tool", ".npmrc",
    ".docker/config.json", "my docs/it's", ".codex/x", ".claude/settings.json", ".zshrc",
)  # fmt: skip
WORDS = ("read", "write", "create", "delete", "rename", "stat", "list", "exec")
FEATURES = ("ssh", "aws", "wide-read", "git-config", "shell-init")


def options_of(chosen):
    paths = [*PATHS, *{path.rpartition("/")[0] for path in PATHS} - {""}]
    found = []
    for option in ("--add-dirs", "--add-dirs-ro", "--deny"):
        if chosen.random() < 0.4:
            found.append(f"{option}=~/{chosen.choice(paths)}")
    for option, chance in (
        (f"--enable={chosen.choice(FEATURES)}", 0.3), ("--agent=claude", 0.3), ("--deny-secrets", 0.2),
        ("--workdir=~/src/other", 0.1), ("--workdir=", 0.1),
    ):  # fmt: skip
        if chosen.random() < chance:
            found.append(option)
    return found


@pytest.fixture
def person(tmp_path, monkeypatch):
    found = Person(tmp_path)
    monkeypatch.setenv("HOME", str(found.home))
    for name in [name for name in os.environ if name.startswith(("XDG_", "SSH_", "SAFEHOUSE"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(found.project)
    for path in PATHS:
        found.write(path, "x\n")
    for name in ("HEAD", "objects/x", "refs/x"):
        found.write(f"src/other/.git/{name}", "x\n")
    return found


@pytest.mark.parametrize("seed", range(16))
def test_the_commands_allow_what_they_are_said_to(seed, person, capsys):
    chosen = random.Random(seed)
    options = options_of(chosen)
    request = parse([*options, "--", "true"]).request
    try:
        plan = sandbox.make_plan(request, person.host())
    except UserError:
        return  # then nothing is started, and nothing asked
    asked, mender, tried = Asked(plan), Mender(plan), Counter()
    for _ in range(40):
        path = chosen.choice(PATHS) + chosen.choice(["", "", "", "/none", ".new"])
        text = f"{person.home}/{path}"
        found = asked.answer(question(chosen.choice(WORDS), text, plan.host))
        if found.allowed or found.decision.allowed:
            continue
        for mending in mender.mendings(found.access):
            subprocess.run(mending.first or "true", shell=True, check=True)
            if mending.once:
                more = parse([*options, *shlex.split(mending.once), "--", "true"]).request
                assert allows(more, found.access, person), (options, found.access, mending)
            if mending.keep:
                assert main(shlex.split(mending.keep)[1:]) == 0, capsys.readouterr().err
                assert allows(request, found.access, person), (options, found.access, mending)
                (person.own / "grants.yaml").unlink()
            if mending.first:
                os.unlink(shlex.split(mending.first.replace("~", str(person.home)))[-1])
            tried[mending.by] += 1
    assert tried["path"] or tried["nothing"] or len(tried) == 0


def allows(request, access, person):
    host = replace(person.host(), files=LocalFiles())
    return sandbox.make_plan(request, host).policy.decide(access).allowed
