"""The system, on a Mac: the sandbox that is part of it, and what may keep that from confining."""

from __future__ import annotations

from safehouse.backends.seatbelt import SANDBOX_EXEC
from safehouse.doctor.facts import CSRUTIL, SIMPLEST, SYSTEM_VERSION, TRANSLATED
from safehouse.doctor.finding import NOTE, OK, PROBLEM, WARNING, Finding, of_error
from safehouse.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.doctor.facts import Facts
    from safehouse.host import Host

# Whose Seatbelt the facts are about that the policies rest on: seatbelt.md.
_KNOWN = ("12", "13", "14", "15", "26")
_ELSEWHERE = "use Terminal, or another program that no sandbox has"
_REPORT = "report it with what this writes: safehouse policy --agent={} --output=policy.sb"


def findings(host: Host, facts: Facts, stopped: bool = False) -> Iterator[Finding]:
    """All about the system; `stopped` says that a launch does not come as far as to be confined."""
    yield _system(facts)
    yield from _rosetta(facts)
    yield _integrity(facts)
    yield from _another_sandbox(facts)
    yield _sandbox_exec(facts)
    yield _launch(facts, stopped)
    yield from _policies(facts)


def summary(facts: Facts) -> str:
    """The system in one line, where all is well."""
    return f"{name(facts)}: programs are confined here by {SANDBOX_EXEC}"


def name(facts: Facts) -> str:
    """The system and the processor."""
    return f"macOS {_answer(facts, SYSTEM_VERSION) or 'of an unknown version'}, {facts.machine}"


def _answer(facts: Facts, argv: tuple[str, ...]) -> str:
    said = facts.said.get(argv)
    return said.text if said and said.status == 0 else ""


def _system(facts: Facts) -> Finding:
    version = _answer(facts, SYSTEM_VERSION)
    if version.partition(".")[0] in _KNOWN:
        return Finding("system", OK, name(facts))
    text = f"{name(facts)} is not among those that the policies were made for: {', '.join(_KNOWN)}"
    return Finding("system", NOTE, text)


def _rosetta(facts: Facts) -> Iterator[Finding]:
    if _answer(facts, TRANSLATED) == "1":
        text = (
            f"{facts.ours.python} is made for Intel and translated, which makes each start slower"
        )
        yield Finding("rosetta", NOTE, text, ("install a Python for this processor",))


def _integrity(facts: Facts) -> Finding:
    said = _answer(facts, CSRUTIL)
    if "status: enabled" in said:
        return Finding("system-integrity", OK, "System Integrity Protection is on")
    if "status: disabled" in said:
        text = "System Integrity Protection is off: whoever becomes root can change what confines programs"
        mend = "start in recovery (shut down, hold the power button), then in its Terminal: csrutil enable"
        return Finding("system-integrity", WARNING, text, (mend,))
    text = "whether System Integrity Protection is on is not known"
    return Finding("system-integrity", NOTE, text, details=(said,) if said else ())


def _another_sandbox(facts: Facts) -> Iterator[Finding]:
    if facts.inside:
        text = (
            "this terminal is in a sandbox of its own, and no sandbox can be put into another one"
        )
        yield Finding("another-sandbox", PROBLEM, text, (_ELSEWHERE,))


def _sandbox_exec(facts: Facts) -> Finding:
    said = facts.said.get(SIMPLEST)
    if said and said.status == 0:
        return Finding("sandbox-exec", OK, f"{SANDBOX_EXEC} runs programs")
    told = " ".join(said.text.split()) if said else "it was not started"
    text = f"{SANDBOX_EXEC} runs nothing: {told}"
    if "not permitted" in told:
        return Finding("sandbox-exec", PROBLEM, text, (_ELSEWHERE,))
    return Finding(
        "sandbox-exec", PROBLEM, text, ("it is part of macOS; nothing is run without it",)
    )


def _launch(facts: Facts, stopped: bool) -> Finding:
    trial = facts.trial
    if stopped:
        return Finding("launch", OK, "no launch comes so far as to be confined, see configuration")
    if trial.status == 0:
        took = (f"in {trial.milliseconds} ms",)
        return Finding("launch", OK, "a confined program was run", details=took)
    if trial.message:
        return of_error("launch", UserError(trial.message, trial.hint))
    text = f"a confined program that does nothing ended with status {trial.status}"
    return Finding("launch", PROBLEM, text, ("safehouse --explain --workdir= -- true",))


def _policies(facts: Facts) -> Iterator[Finding]:
    for agent, said in facts.policies:
        if said.status == 0:
            yield Finding(f"policy-{agent}", OK, f"the policy of {agent} is accepted")
        elif said.text != facts.trial.message:
            first, *more = said.text.splitlines() or [""]
            text = f"a program under the policy of {agent} ended with {said.status}: {first}"
            mend = (_REPORT.format(agent),)
            yield Finding(f"policy-{agent}", PROBLEM, text, mend, tuple(more))
