"""Whether Seatbelt takes every policy that we write."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from safehouse.errors import UserError
from safehouse.request import Request
from safehouse.sandbox import make_plan, policy_text
from safehouse.sources.catalogue import Catalogue, records
from safehouse.value import replace
from tools.mac_check.asking import Policy
from tools.mac_check.experiment import is_refusal, offered
from tools.mac_check.finding import AS_BELIEVED, HIGH, OTHERWISE, UNCLEAR, Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tools.mac_check.bench import Bench

PROJECT = "src/project"
GOLDEN = "tests/golden/*.sb"
_ODD_HOMES = (
    "with space", 'qu"ote', "apo'strophe", "$HOME", "&amp", "back\\slash", "ünï 日本", "(x);#f",
    "a.b+c[d]*?{2}|^",
)  # fmt: skip
APPENDED = """\
(version 1)
;; as people have them
(allow file-read* (home-subpath "/notes") (home-prefix "/.team-"))
(define socket "/private/var/run/example.sock")
(allow network-outbound (literal socket))
(deny file-read* file-write* (workdir-literal "/.env") (with message "the .env is closed"))
(define (either a b) (require-any a b))
(deny file-write* (either (home-subpath "/work") (workdir-literal "/plan")))
(allow mach-lookup (global-name "com.example.service"))
"""


def requests() -> dict[str, Request]:
    """Requests for every profile, and for combinations that people use."""
    catalogue = Catalogue("macos", records())
    features = catalogue.in_layers(("feature",))
    found = {"nothing asked for": Request()}
    for name in catalogue.in_layers(("agent", "app")):
        found[f"--agent={name}"] = Request(agent=name)
    for name in features:
        found[f"--enable={name}"] = Request(enable=(name,))
    found["all features"] = Request(enable=tuple(features))
    for agent in ("claude", "codex", "aider"):
        for some in (("ssh", "docker"), ("keychain", "clipboard", "browser"), ("wide-read",)):
            known = tuple(name for name in some if name in features)
            found[f"--agent={agent} --enable={','.join(known)}"] = Request(
                agent=agent, enable=known
            )
    found.update(_options())
    return found


def _options() -> dict[str, Request]:
    return {
        "--workdir=": Request(workdir=""),
        "--workdir=~": Request(workdir="~"),
        "--network=none": Request(network="none"),
        "--network=none --agent=claude": Request(network="none", agent="claude"),
        "--deny-secrets": Request(deny_secrets=True),
        "--deny-secrets --agent=claude": Request(deny_secrets=True, agent="claude"),
        "--add-dirs, --add-dirs-ro, --deny": Request(
            add_dirs=("~/data",), add_dirs_ro=("~/docs", "/etc/hosts"), deny=("closed",)
        ),
        "--append-profile": Request(append_profile=("~/my.sb",)),
    }


def run(bench: Bench, wanted: dict[str, Request] | None = None) -> Iterator[Finding]:
    """Offers every policy, those with odd homes, and the reviewed ones of tests/golden."""
    make_project(bench)
    for name, request in (requests() if wanted is None else wanted).items():
        bench.tell(name)
        yield _finding(name, partial(_text, bench, request), bench)
    for home in _ODD_HOMES:
        bench.tell(f"HOME={home}")
        path = f"{bench.scratch.home}/{home}"
        bench.scratch.make(f"{path}/{PROJECT}/file")
        yield _finding(f"a home called {home}", partial(_odd, bench, path), bench)
    for file in sorted(Path(bench.checkout).glob(GOLDEN)):
        bench.tell(file.name)
        yield _finding(f"tests/golden/{file.name}", partial(file.read_text, "utf-8"), bench)


def make_project(bench: Bench) -> None:
    """A home with a project in it, and what the requests name."""
    scratch = bench.scratch
    project = f"{scratch.home}/{PROJECT}"
    for name in ("data/f", "docs/f", "notes/f", f"{PROJECT}/closed/f", f"{PROJECT}/f"):
        scratch.make(f"{scratch.home}/{name}")
    scratch.make(f"{project}/config/.env", "KEY=pretended\n")
    scratch.make(f"{project}/.git/HEAD", "ref: refs/heads/main\n")
    scratch.make(f"{project}/.git/config", "")
    for name in ("hooks", "objects", "refs"):
        scratch.make(f"{project}/.git/{name}/f", "")
    scratch.make(f"{scratch.home}/my.sb", APPENDED)


def _text(bench: Bench, request: Request) -> str:
    return policy_text(bench.plan(request, PROJECT))


def _odd(bench: Bench, home: str) -> str:
    host = bench.at_home()
    host = replace(host, home=home, cwd=f"{home}/{PROJECT}", environ={**host.environ, "HOME": home})
    return policy_text(make_plan(Request(agent="claude", deny_secrets=True), host))


def _finding(name: str, text: Callable[[], str], bench: Bench) -> Finding:
    belief = f"Seatbelt takes it: {name}"
    head = ("render.py", HIGH, belief)
    try:
        policy = Policy(text())
    except UserError as error:
        return Finding(*head, UNCLEAR, f"there is no policy: {error.message}")
    status, said = offered(policy, bench)
    size = f"{len(policy.text.encode())} bytes"
    if status == 0:
        return Finding(*head, AS_BELIEVED, size)
    if status == -1:
        return Finding(*head, UNCLEAR, said)
    if is_refusal(status, said):
        return Finding(*head, OTHERWISE, f"refused ({size}): {said}")
    return Finding(
        *head, OTHERWISE, f"taken ({size}), but /usr/bin/true gave status {status}: {said}"
    )
