"""Our YAML files, however wrong: `file:line`, what is wrong, what is allowed; and never a long wait."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.sources import profile_file, settings_file


def profiles(data, file):
    return profile_file.load(data, file, frozenset())


READERS = {
    "config.yaml": settings_file.user,
    "grants.yaml": settings_file.directories,
    ".safehouse.yaml": settings_file.repository,
    "profiles.d/x.yaml": profiles,
}
# A good file of each kind, with a place for a list of paths.
FRAMES = {
    "config.yaml": "# mine\ndeny: {}\n",
    "grants.yaml": "# kept\n/p: {{deny: {}}}\n",
    ".safehouse.yaml": "# asked\ndeny: {}\n",
    "profiles.d/x.yaml": (
        "# extends\nprofiles: {{x: {{layer: feature, summary: s, weakens: w, rules: "
        "[{{allow: [read], paths: {}}}]}}}}\n"
    ),
}
PATIENCE = 10.0  # seconds of the processor; the slowest takes a fifth of one


def problem(file, data):
    """The message about a wrong file, which must come soon."""
    begun = time.process_time()
    with pytest.raises(UserError) as error:
        READERS[file](data if isinstance(data, bytes) else data.encode(), file)
    assert time.process_time() - begun < PATIENCE
    message = error.value.message
    assert message.startswith(f"{file}:") and message.isprintable() and len(message) < 600
    return message


EVERYWHERE = {
    "10 MB": (b"deny: [~/a]\n" * 900_000, "1: larger than"),
    "10 MB in one line": (b"a" * 10_000_000, "1: larger than"),
    "deep": ("[" * 5000, "1:11: nested deeper than 10"),
    "deep mappings": ("{a: " * 3000, "1:38: nested deeper than 10"),
    "deep blocks": ("".join(" " * n + "a:\n" for n in range(300)), "10:10: nested deeper"),
    "aliases": ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "1:4: anchors (&) and aliases (*)"),
    "binary": (bytes(range(256)), "2: not text in UTF-8"),
    "UTF-16": ("deny: [~/a]\n".encode("utf-16"), "1: not text in UTF-8"),
    "UTF-16 without a mark": ("deny: [~/a]\n".encode("utf-16-le"), "1: not text: a control"),
    "Latin-1": ("# x\n# café\n".encode("latin-1") + b"x: 1\n", "2: not text in UTF-8"),
    "NUL": ("# x\nde\0ny: [~/a]\n", "2: not text: a control character"),
    "tab": ("x:\n\t- ~/a\n", "2:1: while scanning"),
    "merge": ("<<: {a: b}\n", "1: a key of the file must be a text: put '<<' in quotes"),
    "object": ("!!python/object:os.system {}\n", "1: the file must be a mapping"),
    "call": ("!!python/object/apply:os.system ['true']\n", "1: the file must be a mapping"),
    "set": ("!!set {a, b}\n", "1: the file must be a mapping"),
    "two documents": ("{}\n---\n{}\n", "2:1: only one document is allowed"),
    "list": ("- a\n", "1: the file must be a mapping (`key: value`)"),
    "text": ("hello\n", "1: the file must be a mapping"),
    "number": ("5\n", "1: the file must be a mapping"),
    "null": ("~\n", "1: the file must be a mapping"),
    "a number as key": ("5: [~/a]\n", "1: a key of the file must be a text: put '5' in quotes"),
    "a list as key": ("? [a]\n: b\n", "1: a key of the file must be a text"),
    "an empty key": ("'': [a]\n", "1: a key of the file is missing"),
    "no end": ("x: [a\ny: b\n", "2:2: while parsing a flow sequence"),
    "no end of a quote": ('x: "a\n', "2:1: while scanning a quoted scalar"),
    "a wrong escape": ('x: "\\q"\n', "1:6: while scanning a double-quoted scalar"),
    "a control character as key": ('"\\e[2J": a\n', "control or invisible character: '\\\\x1b"),
}


@pytest.mark.parametrize("file", READERS)
@pytest.mark.parametrize("what", EVERYWHERE)
def test_what_is_wrong_in_every_file(file, what):
    data, said = EVERYWHERE[what]
    assert f"{file}:{said}" in problem(file, data) or said in problem(file, data)


PATHS = {
    "'~/a'": "must be a list (`[a, b]`)",
    "": "must be a list",
    "null": "must be a list",
    "{a: b}": "must be a list",
    "!!python/tuple [~/a]": "must be a list",
    "[5]": "must be a text: put '5' in quotes",
    "[1.5]": "must be a text: put '1.5' in quotes",
    "[0x10]": "must be a text",
    "[2020-01-01]": "must be a text: put '2020-01-01' in quotes",
    "[true]": "must be a text: put 'true' in quotes",
    "[null]": "must be a text: put 'null' in quotes",
    "[~]": "must be a text: put '~' in quotes",
    "[[a]]": "must be a text, not a mapping or list",
    "[{a: b}]": "must be a text, not a mapping or list",
    "['']": "is missing",
    "[' ~/a']": "begins or ends with a space",
    "[!!binary fi9h]": "must be a text",
    "[!!python/name:os.system x]": "must be a text",
    "[~root/x]": "only ~ and ~/ are understood",
    '["~/a\\nb"]': "control or invisible character",
    '["~/a\\x1b[2J"]': "control or invisible character: '~/a\\\\x1b[2J'",
    '["~/a\\u202eb"]': "control or invisible character: '~/a\\\\u202eb'",
    '["~/a\\u200bb"]': "control or invisible character",
    '["~/a\\u2066b"]': "control or invisible character",
    '["\\ud800"]': "control or invisible character",
    f"[~/{'a' * 2000}]": "is longer than 1000 characters",
}


@pytest.mark.parametrize("file", ["config.yaml", "grants.yaml", ".safehouse.yaml"])
@pytest.mark.parametrize("text", PATHS, ids=lambda text: text[:20])
def test_what_is_wrong_in_a_list(file, text):
    message = problem(file, FRAMES[file].format(text))
    assert message.startswith(f"{file}:2: ")
    assert PATHS[text] in message


@pytest.mark.parametrize("file", ["config.yaml", "grants.yaml", ".safehouse.yaml"])
def test_paths_of_files_that_are_for_every_directory_begin_somewhere(file):
    text = FRAMES[file].format("[a/b]")
    if file == ".safehouse.yaml":
        assert settings_file.repository(text.encode(), file) == {"deny": (("a/b", 2),)}
    else:
        assert "'a/b' is relative: begin it with / or ~/" in problem(file, text)


@pytest.mark.parametrize(
    "file, text, said",
    [
        ("config.yaml", "\nadd-dir: [~/a]\n", "2: unknown key of the file 'add-dir', did you mean"),
        ("config.yaml", "\nnetwork: nnone\n", "2: unknown network 'nnone', did you mean 'none'?"),
        ("config.yaml", "\nnetwork: [none]\n", "2: network must be a text"),
        ("config.yaml", "\nexplain: yes\n", "2: `explain` must be true or false"),
        ("config.yaml", "\nexplain: [true]\n", "2: "),
        ("config.yaml", "\nexplain: most\n", "2: `explain` must be true or false, or full"),
        ("config.yaml", "\naccept-partial: full\n", "2: `accept-partial` must be true or false"),
        ("config.yaml", "\nagents: {claude: {shims: [x]}}\n", "2: unknown key of agent claude 'shims'"),
        ("config.yaml", "\nagents: [claude]\n", "2: agents must be a mapping"),
        ("config.yaml", "\nenv-pass: [A-B]\n", "2: 'A-B' is not the name of a variable"),
        ("config.yaml", "\nenv-pass: [1A]\n", "2: '1A' is not the name of a variable"),
        ("config.yaml", "\nknown-by: x\n", "2: unknown key of the file 'known-by'"),
        ("config.yaml", "deny: [~/a]\ndeny: [~/b]\n", "2: duplicate key 'deny' in the file"),
        ("grants.yaml", "\ndeny: [~/a]\n", "2: 'deny' is relative"),
        ("grants.yaml", "/a:\n  dney: [~/a]\n", "2: unknown key of the entry of /a 'dney'"),
        ("grants.yaml", "/a: {}\n/a: {}\n", "2: duplicate key '/a'"),
        (".safehouse.yaml", "\nenabel: [ssh]\n", "2: unknown key of the file 'enabel', did"),
        (".safehouse.yaml", "\nagent: claude\n", "2: unknown key of the file 'agent'"),
        (".safehouse.yaml", "\nargs: [x]\n", "2: unknown key"),
        (".safehouse.yaml", "\nenv: true\n", "2: unknown key"),
        (".safehouse.yaml", "\nagents: {claude: {deny: [a]}}\n", "2: unknown key"),
        ("profiles.d/x.yaml", "\nprofile: {}\n", "2: unknown key of the file 'profile', did"),
    ],
)  # fmt: skip
def test_the_message_names_the_line_what_is_allowed_and_the_nearest_word(file, text, said):
    assert f"{file}:{said}" in problem(file, text)


@pytest.mark.parametrize("file", [".safehouse.yaml", "config.yaml", "grants.yaml"])
@pytest.mark.parametrize("key", ["trust-workdir-config", "always-trust-workdir-config"])
def test_no_file_can_say_that_projects_are_trusted(file, key):
    text = f"{key}: true\n" if file != "grants.yaml" else f"/a:\n  {key}: true\n"
    assert f"{key} cannot be kept in a file" in problem(file, text)


@pytest.mark.parametrize("file", ["config.yaml", "grants.yaml", ".safehouse.yaml"])
@pytest.mark.parametrize("text", ["", "\n\n", "# a\n# b\n", "  # a\n", "{}\n", "# a\r\n", " "])
def test_a_file_may_say_nothing(file, text):
    assert not any(READERS[file](text.encode(), file))


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfdeny: [~/a]\n",
        b"deny:\r\n  - ~/a\r\n",
        b"deny: [~/a]",
        b"---\ndeny: [~/a]\n...\n",
        b"%YAML 1.1\n---\ndeny: [~/a]\n",
        b'"deny": ["~/a"]\n',
        b"deny: [!!str ~/a]\n",
    ],
)
@pytest.mark.parametrize("file", ["config.yaml", ".safehouse.yaml"])
def test_what_is_harmless_is_taken(file, data):
    found = READERS[file](data, file)
    section = found[0] if file == "config.yaml" else found
    assert [text for text, _ in section["deny"]] == ["~/a"]


def test_words_that_were_booleans_once_are_text():
    found = settings_file.repository(b"deny: [yes, no, on, off, y]\n", "f")
    assert [text for text, _ in found["deny"]] == ["yes", "no", "on", "off", "y"]


SHAPES = {
    "values in a line": b"a,",
    "values below each other": b"\n- a",
    "keys": b"\nk: a",
    "quotes": b"'a',",
    "comments": b"#",
    "spaces": b" ",
    "newlines": b"\n",
    "escapes": b"\\x41",
    "braces": b"{",
    "dashes": b"- ",
    "colons": b"a: ",
    "tags": b"!a ",
}


@pytest.mark.parametrize("start", [b"deny: [", b'deny: ["', b"deny:", b""])
@pytest.mark.parametrize("shape", SHAPES)
def test_as_much_as_a_repository_can_bring_is_read_soon(start, shape):
    from safehouse.sources.repository import MOST_BYTES

    part = SHAPES[shape]
    data = (start + part * (MOST_BYTES // len(part)))[:MOST_BYTES]
    begun = time.process_time()
    try:
        settings_file.repository(data, "f")
    except UserError:
        pass
    assert time.process_time() - begun < PATIENCE


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_make_it_fail_otherwise(file, data):
    data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        READERS[file](data, file)
    except UserError as error:
        assert error.message.startswith(f"{file}:")
        assert error.message.isprintable()


def test_the_nearest_right_word_all_that_is_allowed_and_the_other_line():
    message = problem(".safehouse.yaml", "add-dir: [a]\n")
    assert message.endswith(
        "unknown key of the file 'add-dir', did you mean 'add-dirs'? (allowed: add-dirs, "
        "add-dirs-ro, deny, append-profile, enable, env-pass, network, deny-secrets)"
    )
    message = problem("grants.yaml", "/a: {}\n\n/a: {}\n")
    assert message == "grants.yaml:3: duplicate key '/a' in the file, it is in line 1 too"
