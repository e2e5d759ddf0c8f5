"""Parameters from a command line: how each type is written, and that nothing but a ParameterError comes of the rest."""
# ruff: noqa: DTZ001 - moments without a zone are what is tested

import collections.abc as abc
import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict
from uuid import UUID

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from headrace.core.errors import ParameterError
from headrace.definition.annotations import Static
from headrace.definition.coercion import coerce, coerce_text
from headrace.definition.examples import example_of, takes

WHERE = "parameter 'p' of pipeline 'training'"


class Carrier(Enum):
    UNITED = "UA"
    DELTA = "DL"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Window:
    days: int
    carrier: Carrier = Carrier.DELTA


@dataclass(frozen=True)
class Search:
    windows: tuple[Window, ...]
    name: str | None = None


class Split(NamedTuple):
    share: float
    seed: int = 7


class Row(TypedDict):
    x: int


class Name(str):
    __slots__ = ()


DAY = dt.date(2013, 4, 1)
MOMENT = dt.datetime(2013, 4, 1, 6, 30)

WRITTEN = [
    *((word, bool, True) for word in ("yes", "true", "on", "1", "Yes", " TRUE ")),
    *((word, bool, False) for word in ("no", "false", "off", "0", "NO")),
    ("3", int, 3),
    ("-3", int, -3),
    ("1_000", int, 1000),
    (" 3 ", int, 3),
    ("0.5", float, 0.5),
    ("3", float, 3.0),
    ("1e-3", float, 0.001),
    ("inf", float, math.inf),
    ("1+2j", complex, 1 + 2j),
    ("logistic", str, "logistic"),
    ("", str, ""),
    ('"a"', str, '"a"'),
    (" a ", str, " a "),
    ("none", str, "none"),
    ("abc", bytes, b"abc"),
    ("2013-04-01", dt.date, DAY),
    ("2013-04-01T06:30", dt.datetime, MOMENT),
    ("2013-04-01 06:30:00", dt.datetime, MOMENT),
    ("2013-04-01", dt.datetime, dt.datetime(2013, 4, 1)),
    ("06:30", dt.time, dt.time(6, 30)),
    ("PT1H30M", dt.timedelta, dt.timedelta(minutes=90)),
    ("P1DT0.5S", dt.timedelta, dt.timedelta(days=1, milliseconds=500)),
    ("1:30:00", dt.timedelta, dt.timedelta(minutes=90)),
    ("90s", dt.timedelta, dt.timedelta(seconds=90)),
    ("1.5 h", dt.timedelta, dt.timedelta(minutes=90)),
    ("2d", dt.timedelta, dt.timedelta(days=2)),
    ("250ms", dt.timedelta, dt.timedelta(milliseconds=250)),
    ("0.10", Decimal, Decimal("0.10")),
    ("1/3", Fraction, Fraction(1, 3)),
    ("12345678-1234-5678-1234-567812345678", UUID, UUID("12345678-1234-5678-1234-567812345678")),
    ("data/flights.csv", Path, Path("data/flights.csv")),
    ("name", Name, Name("name")),
    ("0.5", np.float64, np.float64(0.5)),
    ("UA", Carrier, Carrier.UNITED),
    ("UNITED", Carrier, Carrier.UNITED),
    ("2", Level, Level.HIGH),
    ("HIGH", Level, Level.HIGH),
    ("a,b", list[str], ["a", "b"]),
    ("a, b", list[str], ["a", "b"]),
    ("", list[str], []),
    ('"a,b",c', list[str], ["a,b", "c"]),
    ('["a","b"]', list[str], ["a", "b"]),
    ('"\\"",""', list[str], ['"', ""]),
    ('5",6"', list[str], ['5"', '6"']),
    ("f(a,b]", list[str], ["f(a", "b]"]),
    ("a=1,b=2", list[str], ["a=1", "b=2"]),
    ('a="x,y",b=[1]', dict[str, str | list[int]], {"a": "x,y", "b": [1]}),
    ("1,2", abc.Sequence[float], (1.0, 2.0)),
    ("[1, 2]", list[float], [1.0, 2.0]),
    ("1,2", tuple[int, ...], (1, 2)),
    ("1,x", tuple[int, str], (1, "x")),
    ("1,2", set[int], {1, 2}),
    ("UA,DELTA", list[Carrier], [Carrier.UNITED, Carrier.DELTA]),
    ("2013-04-01,2013-04-01", list[dt.date], [DAY, DAY]),
    ("[[1],[2,3]]", list[list[int]], [[1], [2, 3]]),
    ("none,1", list[int | None], [None, 1]),
    ("a=1,b=2", dict[str, int], {"a": 1, "b": 2}),
    ('{"1": "2013-04-01"}', dict[int, dt.date], {1: DAY}),
    ("1=a", dict[int, str], {1: "a"}),
    ("days=3", Window, Window(3)),
    ("days=3, carrier=UA", Window, Window(3, Carrier.UNITED)),
    ('{"days": 3, "carrier": "UA"}', Window, Window(3, Carrier.UNITED)),
    ('{"windows": [{"days": 1}, {"days": 2}]}', Search, Search((Window(1), Window(2)))),
    ('windows=[{"days": 1}],name=none', Search, Search((Window(1),))),
    ("share=0.5", Split, Split(0.5)),
    ("0.5,3", Split, Split(0.5, 3)),
    ("[0.5, 3]", Split, Split(0.5, 3)),
    ("x=1", Row, {"x": 1}),
    ("a", Literal["a", "b"], "a"),
    ("1", Literal[1, "1"], "1"),
    ("1", Literal[1, 2], 1),
    ("yes", Literal[True], True),
    ("UA", Literal[Carrier.UNITED], Carrier.UNITED),
    *((word, int | None, None) for word in ("none", "None", "null", "", " ")),
    ("3", int | None, 3),
    ("a", str | None, "a"),
    ("none", str | None, None),
    ('"none"', str | None, "none"),
    ('""', str | None, ""),
    ("none", Literal["none", "l2"] | None, "none"),
    ("null", Literal["none", "l2"] | None, None),
    ("2013-04-01", dt.date | str, DAY),
    ("today", dt.date | str, "today"),
    ("2013-04-01", dt.datetime | dt.date, DAY),
    ("1", int | bool, 1),
    ("1", bool | int, 1),
    ("true", int | bool, True),
    ("1", float | int, 1),
    ("1.5", int | float, 1.5),
    ("a", str | list[str], "a"),
    ("a,b", str | list[str], ["a", "b"]),
    ("3", int | list[int], 3),
    ("3", int | str, 3),
    ('"3"', int | str, "3"),
    ('"none"', str | None, "none"),
    ("x.csv", str | Path, Path("x.csv")),
    ("~/data/x.csv", Path, Path.home() / "data/x.csv"),
    ("~other/x.csv", Path, Path("~other/x.csv")),
    ("3", Static[int], 3),
    ("3", Any, 3),
    ("[1, null]", Any, [1, None]),
    ("logistic", Any, "logistic"),
]


@pytest.mark.parametrize(("text", "annotation", "expected"), WRITTEN, ids=range(len(WRITTEN)))
def test_a_text_is_read_as_its_declared_type(text, annotation, expected):
    value = coerce_text(text, annotation, where=WHERE)
    assert value == expected
    assert type(value) is type(expected)
    again = coerce(value, annotation, where=WHERE)
    assert again == expected
    assert type(again) is type(expected)


STRINGS = "list[str], for example logistic,forest"
REASONS = [
    ("maybe", bool, "it is neither yes nor no", "a bool, for example yes"),
    ("3.0", int, "it is not a whole number", "a whole number, for example 3"),
    ("٣", int, "it is not a whole number", "a whole number, for example 3"),
    ("9" * 5000, int, "it has more than 4300 digits", "a whole number, for example 3"),
    ("abc", float, "it is not a number", "a number, for example 0.5"),
    ("1e400", float, "a float holds no more than 1.8e308; for infinity write inf", "a number, for example 0.5"),
    ("-1e400", float, "a float holds no more than 1.8e308; for infinity write inf", "a number, for example 0.5"),
    ("2013-02-30", dt.date, "day is out of range for month", "a date, for example 2013-04-01"),
    ("tomorrow", dt.date, "it is not written as YYYY-MM-DD", "a date, for example 2013-04-01"),
    (
        "long",
        dt.timedelta,
        "it is written neither as PT1H30M nor as 1:30:00 or 1h30m",
        "a duration, for example PT1H30M",
    ),
    ("999999999999w", dt.timedelta, "it is longer than a duration can be", "a duration, for example PT1H30M"),
    ("1e999999999", Fraction, "it is written neither as 1/3 nor as 0.25", "a fraction, for example 1/3"),
    ("1/0", Fraction, "its denominator is zero", "a fraction, for example 1/3"),
    ("x", UUID, "it has not the form of a UUID", "a UUID, for example 12345678-1234-5678-1234-567812345678"),
    ("", Path, "a path is a text, and not an empty one", "a path, for example data/flights.csv"),
    ("UAA", Carrier, "it is none of them (did you mean 'UA'?)", "one of UA, DL, or by name UNITED, DELTA"),
    ("c", Literal["a", "b"], "it is none of them", "one of a, b"),
    ('"a,b', list[str], "it is no JSON: Unterminated string starting at, character 1", STRINGS),
    ("[1] 2", list[int], "it is no JSON: more follows at character 4", "list[int], for example 3,5"),
    ("[1,2", list[int], "it is no JSON: Expecting ',' delimiter, character 5", "list[int], for example 3,5"),
    ('{"a": 1}', list[int], "it is not a whole number", "a whole number, for example 3"),
    ("1,2,3", tuple[int, int], "it has 3 elements, not 2", "tuple[int, int], for example 3,5"),
    ("1,1", set[int], "'1' stands in it twice", "set[int], for example 3,5"),
    ("a", dict[str, int], "'a' is no `name=value`", "dict[str, int], for example logistic=3"),
    ("a=1,a=2", dict[str, int], "'a' is given twice", "dict[str, int], for example logistic=3"),
    ('{"a":1,"a":2}', dict[str, int], "'a' is given twice", "dict[str, int], for example logistic=3"),
    (
        "dys=3",
        Window,
        "it has no field 'dys' (did you mean 'days'?)",
        "Window, for example days=3,carrier=DL",
    ),
    ("days=x", Window, "it is not a whole number", "a whole number, for example 3"),
    ('[{"days": "3"}]', list[Window], "a str is not an int", "a whole number, for example 3"),
    ('["0.5"]', list[float], "a str is not a float", "a number, for example 0.5"),
    ("x", int | None, "it is not a whole number", "int | None (None is written none), for example 3"),
    ("x", int | float, "it fits none of them", "int | float, for example 3"),
    (
        "x",
        pl.DataFrame,
        "a value of this type cannot be written as text; give it from Python",
        "polars.DataFrame",
    ),
    (
        "x",
        NDArray[np.float64],
        "a value of this type cannot be written as text; give it from Python",
        "NDArray[numpy.float64]",
    ),
    ("\udcff", str, "it holds bytes that are no UTF-8", "a text, for example logistic"),
    ("[" * 100_000, list[Any], "it is nested too deeply", "list[Any]"),
    ("[" + "9" * 5000 + "]", list[int], "it has too many digits", "list[int], for example 3,5"),
    ("[0.1]", list[Decimal], "a float is not exact; write the number as text", 'an exact number, for example "0.10"'),
]


@pytest.mark.parametrize(("text", "annotation", "why", "accepted"), REASONS, ids=range(len(REASONS)))
def test_a_text_that_cannot_be_read_is_refused_with_reason_and_example(text, annotation, why, accepted):
    with pytest.raises(ParameterError) as error:
        coerce_text(text, annotation, where=WHERE)
    assert str(error.value).startswith(WHERE)
    assert str(error.value).endswith(f": {why}. It takes {accepted}.")
    assert error.value.code == "definition.parameter-text"
    assert len(str(error.value)) < 400


def test_the_place_inside_a_text_is_named():
    with pytest.raises(ParameterError, match=r"'training', at windows\[1\]\.days, cannot be 'x'"):
        coerce_text('{"windows": [{"days": 1}, {"days": "x"}]}', Search, where=WHERE)


EXEMPLARY: list[Any] = [
    *(bool, int, float, complex, str, bytes, dt.date, dt.datetime, dt.time, dt.timedelta, Decimal, Fraction, UUID),
    *(Path, Carrier, Level, Window, Search, Split, Row, Name, Literal["a", 1], Literal[Carrier.DELTA], int | None),
    *(list[int], list[str], tuple[int, str], tuple[int], tuple[Path, ...], set[dt.date], frozenset[Carrier]),
    *(dict[str, int], dict[int, str], dict[dt.date, list[int]], abc.Mapping[str, Window], abc.Sequence[Window]),
    *(list[list[int]], list[dict[str, float]], list[Split], list[Window] | None, dict[str, dict[str, int]]),
    *(str | int, list[complex], list[tuple[int, str]], Static[list[dt.timedelta]], list[UUID | None]),
]  # fmt: skip


@pytest.mark.parametrize("annotation", EXEMPLARY, ids=str)
def test_every_example_in_a_message_is_accepted(annotation):
    text, data, literal = (example_of(annotation, mode) for mode in ("text", "json", "python"))
    assert text, f"no example for {annotation}: {takes(annotation, 'text')}"
    from_text = coerce_text(text, annotation, where=WHERE)
    names = {**globals(), "date": dt.date, "datetime": dt.datetime, "time": dt.time, "timedelta": dt.timedelta}
    from_python = coerce(eval(literal, names), annotation, where=WHERE)
    # an abstract sequence of a text is a tuple, as a default would be
    assert type(from_text) is (tuple if annotation == abc.Sequence[Window] else type(from_python))
    assert data
