"""Attempts that wait for a lane, and who may take which: the calling process, a worker process, or both."""

import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from headrace.executors.errors import ExecutorClosedError
from headrace.ports.executors import AttemptSpec

WAIT_S = 0.03
"""How long work waits before a worker process is started for it."""
START_S = 0.15
"""About what starting a worker process costs; less work than that is not worth one."""
TINY_S = 0.001
"""Attempts shorter than this are over before another process has heard of them."""
GAP_S = 0.01
"""The line may be empty for so long and still count as never empty: the next attempt is on its way."""


class Place(Enum):
    """Where an attempt may run."""

    ANYWHERE = auto()
    HERE = auto()
    WORKER = auto()


def place_of(spec: AttemptSpec) -> Place | None:
    """Where an attempt may run; None if nowhere: a notebook's function with limits that only a worker can hold.

    Without a limit such a function runs here, even if caution asks for a worker.
    """
    if spec.symbol.module == "__main__" and not Path(spec.symbol.file).is_file():
        return Place.HERE if spec.timeout_s is None and spec.memory_bytes is None else None
    needs_worker = spec.needs_worker or spec.timeout_s is not None or spec.memory_bytes is not None
    return Place.WORKER if needs_worker else Place.ANYWHERE


class _Here:
    """The lane in the calling process: whether somebody works there, on what, since when."""

    def __init__(self) -> None:
        self.is_staffed = False
        self.spec: AttemptSpec | None = None
        self.since = 0.0
        self.mean_s = 0.0
        self.last_s = 0.0

    def ended(self, now: float) -> None:
        self.last_s = now - self.since
        self.mean_s = 0.8 * self.mean_s + 0.2 * self.last_s if self.mean_s else self.last_s
        self.spec = None

    def typical_s(self) -> float:
        """About what an attempt takes; the first one, which imports, does not count for long."""
        return min(self.mean_s, self.last_s)


class _Queues:
    """Who waits, in order, with the time of launch; by the place that may take it."""

    def __init__(self) -> None:
        self.anywhere: dict[str, tuple[AttemptSpec, float]] = {}
        self.here: dict[str, tuple[AttemptSpec, float]] = {}
        self.worker: dict[str, tuple[AttemptSpec, float]] = {}

    def of(self, place: Place) -> dict[str, tuple[AttemptSpec, float]]:
        return {Place.ANYWHERE: self.anywhere, Place.HERE: self.here, Place.WORKER: self.worker}[place]

    def all(self) -> tuple[dict[str, tuple[AttemptSpec, float]], ...]:
        return self.worker, self.here, self.anywhere


class _Backlog:
    """How long there has been more work than the calling process could take at once."""

    def __init__(self) -> None:
        self.since = 0.0
        self.empty_since = 0.0
        self.looked_at_until = 0.0

    def grows(self, now: float, *, is_first: bool) -> None:
        if is_first and now - self.empty_since > GAP_S:
            self.since = now


class WaitingLine:
    """Attempts in the order of their launch, and the number that run. Any thread."""

    def __init__(self, lanes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.lanes = lanes
        self._clock = clock
        self._changed = threading.Condition()
        self._queues = _Queues()
        self._here = _Here()
        self._running = 0
        self._is_closed = False
        self._backlog = _Backlog()
        self.free_workers = 0
        """How many worker processes wait for work; the crew says so."""

    def add(self, spec: AttemptSpec, place: Place) -> bool:
        """Put an attempt at the end; whether the worker processes have to know. Raises ExecutorClosedError."""
        with self._changed:
            if self._is_closed:
                raise ExecutorClosedError
            now = self._clock()
            self._backlog.grows(now, is_first=not self._queues.anywhere)
            self._queues.of(place)[spec.attempt_id] = (spec, now)
            if place is Place.WORKER or not self._here.is_staffed:
                return place is not Place.HERE
            if self._here.spec is None:
                self._changed.notify()
                if len(self._queues.anywhere) <= 1:
                    return False
            return self.free_workers > 0 or now >= self._backlog.looked_at_until

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
                now = self._clock()
                self._here.spec, self._here.since = spec, now
                if not self._queues.anywhere:
                    self._backlog.empty_since = now
            return spec

    def done_here(self) -> None:
        """The attempt of the calling process has ended."""
        with self._changed:
            self._here.ended(self._clock())
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

    def give_back(self, spec: AttemptSpec) -> None:
        """An attempt that a worker process was given but has not begun waits again, before all others."""
        with self._changed:
            queue = self._queues.of(place_of(spec) or Place.WORKER)
            others = dict(queue)
            queue.clear()
            queue[spec.attempt_id] = (spec, self._clock())
            queue.update(others)

    def wanted_workers(self) -> tuple[int, float | None]:
        """How many worker processes the waiting attempts are worth, and in how many seconds to ask again."""
        with self._changed:
            free = self.lanes - self._running
            surely = len(self._queues.worker)
            anywhere = max(0, len(self._queues.anywhere) - (1 if self._is_idle_here() else 0))
            self._backlog.looked_at_until = 0.0
            if free <= 0:
                return 0, None
            if anywhere > 0 and self._is_worth_it(anywhere):
                return min(free, surely + anywhere), None
            return min(free, surely), self._look_again_s(anywhere)

    def is_staffed_for(self) -> bool:
        """Whether all that waits can be done by the calling process, so that no worker is needed to go on."""
        with self._changed:
            return self._here.is_staffed and not self._queues.worker

    def _is_worth_it(self, count: int) -> bool:
        now = self._clock()
        backlog_s = now - self._backlog.since
        here = self._here
        current_s = now - here.since if here.spec is not None else 0.0
        if backlog_s < WAIT_S:
            return False
        if not here.is_staffed:  # a moment ago: somebody may be on the way to work here
            return True
        if current_s >= WAIT_S or count * max(here.typical_s(), current_s) >= START_S:
            return True
        return here.typical_s() >= TINY_S and backlog_s >= START_S

    def _look_again_s(self, waiting: int) -> float | None:
        """Look again while there is a backlog, or was a moment ago: then nobody has to ring for each attempt."""
        now = self._clock()
        if not waiting and now - self._backlog.empty_since > GAP_S:
            return None
        self._backlog.looked_at_until = now + WAIT_S / 2
        return WAIT_S / 2

    def _is_idle_here(self) -> bool:
        return self._here.is_staffed and self._here.spec is None

    def _next_here(self) -> AttemptSpec | None:
        if self._running >= self.lanes:
            return None
        queue = self._queues.here or self._queues.anywhere
        return queue.pop(next(iter(queue)))[0] if queue else None
