"""Annotations: read from text and objects, described for people, taken apart into parts and elements."""
# ruff: noqa: UP006, UP045, PYI061 - the older spellings are what is tested

import collections.abc as abc
import sys
import typing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Callable, Generic, Literal, NamedTuple, NewType, Optional, TypeVar  # noqa: UP035

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

from headrace.core.errors import DefinitionError
from headrace.definition import annotations as subject
from headrace.definition.annotations import Static, describe, element_type, field_type, fields_of, hints_of

if typing.TYPE_CHECKING:
    from fractions import Fraction

T = TypeVar("T")
UserId = NewType("UserId", int)


class Carrier(Enum):
    UNITED = "UA"


class Split(NamedTuple):
    train: pl.DataFrame
    test: "pl.DataFrame"


@dataclass
class Pair(Generic[T]):
    left: T
    rest: "list[T]"
    size: int = field(init=False)


class Tree(NamedTuple):
    children: "list[Tree]"


def test_types_given_as_objects_as_text_and_not_at_all_are_read():
    def f(a: int, b: "Split | None", c, *rest: "list[Carrier]", d: Annotated[str, "a note"] = "", **more) -> None: ...

    assert hints_of(f) == {
        "a": int,
        "b": Optional[Split],
        "c": Any,
        "rest": list[Carrier],
        "d": Annotated[str, "a note"],
        "more": Any,
        "return": type(None),
    }


def test_a_function_without_output_annotation_gives_any():
    assert hints_of(lambda a: a) == {"a": Any, "return": Any}


def test_names_of_an_enclosing_function_are_found_where_they_can_be():
    class Local: ...

    def uses() -> "Local":
        return Local()

    def does_not(x: "Local") -> None: ...

    assert hints_of(uses)["return"] is Local
    assert hints_of(does_not, names={"Local": Local})["x"] is Local


def test_a_name_for_type_checkers_only_is_named_with_its_input_and_the_remedy():
    def f(x: "list[Fraction]") -> None: ...

    with pytest.raises(DefinitionError) as error:
        hints_of(f)
    assert str(error.value) == (
        "annotation 'Fraction' of input 'x' of step 'f' does not exist at run time. Edges are checked with "
        "annotations, so import or define 'Fraction' at the top level of module 'test_annotations', not under "
        "`if TYPE_CHECKING:` and not inside a function."
    ).replace("'test_annotations'", repr(__name__))
    assert error.value.code == "definition.annotation-missing"


def test_a_misspelt_name_in_the_output_of_a_pipeline_is_shown_with_its_near_match():
    def f() -> "Splitt": ...  # noqa: F821

    with pytest.raises(DefinitionError, match=r"'Splitt' of the output of pipeline 'f' .*did you mean 'Split'\?"):
        hints_of(f, kind="pipeline")


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ("list[", "list["),
        ("pl.Dataframe", "has no attribute 'Dataframe'"),
        ("int[str]", "not subscriptable"),
        ("1/0", "zero"),
    ],
)
def test_an_annotation_that_is_no_type_is_shown_with_the_reason(annotation, reason):
    def f(x): ...

    f.__annotations__ = {"x": annotation}
    with pytest.raises(DefinitionError) as error:
        hints_of(f)
    assert reason in str(error.value)
    assert f"annotation {annotation!r} of input 'x' of step 'f'" in str(error.value)


def test_arguments_that_only_a_type_checker_s_stubs_know_are_left_out():
    def fit(rows: "pd.Series[float]", more: "list[pd.Series[int]] | None" = None) -> "pd.Series[float]": ...

    hints = hints_of(fit)
    assert hints == {"rows": pd.Series, "more": list[pd.Series] | None, "return": pd.Series}

    def pair(rows: "Pair[pd.Series[float]]") -> "NDArray[np.float64] | pd.Series[int]": ...

    assert hints_of(pair) == {"rows": Pair[pd.Series], "return": NDArray[np.float64] | pd.Series}
    with pytest.raises(DefinitionError, match="not subscriptable"):
        hints_of(misread)


def misread(x: "int[str]") -> int: ...


def test_a_field_whose_type_does_not_exist_is_named_with_its_class():
    class Model(NamedTuple):
        weight: int
        part: "Fraction"

    with pytest.raises(DefinitionError, match="annotation 'Fraction' of field 'part' of class 'Model'"):
        field_type(Model, "part")


def test_no_annotation_error_can_be_swallowed_by_hasattr():
    assert not issubclass(DefinitionError, AttributeError | TypeError | ValueError | NameError)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (None, "None"),
        (type(None), "None"),
        (Any, "Any"),
        (list[float], "list[float]"),
        (typing.List[int], "list[int]"),
        (pl.DataFrame, "polars.DataFrame"),
        (np.float64, "numpy.float64"),
        (NDArray[np.float64], "NDArray[numpy.float64]"),
        (Optional[Split], "Split | None"),
        (None | int, "int | None"),
        (int | str, "int | str"),
        (dict[str, Split | None], "dict[str, Split | None]"),
        (tuple[int, ...], "tuple[int, ...]"),
        (tuple[()], "tuple[()]"),
        (tuple, "tuple"),
        (abc.Sequence[str], "Sequence[str]"),
        (typing.Sequence[str], "Sequence[str]"),
        (abc.Callable[[int, Split], str], "Callable[[int, Split], str]"),
        (Callable[..., int], "Callable[..., int]"),
        (type[Split], "type[Split]"),
        (Literal["a", 1, None, Carrier.UNITED], "Literal['a', 1, None, Carrier.UNITED]"),
        (Annotated[int, "note"], "int"),
        (Static[int], "int"),
        (UserId, "UserId"),
        (T, "T"),
        (Pair[int], "Pair[int]"),
        (date, "date"),
        (Decimal, "Decimal"),
        (typing.ForwardRef("Later"), "Later"),
        (list["Later"], "list[Later]"),  # noqa: F821
        (typing.NoReturn, "NoReturn"),
    ],
)
def test_a_type_is_described_shortly(annotation, text):
    assert describe(annotation) == text


def test_a_library_class_is_described_by_its_shortest_public_name():
    forest = pytest.importorskip("sklearn.ensemble").RandomForestClassifier
    assert describe(forest) == "sklearn.ensemble.RandomForestClassifier"


@pytest.mark.parametrize(
    ("annotation", "parts"),
    [
        (Split, {"train": pl.DataFrame, "test": pl.DataFrame}),
        (Pair[int], {"left": int, "rest": list[int]}),
        (Pair, {"left": Any, "rest": list[Any]}),
        (tuple[int, str], {"0": int, "1": str}),
        (Annotated[Split, "note"], {"train": pl.DataFrame, "test": pl.DataFrame}),
        (NewType("Halves", Split), {"train": pl.DataFrame, "test": pl.DataFrame}),
        (Tree, {"children": list[Tree]}),
        (tuple[int, ...], {}),
        (tuple, {}),
        (tuple[()], {}),
        (list[int], {}),
        (int, {}),
        (Optional[Split], {}),
        (dict[str, int], {}),
        (Any, {}),
        (None, {}),
    ],
)
def test_named_parts_are_known_with_their_types(annotation, parts):
    assert {name: field_type(annotation, name) for name in fields_of(annotation)} == parts


@pytest.mark.parametrize("annotation", [Split, tuple[int, str], int])
def test_a_part_that_is_not_there_raises_key_error(annotation):
    with pytest.raises(KeyError):
        field_type(annotation, "nothing")


class Rows(list[date]): ...


class Names(abc.Sequence[T]): ...


class Registered: ...


abc.Sequence.register(Registered)


@pytest.mark.parametrize(
    ("annotation", "element"),
    [
        (list[int], int),
        (abc.Sequence[float], float),
        (typing.Iterable[float], float),
        (abc.Collection[str], str),
        (tuple[int, ...], int),
        (tuple[int, str], int | str),
        (set[str], str),
        (frozenset[str], str),
        (range, int),
        (list, Any),
        (tuple, Any),
        (Any, Any),
        (Rows, date),
        (Names[int], int),
        (Names, Any),
        (Registered, Any),
        (list[int] | tuple[str, ...], int | str),
        (Annotated[list[int], "note"], int),
        (dict[str, int].keys.__class__, None),
        (abc.KeysView[str], str),
        (abc.ItemsView, Any),
        (dict[str, int], None),
        (abc.Mapping[str, int], None),
        (str, None),
        (bytes, None),
        (int, None),
        (pl.DataFrame, None),
        (pl.Series, None),
        (np.ndarray, None),
        (list[int] | None, None),
        (None, None),
    ],
)
def test_elements_are_known_where_each_can_take_them(annotation, element):
    assert element_type(annotation) == element


def test_an_output_of_none_or_never_is_nothing():
    assert [subject.returns_nothing(a) for a in (None, type(None), typing.NoReturn, typing.Never)] == [True] * 4
    assert not any(subject.returns_nothing(a) for a in (int, Any, int | None, list[None]))


def test_static_is_seen_everywhere_it_may_stand_and_can_be_taken_off():
    marked = [Static[int], Static[int] | None, Annotated[Static[int], "folds"], Optional[Static["Split"]]]
    assert [subject.is_static(a) for a in marked] == [True] * 4
    assert not any(subject.is_static(a) for a in (int, Annotated[int, "note"], int | None, Any))
    assert subject.strip_static(Static[int]) is int
    assert subject.strip_static(Static[int] | None) == (int | None)
    assert subject.strip_static(Annotated[Static[int], "folds"]) == Annotated[int, "folds"]
    assert subject.strip_static(list[int]) == list[int]


def test_static_survives_annotations_written_as_text():
    def f(folds: "Static[int]" = 5): ...

    assert subject.is_static(hints_of(f)["folds"])


NEW_SYNTAX = """
from dataclasses import dataclass
from typing import NamedTuple

type Json = None | int | str | list[Json]
type Twice[T] = tuple[T, T]
type Folds = Static[int]

@dataclass
class Held[T]:
    item: T
    rest: "list[T]"

class Named[T](NamedTuple):
    first: T

def f[T](x: "T", y: Twice[int]) -> "Held[T]": ...
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="`type X = …` and `class X[T]` are syntax of Python 3.12")
def test_type_aliases_and_type_parameters_of_python_3_12_are_read():
    names: dict[str, Any] = {"Static": Static, "__name__": __name__}
    exec(NEW_SYNTAX, names)
    hints = hints_of(names["f"])
    assert describe(hints["return"]) == "Held[T]"
    assert fields_of(hints["y"]) == ("0", "1")
    assert field_type(names["Held"][int], "rest") == list[int]
    assert field_type(names["Named"][int], "first") is int
    assert element_type(names["Twice"][int]) is int
    assert subject.is_static(names["Folds"])
    assert subject.strip_static(names["Folds"]) is int


def test_type_aliases_are_followed():
    json = TypeAliasType("Json", int | list["Json"])  # noqa: F821
    twice = TypeAliasType("Twice", tuple[T, T], type_params=(T,))
    assert describe(json) == "Json"
    assert describe(twice[int]) == "Twice[int]"
    assert fields_of(twice[int]) == ("0", "1")
    assert field_type(twice[str], "1") is str
    assert element_type(TypeAliasType("Rows", list[int])) is int
    assert subject.returns_nothing(TypeAliasType("Nothing", None))
    assert subject.is_static(TypeAliasType("Folds", Static[int]))
    assert subject.strip_static(TypeAliasType("Folds", Static[int])) is int
