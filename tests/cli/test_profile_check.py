"""`safehouse profiles check`: the first error, or what the file means and what to think about."""

from __future__ import annotations

import pytest

from safehouse.cli import main as entry
from safehouse.cli.profile_review import Review
from safehouse.errors import REFUSED
from safehouse.host import Host
from safehouse.policy.match import text_matches
from safehouse.sources.catalogue import records
from safehouse.sources.profile_file import load


@pytest.fixture(autouse=True)
def home(in_home):
    return in_home(at="src/project")


@pytest.fixture
def check(capsys, home):
    def check(text, *options, name="tool.yaml", status=0):
        path = home / "src/project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        assert entry.main(["profiles", "check", str(path), *options]) == status
        out, err = capsys.readouterr()
        return (out or err.replace("safehouse: ", "")).replace("~/src/project/", "")

    return check


def tool(*rules, layer="agent", head=""):
    """A file with one profile and these rules: their first line, then their targets."""
    text = f"profiles:\n  tool:\n    layer: {layer}\n    summary: a tool\n{head}    rules:\n"
    for operations, *targets in rules:
        text += f"      - {operations}\n        paths:\n"
        text += "".join(f"          {target}: why\n" for target in targets)
    return text


def warnings(text):
    return [line.strip() for line in text.partition("warning")[2].splitlines()[1:]]


def test_a_good_file_is_said_in_words(check):
    head = "    commands: [tool]\n    requires: [ssh]\n    passes: [KEY]\n"
    text = check(
        tool(("allow: read write", "~/.tool/"), ("deny: write", "~/.tool/bin/"), head=head)
    )
    assert text.startswith("adds tool, agent: a tool\n  commands   tool\n  variables  KEY\n")
    assert f"requires   ssh: {records()['ssh'][2]}; gives up: {records()['ssh'][3]}" in text
    assert "  may read and write\n    ~/.tool/  why\n" in text
    assert "  may not write\n    ~/.tool/bin/  why\n" in text
    assert text.endswith("nothing to warn of\n")


def test_an_extension_is_said_as_such(check):
    text = check(
        "profiles:\n  codex:\n    rules:\n      - allow: read\n        paths: {~/notes/: mine}\n"
    )
    assert text.startswith("extends codex, agent: OpenAI Codex CLI\n")
    assert text.endswith("nothing to warn of\n")


@pytest.mark.parametrize(
    "text, error",
    [
        ("profiles:\n  a: {layer: agnet, summary: s}\n", "tool.yaml:2: unknown layer 'agnet'"),
        ("profiles:\n  a:\n   layer: agent\n   summary: s\n   rules:\n   - allow: raed\n",
         "tool.yaml:6: unknown operation 'raed'"),
        ("profiles:\n  claude: {layer: agent, summary: s}\n", "tool.yaml:2: claude is shipped"),
        ("profiles:\n  a: {layer: agent, summary: s, requires: [shh]}\n", "tool.yaml:2: unknown profile"),
        ("profiles: [\n", "tool.yaml:2:1: "),
    ],
)  # fmt: skip
def test_the_first_error_is_told_with_its_place(check, text, error):
    assert check(text, status=REFUSED).startswith(error)


def test_a_file_that_is_missing_or_says_nothing(check, capsys):
    assert entry.main(["profiles", "check", "missing.yaml"]) == REFUSED
    assert "missing.yaml" in capsys.readouterr().err
    assert "says nothing" in check("# later\n")


@pytest.mark.parametrize(
    "operations, target, warning",
    [
        (
            "read write",
            "~/.local/bin/",
            "can change programs that you run outside, too: ~/.local/bin/",
        ),
        (
            "read write",
            "~/.local/",
            "can change programs that you run outside, too: ~/.local/bin/, ",
        ),
        ("write", "~/.cargo/bin/x", "can change programs that you run outside, too: ~/.cargo/bin/"),
        ("write", "/usr/local/bin/", "can change programs that you run outside, too: /usr/"),
        ("write", "~/.config/systemd/", "can change what is started when you sign in: "),
        ("read", "~/.ssh/id_ed25519", "opens secrets: ~/.ssh/ (private keys)"),
        ("read", "~/.config/", "opens secrets: "),
        ("read write", "~/.aws/", "opens secrets: ~/.aws/ (keys of Amazon Web Services)"),
        ("read", "~/", "reading your whole home"),
        ("read", "HOME/", "reading your whole home"),
        ("read", "HOME/.netrc", "opens secrets: ~/.netrc (passwords of hosts)"),
        ("read", "/", "reading the whole disk"),
        ("read write", "/", "writing the whole disk"),
        ("read", "~/.zshrc", "opens start files of shells, with the keys in them: ~/.zshrc"),
        (
            "socket metadata",
            "/var/run/docker.sock",
            "opens sockets that act for whoever connects: ",
        ),
        ("socket metadata", '"@SSH_AUTH_SOCK"', "opens sockets that act for whoever connects: "),
        (
            "socket metadata",
            "~/.colima/",
            "opens sockets that act for whoever connects: ^~/[.]colima",
        ),
        ("read", "~/.docker/run/", "opens sockets that act for whoever connects: ~/.docker/run/"),
        ("read write", "/tmp/tool/", "all programs share it: "),
        ("read write", "~/.npm/", "node says the same already (profiles.yaml:"),
        (
            "write",
            "~/.bashrc",
            "has no effect on writing: safehouse refuses it (started by your shell",
        ),
        ("read", "~/.config/safehouse/", "has no effect on reading: safehouse refuses it"),
    ],
)
def test_what_a_reviewer_would_ask_about(check, home, operations, target, warning):
    target = target.replace("HOME", str(home))
    found = warnings(check(tool((f"allow: {operations}", target)), "--platform=linux"))
    said = target.strip('"').replace(str(home), "~")
    place = f"tool.yaml:8: {said}: "
    assert any(line.startswith(place + warning) for line in found), found


@pytest.mark.parametrize(
    "rules",
    [
        [("allow: read write", "~/.tool/", "~/.cache/tool/")],
        [("allow: read", "~/.local/bin/x/", "~/.config/tool/")],
        [("allow: read write", "~/.tool/"), ("deny: write", "~/.tool/bin/")],
        [("allow: read", "~/.nvm*")],
    ],
)
def test_what_is_a_programs_own_is_no_warning(check, rules):
    assert warnings(check(tool(*rules))) == []


def test_what_is_closed_again_is_no_warning(check):
    opened = tool(("allow: read", "~/.docker/"), ("deny: read", "~/.docker/"))
    assert "opens" not in "".join(warnings(check(opened)))


def test_what_a_later_rule_takes_away_is_told(check):
    found = warnings(
        check(
            tool(
                ("allow: write", "~/.tool/x"),
                ("allow: read", "~/.tool/y/"),
                ("deny: write", "~/.tool/"),
                ("allow: read", "~/.tool/"),
            )
        )
    )
    assert found == [
        "tool.yaml:8: ~/.tool/x: has no effect: line 14 decides otherwise for all of it",
        "tool.yaml:11: ~/.tool/y/: has no effect: line 17 says the same for all of it",
    ]


def test_a_path_that_a_shipped_profile_of_a_later_layer_refuses(check):
    found = warnings(check(tool(("allow: read", "~/.docker/run/docker.sock"), layer="toolchain")))
    assert any("has no effect on reading: closed-sockets, profiles.yaml:" in line for line in found)


def test_a_command_of_another_profile(check):
    found = warnings(check(tool(("allow: read", "~/.tool/"), head="    commands: [claude]\n")))
    assert found == ["tool.yaml:2: the command claude is claude's, which it would not get any more"]


def test_a_file_that_would_not_be_read_by_its_name(check):
    found = warnings(check(tool(("allow: read", "~/.tool/")), name="tool.yml"))
    assert found == ["tool.yml:1: profiles.d reads only files whose names end in .yaml"]


def test_warnings_are_for_one_system_where_they_are(check):
    rule = tool(("allow: read", "~/Library/", "~/.docker/run/"))
    both = warnings(check(rule))
    assert any(line.endswith("[macOS only]") and "Keychains" in line for line in both)
    assert any(line.endswith("[Linux only]") and "sockets" in line for line in both)
    assert not any("sockets" in line for line in warnings(check(rule, "--platform=macos")))
    assert not any("only]" in line for line in warnings(check(rule, "--platform=linux")))


def test_strict_makes_warnings_a_status(check):
    bad = tool(("allow: write", "~/.local/bin/"))
    check(bad, status=0)
    check(bad, "--strict", status=1)
    check(tool(("allow: write", "~/.tool/")), "--strict", status=0)


# Among the person's other files


@pytest.fixture
def installed(home):
    def installed(name, text):
        path = home / ".config/safehouse/profiles.d" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return installed


def test_it_may_require_what_an_earlier_file_adds(check, installed):
    installed("a.yaml", tool(("allow: read", "~/.a/")).replace("tool:", "first:"))
    needs = tool(("allow: read", "~/.tool/"), head="    requires: [first]\n")
    assert "first: a tool" in check(needs, name="b.yaml")
    assert "unknown profile" in check(needs, name="a0/0.yaml", status=REFUSED)


def test_a_file_in_its_place_is_not_taken_for_two(installed, capsys):
    path = installed("tool.yaml", tool(("allow: read", "~/.tool/")))
    assert entry.main(["profiles", "check", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("adds tool") and out.endswith("nothing to warn of\n")
    path.chmod(0o666)
    assert entry.main(["profiles", "check", str(path)]) == REFUSED
    assert "can be written by others" in capsys.readouterr().err


def test_a_name_that_another_file_adds(check, installed):
    installed("z.yaml", tool(("allow: read", "~/.z/")))
    found = warnings(check(tool(("allow: read", "~/.tool/"))))
    assert len(found) == 1 and "z.yaml:2 adds a profile tool as well" in found[0]


# What it knows of


@pytest.fixture(scope="module")
def review():
    record = load(tool(("allow: read", "~/.tool/")), "f.yaml")["tool"]
    return {
        platform: Review(Host.current(), platform, (record,), record)
        for platform in ("macos", "linux")
    }


@pytest.mark.parametrize("platform", ["macos", "linux"])
def test_the_secrets_are_those_of_the_list(review, platform):
    names = {place.name for place in review[platform]._group("secrets")}
    assert {"~/.ssh/", "~/.aws/", "~/.netrc", "~/.config/gh/"} <= names
    assert ("~/Library/Keychains/" in names) == (platform == "macos")


@pytest.mark.parametrize("platform", ["macos", "linux"])
def test_each_place_has_a_sample_that_it_is_for(review, platform):
    asked = review[platform]
    groups = ("secrets", "sockets", "shells", "sign-in", "programs")
    places = [place for name in groups for place in asked._group(name)]
    assert len(places) > 200
    for place in places:
        assert text_matches(place.kind, place.path, place.sample), place
