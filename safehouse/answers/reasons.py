"""Where the rules are not all there is to say: why an attempt ends otherwise, and what is not known."""

from __future__ import annotations

from safehouse.backends.base import (
    BUSY,
    CLOSED,
    HIDDEN,
    KERNEL,
    MISSING,
    ODD,
    OWN,
    PERMISSIONS,
    READ_ONLY,
    RULE,
    YOURS,
)
from safehouse.errors import printable
from safehouse.host import LINUX, MACOS
from safehouse.policy.match import kind_of
from safehouse.policy.policy import NONE
from safehouse.policy.rule import PATH_KINDS
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from safehouse.answers.question import Question
    from safehouse.backends.base import Seen, View
    from safehouse.policy.policy import Decision
    from safehouse.sandbox import Plan

    Code = Literal[
        "missing", "permissions", "odd", "own", "own-home", "kernel", "link", "mount", "socket",
        "names", "kept-otherwise", "hidden",
    ]  # fmt: skip


class Reason(Value):
    """Why an answer is not just what its rule says: a word for programs, and a sentence."""

    code: Code
    text: str


def reasons(
    question: Question, decision: Decision, seen: Seen | None, allowed: bool, view: View, plan: Plan
) -> Iterator[Reason]:
    """What the rules alone do not tell of an attempt."""
    if seen is None:
        return
    home, path = plan.host.home, printable(seen.path)
    if seen.obstacle == MISSING:
        yield Reason("missing", f"{path} does not exist")
    elif seen.obstacle == PERMISSIONS:
        yield Reason("permissions", f"the permissions of {path} keep you out, with or without safehouse")
    elif seen.obstacle == ODD:
        yield Reason("odd", _ODD.get(seen.error, "{} is of another kind").format(path))
    if seen.owner == KERNEL:
        yield Reason("kernel", f"each launch has its own {_top(seen.path)}")
    elif seen.owner == OWN and seen.obstacle not in (CLOSED, HIDDEN, READ_ONLY):
        yield from _own(seen, home)
    if seen.obstacle == BUSY:
        yield Reason(
            "mount", f"{path} is a mount of its own in there: its name cannot be changed or removed"
        )
    if seen.owner == YOURS and not seen.error and not decision.allowed:
        yield from _open(question, decision, view)
    if seen.obstacle in (CLOSED, HIDDEN, READ_ONLY, RULE) and decision.allowed:
        yield from _shut(question, decision, seen, view)


def _own(seen: Seen, home: str) -> Iterator[Reason]:
    if contains(home, seen.path):
        yield Reason(
            "own-home",
            "each launch has a home of its own, in which only what is granted is yours: "
            "what it makes there is gone at the end, and told",
        )
    else:
        yield Reason(
            "own",
            f"each launch has its own {_top(seen.path)}: what lies there outside is not to be seen",
        )


def _open(question: Question, decision: Decision, view: View) -> Iterator[Reason]:
    """Why something goes well that no rule allows."""
    if question.access.operation.startswith("network"):
        yield Reason("socket", "on Linux a socket that can be seen can be connected to")
        return
    filter = decision.rule.filter
    if filter is not None and (filter.kind not in PATH_KINDS or filter.kind in ("prefix", "regex")):
        yield Reason("names", "on Linux a rule for names holds for what is there when a launch starts")
        return
    for shortfall in (*view.wider, *view.inexact):
        if shortfall.rule == decision.rule:
            yield Reason("kept-otherwise", shortfall.instead)
            return
    yield Reason("kept-otherwise", "on Linux files are opened by trees: what lies in one is open with it")


def _shut(question: Question, decision: Decision, seen: Seen, view: View) -> Iterator[Reason]:
    """Why something fails that a rule allows."""
    path = printable(seen.path)
    for link, target in question.links:
        if seen.path == link or (seen.obstacle == HIDDEN and contains(seen.path, link)):
            yield Reason(
                "link",
                f"{printable(link)}, a link to {printable(target)}, is not shown; by its own name "
                f"it is {printable(question.access.target)}",
            )
            return
    for shortfall in view.inexact:
        if shortfall.rule == decision.rule:
            yield Reason("kept-otherwise", shortfall.instead)
            return
    what = "can only be read" if seen.obstacle == READ_ONLY else "is not there"
    yield Reason("hidden", f"{path} {what} in there: only what may be read, or written, as a tree is")


def _top(path: str) -> str:
    """The directory at the root that a path lies in; `/` for the root itself."""
    parts = path.split("/")
    return "/".join(parts[: 3 if parts[1:3] == ["var", "tmp"] else 2]) or "/"


_ODD = {
    "EEXIST": "{} is there already",
    "ENOTDIR": "{} is no directory",
    "ENXIO": "{} is a socket, which is not opened but connected to",
    "ECONNREFUSED": "{} is no socket",
    "EACCES": "{} is no file that can be executed",
    "ELOOP": "the links at {} lead in a circle",
}


def unsure(question: Question, seen: Seen | None, view: View, plan: Plan) -> Iterator[str]:
    """What is not known of an answer, and why."""
    for form in plan.policy.opaque:
        yield f"{form.origin.source} has a form that is not understood, and may say otherwise"
    partial = plan.configuration.flag(plan.request.accept_partial, "accept-partial")
    for shortfall in () if partial else view.wider:
        source = shortfall.rule.origin.source
        yield f"a launch like this is refused, since {source} cannot be kept: {shortfall.instead}"
    host, access = plan.host, question.access
    if host.foreign and seen is not None:
        yield f"this machine is no {_NAMES[host.platform]}: links and files may be others there"
    if host.foreign and host.folds_case and seen is not None:
        yield "a Mac finds a file by other spellings of its name; which one is stored is not known"
    if seen is not None and seen.owner == KERNEL and seen.path.startswith("/proc/"):
        yield "what is in /proc depends on the programs that run in there"
    address = kind_of(access) in ("remote", "local")
    if address and plan.policy.network == NONE and host.platform == LINUX:
        yield "a launch has a network of its own: programs in it can reach each other on localhost"
    elif address and access.operation.startswith("network"):
        yield "rules know no hosts: whether one can be reached, and by whom, is not theirs to say"


_NAMES = {LINUX: "Linux", MACOS: "Mac"}
