"""Stand-ins for values: what they refuse, what they allow, and that nothing swallows their errors."""

# ruff: noqa: PLW0108 - a lambda says what a user would write

import copy
import json
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

import headrace as hr
from headrace.core.errors import DefinitionError
from headrace.definition.errors import UnknownFieldError, UnknownValueError
from headrace.definition.references import MARK
from headrace.definition.tracing import trace


class Split(NamedTuple):
    train: list[int]
    test: list[int]


@hr.step
def number() -> float: ...


@hr.step
def split() -> Split: ...


def _matches(value: Any) -> int:
    match value:
        case float():
            return 1
        case _:
            return 2


REFUSED: dict[str, Callable[[Any], object]] = {
    "==": lambda value: value == 1,
    "!=": lambda value: value != 1,
    "<": lambda value: value < 1,
    "reflected <": lambda value: 1 < value,  # noqa: SIM300 - the other side
    ">=": lambda value: value >= 1,
    "+": lambda value: value + 1,
    "reflected +": lambda value: 1 + value,
    "+=": lambda value: sum([value]),
    "-": lambda value: value - 1,
    "*": lambda value: value * 2,
    "@": lambda value: value @ value,
    "/": lambda value: value / 2,
    "reflected /": lambda value: 2 / value,
    "//": lambda value: value // 2,
    "%": lambda value: value % 2,
    "text %": lambda value: "%s" % value,  # noqa: UP031 - the old way
    "**": lambda value: value**2,
    "&": lambda value: value & True,
    "|": lambda value: value | True,
    "^": lambda value: value ^ True,
    "<<": lambda value: value << 1,
    "~": lambda value: ~value,
    "negative": lambda value: -value,
    "abs": abs,
    "round": round,
    "floor": math.floor,
    "divmod": lambda value: divmod(value, 2),
    "not": lambda value: not value,
    "and": lambda value: value and 1,
    "if": lambda value: 1 if value else 2,
    "len": len,
    "iter": iter,
    "list": list,
    "unpack": lambda value: [*value],
    "next": next,
    "in": lambda value: 1 in value,
    "a list contains": lambda value: value in [1, 2],
    "index": lambda value: value[0],
    "slice": lambda value: value[1:],
    "as an index": lambda value: [1, 2][value],
    "range": range,
    "set item": lambda value: value.__setitem__(0, 1),
    "set attribute": lambda value: setattr(value, "x", 1),
    "delete attribute": lambda value: delattr(value, "x"),
    "call": lambda value: value(1),
    "int": int,
    "float": float,
    "complex": complex,
    "bytes": bytes,
    "str": str,
    "format": lambda value: f"{value}",
    "print to text": lambda value: "{}".format(value),  # noqa: UP032 - the old way
    "isinstance": lambda value: isinstance(value, float),
    "hash": hash,
    "set": lambda value: {value},
    "dict key": lambda value: {value: 1},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "json": json.dumps,
    "sorted": lambda value: sorted([value, value]),
    "min": lambda value: min(value, 1),
    "match class": _matches,
    "open": lambda value: open(value),  # noqa: PTH123, SIM115 - the mistake
    "with": lambda value: value.__enter__(),
}


@pytest.mark.parametrize("use", REFUSED.values(), ids=REFUSED)
def test_a_value_that_is_not_known_refuses_to_be_used(use: Callable[[Any], object]):
    @hr.pipeline
    def p() -> None:
        use(number())

    with pytest.raises(
        UnknownValueError, match=r"^In pipeline 'p', line \d+: .*the output of 'number': its value is not"
    ):
        trace(p, allow_local=True)


@pytest.mark.parametrize("compute", ["mean", "array", "add"])
def test_numpy_cannot_compute_with_it(compute: str):
    numpy = pytest.importorskip("numpy")

    @hr.pipeline
    def p() -> None:
        value = number()
        numpy.add(value, 1) if compute == "add" else getattr(numpy, compute)(value)

    with pytest.raises(DefinitionError):
        trace(p, allow_local=True)


def test_hasattr_and_getattr_with_a_default_do_not_hide_the_mistake():
    for use in (lambda value: hasattr(value, "columns"), lambda value: getattr(value, "columns", ())):

        @hr.pipeline
        def p(use: hr.Static[object]) -> None:
            use(number())  # type: ignore[operator]

        with pytest.raises(UnknownFieldError):
            trace(p, {"use": use}, allow_local=True)


def test_private_names_are_plainly_missing_because_libraries_probe_for_them():
    seen: list[bool] = []

    @hr.pipeline
    def p() -> None:
        seen.append(hasattr(number(), "_repr_html_") or hasattr(number(), "__dataframe__"))

    trace(p, allow_local=True)
    assert seen == [False]


def test_a_debugger_may_show_it_at_any_time():
    shown: list[str] = []
    values: list[Any] = []

    @hr.pipeline
    def p() -> None:
        values.append(split())
        shown.extend([repr(values[0]), repr(values[0].train), repr(hr.each(values[0].train))])

    trace(p, allow_local=True)
    assert shown == [
        f"{MARK}the output of 'split'>",
        f"{MARK}'train' of the output of 'split'>",
        "<headrace value: one element of hr.each(…)>",
    ]
    assert str(values[0]) == shown[0]
    assert isinstance(values[0], type(values[0]))


def test_it_still_refuses_after_the_trace():
    values: list[Any] = []

    @hr.pipeline
    def p() -> None:
        values.append(number())

    trace(p, allow_local=True)
    with pytest.raises(UnknownValueError, match=r"^the truth of the output of 'number': its value is not known"):
        bool(values[0])


def test_a_tuple_unpacks_into_its_declared_parts():
    parts: list[Any] = []

    @hr.pipeline
    def p() -> None:
        train, test = split()
        parts.extend([train, test, split()[0], split()[-1]])

    trace(p, allow_local=True)
    assert [repr(part).split("'")[1] for part in parts] == ["train", "test", "train", "test"]


@pytest.mark.parametrize("index", [2, -3, "train", slice(0, 1), True])
def test_a_tuple_has_no_other_parts(index: Any):
    @hr.pipeline
    def p() -> None:
        split()[index]

    with pytest.raises(UnknownValueError, match="indexing the output of 'split'"):
        trace(p, allow_local=True)


def test_a_wrong_number_of_names_fails_as_python_says():
    @hr.pipeline
    def p() -> None:
        _, _, _ = split()  # type: ignore[misc]

    with pytest.raises(ValueError, match="not enough values to unpack") as caught:
        trace(p, allow_local=True)
    assert caught.value.__notes__[0].startswith("while pipeline 'p' was defined")


def test_parameters_are_not_known_either():
    @hr.pipeline
    def outer(rows: Sequence[int]) -> None:
        if rows:
            number()

    with pytest.raises(UnknownValueError, match="the truth of parameter 'rows'"):
        trace(outer, allow_local=True)


def test_parameters_of_a_nested_pipeline_are_not_known_even_if_they_are_constants():
    @hr.pipeline
    def inner(count: int) -> None:
        for _ in range(count):
            number()

    @hr.pipeline
    def outer() -> None:
        inner(3)

    with pytest.raises(UnknownValueError, match=r"In pipeline 'inner', line .* parameter 'count' of pipeline 'inner'"):
        trace(outer, allow_local=True)
