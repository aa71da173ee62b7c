"""In the place of sandbox-exec: the pretended kernel, as a program.

pretended.py MODE [-D NAME=VALUE]... (-p TEXT | -f FILE) -- COMMAND [ARGUMENT...]

Of programs it confines inside.py, and the shell of safehouse/backends/probe.py; it starts others as
they are. MODE is a JSON object: `disagree` a verb that it answers the wrong way, `crash` one at
which the program ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from safehouse.backends import probe
from safehouse.sbpl import evaluate
from tests.mac_check.kernel import Kernel, Refused, done
from tools.mac_check.asking import SOURCE, Answer, Question

# Our own patterns for secrets take Python longer than what people bring along may.
evaluate.is_known = lambda pattern: True


def main(words: list[str]) -> int:
    mode = json.loads(words[0])
    options, command = words[1 : words.index("--")], words[words.index("--") + 1 :]
    params = dict(
        word.split("=", 1) for word in options if options[options.index(word) - 1] == "-D"
    )
    text = options[options.index("-p") + 1] if "-p" in options else ""
    if not text:
        with open(options[options.index("-f") + 1], encoding="utf-8") as file:
            text = file.read()
    try:
        kernel = Kernel(text, params)
    except Refused as error:
        print(error, file=sys.stderr)
        return error.status
    if SOURCE in command:
        serve(kernel, mode)
        return 0
    if probe._SCRIPT in command:
        return shell(kernel, command)
    os.execvp(command[0], command)
    return 71


def serve(kernel: Kernel, mode: dict[str, str]) -> None:
    """What inside.py does, for what the kernel allows."""
    print(json.dumps({"ready": os.getpid()}), flush=True)
    for line in sys.stdin:
        question = Question(**json.loads(line))
        if question.do == mode.get("crash"):
            os._exit(11)
        answer = kernel.answer(question)
        if question.do == mode.get("disagree"):
            answer = done(question) if answer.errno else Answer(1, "Operation not permitted")
        print(json.dumps({"errno": answer.errno, "said": answer.said}), flush=True)


def shell(kernel: Kernel, command: list[str]) -> int:
    """What it may not read vanishes: it gets another name."""
    lines = sys.stdin.read().splitlines()
    seen = [line if kernel.allows(Question("read", line)) else "/no/such/file" for line in lines]
    text = "".join(f"{line}\n" for line in seen)
    return subprocess.run(command, input=text.encode(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
