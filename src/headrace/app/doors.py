"""Doors that open when somebody enters: what a reused run never needs is imported here, in functions, and nowhere else.

Start-up is most of what a user waits for; a run that computes nothing must not load tracing, executors or workers.
"""

from collections.abc import Callable
from typing import Protocol

from headrace.app.project import Target
from headrace.app.requests import Request
from headrace.app.rooms import Rooms
from headrace.plan.plan import Forecast, Plan
from headrace.ports.executors import AttemptSpec, WorkerMessage


def plan_named(rooms: Rooms, target: Target, request: Request) -> tuple[Plan, str]:
    """See `app.new_plans`."""
    from headrace.app import new_plans

    return new_plans.plan_named(rooms, target, request)


def forecasts(rooms: Rooms, plan: Plan) -> list[Forecast]:
    """See `app.forecasts`."""
    from headrace.app import forecasts as foresight

    return foresight.forecasts(rooms, plan)


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
    """See `app.lanes`."""
    from headrace.app import lanes as lane_wiring

    return lane_wiring.local_executor(rooms, report, lanes=lanes, plan=plan)
