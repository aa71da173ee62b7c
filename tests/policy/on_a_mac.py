"""Whole policies of a Mac, and what they say: for the tests of the lessons."""

from __future__ import annotations

from functools import cache

from safehouse.policy.policy import Access
from safehouse.request import Request
from tests.fake_host import HOME, mac, planned

LISTENERS = "/private/tmp/com.apple.launchd.AbC/Listeners"
READ = ("file-read-data", "file-read-metadata", "file-read-xattr")
WRITE = ("file-write-data", "file-write-create", "file-write-unlink", "file-write-xattr")
SOCKET = ("network-bind", "network-inbound", "network-outbound")


def policy(host=None, **request):
    """The policy of a request; of a Mac with nothing special on it, where no other is given."""
    if host is None:
        return _of_a_plain_one(tuple(sorted(request.items())))
    return planned(host, Request(**request)).policy


@cache
def _of_a_plain_one(request):
    return planned(mac(), Request(**dict(request))).policy


def allows(held, operation, target, kind=""):
    return held.decide(Access(operation, target.replace("~", HOME, 1), kind)).allowed


def may(held, operations, *targets, kind=""):
    """Whether all of it is allowed; fails where only some is."""
    answers = {
        (operation, target): allows(held, operation, target, kind)
        for operation in operations
        for target in targets
    }
    assert len(set(answers.values())) == 1, answers
    return all(answers.values())


def rules(held, action, operation, source=""):
    return [
        rule
        for rule in held.rules
        if rule.action == action and operation in rule.operations and source in rule.origin.source
    ]
