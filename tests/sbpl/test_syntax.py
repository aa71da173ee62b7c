"""No text leaves the string or the comment that it is put into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.errors import UserError
from safehouse.sbpl.parse import Source
from safehouse.sbpl.syntax import comment, quote, symbol
from tests.seatbelt_text import parse as parse_independently

PRINTABLE = st.text(st.characters(blacklist_categories=("Cs", "Cc")))
ANY = st.text(st.characters()) | st.text('"\\;()#\n\r\t\0 \u2028\u0085a')


@given(PRINTABLE | st.text("\"\\;()#&' a"))
def test_a_string_is_read_as_it_was_written(text):
    for parse in (lambda t: Source(t, "x.sb").forms()[0].text, lambda t: parse_independently(t)[0]):
        assert parse(quote(text)) == text


@given(ANY)
def test_a_string_has_one_line_or_is_refused(text):
    try:
        quoted = quote(text)
    except UserError:
        return
    assert len(quoted.encode().split(b"\n")) == 1
    assert [node.kind for node in Source(quoted, "x.sb").forms()] == ["string"]


@pytest.mark.parametrize("character", ["\n", "\r", "\0", "\t", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_refused(character):
    with pytest.raises(UserError, match=f"U\\+{ord(character):04X}") as error:
        quote(f"/Users/a{character}b")
    assert "\n" not in error.value.message


def test_what_is_not_utf_8_is_refused():
    with pytest.raises(UserError, match="not UTF-8"):
        quote("/Users/\udcff")


def test_spaces_and_letters_of_any_script_pass():
    for path in ("/a b", "/\u00a0", "/\u65e5\u672c", "/e\u0301", "/\U0001f600", "/a&b;c(d)"):
        assert quote(path) == f'"{path}"'


@given(ANY)
def test_a_comment_cannot_be_left(text):
    line = comment(text)
    assert line.startswith("; ")
    assert len(line.splitlines()) == 1
    assert line.encode()
    assert Source(line + "\n()", "x.sb").forms()[0].kind == "list"
    assert len(Source(line + "\n()", "x.sb").forms()) == 1


def test_a_comment_shows_what_it_hides():
    assert comment("a\n(allow default)") == "; a\\n(allow default)"
    assert comment("\u202eevil") == "; \\u202eevil"


@pytest.mark.parametrize("text", ["self", "same-sandbox", "AF_UNIX", "6", "#o0755", "file-read*"])
def test_a_symbol_is_itself(text):
    assert symbol(text) == text


@pytest.mark.parametrize("text", ["", "#", "a b", "a)", '"a"', "a;b", "a\n", "'a", "\u00e9", "##"])
def test_what_is_no_symbol_is_refused(text):
    with pytest.raises(ValueError, match="not a name"):
        symbol(text)
