"""Paths as profiles.yaml spells them: `~/x/` the tree, `~/x` exactly this, `~/x*` a prefix, `^/x` a regex."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from safehouse.errors import nearest
from safehouse.sources.strict_yaml import Reader, shown

if TYPE_CHECKING:
    import yaml

MOST_GROUPS = 10  # of a regex, within each other
# Filled in by policy/planting.py, but for SHARED_TMP: each path below it becomes one in each of these.
SHARED_TMP, SHARED_TMP_PLACES = "@SHARED_TMP", ("/private/tmp", "@TMPDIR")
PLACEHOLDERS = ("@TMPDIR", "@LAUNCH_TMPDIR", SHARED_TMP, "@CACHEDIR", "@SSH_AUTH_SOCK")
_REGEX_START = re.compile(r"\^(~|@TMPDIR|@LAUNCH_TMPDIR|@SHARED_TMP|@CACHEDIR)?/")


class Spelling(Reader):
    """A file with paths in it being read."""

    def path(self, node: yaml.Node, text: str) -> tuple[str, str]:
        said = shown(text)
        if text[0] == "^":
            if not _REGEX_START.match(text):
                starts = "^/, ^~/, " + ", ".join(f"^{name}/" for name in PLACEHOLDERS[:-1])
                self.fail(node, f"the regex {said} must begin with one of {starts}")
            self.check_regex(node, text)
            return "regex", text
        start, _, rest = text.partition("/")
        if start not in ("", "~", *PLACEHOLDERS) and start.rstrip("*") not in PLACEHOLDERS:
            hint = nearest(start, [*PLACEHOLDERS]) if start[0] == "@" else ""
            self.fail(
                node,
                f"the path {said} is not absolute{hint} (allowed at its start: /, ~/, "
                f"{', '.join(PLACEHOLDERS)})",
            )
        if "//" in text or {".", ".."} & set(rest.split("/")):
            self.fail(node, f"the path {said} has //, /./ or /../ in it: it would never match")
        body = text[:-1] if text[-1] in "*/" else text
        if "*" in body:
            self.fail(node, f"the path {said} has a * that is not its end: write a regex (^/...)")
        if text[-1] == "*":
            if body[-1:] in ("/", "~", "") or body in PLACEHOLDERS:
                self.fail(node, f"the path {said} ends in /*: a tree is written with / at its end")
            return "prefix", body
        if text[-1] != "/":
            return "literal", text
        if start == "@SSH_AUTH_SOCK":
            self.fail(node, "@SSH_AUTH_SOCK is a socket, write it without / at its end")
        return "subpath", body or "/"

    def check_regex(self, node: yaml.Node, pattern: str) -> None:
        problem = _regex_problem(pattern)
        if problem:
            self.fail(node, f"the regex {shown(pattern)} {problem}")


def in_each_place(path: str) -> tuple[str, ...]:
    """The paths that one below SHARED_TMP stands for; any other stands for itself."""
    start = "^" * path.startswith("^")
    name, slash, rest = path[len(start) :].partition("/")
    places = SHARED_TMP_PLACES if name == SHARED_TMP else (name,)
    return tuple(start + place + slash + rest for place in places)


def _regex_problem(pattern: str) -> str:
    """What keeps a regex from meaning the same to Seatbelt and to us: seatbelt.md 3.3."""
    in_class, depth, previous = False, 0, ""
    for position, c in enumerate(pattern):
        if c == "\\":
            return "has a backslash: write a dot as [.]"
        if in_class:
            if c == "[":
                return "has [ within [...]"
            in_class = c != "]"
        elif c in "{}":
            return "has {n}: write the repetition out"
        elif c in "*+?" and previous in ("*", "+", "?", "(", "|", "^", ""):
            return "has (?...), a lazy quantifier or one with nothing before it"
        elif c == "|" and not depth:
            return "has | outside of ( ): its right side would match anywhere"
        elif c == "[":
            in_class = True
            if pattern.startswith(("[]", "[^]"), position):
                return "has an empty [...]"
        depth += (c == "(") - (c == ")") if not in_class else 0
        if depth > MOST_GROUPS:
            return f"has ( ) nested deeper than {MOST_GROUPS}"
        previous = c
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, RecursionError, OverflowError) as error:
        return f"is not one: {error}"
    return ""
