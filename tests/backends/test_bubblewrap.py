"""What bwrap is asked to do, in which order, and by which bwrap. Confinement itself: tests/confinement."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from safehouse.backends import bubblewrap
from safehouse.backends.bubblewrap import Bubblewrap
from safehouse.errors import REFUSED, UserError
from safehouse.launch import FULL, PARTIAL, Enforcement, Input, Launch, Words
from safehouse.request import Request
from tests.fake_host import linux, planned

W = "/home/me/src/project"
SECRET = "sk-very-secret"


@pytest.fixture(autouse=True)
def _a_bwrap(monkeypatch):
    monkeypatch.setattr(bubblewrap, "_program", lambda: "/usr/bin/bwrap", raising=True)


def steps(host=None, **request):
    """The options of a plan, each with its values."""
    plan = planned(host or linux(), Request(**request))
    launch = Bubblewrap().prepare(plan.policy, plan.host, ("/usr/bin/env",))
    (words,) = [part.words for part in launch.argv if isinstance(part, Words)]
    found = []
    for word in words:
        if isinstance(word, str) and word.startswith("--"):
            found.append([word])
        else:
            found[-1].append(word)
    return found


def place(found, *step):
    """Where a step stands; every one of them is expected exactly once."""
    (number,) = [n for n, other in enumerate(found) if other[: len(step)] == list(step)]
    return number


def test_namespaces_and_capabilities():
    names = {step[0] for step in steps()}
    assert {
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--die-with-parent",
    } <= names
    assert ["--cap-drop", "ALL"] in steps()
    assert "--new-session" not in names  # it takes job control: linux.md 1.6
    assert "--unshare-net" not in names


def test_without_network_there_is_a_network_of_its_own():
    assert ["--unshare-net"] in steps(network="none")


def test_what_is_private_is_made_before_what_lies_in_it_and_what_is_read_only_last():
    """linux.md 1.7: a /tmp that is mounted last hides what was mounted in it."""
    host = linux("/tmp/data/x", ".gitconfig", ".npm/")
    found = steps(host, add_dirs=("/tmp/data",))
    assert place(found, "--tmpfs", "/tmp") < place(found, "--bind", "/tmp/data")
    assert place(found, "--tmpfs", "/home/me") < place(found, "--ro-bind", "/home/me/.gitconfig")
    assert place(found, "--proc", "/proc") < place(found, "--ro-bind", "/usr")
    assert place(found, "--dev", "/dev") < place(found, "--ro-bind", "/usr")
    outer, inner = place(found, "--bind", W), place(found, "--ro-bind", f"{W}/.git/hooks")
    assert outer < place(found, "--bind", f"{W}/.git") < inner
    last_mount = max(n for n, step in enumerate(found) if step[0] in ("--bind", "--ro-bind"))
    assert last_mount < place(found, "--remount-ro", "/")
    assert place(found, "--remount-ro", "/") < place(found, "--chdir", W)


def test_the_mark_is_made_before_the_root_becomes_read_only():
    found = steps()
    assert place(found, "--symlink", "safehouse", bubblewrap.MARK) < place(
        found, "--remount-ro", "/"
    )


def test_permissions_come_directly_before_what_they_are_for():
    found = steps()
    tmp = place(found, "--tmpfs", "/tmp")
    assert found[tmp - 1] == ["--perms", "1777"]
    assert found[place(found, "--tmpfs", "/home/me") - 1] == ["--perms", "0700"]


def test_what_is_hidden_is_empty_and_cannot_be_opened():
    host = linux("src/project/s/x", "src/project/f")
    found = steps(host, deny=("s", "f"))
    tree = place(found, "--tmpfs", f"{W}/s")
    assert found[tree - 1] == ["--perms", "0000"]
    assert found[tree + 1] == ["--remount-ro", f"{W}/s"]
    file = next(n for n, step in enumerate(found) if step[0] == "--ro-bind-data")
    assert found[file][2:] == [f"{W}/f"]
    assert found[file][1] == Input(b"")
    assert found[file - 1] == ["--perms", "0000"]


def test_a_closed_directory_with_something_open_in_it_is_gone_through_and_becomes_read_only_last():
    """Nothing can be mounted in one that is read-only already: wide-read with ssh did not start."""
    host = linux(
        ".ssh/config", ".ssh/id_rsa", "dot/hosts", links={".ssh/known_hosts": "../dot/hosts"}
    )
    found = steps(host, enable=("wide-read", "ssh"))
    tree = place(found, "--tmpfs", "/home/me/.ssh")
    assert found[tree - 1] == ["--perms", "0111"]
    closed = place(found, "--remount-ro", "/home/me/.ssh")
    assert place(found, "--ro-bind", "/home/me/.ssh/config") < closed
    assert place(found, "--symlink", "../dot/hosts", "/home/me/.ssh/known_hosts") < closed
    assert closed < place(found, "--remount-ro", "/")


def test_as_root_the_settings_of_the_kernel_are_read_only():
    """linux.md 1.9: core_pattern runs a program outside."""
    found = steps(linux(user=0))
    assert (
        place(found, "--ro-bind", "/proc/sys", "/proc/sys") == place(found, "--proc", "/proc") + 1
    )
    assert ["--ro-bind", "/proc/sys", "/proc/sys"] not in steps(linux(user=1000))


def test_the_home_is_one_of_this_launch_s_own():
    """A cache that is missing is made in it by whoever wants one, and is gone afterwards."""
    found = steps()
    assert place(found, "--tmpfs", "/home/me") < place(found, "--remount-ro", "/")
    assert not any("/home/me/.npm" in step for step in found)
    assert ["--remount-ro", "/home/me"] not in found


def test_where_the_person_granted_the_root_it_is_mounted_first():
    host = linux(cwd="/")
    found = steps(host, workdir="/")
    root = place(found, "--bind", "/", "/")
    assert root < place(found, "--proc", "/proc") < place(found, "--dev", "/dev")
    assert root < place(found, "--tmpfs", "/tmp")
    assert not [step for step in found if bubblewrap.MARK in step]
    assert ["--remount-ro", "/"] not in found


# What reaches bwrap


def launch(host=None, command=("/usr/bin/env", "x"), **request):
    plan = planned(host or linux(), Request(**request))
    return Bubblewrap().prepare(plan.policy, plan.host, command)


def test_nothing_of_the_environment_is_in_the_arguments():
    """Anybody can read them."""
    host = linux(environ={"TOKEN": SECRET})
    found = launch(host, env_pass=("TOKEN",))
    plain = [part for part in found.argv if isinstance(part, str)]
    assert SECRET not in " ".join(plain)
    (words,) = [part.words for part in found.argv if isinstance(part, Words)]
    assert words[words.index("TOKEN") - 1 : words.index("TOKEN") + 2] == (
        "--setenv",
        "TOKEN",
        SECRET,
    )
    assert found.environment == ()


def test_the_command_comes_last_as_it_is():
    command = ("/x y/tool", "--bind", "/", "--", "a=b", "")
    found = launch(command=command)
    assert found.argv[-len(command) :] == command
    assert "--" in found.argv[: -len(command)]
    assert found.argv[:2] == ("bwrap", "--args")
    assert found.program == "/usr/bin/bwrap"


def test_a_program_with_an_equals_sign_is_not_taken_for_a_variable():
    """By `env`, which resets signals before it."""
    found = launch(command=("/x/a=b",))
    assert found.argv[-2:] == ("--", "/x/a=b")


def test_it_is_full_where_all_is_enforced_and_partial_where_not():
    assert launch().enforcement.level == FULL
    assert launch().enforcement.wider == ()
    host = linux(git=False)
    wider = launch(host, add_dirs=(W,), command=("/usr/bin/env",)).enforcement
    assert (wider.level == PARTIAL) == bool(wider.wider or [n for n in wider.notes if "start" in n])


def test_what_this_system_cannot_mediate_is_said():
    assert any(
        "sockets that lie inside a granted directory" in note for note in launch().enforcement.notes
    )


def test_shown_to_a_person_no_value_of_a_variable_is_in_it():
    plan = planned(
        linux("it's/x", environ={"TOKEN": SECRET}),
        Request(env_pass=("TOKEN",), add_dirs=("~/it's",)),
    )
    text = Bubblewrap().render(plan.policy, plan.host)
    assert SECRET not in text
    assert "--setenv TOKEN ..." in text
    assert "'/home/me/it'\\''s'" in text
    assert text.startswith("bwrap \\\n  --unshare-user \\\n")
    assert text.endswith("\n") and not text.endswith("\\\n")


def test_more_files_than_may_be_open_are_told_before_anything_is_made():
    options = Words(tuple(Input() for _ in range(2_000_000)))
    with pytest.raises(UserError) as error:
        Bubblewrap().start(Launch("/none", (options,), (), Enforcement(FULL, "test")))
    assert "2000000 files" in error.value.message
    assert "ulimit -n" in error.value.hint


# Which bwrap


def found_program(monkeypatch, files):
    """`files`: of each place, its owner and mode."""
    monkeypatch.undo()
    real = os.stat

    def stat(path, **options):
        if not str(path).endswith("/bwrap"):
            return real(path, **options)
        if path not in files:
            raise FileNotFoundError(2, "No such file", path)
        owner, mode = files[path]
        return SimpleNamespace(st_uid=owner, st_gid=0, st_nlink=1, st_mode=0o100000 | mode)

    monkeypatch.setattr(bubblewrap.os, "stat", stat)
    return bubblewrap._program()


def test_it_is_one_that_only_root_can_change(monkeypatch):
    """U3: Never what PATH says."""
    monkeypatch.setenv("PATH", "/home/me/bin")
    assert found_program(monkeypatch, {"/usr/bin/bwrap": (0, 0o755)}) == "/usr/bin/bwrap"
    others = {"/usr/bin/bwrap": (1000, 0o755), "/usr/local/bin/bwrap": (0, 0o755)}
    assert found_program(monkeypatch, others) == "/usr/local/bin/bwrap"


@pytest.mark.parametrize("owner, mode", [(1000, 0o755), (0, 0o775), (0, 0o757)])
def test_one_that_others_can_change_is_none(monkeypatch, owner, mode):
    with pytest.raises(UserError):
        found_program(
            monkeypatch, {"/usr/bin/bwrap": (owner, mode), "/home/me/bin/bwrap": (0, 0o755)}
        )


def test_a_missing_one_comes_with_the_command_that_installs_it(monkeypatch):
    with pytest.raises(UserError) as error:
        found_program(monkeypatch, {})
    assert error.value.status == REFUSED
    assert "bubblewrap" in error.value.message
    assert "bubblewrap" in error.value.hint


# Inside


@pytest.mark.parametrize(
    "mark, read_only, inside",
    [
        ("safehouse", True, True),
        ("safehouse", False, False),
        ("else", True, False),
        ("", True, False),
    ],
)
def test_inside_is_what_the_mount_namespace_shows_not_what_a_variable_says(
    mark, read_only, inside, tmp_path, monkeypatch
):
    path = tmp_path / "mark"
    if mark:
        path.symlink_to(mark)
    monkeypatch.setattr(bubblewrap, "MARK", str(path))
    flags = SimpleNamespace(f_flag=os.ST_RDONLY if read_only else 0)
    monkeypatch.setattr(bubblewrap.os, "statvfs", lambda _path: flags)
    for value in ("", "0", "1"):
        assert Bubblewrap().inside(linux(environ={"SAFEHOUSE_SANDBOX": value})) == inside


def test_a_file_is_no_mark(tmp_path, monkeypatch):
    (tmp_path / "mark").write_text("safehouse")
    monkeypatch.setattr(bubblewrap, "MARK", str(tmp_path / "mark"))
    monkeypatch.setattr(
        bubblewrap.os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY)
    )
    assert not Bubblewrap().inside(linux())
