"""The run machine: told what happened, it says what to do. No clock, no chance, no files, no network.

Every order of events can be tested, because the same events give the same commands.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from headrace.core.failures import Failure
from headrace.core.parts import NeedsContentError
from headrace.core.states import State
from headrace.core.values import Value
from headrace.definition.graph import Graph
from headrace.engine.attempts import Attempts
from headrace.engine.board import Alarm, Board
from headrace.engine.commands import Command, Expand, FinishRun
from headrace.engine.endings import Endings, failure_data
from headrace.engine.events import (
    Answers,
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CancelRequested,
    ClaimFreed,
    ClockLeapt,
    Event,
    Expanded,
    Gathered,
    LookedUp,
    RunEvents,
    RunStarted,
    TimePassed,
    TurnEnded,
    Verified,
    WorkerLost,
)
from headrace.engine.lookups import Lookups
from headrace.engine.mending import OUTPUT, Mending
from headrace.engine.options import MachineOptions
from headrace.engine.recording import Recorder
from headrace.engine.restoring import restore
from headrace.engine.steps import Lease, StepRun
from headrace.engine.values import HinderedError, UnfitError, Values
from headrace.plan.bindings import MapItems
from headrace.plan.selection import Chosen
from headrace.ports.records import AttemptRecord, StepRunRecord
from headrace.ports.story import EventType

_ENDS = {
    State.SUCCEEDED: EventType.RUN_SUCCEEDED,
    State.FAILED: EventType.RUN_FAILED,
    State.CANCELLED: EventType.RUN_CANCELLED,
}
MAX_EXPANSIONS = 8
"""How many objects' members are kept after a step has its arguments."""


class Machine:
    """One run of a graph. Not safe for threads: one conductor drives it."""

    def __init__(
        self, graph: Graph, parameters: Mapping[str, Value], chosen: Chosen, *, options: MachineOptions
    ) -> None:
        self._board = board = Board(graph, parameters, chosen, options=options)
        self._values = Values(board)
        self._endings = Endings(board)
        self._lookups = Lookups(board, self._endings)
        self._mending = Mending(board, self._lookups, self._values)
        self._attempts = Attempts(board, self._endings, self._lookups, mending=self._mending)
        self._recorder = Recorder(board)

    @property
    def state(self) -> State:
        """The run's state."""
        return self._board.state

    @property
    def steps(self) -> Sequence[StepRun]:
        """The step runs in the graph's order; read only."""
        return self._board.steps

    def step(self, name: str) -> StepRun:
        """The step run of a node; read only."""
        return self._board.by_name[name]

    def lease(self, attempt_id: str) -> Lease | None:
        """The lease of an open attempt; read only."""
        return self._board.leases.get(attempt_id)

    @property
    def open_attempts(self) -> Sequence[str]:
        """The attempts that have been launched and have not ended."""
        return tuple(self._board.leases)

    def restore(
        self, steps: Sequence[StepRunRecord], attempts: Sequence[AttemptRecord], *, is_resumed: bool = False
    ) -> None:
        """Take over what an earlier conductor has written, before RunStarted.

        Completed and failed steps stay; open attempts are lost; the rest is looked up and run, and attempts that have
        failed count against the retries that they have. `is_resumed`: what infrastructure has ended is tried again.
        """
        restore(self._board, steps, attempts, is_resumed=is_resumed)

    def handle(self, event: Event) -> list[Command]:
        """Take one event in; returns what is to be done, in order."""
        board = self._board
        board.out = []
        board.now = max(board.now, event.at)
        match event:
            case RunStarted() | CancelRequested() | TimePassed() | ClockLeapt() | TurnEnded():
                self._on_run(event)
            case Expanded() | Gathered() | LookedUp() | ClaimFreed() | Verified():
                self._on_answer(event)
            case AttemptStarted() | AttemptSucceeded() | AttemptFailed() | WorkerLost():
                self._attempts.on_message(event)
            case _:
                assert_never(event)
        if not board.state.is_final:
            self._settle()
        return board.out

    def _on_run(self, event: RunEvents) -> None:
        match event:
            case RunStarted():
                self._start()
            case CancelRequested():
                self._cancel()
            case TimePassed():
                self._ring()
            case ClockLeapt():
                # no attempt has used up its time, and no worker was silent, while the machine slept
                self._board.put_off(event.by_s)
            case TurnEnded():
                self._recorder.hand_out()
            case _:
                assert_never(event)

    def _on_answer(self, event: Answers) -> None:
        if self._board.state.is_final:
            return
        match event:
            case Expanded():
                self._on_expanded(event)
            case Gathered():
                self._endings.on_gathered(event)
            case LookedUp():
                self._lookups.on_looked_up(event)
            case ClaimFreed():
                self._lookups.on_freed(event)
            case Verified(node=name) if name == OUTPUT:
                self._mending.on_output(event)
            case Verified():
                self._attempts.on_verified(event)
            case _:
                assert_never(event)

    def _start(self) -> None:
        board = self._board
        if board.state is not State.PENDING:
            return
        board.state = State.RUNNING
        board.note(EventType.RUN_RESUMED if board.is_restored else EventType.RUN_STARTED)
        for lease in board.lost:
            lease.finished_at = board.now
            item = lease.step.number_of(lease.index)
            board.note(EventType.ATTEMPT_LOST, lease.step.name, {"item": item, "number": lease.number})
        for step in board.steps:
            if step.name not in board.chosen.included and not step.state.is_final:
                self._endings.skip(step, "not selected", step.name)
        board.arrived.extend(step for step in board.steps if not step.waiting)

    def _cancel(self) -> None:
        board = self._board
        if board.is_cancelling or board.state is not State.RUNNING:
            return
        board.is_cancelling = True
        board.note(EventType.RUN_CANCEL_REQUESTED)
        self._endings.halt("the run was cancelled")

    def _ring(self) -> None:
        while (alarm := self._board.due()) is not None:
            self._ring_one(alarm)

    def _ring_one(self, alarm: Alarm) -> None:
        step = self._board.steps[alarm.position]
        match alarm.kind:
            case "retry":
                self._attempts.retry_now(step, alarm.index)
            case "held":
                self._lookups.ask_again(step)
            case "overdue":
                self._attempts.overdue(alarm.attempt_id)

    def _settle(self) -> None:
        board = self._board
        while True:
            while board.arrived:
                self._arrive(board.arrived.popleft())
            self._attempts.launch_ready()
            # an item that had failed for good before this machine was there ends where it would be launched
            if not board.arrived:
                break
        if not board.unfinished and not board.leases and board.state is State.RUNNING:
            self._finish()

    def _arrive(self, step: StepRun) -> None:
        """All that a step waits for is final: does it start, and with what?"""
        if step.waiting or step.state is not State.PENDING:
            if step.mending and not step.waiting:
                self._attempts.resume(step)
            return
        try:
            arguments = self._values.arguments_of(step.node)
        except NeedsContentError as need:
            self._board.out.append(Expand(step.name, need.value))
        except HinderedError as hindered:
            self._endings.skip(step, hindered.reason, hindered.root)
        except UnfitError as unfit:
            self._endings.end(step, State.FAILED, failure=unfit.failure)
        else:
            self._begin(step, arguments)

    def _begin(self, step: StepRun, arguments: MapItems | None) -> None:
        self._trim_expansions()
        if arguments is None:
            self._endings.skip(step, "its branch was not taken")
        else:
            self._lookups.begin(step, arguments)

    def _trim_expansions(self) -> None:
        expansions = self._board.expansions
        while len(expansions) > MAX_EXPANSIONS:
            del expansions[next(iter(expansions))]

    def _on_expanded(self, event: Expanded) -> None:
        outcome = event.outcome
        is_made_again = isinstance(outcome, Failure) and self._mending.reopen_for_members(
            event.node, event.digest, outcome
        )
        if not is_made_again:
            self._board.expansions[event.digest] = outcome
        if event.node:
            self._board.arrived.append(self._board.by_name[event.node])

    def _finish(self) -> None:
        """Every step is final, so the run is, once its output is known."""
        board = self._board
        output, unfit, root = None, None, ""
        try:
            output = self._values.output_of_run(board.graph.output)
        except NeedsContentError as need:
            board.out.append(Expand("", need.value))
            return
        except HinderedError as hindered:
            root = hindered.root
        except UnfitError as error:
            unfit = error.failure
        failure = self._cause(root) or unfit or board.lost_output
        is_cancelled = any(step.is_cut_short for step in board.steps)
        if is_cancelled and (board.is_cancelling or failure is None):
            self._end(State.CANCELLED)
        elif failure is not None:
            self._end(State.FAILED, failure=failure)
        elif output is None or not self._mending.awaits_output(output):
            self._end(State.SUCCEEDED, output=output)

    def _cause(self, root_of_output: str) -> Failure | None:
        board = self._board
        if board.is_restored and board.failed:
            for step in board.steps:
                if step.state.has_value:
                    self._values.find_taken(step.node)
        return self._endings.cause(root_of_output)

    def _end(self, state: State, *, output: Value | None = None, failure: Failure | None = None) -> None:
        board = self._board
        board.state = state
        board.note(_ENDS[state], "", {} if failure is None else failure_data(failure))
        board.out.append(FinishRun(board.now, state, output, failure))
