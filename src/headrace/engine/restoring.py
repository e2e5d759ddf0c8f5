"""Rebuilding a machine from the records of an earlier conductor: what is complete stays, the rest starts anew."""

from collections.abc import Sequence

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import NONE
from headrace.engine.board import Board
from headrace.engine.retries import retries_for
from headrace.engine.steps import Lease, StepRun, Tries
from headrace.ports.records import AttemptRecord, StepRunRecord

_NOT_ITS_OWN = (FailureKind.INFRASTRUCTURE, FailureKind.CANCELLED)
"""Failures that are no step's own: whoever resumes a run wants what they ended tried again."""


def restore(
    board: Board, steps: Sequence[StepRunRecord], attempts: Sequence[AttemptRecord], *, is_resumed: bool = False
) -> None:
    """Put records on a fresh board. Items of maps are not taken from records: they are looked up, and what this run
    has made of them is found.

    `is_resumed`: somebody asked for it, so what lost infrastructure has ended is tried again, with a whole budget.
    """
    board.is_restored, board.is_resumed = True, is_resumed
    for attempt in attempts:
        step = board.by_name.get(attempt.node)
        if step is not None:
            _restore_attempt(board, step, attempt)
    for record in sorted(steps, key=lambda record: record.position):
        step = board.by_name.get(record.node)
        if step is not None and _stays(board, step, record):
            _restore_step(board, step, record)


def _restore_attempt(board: Board, step: StepRun, record: AttemptRecord) -> None:
    index = max(record.item, 0)
    step.fence = max(step.fence, record.fence)
    tries = step.tries.setdefault(index, Tries())
    tries.attempts = max(tries.attempts, record.number)
    if record.state.is_final:
        retries = board.options.infrastructure_retries
        _count(step, record, infrastructure_retries=retries, is_forgiven=board.is_resumed)
        return
    tries.is_lost = step.is_wary = True
    failure = Failure(FailureKind.INFRASTRUCTURE, "The process that conducted the run ended before the attempt did.")
    lease = Lease(record.id, step, index, record.number, record.fence, record.created_at)
    lease.worker, lease.started_at, lease.usage = record.worker, record.started_at, record.usage
    lease.state, lease.failure = State.FAILED, failure
    board.touch_lease(lease)
    board.lost.append(lease)


def _count(step: StepRun, record: AttemptRecord, *, infrastructure_retries: int, is_forgiven: bool) -> None:
    """A failure counts as if this machine had seen it; one that took its process with it is not tried here again."""
    failure, tries = record.failure, step.tries[max(record.item, 0)]
    if record.state is not State.FAILED or failure is None:
        return
    if is_forgiven and failure.kind in _NOT_ITS_OWN:
        tries.is_lost = step.is_wary = True
        return
    failures = tries.count(failure.kind)
    step.is_wary = step.is_wary or tries.is_lost
    if failures > retries_for(step.node.step.retry, failure, infrastructure_retries):
        tries.spent = failure


def _stays(board: Board, step: StepRun, record: StepRunRecord) -> bool:
    if record.state.has_value:
        return True
    if record.state is State.SKIPPED:
        return record.output is not None
    if record.state is not State.FAILED or step.name in board.partial_wanted:
        return False
    return not (board.is_resumed and (record.failure is None or record.failure.kind in _NOT_ITS_OWN))


def _restore_step(board: Board, step: StepRun, record: StepRunRecord) -> None:
    step.state, step.output, step.failure, step.reason = record.state, record.output, record.failure, record.reason
    if record.state is State.SKIPPED:
        step.output = NONE
    step.key, step.parts, step.made_by, step.made_in = record.key, record.parts, record.made_by, record.made_in
    step.started_at, step.finished_at = record.started_at, record.finished_at
    step.tries = {}
    board.unfinished -= 1
    for follower in step.followers:
        follower.waiting -= 1
    if record.failure is not None:
        board.failed.append(step)
