"""What is said to do about denials: one command for each, a reason for what should stay closed, no noise."""

from __future__ import annotations

import pytest

from safehouse.backends.base import Observations, Observed
from safehouse.denials.advice import MOST_ROWS, advised
from safehouse.denials.denial import judged
from safehouse.host import MACOS
from safehouse.request import Request
from tests.fake_host import linux, mac, planned

NAMES = (
    "src/project/x", "src/other/a", "src/other/b", "docs/a", "docs/sub/b", "docs/c", "docs/d", ".ssh/config",
    ".ssh/id_rsa", ".config/gh/hosts.yml", ".config/tool/x", ".config/other/y", ".config/third/z",
    "keys/a.txt", "keys/b.txt", "keys/c.txt", "keys/server.pem", ".toolrc", "agent.sock=", ".vimrc",
)  # fmt: skip


def rows(*seen, host=None, **request):
    """The rows, each by its target below the home."""
    host = host or linux(*NAMES)
    plan = planned(host, Request(**request))
    kept = tuple(
        Observed(word, target.replace("~", host.home, 1), "prog", count)
        for word, target, count in (each if len(each) == 3 else (*each, 1) for each in seen)
    )
    found = advised(plan, judged(plan, Observations(kept), host.platform == MACOS))
    return {row.target.replace(host.home, "~", 1): row for row in found}


def test_a_file_alone_is_granted_alone():
    row = rows(("read", "~/.toolrc", 3))["~/.toolrc"]
    assert (row.kind, row.keep, row.harmless) == ("path", "safehouse grant ~/.toolrc", True)
    assert (row.count, row.targets, row.program) == (3, 1, "prog")


def test_several_of_a_directory_are_one_row_with_what_it_opens():
    found = rows(*(("read", f"~/docs/{name}") for name in ("a", "sub/b", "c", "d")))
    assert list(found) == ["~/docs"]
    row = found["~/docs"]
    assert (row.tree, row.targets, row.keep) == (True, 4, "safehouse grant ~/docs")
    assert row.opens == "5 entries"


def test_what_many_programs_keep_beside_each_other_is_not_opened_as_a_whole():
    paths = ("~/.config/tool/x", "~/.config/other/y", "~/.config/third/z")
    assert sorted(rows(*(("read", path) for path in paths))) == sorted(paths)


def test_a_directory_with_something_that_should_stay_closed_is_not_opened_as_a_whole():
    found = rows(*(("read", f"~/keys/{name}.txt") for name in "abc"))
    assert sorted(found) == ["~/keys/a.txt", "~/keys/b.txt", "~/keys/c.txt"]
    (row,) = rows(("read", "~/keys")).values()
    assert row.kind == "nothing" and row.keep == "" and "server.pem" in row.note


def test_the_directory_of_the_project_and_the_home_are_not_proposed():
    for path in ("~/src", "~", "/home", "/"):
        for row in rows(("list", path), ("read", path)).values():
            assert row.kind in ("closed", "nothing") and not row.keep, row


def test_a_socket_is_never_learned_without_a_question():
    host = linux(*NAMES, "srv/docker.sock=", "srv2/run/api.sock=", "srv2/a")
    row = rows(("read", "~/srv/docker.sock"), host=host)["~/srv/docker.sock"]
    assert (row.kind, row.harmless) == ("option", False) and "can be connected to" in row.note
    row = rows(("read", "~/srv2"), host=host)["~/srv2"]
    assert (row.kind, row.keep, row.harmless) == ("nothing", "", False)
    assert "srv2/run/api.sock" in row.note and "can be connected to" in row.note
    assert rows(("read", "~/srv2/a"), host=host)["~/srv2/a"].harmless


def test_where_a_socket_is_not_opened_by_sight_its_directory_can_be():
    host = mac(*NAMES, "srv2/run/api.sock=", "srv2/a")
    row = rows(("file-read-data", "~/srv2"), host=host)["~/srv2"]
    assert row.keep == "safehouse grant ~/srv2" and row.harmless


def test_another_repository_is_not_opened_as_a_whole():
    host = linux(*NAMES, "other/.git/config", *(f"other/{name}" for name in "abcd"))
    found = rows(*(("read", f"~/other/{name}") for name in "abc"), host=host)
    assert sorted(found) == ["~/other/a", "~/other/b", "~/other/c"]
    (row,) = rows(("read", "~/other"), host=host).values()
    assert (row.kind, row.keep) == ("nothing", "") and "it is a repository" in row.note


def test_what_is_far_is_told_and_not_looked_at():
    host = linux(*NAMES)
    host.files.far.add("/net")
    found = rows(("read", "/net/host/x"), ("read", "~/.toolrc"), host=host)
    row = found["/net/host/x"]
    assert (row.kind, row.keep, row.harmless) == ("nothing", "", False)
    assert "not looked at" in row.note
    assert found["~/.toolrc"].keep


def test_what_should_stay_closed_says_why_and_which_feature_opens_it_by_name():
    found = rows(("read", "~/.ssh/id_rsa"), ("read", "~/.config/gh/hosts.yml"))
    key, token = found["~/.ssh/id_rsa"], found["~/.config/gh/hosts.yml"]
    assert key.kind == token.kind == "closed"
    assert (key.feature, key.keep) == ("", "")
    assert token.feature == "gh" and token.keep == "safehouse grant --enable=gh"
    assert token.gives_up and not token.harmless


def test_what_is_written_is_granted_for_writing_and_never_without_a_question():
    row = rows(("write", "~/.toolrc"), ("read", "~/.toolrc"))["~/.toolrc"]
    assert row.keep == "safehouse grant --write ~/.toolrc"
    assert (row.does, row.harmless) == (("read", "write"), False)
    assert rows(("write", "~/.vimrc"))["~/.vimrc"].kind == "closed"


def test_what_is_made_in_the_home_is_made_first():
    row = rows(("create", "~/.new/"))["~/.new"]
    assert (row.first, row.make) == ("mkdir -p ~/.new", "directory")
    row = rows(("write", "~/.newrc"))["~/.newrc"]
    assert (row.first, row.make) == ("touch ~/.newrc", "file")


def test_temporary_files_beside_a_file_are_one_need_of_their_directory():
    found = rows(
        ("write", "~/docs/sub/b.tmp.1"), ("rename", "~/docs/sub/b"), ("create", "~/docs/sub/q")
    )
    assert list(found) == ["~/docs/sub"] and found["~/docs/sub"].writes


def test_a_directory_looked_at_on_the_way_is_not_opened():
    assert list(rows(("stat", "~/docs"), ("read", "~/docs/a"))) == ["~/docs/a"]


def test_programs_and_sockets_are_asked_about():
    assert not rows(("exec", "~/docs/a"))["~/docs/a"].harmless
    row = rows(("connect", "~/agent.sock"))["~/agent.sock"]
    assert row.kind == "option" and "can be connected to" in row.note


def test_a_closed_network_is_opened_as_a_whole():
    row = rows(("connect", "203.0.113.7:443", 9), network="none")["203.0.113.7:443"]
    assert (row.kind, row.once, row.keep) == ("option", "--network=open", "")


def test_what_is_allowed_or_nowhere_is_no_denial():
    assert rows(("read", "~/src/project/x"), ("read", "~/nowhere"), ("stat", "/usr/bin/env")) == {}


def test_what_somebody_said_is_told_as_the_reason():
    row = rows(("read", "~/docs/a"), deny=("~/docs",))["~/docs/a"]
    assert row.kind == "nothing" and "--deny closes it" in row.note


def test_too_many_are_not_looked_at_one_by_one():
    names = [f"many{n}/x" for n in range(MOST_ROWS + 20)]
    found = rows(*(("read", f"~/{name}") for name in names), host=linux(*names))
    assert len(found) == MOST_ROWS + 1


MAC = (
    ("file-read-data", "~/.toolrc", "path"),
    ("mach-lookup", "com.apple.pasteboard.1", "feature"),
    ("mach-lookup", "com.apple.diagnosticd", "noise"),
    ("file-write-data", "/dev/dtracehelper", "noise"),
    ("file-read-data", "~/.ssh/id_rsa", "closed"),
    ("mach-lookup", "com.example.nothing", "nothing"),
)


@pytest.mark.parametrize("operation, target, kind", MAC, ids=[f"{o} {t}" for o, t, _ in MAC])
def test_what_a_macs_log_says(operation, target, kind):
    (row,) = rows((operation, target), host=mac(*NAMES)).values()
    assert row.kind == kind, row


def test_what_the_system_itself_refuses_is_not_blamed_on_the_policy():
    (row,) = rows(("file-read-data", "~/src/project/x"), host=mac(*NAMES)).values()
    assert row.kind == "nothing" and "the system itself" in row.note
