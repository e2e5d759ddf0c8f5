"""The door to what computes: a run that reuses everything never opens it, so its imports stand in a function."""

from collections.abc import Callable
from typing import Protocol

from headrace.app.rooms import Rooms
from headrace.plan.plan import Plan
from headrace.ports.executors import AttemptSpec, WorkerMessage


class Lanes(Protocol):
    """What running needs of an executor whose first lane is the calling thread: see `executors.local`."""

    def launch(self, spec: AttemptSpec) -> None:
        """Start an attempt."""
        ...

    def stop(self, attempt_id: str, *, grace_s: float) -> None:
        """Ask an attempt to end."""
        ...

    def close(self) -> None:
        """End what runs."""
        ...

    def work_here(self, until: Callable[[], bool]) -> None:
        """Run attempts in this thread."""
        ...

    def wake(self) -> None:
        """Ask `until` now."""
        ...


def local_executor(rooms: Rooms, report: Callable[[WorkerMessage], None], *, lanes: int, plan: Plan) -> Lanes:
    """See `app.runs.lanes`."""
    from headrace.app.runs import lanes as lane_wiring

    return lane_wiring.local_executor(rooms, report, lanes=lanes, plan=plan)
