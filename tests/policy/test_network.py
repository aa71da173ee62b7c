"""Without a network no address is reached, whatever any rule says."""

from __future__ import annotations

import pytest

from safehouse.policy.policy import NONE, OPEN, Access
from safehouse.policy.resolve import resolve
from safehouse.policy.rule import ALLOW, DENY, Filter, Grant, Origin, Tier
from safehouse.sbpl.render import render
from safehouse.sources import appended
from tests.fake_host import linux, mac
from tests.seatbelt_models import MODELS, TEXTUAL

ORIGIN = Origin(Tier.BASE, "base, profiles.yaml:1", "a test")
BASE = (
    Grant(DENY, ("default",), None, ORIGIN),
    Grant(ALLOW, ("network-outbound",), Filter("remote", "ip"), ORIGIN),
    Grant(ALLOW, ("network-bind", "network-inbound"), Filter("local", "ip"), ORIGIN),
)
SOCKET = Grant(
    ALLOW,
    ("file-read*", "file-write*", "network-outbound"),
    Filter("literal", "/private/tmp/x.sock"),
    Origin(Tier.PROFILE, "docker, profiles.yaml:2", "a test"),
)
RESOLVER = "/private/var/run/mDNSResponder"
QUESTIONS = (
    ("network-outbound", "example.org:443"),
    ("network-outbound", "localhost:80"),
    ("network-outbound", "*:53"),
    ("network-inbound", "localhost:8080"),
    ("network-inbound", "*:8080"),
    ("network-bind", "localhost:8080"),
    ("network-bind", "0.0.0.0:1"),
    ("network-outbound", RESOLVER),
)
FORMS = (
    "(allow network* sysctl-read)",
    "(allow network*)",
    "(allow default)",
    "(allow default network* network-outbound network-inbound network-bind)",
    "(allow network-outbound file-read*)",
    '(allow network-outbound network-bind network-inbound sysctl-read (require-not (extension "x")))',
    '(allow network-outbound file-read* (subpath "/"))',
    '(allow network-outbound file-read* (regex "^/"))',
    '(allow network-outbound (remote ip "*:443") (remote tcp) (remote udp "*:*"))',
    "(allow network-bind network-inbound (local tcp) (local ip))",
    "(if #t (allow network*))",
    "(if #t (allow default))",
    "(let ((x network-outbound)) (allow x (remote ip)))",
    "(define (same f) (require-any f)) (allow network-outbound network* (same (remote ip)))",
    "(define (same f) f) (allow network-bind network-inbound (same (local ip)))",
    f'(define (same f) f) (allow network-outbound (same (literal "{RESOLVER}")))',
)


def policy(text, host, network=NONE, tier=Tier.APPENDED):
    said = appended.profile(text.encode(), "/x.sb", tier, host, host.cwd).grants
    return resolve((*BASE, SOCKET, *said), host, host.cwd, network=network)


@pytest.mark.parametrize("text", FORMS)
def test_no_rule_opens_it_again(text):
    held = policy(text, mac())
    for operation, target in QUESTIONS:
        assert not held.decide(Access(operation, target)).allowed, (operation, target)
    rendered = render(held)
    if text.startswith(("(if", "(let")):
        # The models know rules only: whether the form says so or not, the answer is the same.
        form = next(line for line in rendered.splitlines() if line.startswith(("(if", "(let")))
        inner = "(allow network-outbound (remote ip))"
        if form.startswith("(if"):
            inner = form.removeprefix("(if #t ").removesuffix(")")
        rendered = rendered.replace(form, inner)
    for model in (*MODELS, *TEXTUAL):
        for operation, target in QUESTIONS:
            assert model.decide(rendered, operation, target) == "deny", (model, operation, target)


@pytest.mark.parametrize("text", FORMS[:8])
def test_with_a_network_the_same_forms_open_it(text):
    """Else the test above would say nothing."""
    assert policy(text, mac(), OPEN).decide(Access(*QUESTIONS[0])).allowed


def test_the_sockets_of_features_stay():
    for host in (mac(), linux()):
        path = "/private/tmp/x.sock"
        held = policy("(allow sysctl-read)", host)
        assert held.decide(Access("network-outbound", path)).allowed
        if host.platform == "macos":
            for model in MODELS:
                assert model.decide(render(held), "network-outbound", path) == "allow"


def test_a_project_cannot_open_it_again():
    for host in (mac(), linux()):
        held = policy("(allow network* sysctl-read)", host, tier=Tier.REPOSITORY)
        decision = held.decide(Access("network-outbound", "example.org:443"))
        assert not decision.allowed
        assert str(decision.rule.origin) == "network: none (protected): the network is closed"


def test_an_open_network_gets_no_such_rules():
    assert not [r for r in policy("", mac(), OPEN).rules if r.origin.source == "network: none"]
