"""What broke for the users of agent-safehouse, on whole policies of a Mac. R1 to R75: the lessons.

Those of the command line, the environment and the choice of a profile are with their modules.
"""

from __future__ import annotations

import re

import pytest

from safehouse.policy.policy import Access
from safehouse.policy.rule import ALLOW, DENY, Tier
from safehouse.request import Request
from safehouse.sbpl.render import render
from tests.fake_host import HOME, LAUNCH_TEMP, TEMP, mac, planned
from tests.seatbelt_models import BASE, MODELS
from tests.seatbelt_text import compile_text

ODD = '/Users/a & "b" \\ (c) $e .f'
LISTENERS = "/private/tmp/com.apple.launchd.AbC/Listeners"


def policy(host=None, **request):
    return planned(host or mac(), Request(**request)).policy


def allows(held, operation, target, kind=""):
    return held.decide(Access(operation, target.replace("~", HOME, 1), kind)).allowed


def rules(held, action, operation, source=""):
    return [
        rule
        for rule in held.rules
        if rule.action == action and operation in rule.operations and source in rule.origin.source
    ]


def test_a_refusal_names_what_any_rule_names():
    """R1: `deny file-read*` alone does not close metadata that an earlier rule opened."""
    held = policy()
    assert allows(held, "file-read-metadata", "/private/var/run")
    for operation in ("file-read-metadata", "file-read-data", "file-read-xattr"):
        assert not allows(held, operation, LISTENERS)
    for rule in rules(held, DENY, "file-read*"):
        assert {"file-read-data", "file-read-metadata"} <= set(rule.operations)


def test_what_opens_it_again_names_the_same():
    """R1."""
    closed = {
        rule.filter: set(rule.operations) for rule in rules(policy(), DENY, "network-outbound")
    }
    for feature in ("ssh", "docker"):
        for rule in rules(policy(enable=(feature,)), ALLOW, "network-outbound", f"{feature}, "):
            assert closed[rule.filter] <= set(rule.operations)


def test_the_order_of_the_sources():
    """R2, R6: what is always in force, features and agents, the person's word, what is protected."""
    host = mac("src/project/s/x")
    held = policy(host, enable=("ssh", "docker"), agent="claude", deny=("s",))
    order = [(r.origin.source.partition(",")[0], r.origin.tier) for r in held.rules if r.filter]
    profile, words, last = Tier.PROFILE, Tier.COMMAND_LINE, Tier.PROTECTED
    wanted = [
        ("closed-sockets", profile), ("ssh", profile), ("docker", profile), ("claude", profile),
        ("the current directory", Tier.WORKDIR), ("--deny", words), ("git", last), ("safehouse", last),
    ]  # fmt: skip
    first = [order.index(name) for name in wanted]
    ends = [len(order) - order[::-1].index(name) for name in wanted]
    assert [end <= start for end, start in zip(ends, first[1:])] == [True] * 7


def test_the_last_rules_are_those_that_nothing_follows():
    """R3, R4: literals of the working directory, not of what lies below."""
    last = planned(mac(), Request(agent="claude", add_dirs=("~/src",))).policy
    for operation in ("file-write-data", "file-write-unlink", "file-write-create"):
        assert not allows(last, operation, "~/src/project/.safehouse")
        assert allows(last, operation, "~/src/project/sub/.safehouse")
    assert last.rules[-1].origin.source == "safehouse"


def test_a_socket_is_closed_and_opened_as_a_file_and_as_a_connection():
    """R8: either alone does nothing."""
    both = {"file-read*", "file-write*", "network-outbound"}
    for action, request in ((DENY, {}), (ALLOW, {"enable": ("docker",)})):
        source = "closed-sockets" if action == DENY else "docker"
        held = policy(**request)
        found = rules(held, action, "network-outbound", source)
        assert len(found) > 8
        assert all(both <= set(rule.operations) for rule in found)


def test_the_network_is_addresses_and_the_name_server_only():
    """R9: `(allow network*)` would open every socket in the file system."""
    held = policy()
    bare = [rule for rule in held.rules if rule.filter is None and rule.action == ALLOW]
    assert not [
        rule for rule in bare if any(name.startswith("network") for name in rule.operations)
    ]
    assert allows(held, "network-outbound", "example.com:443")
    assert allows(held, "network-bind", "localhost:3000")
    assert allows(held, "network-outbound", "/private/var/run/mDNSResponder")
    assert not allows(held, "network-outbound", "/private/var/run/other")


def test_no_rule_confines_by_a_local_address():
    """R10: it would not; the socket is not bound yet."""
    for rule in policy(agent="claude", enable=("ssh", "docker")).rules:
        if rule.filter is not None and rule.filter.kind in ("local", "remote"):
            assert rule.filter.value == "ip"


def test_command_lines_of_other_processes_are_not_shown():
    """R11."""
    for features in ((), ("wide-read",)):
        held = policy(enable=features, agent="claude")
        for name in ("kern.procargs", "kern.procargs2", "kern.procargs2.501"):
            assert not allows(held, "sysctl-read", name)
        assert not allows(held, "process-info-pidinfo", "others")
        assert not allows(held, "process-info-listpids", "")
        assert allows(held, "process-info-pidinfo", "same-sandbox")


def test_links_among_the_system_s_own_files_come_with_their_targets():
    """R13."""
    links = {"/private/etc/resolv.conf": "../var/run/resolv.conf",
             "/private/etc/localtime": "/var/db/timezone/zoneinfo/UTC"}  # fmt: skip
    host = mac("/private/var/run/resolv.conf", "/private/var/db/timezone/zoneinfo/UTC", links=links)
    held = policy(host)
    assert allows(held, "file-read-data", "/private/var/run/resolv.conf")
    assert allows(held, "file-read-data", "/private/var/db/timezone/zoneinfo/UTC")
    for link in links:
        assert allows(held, "file-read-metadata", link)
        assert not allows(held, "file-write-data", link)


def test_which_xcode_was_chosen_can_be_read_and_brings_no_xcode():
    """R14."""
    links = dict.fromkeys(
        ("/private/var/select/developer_dir", "/private/var/db/xcode_select_link"),
        "/Applications/Xcode.app/Contents/Developer",
    )
    held = policy(mac("/Applications/Xcode.app/Contents/Developer/usr/bin/git", links=links))
    for link in links:
        assert allows(held, "file-read-data", link)
        assert allows(held, "file-read-metadata", link)
    assert not allows(
        held, "file-read-data", "/Applications/Xcode.app/Contents/Developer/usr/bin/git"
    )


def test_state_that_is_a_link_is_granted_where_it_lies():
    """R15: the same operations, and the way there."""
    host = mac("dotfiles/claude/x", links={".claude": "dotfiles/claude"})
    held = policy(host, agent="claude")
    for operation in ("file-read-data", "file-write-create", "file-write-unlink"):
        assert allows(held, operation, "~/dotfiles/claude/x")
    assert not allows(held, "file-write-create", "~/dotfiles/claude/local/x")
    assert allows(held, "file-read-metadata", "~/dotfiles")
    assert not allows(held, "file-read-data", "~/dotfiles/other")


def test_a_file_is_a_literal_a_directory_a_tree_a_link_what_it_leads_to():
    """R16."""
    host = mac("f", "d/x", links={"lf": "f"})
    held = policy(host, add_dirs_ro=("~/lf", "~/d"))
    named = {
        (r.filter.kind, r.filter.value) for r in rules(held, ALLOW, "file-read*", "--add-dirs-ro")
    }
    assert named == {("literal", f"{HOME}/f"), ("subpath", f"{HOME}/d")}


def test_directories_on_the_way_are_literals_of_metadata():
    """R17."""
    ways = [rule for rule in policy(agent="claude").rules if rule.origin.source == "ancestors"]
    assert {rule.filter.kind for rule in ways} == {"literal"}
    assert {name for rule in ways for name in rule.operations} == {
        "file-read-metadata",
        "file-test-existence",
    }
    assert {"/", "/Users", HOME, f"{HOME}/src"} <= {rule.filter.value for rule in ways}


def test_no_text_of_the_host_s_becomes_a_rule():
    """R18: home, directories and names with quotes, parentheses, semicolons, an ampersand."""
    evil = '") (allow default) ; ('
    host = mac(f"{evil}/x", home=ODD)
    held = policy(host, add_dirs=(f"~/{evil}",), agent="claude")
    text = render(held)
    plain = policy(mac("e/x", home=ODD), add_dirs=("~/e",), agent="claude")
    assert len(compile_text(text)) == len(compile_text(render(plain)))
    for model in MODELS[:3]:
        assert model.decide(text, "file-write-data", f"{ODD}/{evil}/x") == "allow"
        assert model.decide(text, "file-read-data", f"{ODD}/.ssh/id_rsa") == "deny"
        assert model.decide(text, "file-read-data", f"{ODD}/.colima/docker.sock") == "deny"


def test_without_a_working_directory_no_rule_is_about_one():
    """R19."""
    held = policy(workdir="")
    text = render(held)
    assert "WORKDIR" not in text and "#f" not in text
    assert not allows(held, "file-read-data", "~/src/project/x")


def test_the_root_as_the_working_directory_is_joined_without_a_second_slash():
    """R19."""
    text = render(policy(workdir="/"))
    assert "//" not in re.sub(r";.*", "", text)
    assert BASE.decide(text, "file-write-data", "/.safehouse") == "deny"


def test_a_dot_in_a_regex_is_a_dot():
    """R19b: `[.]` in every reading, raw or not."""
    held = policy(agent="codex", enable=("docker", "ssh", "shell-init"))
    found = [r.filter.value for r in held.rules if r.filter and r.filter.kind == "regex"]
    assert len(found) > 8
    for pattern in found:
        assert "\\" not in pattern
        assert not re.search(r"(?<!\[)\.(?![*\]])", pattern), pattern
    assert not allows(held, "network-outbound", "~/.colima/dockerXsock")


def test_comments_are_semicolons():
    """R19c."""
    for line in render(policy()).splitlines():
        assert not line.lstrip().startswith("#")


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


@pytest.mark.parametrize("request_", [
    {}, {"enable": ("wide-read",)}, {"add_dirs": (TEMP,)}, {"add_dirs": (TEMP + "/safehouse",)},
    {"workdir": TEMP}, {"workdir": "/"},
])  # fmt: skip
def test_temporary_files_of_another_launch_are_not_to_be_had(request_):
    """All of /tmp and /var/folders was shared with everything else."""
    held = policy(mac(f"{TEMP}/safehouse/"), agent="claude", **request_)
    for path in (f"{TEMP}/safehouse/0a1b2c3e", f"{TEMP}/safehouse/ffffffff/a/b.sock"):
        for operation in (
            "file-read-data", "file-read-metadata", "file-write-data", "file-write-create",
            "file-write-unlink", "file-link", "file-clone", "network-outbound", "network-bind",
        ):  # fmt: skip
            assert not allows(held, operation, path, "path"), operation
    assert not allows(held, "file-read-data", f"{TEMP}/safehouse")
    for operation in ("file-write-create", "network-bind", "network-inbound", "network-outbound"):
        assert allows(held, operation, f"{LAUNCH_TEMP}/x/y.sock", "path")
    for path in (TEMP, f"{TEMP}/safehouse", LAUNCH_TEMP):
        assert not allows(held, "file-write-unlink", path)


def test_the_name_of_the_directory_of_all_launches_cannot_be_taken_in_another_spelling():
    """While it is missing: mkdir T/SafeHouse, and the next launch would be in there."""
    for name in ("safehouse", "SafeHouse", "SAFEHOUSE"):
        assert not allows(policy(), "file-write-create", f"{TEMP}/{name}")
    assert allows(policy(), "file-write-create", f"{TEMP}/safehouse2")


def test_a_socket_of_another_program_is_not_moved_to_where_programs_may_connect():
    """mv /private/tmp/.s.PGSQL.5432 $TMPDIR: the refusal comes after what it is moved out of."""
    text = render(policy())
    moved = text.index(
        "(deny file-write-unlink file-write-create file-link\n  (vnode-type SOCKET))"
    )
    assert text.index('(subpath "/private/tmp")') < moved < text.index(f'(subpath "{LAUNCH_TEMP}")')


def test_programs_have_sockets_without_the_network_too():
    held = policy(network="none")
    assert allows(held, "network-bind", f"{LAUNCH_TEMP}/x", "path")
    assert allows(held, "network-outbound", f"{LAUNCH_TEMP}/x", "path")
    assert not allows(held, "network-outbound", "example.com:443")


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


def test_keys_of_gpg_stay_closed():
    """R46: no feature of this issue opens them."""
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
