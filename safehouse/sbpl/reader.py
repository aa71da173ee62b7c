"""SBPL text as rules. What is not understood is passed on, if it is harmless, never guessed."""

from __future__ import annotations

from functools import cache

from safehouse.errors import printable
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
from safehouse.sbpl.evaluate import (
    LANGUAGE,
    RESERVED,
    Below,
    Evaluator,
    Function,
    Known,
    NotUnderstood,
)
from safehouse.sbpl.parse import Node, Source
from safehouse.sbpl.passed import Passing
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn, Union

    from safehouse.policy.rule import Action, AnyRule
    from safehouse.sbpl.evaluate import Local, Result

    Found = Union[AnyRule, "Definition", "Passed"]

_OPERATIONS = frozenset(OPERATIONS)
_ENTIRELY = "say it with rules of literal paths: what is passed on unread could undo your refusals"
_FOLDED = {name.lower(): name for name in RESERVED}
_HARMLESS = ("no-log", "no-report", "report", "telemetry")  # they change what is logged, no answer


class Definition(Value):
    """A definition, which has to be passed on only if a form that is not understood uses it."""

    name: str
    node: Node


class Passed(Value):
    """A form that is passed on, as soon as all names of the file are known."""

    node: Node
    origin: Origin


def read(
    text: str,
    file: str,
    tier: int,
    params: dict[str, str],
    known: tuple[Known, ...] = (),
    entirely: bool = False,
) -> tuple[AnyRule, ...]:
    """The rules of `text`, one for each filter, in order; `params` is what `(param "X")` gives.

    `known` are names that the text may use. A rule's origin has `file:line` as its source, and as
    its reason the comment behind the filter or above the form. A form that is not understood has
    the definitions that it needs in front of it.

    Raises UserError with `file:line:column` for what Seatbelt would not compile, for a word that
    could give the language another meaning and so disarm the rules that come after it, and with
    `entirely` for each form that is not understood.
    """
    return _Reader(Source(text, file), tier, params, known, entirely).read()


class _Reader:
    def __init__(
        self,
        source: Source,
        tier: int,
        params: dict[str, str],
        known: tuple[Known, ...],
        entirely: bool,
    ) -> None:
        self.source, self.tier, self.entirely = source, tier, entirely
        self.known = {each.name: each for each in known}
        self.evaluator = Evaluator(source, params, known)
        self.fail = source.fail

    def read(self) -> tuple[AnyRule, ...]:
        found: list[Found] = []
        forms = self.source.forms()
        self._check_case()
        for form in forms:
            if form.kind != "list" or not form.items:
                self.fail(form.start, 'expected a form such as (allow file-read* (subpath "/x"))')
            try:
                found += self._form(form)
            except NotUnderstood:
                if self.entirely:
                    self.fail(form.start, "this form is not understood", _ENTIRELY)
                found.append(self._passed(form))
        return tuple(self._with_definitions(found))

    def _check_case(self) -> None:
        """Scheme may read capital letters as small ones: SET! would be set!."""
        named = {**_FOLDED, **{name.lower(): name for name in self.known}}
        for word, start in self.source.words.items():
            name = named.get(word.lower(), word)
            if name != word and word != "TTY":  # a vnode-type
                self.fail(start, f"SBPL may take {word} for {name}", "choose another name")

    def _form(self, form: Node) -> list[Found]:
        head = form.head
        if head in ("allow", "deny"):
            return self._rules(form)
        if head == "define":
            return self._definition(form)
        if head != "version":
            self.evaluator.unknown(form.items[0], "form", sorted(LANGUAGE))
        if len(form.items) != 2 or form.items[1].text != "1":
            self.fail(form.start, "the only version is (version 1)")
        return []

    def _origin(self, node: Node, form: Node) -> Origin:
        source = self.source
        reason = source.comment_at(node.end) or source.comment_above(form.start)
        return Origin(self.tier, f"{source.file}:{source.line(node.start)}", reason)

    def _passed(self, form: Node) -> Passed:
        """The form, to be passed on; what it may define is not known."""
        names = self.evaluator.names
        if form.head == "define":
            target = form.items[1]
            names[(target.items or [target])[0].text] = None
        if any(node.head == "import" for node in form.walk()):
            # What it defines is not known, nor what it defines anew.
            names.update(dict.fromkeys(names))
            self.evaluator.imported = True
        return Passed(form, self._origin(form, form))

    # Definitions

    def _definition(self, form: Node) -> list[Found]:
        if len(form.items) < 3 or form.items[1].kind == "string":
            self.fail(form.start, "expected (define NAME VALUE)")
        target = form.items[1]
        words = target.items or [target]
        self._check_name(words[0])
        if target.kind == "symbol" and len(form.items) != 3:
            self.fail(form.start, "expected (define NAME VALUE)")
        name = words[0].text
        if name in self.known:
            self._check_same(name, form)
            return []
        try:
            self.evaluator.names[name] = self._value(form)
        except NotUnderstood:
            self.evaluator.names[name] = None
            raise
        return [Definition(name, form)]

    def _value(self, form: Node) -> str | bool | Function | None:
        """What a definition gives its name; None if that is a filter or not understood."""
        target, body = form.items[1:3]
        if target.kind == "symbol":
            value = self.evaluator.value(body, {}, 0)
            return None if isinstance(value, list) else value
        words = target.items[1:]
        if len(form.items) == 3 and all(
            word.kind == "symbol" and word.text != "." and word.text not in RESERVED
            for word in words
        ):
            return Function(tuple(word.text for word in words), body)
        return None

    def _check_same(self, name: str, form: Node) -> None:
        """Files carry copies of what they are written for. A copy must say what we say."""
        known = self.known[name]
        if isinstance(known.value, Below) and known.value.directory is None:
            return  # no use of it succeeds
        try:
            value = self._value(form)
            same = value is not None and self._sample(value) == self._sample(known.value)
        except NotUnderstood:
            same = False
        if not same:
            self._fail_redefined(form.items[1].items[0] if form.items[1].items else form.items[1])

    def _sample(self, value: str | bool | Function | Below) -> Result:
        """The value, of a function that for an example."""
        if isinstance(value, Below):
            return self.evaluator.below(value, "/example")
        if not isinstance(value, Function):
            return value
        local: Local = dict.fromkeys(value.parameters, "/example")
        return self.evaluator.value(value.body, local, 0)

    def _fail_redefined(self, word: Node) -> NoReturn:
        known = self.known[word.text]
        self.fail(
            word.start,
            f"{word.text} is defined already, as {printable(known.definition)}",
            "leave this definition out, or choose another name",
        )

    def _check_name(self, word: Node) -> None:
        if word.kind != "symbol":
            self.fail(word.start, "expected a name")
        if word.text in RESERVED or word.text[0] in "%*":
            self.fail(word.start, f"{word.text!r} has a meaning already", "choose another name")

    def _with_definitions(self, found: list[Found]) -> Iterator[AnyRule]:
        """The rules; each form that is passed on with the definitions before it that any needs."""
        needed = self._needed(found)
        own = self.evaluator.names.keys() - self.known.keys()
        passing = Passing(self.source, own, set(self.known), self.evaluator.imported)
        texts = [each.definition for each in self.known.values() if each.name in needed]
        for item in found:
            if isinstance(item, Definition):
                if item.name in needed:
                    texts.append(passing.form(item.node))
            elif isinstance(item, Passed):
                yield Opaque("\n".join([*texts, passing.form(item.node)]), item.origin)
                texts = []
            else:
                yield item

    def _needed(self, found: list[Found]) -> set[str]:
        """The names that the text which is passed on uses, and those that these use."""
        unseen = {word for item in found if isinstance(item, Passed) for word in _words(item.node)}
        if not unseen:
            return unseen
        uses: dict[str, set[str]] = {}
        for item in found:
            if isinstance(item, Definition):
                uses.setdefault(item.name, set()).update(_words(item.node))
        for known in self.known.values():
            for form in Source(known.definition, "").forms():
                uses.setdefault(known.name, set()).update(_words(form))
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
