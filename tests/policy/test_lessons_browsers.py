"""What broke for the users of agent-safehouse, on whole policies of a Mac: browsers. R52 to R58."""

from __future__ import annotations

import pytest

from safehouse.request import Request
from tests.fake_host import TEMP, mac, planned
from tests.policy.on_a_mac import READ, SOCKET, WRITE, allows, may, policy

BRANDS = ("com.google.Chrome", "com.google.chrome.for.testing", ".org.chromium.Chromium")
SUPPORT = "~/Library/Application Support"
EVERY = (
    "chromium-headless", "chromium-full", "playwright-chrome", "agent-browser",
    "browser-native-messaging",
)  # fmt: skip


@pytest.mark.parametrize("feature, brand", [
    ("chromium-headless", "org.chromium.Chromium"), ("chromium-headless", "com.google.Chrome"),
    ("chromium-full", "com.google.chrome.for.testing"),
])  # fmt: skip
def test_parts_of_a_browser_offer_names_and_find_them(feature, brand):
    """R52: either alone is `bootstrap_check_in ... Permission denied (1100)`."""
    held = policy(enable=(feature,))
    rendezvous = f"{brand}.MachPortRendezvousServer.123"
    handshake = f"{brand}.crashpad.child_port_handshake.1.2.x"
    if brand == "org.chromium.Chromium":  # Crashpad's own name has no browser in it
        handshake = "org.chromium.crashpad.child_port_handshake.1.2.x"
    both = ("mach-register", "mach-lookup")
    assert may(held, both, rendezvous, handshake, kind="global-name")
    assert not may(policy(), both, rendezvous, handshake, kind="global-name")
    assert not may(held, both, f"x.{rendezvous}", f"{brand}.other", kind="global-name")


@pytest.mark.parametrize("name", ["Google/Chrome", "Google/Chrome for Testing", "Chromium"])
def test_reports_of_crashes_have_attributes(name):
    """R53."""
    both = ("file-read-xattr", "file-write-xattr", *READ, *WRITE)
    assert may(policy(enable=("chromium-headless",)), both, f"{SUPPORT}/{name}/Crashpad/x")
    assert not may(policy(), both, f"{SUPPORT}/{name}/Crashpad/x")


@pytest.mark.parametrize("brand", BRANDS)
def test_a_second_start_of_a_browser_asks_the_first(brand):
    """R54: as a file, to listen and to connect, without windows, too; in the launch's own, as well."""
    socket = f"{TEMP}/{brand}.AbC1/SingletonSocket"
    held = policy(enable=("chromium-headless",))
    assert may(held, SOCKET, socket, kind="path")
    assert may(held, WRITE, socket)
    assert not may(policy(), SOCKET, socket, kind="path")
    assert not may(held, SOCKET, f"{TEMP}/{brand}.AbC1/other", kind="path")
    assert not may(held, SOCKET, f"{TEMP}/other.AbC1/SingletonSocket", kind="path")


@pytest.mark.parametrize("name", ["Chrome-headless", "Chrome for Testing-headless"])
def test_a_browser_without_windows_has_a_place_of_its_own(name):
    """R55."""
    assert may(policy(enable=("chromium-headless",)), (*READ, *WRITE), f"{SUPPORT}/Google/{name}/x")
    assert not may(policy(), READ, f"{SUPPORT}/Google/{name}/x")


def test_agent_browser_s_parts_talk_to_each_other():
    """R56."""
    held = policy(enable=("agent-browser",))
    assert may(held, SOCKET, "~/.agent-browser/s1.sock", kind="path")
    assert not may(held, SOCKET, "~/.agent-browser/a/s1.sock", kind="path")
    assert not may(
        policy(enable=("chromium-full",)), SOCKET, "~/.agent-browser/s1.sock", kind="path"
    )
    assert allows(held, "mach-lookup", "com.apple.ctkd.token-client", "global-name")


def test_chrome_of_playwright_has_no_sandbox_within_this_one_unless_the_caller_says_so():
    """R57."""
    name = "PLAYWRIGHT_MCP_SANDBOX"
    assert dict(policy(enable=("playwright-chrome",)).environment)[name] == "false"
    assert name not in dict(policy(enable=("chromium-full",)).environment)
    said = Request(enable=("playwright-chrome",), assignments=((name, "true"),))
    assert dict(planned(mac(), said).policy.environment)[name] == "true"


@pytest.mark.parametrize("features", [*((each,) for each in EVERY), EVERY, (*EVERY, "wide-read")])
def test_what_browsers_know_of_the_person_stays_closed(features):
    """R58: cookies, history and sign-ins."""
    held = policy(agent="claude", enable=features)
    for browser in ("Google/Chrome", "Chromium", "BraveSoftware/Brave-Browser", "Microsoft Edge"):
        for name in ("Default/Cookies", "Default/History", "Default/Login Data", "Local State"):
            assert not may(held, READ[:1], f"{SUPPORT}/{browser}/{name}")
            assert not may(held, WRITE, f"{SUPPORT}/{browser}/{name}")


def test_tools_look_where_chrome_is_reached_and_put_no_other_address_there():
    """A false one would lead tools that run outside to whoever wrote it."""
    held = policy(enable=("chromium-full",))
    assert may(held, READ, f"{SUPPORT}/Google/Chrome/DevToolsActivePort")
    assert not may(held, WRITE, f"{SUPPORT}/Google/Chrome/DevToolsActivePort")
