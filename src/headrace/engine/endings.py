"""How step runs and runs come to their end: of themselves, by a failure, by a halt."""

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import NONE, Value
from headrace.engine.board import Alarm, Board
from headrace.engine.commands import Gather, StopAttempt
from headrace.engine.events import Gathered
from headrace.engine.steps import Lease, StepRun, failure_of_map, failure_of_step
from headrace.ports.story import EventType

_TYPES = {
    State.SUCCEEDED: EventType.STEP_SUCCEEDED,
    State.REUSED: EventType.STEP_REUSED,
    State.FAILED: EventType.STEP_FAILED,
    State.CANCELLED: EventType.STEP_CANCELLED,
    State.SKIPPED: EventType.STEP_SKIPPED,
}


class Endings:
    """Puts step runs into their final states, once, and lets those that wait for them go on."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def end(self, step: StepRun, state: State, *, failure: Failure | None = None) -> None:
        """Put a step run into a final state."""
        board = self._board
        step.state, step.failure, step.finished_at = state, failure, board.now
        board.unfinished -= 1
        board.touch(step)
        board.note(_TYPES[state], step.name, _data_of_end(step))
        step.release_memory()
        for follower in step.followers:
            follower.waiting -= 1
            if not follower.waiting:
                board.arrived.append(follower)
        if failure is not None:
            board.failed.append(step)
            if step.partial is None:
                self._fail_fast(step.name)

    def _fail_fast(self, name: str) -> None:
        if self._board.options.fail_fast and not self._board.is_halted:
            self.halt(f"{name} failed")

    def skip(self, step: StepRun, reason: str, root: str = "") -> None:
        """End a step run without starting it: its branch was not taken, or (with a root) it cannot have its inputs."""
        step.reason, step.root = reason, root
        step.output = None if root else NONE
        self.end(step, State.SKIPPED)
        if root in self._board.chosen.included:
            self._fail_fast(root)

    def halt_for_item(self, step: StepRun) -> None:
        """An item of a map has failed: that may be enough to end the run."""
        if step.is_map and step.name not in self._board.partial_wanted:
            self._fail_fast(step.name)

    def cause(self, root_of_output: str) -> Failure | None:
        """Why the run fails: the first failed step, not counting a map of which only succeeded items were taken.

        `root_of_output` is the step that keeps the run's output from having a value.
        """
        board = self._board
        hindering = {root_of_output, *(step.root for step in board.steps)}
        for step in board.failed:
            is_let_pass = step.partial is not None and step.name in board.taken and step.name not in hindering
            if step.failure is not None and not is_let_pass:
                return failure_of_step(step, step.failure)
        return None

    def conclude(self, step: StepRun) -> None:
        """End a step run if all its items are final and none of its attempts is open."""
        if not step.items.are_final or step.is_gathering or step.state.is_final:
            return
        if step.is_map:
            self._conclude_map(step)
            return
        step.output = step.outputs[0]
        failure = step.items.errors[0][1] if step.items.errors else None
        self.end(step, step.items[0], failure=failure)

    def _conclude_map(self, step: StepRun) -> None:
        items = step.items
        takes_part = step.name in self._board.partial_wanted and not self._board.is_halted
        if items.count(State.FAILED) and not takes_part:
            self.end(step, State.FAILED, failure=failure_of_map(step))
        elif items.count(State.CANCELLED):
            self.end(step, State.CANCELLED)
        else:
            step.is_gathering = True
            members = tuple(value for value in step.outputs if value is not None)
            self._board.out.append(Gather(step.name, members))

    def on_gathered(self, event: Gathered) -> None:
        """The list over a map's items is there, or cannot be had."""
        step = self._board.by_name[event.node]
        if not step.is_gathering:
            return
        step.is_gathering = False
        if isinstance(event.outcome, Failure):
            self.end(step, State.FAILED, failure=event.outcome)
        elif step.items.count(State.FAILED):
            step.partial = event.outcome
            self.end(step, State.FAILED, failure=failure_of_map(step))
        else:
            self._succeed_map(step, event.outcome)

    def _succeed_map(self, step: StepRun, output: Value) -> None:
        step.output = output
        width = len(step.items)
        is_reused = width and step.items.count(State.REUSED) == width
        self.end(step, State.REUSED if is_reused else State.SUCCEEDED)

    def halt(self, reason: str) -> None:
        """Start nothing any more and stop what runs; what is not under way ends at once."""
        board = self._board
        board.is_halted = True
        for lease in list(board.leases.values()):
            self.stop(lease, FailureKind.CANCELLED)
        for step in board.steps:
            if not step.state.is_final and not step.is_gathering:
                self._halt_step(step, reason)

    def stop(self, lease: Lease, why: FailureKind) -> None:
        """Ask an attempt to end, and give it up if nothing is heard of it for too long."""
        options = self._board.options
        lease.stopping = lease.stopping or why
        lease.deadline = self._board.now + options.stop_grace_s + options.silence_s
        self._board.set_alarm(lease.deadline, Alarm("overdue", attempt_id=lease.attempt_id))
        self._board.out.append(StopAttempt(lease.attempt_id, options.stop_grace_s))

    def _halt_step(self, step: StepRun, reason: str) -> None:
        if step.arguments is None:
            root = self._failed_root(step)
            if root:
                self.skip(step, f"upstream {root} failed", root)
            else:
                step.reason = reason
                self.end(step, State.CANCELLED)
            return
        step.items.withdraw({lease.index for lease in self._board.leases.values() if lease.step is step})
        step.ready.clear()
        step.held_here.clear()
        step.held_elsewhere.clear()
        step.cursor = len(step.items)
        step.reason = reason
        self.conclude(step)

    def _failed_root(self, step: StepRun) -> str:
        if self._board.is_cancelling:
            return ""
        for name in sorted(step.node.upstream):
            earlier = self._board.by_name[name]
            if earlier.state is State.FAILED:
                return name
            if earlier.root and earlier.root in self._board.chosen.included:
                return earlier.root
        return ""


def _data_of_end(step: StepRun) -> dict[str, object]:
    data: dict[str, object] = {}
    if step.reason:
        data["reason"] = step.reason
    if step.failure is not None:
        data.update(failure_data(step.failure))
    if step.is_map:
        data.update(step.items.tally())
    if step.state is State.REUSED and step.made_by:
        data.update(run=step.made_in, attempt=step.made_by)
    if step.started_at is not None and step.finished_at is not None:
        data["seconds"] = round(step.finished_at - step.started_at, 6)
    return data


def failure_data(failure: Failure) -> dict[str, object]:
    """A failure as the data of an event: without its traceback, which stands in the attempt's record."""
    return {"message": failure.message, "remedy": failure.remedy, "kind": failure.kind.value}
