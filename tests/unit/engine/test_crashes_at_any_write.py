"""A conductor that dies at any write: whoever goes on with the run comes to the same end and repeats nothing complete."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core.states import State
from headrace.definition.graph import Graph
from headrace.engine.conductor import Earlier
from headrace.plan.plan import Plan
from headrace.ports.executors import AttemptSpec
from headrace.ports.records import RunRecord
from headrace.ports.stores import RunChange
from unit.engine.fakes import FunctionExecutor, Outcome, Site
from unit.engine.generated import Interpreter, graphs, leaves, work
from unit.engine.test_run_equals_reference import BAD, python_of
from unit.engine.worlds import failure, text


class Killed(BaseException):
    """The process of the conductor is gone."""


class Mortal:
    """A run store whose conductor dies instead of writing for the n-th time."""

    def __init__(self, site: Site, writes: int) -> None:
        self._site, self._left = site, writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._site.store.runs, name)

    def write(self, change: RunChange) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed
        self._site.store.runs.write(change)


def conduct(site: Site, plan: Plan, run: RunRecord, do: Callable[[AttemptSpec], Outcome], **options: Any) -> list[str]:
    """Conduct as far as it goes; returns the nodes of what was launched."""
    conductor = site.conductor(plan, run, infrastructure_retries=0, **options)
    executor = FunctionExecutor(conductor.report, do, lanes=2)
    with suppress(Killed):
        conductor.conduct(executor)
    return executor.nodes()


def left_behind(site: Site, run: RunRecord) -> Earlier:
    details = site.store.details
    return Earlier(details.steps(run.id), details.attempts(run.id), len(details.events(run.id)))


@settings(max_examples=60, deadline=None)
@given(graphs(5), BAD, st.lists(st.integers(0, 6), max_size=3))
def test_a_run_comes_to_its_end_however_often_its_conductor_dies(
    pipeline: Graph, bad: set[tuple[int, int]], deaths: list[int]
):
    order = {one.name: place for place, one in enumerate(pipeline.nodes)}

    def fails(name: str, _item: int, arguments: dict[str, Any]) -> bool:
        # equal inputs have equal keys, so whether a step fails has to follow from its inputs
        return (order[name], sum(leaves(list(arguments.values()))) % 4) in bad

    def do(spec: AttemptSpec) -> Outcome:
        arguments = {name: python_of(value) for name, value in spec.arguments}
        return failure() if fails(spec.node, spec.item, arguments) else text(work(spec.node, arguments))

    site = Site()
    plan = site.plan(pipeline)
    run = site.new_run(plan)
    conduct(site, plan, run, do, runs=Mortal(site, deaths[0] if deaths else 1000))
    for writes in [*deaths[1:], 1000]:
        run = site.store.runs.get(run.id)
        if run.state.is_final:
            break
        complete = {name for name, state in site.states(run).items() if state in ("succeeded", "reused", "skipped")}
        again = conduct(site, plan, run, do, runs=Mortal(site, writes), earlier=left_behind(site, run))
        hindered = {step.node for step in site.store.details.steps(run.id) if step.reason.startswith("upstream")}
        assert (complete - hindered).isdisjoint(again)
    expected = Interpreter(pipeline, fails).interpret()
    ended = site.store.runs.get(run.id)
    assert ended.state == expected.state
    assert (None if ended.output is None else python_of(ended.output)) == expected.output
    found = {name: "succeeded" if state == "reused" else state for name, state in site.states(ended).items()}
    assert found == expected.states
    attempts = site.store.details.attempts(run.id)
    assert all(attempt.state.is_final for attempt in attempts)
    numbers = [(attempt.node, attempt.item, attempt.number) for attempt in attempts]
    assert len(set(numbers)) == len(numbers)
    assert sum(attempt.state is State.SUCCEEDED for attempt in attempts) <= sum(
        max(1, len(step.items.states) if step.items else 1) for step in site.store.details.steps(run.id)
    )
