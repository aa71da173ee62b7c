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
    YOURS,
)
from safehouse.errors import printable
from safehouse.host import LINUX, MACOS
from safehouse.policy.match import kind_of
from safehouse.policy.policy import NONE
from safehouse.policy.rule import Tier
from safehouse.sources.settings import contains
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from safehouse.answers.question import Question
    from safehouse.backends.base import Seen, View
    from safehouse.plan import Plan
    from safehouse.policy.policy import Decision

    Code = Literal[
        "missing", "permissions", "odd", "own", "own-home", "kernel", "link", "mount", "socket",
        "names", "shut", "kept-otherwise", "hidden", "closed", "read-only",
    ]  # fmt: skip


class Reason(Value):
    """Why an answer is not just what its rule says: a word for programs, and a sentence."""

    code: Code
    text: str


def reasons(
    question: Question, ruled: Decision, seen: Seen | None, view: View, plan: Plan
) -> Iterator[Reason]:
    """What a decision by the rules alone does not tell of an attempt."""
    if seen is None:
        return
    path = printable(seen.path)
    if seen.obstacle == MISSING:
        yield Reason("missing", f"{path} does not exist")
    elif seen.obstacle == PERMISSIONS:
        root = plan.host.user == 0
        where = "in there, where root has no privileges" if root else "with or without safehouse"
        yield Reason("permissions", f"the permissions of {path} keep you out, {where}")
    elif seen.obstacle == ODD:
        yield Reason("odd", _ODD.get(seen.error, "{} is of another kind").format(path))
    elif seen.obstacle == BUSY:
        yield Reason("mount", f"{path} is a mount in there, which keeps its name and its place")
    elif seen.obstacle and ruled.allowed:
        yield from _shut(question, ruled, seen, view)
    if seen.owner == KERNEL:
        yield Reason("kernel", f"each launch has its own {_top(seen.path)}")
    elif seen.owner == OWN and seen.obstacle in ("", MISSING, ODD, BUSY):
        yield from _own(seen, ruled, plan.host.home)
    if seen.owner == YOURS and not seen.error and not ruled.allowed:
        yield from _open(question, ruled, view, plan)


def _own(seen: Seen, ruled: Decision, home: str) -> Iterator[Reason]:
    """That what it meets is not the person's."""
    if not contains(home, seen.path):
        what = "what lies there outside is not to be seen"
        yield Reason("own", f"each launch has its own {_top(seen.path)}: {what}")
    elif not seen.error or ruled.allowed:
        what = "only what is granted is yours, all else is gone at the end, and told"
        yield Reason("own-home", f"each launch has a home of its own: {what}")


def _open(question: Question, ruled: Decision, view: View, plan: Plan) -> Iterator[Reason]:
    """Why something goes well that no rule allows."""
    filter, path = ruled.rule.filter, question.access.target
    told = {s.rule: s.instead for s in (*view.inexact, *view.wider)}
    if ruled.rule in told:
        yield Reason("kept-otherwise", told[ruled.rule])
    elif question.access.operation.startswith("network"):
        yield Reason("socket", "on Linux a socket that can be seen can be connected to")
    elif filter is not None and filter.kind not in ("literal", "subpath"):
        yield Reason("names", "on Linux a rule for names holds for what is there at the start")
    elif plan.host.files.kind(path) == "missing":
        yield Reason("names", "on Linux it is closed only if it is there at the start")
    elif not plan.host.files.permits(path, "read") and ruled.rule.origin.tier <= Tier.PROFILE:
        yield Reason(
            "shut", "its permissions close it, in there as outside: only its name can be seen"
        )
    else:
        yield Reason("kept-otherwise", "on Linux what lies in an open directory is open with it")


def _shut(question: Question, ruled: Decision, seen: Seen, view: View) -> Iterator[Reason]:
    """Why something fails that a rule allows."""
    path = printable(seen.path)
    for link, target in question.links:
        if seen.path == link or (seen.obstacle == HIDDEN and contains(seen.path, link)):
            real = printable(question.access.target)
            said = f"{printable(link)}, a link to {printable(target)}, cannot be seen in there"
            yield Reason("link", f"{said}: it is to be called {real}")
            return
    for shortfall in view.inexact:
        if shortfall.rule == ruled.rule:
            yield Reason("kept-otherwise", shortfall.instead)
            return
    if seen.obstacle == HIDDEN:
        yield Reason("hidden", f"{path} does not exist in there, since nothing lets it be read")
    elif seen.obstacle == CLOSED:
        yield Reason("closed", f"something that cannot be opened lies in the place of {path}")
    else:
        yield Reason("read-only", f"{path} can be read only")


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


def unsure(
    question: Question, ruled: Decision, seen: Seen | None, view: View, plan: Plan
) -> Iterator[str]:
    """What is not known of an answer, and why."""
    for form in plan.policy.opaque:
        yield f"{form.origin.source} has a form that is not understood, and may say otherwise"
    partial = plan.configuration.flag(plan.request.accept_partial, "accept-partial")
    for shortfall in () if partial else view.wider:
        source = shortfall.rule.origin.source
        yield f"a launch like this is refused, since {source} cannot be kept: {shortfall.instead}"
    for path in view.unmade:
        yield f"a launch like this is refused, since {printable(path)} cannot be made"
    if seen is not None and seen.obstacle == MISSING and seen.owner == YOURS:
        yield from _later(question, ruled, plan)
    host, access = plan.host, question.access
    if seen is not None and _is_odd(seen, plan):
        yield "it is a device or a pipe: how that ends is not known"
    if host.foreign and seen is not None:
        yield f"this machine is no {_NAMES[host.platform]}: links and files may be others there"
    if host.foreign and host.folds_case and seen is not None:
        yield "a Mac finds a file by other spellings of its name; which one is stored is not known"
    if seen is not None and seen.owner == KERNEL and seen.path.startswith("/proc"):
        yield "what is in /proc depends on the programs that run in there"
    address = kind_of(access) in ("remote", "local")
    if address and plan.policy.network == NONE and host.platform == LINUX:
        yield "a launch has a network of its own: programs in it can reach each other on localhost"
    elif address and access.operation.startswith("network"):
        yield "rules know no hosts: whether one can be reached, and by whom, is not theirs to say"


def _is_odd(seen: Seen, plan: Plan) -> bool:
    """Whether it is neither a file, a directory nor a socket that would be reached."""
    files = plan.host.files
    yours = seen.owner == YOURS and not seen.error
    return yours and files.kind(seen.real) == "other" and not files.is_socket(seen.real)


def _later(question: Question, ruled: Decision, plan: Plan) -> Iterator[str]:
    """That something is closed by its name only if it is there when a launch starts.

    What a Mac closes by name is met as closed, whether it is there or not.
    """
    name = question.access.target.rpartition("/")[2]
    if not ruled.allowed and ruled.rule.filter is not None:
        yield "it is closed if it is there at the start; what is made later, while it runs, is open"
    elif plan.secrets and plan.secrets.names.reader()(name):
        yield f"{plan.secrets.place} closes this name only where it is there at the start"


_NAMES = {LINUX: "Linux", MACOS: "Mac"}
