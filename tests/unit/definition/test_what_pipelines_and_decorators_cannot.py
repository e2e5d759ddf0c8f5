"""Words for what looks right and is not: maps of pipelines, decorators over @hr.step, maps over what may be None."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Union

import pytest

import headrace as hr
from headrace.definition import errors
from headrace.definition.tracing import trace


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: object, **options: object) -> object:
        return function(*args, **options)

    return call


@hr.step
def fit(n: int) -> int:
    return n


@functools.lru_cache
@hr.step
def cached(n: int) -> int:
    return n


@logged
@functools.cache
@hr.step
def twice(n: int) -> int:
    return n


@hr.step
@logged
def inside(n: int) -> int:
    return n


@hr.pipeline
def sub(n: int) -> int:
    return fit(n)


@hr.pipeline
def maps_a_pipeline(ns: Sequence[int]) -> list[int]:
    return sub.map(hr.each(ns))


@hr.pipeline
def orders_a_pipeline(n: int) -> int:
    return sub.after(fit(n))(n)


def refusal(body: Callable[..., Any], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        trace(body if hasattr(body, "headrace_word") else hr.pipeline(body))
    return str(caught.value)


def test_a_map_of_a_pipeline_says_what_to_do_instead():
    told = refusal(maps_a_pipeline, errors.MapError)
    assert told.startswith("In pipeline 'maps_a_pipeline', line ")
    assert told.endswith(
        "Pipeline 'sub' has no .map: only a step has. Map its steps one by one, as in fit.map(hr.each(xs)); or call it "
        "in a loop over what is known while it is planned, such as a hr.Static number or a constant list."
    )
    with pytest.raises(errors.MapError, match=r"^Pipeline 'sub' has no \.map"):
        maps_a_pipeline([1, 2])


def test_an_order_of_a_pipeline_says_what_to_do_instead():
    assert "Pipeline 'sub' has no .after: only a step has." in refusal(orders_a_pipeline, errors.OrderError)


def calls_a_cached_step() -> int:
    return cached(1)


def calls_a_step_under_two() -> int:
    return twice(1)


def calls_a_step_on_top() -> int:
    return inside(1)


def test_a_decorator_over_a_step_is_told_from_another_name_for_it():
    assert refusal(calls_a_cached_step, errors.UnfindableError) == (
        f"Step 'cached' lies under another decorator (functools._lru_cache_wrapper), and {__name__}:cached is what that "
        f"made. Put @hr.step on top of all others."
    )
    told = refusal(calls_a_step_under_two, errors.UnfindableError)
    assert told.startswith("Step 'twice' lies under another decorator (a function), and ")
    assert len(trace(hr.pipeline(calls_a_step_on_top)).nodes) == 1


@hr.step
def maybe(n: int) -> list[int] | None:
    return [n]


@hr.step
def maybe_one(n: int) -> int | None:
    return n


@hr.step
def maybe_either(n: int) -> Union[list[int], tuple[int, ...], None]:  # noqa: UP007 - as older code has it
    return [n]


def each_of_maybe() -> list[int]:
    return fit.map(hr.each(maybe(1)))  # type: ignore[arg-type]


def each_of_either() -> list[int]:
    return fit.map(hr.each(maybe_either(1)))  # type: ignore[arg-type]


def each_of_maybe_one() -> list[int]:
    return fit.map(hr.each(maybe_one(1)))  # type: ignore[call-overload]


def each_of_some() -> list[int] | None:
    return hr.when_some(maybe(1), lambda some: fit.map(hr.each(some)))


@pytest.mark.parametrize(
    ("body", "step", "declared"),
    [(each_of_maybe, "maybe", "list[int] | None"), (each_of_either, "maybe_either", "list[int] | tuple[int, ...] | None")],
)  # fmt: skip
def test_a_map_over_what_may_be_none_is_told_of_when_some(body: Callable[..., Any], step: str, declared: str):
    assert refusal(body, errors.MapError).endswith(
        f"hr.each takes a list, but the output of {step!r} is {declared}: it may be None. Map in the branch where there "
        f"is one: hr.when_some(xs, lambda xs: fit.map(hr.each(xs)))."
    )


def test_a_map_in_the_branch_where_there_is_a_list_is_right():
    assert len(trace(hr.pipeline(each_of_some)).nodes) == 2


def test_what_has_no_elements_with_or_without_none_is_told_as_ever():
    assert "Texts, sets, dicts and tables have no elements in order" in refusal(each_of_maybe_one, errors.MapError)
