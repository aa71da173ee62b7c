"""Git's settings are read as git reads them; what git itself says is the measure."""

from __future__ import annotations

import random
import shutil
import subprocess
import time

import pytest

from safehouse.errors import UserError
from safehouse.sources.git_config import MOST_BYTES, parse, settings
from safehouse.sources.git_keys import is_address, may_name_programs, runs

GIT = shutil.which("git")
TEXTS = [
    "[core]\n\tpager = less -R\n",
    "[core]pager=x\n",
    "[core] pager = x ; y\n[core]\n# pager = z\n",
    "[CORE]\nPaGeR = X\n",
    '[a "B c"]\nk = v\n',
    '[a "B\\"c\\\\d\\x"]\nk = v\n',
    "[a.B]\nk = v\n",
    "[a]\nk\nl =\nm = \n",
    '[a]\nk = "x ; y" # z\n',
    '[a]\nk = x" y "z\n',
    "[a]\nk = x\\\n  y\n",
    "[a]\n; x \\\nk = v\n",
    "[a]\nk = v # x \\\nl = w\n",
    '[a]\nk = "x\\\ny"\n',
    '[a]\nk = \\"x\\" \\\\ \\t|\n',
    "[a]\r\nk = v\r\n[b]\r\nl = w\r\n",
    "\ufeff[a]\nk = v\n",
    "[a] [b] k = v\n",
    '[a "]"]\nk = v\n',
    "[a]\n\tk = v\n\tk = w\n[b]\nk = 1\n[a]\nk = x\n",
    "[a]\nk = v",
    "[a]\nk-1 = =x=\n",
    '[includeIf "gitdir:~/x y/"]\n\tpath = "~/a b" ; c\n',
]
_ATOMS = (
    "[core]", '[Core "a\\"b"]', "[x.Y]", "[include]", "key = ", "key=", " = ", '"', "\\", "\n", "\n\t",
    "#", ";", " ", "a b", "\\n", "\\\\", '\\"', "]", "\r\n", "path=", "x-y=", '[a "b c"] k=v', "\\\n",
)  # fmt: skip


def by_git(path):
    """What git reads, as name and value; None where it stops at an error."""
    done = subprocess.run(
        [GIT, "config", "--file", path, "--null", "--list"], capture_output=True, env={}
    )
    if done.returncode:
        return None
    entries = [entry.partition("\n") for entry in done.stdout.decode().split("\0")[:-1]]
    return [(name, value if equals else "true") for name, equals, value in entries]


def by_us(text):
    return [(setting.name, setting.value) for setting in parse(text)]


@pytest.mark.skipif(not GIT, reason="no git")
@pytest.mark.parametrize("text", TEXTS)
def test_it_is_read_as_git_reads_it(text, tmp_path):
    file = tmp_path / "config"
    file.write_bytes(text.encode())
    expected = by_git(file)
    assert expected is not None
    assert by_us(text) == expected


@pytest.mark.skipif(not GIT, reason="no git")
def test_whatever_git_reads_we_read_as_well(tmp_path):
    chance = random.Random(1)
    compared = 0
    for _ in range(600):
        text = "[core]\n" + "".join(chance.choices(_ATOMS, k=chance.randrange(1, 12)))
        file = tmp_path / "config"
        file.write_bytes(text.encode())
        expected = by_git(file)
        if expected is not None:
            compared += 1
            assert by_us(text) == expected, repr(text)
    assert compared > 50


@pytest.mark.parametrize(
    "text", ["[", "]", '["', "=", "[a", '[a "', "[a]\nk = \\", "\\", "\0", "[a]\n=x", "[a]\nk = \"x", "[[["]
)  # fmt: skip
def test_what_git_would_stop_at_does_not_stop_us(text):
    found = list(parse(text + "\n[core]\npager = x\n"))
    assert (found[-1].key, found[-1].value) == ("pager", "x")


def test_a_value_ends_where_git_s_would():
    """Git keeps values as C does."""
    assert by_us("[a]\nk = x\0y\n") == [("a.k", "x")]


def test_bytes_that_are_no_text_are_kept(tmp_path):
    (tmp_path / "config").write_bytes(b"[a]\nk = \xff\n")
    assert settings(str(tmp_path / "config"))[0].value == "\udcff"


@pytest.mark.parametrize("kind", ["missing", "directory", "link"])
def test_what_is_no_file_has_no_settings(tmp_path, kind):
    path = tmp_path / "config"
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "other").write_text("[a]\nk = v\n")
        path.symlink_to("other")
    assert settings(str(path)) == []


def test_one_that_is_too_long_to_be_looked_through_is_refused(tmp_path):
    """What stands behind the end would be obeyed by git."""
    path = tmp_path / "config"
    path.write_text("#" * MOST_BYTES + "\n[core]\npager = x\n")
    with pytest.raises(UserError, match="larger than"):
        settings(str(path))


RUNNING = """
core.hooksPath=x core.fsmonitor=x core.pager=x pager.log=x core.editor=x sequence.editor=x
core.sshCommand=x core.askPass=x core.gitProxy=x core.worktree=x core.attributesFile=x
core.alternateRefsCommand=x credential.helper=x credential.https://x.helper=x filter.a.clean=x
filter.a.smudge=x filter.a.process=x diff.external=x diff.a.command=x diff.a.textconv=x
merge.a.driver=x mergetool.a.cmd=x mergetool.a.path=x difftool.a.cmd=x difftool.a.path=x alias.x=y
gpg.program=x gpg.ssh.program=x gpg.ssh.defaultKeyCommand=x include.path=x includeIf.a.path=x
url.a.insteadOf=x url.a.pushInsteadOf=x remote.a.uploadpack=x remote.a.receivepack=x remote.a.proxy=x
remote.a.vcs=x remote.a.url=ext::x remote.a.pushurl=foo::x protocol.ext.allow=x protocol.allow=x
submodule.a.update=!x submodule.a.url=ext::x interactive.diffFilter=x uploadpack.packObjectsHook=x
trailer.a.cmd=x trailer.a.command=x init.templateDir=x sendemail.smtpserver=x sendemail.a.tocmd=x
browser.a.cmd=x man.a.path=x web.browser=x instaweb.httpd=x tar.a.command=x guitool.a.cmd=x
extensions.worktreeConfig=x http.proxy=x http.https://x.sslverify=x gc.recentObjectsHook=x
imap.tunnel=x help.browser=x lfs.customtransfer.a.path=x hook.a.command=x fetch.bundleURI=x
"""
QUIET = """
user.name=x user.email=x remote.a.url=https://x remote.a.fetch=x branch.a.remote=x branch.a.merge=x
core.bare=x core.filemode=x core.excludesFile=x push.default=x pull.rebase=x color.ui=x gc.auto=x
submodule.a.active=x submodule.a.url=https://x submodule.a.update=rebase diff.algorithm=x
merge.ff=x rebase.autosquash=x log.date=x init.defaultBranch=x tag.sort=x rerere.enabled=x
"""


def one(text):
    name, _, value = text.partition("=")
    section, _, rest = name.partition(".")
    subsection, _, key = rest.rpartition(".")
    middle = f' "{subsection}"' if subsection else ""
    (setting,) = parse(f"[{section}{middle}]\n{key} = {value}\n")
    return setting


@pytest.mark.parametrize("text", RUNNING.split())
def test_it_makes_git_run_something_or_go_elsewhere(text):
    assert runs(one(text))


@pytest.mark.parametrize("text", QUIET.split())
def test_it_does_not(text):
    assert not runs(one(text))


def test_addresses_are_known():
    assert is_address(one("remote.a.url=x"))
    assert is_address(one("branch.a.pushRemote=x"))
    assert not is_address(one("remote.a.fetch=x"))


def test_an_unknown_key_may_name_a_program():
    assert may_name_programs(one("strange.a.key=x"))
    assert not may_name_programs(one("user.name=x"))


def test_every_key_of_git_s_own_list_that_speaks_of_a_command_is_known():
    """`git help -c` of the git that is here: a newer one may have keys that we have not."""
    if not GIT:
        pytest.skip("no git")
    listed = subprocess.run([GIT, "help", "-c"], capture_output=True, text=True).stdout.split()
    ends = ("cmd", "command", "program", "hook", "helper", "driver", "textconv", "tunnel", "editor")
    for name in listed:
        quiet = name.startswith(("advice.", "notes.rewrite.")) or name.endswith(".cachetextconv")
        if name.lower().endswith(ends) and not quiet:
            assert runs(one(f"{name.replace('<', '').replace('>', '')}=x")), name


@pytest.mark.parametrize(
    "text",
    [
        "[a]" * 350_000, "[" * 1_000_000, '[a "' + "\\" * 1_000_000, "[a]" + " " * 1_000_000,
        '[a "' + "x" * 1_000_000 + '"]', "[a" + " " * 1_000_000, '[a "b"' * 150_000,
    ],
)  # fmt: skip
def test_a_hostile_line_takes_no_more_than_its_length(text):
    begun = time.process_time()
    list(parse(text))
    assert time.process_time() - begun < 10


def test_several_headers_in_a_line():
    (setting,) = parse('[a] [b "c\\"d"]\t[e "f"] g = h\n')
    assert setting.name == "e.f.g"
