"""Pipelines as plain Python: steps run when they are called, with the same meaning of map, when and failures as in a
run. No store, no graph.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from headrace.definition.errors import BranchError, RecursivePipelineError
from headrace.definition.maps import (
    Each,
    axes_of,
    axis_of,
    is_each,
    outside_map,
    refuse_no_sequence,
    refuse_unequal,
    source_of_each,
)
from headrace.definition.modes import MODE, Arguments, Branches, Test
from headrace.definition.refusals import Refusing

Position = int | str


class UnfinishedMap(Refusing):
    """What a map of a plainly called pipeline gives if items failed.

    Any use raises the first failure; `succeeded` takes the items that are there.
    """

    __slots__ = ("headrace_done", "headrace_failure")
    headrace_done: list[object]
    headrace_failure: Exception

    def __init__(self, done: list[object], failure: Exception) -> None:
        object.__setattr__(self, "headrace_done", done)
        object.__setattr__(self, "headrace_failure", failure)

    def __getattr__(self, name: str) -> object:
        raise self.headrace_failure

    def _refusal(self, action: str) -> Exception:  # noqa: ARG002 - every use raises the same
        return self.headrace_failure


MARKS = frozenset({Each, UnfinishedMap})
"""Types that no step's function may get as an argument."""


def refuse_marks(step: Any, args: Sequence[object], kwargs: Arguments) -> None:
    """Raise what stands behind a mark among the arguments of a plain call."""
    for value in (*args, *kwargs.values()):
        if is_each(value):
            raise outside_map(step.name)
        if type(value) is UnfinishedMap:
            raise value.headrace_failure


class PlainRun:
    """One plainly called pipeline with all pipelines that it calls."""

    is_tracing = False

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._unfinished: list[UnfinishedMap] = []

    def start(self, pipeline: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """Call the outermost pipeline; raises the failure of a map that nobody asked about."""
        token = MODE.set(self)
        try:
            result = self.nest(pipeline, args, kwargs)
        finally:
            MODE.reset(token)
        for unfinished in (*_unfinished_in(result), *self._unfinished):
            raise unfinished.headrace_failure
        return result

    def nest(self, pipeline: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """Call a pipeline's body."""
        if any(outer.function is pipeline.function for outer in self._stack):
            raise RecursivePipelineError([outer.name for outer in self._stack] + [pipeline.name])
        refuse_marks(pipeline, args, kwargs)
        self._stack.append(pipeline)
        try:
            return pipeline.function(*args, **kwargs)
        finally:
            self._stack.pop()

    def call(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """Run a step; what it calls itself is no part of the pipeline."""
        refuse_marks(step, args, kwargs)
        token = MODE.set(None)
        try:
            return step.function(*args, **kwargs)
        finally:
            MODE.reset(token)

    def map(self, step: Any, args: Sequence[object], kwargs: Arguments) -> object:
        """Run all items, also after a failure, as a run does."""
        done: list[object] = []
        failures: list[Exception] = []
        for number, (item, options) in enumerate(map_items(step, args, kwargs)):
            try:
                done.append(self.call(step, item, options))
            except Exception as failure:  # noqa: BLE001 - raised where the map's value is used
                failure.add_note(f"in item {number} of {step.name}.map(…)")
                failures.append(failure)
        if not failures:
            return done
        self._unfinished.append(UnfinishedMap(done, failures[0]))
        return self._unfinished[-1]

    def choose(self, condition: object, test: Test, branches: Branches) -> object:
        """Run one branch."""
        return choose(condition, test, branches)

    def succeeded(self, values: Any) -> object:
        """The items that are there; the others' failures are answered for."""
        if type(values) is UnfinishedMap:
            self._unfinished = [unfinished for unfinished in self._unfinished if unfinished is not values]
            return list(values.headrace_done)
        refuse_no_sequence(values, "hr.succeeded")
        return list(values)

    def place(self) -> str:
        """Nowhere: a traceback says it better."""
        return ""


def _unfinished_in(result: object) -> Iterator[UnfinishedMap]:
    if type(result) is UnfinishedMap:
        yield result
    elif isinstance(result, list | tuple):
        for member in result:
            yield from _unfinished_in(member)
    elif isinstance(result, dict):
        yield from _unfinished_in(list(result.values()))


def map_plainly(step: Any, args: Sequence[object], kwargs: Arguments) -> list[object]:
    """`.map` outside of a pipeline: the first failure is raised."""
    results: list[object] = []
    for number, (item, options) in enumerate(map_items(step, args, kwargs)):
        refuse_marks(step, item, options)
        try:
            results.append(step.function(*item, **options))
        except Exception as failure:
            failure.add_note(f"in item {number} of {step.name}.map(…)")
            raise
    return results


def map_items(step: Any, args: Sequence[object], kwargs: Arguments) -> list[tuple[list[object], dict[str, object]]]:
    """The arguments of every item of a map, in order; raises MapError."""
    given: dict[Position, object] = dict(enumerate(args))
    given.update(dict(kwargs.items()))
    eaches = {position: value for position, value in given.items() if is_each(value)}
    rows: list[list[dict[Position, object]]] = [[] for _ in range(axes_of(step.name, eaches.values()))]
    for axis in range(len(rows)):
        columns = {position: source_of_each(value) for position, value in eaches.items() if axis_of(value) == axis}
        rows[axis] = _rows(step, columns)
    items: list[tuple[list[object], dict[str, object]]] = []
    for combination in product(*rows):
        values = dict(given)
        for row in combination:
            values.update(row)
        named = {name: values[name] for name in kwargs}
        items.append(([values[position] for position in range(len(args))], named))
    return items


def _rows(step: Any, columns: Mapping[Position, Any]) -> list[dict[Position, object]]:
    refuse_unequal(step.name, [(_name_of(step, position), len(column)) for position, column in columns.items()])
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _name_of(step: Any, position: Position) -> str:
    names: tuple[str, ...] = step.function.__code__.co_varnames
    return position if isinstance(position, str) else (*names, *("?" * (position + 1)))[position]


def choose(condition: object, test: Test, branches: Branches) -> object:
    """Call the branch that the condition takes; None if it is not there."""
    if type(condition) is UnfinishedMap:
        raise condition.headrace_failure
    then, otherwise = branches
    if test == "some":
        if condition is not None:
            return then(condition)
    elif truth(condition):
        return then()
    return otherwise() if otherwise is not None else None


def truth(condition: object) -> bool:
    """The truth of a condition; raises BranchError unless it is a bool (numpy's counts)."""
    kind = type(condition)
    if kind is not bool and not (kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_")):
        raise BranchError(
            f"hr.when needs a bool and gets {kind.__name__}. Compare it in a step, or use hr.when_some to ask whether "
            f"it is None."
        )
    return bool(condition)
