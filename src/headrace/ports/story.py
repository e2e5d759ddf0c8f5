"""The types of a run's events: the small fixed set of words that a run's story is told in."""

from enum import StrEnum


class EventType(StrEnum):
    """What happened, with the keys of `RunEvent.data`.

    Of the run: `started`, `resumed`, `cancel_requested`; its end `succeeded`, `failed` (message, remedy, kind),
    `cancelled`.

    Of a step: `started`; `waiting` (run: another one that computes the same right now) and `taken_over` (run: that one
    has ended without a value, so this one computes it); `damaged` (message, run: the one that made the value; it is
    computed again, although it had been reused or computed already); `items`, how a map's items
    stand (items: how many there are, and each state's word with its number); its end `succeeded`, `reused` (run,
    attempt), `failed` (message, remedy, kind), `cancelled` and `skipped` (reason). Ends of steps that ran have
    `seconds`, ends of maps the numbers that `items` has.

    Of an attempt: `failed` (item, number, message, remedy, kind; retry_in_s if it is tried again) and `lost` (item,
    number: its process ended together with the run's last conductor). `ignored`: a message of an old lease came and
    changed nothing (attempt, fence, message).
    """

    RUN_STARTED = "run.started"
    RUN_RESUMED = "run.resumed"
    RUN_CANCEL_REQUESTED = "run.cancel_requested"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    STEP_STARTED = "step.started"
    STEP_WAITING = "step.waiting"
    STEP_TAKEN_OVER = "step.taken_over"
    STEP_DAMAGED = "step.damaged"
    STEP_ITEMS = "step.items"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_REUSED = "step.reused"
    STEP_FAILED = "step.failed"
    STEP_CANCELLED = "step.cancelled"
    STEP_SKIPPED = "step.skipped"
    ATTEMPT_FAILED = "attempt.failed"
    ATTEMPT_LOST = "attempt.lost"
    MESSAGE_IGNORED = "message.ignored"
