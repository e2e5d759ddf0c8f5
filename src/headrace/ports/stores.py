"""The ports to metadata.

Runs and their story, results and their keys, what steps have logged, and a memo of pure computations.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct, field

from headrace.core.values import Value
from headrace.ports.executors import WorkerIdentity
from headrace.ports.records import (
    AttemptRecord,
    LoggedRecord,
    MetricRecord,
    ResultRecord,
    ReuseRecord,
    RunEvent,
    RunFilter,
    RunOutline,
    RunRecord,
    StepRunRecord,
)


class RunChange(Struct, frozen=True):
    """Everything that one turn of a run's conductor writes, in one transaction.

    `run` carries the version it was read with; the write succeeds only if the stored one is the same, and leaves it
    one higher. Step runs and attempts are written whole (inserted or replaced), results and events are appended,
    events numbered on from the last. What the steps named in `reopened` were reused from is forgotten first.
    `documents` are code manifests and graphs by digest, written if they are not there yet.
    """

    run: RunRecord
    steps: Sequence[StepRunRecord] = ()
    attempts: Sequence[AttemptRecord] = ()
    results: Sequence[ResultRecord] = ()
    events: Sequence[RunEvent] = ()
    metrics: Sequence[MetricRecord] = ()
    logged: Sequence[LoggedRecord] = ()
    documents: Mapping[str, str] = field(default_factory=dict)
    reused: Sequence[ReuseRecord] = ()
    reopened: Sequence[str] = ()


class RunStore(Protocol):
    """Runs, step runs, attempts, events. Any thread, any number of processes; a busy database is waited for.

    What `write` has returned from survives the death of any process. A guarded write that finds another version
    raises StaleWriteError and changes nothing.
    """

    def create(self, run: RunRecord, steps: Sequence[StepRunRecord], documents: Mapping[str, str]) -> None:
        """A new run with its step runs, and the documents (graph, manifests) by digest that it needs."""
        ...

    def write(self, change: RunChange) -> None:
        """Apply one turn's changes; raises StaleWriteError, or UnknownNameError for a run that is not there.

        A cancellation asked for meanwhile is kept, unless the run was final or gets another runner (a resume). With its
        end, a run gives all its claims back.
        """
        ...

    def get(self, run_id: str) -> RunRecord:
        """A run by its whole id; raises UnknownNameError."""
        ...

    def find(self, text: str) -> list[RunRecord]:
        """Runs whose id starts or ends with this text or whose name it is, newest first, at most ten.

        `last` is the newest of all; an empty text finds nothing.
        """
        ...

    def list(self, which: RunFilter) -> list[RunRecord]:
        """A page of runs, newest first; raises UnknownNameError for a condition's name that nothing has, UsageError
        for a time or duration compared with a text."""
        ...

    def request_cancel(self, run_id: str, at: float) -> bool:
        """Ask for cancellation; False if the run is final already.

        The run's version stays, so that its conductor's next write is not stale.
        """
        ...


class RunDetails(Protocol):
    """What stands behind a run: read-only, for those who show and explain."""

    def steps(self, run_id: str) -> list[StepRunRecord]:
        """The step runs of a run, by position."""
        ...

    def attempts(self, run_id: str, node: str = "") -> list[AttemptRecord]:
        """Attempts of a run (of one node), oldest first."""
        ...

    def makers(self, run_id: str, node: str = "") -> list[AttemptRecord]:
        """The attempts of other runs that made what a run (one node of it) reuses, by the run's own nodes and items."""
        ...

    def item_outputs(self, run_id: str, node: str) -> Mapping[int, Value]:
        """The values of a map's items in a run, computed or reused there, as far as they may be reused."""
        ...

    def events(self, run_id: str, after: int = 0) -> list[RunEvent]:
        """A run's story after a sequence number, in order."""
        ...

    def document(self, digest: str) -> str:
        """A graph or manifest by its digest; raises UnknownNameError."""
        ...

    def earlier_steps(
        self, pipeline: str, node: str, before_run: str, *, with_value: bool = False, limit: int = 1
    ) -> list[StepRunRecord]:
        """Step runs of this name with key parts in earlier runs of the same pipeline, newest first, for `why`.

        `with_value` passes over those that did not succeed and were not reused either.
        """
        ...

    def durations(self, pipeline: str) -> Mapping[str, float]:
        """Median seconds of the last succeeded attempts by node, for estimates.

        Without imports, which the next process pays once, whatever it computes.
        """
        ...


class ResultStore(Protocol):
    """Which values may be reused under which key, and who computes one right now (single flight)."""

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[ResultRecord]]:
        """Results by key, newest first, at most eight a key; keys without any are left out."""
        ...

    def claim(
        self, keys: Sequence[str], run_id: str, holder: WorkerIdentity
    ) -> Mapping[str, tuple[str, WorkerIdentity]]:
        """Claim keys for a run; what it holds already is held by `holder` from now on.

        Returns those that another run holds already (run id and process), which are not claimed. What a final run has
        left claimed is free.
        """
        ...

    def release(self, keys: Sequence[str], run_id: str) -> None:
        """Give claims back (also those that another process left.

        The caller has made sure that its process is dead).
        """
        ...


class TrackingStore(Protocol):
    """What steps have logged. Reused steps show the records of the attempt that made their value (rule 10)."""

    def metrics(self, run_id: str, name: str = "") -> list[MetricRecord]:
        """Metrics of a run (all or of one name), reused steps' included, in order of time."""
        ...

    def logged(self, run_id: str) -> list[LoggedRecord]:
        """Parameters, figures, texts and tables of a run, reused steps' included."""
        ...

    def latest(self, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The value of each metric of several runs, reused steps' included, for lists and conditions: the last one.

        Of a metric that the items of a map have logged, the mean of their last values, once the map has ended; not a
        number if one of them is none.
        """
        ...


class MemoStore(Protocol):
    """Results of pure computations that are dear to repeat, by a key that covers their inputs. May forget."""

    def recall(self, key: str) -> str | None:
        """The text kept under this key."""
        ...

    def keep(self, key: str, text: str) -> None:
        """Keep a text under this key."""
        ...


class Retention(Protocol):
    """What is kept for how long: looking over all runs in pages, and forgetting some. Any number of processes."""

    def outlines(self) -> Iterator[RunOutline]:
        """All runs, newest first."""
        ...

    def links(self) -> Iterator[tuple[str, str]]:
        """Pairs of a run and another one that has made what the first reuses; each pair once."""
        ...

    def settings(self, run_ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The settings of these runs, as far as they are there, in no order."""
        ...

    def forget(self, run_ids: Sequence[str], *, beside: Collection[str]) -> bool:
        """Remove every row of these runs, in one transaction; those that are not final stay, whole.

        False, and nothing is removed, if a run is under way that is not among `beside`: it may have begun to reuse what
        would go. Whoever begins afterwards sees none of it.
        """
        ...

    def values(self, *, without: Collection[str] = ()) -> Iterator[Value]:
        """Every value with objects that a run keeps, but for the runs `without`; some several times."""
        ...

    def documents(self) -> Iterator[str]:
        """The digests of all documents."""
        ...

    def named_documents(self, *, without: Collection[str] = ()) -> Iterator[str]:
        """The digests of documents that runs name (graphs, code, environments), but for the runs `without`."""
        ...

    def forget_documents(self, digests: Sequence[str], *, newest: str) -> bool:
        """Remove documents, unless there is a run newer than `newest`, which may name one; whether they were."""
        ...


class MetadataStore(Protocol):
    """One place that fills all five ports: what is written through one is seen through the others."""

    @property
    def runs(self) -> RunStore:
        """Runs."""
        ...

    @property
    def details(self) -> RunDetails:
        """What stands behind them."""
        ...

    @property
    def results(self) -> ResultStore:
        """What may be reused."""
        ...

    @property
    def tracking(self) -> TrackingStore:
        """What steps have logged."""
        ...

    @property
    def memos(self) -> MemoStore:
        """What is dear to compute again."""
        ...

    def close(self) -> None:
        """Give connections back; nothing works afterwards."""
        ...
