"""Attempts: launched where there is room, held by a lease with a fencing number, ended once, tried again by budget."""

from typing import assert_never

from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.core.values import Value
from headrace.engine.board import Alarm, Board
from headrace.engine.commands import ItemEnded, LaunchAttempt
from headrace.engine.endings import Endings, failure_data
from headrace.engine.events import (
    AttemptEvents,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    Verified,
    WorkerLost,
)
from headrace.engine.identities import attempt_id
from headrace.engine.lookups import Lookups
from headrace.engine.mending import Mending
from headrace.engine.retries import delay_s, retries_for
from headrace.engine.steps import Lease, StepRun, Tries
from headrace.ports.executors import Usage
from headrace.ports.story import EventType

MAX_TOLD = 100
"""How many failed attempts of one step run are told one by one."""


class Attempts:
    """Opens and closes leases. A message that holds none is noted and changes nothing."""

    def __init__(self, board: Board, endings: Endings, lookups: Lookups, *, mending: Mending) -> None:
        self._board, self._endings, self._lookups, self._mending = board, endings, lookups, mending

    def launch_ready(self) -> None:
        """Launch as many items as there is room for: in the graph's order, then by number."""
        while (step := self._board.next_ready()) is not None:
            self._launch(step, step.take())
            self._lookups.look_ahead(step)

    def _launch(self, step: StepRun, index: int) -> None:
        board = self._board
        if step.arguments is None:
            return
        tries = step.tries.get(index)
        if tries is not None and tries.spent is not None:
            self._end_unlaunched(step, index, tries.spent)
            return
        number = tries.attempts + 1 if tries else 1
        step.fence += 1
        step.open += 1
        identifier = attempt_id(step.id, index, number, at=board.now)
        lease = Lease(identifier, step, index, number, step.fence, board.now)
        board.leases[identifier] = lease
        board.touch_lease(lease)
        arguments = step.arguments.arguments(index)
        is_wary = step.is_wary or (tries is not None and tries.is_lost)
        item = step.number_of(index)
        board.out.append(LaunchAttempt(identifier, step.name, item, number, lease.fence, arguments, is_wary))

    def _end_unlaunched(self, step: StepRun, index: int, failure: Failure) -> None:
        """An item that has failed for good before this machine was there."""
        step.tries.pop(index, None)
        step.items.fail(index, failure)
        self._board.touch(step)
        self._board.out.append(ItemEnded(step.name, step.number_of(index), State.FAILED))
        self._endings.conclude(step)
        self._endings.halt_for_item(step)

    def on_message(self, event: AttemptEvents) -> None:
        """A worker, or somebody who watches it, has said something about an attempt."""
        lease = self._board.leases.get(event.attempt_id)
        if lease is None or lease.fence != event.fence or self._is_repeated(event, lease):
            self._ignore(event)
            return
        match event:
            case AttemptStarted():
                self._start(lease, event)
            case AttemptSucceeded():
                self._succeed(lease, event.output, event.usage)
            case AttemptFailed():
                self._fail(lease, event.failure, event.usage)
            case WorkerLost():
                self._fail(lease, Failure(FailureKind.INFRASTRUCTURE, event.message), Usage())
            case _:
                assert_never(event)

    def _is_repeated(self, event: AttemptEvents, lease: Lease) -> bool:
        return isinstance(event, AttemptStarted) and lease.state is not State.QUEUED

    def _ignore(self, event: AttemptEvents) -> None:
        data: dict[str, object] = {"attempt": event.attempt_id, "fence": event.fence, "message": type(event).__name__}
        self._board.note(EventType.MESSAGE_IGNORED, "", data)

    def _start(self, lease: Lease, event: AttemptStarted) -> None:
        board, step = self._board, lease.step
        # the worker's clock may be behind, or either was set meanwhile: by that, it may be overdue at once
        heard_at = max(board.now, event.heard_at)
        began_at = event.at if event.at >= lease.created_at else heard_at
        lease.state, lease.worker, lease.started_at = State.RUNNING, event.worker, began_at
        board.touch_lease(lease)
        step.items.move(lease.index, State.RUNNING)
        if step.state is not State.RUNNING:
            step.state = State.RUNNING
            if step.started_at is None:
                step.started_at = began_at
                board.note(EventType.STEP_STARTED, step.name)
        board.touch(step)
        timeout = step.node.step.timeout_s
        if timeout is not None and lease.stopping is None:
            lease.deadline = heard_at + timeout + board.options.silence_s
            board.set_alarm(lease.deadline, Alarm("overdue", attempt_id=lease.attempt_id))

    def _close(self, lease: Lease, state: State, usage: Usage) -> None:
        board, step = self._board, lease.step
        lease.state, lease.finished_at, lease.usage = state, board.now, usage
        del board.leases[lease.attempt_id]
        if lease.started_at is not None and lease.started_at == step.started_at:
            # importing its module is no part of what the step takes: the usage tells it apart
            step.started_at = min(lease.started_at + usage.import_s, board.now)
        step.open -= 1
        board.touch_lease(lease)
        board.touch(step)
        board.offer(step)

    def _succeed(self, lease: Lease, output: Value, usage: Usage) -> None:
        step = lease.step
        self._close(lease, State.SUCCEEDED, usage)
        step.outputs[lease.index] = output
        step.items.move(lease.index, State.SUCCEEDED)
        if not step.is_map:
            step.made_by, step.made_in = lease.attempt_id, self._board.options.run_id
            step.started_at = step.started_at or lease.created_at
        self._end_item(lease, State.SUCCEEDED, output)

    def _end_item(self, lease: Lease, state: State, output: Value | None = None) -> None:
        step = lease.step
        step.tries.pop(lease.index, None)
        number = step.number_of(lease.index)
        self._board.out.append(ItemEnded(step.name, number, state, lease.attempt_id, output))
        self._endings.conclude(step)

    def _fail(self, lease: Lease, failure: Failure, usage: Usage) -> None:
        failure = _as_asked(lease, failure)
        lease.failure = failure
        is_cancelled = failure.kind is FailureKind.CANCELLED
        self._close(lease, State.CANCELLED if is_cancelled else State.FAILED, usage)
        if not self._mending.suspect(lease, failure):
            self._settle(lease, failure)

    def _settle(self, lease: Lease, failure: Failure) -> None:
        """Try an item again, or end it with its last attempt's failure."""
        is_cancelled = failure.kind is FailureKind.CANCELLED
        retry_in_s = None if self._board.is_halted else self._retry_in(lease, failure)
        if not is_cancelled:
            self._tell(lease, failure, retry_in_s)
        if retry_in_s is not None:
            self._retry(lease, retry_in_s)
        elif is_cancelled:
            lease.step.items.move(lease.index, State.CANCELLED)
            self._end_item(lease, State.CANCELLED)
        else:
            self._give_up(lease, failure)

    def _give_up(self, lease: Lease, failure: Failure) -> None:
        lease.step.items.fail(lease.index, failure)
        self._end_item(lease, State.FAILED)
        self._endings.halt_for_item(lease.step)

    def on_verified(self, event: Verified) -> None:
        """The inputs of an item whose attempt failed at a stored value have been looked at."""
        step = self._board.by_name[event.node]
        lease = step.mending.get(event.index)
        step.verifying.discard(event.index)
        if lease is None or lease.failure is None or self._board.is_halted:
            return
        if not event.damaged:
            del step.mending[event.index]
            self._settle(lease, lease.failure)
            return
        failure = self._mending.reopen_for(step, event)
        if failure is not None:
            del step.mending[event.index]
            self._give_up(lease, failure)
        elif not step.waiting:
            self._board.arrived.append(step)

    def resume(self, step: StepRun) -> None:
        """What items have waited for, because it was damaged, is there again, or cannot be had."""
        failure = self._mending.resume(step)
        if failure is not None:
            leases, step.mending = list(step.mending.values()), {}
            for lease in leases:
                self._give_up(lease, failure)

    def _retry_in(self, lease: Lease, failure: Failure) -> float | None:
        step = lease.step
        rule = step.node.step.retry
        tries = step.tries.setdefault(lease.index, Tries())
        tries.attempts = lease.number
        failures = tries.count(failure.kind)
        if failures > retries_for(rule, failure, self._board.options.infrastructure_retries):
            return None
        return delay_s(rule, failures, f"{step.id} {lease.index}")

    def _retry(self, lease: Lease, delay: float) -> None:
        step = lease.step
        step.items.move(lease.index, State.QUEUED)
        if step.state is State.RUNNING and not step.open and not step.is_map:
            step.state = State.QUEUED
        self._board.set_alarm(self._board.now + delay, Alarm("retry", step.position, lease.index))

    def _tell(self, lease: Lease, failure: Failure, retry_in_s: float | None) -> None:
        """A line of the story for the first few failures of a step; a map may have a hundred thousand."""
        lease.step.told += 1
        if lease.step.told > MAX_TOLD:
            return
        data: dict[str, object] = {"item": lease.step.number_of(lease.index), "number": lease.number}
        data.update(failure_data(failure))
        if retry_in_s is not None:
            data["retry_in_s"] = round(retry_in_s, 3)
        self._board.note(EventType.ATTEMPT_FAILED, lease.step.name, data)

    def retry_now(self, step: StepRun, index: int) -> None:
        """The delay of an item is over."""
        if step.state.is_final or step.items[index] is not State.QUEUED:
            return
        step.offer(index)
        self._board.offer(step)

    def overdue(self, identifier: str) -> None:
        """An attempt should have ended by now: stop it, or give it up if it was told to stop already."""
        lease = self._board.leases.get(identifier)
        if lease is None or lease.deadline is None or lease.deadline > self._board.now:
            return
        if lease.stopping is None:
            self._endings.stop(lease, FailureKind.TIMEOUT)
            return
        message = "The worker did not say anything after it was told to stop."
        self._fail(lease, Failure(FailureKind.INFRASTRUCTURE, message), Usage())


def _as_asked(lease: Lease, failure: Failure) -> Failure:
    """What an attempt's end means if the machine itself asked for it."""
    if lease.stopping is None or failure.kind not in (FailureKind.CANCELLED, FailureKind.INFRASTRUCTURE):
        return failure
    if lease.stopping is FailureKind.CANCELLED:
        return Failure(FailureKind.CANCELLED, "The attempt was stopped.")
    limit = lease.step.node.step.timeout_s
    return Failure(
        FailureKind.TIMEOUT,
        f"The attempt took longer than {limit:g} s." if limit is not None else "The attempt took too long.",
        "Raise the step's `timeout`, or make it faster.",
    )
