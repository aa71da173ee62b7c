"""SBPL text as rules. What is not understood is passed on as it stands, never guessed."""

from __future__ import annotations

from functools import cache

from safehouse.policy.rule import Filter, Opaque, Origin, Rule
from safehouse.policy.vocabulary import (
    FILTER_FAMILY,
    MODIFIERS,
    NEWER,
    OPERATION_ALIAS,
    OPERATIONS,
    PARENT,
    accepts,
)
from safehouse.sbpl.evaluate import LANGUAGE, RESERVED, Evaluator, Function, NotUnderstood
from safehouse.sbpl.parse import Node, Source
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from safehouse.policy.rule import Action, AnyRule

    Found = Union[AnyRule, "Definition"]

_DEFINING = ("define", "define-once", "set!", "macro", "define-macro")
_OPERATIONS = frozenset(OPERATIONS)
_HARMLESS = ("no-log", "no-report", "report", "telemetry")  # they change what is logged, no answer


class Definition(Value):
    """A definition, which has to be passed on only if a form that is not understood uses it."""

    name: str
    node: Node


def read(text: str, file: str, tier: int, params: dict[str, str]) -> tuple[AnyRule, ...]:
    """The rules of `text`, one for each filter, in order; `params` is what `(param "X")` gives.

    A rule's origin has `file:line` as its source, and as its reason the comment behind the filter
    or above the form. Raises UserError with `file:line:column` for what Seatbelt would not compile,
    and for a form that gives a word of the language another meaning: that could disarm the rules
    that come after it.
    """
    return _Reader(Source(text, file), tier, params).read()


class _Reader:
    def __init__(self, source: Source, tier: int, params: dict[str, str]) -> None:
        self.source, self.tier = source, tier
        self.evaluator = Evaluator(source, params)
        self.fail = source.fail

    def read(self) -> tuple[AnyRule, ...]:
        found: list[Found] = []
        for form in self.source.forms():
            if form.kind != "list" or not form.items:
                self.fail(form.start, 'expected a form such as (allow file-read* (subpath "/x"))')
            try:
                found += self._form(form)
            except NotUnderstood:
                found.append(self._opaque(form))
        needed = self._needed(found)
        return tuple(
            self._opaque(item.node) if isinstance(item, Definition) else item
            for item in found
            if not isinstance(item, Definition) or item.name in needed
        )

    def _form(self, form: Node) -> list[Found]:
        head = form.head
        if head in ("allow", "deny"):
            return self._rules(form)
        if head == "define":
            return [self._definition(form)]
        if head != "version":
            self.evaluator.unknown(form.items[0], "form", sorted(LANGUAGE))
        if len(form.items) != 2 or form.items[1].text != "1":
            self.fail(form.start, "the only version is (version 1)")
        return []

    def _origin(self, node: Node, form: Node) -> Origin:
        source = self.source
        reason = source.comment_at(node.end) or source.comment_above(form.start)
        return Origin(self.tier, f"{source.file}:{source.line(node.start)}", reason)

    def _opaque(self, form: Node) -> Opaque:
        """The form as it stands, if it leaves alone what the rules after it are made of."""
        for node in form.walk():
            if node.head in _DEFINING:
                target = node.items[1] if len(node.items) > 1 else node
                self._check_name(target.items[0] if target.items else target)
                self.evaluator.imported = True
            elif node.kind == "symbol" and node.text in ("eval", "load"):
                self.fail(node.start, f"{node.text} could change what the rules after it mean")
            elif node.kind == "symbol" and node.text == "import":
                self.evaluator.imported = True
        return Opaque(self.source.text[form.start : form.end], self._origin(form, form))

    # Definitions

    def _definition(self, form: Node) -> Definition:
        if len(form.items) < 3 or form.items[1].kind == "string":
            self.fail(form.start, "expected (define NAME VALUE)")
        target, body = form.items[1], form.items[2]
        words = target.items or [target]
        self._check_name(words[0])
        name = words[0].text
        names = self.evaluator.names
        if target.kind == "symbol":
            if len(form.items) != 3:
                self.fail(form.start, "expected (define NAME VALUE)")
            try:
                value = self.evaluator.value(body, {}, 0)
            except NotUnderstood:
                names[name] = None
                raise
            names[name] = None if isinstance(value, list) else value
            return Definition(name, form)
        names[name] = None
        if len(form.items) == 3 and all(
            word.kind == "symbol" and word.text != "." and word.text not in RESERVED
            for word in words[1:]
        ):
            names[name] = Function(tuple(word.text for word in words[1:]), body)
        return Definition(name, form)

    def _check_name(self, word: Node) -> None:
        if word.kind != "symbol":
            self.fail(word.start, "expected a name")
        if word.text in RESERVED or word.text[0] in "%*":
            self.fail(word.start, f"{word.text!r} has a meaning already", "choose another name")

    def _needed(self, found: list[Found]) -> set[str]:
        """The names that the text which is passed on uses, and those that these use."""
        unseen = {
            word
            for item in found
            if isinstance(item, Opaque)
            for form in Source(item.text, "").forms()
            for word in _words(form)
        }
        uses: dict[str, set[str]] = {}
        for item in found:
            if isinstance(item, Definition):
                uses.setdefault(item.name, set()).update(_words(item.node))
        needed: set[str] = set()
        while unseen:
            name = unseen.pop()
            needed.add(name)
            unseen |= uses.get(name, set()) - needed
        return needed

    # Rules

    def _rules(self, form: Node) -> list[Found]:
        """A rule for each filter of an allow or deny form."""
        names, operations, message = self.evaluator.names, [], ""
        filters: list[tuple[Filter, Node]] = []
        for node in form.items[1:]:
            if node.kind == "list" and node.head == "with":
                message = self._modifier(node) or message
            elif node.kind == "symbol" and not isinstance(names.get(node.text), (str, bool)):
                operations.append(self._operation(node))
            else:
                filters += [(filter, node) for filter in self.evaluator.filters(node)]
        if not operations:
            self.fail(form.start, f"{form.head} without an operation")
        for filter, node in filters:
            self._check_family(operations, filter, node)
        action: Action = "allow" if form.head == "allow" else "deny"
        named = tuple(dict.fromkeys(operations))
        if not filters:
            return [Rule(action, named, None, self._origin(form, form), "", False, message)]
        return [
            Rule(action, named, filter, self._origin(node, form), "", False, message)
            for filter, node in filters
        ]

    def _operation(self, node: Node) -> str:
        name = OPERATION_ALIAS.get(node.text, node.text)
        if name not in _OPERATIONS:
            self.evaluator.unknown(node, "operation", [*OPERATIONS, *OPERATION_ALIAS])
        return name

    def _modifier(self, node: Node) -> str:
        """The message of `(with message "...")`, else nothing."""
        words = node.items[1:]
        if not words or words[0].kind != "symbol":
            self.fail(node.start, "expected (with MODIFIER)")
        name = words[0].text
        if name == "message" and len(words) == 2:
            return self.evaluator.printable(self.evaluator.text(words[1]))
        if name in _HARMLESS and len(words) == 1:
            return ""
        if name not in MODIFIERS:
            self.evaluator.unknown(words[0], "modifier", list(MODIFIERS))
        raise NotUnderstood

    def _check_family(self, operations: list[str], filter: Filter, node: Node) -> None:
        for part in filter.parts:
            self._check_family(operations, part, node)
        for operation in [] if filter.parts else operations:
            if not _takes(operation, filter.kind):
                taken = [kind for kind in FILTER_FAMILY if accepts(operation, kind)]
                self.fail(
                    node.start,
                    f"{operation} cannot be filtered by {filter.kind}",
                    f"it can be by {', '.join(taken)}",
                )


def _words(form: Node) -> set[str]:
    return {node.text for node in form.walk() if node.kind == "symbol"}


@cache
def _takes(operation: str, kind: str) -> bool:
    """Whether the operation takes the filter, as far as the tables of macOS 10.15 know.

    They know nothing of later operations and filters. A group is taken to take what one of its
    members does: `(allow process-info* (target same-sandbox))` is in use. Seatbelt has the last
    word.
    """
    if accepts(operation, kind) or operation in NEWER or FILTER_FAMILY[kind] not in _FAMILIES:
        return True
    return operation[-1] == "*" and any(
        parent == operation and _takes(member, kind) for member, parent in PARENT.items()
    )


_FAMILIES = frozenset(
    family
    for kind, family in FILTER_FAMILY.items()
    if any(accepts(operation, kind) for operation in OPERATIONS)
)
