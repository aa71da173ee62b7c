"""Forms that are not understood, written anew for Seatbelt from words that can do no harm.

They come before the rules of what is protected, so none may change what those mean. Hence only
words of a list pass, the names that a file makes up get a prefix, by which none is one of
TinyScheme's or of Apple's library, and nothing passes as it was spelt.
"""

from __future__ import annotations

import re

from safehouse.errors import nearest, printable
from safehouse.policy.vocabulary import (
    FILTER_ALIAS,
    FILTER_FAMILY,
    OPERATION_ALIAS,
    OPERATIONS,
)
from safehouse.sbpl.evaluate import LANGUAGE, RESERVED
from safehouse.sbpl.syntax import SYMBOL_FILTERS, is_control, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from safehouse.sbpl.parse import Node, Source

PREFIX = "my-"
_WORDS = """
allow deny if and or not begin when unless with-filter require-all require-any require-not
string-append string=? equal? param getenv path-ancestors unix unix-socket
ip ip4 ip6 tcp tcp4 tcp6 udp udp4 udp6 _IO
ipc-posix-shm-read-metadata mach-per-user-lookup system-chud qtn-download load-unsigned-code
qtn-sandbox
"""
HARMLESS = frozenset(_WORDS.split()).union(OPERATIONS, OPERATION_ALIAS, FILTER_FAMILY, FILTER_ALIAS)
_BINDING = ("let", "let*")
_NUMBER = re.compile("-?[0-9]{1,18}")
_VALUE = re.compile("[A-Za-z][A-Za-z0-9_-]*|[0-9]{1,18}")  # REGULAR-FILE, same-sandbox, 26671
# What Apple's profiles define that are made to be imported: (system-network).
_IMPORTED = re.compile("system-[a-z-]+")
_FREE = "no-sandbox"
_MODIFIERS = ("message", "no-log", "no-report", "report", "send-signal", "telemetry", _FREE)
# Directories that macOS lets nobody write to.
_SEALED = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/libexec/")
_IMPORT = "append the other file, too, instead of importing it"
_FREEING = f'name the program: (allow process-exec* (literal "/bin/ps") (with {_FREE}))'


class Passing:
    """Writes the forms of a file, whose names are `own`; `known` are names that we define."""

    def __init__(self, source: Source, own: set[str], known: set[str], imported: bool) -> None:
        self.fail = source.fail
        self.own, self.known, self.imported = own, known, imported

    def form(self, form: Node) -> str:
        """A form at the top. Raises UserError, with the place, for a word that is not harmless."""
        if any(node.text == _FREE for node in form.walk() if node.kind == "symbol"):
            return self._freeing(form)
        return self._define(form) if form.head == "define" else self._written(form, frozenset())

    def _define(self, form: Node) -> str:
        target = form.items[1]
        words = target.items or [target]
        for word in words:
            if word.kind != "symbol" or (word.text in RESERVED and word is not words[0]):
                self.fail(word.start, "expected a name")
        bound = frozenset(word.text for word in words[1:] if word.text != ".")
        names = " ".join(word.text if word.text == "." else PREFIX + word.text for word in words)
        body = " ".join(self._written(item, bound) for item in form.items[2:])
        return f"(define {f'({names})' if target.items else names} {body})"

    def _written(self, node: Node, bound: frozenset[str]) -> str:
        if node.kind == "string":
            if not node.text.isprintable() and any(map(is_control, node.text)):
                self.fail(node.start, "a control character in a string")
            return quote(node.text)
        if node.kind == "symbol":
            return self._word(node, bound)
        head = node.head
        if head in _BINDING:
            return self._let(node, bound)
        if head == "import":
            return self._import(node)
        if head == "with":
            return self._values(node, _MODIFIERS)
        if head == "debug":
            return self._values(node, ("deny",))
        if head in SYMBOL_FILTERS:
            return self._filter(node, bound)
        return f"({' '.join([self._written(item, bound) for item in node.items])})"

    def _word(self, node: Node, bound: frozenset[str]) -> str:
        word = node.text
        if word in bound or (word in self.own and word not in self.known):
            return PREFIX + word
        if word in HARMLESS or word in self.known or word in ("#t", "#f"):
            return word
        if _NUMBER.fullmatch(word) or (self.imported and _IMPORTED.fullmatch(word)):
            return word
        if word == "import":
            self.fail(node.start, "import could read what nobody looked at", _IMPORT)
        if word in LANGUAGE:
            self.fail(node.start, f"{word} could change what the rules after it mean")
        known = nearest(word, [*HARMLESS, *self.own, *self.known])
        return self.fail(node.start, f"unknown name {printable(word)!r}{known}")

    def _let(self, node: Node, bound: frozenset[str]) -> str:
        if len(node.items) < 3 or node.items[1].kind != "list":
            self.fail(node.start, f"expected ({node.head} ((NAME VALUE)) ...)")
        pairs = []
        inner = bound
        for pair in node.items[1].items:
            if len(pair.items) != 2 or pair.items[0].kind != "symbol":
                self.fail(pair.start, "expected (NAME VALUE)")
            name = pair.items[0].text
            if name in RESERVED or name in self.known or not name[0].isalpha():
                self.fail(pair.items[0].start, f"{name!r} has a meaning already")
            value = self._written(pair.items[1], inner if node.head == "let*" else bound)
            pairs.append(f"({PREFIX}{name} {value})")
            inner = inner | {name}
        body = " ".join([self._written(item, inner) for item in node.items[2:]])
        return f"({node.head} ({' '.join(pairs)}) {body})"

    def _import(self, node: Node) -> str:
        """Only a profile of the system's: another file could be changed by who is confined."""
        wanted = node.items[1:]
        if len(wanted) != 1 or wanted[0].kind != "string" or "/" in wanted[0].text:
            self.fail(node.start, "only profiles of the system can be imported, by name", _IMPORT)
        return f"(import {self._written(wanted[0], frozenset())})"

    def _values(self, node: Node, known: tuple[str, ...]) -> str:
        """`(with send-signal SIGKILL)`: a word of the list, with strings or plain values."""
        words = node.items[1:]
        if not words or words[0].kind != "symbol" or words[0].text not in known:
            what = words[0].text if words else ""
            self.fail(
                words[0].start if words else node.start,
                f"({node.head} {printable(what)}) could change more than this rule",
                f"known is {', '.join(known)}",
            )
        values = [self._value(item, frozenset()) for item in words[1:]]
        return f"({' '.join([node.head, words[0].text, *values])})"

    def _filter(self, node: Node, bound: frozenset[str]) -> str:
        values = [self._value(item, bound) for item in node.items[1:]]
        return f"({' '.join([node.head, *values])})"

    def _value(self, node: Node, bound: frozenset[str]) -> str:
        """What a filter takes as it is, REGULAR-FILE say, or an expression."""
        word = node.text
        named = node.kind != "symbol" or word in bound or word in self.own
        harmless = word.lower() not in LANGUAGE or word == "TTY"
        if named or not harmless or not _VALUE.fullmatch(word):
            return self._written(node, bound)
        return word

    def _freeing(self, form: Node) -> str:
        """`(allow process-exec* (literal "/bin/ps") (with no-sandbox))`, and nothing wider.

        What it names runs without a sandbox: of another filter, that could be anything.
        """
        for node in form.items[1:]:
            words = [item.text for item in node.items]
            if node.kind == "symbol" and node.text in ("process-exec", "process-exec*"):
                continue
            if words == ["with", _FREE] or (node.head == "literal" and self._are_sealed(node)):
                continue
            self.fail(node.start, f"not with {_FREE}", _FREEING)
        if form.head != "allow" or not any(node.head == "literal" for node in form.items):
            self.fail(form.start, f"{_FREE} would let any program out of the sandbox", _FREEING)
        return self._written(form, frozenset())

    def _are_sealed(self, node: Node) -> bool:
        return len(node.items) > 1 and all(
            item.kind == "string" and item.text.startswith(_SEALED) and "/." not in item.text
            for item in node.items[1:]
        )
