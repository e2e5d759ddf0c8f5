"""A run means what its graph means: on generated pipelines, the machine gives what a plain reading of them gives."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headrace.core.canonical import restore
from headrace.core.values import CompositeValue, InlineValue, Value
from headrace.definition.graph import EachOf, Graph, Guard, RetryRule
from headrace.engine.commands import LaunchAttempt
from headrace.engine.machine import Machine
from headrace.engine.options import MachineOptions
from headrace.plan.plan import Selection
from headrace.plan.selection import choose
from unit.engine.generated import Interpreter, graphs, work
from unit.engine.worlds import RUN, World, const, failure, graph, node, out, text


def python_of(value: Value) -> Any:
    if isinstance(value, CompositeValue):
        return [python_of(member) for _, member in value.members]
    assert isinstance(value, InlineValue)
    return restore(value.text)


def conduct(pipeline: Graph, bad: set[tuple[int, int]], capacity: int) -> tuple[World, Any]:
    order = {one.name: place for place, one in enumerate(pipeline.nodes)}

    def fails(name: str, item: int, _arguments: dict[str, Any]) -> bool:
        return (order[name], item) in bad

    def behave(launch: LaunchAttempt) -> Any:
        if fails(launch.node, launch.item, {}):
            return failure()
        return text(work(launch.node, {name: python_of(value) for name, value in launch.arguments}))

    chosen = choose(pipeline, Selection())
    machine = Machine(pipeline, {}, chosen, options=MachineOptions(RUN, capacity=capacity, lookup_batch=2))
    return World(machine, behave).run(), Interpreter(pipeline, fails).interpret()


BAD = st.sets(st.tuples(st.integers(0, 6), st.integers(-1, 3)), max_size=4)


@settings(max_examples=80, deadline=None)
@given(graphs(), BAD, st.integers(1, 4))
@example(graph(node("m", y=EachOf(const([1, 2]))), output=const(1)), {(0, 1)}, 1)
@example(
    graph(
        node("none", guards=(Guard(const(1), "some", expected=False),), x=const(1)),
        node("bad", y=EachOf(out("none"))),
        node("m", y=EachOf(out("none")), z=EachOf(out("bad"))),
    ),
    set(),
    1,
)
@example(graph(node("m", spec={"retry": RetryRule(2)}, y=EachOf(const([])))), set(), 1)
def test_a_run_gives_the_states_and_the_output_of_a_plain_reading(
    pipeline: Graph, bad: set[tuple[int, int]], capacity: int
):
    compare(pipeline, bad, capacity)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None)
@given(graphs(9), BAD, st.integers(1, 4))
def test_a_thousand_runs_give_what_a_plain_reading_gives(pipeline: Graph, bad: set[tuple[int, int]], capacity: int):
    compare(pipeline, bad, capacity)


def compare(pipeline: Graph, bad: set[tuple[int, int]], capacity: int) -> None:
    run, expected = conduct(pipeline, bad, capacity)
    assert run.states == expected.states
    assert run.finish.state == expected.state
    given_output = None if run.finish.output is None else python_of(run.finish.output)
    assert given_output == expected.output


@settings(max_examples=25, deadline=None)
@given(graphs(), BAD, st.integers(1, 4))
def test_how_many_attempts_run_at_once_changes_nothing(pipeline: Graph, bad: set[tuple[int, int]], capacity: int):
    one, _ = conduct(pipeline, bad, 1)
    many, _ = conduct(pipeline, bad, capacity)
    assert one.states == many.states
    assert one.finish.output == many.finish.output
