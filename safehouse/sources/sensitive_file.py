"""Reads `sensitive` of profiles.yaml: places that should stay closed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safehouse.sources.profile import PLATFORMS
from safehouse.sources.spelling import Spelling, in_each_place
from safehouse.sources.strict_yaml import compose, line, shown

if TYPE_CHECKING:
    import yaml

    from safehouse.sources.sensitive import Group, Place
    from safehouse.sources.strict_yaml import Entries

KEY = "sensitive"
_KEYS = ("because", "against", "lists", "paths", *PLATFORMS)
AGAINST = ("write",)
# What others ask for by name.
GROUPS = (
    "no-project",
    "secrets",
    "sockets",
    "shells",
    "sign-in",
    "programs",
    "settings",
    "git",
    "safehouse",
    "everything",
)


def load(text: str | bytes, file: str) -> tuple[Group, ...]:
    """The groups of a file. Raises UserError, with `file:line`, for everything that is not right."""
    return _Sensitive(file).read(compose(text, file))


class _Sensitive(Spelling):
    lists: Entries

    def read(self, root: yaml.Node) -> tuple[Group, ...]:
        top = self.mapping(root, "the file")
        if KEY not in top:
            self.fail(root, f"`{KEY}` is missing")
        self.lists = self.mapping(top["lists"][1], "lists") if "lists" in top else {}
        at, node = top[KEY]
        groups = self.mapping(node, f"`{KEY}`", GROUPS)
        for name in GROUPS:
            if name not in groups:
                self.fail(at, f"`{KEY}` has no `{name}`")
        return tuple(self.group(name, *groups[name]) for name in groups)

    def group(self, name: str, at: yaml.Node, node: yaml.Node) -> Group:
        entries = self.mapping(node, f"`{name}`", _KEYS)
        if "because" not in entries:
            self.fail(at, f"`{name}` has no `because`: say in one line why it should stay closed")
        because = self.text(entries["because"][1], f"`because` of {shown(name)}")
        against = self.word(entries["against"][1], "word", AGAINST) if "against" in entries else ""
        places: list[Place] = []
        lists = self.sequence(entries["lists"][1], "lists") if "lists" in entries else []
        for item in lists:
            name_of_list = self.word(item, "list", self.lists)
            end = name_of_list.rpartition("-")[2]
            platform = end if end in PLATFORMS else ""
            places += self.places(self.lists[name_of_list][1], platform)
        for key, platform in (("paths", ""), *((each, each) for each in PLATFORMS)):
            if key in entries:
                places += self.places(entries[key][1], platform)
        if not places:
            self.fail(node, f"`{name}` names no place")
        return name, because, against, tuple(places)

    def places(self, node: yaml.Node, platform: str) -> list[Place]:
        found: list[Place] = []
        for text, (at, why) in self.mapping(node, "places").items():
            what = self.text(why, f"what {shown(text)} is")
            kind, value = self.path(at, text)
            found += [(kind, each, what, platform, line(at)) for each in in_each_place(value)]
        return found
