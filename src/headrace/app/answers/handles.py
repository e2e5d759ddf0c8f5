"""What users hold.

A run, a list of runs. Thin readers over the store; every property asks it when it is needed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

from headrace.app.answers import doors
from headrace.app.answers.advice import resume_it
from headrace.app.answers.looking import find_run, find_step
from headrace.app.answers.step_results import StepResult, read_value
from headrace.app.rooms import Rooms
from headrace.core.errors import RunCancelled, RunFailed
from headrace.core.failures import Failure
from headrace.core.ids import short_id
from headrace.core.states import State
from headrace.core.visible import in_html
from headrace.ports.records import MetricRecord, RunRecord

R = TypeVar("R")
_NOT_SHOWN = ("id", "started", "tags", "note")
"""What a notebook's table of runs leaves to `to_frame`."""


class Run(Generic[R]):
    """A run in the store. `refresh()` reads it again; everything else is as it was when last read."""

    def __init__(self, rooms: Rooms, record: RunRecord) -> None:
        self._rooms, self._record = rooms, record

    def __repr__(self) -> str:
        return f"<run {self.short_id} of {self.pipeline}: {self.state.value}>"

    @property
    def id(self) -> str:
        """The whole id."""
        return self._record.id

    @property
    def short_id(self) -> str:
        """The eight digits that every command takes for the id."""
        return short_id(self._record.id)

    @property
    def name(self) -> str:
        """The name it was given, or empty."""
        return self._record.name

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return self._record.pipeline

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self._record.state

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags it was given."""
        return self._record.tags

    @property
    def note(self) -> str:
        """The note it was given, or empty."""
        return self._record.note

    @property
    def failure(self) -> Failure | None:
        """The first cause of its failure, or None."""
        return self._record.failure

    @property
    def created_at(self) -> datetime:
        """When it was asked for, in UTC."""
        return datetime.fromtimestamp(self._record.created_at, UTC)

    @property
    def started_at(self) -> datetime | None:
        """When it started, in UTC; None before."""
        started = self._record.started_at
        return None if started is None else datetime.fromtimestamp(started, UTC)

    @property
    def seconds(self) -> float | None:
        """Wall seconds from start to end; None while it runs."""
        started, finished = self._record.started_at, self._record.finished_at
        return None if started is None or finished is None else finished - started

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as Python values."""
        return {
            name: read_value(self._rooms, value, f"the parameter {name!r} of run {self.short_id}")
            for name, value in self._record.parameters.items()
        }

    @property
    def output(self) -> R:
        """What the pipeline returned, read from the store and verified; raises RunFailed if the run has no output."""
        if self._record.output is None:
            raise failure_of(self._record, self)
        return cast("R", read_value(self._rooms, self._record.output, f"the output of run {self.short_id}"))

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric, reused steps' included: for a map that has ended the mean over its items."""
        return dict(self._rooms.stores.tracking.latest([self.id]).get(self.id, {}))

    @property
    def steps(self) -> list[StepResult]:
        """The steps in the order of the graph."""
        return [StepResult(self._rooms, one, self._record) for one in self._rooms.stores.details.steps(self.id)]

    def series(self, metric: str) -> list[MetricRecord]:
        """Every point of one metric, in order of time."""
        return self._rooms.stores.tracking.metrics(self.id, metric)

    def step(self, name: str) -> StepResult:
        """One step by its name in the graph, or the last part of that if one step alone has it.

        Raises UnknownNameError or UsageError.
        """
        return StepResult(self._rooms, find_step(self._rooms, self._record, name), self._record)

    def diff(self, other: "Run[Any] | str") -> Any:
        """What has changed from this run to another one (a run, the end of its id, its name, or `last`).

        Gives `graph`, `code`, `parameters`, `environment`, `options`, `inputs`, `metrics`, `invalidated`, `to_json()`.
        """
        after = other._record if isinstance(other, Run) else find_run(self._rooms, other)  # noqa: SLF001
        return doors.diff_of(self._rooms, self._record, after)

    def refresh(self) -> "Run[R]":
        """Read the run again."""
        self._record = self._rooms.stores.runs.get(self.id)
        return self

    def _repr_html_(self) -> str:
        """The run as a small table, for notebooks."""
        rows = "".join(f"<tr><td>{in_html(one.name)}</td><td>{one.state.value}</td></tr>" for one in self.steps)
        metrics = ", ".join(f"{in_html(name)} = {value:.4g}" for name, value in self.metrics.items())
        title = f"<b>{in_html(self.pipeline)}</b> run {self.short_id}: {self.state.value}"
        took = "" if self.seconds is None else f" in {self.seconds:.3g} s"
        cause = f"<p>{in_html(self.failure.message)}</p>" if self.failure is not None else ""
        table = f"<table><tr><th>step</th><th>state</th></tr>{rows}</table>"
        return f"<p>{title}{took}</p>{table}<p>{metrics}</p>{cause}"


class RunList(Sequence[Run[Any]]):
    """Runs, newest first."""

    def __init__(self, rooms: Rooms, records: Sequence[RunRecord]) -> None:
        self._rooms, self._runs = rooms, [Run[Any](rooms, record) for record in records]

    def __len__(self) -> int:
        return len(self._runs)

    def __getitem__(self, index: Any) -> Any:
        return self._runs[index]

    def __iter__(self) -> Iterator[Run[Any]]:
        return iter(self._runs)

    def __repr__(self) -> str:
        return f"<{len(self)} run{'' if len(self) == 1 else 's'}>"

    def _repr_html_(self) -> str:
        """The runs as a table, for notebooks."""
        rows = self.rows()
        names = list(dict.fromkeys(name for row in rows for name in row if name not in _NOT_SHOWN))
        head = "".join(f"<th>{in_html(name)}</th>" for name in ("run", *names))
        body = "".join(
            f"<tr><td>{run.short_id}</td>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>"
            for run, row in zip(self, rows, strict=True)
        )
        return f"<table><tr>{head}</tr>{body}</table>"

    def rows(self) -> list[dict[str, object]]:
        """One flat dict a run, in the words of conditions: id, pipeline, name, state, created, started,
        duration (in seconds), tags, note, `parameters.share`, `metrics.auc`.
        """
        latest = self._rooms.stores.tracking.latest([one.id for one in self])
        return [_row(one, latest.get(one.id, {})) for one in self]

    def to_frame(self) -> Any:
        """The rows as a Polars frame (pandas, if Polars is not installed)."""
        rows = self.rows()
        try:
            import polars as pl  # a user's library: only who asks for a frame pays for it
        except ModuleNotFoundError:
            import pandas as pd  # the other one that users have

            return pd.DataFrame(rows)
        return pl.DataFrame(rows, infer_schema_length=None)


def _cell(value: object) -> str:
    """A value in a table's cell: numbers short, nothing for None, the rest as people write it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M:%S}"
    return in_html(f"{value:.4g}" if isinstance(value, float) else str(value))


def failure_of(record: RunRecord, run: object) -> RunFailed:
    """The error that stands for a run without success."""
    short = short_id(record.id)
    if record.state is State.CANCELLED:
        return RunCancelled(f"Run {short} of {record.pipeline} was cancelled. {resume_it(record.id)}", run)
    if record.state is not State.FAILED or record.failure is None:
        return RunFailed(f"Run {short} of {record.pipeline} is {record.state.value} and has no output yet.", run)
    cause = record.failure
    remedy = f"\n  {cause.remedy}" if cause.remedy else ""
    hint = f"\n  headrace show {short}   headrace logs {short}"
    return RunFailed(f"Run {short} of {record.pipeline} failed: {cause.message}{remedy}{hint}", run)


def _row(run: Run[Any], metrics: Mapping[str, float]) -> dict[str, object]:
    row: dict[str, object] = {
        "id": run.id,
        "pipeline": run.pipeline,
        "name": run.name,
        "state": run.state.value,
        "created": run.created_at,
        "started": run.started_at,
        "duration": run.seconds,
        "tags": list(run.tags),
        "note": run.note,
    }
    row |= {f"parameters.{name}": value for name, value in run.parameters.items()}
    return row | {f"metrics.{name}": value for name, value in metrics.items()}
