"""YAML is changed in place: the data becomes what was meant, all else keeps its bytes."""

from __future__ import annotations

import copy
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from safehouse.sources.yaml_edit import add, drop, remove


def data(text):
    return yaml.safe_load(text) or {}


# Adding

ADDED = [
    # nothing yet
    ("", "a:\n  l:\n    - x\n"),
    ("# only a comment", "# only a comment\na:\n  l:\n    - x\n"),
    ("# c\r\n\r\n", "# c\r\n\r\na:\r\n  l:\r\n    - x\r\n"),
    ("\ufeff", "\ufeffa:\n  l:\n    - x\n"),
    # another directory
    ("b:\n  l: [y]\n", "b:\n  l: [y]\na:\n  l:\n    - x\n"),
    ("b:\n  l: [y] # c", "b:\n  l: [y] # c\na:\n  l:\n    - x\n"),
    ("b:\n    l:\n    - y\n", "b:\n    l:\n    - y\na:\n    l:\n        - x\n"),
    ("  b:\n    l: [y]\n  # end\n", "  b:\n    l: [y]\n  a:\n    l:\n      - x\n  # end\n"),
    ("---\nb: {l: [y]}\n...\n", "---\nb: {l: [y]}\na:\n  l:\n    - x\n...\n"),
    ("\ufeffb: {l: [y]}\n", "\ufeffb: {l: [y]}\na:\n  l:\n    - x\n"),
    ("{}\n", "{a: {l: [x]}}\n"),
    ("{#c\n}\n", "{a: {l: [x]} #c\n}\n"),
    ("{b: {l: [y]}}\n", "{b: {l: [y]}, a: {l: [x]}}\n"),
    ('{"b":{"l":["y"]}}', '{"b":{"l":["y"]}, a: {l: [x]}}'),
    # another list
    ("a:\n  k: v  # c\n\nb: {l: [y]}\n", "a:\n  k: v  # c\n  l:\n    - x\n\nb: {l: [y]}\n"),
    ("a:\n  ? k\n  : v\n", "a:\n  ? k\n  : v\n  l:\n    - x\n"),
    ("a: {k: v}\n", "a: {k: v, l: [x]}\n"),
    ("a: {\n  k: v, # c\n}\n", "a: {\n  k: v, # c\n  l: [x],\n}\n"),
    ("a:\n  k: |-\n    v\n\n# c\n", "a:\n  k: |-\n    v\n  l:\n    - x\n\n# c\n"),
    # another item
    ("a:\n  l:\n    - y # c\n    # d\n", "a:\n  l:\n    - y # c\n    - x\n    # d\n"),
    ("a:\n  l:\n  - y\n  k: v\n", "a:\n  l:\n  - y\n  - x\n  k: v\n"),
    ("a:\n  l:\n      -   y\n", "a:\n  l:\n      -   y\n      - x\n"),
    ("a:\n  l:\n  -\n    # c\n    y\n", "a:\n  l:\n  -\n    # c\n    y\n  - x\n"),
    ("a:\n  ? l\n  : - y\n", "a:\n  ? l\n  : - y\n    - x\n"),
    ("a: {l: []}\n", "a: {l: [x]}\n"),
    ("a: {l: [#c\n]}\n", "a: {l: [x #c\n]}\n"),
    ("a: {l: [y,]}\n", "a: {l: [y, x,]}\n"),
    ('a: {l: ["y"#c\n]}\n', 'a: {l: ["y", x #c\n]}\n'),
    ("a:\n  l: [\n    y  # c\n  ]\n", "a:\n  l: [\n    y,  # c\n    x\n  ]\n"),
    ("a:\n  l: [\n    y,  # c\n  ]\n", "a:\n  l: [\n    y,  # c\n    x,\n  ]\n"),
    ("a:\r\n  l: [\r\n    y\r\n  ]\r\n", "a:\r\n  l: [\r\n    y,\r\n    x\r\n  ]\r\n"),
    ("a:\n  l: [ z\n    , y # c\n    ]\n", "a:\n  l: [ z\n    , y, x # c\n    ]\n"),
    ("a:\n  l: !!seq\n  - y\n", "a:\n  l: !!seq\n  - y\n  - x\n"),
    ("a:\n  l:\n  - y\x85b: {l: [z]}\n", "a:\n  l:\n  - y\x85  - x\nb: {l: [z]}\n"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", ADDED)
def test_what_is_added_stands_where_a_person_would_write_it(before, after):
    assert add(before, ("a", "l"), ["x"]).replace("\x85  - x\x85", "\x85  - x\n") == after
    expected = data(before)
    expected.setdefault("a", {}).setdefault("l", []).append("x")
    assert data(after) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a", "~", "~/a", "true", "yes", "0x1", "1.5", "2001-01-01", "a: b", "a #b", "#a", "[a]", "a,b",
     "{a}", "- a", "? a", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "'a", 'a"b', "a'b", "a\\b", "=",
     "<<", "null", "ä", "日本", "🙂", "a:b", "a:", "/x y/z", "x" * 999, "12-34.5", "a\u00a0b"],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "b: {l: [y]}\n", "{}\n"])
def test_every_text_is_read_as_the_same_text(start, text):
    assert data(add(start, ("a", "l"), [text]))["a"] == {"l": [text]}
    if text:
        assert data(add(start, (text,), {"k": text}))[text] == {"k": text}


def test_several_things_are_added_at_once():
    text = add("", ("a",), {"k": "v", "l": ["x", "y"], "m": {"n": {"l": ["z"]}}})
    assert text == "a:\n  k: v\n  l:\n    - x\n    - y\n  m:\n    n:\n      l:\n        - z\n"
    assert add(text, ("a", "l"), ["1", "z"]) == text.replace(
        "    - y\n", "    - y\n    - '1'\n    - z\n"
    )


# Removing

REMOVED = [
    ("a:\n  l:\n    # b\n    - x  # own\n    # c\n    - y\n", "a:\n  l:\n    # b\n    # c\n    - y\n"),
    ("a:\n  l:\n  - y\n  - x", "a:\n  l:\n  - y\n"),
    ("a:\n  l: # c\n  - y\n  -\n    # c\n    x # own\n", "a:\n  l: # c\n  - y\n    # c\n"),
    ("a:\n  l: [x, y]\n", "a:\n  l: [y]\n"),
    ("a:\n  l: [y, x]\n", "a:\n  l: [y]\n"),
    ("a:\n  l: [y, x, z] # c\n", "a:\n  l: [y, z] # c\n"),
    ("a:\n  l: [y, x,]\n", "a:\n  l: [y,]\n"),
    ("a:\n  l: [y, # c\n    x]\n", "a:\n  l: [y # c\n    ]\n"),
    ("a:\n  l: [\n    y,\n    x,  # own\n  ]\n", "a:\n  l: [\n    y,\n  ]\n"),
    ("a:\n  l: [\n    y,  # c\n    x  # own\n  ]\n", "a:\n  l: [\n    y  # c\n  ]\n"),
    ("a:\n  l: [ y\n    , x # own\n    ]\n", "a:\n  l: [ y\n    ]\n"),
    ("a:\n  ? l\n  : - x # c\n    - y\n", "a:\n  ? l\n  :  # c\n    - y\n"),
    ("a:\n  l:\n  - |-\n    x\n\n  # c\n  - y\n", "a:\n  l:\n\n  # c\n  - y\n"),
    ("a: {l: [x, y, x]}\n", "a: {l: [y]}\n"),
    # what becomes empty
    ("a:\n  l: # own\n    # c\n    - x\n  k: v\n", "a:\n    # c\n  k: v\n"),
    ("a: {l: [x], k: v}\n", "a: {k: v}\n"),
    ("a: {k: v, l: [x]}\n", "a: {k: v}\n"),
    ("# h\na:\n  l: [x]\n# c\nb: {k: v}\n", "# h\n# c\nb: {k: v}\n"),
    ("# h\r\na:\r\n  l: [x]\r\n\r\n# c\r\n", "# h\r\n\r\n# c\r\n"),
    ("a:\n  l: [x]", ""),
    ("{a: {l: [x]}}\n", "{}\n"),
    ("{ # c\n  a: {l: [x]}\n}\n", "{ # c\n}\n"),
    ("--- # c\na:\n  l: [x]\n", "--- # c\n{}\n"),
    ("--- {a: {l: [x]}} # c\n", "--- {} # c\n"),
    ("a: {l: [x]}\n...\n", "{}\n...\n"),
    ("\ufeffa: {l: [x]}\n# c\n", "\ufeff\n# c\n"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", REMOVED)
def test_what_is_removed_takes_its_line_along_and_nothing_else(before, after):
    expected = data(before)
    items = [item for item in expected["a"]["l"] if item != "x"]
    expected["a"]["l"] = items
    if not items:
        del expected["a"]["l"]
    if not expected["a"]:
        del expected["a"]
    assert remove(before, ("a", "l"), "x") == after
    assert data(after) == expected


def test_a_key_is_dropped_with_all_of_it():
    text = "# 1\na: # own\n  # 2\n  k: v\n  l:\n  - x\n  - y # own\n# 3\nb: {k: v}\n"
    assert drop(text, ("a",)) == "# 1\n  # 2\n# 3\nb: {k: v}\n"
    assert drop(text, ("b",)) == text.partition("b:")[0]
    assert drop(text, ("a", "l")) == text.replace("  l:\n  - x\n  - y # own\n", "")


def test_what_is_not_there_is_not_removed():
    assert remove("a: {l: [x]}", ("a", "l"), "z") == "a: {l: [x]}"
    with pytest.raises(KeyError):
        remove("a: {l: [x]}", ("a", "m"), "z")


# Any text, any sequence of changes


WORDS = ["x", "y", "~/a b", "#z", "1", "a, b", "ö", "it's"]
KEYS = ["l", "m"]
NAMES = ["~/p", "~/q r", "/s", "t: u"]
COMMENT = st.sampled_from(["", "", "  # own {n}", ' # it\'s "{n}": [', "   # {n}"])
LINE = st.sampled_from(["", "", "# line {n}", "", "      # far {n}", "#{n}"])


def quoted(text, style):
    plain = re.fullmatch(r"[~/\w]+", text) and not text.isdigit()
    if style == "plain" and plain:
        return text
    if style == "single":
        return "'" + text.replace("'", "''") + "'"
    return '"' + text + '"'


class Writer:
    """Writes data as YAML in a style that is drawn."""

    def __init__(self, draw):
        self.draw = draw
        self.number = 0
        self.lines = []

    def scalar(self, text):
        return quoted(text, self.draw(st.sampled_from(["plain", "single", "double"])))

    def comment(self, kind=COMMENT):
        self.number += 1
        return self.draw(kind).format(n=self.number)

    def key(self, column, text, rest):
        if self.draw(st.integers(0, 9)) == 0:
            self.lines.append(f"{' ' * column}? {self.scalar(text)}{self.comment()}")
            self.lines.append(f"{' ' * column}:{rest}{self.comment()}")
        else:
            self.lines.append(f"{' ' * column}{self.scalar(text)}:{rest}{self.comment()}")

    def between(self):
        for _ in range(self.draw(st.integers(0, 1))):
            self.lines.append(self.comment(LINE))

    def flow(self, value, column, first=True):
        """In brackets, on one line or on several."""
        if isinstance(value, str):
            return self.scalar(value)
        if isinstance(value, list):
            parts, signs = [self.scalar(item) for item in value], "[]"
        else:
            pairs = value.items()
            parts = [f"{self.scalar(k)}: {self.flow(v, column + 1)}" for k, v in pairs]
            signs = "{}"
        comma = self.draw(st.sampled_from(["", ","])) if parts else ""
        if self.draw(st.booleans()) or not parts:
            return f"{signs[0]}{', '.join(parts)}{comma}{signs[1]}"
        inner = ""
        for number, part in enumerate(parts):
            sign = "," if number + 1 < len(parts) else comma
            inner += f"\n{' ' * (column + 3)}{part}{sign}{self.comment()}"
        return f"{signs[0]}{self.comment()}{inner}\n{' ' * (column + 1)}{signs[1]}"

    def block(self, value, column):
        for name, part in value.items():
            self.between()
            if isinstance(part, str) or not part or self.draw(st.integers(0, 2)) == 0:
                self.key(column, name, " " + self.flow(part, column))
            elif isinstance(part, list):
                self.key(column, name, "")
                deeper = column + self.draw(st.integers(0, 5))
                for item in part:
                    self.between()
                    gap = " " * self.draw(st.integers(1, 3))
                    self.lines.append(f"{' ' * deeper}-{gap}{self.scalar(item)}{self.comment()}")
            else:
                self.key(column, name, "")
                self.block(part, column + self.draw(st.integers(1, 5)))
        self.between()


SECTION = st.dictionaries(
    st.sampled_from(KEYS), st.lists(st.sampled_from(WORDS), max_size=3), min_size=1
)
ENTRY = st.tuples(SECTION, st.dictionaries(st.sampled_from(["c", "d e"]), SECTION, max_size=2))


@st.composite
def documents(draw):
    """A text with comments, and what it says."""
    found = {}
    for name, (section, agents) in draw(
        st.dictionaries(st.sampled_from(NAMES), ENTRY, max_size=3)
    ).items():
        found[name] = {"known": "1-2"} if draw(st.booleans()) else {}
        found[name].update(section)
        if agents:
            found[name]["agents"] = agents
    writer = Writer(draw)
    writer.between()
    if found and draw(st.booleans()):
        writer.lines.append("---")
    if found and draw(st.integers(0, 5)) == 0:
        writer.lines.append(writer.flow(found, 0))
    elif found:
        writer.block(found, draw(st.sampled_from([0, 0, 0, 3])))
    text = "\n".join(writer.lines) + draw(st.sampled_from(["\n", "", "\n\n# end\n"]))
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), found


CHANGE = st.tuples(
    st.sampled_from(["add", "add", "remove", "drop"]),
    st.sampled_from(NAMES),
    st.sampled_from(["", "c", "d e", "new"]),
    st.sampled_from(KEYS),
    st.sampled_from(WORDS),
)


def changed(found, action, keys, word):
    """What the data has to be, None where the change does not apply."""
    found = copy.deepcopy(found)
    node, way = found, []
    for key in keys:
        if key not in node:
            if action != "add":
                return None
            node[key] = [] if key is keys[-1] else {}
        way.append((node, key))
        node = node[key]
    if action == "add":
        node.append(word)
        return found
    if action == "remove":
        if word not in node:
            return None
        node[:] = [item for item in node if item != word]
    else:
        del way[-1][0][keys[-1]]
        way.pop()
    for parent, key in reversed(way):
        if parent[key]:
            break
        del parent[key]
    return found


def comment_lines(text):
    return [line.strip() for line in text.splitlines() if line.strip().startswith("#")]


@settings(max_examples=400, deadline=None)
@given(documents(), st.lists(CHANGE, max_size=6))
def test_any_changes_of_any_text(document, changes):
    text, found = document
    assert data(text) == found
    end = "\r\n" if "\r\n" in text else "\n"
    for action, name, agent, key, word in changes:
        keys = (name, *(("agents", agent) if agent else ()), key)
        wanted = changed(found, action, keys, word)
        if wanted is None:
            continue
        if action == "add":
            new = add(text, keys, [word])
        elif action == "remove":
            new = remove(text, keys, word)
        else:
            new = drop(text, keys)
        assert data(new) == wanted, new
        assert [c for c in comment_lines(text) if c not in comment_lines(new)] == []
        if action == "add":  # nothing of what was there is gone
            rest = iter(new.replace(end, "\n"))
            assert all(sign in rest for sign in text.replace(end, "\n"))
        if "\r\n" in text:
            assert "\n" not in new.replace("\r\n", "")
        text, found = new, wanted
