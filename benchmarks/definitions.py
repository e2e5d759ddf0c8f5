"""What definitions cost: a plain call, a trace of 200 steps, and the import; CPU time, the best of several tries.

Run: `python benchmarks/definitions.py`.
"""

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


def cpu_of(statement: str) -> float:
    best = float("inf")
    for _ in range(9):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", statement], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    calls, rows = range(20_000), [1.0]
    plain = best_of(9, lambda: [fit_without_step(rows, 0.2, name="c") for _ in calls])
    step = best_of(9, lambda: [fit(rows, 0.2, name="c") for _ in calls])
    print(f"a plain call of a step over its function   {(step - plain) / len(calls) * 1e6:6.2f} µs")
    print(f"200 steps traced                           {best_of(7, lambda: trace(two_hundred)) * 1e3:6.2f} ms")
    for name, statement in (
        ("bare Python", "pass"),
        ("import headrace", "import headrace"),
        ("what definitions need", "import headrace as hr; hr.step, hr.pipeline, hr.when, hr.each, hr.Retry"),
    ):
        print(f"{name:<42} {cpu_of(statement) * 1e3:6.0f} ms CPU, whole process")


if __name__ == "__main__":
    main()
