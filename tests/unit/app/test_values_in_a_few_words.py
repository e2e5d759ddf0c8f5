"""Stored values as people read them (in one line) and as programs do (as plain data)."""

import datetime as dt
from enum import Enum

import numpy as np
import pytest

from headrace.app.answers.value_texts import PATH, value_data, value_text
from headrace.core.canonical import canonical
from headrace.core.values import CompositeValue, InlineValue, ObjectValue, Value, sequence_of


class Colour(Enum):
    RED = 1


def inline(value: object) -> InlineValue:
    return InlineValue(canonical(value))


def of_dict(**members: Value) -> CompositeValue:
    return CompositeValue("dict", tuple((canonical(name), member) for name, member in members.items()))


SMALL: list[tuple[Value, str, object]] = [
    (inline(b"qqq\x00"), r"b'qqq\x00'", r"b'qqq\x00'"),
    (inline(range(3)), "range(0, 3)", "range(0, 3)"),
    (inline(dt.timedelta(days=1, seconds=2)), "1 day, 0:00:02", "1 day, 0:00:02"),
    (inline((1,)), "(1,)", [1]),
    (inline(()), "()", []),
    (inline({1, 2}), "{1, 2}", [1, 2]),
    (inline(set[int]()), "set()", []),
    (inline(frozenset({b"a"})), "frozenset({b'a'})", ["b'a'"]),
    (inline(frozenset[int]()), "frozenset()", []),
    (inline(np.float64(0.5)), "0.5", 0.5),
    (inline({"d": dt.date(2013, 4, 1)}), "{'d': 2013-04-01}", {"d": "2013-04-01"}),
    (of_dict(a=inline(1), b=inline(2)), "{'a': 1, 'b': 2}", {"a": 1, "b": 2}),
    (sequence_of([inline(1), inline([2])], "tuple"), "(1, [2])", [1, [2]]),
    (sequence_of([inline(1)], "tuple"), "(1,)", [1]),
    (sequence_of([of_dict(a=inline("x"))]), "[{'a': 'x'}]", [{"a": "x"}]),
    (
        CompositeValue("dict", ((canonical(1), inline("a")), (canonical((2, 3)), sequence_of([inline(None)])))),
        "{1: 'a', (2, 3): [None]}",
        [[1, "a"], [[2, 3], [None]]],
    ),
    (
        CompositeValue("record", (("left", inline(1)), ("right", inline(Colour.RED))), "flow:Pair"),
        f"Pair(left=1, right={Colour.__qualname__}.RED)",
        {"left": 1, "right": "RED"},
    ),
    (sequence_of([inline(dt.date(2013, 4, day)) for day in (1, 2, 3)]), "[2013-04-01, 2013-04-02, 2013-04-03]", None),
]


@pytest.mark.parametrize(("value", "text", "data"), SMALL, ids=[text for _, text, _ in SMALL])
def test_a_small_value_is_shown_as_python_writes_it_and_told_as_data(value: Value, text: str, data: object):
    assert value_text(value) == text
    assert data is None or value_data(value) == data


def test_long_bytes_are_cut():
    assert value_text(inline(b"q" * 100)) == "b'" + "q" * 57 + "…"


def test_a_container_that_is_not_small_is_told_by_its_size():
    many = of_dict(**{f"key{number}": inline(number) for number in range(20)})
    assert value_text(many) == "dict of 20, 30 bytes"
    assert value_data(many) == {f"key{number}": number for number in range(20)}


def test_a_container_with_an_object_or_a_file_in_it_is_told_in_words():
    table = ObjectValue("polars", "0" * 64, 1000)
    file = CompositeValue("record", (("name", inline("a.txt")), ("", table)), PATH)
    for member in (table, file):
        value = of_dict(a=inline(1), b=member)
        assert value_data(value) == value_text(value)
        assert value_text(value).startswith("dict of 2, ")
    assert value_data(file) == "a.txt, 1000 bytes"
