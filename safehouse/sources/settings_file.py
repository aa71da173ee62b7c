"""Reads config.yaml, grants.yaml and .safehouse.yaml: every word is checked, the rest is an error.

What comes out is made of dictionaries, tuples and text, so that it can be kept (own_files.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safehouse.policy.policy import NETWORKS
from safehouse.sources.own_files import says_nothing
from safehouse.sources.strict_yaml import Reader, compose, line, shown

if TYPE_CHECKING:
    import yaml

    # What a key says, in order, each with its line. A flag says "true" or "false".
    Section = dict[str, tuple[tuple[str, int], ...]]
    User = tuple[Section, dict[str, Section]]
    # By path: line, what the directory was known by, what is for all agents, what for one.
    Directories = dict[str, tuple[int, str, Section, dict[str, Section]]]

PATHS = ("add-dirs", "add-dirs-ro", "deny", "append-profile")
NAMES = ("enable", "env-pass")
LISTS = (*PATHS, *NAMES)
CLOSING = ("network", "deny-secrets")
AUDIT = ("on", "off", "arguments")
FLAGS = (
    "accept-partial", "explain", "denials", "allow-workdir-config-writes", "allow-profile-writes",
)  # fmt: skip
OF_AGENT = (*LISTS, "args", *CLOSING)
OF_USER = (*LISTS, *CLOSING, "env", "workdir", "agent", *FLAGS, "agents", "shims", "audit")
OF_DIRECTORY = (*LISTS, *CLOSING, "known-by", "agents")
OF_REPOSITORY = (*LISTS, *CLOSING)
# What only a command line can say, and why.
_NEVER = {
    "trust-workdir-config": "then every project that you clone could widen its own rights",
    "always-trust-workdir-config": "then every project that you clone could widen its own rights",
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def user(data: bytes, file: str) -> User:
    """The person's configuration. Raises UserError with `file:line`, as all of these do."""
    reader = _Settings(file, absolute=True)
    if says_nothing(data):
        return {}, {}
    root = compose(data, file)
    section = reader.section(root, "the file", OF_USER)
    return section, reader.agents(root, (*OF_AGENT, "env"))


def directories(data: bytes, file: str) -> Directories:
    """The rights kept for directories, by their paths."""
    reader = _Settings(file, absolute=True)
    if says_nothing(data):
        return {}
    found: Directories = {}
    for path, (at, node) in reader.mapping(compose(data, file), "the file").items():
        reader.check_path(at, path)
        if any(part in ("", ".", "..") for part in path.rstrip("/").split("/")[1:]):
            reader.fail(at, f"{shown(path)}: write it without //, /. and /..")
        section = reader.section(node, f"the entry of {path}", OF_DIRECTORY)
        known_by = section.pop("known-by", (("", 0),))[0][0]
        found[path] = (line(at), known_by, section, reader.agents(node))
    return found


def repository(data: bytes, file: str) -> Section:
    """What a repository asks for; its relative paths are its own."""
    if says_nothing(data):
        return {}
    return _Settings(file, absolute=False).section(compose(data, file), "the file", OF_REPOSITORY)


class _Settings(Reader):
    """A file of settings being read; `absolute`: paths must begin with / or ~/."""

    def __init__(self, file: str, absolute: bool) -> None:
        super().__init__(file)
        self.absolute = absolute

    def section(self, node: yaml.Node, what: str, keys: tuple[str, ...]) -> Section:
        """The entries of a mapping, but for those of agents."""
        found: Section = {}
        for key, (at, value) in self.mapping(node, what).items():
            if key in _NEVER:
                self.fail(at, f"{key} cannot be kept in a file: {_NEVER[key]}")
            self.check(at, f"key of {what}", key, keys)
            if key != "agents":
                found[key] = self.items(key, value)
        return found

    def agents(self, node: yaml.Node, keys: tuple[str, ...] = OF_AGENT) -> dict[str, Section]:
        """The sections below `agents`, by name."""
        entries = self.mapping(node, "the file")
        if "agents" not in entries:
            return {}
        return {
            name: self.section(value, f"agent {name}", keys)
            for name, (_, value) in self.mapping(entries["agents"][1], "agents").items()
        }

    def items(self, key: str, node: yaml.Node) -> tuple[tuple[str, int], ...]:
        """What a key says."""
        if key in (*LISTS, "args", "shims"):
            return tuple(
                (self.checked(key, item), line(item)) for item in self.sequence(node, f"`{key}`")
            )
        if key in (*FLAGS, "deny-secrets"):
            if key == "explain" and node.value == "full":
                return (("full", line(node)),)
            more = ", or full" if key == "explain" else ""
            return ((str(self.flag(node, f"`{key}`", more)).lower(), line(node)),)
        if key == "audit":
            if getattr(node, "value", None) not in AUDIT:
                self.fail(node, f"audit must be {', '.join(AUDIT[:-1])} or {AUDIT[-1]}")
            return ((node.value, line(node)),)
        if key == "network":
            return ((self.word(node, "network", NETWORKS), line(node)),)
        if key == "env" and node.value == "true":
            return (("true", line(node)),)
        return ((self.checked(key, node), line(node)),)

    def checked(self, key: str, node: yaml.Node) -> str:
        text = self.text(node, f"`{key}`", empty=key in ("args", "workdir"))
        if key in (*PATHS, "env", "workdir") and text:
            self.check_path(node, text)
        if key == "env-pass" and not _VARIABLE.fullmatch(text):
            self.fail(node, f"{text!r} is not the name of a variable")
        return text

    def check_path(self, node: yaml.Node, path: str) -> None:
        """That a path says where it begins."""
        home = path == "~" or path.startswith("~/")
        if path[0] == "~" and not home:
            self.fail(node, f"{path!r}: only ~ and ~/ are understood, write it in full")
        if self.absolute and not home and path[0] != "/":
            self.fail(node, f"{path!r} is relative: begin it with / or ~/")
