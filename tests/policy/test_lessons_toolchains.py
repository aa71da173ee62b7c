"""What broke for the users of agent-safehouse, on whole policies of a Mac: toolchains. R20 to R40."""

from __future__ import annotations

import pytest

from tests.fake_host import mac
from tests.policy.on_a_mac import READ, WRITE, allows, may, policy

TOOLS = "/Library/Developer/CommandLineTools/usr"
XCODES = ("/Applications/Xcode.app", "/Applications/Xcode-26.1.app", "/Applications/Xcode-beta.app")


def test_java_looks_for_its_versions():
    """R20."""
    ways = ("/Library", "/Library/Internet Plug-Ins", "~/Library", "~/Library/Internet Plug-Ins")
    assert may(policy(), ("file-read-metadata",), *ways)
    assert allows(policy(), "sysctl-write", "kern.grade_cputype", "sysctl-name")
    services = ("com.apple.bsd.dirhelper", "com.apple.system.opendirectoryd.membership")
    assert may(policy(), ("mach-lookup",), *services, kind="global-name")


def test_java_s_versions_are_found_and_not_changed():
    """R21: those of the user are read only here, since they run outside; one feature opens them."""
    for place in ("/Library/Java/JavaVirtualMachines/x", "~/Library/Java/JavaVirtualMachines/x"):
        assert may(policy(), READ, place)
        assert not may(policy(), WRITE, place)
    held = policy(enable=("toolchain-writes",))
    assert may(held, WRITE, "~/Library/Java/JavaVirtualMachines/x")
    assert not may(held, WRITE, "/Library/Java/JavaVirtualMachines/x")


@pytest.mark.parametrize(
    "name",
    "git make clang c++ cc g++ ranlib c++filt gcov lorder nm objdump otool size ar".split(),
)
def test_apple_s_shims_find_what_they_start(name):
    """R22, R23: by every name that it has, and with its libraries."""
    assert may(
        policy(), READ, f"/usr/bin/{name}", f"{TOOLS}/bin/{name}", f"{TOOLS}/lib/libxcrun.dylib"
    )
    assert not may(policy(), WRITE, f"{TOOLS}/bin/{name}")


@pytest.mark.parametrize("app", XCODES)
@pytest.mark.parametrize("feature", ["lldb", "xcode"])
def test_any_xcode_is_opened_by_its_features_only(app, feature):
    """R22, R24: by the name that links use, too, and with the libraries beside it."""
    places = (
        f"{app}/Contents/Developer/usr/bin/lldb", f"/System/Volumes/Data{app}/Contents/x",
        "/Library/Developer/PrivateFrameworks/x",
    )  # fmt: skip
    content = ("file-read-data", "file-read-xattr")
    assert not may(policy(), content, *places)
    assert may(policy(enable=(feature,)), READ, *places)
    assert not may(policy(enable=(feature,)), WRITE, *places)
    assert not allows(policy(enable=(feature,)), "file-read-data", "/Applications/Notes.app/x")


def test_the_debugger_reaches_other_programs_with_its_feature_only():
    """R11, R24, R62: what all policies refuse is opened behind the refusal."""
    held = policy(enable=("lldb",))
    for name in (
        "mach-priv-task-port",
        "process-info-pidinfo",
        "process-info-setcontrol",
        "signal",
    ):
        assert not allows(policy(), name, "others", "target")
        assert allows(held, name, "others", "target")
    for name in ("kern.procargs", "kern.procargs2"):
        assert allows(held, "sysctl-read", name, "sysctl-name")


def test_builds_with_xcode_read_its_licence_and_keep_packages():
    """R25."""
    held = policy(enable=("xcode",))
    assert may(held, READ, "/Library/Preferences/com.apple.dt.Xcode.plist")
    assert not may(policy(), READ, "/Library/Preferences/com.apple.dt.Xcode.plist")
    for each in (policy(), held):
        assert may(each, (*READ, *WRITE), "~/Library/Caches/org.swift.swiftpm/x")


def test_simulators_are_volumes_and_services():
    """R26: all below the directory, all names of the service, and no longer ones."""
    held = policy(enable=("xcode",))
    volume = "/Library/Developer/CoreSimulator/Volumes/iOS_22A/Library/x"
    names = (
        "com.apple.CoreSimulator", "com.apple.CoreSimulator.CoreSimulatorService",
        "com.apple.CoreSimulator.SimulatorTrampoline", "com.apple.coredevice.devicemanager",
    )  # fmt: skip
    assert may(held, READ, volume) and not may(held, WRITE, volume)
    assert may(held, ("mach-lookup",), *names, kind="global-name")
    assert not may(policy(), ("mach-lookup",), *names, kind="global-name")
    assert not allows(held, "mach-lookup", "com.apple.CoreSimulatorX", "global-name")


def test_what_xcode_itself_obeys_is_not_changed():
    """Plug-ins, templates, and the agents in it with their settings and sign-ins."""
    held = policy(enable=("xcode",))
    base = "~/Library/Developer/Xcode"
    assert may(held, WRITE, f"{base}/DerivedData/x", f"{base}/Archives/x")
    for name in ("UserData/x", "Plug-ins/x", "Templates/x", "CodingAssistant/Agents/x"):
        assert not may(held, WRITE, f"{base}/{name}")
    assert not may(held, READ, f"{base}/CodingAssistant/ClaudeAgentConfig/.claude.json")


def test_gems_of_all_users_are_found():
    """R28."""
    assert may(policy(), READ, "/Library/Ruby/Gems/2.6.0/x")


def test_fnm_is_found_in_both_places():
    """R29: node stops where it cannot look at a directory on the way."""
    assert may(policy(), READ, "~/.local/share/fnm/x", "~/Library/Application Support/fnm/x")
    ways = ("~/.local/state", "~/Library/Application Support", "~/.local/share", "~/.local")
    assert may(policy(), ("file-read-metadata",), *ways)


def test_the_node_that_a_shell_has_chosen_is_found_and_stays():
    """R30: agent-safehouse lets fnm use write it; a link there is what your own shells run."""
    assert may(policy(), READ, "~/.local/state/fnm_multishells/1_2/bin/node")
    assert not may(policy(), WRITE, "~/.local/state/fnm_multishells/1_2")


def test_modules_that_npm_installed_below_the_home_are_found():
    """R31."""
    assert may(policy(), READ, "~/.local/lib/node_modules/x/cli.js")


@pytest.mark.parametrize("name", ["puppeteer", "ms-playwright", "Cypress"])
def test_browsers_for_tests_are_found(name):
    """R32."""
    assert may(policy(), READ, f"~/.cache/{name}/x")


def test_settings_of_bun_are_found_in_both_places():
    """R33: the second one has a dot, too."""
    assert may(policy(), READ, "~/.bunfig.toml", "~/.config/.bunfig.toml")


@pytest.mark.parametrize(
    "name",
    ["ipc-sysv-sem", "ipc-posix-sem-open", "ipc-posix-sem-create", "ipc-posix-sem-wait"],
)
def test_databases_and_processes_of_python_take_their_locks(name):
    """R34, R35."""
    assert allows(policy(), name, "")


def test_elixir_finds_its_archives_and_keeps_packages():
    """R36: archives and escripts are programs, so they are read only."""
    assert may(policy(), READ, "~/.mix/archives/hex/x", "~/.mix/escripts/x")
    assert not may(policy(), WRITE, "~/.mix/archives/hex/x", "~/.mix/escripts/x")
    assert may(policy(), (*READ, *WRITE), "~/.hex/packages/x", "~/.hex/cache.ets")
    assert not may(policy(), READ, "~/.hex/hex.config")


def test_programs_of_nix_are_found_and_its_tokens_are_not():
    """R37."""
    places = (
        "/nix/store/x/bin/y", "/nix/var/nix/profiles/default", "~/.nix-profile",
        "~/.local/state/nix/profile", "~/.local/state/nix/profiles/profile-1-link",
    )  # fmt: skip
    for held in (policy(), policy(enable=("nix",)), policy(enable=("nix", "wide-read"))):
        assert may(held, READ, *places) and not may(held, WRITE, *places)
        assert not may(held, READ, "~/.config/nix/nix.conf")
    assert allows(policy(mac("/nix/store/x")), "file-read-metadata", "/nix")
    assert not may(policy(), READ, "~/.local/state/other/x")


@pytest.mark.parametrize("device", ["/dev/tty", "/dev/ptmx", "/dev/ttys001", "/dev/ptyp0"])
def test_terminals_take_raw_mode(device):
    """R38: else escape codes leak into the input."""
    assert allows(policy(), "file-ioctl", device)


@pytest.mark.parametrize(
    "device", ["/dev/disk0", "/dev/null", "/dev/ttysX", "/dev/tty.usb", "/dev/bpf0"]
)
def test_other_devices_do_not(device):
    """R38."""
    assert not allows(policy(), "file-ioctl", device)


def test_programs_are_found_and_not_changed():
    """R39."""
    held = policy()
    assert allows(held, "file-read-data", "~/.local/bin")
    assert not allows(held, "file-write-create", "~/.local/bin/x")


def test_the_home_is_looked_at_and_not_listed():
    """R40."""
    assert allows(policy(), "file-read-metadata", "~")
    assert not allows(policy(), "file-read-data", "~")
