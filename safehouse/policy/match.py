"""Whether a filter is for a target, by the rules of seatbelt.md sections 2 and 3."""

from __future__ import annotations

from safehouse.policy.rule import PATH_KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

    from safehouse.policy.policy import Access
    from safehouse.policy.rule import Filter

# The family of targets that an operation is asked about when the question does not say.
_KIND_BY_OPERATION = (
    ("mach-priv-task-port", "target"), ("mach-task-name", "target"), ("mach-", "global-name"),
    ("file-", "path"), ("process-exec", "path"), ("network-outbound", "remote"),
    ("network", "local"), ("sysctl", "sysctl-name"), ("signal", "target"),
    ("process-info", "target"), ("user-preference", "preference-domain"),
    ("ipc-posix", "ipc-posix-name"), ("iokit-open", "iokit-registry-entry-class"),
    ("system-fsctl", "fsctl-command"),
)  # fmt: skip
_PATH_VARIANTS = {"path": "literal", "path-prefix": "prefix", "path-regex": "regex"}
_starts: dict[str, str] = {}
_compiled: dict[str, re.Pattern[str]] = {}


def kind_of(access: Access) -> str:
    """The filter family of an access' target: `path`, `remote`, `global-name`, ..."""
    if access.kind:
        return access.kind
    for start, kind in _KIND_BY_OPERATION:
        if access.operation.startswith(start):
            return "path" if kind in ("remote", "local") and access.target[:1] == "/" else kind
    return ""


def matches(filter: Filter, access: Access) -> bool:
    """Whether `filter` is for the target of `access`; a filter of another family is not.

    Extensions and attributes of processes are taken as absent: seatbelt.md 3.8.
    """
    if filter.kind in PATH_KINDS:
        return kind_of(access) == "path" and text_matches(filter.kind, filter.value, access.target)
    return _other_matches(filter, access)


def _other_matches(filter: Filter, access: Access) -> bool:
    from safehouse.policy.vocabulary import FILTER_ALIAS, FILTER_FAMILY

    kind = FILTER_ALIAS.get(filter.kind, filter.kind)
    if kind == "require-all":
        return all(matches(part, access) for part in filter.parts)
    if kind == "require-any":
        return any(matches(part, access) for part in filter.parts)
    if kind == "require-not":
        return not matches(filter.parts[0], access)
    family = FILTER_ALIAS.get(kind_of(access), kind_of(access))
    if kind in ("remote", "local"):
        return family == kind and _address_matches(filter.value, access.target)
    if kind in _PATH_VARIANTS:
        return family == "path" and text_matches(_PATH_VARIANTS[kind], filter.value, access.target)
    name, _, variant = kind.rpartition("-")
    if variant in ("prefix", "regex", "subpath") and name in FILTER_FAMILY:
        return family == name and text_matches(variant, filter.value, access.target)
    return family == kind and filter.value == access.target


def text_matches(variant: str, value: str, target: str) -> bool:
    """Whether `target` is what `value` says, as `literal`, `prefix`, `subpath` or `regex`."""
    if variant == "subpath":
        below = value if value[-1:] == "/" else value + "/"
        return target == value or target.startswith(below)
    if variant == "prefix":
        return target.startswith(value)
    if variant == "regex":
        return regex_matches(value, target)
    return target == value


def regex_matches(pattern: str, text: str) -> bool:
    """Whether the pattern occurs in the text; only what Seatbelt is known to support may occur."""
    start = _starts.get(pattern)
    if start is None:
        start = _starts[pattern] = fixed_start(pattern)
    if not text.startswith(start):
        return False
    compiled = _compiled.get(pattern)
    if compiled is None:
        import re  # 8 ms: only policies with a regex that has to be asked pay it

        compiled = _compiled[pattern] = re.compile(_with_end(pattern), re.DOTALL)
    return compiled.search(text) is not None


_ESCAPED = ("[", "]", "^", "\\")  # which mean themselves behind a backslash, in every reading


def fixed_start(pattern: str) -> str:
    """What every text that the pattern fits begins with: ^/a[.]b/[^/]+$ gives /a.b/; "" if unsure."""
    if pattern[:1] != "^" or ("|" in pattern and _may_begin_otherwise(pattern)):
        return ""
    start = ""
    rest = pattern[1:]
    while rest:
        quoted = rest[0] == "[" and rest[2:3] == "]" and rest[1] != "^"
        escaped = rest[0] == "\\" and rest[1:2] in _ESCAPED
        character, size = (rest[1], 3 if quoted else 2) if quoted or escaped else (rest[0], 1)
        if not (quoted or escaped) and character in "*+?|.()[]{}\\^$":
            return start[:-1] if character in "*?{" else start
        start += character
        rest = rest[size:]
    return start


def _may_begin_otherwise(pattern: str) -> bool:
    """Whether a `|` may stand outside of all groups, so that its right side fits anywhere."""
    depth = 0
    in_class = skipped = False
    for position, character in enumerate(pattern):
        if skipped:
            skipped = False
        elif character == "\\":
            skipped = not in_class and pattern[position + 1 : position + 2] in _ESCAPED
            if not skipped:
                return True  # how it is read here is not known
        elif in_class:
            in_class = character != "]" or pattern[position - 1] in "[^"
        elif character == "[":
            in_class = True
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth < 0:
                return True
        elif character == "|" and not depth:
            return True
    return depth != 0 or in_class


def _with_end(pattern: str) -> str:
    """The pattern with its `$` meaning the very end; Python's also fits before a last newline."""
    parts = []
    in_class = escaped = False
    for character in pattern:
        plain = escaped or in_class
        parts.append(r"\Z" if character == "$" and not plain else character)
        if not escaped:
            in_class = character == "[" if not in_class else character != "]"
        escaped = character == "\\" and not escaped
    return "".join(parts)


def _address_matches(value: str, target: str) -> bool:
    """`ip`, `tcp "*:443"`, ... against `host:port`; only `*` and `localhost` exist: seatbelt.md 3.6."""
    protocol, _, address = value.partition(" ")
    if protocol not in ("ip", "ip4", "ip6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"):
        return False
    host, _, port = address.rpartition(":")
    target_host, _, target_port = target.rpartition(":")
    local = target_host in ("localhost", "127.0.0.1", "::1", "[::1]")
    return (host in ("", "*") or local) and (port in ("", "*") or port == target_port)
