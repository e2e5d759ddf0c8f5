"""A run that two processes believe to be theirs, and conductors whose clocks are set: turn by turn, without waiting."""

from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from headrace.core.states import FailureKind, State
from headrace.definition.graph import RetryRule, SucceededOf
from headrace.engine.conductor import Earlier
from headrace.engine.steady_clock import SteadyClock
from headrace.ports.executors import AttemptBegan, AttemptSpec
from headrace.ports.records import RunRecord
from headrace.ports.stores import RunChange
from unit.engine.fakes import ME, OTHER, FunctionExecutor, Outcome, Site, add, other_site
from unit.engine.worlds import WORKER, const, each, failure, graph, node, out

CHAIN = graph(node("a", x=const(1)), node("b", x=out("a")), output=out("b"))


@dataclass
class Wall:
    """A clock that only a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def never(_spec: AttemptSpec) -> Outcome:
    return None


def left_behind(site: Site, run: RunRecord) -> Earlier:
    details = site.store.details
    return Earlier(details.steps(run.id), details.attempts(run.id), len(details.events(run.id)))


def test_what_a_conductor_wrote_after_it_was_thought_dead_is_not_written_over():
    site = Site()
    plan = site.plan(CHAIN)
    first = site.conductor(plan, site.new_run(plan))
    executor = FunctionExecutor(first.report, never)
    turns = first.turns(executor)
    next(turns)
    run = site.store.runs.get("0" * 31 + "1")
    second = other_site(site).conductor(plan, run, earlier=left_behind(site, run))
    executor.end(executor.specs[0], add(executor.specs[0]))
    next(turns)
    heirs = FunctionExecutor(second.report)
    assert second.conduct(heirs).runner == ME
    assert heirs.specs == []
    assert site.states(run)["a"] == "succeeded"
    [attempt] = site.store.details.attempts(run.id, "a")
    assert attempt.state is State.SUCCEEDED


def test_a_run_that_is_renamed_in_its_first_moment_is_conducted_under_the_new_name():
    site = Site()
    plan = site.plan(CHAIN)
    run = replace(site.new_run(plan), runner=ME)
    conductor = site.conductor(plan, run)
    site.store.runs.write(RunChange(replace(run, name="baseline")))
    ended = conductor.conduct(FunctionExecutor(conductor.report))
    assert (ended.state, ended.name) == (State.SUCCEEDED, "baseline")


def test_a_conductor_that_was_replaced_leaves_the_claims_to_the_one_that_has_the_run():
    site = Site()
    plan = site.plan(CHAIN)
    first = site.conductor(plan, site.new_run(plan), poll_s=0.0)
    turns = first.turns(FunctionExecutor(first.report, never))
    next(turns)
    run = site.store.runs.get("0" * 31 + "1")
    second = other_site(site).conductor(plan, run, earlier=left_behind(site, run))
    taken_over = second.turns(FunctionExecutor(second.report, never))
    next(taken_over)
    assert list(turns) == []
    third = site.conductor(plan, site.new_run(plan))
    executor = FunctionExecutor(third.report)
    next(third.turns(executor))
    assert executor.specs == []


def test_a_retry_comes_after_its_delay_although_the_clock_was_set_back():
    site, wall = Site(), Wall()
    pipeline = graph(node("a", spec={"retry": RetryRule(1, delay_s=1.0, jitter=0.0)}, x=const(1)))
    plan = site.plan(pipeline)
    conductor = site.conductor(plan, site.new_run(plan), clock=wall, poll_s=60.0)
    executor = FunctionExecutor(conductor.report, lambda spec: failure() if spec.number == 1 else add(spec), at=1000.0)
    turns = conductor.turns(executor)
    next(turns)
    wall.now -= 3600.0
    seconds = next(turns)
    assert 0.0 < seconds <= 1.0
    wall.now += seconds
    next(turns)
    assert [spec.number for spec in executor.specs] == [1, 2]


def test_a_step_is_not_overdue_because_the_clock_was_set_back_before_it_began():
    site, wall = Site(), Wall()
    plan = site.plan(graph(node("a", spec={"timeout_s": 30.0}, x=const(1))))
    conductor = site.conductor(plan, site.new_run(plan), clock=wall)
    executor = FunctionExecutor(conductor.report, never, at=wall.now - 3600.0)
    turns = conductor.turns(executor)
    next(turns)
    for _ in range(3):
        wall.now += 1.0
        next(turns)
    assert executor.stopped == []
    executor.end(executor.specs[0], add(executor.specs[0]))
    assert list(turns) == []
    assert site.store.runs.get("0" * 31 + "1").state is State.SUCCEEDED


def test_the_clock_of_a_worker_that_is_ahead_does_not_put_off_a_retry():
    site, wall = Site(), Wall()
    rule = RetryRule(1, delay_s=1.0, jitter=0.0)
    plan = site.plan(graph(node("a", spec={"retry": rule}, x=const(1))))
    conductor = site.conductor(plan, site.new_run(plan), clock=wall, poll_s=60.0)
    executor = FunctionExecutor(conductor.report, never, at=wall.now + 3600.0)
    turns = conductor.turns(executor)
    next(turns)
    [spec] = executor.specs
    conductor.report(AttemptBegan(spec.attempt_id, spec.fence, WORKER, wall.now + 3600.0))
    executor.end(spec, failure("lost", FailureKind.INFRASTRUCTURE))
    assert next(turns) <= 1.0


def test_a_steady_clock_follows_the_wall_but_never_goes_back():
    wall = Wall(10.0)
    clock = SteadyClock(wall, lambda: 0.0)
    seen = []
    for now in (10.0, 12.0, 5.0, 6.0, 100.0):
        wall.now = now
        seen.append(clock())
    assert seen == [10.0, 12.0, 12.0, 13.0, 107.0]


def test_a_conductor_that_cannot_have_a_run_touches_no_claim_of_it():
    site = Site()
    plan = site.plan(CHAIN)
    first = site.conductor(plan, site.new_run(plan))
    executor = FunctionExecutor(first.report, never)
    turns = first.turns(executor)
    next(turns)
    run = site.store.runs.get("0" * 31 + "1")
    earlier = left_behind(site, run)
    site.store.runs.write(RunChange(run))
    second = other_site(site).conductor(plan, run, earlier=earlier)
    second.conduct(FunctionExecutor(second.report))
    site.machines.dead.add(OTHER)
    third = site.conductor(plan, site.new_run(plan))
    others = FunctionExecutor(third.report)
    waiting = third.turns(others)
    next(waiting)
    assert others.specs == []


def test_what_follows_an_item_that_had_failed_before_is_recorded_with_the_end_of_its_map():
    site = Site()
    pipeline = graph(node("m", y=each([1, 2])), node("after", x=out("m")))
    plan = site.plan(pipeline)
    first = site.conductor(plan, site.new_run(plan))
    turns = first.turns(FunctionExecutor(first.report, lambda spec: failure() if spec.item == 1 else None))
    next(turns)
    next(turns)
    run = site.store.runs.get("0" * 31 + "1")
    earlier = left_behind(site, run)
    turns.close()
    site.run(site.plan(graph(node("m", y=each([1])))))
    second = site.conductor(plan, run, earlier=earlier)
    second.conduct(FunctionExecutor(second.report))
    assert site.states(run) == {"m": "failed", "after": "skipped"}


def test_a_steady_clock_tells_leaps_once_and_no_other_time():
    wall, elapsed = Wall(10.0), Wall(0.0)
    clock = SteadyClock(wall, elapsed)
    told = []
    for seconds, leap in ((5.0, 0.0), (1.0, 3600.0), (2.0, 0.0), (1.0, -3600.0), (1.0, 0.0), (0.5, 60.0)):
        elapsed.now += seconds
        wall.now += seconds + leap
        told.append(clock.leapt_s())
    assert told == [0.0, 3600.0, 0.0, 0.0, 0.0, 60.0]


def test_a_worker_whose_clock_is_behind_has_the_whole_of_its_time():
    site, wall, elapsed = Site(), Wall(), Wall(0.0)
    pipeline = graph(node("a", x=const(1)), node("b", spec={"timeout_s": 5.0}, x=const(2)))
    plan = site.plan(pipeline)
    conductor = site.conductor(plan, site.new_run(plan), clock=wall, elapsed=elapsed, poll_s=1.0)
    executor = FunctionExecutor(conductor.report, never, lanes=1, at=wall.now - 3600.0)
    turns = conductor.turns(executor)
    next(turns)
    # a store that took long: the machine has heard of no time since
    for clock in (wall, elapsed):
        clock.now += 60.0
    executor.end(executor.specs[0], add(executor.specs[0]))
    for _ in range(4):
        next(turns)
        for clock in (wall, elapsed):
            clock.now += 1.0
    assert executor.nodes() == ["a", "b"]
    assert executor.stopped == []


def test_a_step_has_not_used_up_its_time_while_the_machine_slept():
    site, wall, elapsed = Site(), Wall(), Wall(0.0)
    plan = site.plan(graph(node("a", spec={"timeout_s": 30.0}, x=const(1))))
    conductor = site.conductor(plan, site.new_run(plan), clock=wall, elapsed=elapsed, poll_s=1.0)
    executor = FunctionExecutor(conductor.report, never, at=wall.now)
    turns = conductor.turns(executor)

    def pass_time(seconds: float, slept: float = 0.0) -> None:
        wall.now += seconds + slept
        elapsed.now += seconds
        for _ in range(2):
            next(turns)

    pass_time(5.0)
    pass_time(1.0, slept=7200.0)
    assert executor.stopped == []
    pass_time(30.0)
    assert executor.stopped == []
    wall.now += 10.0
    elapsed.now += 10.0
    next(turns)
    assert executor.stopped == [executor.specs[0].attempt_id]


def test_a_step_is_not_overdue_because_the_machine_slept_before_its_begin_was_heard_of():
    site, wall, elapsed = Site(), Wall(), Wall(0.0)
    plan = site.plan(graph(node("a", spec={"timeout_s": 5.0}, x=const(1))))
    conductor = site.conductor(plan, site.new_run(plan), clock=wall, elapsed=elapsed, poll_s=1.0)
    executor = FunctionExecutor(conductor.report, never, at=wall.now)
    turns = conductor.turns(executor)
    next(turns)
    wall.now += 3600.0
    for _ in range(3):
        next(turns)
    assert executor.stopped == []


def test_a_run_that_goes_on_has_let_pass_what_its_first_conductor_had():
    site = Site()
    pipeline = graph(
        node("m", y=each([1, 2])), node("some", xs=SucceededOf(out("m"))), node("last", x=const(1)), output=out("last")
    )
    plan = site.plan(pipeline)
    first = site.conductor(plan, site.new_run(plan))

    def work(spec: AttemptSpec) -> Outcome:
        if spec.node == "last":
            return None
        return failure() if spec.item == 1 else add(spec)

    turns = first.turns(FunctionExecutor(first.report, work))
    for _ in range(5):
        next(turns)
    run = site.store.runs.get("0" * 31 + "1")
    assert site.states(run) == {"m": "failed", "some": "succeeded", "last": "running"}
    second = site.conductor(plan, run, earlier=left_behind(site, run))
    turns.close()
    assert second.conduct(FunctionExecutor(second.report)).state is State.SUCCEEDED


class Slow:
    """A run store that takes seconds to answer: its conductor's turns are over before they have begun."""

    def __init__(self, site: Site, wall: Wall) -> None:
        self._site, self._wall = site, wall

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            self._wall.now += 15.0
            return getattr(self._site.store.runs, name)(*args)

        return call


def test_a_lost_attempt_is_told_when_it_is_written_however_slow_the_store_is():
    site, wall = Site(), Wall()
    plan = site.plan(CHAIN)
    first = site.conductor(plan, site.new_run(plan))
    turns = first.turns(FunctionExecutor(first.report, never))
    next(turns)
    run = site.store.runs.get("0" * 31 + "1")
    earlier = left_behind(site, run)
    second = site.conductor(plan, run, earlier=earlier, clock=wall, elapsed=wall, runs=Slow(site, wall))
    going_on = second.turns(FunctionExecutor(second.report))
    next(going_on)
    [lost, _] = site.store.details.attempts(run.id, "a")
    assert lost.state is State.FAILED
    assert lost.finished_at is not None
    assert "a attempt.lost" in site.story(run)
    turns.close()
