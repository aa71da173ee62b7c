"""`safehouse profiles`: which there are, and what each opens and why."""

from __future__ import annotations

import json
import sys

import pytest

from safehouse.cli import columns
from safehouse.cli import main as entry
from safehouse.cli.rules import lines
from safehouse.errors import REFUSED
from safehouse.sources.catalogue import Catalogue, records
from safehouse.sources.profile import ON_REQUEST, PLATFORMS

NAMES = list(records())
MINE = """\
profiles:
  mine:
    layer: agent
    summary: a tool of mine
    commands: [mine]
    requires: [docker, git]
    rules:
      - allow: read write
        paths: {~/.mine/: its state}
"""
MORE = """\
profiles:
  codex:
    commands: [my-codex]
    passes: [MY_KEY]
    requires: [mine]
    rules:
      - allow: read
        paths: {~/notes/: what I write down}
"""


@pytest.fixture(autouse=True)
def home(in_home):
    return in_home(at="src/project")


@pytest.fixture
def run(capsys):
    def run(*words):
        status = entry.main(["profiles", *words])
        out, err = capsys.readouterr()
        assert status in (0, REFUSED)
        return out if status == 0 else err.replace("safehouse: ", "")

    return run


@pytest.fixture
def own(home):
    folder = home / ".config/safehouse/profiles.d"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text(MINE)
    (folder / "b.yaml").write_text(MORE)


def section(text, start):
    """What stands under a heading, up to the next empty line."""
    return text[text.index(start) :].partition("\n\n")[0].splitlines()[1:]


# list


def test_the_list_is_what_comes_without_a_word(run):
    assert run() == run("list")


def test_it_has_every_profile_with_its_summary(run):
    text = run()
    for record in records().values():
        assert f"  {record[0]} " in text and record[2] in text


def test_it_begins_with_what_a_person_looks_for(run):
    heads = [line for line in run().splitlines() if line and line[0] != " "]
    starts = ("agents", "features", "toolchains", "the rest", "What one of them")
    order = [next(i for i, head in enumerate(heads) if head.startswith(start)) for start in starts]
    assert order == sorted(order)


def test_a_feature_says_what_it_gives_up_and_an_agent_its_commands(run):
    text = run()
    for record in records().values():
        assert not record[3] or f"gives up: {record[3]}" in text
        assert not record[5] or f"commands: {', '.join(record[5])}" in text


@pytest.mark.skipif(sys.platform != "linux", reason="what means nothing here is another one there")
def test_it_says_what_means_nothing_here(run):
    here = {line.split()[0] for line in run().splitlines() if "[macOS only]" in line}
    assert here == {name for name in NAMES if Catalogue("linux", records()).is_elsewhere(name)}
    assert {"keychain", "clipboard"} <= here
    assert "[macOS only]" not in run("--platform=macos")


def test_it_says_what_is_the_persons_own(run, own):
    text = run()
    assert "yours: ~/.config/safehouse/profiles.d/a.yaml:2" in text
    assert "extended by you: ~/.config/safehouse/profiles.d/b.yaml:2" in text
    assert "commands: codex, my-codex" in text
    assert "yours:" not in "".join(section(text, "features"))


def test_the_list_for_programs(run, own):
    document = json.loads(run("list", "--json"))
    assert document["version"] == 1
    found = {entry["name"]: entry for entry in document["profiles"]}
    assert set(found) == {*NAMES, "mine"}
    assert found["mine"]["own"] and not found["codex"]["own"]
    assert found["codex"]["extended"] == ["~/.config/safehouse/profiles.d/b.yaml:2"]
    assert found["base"]["always"] and not found["ssh"]["always"]
    assert found["ssh"]["weakens"] == records()["ssh"][3]


def test_on_a_narrow_terminal_no_line_is_longer(run, monkeypatch):
    monkeypatch.setattr("safehouse.cli.profiles.width", lambda: 60)
    for text in (run(), run("show", "ssh")):
        for line in text.splitlines():
            assert len(line) <= 60 or " " not in line.strip(), line
    assert columns.width() == 0


# show


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_is_shown_with_all_targets_and_reasons(run, name, platform):
    text = run("show", name, f"--platform={platform}")
    record = records()[name]
    assert record[2] in text and record[3] in text
    assert f"profiles.yaml:{record[11]}" in text
    for line in lines(record, platform):
        assert line.reason in text and line.target in text
        assert f"{line.action} {line.words}" in text
    others = {line.target for line in lines(record)} - {
        line.target for line in lines(record, platform)
    }
    shown = {line.split("  ")[1] for line in text.splitlines() if line.startswith("  ")}
    assert not others & shown, "what is for the other system only is not shown"


def test_where_a_profile_stands_is_the_line_of_its_name():
    from pathlib import Path

    file = (Path(__file__).parents[2] / "profiles.yaml").read_text().splitlines()
    for name, record in records().items():
        assert file[record[11] - 1] == f"  {name}:"


def test_what_is_for_one_system_only_is_marked(run):
    text = run("show", "claude", "--platform=linux")
    assert "settings and projects [Linux only; made if it is missing]" in text
    assert "deny write" in text
    assert "deny write, if it is there" in run("show", "cn", "--platform=linux")
    assert "Library/Caches" not in text


def test_it_says_what_a_program_gets_and_is_given(run):
    text = run("show", "codex", "--platform=linux")
    assert "--disable daemon_auto_start" in text
    assert "OPENAI_API_KEY, OPENAI_BASE_URL" in text
    assert "danger-full-access" not in text
    assert "danger-full-access" in run("show", "codex", "--platform=macos")
    assert "DISABLE_AUTOUPDATER=1" in run("show", "claude")


def test_what_it_requires_is_a_tree_without_what_is_always_on(run, own):
    tree = section(run("show", "mine", "--platform=macos"), "requires\n")
    keychain = records()["keychain"][2]
    assert tree == [
        f"  docker      {records()['docker'][2]}",
        f"    keychain  {keychain}",
    ]
    assert "\nrequires\n" not in run("show", "aider")


def test_an_extension_stands_behind_the_shipped_rules(run, own):
    text = run("show", "codex")
    assert "extended in  ~/.config/safehouse/profiles.d/b.yaml:2" in text
    assert "MY_KEY" in text and "codex, my-codex" in text
    shipped, _, mine = text.partition("by your file ~/.config/safehouse/profiles.d/b.yaml\n")
    assert "~/.codex/" in shipped and "~/notes/" not in shipped
    assert "~/notes/  what I write down" in mine


def test_what_two_of_them_require_of_each_other_ends(run, own, home):
    (home / ".config/safehouse/profiles.d/c.yaml").write_text(
        "profiles:\n  keychain:\n    requires: [codex]\n"
    )
    tree = section(run("show", "codex"), "requires\n")
    assert sum("docker" in line for line in tree) == 1
    json.loads(run("show", "codex", "--json"))


def test_rules_that_no_file_has_are_told_as_such(run):
    assert "docs/git.md" in run("show", "git-config")
    assert "no rules for Linux: macOS only" in run("show", "clipboard", "--platform=linux")


def test_a_profile_for_programs(run, own):
    document = json.loads(run("show", "codex", "--json", "--platform=linux"))
    assert document["platform"] == "linux" and document["layer"] == "agent"
    assert [entry["name"] for entry in document["requires"]] == ["keychain", "mine"]
    first = document["rules"][0]
    assert first["target"] == "~/.codex/" and first["words"] == ["read", "write"]
    assert first["create"] == "directory" and first["platform"] is None
    assert document["rules"][-1]["place"] == "~/.config/safehouse/profiles.d/b.yaml:8"
    assert document["arguments"] == ["--disable", "daemon_auto_start"]


# Mistakes


@pytest.mark.parametrize(
    "words, message",
    [
        (("show", "cluade"), "no profile is called 'cluade', did you mean 'claude'?"),
        (("show",), "profiles show: which one?"),
        (("check",), "profiles check: which one?"),
        (("shwo", "claude"), "profiles: there is no 'shwo', did you mean 'show'?"),
        (("claude",), "profiles: there is no 'claude'\nsafehouse profiles show claude"),
        (("show", "a", "b"), "unexpected 'b'"),
        (("list", "claude"), "unexpected 'claude'"),
        (("--strict",), "--strict is for safehouse profiles check"),
        (("check", "x.yaml", "--json"), "--json is for safehouse profiles list and show"),
        (("list", "--platform=windows"), "--platform: there is no 'windows'"),
    ],
)
def test_a_wrong_word_is_told_with_the_right_one(run, words, message):
    assert run(*words).startswith(message)


def test_a_wrong_file_of_the_persons_is_told(run, own, home):
    (home / ".config/safehouse/profiles.d/a.yaml").write_text("profiles:\n  x: {layr: agent}\n")
    assert run().startswith(
        "~/.config/safehouse/profiles.d/a.yaml:2: unknown key of profile x 'layr'"
    )


def test_inside_of_a_sandbox_the_shipped_ones_are_shown(capsys, own, monkeypatch):
    from safehouse import sandbox

    class Inside:
        @staticmethod
        def inside(host):
            return True

    monkeypatch.setattr(sandbox, "backend_for", lambda host: Inside)
    assert entry.main(["profiles"]) == 0
    out, err = capsys.readouterr()
    assert "claude" in out and "a tool of mine" not in out
    assert "your own profiles cannot be read" in err


def test_all_layers_are_listed():
    from safehouse.cli.profiles import _HEADS
    from safehouse.sources.profile import LAYERS

    assert sorted(layer for layers in _HEADS for layer in layers) == sorted(LAYERS)
    assert set(ON_REQUEST) < set(LAYERS)
