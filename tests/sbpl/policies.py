"""Policies of every kind, for property tests."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from safehouse.policy.policy import Policy
from safehouse.policy.rule import Filter, Origin, Rule, Tier

HOME = '/Users/me (at) "home" & \\co; #1'
DEFINES = (("HOME", HOME), ("WORKDIR", HOME + "/src/a"), ("NONE", ""), ("ROOT", "/"))

_segments = st.text("ab \\\"&;()#'`,.*+?|[]{}^$-\u00e9\u65e5\u00a0", min_size=1, max_size=5).filter(
    lambda name: name not in (".", "..")  # such a path fits nothing, and is refused
)
paths = st.builds(
    lambda base, parts: base + "".join("/" + part for part in parts) or "/",
    st.sampled_from(["", HOME, HOME + "/src/a", HOME + "x", "/private/tmp"]),
    st.lists(_segments, max_size=3),
)
_regexes = st.builds(
    lambda path, end: f"^{re.escape(path)}{end}", paths, st.sampled_from(["$", "(/.*)?$", ""])
)
path_filters = st.builds(
    Filter, st.sampled_from(["literal", "subpath", "prefix"]), paths
) | st.builds(Filter, st.just("regex"), _regexes)
_addresses = ["ip", "tcp *:443", "udp *:*", "ip localhost:80"]
_FILTERS = {
    "file-read*": path_filters,
    "file-read-data": path_filters,
    "file-read-metadata": path_filters,
    "file-write*": path_filters,
    "file-link": path_filters,
    "file-write-unlink": path_filters,
    "process-exec*": path_filters,
    "network-outbound": path_filters
    | st.builds(Filter, st.just("remote"), st.sampled_from(_addresses)),
    "network-inbound": st.builds(Filter, st.just("local"), st.sampled_from(_addresses)),
    "network-bind": st.builds(Filter, st.just("local"), st.sampled_from(_addresses)),
    "mach-lookup": st.builds(
        Filter,
        st.sampled_from(["global-name", "local-name", "global-name-prefix"]),
        st.sampled_from(["com.a", "com.a.b", 'com."b\\"']),
    ),
    "signal": st.builds(
        Filter, st.just("target"), st.sampled_from(["self", "same-sandbox", "others"])
    ),
    "sysctl-read": st.builds(Filter, st.just("sysctl-name"), st.sampled_from(["kern.a", "hw.b"])),
}
OPERATIONS = (*_FILTERS, "default", "file*", "network*", "process-info*", "process-info-pidinfo")


def _combined(leaves):
    def extend(parts):
        several = st.lists(parts, min_size=1, max_size=3).map(tuple)
        return st.builds(
            Filter, st.sampled_from(["require-all", "require-any"]), st.just(""), several
        ) | st.builds(Filter, st.just("require-not"), st.just(""), parts.map(lambda part: (part,)))

    return st.recursive(leaves, extend, max_leaves=4)


_origins = st.builds(
    Origin,
    st.integers(Tier.BASE, Tier.PROTECTED),
    st.sampled_from(["codex, profiles.yaml:12", "codex, profiles.yaml:14", "--add-dirs", "git"]),
    st.sampled_from(["", "why", 'a ")\n(allow default) ;']),
)


@st.composite
def rules(draw):
    operation = draw(st.sampled_from(OPERATIONS))
    filter = None
    if operation in _FILTERS and draw(st.integers(0, 4)):
        filter = draw(_combined(_FILTERS[operation]))
    operations = (operation,)
    if operation.startswith("file-") and draw(st.booleans()):
        operations = tuple(dict.fromkeys((operation, "file-read*", "file-write*")))
    message = draw(st.sampled_from(["", "", 'a "message" (\\)']))
    action = draw(st.sampled_from(["allow", "deny"]))
    return Rule(action, operations, filter, draw(_origins), message=message)


policies = st.builds(Policy, st.lists(rules(), max_size=8).map(tuple), st.just(DEFINES))
accesses = st.tuples(
    st.sampled_from(["file-read-data", "file-write-unlink", "file-link"]), paths
) | (
    st.sampled_from(
        [
            ("network-outbound", "example.com:443"),
            ("network-outbound", "localhost:80"),
            ("network-outbound", HOME),
            ("network-bind", "localhost:80"),
            ("mach-lookup", "com.a.b"),
            ("mach-lookup", 'com."b\\"'),
            ("signal", "same-sandbox"),
            ("signal", "others"),
            ("process-info-pidinfo", "others"),
            ("sysctl-read", "kern.a"),
        ]
    )
)
