"""Frozen values: what is said of them in value.py."""

from __future__ import annotations

import pytest

from safehouse.value import Value, replace


class Point(Value):
    x: int
    y: int = 2


class Other(Value):
    x: int
    y: int = 2


def test_fields_in_order_and_by_name():
    assert (Point(1).x, Point(1).y, Point(1, 3).y, Point(y=4, x=5).x) == (1, 2, 3, 5)


@pytest.mark.parametrize(
    "make",
    [
        Point,
        lambda: Point(y=1),
        lambda: Point(1, 2, 3),
        lambda: Point(1, x=1),
        lambda: Point(1, z=1),
        lambda: replace(Point(1), z=1),
    ],
)
def test_a_missing_unknown_or_repeated_field_is_an_error(make):
    with pytest.raises(TypeError):
        make()


def test_nothing_can_be_set_or_deleted():
    point = Point(1)
    with pytest.raises(AttributeError):
        point.x = 2
    with pytest.raises(AttributeError):
        del point.x
    assert point == Point(1)


def test_equal_values_are_equal_and_of_one_hash():
    assert Point(1) == Point(1, 2)
    assert hash(Point(1)) == hash(Point(1, 2))
    assert Point(1) != Point(2)
    assert Point(1, 2) != Other(1, 2)
    assert Point(1) != (1, 2)
    assert len({Point(1), Point(1, 2), Point(2)}) == 2


def test_a_copy_with_changes():
    point = Point(1)
    assert replace(point, y=5) == Point(1, 5)
    assert replace(point) == point
    assert isinstance(replace(point, x=9), Point)
    assert point == Point(1)


def test_it_shows_what_it_is():
    assert repr(Point(1, "a")) == "Point(x=1, y='a')"
