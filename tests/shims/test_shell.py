"""The code for a shell: nothing in a value becomes code, and each shell reads the words as they were."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from safehouse.shims.shell import SHELLS, Integration, code, filled, quoting

NASTY = [
    "plain", "a b", "it's", 'say "x"', "$HOME", "`id`", "\\", "\\'", "a\nb", "*", "~", "~/x", "!x",
    "#x", "-n", "@PROGRAM@", "ä…\u00a0", "{a,b}", "a;b", "%s",
]  # fmt: skip


def shell_of(name):
    found = shutil.which(name)
    assert found, f"{name} is missing: make setup installs it"
    return found


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("word", NASTY)
def test_a_word_is_what_it_was(shell, word):
    script = f"printf %s {quoting(shell)(word)}" if word != "-n" else "printf %s -n"
    done = subprocess.run([shell_of(shell), "-c", script], capture_output=True, check=True)
    assert done.stdout.decode() == word


def test_a_value_is_not_looked_through_again():
    assert filled("@A@ @B@ a@b.c", {"A": "@B@", "B": "@A@"}) == "@B@ @A@ a@b.c"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_code_is_right_whatever_the_values_are(shell, tmp_path):
    text = code(
        Integration(
            shell, "/a b/it's $(x)/safehouse", "0123", ("claude", "mini-e"), (shell, "--agents=a'b")
        )
    )
    assert "@" not in text.replace("$@", "").replace("[@]", "").replace("(@z)", "")
    file = tmp_path / "code"
    file.write_text(text)
    subprocess.run([shell_of(shell), "-n", file], check=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_without_agents_it_is_code_as_well(shell, tmp_path):
    file = tmp_path / "code"
    file.write_text(code(Integration(shell, "/usr/bin/safehouse", "", (), (shell,))))
    done = subprocess.run([shell_of(shell), file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
