"""What people's own rules say beyond mounts, in SBPL's own words, beside the shipped profiles."""

from __future__ import annotations

import pytest

from safehouse.backends.mount import NOTHING, READ_ONLY
from safehouse.backends.mounts import plan
from safehouse.policy.policy import NONE
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import DENY, Filter, Grant, Opaque, Origin, Tier
from safehouse.policy.words import operations
from safehouse.sources import command_line
from safehouse.sources.appended import profile
from safehouse.sources.catalogue import Catalogue, records
from tests.fake_host import linux

HOST = linux(
    "src/project/.env", "src/project/sub/x", "src/project/s.sock=", "data/file", "/usr/bin/curl",
    "/run/x.sock=", "/usr/share/x.sock=", "/proc/", "/dev/tty", git=False,
)  # fmt: skip
HOME = HOST.home
W = HOST.cwd


def mounts(text, tier=Tier.APPENDED, more=(), **options):
    """The plan of what the shipped profiles and a file say."""
    selected = Catalogue("linux", records()).selected((), "")
    grants = [grant for each in selected for grant in each.grants]
    grants.append(command_line.grant(W, "the directory"))
    grants += profile(text.encode(), "/u/my.sb", tier, HOST, W).grants
    return plan(resolve((*grants, *more), HOST, W, **options), HOST)


def wider(text, **options):
    return [shortfall.instead for shortfall in mounts(text, **options).wider]


def modes(planned):
    return {mount.path: mount.mode for mount in planned.mounts}


@pytest.mark.parametrize("tier", [Tier.REPOSITORY, Tier.APPENDED])
@pytest.mark.parametrize(
    "text",
    [
        "(version 1) (deny default)",
        '(allow file-read* (home-subpath "/data"))',
        '(deny file-read* (workdir-literal "/.env"))',
        '(deny file-read* file-write* (workdir-subpath "/sub"))',
        '(deny file-write* (workdir-subpath "/sub"))',
        '(deny file* (workdir-literal "/.env"))',
        '(deny file-read* process-exec* (literal "/usr/bin/curl"))',
        '(deny file-write-unlink (workdir-literal "/sub"))',  # its mount holds it
        '(deny file-read-metadata (home-literal "/not-granted"))',
        '(deny process-exec* (home-subpath "/data"))',  # cannot be seen
        '(deny file-write-unlink (subpath "/usr"))',  # cannot be written
        '(deny file-link (subpath "/usr"))',
        '(deny network-outbound (literal "/usr/share/x.sock"))',  # is hidden
        '(deny network-outbound (literal "/run/x.sock"))',  # is not there
        '(deny file-read* (home-literal "/missing"))',
        '(deny file-read* (workdir-literal "/missing"))',
        '(deny file-read* (regex #"^/home/me/src/project/.*[.]pem$"))',
        '(deny file-write* (home-prefix "/.zsh"))',  # no name can be made there
        '(deny file-write* (regex #"^/home/me/[.]zsh[^/]*$"))',
    ],
)
def test_what_mounts_keep_is_kept(text, tier):
    assert wider(text, tier=tier) == []


@pytest.mark.parametrize(
    "text",
    [
        '(deny mach-lookup (global-name "com.apple.pasteboard.1"))',
        "(deny mach* iokit-open* nvram* appleevent-send user-preference-read sysctl-read)",
        '(deny sysctl-read (sysctl-name-prefix "kern.proc"))',
        '(deny iokit-open (iokit-user-client-class "X"))',
        "(deny system-reboot system-kext-load device-camera)",
        "(deny signal (target others))",
        "(deny process-info-pidinfo (target others))",
    ],
)
def test_what_linux_has_not_need_not_be_denied(text):
    assert wider(text) == []


@pytest.mark.parametrize(
    "text",
    [
        '(deny process-exec* (literal "/usr/bin/curl"))',
        '(deny process-exec* (workdir-subpath ""))',
        '(deny network-outbound (remote tcp "*:22"))',
        "(deny network-outbound (remote ip))",
        '(deny network-inbound (local tcp "*:8080"))',
        '(deny network-outbound (workdir-subpath "/sub"))',
        '(deny file-read-metadata (workdir-literal "/.env"))',
        '(deny file-read-xattr (literal "/usr/bin/curl"))',
        '(deny file-write-unlink (workdir-literal "/.env"))',
        '(deny file-write-unlink (workdir-subpath ""))',
        '(deny file-write-create (workdir-literal "/new"))',
        '(deny file-write-mode (workdir-subpath "/sub"))',
        '(deny file-ioctl (literal "/dev/tty"))',
        '(deny file-read* (subpath "/proc"))',
        '(deny file-write* (subpath "/tmp"))',
        '(deny file-write* (workdir-literal "/missing"))',
        '(deny file-write-unlink (workdir-prefix "/.e"))',
        '(deny process-exec* (regex #"/curl$"))',
        '(deny file-write* (regex #"[.]pem$"))',
        '(deny file-write* (workdir-prefix "/.e"))',
        '(deny file-write* (regex #"^/home/me/.*[.]pem$"))',
        '(deny file-read* (require-all (workdir-subpath "") (vnode-type SYMLINK)))',
        '(deny file-read* (require-not (workdir-subpath "")))',
        "(deny file-read* (vnode-type REGULAR-FILE))",
        "(deny signal (target same-sandbox))",
        "(deny process-fork)",
        "(deny pseudo-tty)",
        "(deny process-exec*)",
        "(deny ipc-posix*)",
        "(deny file-write-mode)",
        "(deny file-read-data)",
        "(deny dynamic-code-generation)",
    ],
)
def test_what_stays_open_is_told_and_stops_the_launch(text):
    for tier in (Tier.REPOSITORY, Tier.APPENDED):
        assert len(wider(text, tier=tier)) == 1


def test_it_names_the_operation():
    (instead,) = wider('(deny process-exec* (literal "/usr/bin/curl"))')
    assert instead.startswith("process-exec*")
    (instead,) = wider('(deny process-exec* file-ioctl (literal "/usr/bin/curl"))')
    assert " and " in instead


@pytest.mark.parametrize(
    "text", ["(deny network*)", "(deny network-outbound)", "(deny file-write*)", "(deny process*)"]
)
def test_a_refusal_that_the_rules_with_filters_win_over_is_kept_as_it_is(text):
    """Seatbelt does not either: seatbelt.md 1.3."""
    assert wider(text) == []


def test_what_is_allowed_again_is_no_refusal():
    text = (
        '(deny process-exec* (literal "/usr/bin/curl")) (allow process-exec* (subpath "/usr/bin"))'
    )
    assert wider(text) == []
    text = '(deny network-outbound (remote tcp "*:22")) (allow network-outbound (remote ip))'
    assert wider(text) == []


def test_without_a_network_its_addresses_are_closed():
    assert wider("(deny network-outbound (remote ip))", network=NONE) == []


def test_a_socket_is_closed_by_hiding_it():
    found = mounts('(deny network-outbound (workdir-literal "/s.sock"))')
    assert modes(found)[f"{W}/s.sock"] == NOTHING
    assert not found.wider


def test_a_form_that_is_not_understood_is_told_of_once():
    found = mounts('(define x "/a") (if x (deny file-read* (subpath x)))')
    (shortfall,) = found.wider
    assert isinstance(shortfall.rule, Opaque)
    assert shortfall.instead == "is not understood, so it cannot be enforced on Linux"
    assert str(shortfall.rule.origin) == "/u/my.sb:1 (appended): an appended profile"


def test_what_protects_what_is_missing_is_a_note():
    found = mounts('(deny file-read* (workdir-literal "/missing"))')
    assert ["does not exist yet" in s.instead for s in found.later] == [True]


def test_rules_of_the_shipped_profiles_and_protected_ones_are_left_alone():
    for tier in (Tier.BASE, Tier.PROFILE, Tier.WORKDIR, Tier.PROTECTED):
        origin = Origin(tier, "a test", "a reason")
        rule = Grant(DENY, ("process-exec*",), Filter("literal", "/usr/bin/curl"), origin)
        assert wider("(version 1)", more=(rule,)) == []


def test_what_the_options_name_is_not_told_of():
    """`--deny=/tmp` hides the computer's; each launch has one of its own."""
    origin = Origin(Tier.COMMAND_LINE, "--deny", "asked for")
    for path in ("/tmp", "/proc", W + "/.env", W + "/sub"):
        rule = Grant(DENY, operations(("socket",)), Filter("subpath", path), origin)
        assert wider("(version 1)", more=(rule,)) == []


# What is narrower


@pytest.mark.parametrize(
    "text, count",
    [
        ("(allow file-read*)", 1),
        ("(allow default)", 1),
        ('(allow file-read* (require-all (subpath "/opt") (vnode-type REGULAR-FILE)))', 1),
        ('(allow file-read-metadata (home-literal "/data/file"))', 1),
        ('(allow network-outbound (literal "/run/x.sock"))', 1),
        ("(allow signal (target others))", 1),
        ("(allow network*)", 0),
        ("(allow process-exec*)", 0),
        ('(allow mach-lookup (global-name "com.apple.x"))', 0),
        ('(allow process-exec* (literal "/usr/bin/curl"))', 0),
        ('(allow file-read-metadata (literal "/usr/bin/curl"))', 0),
    ],
)
def test_what_is_allowed_and_cannot_be(text, count):
    before = len(mounts("(version 1)").narrower)
    found = mounts(text)
    assert len(found.narrower) - before == count
    assert not found.wider


def test_what_is_closed_to_writing_can_be_read():
    assert modes(mounts('(deny file-write* (workdir-literal "/.env"))'))[f"{W}/.env"] == READ_ONLY
