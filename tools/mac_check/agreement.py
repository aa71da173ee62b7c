"""Whether the kernel decides as `safehouse why` says: thousands of questions, asked of both.

All that is written, moved or removed is in a home made for this. Of the person's own home only
places where secrets usually lie are opened, by a confined program, and nothing is read.
"""

from __future__ import annotations

import os
from collections import Counter

from safehouse.cli.policy import filter_text
from safehouse.errors import UserError
from safehouse.policy.policy import Access, Decision
from safehouse.policy.rule import ALLOW as ALLOWED
from safehouse.request import Request
from safehouse.sandbox import make_plan, policy_text
from safehouse.sources.catalogue import Catalogue, records
from safehouse.value import Value, replace
from tools.mac_check.accesses import needed
from tools.mac_check.asking import (
    ALLOW,
    DENY,
    UNCONFINED,
    UNSURE,
    Answer,
    NotStarted,
    Policy,
    Question,
    ask,
)
from tools.mac_check.compiling import PROJECT, make_project
from tools.mac_check.finding import AS_BELIEVED, HIGH, OTHERWISE, UNCLEAR, Finding, unclear
from tools.mac_check.probes import furnish, questions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.files import FileSystem
    from safehouse.plan import Plan
    from safehouse.policy.policy import Policy as OurPolicy
    from tools.mac_check.bench import Bench

MOST_TOLD = 5  # of one kind
_LONGEST = 160  # characters of a filter that are shown
REFERENCE = "Policy.decide"
_AGENT = ".ssh/agent/s.agent"
REQUESTS = {
    "base": Request(),
    "claude": Request(agent="claude"),
    "claude with ssh and docker": Request(agent="claude", enable=("ssh", "docker")),
    "codex with keychain": Request(agent="codex", enable=("keychain",)),
    "directories": Request(
        add_dirs=("~/data",), add_dirs_ro=("~/docs", "closed"), deny=("~/data/f", "closed/f")
    ),
    "secrets": Request(deny_secrets=True, agent="claude"),
    "no network": Request(network="none"),
    "no project": Request(workdir=""),
    "process control": Request(enable=("process-control",)),
    "wide read": Request(enable=("wide-read",)),
}


class Probe(Value):
    """A question, what we say to it (UNSURE where we do not), and by which rule."""

    question: Question
    expected: str
    by: str


def run(bench: Bench, wanted: dict[str, Request] | None = None) -> Iterator[Finding]:
    """Asks under each policy, and then at the places of the person's own secrets."""
    make_project(bench)
    bench.scratch.listen(f"{bench.scratch.home}/{_AGENT}")
    chosen = REQUESTS if wanted is None else wanted
    for request in chosen.values():
        furnish(bench, _plan(bench, request).policy)
    for number, (name, request) in enumerate(chosen.items()):
        bench.tell(name)
        try:
            yield _compared(bench, name, _plan(bench, request), number)
        except UserError as error:
            yield unclear(REFERENCE, f"under {name}", f"there is no policy: {error.message}")
    bench.tell("places of secrets")
    yield _own_secrets(bench)


def _plan(bench: Bench, request: Request) -> Plan:
    return bench.plan(request, PROJECT, SSH_AUTH_SOCK=f"{bench.scratch.home}/{_AGENT}")


# Comparing


def probe(question: Question, policy: OurPolicy, files: FileSystem) -> Probe:
    """What we say to a question."""
    needs = needed(question, files)
    for access in needs.surely:
        decision = policy.decide(access)
        if not decision.allowed:
            return Probe(question, DENY, _told(access, decision))
    unsure = [access for access in needs.perhaps if not policy.decide(access).allowed]
    if unsure or not needs.surely or _depends_on_more(policy, question):
        return Probe(question, UNSURE, "")
    last = needs.surely[-1]
    return Probe(question, ALLOW, _told(last, policy.decide(last)))


def _told(access: Access, decision: Decision) -> str:
    rule = decision.rule
    filter = filter_text(rule.filter)
    short = filter if len(filter) < _LONGEST else f"{filter[:_LONGEST]}..."
    operations = " ".join(rule.operations)
    return f"{access.operation}: {rule.action} {operations} ({short}) {rule.origin}"


def _depends_on_more(policy: OurPolicy, question: Question) -> bool:
    """Whether rules could decide that ask for more than a path: (vnode-type SOCKET), unread forms."""
    made = question.do in ("bind", "symlink")
    plain = os.path.isdir(question.at) or os.path.isfile(question.at)
    moved = question.do in ("rename", "link") and (os.path.islink(question.at) or not plain)
    return bool(policy.opaque) or made or moved


def _compared(bench: Bench, name: str, plan: Plan, number: int) -> Finding:
    belief = f"the kernel decides as `safehouse why` says: {name}"
    files = type(bench.host.files)()  # as they are now, looked at once
    probes = [probe(each, plan.policy, files) for each in questions(bench, plan.policy, number)]
    asked = [each.question for each in probes]
    try:
        free = _answers(bench, UNCONFINED, asked)
        confined = _answers(bench, Policy(policy_text(plan)), asked)
    except NotStarted as error:
        return unclear(REFERENCE, belief, f"it did not start: {error}")
    wrong: dict[tuple[str, str], list[str]] = {}
    odd: dict[tuple[str, str], list[str]] = {}
    agreed: Counter[str] = Counter()
    for each, outside, answer in zip(probes, free, confined):
        do = each.question.do
        outcome = answer.outcome(do)
        if outside.outcome(do) != ALLOW or each.expected == UNSURE:
            continue  # not possible unconfined either, or nobody can say
        if outcome == each.expected:
            agreed[outcome] += 1
            continue
        told = f"{each.question}: {answer}; we say {each.expected}: {each.by}"
        kinds = odd if outcome == UNSURE else wrong
        kinds.setdefault((do, outcome or f"neither, but {answer}"), []).append(told)
    told = (
        f"{agreed[ALLOW]} allowed and {agreed[DENY]} denied as we say, of {len(probes)} questions"
    )
    both = agreed[ALLOW] and agreed[DENY] and not odd
    verdict = OTHERWISE if wrong else AS_BELIEVED if both else UNCLEAR
    return Finding(REFERENCE, HIGH, belief, verdict, told, (*_listed(wrong), *_listed(odd)))


def _listed(kinds: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    """Each kind of disagreement, with some examples."""
    for (do, outcome), told in kinds.items():
        yield f"{do}: {len(told)} times the kernel says {outcome}"
        yield from (f"  {each}" for each in told[:MOST_TOLD])


def _answers(bench: Bench, policy: Policy, asked: list[Question]) -> list[Answer]:
    scratch = bench.scratch
    return list(ask(bench.enforcer, bench.python, policy, asked, scratch.before, scratch.after))


# The person's own secrets

_OPEN_TO_ALL = "/usr/bin/true"  # the control
# macOS itself asks the person about these, even where nothing is read.
_ASKS = ("Containers", "Group Containers", "Calendars", "AddressBook", "Reminders", "Photos")


def secret_places(bench: Bench) -> list[str]:
    """The places of the catalogue's list of secrets that exist on this machine."""
    grants = Catalogue("macos", records()).profile("wide-read").grants
    places = dict.fromkeys(
        bench.host.home + grant.filter.value[1:]
        for grant in grants
        if grant.action != ALLOWED and grant.filter is not None
        if grant.filter.kind in ("literal", "subpath") and grant.filter.value.startswith("~/")
    )
    return [
        place
        for place in places
        if not any(f"/{word}" in place for word in _ASKS) and _is_there(place)
    ]


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _own_secrets(bench: Bench) -> Finding:
    belief = "the person's own secrets cannot be opened by a command"
    reference = "security-model.md"
    places = secret_places(bench)
    if not places:
        return unclear(reference, belief, "there are none in the usual places")
    host = replace(bench.host, cwd=f"{bench.scratch.home}/{PROJECT}")
    try:
        plan = make_plan(Request(), host)
        closed = [place for place in places if not _allowed(plan, place)]
        asked = [Question("read", place) for place in (_OPEN_TO_ALL, *closed)]
        answers = _answers(bench, Policy(policy_text(plan)), asked)
    except (UserError, NotStarted) as error:
        return unclear(reference, belief, f"it did not start: {error}")
    control, *outcomes = [answer.outcome("read") for answer in answers]
    opened = [place for place, outcome in zip(closed, outcomes) if outcome == ALLOW]
    told = f"{len(places)} of the usual places exist here, {outcomes.count(DENY)} are closed"
    sure = control == ALLOW and outcomes and UNSURE not in outcomes
    verdict = OTHERWISE if opened else AS_BELIEVED if sure else UNCLEAR
    return Finding(reference, HIGH, belief, verdict, told, tuple(opened))


def _allowed(plan: Plan, path: str) -> bool:
    return plan.policy.decide(Access("file-read-data", path)).allowed
