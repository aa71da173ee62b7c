"""`--help`: it teaches by the commands that are needed."""

from __future__ import annotations

from safehouse.cli.arguments import COMMANDS, OPTIONS

_INTRODUCTION = {
    "run": """\
Run a coding agent, or any command, so that it can use this project, its own state and the
toolchains, and nothing else of yours: no SSH keys, no cloud credentials, no other repositories.

  safehouse claude                        confined to the current directory
  safehouse --explain -- codex            the same, saying first what it may do
  safehouse --explain --agent=codex       only saying it
  safehouse --add-dirs-ro=~/docs claude   it may also read ~/docs
  safehouse why read ~/.ssh/id_ed25519 -- claude

usage: safehouse [OPTIONS] [--] [NAME=VALUE...] COMMAND [ARG...]
""",
    "policy": """\
Print the policy that a command would run under, without running it, or what it allows and another
one does not, and the other way round.

  safehouse policy -- claude
  safehouse policy --platform=macos --format=table -- codex
  safehouse policy --diff --enable=docker -- claude      what these options change
  safehouse policy --diff=defaults -- claude             what all that is configured changes
  safehouse policy --diff=last -- claude                 what has changed since claude last ran here
  safehouse policy --format=json --output=before.json -- claude
  safehouse policy --diff=before.json -- claude          what has changed since then

usage: safehouse policy [OPTIONS] [--] [COMMAND...]
       safehouse policy --diff[=options | =defaults | =last | =FILE] [OPTIONS] [--] [COMMAND...]
""",
    "why": """\
Say whether a command may do something, by which rule, what it meets, and what would allow it.

  safehouse why read ~/.ssh/config -- claude
  safehouse why write src ~/notes.txt           several targets; of a directory, a tree as well
  safehouse why tree ~ -- claude                what it sees below a directory
  safehouse why mach-lookup com.apple.pasteboard.1 -- claude
  git ls-files | safehouse why --json write -   targets from standard input, one a line

Operations: read, write, create, delete, rename, list, stat, readlink, exec, connect, listen, tree,
and those of SBPL.

usage: safehouse why [OPTIONS] OPERATION TARGET... [-- COMMAND...]
       safehouse why [OPTIONS] -  [-- COMMAND...]      lines of OPERATION TARGET
""",
    "denials": """\
Show what a launch was refused that was started with --denials, or by safehouse learn: with what
allows it, or why it should stay so.

  safehouse --denials -- npm install         tells it at the end, and keeps it
  safehouse denials                          the last launch in this directory
  safehouse denials 1a2b3c4d --all           another one, with what every program is refused

usage: safehouse denials [LAUNCH] [--all] [--json]
""",
    "learn": """\
Run a command confined, and propose the least that would let it do what it was refused: files,
directories that hold one thing, features. Nothing that should stay closed is proposed by its path,
and nothing is kept without your yes.

  safehouse learn -- npm install             asks for each, and keeps it for this directory
  safehouse learn --profile -- mytool        keeps it for mytool, wherever it is started
  safehouse learn --yes -- make test         keeps what only reads, and asks nothing
  safehouse learn --print -- make test       prints what would be kept, as YAML

usage: safehouse learn [OPTIONS] [--profile] [--yes | --print] [--] COMMAND [ARG...]
""",
    "grant": """\
Remember what launches in this directory, and in those below it, may also use. It is kept in
~/.config/safehouse/grants.yaml, where no confined command can look, and ends when the directory is
replaced by another one.

  safehouse grant ~/docs                  launches here may read ~/docs
  safehouse grant --write ../out          they may write ../out as well
  safehouse grant --deny private          they may not even read what lies in private
  safehouse grant --enable=ssh --agent=claude
  safehouse grant --env-pass=MY_TOKEN --for=~/src/project

usage: safehouse grant [--read-only | --write | --deny] PATH... [--agent=NAME] [--for=DIR]
       safehouse grant [--enable=FEATURES] [--env-pass=NAMES] [PATH...]
""",
    "revoke": """\
Forget what `safehouse grant` has remembered for this directory.

  safehouse revoke ~/docs                 whichever it was: to read, to write, or denied
  safehouse revoke --enable=ssh --agent=claude
  safehouse revoke --all --for=~/src/gone

usage: safehouse revoke [PATH...] [--enable=FEATURES] [--env-pass=NAMES] [--agent=NAME] [--for=DIR]
       safehouse revoke --all [--agent=NAME] [--for=DIR]
""",
    "grants": """\
Show what is kept for this directory and for those above it. The nearest one comes last, and wins.

  safehouse grants                        for a launch here
  safehouse grants --all                  for every directory
  safehouse grants --effective            every source of a launch here, and what came of it

usage: safehouse grants [--all | --effective] [--json] [--agent=NAME] [--for=DIR]
""",
    "trust": """\
Show what a project's own configuration (.safehouse.yaml, or agent-safehouse's .safehouse) opens to
the commands that run in it, and ask whether it may. Trust ends when one of its files changes.

  safehouse trust                         look at the project in this directory, and decide
  safehouse trust --for=~/src/project     at another one
  safehouse trust --decline               leave it closed, and do not be told about it again
  safehouse trust --import                go through what agent-safehouse trusts

usage: safehouse trust [--for=DIR] [--yes | --decline]
       safehouse trust --import [--yes]
""",
    "untrust": """\
Forget what was said about a project's own configuration, so that it opens nothing any more.

  safehouse untrust                       of the project in this directory
  safehouse untrust --for=~/src/gone      of another one, also where it is gone

usage: safehouse untrust [--for=DIR]
""",
    "init": """\
Print the code for a shell, so that typing the name of an agent starts it confined, and so that Tab
completes what safehouse takes. One line at the end of the shell's file reads it:

  eval "$(~/.local/bin/safehouse init zsh)"     in ~/.zshrc
  eval "$(~/.local/bin/safehouse init bash)"    in ~/.bashrc
  ~/.local/bin/safehouse init fish | source     in ~/.config/fish/config.fish

The path is that of your safehouse: where a shell comes to the line, PATH may not have it yet.

  safehouse doctor --fix                  adds the line for you
  claude                                  is confined from then on
  SAFEHOUSE_OFF=1 claude                  is not, this once; nor is: command claude
  safehouse off                           not in this shell, until: safehouse on
  type claude                             says which it is

usage: safehouse init zsh | bash | fish [--agents=AGENTS]
""",
    "off": """\
In a shell that has read what `safehouse init` prints: agents are started as they are from now on,
in this shell and in what it starts. `type claude` says which it is.

  safehouse off                           until the end of this shell, or:
  safehouse on
  SAFEHOUSE_OFF=1 claude                  this once

usage: safehouse off
""",
    "on": """\
In a shell that has read what `safehouse init` prints: typing an agent's name starts it confined
again.

  safehouse on                            after safehouse off, or for an agent installed since
  safehouse init --help                   what makes it so in each new shell

usage: safehouse on
""",
    "shims": """\
Make, list, check and remove shims: small files with the names of agents, in a directory of PATH,
each of which starts its agent confined. They are for editors, scripts and `npx`; in a shell,
`safehouse init` does the same by functions.

  safehouse shims install                 in ~/.local/share/safehouse/shims, for the agents here
  safehouse shims install ~/shims --agents=claude,npx
  safehouse shims                         which there are, and how they do
  safehouse shims remove                  all of them

A shim of npx, bunx, pnpx, uvx or pipx confines the agents that are started by it, and nothing else.

usage: safehouse shims [list | check] [DIR] [--json]
       safehouse shims install [DIR] [--agents=AGENTS]
       safehouse shims remove [DIR] [--agents=AGENTS]
""",
    "completion": """\
Print what makes Tab complete safehouse in a shell: commands, options, paths, features, agents, and
behind `safehouse claude` whatever claude completes itself. It is for packages: the code of
`safehouse init` has it already, with your own profiles, too.

  safehouse completion zsh >_safehouse                in share/zsh/site-functions
  safehouse completion bash >safehouse                in share/bash-completion/completions
  safehouse completion fish >safehouse.fish           in share/fish/vendor_completions.d

usage: safehouse completion zsh | bash | fish
""",
    "profiles": """\
Say which profiles there are, what one of them opens and why, and whether a file of your own for
~/.config/safehouse/profiles.d is right.

  safehouse profiles                      all of them; the same as: safehouse profiles list
  safehouse profiles show claude          all of its rules, and what it requires
  safehouse profiles show docker --platform=macos
  safehouse profiles check mytool.yaml    the first error, or what it opens, with warnings

usage: safehouse profiles [list] [--platform=SYSTEM] [--json]
       safehouse profiles show NAME [--platform=SYSTEM] [--json]
       safehouse profiles check FILE [--platform=SYSTEM] [--strict]
""",
    "audit": """\
Show what was started confined: when, where, with which rights, for how long, with what exit status.
It stands in ~/.local/state/safehouse/audit, where no confined command can look.

  safehouse audit                         the newest last
  safehouse audit --since=7d
  safehouse audit verify                  whether lines were removed or changed

In ~/.config/safehouse/config.yaml, `audit: arguments` has the commands' arguments in it, too, and
`audit: off` ends it.

usage: safehouse audit [--since=WHEN] [--json]
       safehouse audit verify [--json]
""",
    "doctor": """\
Say what is wrong, if anything is, and the command that mends it: whether programs can be confined
here, which safehouse this is, whether typing an agent's name starts it confined, which agents are
installed, PATH, your configuration, and the directory you are in. It changes nothing by itself.

  safehouse doctor                        a line for each group, and at the end what to do
  safehouse doctor -v                     all that was looked at
  safehouse doctor --fix                  do what safehouse can do itself; it asks before each step

usage: safehouse doctor [--verbose] [--json]
       safehouse doctor --fix [--yes] [--verbose]
""",
}
_END = {
    "run": """\
Exit status: the command's own (128+n for signal n); 125 safehouse's own failure or refusal, 126
found but not executable, 127 not found. It hardens, and is no virtual machine: what a command may
read, it may also send away.
""",
    "policy": """\
Exit status: 0; with --diff 0 for no difference and 1 for some; 125 for a failure or a refusal.
""",
    "why": "Exit status: 0 all allowed, 1 something denied, 125 a question that cannot be answered.\n",
    "learn": "Exit status: the command's own; 125 for a failure or a refusal.\n",
    "keep": "Exit status: 0; 125 for an error, and then nothing was changed.\n",
    "grants": "Exit status: 0; 125 for an error.\n",
    "shims": "Exit status: 0; of check, 1 if a shim does not do what it is for; 125 for an error.\n",
    "profiles": "Exit status: 0; 1 for warnings with --strict; 125 for an error.\n",
    "doctor": """\
Exit status: 1 if there is a problem: something stops launches, or starts an agent unconfined by a
name that stands for a confined one; 0 if not; 125 for an error.
""",
    "audit": "Exit status: 0; of verify, 1 if something is not as it was written; 125 for an error.\n",
    "trust": "Exit status: 0 trusted, or declined as wanted; 1 not trusted; 125 for an error.\n",
}
_GROUPS = {
    "grant": "keep",
    "revoke": "keep",
    **dict.fromkeys(("untrust", "init", "on", "off", "completion", "denials"), "grants"),
}


def text(command: str) -> str:
    """The help of one command."""
    lines = [_INTRODUCTION[command]]
    if command == "run":
        lines.append("commands:")
        longest = max(map(len, COMMANDS))
        lines += [f"  {name.ljust(longest)}  {what}" for name, what in COMMANDS.items()]
        lines.append("")
    lines.append("options:")
    for option in OPTIONS:
        if command in option.commands:
            value = option.value if option.value[:1] in ("", "[") else "=" + option.value
            name = ", ".join(option.names) + value
            gap = " " * (28 - len(name)) if len(name) < 27 else "\n" + " " * 30
            lines.append(f"  {name}{gap}{option.help}")
    if command == "run":
        lines += ["", "features:", *_features()]
    return "\n".join(lines) + "\n\n" + _END[_GROUPS.get(command, command)]


def _features() -> list[str]:
    from textwrap import wrap

    from safehouse.host import LINUX
    from safehouse.sources.catalogue import Catalogue, records

    names = ", ".join(Catalogue(LINUX, records()).in_layers(("feature",)))
    return wrap(names, 96, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
