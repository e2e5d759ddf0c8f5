"""What of a machine's memory is written down at the end of a turn: each changed record once, wide maps less often."""

from headrace.engine.board import Board
from headrace.engine.commands import RecordAttempt, RecordStep, WakeAt
from headrace.engine.steps import StepRun
from headrace.ports.story import EventType

SHARE = 64
"""A running map is recorded when one item in so many has changed."""


class Recorder:
    """Hands out the records of a turn. The cost of a map's record grows with its width, so that of a running map is
    held back until it is worth it: its results and attempts are written at once all the same."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._wake_at: float | None = None

    def hand_out(self) -> None:
        """Add the commands that record what has changed since the last time."""
        board = self._board
        leases, board.changed_leases = board.changed_leases, {}
        run_id = board.options.run_id
        board.out.extend(RecordAttempt(lease.record(run_id)) for lease in leases.values())
        steps, board.changed_steps = board.changed_steps, {}
        wake = board.next_alarm()
        for step in steps.values():
            due = self._due(step)
            if due is None:
                self._record(step)
            else:
                board.changed_steps[step.name] = step
                wake = due if wake is None else min(wake, due)
        if wake != self._wake_at:
            self._wake_at = wake
            board.out.append(WakeAt(wake))

    def _due(self, step: StepRun) -> float | None:
        """When a step run has to be recorded; None for now."""
        if not step.is_map or step.state.is_final or step.changed * SHARE >= len(step.items):
            return None
        due = step.recorded_at + self._board.options.record_every_s
        return due if due > self._board.now else None

    def _record(self, step: StepRun) -> None:
        board = self._board
        board.out.append(RecordStep(step.record(board.options.run_id)))
        if step.is_map and not step.state.is_final and step.items.have_begun:
            board.note(EventType.STEP_ITEMS, step.name, step.items.tally())
        step.changed, step.recorded_at = 0, board.now
