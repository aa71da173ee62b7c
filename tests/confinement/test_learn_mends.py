"""Real programs that fail confined work after what `denials` says was done, and nothing sensitive is said."""

from __future__ import annotations

import json
import shlex
import shutil

import pytest

from tests.confinement import user
from tests.confinement.terminal import Terminal

pytestmark = [
    pytest.mark.confinement,
    user.linux_only("a Mac tells its log, and there is none here"),
]

DONE = "it-has-learned"
MOST_ROUNDS = 4


class Case:
    """A program, the files of the home that it needs, and a script that prints DONE when it has them."""

    def __init__(self, program, files, script, feature="", stands_in=False):
        self.program = program
        self.files = files
        self.script = script
        self.feature = feature
        self.stands_in = stands_in


def reads(program, *paths):
    """A stand-in for a program that is not here: it reads these files as that one would."""
    return f"cat {' '.join(paths)} >/dev/null && echo {DONE} as {program}"


CASES = {
    "git, an include": Case(
        "git",
        {".gitconfig": "[include]\n\tpath = ~/dot/git-more\n", "dot/git-more": f"[x]\n\ty = {DONE}\n"},
        "git config x.y",
    ),
    "sqlite3, its start file": Case(
        "sqlite3", {".sqliterc": f".print {DONE}\n"}, "sqlite3 :memory: 'select 1'"
    ),
    "jq, a module": Case(
        "jq", {".jq/learn.jq": f'def word: "{DONE}";\n'}, "jq -n 'import \"learn\" as l; l::word'"
    ),
    "make, an include of another project": Case(
        "make",
        {"src/rules/common.mk": f"all:\n\t@echo {DONE}\n"},
        "echo 'include ../rules/common.mk' >Makefile; make",
    ),
    "python, modules of one's own": Case(
        "python3",
        {"lib/python/learned.py": "from more import word\n", "lib/python/more.py": f"word = '{DONE}'\n"},
        "python3 -c 'import sys, os; sys.path.insert(0, os.path.expanduser(\"~/lib/python\"))\n"
        "import learned; print(learned.word)'",
    ),
    "vim, its start file": Case(
        "vim",
        {".vimrc": f"call writefile(['{DONE}'], 'out')\n"},
        "rm -f out; vim -i NONE --not-a-term -c 'qa!' </dev/null >/dev/null 2>&1; cat out",
    ),
    "curl, its start file": Case(
        "curl", {".curlrc": f'write-out = "{DONE}"\n'}, "curl -s -o /dev/null file:///etc/hostname"
    ),
    "wget, its start file": Case(
        "wget",
        {".wgetrc": f"{DONE} = 1\n"},
        "wget -q -t1 -T1 http://127.0.0.1:9/ 2>&1 | cat",
    ),
    "gdb, its start file": Case("gdb", {".gdbinit": f"echo {DONE}\\n\n"}, "gdb -batch </dev/null"),
    "tmux, its start file": Case(
        "tmux",
        {".tmux.conf": f"set -g @word {DONE}\n"},
        "tmux -L x new -d 'sleep 9' && tmux -L x show -gv @word; tmux -L x kill-server",
    ),
    "perl, modules of one's own": Case(
        "perl", {"perl/Learned.pm": f"package Learned; print '{DONE}'; 1;\n"}, 'perl -I ~/perl -MLearned -e 1'
    ),
    "ruby, a library": Case(
        "ruby", {"rb/learned.rb": f"puts '{DONE}'\n"}, "ruby -I ~/rb -rlearned -e 1"
    ),
    "node, a library of another project": Case(
        "node",
        {"src/shared/index.js": "require('./words')\n", "src/shared/words.js": f"console.log('{DONE}')\n"},
        "node -e 'require(\"../shared\")'",
    ),
    "npm, a script that reads a start file": Case(
        "npm",
        {".toolrc": DONE},
        """echo '{"name":"x","version":"1.0.0","scripts":{"postinstall":"cat ~/.toolrc"}}' >package.json
npm install --offline --no-audit --no-fund --foreground-scripts 2>&1""",
    ),
    "psql, a service": Case(
        "psql",
        {".pg_service.conf": "[mine]\nhost=/nowhere\n"},
        f"psql 'service=mine user=x' -c '' 2>&1 | grep -q /nowhere && echo {DONE}",
    ),
    "bc, a library": Case("bc", {"calc/lib.bc": f'print "{DONE}"\n'}, "bc -q ~/calc/lib.bc </dev/null"),
    "tclsh, a library": Case(
        "tclsh", {"tcl/word.tcl": f"puts {DONE}\n"}, "echo 'source ~/tcl/word.tcl' | tclsh"
    ),
    "awk, many files of one directory": Case(
        "awk",
        {f"data/set/{n}": f"{n}\n" for n in range(12)},
        "for n in 0 1 2 3 4 5 6 7 8 9 10 11; do awk 1 ~/data/set/$n || f=1; done"
        f"; test -z \"$f\" && echo {DONE}",
    ),
    "a program that keeps state": Case(
        "sh",
        {},
        f"mkdir -p ~/.keeper && cat ~/.keeper/state 2>/dev/null; echo {DONE} >~/.keeper/state",
    ),
    "ssh, its settings": Case(
        "ssh", {".ssh/config": f"Host x\n\tHostName {DONE}\n"},
        "ssh -G x | grep ^hostname" if user.HAS_NAME else reads("ssh", "~/.ssh/config"), "ssh"
    ),
    "gpg, its keys": Case(
        "gpg",
        {".gnupg/gpg.conf": "no-greeting\n"},
        f"test -e ~/.gnupg/gpg.conf && gpg --list-keys && echo {DONE}",
        "gpg",
    ),
    "kubectl, its clusters": Case(
        "kubectl",
        {".kube/config": f"apiVersion: v1\nkind: Config\ncurrent-context: {DONE}\n"},
        "kubectl config current-context",
        "kubectl",
    ),
    "docker, its settings": Case(
        "docker",
        {".docker/config.json": json.dumps({"currentContext": DONE})},
        "docker context show",
        "docker",
    ),
    "gh, its sign-in": Case(
        "gh", {".config/gh/hosts.yml": "x\n", ".config/gh/config.yml": "y\n"},
        reads("gh", "~/.config/gh/hosts.yml", "~/.config/gh/config.yml"), "gh", True,
    ),
    "aws, its sign-in": Case(
        "aws", {".aws/credentials": "x\n", ".aws/config": "y\n"},
        reads("aws", "~/.aws/config", "~/.aws/credentials"), "aws", True,
    ),
    "mutt, its start file": Case(
        "mutt", {".muttrc": "x\n", ".mutt/aliases": "y\n"},
        reads("mutt", "~/.muttrc", "~/.mutt/aliases"), "", True,
    ),
    "ansible, its settings": Case(
        "ansible", {".ansible.cfg": "x\n", ".ansible/roles/r/tasks/main.yml": "y\n"},
        reads("ansible", "~/.ansible.cfg", "~/.ansible/roles/r/tasks/main.yml"), "", True,
    ),
}  # fmt: skip


def works(scene, case):
    """Whether it does what it is for, in a launch without options."""
    return DONE in scene.confined("--", "sh", "-c", case.script).stdout


def rows(scene, case):
    done = scene.confined("run", "--denials", "--", "sh", "-c", case.script)
    assert "cannot be recorded" not in done.stderr, done.stderr
    shown = scene.confined("denials", "--json")
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)["rows"]


def follow(scene, row):
    """Does what a row says, as it says it."""
    told = f"{row['first']} && {row['keep']}" if row["first"] else row["keep"]
    command = told.replace("safehouse grant", shlex.quote(str(scene.safehouse)) + " grant")
    done = scene.run("sh", "-c", command)
    assert done.returncode == 0, (told, done.stderr)


def sensitive(scene, row):
    word = "write" if row["writes"] else "read"
    done = scene.confined("why", "--json", word, row["target"])
    return json.loads(done.stdout)["sensitive"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_said_mends_it(scene, case):
    if not case.stands_in and not shutil.which(case.program, path=user.PATH):
        pytest.skip(f"no {case.program} in a place of the system")
    for path, text in case.files.items():
        scene.write(path, text, 0o600 if path.startswith((".ssh", ".gnupg")) else 0o644)
    if case.feature == "gpg":
        (scene.home / ".gnupg").chmod(0o700)
        scene.run("gpg", "--list-keys")  # makes what there always is
    if case.files:
        assert not works(scene, case), "it does not fail confined"
    kept = []
    for _ in range(MOST_ROUNDS):
        found = [row for row in rows(scene, case) if row["keep"]]
        offered = [row for row in found if row["kind"] == "path"]
        asked = [row for row in found if row["kind"] != "path" and row["feature"] == case.feature]
        for row in offered:
            assert sensitive(scene, row) is None, row
            assert not str(scene.home).startswith(row["target"]), row
        for row in [*offered, *asked]:
            follow(scene, row)
            kept.append(row)
        if not (offered or asked):
            break
    assert works(scene, case), kept
    assert bool(case.feature) == any(row["feature"] for row in kept)
    assert len(kept) <= 4, kept
    left = [row["kind"] for row in rows(scene, case)]
    assert "path" not in left, "it does not converge"


CLOSED = {
    "terraform": (".terraformrc", "terraform version"),
    "a private key": (".ssh/id_ed25519", "cat ~/.ssh/id_ed25519"),
    "a key by its name": ("keys/server.pem", "cat ~/keys/server.pem"),
    "variables with keys": ("src/sibling/.env", "cat ../sibling/.env"),
    "all of the home": ("notes.txt", "ls -la ~ ~/src /home; cp -r ~ /tmp/all"),
    "a start file of a shell": (".bashrc", "cat ~/.bashrc; echo >>~/.bashrc"),
}


@pytest.mark.parametrize("path, script", CLOSED.values(), ids=CLOSED)
def test_what_should_stay_closed_is_not_proposed(scene, path, script):
    if not (scene.home / path).exists():
        scene.write(path, "x\n")
    case = Case("sh", {}, script)
    for row in rows(scene, case):
        if row["kind"] == "path":
            assert sensitive(scene, row) is None, row
            assert row["target"] not in (str(scene.home / path), str(scene.home), "/home", "/"), row
            assert not str(scene.home / path).startswith(row["target"] + "/"), row


def test_learn_keeps_what_only_reads_and_converges(scene):
    scene.write(".tool/config", "x\n")
    scene.write(".tool/more/config", "x\n")
    script = f"cat ~/.tool/config && cat ~/.tool/more/config && echo {DONE}"
    for _ in range(3):
        done = scene.confined("learn", "--yes", "--", "sh", "-c", script)
        if done.returncode == 0:
            break
    assert DONE in done.stdout
    done = scene.confined("learn", "--yes", "--", "sh", "-c", script)
    assert done.returncode == 0 and "nothing was refused" in done.stderr


def test_no_socket_is_learned_and_none_can_be_connected_to_afterwards(scene):
    places = [scene.home / "srv/docker.sock", scene.home / "srv2/run/api.sock"]
    for place in places:
        scene.write(str(place.parent.relative_to(scene.home) / "beside"), "x")
        scene.beside(f"s = socket.socket(socket.AF_UNIX); s.bind({str(place)!r}); s.listen()")
    body = """
for call, path in ((open, '/srv/docker.sock'), (os.listdir, '/srv2'), (open, '/ok')):
    try: call(home + path)
    except OSError as error: print(error)
"""
    scene.write("ok", "x")
    done = scene.confined("learn", "--yes", "--", *scene.program(body))
    assert "can be connected to" in done.stderr
    for place in places:
        tried = scene.attempt(
            f"socket.socket(socket.AF_UNIX).connect({str(place)!r})", confined=True
        )
        assert tried.returncode != 0
    assert scene.attempt("read(home + '/ok')", confined=True).returncode == 0


def test_a_profile_that_was_learned_is_for_its_command(scene):
    scene.write(".tool/config", "x\n")
    tool = scene.write("bin/mytool", f"#!/bin/sh\ncat ~/.tool/config && echo {DONE}\n", 0o755)
    run = ("--add-dirs-ro", tool.parent, "--", tool)
    assert DONE not in scene.confined(*run).stdout
    done = scene.confined("learn", "--yes", "--profile", *run)
    assert "profile mytool" in done.stdout, done.stderr
    assert DONE in scene.confined(*run).stdout
    elsewhere = scene.confined(*run, cwd=scene.sibling)
    assert DONE in elsewhere.stdout
    assert scene.confined("profiles", "show", "mytool").returncode == 0


def test_a_link_that_a_program_goes_by_is_opened_by_a_profile(scene):
    scene.write("dotfiles/toolrc", f"{DONE}\n")
    (scene.home / ".toolrc").symlink_to("dotfiles/toolrc")
    command = ("--", "head", "-n1", scene.home / ".toolrc")
    (row,) = rows(scene, Case("head", {}, "head -n1 ~/.toolrc"))
    assert (row["kind"], row["once"]) == ("link", "safehouse learn --profile -- sh ...")
    assert DONE not in scene.confined("learn", "--yes", *command).stdout
    assert "profile head" in scene.confined("learn", "--yes", "--profile", *command).stdout
    assert DONE in scene.confined(*command).stdout


def test_a_link_of_the_projects_opens_nothing_that_should_stay_closed(scene):
    (scene.project / "link").symlink_to("../../.ssh/id_ed25519")
    for row in rows(scene, Case("cat", {}, "cat link")):
        assert row["kind"] == "closed" and not row["keep"], row


def test_print_keeps_nothing_and_standard_output_is_yaml(scene):
    scene.write(".tool/config", "x\n")
    done = scene.confined("learn", "--print", "--", "sh", "-c", "echo said; cat ~/.tool/config")
    assert done.stdout == "add-dirs-ro:\n  - ~/.tool/config\n"
    assert "said" in done.stderr
    assert "nothing is kept" in scene.confined("grants").stdout


def test_a_person_picks(scene):
    scene.write(".one/config", "x\n")
    scene.write(".two/config", "x\n")
    scene.write(".config/gh/hosts.yml", "x\n")
    script = "cat ~/.one/config ~/.two/config ~/.config/gh/hosts.yml; echo >~/.three"
    words = (scene.safehouse, "learn", "--", "sh", "-c", script)
    with Terminal(scene, *words, lines=60, columns=100) as terminal:
        shown = terminal.see("[q]uit: ")
        assert "this stays as it is" in shown and "hosts.yml" in shown
        terminal.enter("n")
        terminal.see("[q]uit: ")
        terminal.enter("y")
        terminal.see("[q]uit: ")
        terminal.enter("q")
        terminal.see("run it again")
    kept = scene.confined("grants").stdout
    assert len([line for line in kept.splitlines() if "read-only" in line or "write" in line]) == 1
    assert "gh" not in kept


def test_all_is_all_that_opens_files_and_no_feature(scene):
    scene.write(".one/config", "x\n")
    scene.write(".two/config", "x\n")
    script = "cat ~/.one/config ~/.two/config"
    with Terminal(
        scene, scene.safehouse, "learn", "--", "sh", "-c", script, columns=100
    ) as terminal:
        terminal.see("[q]uit: ")
        terminal.enter("a")
        terminal.see("run it again")
    kept = scene.confined("grants").stdout
    assert "~/.one/config" in kept and "~/.two/config" in kept
