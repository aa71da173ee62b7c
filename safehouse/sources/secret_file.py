"""Reads `project-secrets` of profiles.yaml: every name is checked and has a reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safehouse.sources.strict_yaml import Reader, compose, shown

if TYPE_CHECKING:
    import yaml

    from safehouse.sources.secret_names import Pairs, Record

KEY = "project-secrets"
_KEYS = ("closed", "open", "fetched")
_NAME = re.compile(r"[A-Za-z0-9._*-]+")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


def load(text: str | bytes, file: str) -> Record:
    """The names of a file. Raises UserError, with `file:line`, for everything that is not right."""
    reader = _Names(file)
    root = compose(text, file)
    top = reader.mapping(root, "the file")
    if KEY not in top:
        reader.fail(root, f"`{KEY}` is missing")
    at, node = top[KEY]
    entries = reader.mapping(node, f"`{KEY}`", _KEYS)
    for key in _KEYS:
        if key not in entries:
            reader.fail(at, f"`{KEY}` has no `{key}`")
    closed, opened, fetched = (reader.pairs(key, entries[key][1]) for key in _KEYS)
    return closed, opened, fetched


class _Names(Reader):
    def pairs(self, key: str, node: yaml.Node) -> Pairs:
        """The names of one list, each with its reason."""
        allowed = _PLAIN if key == "fetched" else _NAME
        found = []
        for name, (at, why) in self.mapping(node, f"`{key}`").items():
            if not allowed.fullmatch(name) or not name.strip("*.") or "**" in name:
                star = "" if key == "fetched" else " and *"
                self.fail(at, f"{shown(name)} is no name of a file: a-z, 0-9, ._-{star}, no /")
            found.append((name, self.text(why, f"the reason for {shown(name)}")))
        if not found:
            self.fail(node, f"`{key}` is empty")
        return tuple(found)
