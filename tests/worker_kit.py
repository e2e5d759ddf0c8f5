"""What tests of workers and executors share: a store of inline values, specs, and a real worker process.

Run as a program, this file is the worker process: `worker_kit.py STORE_FOLDER MAIN_FILE`.
"""

import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

from headrace.core.canonical import canonical, restore
from headrace.core.errors import ArtifactError
from headrace.core.ids import new_id
from headrace.core.symbols import Symbol
from headrace.core.values import InlineValue
from headrace.executors.local import LocalExecutor
from headrace.executors.processes import LocalProcesses
from headrace.executors.workers import WarmWorkers
from headrace.ports.executors import (
    NO_ITEM,
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    LogLines,
    TrackingBatch,
)
from headrace.worker import wire
from headrace.worker.attempt import InProcessWorker, WorkerParts
from headrace.worker.functions import StepFinder
from headrace.worker.serving import serve
from headrace.worker.stopping import StopGate

TESTS = Path(__file__).parent


class InlineStore:
    """An artifact store for small values, which lie in the reference itself."""

    def put(self, value, annotation=None, *, owner=""):
        try:
            return InlineValue(canonical(value))
        except Exception as error:
            raise ArtifactError(f"{owner} of type {type(value).__name__} cannot be stored.") from error

    def get(self, value):
        return restore(value.text)

    def check(self, value):
        pass


def spec_of(function, /, *, options=None, **arguments) -> AttemptSpec:
    """An attempt of a module-level function; `options` are fields of AttemptSpec."""
    attempt = new_id()
    symbol = Symbol(function.__module__, function.__qualname__, function.__code__.co_filename)
    values = tuple((name, InlineValue(canonical(value))) for name, value in arguments.items())
    fields = {
        "attempt_id": attempt,
        "run_id": "run",
        "node": function.__name__,
        "item": NO_ITEM,
        "number": 1,
        "fence": 7,
        "symbol": symbol,
        "arguments": values,
        "log_path": f"logs/{attempt}.log",
        "idempotency_key": f"key-of-{function.__name__}",
        "pipeline": "testing",
    }
    return AttemptSpec(**(fields | (options or {})))


def make_worker(folder: Path, *, main_file: str = "", gate: StopGate | None = None, **parts) -> InProcessWorker:
    identity = LocalProcesses().me()
    finder = StepFinder(main_file)
    return InProcessWorker(
        WorkerParts(InlineStore(), identity, folder, finder=finder, gate=gate or StopGate(), **parts)
    )


class Reports:
    """Keeps what is reported, and waits for it."""

    def __init__(self) -> None:
        self.messages: list = []
        self._changed = threading.Condition()

    def __call__(self, message) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def of(self, spec, kind=None):
        """The messages about an attempt (of a kind), in order."""
        with self._changed:
            found = [one for one in self.messages if one.attempt_id == spec.attempt_id]
        return found if kind is None else [one for one in found if isinstance(one, kind)]

    def end(self, spec):
        """The end of an attempt, None if it has none yet; two ends are an error."""
        ends = self.of(spec, AttemptDone | AttemptBroke)
        assert len(ends) <= 1, ends
        return ends[0] if ends else None

    def wait(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), self.messages[-5:]

    def wait_end(self, spec, timeout_s: float = 20.0):
        self.wait(lambda: self.end(spec) is not None, timeout_s)
        return self.end(spec)

    def wait_began(self, spec, timeout_s: float = 20.0):
        self.wait(lambda: bool(self.of(spec, AttemptBegan)), timeout_s)
        return self.of(spec, AttemptBegan)[0]

    def lines(self, spec) -> list[tuple[str, str]]:
        return [(stream, text) for one in self.of(spec, LogLines) for _, stream, text in one.lines]

    def metrics(self, spec) -> list[tuple[str, float, float | None]]:
        return [(m.name, m.value, m.step) for one in self.of(spec, TrackingBatch) for m in one.metrics]


def command(folder: Path, main_file: str = "") -> list[str]:
    return [sys.executable, str(Path(__file__)), str(folder), main_file]


@contextmanager
def local_executor(folder: Path, *, lanes: int = 2, main_file: str = "", warm: WarmWorkers | None = None):
    """An executor, the reports it makes, and its warm workers; all ended afterwards."""
    reports = Reports()
    own = warm or WarmWorkers(command(folder, main_file), wire)
    executor = LocalExecutor(reports, worker=make_worker(folder), warm=own, lanes=lanes)
    try:
        yield executor, reports
    finally:
        executor.close()
        if warm is None:
            own.close()


def run_here(executor: LocalExecutor, reports: Reports, *specs) -> list:
    """Launch attempts, work in this thread until all have ended; their ends."""
    for spec in specs:
        executor.launch(spec)
    until = time.monotonic() + 30
    executor.work_here(lambda: time.monotonic() > until or all(reports.end(spec) for spec in specs))
    return [reports.end(spec) for spec in specs]


if __name__ == "__main__":
    sys.path[:0] = [str(TESTS), str(TESTS / "integration")]
    store, main_file = sys.argv[1:3]
    serve(make_worker(Path(store), main_file=main_file, gate=StopGate(signal.SIGTERM)), LocalProcesses().me())
