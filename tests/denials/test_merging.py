"""Needs become few grants, the same in any order, that cover them all and are nothing that may not be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from safehouse.denials.merging import ENOUGH, Need, covers, merged

HOME = "/home/me"
names = st.sampled_from(["a", "b", "c", "d", ".x", "secret"])
paths = st.lists(names, min_size=1, max_size=4).map(lambda parts: "/".join([HOME, *parts]))
needs = st.lists(st.builds(Need, paths, st.booleans()), min_size=1, max_size=20)
closed = st.frozensets(paths, max_size=4)


def allowed(closed):
    def may(directory, writes):
        around = any(directory == each or each.startswith(directory + "/") for each in closed)
        return directory.startswith(HOME + "/") and not around

    return may


@given(needs, closed)
def test_all_are_covered_and_nothing_is_opened_that_may_not_be(needs, closed):
    may = allowed(closed)
    found = merged(needs, may)
    for need in needs:
        assert any(covers(each, need) for each in found)
    for each in found:
        assert each in needs or may(each.path, each.writes)
        assert each.path != HOME and not HOME.startswith(each.path)
        assert not each.writes or any(n.writes and covers(each, n) for n in needs)


@given(needs, closed, st.randoms())
def test_the_order_does_not_matter_and_twice_is_once(needs, closed, random):
    may = allowed(closed)
    found = merged(needs, may)
    again = [*needs, *needs]
    random.shuffle(again)
    assert merged(again, may) == found
    assert merged(found, may) == found


@given(needs, closed)
def test_none_is_covered_by_another(needs, closed):
    found = merged(needs, allowed(closed))
    for each in found:
        assert not any(other != each and covers(other, each) for other in found)


def test_several_of_a_directory_are_that_directory():
    few = [Need(f"{HOME}/.foo/{n}") for n in range(ENOUGH - 1)]
    assert set(merged(few, allowed(()))) == set(few)
    many = [Need(f"{HOME}/.foo/{n}") for n in range(12)]
    assert merged(many, allowed(())) == (Need(f"{HOME}/.foo"),)
    assert set(merged(many, lambda directory, writes: False)) == set(many)


def test_what_is_written_is_not_widened_by_what_is_read():
    read = [Need(f"{HOME}/.foo/{n}") for n in range(5)]
    found = merged([*read, Need(f"{HOME}/.foo/0", True)], allowed(()))
    assert set(found) == {Need(f"{HOME}/.foo"), Need(f"{HOME}/.foo/0", True)}
