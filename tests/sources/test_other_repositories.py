"""Mercurial and Jujutsu: what would run with the person's next command is not written."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.policy.policy import Access
from safehouse.policy.rule import Tier
from safehouse.request import Request
from tests.fake_host import linux, mac, planned

HG = ("src/project/.hg/requires", "src/project/.hg/store/")
JJ = ("src/project/.jj/working_copy/x", "src/project/.jj/repo/store/type")
BARE = tuple(f"src/project/.jj/repo/store/git/{name}" for name in ("HEAD", "config", "objects/"))


@pytest.fixture(params=[mac, linux], ids=["macos", "linux"])
def host(request):
    return request.param


def writes(host, name, *names, **request):
    held = planned(host(*names), Request(**request)).policy
    return held.decide(Access("file-write-data", f"{host().home}/{name}")).allowed


@pytest.mark.parametrize("name", [".hg/hgrc", ".hg/hgrc-not-shared", ".hg/sharedpath"])
def test_settings_of_mercurial(host, name):
    assert not writes(host, f"src/project/{name}", *HG)
    assert writes(host, "src/project/.hg/dirstate", *HG)
    assert writes(host, "src/project/.hg/store/x", *HG)


@pytest.mark.parametrize(
    "name", ["repo/config.toml", "workspace-config.toml", "repo/store/git_target"]
)
def test_settings_of_jujutsu(host, name):
    assert not writes(host, f"src/project/.jj/{name}", *JJ)
    assert writes(host, "src/project/.jj/repo/op_store/x", *JJ)


def test_a_workspace_of_jujutsu_stays_one_of_its_repository(host):
    assert not writes(host, "src/project/.jj/repo", "src/project/.jj/repo")


@pytest.mark.parametrize("name", ["config", "hooks/post-update"])
def test_git_s_own_files_in_a_repository_of_jujutsu(host, name):
    assert not writes(host, f"src/project/.jj/repo/store/git/{name}", *JJ, *BARE)
    assert writes(host, "src/project/.jj/repo/store/git/objects/x", *JJ, *BARE)


def test_of_each_directory_that_is_opened(host):
    assert not writes(host, "other/.hg/hgrc", "other/.hg/requires", add_dirs=("~/other",))


def test_nothing_opens_it_and_a_stub_holds_it():
    found = planned(linux(*HG), Request(add_dirs=("~/src/project/.hg",))).policy
    rule = found.decide(Access("file-write-data", "/home/me/src/project/.hg/hgrc")).rule
    assert (rule.origin.tier, rule.create) == (Tier.PROTECTED, "file:")


def test_a_project_without_them_has_no_such_rules(host):
    assert writes(host, "src/project/.hg/hgrc")


def test_a_link_in_its_place_is_refused(host):
    with pytest.raises(UserError, match="symbolic link"):
        planned(host("repo/", links={"src/project/.hg": "../../repo"}), Request())
