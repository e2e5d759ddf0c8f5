"""Edges: which types fit which, the laws that hold for all of them, and the reasons given where they do not."""
# ruff: noqa: UP007, UP045, PYI061 - the older spellings are what is tested

import collections.abc as abc
import typing
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, Protocol, TypedDict, TypeVar, Union

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from headrace.definition.annotations import Static
from headrace.definition.compatibility import explain_mismatch, is_assignable

T = TypeVar("T")
Number = TypeVar("Number", int, float)


class Model: ...


class LateModel(Model): ...


Fitted = TypeVar("Fitted", bound=Model)


class Split(NamedTuple):
    train: int
    test: str


@dataclass(frozen=True)
class Window:
    days: int


class Carrier(Enum):
    UNITED = "UA"
    DELTA = "DL"


class Predicts(Protocol):
    def predict(self, rows: Any) -> list[float]: ...


class NamedPredicts(Predicts, Protocol):
    @property
    def name(self) -> str: ...


class Forest:
    name = "forest"

    def predict(self, rows: Any) -> list[float]:
        return []


class Broken:
    def predict(self, rows: Any) -> str:
        return ""


class Registered: ...


abc.Sequence.register(Registered)


class Row(TypedDict):
    x: int


class WideRow(Row):
    y: str


class Tree(TypedDict):
    children: "list[Tree]"


class OtherTree(TypedDict):
    children: "list[OtherTree]"


class Link(Protocol):
    def following(self) -> "Link": ...


class OtherLink(Protocol):
    def following(self) -> "OtherLink": ...


class Chain:
    def following(self) -> "Chain":
        return self


FITTING = [
    (Any, int),
    (int, Any),
    (list[Any], list[int]),
    (list, list[int]),
    (list[int], list),
    (tuple, tuple[int, str]),
    (bool, int),
    (int, float),
    (float, complex),
    (np.float64, float),
    (LateModel, Model),
    (datetime, date),
    (int, Optional[int]),
    (None, Optional[int]),
    (Union[int, str], Union[str, int, None]),
    (int | str, object),
    (list[int], abc.Sequence[float]),
    (list[int], abc.Sequence[float | None]),
    (dict[str, int], abc.Mapping[str, float]),
    (tuple[int, str], abc.Sequence[int | str]),
    (tuple[int, int], tuple[float, ...]),
    (Split, tuple[int, str]),
    (Split, abc.Sequence[object]),
    (abc.Callable[[float], int], abc.Callable[[int], float]),
    (abc.Callable[..., int], abc.Callable[[int], int]),
    (type[LateModel], abc.Callable[[], Model]),
    (type[LateModel], type[Model]),
    (Literal["a"], Literal["a", "b"]),
    (Literal["a", 1], str | int),
    (Literal[None], int | None),
    (bool, Literal[True, False]),
    (Carrier, Literal[Carrier.UNITED, Carrier.DELTA]),
    (Annotated[int, "note"], int),
    (list[Annotated[int, "note"]], list[int]),
    (Static[int], float),
    (int, T),
    (T, int),
    (LateModel, Fitted),
    (Fitted, LateModel),
    (int, Number),
    (Number, int),
    (Forest, Predicts),
    (Forest, NamedPredicts),
    (NamedPredicts, Predicts),
    (WideRow, Row),
    (Row, abc.Mapping[str, object]),
    (Tree, OtherTree),
    (Link, OtherLink),
    (Chain, Link),
    (type[Carrier], abc.Iterable),
    (type[Model], abc.Hashable),
    (NDArray[np.float64], NDArray[np.float64]),
    (NDArray[np.float64], NDArray[np.floating]),
    (NDArray[np.float64], np.ndarray),
    (np.ndarray, NDArray[np.float64]),
    (Registered, abc.Sequence),
    (Registered, abc.Sequence[int]),
    (typing.ForwardRef("Later"), int),
    (int, typing.SupportsFloat),
    (typing.NoReturn, int),
    (Window, abc.Hashable),
    (pl.DataFrame, pl.DataFrame),
    (pl.DataFrame | None, pl.DataFrame | None),
    (range, abc.Sequence[int]),
]

REASONS = [
    (float, int, "float is not int"),
    (str, int, "str is not int"),
    (Model, LateModel, "Model is not LateModel"),
    (date, datetime, "date is not datetime"),
    (int, bool, "int is not bool"),
    (pl.DataFrame, pl.Series, "polars.DataFrame is not polars.Series"),
    (Optional[Model], Model, "it may be None, which Model does not take"),
    (int | str, int, "str is not int"),
    (float, int | None, "float is not int"),
    (float, int | str, "float is none of int | str"),
    (list[str], abc.Sequence[int], "str is not int"),
    (dict[str, list[str]], abc.Mapping[str, list[int]], "str is not int"),
    (
        list[int],
        list[float],
        "list[int] is not list[float], because a list may be changed; declare the input as Sequence[float]",
    ),
    (
        dict[str, int],
        dict[str, float],
        (
            "dict[str, int] is not dict[str, float], because a dict may be changed; "
            "declare the input as Mapping[str, float]"
        ),
    ),
    (tuple[int, str], tuple[int, int], "element 1: str is not int"),
    (tuple[int, str], tuple[int], "tuple[int, str] has 2 elements, tuple[int] has 1"),
    (tuple[int, ...], tuple[int, int], "tuple[int, ...] may have any length, tuple[int, int] has one"),
    (tuple[int, str], Split, "tuple[int, str] is not Split"),
    (abc.Callable[[int], int], abc.Callable[[str], int], "argument 0: str is not int"),
    (abc.Callable[[], int], abc.Callable[[], str], "what it returns: int is not str"),
    (abc.Callable[[int], int], abc.Callable[[], int], "it takes 1 arguments, and it will be called with 0"),
    (int, abc.Callable[..., int], "int cannot be called"),
    (Literal["c"], Literal["a", "b"], "'c' is none of Literal['a', 'b']"),
    (Literal[1], Literal[True], "1 is none of Literal[True]"),
    (str, Literal["a"], "str may be something else than Literal['a']"),
    (Window, Predicts, "Window has no 'predict', which Predicts asks for"),
    (
        Broken,
        Predicts,
        "'predict' of Broken is not what Predicts asks for: str is not list[float]",
    ),
    (Row, WideRow, "Row has no key 'y'"),
    (dict[str, int], Row, "dict[str, int] is not Row: its keys are not known"),
    (NDArray[np.float64], NDArray[np.int64], "numpy.float64 is not numpy.int64"),
    (type[Model], type[LateModel], "Model is not LateModel"),
    (type[Model], abc.Iterable, "type is not Iterable"),
    (type[Model], int, "type is not int"),
    (list[int], abc.Hashable, "list[int] is not Hashable"),
    (str, Fitted, "str is not Model"),
    (int, typing.Never, "int is not Never"),
]


@pytest.mark.parametrize(("source", "target"), FITTING)
def test_a_fitting_edge_is_accepted(source, target):
    assert explain_mismatch(source, target) == ""
    assert is_assignable(source, target)


@pytest.mark.parametrize(("source", "target", "reason"), REASONS)
def test_an_edge_that_does_not_fit_is_refused_with_the_innermost_reason(source, target, reason):
    assert explain_mismatch(source, target) == reason
    assert not is_assignable(source, target)


def test_two_classes_of_the_same_name_are_told_apart_by_their_modules():
    mine = type("DataFrame", (), {"__module__": "flights.frames"})
    theirs = type("DataFrame", (), {"__module__": "hotels.frames"})
    assert explain_mismatch(mine, theirs) == "flights.frames.DataFrame is not hotels.frames.DataFrame"


def test_a_class_whose_metaclass_refuses_the_question_is_compared_by_its_ancestors():
    class Refusing(type):
        def __subclasscheck__(cls, other):
            raise TypeError("no")

    class Strange(metaclass=Refusing): ...

    class Stranger(Strange): ...

    assert is_assignable(Stranger, Strange)
    assert not is_assignable(Model, Strange)


LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
"""A busy machine breaks no law."""

CLASSES = st.sampled_from(
    [bool, int, float, complex, str, bytes, date, datetime, Model, LateModel, Carrier, type(None)]
)
LITERALS = st.sampled_from([Literal[1], Literal[True], Literal["a"], Literal["a", 1], Literal[Carrier.UNITED]])
TYPES = st.recursive(
    CLASSES | LITERALS | st.just(Split) | st.just(Row) | st.just(WideRow),
    lambda inner: st.one_of(
        inner.map(lambda each: list[each]),
        inner.map(lambda each: set[each]),
        inner.map(lambda each: abc.Sequence[each]),
        inner.map(lambda each: abc.Iterable[each]),
        inner.map(lambda each: tuple[each, ...]),
        inner.map(lambda each: type[each] if isinstance(each, type) else list[each]),
        inner.map(lambda each: dict[str, each]),
        inner.map(lambda each: abc.Mapping[str, each]),
        inner.map(lambda each: Optional[each]),
        st.tuples(inner, inner).map(lambda pair: tuple[pair]),
        st.tuples(inner, inner).map(lambda pair: Union[pair]),
        st.tuples(inner, inner).map(lambda pair: abc.Callable[[pair[0]], pair[1]]),
    ),
    max_leaves=4,
)


def widened(source: Any) -> st.SearchStrategy[Any]:
    """Types of which many take `source`, so that chains of fitting types are found often."""
    steps = [st.just(object), st.just(Optional[source]), TYPES.map(lambda other: Union[source, other])]
    origin, arguments = typing.get_origin(source), typing.get_args(source)
    if source in (bool, int, LateModel, datetime):
        steps.append(st.just({bool: int, int: float, LateModel: Model, datetime: date}[source]))
    if origin is list:
        steps.append(st.just(abc.Sequence[arguments[0]]))
    if origin in (abc.Sequence, abc.Iterable):
        steps.append(st.deferred(lambda: widened(arguments[0])).map(lambda wider: origin[wider]))
    if origin is tuple and arguments and arguments[-1] is not Ellipsis:
        steps.append(st.just(tuple[arguments, ...]))
    return st.one_of(steps)


@LAW
@given(TYPES)
def test_every_type_fits_itself_object_and_any(source):
    assert explain_mismatch(source, source) == ""
    assert is_assignable(source, object)
    assert is_assignable(source, Any)
    assert is_assignable(Any, source)


@LAW
@given(TYPES.flatmap(lambda a: st.tuples(st.just(a), widened(a))))
def test_a_wider_type_takes_the_narrower_one(pair):
    assert explain_mismatch(*pair) == ""


@LAW
@given(TYPES.flatmap(lambda a: widened(a).flatmap(lambda b: st.tuples(st.just(a), st.just(b), widened(b) | TYPES))))
def test_fitting_is_transitive(chain):
    first, second, third = chain
    assume(is_assignable(second, third))
    assert explain_mismatch(first, third) == ""


@LAW
@given(TYPES, TYPES, TYPES)
def test_a_union_fits_exactly_where_all_its_members_fit(left, right, target):
    fits = is_assignable(left, target) and is_assignable(right, target)
    assert is_assignable(Union[left, right], target) == fits


@LAW
@given(TYPES, TYPES)
def test_invariant_containers_fit_only_equivalent_ones(left, right):
    equivalent = is_assignable(left, right) and is_assignable(right, left)
    assert is_assignable(list[left], list[right]) == equivalent
    assert is_assignable(abc.Sequence[left], abc.Sequence[right]) == is_assignable(left, right)


class Box(Generic[T]): ...


def test_a_generic_class_of_the_user_is_invariant_unless_it_says_otherwise():
    assert is_assignable(Box[int], Box[int])
    assert not is_assignable(Box[int], Box[float])
    assert explain_mismatch(Box[int], Box[float]) == (
        "Box[int] is not Box[float], because the types in brackets have to be exactly the same"
    )
