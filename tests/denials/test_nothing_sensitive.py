"""Whatever a program tries, nothing is proposed that should stay closed, nor what holds it, nor the home."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from safehouse.answers.mending import Mender
from safehouse.backends.base import Observations, Observed
from safehouse.denials.advice import advised
from safehouse.denials.denial import judged
from safehouse.request import Request
from safehouse.sources.settings import contains
from tests.fake_host import linux, mac, planned

NAMES = (
    *(f"docs/{name}" for name in "abcd"), *(f"docs/sub/{name}" for name in "abc"), "docs/sub/.env",
    *(f".tool/{name}" for name in "abcd"), ".tool/plugins/p", ".tool/token.pem", ".config/one/x",
    ".config/two/x", ".config/three/x", ".config/gh/hosts.yml", ".ssh/id_rsa", ".ssh/config",
    ".aws/credentials", ".gnupg/gpg.conf", ".bashrc", ".vimrc", ".zshenv", "bin/run", ".local/bin/x",
    *(f"src/{repo}/{name}" for repo in ("one", "two") for name in (".git/config", "a", "b", "c")),
    "src/project/a", "src/project/.git/config", ".codex/auth.json", "agent.sock=", ".cargo/bin/x",
    ".safehouse.yaml", ".config/safehouse/config.yaml", ".local/state/safehouse/x", "notes.txt",
)  # fmt: skip
PLANS = {
    "linux": planned(linux(*NAMES), Request()),
    "macos": planned(mac(*NAMES), Request()),
}
PATHS = sorted(
    {f"~/{name.rstrip('=')}" for name in NAMES}
    | {
        f"~/{'/'.join(name.split('/')[:n])}"
        for name in NAMES
        for n in range(1, name.count("/") + 1)
    }
    | {"~", "/", "/etc", "/usr/bin", "~/new", "~/.new/x", "~/.ssh/new", "~/docs/new", "/home"}
)
tried = st.tuples(
    st.sampled_from(["read", "write", "create", "delete", "rename", "stat", "exec", "connect"]),
    st.sampled_from(PATHS),
)


@given(st.lists(tried, min_size=1, max_size=12), st.sampled_from([*PLANS]))
@settings(
    max_examples=15,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_tried(tries, system):
    plan = PLANS[system]
    home = plan.host.home
    kept = tuple(Observed(word, path.replace("~", home, 1)) for word, path in tries)
    denials = judged(plan, Observations(kept), told_by_kernel=False)
    found = advised(plan, denials)
    places = Mender(plan).places
    for row in found:
        if row.kind not in ("path", "link"):
            assert not row.harmless
            # What can be seen can be connected to: a socket is granted as a path, but never unasked.
            socket = row.kind == "option" and row.target == f"{home}/agent.sock"
            assert row.kind in ("feature", "closed") or socket or "grant" not in row.keep
            continue
        assert places.place_of(row.target, row.writes) is None
        assert not contains(row.target, home)
        assert not row.writes or not row.harmless
        for name in NAMES:
            path = f"{home}/{name}"
            if row.tree and contains(row.target, path):
                assert places.place_of(path, row.writes) is None, (row, path)
    assert {(r.kind, r.target, r.keep) for r in advised(plan, denials[::-1])} == {
        (r.kind, r.target, r.keep) for r in found
    }
    told = [denial for denial in denials if not denial.noise]
    assert sum(row.count for row in found if row.kind != "noise") == sum(d.count for d in told)
