"""Fill a store with runs as a busy project would have them, and print how long reading and writing take.

    .venv/bin/python benchmarks/stores.py [RUNS] [--keep FOLDER]

Each run has 10 steps, 10 attempts, 23 events, 10 results, 20 points of 5 metrics and 3 parameters. Times are inside the
process, medians of several; a write is one turn of a conductor, committed (synchronous=normal: what a killed process
survives; "full" is printed beside it).
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from headrace.core.states import State
from headrace.core.values import InlineValue
from headrace.ports.executors import NO_ITEM, WorkerIdentity
from headrace.ports.records import Condition, RunEvent, RunFilter, RunRecord, StepRunRecord
from headrace.ports.stores import RunChange
from headrace.stores.opening import SqlStore, open_store
from headrace.testing.records import ME, some_attempt, some_metric, some_parts, some_result, some_run, some_step

STEPS = 10
NODES = [f"features/step-{number}" for number in range(STEPS)]
NOBODY = WorkerIdentity("here", 1, 2.0)


def made_run(number: int) -> tuple[RunRecord, list[StepRunRecord]]:
    """A pending run: one in a hundred is of a rare pipeline."""
    parameters = {"depth": InlineValue(str(number % 17)), "kind": InlineValue('"forest"'), "seed": InlineValue("7")}
    run = some_run("rare" if number % 100 == 0 else "training", **parameters)
    run = replace(run, tags=("nightly",) if number % 10 == 0 else (), name="tuesday" if number % 1000 == 0 else "")
    return run, [some_step(run, node, place) for place, node in enumerate(NODES)]


def whole_change(run: RunRecord, steps: list[StepRunRecord], number: int) -> RunChange:
    """Everything that happens in a run, as one change, to fill a store quickly."""
    attempts = [some_attempt(step, wall_s=1 + place) for place, step in enumerate(steps)]
    done = [
        replace(step, state=State.SUCCEEDED, key=f"{number % 5000}-{step.node}", parts=some_parts(), made_by=attempt.id)
        for step, attempt in zip(steps, attempts, strict=True)
    ]
    metrics = [
        some_metric(attempt, f"metric-{point % 5}" if point else "auc", number % 1000 / 1000, at=point)
        for point, attempt in enumerate(attempts * 2)
    ]
    events = [RunEvent(run.id, 0, 1.0, "attempt_started", step.node, {"item": NO_ITEM, "number": 1}) for step in steps]
    state = State.FAILED if number % 50 == 0 else State.SUCCEEDED
    times = {"started_at": run.created_at, "finished_at": run.created_at + number % 500, "runner": ME}
    return RunChange(
        replace(run, state=state, **times),
        done,
        attempts,
        [some_result(run, attempt, step.key) for step, attempt in zip(done, attempts, strict=True)],
        [*events, *(replace(event, type="attempt_succeeded") for event in events), *events[:3]],
        metrics,
    )


def fill(store: SqlStore, count: int) -> list[str]:
    """Write runs; the last three are left running."""
    ids = []
    for number in range(count):
        run, steps = made_run(number)
        store.runs.create(run, steps, {"9" * 64: "{}"})
        change = whole_change(run, steps, number)
        store.runs.write(change if number < count - 3 else RunChange(replace(run, state=State.RUNNING, runner=ME)))
        ids.append(run.id)
    return ids


def milliseconds(work: Callable[[], object], repeat: int = 7) -> float:
    """The median time of some work."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def where(*conditions: Condition, **rest: object) -> RunFilter:
    """A filter by conditions."""
    return replace(RunFilter(conditions=conditions), **rest)


def reads(store: SqlStore, ids: list[str]) -> dict[str, Callable[[], object]]:
    """What `headrace runs`, `show` and `why` ask for."""
    runs, details, middle = store.runs, store.details, ids[len(ids) // 2]
    keys = [f"{number}-{node}" for number in (3, 4) for node in NODES]
    auc, some = Condition("auc", ">", 0.5), Condition("auc", "=", 0.123)
    return {
        "list": lambda: runs.list(RunFilter()),
        "list, a page in the middle": lambda: runs.list(RunFilter(before=middle)),
        "list, 500 runs": lambda: runs.list(RunFilter(limit=500)),
        "list, rare pipeline": lambda: runs.list(RunFilter(pipeline="rare")),
        "list, running (three)": lambda: runs.list(RunFilter(states=(State.RUNNING,))),
        "list, open states": lambda: runs.list(RunFilter(states=(State.PENDING, State.QUEUED, State.RUNNING))),
        "list, failed of a pipeline": lambda: runs.list(RunFilter("training", (State.FAILED,))),
        "list, a pipeline's running": lambda: runs.list(RunFilter("rare", (State.RUNNING,))),
        "list, no such pipeline": lambda: runs.list(RunFilter("none", (State.SUCCEEDED, State.FAILED))),
        "list, tag": lambda: runs.list(RunFilter(tags=("nightly",))),
        "where auc > 0.5": lambda: runs.list(where(auc)),
        "where auc = 0.123 (1 in 1000)": lambda: runs.list(where(some, limit=500)),
        "where auc > 2 (none)": lambda: runs.list(where(Condition("auc", ">", 2))),
        "where depth = 99 (none)": lambda: runs.list(where(Condition("depth", "=", 99))),
        "where auc > 0.5, running (none)": lambda: runs.list(where(auc, states=(State.RUNNING,))),
        "where auc > 0.5, rare, nightly": lambda: runs.list(where(auc, pipeline="rare", tags=("nightly",))),
        "where auc > 0.5, depth = 99 (none)": lambda: runs.list(where(auc, Condition("depth", "=", 99))),
        "where duration > 1e6 (none)": lambda: runs.list(where(Condition("duration", ">", 1e6))),
        "where created < 0 (none)": lambda: runs.list(where(Condition("created", "<", 0))),
        "where name = x (none)": lambda: runs.list(where(Condition("name", "=", "x"))),
        "where note = x (none)": lambda: runs.list(where(Condition("note", "=", "x"))),
        "find by end": lambda: runs.find(middle[-8:]),
        "find by one letter": lambda: runs.find("a"),
        "find by name": lambda: runs.find("tuesday"),
        "get": lambda: runs.get(middle),
        "steps": lambda: details.steps(middle),
        "attempts": lambda: details.attempts(middle),
        "events": lambda: details.events(middle),
        "metrics": lambda: store.tracking.metrics(middle),
        "latest of 20": lambda: store.tracking.latest(ids[-20:]),
        "last of step": lambda: details.last_of_step("training", NODES[3], ids[-1]),
        "durations": lambda: details.durations("training"),
        "results of 20 keys": lambda: store.results.results(keys),
    }


def chain(folder: Path, durability: str, count: int = 200) -> list[float]:
    """Milliseconds of each write of a chain's conductor: an attempt begins, an attempt has succeeded."""
    times = []
    with open_store(folder, durability=durability) as store:
        run, _ = made_run(1)
        steps = [some_step(run, f"step-{place}", place) for place in range(count // 2)]
        store.runs.create(run, steps, {})
        for place, step in enumerate(steps):
            attempt = some_attempt(step)
            begins = [RunEvent(run.id, 0, 1.0, "attempt_started", step.node)]
            ends = [RunEvent(run.id, 0, 1.0, "attempt_succeeded", step.node)]
            done = replace(step, state=State.SUCCEEDED, key=step.node, parts=some_parts(), made_by=attempt.id)
            result, metric = some_result(run, attempt, step.node), some_metric(attempt, "auc", place)
            for change in (
                RunChange(replace(run, version=2 * place), [step], [attempt], events=begins),
                RunChange(replace(run, version=2 * place + 1), [done], [attempt], [result], ends, [metric]),
            ):
                start = time.perf_counter()
                store.runs.write(change)
                times.append((time.perf_counter() - start) * 1000)
    return times


def main() -> None:
    """Fill, read, write, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", type=int, nargs="?", default=10_000)
    parser.add_argument("--keep", type=Path, help="a folder to fill, or one that was filled before")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch, "filled")
        start = time.perf_counter()
        with open_store(folder) as store:
            ids = [run.id for run in store.runs.list(RunFilter(limit=10**9))][::-1] or fill(store, given.runs)
        seconds, size = time.perf_counter() - start, (folder / "headrace.db").stat().st_size
        print(f"{len(ids):,} runs of {STEPS} steps: ready in {seconds:.1f} s, {size / 1e6:,.0f} MB")
        print(f"{milliseconds(lambda: open_store(folder).close()):9.2f} ms  open, check the schema, close")
        with open_store(folder, read_only=True) as store:
            for name, work in reads(store, ids).items():
                print(f"{milliseconds(work):9.2f} ms  {name}")
        for durability in ("normal", "full"):
            times = chain(Path(scratch, durability), durability)
            line = f"{statistics.median(times):9.3f} ms  a write ({durability}), mean {statistics.mean(times):.3f}"
            print(f"{line}, worst {max(times):.3f}")
        times = chain(folder, "normal")
        print(f"{statistics.median(times):9.3f} ms  a write into the filled store, mean {statistics.mean(times):.3f}")


if __name__ == "__main__":
    main()
