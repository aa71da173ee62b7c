"""Reads profiles.yaml: every word is checked, and each profile becomes a plain record.

What is not understood is an error that names file and line; nothing is skipped or guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from safehouse.policy.rule import ALLOW, DENY
from safehouse.policy.vocabulary import (
    FILTER_FAMILY,
    NEWER,
    OLDER_NAME,
    OPERATION_ALIAS,
    OPERATIONS,
    TARGETS,
    accepts,
)
from safehouse.policy.words import WORDS, operations
from safehouse.sources.profile import LAYERS, PLATFORMS
from safehouse.sources.spelling import Spelling, in_each_place
from safehouse.sources.strict_yaml import compose, line, shown

if TYPE_CHECKING:
    from safehouse.policy.rule import Action
    from safehouse.sources.profile import Record, Rules, Target
    from safehouse.sources.strict_yaml import Entries

MOST_TARGETS = 20_000  # a list counts as often as it is used
TOP_KEYS = ("lists", "profiles")
PROFILE_KEYS = (
    "layer", "summary", "weakens", "commands", "packages", "bundles", "requires", "passes", "homes",
    "environment", "arguments", "rules", "shared_names",
)  # fmt: skip
RULE_KEYS = ("allow", "deny", "on", "paths", "reason", "create", "follow", "existing_only")
CREATE = "`create` (directory, subdirectory, or file: CONTENT)"

_OTHER_FILTERS = tuple(name for name, family in FILTER_FAMILY.items() if family != "path")
_KNOWN_OPERATIONS = (*WORDS, *OPERATIONS, *OPERATION_ALIAS)
_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]*")
_PACKAGE = re.compile(r"(@[a-z0-9._-]+/)?[a-z0-9][a-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"(ip|tcp|udp)[46]?( (\*|localhost):(\*|[0-9]{1,5}))?")


def load(text: str | bytes, file: str, known: frozenset[str] = frozenset()) -> dict[str, Record]:
    """The profiles of a file, in its order; `known` are profiles of other files to require.

    Raises UserError, with `file:line`, for everything that is not right.
    """
    return _Profiles(file, known).read(compose(text, file))


class _Profiles(Spelling):
    """One file of profiles being read."""

    def __init__(self, file: str, known: frozenset[str]) -> None:
        super().__init__(file)
        self.known = known
        self.lists: Entries = {}
        self.used: set[str] = set()
        self.targets_read = 0

    def name(self, node: yaml.Node, what: str) -> str:
        value = self.text(node, what)
        if not _NAME.fullmatch(value):
            allowed = "a-z, 0-9 and ._+-, a letter or digit first"
            self.fail(node, f"{what} {shown(value)} has other characters than {allowed}")
        return value

    def read(self, root: yaml.Node) -> dict[str, Record]:
        # secret_file.py and sensitive_file.py read the others.
        shipped = () if self.known else ("project-secrets", "sensitive")
        top = self.mapping(root, "the file", (*TOP_KEYS, *shipped))
        if "profiles" not in top:
            self.fail(root, "`profiles` is missing")
        if "lists" in top:
            self.lists = self.mapping(top["lists"][1], "lists")
        entries = self.mapping(top["profiles"][1], "profiles")
        records = {self.name(at, "the profile name"): self.profile(key, at, node)
                   for key, (at, node) in entries.items()}  # fmt: skip
        for name, (at, _) in self.lists.items():
            if name not in self.used:
                self.fail(at, f"no rule uses the list {shown(name)}")
        self.check_commands(entries)
        self.check_requires(entries, records)
        return records

    def profile(self, name: str, at: yaml.Node, node: yaml.Node) -> Record:
        entries = self.mapping(node, f"profile {name}", PROFILE_KEYS)
        extends = name in self.known
        for key in ("layer", "summary", "weakens") if extends else ():
            if key in entries:
                self.fail(
                    entries[key][0],
                    f"{name} is shipped: it can be extended, its `{key}` stays; "
                    "for a profile of your own choose another name",
                )
        for key in () if extends else ("layer", "summary"):
            if key not in entries:
                self.fail(at, f"profile {name} has no `{key}`")
        layer = self.word(entries["layer"][1], "layer", LAYERS) if not extends else ""
        if layer == "feature" and "weakens" not in entries:
            self.fail(at, f"feature {name} has no `weakens`: say in one line what it gives up")
        if layer != "feature" and "weakens" in entries:
            self.fail(entries["weakens"][0], f"`weakens` is for features, {name} is of {layer}")
        texts = {
            key: self.text(entries[key][1], f"`{key}` of {name}")
            for key in ("summary", "weakens") if key in entries
        }  # fmt: skip
        rules = self.sequence(entries["rules"][1], "rules") if "rules" in entries else []
        return (
            name,
            layer,
            texts.get("summary", ""),
            texts.get("weakens", ""),
            self.file,
            self.names(entries, "commands"),
            self.names(entries, "requires"),
            self.variables(entries),
            self.environment(entries["environment"][1]) if "environment" in entries else (),
            self.arguments(entries["arguments"][1]) if "arguments" in entries else (),
            tuple(self.rule(rule) for rule in rules),
            line(at),
            self.homes(entries["homes"][1]) if "homes" in entries else (),
            self.bundles(entries["bundles"][1], layer, extends) if "bundles" in entries else (),
            self.packages(entries["packages"][1]) if "packages" in entries else (),
            self.shared_names(entries) if "shared_names" in entries else (),
        )

    def names(self, entries: Entries, key: str) -> tuple[str, ...]:
        if key not in entries:
            return ()
        nodes = self.sequence(entries[key][1], key)
        return tuple(self.name(node, f"a name in `{key}`") for node in nodes)

    def variables(self, entries: Entries) -> tuple[str, ...]:
        nodes = self.sequence(entries["passes"][1], "passes") if "passes" in entries else []
        return tuple(self.variable(node, self.text(node, "a name in `passes`")) for node in nodes)

    def variable(self, node: yaml.Node, name: str) -> str:
        if not _VARIABLE.fullmatch(name):
            self.fail(node, f"{shown(name)} is no name of a variable")
        return name

    def homes(self, node: yaml.Node) -> tuple[tuple[str, str], ...]:
        found = []
        for name, (at, value) in self.mapping(node, "homes").items():
            kind, path = self.path(value, self.text(value, f"the directory that {name} moves"))
            if kind != "literal" or path.partition("/")[0] != "~":
                self.fail(
                    value, f"{shown(path)} is no directory of the home (~ or ~/x, no / behind)"
                )
            found.append((self.variable(at, name), path))
        return tuple(found)

    def bundles(self, node: yaml.Node, layer: str, extends: bool) -> tuple[str, ...]:
        if layer != "app" and not extends:
            self.fail(node, f"`bundles` are for the layer app, not for {layer}")
        found = []
        for item in self.sequence(node, "bundles"):
            name = self.text(item, "a name in `bundles`")
            if not name.endswith(".app") or "/" in name:
                self.fail(item, f"{shown(name)} is no name of a bundle (X.app)")
            found.append(name)
        return tuple(found)

    def packages(self, node: yaml.Node) -> tuple[str, ...]:
        found = []
        for item in self.sequence(node, "packages"):
            name = self.text(item, "a name in `packages`")
            if not _PACKAGE.fullmatch(name):
                self.fail(item, f"{shown(name)} is no name of a package (name, or @scope/name)")
            found.append(name)
        return tuple(found)

    def shared_names(self, entries: Entries) -> tuple[str, ...]:
        commands = self.names(entries, "commands")
        for item in self.sequence(entries["shared_names"][1], "shared_names"):
            if item.value not in commands:
                self.fail(item, f"{shown(str(item.value))} is none of the `commands`")
        return self.names(entries, "shared_names")

    def environment(self, node: yaml.Node, platform: str = "") -> tuple[tuple[str, str, str], ...]:
        found: list[tuple[str, str, str]] = []
        for name, (at, value) in self.mapping(node, "environment").items():
            if name in PLATFORMS and not platform:
                found += self.environment(value, name)
                continue
            self.variable(at, name)
            found.append((platform, name, self.text(value, f"the value of {name}", empty=True)))
        return tuple(found)

    def arguments(self, node: yaml.Node, platform: str = "") -> tuple[tuple[str, str], ...]:
        if isinstance(node, yaml.MappingNode) and not platform:
            return tuple(
                pair
                for name, (_, value) in self.mapping(node, "arguments", PLATFORMS).items()
                for pair in self.arguments(value, name)
            )
        nodes = self.sequence(node, "arguments")
        return tuple((platform, self.text(item, "an argument")) for item in nodes)

    def check_commands(self, entries: Entries) -> None:
        owner: dict[str, str] = {}
        for name, item in self.names_in(entries, "commands"):
            if item.value in owner:
                other = owner[item.value]
                self.fail(item, f"duplicate command {shown(item.value)}: {other} has it already")
            owner[item.value] = name

    def names_in(self, entries: Entries, key: str) -> list[tuple[str, yaml.Node]]:
        return [
            (name, item)
            for name, (_, node) in entries.items()
            for key_node, value in node.value
            if key_node.value == key
            for item in value.value
        ]

    def check_requires(self, entries: Entries, records: dict[str, Record]) -> None:
        known = dict.fromkeys([*records, *sorted(self.known)])
        for name, item in self.names_in(entries, "requires"):
            self.check(item, f"profile, required by {name}:", item.value, known)
        circle = _circle(records)
        if circle:
            at = entries[circle[0]][0]
            self.fail(at, f"profiles require each other in a circle: {' -> '.join(circle)}")

    # Rules

    def rule(self, node: yaml.Node) -> Rules:
        entries = self.mapping(node, "a rule")
        for key, (at, _) in entries.items():
            if FILTER_FAMILY.get(key) == "path":
                self.fail(at, f"{shown(key)}: write `paths`, where the spelling says the kind")
            if key not in _OTHER_FILTERS:
                self.check(at, "key of a rule", key, RULE_KEYS)
        actions = [key for key in (ALLOW, DENY) if key in entries]
        if len(actions) != 1:
            self.fail(node, "a rule has one of `allow` and `deny`")
        action = actions[0]
        operations = self.operations(action, entries[action][1])
        on = self.word(entries["on"][1], "platform", PLATFORMS) if "on" in entries else ""
        targets = self.targets(node, entries, operations)
        create = self.create(entries, action, operations, targets)
        return (
            action,
            operations,
            on,
            create,
            "existing_only" in entries
            and self.path_flag(entries, "existing_only", action == DENY, "a `deny` with `paths`"),
            "follow" not in entries
            or self.path_flag(entries, "follow", True, "a rule with `paths`"),
            targets,
        )

    def path_flag(self, entries: Entries, key: str, fits: bool, where: str) -> bool:
        if not fits or "paths" not in entries:
            self.fail(entries[key][0], f"`{key}` is for {where}")
        return self.flag(entries[key][1], f"`{key}`")

    def operations(self, action: Action, node: yaml.Node) -> tuple[str, ...]:
        words = self.text(node, f"`{action}`").split()
        for word in words:
            self.check(node, "operation", word, _KNOWN_OPERATIONS)
        found = operations([OPERATION_ALIAS.get(word, word) for word in words])
        for operation in found:
            if operation in NEWER and OLDER_NAME.get(operation) not in words:
                self.fail(
                    node,
                    f"operation {shown(operation)} is newer than macOS 10.15, which would refuse "
                    "the whole policy; allowed are those that 10.15 knows",
                )
        if "default" in found and action == ALLOW:
            self.fail(node, "`default` may only be denied: to allow it would allow everything")
        return found

    def targets(
        self, node: yaml.Node, entries: Entries, operations: tuple[str, ...]
    ) -> tuple[Target, ...]:
        keys = [key for key in entries if key == "paths" or key not in RULE_KEYS]
        if len(keys) > 1:
            both = " and ".join(map(shown, keys))
            self.fail(entries[keys[1]][0], f"a rule has at most one kind of target, not {both}")
        if not keys:
            if "reason" not in entries:
                self.fail(node, "a rule without a target needs a `reason`")
            at, value = entries["reason"]
            return (("", "", self.text(value, "the reason"), line(at)),)
        if "reason" in entries:
            at = entries["reason"][0]
            self.fail(at, "`reason` is for rules without target: each target has its own")
        at, value = entries[keys[0]]
        self.check_filter(at, keys[0], operations)
        named = self.list_named(value) if isinstance(value, yaml.ScalarNode) else value
        targets = []
        for target, (place, why) in self.mapping(named, f"`{keys[0]}`").items():
            reason = self.text(why, f"the reason for {shown(target)}")
            kind, text = self.target(place, keys[0], target)
            for each in in_each_place(text) if keys[0] == "paths" else (text,):
                targets.append((kind, each, reason, line(place)))
        if not targets:
            self.fail(value, f"`{keys[0]}` is empty")
        self.targets_read += len(targets)
        if self.targets_read > MOST_TARGETS:
            self.fail(value, f"more than {MOST_TARGETS} targets")
        return tuple(targets)

    def check_filter(self, at: yaml.Node, key: str, operations: tuple[str, ...]) -> None:
        kind = "literal" if key == "paths" else key
        for operation in operations:
            if not accepts(operation, kind):
                allowed = ["paths"] if accepts(operation, "literal") else []
                allowed += [other for other in _OTHER_FILTERS if accepts(operation, other)]
                some = ", ".join(allowed[:10])
                self.fail(at, f"{operation} does not take {shown(key)} (allowed: {some}, ...)")

    def list_named(self, node: yaml.Node) -> yaml.Node:
        name = self.word(node, "list", self.lists)
        self.used.add(name)
        return self.lists[name][1]

    def target(self, node: yaml.Node, key: str, text: str) -> tuple[str, str]:
        """The filter's kind and value."""
        if key == "paths":
            return self.path(node, text)
        if key == "target":
            self.check(node, "target", text, TARGETS)
        if key in ("remote", "local", "to", "from") and not _ADDRESS.fullmatch(text):
            self.fail(
                node,
                f"{shown(text)} is no address (allowed: ip, tcp, udp, each also with 4 or 6, "
                "and behind it `*:PORT` or `localhost:PORT`)",
            )
        if key.endswith("-regex"):
            self.check_regex(node, text)
        return key, text

    def create(
        self,
        entries: Entries,
        action: Action,
        operations: tuple[str, ...],
        targets: tuple[Target, ...],
    ) -> str:
        if "create" not in entries:
            return ""
        at, node = entries["create"]
        if "file-write*" not in operations or "paths" not in entries:
            self.fail(at, "`create` is for a rule about write with `paths`")
        if isinstance(node, yaml.ScalarNode):
            create = self.word(node, CREATE, ("directory", "subdirectory"))
            if action == DENY and create == "subdirectory":
                self.fail(node, "a `deny` has `create: directory`: it is made in what is there")
            kind, spelled = "subpath", "trees (/ at the end)"
        else:
            value = self.mapping(node, CREATE, ("file",))
            if "file" not in value:
                self.fail(node, f"{CREATE} is empty")
            content = value["file"][1]
            if not isinstance(content, yaml.ScalarNode) or content.tag != "tag:yaml.org,2002:str":
                self.fail(content, "the content of a file must be a text in quotes")
            create, kind, spelled = f"file:{content.value}", "literal", "single files"
        for target in targets:
            if target[0] != kind:
                self.fail(at, f"this `create` is for {spelled}, {shown(target[1])} is none")
        return create


def _circle(records: dict[str, Record]) -> list[str]:
    """The names along a circle of `requires`, the first one again at the end; [] without one."""
    done: set[str] = set()
    for start in records:
        trail = {} if start in done else {start: iter(records[start][6])}
        while trail:  # no recursion: a hostile chain is longer than Python's stack is deep
            name, rest = next(reversed(trail.items()))
            for required in rest:
                if required in trail:
                    names = [*trail]
                    return [*names[names.index(required) :], required]
                if required in records and required not in done:
                    trail[required] = iter(records[required][6])
                    break
            else:
                done.add(name)
                del trail[name]
    return []
