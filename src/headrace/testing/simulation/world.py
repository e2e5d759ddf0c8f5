"""The world of one history: processes that conduct runs and die, somebody who takes dead runs over, and the time."""

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from headrace.core.errors import StoreError
from headrace.core.states import FailureKind, State
from headrace.engine.commands import Arguments
from headrace.engine.conductor import Conductor, ConductorOptions, Earlier
from headrace.engine.identities import step_run_id
from headrace.engine.ports import Ports
from headrace.plan.plan import Plan, StepBasis
from headrace.ports.executors import NO_ITEM, AttemptSpec, LogLines, Progress, WorkerIdentity, WorkerMessage
from headrace.ports.records import RunEvent, RunRecord, StepRunRecord
from headrace.ports.stores import MetadataStore, RunChange
from headrace.testing.memory_stores import MemoryStore
from headrace.testing.simulation.drawing import PARAMETER
from headrace.testing.simulation.histories import GROUPS, Fault, FaultKind, Group, History
from headrace.testing.simulation.ledger import RunLedger
from headrace.testing.simulation.ports import (
    FaultyArtifacts,
    FaultyResults,
    FaultyRuns,
    Objects,
    ProcessTable,
    StillCode,
)
from headrace.testing.simulation.reading import Reading
from headrace.testing.simulation.steps import inline
from headrace.testing.simulation.timeline import Timeline
from headrace.testing.simulation.violations import Killed, Rule, ViolationError
from headrace.testing.simulation.workers import Places, Shop, SimulatedExecutor

LONGEST_S = 1000.0
"""Every history is over by then: faults end after seconds, limits and graces take less than a minute each."""
MOST_EVENTS = 20_000
MOST_CALLS = 5_000
"""How often one process may call its ports."""
NOTICED_S = 4.0
"""How long it takes at most until somebody notices that a run has no process any more."""


RESUMED = 0.4
"""How many of the runs whose process is gone are resumed by a person, who wants what was lost tried again."""


class Subjects(Struct, frozen=True):
    """What is put to the test. Others than the real ones show that the rules find what they have wrong."""

    conductor: type[Conductor] = Conductor
    store: Callable[[], MetadataStore] = MemoryStore


class Counts(Struct):
    """What has happened in some histories."""

    seconds: float = 0.0
    runs: int = 0
    processes: int = 0
    attempts: int = 0
    writes: int = 0

    def add(self, other: "Counts") -> None:
        """Count what has happened in others, too."""
        self.seconds += other.seconds
        self.runs += other.runs
        self.processes += other.processes
        self.attempts += other.attempts
        self.writes += other.writes


class Process:
    """One simulated process, which conducts one run: around its ports, above its executor, watching."""

    def __init__(self, world: "World", number: int, run: int, *, earlier: Earlier | None) -> None:
        self.world, self.number, self.run = world, number, run
        self.identity = WorkerIdentity("simulated", number, float(number))
        self.is_alive, self.is_over = True, False
        self._lag, self._busy_until, self._token, self._calls = 0.0, 0.0, 0, 0
        self._is_poked = False
        world.living.add(self.identity)
        store, me = world.store, ProcessTable(self.identity, world.living)
        code = StillCode()
        ports = Ports(
            FaultyRuns(store, self), FaultyResults(store, self), FaultyArtifacts(world.objects, self), code, code, me
        )
        options = ConductorOptions(
            fail_fast=world.history.runs[run].fail_fast,
            stop_grace_s=2.0,
            poll_s=2.0,
            clock=self.clock,
            elapsed=self.elapsed,
        )
        record = store.runs.get(world.run_ids[run])
        self.conductor = world.subjects.conductor(
            world.plans[run], record, ports, options=options, observer=self, earlier=earlier
        )
        self.executor = SimulatedExecutor(world.shop, self, world.history.runs[run].capacity)
        self._turns: Generator[float, Any, None] = self.conductor.turns(self.executor)

    def __str__(self) -> str:
        return f"process {self.number} of run {self.run + 1}"

    def clock(self) -> float:
        """What the process reads from the clock on the wall."""
        return self.world.timeline.clock + self._lag

    def elapsed(self) -> float:
        """Seconds that nobody sets."""
        return self.world.timeline.seconds + self._lag

    # ------------------------------------------------------------------ going on

    def go_on(self, token: int = -1) -> None:
        """Let the conductor take its turn, unless it has been woken otherwise meanwhile."""
        timeline = self.world.timeline
        if not self.is_alive or self.is_over or token not in (-1, self._token):
            return
        self._is_poked = False
        if timeline.seconds < self._busy_until:
            self._wake_in(self._busy_until - timeline.seconds)
            return
        self._lag = 0.0
        try:
            seconds = next(self._turns)
        except StopIteration:
            self._end("is done")
        except Killed:
            pass
        except StoreError as error:
            self._end(f"ends with an error: {error}")
        else:
            self._busy_until = timeline.seconds + self._lag
            self._wake_in(self._lag + seconds)

    def _wake_in(self, seconds: float) -> None:
        self._token += 1
        self.world.timeline.after(seconds, self.go_on, self._token)

    def freeze(self, seconds: float) -> None:
        """Do nothing for a while."""
        self._busy_until = max(self._busy_until, self.world.timeline.seconds + seconds)

    def _end(self, how: str) -> None:
        self.world.timeline.tell(f"{self} {how}")
        self.is_over = True
        self._leave()

    def die(self) -> None:
        """Be killed."""
        self.world.timeline.tell(f"{self} is killed")
        self.is_alive = False
        self._leave()

    def die_between_turns(self) -> None:
        """Be killed while the conductor waits."""
        self.die()
        with suppress(Killed):
            self._turns.close()

    def _leave(self) -> None:
        world = self.world
        world.living.discard(self.identity)
        self.executor.close()
        noticed = NOTICED_S * world.history.chance(7, self.number)
        world.timeline.after(noticed, world.look_after, self.run)

    # ------------------------------------------------------------------ what its ports need

    def enter(self) -> None:
        """Begin a call; raises Killed if the process is dead."""
        if not self.is_alive:
            raise Killed
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise ViolationError(Rule.RUNS_END, f"{self} has called its ports {MOST_CALLS} times")

    def struck(self, group: Group) -> Sequence[Fault]:
        """Count one more of a group; the faults that this one meets."""
        return self.world.timeline.struck(group)

    def delay(self, seconds: float) -> None:
        """A call takes this long."""
        self._lag += seconds

    def be_replaced(self) -> None:
        """Another process takes the run over, although this one lives."""
        self.world.take_over(self.run)

    def wrote(self, change: RunChange, before: RunRecord) -> None:
        """A change was applied."""
        world = self.world
        after = world.store.runs.get(change.run.id)
        if world.timeline.is_told:
            world.timeline.tell(f"{self} writes version {after.version}: {_told(change)}")
        world.ledgers[self.run].wrote(change, before, after, process=self.number, late_s=self._lag)

    def claimed(self, keys: Sequence[str]) -> None:
        """Keys were asked for."""
        self.world.claimed.update(keys)

    def launching(self, spec: AttemptSpec) -> None:
        """An attempt is about to be launched."""
        self.enter()
        world = self.world
        world.timeline.tell(f"{self} launches {spec.node}[{spec.item}] attempt {spec.number}")
        world.ledgers[self.run].launching(spec, process=self.number)
        world.fly(self, spec)

    def deliver(self, message: WorkerMessage) -> None:
        """A message has arrived: here, or where the run is conducted now."""
        if self.is_alive and not self.is_over:
            self.conductor.report(message)
            if not self._is_poked:
                self._is_poked = True
                self._wake_in(0.001)
        elif self.world.history.strays:
            heir = self.world.conducting(self.run)
            if heir is not None:
                heir.deliver(message)

    # ------------------------------------------------------------------ what its watcher is told

    def on_event(self, event: RunEvent) -> None:
        """It has to stand in the store by now, under this number."""
        stored = self.world.store.details.events(event.run_id, event.sequence - 1)
        if not stored or (stored[0].type, stored[0].node) != (event.type, event.node):
            raise ViolationError(
                Rule.STORY, f"{event.type} is shown as number {event.sequence}, and not stored as that"
            )

    def on_lines(self, node: str, item: int, lines: LogLines) -> None:
        """Simulated steps print nothing."""

    def on_progress(self, node: str, item: int, progress: Progress) -> None:
        """Nor do they tell how far they are."""

    def on_end(self, run: RunRecord) -> None:
        """The run is final, or another process has it."""
        if not run.state.is_final and run.runner == self.identity:
            raise ViolationError(Rule.RUNS_END, f"{self} stops conducting a run that is {run.state}")


class World:
    """Everything of one history. `run` lets it happen; raises ViolationError."""

    def __init__(self, history: History, subjects: Subjects, *, told: Callable[[str], None] | None = None) -> None:
        self.history, self.subjects = history, subjects
        self.timeline = Timeline(history.faults, told)
        self.store = subjects.store()
        self.objects = Objects()
        self.living: set[WorkerIdentity] = set()
        self.claimed: set[str] = set()
        self._replaced = False
        self._flights: dict[tuple[str, Arguments], dict[str, Process]] = {}
        self._processes: list[Process] = []
        done: set[str] = set()
        self._places = Places(history)
        self.shop = Shop(history, self._places, self.timeline, self.objects, done)
        bases = {node.name: StepBasis(f"code of {node.name}", "environment") for node in history.graph.nodes}
        self.plans = [Plan(history.graph, "graph", {PARAMETER: inline(run.parameter)}, bases) for run in history.runs]
        self.run_ids = [f"{number + 1:032x}" for number in range(len(history.runs))]
        self.ledgers = [RunLedger(history.graph, done, self.timeline) for _ in history.runs]

    def run(self) -> None:
        """Let the history happen, and hold the rules against it."""
        timeline = self.timeline
        for number, run in enumerate(self.history.runs):
            self._create(number)
            timeline.after(run.begins_at, self._begin, number)
        for fault in self.history.faults:
            if GROUPS[fault.kind] is Group.TIME:
                timeline.after(fault.at, self._meet, fault)
        events = 0
        while timeline.go_on():
            events += 1
            if timeline.seconds > LONGEST_S or events > MOST_EVENTS:
                self._blame_for_hanging()
        self._check_end()

    @property
    def counts(self) -> Counts:
        """What has happened so far."""
        writes = sum(ledger.version for ledger in self.ledgers)
        attempts = sum(len(ledger.attempts) for ledger in self.ledgers)
        return Counts(self.timeline.seconds, len(self.ledgers), len(self._processes), attempts, writes)

    def _create(self, number: int) -> None:
        run_id, plan = self.run_ids[number], self.plans[number]
        run = RunRecord(run_id, plan.graph.pipeline, State.PENDING, 0, "graph", plan.parameters, self.timeline.clock)
        steps = [
            StepRunRecord(step_run_id(run_id, node.name), run_id, node.name, State.PENDING, position)
            for position, node in enumerate(plan.graph.nodes)
        ]
        self.store.runs.create(run, steps, {})

    def _begin(self, number: int) -> None:
        self._start(number, None)

    def _start(self, number: int, earlier: Earlier | None, *, gap_s: float = 0.0) -> None:
        process = Process(self, len(self._processes) + 1, number, earlier=earlier)
        self._processes.append(process)
        self.timeline.tell(f"{process} {'begins' if earlier is None else 'takes over'}")
        if gap_s:
            self.timeline.after(gap_s, process.go_on, -1)
        else:
            process.go_on()

    # ------------------------------------------------------------------ what happens to processes

    def conducting(self, run: int) -> Process | None:
        """The youngest process that conducts a run now."""
        alive = (one for one in reversed(self._processes) if one.run == run and one.is_alive and not one.is_over)
        return next(alive, None)

    def look_after(self, run: int) -> None:
        """A process is gone: somebody looks whether its run goes on, and takes it over."""
        if self.conducting(run) is None:
            self.take_over(run, is_resumed=self.history.chance(9, len(self._processes)) < RESUMED)

    def take_over(self, run: int, *, gap_s: float = 0.0, is_resumed: bool = False) -> None:
        """Go on with a run that is not over, whatever becomes of who conducts it."""
        run_id, details = self.run_ids[run], self.store.details
        if self.store.runs.get(run_id).state.is_final:
            return
        self._replaced = self._replaced or self.conducting(run) is not None
        events = details.events(run_id)
        last = events[-1].sequence if events else 0
        earlier = Earlier(details.steps(run_id), details.attempts(run_id), last, is_resumed)
        self.ledgers[run].is_resumed = self.ledgers[run].is_resumed or is_resumed
        self._start(run, earlier if events else None, gap_s=gap_s)

    def _meet(self, fault: Fault) -> None:
        self.timeline.meet(fault)
        process = self.conducting(fault.run)
        match fault.kind:
            case FaultKind.CLOCK_JUMPS:
                self.timeline.jump(fault.amount)
            case FaultKind.CANCELLED:
                self.store.runs.request_cancel(self.run_ids[fault.run], self.timeline.clock)
            case FaultKind.KILLED if process is not None:
                process.die_between_turns()
            case FaultKind.FROZEN if process is not None:
                process.freeze(fault.amount)
                self.take_over(fault.run, gap_s=0.3 * self.history.chance(8, fault.run))
            case FaultKind.RENAMED:
                self._rename(fault.run)
            case _:
                pass

    def _rename(self, number: int) -> None:
        run = self.store.runs.get(self.run_ids[number])
        if not run.state.is_final:
            self.store.runs.write(RunChange(replace(run, name="renamed")))
            self.ledgers[number].renamed(run.version + 1)

    # ------------------------------------------------------------------ rules about several runs, and the end

    def fly(self, process: Process, spec: AttemptSpec) -> None:
        """An attempt is launched: no other run may be computing the same under a conductor that lives."""
        # one that was replaced, and has not noticed yet, may still claim for its run, and is dead to the others then
        is_single = self.history.graph.node(spec.node).step.is_reusable and not self._replaced
        if len(self.ledgers) == 1 or not is_single:
            return
        flights = self._flights.setdefault((spec.node, spec.arguments), {})
        for attempt_id, other in flights.items():
            row = self.ledgers[other.run].attempts[attempt_id]
            if other.run != process.run and other.identity in self.living and not row.state.is_final:
                unit = f"{spec.node}[{spec.item}]"
                raise ViolationError(Rule.SINGLE_FLIGHT, f"{process} launches {unit}, {other} has it under way")
        flights[spec.attempt_id] = process

    def _blame_for_hanging(self) -> None:
        for number, run_id in enumerate(self.run_ids):
            run = self.store.runs.get(run_id)
            if not run.state.is_final:
                raise ViolationError(
                    Rule.RUNS_END, f"run {number + 1} is {run.state} after {self.timeline.seconds:.0f} s"
                )
        raise ViolationError(
            Rule.RUNS_END, f"every run is final, yet something goes on at {self.timeline.seconds:.0f} s"
        )

    def _check_end(self) -> None:
        for number, run_id in enumerate(self.run_ids):
            run = self.store.runs.get(run_id)
            if not run.state.is_final:
                raise ViolationError(Rule.RUNS_END, f"run {number + 1} is {run.state}, and nothing happens any more")
            self._check_meaning(number, run)
        probe = WorkerIdentity("probe", 0, 0.0)
        held = self.store.results.claim(sorted(self.claimed), "f" * 32, probe) if self.claimed else {}
        for key, (run_id, _) in held.items():
            raise ViolationError(Rule.CLAIMS, f"key {key[:8]} is claimed by run {int(run_id, 16)}")

    def _check_meaning(self, number: int, run: RunRecord) -> None:
        ledger = self.ledgers[number]
        rows = {step.node: step for step in self.store.details.steps(run.id)}
        is_cut_short = self.history.runs[number].fail_fast or run.state is State.CANCELLED
        failures = (run.failure, *(row.failure for row in rows.values()))
        is_foreign = any(failure is not None and failure.kind is not FailureKind.USER_ERROR for failure in failures)
        if is_cut_short or is_foreign or not ledger.has_only_own_failures:
            return
        parameters = {PARAMETER: self.history.runs[number].parameter}
        expected = Reading(self.history.graph, self._places.fails, parameters).outcome()
        states = {name: "succeeded" if row.state is State.REUSED else str(row.state) for name, row in rows.items()}
        output = None if run.output is None else self.objects.plain(run.output, even_lost=True)
        found = (states, str(run.state), output)
        if found != (expected.states, expected.state, expected.output):
            raise ViolationError(Rule.MEANING, f"it gives {found}, a plain reading {expected}")


def _told(change: RunChange) -> str:
    parts = [f"{step.node} {step.state}" for step in change.steps]
    parts += [
        f"{one.node}{'' if one.item == NO_ITEM else f'[{one.item}]'}#{one.number} {one.state}"
        for one in change.attempts
    ]
    parts += [f"run {change.run.state}"] if change.run.state.is_final else []
    return ", ".join(parts) or "nothing of steps"
