"""An executor without processes, threads or clock: what happens, and in which order, is decided by a seed.

It runs nothing by itself: `turn` begins or ends one attempt, `drain` all that can be.
"""

from collections.abc import Callable
from random import Random

from headrace.core.failures import Failure
from headrace.core.states import FailureKind
from headrace.core.values import Value
from headrace.executors.errors import ExecutorClosedError
from headrace.ports.code import Touched
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    AttemptSpec,
    Usage,
    WorkerIdentity,
    WorkerMessage,
)

Outcome = Callable[[AttemptSpec], Value | Failure | None]
"""What an attempt comes to: its output, its failure, or None while it still runs."""


class FakeExecutor:
    """Passes the contract of executors. One thread; `at` counts the reports instead of seconds.

    `launched` holds every spec ever given to it, in order.
    """

    def __init__(
        self, report: Callable[[WorkerMessage], None], outcome: Outcome, *, capacity: int = 2, seed: int = 0
    ) -> None:
        self._report = report
        self._outcome = outcome
        self._capacity = capacity
        self._random = Random(seed)  # noqa: S311 - an order of events, no secret
        self._waiting: dict[str, AttemptSpec] = {}
        self._running: dict[str, AttemptSpec] = {}
        self._now = 0.0
        self._is_closed = False
        self.launched: list[AttemptSpec] = []

    @property
    def capacity(self) -> int:
        """How many attempts can run at once."""
        return self._capacity

    @property
    def running(self) -> tuple[str, ...]:
        """The attempts that have begun and not ended."""
        return tuple(self._running)

    def launch(self, spec: AttemptSpec) -> None:
        """Let an attempt wait for its turn; raises ExecutorClosedError."""
        if self._is_closed:
            raise ExecutorClosedError
        self.launched.append(spec)
        self._waiting[spec.attempt_id] = spec

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        """End an attempt at once, whatever the grace."""
        del grace_s
        self._break(attempt_id, FailureKind.CANCELLED, "The attempt was stopped.")

    def crash(self, attempt_id: str) -> None:
        """Lose the worker of an attempt."""
        self._break(attempt_id, FailureKind.INFRASTRUCTURE, "The step's process was killed from outside (SIGKILL).")

    def close(self) -> None:
        """Break what waits and runs. May be called twice."""
        self._is_closed = True
        for attempt_id in (*self._waiting, *self._running):
            self._break(attempt_id, FailureKind.INFRASTRUCTURE, "The executor was closed while the step ran.")

    def turn(self) -> bool:
        """Begin or end one attempt; False if nothing can happen now."""
        begins = list(self._waiting)[:1] if len(self._running) < self._capacity else []
        choices = [*begins, *self._running]
        self._random.shuffle(choices)
        return any(self._advance(attempt_id) for attempt_id in choices)

    def drain(self) -> None:
        """Take turns until nothing can happen any more."""
        while self.turn():
            pass

    def _advance(self, attempt_id: str) -> bool:
        if attempt_id in self._waiting:
            spec = self._running[attempt_id] = self._waiting.pop(attempt_id)
            self._report(AttemptBegan(attempt_id, spec.fence, WorkerIdentity("fake", 1, 0.0), self._tick()))
            return True
        spec = self._running[attempt_id]
        end = self._outcome(spec)
        if end is None or attempt_id not in self._running:
            return False
        del self._running[attempt_id]
        if isinstance(end, Failure):
            self._report(AttemptBroke(attempt_id, spec.fence, end, Usage(), self._tick()))
        else:
            self._report(AttemptDone(attempt_id, spec.fence, end, Touched(), Usage(), self._tick()))
        return True

    def _break(self, attempt_id: str, kind: FailureKind, message: str) -> None:
        spec = self._waiting.pop(attempt_id, None) or self._running.pop(attempt_id, None)
        if spec is not None:
            failure = Failure(kind, message)
            self._report(AttemptBroke(attempt_id, spec.fence, failure, Usage(), self._tick()))

    def _tick(self) -> float:
        self._now += 1.0
        return self._now
