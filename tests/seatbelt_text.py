"""SBPL text as rules, by another way than the package's: see seatbelt_models.py.

It takes what Seatbelt is sure to take and raises ModelError for the rest: a policy of ours should
not need anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Union

OPERATION_ALIAS = {
    "process-exec": "process-exec*",
    "ipc-posix-sem": "ipc-posix-sem*",
    "ipc-posix-shm": "ipc-posix-shm*",
    "iokit-open": "iokit-open*",
    "file-unlink": "file-write-unlink",
}
PATH_FILTERS = {
    "literal": "literal",
    "path": "literal",
    "path-literal": "literal",
    "subpath": "subpath",
    "prefix": "prefix",
    "path-prefix": "prefix",
    "regex": "regex",
    "path-regex": "regex",
}
_NAME_FAMILIES = (
    "global-name", "local-name", "xpc-service-name", "sysctl-name", "ipc-posix-name",
    "preference-domain", "iokit-registry-entry-class", "iokit-user-client-class",
    "iokit-connection", "iokit-property", "extension-class", "right-name", "nvram-variable",
    "appleevent-destination", "notification-name", "control-name", "xattr", "info-type",
    "filesystem-name", "kext-bundle-id",
)  # fmt: skip
SYMBOL_FAMILIES = (
    "target", "vnode-type", "socket-domain", "socket-type", "socket-protocol", "fsctl-command",
    "ioctl-command", "signal-number", "file-mode", "csr", "privilege-id", "host-special-port",
)  # fmt: skip
ABSENT = ("extension", "process-attribute", "system-attribute", "entitlement")  # 3.8


class ModelError(Exception):
    """The text would not compile, or says something that the models do not know."""


Tree = Union[str, "Quoted", list[Any]]


class Quoted(str):
    """A string of the text, as opposed to a symbol."""


@dataclass(frozen=True)
class CompiledRule:
    action: str
    operations: tuple[str, ...]
    filters: tuple[Any, ...]


@lru_cache(maxsize=64)
def compile_text(text: str) -> tuple[CompiledRule, ...]:
    """The rules of a policy. Raises ModelError where Seatbelt would refuse it or is not known."""
    forms = parse(text)
    if not forms or forms[0] != ["version", "1"]:
        raise ModelError("no (version 1) at the start")
    names: dict[str, Any] = {}
    rules = []
    for form in forms[1:]:
        if not isinstance(form, list) or not form or form[0] in ("version", "import"):
            raise ModelError(f"unexpected: {form}")
        if form[0] == "define":
            _define(form, names)
        elif form[0] in ("allow", "deny"):
            rules.append(_rule(form, names))
        else:
            raise ModelError(f"unbound variable: {form[0]}")
    return tuple(rules)


def parse(text: str) -> list[Tree]:
    """A character at a time, like Scheme's own reader; deliberately not how the package does it."""
    stack: list[list[Tree]] = [[]]
    i = 0
    while i < len(text):
        c = text[i]
        i += 1
        if c == ";":
            while i < len(text) and text[i] != "\n":
                i += 1
        elif c == "(":
            stack.append([])
        elif c == ")":
            if len(stack) < 2:
                raise ModelError("unbalanced )")
            done = stack.pop()
            stack[-1].append(done)
        elif c == '"' or text[i - 1 : i + 1] == '#"':
            raw = c == "#"
            i += raw
            value = ""
            while i < len(text) and text[i] != '"':
                if text[i] == "\\" and (not raw or text[i + 1 : i + 2] == '"'):
                    i += 1
                value += text[i : i + 1]
                i += 1
            if i >= len(text):
                raise ModelError("unterminated string")
            i += 1
            if any(ord(x) < 32 or ord(x) == 127 for x in value):
                raise ModelError("a control character in a string")
            stack[-1].append(Quoted(value))
        elif c not in " \t\r\n":
            j = i - 1
            while i < len(text) and text[i] not in ' \t\r\n();"':
                i += 1
            stack[-1].append(text[j:i])
    if len(stack) != 1:
        raise ModelError("unbalanced (")
    return stack[0]


def _define(form: list[Any], names: dict[str, Any]) -> None:
    if len(form) != 3:
        raise ModelError(f"define: {form}")
    name, value = form[1:]
    if isinstance(name, list):
        names[name[0]] = (name[1:], value)
    else:
        names[name] = _evaluate(value, names)


def _rule(form: list[Any], names: dict[str, Any]) -> CompiledRule:
    operations = []
    filters = []
    for part in form[1:]:
        if isinstance(part, Quoted):
            raise ModelError("illegal argument: a string")
        if isinstance(part, str):
            if not re.fullmatch(r"[a-z][a-z0-9-]*\*?", part):
                raise ModelError(f"unbound variable: {part}")
            operations.append(OPERATION_ALIAS.get(part, part))
        elif part[:1] == ["with"]:
            if part[1] not in ("message", "no-log", "no-report", "report"):
                raise ModelError(f"a modifier that may change the answer: {part[1]}")
        else:
            filters.append(_checked(_evaluate(part, names)))
    if not operations:
        raise ModelError(f"no operation: {form}")
    return CompiledRule(form[0], tuple(operations), tuple(filters))


def _evaluate(tree: Any, names: dict[str, Any]) -> Any:
    if isinstance(tree, Quoted):
        return tree
    if isinstance(tree, str):
        if tree not in names:
            return tree  # a symbol that a filter takes as it is
        return names[tree]
    if not tree:
        raise ModelError("()")
    head = tree[0]
    values = [_evaluate(part, names) for part in tree[1:]]
    if head == "string-append":
        if not all(isinstance(value, Quoted) for value in values):
            raise ModelError("argument must be: string")
        return Quoted("".join(values))
    if head in names:
        parameters, body = names[head]
        return _evaluate(body, {**names, **dict(zip(parameters, values))})
    return [head, *values]


def _checked(filter: Any) -> Any:
    """The filter, if it is one that we know, with the right kind of argument."""
    if not isinstance(filter, list):
        raise ModelError(f"illegal argument: {filter!r}")
    head, *values = filter
    if not values:
        raise ModelError(f"a filter of nothing: {head}")
    if head in ("require-all", "require-any", "require-not"):
        if head == "require-not" and len(values) != 1:
            raise ModelError("require-not takes one filter")
        return [head, *(_checked(value) for value in values)]
    if head in ("remote", "local"):
        return _checked_address(filter)
    base = re.sub("-(prefix|subpath|regex)$", "", head)
    if head in PATH_FILTERS or base in _NAME_FAMILIES or head.startswith(ABSENT):
        strings = head not in ("process-attribute", "system-attribute")
        if strings and not all(isinstance(value, Quoted) and value for value in values):
            raise ModelError(f"{head} takes strings: {values}")
        if head.endswith("regex"):
            for value in values:
                regex(value)
        return filter
    if head in SYMBOL_FAMILIES:
        if any(isinstance(value, (Quoted, list)) for value in values):
            raise ModelError(f"{head} takes symbols: {values}")
        return filter
    raise ModelError(f"unbound variable: {head}")


def _checked_address(filter: list[Any]) -> list[Any]:
    protocol = filter[1]
    if protocol in ("unix", "unix-socket"):
        return ["require-any", *(_checked(value) for value in filter[2:])]
    if isinstance(protocol, Quoted) or not re.fullmatch("(ip|tcp|udp)[46]?", protocol):
        raise ModelError(f"no protocol: {protocol!r}")
    for address in filter[2:]:
        if not isinstance(address, Quoted) or not re.fullmatch(r"(\*|localhost):(\*|\d+)", address):
            raise ModelError(f"no address: {address!r}")
    return filter


@lru_cache(maxsize=1024)
def regex(pattern: str) -> re.Pattern[str]:
    """The pattern; only the constructs that are certain (3.3), so that no flavour matters."""
    bare = re.sub(r"\\[^A-Za-z0-9]", "x", pattern.removeprefix("(?i)"))
    if "\\" in bare or "(?" in bare or "[:" in bare or re.search(r"[*+?][*+?]", bare):
        raise ModelError(f"a regex that may not be understood: {pattern}")
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise ModelError(f"a regex that is none: {pattern}: {error}") from error
