"""What is written when a run is over without its own process having said so: every open attempt, step, and the run."""

import time

from msgspec.structs import replace

from headrace.app.rooms import Rooms
from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.ports.records import RunEvent, RunRecord, StepRunRecord
from headrace.ports.stores import RunChange
from headrace.ports.story import EventType

_BY_FORCE = Failure(FailureKind.CANCELLED, "The attempt was ended by force.")


def ended(rooms: Rooms, run: RunRecord, failure: Failure | None, *, reason: str) -> RunChange:
    """A run as it is over: failed, the steps that were running with it, or (None) cancelled.

    `reason` is that of the steps that were not running, or that were stopped.
    """
    now = time.time()
    state = State.CANCELLED if failure is None else State.FAILED
    # an attempt may have begun although nobody had the time to write down that its step has
    running = [one for one in rooms.stores.details.attempts(run.id) if not one.state.is_final]
    failed = set[str]() if failure is None else {one.node for one in running}
    open_steps = [one for one in rooms.stores.details.steps(run.id) if not one.state.is_final]
    steps = [_step_ended(one, failure if one.node in failed else None, reason=reason, now=now) for one in open_steps]
    events = [
        *(
            RunEvent(run.id, 0, now, EventType.ATTEMPT_LOST, one.node, {"item": one.item, "number": one.number})
            for one in running
        ),
        *(RunEvent(run.id, 0, now, EventType(f"step.{one.state}"), one.node, _end_told(one)) for one in steps),
        RunEvent(run.id, 0, now, EventType(f"run.{state}"), "", _told(failure)),
    ]
    attempts = [replace(one, state=state, failure=failure or _BY_FORCE, finished_at=now) for one in running]
    return RunChange(replace(run, state=state, failure=failure, finished_at=now), steps, attempts, events=events)


def _step_ended(step: StepRunRecord, failure: Failure | None, *, reason: str, now: float) -> StepRunRecord:
    if failure is not None:
        return replace(step, state=State.FAILED, failure=failure, finished_at=now)
    return replace(step, state=State.CANCELLED, reason=reason, finished_at=now)


def _end_told(step: StepRunRecord) -> dict[str, object]:
    return {"reason": step.reason} if step.failure is None else _told(step.failure)


def _told(cause: Failure | None) -> dict[str, object]:
    return {} if cause is None else {"message": cause.message, "remedy": cause.remedy, "kind": cause.kind.value}
