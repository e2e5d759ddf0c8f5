"""Parameters from Python: what is brought to its type, what is refused, and what the refusal says."""
# ruff: noqa: DTZ001, FBT003 - moments without a zone and numpy's bools are what is tested

import collections
import collections.abc as abc
import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Protocol, TypedDict, TypeVar
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

from headrace.core.errors import ParameterError
from headrace.definition.annotations import Static
from headrace.definition.coercion import coerce, coerce_json, conforms

WHERE = "parameter 'p' of pipeline 'training'"
T = TypeVar("T")
Number = TypeVar("Number", int, float)
Days = NewType("Days", int)


class Carrier(Enum):
    UNITED = "UA"
    DELTA = "DL"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Word(StrEnum):
    A = "a"


class Access(Flag):
    READ = 1
    WRITE = 2


@dataclass(frozen=True)
class Window:
    days: int
    carrier: Carrier = Carrier.DELTA
    computed: int = field(init=False, default=0)


@dataclass(frozen=True)
class Holder(Generic[T]):
    item: T


@dataclass(frozen=True)
class Positive:
    value: int

    def __post_init__(self) -> None:
        if self.value <= 0:
            raise ValueError("value has to be positive")


class Split(NamedTuple):
    share: float
    seed: int = 7


class Row(TypedDict):
    x: int
    y: NotRequired[str]


class Fits(Protocol):
    def fit(self) -> int: ...


class Model:
    def fit(self) -> int:
        return 1


class Celsius(float): ...


def taken(value: object, annotation: Any) -> object:
    return coerce(value, annotation, where=WHERE)


def refused(value: object, annotation: Any) -> str:
    with pytest.raises(ParameterError) as error:
        taken(value, annotation)
    return str(error.value)


DAY = dt.date(2013, 4, 1)
MOMENT = dt.datetime(2013, 4, 1, 6, 30)

TAKEN = [
    (3, int, 3),
    (True, bool, True),
    (1, float, 1.0),
    (0.5, float, 0.5),
    (1, complex, 1 + 0j),
    ("a", str, "a"),
    (None, None, None),
    (b"a", bytes, b"a"),
    (bytearray(b"a"), bytes, b"a"),
    (np.int64(3), int, 3),
    (np.float32(0.5), float, 0.5),
    (np.float64(0.5), float, 0.5),
    (np.bool_(True), bool, True),
    (np.str_("a"), str, "a"),
    (Celsius(1.5), float, 1.5),
    (Celsius(1.5), Celsius, Celsius(1.5)),
    (Level.LOW, int, Level.LOW),
    (Word.A, str, Word.A),
    ("2013-04-01", dt.date, DAY),
    (DAY, dt.date, DAY),
    (dt.datetime(2013, 4, 1), dt.date, DAY),
    (pd.Timestamp("2013-04-01"), dt.date, DAY),
    (pd.Timestamp("2013-04-01T06:30"), dt.datetime, MOMENT),
    ("2013-04-01T06:30", dt.datetime, MOMENT),
    ("2013-04-01T06:30:00Z", dt.datetime, MOMENT.replace(tzinfo=dt.UTC)),
    ("06:30", dt.time, dt.time(6, 30)),
    ("PT1H30M", dt.timedelta, dt.timedelta(minutes=90)),
    ("2 days, 1:30:00", dt.timedelta, dt.timedelta(days=2, minutes=90)),
    ("-1 day, 23:59:59.5", dt.timedelta, dt.timedelta(seconds=-0.5)),
    ("-P1W", dt.timedelta, dt.timedelta(weeks=-1)),
    ("90min", dt.timedelta, dt.timedelta(minutes=90)),
    ("1h30m", dt.timedelta, dt.timedelta(minutes=90)),
    ("1d 2h 0.5s", dt.timedelta, dt.timedelta(days=1, hours=2, seconds=0.5)),
    (pd.Timedelta(hours=2), dt.timedelta, dt.timedelta(hours=2)),
    ("0.10", Decimal, Decimal("0.10")),
    (1, Decimal, Decimal(1)),
    ("1/3", Fraction, Fraction(1, 3)),
    (2, Fraction, Fraction(2)),
    ("12345678-1234-5678-1234-567812345678", UUID, UUID("12345678-1234-5678-1234-567812345678")),
    ("data/flights.csv", Path, Path("data/flights.csv")),
    (PurePosixPath("a"), Path, Path("a")),
    ("UA", Carrier, Carrier.UNITED),
    ("UNITED", Carrier, Carrier.UNITED),
    (Carrier.UNITED, Carrier, Carrier.UNITED),
    (2, Level, Level.HIGH),
    (3, Access, Access.READ | Access.WRITE),
    ("READ|WRITE", Access, Access.READ | Access.WRITE),
    ([1, 2], list[float], [1.0, 2.0]),
    ((1, 2), list[int], [1, 2]),
    (range(3), list[int], [0, 1, 2]),
    ([1, "a"], list, [1, "a"]),
    ((1, 2), abc.Sequence[float], (1.0, 2.0)),
    ([1, 2], abc.Sequence[float], [1.0, 2.0]),
    (collections.deque([1]), abc.Sequence[int], [1]),
    ([1], collections.deque[int], collections.deque([1])),
    ({1}, abc.Iterable[int], {1}),
    ([1, 2], tuple[int, ...], (1, 2)),
    ([1, "a"], tuple[int, str], (1, "a")),
    ([], tuple[()], ()),
    ([1], tuple, (1,)),
    ([1, 2], set[int], {1, 2}),
    ({1}, frozenset[float], frozenset({1.0})),
    (frozenset({1}), abc.Set[int], frozenset({1})),
    ({"a": 1}, dict[str, float], {"a": 1.0}),
    ({"UA": "2013-04-01"}, abc.Mapping[Carrier, dt.date], {Carrier.UNITED: DAY}),
    (collections.OrderedDict(a=1), dict[str, int], {"a": 1}),
    ({"days": 3}, Window, Window(3)),
    ({"days": 3, "carrier": "UA"}, Window, Window(3, Carrier.UNITED)),
    (Window(3), Window, Window(3)),
    ({"item": "2013-04-01"}, Holder[dt.date], Holder(DAY)),
    ({"share": 1}, Split, Split(1.0)),
    ([0.5, 3], Split, Split(0.5, 3)),
    (Split(0.5), Split, Split(0.5)),
    ({"x": 1}, Row, {"x": 1}),
    ({"x": 1, "y": "a"}, Row, {"x": 1, "y": "a"}),
    ("a", Literal["a", "b"], "a"),
    (1, Literal[True, 1], 1),
    ("UA", Literal[Carrier.UNITED], Carrier.UNITED),
    (None, int | None, None),
    (1, int | None, 1),
    (1, float | str, 1.0),
    (1, float | int, 1),
    (True, int | bool, True),
    ("2013-04-01", dt.date | str, "2013-04-01"),
    ("2013-04-01", dt.datetime | dt.date, DAY),
    ("2013-04-01T06:30", dt.date | dt.datetime, MOMENT),
    (MOMENT, dt.date | dt.datetime, MOMENT),
    ([1, 2.5], list[int] | list[float], [1.0, 2.5]),
    ([1, 2], list[int] | list[float], [1, 2]),
    ((1,), list[int] | tuple[int, ...], (1,)),
    ({"days": 1}, Split | Window, Window(1)),
    ("a", str | abc.Sequence[str], "a"),
    (["a"], str | abc.Sequence[str], ["a"]),
    (1, Annotated[float, "note"], 1.0),
    (1, Static[float], 1.0),
    (3, Days, 3),
    (1, T, 1),
    (1.5, Number, 1.5),
    ([{1}], Any, [{1}]),
    (object, object, object),
    (int, type[float], int),
    (bool, type, bool),
    (len, abc.Callable[..., int], len),
]


@pytest.mark.parametrize(("value", "annotation", "expected"), TAKEN, ids=range(len(TAKEN)))
def test_a_value_that_fits_arrives_as_its_declared_type(value, annotation, expected):
    arrived = taken(value, annotation)
    assert arrived == expected
    assert type(arrived) is type(expected)


@pytest.mark.parametrize(("value", "annotation", "expected"), TAKEN, ids=range(len(TAKEN)))
def test_coercing_twice_changes_nothing(value, annotation, expected):
    once = taken(value, annotation)
    twice = taken(once, annotation)
    assert twice == once
    assert type(twice) is type(once)


def test_values_without_a_text_of_their_own_pass_as_they_are():
    frame, array, model = pl.DataFrame({"a": [1]}), np.zeros(2), Model()
    assert taken(frame, pl.DataFrame) is frame
    assert taken(frame, pl.DataFrame | None) is frame
    assert taken(array, NDArray[np.float64]) is array
    assert taken(array, NDArray[np.floating]) is array
    assert taken(array, np.ndarray) is array
    assert taken(model, Model) is model
    assert taken(model, Fits) is model


LOSSY = [
    ("1", int),
    ("1", float),
    (True, int),
    (True, float),
    (1.0, int),
    (1, bool),
    ("true", bool),
    (2**53 + 1, float),
    (10**400, float),
    (10**5000, float),
    (1, str),
    (b"a", str),
    ("a", bytes),
    (0, None),
    (0.1, Decimal),
    (True, Decimal),
    (0.5, Fraction),
    (MOMENT, dt.date),
    (DAY, dt.datetime),
    (5, dt.timedelta),
    (pd.Timestamp("2013-04-01T00:00:00.000000001"), dt.datetime),
    (pd.Timedelta(1, "ns"), dt.timedelta),
    (pd.NaT, dt.datetime),
    (0, dt.date),
    (3, Path),
    ("", Path),
    (b"a", Path),
    ("\0", Path),
    (True, Level),
    (1.0, Level),
    (3, Level),
    (True, Literal[1]),
    (1, Literal[True]),
    ({1, 2}, list[int]),
    ("ab", list[str]),
    ("ab", abc.Sequence[str]),
    (b"ab", abc.Sequence[int]),
    ({"a": 1}, list[str]),
    ((each for each in "ab"), abc.Sequence[str]),
    ([1, 1], set[int]),
    ([1, True], set[Any]),
    ([[1]], set[Any]),
    ([1], tuple[int, int]),
    ([1, 2, 3], tuple[int, int]),
    ([1], tuple[()]),
    ({1: 1}, dict[str, int]),
    ({"UA": 1, "UNITED": 2}, dict[Carrier, int]),
    ([("a", 1)], dict[str, int]),
    ([1], Split),
    ([3], Window),
    ({"x": "1"}, Row),
    ({"y": "a"}, Row),
    ({"x": 1, "z": 2}, Row),
    (1, int.__class__),
    (str, type[float]),
    (3, abc.Callable[..., int]),
    (3, Fits),
    (3, pl.DataFrame),
    (np.zeros(2, "f4"), NDArray[np.float64]),
    (pl.Series([1]), abc.Sequence[int]),
    ("\udcff", str),
]


@pytest.mark.parametrize(("value", "annotation"), LOSSY, ids=range(len(LOSSY)))
def test_no_step_that_could_lose_something_is_taken_silently(value, annotation):
    assert refused(value, annotation).startswith(WHERE)


POSITIVE = "Positive, for example Positive(value=3)"
NO_LIST = "a text is not a list of texts; put it into brackets"
INT, WINDOW = "a whole number, for example 3", "Window, for example Window(days=3, carrier=Carrier.DELTA)"
REASONS = [
    ("2013-13-01", dt.date, "month must be in 1..12", "a date, for example date(2013, 4, 1)"),
    ("soon", dt.date, "it is not written as YYYY-MM-DD", "a date, for example date(2013, 4, 1)"),
    ("1", int, "a str is not an int", INT),
    (0.1, Decimal, "a float is not exact; write the number as text", "an exact number, for example Decimal('0.10')"),
    ("DETLA", Carrier, "it is none of them (did you mean 'DELTA'?)", "one of 'UA', 'DL', or by name UNITED, DELTA"),
    ("forrest", Literal["forest", "x"], "it is none of them (did you mean 'forest'?)", "one of 'forest', 'x'"),
    (
        "a",
        list[str],
        "a text is not a list of texts; put it into brackets",
        "list[str], for example ['logistic', 'forest']",
    ),
    ([1, "x"], list[int], "a str is not an int", INT),
    ({"dys": 3}, Window, "it has no field 'dys' (did you mean 'days'?)", WINDOW),
    ({}, Window, "its field 'days' is missing", WINDOW),
    (
        {"value": -1},
        Positive,
        "Positive refuses it: value has to be positive",
        "Positive, for example Positive(value=3)",
    ),
    ("x", int | None, "a str is not an int", "int | None, for example 3"),
    (b"x", int | str, "it fits none of them", "int | str, for example 3"),
    (3, pl.DataFrame, "it is of type int", "polars.DataFrame"),
    (pl.Series([1]), list[int], "Series is not a list; call its .to_list()", "list[int], for example [3, 5]"),
    (np.zeros(1), list[float], "ndarray is not a list; call its .tolist()", "list[float], for example [0.5, 0.9]"),
    ([1, 1], set[int], "1 stands in it twice", "set[int], for example {3, 5}"),
    ([1], tuple[int, str], "it has 1 element, not 2", "tuple[int, str], for example (3, 'forest')"),
    ({"x": 1}, dict[str, tuple[int]], "int is not a list", "tuple[int], for example (3,)"),
    (MOMENT, dt.date, "a date has no time of day; take .date() of it", "a date, for example date(2013, 4, 1)"),
    (10**400, float, "a float cannot hold it exactly", "a number, for example 0.5"),
    ([1], dict[str, Window], "list is not a dict", "dict[str, Window], for example {'logistic': " + WINDOW[20:] + "}"),
]


@pytest.mark.parametrize(("value", "annotation", "why", "takes"), REASONS, ids=range(len(REASONS)))
def test_a_refusal_says_why_and_what_would_be_taken(value, annotation, why, takes):
    message = refused(value, annotation)
    assert message.startswith(WHERE)
    assert message.endswith(f": {why}. It takes {takes}.")


def test_a_refusal_says_which_value_stands_where():
    assert f"{WHERE} cannot be '1': " in refused("1", int)
    assert f"{WHERE}, at [1], cannot be 'x': " in refused([1, "x"], list[int])
    assert f"{WHERE}, at ['a'][0].days, cannot be 'x': " in refused({"a": [{"days": "x"}]}, dict[str, list[Window]])


def test_a_refusal_carries_its_parts_and_a_stable_code():
    with pytest.raises(ParameterError) as error:
        taken([3, "x"], list[int])
    found = error.value
    assert (found.where, found.path, found.shown, found.code) == (WHERE, "[1]", "'x'", "definition.parameter-value")
    assert found.why == "a str is not an int"
    assert found.takes == "a whole number, for example 3"


def test_what_a_constructor_raised_is_kept_as_the_cause():
    with pytest.raises(ParameterError) as error:
        taken({"value": -1}, Positive)
    assert isinstance(error.value.__cause__, ValueError)


def test_containers_are_built_anew_so_that_later_changes_do_not_reach_the_run():
    given = [[1], [2]]
    arrived = taken(given, list[list[int]])
    given[0].append(3)
    assert arrived == [[1], [2]]


def test_keys_of_json_objects_are_read_as_text():
    given = {"1": [0.5], "2": []}
    assert coerce_json(given, dict[int, list[float]], where=WHERE) == {1: [0.5], 2: []}
    assert coerce_json({"2013-04-01": 1}, dict[dt.date, int], where=WHERE) == {DAY: 1}
    assert coerce_json({"1": 1}, dict[str, int], where=WHERE) == {"1": 1}
    with pytest.raises(ParameterError, match=r"at \['x'\]"):
        coerce_json({"x": 1}, dict[int, int], where=WHERE)
    with pytest.raises(ParameterError, match=r"at \['1'\], cannot be '2'"):
        coerce_json({"1": "2"}, dict[int, int], where=WHERE)


CONFORMING = [
    (1, float),
    (True, int),
    (MOMENT, dt.date),
    ([1, 2.5], abc.Sequence[float]),
    ((1, None), tuple[int, int | None]),
    ({"a": [DAY]}, dict[str, list[dt.date]]),
    ({"x": 1}, Row),
    (Window(3), Window),
    (Carrier.UNITED, Literal[Carrier.UNITED]),
    (Level.LOW, int),
    (None, str | None),
    (Model(), Fits),
    ([], list[int]),
    (print, Any),
]
NOT_CONFORMING = [
    ("2013-04-01", dt.date),
    ({"a": ["2013-04-01"]}, dict[str, list[dt.date]]),
    ((1, 2), list[int]),
    ([1, 2], tuple[int, ...]),
    ([1], set[int]),
    ({"days": 3}, Window),
    ([0.5, 3], Split),
    ("UA", Carrier),
    ("UA", Literal[Carrier.UNITED]),
    ("data", Path),
    ({"x": "1"}, Row),
    (1.0, int),
    ("ab", list[str]),
]


@pytest.mark.parametrize(("value", "annotation"), CONFORMING, ids=range(len(CONFORMING)))
def test_a_value_that_needs_no_conversion_conforms(value, annotation):
    assert conforms(value, annotation)


@pytest.mark.parametrize(("value", "annotation"), NOT_CONFORMING, ids=range(len(NOT_CONFORMING)))
def test_a_value_that_would_have_to_be_converted_does_not_conform(value, annotation):
    assert not conforms(value, annotation)
