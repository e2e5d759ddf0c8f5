"""Laws of parameters over generated types and values, and hostile input: a ParameterError or a value, nothing else."""
# ruff: noqa: PT017, UP007, UP045 - unions are known at run time only, and what did not raise is fine

import collections.abc as abc
import datetime as dt
import json
import sys
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple, Optional, Protocol, TypedDict, Union
from uuid import UUID

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.core.canonical import canonical
from headrace.core.errors import ParameterError
from headrace.definition.coercion import coerce, coerce_json, coerce_text, conforms
from headrace.definition.compatibility import is_assignable

WHERE = "parameter 'p' of pipeline 'training'"


class Carrier(Enum):
    UNITED = "UA"
    DELTA = "DL"


@dataclass(frozen=True)
class Window:
    days: int
    carrier: Carrier = Carrier.DELTA


@dataclass(frozen=True)
class Tree:
    name: str
    children: "tuple[Tree, ...]" = ()


class Split(NamedTuple):
    share: float
    seed: int


class Row(TypedDict):
    x: int
    y: str


class Fits(Protocol):
    def fit(self) -> int: ...


LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine breaks no law."""

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
MOMENTS = st.datetimes(timezones=st.none() | st.just(dt.UTC))
VALUES_OF: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(),
    str: TEXT,
    bytes: st.binary(max_size=5),
    dt.date: st.dates(),
    dt.datetime: MOMENTS,
    dt.time: st.times(),
    dt.timedelta: st.timedeltas(),
    Decimal: st.decimals(allow_nan=False),
    Fraction: st.fractions(),
    UUID: st.uuids(),
    Path: TEXT.filter(lambda text: "\0" not in text and text not in ("", ".")).map(Path),
    Carrier: st.sampled_from(Carrier),
    Window: st.builds(Window, st.integers(), st.sampled_from(Carrier)),
    Split: st.builds(Split, st.floats(allow_nan=False), st.integers()),
    Tree: st.builds(Tree, TEXT, st.just((Tree("leaf"),))),
    type(None): st.none(),
    Literal["a", 1, True]: st.sampled_from(["a", 1, True]),
}
HASHABLE = [bool, int, str, dt.date, Carrier, UUID]


def with_values(annotation: Any) -> st.SearchStrategy[tuple[Any, Any]]:
    return st.tuples(st.just(annotation), VALUES_OF[annotation])


def extended(inner: st.SearchStrategy[tuple[Any, Any]]) -> st.SearchStrategy[tuple[Any, Any]]:
    """Containers and unions around types with a value; containers hold copies of it."""
    keys = st.sampled_from(HASHABLE).flatmap(with_values)
    return st.one_of(
        st.tuples(inner, st.integers(0, 2)).map(lambda pair: (list[pair[0][0]], [pair[0][1]] * pair[1])),
        st.tuples(inner, st.integers(0, 2)).map(lambda pair: (tuple[pair[0][0], ...], (pair[0][1],) * pair[1])),
        inner.map(lambda pair: (abc.Sequence[pair[0]], [pair[1]])),
        inner.map(lambda pair: (abc.Sequence[pair[0]], (pair[1],))),
        keys.map(lambda pair: (set[pair[0]], {pair[1]})),
        keys.map(lambda pair: (frozenset[pair[0]], frozenset({pair[1]}))),
        st.tuples(keys, inner).map(lambda pair: (dict[pair[0][0], pair[1][0]], {pair[0][1]: pair[1][1]})),
        st.tuples(inner, inner).map(lambda pair: (tuple[pair[0][0], pair[1][0]], (pair[0][1], pair[1][1]))),
        inner.map(lambda pair: (Optional[pair[0]], pair[1])),
    )


TYPED_VALUES = st.recursive(st.sampled_from(list(VALUES_OF)).flatmap(with_values), extended, max_leaves=5)
UNIONS = st.tuples(TYPED_VALUES, TYPED_VALUES).map(lambda two: (Union[two[0][0], two[1][0]], two[0][1]))


@LAW
@given(TYPED_VALUES)
def test_a_value_of_the_declared_type_is_not_changed(pair):
    annotation, value = pair
    assert canonical(coerce(value, annotation, where=WHERE)) == canonical(value)


@LAW
@given(TYPED_VALUES | UNIONS)
def test_coercing_twice_is_coercing_once(pair):
    annotation, value = pair
    once = coerce(value, annotation, where=WHERE)
    assert canonical(coerce(once, annotation, where=WHERE)) == canonical(once)


def as_text(value: object) -> str:
    match value:
        case None:
            return "none"
        case Enum():
            return str(value.value)
        case dt.date() | dt.datetime() | dt.time():
            return value.isoformat()
        case _:
            return str(value)


ONE_WORD = st.sampled_from([kind for kind in VALUES_OF if kind not in (bytes, Window, Split, Tree)])


@LAW
@given(ONE_WORD.flatmap(with_values))
def test_a_scalar_written_as_text_is_read_back(pair):
    annotation, value = pair
    read = coerce_text(as_text(value), annotation, where=WHERE)
    assert canonical(read) == canonical(value) or as_text(read) == as_text(value)


@LAW
@given(st.lists(st.integers()), st.lists(TEXT), st.dictionaries(TEXT, st.floats(allow_nan=False)))
def test_json_and_comma_lists_are_read_back(numbers, words, shares):
    assert coerce_text(",".join(map(str, numbers)), list[int], where=WHERE) == numbers
    assert coerce_text(json.dumps(words), list[str], where=WHERE) == words
    assert coerce_text(",".join(json.dumps(word) for word in words), list[str], where=WHERE) == words
    assert coerce_text(json.dumps(shares), dict[str, float], where=WHERE) == shares


@LAW
@given(st.integers(), st.sampled_from(Carrier), TEXT)
def test_records_written_as_pairs_are_read_back(days, carrier, name):
    assert coerce_text(f"days={days},carrier={carrier.value}", Window, where=WHERE) == Window(days, carrier)
    written = json.dumps({"name": name, "children": [{"name": name}]})
    assert coerce_text(written, Tree, where=WHERE) == Tree(name, (Tree(name),))


@LAW
@given(TYPED_VALUES, TYPED_VALUES)
def test_an_edge_that_fits_carries_values_that_coercion_takes(source, target):
    if is_assignable(source[0], target[0]):
        try:
            coerce(source[1], target[0], where=WHERE)
        except ParameterError as error:
            assert error.why in STRICTER


STRICTER = {
    "a text is not a list of texts; put it into brackets",
    "a float cannot hold it exactly",
    "a date has no time of day; take .date() of it",
    "a bool is not an int",
    "a bool is not a float",
}
"""Where types say less than values: parameters are held to more than edges."""


@LAW
@given(TYPED_VALUES, TYPED_VALUES)
def test_a_value_conforms_to_its_own_type_and_to_every_type_that_an_edge_would_fit(source, target):
    assert conforms(source[1], source[0])
    if is_assignable(source[0], target[0]) and not isinstance(source[1], str | bytes):
        assert conforms(source[1], target[0])


def leaves(value: object) -> list[object]:
    """What is in a value, however deep; parameters are held to more than edges there, too."""
    if isinstance(value, dict):
        return [leaf for pair in value.items() for one in pair for leaf in leaves(one)]
    if isinstance(value, list | tuple | set | frozenset):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


@LAW
@given(st.deferred(lambda: ANYTHING), st.sampled_from([int, str, dt.date, list[int], dict[str, float], Window]))
def test_what_conforms_is_taken_as_it_is(value, annotation):
    if conforms(value, annotation) and not any(isinstance(one, bool | float | dt.datetime) for one in leaves(value)):
        assert coerce(value, annotation, where=WHERE) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ANYTHING = (
    JSON
    | MOMENTS
    | st.sampled_from([object(), print, int, np.zeros(3), np.float32(1), pl.DataFrame({"a": [1]}), 10**6000, Carrier])
    | st.binary()
    | st.decimals()
    | st.sets(st.integers())
)
ANNOTATIONS = [
    *VALUES_OF,
    *(list[int], tuple[int, str], set[str], dict[str, float], dict[int, Window], abc.Sequence[Tree], list[Any], Row),
    *(int | None, str | list[str], dt.date | str, Literal[Carrier.DELTA], type[int], abc.Callable[..., int], Any),
    *(Fits, pl.DataFrame, np.float64, np.ndarray, list[Split | Window], dict[str, "Later"], complex),  # noqa: F821
]


@LAW
@given(ANYTHING, st.sampled_from(ANNOTATIONS))
def test_any_value_from_python_ends_in_a_value_or_a_parameter_error(value, annotation):
    for way in (coerce, coerce_json):
        try:
            way(value, annotation, where=WHERE)
        except ParameterError as error:
            assert 30 < len(str(error)) < 900
            str(error).encode()


HOSTILE = st.one_of(
    st.text(),
    st.text(st.characters(categories=["Cs", "Nd", "Cc", "Po"])),
    st.text('[]{}",=:0123456789.eE+-naPTDHMSWy/| \\u', max_size=40),
    JSON.map(json.dumps),
    st.sampled_from(
        ["[" * 20_000, '{"a":' * 20_000, "9" * 10_000, "1e" + "9" * 50, "-" * 5000, "nan", "-0", '"\\ud800"']
    ),
    st.sampled_from(
        ['"\\ud800"', '{"\\ud800": 1}', "P" + "9" * 400 + "D", "9:99:99", '"', "=", ",", "a=", "=a", "\0", "\ud800"]
    ),
)


@LAW
@given(HOSTILE, st.sampled_from(ANNOTATIONS))
def test_any_text_ends_in_a_value_or_a_parameter_error(text, annotation):
    try:
        coerce_text(text, annotation, where=WHERE)
    except ParameterError as error:
        assert 30 < len(str(error)) < 900
        str(error).encode()


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_values_nested_without_end_are_refused():
    endless: dict[str, Any] = {"name": "a"}
    endless["children"] = [endless]
    with pytest.raises(ParameterError, match="nested too deeply"):
        coerce(endless, Tree, where=WHERE)
    assert coerce(nested(5000), Any, where=WHERE)


def test_deep_but_sound_values_are_taken():
    tree: dict[str, Any] = {"name": "leaf"}
    for _ in range(40):
        tree = {"name": "branch", "children": [tree]}
    assert isinstance(coerce(tree, Tree, where=WHERE), Tree)


class Explosive:
    """An object of which everything that is looked at raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")


@pytest.mark.parametrize("annotation", [each for each in ANNOTATIONS if each is not Any], ids=str)
def test_objects_that_raise_when_looked_at_are_refused(annotation):
    with pytest.raises(ParameterError, match="Explosive"):
        coerce(Explosive(), annotation, where=WHERE)


def test_no_text_takes_long_to_refuse():
    """Ten thousand hostile characters in every type: nothing grows faster than the text."""
    for text in ("1" * 10_000, "a," * 5_000, "a=" * 5_000, "[" * 10_000, "1/" * 5_000, "P1D" * 3_000, '"' * 10_001):
        for annotation in ANNOTATIONS:
            try:
                coerce_text(text, annotation, where=WHERE)
            except ParameterError as error:
                assert len(str(error)) < 900


def test_the_room_for_recursion_is_given_back():
    before = sys.getrecursionlimit()
    with pytest.raises(ParameterError):
        coerce_text("[" * 50_000, list[int], where=WHERE)
    assert sys.getrecursionlimit() == before
