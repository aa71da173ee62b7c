"""What a confined program can read about its sandbox: a text for agents, at a path that a variable names."""

from __future__ import annotations

VARIABLE = "SAFEHOUSE_SANDBOX"
NAME = "safehouse.md"

TEXT = """\
# You run confined by Safehouse

The kernel keeps you, and all that you start, to this project, your own state and the usual
toolchains. Everything else on this computer is closed or looks as if it did not exist: other
projects, keys, sign-ins of other tools, personal files, sockets of other programs. Nothing that you
do in here changes that, and it is no fault of the project.

## How a refusal looks

- "No such file or directory" for something that the person says is there
- "Operation not permitted", "Permission denied" or "Read-only file system"
- "Connection refused", or "Cannot connect", to a program on this computer
- a tool that is not signed in, or does not find its settings, though the person uses it

## What to do

1. If the task can be done without it, go on, and say at the end what was refused.
2. If not, stop and report. Do not look for a way around: no copies elsewhere, no chmod or sudo, no
   other HOME, no second tool for the same. It costs time, and fails.
3. In the report give the command that failed, the exact path or address, whether you wanted to read,
   write or run it, and the error, word by word. Then these lines, with your values, which the person
   runs in a terminal of their own, in this directory:

       safehouse why read PATH -- COMMAND     says which rule it was, and what would allow it
       safehouse grant PATH                   lets launches here read it; with --write, write it, too

   COMMAND is the one that you were started by (claude, codex, ...). A grant holds from the next
   launch on: you have to be started again.
4. Ask for the one file or directory that is needed, never for a whole home, and for nothing that
   holds keys or passwords.
"""


def path(launch_temp: str) -> str:
    """Where the text lies: with the launch's own temporary files, by default in a /tmp of its own."""
    return f"{launch_temp or '/tmp'}/{NAME}"
