"""How a shim of ours is known, and what follows: it is never the program, and nobody may change it."""

from __future__ import annotations

import os

import pytest

from safehouse.errors import NOT_FOUND, UserError
from safehouse.host import Host
from safehouse.policy.policy import Access
from safehouse.request import Request
from safehouse.sandbox import make_plan
from safehouse.sources import selection
from safehouse.sources.shim_file import is_shim, paths, program_of, remember, remembered

SHIM = "#!/bin/sh\n# safehouse-shim 0.1.0 claude\n[ -x '/a b/safehouse' ] && exec '/a b/safehouse' run\n"


@pytest.fixture
def home(in_home):
    return in_home("bin", "shims", at="src/project")


def program(path, text="#!/bin/sh\n"):
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_shim_is_known_by_how_it_begins(home):
    assert is_shim(str(program(home / "claude", SHIM)))
    for other in ("", "#!/bin/sh\n", "#!/bin/sh\n# safehouse\n", "x" + SHIM):
        assert not is_shim(str(program(home / "claude", other)))
    assert not is_shim(str(home / "missing"))
    assert not is_shim(str(home))
    assert not is_shim("a\0b")


def test_it_waits_for_nothing(home):
    os.mkfifo(home / "pipe")
    assert not is_shim(str(home / "pipe"))


def test_the_program_that_a_shim_starts_is_read_from_it():
    assert program_of(SHIM) == "/a b/safehouse"
    assert program_of("#!/bin/sh\n") == ""


def test_a_shim_is_passed_over_on_the_way_to_the_program(home):
    real = program(home / "bin/claude")
    program(home / "shims/claude", SHIM)
    assert selection.search("claude", f"{home}/shims:{home}/bin", "/") == str(real)
    assert selection.search(f"{home}/shims/claude", f"{home}/shims:{home}/bin", "/") == str(real)


def test_a_shim_alone_is_no_program(home):
    shim = program(home / "shims/claude", SHIM)
    with pytest.raises(UserError, match=f"there is only safehouse's shim, {shim}") as caught:
        selection.search("claude", f"{home}/shims:{home}/bin", "/")
    assert caught.value.status == NOT_FOUND


def test_where_there_are_shims_is_remembered(home):
    host = Host.current()
    assert remembered(host) == {}
    known = {f"{home}/shims": ("claude", "codex"), f"{home}/ä b": ("x",)}
    remember(known, host)
    assert remembered(host) == known
    assert set(paths(host)) == {f"{home}/shims/claude", f"{home}/shims/codex", f"{home}/ä b/x"}
    assert (home / ".local/state/safehouse/shims").stat().st_mode & 0o777 == 0o600


def test_what_others_could_have_written_is_not_believed(home):
    host = Host.current()
    remember({}, host)
    (home / ".local/state/safehouse/shims").chmod(0o666)
    with pytest.raises(UserError, match="can be written by others"):
        remembered(host)


def test_no_option_opens_a_shim_for_writing(home):
    program(home / "shims/claude", SHIM)
    program(home / "shims/other")
    remember({f"{home}/shims": ("claude",)}, Host.current())
    policy = make_plan(Request(add_dirs=("~/shims",)), Host.current()).policy
    for operation in ("file-write-data", "file-write-unlink", "file-write-create"):
        decision = policy.decide(Access(operation, f"{home}/shims/claude"))
        assert not decision.allowed
        assert "a shim" in decision.rule.origin.reason
    assert policy.decide(Access("file-write-data", f"{home}/shims/other")).allowed
    assert not policy.decide(Access("file-write-unlink", f"{home}/shims")).allowed
