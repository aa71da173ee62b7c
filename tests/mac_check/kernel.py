"""A kernel that is pretended: it decides as our evaluator does, and does on Linux what it allows."""

from __future__ import annotations

import os
import shutil

from safehouse.errors import UserError
from safehouse.files import LocalFiles
from safehouse.policy.policy import Policy
from safehouse.policy.rule import Filter, Opaque, Rule, Tier
from safehouse.sbpl.reader import read
from safehouse.value import replace
from tools.mac_check import inside
from tools.mac_check.accesses import needed
from tools.mac_check.asking import REFUSED, Answer, Question

EPERM = 1
# Only a Mac can do these.
PRETENDED = """
    map mach pidinfo codesign listpids notify inside sysctl procargs times socket-ioctl
    getxattr setxattr
""".split()
_EVERYTHING = Filter("subpath", "/")
_NOTHING = Filter("require-not", "", (_EVERYTHING,))
_MADE = {"symlink": "SYMLINK", "mkdir": "DIRECTORY", "create": "REGULAR-FILE", "bind": "SOCKET"}


class Refused(Exception):
    """A text that is no policy."""

    status = REFUSED


class MacLike(LocalFiles):
    """Files of Linux with what every Mac has of links."""

    def readlink(self, path: str) -> str:
        if path in ("/bin", "/usr/bin/true"):
            return ""
        return "private/etc" if path == "/etc" else super().readlink(local(path))


def local(path: str) -> str:
    """Where on Linux lies what a Mac has at a path."""
    for start, here in (("/private/etc", "/etc"), ("/System/Volumes/Data", "")):
        if path.startswith(start + "/"):
            return here + path[len(start) :]
    return path


class Kernel:
    """One policy in force. Raises Refused for a text that is none, or that is not understood.

    With `passed_on` forms that are not understood stay without an effect.
    """

    def __init__(
        self, text: str, params: dict[str, str] | None = None, passed_on: bool = False
    ) -> None:
        if not text.startswith("(version 1)") or text.count("(version") != 1:
            raise Refused("sandbox-exec: no version specified")
        try:
            rules = read(text, "policy", Tier.APPENDED, params or {})
        except UserError as error:
            unbound = "unbound variable: " if "unknown" in error.message else ""
            raise Refused(f"sandbox-exec: {unbound}{error.message}") from None
        if not passed_on and any(isinstance(rule, Opaque) for rule in rules):
            raise Refused("sandbox-exec: not understood")
        self._rules = [rule for rule in rules if isinstance(rule, Rule)]
        self._policies: dict[str, Policy] = {}

    def allows(self, question: Question) -> bool:
        """What our evaluator says to all that a question needs."""
        real = replace(question, at=without_data(question.at))
        policy = self._policy(_kind(question))
        needs = needed(real, MacLike()).surely
        return all(policy.decide(access).allowed for access in needs)

    def _policy(self, kind: str) -> Policy:
        if kind not in self._policies:
            self._policies[kind] = Policy(tuple(_for_kind(rule, kind) for rule in self._rules))
        return self._policies[kind]

    def answer(self, question: Question) -> Answer:
        if not self.allows(question):
            return Answer(EPERM, "Operation not permitted")
        return done(question)


def done(question: Question) -> Answer:
    """Does it, or pretends to where only a Mac can."""
    at, to = local(question.at), local(question.to)
    try:
        if question.do == "clone":
            shutil.copytree(at, to) if os.path.isdir(at) else shutil.copy(at, to)
        elif question.do in PRETENDED:
            pass
        else:
            found = inside.answer({"do": question.do, "at": at, "to": to})
            return Answer(int(str(found["errno"])), str(found.get("said", "")))
    except OSError as error:
        return Answer(error.errno or -1, str(error))
    return Answer(0)


def without_data(path: str) -> str:
    start = "/System/Volumes/Data/"
    return "/" + path[len(start) :] if path.startswith(start) else path


def _kind(question: Question) -> str:
    """The kind of file that a question is about, by Seatbelt's word."""
    path = local(question.at)
    if question.do in _MADE:
        return _MADE[question.do]
    if os.path.islink(path):
        return "SYMLINK"
    if os.path.isdir(path):
        return "DIRECTORY"
    return "REGULAR-FILE" if os.path.isfile(path) else "SOCKET"


def _for_kind(rule: Rule, kind: str) -> Rule:
    """A rule with what it says of kinds answered: our evaluator knows one target of a question."""
    return rule if rule.filter is None else replace(rule, filter=_answered(rule.filter, kind))


def _answered(filter: Filter, kind: str) -> Filter:
    if filter.kind == "vnode-type":
        return _EVERYTHING if filter.value == kind else _NOTHING
    if filter.parts:
        return replace(filter, parts=tuple(_answered(part, kind) for part in filter.parts))
    return filter
