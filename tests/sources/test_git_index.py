"""The index is read as git writes it, and one that was forged costs little and opens nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from safehouse.errors import UserError
from safehouse.sources import git_index
from safehouse.sources.git_index import submodules

GIT = shutil.which("git")


def git(place, *words, text=""):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run([GIT, *words], cwd=place, input=text, text=True, check=True, env=env)


@pytest.mark.skipif(not GIT, reason="no git")
@pytest.mark.parametrize("hashes", [40, 64])
@pytest.mark.parametrize("kind", ["2", "3", "4", "split"])
def test_it_is_read_as_git_writes_it(tmp_path, kind, hashes):
    git(tmp_path, "init", "-q", f"--object-format={'sha1' if hashes == 40 else 'sha256'}")
    names = ["lib/a", "lib/ab", "lib/b c", "x" * 3 + "/" + "y" * 300, "z"]
    lines = [f"160000 {'1' * hashes}\t{name}" for name in names]
    lines += [f"100644 {'1' * hashes}\tlib/{number}.py" for number in range(50)]
    git(tmp_path, "update-index", "--index-info", text="\n".join(lines))
    if kind == "split":
        git(tmp_path, "update-index", "--split-index")
    elif kind == "3":
        (tmp_path / "later").write_text("")
        git(tmp_path, "add", "--intent-to-add", "later")
    else:
        git(tmp_path, "update-index", "--index-version", kind)
    assert sorted(submodules(f"{tmp_path}/.git")) == names


def entry(number):
    name = b"%06d" % number
    fixed = bytes(24) + b"\0\0\xe0\0" + bytes(12) + bytes(20)
    return fixed + b"\0\6" + name + bytes(8 - (62 + len(name)) % 8)


HOSTILE = {
    "nothing": b"", "half a header": b"DIRC\0\0", "only modes": b"DIRC\0\0\0\2" + b"\0\0\xe0\0" * 1_000_000,
    "only modes, version 4": b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\0\0\xe0\0" * 1_000_000,
    "zeros, version 4": b"DIRC\0\0\0\4\xff\xff\xff\xff" + bytes(4_000_000) + b"\0\0\xe0\0",
    "long numbers": b"DIRC\0\0\0\4\xff\xff\xff\xff" + b"\0\0\xe0\0" + b"\xff" * 4_000_000,
    "very long": b"DIRC\0\0\0\2" + bytes(50_000_000),
}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_forged_costs_little(tmp_path, data):
    (tmp_path / "index").write_bytes(data)
    begun = time.process_time()
    submodules(str(tmp_path))
    assert time.process_time() - begun < 10


def test_too_many_are_refused(tmp_path):
    data = b"DIRC\0\0\0\2" + bytes(4) + b"".join(map(entry, range(6000)))
    (tmp_path / "index").write_bytes(data)
    with pytest.raises(UserError, match="more than 5000 submodules"):
        submodules(str(tmp_path))


def test_a_pipe_and_a_link_are_none(tmp_path):
    assert submodules(str(tmp_path)) == []
    os.mkfifo(tmp_path / "index")
    assert submodules(str(tmp_path)) == []


@pytest.mark.parametrize("version", [2, 3, 4])
def test_it_says_which_files_git_has(tmp_path, version):
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "index.version", str(version))
    long = "d/" * 2000 + ".env"
    names = [".env", "a/.env", "b.env", "ä/.env"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    git(tmp_path, "add", "-A")
    if version == 3:
        (tmp_path / "c.env").write_text("")
        git(tmp_path, "add", "-N", "c.env")
        names.append("c.env")
    asked = [name.encode() for name in (*names, "env", "x/.env", ".en", long)]
    found = git_index.tracked(f"{tmp_path}/.git", tuple(asked))
    assert found == [name.encode() for name in names]
    assert git_index.tracked(f"{tmp_path}/none", (b".env",)) == []


def test_a_forged_one_with_many_ends_of_names_costs_little(tmp_path):
    (tmp_path / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\1" + b".env\0" * 800_000)
    begin = time.perf_counter()
    assert git_index.tracked(str(tmp_path), (b".env",) * 5000) == []
    assert time.perf_counter() - begin < 5
