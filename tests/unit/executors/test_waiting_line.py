"""Who takes which waiting attempt, and when a worker process is worth its start; the clock is the test's."""

import pytest
from msgspec.structs import replace

from headrace.core.symbols import Symbol
from headrace.executors.errors import ExecutorClosedError
from headrace.executors.waiting import START_S, WAIT_S, Place, WaitingLine, place_of
from headrace.testing.executor_contract import step_attempt
from headrace.testing.executor_steps import give

NOTEBOOK = Symbol("__main__", "give", "/tmp/ipykernel_1/2.py")
"""A function of which no file tells anything: only the process that has defined it can call it."""


class Line:
    """A line with a clock that stands until it is moved."""

    def __init__(self, lanes=2, *, is_staffed=True):
        self.now = 100.0
        self.line = WaitingLine(lanes, clock=lambda: self.now)
        self.line.staff(is_staffed=is_staffed)

    def add(self, place=Place.ANYWHERE, count=1):
        specs = [step_attempt(give, value=number) for number in range(count)]
        told = [self.line.add(spec, place) for spec in specs]
        return specs, told

    def run_here(self, seconds):
        spec = self.line.take_here(0)
        self.now += seconds
        self.line.done_here()
        return spec

    def wanted(self):
        return self.line.wanted_workers()[0]


def test_two_hundred_small_steps_are_worth_no_process():
    at = Line()
    at.add(count=200)
    most = 0
    for _ in range(200):
        at.run_here(0.0004)
        most = max(most, at.wanted())
    assert most == 0


def test_small_steps_that_are_fed_one_by_one_are_worth_no_process():
    at = Line()
    at.add(count=2)
    for _ in range(2000):
        at.run_here(0.0004)
        at.add()
        assert at.wanted() == 0


def test_a_slow_first_step_does_not_make_the_small_ones_after_it_look_slow():
    at = Line()
    at.add(count=100)
    at.run_here(0.02)
    at.run_here(0.0004)
    at.now += WAIT_S
    assert at.wanted() == 0


def test_work_that_waits_behind_a_long_step_gets_a_worker():
    at = Line()
    at.add(count=2)
    at.line.take_here(0)
    assert at.wanted() == 0
    at.now += WAIT_S
    assert at.wanted() == 1


def test_a_row_of_short_steps_gets_a_worker_once_it_is_long_enough():
    at = Line()
    at.add(count=2)
    begun = at.now
    while at.wanted() == 0:
        at.run_here(0.02)
        at.add()
        assert at.now - begun < 2 * START_S
    assert at.now - begun >= WAIT_S


def test_many_waiting_steps_get_as_many_workers_as_there_are_lanes_left():
    at = Line(lanes=4)
    at.add(count=50)
    at.line.take_here(0)
    at.now += WAIT_S
    assert at.wanted() == 3


def test_what_needs_a_worker_gets_one_at_once():
    at = Line()
    assert at.add(Place.WORKER)[1] == [True]
    assert at.wanted() == 1


def test_what_needs_a_worker_is_not_taken_by_the_calling_process():
    at = Line()
    at.add(Place.WORKER)
    assert at.line.take_here(0) is None
    assert at.line.take_for_worker() is not None


def test_what_only_the_calling_process_can_do_waits_for_it():
    at = Line(is_staffed=False)
    assert at.add(Place.HERE)[1] == [False]
    at.now += 10
    assert at.wanted() == 0
    assert at.line.take_for_worker() is None
    assert at.line.take_here(0) is not None


def test_where_nobody_works_a_worker_is_wanted_after_a_moment():
    at = Line(is_staffed=False)
    assert at.add()[1] == [True]
    assert at.wanted() == 0
    at.now += WAIT_S
    assert at.wanted() == 1


def test_an_idle_calling_process_keeps_one_for_itself():
    at = Line()
    at.add()
    assert at.line.take_for_worker() is None
    at.add()
    assert at.line.take_for_worker() is not None
    assert at.line.take_for_worker() is None


def test_no_more_run_than_there_are_lanes():
    at = Line(lanes=2)
    at.add(Place.WORKER, count=2)
    at.add(count=2)
    assert at.line.take_for_worker() is not None
    assert at.line.take_for_worker() is not None
    assert at.line.take_for_worker() is None
    assert at.line.take_here(0) is None
    assert at.wanted() == 0
    at.line.done_in_worker()
    assert at.line.take_here(0) is not None


def test_attempts_are_taken_in_the_order_of_their_launch():
    at = Line(lanes=9)
    specs, _ = at.add(count=3)
    assert [at.run_here(0), at.run_here(0), at.run_here(0)] == specs


def test_an_attempt_that_is_given_back_is_the_next_one():
    at = Line(lanes=9, is_staffed=False)
    specs, _ = at.add(count=3)
    first = at.line.take_for_worker()
    at.line.give_back(first)
    at.line.done_in_worker()
    assert [at.line.take_for_worker() for _ in range(3)] == specs


def test_a_waiting_attempt_can_be_taken_out_once():
    at = Line()
    (spec,), _ = at.add()
    assert at.line.remove(spec.attempt_id) is spec
    assert at.line.remove(spec.attempt_id) is None
    assert at.line.take_here(0) is None


def test_a_closed_line_gives_back_what_waited_and_takes_no_more():
    at = Line()
    specs = at.add()[0] + at.add(Place.WORKER)[0]
    assert sorted(spec.attempt_id for spec in at.line.close()) == sorted(spec.attempt_id for spec in specs)
    with pytest.raises(ExecutorClosedError):
        at.add()


def test_the_crew_is_not_woken_for_what_it_looks_at_anyway():
    at = Line()
    _, told = at.add(count=3)
    assert told == [False, True, True]
    at.wanted()
    assert at.add()[1] == [False]
    at.line.free_workers = 1
    assert at.add()[1] == [True]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, Place.ANYWHERE),
        ({"needs_worker": True}, Place.WORKER),
        ({"timeout_s": 1.0}, Place.WORKER),
        ({"memory_bytes": 1}, Place.WORKER),
        ({"symbol": NOTEBOOK}, Place.HERE),
        ({"symbol": NOTEBOOK, "needs_worker": True}, Place.HERE),
        ({"symbol": NOTEBOOK, "timeout_s": 1.0}, None),
    ],
)
def test_limits_decide_the_place(changes, place):
    assert place_of(replace(step_attempt(give, value=1), **changes)) is place
