"""Expressions of SBPL as values: strings, truth values and filters.

The language is that of TinyScheme 1.38 and Apple's library for it (seatbelt.md 3 and 4); we know
strings, the filters and functions of one expression, and raise NotUnderstood for the rest of it.
"""

from __future__ import annotations

import re

from safehouse.errors import nearest, printable
from safehouse.policy.match import fixed_start
from safehouse.policy.rule import PATH_KINDS, Filter
from safehouse.policy.vocabulary import FILTER_FAMILY, MODIFIERS, OPERATION_ALIAS, OPERATIONS
from safehouse.sbpl.parse import Node, Source
from safehouse.sbpl.pattern import is_known
from safehouse.sbpl.syntax import FLAG_FILTERS, SYMBOL_FILTERS, is_control
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, Union

    Result = Union[str, bool, "list[Filter]"]
    Local = dict[str, Union[str, bool]]
    Named = Union[str, bool, "Function", "Below", None]  # None: defined, but not understood

DEEPEST = 80  # expressions and calls within each other
MOST_WORK = 500_000  # calls, filters and KiB that evaluating a file may cost
MOST_REGEXES = 500  # each costs up to a millisecond
MOST_REGEX_BYTES = 32 * 1024
LONGEST = 65_535  # characters of a string; bytes of a pattern in seatbelt.md 4.7

LONGEST_PATH = 4096  # Linux' PATH_MAX; that of macOS is 1024

_ALIAS = {
    "path": "literal",
    "path-literal": "literal",
    "path-prefix": "prefix",
    "path-regex": "regex",
    "from": "local",
    "to": "remote",
}
_COMBINATIONS = ("require-all", "require-any", "require-not")
_PROTOCOLS = ("ip", "ip4", "ip6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6")
_ADDRESS = re.compile(r"(\*|localhost):(\*|[0-9]{1,5})")

# What else the language has, old operations without effect included. A form with one of these is
# not understood, and none of them can be redefined.
_OTHER_WORDS = """
version import trace debug param getenv define define-once if let let* letrec lambda cond case and
or not when unless begin set! do quasiquote quote unquote macro define-macro with with-filter
with-operations with-modifier define-storage-class eliminate-duplicate-rules record
disable-callouts disable-full-symbolication defined? regex-quote apply-message-filter allow deny
require-all require-any require-not string-append path-ancestors tty debug-mode process-is-plugin
process-is-installer datavault-file-filter rootless-file-filter executable-bundle container
application-group system-container system-group require-entitlement entitlement-value
entitlement-value-regex map for-each apply list cons car cdr cadr cddr caar append reverse length
partition filter member memq memv assoc assq assv eq? eqv? equal? null? pair? string? string=?
number->string string->symbol symbol->string string-length substring string-ref string->list
char->integer list-ref list-tail vector error values call/cc gensym delay force newline display
write unix unix-socket _IO load eval else
ipc-posix-shm-read-metadata mach-per-user-lookup system-chud qtn-download load-unsigned-code
qtn-sandbox
"""
LANGUAGE = frozenset(_OTHER_WORDS.split())
RESERVED = LANGUAGE.union(OPERATIONS, OPERATION_ALIAS, FILTER_FAMILY, MODIFIERS)


class NotUnderstood(Exception):
    """The form may be right, but what it says is not known."""


class Function(Value):
    """A function of the text: one expression of its parameters."""

    parameters: tuple[str, ...]
    body: Node


class Below(Value):
    """A function of what lies below a directory: a filter of `kind`, or, for "", the path itself.

    `directory` is without a slash at its end; None where there is none.
    """

    directory: str | None
    kind: str = ""


class Known(Value):
    """A name that a text may use without defining it, and `definition`, which says it in SBPL.

    `absent` says why there is nothing of that name; a text that needs it is wrong then.
    """

    name: str
    value: str | bool | Below
    definition: str
    absent: str = ""


class Evaluator:
    """The names of a file, and what expressions of them are.

    Its methods raise UserError for what Seatbelt would not take and NotUnderstood else.
    """

    def __init__(
        self, source: Source, params: dict[str, str], known: tuple[Known, ...] = ()
    ) -> None:
        self.params = params
        self.names: dict[str, Named] = {each.name: each.value for each in known}
        self._absent = {each.name: each.absent for each in known if each.absent}
        self.imported = False  # names may have come from where we do not see
        self.fail = source.fail
        self._work = 0
        self._regexes: dict[str, bool] = {}  # whether it is known what it means
        self._regex_bytes = 0

    def unknown(self, word: Node, what: str, known: list[str]) -> NoReturn:
        """Raises UserError for a word that nothing can have given a meaning."""
        name = word.text
        if word.kind == "symbol" and not (
            self.imported or name in LANGUAGE or name in self.names or name[0] == "#"
        ):
            self.fail(word.start, f"unknown {what} {printable(name)!r}{nearest(name, known)}")
        raise NotUnderstood

    def filters(self, node: Node) -> list[Filter]:
        """The alternatives that an expression in the place of a filter stands for."""
        return self._filters(node, {}, 0)

    def text(self, node: Node) -> str:
        """The string that an expression stands for."""
        return self._text(node, {}, 0)

    def printable(self, text: str) -> str:
        """Text that can be written again: seatbelt.md 4.2 is not sure of control characters."""
        if not text.isprintable() and any(map(is_control, text)):
            raise NotUnderstood
        return text

    def value(self, node: Node, local: Local, depth: int) -> Result:
        """What an expression stands for, `local` being the values of the parameters."""
        if node.kind == "string":
            return node.text
        if node.kind == "symbol":
            return self._named(node, local)
        depth += 1
        if depth > DEEPEST:
            self.fail(node.start, f"more than {DEEPEST} expressions within each other")
        head, arguments = node.head, node.items[1:]
        self._count(1 + len(arguments), node)
        function = self.names.get(head)
        if isinstance(function, Function):
            return self._call(function, node, local, depth)
        if isinstance(function, Below):
            return self._below(function, node, local, depth)
        if head == "string-append":
            return self._joined(node, local, depth)
        if head == "if":
            return self._chosen(node, local, depth)
        if head == "string=?":
            return len({self._text(argument, local, depth) for argument in arguments}) <= 1
        if head in ("param", "getenv"):
            if len(arguments) != 1:
                self.fail(node.start, f'expected ({head} "NAME")')
            return self.params.get(self._text(arguments[0], local, depth), False)
        if head in _COMBINATIONS:
            return [self._combination(node, local, depth)]
        kind = _ALIAS.get(head, head)
        if kind not in FILTER_FAMILY:
            first = node.items[0] if node.items else node
            self.unknown(first, "filter", [*FILTER_FAMILY, *_COMBINATIONS, *self.names])
        if kind in ("remote", "local"):
            return self._addresses(kind, node, local, depth)
        if kind in FLAG_FILTERS and not arguments:
            return [Filter(kind)]
        if not arguments:
            self.fail(node.start, f"the filter {head} has no value")
        return [self._filter(kind, argument, local, depth) for argument in arguments]

    def _count(self, work: int, node: Node) -> None:
        self._work += work
        if self._work > MOST_WORK:
            self.fail(node.start, "the functions of this file produce too much")

    def _named(self, node: Node, local: Local) -> str | bool:
        name = node.text
        if name in ("#t", "#f"):
            return name == "#t"
        value = local[name] if name in local else self.names.get(name)
        if value is None or isinstance(value, (Function, Below)):
            if name in RESERVED or name.isdigit():
                raise NotUnderstood
            self.unknown(node, "name", [*local, *self.names])
        return value

    def _text(self, node: Node, local: Local, depth: int) -> str:
        value = self.value(node, local, depth)
        if value is False and node.head in ("param", "getenv"):
            self.fail(node.start, f"the parameter {printable(node.items[1].text)!r} is not set")
        if value is False and node.kind == "symbol" and node.text in self._absent:
            self.fail(node.start, self._absent[node.text])
        if not isinstance(value, str):
            self.fail(node.start, "expected a string")
        return value

    def _filters(self, node: Node, local: Local, depth: int) -> list[Filter]:
        value = self.value(node, local, depth)
        if not isinstance(value, list):
            self.fail(node.start, "expected a filter, found a string or a truth value")
        return value

    def _chosen(self, node: Node, local: Local, depth: int) -> Result:
        if len(node.items) not in (3, 4):
            self.fail(node.start, "expected (if CONDITION VALUE VALUE)")
        wanted = 2 if self.value(node.items[1], local, depth) is not False else 3
        if wanted == len(node.items):
            raise NotUnderstood  # seatbelt.md 3.2
        return self.value(node.items[wanted], local, depth)

    def _joined(self, node: Node, local: Local, depth: int) -> str:
        text = "".join([self._text(argument, local, depth) for argument in node.items[1:]])
        self._count(len(text) >> 10, node)
        if len(text) > LONGEST:
            self.fail(node.start, f"a string of more than {LONGEST} characters")
        return text

    def _call(self, function: Function, node: Node, local: Local, depth: int) -> Result:
        arguments = node.items[1:]
        if len(arguments) != len(function.parameters):
            self.fail(node.start, f"{node.head} takes {len(function.parameters)} arguments")
        values: Local = {}
        for parameter, argument in zip(function.parameters, arguments):
            value = self.value(argument, local, depth)
            if isinstance(value, list):
                raise NotUnderstood
            values[parameter] = value
        return self.value(function.body, values, depth)

    def below(self, function: Below, rest: str) -> Result:
        """What the function gives for `rest`, which begins with a slash or is empty."""
        assert function.directory is not None
        path = function.directory + rest or "/"
        return [Filter(function.kind, self.printable(path))] if function.kind else path

    def _below(self, function: Below, node: Node, local: Local, depth: int) -> Result:
        if len(node.items) != 2:
            self.fail(node.start, f"{node.head} takes 1 argument")
        if function.directory is None:
            self.fail(node.start, self._absent[node.head])
        rest = self._text(node.items[1], local, depth)
        if rest and rest[0] != "/":
            self.fail(
                node.items[1].start,
                f"{printable(rest)!r} does not begin with /",
                f'as in ({node.head} "/name")',
            )
        self._count(len(rest) >> 10, node)
        if len(rest) > LONGEST:
            self.fail(node.start, f"a string of more than {LONGEST} characters")
        if function.kind:
            self._check_path(function.kind, rest or "/", node.items[1])
        return self.below(function, rest)

    def _combination(self, node: Node, local: Local, depth: int) -> Filter:
        parts = []
        for argument in node.items[1:]:
            found = self._filters(argument, local, depth)
            parts.append(found[0] if len(found) == 1 else Filter("require-any", "", tuple(found)))
        if not parts or (node.head == "require-not" and len(parts) != 1):
            self.fail(node.start, f"{node.head} of {len(parts)} filters")
        return Filter(node.head, "", tuple(parts))

    def _filter(self, kind: str, argument: Node, local: Local, depth: int) -> Filter:
        if kind in SYMBOL_FILTERS:
            if argument.kind != "symbol" or argument.text in local:
                raise NotUnderstood
            return Filter(kind, argument.text)
        text = self.printable(self._text(argument, local, depth))
        if not text:
            self.fail(argument.start, f"the filter {kind} has an empty value")
        if kind.endswith("regex") and not self._is_known(text, argument):
            raise NotUnderstood
        self._check_path(kind, text, argument)
        return Filter(kind, text)

    def _is_known(self, pattern: str, node: Node) -> bool:
        known = self._regexes.get(pattern)
        if known is None:
            self._regex_bytes += len(pattern)
            if len(self._regexes) == MOST_REGEXES or self._regex_bytes > MOST_REGEX_BYTES:
                self.fail(
                    node.start,
                    f"more than {MOST_REGEXES} regexes, or {MOST_REGEX_BYTES >> 10} KiB of them",
                    "say it with subpath, literal or prefix, or append several files",
                )
            known = self._regexes[pattern] = is_known(pattern)
        return known

    def _check_path(self, kind: str, text: str, node: Node) -> None:
        """Raises UserError for what can fit no path: a refusal of it would refuse nothing."""
        if kind == "regex":
            if fixed_start(text)[:1] not in ("", "/"):
                self.fail(node.start, "fits no path", "paths are absolute: begin with ^/")
            return
        if kind not in PATH_KINDS:
            return
        if text[0] != "/":
            hint = '(home-subpath "/name") is a path in the home' if text[0] == "~" else ""
            self.fail(
                node.start, f"{printable(text)!r} is no absolute path", hint or "begin with /"
            )
        if len(text) > LONGEST_PATH:
            self.fail(node.start, f"a path of more than {LONGEST_PATH} characters")
        names = text[1:].split("/")
        if {"", ".", ".."}.intersection(names[:-1]) or names[-1] in (".", ".."):
            self.fail(
                node.start,
                f"{printable(text)!r} fits no path",
                "write it as it is: without //, /./ and /../",
            )

    def _addresses(self, kind: str, node: Node, local: Local, depth: int) -> list[Filter]:
        """`(remote tcp "*:443")`; `(remote unix-socket (literal P))` is the old `(literal P)`."""
        arguments = node.items[1:]
        protocol = arguments[0].text if arguments and arguments[0].kind == "symbol" else ""
        if protocol in ("unix", "unix-socket"):
            if len(arguments) == 1:
                raise NotUnderstood
            return [f for item in arguments[1:] for f in self._filters(item, local, depth)]
        if protocol not in _PROTOCOLS:
            self.fail(
                arguments[0].start if arguments else node.start,
                f"expected a protocol{nearest(protocol, list(_PROTOCOLS))}",
                f"it is one of {', '.join(_PROTOCOLS)}, unix-socket",
            )
        found = []
        for argument in arguments[1:]:
            address = self._text(argument, local, depth)
            if not _ADDRESS.fullmatch(address):
                self.fail(
                    argument.start,
                    f"no address: {printable(address)!r}",
                    "the host is * or localhost, the port a number or *",
                )
            found.append(Filter(kind, f"{protocol} {address}"))
        return found or [Filter(kind, protocol)]
