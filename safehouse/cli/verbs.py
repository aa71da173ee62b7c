"""Operations as verbs for a sentence: `read and write`."""

from __future__ import annotations

from safehouse.policy.operations import OPERATIONS, PARENT

_READ = (
    "file-read*", "file-read-data", "file-read-metadata", "file-read-xattr", "file-test-existence",
    "file-clone",
)  # fmt: skip
_WRITE = (
    *(
        name
        for name in OPERATIONS
        if name.startswith("file-write") and name != "file-write-setugid"
    ),
    "file-link",
)
# In this order: what is named first brings the others along.
_VERBS = (
    ("connect to", "network-outbound", ("network-outbound", "network*")),
    ("listen at", "network-inbound", ("network-inbound", "network-bind")),
    ("read", "file-read-data", _READ),
    ("write", "file-write-data", _WRITE),
    ("see that there is", "file-read-metadata", ("file-read-metadata", "file-test-existence")),
    ("see that there is", "file-test-existence", ("file-test-existence",)),
    ("remove or rename", "file-write-unlink", ("file-write-unlink", "file-write-create")),
    ("make", "file-write-create", ("file-write-create",)),
    ("run", "process-exec*", ("process-exec*", "process-exec-interpreter")),
    ("use the service", "mach-lookup", ("mach-lookup",)),
    ("signal", "signal", ("signal",)),
)
_EVERYTHING = len(OPERATIONS) // 2


def verbs(operations: tuple[str, ...]) -> str:
    """What operations are, in words; those for which there is none by their names."""
    if "default" in operations and len(operations) > _EVERYTHING:
        return "do anything to"
    left = dict.fromkeys(operations)
    found: list[str] = []
    for verb, wanted, others in _VERBS:
        if wanted in left:
            found.append(verb)
            for name in others:
                left.pop(name, None)
    # A group says nothing beside its members, nor do they beside it.
    taken = {PARENT.get(name, "") for name in operations}
    names = [name for name in left if name not in taken or not found]
    names = [name for name in names if PARENT.get(name) not in names]
    if names:
        found.append(f"use {', '.join(names)} of")
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
