"""`--help`: it teaches by the commands that are needed."""

from __future__ import annotations

from safehouse.cli.arguments import COMMANDS, OPTIONS

_INTRODUCTION = {
    "run": """\
Run a coding agent, or any command, so that it can use this project, its own state and the
toolchains, and nothing else of yours: no SSH keys, no cloud credentials, no other repositories.

  safehouse claude                        confined to the current directory
  safehouse --explain -- codex            the same, saying first what it may do
  safehouse --add-dirs-ro=~/docs claude   it may also read ~/docs
  safehouse why read ~/.ssh/id_ed25519 -- claude

usage: safehouse [OPTIONS] [--] [NAME=VALUE...] COMMAND [ARG...]
""",
    "policy": """\
Print the policy that a command would run under, without running it.

  safehouse policy -- claude
  safehouse policy --platform=macos --format=table -- codex

usage: safehouse policy [OPTIONS] [--] [COMMAND...]
""",
    "why": """\
Say whether a command may do something, by which rule, and how to allow it if not. The exit status
is 0 for allowed and 1 for denied.

  safehouse why read ~/.ssh/config -- claude
  safehouse why write /etc/hosts
  safehouse why mach-lookup com.apple.pasteboard.1 -- claude

usage: safehouse why [OPTIONS] OPERATION TARGET [-- COMMAND...]
""",
}
_END = """\

Exit status: the command's own (128+n for signal n); 125 safehouse's own failure or refusal, 126
found but not executable, 127 not found. It hardens, and is no virtual machine: what a command may
read, it may also send away.
"""


def text(command: str) -> str:
    """The help of one command."""
    lines = [_INTRODUCTION[command]]
    if command == "run":
        lines.append("commands:")
        lines += [f"  {name:<9}{what}" for name, what in COMMANDS.items()]
        lines.append("")
    lines.append("options:")
    for option in OPTIONS:
        if command in option.commands:
            value = option.value if option.value[:1] in ("", "[") else "=" + option.value
            name = ", ".join(option.names) + value
            gap = " " * (28 - len(name)) if len(name) < 27 else "\n" + " " * 30
            lines.append(f"  {name}{gap}{option.help}")
    if command == "run":
        lines += ["", "features: " + _features()]
    return "\n".join(lines) + "\n" + _END


def _features() -> str:
    from safehouse.host import LINUX
    from safehouse.sources.catalogue import Catalogue, records

    return ", ".join(Catalogue(LINUX, records()).in_layers(("feature",)))
