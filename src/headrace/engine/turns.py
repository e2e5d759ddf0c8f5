"""What one turn of a conductor comes to: one change for the store, the lines for whoever watches, and deeds to do once
all that is written."""

from msgspec import Struct, field
from msgspec.structs import replace

from headrace.engine.claims import Unit
from headrace.engine.commands import (
    FinishRun,
    ItemEnded,
    ItemReused,
    LaunchAttempt,
    Note,
    RecordAttempt,
    RecordStep,
    Reopened,
    StopAttempt,
    WakeAt,
)
from headrace.engine.keying import Keyed
from headrace.engine.steps import Lease
from headrace.plan.touched import places_that_count
from headrace.ports.code import Touched
from headrace.ports.executors import LogLines, Progress, TrackingBatch
from headrace.ports.records import (
    AttemptRecord,
    LoggedRecord,
    MetricRecord,
    ResultRecord,
    ReuseRecord,
    RunEvent,
    RunRecord,
    StepRunRecord,
)
from headrace.ports.stores import RunChange


class Turn(Struct):
    """Collects a turn. `freed` are items that can be looked up again once the turn is written;
    `digests` those of files that were looked at in this turn."""

    run: RunRecord
    sequence: int
    steps: list[StepRunRecord] = field(default_factory=list)
    attempts: list[AttemptRecord] = field(default_factory=list)
    results: list[ResultRecord] = field(default_factory=list)
    reused: list[ReuseRecord] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    events: list[RunEvent] = field(default_factory=list)
    metrics: list[MetricRecord] = field(default_factory=list)
    logged: list[LoggedRecord] = field(default_factory=list)
    launches: list[LaunchAttempt] = field(default_factory=list)
    stops: list[StopAttempt] = field(default_factory=list)
    lines: list[tuple[Unit, LogLines]] = field(default_factory=list)
    progress: dict[Unit, Progress] = field(default_factory=dict)
    freed: list[Unit] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    wake_at: float | None = None
    has_wake: bool = False

    def take(
        self,
        command: LaunchAttempt
        | StopAttempt
        | WakeAt
        | ItemReused
        | Reopened
        | RecordStep
        | RecordAttempt
        | Note
        | FinishRun,
    ) -> None:
        """Take in what needs nothing else."""
        match command:
            case LaunchAttempt():
                self.launches.append(command)
            case StopAttempt():
                self.stops.append(command)
            case WakeAt():
                self.wake_at, self.has_wake = command.at, True
            case Reopened():
                # what it was reused from in this same turn is not written at all
                self.reused = [one for one in self.reused if one.node != command.node]
                self.reopened.append(command.node)
            case _:
                self._take_record(command)

    def _take_record(self, command: ItemReused | RecordStep | RecordAttempt | Note | FinishRun) -> None:
        run_id = self.run.id
        match command:
            case RecordStep():
                self.steps.append(command.record)
            case RecordAttempt():
                self.attempts.append(command.record)
            case ItemReused():
                self.reused.append(
                    ReuseRecord(run_id, command.node, command.item, command.made_by, command.made_in),
                )
            case Note():
                self.sequence += 1
                self.events.append(
                    RunEvent(run_id, self.sequence, command.at, command.type.value, command.node, command.data),
                )
            case FinishRun():
                self.finish(command)

    def finish(self, command: FinishRun) -> None:
        """The run is final."""
        self.run = replace(
            self.run,
            state=command.state,
            output=command.output,
            failure=command.failure,
            finished_at=command.at,
        )

    def result(self, ended: ItemEnded, keyed: Keyed, touched: Touched, *, at: float) -> None:
        """A computed item's value may be reused from now on."""
        if ended.output is None or keyed.parts is None or not keyed.result_key:
            return
        places = places_that_count(touched.files, [path for path, _ in keyed.paths])
        self.results.append(
            ResultRecord(
                key=keyed.result_key,
                pipeline=self.run.pipeline,
                node=ended.node,
                item=ended.item,
                run_id=self.run.id,
                attempt_id=ended.attempt_id,
                output=ended.output,
                touched=replace(touched, arguments=places) if places else touched,
                parts=keyed.parts,
                created_at=at,
            )
        )

    def tracking(self, lease: Lease, batch: TrackingBatch) -> None:
        """Take in what an attempt has logged."""
        node, item = lease.step.name, lease.step.number_of(lease.index)
        place = (self.run.id, node, item, lease.attempt_id)
        self.metrics += [MetricRecord(*place, entry.name, entry.value, entry.step, entry.at) for entry in batch.metrics]
        self.logged += [LoggedRecord(*place, entry.kind, entry.name, entry.value, entry.at) for entry in batch.values]
        if batch.progress is not None:
            self.progress[node, item] = batch.progress

    def change(self, before: RunRecord) -> RunChange | None:
        """What the store has to write; None if nothing has changed."""
        parts = (self.steps, self.attempts, self.results, self.events, self.metrics, self.logged, self.reused)
        if self.run is before and not any(parts):
            return None
        return RunChange(
            self.run,
            self.steps,
            self.attempts,
            self.results,
            self.events,
            self.metrics,
            self.logged,
            reused=self.reused,
            reopened=self.reopened,
        )
