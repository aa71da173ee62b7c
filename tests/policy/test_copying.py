"""No directory is cloned that has something in it which is closed."""

from __future__ import annotations

from safehouse.policy.policy import Access
from safehouse.request import Request
from tests.fake_host import HOME, mac, planned


def test_a_directory_with_something_closed_in_it_cannot_be_cloned():
    """clonefile copies a directory with all that is in it, under names that nothing is denied by."""
    host = mac("src/project/config/key", "src/project/lib/x")
    held = planned(host, Request(deny=("config/key",))).policy
    project = f"{HOME}/src/project"

    def clones(path):
        return held.decide(Access("file-clone", path)).allowed

    assert not clones(project)
    assert not clones(f"{project}/config")
    assert clones(f"{project}/lib")
    assert clones(f"{project}/config/other")
    assert not clones("/usr/local")
    assert clones("/usr/lib/x")


def test_what_is_granted_by_its_name_alone_is_listed_and_not_cloned():
    host = mac(".config/gh/hosts.yml", ".CFUserTextEncoding")
    held = planned(host, Request()).policy
    assert held.decide(Access("file-read-data", f"{HOME}/.config")).allowed
    assert not held.decide(Access("file-clone", f"{HOME}/.config")).allowed
    assert held.decide(Access("file-clone", f"{HOME}/.CFUserTextEncoding")).allowed


def test_where_names_are_closed_no_directory_is_cloned():
    host = mac("src/project/.env")
    host.files.walked[(f"{HOME}/src/project",)] = ()
    held = planned(host, Request(deny_secrets=True)).policy
    for path in ("", "/a", "/a/b"):
        assert not held.decide(Access("file-clone", f"{HOME}/src/project{path}")).allowed
