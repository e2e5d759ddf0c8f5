"""What definitions cost: a plain call, a trace of 200 steps, and the import; CPU time, the best of several tries."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import headrace as hr
from headrace.definition.tracing import trace


@hr.step
def load(count: int) -> list[float]: ...


@hr.step
def fit(rows: Sequence[float], rate: float = 0.1, *, name: str = "a") -> float:
    return rate


def fit_without_step(rows: Sequence[float], rate: float = 0.1, *, name: str = "a") -> float:
    return rate


@hr.pipeline
def two_hundred(count: int) -> list[float]:
    rows = load(count)
    return [fit(rows, number / 1000, name="b") for number in range(199)]


def best_of(tries: int, work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(tries):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def test_two_hundred_steps_are_traced_in_15_ms():
    assert len(trace(two_hundred).nodes) == 200
    assert best_of(7, lambda: trace(two_hundred)) <= 0.015


def test_a_step_costs_a_microsecond_more_than_its_function():
    calls = range(20_000)
    rows = [1.0]
    plain = best_of(9, lambda: [fit_without_step(rows, 0.2, name="c") for _ in calls])
    step = best_of(9, lambda: [fit(rows, 0.2, name="c") for _ in calls])
    assert (step - plain) / len(calls) <= 1e-6


def test_importing_what_definitions_need_costs_less_than_twice_dataclasses():
    ours = "import headrace as hr; hr.step, hr.pipeline, hr.when, hr.each, hr.Retry"
    assert cpu_of(ours) <= 2 * cpu_of("import dataclasses, typing, datetime")


def cpu_of(statement: str) -> float:
    best = float("inf")
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best
