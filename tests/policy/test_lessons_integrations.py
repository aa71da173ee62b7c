"""What broke for the users of agent-safehouse, on whole policies of a Mac: features. R41 to R62."""

from __future__ import annotations

import pytest

from safehouse.sources.catalogue import Catalogue, records
from tests.fake_host import HOME, TEMP, mac
from tests.policy.on_a_mac import LISTENERS, READ, WRITE, allows, may, policy

CATALOGUE = Catalogue("macos", records())
FEATURES = tuple(CATALOGUE.in_layers(("feature",)))
CONTAINERS = "~/Library/Group Containers"


def brought(*features, agent=""):
    """Features and agents that come with some."""
    return {each.name for each in CATALOGUE.selected(features, agent) if each.name not in ALWAYS}


ALWAYS = {each.name for each in CATALOGUE.selected((), "")}


@pytest.mark.parametrize("socket", [
    LISTENERS, "/private/var/run/com.apple.launchd.AbC/Listeners", "~/.ssh/agent/s.1", "~/own/agent.sock",
])  # fmt: skip
def test_the_agent_of_ssh_is_closed_and_opened_everywhere_at_once(socket):
    """R41, R42: also one of the person's own that SSH_AUTH_SOCK names."""
    host = mac("own/agent.sock=", environ={"SSH_AUTH_SOCK": f"{HOME}/own/agent.sock"})
    for operation in (
        "network-outbound",
        "file-read-data",
        "file-write-data",
        "file-read-metadata",
    ):
        assert not allows(policy(host, agent="claude"), operation, socket)
        assert allows(policy(host, agent="claude", enable=("ssh",)), operation, socket)
    around = policy(host, agent="claude", add_dirs=("~/own",))
    assert not allows(around, "network-outbound", socket)


@pytest.mark.parametrize("place", ["/private/tmp", TEMP])
def test_an_agent_of_ssh_among_temporary_files_is_opened_by_its_variable_only(place):
    """R42: where OpenSSH makes it."""
    socket = f"{place}/ssh-AbC/agent.1"
    host = mac(socket + "=", environ={"SSH_AUTH_SOCK": socket})
    for operation in ("network-outbound", "file-read-data", "file-write-data"):
        assert not allows(policy(host, enable=("wide-read",)), operation, socket)
        assert allows(policy(host, enable=("ssh", "wide-read")), operation, socket)
        assert not allows(policy(host, enable=("ssh",)), operation, f"{place}/ssh-other/agent.1")


@pytest.mark.parametrize(
    "key", ["id_ed25519", "id_rsa", "work", "keys/id", "authorized_keys", "config.bak"]
)
def test_private_keys_stay_closed_with_ssh(key):
    """R41."""
    for features in (("ssh",), ("ssh", "wide-read"), ("ssh", "docker")):
        for operation in ("file-read-data", "file-write-data", "file-clone", "file-link"):
            assert not allows(policy(enable=features), operation, f"~/.ssh/{key}")


@pytest.mark.parametrize(
    "request_, opened",
    [({"agent": "claude"}, True), ({"agent": "codex"}, True), ({"agent": "aider"}, False), ({}, False),
     ({"enable": ("keychain",)}, True), ({"enable": ("docker",)}, True), ({"enable": ("ssh",)}, False)],
)  # fmt: skip
def test_the_keychain_is_for_those_that_declare_it(request_, opened):
    """R44, R45."""
    held = policy(**request_)
    for name in (
        "com.apple.SecurityServer",
        "com.apple.securityd.xpc",
        "com.apple.secd",
        "com.apple.trustd",
    ):
        assert allows(held, "mach-lookup", name) == opened
    assert allows(held, "file-read-data", "~/Library/Keychains/login.keychain-db") == opened
    assert allows(held, "file-read-data", "/private/var/db/mds/x") == opened
    assert allows(held, "ipc-posix-shm-read-data", "com.apple.AppleDatabaseChanged") == opened


def test_keys_of_gpg_stay_closed_without_its_feature():
    """R46."""
    held = policy(agent="claude", enable=("ssh", "docker", "keychain", "shell-init", "wide-read"))
    for path in ("private-keys-v1.d/x.key", "secring.gpg", "S.gpg-agent", "trustdb.gpg"):
        assert not allows(held, "file-read-data", f"~/.gnupg/{path}")
        assert not allows(held, "network-outbound", f"~/.gnupg/{path}")


@pytest.mark.parametrize(
    "name",
    ".zshrc .zshenv .zprofile .zlogin .bashrc .bash_profile .bash_login .bash_logout .profile "
    ".config/fish/config.fish .config/fish/functions/x.fish".split(),
)
def test_start_files_of_shells_are_read_with_the_feature_only(name):
    """R47: those of zsh, of fish, and the person's own of bash; never written."""
    assert not allows(policy(), "file-read-data", f"~/{name}")
    held = policy(enable=("shell-init",))
    assert allows(held, "file-read-data", f"~/{name}")
    assert not allows(held, "file-write-data", f"~/{name}")


@pytest.mark.parametrize(
    "path, readable",
    [("zsh/_docker", True), ("x/docker.fish", True), ("docker.bash-completion", True),
     ("Info.plist", False), ("bin/docker", False), ("x.fish/secret", False)],
)  # fmt: skip
def test_completions_of_apps_and_nothing_else_of_them(path, readable):
    """R48."""
    held = policy(enable=("shell-init",))
    for root in ("/Applications", "/System/Volumes/Data/Applications"):
        assert allows(held, "file-read-data", f"{root}/D.app/Contents/Resources/{path}") == readable


def test_the_clipboard_is_three_services():
    """R50."""
    names = ("com.apple.pasteboard.1", "com.apple.lsd.mapdb", "com.apple.lsd.modifydb")
    for name in names:
        assert not allows(policy(), "mach-lookup", name)
        assert allows(policy(enable=("clipboard",)), "mach-lookup", name)


def test_nothing_is_opened_by_the_system_outside_of_the_sandbox():
    """R61."""
    held = policy(agent="claude", enable=("clipboard", "shell-init", "wide-read"))
    assert not allows(held, "lsopen", "")
    assert not allows(held, "mach-lookup", "com.apple.coreservices.launchservicesd")
    assert not allows(held, "appleevent-send", "")


def test_gpg_signs_by_its_agent_and_writes_its_locks():
    """R46: private keys stay closed, older ones and wherever GNUPGHOME says, too."""
    moved = mac(environ={"GNUPGHOME": f"{HOME}/keys"})
    for host, home in ((None, "~/.gnupg"), (moved, "~/keys")):
        held = policy(host, enable=("gpg", "wide-read"))
        locks = (
            ".#lk0x1.mac.1",
            "pubring.kbx.lock",
            "public-keys.d/pubring.db.lock",
            "trustdb.gpg",
        )
        assert may(held, (*READ, *WRITE), *(f"{home}/{name}" for name in (*locks, "random_seed")))
        assert may(held, READ, f"{home}/pubring.kbx", f"{home}/gpg.conf")
        assert not may(
            held, WRITE, f"{home}/pubring.kbx", f"{home}/gpg.conf", f"{home}/gpg-agent.conf"
        )
        for name in ("private-keys-v1.d/x.key", "secring.gpg", "private-keys-v1.d/x.lock"):
            assert not may(held, (*READ, *WRITE), f"{home}/{name}")
    sockets = ("~/.gnupg/S.gpg-agent", "~/.gnupg/S.keyboxd")
    assert may(policy(enable=("gpg",)), ("network-outbound",), *sockets, kind="path")
    assert not may(policy(), ("network-outbound",), *sockets, kind="path")


def test_1password_is_reached_by_any_team_and_nobody_else_is():
    """R43, R19b: a name matches with and without what is before it."""
    held = policy(enable=("1password",))
    for team in ("2BUA8C4S2C", "ABC"):
        socket = f"{CONTAINERS}/{team}.com.1password/t/agent.sock"
        assert allows(held, "network-outbound", socket, "path")
        assert not allows(policy(), "network-outbound", socket, "path")
        assert allows(held, "mach-lookup", f"{team}.com.1password.browser-helper", "global-name")
    assert allows(held, "mach-lookup", "com.1password.x", "global-name")
    assert not allows(held, "mach-lookup", "comX1password.x", "global-name")
    assert not allows(held, "mach-lookup", "a.b.com.1password.x", "global-name")
    for other in (
        "A.com.1passwordX/t/agent.sock",
        "A.com.1password/x/agent.sock",
        "x/t/agent.sock",
    ):
        assert not allows(held, "network-outbound", f"{CONTAINERS}/{other}", "path")
    assert may(held, READ, "/Applications/1Password.app/Contents/MacOS/op-ssh-sign")
    assert may(held, (*READ, *WRITE), "~/.config/op/config")
    assert not may(held, READ, "~/.1password/agent.sock", "/Users/Shared/.1password/x")


def test_files_in_clouds_are_fetched_with_the_feature_only():
    """R49."""
    names = ("com.apple.FileProvider", "com.apple.FileCoordination")
    assert may(policy(enable=("cloud-storage",)), ("mach-lookup",), *names, kind="global-name")
    assert not may(policy(), ("mach-lookup",), *names, kind="global-name")


@pytest.mark.parametrize("feature", ["macos-gui", "chromium-headless"])
def test_dragging_is_a_name_within_the_session(feature):
    """R51."""
    held = policy(enable=(feature,))
    assert allows(held, "mach-register", "com.apple.coredrag", "local-name")
    assert not allows(held, "mach-register", "com.apple.coredrag", "global-name")
    assert not allows(policy(), "mach-register", "com.apple.coredrag", "local-name")


def test_the_microphone_comes_alone():
    """R59: agent-safehouse gives it to every claude; here it is asked for."""
    assert brought("microphone") == {"microphone"}
    held = policy(enable=("microphone",))
    assert allows(held, "device-microphone", "")
    assert not allows(held, "mach-lookup", "com.apple.windowserver.active", "global-name")
    assert not allows(policy(agent="claude"), "device-microphone", "")


def test_windows_bring_the_clipboard_and_no_keychain():
    """R60."""
    assert brought("macos-gui") == {"macos-gui", "clipboard"}
    assert brought("electron") == {"electron", "macos-gui", "clipboard"}


def test_ending_other_programs():
    """R62: kill, pkill and ps; a debugger brings it."""
    held = policy(enable=("process-control",))
    for each in (held, policy(enable=("lldb",))):
        assert allows(each, "signal", "others", "target")
        assert allows(each, "mach-lookup", "com.apple.sysmond", "global-name")
        assert allows(each, "process-info-listpids", "")
    assert not allows(policy(), "signal", "others", "target")
    assert allows(policy(), "signal", "same-sandbox", "target")
    assert not allows(held, "sysctl-read", "kern.procargs2", "sysctl-name")


# What a feature gives up is said by whoever brings it along, in these words.
SAID = {"keychain": "keychain", "clipboard": "clipboard", "macos-gui": "windows",
        "process-control": "end every program"}  # fmt: skip


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_says_what_those_that_it_brings_give_up(feature):
    said = CATALOGUE.profile(feature).weakens
    for other in brought(feature) & set(SAID) - {feature}:
        likened = [each for each in brought(feature) if f"as {each}" in said]
        words = [said, *(CATALOGUE.profile(each).weakens for each in likened)]
        assert other in likened or any(SAID[other] in each for each in words), other
