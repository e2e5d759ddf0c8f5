"""What is recorded when the process of a run has died and its supervisor has seen how."""

import os
import time

from msgspec.structs import replace

from headrace.app.answers.advice import resume_it
from headrace.app.answers.endings import ended
from headrace.app.rooms import Rooms
from headrace.app.runs.lifeline import Lifeline, Resumption
from headrace.core.errors import StaleWriteError, UsageError
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import FailureKind, State
from headrace.display.plain import PlainDisplay, standard_error
from headrace.executors.causes import LAST_LINES, Death, failure_of_death
from headrace.ports.records import RunEvent, RunRecord
from headrace.ports.stores import RunChange
from headrace.ports.story import EventType
from headrace.worker.logs import last_lines

_SHOW_CURSOR = "\x1b[?25h"
"""A redrawing display hides it, and has died with its process."""


class DiedBeforeRunError(UsageError):
    """The process ended itself or crashed while the project's modules were imported; nothing was started."""

    code = "usage.died"

    def __init__(self, death: Death) -> None:
        what = failure_of_death(death, what="The process").message.replace(", before the step had returned", "")
        super().__init__(f"{what} It was importing or planning the pipeline. Nothing was started.")


def broken_off(run_id: str) -> Failure:
    """The failure of a run whose command ended with an error of its own."""
    message = "The command ended with an error before the run was over."
    return Failure(FailureKind.INFRASTRUCTURE, message, resume_it(run_id))


def failure_of_run(death: Death) -> Failure:
    """The failure of a run whose process died while it ran no step."""
    return failure_of_death(death, what="The run's process")


def record_crash(rooms: Rooms, lifeline: Lifeline, death: Death) -> Resumption | None:
    """Record the attempt that died with its process; how the run goes on, None if no attempt of its own did.

    The run belongs to this process until another one takes it over, so that nobody thinks it dead.
    """
    run_id = lifeline.run_id
    run = rooms.stores.runs.get(run_id)
    attempt = next((one for one in rooms.stores.details.attempts(run_id) if one.id == lifeline.attempt_id), None)
    if run.state.is_final or attempt is None or attempt.state.is_final:
        return None
    now = time.time()
    said = last_lines(rooms.settings.store / attempt.log_path, skip=0, keep=LAST_LINES)
    failure = failure_of_death(replace(death, last_lines=tuple(text for _, _, text in said)))
    told = {"item": attempt.item, "number": attempt.number, **_words(failure)}
    event = RunEvent(run_id, 0, now, EventType.ATTEMPT_FAILED, attempt.node, told)
    begun = attempt.started_at or now
    broken = replace(attempt, state=State.FAILED, failure=failure, started_at=begun, finished_at=now, worker=run.runner)
    mine = replace(run, runner=rooms.processes.me())
    is_written = _is_written(rooms, RunChange(mine, attempts=[broken], events=[event]))
    text = f"{attempt.node:<28} attempt {attempt.number} failed: {failure.message} The run goes on in a new process."
    return Resumption(run_id, lifeline.plan, failure, text) if is_written else None


def record_end(rooms: Rooms, run_id: str, failure: Failure | None) -> RunRecord:
    """Record that a run is over: failed by a death that no step explains, or (None) cancelled.

    A final one stays, and so does one that another process goes on with.
    """
    run = rooms.stores.runs.get(run_id)
    processes = rooms.processes
    if run.state.is_final or (run.runner not in (None, processes.me()) and processes.is_alive(run.runner)):
        return run
    reason = "the run was ended by force" if failure is None else "the run ended before it could start"
    _is_written(rooms, ended(rooms, run, failure, reason=reason))
    return rooms.stores.runs.get(run_id)


def tell_end(record: RunRecord, advice: str, *, is_told: bool) -> None:
    """Tell the terminal how the run ended, unless that is told, and how to go on."""
    is_terminal = standard_error().isatty()
    display = PlainDisplay(coloured=is_terminal and "NO_COLOR" not in os.environ)
    if is_terminal:
        display.write(_SHOW_CURSOR)
    if not is_told:
        why = "" if record.failure is None else f": {record.failure.message}"
        display.say(record.state, f"run {short_id(record.id)} of {record.pipeline} {record.state.value}{why}")
    display.write(f"next: {advice}\n")


def _is_written(rooms: Rooms, change: RunChange) -> bool:
    try:
        rooms.stores.runs.write(change)
    except StaleWriteError:
        # somebody who looked has recorded the death already
        return False
    return True


def _words(failure: Failure) -> dict[str, object]:
    return {"message": failure.message, "remedy": failure.remedy, "kind": failure.kind.value}
