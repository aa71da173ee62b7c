"""A policy with what belongs to it, as JSON that is read back exactly: to keep, and for programs."""

from __future__ import annotations

import json

from safehouse import __version__
from safehouse.errors import UserError, nearest, printable
from safehouse.host import PLATFORMS
from safehouse.policy.automaton import automaton
from safehouse.policy.operations import OPERATIONS
from safehouse.policy.policy import NETWORKS, Link, Policy
from safehouse.policy.rule import ALLOW, DENY, Filter, Opaque, Origin, Rule, Tier
from safehouse.policy.search import read_as
from safehouse.policy.vocabulary import FILTER_FAMILY
from safehouse.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

    from safehouse.policy.rule import AnyRule

FORMAT = 1
_COMBINATIONS = ("require-all", "require-any", "require-not")
_LEVELS = ("full", "partial")
_DEEPEST = 50
_HINT = "it has to be what `safehouse policy --format=json` has written"


class Enforced(Value):
    """How far a launch keeps the policy: `less` is what it allows beyond it, each as a line."""

    level: str
    by: str
    less: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Document(Value):
    """A policy, and what else is known of the launch that it is for.

    Of the environment only names are kept: their values are "". `features` are those that are on,
    each with what it gives up. `launch_temp` is the launch's own directory for temporary files, which
    has another name each time. Of one that is not `complete` only the rules are known.
    """

    platform: str
    policy: Policy
    agent: str = ""
    profiles: tuple[str, ...] = ()
    features: tuple[tuple[str, str], ...] = ()
    launch_temp: str = ""
    enforced: Enforced | None = None
    version: str = __version__
    complete: bool = True


def of_plain(said: tuple[Any, ...]) -> Document:
    """The document that `record.plain` has put into tuples. Raises ValueError for what is none."""
    try:
        (
            platform, agent, profiles, features, launch_temp, less, version, network, workdir,
            directory, names, defines, links, rules,
        ) = said  # fmt: skip
        policy = Policy(
            tuple(_rule_of_plain(rule) for rule in rules),
            defines,
            tuple(Link(*link) for link in links),
            network,
            tuple((name, "") for name in names),
            workdir,
            directory,
        )
        enforced = None if less is None else Enforced(*less)
    except (TypeError, IndexError) as error:
        raise ValueError(str(error)) from None
    return Document(platform, policy, agent, profiles, features, launch_temp, enforced, version)


def _rule_of_plain(said: tuple[Any, ...]) -> AnyRule:
    if len(said) == 2:
        return Opaque(said[0], Origin(*said[1]))
    action, operations, filter, origin, *more = said
    named = None if filter is None else _filter_of_plain(filter)
    return Rule(action, operations, named, Origin(*origin), *more)


def _filter_of_plain(said: tuple[Any, ...]) -> Filter:
    return Filter(said[0], said[1], tuple(_filter_of_plain(part) for part in said[2]))


def written(document: Document) -> str:
    """The document as JSON, with a line for each rule."""
    policy, enforced = document.policy, document.enforced
    head = {
        "format": FORMAT,
        "safehouse": document.version,
        "platform": document.platform,
        "agent": document.agent,
        "profiles": document.profiles,
        "features": dict(document.features),
        "workdir": policy.workdir,
        "directory": policy.directory,
        "launch-temp": document.launch_temp,
        "network": policy.network,
        "environment": [name for name, _ in policy.environment],
        "defines": dict(policy.defines),
        "links": {link.path: link.target for link in policy.links},
        "enforcement": {name: getattr(enforced, name) for name in Enforced._names}
        if enforced
        else None,
    }
    lines = ",\n".join("    " + _dumped(_of_rule(rule)) for rule in policy.rules)
    return f'{_dumped(head, 2)[:-2]},\n  "rules": [\n{lines}\n  ]\n}}\n'


def _dumped(value: object, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False)


def _of_rule(rule: AnyRule) -> dict[str, object]:
    origin = rule.origin
    said = {
        "tier": Tier.NAMES[origin.tier],
        "source": origin.source,
        "reason": origin.reason,
    }
    if isinstance(rule, Opaque):
        return {"opaque": rule.text, **said}
    more = {
        "create": rule.create,
        "existing-only": rule.existing_only,
        "message": rule.message,
    }
    return {
        "action": rule.action,
        "operations": rule.operations,
        "filter": None if rule.filter is None else of_filter(rule.filter),
        **said,
        **{name: value for name, value in more.items() if value},
    }


def of_filter(filter: Filter) -> dict[str, object]:
    """A filter as JSON has it: its kind, and its value or its parts."""
    if filter.kind in _COMBINATIONS:
        return {"kind": filter.kind, "parts": [of_filter(part) for part in filter.parts]}
    return {"kind": filter.kind, "value": filter.value}


def read(text: str, file: str) -> Document:
    """The document that was written. Raises UserError for whatever is not exactly one.

    `file` is what messages call it.
    """
    reader = _Reader(file)
    try:
        found = json.loads(text, object_pairs_hook=reader.pairs, parse_constant=reader.constant)
    except json.JSONDecodeError as error:
        raise UserError(f"{file}:{error.lineno}: no JSON: {error.msg}", _HINT) from None
    except RecursionError:
        reader.fail("", "lists within each other without an end")
    return reader.document(found)


class _Reader:
    """What JSON says, with the place of each error."""

    def __init__(self, file: str) -> None:
        self.file = file

    def fail(self, where: str, what: str, hint: str = _HINT) -> NoReturn:
        raise UserError(f"{self.file}: {where}{': ' if where else ''}{what}", hint)

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self.fail(printable(twice), "is there twice")
        return found

    def constant(self, text: str) -> NoReturn:
        self.fail("", f"{text} is no value")

    def document(self, found: Any) -> Document:
        if not isinstance(found, dict):
            self.fail("", "no object")
        version = found.get("format")
        if type(version) is not int or version < 1:
            self.fail("format", "has to be a number: this is no policy")
        if version > FORMAT:
            by = f" ({printable(self.text(found.get('safehouse', ''), 'safehouse'))})"
            self.fail(
                "format",
                f"{version} is that of a newer Safehouse{by}, and this one knows {FORMAT}",
                "compare with that one, or let this one write it anew",
            )
        names = (
            "format safehouse platform agent profiles features workdir directory launch-temp "
            "network environment defines links enforcement rules"
        ).split()
        self.keys(found, "", names)
        text = {name: self.text(found[name], name) for name in (
            "safehouse", "agent", "workdir", "directory", "launch-temp",
        )}  # fmt: skip
        rules = self.list(found["rules"], "rules")
        policy = Policy(
            tuple(self.rule(rule, f"rules[{number}]") for number, rule in enumerate(rules)),
            tuple(self.texts_by_name(found["defines"], "defines")),
            tuple(Link(*pair) for pair in self.texts_by_name(found["links"], "links")),
            self.word(found["network"], "network", NETWORKS),  # type: ignore[arg-type]
            tuple((name, "") for name in self.texts(found["environment"], "environment")),
            text["workdir"],
            text["directory"],
        )
        return Document(
            self.word(found["platform"], "platform", PLATFORMS),
            policy,
            text["agent"],
            self.texts(found["profiles"], "profiles"),
            tuple(self.texts_by_name(found["features"], "features")),
            text["launch-temp"],
            self.enforced(found["enforcement"]),
            text["safehouse"],
        )

    def enforced(self, found: Any) -> Enforced | None:
        if found is None:
            return None
        where = "enforcement"
        self.keys(found, where, Enforced._names)
        return Enforced(
            self.word(found["level"], f"{where}.level", _LEVELS),
            self.text(found["by"], f"{where}.by"),
            self.texts(found["less"], f"{where}.less"),
            self.texts(found["notes"], f"{where}.notes"),
        )

    def rule(self, found: Any, where: str) -> AnyRule:
        said = ("tier", "source", "reason")
        if isinstance(found, dict) and "opaque" in found:
            self.keys(found, where, ("opaque", *said))
            return Opaque(self.text(found["opaque"], f"{where}.opaque"), self.origin(found, where))
        more = ("create", "existing-only", "message")
        self.keys(found, where, ("action", "operations", "filter", *said), more)
        operations = self.texts(found["operations"], f"{where}.operations")
        if not operations:
            self.fail(f"{where}.operations", "there is none")
        for name in operations:
            self.word(name, f"{where}.operations", OPERATIONS)
        filter = found["filter"]
        existing_only = found.get("existing-only", False)
        if not isinstance(existing_only, bool):
            self.fail(f"{where}.existing-only", "has to be true or false")
        return Rule(
            self.word(found["action"], f"{where}.action", (ALLOW, DENY)),  # type: ignore[arg-type]
            operations,
            None if filter is None else self.filter(filter, f"{where}.filter", 0),
            self.origin(found, where),
            self.text(found.get("create", ""), f"{where}.create"),
            existing_only,
            self.text(found.get("message", ""), f"{where}.message"),
        )

    def origin(self, found: dict[str, Any], where: str) -> Origin:
        tier = self.word(found["tier"], f"{where}.tier", Tier.NAMES)
        source = self.text(found["source"], f"{where}.source")
        reason = self.text(found["reason"], f"{where}.reason")
        return Origin(Tier.NAMES.index(tier), source, reason)

    def filter(self, found: Any, where: str, depth: int) -> Filter:
        if depth > _DEEPEST:
            self.fail(where, f"more than {_DEEPEST} filters within each other")
        kind = found.get("kind") if isinstance(found, dict) else None
        self.keys(found, where, ("kind", "parts" if kind in _COMBINATIONS else "value"))
        kind = self.word(kind, f"{where}.kind", (*FILTER_FAMILY, *_COMBINATIONS))
        if kind in _COMBINATIONS:
            parts = self.list(found["parts"], f"{where}.parts")
            if not parts or (kind == "require-not" and len(parts) != 1):
                self.fail(f"{where}.parts", f"{kind} of {len(parts)} filters")
            places = (f"{where}.parts[{number}]" for number in range(len(parts)))
            return Filter(
                kind, "", tuple(self.filter(*each, depth + 1) for each in zip(parts, places))
            )
        filter = Filter(kind, self.text(found["value"], f"{where}.value"))
        try:
            if read_as(filter)[1] == "regex":
                automaton("regex", filter.value)
        except ValueError as error:
            self.fail(f"{where}.value", f"a regex that is not known: {error}")
        return filter

    def keys(self, found: Any, where: str, names: Sequence[str], more: Sequence[str] = ()) -> None:
        """That it is an object with these keys, and no others but some of `more`."""
        if not isinstance(found, dict):
            self.fail(where, "no object")
        for name in found:
            if name not in (*names, *more):
                like = nearest(name, [*names, *more])
                self.fail(where, f"unknown key {printable(name)!r}{like}")
        for name in names:
            if name not in found:
                self.fail(where, f"{name} is missing")

    def text(self, found: Any, where: str) -> str:
        if not isinstance(found, str):
            self.fail(where, "no text")
        return found

    def word(self, found: Any, where: str, words: Sequence[str]) -> str:
        text = self.text(found, where)
        if text not in words:
            self.fail(where, f"there is no {printable(text)!r}{nearest(text, list(words))}")
        return text

    def list(self, found: Any, where: str) -> list[Any]:
        if not isinstance(found, list):
            self.fail(where, "no list")
        return found

    def texts(self, found: Any, where: str) -> tuple[str, ...]:
        return tuple(self.text(each, where) for each in self.list(found, where))

    def texts_by_name(self, found: Any, where: str) -> Iterator[tuple[str, str]]:
        if not isinstance(found, dict):
            self.fail(where, "no object")
        for name, value in found.items():
            yield name, self.text(value, f"{where}.{printable(name)}")
