"""What sources say of paths: what is taken, what is refused or left out, and how."""

from __future__ import annotations

import pytest

from safehouse.errors import UserError
from safehouse.policy.planting import Planting
from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, DENY, Filter, Tier
from safehouse.policy.words import WRITE
from safehouse.request import Request
from safehouse.sources import command_line, settings
from safehouse.sources.settings import (
    CLOSED,
    READ_AND_WRITE,
    READ_ONLY,
    Item,
    Settings,
    contains,
    looked_up,
    narrowing,
    too_wide,
)
from tests.fake_host import HOME, linux, mac, planned

PROJECT = f"{HOME}/src/project"


def allows(request, operation, path, host=None):
    policy = planned(host or mac(), request).policy
    return policy.decide(Access(operation, path)).allowed


def items(*texts):
    return tuple(Item(text, f"file:{number}") for number, text in enumerate(texts, 1))


def found(source, host, workdir=PROJECT, written=()):
    return looked_up(source, host, workdir, Planting(host, lambda: written))


def grants(request, host, workdir):
    """Those of the command line."""
    source = command_line.settings(request, host)
    return list(
        settings.grants([(source, found(source, host, workdir)[0])], [workdir] if workdir else [])
    )


def lasting(tier=Tier.USER, base=HOME, **lists):
    """A source that is meant to last."""
    return Settings(tier, "a file", base, **{name: items(*texts) for name, texts in lists.items()})


# Typed for one launch


def test_a_directory_is_a_tree_and_a_file_is_that_file():
    """R16."""
    host = mac("data/x", "file", ".git-ignored/x")
    request = Request(add_dirs=("~/data", "~/file"))
    kinds = {g.filter.value: g.filter.kind for g in grants(request, host, "")}
    assert kinds == {f"{HOME}/data": "subpath", f"{HOME}/file": "literal"}


def test_reading_is_not_writing():
    request, host = Request(add_dirs_ro=("~/data",)), mac("data/x")
    assert allows(request, "file-read-data", f"{HOME}/data/x", host)
    assert allows(request, "file-clone", f"{HOME}/data/x", host)
    for operation in ("file-write-data", "file-write-unlink", "file-link"):
        assert not allows(request, operation, f"{HOME}/data/x", host)


def test_of_one_path_writing_wins_over_reading():
    request = Request(add_dirs_ro=("~/a", "~/a/b"), add_dirs=("~/a/b",))
    host = mac("a/b/c")
    assert allows(request, "file-write-data", f"{HOME}/a/b/c", host)
    assert not allows(request, "file-write-data", f"{HOME}/a/x", host)


def test_a_refusal_wins_over_all_that_is_asked_for():
    host = mac("src/project/secret/x", ".claude/x")
    request = Request(
        add_dirs=("secret", "~/.claude"), deny=("secret", "~/.claude"), agent="claude"
    )
    for path in (f"{PROJECT}/secret/x", f"{HOME}/.claude/x"):
        for operation in (
            "file-read-data",
            "file-read-metadata",
            "file-write-data",
            "network-outbound",
        ):
            assert not allows(request, operation, path, host)
    assert allows(request, "file-read-data", f"{PROJECT}/secret2", host)
    assert not allows(request, "file-write-unlink", PROJECT, host)  # it would take secret/ with it


@pytest.mark.parametrize("option", ["add_dirs", "add_dirs_ro", "deny"])
@pytest.mark.parametrize("path", ["~/none", "none", "/Users/me/none", "", "~x/y", "a\nb", "a\x7fb"])
def test_what_is_not_there_is_refused_by_its_name(option, path):
    """R18, R75."""
    with pytest.raises(UserError) as error:
        grants(Request(**{option: (path,)}), mac(), PROJECT)
    assert error.value.message.startswith("--" + option.replace("_", "-") + ": ")
    assert "\n" not in error.value.message


@pytest.mark.parametrize(
    "name", ["with blank", 'quo"te', "back\\slash", "ümlaut", "日本", "a&b", "$(x)", "a:b"]
)
def test_any_printable_name_is_taken_literally(name):
    """R18."""
    assert allows(
        Request(add_dirs=(f"~/{name}",)), "file-write-data", f"{HOME}/{name}/x", mac(f"{name}/x")
    )


def test_a_link_grants_its_target_and_may_be_looked_at():
    host = mac("data/x", links={"l": "data"})
    request = Request(add_dirs_ro=("~/l",))
    assert allows(request, "file-read-data", f"{HOME}/data/x", host)
    assert allows(request, "file-read-metadata", f"{HOME}/l", host)
    assert not allows(request, "file-read-data", f"{HOME}/l/x", host)


def test_a_link_inside_the_project_that_leads_out_of_it_is_refused():
    """An earlier command could have made it: `ln -s ~/.ssh data`."""
    host = mac("data/x", links={"src/project/l": "../../data"})
    for option in ("add_dirs", "add_dirs_ro"):
        with pytest.raises(UserError) as error:
            grants(Request(**{option: ("l",)}), host, PROJECT)
        assert f"through the link {PROJECT}/l to {HOME}/data" in error.value.message
        assert f"={HOME}/data" in error.value.hint
    assert [g.action for g in grants(Request(deny=("l",)), host, "")] == [DENY]


def test_a_link_inside_the_project_that_stays_in_it_is_fine():
    host = mac("src/project/a/x", links={"src/project/l": "a"})
    opened = [g for g in grants(Request(add_dirs_ro=("l",)), host, PROJECT) if g.action == ALLOW]
    assert {g.filter.value for g in opened} == {f"{PROJECT}/l", f"{PROJECT}/a"}


def test_each_says_which_option_it_came_from():
    host = mac("a/", "b/", "c/")
    request = Request(add_dirs=("~/a",), add_dirs_ro=("~/b",), deny=("~/c",))
    origins = [g.origin for g in grants(request, host, PROJECT)]
    assert [o.source for o in origins] == ["--add-dirs-ro", "--add-dirs", "--deny"]
    assert {o.tier for o in origins} == {Tier.COMMAND_LINE}


@pytest.mark.parametrize(
    "directory, path, answer",
    [("/a", "/a", True), ("/a", "/a/b", True), ("/a", "/ab", False), ("/", "/a", True), ("/", "/", True),
     ("/a/b", "/a", False)],
)  # fmt: skip
def test_contains(directory, path, answer):
    assert contains(directory, path) == answer


def test_what_lies_deeper_has_the_last_word():
    request = Request(add_dirs=("~/a",), add_dirs_ro=("~/a/b",))
    host = mac("a/b/c")
    assert allows(request, "file-write-data", f"{HOME}/a/x", host)
    assert allows(request, "file-read-data", f"{HOME}/a/b/c", host)
    assert not allows(request, "file-write-data", f"{HOME}/a/b/c", host)


def test_read_only_inside_of_the_project_closes_it_for_writing():
    """Else naming it would say nothing. The project itself, and what is around it, stay as they are."""
    host = mac("src/project/vendor/x")
    for named in ("vendor", f"{PROJECT}/vendor"):
        request = Request(add_dirs_ro=(named,))
        assert allows(request, "file-read-data", f"{PROJECT}/vendor/x", host)
        assert not allows(request, "file-write-data", f"{PROJECT}/vendor/x", host)
        assert allows(request, "file-write-data", f"{PROJECT}/main.c", host)
    for named in (".", "..", "~"):
        assert allows(Request(add_dirs_ro=(named,)), "file-write-data", f"{PROJECT}/x", host)


# Kept in a file


def test_what_is_not_there_is_left_out_and_told():
    source = lasting(add_dirs=["~/none"], add_dirs_ro=["/nowhere"])
    paths, ignored = found(source, mac())
    assert not paths
    assert [(i.what, i.place, i.why) for i in ignored] == [
        ("read-only /nowhere", "file:1", "it does not exist"),
        ("write ~/none", "file:1", "it does not exist"),
    ]


def test_a_refusal_holds_for_what_is_not_there_yet():
    paths, ignored = found(lasting(deny=["~/none"]), mac())
    (grant,) = settings.grants([(lasting(), paths)], [PROJECT])
    assert not ignored
    assert (grant.action, grant.filter) == (DENY, Filter("subpath", f"{HOME}/none"))
    assert grant.existing_only


@pytest.mark.parametrize("mode", ["add_dirs", "add_dirs_ro"])
@pytest.mark.parametrize("path", ["/", "/Users", "~", "~/", "/Users/me/src/.."])
@pytest.mark.parametrize("tier", [Tier.REPOSITORY, Tier.USER, Tier.DIRECTORY])
def test_no_file_opens_the_home_or_what_holds_it(mode, path, tier):
    paths, ignored = found(lasting(tier, **{mode: [path]}), mac())
    assert not paths
    assert "holds your whole home" in ignored[0].why
    assert allows(Request(**{mode: (path,)}), "file-read-data", f"{HOME}/x")


@pytest.mark.parametrize(
    "path, modes",
    [
        ("~/.config/safehouse", (READ_ONLY, READ_AND_WRITE)),
        ("~/.config/safehouse/config.yaml", (READ_ONLY, READ_AND_WRITE)),
        ("~/.cache/safehouse", (READ_ONLY, READ_AND_WRITE)),
        ("~/.zshrc", (READ_AND_WRITE,)),
        ("~/.config/fish/conf.d", (READ_AND_WRITE,)),
        ("~/src/project/.safehouse.yaml", (READ_AND_WRITE,)),
        ("~/.config", ()),
        ("~/src", ()),
    ],
)
def test_what_is_protected_cannot_be_kept(path, modes):
    host = mac(".config/safehouse/config.yaml", ".zshrc", ".config/fish/conf.d/", "src/x")
    real = HOME + path[1:]
    for mode in (READ_ONLY, READ_AND_WRITE):
        assert bool(too_wide(host, real, mode, PROJECT)) == (mode in modes), mode
    assert not too_wide(host, real, CLOSED, PROJECT)


def test_a_variable_cannot_open_the_home_either():
    """A project's tooling can set variables."""
    host = mac(environ={"SAFEHOUSE_ADD_DIRS_RO": "~"})
    with pytest.raises(UserError) as error:
        planned(host, Request())
    assert "SAFEHOUSE_ADD_DIRS_RO: ~: it holds your whole home" in error.value.message


@pytest.mark.parametrize("link", ["src/project/l", ".cache/l"])
def test_a_link_that_a_confined_program_could_have_made_is_not_followed(link):
    host = mac("data/x", ".cache/", links={link: f"{HOME}/data"})
    source = lasting(add_dirs_ro=[f"~/{link}"])
    paths, ignored = found(source, host, written=[Filter("subpath", "~/.cache")])
    assert not paths
    assert f"the link {HOME}/{link}" in ignored[0].why


def test_a_link_of_the_person_s_own_is_followed():
    host = mac("data/x", links={"docs": f"{HOME}/data"})
    paths, ignored = found(lasting(add_dirs_ro=["~/docs"]), host)
    assert [named.real for named in paths] == [f"{HOME}/data"]
    assert not ignored


def test_relative_paths_are_those_of_the_source():
    host = mac("src/project/a/", "src/lib/")
    source = lasting(Tier.REPOSITORY, base=PROJECT, add_dirs_ro=["../lib"], deny=["a"])
    paths, _ = found(source, host)
    assert [named.real for named in paths] == [f"{HOME}/src/lib", f"{PROJECT}/a"]


# Sources one after the other


def decided(host, operation, path, *sources, workdir=PROJECT):
    from safehouse.policy.resolve import resolve

    looked = [(source, found(source, host, workdir)[0]) for source in sources]
    own = [command_line.grant(workdir, "--workdir")]
    policy = resolve([*own, *settings.grants(looked, [workdir])], host, workdir)
    return policy.decide(Access(operation, path)).allowed


def test_a_later_source_wins():
    host = mac("a/x")
    opened, closed = {"add_dirs": ["~/a"]}, {"deny": ["~/a"]}
    user, nearest = Tier.USER, Tier.DIRECTORY
    for first, second, answer in ((opened, closed, False), (closed, opened, True)):
        sources = lasting(user, **first), lasting(nearest, **second)
        assert decided(host, "file-write-data", f"{HOME}/a/x", *sources) == answer


def test_a_later_read_only_narrows_an_earlier_write():
    host = mac("a/b/x")
    sources = lasting(Tier.USER, add_dirs=["~/a"]), lasting(Tier.DIRECTORY, add_dirs_ro=["~/a/b"])
    assert decided(host, "file-write-data", f"{HOME}/a/x", *sources)
    assert not decided(host, "file-write-data", f"{HOME}/a/b/x", *sources)


def test_a_later_read_only_narrows_the_same_path():
    host = mac("a/x")
    sources = lasting(Tier.USER, add_dirs=["~/a"]), lasting(Tier.DIRECTORY, add_dirs_ro=["~/a"])
    assert decided(host, "file-read-data", f"{HOME}/a/x", *sources)
    assert not decided(host, "file-write-data", f"{HOME}/a/x", *sources)


def test_a_wide_grant_does_not_undo_a_refusal_inside_of_it_and_a_named_one_does():
    host = mac("src/project/.env")
    path = f"{PROJECT}/.env"
    closed = lasting(Tier.REPOSITORY, base=PROJECT, deny=[".env"])
    for wide in ("~/src", "~/src/project", "/Users"):
        opened = command_line.settings(Request(add_dirs=(wide,)), host)
        assert not decided(host, "file-read-data", path, closed, opened)
        assert decided(host, "file-read-data", f"{PROJECT}/x", closed, opened)
    named = command_line.settings(Request(add_dirs_ro=(".env",)), host)
    assert decided(host, "file-read-data", path, closed, named)


def test_read_only_stands_inside_of_what_is_opened_later():
    host = mac("a/b/x")
    sources = lasting(Tier.USER, add_dirs_ro=["~/a/b"]), lasting(Tier.DIRECTORY, add_dirs=["~/a"])
    assert decided(host, "file-write-data", f"{HOME}/a/x", *sources)
    assert not decided(host, "file-write-data", f"{HOME}/a/b/x", *sources)


def test_read_only_inside_of_what_a_profile_opens_closes_it():
    host = mac(".claude/skills/x")
    for path, written in ((".claude/skills/x", False), (".claude/x", True)):
        request = Request(agent="claude", add_dirs_ro=("~/.claude/skills",))
        assert allows(request, "file-write-data", f"{HOME}/{path}", host) == written
    around = Request(agent="claude", add_dirs_ro=("~/.claude",))
    assert allows(around, "file-write-data", f"{HOME}/.claude/x", host)


@pytest.mark.parametrize("mode", ["deny", "add_dirs_ro"])
def test_a_link_by_which_something_is_closed_keeps_its_place(mode):
    """Else the name could be given to something else."""
    host = mac("src/project/a/x", links={"src/project/l": "a"})
    request = Request(**{mode: ("l",)})
    assert not allows(request, "file-write-unlink", f"{PROJECT}/l", host)
    assert not allows(request, "file-write-data", f"{PROJECT}/a/x", host)


# What a project says without trust


def test_refusals_and_narrower_modes_apply_and_the_rest_is_asked_for():
    host = mac("src/project/vendor/", "src/project/secret", "lib/", "src/project/out/")
    source = lasting(
        Tier.REPOSITORY,
        base=PROJECT,
        add_dirs=["out", "../../lib"],
        add_dirs_ro=["vendor", ".", "../../lib"],
        deny=["secret", "/etc"],
        enable=["ssh"],
        env_pass=["TOKEN"],
        append_profile=["x.sb"],
        network=["none"],
    )
    narrow, kept, wider = narrowing(source, found(source, host)[0], PROJECT)
    assert [(n.mode, n.real) for n in kept] == [
        (READ_ONLY, f"{PROJECT}/vendor"),
        (CLOSED, "/private/etc"),
        (CLOSED, f"{PROJECT}/secret"),
    ]
    assert [item.text for item in narrow.network] == ["none"]
    assert not (narrow.enable or narrow.env_pass or narrow.append_profile)
    asked = [item.text for item in wider]
    assert asked == [".", "../../lib", "out", "../../lib", "ssh", "TOKEN", "x.sb"]


def test_a_project_cannot_open_the_network_again():
    source = lasting(Tier.REPOSITORY, base=PROJECT, network=["open"])
    narrow, _, wider = narrowing(source, (), PROJECT)
    assert not narrow.network
    assert [item.text for item in wider] == ["open"]


def test_on_linux_what_is_read_only_is_a_refusal_of_writing():
    host = linux("src/project/vendor/")
    source = lasting(Tier.REPOSITORY, base=host.cwd, add_dirs_ro=["vendor"])
    looked = found(source, host, host.cwd)[0]
    refusals = [g for g in settings.grants([(source, looked)], [host.cwd]) if g.action == DENY]
    assert [(g.operations, g.filter.value) for g in refusals] == [(WRITE, f"{host.cwd}/vendor")]
