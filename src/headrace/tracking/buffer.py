"""What one attempt logs, collected until it is sent: appending costs microseconds, memory is bounded."""

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from headrace.core.values import Value
from headrace.ports.executors import AttemptSpec, LoggedMetric, LoggedValue, Progress, TrackingBatch

FULL = 1000
"""Points that wait at most; the call that adds one more sends them itself."""

_T = TypeVar("_T")


class TrackingBuffer:
    """The points, values and progress of one attempt that have not been sent yet.

    Any thread may add (deques append atomically, so that a thread that is stopped in the middle holds no lock).
    `wake` is called whenever something was added and must be cheap; `flush_now` when the buffer is full. `put` stores
    a value at once, so that what happens to it later does not matter. `look` is shown what is kept, with whose it is.
    """

    def __init__(
        self,
        spec: AttemptSpec,
        *,
        put: Callable[[object, str], Value],
        wake: Callable[[], None],
        flush_now: Callable[[], None],
        look: Callable[[str, Value | None], None] | None = None,
    ) -> None:
        self.spec = spec
        self._look = look
        self._put = put
        self._wake = wake
        self._flush_now = flush_now
        self._metrics: deque[LoggedMetric] = deque()
        self._values: deque[LoggedValue] = deque()
        self._progress: deque[Progress] = deque(maxlen=1)

    def add_metric(self, name: str, value: float, step: float | None) -> None:
        """One point of a metric, now."""
        if self._look is not None:
            self._look(f"the metric {name!r} of step {self.spec.node!r}", None)
        self._metrics.append(LoggedMetric(name, value, step, time.time()))
        self._added(len(self._metrics))

    def add_value(self, kind: str, name: str, value: Value) -> None:
        """A value that is stored already."""
        if self._look is not None:
            self._look(f"{kind} {name!r} of step {self.spec.node!r}", value)
        self._values.append(LoggedValue(kind, name, value, time.time()))
        self._added(len(self._values))

    def store(self, kind: str, name: str, value: object) -> None:
        """Store a Python object and log it; raises ArtifactError."""
        self.add_value(kind, name, self._put(value, f"{kind} {name!r} of step {self.spec.node!r}"))

    def set_progress(self, done: float, total: float | None, note: str) -> None:
        """How far the attempt is; only the newest counts."""
        self._progress.append(Progress(done, total, note, time.time()))
        self._wake()

    def take(self) -> TrackingBatch | None:
        """What waits, as one message; None if there is nothing. One thread at a time."""
        metrics, values, progress = _drain(self._metrics), _drain(self._values), _drain(self._progress)
        if not (metrics or values or progress):
            return None
        newest = progress[-1] if progress else None
        return TrackingBatch(self.spec.attempt_id, self.spec.fence, metrics, values, newest)

    def _added(self, waiting: int) -> None:
        if waiting >= FULL:
            self._flush_now()
        else:
            self._wake()


def _drain(waiting: "deque[_T]") -> tuple[_T, ...]:
    taken: list[_T] = []
    while waiting:
        taken.append(waiting.popleft())
    return tuple(taken)
