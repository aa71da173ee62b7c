"""What profiles.yaml promises: these hold for every profile that is shipped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from safehouse.policy.match import text_matches
from safehouse.policy.policy import Access, Policy
from safehouse.policy.rule import ALLOW, DENY, PATH_KINDS, Filter, Grant, Rule, Tier
from safehouse.policy.vocabulary import NEWER, OLDER_NAME, OPERATIONS, OWN_DEFAULT, PARENT
from safehouse.sources.profile import LAYERS, ON_REQUEST, PLATFORMS, Profile, profile_of
from safehouse.sources.profile_file import load
from safehouse.sources.spelling import PLACEHOLDERS

FILE = Path(__file__).parents[2] / "profiles.yaml"
RECORDS = load(FILE.read_bytes(), FILE.name)
HOME = "/home-of-user"
PLACES = {
    "~": HOME, "@TMPDIR": "/T", "@LAUNCH_TMPDIR": "/T/safehouse/0", "@CACHEDIR": "/C",
    "@SSH_AUTH_SOCK": "/run/agent.sock",
}  # fmt: skip

# Features that stand for others, of layers behind them.
TOGETHER = ("all-agents", "all-apps", "vscode")
# Features that let the program change what runs outside, and say so.
OPENS_PROGRAMS = ("toolchain-writes",)
# Below the home directory, and run outside of the sandbox too.
PROGRAMS = """
.local/bin/claude bin/tool .local/lib/node_modules/x/cli.js .local/lib/python3.12/site-packages/x.py
.nvm/versions/node/v22/bin/node .fnm/x .local/share/fnm/node-versions/v22/installation/bin/node
.local/state/fnm_multishells/1_2/bin/node .volta/bin/node .npm-global/bin/x .yarn/bin/yarn
.config/yarn/global/node_modules/x/cli.js .local/share/pnpm/pnpm .cache/node/corepack/v1/pnpm/x
.cache/ms-playwright/chromium/chrome .cache/puppeteer/chrome/x .cache/Cypress/x .cache/prisma/x
Library/pnpm/pnpm Library/Caches/ms-playwright/x .pyenv/shims/python .pyenv/versions/3.12/bin/python
.local/share/uv/tools/x/bin/x .local/share/pipx/venvs/x/bin/x .local/pipx/x .virtualenvs/x/bin/python
.local/share/virtualenvs/x/bin/python .local/share/pypoetry/venv/bin/poetry miniconda3/bin/conda
.cache/pypoetry/virtualenvs/x/bin/python .cache/pre-commit/repo/x .local/share/hatch/env/x
.local/share/mise/installs/node/22/bin/node .local/share/claude/versions/2/claude
.claude/local/node_modules/.bin/claude .codex/packages/standalone/codex Library/Python/3.9/bin/x
.docker/cli-plugins/docker-buildx .azd/bin/bicep .azure/cliextensions/x.py .aws/config
"""


def profiles(platform: str) -> list[Profile]:
    """All of them, in the order in which they are applied."""
    found = [profile_of(record, platform) for record in RECORDS.values()]
    return sorted(found, key=lambda profile: LAYERS.index(profile.layer))


def chosen(platform: str, *names: str) -> list[Profile]:
    """Those always in force, and the named ones with what they require."""
    wanted = set(names)
    while True:
        more = {r for name in wanted for r in RECORDS[name][6]} - wanted
        if not more:
            break
        wanted |= more
    return [p for p in profiles(platform) if p.layer not in ON_REQUEST or p.name in wanted]


def policy(platform: str, *names: str) -> Policy:
    rules = []
    for profile in chosen(platform, *names):
        for grant in profile.grants:
            filter = grant.filter
            if filter is not None and filter.kind in PATH_KINDS:
                value = filter.value
                for place, path in PLACES.items():
                    start = "^" if filter.kind == "regex" else ""
                    if value.startswith(start + place):
                        value = start + path + value[len(start + place) :]
                filter = Filter(filter.kind, value)
            rules.append(Rule(grant.action, grant.operations, filter, grant.origin))
    return Policy(tuple(rules))


def allows(policy: Policy, operation: str, target: str) -> bool:
    if target.startswith("~"):
        target = HOME + target[1:]
    return policy.decide(Access(operation, target)).allowed


ALL = [(platform, profile) for platform in PLATFORMS for profile in profiles(platform)]
GRANTS = [(platform, profile, grant) for platform, profile in ALL for grant in profile.grants]
PATHS = [
    (platform, profile, grant, grant.filter)
    for platform, profile, grant in GRANTS
    if grant.filter is not None and grant.filter.kind in PATH_KINDS
]


def said(grant: Grant) -> str:
    return f"{grant.origin.source}: {grant.filter and grant.filter.value}"


# Each rule


def test_each_target_has_a_reason_of_its_own() -> None:
    for name, record in RECORDS.items():
        reasons = Counter(
            target[2] for rules in record[10] if rules[0] == ALLOW for target in rules[6]
        )
        for reason, count in reasons.items():
            assert len(reason) >= 8, (name, reason)
            assert count <= 3, (name, reason)


def test_a_reason_says_more_than_the_path() -> None:
    for _, _, grant, filter in PATHS:
        if grant.action == ALLOW:
            name = filter.value.rpartition("/")[2].lower()
            assert grant.origin.reason.lower() not in name, said(grant)


def test_each_operation_is_known_to_the_oldest_macos() -> None:
    for _, _, grant in GRANTS:
        assert not NEWER & set(grant.operations) - OLDER_NAME.keys(), said(grant)
        assert set(grant.operations) <= set(OPERATIONS), said(grant)


def test_no_path_on_macos_is_spelled_through_a_link() -> None:
    """Seatbelt sees what they lead to; only the links themselves can be looked at under that name."""
    for platform, _, grant, filter in PATHS:
        first = filter.value.lstrip("^").split("/")[1:2]
        if platform == "macos" and first in (["tmp"], ["var"], ["etc"]):
            assert filter.value.count("/") == 1 and not grant.follow, said(grant)


def test_only_wide_read_grants_all_of_the_home_or_of_the_system() -> None:
    wide = {
        "/",
        "~",
        "/home",
        "/Users",
        "/private",
        "/private/var",
        "/var",
        "/run",
        "/System",
        "/Library",
    }
    for platform, profile, grant, filter in PATHS:
        reads = not {"file-read*", "file-read-data"}.isdisjoint(grant.operations)
        if (
            grant.action == ALLOW
            and profile.name != "wide-read"
            and filter.kind != "literal"
            and reads
        ):
            assert filter.value not in wide, said(grant)
            assert not text_matches(filter.kind, filter.value, "~"), said(grant)
        if profile.name == "wide-read" and grant.action == ALLOW:
            assert not text_matches(filter.kind, filter.value, "/run") or platform == "macos"


def test_what_is_made_is_the_state_of_an_agent() -> None:
    """Of a toolchain only what lies in a directory that the person has already.

    What is denied is made for the launch only, in what may be written.
    """
    for _, profile, grant, _ in PATHS:
        of_agents = profile.layer == "agent" or profile.name == "agent-browser"
        of_agents = of_agents or grant.action == DENY
        assert grant.create in ("", "subdirectory") or of_agents, said(grant)


def test_no_profile_writes_to_the_system() -> None:
    for _, _, grant, filter in PATHS:
        if grant.action == ALLOW and "file-write*" in grant.operations:
            own = filter.value.lstrip("^").startswith(("~/", "@", "/dev/", "/private/tmp"))
            assert own or "network-outbound" in grant.operations, said(grant)


# Profiles


def test_every_feature_says_what_it_gives_up() -> None:
    for record in RECORDS.values():
        assert bool(record[3]) == (record[1] == "feature")


def test_always_on_profiles_are_not_chosen_by_command() -> None:
    for record in RECORDS.values():
        assert not record[5] or record[1] in ON_REQUEST


def test_a_profile_requires_none_that_comes_later() -> None:
    for name, record in RECORDS.items():
        for required in record[6] if name not in TOGETHER else ():
            assert LAYERS.index(RECORDS[required][1]) <= LAYERS.index(record[1])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_first_rule_refuses_everything(platform: str) -> None:
    first = profiles(platform)[0].grants[0]
    assert (first.action, first.operations, first.filter) == (DENY, ("default",), None)
    assert first.origin.tier == Tier.BASE


def family(operation: str) -> set[str]:
    """The operation and those it falls back to, but for `default`."""
    found = set()
    while operation not in ("", "default"):
        found.add(operation)
        operation = PARENT.get(operation, "")
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
def test_rules_without_target_stand_before_those_with_one(platform: str) -> None:
    """A bare rule never undoes one with a target, but reads as if it did: seatbelt.md 1.3."""
    named: dict[str, str] = {}
    above: dict[str, str] = {}
    for profile in profiles(platform):
        for grant in profile.grants:
            for operation in grant.operations:
                if grant.filter is not None:
                    named[operation] = said(grant)
                    above.update(dict.fromkeys(family(operation), said(grant)))
                else:
                    earlier = [named[name] for name in family(operation) if name in named]
                    earlier += [above[operation]] if operation in above else []
                    assert not earlier, (said(grant), operation, earlier)


def test_no_operation_is_left_to_a_default_of_macos() -> None:
    bare = {
        operation
        for grant in profile_of(RECORDS["base"], "macos").grants
        if grant.filter is None
        for operation in grant.operations
    }
    assert set(OWN_DEFAULT) - NEWER <= bare


# What follows from them


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("program", PROGRAMS.split())
def test_no_program_below_the_home_can_be_changed(platform: str, program: str) -> None:
    """U1."""
    everything = policy(platform, *(name for name in RECORDS if name not in OPENS_PROGRAMS))
    for operation in ("file-write-data", "file-write-create", "file-write-unlink", "file-link"):
        assert not allows(everything, operation, f"~/{program}")


def programs() -> dict[str, str]:
    """The targets of the lists of programs, by the list's name."""
    lists = yaml.safe_load(FILE.read_bytes())["lists"]
    return {
        target: name
        for name, targets in lists.items()
        if name.endswith(("-programs", "-programs-macos")) and "temporary" not in name
        for target in targets
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_place_of_programs_is_opened_by_toolchain_writes_alone(platform: str) -> None:
    """For reading it is open, for writing only where the feature was asked for."""
    plain, opened = policy(platform), policy(platform, "toolchain-writes")
    everything = policy(platform, *(name for name in RECORDS if name not in OPENS_PROGRAMS))
    for target, name in programs().items():
        if name.endswith("-macos") and platform != "macos":
            continue
        path = target.rstrip("/*") + ("/x" if target[-1] == "/" else "x")
        assert allows(plain, "file-read-data", path), target
        assert allows(opened, "file-write-data", path), target
        assert not allows(everything, "file-write-data", path), target


def test_toolchain_writes_opens_no_secret() -> None:
    for platform in PLATFORMS:
        held = policy(platform, "toolchain-writes")
        for secret in SECRETS.split():
            assert not allows(held, "file-write-data", f"~/{secret}"), secret


def test_those_that_stand_for_all_leave_none_out() -> None:
    for name, layer in (("all-agents", "agent"), ("all-apps", "app")):
        assert [*RECORDS[name][6]] == [r[0] for r in RECORDS.values() if r[1] == layer]


def test_no_two_lists_have_the_same_path() -> None:
    """One place to change: a path that two lists need is a list of its own."""
    seen: dict[str, str] = {}
    for name, targets in yaml.safe_load(FILE.read_bytes())["lists"].items():
        for target in targets if not name.startswith("secrets") else ():
            assert target not in seen or target.startswith("com.apple."), (
                target,
                name,
                seen[target],
            )
            seen[target] = name


SECRETS = """
.ssh/id_ed25519 .gnupg/private-keys-v1.d/x .aws/credentials .config/gcloud/credentials.db .azure/x
.kube/config .docker/config.json .netrc .git-credentials .config/git/credentials .pypirc
.cargo/credentials.toml .bash_history .zsh_history .python_history .config/gh/hosts.yml .env
.password-store/x .mozilla/firefox/x/logins.json .config/google-chrome/Default/Cookies .vault-token
.local/share/uv/credentials/credentials.toml .config/pypoetry/auth.toml .config/nix/nix.conf
.claude/.credentials.json .codex/auth.json .config/configstore/firebase-tools.json
"""


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("features", [(), ("wide-read",), ("ssh", "wide-read")])
def test_secrets_are_closed(platform: str, features: tuple[str, ...]) -> None:
    held = policy(platform, *features)
    for secret in SECRETS.split():
        assert not allows(held, "file-read-data", f"~/{secret}"), secret
        assert not allows(held, "file-write-data", f"~/{secret}"), secret
        assert not allows(held, "file-clone", f"~/{secret}"), secret


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_profile_always_in_force_grants_a_secret(platform: str) -> None:
    """Else wide-read, which refuses them again, would take away what is granted without it."""
    plain = policy(platform)
    for grant in profile_of(RECORDS["wide-read"], platform).grants:
        if grant.action == DENY and grant.filter is not None and grant.filter.kind != "regex":
            path = grant.filter.value + ("/x" if grant.filter.kind == "subpath" else "")
            assert not allows(plain, "file-read-data", path), said(grant)


def test_wide_read_takes_nothing_away() -> None:
    """What is granted without it, by a tree or a path, is granted with it."""
    for platform in PLATFORMS:
        plain, wide = policy(platform), policy(platform, "wide-read")
        for profile in chosen(platform):
            for grant in profile.grants:
                filter = grant.filter
                if filter is None or filter.kind not in ("literal", "subpath", "prefix"):
                    continue
                for operation in set(grant.operations) & {"file-read*", "file-write*"}:
                    if filter.value[0] in "~/" and allows(plain, operation, filter.value):
                        assert allows(wide, operation, filter.value), said(grant)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_wide_read_reads_what_is_no_secret(platform: str) -> None:
    assert not allows(policy(platform), "file-read-data", "~/other-project/README")
    assert allows(policy(platform, "wide-read"), "file-read-data", "~/other-project/README")
    assert not allows(policy(platform, "wide-read"), "file-write-data", "~/other-project/README")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("feature", "path"),
    [
        ("docker", "~/.docker/run/docker.sock"),
        ("docker", "~/.colima/docker.sock"),
        ("docker", "~/.colima/dev/docker.sock"),
        ("docker", "~/.local/share/containers/podman/machine/qemu/podman.sock"),
        ("ssh", "/run/agent.sock"),
        ("ssh", "~/.ssh/agent/s.x"),
    ],
)
def test_a_socket_is_opened_by_its_feature_only(platform: str, feature: str, path: str) -> None:
    operations = ("network-outbound", "file-read-data", "file-write-data", "file-read-metadata")
    for names in [(), ("wide-read",), ("claude", "wide-read")]:
        for operation in operations:
            assert not allows(policy(platform, *names), operation, path), (names, operation)
    for names in [(feature,), (feature, "wide-read")]:
        for operation in operations:
            assert allows(policy(platform, *names), operation, path), (names, operation)


def test_each_closed_socket_can_be_opened_by_the_very_same_target() -> None:
    """One list for both rules: they cannot drift apart."""
    for platform in PLATFORMS:

        def sockets(action: str, *names: str, platform: str = platform) -> set[Filter]:
            return {
                grant.filter
                for name in names
                for grant in profile_of(RECORDS[name], platform).grants
                if grant.action == action and "network-outbound" in grant.operations
                if grant.filter is not None
            }

        closed = sockets(DENY, "closed-sockets")
        opened = sockets(ALLOW, "docker", "ssh", "gpg")
        assert opened <= closed
        assert sockets(ALLOW, "podman") < sockets(ALLOW, "docker")
        shared = ("@TMPDIR/", "/private/tmp/")
        temporary = {f for f in closed - opened if f.value.lstrip("^").startswith(shared)}
        assert {filter.value for filter in closed - opened - temporary} == {
            "~/.git-credential-cache", "~/.cache/git/credential",
        }  # fmt: skip
        assert bool(temporary) == (platform == "macos")
        assert temporary <= sockets(DENY, "wide-read")
        below_home = {f for f in closed if f.value.lstrip("^").startswith(("~", "@SSH"))}
        assert below_home <= sockets(DENY, "wide-read")


AGENTS = [name for name, record in RECORDS.items() if record[1] == "agent"]
# Agents that are other agents within, and what editors and their agents have in common.
WITHIN = {
    "ccr": "claude", "happy": "claude", "claude-acp": "claude", "codex-acp": "codex",
    "ra-aid": "aider",
}  # fmt: skip
# They keep nothing, or what is another program's.
STATELESS = ("ollama", "gpt-engineer")


def states(platform: str, agent: str) -> list[str]:
    """The trees that are an agent's own, without what is made so that it can be closed."""
    grants = profile_of(RECORDS[agent], platform).grants
    closed = {grant.filter.value for grant in grants if grant.action == DENY and grant.filter}
    return [
        grant.filter.value
        for grant in grants
        if grant.create and grant.filter is not None and grant.filter.value not in closed
    ]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_writes_its_state_and_no_other_agent_s(platform: str, agent: str) -> None:
    held = policy(platform, agent, "wide-read")
    own = [agent, WITHIN.get(agent, agent)]
    for owner in AGENTS:
        for path in states(platform, owner):
            if any(
                f"{path}/".startswith(f"{tree}/") for name in own for tree in states(platform, name)
            ):
                assert allows(held, "file-write-data", f"{path}/x"), path
                assert allows(held, "file-read-data", f"{path}/x"), path
            else:
                assert not allows(held, "file-write-data", f"{path}/x"), path


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("agent", AGENTS)
def test_an_agent_has_state_and_a_command(platform: str, agent: str) -> None:
    assert RECORDS[agent][5]
    assert states(platform, agent) or agent in WITHIN or agent in STATELESS


def test_no_two_profiles_are_for_the_same_command() -> None:
    commands = Counter(command for record in RECORDS.values() for command in record[5])
    assert [command for command, count in commands.items() if count > 1] == []


@pytest.mark.parametrize("agent", AGENTS)
def test_no_agent_gets_what_others_sign_in_with(agent: str) -> None:
    """Keys of clouds and hosts are for features; a token of GitHub is Copilot's own sign-in."""
    for name in RECORDS[agent][7]:
        assert not name.startswith(("AWS_", "GOOGLE_APPLICATION", "SSH_", "NPM_")), name
        assert name not in ("GITHUB_TOKEN", "GH_TOKEN") or agent == "copilot", name


@pytest.mark.parametrize("layer", ["agent", "app", "feature"])
def test_no_profile_opens_a_secret_that_is_not_its_own(layer: str) -> None:
    """What wide-read calls a secret is opened by the one whose it is, and by nobody in passing."""
    own = {
        "claude": (".claude",), "codex": (".codex",), "gemini": (".gemini",), "opencode": ("opencode",),
        "copilot": ("copilot",), "chatgpt-app": (".codex",), "vscode-app": ("Code",),
        "ccr": (".claude",), "happy": (".claude",), "claude-acp": (".claude",), "codex-acp": (".codex",),
        "claude-app": (".claude",), "gh": ("gh", "glab-cli"), "aws": (".aws",), "azure": (".az",),
        "gcloud": ("gcloud", ".boto"), "kubectl": (".kube", "helm"), "gpg": (".gnupg",),
        "docker": (".docker", "containers"), "1password": ("op", "1password", "Containers"),
        "ssh": (".ssh",), "keychain": ("Keychains",), "podman": ("containers",),
        "browser-native-messaging": ("Chrome", "chromium", "Brave", "Edge", "edge", "Arc", "Vivaldi",
                                     "Opera", "Firefox", "Chromium", "chrome", "mozilla", "Google"),
        "chromium-headless": ("Google", "Chromium"), "nix": (), "ollama": (),
    }  # fmt: skip
    for platform in PLATFORMS:
        secrets = [
            grant.filter
            for grant in profile_of(RECORDS["wide-read"], platform).grants
            if grant.action == DENY and grant.filter is not None and grant.filter.kind != "regex"
            if "network-outbound" not in grant.operations
        ]
        for name, record in RECORDS.items():
            if record[1] != layer or name in (*TOGETHER, "wide-read", "cloud-credentials"):
                continue
            held = policy(platform, name)
            for secret in secrets:
                path = secret.value + ("/x" if secret.kind == "subpath" else "")
                if not any(part in secret.value for part in ("Keychains", *own.get(name, ()))):
                    assert not allows(held, "file-read-data", path), (name, path)


def test_claude_replaces_its_settings_by_renaming() -> None:
    for name in (".claude.json", ".claude.json.lock", ".claude.json.tmp.1.ab"):
        assert allows(policy("macos", "claude"), "file-write-create", f"~/{name}")


def test_claude_signs_in_by_the_keychain_on_macos_only() -> None:
    assert allows(policy("macos", "claude"), "mach-lookup", "com.apple.SecurityServer")
    assert not allows(policy("macos", "aider"), "mach-lookup", "com.apple.SecurityServer")
    assert profile_of(RECORDS["keychain"], "linux").grants == ()


def test_codex_starts_no_daemon_on_linux() -> None:
    assert profile_of(RECORDS["codex"], "linux").arguments == ("--disable", "daemon_auto_start")


@pytest.mark.parametrize(
    ("operation", "target", "allowed"),
    [
        ("process-info-pidinfo", "others", False),
        ("process-info-pidinfo", "self", True),
        ("process-info-pidinfo", "same-sandbox", True),
        ("signal", "self", True),
        ("signal", "same-sandbox", True),
        ("signal", "others", False),
        ("network-outbound", "example.org:443", True),
        ("network-bind", "localhost:3000", True),
        ("network-inbound", "localhost:3000", True),
        ("network-outbound", "/some/socket", False),
        ("process-exec*", "/bin/ls", True),
        ("file-read-data", "/bin/ls", True),
        ("file-write-data", "/usr/lib/x", False),
        ("file-link", "/usr/bin/sudo", False),
        ("file-write-setugid", "/tmp/x", False),
        ("ipc-posix-sem-create", "", True),
        ("ipc-sysv-sem", "", True),
        ("lsopen", "", False),
    ],
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_every_command_may(platform: str, operation: str, target: str, allowed: bool) -> None:
    assert allows(policy(platform), operation, target) == allowed


@pytest.mark.parametrize(
    ("operation", "target", "allowed"),
    [
        ("sysctl-read", "hw.ncpu", True),
        ("sysctl-read", "kern.procargs2", False),
        ("file-read-metadata", "/etc", True),
        ("file-read-data", "/private/etc/hosts", True),
        ("file-read-data", "/private/etc/ssh/ssh_host_rsa_key", False),
        ("file-write-data", "/private/tmp/x", True),
        ("file-write-data", "/T/x", True),
        ("file-write-data", "/private/var/folders/aa/other/T/x", False),
        ("file-read-data", "/opt/homebrew/bin/git", True),
        ("file-read-data", "/opt/homebrew/var/postgres/base/1", False),
        ("file-ioctl", "/dev/ttys001", True),
        ("file-write-data", "/dev/tty.usbmodem1", False),
        ("file-read-data", "/dev/disk0", False),
        ("network-outbound", "/private/var/run/mDNSResponder", True),
        ("mach-lookup", "com.apple.pasteboard.1", False),
        ("mach-lookup", "com.apple.coreservices.launchservicesd", False),
        ("file-read-data", "/Applications/Xcode.app/Contents/Developer/usr/bin/git", False),
        ("nvram-get", "", False),
        ("job-creation", "", False),
    ],
)
def test_what_every_command_may_on_macos(operation: str, target: str, allowed: bool) -> None:
    assert allows(policy("macos"), operation, target) == allowed


@pytest.mark.parametrize(
    ("path", "readable"),
    [
        ("/etc/passwd", True), ("/etc/shadow", False), ("/etc/shadow-", False),
        ("/etc/ssh/ssh_host_rsa_key", False), ("/etc/ssl/certs/x", True), ("/etc/ssl/private/x", False),
        ("/etc/sudoers", False), ("/etc/codex/config.toml", True), ("/lib64/ld-linux-x86-64.so.2", True),
        ("/run/user/1000/bus", False), ("/var/lib/x", False), ("/root/x", False), ("/boot/x", False),
        ("/home/somebody/x", False), ("/sys/devices/system/cpu/online", True),
    ],
)  # fmt: skip
def test_what_every_command_may_read_on_linux(path: str, readable: bool) -> None:
    assert allows(policy("linux"), "file-read-data", path) == readable


def test_the_file_says_what_its_shape_is() -> None:
    header = FILE.read_text().partition("\nlists:")[0]
    for word in ("on ", "paths", "create", "follow", "existing_only", "weakens", *PLACEHOLDERS):
        assert word in header
