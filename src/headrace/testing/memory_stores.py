"""The metadata ports in memory: what a test uses where the database does not matter. Nothing survives the process."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

from msgspec.structs import replace

from headrace.core.errors import StaleWriteError, UnknownNameError
from headrace.core.states import State
from headrace.core.values import Value
from headrace.ports.executors import NO_ITEM, WorkerIdentity
from headrace.ports.records import (
    AttemptRecord,
    LoggedRecord,
    MetricRecord,
    ResultRecord,
    RunEvent,
    RunFilter,
    RunRecord,
    StepRunRecord,
)
from headrace.ports.stores import RunChange
from headrace.testing.memory_conditions import Facts, meaning, satisfies

FOUND_AT_MOST = 10
RESULTS_OF_A_KEY = 8
TIMED_ATTEMPTS = 20
Place = tuple[str, int]


class Shelf:
    """Everything that the five stores keep, and the lock that each of them takes."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.runs: dict[str, RunRecord] = {}
        self.steps: dict[str, dict[str, StepRunRecord]] = {}
        self.attempts: dict[str, dict[str, AttemptRecord]] = {}
        self.events: dict[str, list[RunEvent]] = {}
        self.results: dict[str, list[ResultRecord]] = {}
        self.reuses: dict[str, dict[Place, tuple[str, str]]] = {}
        self.metrics: dict[str, list[MetricRecord]] = {}
        self.logged: dict[str, list[LoggedRecord]] = {}
        self.documents: dict[str, str] = {}
        self.claims: dict[str, tuple[str, WorkerIdentity]] = {}
        self.memos: dict[str, str] = {}

    def run(self, run_id: str) -> RunRecord:
        """A run; raises UnknownNameError."""
        if run_id not in self.runs:
            raise UnknownNameError("run", run_id, hint="`headrace runs` lists them.")
        return self.runs[run_id]

    def newest(self) -> list[RunRecord]:
        """All runs, newest first."""
        return [self.runs[run_id] for run_id in sorted(self.runs, reverse=True)]

    def metrics_of(self, run_id: str) -> list[MetricRecord]:
        """Metrics of a run with those of reused steps, in order of time."""
        found = list(self.metrics.get(run_id, ()))
        for (node, item), (made_by, made_in) in self.reuses.get(run_id, {}).items():
            own = (metric for metric in self.metrics.get(made_in, ()) if metric.attempt_id == made_by)
            found += [replace(metric, node=node, item=item) for metric in own]
        return sorted(found, key=lambda metric: metric.at)

    def values_of(self, run_id: str) -> dict[str, float]:
        """The value of each metric of a run: the last one, or the mean over the items of a map that has ended."""
        metrics, steps = self.metrics_of(run_id), self.steps.get(run_id, {})
        maps = {step.node for step in steps.values() if step.items is not None and step.state.is_final}
        last = {(metric.node, metric.name, metric.item): metric.value for metric in metrics}
        found: dict[str, float] = {}
        for metric in metrics:
            items = [value for place, value in last.items() if place[:2] == (metric.node, metric.name)]
            found[metric.name] = fmean(items) if metric.item >= 0 and metric.node in maps else metric.value
        return found

    def logged_of(self, run_id: str) -> list[LoggedRecord]:
        """Logged values of a run with those of reused steps, in order of time."""
        found = list(self.logged.get(run_id, ()))
        for (node, item), (made_by, made_in) in self.reuses.get(run_id, {}).items():
            own = (entry for entry in self.logged.get(made_in, ()) if entry.attempt_id == made_by)
            found += [replace(entry, node=node, item=item) for entry in own]
        return sorted(found, key=lambda entry: entry.at)

    def facts_of(self, run: RunRecord) -> Facts:
        """What a condition can say of a run."""
        metrics = self.values_of(run.id)
        logged = {entry.name: entry.value for entry in self.logged_of(run.id) if entry.kind == "parameter"}
        return Facts(run, metrics, logged | dict(run.parameters))


class MemoryStore:
    """The five metadata ports over one shelf."""

    def __init__(self) -> None:
        shelf = Shelf()
        self.runs = MemoryRunStore(shelf)
        self.details = MemoryRunDetails(shelf)
        self.results = MemoryResultStore(shelf)
        self.tracking = MemoryTrackingStore(shelf)
        self.memos = MemoryMemoStore(shelf)

    def close(self) -> None:
        """Nothing to do; it is here because every store has it."""


class MemoryRunStore:
    """The port `RunStore` in memory."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def create(self, run: RunRecord, steps: Sequence[StepRunRecord], documents: Mapping[str, str]) -> None:
        """A new run with its step runs and documents."""
        with self._shelf.lock:
            self._shelf.runs[run.id] = run
            self._shelf.steps[run.id] = {step.node: step for step in steps}
            self._shelf.documents.update(documents)

    def write(self, change: RunChange) -> None:
        """Apply one turn's changes; raises StaleWriteError and UnknownNameError."""
        shelf, run = self._shelf, change.run
        with shelf.lock:
            stored = shelf.run(run.id)
            if stored.version != run.version:
                raise StaleWriteError(run.id, run.version, stored.version)
            shelf.runs[run.id] = _written(stored, run)
            shelf.steps.setdefault(run.id, {}).update((step.node, step) for step in change.steps)
            shelf.attempts.setdefault(run.id, {}).update((attempt.id, attempt) for attempt in change.attempts)
            for result in change.results:
                shelf.results.setdefault(result.key, []).append(result)
            events = shelf.events.setdefault(run.id, [])
            events += [replace(event, sequence=len(events) + place) for place, event in enumerate(change.events, 1)]
            shelf.metrics.setdefault(run.id, []).extend(change.metrics)
            shelf.logged.setdefault(run.id, []).extend(change.logged)
            shelf.documents.update(change.documents)
            reuses = shelf.reuses.get(run.id, {})
            kept = {place: made for place, made in reuses.items() if place[0] not in change.reopened}
            shelf.reuses[run.id] = kept | dict(_reuses(change))
            if run.state.is_final:
                shelf.claims = {key: claim for key, claim in shelf.claims.items() if claim[0] != run.id}

    def get(self, run_id: str) -> RunRecord:
        """A run by its whole id; raises UnknownNameError."""
        with self._shelf.lock:
            return self._shelf.run(run_id)

    def find(self, text: str) -> list[RunRecord]:
        """Runs by start or end of their id, by name, or `last`."""
        with self._shelf.lock:
            runs = self._shelf.newest()
        if text == "last":
            return runs[:1]
        digits = text.lower()
        found = [run for run in runs if run.id.startswith(digits) or run.id.endswith(digits) or run.name == text]
        return found[:FOUND_AT_MOST] if text else []

    def list(self, which: RunFilter) -> list[RunRecord]:
        """A page of runs, newest first."""
        shelf = self._shelf
        with shelf.lock:
            facts = [shelf.facts_of(run) for run in shelf.newest()]
        conditions = [(condition, meaning(condition, facts)) for condition in which.conditions]
        found = (
            each.run
            for each in facts
            if _is_in(each.run, which) and all(satisfies(each, condition, means) for condition, means in conditions)
        )
        return [run for run, _ in zip(found, range(which.limit), strict=False)]

    def request_cancel(self, run_id: str, at: float) -> bool:
        """Ask for cancellation; False if the run is final already."""
        with self._shelf.lock:
            run = self._shelf.run(run_id)
            if run.state.is_final:
                return False
            if run.cancel_requested_at is None:
                self._shelf.runs[run_id] = replace(run, cancel_requested_at=at)
            return True


class MemoryRunDetails:
    """The port `RunDetails` in memory."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def steps(self, run_id: str) -> list[StepRunRecord]:
        """The step runs of a run, by position."""
        with self._shelf.lock:
            return sorted(self._shelf.steps.get(run_id, {}).values(), key=lambda step: (step.position, step.node))

    def attempts(self, run_id: str, node: str = "") -> list[AttemptRecord]:
        """Attempts of a run (of one node), oldest first."""
        with self._shelf.lock:
            found = [each for each in self._shelf.attempts.get(run_id, {}).values() if node in ("", each.node)]
        return sorted(found, key=lambda attempt: (attempt.created_at, attempt.id))

    def makers(self, run_id: str, node: str = "") -> list[AttemptRecord]:
        """The attempts of other runs that made what a run (one node of it) reuses, by the run's own nodes and items."""
        with self._shelf.lock:
            places = sorted(self._shelf.reuses.get(run_id, {}).items())
            return [
                replace(self._shelf.attempts[made_in][made_by], node=name, item=item)
                for (name, item), (made_by, made_in) in places
                if node in ("", name) and made_by in self._shelf.attempts.get(made_in, {})
            ]

    def item_outputs(self, run_id: str, node: str) -> Mapping[int, Value]:
        """The values of a map's items in a run, computed or reused there, as far as they may be reused."""
        made = [one for one in self.attempts(run_id, node) if one.state is State.SUCCEEDED]
        with self._shelf.lock:
            outputs = {one.attempt_id: one.output for kept in self._shelf.results.values() for one in kept}
        found = {one.item: outputs[one.id] for one in (*made, *self.makers(run_id, node)) if one.id in outputs}
        return {item: found[item] for item in sorted(found) if item >= 0}

    def events(self, run_id: str, after: int = 0) -> list[RunEvent]:
        """A run's story after a sequence number, in order."""
        with self._shelf.lock:
            return self._shelf.events.get(run_id, [])[after:]

    def document(self, digest: str) -> str:
        """A graph or manifest by its digest; raises UnknownNameError."""
        with self._shelf.lock:
            if digest not in self._shelf.documents:
                raise UnknownNameError("document", digest)
            return self._shelf.documents[digest]

    def earlier_steps(
        self, pipeline: str, node: str, before_run: str, *, with_value: bool = False, limit: int = 1
    ) -> list[StepRunRecord]:
        """Step runs of this name with key parts (and a value) in earlier runs of the same pipeline, newest first."""
        states = (State.SUCCEEDED, State.REUSED) if with_value else tuple(State)
        with self._shelf.lock:
            earlier = [run for run in self._shelf.newest() if run.pipeline == pipeline and run.id < before_run]
            steps = (self._shelf.steps.get(run.id, {}).get(node) for run in earlier)
            return [one for one in steps if one and one.parts is not None and one.state in states][:limit]

    def durations(self, pipeline: str) -> Mapping[str, float]:
        """Median seconds of the last succeeded attempts by node, without imports."""
        seconds: dict[str, list[float]] = {}
        with self._shelf.lock:
            runs = [run.id for run in self._shelf.newest() if run.pipeline == pipeline]
            attempts = [attempt for run in runs for attempt in self._shelf.attempts.get(run, {}).values()]
        for attempt in sorted(attempts, key=lambda each: each.id, reverse=True):
            if attempt.state is State.SUCCEEDED:
                seconds.setdefault(attempt.node, []).append(attempt.usage.wall_s - attempt.usage.import_s)
        return {node: median(last[:TIMED_ATTEMPTS]) for node, last in seconds.items()}


class MemoryResultStore:
    """The port `ResultStore` in memory."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[ResultRecord]]:
        """Results by key, newest first, at most eight a key."""
        with self._shelf.lock:
            found = {key: self._shelf.results.get(key, [])[: -RESULTS_OF_A_KEY - 1 : -1] for key in keys}
        return {key: results for key, results in found.items() if results}

    def claim(
        self, keys: Sequence[str], run_id: str, holder: WorkerIdentity
    ) -> Mapping[str, tuple[str, WorkerIdentity]]:
        """Claim keys for a run; returns those that another run holds already."""
        with self._shelf.lock:
            claims = self._shelf.claims
            held = {key: claims[key] for key in keys if key in claims and self._holds(claims[key][0], run_id)}
            claims.update((key, (run_id, holder)) for key in keys if key not in held)
            return held

    def _holds(self, other: str, run_id: str) -> bool:
        """Whether another run keeps this one from claiming; one that is final computes nothing."""
        run = self._shelf.runs.get(other)
        return other != run_id and not (run is not None and run.state.is_final)

    def release(self, keys: Sequence[str], run_id: str) -> None:
        """Give claims of a run back."""
        with self._shelf.lock:
            for key in keys:
                if self._shelf.claims.get(key, ("",))[0] == run_id:
                    del self._shelf.claims[key]


class MemoryTrackingStore:
    """The port `TrackingStore` in memory."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def metrics(self, run_id: str, name: str = "") -> list[MetricRecord]:
        """Metrics of a run (all or of one name), reused steps' included, in order of time."""
        with self._shelf.lock:
            return [metric for metric in self._shelf.metrics_of(run_id) if name in ("", metric.name)]

    def logged(self, run_id: str) -> list[LoggedRecord]:
        """Parameters, figures, texts and tables of a run, reused steps' included, in order of time."""
        with self._shelf.lock:
            return self._shelf.logged_of(run_id)

    def latest(self, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The value of each metric of several runs, see the port; runs without any are left out."""
        with self._shelf.lock:
            found = {run_id: self._shelf.values_of(run_id) for run_id in run_ids}
        return {run_id: last for run_id, last in found.items() if last}


class MemoryMemoStore:
    """The port `MemoStore` in memory; forgets what was kept longest ago."""

    def __init__(self, shelf: Shelf, *, count: int = 4096) -> None:
        self._shelf, self._count = shelf, count

    def recall(self, key: str) -> str | None:
        """The text kept under this key."""
        with self._shelf.lock:
            return self._shelf.memos.get(key)

    def keep(self, key: str, text: str) -> None:
        """Keep a text under this key."""
        with self._shelf.lock:
            memos = self._shelf.memos
            memos.pop(key, None)
            memos[key] = text
            for oldest in list(memos)[: max(0, len(memos) - self._count)]:
                del memos[oldest]


def _written(stored: RunRecord, run: RunRecord) -> RunRecord:
    """What a write leaves: a version more, what never changes, and a cancellation asked for meanwhile."""
    is_taken_over = stored.runner is not None and run.runner is not None and stored.runner != run.runner
    asked = run.cancel_requested_at
    if asked is None and not stored.state.is_final and not is_taken_over:
        asked = stored.cancel_requested_at
    return replace(
        run,
        version=stored.version + 1,
        pipeline=stored.pipeline,
        parameters=stored.parameters,
        created_at=stored.created_at,
        cancel_requested_at=asked,
    )


def _reuses(change: RunChange) -> Iterable[tuple[Place, tuple[str, str]]]:
    for step in change.steps:
        if step.state is State.REUSED and step.made_by and step.items is None:
            yield (step.node, NO_ITEM), (step.made_by, step.made_in)
    for reuse in change.reused:
        yield (reuse.node, reuse.item), (reuse.made_by, reuse.made_in)


def _is_in(run: RunRecord, which: RunFilter) -> bool:
    return (
        which.pipeline in ("", run.pipeline)
        and (not which.states or run.state in which.states)
        and set(which.tags) <= set(run.tags)
        and (not which.before or run.id < which.before)
    )
