"""The line is taken apart as a shell does it, and an answer is put where the shell replaces."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehouse.cli.argcomplete import Word, _item, split

BREAKS = " \t\n\"'@><=;|&(:"


@pytest.mark.parametrize(
    "line, words, word",
    [
        ("safehouse ", ["safehouse"], Word("", "", "")),
        ("safehouse --add-dirs=a:b", ["safehouse"], Word("--add-dirs=a:b", "", "--add-dirs=a:")),
        (r"safehouse a\ b", ["safehouse"], Word("a b", "", "")),
        ('safehouse "a b', ["safehouse"], Word("a b", '"', "")),
        ('safehouse --x="a:b', ["safehouse"], Word("--x=a:b", '"', "--x=")),
        ("safehouse a'b c'd", ["safehouse"], Word("ab cd", "", "")),
        ("safehouse '' \"\" x", ["safehouse", "", ""], Word("x", "", "")),
        ("A=1 safehouse x", ["safehouse"], Word("x", "", "")),
        ("true; safehouse x", ["safehouse"], Word("x", "", "")),
        ("true && A=1 safehouse 'x;y' z", ["safehouse", "x;y"], Word("z", "", "")),
        ("echo $(safehouse x", ["safehouse"], Word("x", "", "")),
    ],
)
def test_the_last_command_is_split_as_a_shell_does(line, words, word):
    assert split(line, BREAKS) == (words, word)


@given(st.lists(st.text(alphabet="ab \"'\\$;|&~é", max_size=6), min_size=1, max_size=4))
def test_what_is_quoted_comes_out_as_it_was(words):
    line = " ".join(["safehouse", *map(shlex.quote, words)])
    assert split(line + " ", BREAKS)[0] == ["safehouse", *words]


@given(
    st.text(alphabet="ab:=/", max_size=6),
    st.text(alphabet="ab \"'\\$`;|&()<>*?[]#{}!é", max_size=6),
    st.sampled_from(["", "'", '"']),
    st.sampled_from([BREAKS, " \t\n\"'><;|&("]),
)
def test_an_answer_typed_in_its_place_reads_as_it_was_meant(typed, more, quote, breaks):
    line = f"safehouse {quote}{typed}"
    _, word = split(line, breaks)
    whole = typed + more
    item = _item(whole, "", word, "bash")
    # What bash replaces begins behind the last break, or behind the quote.
    start = len("safehouse ") + len(quote) + len(word.kept)
    assert split(line[:start] + item + quote + " ", breaks)[0][1:] == (
        [whole] if whole or quote else []
    )
