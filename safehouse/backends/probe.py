"""macOS: tries, under the policy of a launch, to open what has to be closed to it."""

from __future__ import annotations

import subprocess

from safehouse.errors import UserError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.launch import Proof

_SHELL = "/bin/sh"
_LONGEST = 30  # seconds
# Opens each path that it reads, one a line: what is in a policy has no control characters. `true` is
# no special builtin, so that the shell goes on where it cannot open one.
_SCRIPT = """\
n=0
while IFS= read -r path; do
  n=$((n + 1))
  if true <"$path"; then
    echo "open $n"
    exit
  fi
done
echo "closed $n"
"""
_AGAIN = "nothing is run without it; see what says so: safehouse why read PATH"


def refuse_open(enforcer: tuple[str, ...], proof: Proof) -> None:
    """Raises UserError where a program behind these words can open what has to be closed.

    And where it cannot be tried. The paths are read, so that no command line shows them.
    """
    if not proof.paths:
        return
    lines = "".join(f"{path}\n" for path in proof.paths).encode("utf-8", "surrogateescape")
    try:
        done = subprocess.run(
            [*enforcer, _SHELL, "-c", _SCRIPT],
            input=lines,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            timeout=_LONGEST,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UserError(
            f"it could not be tried whether secrets are closed: {error}", _AGAIN
        ) from None
    word, _, number = done.stdout.decode("ascii", "replace").strip().partition(" ")
    if word == "open" and number.isdigit() and 0 < int(number) <= len(proof.paths):
        path = printable(proof.paths[int(number) - 1])
        raise UserError(f"{path} has to be closed, and can be opened, so nothing was run", _AGAIN)
    if (word, number, done.returncode) != ("closed", str(len(proof.paths)), 0):
        raise UserError(
            "it could not be tried whether secrets are closed: the shell for it failed "
            f"({done.returncode})",
            _AGAIN,
        )
