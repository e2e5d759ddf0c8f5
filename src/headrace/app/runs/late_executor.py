"""An executor that is made when the first attempt is launched: a run that reuses everything needs none."""

import threading
from collections.abc import Callable

from headrace.app.rooms import Rooms
from headrace.app.runs.caution import Caution
from headrace.app.runs.doors import Lanes, local_executor
from headrace.executors.processes import cores
from headrace.plan.plan import Plan
from headrace.ports.executors import AttemptSpec, WorkerMessage


class LateExecutor:
    """Satisfies `ports.executors.Executor`, and lets the calling thread work as soon as there is work."""

    def __init__(
        self, rooms: Rooms, report: Callable[[WorkerMessage], None], *, lanes: int, plan: Plan, run_id: str
    ) -> None:
        self._rooms, self._report, self._plan = rooms, report, plan
        self._caution = Caution(rooms, plan.graph.pipeline, run_id)
        self._lanes = lanes or cores()
        self._made: Lanes | None = None
        self._is_closed = False
        self._changed = threading.Event()

    @property
    def capacity(self) -> int:
        """How many attempts can run at once."""
        return self._lanes

    def launch(self, spec: AttemptSpec) -> None:
        """Start an attempt; called by the conductor's thread only."""
        if self._made is None:
            self._made = local_executor(self._rooms, self._report, lanes=self._lanes, plan=self._plan)
            if self._is_closed:
                self._made.close()
            self._changed.set()
        self._made.launch(self._caution.applied(spec))

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        """Ask an attempt to end."""
        if self._made is not None:
            self._made.stop(attempt_id, grace_s=grace_s)

    def close(self) -> None:
        """End what runs."""
        self._is_closed = True
        if self._made is not None:
            self._made.close()

    def work_here(self, until: Callable[[], bool]) -> None:
        """Run attempts in this thread until `until()` says so."""
        while not until():
            self._changed.wait()
            # cleared before it is looked at: what is made after the look sets it again
            self._changed.clear()
            if self._made is not None:
                self._made.work_here(until)

    def wake(self) -> None:
        """Let `work_here` ask its `until` now."""
        self._changed.set()
        if self._made is not None:
            self._made.wake()
