"""The shell around the run machine: it carries commands out, writes what came of them, and feeds results back."""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from queue import Empty, SimpleQueue

from msgspec import Struct
from msgspec.structs import replace

from headrace.core.errors import HeadraceError, StaleWriteError
from headrace.core.failures import Failure
from headrace.core.states import FailureKind, State
from headrace.engine.answering import Answerer
from headrace.engine.claims import Claims
from headrace.engine.commands import Expand, Gather, ItemEnded, LaunchAttempt, LookUp, Verify
from headrace.engine.events import (
    AttemptFailed,
    AttemptStarted,
    AttemptSucceeded,
    CancelRequested,
    ClaimFreed,
    ClockLeapt,
    Event,
    RunStarted,
    TimePassed,
    TurnEnded,
)
from headrace.engine.inheriting import NO_KIN, Inheritance, Kin
from headrace.engine.keying import Keys
from headrace.engine.machine import Machine
from headrace.engine.options import MachineOptions
from headrace.engine.ports import Ports
from headrace.engine.reuse import Reuser, Shelves
from headrace.engine.shelving import are_unchanged, with_tokens
from headrace.engine.specs import Specs
from headrace.engine.steady_clock import SteadyClock
from headrace.engine.turns import Turn
from headrace.plan.plan import Plan
from headrace.plan.selection import choose
from headrace.ports.executors import (
    AttemptBegan,
    AttemptBroke,
    AttemptDone,
    Executor,
    LogLines,
    TrackingBatch,
    WorkerMessage,
)
from headrace.ports.observers import Observer
from headrace.ports.records import AttemptRecord, RunRecord, StepRunRecord
from headrace.ports.stores import RunChange

MESSAGES_A_TURN = 1000
"""How many messages one transaction may stand for."""
TURN_S = 0.1
"""How long a turn may go on with what follows from it, before it is written and messages are heard again."""


class Earlier(Struct, frozen=True):
    """What an earlier conductor of the same run has left: the run goes on from there.

    `last_sequence` is the number of the run's last event; `is_resumed` says that somebody has asked for it.
    """

    steps: Sequence[StepRunRecord]
    attempts: Sequence[AttemptRecord]
    last_sequence: int
    is_resumed: bool = False


class ConductorOptions(Struct, frozen=True):
    """How a run is conducted. `elapsed` are seconds that go on whatever is done to the clock, but not while the machine
    sleeps. `poll_s` is how often a cancellation asked for by another process is looked for; `kin` are the runs that
    this one is a retry of."""

    fail_fast: bool = False
    infrastructure_retries: int = 2
    stop_grace_s: float = 10.0
    poll_s: float = 0.4
    clock: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.monotonic
    kin: Kin = NO_KIN


class _Wish(Struct, frozen=True):
    """Somebody in this process wants the run to end; `is_urgent`: without waiting for its attempts."""

    is_urgent: bool = False


class Conductor:
    """Conducts one run to its end, in one thread.

    `report` and `cancel` may be called from any thread, also before `conduct` and after it.
    """

    def __init__(
        self,
        plan: Plan,
        run: RunRecord,
        ports: Ports,
        *,
        options: ConductorOptions | None = None,
        observer: Observer | None = None,
        earlier: Earlier | None = None,
    ) -> None:
        self._plan, self._run, self._ports = plan, run, ports
        self._options = options or ConductorOptions()
        self._clock = SteadyClock(self._options.clock, self._options.elapsed)
        self._observer, self._earlier = observer, earlier
        self._me = ports.processes.me()
        self._inbox: SimpleQueue[WorkerMessage | _Wish] = SimpleQueue()
        self._next: deque[Event] = deque()
        self._done: dict[str, AttemptDone] = {}
        self._wake_at: float | None = None
        self._next_poll = 0.0
        self._sequence = earlier.last_sequence if earlier is not None else 0
        self._specs = Specs(plan, run.id)
        self._claims = Claims(ports.results, ports.processes, run.id)
        shelves = Shelves(ports.results, ports.artifacts, ports.files, ports.tokens)
        self._answerer = Answerer(
            plan.graph,
            run.id,
            keys=Keys(plan.bases, ports.code, ports.files),
            reuser=Reuser(shelves, run.id, kin=self._options.kin),
            claims=self._claims,
        )
        family = (*([run.id] if earlier is not None else []), *self._options.kin.runs)
        if family:
            kin = Kin(family, self._options.kin.steps)
            self._answerer.inheritance = Inheritance(kin, ports.results, ports.artifacts)

    def report(self, message: WorkerMessage) -> None:
        """Take a message from a worker."""
        self._inbox.put(message)

    def cancel(self) -> None:
        """Ask for the end of the run; `conduct` returns once its attempts have stopped."""
        self._inbox.put(_Wish())

    def give_up(self) -> None:
        """Ask for the end of the run now: attempts that do not end are counted as cancelled."""
        self._inbox.put(_Wish(is_urgent=True))

    def conduct(self, executor: Executor) -> RunRecord:
        """Run the plan to its end; returns the run as it is stored.

        A run that another process has taken over meanwhile is left alone: what is open here is stopped, nothing is
        written, and the run is returned as the other one has it. Raises StoreError; attempts are stopped then too.
        """
        turns = self.turns(executor)
        message = None
        try:
            while True:
                message = self._message_within(turns.send(message))
        except StopIteration:
            return self._run
        finally:
            turns.close()

    def turns(self, executor: Executor) -> Generator[float, WorkerMessage | _Wish | None, None]:
        """The same, turn by turn, for somebody else who does the waiting (the clock of a simulation).

        Yields for how many seconds nothing is to be done, unless a message comes: that may be reported or sent in.
        """
        machine = self._machine_for(executor)
        try:
            yield from self._loop(machine, executor)
        except StaleWriteError:
            # what is claimed for the run is its next conductor's by now
            self._claims.leave()
            self._run = self._ports.runs.get(self._run.id)
        finally:
            for attempt in machine.open_attempts:
                executor.stop(attempt, grace_s=self._options.stop_grace_s)
            self._claims.release(everything=True)
        if self._observer is not None:
            self._observer.on_end(self._run)

    def _machine_for(self, executor: Executor) -> Machine:
        options = MachineOptions(
            self._run.id,
            capacity=executor.capacity,
            fail_fast=self._options.fail_fast,
            infrastructure_retries=self._options.infrastructure_retries,
            stop_grace_s=self._options.stop_grace_s,
        )
        chosen = choose(self._plan.graph, self._plan.selection)
        machine = Machine(self._plan.graph, self._plan.parameters, chosen, options=options)
        if self._earlier is not None:
            machine.restore(self._earlier.steps, self._earlier.attempts, is_resumed=self._earlier.is_resumed)
        return machine

    def _loop(self, machine: Machine, executor: Executor) -> Generator[float, WorkerMessage | _Wish | None, None]:
        now = self._clock()
        self._next.append(RunStarted(now))
        self._next_poll = now + self._options.poll_s
        run = self._started(now)
        if self._earlier is not None:
            # nothing is claimed or looked up for a run before it is this process's
            self._run = run = self._written(RunChange(run))
        turn = Turn(run, self._sequence)
        while True:
            self._take_turn(machine, turn)
            self._write(turn)
            self._show(turn)
            self._act(turn, executor)
            if machine.state.is_final:
                return
            turn = Turn(self._run, self._sequence)
            if not self._next:
                # a message, an alarm, or the next look for a cancellation
                until = self._next_poll if self._wake_at is None else min(self._next_poll, self._wake_at)
                message = yield max(0.0, until - self._clock())
                leapt_s = self._clock.leapt_s()
                if leapt_s:
                    self._feed(machine, turn, ClockLeapt(self._clock(), leapt_s))
                if message is not None:
                    self._hear(machine, turn, message)

    def _started(self, now: float) -> RunRecord:
        run = self._run
        started = run.started_at if run.started_at is not None else now
        fresh = replace(run, state=State.RUNNING, started_at=started, runner=self._me)
        return replace(fresh, finished_at=None, failure=None, output=None, cancel_requested_at=None)

    def _message_within(self, seconds: float) -> WorkerMessage | _Wish | None:
        try:
            return self._inbox.get(timeout=seconds)
        except Empty:
            return None

    def _take_turn(self, machine: Machine, turn: Turn) -> None:
        """Handle all that has come in, and all that follows from it at once."""
        for _ in range(MESSAGES_A_TURN):
            try:
                message = self._inbox.get_nowait()
            except Empty:
                break
            self._hear(machine, turn, message)
        now = self._clock()
        if self._wake_at is not None and self._wake_at <= now:
            self._next.append(TimePassed(now))
        if self._next_poll <= now:
            self._look_for_cancellation(turn, now)
        until = now + TURN_S
        while self._next:
            self._feed(machine, turn, self._next.popleft())
            if self._clock() >= until:
                break
        self._feed(machine, turn, TurnEnded(now))

    def _hear(self, machine: Machine, turn: Turn, message: WorkerMessage | _Wish) -> None:
        match message:
            case TrackingBatch() | LogLines():
                _track(machine, turn, message)
            case _Wish():
                self._wish(turn, self._clock())
                if message.is_urgent:
                    self._give_up(machine, turn)
            case _:
                self._hear_of_attempt(machine, turn, message, now=self._clock())

    def _hear_of_attempt(
        self, machine: Machine, turn: Turn, message: AttemptBegan | AttemptDone | AttemptBroke, *, now: float
    ) -> None:
        who = (message.attempt_id, message.fence)
        # a worker's clock may be ahead of the one by which the machine counts its delays
        at = min(message.at, now)
        match message:
            case AttemptBegan():
                self._feed(machine, turn, AttemptStarted(at, *who, message.worker, now))
            case AttemptDone():
                self._done[message.attempt_id] = message
                self._feed(machine, turn, AttemptSucceeded(at, *who, message.output, message.usage))
                self._done.pop(message.attempt_id, None)
            case AttemptBroke():
                self._feed(machine, turn, AttemptFailed(at, *who, message.failure, message.usage))

    def _wish(self, turn: Turn, at: float) -> None:
        if turn.run.cancel_requested_at is None:
            turn.run = replace(turn.run, cancel_requested_at=at)
        self._next.append(CancelRequested(self._clock()))

    def _give_up(self, machine: Machine, turn: Turn) -> None:
        now = self._clock()
        while self._next:
            self._feed(machine, turn, self._next.popleft())
        failure = Failure(FailureKind.CANCELLED, "The attempt was stopped.")
        for attempt in machine.open_attempts:
            lease = machine.lease(attempt)
            if lease is not None:
                self._feed(machine, turn, AttemptFailed(now, attempt, lease.fence, failure))

    def _look_for_cancellation(self, turn: Turn, now: float) -> None:
        self._next_poll = now + self._options.poll_s
        stored = self._ports.runs.get(self._run.id)
        if not self._is_mine(stored):
            raise StaleWriteError(stored.id, self._run.version, stored.version)
        if stored.cancel_requested_at is not None and turn.run.cancel_requested_at is None:
            self._wish(turn, stored.cancel_requested_at)

    def _is_mine(self, stored: RunRecord) -> bool:
        """A run that is taken over is still its last conductor's, and may be written on by that one: it is this one's
        once a write has found it as it was read."""
        return stored.runner in (None, self._me) or stored.version == self._run.version

    def _feed(self, machine: Machine, turn: Turn, event: Event) -> None:
        for command in machine.handle(event):
            match command:
                case Expand() | Gather() | LookUp() | Verify():
                    now = self._clock()
                    self._next.append(self._answerer.answer(command, self._ports.artifacts, now))
                    turn.freed += self._answerer.take_freed()
                case ItemEnded():
                    self._end_item(turn, command, event.at)
                case _:
                    turn.take(command)

    def _end_item(self, turn: Turn, ended: ItemEnded, at: float) -> None:
        unit = (ended.node, ended.item)
        keyed = self._answerer.key_of(unit)
        done = self._done.get(ended.attempt_id)
        if keyed is not None and done is not None and are_unchanged(keyed.paths, self._ports.files, turn.digests):
            turn.result(ended, keyed, with_tokens(done.touched, self._ports.tokens), at=at)
        turn.freed += self._answerer.forget(unit)

    def _write(self, turn: Turn) -> None:
        change = turn.change(self._run)
        if change is not None:
            self._run = self._written(change)
            self._sequence = turn.sequence
        self._claims.release()
        freed: dict[str, list[int]] = {}
        for node, item in turn.freed:
            freed.setdefault(node, []).append(item)
        now = self._clock()
        self._next.extend(ClaimFreed(now, node, tuple(items)) for node, items in freed.items())

    def _written(self, change: RunChange) -> RunRecord:
        run = change.run
        try:
            self._ports.runs.write(change)
        except StaleWriteError:
            stored = self._ports.runs.get(run.id)
            if not self._is_mine(stored) or stored.state.is_final:
                raise
            # somebody has renamed, annotated or tagged the run: their words stay
            run = replace(run, version=stored.version, name=stored.name, note=stored.note, tags=stored.tags)
            self._ports.runs.write(replace(change, run=run))
        return replace(run, version=run.version + 1)

    def _show(self, turn: Turn) -> None:
        observer = self._observer
        if observer is None:
            return
        # what a step has printed stands before the line of its end
        for (node, item), lines in turn.lines:
            observer.on_lines(node, item, lines)
        for event in turn.events:
            observer.on_event(event)
        for (node, item), progress in turn.progress.items():
            observer.on_progress(node, item, progress)

    def _act(self, turn: Turn, executor: Executor) -> None:
        for launch in turn.launches:
            self._launch(launch, executor)
        for stop in turn.stops:
            executor.stop(stop.attempt_id, grace_s=stop.grace_s)
        if turn.has_wake:
            self._wake_at = turn.wake_at

    def _launch(self, launch: LaunchAttempt, executor: Executor) -> None:
        try:
            executor.launch(self._specs.of(launch))
        except ValueError as error:
            self._refuse(launch, Failure(FailureKind.USER_ERROR, f"The step cannot be started: {error}."))
        except (HeadraceError, OSError) as error:
            self._refuse(launch, Failure(FailureKind.INFRASTRUCTURE, f"The step cannot be started: {error}"))

    def _refuse(self, launch: LaunchAttempt, failure: Failure) -> None:
        self._next.append(AttemptFailed(self._clock(), launch.attempt_id, launch.fence, failure))


def _track(machine: Machine, turn: Turn, message: TrackingBatch | LogLines) -> None:
    """What an attempt has logged counts as long as it holds its lease."""
    lease = machine.lease(message.attempt_id)
    if lease is None:
        return
    if isinstance(message, LogLines):
        turn.lines.append(((lease.step.name, lease.step.number_of(lease.index)), message))
    elif message.fence == lease.fence:
        turn.tracking(lease, message)
