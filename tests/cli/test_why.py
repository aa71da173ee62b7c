"""`safehouse why`: the answer, the rule that gave it, and what would change it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from safehouse import sandbox
from safehouse.cli.main import main
from safehouse.errors import REFUSED, quoted
from safehouse.host import Host
from tests.fake_host import linux, mac

NAMES = (
    "src/project/secret/x", "src/project/x", ".ssh/config", ".ssh/id_ed25519", ".zshrc", "docs/x",
    ".docker/run/docker.sock", ".claude/", ".gitconfig", "/tmp/private/x",
)  # fmt: skip
LINKS = {"src/project/l": "../../.ssh/id_ed25519"}
MACHINES = {"macos": mac(*NAMES, links=LINKS), "linux": linux(*NAMES, links=LINKS)}


def lines(out):
    """What is said, by the words in front; of several the first."""
    rows = [line.strip().split(":", 1) for line in out.splitlines()[1:] if line.startswith("  ")]
    return {name: text.strip() for name, text in reversed([row for row in rows if len(row) == 2])}


@pytest.fixture
def why(capsys, monkeypatch):
    def why(*words, platform="macos"):
        monkeypatch.setattr(Host, "current", lambda: MACHINES[platform])
        status = main(["why", *words])
        out, err = capsys.readouterr()
        assert err == ""
        if "--json" not in words:
            assert status == (0 if out.startswith("allowed: ") else 1)
        return status, out

    return why


@pytest.mark.parametrize("platform", ["macos", "linux"])
@pytest.mark.parametrize(
    "words, status",
    [
        (("read", "x"), 0),
        (("write", "x"), 0),
        (("write", "."), 0),
        (("list", "."), 0),
        (("read", "~/.ssh/id_ed25519"), 1),
        (("stat", "~/.ssh/id_ed25519"), 1),
        (("write", "~/.zshrc"), 1),
        (("write", "/etc/hosts"), 1),
        (("exec", "/usr/bin/env"), 0),
        (("connect", "example.com:443"), 0),
        (("listen", "localhost:3000"), 0),
        (("connect", "~/.docker/run/docker.sock"), 1),
        (("--enable=docker", "connect", "~/.docker/run/docker.sock"), 0),
        (("write", "~/.claude/x", "--", "claude"), 0),
        (("write", "~/.claude/x", "--", "codex"), 1),
        (("--add-dirs-ro=~/docs", "read", "~/docs/x"), 0),
        (("--add-dirs-ro=~/docs", "write", "~/docs/x"), 1),
        (("--deny=secret", "read", "secret/x"), 1),
        (("file-write-unlink", "x"), 0),
        (("signal", "others"), 1),
        (("signal", "self"), 0),
    ],
)
def test_the_status_is_the_answer(why, words, status, platform):
    assert why(*words, platform=platform)[0] == status


def test_without_network_nothing_is_reached(why):
    assert why("--network=none", "connect", "example.com:443")[0] == 1


def test_who_closed_the_network_is_said_and_how_to_open_it(why):
    _, out = why("--network=none", "connect", "example.com:443")
    assert lines(out)["closed by"] == "network: none (--network)"
    assert lines(out)["to allow it"] == "--network=open"
    assert "no option" not in out


@pytest.fixture
def project(tmp_path, monkeypatch, capsys):
    """A project with a configuration that nobody has looked at; what `why` says there."""
    home = tmp_path.resolve() / "home"
    for name in ("docs", "my docs", "src/project"):
        (home / name).mkdir(parents=True)
    (home / "docs/x").touch()
    monkeypatch.setenv("HOME", str(home))
    for name in [name for name in os.environ if name.startswith(("XDG_", "SSH_", "SAFEHOUSE"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(home / "src/project")

    def said(configuration, *words):
        path = home / "src/project/.safehouse.yaml"
        path.write_text(configuration)
        path.chmod(0o600)
        main(["why", *words])
        return capsys.readouterr().out

    return said


def test_a_project_that_closes_the_network_is_named(project):
    out = project("network: none\n", "connect", "example.com:443")
    assert lines(out)["closed by"] == "network: none (.safehouse.yaml:1)"
    assert lines(out)["to allow it"] == "--network=open"


@pytest.mark.parametrize(
    "configuration, words",
    [
        ("add-dirs-ro: [~/docs]\n", ("read", "~/docs/x")),
        ("add-dirs: [../../docs]\n", ("write", "~/docs/x")),
        ("enable: [docker]\n", ("connect", "/var/run/docker.sock")),
    ],
)
def test_what_a_project_asks_for_is_allowed_by_trust(project, configuration, words):
    out = project(configuration, *words)
    assert lines(out)["note"] == "this project asks for it, and you have not trusted it"
    assert lines(out)["to allow it"] == "safehouse trust"
    assert "safehouse grant" not in out
    main(["trust", "--yes"])
    assert "has changed since" in project(configuration + "# new\n", *words)
    main(["trust", "--decline"])
    assert "and it is declined" in project(configuration + "# new\n", *words)


def test_what_it_does_not_ask_for_is_a_matter_of_grants(project):
    out = project("add-dirs-ro: [~/docs]\n", "write", "~/docs/x")
    assert "safehouse grant --write " in out and "safehouse trust" not in out


def test_a_path_is_quoted_for_a_shell(project):
    out = project("", "read", "~/my docs")
    assert lines(out)["to allow it"] == "--add-dirs-ro=~/'my docs'"
    assert lines(out)["to keep it"] == "safehouse grant ~/'my docs'"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "/a/b-c_1.2",
        "a b",
        "it's",
        "$HOME",
        "a;b",
        "B\u00fcro",
        "*",
        "~you",
        "#a",
        "=ls",
        "a\\b",
    ],
)
@pytest.mark.parametrize("tilde", [True, False])
def test_a_quoted_word_is_itself_to_a_shell(text, tilde):
    def shell(word):
        command = ["/bin/sh", "-c", f"printf %s {word}"]
        return subprocess.run(
            command, env={"HOME": "/h"}, stdout=subprocess.PIPE, check=True
        ).stdout

    assert shell(quoted(text, tilde)) == text.encode()
    assert shell(quoted(f"~/{text}", tilde)) == (("/h/" if tilde else "~/") + text).encode()
    assert shell(quoted("~", tilde)) == (b"/h" if tilde else b"~")


def test_it_names_the_rule_and_its_reason(why):
    _, out = why("read", "~/.gitconfig")
    assert "git, profiles.yaml:" in out
    assert "name, address and settings" in out
    _, out = why("--add-dirs=~/docs", "write", "~/docs/x")
    assert "--add-dirs (command line)" in out


def test_it_says_how_to_allow_it(why):
    assert "--add-dirs-ro=~/docs/x" in why("read", "~/docs/x")[1]
    assert "--add-dirs=~/docs/x" in why("write", "~/docs/x")[1]
    assert "--enable=docker" in why("connect", "~/.docker/run/docker.sock")[1]
    assert "--enable=ssh" in why("read", "~/.ssh/config")[1]
    assert "--enable=clipboard" in why("mach-lookup", "com.apple.pasteboard.1")[1]


@pytest.mark.parametrize(
    "words", [("write", "~/.zshrc"), ("read", "~/.config/safehouse/x"), ("write", ".safehouse")]
)
def test_what_is_protected_is_not_opened_by_any_option(why, words):
    _, out = why(*words)
    assert "it is protected" in out
    assert "--add-dirs" not in out and "--enable" not in out


def test_a_link_is_followed_and_named(why):
    status, out = why("read", "l")
    assert status == 1
    assert lines(out)["link"] == "~/src/project/l leads to ../../.ssh/id_ed25519"
    assert "/.ssh/id_ed25519" in out.split("denied: ")[1]


@pytest.mark.parametrize("place", ["/tmp/x", "/dev/shm/x", "/proc/1/environ"])
def test_what_each_launch_has_of_its_own_is_said_to_be_so(why, place):
    status, out = why("read", place, platform="linux")
    assert status == 0
    assert f"each launch has its own {place[: place.index('/', 1)]}" in out


def test_what_lies_in_a_place_of_the_sandboxs_own_outside_is_closed(why):
    assert why("read", "/tmp/private/x", platform="linux")[0] == 1
    assert why("--add-dirs=/tmp/private", "read", "/tmp/private/x", platform="linux")[0] == 0


def test_a_refusal_of_the_person_s_holds_there_too(why):
    """What was granted in /tmp is no longer the sandbox's own."""
    words = ("--add-dirs=/tmp/private", "--deny=/tmp/private/x", "read", "/tmp/private/x")
    assert why(*words, platform="linux")[0] == 1


def test_no_option_is_offered_where_none_helps(why):
    assert "no option allows it" in why("job-creation", "x")[1]
    assert "no option allows it" in why("mach-lookup", "com.apple.nobody")[1]
    assert "--deny closes it: leave that out" in why("--deny=secret", "read", "secret/x")[1]


def test_what_would_decide_without_the_rule_is_said(why):
    _, out = why("--add-dirs-ro=~/docs", "--deny=~/docs/x", "read", "~/docs/x")
    assert lines(out)["by"] == "--deny (command line)"
    assert lines(out)["without it"].startswith("allowed, by --add-dirs-ro: ")
    _, out = why("read", "~/docs/x")
    assert lines(out)["by"] == "no rule" and "without it" not in lines(out)


def test_how_the_program_is_refused_is_said_in_its_words(why):
    assert lines(why("read", "~/docs/x")[1])["it meets"] == "Operation not permitted"
    out = why("read", "~/docs/x", platform="linux")[1]
    assert lines(out)["it meets"] == "No such file or directory"
    assert "it meets" not in why("read", "x", platform="linux")[1]


def test_a_sensitive_place_is_to_stay_closed_and_is_not_granted_for_good(why):
    _, out = why("read", "~/.ssh/id_ed25519")
    assert lines(out)["leave it so"].startswith("private keys: what is read once can be sent away")
    assert lines(out)["if you must"] == "--add-dirs-ro=~/.ssh/id_ed25519"
    assert "to allow it" not in lines(out) and "safehouse grant" not in out
    assert "leave it so" not in why("read", "~/docs/x")[1]


def test_a_feature_says_what_it_gives_up_and_what_it_opens(why):
    _, out = why("read", "~/.ssh/config")
    assert "(your SSH agent signs for the agent, on every host" in lines(out)["to allow it"]
    assert lines(out)["to keep it"] == "safehouse grant --enable=ssh"
    assert lines(out)["that opens"].startswith("~/.ssh/config, and ")


def test_what_is_an_agents_own_is_opened_by_its_name(why):
    _, out = why("read", "~/.claude/settings.json")
    assert lines(out)["to allow it"] == "--agent=claude"
    _, out = why("read", "~/.claude/settings.json", "--", "codex")
    assert "--agent" not in out and "of claude: it says what that agent runs" in out


def test_a_directory_is_shown_as_a_tree(why):
    _, out = why("read", ".", platform="linux")
    answer, tree = out[: out.index("~/src/project/ ")], out[out.index("~/src/project/ ") :]
    assert answer.startswith("allowed: read ~/src/project\n")
    assert tree.splitlines()[0].startswith("~/src/project/  ")
    assert any(line.split()[:2] == ["hooks/", "read-only"] for line in tree.splitlines())
    assert "hooks" not in why("read", ".", "--depth=0", platform="linux")[1]
    assert "hooks" not in why("read", "x", platform="linux")[1]


def test_a_tree_alone(why, monkeypatch, capsys):
    monkeypatch.setattr(Host, "current", lambda: MACHINES["linux"])
    assert main(["why", "tree", "~"]) == 0
    assert capsys.readouterr().out.startswith("~/  ")
    assert main(["why", "tree", "~/docs"]) == 1
    assert main(["why", "tree", "x"]) == REFUSED
    assert "is no directory" in capsys.readouterr().err


@pytest.mark.parametrize("depth", ["x", "-1", "1.5", "\u0663"])
def test_a_depth_is_a_number(depth, capsys):
    assert main(["why", f"--depth={depth}", "tree", "."]) == REFUSED
    assert "--depth: " in capsys.readouterr().err


def test_several_targets_are_answered_in_order(why, capsys, monkeypatch):
    monkeypatch.setattr(Host, "current", lambda: MACHINES["linux"])
    assert main(["why", "read", "x", "~/docs/x", "/etc/passwd"]) == 1
    heads = [line for line in capsys.readouterr().out.splitlines() if line[:1] != " "]
    assert heads == [
        "allowed: read ~/src/project/x",
        "denied: read ~/docs/x",
        "allowed: read /etc/passwd",
    ]


@pytest.fixture
def piped(monkeypatch, capsys, tmp_path):
    """What `why` says of what it is given on standard input."""

    def piped(text, *words):
        monkeypatch.setattr(Host, "current", lambda: MACHINES["linux"])
        path = tmp_path / "input"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with open(path) as file:
            monkeypatch.setattr(sys, "stdin", file)
            status = main(["why", *words])
        return status, *capsys.readouterr()

    return piped


def test_targets_come_from_standard_input_one_a_line(piped):
    status, out, _ = piped("x\n\n~/docs/x\nwith blank\n", "read", "-")
    heads = [line for line in out.splitlines() if line[:1] != " "]
    assert status == 1
    assert heads == [
        "allowed: read ~/src/project/x", "denied: read ~/docs/x", "allowed: read ~/src/project/with blank",
    ]  # fmt: skip
    assert piped("x\nsub\n", "write", "-")[0] == 0
    assert piped("", "write", "-") == (0, "", "")


def test_so_do_operations_with_their_targets(piped):
    status, out, _ = piped("write x\nconnect example.org:443\nread ~/docs/x\n", "-")
    assert status == 1
    assert [line.split(": ")[1] for line in out.splitlines() if line[:1] != " "] == [
        "write ~/src/project/x", "connect example.org:443", "read ~/docs/x",
    ]  # fmt: skip


def test_a_line_that_cannot_be_answered_does_not_end_the_others(piped):
    status, out, err = piped("raed x\nread x\nread a\x07b\nread \udcff\n", "-")
    assert status == REFUSED
    assert out.startswith("allowed: read ~/src/project/x\n")
    assert "unknown operation 'raed', did you mean 'read'?" in err and "\\x07" in err
    status, out, err = piped("raed x\nread x\n", "--json", "-")
    assert (status, err) == (REFUSED, "")
    first, second = map(json.loads, out.splitlines())
    assert "did you mean" in first["error"] and first["asked"] == "raed"
    assert second["allowed"] is True


def test_programs_get_an_object_a_line(why, piped):
    _, out = why("--json", "read", "~/.ssh/config")
    answer = json.loads(out)
    assert answer["allowed"] is False and answer["operation"] == "file-read-data"
    assert answer["path"] == "/Users/me/.ssh/config" and answer["target"] == "~/.ssh/config"
    assert answer["rule"]["tier"] == "base" and answer["sensitive"]["group"] == "secrets"
    assert answer["mendings"][0]["once"] == "--enable=ssh"
    assert answer["inside"]["error"] == "EPERM" and answer["inside"]["obstacle"] == "rule"
    _, out, _ = piped("read l\n", "--json", "-")
    assert json.loads(out)["links"] == [
        {"path": "/home/me/src/project/l", "target": "../../.ssh/id_ed25519"}
    ]
    _, out, _ = piped("~/src\n", "--json", "tree", "-")
    tree = json.loads(out)
    assert tree["path"] == "/home/me/src" and [each["name"] for each in tree["named"]] == [
        "project"
    ]


def test_a_thousand_questions_take_few_plans(piped, monkeypatch):
    """Each feature and each directory is planned once at most, whatever is asked about it."""
    made = []
    monkeypatch.setattr(
        sandbox, "make_plan", lambda *a, plan=sandbox.make_plan: made.append(a) or plan(*a)
    )
    paths = "".join(
        f"read ~/docs/f{n}\nwrite ~/docs/f{n}\nread ~/.ssh/{n}.pub\nconnect ~/.docker/run/docker.sock\n"
        for n in range(250)
    )
    status, out, _ = piped(paths, "--json", "-")
    assert status == 1 and len(out.splitlines()) == 1000
    assert len(made) < 12


def test_what_is_not_known_is_said(why):
    out = why("--platform=macos", "read", "x", platform="linux")[1]
    assert "this machine is no Mac" in out and "other spellings" in out
    assert "rules know no hosts" in why("connect", "example.org:443", platform="linux")[1]
    assert (
        "each other on localhost"
        in why("--network=none", "connect", "localhost:1", platform="linux")[1]
    )
    assert "depends on the programs" in why("read", "/proc/1/environ", platform="linux")[1]
    assert "not certain" not in why("read", "x", platform="linux")[1]


def test_a_form_that_is_not_understood_is_not_certain(project, tmp_path):
    rules = tmp_path / "rules.sb"
    rules.write_text('(version 1)\n(deny file-read* (regex #"a(?=b)"))\n')
    rules.chmod(0o600)
    out = project("", f"--append-profile={rules}", "--accept-partial", "read", "x")
    assert lines(out)["not certain"].endswith(
        "has a form that is not understood, and may say otherwise"
    )
