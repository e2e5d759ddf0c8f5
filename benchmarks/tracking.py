"""What a tracking call and an attempt without effect cost, in microseconds. Run: `python benchmarks/tracking.py`."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]  # the parts that tests of workers share

import sample_steps  # noqa: E402
from headrace.core.values import InlineValue, Value  # noqa: E402
from headrace.tracking.buffer import TrackingBuffer  # noqa: E402
from headrace.tracking.calls import log_metric, log_metrics, log_param  # noqa: E402
from headrace.tracking.current import current_run, enter_attempt, leave_attempt  # noqa: E402
from headrace.tracking.progress import progress  # noqa: E402
from worker_kit import make_worker, spec_of  # noqa: E402

CALLS = 20_000


def best_of(call: Callable[[], object], calls: int) -> float:
    """Microseconds a call: the best of five rounds."""
    rounds = []
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(calls):
            call()
        rounds.append((time.perf_counter() - begun) / calls * 1e6)
    return min(rounds)


def store_nothing(*_: object) -> Value:
    return InlineValue("null")


def nobody(*_: object) -> None:
    pass


def main() -> None:
    buffer = TrackingBuffer(
        spec_of(sample_steps.nothing),
        put=store_nothing,
        wake=nobody,
        flush_now=lambda: nobody(buffer.take()),
    )
    figures = {"log_metric outside a run": best_of(lambda: log_metric("loss", 0.5, step=1), CALLS)}
    enter_attempt(buffer)
    figures |= {
        "log_metric": best_of(lambda: log_metric("loss", 0.5, step=1), CALLS),
        "log_metrics of three": best_of(lambda: log_metrics({"a": 0.1, "b": 0.2, "c": 0.3}), CALLS),
        "log_param": best_of(lambda: log_param("depth", 3), CALLS),
        "progress by hand": best_of(lambda: progress(1, total=2), CALLS),
        "current_run": best_of(current_run, CALLS),
    }
    leave_attempt()
    with tempfile.TemporaryDirectory() as folder:
        worker, spec = make_worker(Path(folder)), spec_of(sample_steps.nothing)
        figures["an attempt without effect, in process"] = best_of(lambda: worker.run(spec, nobody), 500)
        talk = spec_of(sample_steps.talk, times=1000)
        figures["a line printed (to the log file and told)"] = best_of(lambda: worker.run(talk, nobody), 3) / 2000
    for name, microseconds in figures.items():
        print(f"{name:45} {microseconds:8.2f} µs")


if __name__ == "__main__":
    main()
