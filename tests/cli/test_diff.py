"""`safehouse policy --diff`: what may be done under one policy and not under another, in words."""

from __future__ import annotations

import json
import os

import pytest

from safehouse.cli.diff import DEFAULTS, OPTIONS, compared, opened
from safehouse.cli.differences import NARROWER, NEITHER, WIDER, differences
from safehouse.cli.main import main
from safehouse.cli.verbs import verbs
from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.policy.document import Document, Enforced, read, written
from safehouse.policy.match import kind_of, matches
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.policy import Access, Policy
from safehouse.policy.rule import ALLOW, DENY, Filter, Opaque, Origin, Rule, Tier
from safehouse.policy.vocabulary import FILTER_ALIAS
from safehouse.policy.words import READ, WRITE
from safehouse.request import Request
from safehouse.value import replace
from tests.cli.test_explain import HOSTS
from tests.fake_host import mac, planned
from tests.policy.test_models_agree import QUESTIONS


@pytest.fixture
def home(in_home):
    home = in_home(".claude", "docs", "src/app/.git/objects", at="src/app")
    (home / "src/app/.git/HEAD").write_text("ref: refs/heads/main\n")
    (home / "bin").mkdir()
    tool = home / "bin/claude"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    os.environ["PATH"] = f"{home}/bin:/usr/bin:/bin"
    return home


@pytest.fixture
def diff(home, capsys):
    """Runs it: exit status, lines and messages. On a Mac the home of a test is open to everybody."""

    def run(*words, platform="linux"):
        given = [f"--platform={platform}"] if platform else []
        status = main(["policy", *given, *words])
        out, err = capsys.readouterr()
        return status, out.split("\n")[:-1], err

    return run


def under(lines, head):
    """The lines below a head."""
    if head not in lines:
        return []
    rest = lines[lines.index(head) + 1 :]
    end = next((n for n, line in enumerate(rest) if not line.startswith("  ")), len(rest))
    return [line.strip() for line in rest[:end]]


# What is compared with what


def test_without_options_there_is_no_difference(diff):
    for platform in ("macos", "linux", ""):
        assert diff("--diff", "claude", platform=platform) == (
            0, ["no difference to the launch without these options"], "",
        )  # fmt: skip


def test_options_are_compared_with_the_launch_without_them(diff):
    status, lines, _ = diff(
        "--diff", "--add-dirs-ro=~/docs", "--enable=ssh", "--deny=.git", "claude"
    )
    assert status == 1
    assert lines[0] == "compared with the launch without these options:"
    wider = under(lines, "wider")
    assert wider[0].startswith("the feature ssh is on: your SSH agent signs for the agent")
    docs = "may now read ~/docs and all below it (--add-dirs-ro: asked for in this invocation)"
    assert docs in wider
    closed = "may no longer read and write ~/src/app/.git and all below it (--deny: "
    assert any(line.startswith(closed) for line in under(lines, "narrower"))


def test_the_network_is_told_in_one_line(diff):
    status, lines, _ = diff("--diff", "--network=none")
    assert (status, under(lines, "wider"), under(lines, "narrower")) == (
        1, [], ["the network is closed"],
    )  # fmt: skip


def test_variables_are_told_by_their_names(diff, monkeypatch):
    monkeypatch.setenv("MINE", "5ecret")
    status, lines, _ = diff("--diff", "--env-pass=MINE")
    assert (status, under(lines, "wider")) == (1, ["gets the variable MINE"])


def test_services_are_told_by_their_names(diff):
    lines = diff("--diff", "--enable=clipboard", platform="macos")[1]
    service = "may now use the service com.apple.pasteboard.1 (clipboard, profiles.yaml:"
    assert any(line.startswith(service) for line in under(lines, "wider"))


def test_defaults_are_what_nobody_has_changed(diff, home):
    configuration = home / ".config/safehouse/config.yaml"
    configuration.parent.mkdir(parents=True)
    configuration.write_text("add-dirs-ro: [~/docs]\nagents:\n  claude: {enable: [ssh]}\n")
    assert diff("--diff", "claude")[0] == 0
    status, lines, _ = diff("--diff=defaults", "claude")
    assert status == 1
    assert lines[0] == "compared with the launch where nobody says anything:"
    docs = "may now read ~/docs and all below it (~/.config/safehouse/config.yaml:1: "
    assert any(line.startswith(docs) for line in under(lines, "wider"))
    assert any(line.startswith("the feature ssh is on") for line in under(lines, "wider"))
    assert not any(".claude" in line for line in under(lines, "wider"))


def test_defaults_have_no_project_nor_variables(diff, home, monkeypatch):
    (home / "src/app/.safehouse.yaml").write_text("deny: [.git/objects]\n")
    monkeypatch.setenv("SAFEHOUSE_ADD_DIRS", str(home / "docs"))
    lines = diff("--diff=defaults")[1]
    assert any("SAFEHOUSE_ADD_DIRS" in line for line in under(lines, "wider"))
    assert any(".safehouse.yaml:1" in line for line in under(lines, "narrower"))


def test_a_file_is_a_policy_that_was_written_before(diff, home):
    for platform in ("macos", "linux"):
        assert diff("--format=json", "--output=~/old.json", "claude", platform=platform)[0] == 0
        same = 0, ["no difference to ~/old.json"], ""
        assert diff("--diff=~/old.json", "claude", platform=platform) == same
        assert diff("--diff=~/old.json", "claude", platform="") == same  # it says for which system
        status, lines, _ = diff("--diff=~/old.json", "--network=none", "claude", platform="")
        assert (status, lines[1:]) == (1, ["narrower", "  the network is closed"])
    status, lines, _ = diff("--diff=~/old.json", "tool", platform="")
    assert status == 1
    assert under(lines, "neither") == ["the profile is none of an agent, and was claude"]
    assert any("~/.claude and all below it" in line for line in under(lines, "narrower"))


def test_a_file_may_be_sbpl_of_which_only_the_rules_are_known(diff, home):
    assert diff("--output=~/old.sb", "--network=none", "claude", platform="macos")[0] == 0
    assert diff("--diff=~/old.sb", "--network=none", "claude", platform="")[0] == 0
    status, lines, _ = diff("--diff=~/old.sb", "claude", platform="")
    assert status == 1
    assert any("connect to any address" in line for line in under(lines, "wider"))


def test_each_launch_of_a_mac_has_its_own_directory_and_that_is_no_difference(monkeypatch):
    host = HOSTS["macos"]
    request = Request(agent="claude")
    saved = read(written(compared(request, OPTIONS, host)[1]), "saved")
    monkeypatch.setattr("safehouse.cli.diff.opened", lambda path, host: saved)
    other = replace(host, launch_temp=host.launch_temp[:-1] + "0")
    before, after = compared(request, "saved", other)
    assert before.launch_temp == after.launch_temp == host.launch_temp
    assert differences(before, after) == []
    assert differences(before, compared(request, OPTIONS, other)[1])


@pytest.mark.parametrize(
    "text, message",
    [
        ("bwrap \\\n  --unshare-user\n", "is no policy in JSON or SBPL"),
        ("", "is no policy in JSON or SBPL"),
        ("{}", "format: has to be a number"),
        ('{"format": 99, "safehouse": "9.9"}', "99 is that of a newer Safehouse (9.9)"),
        ("(version 1)\n(allow file-raed*)\n", "unknown operation 'file-raed*'"),
    ],
)
def test_what_is_no_policy_is_refused(diff, home, text, message):
    (home / "old").write_text(text)
    status, lines, err = diff("--diff=~/old", "claude")
    assert (status, lines) == (125, [])
    assert message in err


def test_a_regex_that_would_take_for_ever_is_refused(diff, home):
    assert diff("--json", "--output=~/old.json")[0] == 0
    file = home / "old.json"
    text = file.read_text()
    for pattern in ("^/(a+)+$", "(" * 500 + ")" * 500):
        slow = '{"kind": "regex", "value": "' + pattern + '"}'
        file.write_text(text.replace('"filter": null', f'"filter": {slow}', 1))
        status, _, err = diff("--diff=~/old.json")
        assert (status, "a regex that is not known" in err) == (125, True)


def test_sbpl_of_another_launch_of_a_mac_is_told_from_this_one_by_nothing_else(home):
    host = replace(mac(), files=LocalFiles())
    directory = f"{host.temp}/safehouse/0a1b2c3d"
    (home / "old.sb").write_text(f'(version 1)\n(allow file-read* (subpath "{directory}"))\n')
    assert opened(str(home / "old.sb"), host).launch_temp == directory


def test_what_cannot_be_compared_is_refused(diff, home):
    assert diff("--output=~/old.json", "--format=json", platform="macos")[0] == 0
    for words, platform, message in (
        (("--diff=~/old.json",), "linux", "~/old.json is a policy for macos"),
        (("--diff=~/none.json",), "", "~/none.json: there is no such file\n"),
        (("--diff=optoins",), "", "there is no such file, did you mean 'options'?"),
        (("--diff=~/docs",), "", "not a regular file"),
        (("--diff", "--format=json"), "", "--format is for the policy itself"),
    ):
        status, lines, err = diff(*words, platform=platform)
        assert (status, lines) == (125, [])
        assert message in err


# How it is told


def test_json_is_for_programs(diff, home):
    status, lines, _ = diff("--diff", "--json", "--add-dirs=~/docs", "--enable=ssh", "claude")
    found = json.loads("\n".join(lines))
    assert (status, found["different"], found["version"]) == (1, True, 1)
    assert found["compared-with"] == "the launch without these options"
    docs = next(each for each in found["wider"] if "~/docs" in each["text"])
    assert docs["kind"] == "access"
    assert docs["filter"] == {"kind": "subpath", "value": f"{home}/docs"}
    assert {"file-read-data", "file-write-data"} <= set(docs["operations"])
    assert (docs["before"]["action"], docs["after"]["action"]) == ("deny", "allow")
    assert docs["after"]["source"] == "--add-dirs"
    assert docs["example"]["target"].startswith(f"{home}/docs")
    assert found["wider"][0]["kind"] == "feature"
    status, lines, _ = diff("--diff", "--json")
    assert (status, json.loads("\n".join(lines))["different"]) == (0, False)


def test_json_alone_is_the_policy(diff):
    assert diff("--json", "claude") == diff("--format=json", "claude")


def test_it_can_be_written_to_a_file(diff, home):
    status, lines, _ = diff("--diff", "--network=none", "--output=~/out.txt", "claude")
    assert (status, lines) == (1, [])
    assert "the network is closed" in (home / "out.txt").read_text()


ORIGIN = Origin(Tier.BASE, "test", "a reason")


BARE = tuple(Rule(DENY, (name,), None, ORIGIN) for name in ("default", *READ[1:], *WRITE[1:]))


def document(*rules, **said):
    policy = Policy((*BARE, *rules), (("HOME", "/home/me"),))
    environment = tuple((name, "") for name in said.pop("names", ()))
    return Document("linux", replace(policy, environment=environment), **said)


def rule(action, kind, value, operations=READ, origin=ORIGIN):
    return Rule(action, operations, Filter(kind, value), origin)


def texts(before, after, direction=None):
    return [
        each.text
        for each in differences(before, after)
        if direction in (None, each.direction)
    ]  # fmt: skip


def test_what_is_worse_comes_first():
    before = document(names=["A"])
    after = document(
        rule(ALLOW, "literal", "/x", ("file-read-metadata",)),
        rule(ALLOW, "subpath", "/a/b"),
        rule(ALLOW, "subpath", "/home"),
        rule(ALLOW, "subpath", "/c/d", WRITE),
        names=["A", "TOKEN"],
        features=(("docker", "this ends the confinement"),),
        enforced=Enforced("partial", "x"),
    )
    before = replace(before, enforced=Enforced("full", "x"))
    assert [text.partition(" (")[0] for text in texts(before, after, WIDER)] == [
        "the feature docker is on: this ends the confinement",
        "the policy is enforced in part only",
        "may now write /c/d and all below it",
        "may now read /home and all below it",
        "may now read /a/b and all below it",
        "may now see that there is /x",
        "gets the variable TOKEN",
    ]


def test_a_whole_home_and_what_was_refused_by_name_come_before_others():
    before = document(rule(DENY, "literal", "/home/me/.ssh/id"))
    after = document(rule(ALLOW, "subpath", "/a"), rule(ALLOW, "subpath", "/home"))
    found = texts(before, after)
    assert found[0].startswith("may now read /home and all below it (with your whole home)")
    assert found[1].startswith("may now read ~/.ssh/id (test: a reason; refused before by test)")
    assert found[2].startswith("may now read /a and all below it")


def test_what_stays_closed_in_a_tree_is_named():
    after = document(rule(ALLOW, "subpath", "/a"), rule(DENY, "literal", "/a/x"))
    assert texts(document(), after) == [
        "may now read /a and all below it, but for /a/x (test: a reason)"
    ]


def test_who_allowed_what_is_gone_is_named():
    before = document(rule(ALLOW, "prefix", "/home/me/.x"))
    assert texts(before, document()) == [
        "may no longer read what begins with ~/.x (it was allowed by test: a reason)"
    ]


def test_texts_of_strangers_can_only_look_like_themselves():
    odd = Origin(Tier.BASE, "x\x1b[31m", "why\u202e")
    after = document(
        rule(ALLOW, "literal", "/a\x1b", READ, odd),
        names=["V\x1b"],
        features=(("f\x1b", "c\x1b"),),
        enforced=Enforced("full", "e\x1b", ("l\x1b",), ("n\x1b",)),
    )
    before = replace(document(Opaque("(x \x1b)", odd)), enforced=Enforced("partial", "", (), ()))
    for text in (*texts(before, after), *texts(after, before)):
        assert text.isprintable(), text


def test_forms_and_rules_that_no_question_is_about_are_told():
    link = Filter("require-all", "", (Filter("literal", "/a/x"), Filter("vnode-type", "SYMLINK")))
    opened_ = rule(ALLOW, "subpath", "/a", WRITE)
    held = Rule(DENY, ("file-write-create",), link, ORIGIN)
    assert (
        "is gone: deny file-write-create"
        in texts(document(opened_, held), document(opened_), WIDER)[0]
    )
    assert (
        "is new: deny file-write-create"
        in texts(document(opened_), document(opened_, held), NARROWER)[0]
    )
    form = Opaque("(allow file-read* (when))", ORIGIN)
    assert "not understood, and passed on, is new" in texts(document(), document(form), NEITHER)[0]


def test_ways_are_told_together_and_so_are_notes(diff):
    lines = diff("--diff", "--enable=docker", platform="linux")[1]
    ways = [line for line in lines if "may now see that there is" in line]
    assert len(ways) == 1 and ways[0].endswith(" more")


_READS = ("file-read*", "file-read-data", "file-read-metadata", "file-read-xattr", *READ[1:])
_WRITES = ("file-write*", "file-write-data", "file-write-create", "file-write-mode", "file-link")


@pytest.mark.parametrize(
    "operations, said",
    [
        (_READS, "read"),
        ((*_READS, *_WRITES), "read and write"),
        (("file*", "network-outbound", *_READS, *_WRITES), "connect to, read and write"),
        (("file-read-metadata", "file-test-existence"), "see that there is"),
        (("file-write-create", "file-write-unlink"), "remove or rename"),
        (("mach-lookup",), "use the service"),
        (("process-info*", "process-info-pidinfo"), "use process-info* of"),
        (("file-read-xattr", "file-ioctl"), "use file-read-xattr, file-ioctl of"),
        (("network-inbound", "network-bind"), "listen at"),
        (OPERATIONS, "do anything to"),
    ],
)
def test_operations_are_verbs(operations, said):
    assert verbs(tuple(operations)) == said


def test_a_policy_that_is_opened_is_the_one_that_was_written(home, diff):
    from safehouse.host import Host

    assert diff("--output=~/old.json", "--format=json", "claude")[0] == 0
    host = Host.current()
    after = compared(Request(("claude",), platform="linux"), DEFAULTS, host)[1]
    assert opened("~/old.json", host) == after
    with pytest.raises(UserError):
        opened("~/docs", host)


# That it is true, line by line


def filter_of(data):
    if data is None:
        return None
    parts = tuple(filter_of(part) for part in data.get("parts", ()))
    return Filter(data["kind"], data.get("value", ""), parts)


def is_about(line, access):
    """Whether a line of the kind `access` is about a question."""
    kind = FILTER_ALIAS.get(kind_of(access), kind_of(access))
    filters = [filter_of(line.data[name]) for name in ("filter", "within")]
    return (
        access.operation in line.data["operations"]
        and (kind == line.data["target-kind"] or filters == [None, None])
        and all(filter is None or matches(filter, access) for filter in filters)
    )


PAIRS = {
    "features": ({}, {"enable": ("ssh", "clipboard", "shell-init")}),
    "agents": ({"agent": "claude"}, {"agent": "codex", "network": "none"}),
    "directories": (
        {"deny_secrets": True, "add_dirs": ("~/docs",)},
        {"add_dirs_ro": ("~/docs",), "deny": ("~/src/project/private",)},
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("system", HOSTS)
def test_each_line_has_an_example_and_each_other_answer_a_line(system, pair):
    plans = [planned(HOSTS[system], Request(**request)) for request in pair]
    before, after = (Document(plan.host.platform, plan.policy) for plan in plans)
    lines = differences(before, after)
    network = before.policy.network != after.policy.network
    told = [line for line in lines if line.kind == "access"]
    assert told
    for line in told:
        example = Access(**line.data["example"])
        now = after.policy.decide(example).allowed
        assert before.policy.decide(example).allowed != now
        assert now == (line.direction == WIDER)
        assert is_about(line, example), line.text
    for question in QUESTIONS[::7]:
        access = Access(question.operation, question.target, question.kind)
        now = after.policy.decide(access).allowed
        if before.policy.decide(access).allowed != now:
            direction = WIDER if now else NARROWER
            some = [line for line in told if line.direction == direction]
            sources = [
                each.policy.decide(access).rule.origin.source for each in (before, after)
            ]  # fmt: skip
            closed = network and "network: none" in sources
            assert closed or any(is_about(line, access) for line in some), access
