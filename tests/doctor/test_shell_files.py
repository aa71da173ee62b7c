"""The line in the shells' files, and what stands before and behind it."""

from __future__ import annotations

import pytest

from safehouse.doctor import shell_files
from safehouse.host import MACOS
from safehouse.shims.shell import SHELLS, line_of
from safehouse.value import replace


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "program", ["safehouse", "~/.local/bin/safehouse", "/opt/x/safehouse", "$HOME/bin/safehouse"]
)
def test_our_own_line_is_found_by_whatever_path(person, shell, program):
    file = shell_files.usual(shell, person.host())
    person.write(file.removeprefix(f"{person.home}/"), f"x=1\n{line_of(shell, program)}\n")
    (init,) = shell_files.inits(shell, person.host())
    assert (init.line.path, init.line.number, init.program) == (file, 2, program)
    assert init.agents is None


@pytest.mark.parametrize(
    "line, agents",
    [
        ('command -v safehouse >/dev/null && eval "$(safehouse init bash)"', None),
        ('  eval "$(safehouse init bash --agents=claude,codex)" # mine', ("claude", "codex")),
        ("source <(safehouse init bash)", None),
        ('eval "$("$HOME/x/safehouse" init bash)"', None),
    ],
)
def test_people_write_it_in_their_own_way(person, line, agents):
    person.write(".bashrc", f"{line}\n")
    assert [init.agents for init in shell_files.inits("bash", person.host())] == [agents]


@pytest.mark.parametrize(
    "text",
    [
        '# eval "$(safehouse init bash)"',
        'eval "$(safehouse init zsh)"',
        "echo safehouse init nothing",
        'eval "$(starship init bash)"',
        "safehouse initialise bash",
    ],
)
def test_what_only_looks_like_it_is_not_taken_for_it(person, text):
    person.write(".bashrc", f"{text}\n")
    assert shell_files.inits("bash", person.host()) == []


def test_zsh_is_looked_for_where_it_was_moved(person):
    person.write("zsh/.zshrc", line_of("zsh"))
    assert len(shell_files.inits("zsh", person.host(ZDOTDIR=f"{person.home}/zsh"))) == 1
    assert shell_files.inits("zsh", person.host()) == []
    for value in ("$HOME/zsh", '"$HOME/zsh"', "~/zsh"):
        person.write(".zshenv", f"export ZDOTDIR={value}\n")
        assert len(shell_files.inits("zsh", person.host())) == 1, value
        assert shell_files.usual("zsh", person.host()) == f"{person.home}/zsh/.zshrc"


def test_fish_is_looked_for_where_it_was_moved_and_in_its_parts(person):
    person.write(".config/fish/conf.d/safehouse.fish", line_of("fish"))
    assert len(shell_files.inits("fish", person.host())) == 1
    person.write("c/fish/config.fish", line_of("fish"))
    host = person.host(XDG_CONFIG_HOME=f"{person.home}/c")
    assert [init.line.path for init in shell_files.inits("fish", host)] == [
        f"{person.home}/c/fish/config.fish"
    ]


def test_a_mac_has_the_line_for_bash_where_its_terminals_look(person):
    mac = replace(person.host(), platform=MACOS)
    assert shell_files.usual("bash", mac) == f"{person.home}/.bash_profile"


@pytest.mark.parametrize(
    "text, name, meaning",
    [
        ("alias claude=~/.claude/local/claude", "claude", "~/.claude/local/claude"),
        ("alias claude='claude --model opus'", "claude", "claude --model opus"),
        ('  alias -g codex="codex -x" # mine', "codex", "codex -x"),
        ("alias claude ~/x/claude", "claude", "~/x/claude"),
        ("[ -x /x ] && alias cursor-agent=/x", "cursor-agent", "/x"),
    ],
)
def test_an_alias_is_found(person, text, name, meaning):
    person.write(".bashrc", f"{text}\n")
    (alias,) = shell_files.aliases("bash", person.host())
    assert (alias.name, alias.text) == (name, meaning)


@pytest.mark.parametrize(
    "text, changes",
    [
        ("export PATH=$HOME/x:$PATH", True),
        ("path+=(~/x)", True),
        ("fish_add_path ~/x", True),
        ('[ -s "$NVM_DIR/nvm.sh" ] && . "$NVM_DIR/nvm.sh"', True),
        ('eval "$(fnm env --use-on-cd)"', True),
        ('. "$HOME/.cargo/env"', True),
        ("# export PATH=x", False),
        ("alias ll='ls -l'", False),
        ("export MANPATH_X=1", False),
    ],
)
def test_a_line_that_changes_path_behind_ours_is_found(person, text, changes):
    person.write(".bashrc", f"{line_of('bash')}\n{text}\n")
    host = person.host()
    (init,) = shell_files.inits("bash", host)
    assert (shell_files.path_behind(init, host) is not None) == changes


def test_what_is_no_readable_text_has_no_lines(person):
    (person.home / ".bashrc").symlink_to(".bashrc")
    (person.home / ".profile").mkdir()
    person.write(".bash_profile").write_bytes(b"\xff\xfe\0alias claude=x\n")
    host = person.host()
    assert shell_files.inits("bash", host) == []
    assert [alias.name for alias in shell_files.aliases("bash", host)] == ["claude"]


@pytest.mark.parametrize(
    "line, changed",
    [
        ('eval "$(safehouse init bash)"', 'eval "$(/x/safehouse init bash)"'),
        (
            'eval "$("$HOME/y/safehouse" init bash)" # mine',
            'eval "$("/x/safehouse" init bash)" # mine',
        ),
        ("source <(safehouse init bash --agents=a)", "source <(/x/safehouse init bash --agents=a)"),
        ("eval `safehouse init bash`", "eval `/x/safehouse init bash`"),
    ],
)
def test_another_program_is_put_into_the_line_as_it_is(person, line, changed):
    person.write(".bashrc", f"{line}\n")
    (init,) = shell_files.inits("bash", person.host())
    assert shell_files.with_program(init, "/x/safehouse") == changed


def test_a_word_that_would_be_read_as_another_is_not_put_there(person):
    person.write(".bashrc", 'eval "$(safehouse init bash)"\n')
    (init,) = shell_files.inits("bash", person.host())
    assert shell_files.with_program(init, "'/a b/safehouse'") == ""
