"""The words of profiles.yaml and of the command line for groups of SBPL operations."""

from __future__ import annotations

# Each group names, beside the operations with children (`file-read*`), those that do not fall back
# to them and are allowed unless a rule of their own says otherwise: seatbelt.md 1.4. A hard link
# gives its target a second name, under which it would be judged anew; so would a clone.
WORDS: dict[str, tuple[str, ...]] = {
    "read": ("file-read*", "file-test-existence", "file-clone"),
    "write": ("file-write*", "file-link"),
    "metadata": ("file-read-metadata", "file-test-existence"),
    "exec": ("process-exec*",),
    "connect": ("network-outbound",),
    "ioctl": ("file-ioctl",),
    # All that can be done to a socket in the file system: seatbelt.md 3.5, file rules alone do not
    # stop connect().
    "socket": (
        "file-read*", "file-test-existence", "file-clone", "file-write*", "file-link",
        "network-outbound",
    ),
    # The entry of a directory in its parent: renaming, removing and replacing it.
    "rename": ("file-write-unlink", "file-write-create"),
}  # fmt: skip

# What a person asks, and the operation that the kernel then asks about.
QUESTIONS = {
    "read": "file-read-data",
    "write": "file-write-data",
    "create": "file-write-create",
    "delete": "file-write-unlink",
    "rename": "file-write-unlink",
    "list": "file-read-data",
    "stat": "file-read-metadata",
    "readlink": "file-read-metadata",
    "exec": "process-exec*",
    "connect": "network-outbound",
    "listen": "network-inbound",
}

READ = WORDS["read"]
WRITE = WORDS["write"]
METADATA = WORDS["metadata"]
RENAME = WORDS["rename"]


def operations(words: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """The operations that words stand for, each once, in order; a name of SBPL stands for itself."""
    found: dict[str, None] = {}
    for word in words:
        found.update(dict.fromkeys(WORDS.get(word, (word,))))
    return tuple(found)
