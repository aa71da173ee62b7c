"""A policy as SBPL text, which Seatbelt enforces and people read."""

from __future__ import annotations

from safehouse.policy.rule import Opaque, Tier
from safehouse.policy.vocabulary import FILTER_FAMILY, OLDER_NAME
from safehouse.sbpl.syntax import FLAG_FILTERS, SYMBOL_FILTERS, comment, quote, symbol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from safehouse.policy.policy import Policy
    from safehouse.policy.rule import AnyRule, Filter, Rule

    Defines = list[tuple[str, str]]  # value, name; the longest value first

# The patterns of one rule are compiled into one that may have 65535 bytes: seatbelt.md 4.7. How
# much a pattern grows is not known, so a form keeps well below.
MOST_BYTES = 16_000
MOST_FILTERS = 100
WIDTH = 100

_PATHS = ("literal", "subpath", "prefix", "path", "path-literal", "path-prefix")
_COMBINATIONS = ("require-all", "require-any", "require-not")


def render(policy: Policy) -> str:
    """The policy in SBPL. The same policy gives the same text.

    Raises UserError for a path that SBPL cannot say, ValueError for a rule that is no rule: an
    unknown filter, or one without a value, which Seatbelt might take for a rule without a filter
    (seatbelt.md 3.2).
    """
    defines = [(value, name) for name, value in policy.defines if value not in ("", "/")]
    lines = ["(version 1)", ""] if defines else ["(version 1)"]
    lines += [f"(define {symbol(name)} {quote(value)})" for value, name in defines]
    defines.sort(key=lambda define: -len(define[0]))
    heading = ""
    for group in _groups(policy.rules):
        first = group if isinstance(group, Opaque) else group[0]
        if _heading(first) != heading:
            heading = _heading(first)
            lines += ["", f";{comment(f'--- {heading} ---')}"]
        if isinstance(group, Opaque):
            lines += [
                comment(f"from {group.origin.source}, passed on with what it uses"),
                group.text,
            ]
            # That text may give our names another value: from here on nothing depends on them.
            defines = []
        else:
            lines += _form(group, defines)
    lines.append("")
    return "\n".join(lines)


def _source(rule: AnyRule) -> str:
    """Who said so, without the line: `codex, profiles.yaml` of `codex, profiles.yaml:120`."""
    source = rule.origin.source
    name, _, line = source.rpartition(":")
    return name if line.isdigit() else source


def _heading(rule: AnyRule) -> str:
    tier = rule.origin.tier
    return _source(rule) if tier == Tier.PROFILE else f"{_source(rule)} ({Tier.NAMES[tier]})"


def _groups(rules: tuple[AnyRule, ...]) -> Iterator[Opaque | list[Rule]]:
    """Neighbours that one form can say: its filters are alternatives, in any order."""
    group: list[Rule] = []
    key: tuple[object, ...] = ()
    size = 0
    for rule in rules:
        if isinstance(rule, Opaque):
            if group:
                yield group
            group, key, size = [], (), 0
            yield rule
            continue
        rule_key: tuple[object, ...] = ()  # without a filter it is a form of its own
        rule_size = 0
        if rule.filter is not None:
            rule_key = (rule.action, rule.operations, rule.message, rule.origin.tier, _source(rule))
            rule_size = _size(rule.filter)
        size += rule_size
        full = size > MOST_BYTES or len(group) == MOST_FILTERS
        if group and (full or not key or rule_key != key):
            yield group
            group, size = [], rule_size
        group.append(rule)
        key = rule_key
    if group:
        yield group


def _size(filter: Filter) -> int:
    """Bytes that the filter's patterns have at least, every name replaced by its value."""
    value = filter.value
    size = len(value) + 16 if value.isascii() else len(value.encode("utf-8", "replace")) + 16
    for part in filter.parts:
        size += _size(part)
    return size


def _form(rules: list[Rule], defines: Defines) -> list[str]:
    """One form for rules that differ in their filters and reasons only."""
    first = rules[0]
    if not first.operations:
        raise ValueError(f"a rule without operations: {first}")
    names = [OLDER_NAME.get(operation, operation) for operation in first.operations]
    lines = _wrapped([first.action, *names])
    if first.message:
        lines[-1] += f" (with message {quote(first.message)})"
    filters = [_filter(rule.filter, defines) for rule in rules if rule.filter is not None]
    if filters:
        filters[-1] += ")"
        lines += [f"  {text}{_trailing(rule)}" for text, rule in zip(filters, rules)]
    else:
        lines[-1] += f"){_trailing(first)}"
    return lines


def _trailing(rule: Rule) -> str:
    reason = rule.origin.reason
    return f" {comment(reason)}" if reason else ""


def _wrapped(words: list[str]) -> list[str]:
    """An opening parenthesis and words, continued on indented lines."""
    lines = []
    line = "(" + symbol(words[0])
    for word in words[1:]:
        if len(line) + len(word) > WIDTH:
            lines.append(line)
            line = "   "
        line += " " + symbol(word)
    lines.append(line)
    return lines


def _filter(filter: Filter, defines: Defines) -> str:
    kind, value = filter.kind, filter.value
    if kind in _COMBINATIONS:
        if not filter.parts or (kind == "require-not" and len(filter.parts) != 1):
            raise ValueError(f"{kind} of {len(filter.parts)} filters")
        parts = " ".join([_filter(part, defines) for part in filter.parts])
        return f"({kind} {parts})"
    if kind not in FILTER_FAMILY:
        raise ValueError(f"unknown filter {kind!r}")
    if kind in FLAG_FILTERS and not value:
        return f"({kind})"
    if not value:
        raise ValueError(f"the filter {kind} has no value")
    if kind in _PATHS:
        return f"({kind} {_path(value, defines)})"
    if kind in ("remote", "local"):
        protocol, _, address = value.partition(" ")
        return f"({kind} {symbol(protocol)}{' ' + quote(address) if address else ''})"
    return f"({kind} {symbol(value) if kind in SYMBOL_FILTERS else quote(value)})"


def _path(path: str, defines: Defines) -> str:
    """The path, by the name of the directory of the host that it is in or below."""
    for value, name in defines:
        if path.startswith(value):
            rest = path[len(value) :]
            if not rest:
                return name
            if rest[0] == "/":
                return f"(string-append {name} {quote(rest)})"
    return quote(path)
