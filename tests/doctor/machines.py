"""Machines as facts: what the system and its programs tell, without any of it being here."""

from __future__ import annotations

from typing import Any

from safehouse.backends.bubblewrap import Place
from safehouse.doctor import facts as known
from safehouse.doctor.facts import Facts, Ours
from safehouse.doctor.finding import Finding
from safehouse.doctor.trial import Said, Trial
from safehouse.shims.program import Installation
from safehouse.value import replace

BWRAP = "/usr/bin/bwrap"
RAN = Trial(0, milliseconds=50)
UBUNTU = {
    "PRETTY_NAME": "Ubuntu 24.04.1 LTS",
    "ID": "ubuntu",
    "ID_LIKE": "debian",
    "VERSION_ID": "24.04",
}
OURS = Ours(
    Installation("single file", "/usr/local/bin/safehouse"),
    "0123456789abcdef",
    "/usr/local/bin/safehouse",
    "/usr/bin/python3",
    "3.12.3",
)


def linux_facts(**changes: Any) -> Facts:
    """An Ubuntu on which all is well, but for what is changed."""
    usual = Facts(
        kernel="6.14.0-27-generic",
        machine="x86_64",
        release=UBUNTU,
        ours=OURS,
        trial=RAN,
        texts={
            known.MOST: "127134",
            known.USERS: "0 0 4294967295",
            known.VERSION: "Linux version 6.14",
        },
        said={(BWRAP, "--version"): Said(0, "bubblewrap 0.9.0")},
        enforcers=(Place(BWRAP, 0, 0o100755),),
        landlock=6,
    )
    return replace(usual, **changes)


def refused(words: str, **changes: Any) -> Facts:
    """One on which bubblewrap says why it cannot confine."""
    message = f"bubblewrap cannot confine here, so nothing was run: {words}"
    return linux_facts(**{"trial": Trial(125, message, "a hint"), "probe": words, **changes})


def mac_facts(**changes: Any) -> Facts:
    """A Mac on which all is well, but for what is changed."""
    usual = Facts(
        kernel="24.2.0",
        machine="arm64",
        release={},
        ours=OURS,
        trial=RAN,
        said={
            known.CSRUTIL: Said(0, "System Integrity Protection status: enabled."),
            known.SYSTEM_VERSION: Said(0, "15.2"),
            known.TRANSLATED: Said(0, "0"),
            known.SIMPLEST: Said(0, ""),
        },
        policies=(("claude", Said(0, "")), ("codex", Said(0, ""))),
    )
    return replace(usual, **changes)


def by_name(findings: Any) -> dict[str, Finding]:
    """The findings by their names, each of which is there once."""
    found = list(findings)
    named = {finding.name: finding for finding in found}
    assert len(named) == len(found), [finding.name for finding in found]
    return named


def wrong(findings: Any) -> dict[str, Finding]:
    """Those that say that something is not as it should be, by name."""
    return {f.name: f for f in findings if f.state in ("warning", "problem")}
