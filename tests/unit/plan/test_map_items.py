"""The items of a map: how many there are, and what each one gets."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.values import Value, sequence_of
from headrace.definition.graph import Node
from headrace.plan.bindings import Known, MapItems, UnequalLengthsError, map_items
from unit.engine.worlds import const, each, node, text


def missing(name: str) -> Value:
    raise AssertionError(name)


KNOWN = Known({}, missing, missing, lambda value: value)


def items_of(one: Node) -> MapItems:
    return map_items(one, KNOWN)


def rows(items: MapItems) -> list[tuple[Value, ...]]:
    return [tuple(value for _, value in items.arguments(item)) for item in range(len(items))]


SHORT = st.lists(st.integers(0, 99), max_size=5)


@given(SHORT, SHORT, SHORT)
def test_axes_are_crossed_and_the_last_one_runs_fastest(first: list[int], second: list[int], third: list[int]):
    items = items_of(node("m", c=each(third, 2), a=each(first, 0), k=const(7), b=each(second, 1)))
    expected = [(text(c), text(a), text(7), text(b)) for a, b, c in product(first, second, third)]
    assert len(items) == len(expected)
    assert rows(items) == expected


@given(SHORT)
def test_lists_of_one_axis_run_in_step(numbers: list[int]):
    items = items_of(node("m", a=each(numbers), b=each([-number for number in numbers])))
    assert rows(items) == [(text(number), text(-number)) for number in numbers]


def test_names_stay_in_the_order_of_the_signature():
    items = items_of(node("m", z=each([1]), a=const(2), m=each([3])))
    assert [name for name, _ in items.arguments(0)] == ["z", "a", "m"]


def test_unequal_lengths_are_named():
    with pytest.raises(UnequalLengthsError) as caught:
        items_of(node("m", a=each([1, 2]), b=each([1])))
    assert caught.value.lengths == (("a", 2), ("b", 1))


def test_a_node_that_is_no_map_is_one_item_under_any_number():
    items = items_of(node("a", x=const(1)))
    assert len(items) == 1
    assert items.arguments(0) == items.arguments(-1) == (("x", text(1)),)


def test_the_whole_lists_are_kept_beside_their_elements():
    items = items_of(node("m", x=each([1, 2]), y=const(3)))
    assert items.whole == (("x", text([1, 2])), ("y", text(3)))


def test_crossing_long_lists_makes_nothing_before_it_is_asked_for():
    thousand = list(range(1000))
    items = items_of(node("m", a=each(thousand, 0), b=each(thousand, 1)))
    assert len(items) == 1_000_000
    assert items.arguments(999_999) == (("a", text(999)), ("b", text(999)))


@pytest.mark.parametrize("value", ["text", {1, 2}, frozenset({1}), {"a": 1}, None, 5])
def test_each_takes_no_value_without_elements_in_order(value: object):
    with pytest.raises(TypeError, match="'x'"):
        items_of(node("m", x=each(const(value))))


@pytest.mark.parametrize("value", [[1, 2], (1, 2), range(1, 3)])
def test_each_takes_lists_tuples_and_ranges(value: object):
    assert rows(items_of(node("m", x=each(const(value))))) == [(text(1),), (text(2),)]


def test_a_list_of_references_gives_its_members():
    members = sequence_of([text(1), text(2)])
    found = map_items(node("m", x=each(const(None))), Known({}, missing, missing, lambda value: members))
    assert rows(found) == [(text(1),), (text(2),)]
