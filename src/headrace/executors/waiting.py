"""Attempts that wait for a lane, and who may take which: the calling process, a worker process, or both."""

import threading
import time
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from headrace.executors.errors import ExecutorClosedError
from headrace.ports.executors import AttemptSpec

WAIT_S = 0.03
"""How long work waits before a worker process is started for it."""
START_S = 0.15
"""About what starting a worker process costs; less work than that is not worth one."""


class Place(Enum):
    """Where an attempt may run."""

    ANYWHERE = auto()
    HERE = auto()
    WORKER = auto()


def place_of(spec: AttemptSpec) -> Place | None:
    """Where an attempt may run; None if nowhere: a notebook's function with limits that only a worker can hold."""
    needs_worker = spec.needs_worker or spec.timeout_s is not None or spec.memory_bytes is not None
    only_here = spec.symbol.module == "__main__" and not Path(spec.symbol.file).is_file()
    if needs_worker:
        return None if only_here else Place.WORKER
    return Place.HERE if only_here else Place.ANYWHERE


@dataclass(slots=True)
class _Here:
    """The lane in the calling process: whether somebody works there, on what, since when."""

    is_staffed: bool = False
    spec: AttemptSpec | None = None
    since: float = 0.0
    mean_s: float = 0.0


@dataclass(slots=True)
class _Queues:
    anywhere: dict[str, tuple[AttemptSpec, float]] = field(default_factory=dict)
    here: dict[str, tuple[AttemptSpec, float]] = field(default_factory=dict)
    worker: dict[str, tuple[AttemptSpec, float]] = field(default_factory=dict)

    def of(self, place: Place) -> dict[str, tuple[AttemptSpec, float]]:
        return {Place.ANYWHERE: self.anywhere, Place.HERE: self.here, Place.WORKER: self.worker}[place]

    def all(self) -> tuple[dict[str, tuple[AttemptSpec, float]], ...]:
        return self.worker, self.here, self.anywhere


class WaitingLine:
    """Attempts in the order of their launch, and the number that run. Any thread."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self._changed = threading.Condition()
        self._queues = _Queues()
        self._here = _Here()
        self._running = 0
        self._is_closed = False

    def add(self, spec: AttemptSpec, place: Place) -> bool:
        """Put an attempt at the end; whether the worker processes have to know. Raises ExecutorClosedError."""
        with self._changed:
            if self._is_closed:
                raise ExecutorClosedError
            self._queues.of(place)[spec.attempt_id] = (spec, time.monotonic())
            here = self._here
            if not here.is_staffed or here.spec is not None or place is Place.WORKER:
                return place is not Place.HERE
            self._changed.notify()
            return len(self._queues.anywhere) > 1

    def remove(self, attempt_id: str) -> AttemptSpec | None:
        """Take a waiting attempt out, if it still waits."""
        with self._changed:
            for queue in self._queues.all():
                if attempt_id in queue:
                    return queue.pop(attempt_id)[0]
        return None

    def close(self) -> list[AttemptSpec]:
        """Take no more; those that waited."""
        with self._changed:
            self._is_closed = True
            left = [spec for queue in self._queues.all() for spec, _ in queue.values()]
            self._queues = _Queues()
            self._changed.notify_all()
            return left

    def has_waiting(self) -> bool:
        """Whether anything waits."""
        return any(self._queues.all())

    # The calling process

    def staff(self, *, is_staffed: bool) -> None:
        """Somebody works in the calling process from now on, or nobody any more."""
        with self._changed:
            self._here.is_staffed = is_staffed

    def take_here(self, wait_s: float) -> AttemptSpec | None:
        """The next attempt for the calling process, waiting for one; None after `wait_s` or a `wake`."""
        with self._changed:
            spec = self._next_here()
            if spec is None and not self._is_closed:
                self._changed.wait(wait_s)
                spec = self._next_here()
            if spec is not None:
                self._running += 1
                self._here.spec, self._here.since = spec, time.monotonic()
            return spec

    def done_here(self) -> None:
        """The attempt of the calling process has ended."""
        with self._changed:
            here = self._here
            spent = time.monotonic() - here.since
            here.mean_s = spent if not here.mean_s else 0.8 * here.mean_s + 0.2 * spent
            here.spec = None
            self._running -= 1

    def spec_here(self) -> AttemptSpec | None:
        """What the calling process runs right now."""
        return self._here.spec

    def is_here(self, attempt_id: str) -> bool:
        """Whether the calling process runs this attempt right now."""
        spec = self._here.spec
        return spec is not None and spec.attempt_id == attempt_id

    def wake(self) -> None:
        """Let `take_here` return."""
        with self._changed:
            self._changed.notify_all()

    # Worker processes

    def has_waiting_for_worker(self) -> bool:
        """Whether something waits that only a worker process may take, and a lane has come free for it."""
        return bool(self._queues.worker)

    def take_for_worker(self) -> AttemptSpec | None:
        """The next attempt for a worker process; leaves one to the calling process if that is idle."""
        with self._changed:
            if self._running >= self.lanes:
                return None
            queue = self._queues.worker
            if not queue:
                queue = self._queues.anywhere
                if len(queue) <= (1 if self._is_idle_here() else 0):
                    return None
            self._running += 1
            return queue.pop(next(iter(queue)))[0]

    def done_in_worker(self) -> None:
        """An attempt of a worker process has ended."""
        with self._changed:
            self._running -= 1
            if self._is_idle_here():
                self._changed.notify()

    def wanted_workers(self) -> tuple[int, float | None]:
        """How many worker processes the waiting attempts are worth, and in how many seconds to ask again."""
        with self._changed:
            free = self.lanes - self._running
            surely = len(self._queues.worker)
            anywhere = max(0, len(self._queues.anywhere) - (1 if self._is_idle_here() else 0))
            if free <= 0 or surely + anywhere <= 0:
                return 0, None
            if not self._here.is_staffed:
                return min(free, surely + anywhere), None
            if anywhere > 0 and self._is_worth_it(anywhere):
                return min(free, surely + anywhere), None
            return min(free, surely), (WAIT_S / 2 if anywhere > 0 else None)

    def is_staffed_for(self) -> bool:
        """Whether all that waits can be done by the calling process, so that no worker is needed to go on."""
        with self._changed:
            return self._here.is_staffed and not self._queues.worker

    def _is_worth_it(self, count: int) -> bool:
        now = time.monotonic()
        oldest = next(iter(self._queues.anywhere.values()))[1]
        if now - oldest < WAIT_S:
            return False
        here = self._here
        current = now - here.since if here.spec is not None else 0.0
        return current >= WAIT_S or count * max(here.mean_s, current) >= START_S

    def _is_idle_here(self) -> bool:
        return self._here.is_staffed and self._here.spec is None

    def _next_here(self) -> AttemptSpec | None:
        if self._running >= self.lanes:
            return None
        queue = self._queues.here or self._queues.anywhere
        return queue.pop(next(iter(queue)))[0] if queue else None
