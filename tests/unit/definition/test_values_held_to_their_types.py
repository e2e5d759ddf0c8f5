"""What a value of a run is compared with its annotation: leniently where libraries are loose, strictly where users slip."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Protocol, TypedDict, TypeVar

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import ArrayLike, NDArray

from headrace.definition.holding import difference

T = TypeVar("T")
Euro = NewType("Euro", float)


class Colour(Enum):
    RED = 1


class Row(TypedDict):
    day: dt.date


class Split(NamedTuple):
    train: pl.DataFrame
    size: int


@dataclass
class Loose:
    depth: int = None  # type: ignore[assignment]


@dataclass
class Box(Generic[T]):
    inside: T


class Sized(Protocol):
    def size(self) -> int: ...


class Frame(pd.DataFrame, Generic[T]):
    """As a library of schemas declares frames: the annotation is narrower than what is handed on."""


FRAME = pl.DataFrame({"x": [1]})

HOLDS = [
    (1, int),
    (1, float),
    (True, int),
    (np.int64(1), int),
    (np.int64(1), float),
    (np.float32(0.5), float),
    (np.bool_(1), bool),
    ({"a": np.float32(0.5)}, dict[str, float]),
    ([np.int64(1)], Sequence[int]),
    (np.datetime64("2013-04-01"), dt.date),
    (pd.Timestamp("2013-04-01"), dt.datetime),
    (None, None),
    (None, int | None),
    ("x", Any),
    ("x", object),
    (1.5, Euro),
    (3, Annotated[int, "days"]),
    ("a", Literal["a", "b"]),
    (Colour.RED, Colour),
    ({"day": dt.date(2013, 4, 1)}, Row),
    (Split(FRAME, 1), Split),
    (Loose(), Loose),
    ([Loose(depth="deep")], list[Loose]),
    (Box(1), Box[int]),
    (np.zeros(2, np.float32), NDArray[np.float64]),
    (pd.DataFrame({"x": [1]}), Frame[int]),
    (np.zeros(2), Sized),
    (len, Callable[..., int]),
    (Path("a"), Path),
    ((1, "a"), tuple[int, str]),
    ((1, 2, 3), tuple[int, ...]),
    ([1, 2], Iterable[int]),
    ([*range(1000), "far"], list[object]),
    (np.zeros(2), ArrayLike),
    ([1.0], ArrayLike),
    (pd.Series([1, 2]), Iterable[int]),
    (np.zeros(2), Iterable[float]),
]


@pytest.mark.parametrize(("value", "annotation"), HOLDS, ids=range(len(HOLDS)))
def test_what_the_annotation_allows_holds_to_it(value: object, annotation: Any):
    assert difference(value, annotation) == ""


DIFFERS = [
    ("three", int, "is declared int, but is 'three' (str)"),
    (None, float, "is declared float, but is None (NoneType)"),
    (1.5, int, "is declared int, but is 1.5 (float)"),
    (np.float64(1.5), int, "(float64)"),
    (5, None, "is declared None, but is 5 (int)"),
    ("data.csv", Path, "is declared Path, but is 'data.csv' (str)"),
    ([1, 2], tuple[int, ...], "is declared tuple[int, ...], but is [1, 2] (list)"),
    ((1, 2, 3), tuple[int, int], "it has 3 elements, not 2"),
    ([1, "two"], list[int], "is declared list[int], but at [1] is 'two' (str), not int"),
    ({"a": None}, Mapping[str, float], "at ['a'] is None (NoneType), not float"),
    ("c", Literal["a", "b"], "is declared Literal['a', 'b'], but is 'c' (str)"),
    ("RED", Colour, "is declared Colour, but is 'RED' (str)"),
    (pd.DataFrame({"x": [1]}), pl.DataFrame, "is declared polars.DataFrame, but is"),
    ([1.0], NDArray[np.float64], "but is [1.0] (list)"),
    ((FRAME, 1), Split, "is declared Split, but is"),
    (Split(FRAME, "one"), Split, "is declared Split, but at size is 'one' (str), not int"),  # type: ignore[arg-type]
    (Box("one"), Box[int], "at inside is 'one' (str), not int"),
    ({"dya": 1}, Row, "it has no field 'dya' (did you mean 'day'?)"),
    (3, Sized, "is declared Sized, but is 3 (int)"),
    (3, Callable[..., int], "but is 3 (int)"),
]


@pytest.mark.parametrize(("value", "annotation", "words"), DIFFERS, ids=range(len(DIFFERS)))
def test_what_differs_is_said_with_its_place_and_value(value: object, annotation: Any, words: str):
    assert words in difference(value, annotation)


def test_of_a_long_list_only_the_beginning_is_looked_at():
    assert "at [999] is" in difference([*[Colour.RED] * 999, "soon"], list[Colour])
    assert difference([*[Colour.RED] * 1000, "late"], list[Colour]) == ""
    assert difference([[*[Colour.RED] * 10, "late"]], list[list[Colour]]) == ""


def test_a_class_that_was_defined_anew_under_its_name_is_the_same_class():
    def defined() -> type:
        class Model:
            pass

        return Model

    assert difference(defined()(), defined()) == ""


def test_an_annotation_that_cannot_be_read_promises_nothing():
    @dataclass
    class Torn:
        depth: "Missing"  # type: ignore[name-defined]  # noqa: F821

    assert difference(Torn(depth=1), Torn) == ""
