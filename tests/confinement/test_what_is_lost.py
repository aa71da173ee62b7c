"""What a command wrote in the home that a launch has for itself is told, once and with what helps."""

from __future__ import annotations

import pytest

from tests.confinement.user import linux_only

pytestmark = [pytest.mark.confinement, linux_only("on macOS there is no home but the person's")]


def told(scene, script):
    done = scene.confined("--", "sh", "-euc", script)
    assert done.returncode == 0, done.stderr
    return done.stderr


WORTHLESS = {
    "a cache": "mkdir -p ~/.cache/some; touch ~/.cache/some/x",
    "a cache that the policy names": "mkdir -p ~/.bun/install/cache; touch ~/.bun/install/cache/x",
    "a store that the policy names": (
        "mkdir -p ~/.local/share/pnpm/store/v3; touch ~/.local/share/pnpm/store/v3/x"
    ),
    "modules of Go": "mkdir -p ~/go/pkg/mod; touch ~/go/pkg/mod/x",
    "locks of Cargo": "mkdir -p ~/.cargo/registry; touch ~/.cargo/.package-cache ~/.cargo/registry/x",
    "counts of Go": "mkdir -p ~/.config/go/telemetry; touch ~/.config/go/telemetry/x",
    "a browser's state": "mkdir -p ~/.config/chromium ~/.pki; touch ~/.config/chromium/x ~/.pki/x",
    "an empty key ring": "mkdir -p ~/.gnupg; touch ~/.gnupg/pubring.kbx ~/.gnupg/trustdb.gpg",
    "histories": "touch ~/.bash_history ~/.python_history ~/.viminfo",
    "an empty directory": "mkdir -p ~/.config/some ~/.some",
}


@pytest.mark.parametrize("script", WORTHLESS.values(), ids=WORTHLESS)
def test_nothing_is_told_of(scene, script):
    assert told(scene, script) == ""


KEPT = {
    "a file": ("echo 1 >~/notes", "~/notes", "touch ~/notes"),
    "a directory": ("mkdir ~/out; touch ~/out/x", "~/out/", "mkdir -p ~/out"),
    "a neighbour": ("mkdir ../other; touch ../other/x", "~/src/other/", "mkdir -p ~/src/other"),
    "settings of a tool": (
        "mkdir -p ~/.config/some; touch ~/.config/some/x",
        "~/.config/some/",
        "mkdir -p ~/.config/some",
    ),
}


@pytest.mark.parametrize(("script", "name", "make"), KEPT.values(), ids=KEPT)
def test_it_is_told_and_how_it_would_stay(scene, script, name, make):
    said = told(scene, script)
    assert f"gone: {name}\n" in said
    assert f"{make} && safehouse grant --write {name.rstrip('/')}\n" in said


OBEYED_OUTSIDE = {
    "what the desktop starts": (
        "mkdir -p ~/.config/autostart; touch ~/.config/autostart/x",
        "autostart",
    ),
    "a start file of the shell": ("echo x >~/.bash_aliases", "~/.bash_aliases: "),
    "settings of an editor": ("echo x >~/.vimrc", "~/.vimrc: start of Vim"),
    "settings of a terminal": ("echo x >~/.tmux.conf", "~/.tmux.conf: settings of tmux"),
    "its directory": ("mkdir -p ~/.config/systemd/user; touch ~/.config/systemd/user/x", "systemd"),
    "our own files": ("mkdir -p ~/.config/safehouse; touch ~/.config/safehouse/x", ""),
}


@pytest.mark.parametrize(("script", "said"), OBEYED_OUTSIDE.values(), ids=OBEYED_OUTSIDE)
def test_what_is_obeyed_outside_is_not_said_to_be_kept(scene, script, said):
    done = scene.confined("--", "sh", "-c", script)
    assert "safehouse grant" not in done.stderr
    assert said in done.stderr
    assert "do this outside" in done.stderr


@pytest.mark.parametrize("odd", ["\u200b", "\u00a0", "\a", "\x1b[0m", "\udcff"])
def test_no_name_makes_the_proposed_line_do_something_else(scene, odd):
    name = f"x{odd}'; touch PWNED; '$(touch PWNED)`touch PWNED`"
    body = f"os.mkdir(home + '/' + {name!r}); open(home + '/' + {name!r} + '/f', 'w').close()"
    done = scene.attempt(body, True)
    (line,) = [line for line in done.stderr.splitlines() if "to keep it" in line]
    command = line.partition("to keep it from now on: ")[2]
    assert line.isprintable() and command
    for shell in ("bash", "sh"):
        scene.run(shell, "-c", command.replace("safehouse", "true"))
    assert not list(scene.project.glob("*PWNED*")) and not list(scene.home.glob("PWNED"))


def test_the_state_of_an_agent_stays_with_its_profile_not_by_a_grant(scene):
    """A grant would open to every command what the profile closes to the agent itself."""
    codex = scene.write(
        ".local/bin/codex", "#!/bin/sh\nmkdir -p ~/.codex; touch ~/.codex/x\n", 0o755
    )
    for words in (
        ("timeout", "5", codex),
        ("sh", "-c", f"PATH={codex.parent}:$PATH; codex"),
        ("sh", codex, "--version"),
    ):
        done = scene.confined("--", *words)
        assert done.returncode == 0, done.stderr
        assert "gone: ~/.codex/\n" in done.stderr
        assert "state of codex; with its profile it stays: --agent=codex\n" in done.stderr
        assert "grant" not in done.stderr
    assert scene.confined("--agent=codex", "--", "timeout", "5", codex).stderr == ""
    assert (scene.home / ".codex/x").exists()


def test_a_command_of_another_name_is_not_led_to_the_profile(scene):
    """It could have written there for that: the profile shows the agent's sign-in."""
    said = told(scene, "mkdir -p ~/.codex ~/out; touch ~/.codex/x ~/out/x")
    assert "state of codex, which keeps it where it is started by itself\n" in said
    assert "--agent" not in said
    assert "mkdir -p ~/out && safehouse grant --write ~/out\n" in said


OUTSIDE = {
    "programs": ("mkdir -p ~/.local/bin; touch ~/.local/bin/x", "~/.local/bin/"),
    "programs of Go": ("mkdir -p ~/go/bin; touch ~/go/bin/x", "~/go/bin/"),
    "programs and a note": ("mkdir -p ~/.rustup; touch ~/.rustup/x ~/a", "~/.rustup/, ~/a"),
    "keys": ("mkdir -p ~/.gnupg/private-keys-v1.d; touch ~/.gnupg/private-keys-v1.d/x", ".gnupg"),
}


@pytest.mark.parametrize(("script", "name"), OUTSIDE.values(), ids=OUTSIDE)
def test_to_open_programs_and_keys_is_never_advised(scene, script, name):
    said = told(scene, script)
    assert name in said
    assert "do this outside" in said
    assert "grant" not in said
