"""`safehouse grants`: what is kept, for which directory, and what came of it."""

from __future__ import annotations

import json
import os
import re
import shlex
import time
from pathlib import Path

import pytest

from safehouse.cli import main as entry
from safehouse.cli.sources import sources_text
from safehouse.errors import REFUSED
from safehouse.host import Host
from safehouse.request import Request
from safehouse.sandbox import make_plan

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def home(in_home):
    return in_home("docs", "out", "src/project/private", "src/other", at="src/project")


@pytest.fixture
def run(capsys):
    def run(*words):
        status = entry.main(list(words))
        out, err = capsys.readouterr()
        assert status in (0, REFUSED)
        return out if status == 0 else err.replace("safehouse: ", "")

    return run


def write(home, text, name="grants.yaml"):
    path = home / ".config/safehouse" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def table(text):
    """The lines without their head, their columns by one bar."""
    lines = text.replace("~/.config/safehouse/grants.yaml", "F").splitlines()[1:]
    return ["|".join(part.strip() for part in line.split("  ") if part.strip()) for line in lines]


# The table


def test_nothing_says_so_and_how_to_add(run):
    assert run("grants") == (
        "nothing is kept for ~/src/project or a directory above it; "
        "to add something: safehouse grant PATH\n"
    )
    assert run("grants", "--all").startswith("nothing is kept for any directory; to add")
    said = run("grants", "--agent=claude")
    assert said.startswith(
        "nothing is kept for ~/src/project or a directory above it, agent claude"
    )


def test_the_nearest_comes_last(run):
    run("grant", "--write", "~/docs", "--agent=claude")
    run("grant", "--deny", "private", "--enable=ssh", "--env-pass=A")
    run("grant", "~/docs", "--for=~/src")
    run("grant", "~/out", "--for=~/src/other")
    assert table(run("grants")) == [
        "read-only|~/docs|all|~/src|F:19",
        "deny|~/src/project/private|all|~/src/project|F:11",
        "feature|ssh|all|~/src/project|F:13",
        "variable|A|all|~/src/project|F:15",
        "write|~/docs|claude|~/src/project|F:9",
    ]
    assert table(run("grants", "--for=~/src")) == ["read-only|~/docs|all|~/src|F:19"]
    assert [line.split("|")[3] for line in table(run("grants", "--all"))] == [
        "~/src", "~/src/other", *["~/src/project"] * 4
    ]  # fmt: skip
    assert len(table(run("grants", "--agent=codex"))) == 4
    assert len(table(run("grants", "--agent=claude"))) == 5


def test_what_does_not_apply_says_why(run, home):
    (home / ".config/safehouse").mkdir(parents=True)
    os.symlink(home / "docs", "planted")
    write(
        home,
        """\
~/src/project:
  add-dirs: ['~', ~/none, ~/.config/safehouse, ~/src/project/planted, ~/out]
  deny: [~/none2]
  enable: [shh]
  append-profile: [~/x.sb]
  network: none
  agents:
    cluade: {enable: [ssh]}
""",
    )
    by_name = "by its name, whichever directory has it"
    lines = table(run("grants"))
    assert lines[0].startswith("write|~|all|~/src/project|F:2|it holds your whole home")
    assert lines[1] == "write|~/none|all|~/src/project|F:2|not there"
    assert "|it is protected (" in lines[2]
    assert "|it leads through the link " in lines[3]
    assert lines[4] == f"write|~/out|all|~/src/project|F:2|{by_name}"
    assert lines[5:] == [
        "deny|~/none2|all|~/src/project|F:3|not there",
        "feature|shh|all|~/src/project|F:4|no feature has this name",
        "profile|~/x.sb|all|~/src/project|F:5|not there",
        f"network|none|all|~/src/project|F:6|{by_name}",
        "feature|ssh|cluade|~/src/project|F:8|no agent has this name",
    ]


def test_each_of_two_paths_on_a_line_has_its_own_reason(run, home):
    write(home, "~/src/project: {add-dirs: ['~', ~/none, ~/x/none], add-dirs-ro: [~/none]}\n")
    (home / "x").mkdir()
    reasons = {tuple(line.split("|")[:2]): line.split("|")[-1] for line in table(run("grants"))}
    assert reasons.pop(("write", "~")).startswith("it holds your whole home")
    assert set(reasons.values()) == {"not there"} and len(reasons) == 3


@pytest.mark.parametrize("options", [(), ("--effective",), ("--json",)])
def test_words_are_refused(run, options):
    said = run("grants", *options, "my docs", "bar").splitlines()
    assert said == ["unexpected 'my docs'", "safehouse grants --for='my docs', for a directory"]


def test_what_was_replaced_says_so(run, home, monkeypatch):
    run("grant", "~/docs")
    for name in ("other", "gone", "link"):
        (home / "src" / name).mkdir(exist_ok=True)
        run("grant", "~/docs", f"--for=~/src/{name}")
    for name in ("project", "gone", "link"):
        os.rename(home / "src" / name, home / f"old-{name}")
    (home / "src/project").mkdir()
    monkeypatch.chdir(home / "src/project")
    os.symlink("other", home / "src/link")
    notes = {line.split("|")[3]: line.split("|")[5:] for line in table(run("grants", "--all"))}
    assert notes == {
        "~/src/other": [],
        "~/src/gone": ["the directory is gone"],
        "~/src/link": ["a link now: for none"],
        "~/src/project": ["replaced: the directory is another one now"],
    }


def test_for_programs(run, home):
    run("grant", "--write", "~/docs", "--agent=claude")
    run("grant", "--enable=ssh")
    (home / "docs").rmdir()
    found = json.loads(run("grants", "--json"))
    place = str(home / "src/project")
    assert found == {
        "version": 1,
        "directory": place,
        "file": str(home / ".config/safehouse/grants.yaml"),
        "grants": [
            {
                "directory": place, "state": "same", "agent": None, "kind": "feature", "mode": None,
                "value": "ssh", "line": 11, "applies": True, "why": None,
            },
            {
                "directory": place, "state": "same", "agent": "claude", "kind": "path",
                "mode": "write", "value": str(home / "docs"), "line": 9, "applies": False,
                "why": "it does not exist",
            },
        ],
    }  # fmt: skip
    run("revoke", "--all")
    assert json.loads(run("grants", "--json", "--all"))["grants"] == []


@pytest.mark.parametrize(
    "words, message",
    [
        (("--agent=cluade",), "did you mean 'claude'?"),
        (("--effective", "--all"), "--effective cannot be combined with --all"),
        (("--effective", "--json"), "--effective cannot be combined with --json"),
        (("--write",), "--write does not belong to safehouse grants"),
    ],
)
def test_what_is_asked_wrongly(run, words, message):
    assert message in run("grants", *words)


def test_control_characters_do_not_reach_the_terminal(run, home, monkeypatch):
    place = home / "src/\u202eevil"
    place.mkdir()
    monkeypatch.chdir(place)
    for words in (("grants",), ("grants", "--effective"), ("revoke", "x"), ("revoke", "--all")):
        assert "\u202e" not in run(*words)


# All sources of a launch


def effective(text):
    return text.replace("~/.config/safehouse/", "").splitlines()


def test_every_source_in_order_with_what_came_of_it(run, home, monkeypatch):
    (home / "lib").mkdir()
    (home / "docs/secret").mkdir()
    write(home, "add-dirs: [~/docs, ~/lib]\nenable: [docker]\nenv-pass: [B]\n", "config.yaml")
    write(
        home,
        """\
~/src: {add-dirs-ro: [~/out], add-dirs: [~/none]}
~/src/project:
  deny: [~/docs/secret, ~/lib]
  network: none
""",
    )
    monkeypatch.setenv("SAFEHOUSE_ADD_DIRS", str(home / "out"))
    monkeypatch.setenv("SAFEHOUSE_TRUST_WORKDIR_CONFIG", "1")
    lines = effective(run("grants", "--effective"))
    assert lines[0].startswith("profiles: base, ")
    assert lines[0].endswith("docker")
    assert lines[1:] == [
        "working directory",
        "  write      ~/src/project",
        "user: config.yaml",
        "  write      ~/docs  config.yaml:1; but for ~/docs/secret, by grants.yaml:3",
        "  write      ~/lib  config.yaml:1; closed, by grants.yaml:3",
        "  feature    docker  config.yaml:2",
        "  variable   B  config.yaml:3",
        "directory: kept for ~/src",
        "  read-only  ~/out  grants.yaml:1; may be written, by SAFEHOUSE_ADD_DIRS",
        "directory: kept for ~/src/project",
        "  deny       ~/lib  grants.yaml:3",
        "  deny       ~/docs/secret  grants.yaml:3",
        "  network    none  grants.yaml:4",
        "environment: environment",
        "  write      ~/out  SAFEHOUSE_ADD_DIRS",
        "protected: safehouse's own files, start files of shells, git's settings and hooks",
        "ignored",
        "  trust in this project's configuration (SAFEHOUSE_TRUST_WORKDIR_CONFIG): tools of a "
        "project could set it; use safehouse trust, or --trust-workdir-config",
        "  write ~/none (grants.yaml:1): it does not exist",
    ]


def test_what_is_typed_wins_and_that_is_told(home, run):
    run("grant", "--deny", "~/docs")
    run("grant", "private")
    write(home, "network: none\n", "config.yaml")
    request = Request(
        add_dirs_ro=(str(home / "docs"),), add_dirs=(str(home / "src/project/private"),),
        network="open",
    )  # fmt: skip
    lines = effective("\n".join(sources_text(make_plan(request, Host.current()))))
    assert "  network    none  config.yaml:1; a later word is open" in lines
    assert "  deny       ~/docs  grants.yaml:7; opened for reading by --add-dirs-ro" in lines
    assert (
        "  read-only  ~/src/project/private  grants.yaml:9; may be written, by --add-dirs" in lines
    )
    assert "command line: command line" in lines


def test_what_is_protected_is_told(home, run):
    (home / ".zshrc").touch()
    request = Request(add_dirs=(str(home / ".zshrc"),))
    lines = sources_text(make_plan(request, Host.current()))
    assert "  write      ~/.zshrc  --add-dirs; read-only, by safehouse" in lines


def test_for_another_directory_and_an_agent(run):
    run("grant", "~/docs", "--for=~/src/other", "--agent=claude")
    text = run("grants", "--effective", "--for=~/src/other", "--agent=claude")
    assert "claude" in text.splitlines()[0]
    assert "  write      ~/src/other\n" in text
    assert "directory: kept for ~/src/other, agent claude\n  read-only  ~/docs" in text
    assert "~/docs" not in run("grants", "--effective", "--for=~/src/other")


def test_a_repository_that_is_not_trusted_is_told(run, home):
    (home / "src/project/.safehouse.yaml").write_text("add-dirs: [~/docs]\ndeny: [private]\n")
    text = run("grants", "--effective")
    assert "repository: .safehouse.yaml\n  deny       ~/src/project/private" in text
    assert "  write ~/docs (.safehouse.yaml:1): you have not trusted it: safehouse trust\n" in text


# The document


DOCUMENT = (ROOT / "docs/grants.md").read_text("utf-8")
SESSION = [
    (text.partition("\n")[0], text.partition("\n")[2])
    for block in re.findall(r"^```text\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    for text in block.split("$ ")[1:]
]


def test_the_document_shows_what_is_printed(home, monkeypatch, capsys):
    """All of its examples, one after the other."""
    assert len(SESSION) > 15
    for line, expected in SESSION:
        words = [str(home) + word[1:] if word[:1] == "~" else word for word in shlex.split(line)]
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
        elif words[0] == "mv":
            os.rename(words[1], words[2])
        elif words[0] == "mkdir":
            time.sleep(0.02)
            os.mkdir(words[1])
        else:
            entry.main(shlex.split(line)[1:])
        out, err = capsys.readouterr()
        said = (out + err).replace(str(home), "/home/you")
        start, more, _ = expected.partition("...\n")
        assert said.startswith(start) if more else said == expected, line


def test_the_documents_file_is_understood_and_changed(home, run):
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    known = re.sub(r"known-by: .*", "", example)
    write(home, known)
    assert len(table(run("grants"))) == 9
    run("grant", "--write", "~/docs")
    kept = (home / ".config/safehouse/grants.yaml").read_text()
    assert kept == known.replace(
        "  add-dirs-ro:         # may be read\n    - ~/docs\n", ""
    ).replace("[~/out]  ", "[~/out, ~/docs]  ")
