"""What runs outside, without being started for it, is neither reached nor changed: whole policies."""

from __future__ import annotations

import pytest

from safehouse.policy.policy import Access
from safehouse.policy.rule import DENY
from safehouse.request import Request
from safehouse.sources.catalogue import Catalogue, records
from tests.fake_host import HOME, LAUNCH_TEMP, linux, mac, planned
from tests.policy.on_a_mac import READ, WRITE, allows, may, policy

# Where servers of tools keep their address and their password: whoever has these is obeyed outside.
DAEMONS = """
~/.gradle/daemon/8.5/registry.bin ~/.sbt/1.0/server/x/sock ~/.m2/mvnd/registry/1/registry.bin
~/.local/share/jupyter/runtime/kernel-1.json ~/.cache/rubocop_cache/server/x/token
~/.cache/bazel/_bazel_me/x/server/request_cookie ~/.kotlin/daemon/x.run ~/.bloop/daemon/socket
~/.local/share/scalacli/bloop/daemon/socket ~/.local/state/watchman/me-state/sock ~/.eslint_d
""".split()
DAEMONS_OF_MACS = (
    "~/Library/Jupyter/runtime/kernel-1.json",
    "~/Library/Caches/bazel/_bazel_me/x/server/request_cookie",
    "/private/var/tmp/_bazel_me/x/server/request_cookie",
    "~/Library/Application Support/kotlin/daemon/x.run",
)
# With the feature wide-read: known ones only.
CLOSED_TO_WIDE_READ = (
    "~/.gradle/daemon/x", "~/.sbt/1.0/server/x/sock", "~/.local/share/jupyter/runtime/x",
    "~/.cache/rubocop_cache/server/x/token", *DAEMONS_OF_MACS[:3],
)  # fmt: skip
# What an editor or a prompt outside runs, or makes a PATH of.
RUN = """
~/.cache/mise/jq/1.7/bin_paths-1.msgpack.z ~/Library/Caches/mise/jq/1.7/bin_paths-1.msgpack.z
~/.cache/typescript/5.4/.npmrc ~/Library/Caches/typescript/5.4/.npmrc ~/.cache/hie-bios/wrapper-1
~/.cache/bazel/_bazel_me/install/x/embedded_tools/jdk/bin/java ~/.sbt/boot/scala-2.12/x.jar
~/.dartServer/.plugin_manager/x/bin/plugin.dart ~/.local/share/direnv/allow/x
~/.local/state/fnm_multishells/1/bin/node
~/.cache/p10k-instant-prompt-me.zsh ~/.cache/starship/x ~/.local/share/zoxide/db.zo ~/.local/share/atuin/x
~/.nvm/nvm.sh ~/.sdkman/bin/sdkman-init.sh ~/.cargo/env ~/.ghcup/env ~/.opam/opam-init/init.zsh ~/.terminfo/x
~/.inputrc ~/.pyenv/shims/x ~/.asdf/shims/x ~/.oh-my-zsh/cache/x.zsh ~/.zcompdump
""".split()


@pytest.mark.parametrize("path", [*DAEMONS, *DAEMONS_OF_MACS])
def test_a_server_outside_is_not_reached_by_what_it_keeps(path):
    for held in (policy(), policy(enable=("wide-read",))):
        assert not may(held, WRITE, path)
        assert not allows(held, "network-outbound", path)
    assert not allows(policy(), "file-read-data", path)


@pytest.mark.parametrize("path", CLOSED_TO_WIDE_READ)
def test_nor_with_wide_reading(path):
    assert not allows(policy(enable=("wide-read",)), "file-read-data", path)


@pytest.mark.parametrize("path", RUN)
def test_what_runs_by_itself_outside_is_not_changed(path):
    assert not may(policy(), WRITE, path)


@pytest.mark.parametrize(
    "name, value",
    [("GRADLE_OPTS", f"-Dorg.gradle.daemon.registry.base={LAUNCH_TEMP}/gradle"),
     ("JUPYTER_RUNTIME_DIR", f"{LAUNCH_TEMP}/jupyter"), ("MISE_CACHE_DIR", f"{LAUNCH_TEMP}/mise"),
     ("RUBOCOP_CACHE_ROOT", f"{LAUNCH_TEMP}/rubocop")],
)  # fmt: skip
def test_on_a_mac_tools_are_led_to_the_launch_s_own_files(name, value):
    environment = dict(planned(mac(), Request()).policy.environment)
    assert environment[name] == value
    assert allows(policy(), "file-write-create", f"{LAUNCH_TEMP}/x")
    mine = planned(mac(environ={name: "mine"}), Request(env_pass=(name,))).policy.environment
    assert dict(mine)[name] == "mine"
    assert name not in dict(planned(linux(), Request()).policy.environment), "it has its own home"


def test_caches_of_packages_and_builds_stay():
    places = (
        "~/.gradle/caches/x", "~/.m2/repository/x", "~/.ivy2/cache/x", "~/.sbt/boot/sbt.boot.lock",
        "~/.cache/uv/x", "~/.npm/x", "~/.cache/go-build/x", "~/.dartServer/x",
    )  # fmt: skip
    assert may(policy(), (*READ, *WRITE), *places)
    readable = (
        "~/.sbt/1.0/global.sbt", "~/.sbt/1.0/plugins/x", "~/.sbt/repositories", "~/.sbt/boot/x",
        "~/.local/share/jupyter/kernels/python3/kernel.json",
    )  # fmt: skip
    assert may(policy(), READ, *readable) and not may(policy(), WRITE, *readable)
    assert not allows(policy(), "file-read-data", "~/.sbt/.credentials")


def test_databases_of_homebrew_s_services_are_closed_on_linux_too():
    base = "/home/linuxbrew/.linuxbrew"
    held = planned(linux(f"{base}/var/postgresql@14/x", f"{base}/bin/x"), Request()).policy

    def readable(path):
        return held.decide(Access("file-read-data", base + path)).allowed

    assert readable("/bin/x") and readable("/var/homebrew/linked/x")
    assert not readable("/var/postgresql@14/x")


# Not run by anything outside, or there is nothing but what is there to protect.
ONLY_WHAT_IS_THERE = (
    "credentials",
    "cryptography",
    "private-keys",
    "secring",
    "revocs",
    "toolchain@",
)


def test_what_runs_outside_is_held_where_it_is_missing():
    """On Linux; on a Mac a denial by name is enough."""
    open_places = [
        grant.filter.value
        for profile, grant in Catalogue("linux", records()).grants()
        if grant.action == DENY
        and "file-write*" in grant.operations
        and "network-outbound" not in grant.operations
        and grant.existing_only
        and grant.filter.value.startswith(("~", "^~"))
        and not any(word in grant.filter.value for word in ONLY_WHAT_IS_THERE)
    ]
    # ssh's keys, beside which nothing may be written; what cn makes itself, which is told.
    assert open_places == ["~/.ssh", "~/.continue/config.yaml", "~/.continue/config.json"]


def test_no_variable_moves_a_cache_onto_programs_of_the_same_profile():
    for name, value, program in (
        ("XDG_CACHE_HOME", ".local/share", ".local/share/uv/tools/x"),
        ("npm_config_cache", ".nvm", ".nvm/versions/x"),
        ("PIP_CACHE_DIR", ".pyenv/x", ".pyenv/x/y"),
        ("GOCACHE", "sdk", "sdk/go1.22/bin/go"),
        ("DENO_DIR", ".deno", ".deno/bin/x"),
        ("BUN_INSTALL_CACHE_DIR", ".bun", ".bun/bin/bun"),
        ("XDG_STATE_HOME", ".config", ".config/pnpm/rc"),
    ):
        for host in (mac, linux):
            home = host().home
            found = planned(host(environ={name: f"{home}/{value}"}), Request())
            assert not found.policy.decide(Access("file-write-data", f"{home}/{program}")).allowed
            assert any(notice.startswith(f"{name}: ") for notice in found.notices), name


def test_a_variable_moves_a_cache_to_a_place_of_its_own():
    for name, value in (
        ("PIP_CACHE_DIR", "caches/pip"),
        ("GOCACHE", "go/cache"),
        ("DENO_DIR", ".d"),
    ):
        found = planned(mac(environ={name: f"{HOME}/{value}"}), Request())
        assert allows(found.policy, "file-write-data", f"~/{value}/x")
    store = f"{HOME}/.local/share/pnpm/store/own"  # in what may be written of its own programs
    found = planned(mac(environ={"npm_config_cache": store}), Request())
    assert allows(found.policy, "file-write-data", f"{store}/x") and not found.notices
