"""What commands ask of a store is answered from indexes: nothing reads a whole table that grows with every run."""

from collections.abc import Iterable, Sequence

import pytest
from msgspec.structs import replace

from headrace.core.states import State
from headrace.ports.records import Condition, RunFilter
from headrace.ports.stores import RunChange
from headrace.stores.opening import SqlStore
from headrace.stores.schema import upgrade
from headrace.stores.sqlite import TYPES, SqliteDatabase
from headrace.testing.records import ME, some_attempt, some_metric, some_parts, some_result, some_run, some_step

GROWING = (
    "runs",
    "step_runs",
    "attempts",
    "run_events",
    "results",
    "metrics",
    "logged",
    "run_facts",
    "reuses",
    "memos",
)
AUC = Condition("auc", ">", 0.5)


class Explained:
    """A database that asks SQLite, before each statement, how it will be answered."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self.steps: list[tuple[str, str]] = []

    def read(self, work):
        return self._database.read(lambda session: work(Session(session, self.steps)))

    def write(self, work):
        return self._database.write(lambda session: work(Session(session, self.steps)))

    def faults(self, *, deep: bool = False) -> list[str]:
        return self._database.faults(deep=deep)

    def close(self) -> None:
        self._database.close()


class Session:
    """A session that keeps the plans of what it is asked."""

    def __init__(self, session, steps: list[tuple[str, str]]) -> None:
        self._session, self._steps = session, steps

    def execute(self, sql: str, parameters: Sequence[object] = ()):
        for row in self._session.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall():
            self._steps.append((row[3], sql))
        return self._session.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]]):
        given = list(parameters)
        for row in self._session.execute(f"EXPLAIN QUERY PLAN {sql}", given[0]).fetchall():
            self._steps.append((row[3], sql))
        return self._session.executemany(sql, given)


@pytest.fixture
def explained(tmp_path):
    database = SqliteDatabase(str(tmp_path / "headrace.db"))
    database.write(lambda session: upgrade(session, 0, TYPES))
    store = SqlStore(database, "here")
    for number in range(20):
        run = some_run("training")
        step = replace(some_step(run, state=State.SUCCEEDED), parts=some_parts())
        attempt = some_attempt(step)
        store.runs.create(run, [step], {})
        result, metric = some_result(run, attempt, f"k{number}"), some_metric(attempt, "auc", number / 20)
        store.runs.write(RunChange(run, [step], [attempt], [result], metrics=[metric]))
    found = Explained(database)
    yield found, SqlStore(found, "here")
    store.close()


def whole_tables(explained: Explained) -> list[tuple[str, str]]:
    """The steps that go through all rows of a table that grows, without the order of an index that a limit cuts short."""
    scans = [(step, sql) for step, sql in explained.steps if step.startswith("SCAN ")]
    names = {**{name: name for name in GROWING}, "r": "runs", "x": "run_facts", "a": "attempts", "m": "metrics"}
    return [
        (step, sql)
        for step, sql in scans
        if step.split()[1] in names and not ("INDEX" in step and "LIMIT" in sql and "ORDER BY" in sql)
    ]


READS = {
    "runs": lambda store, run: store.runs.list(RunFilter(limit=20)),
    "runs before": lambda store, run: store.runs.list(RunFilter(limit=20, before=run.id)),
    "runs of a pipeline": lambda store, run: store.runs.list(RunFilter(pipeline="training")),
    "runs by state": lambda store, run: store.runs.list(RunFilter(states=(State.FAILED,))),
    "runs by metric": lambda store, run: store.runs.list(RunFilter(conditions=(AUC,))),
    "runs by metric and state": lambda store, run: store.runs.list(
        RunFilter(conditions=(AUC,), states=(State.FAILED,))
    ),
    "last": lambda store, run: store.runs.find("last"),
    "a run by the end of its id": lambda store, run: store.runs.find(run.id[-8:]),
    "a run by name": lambda store, run: store.runs.find("tuesday"),
    "steps": lambda store, run: store.details.steps(run.id),
    "attempts": lambda store, run: store.details.attempts(run.id),
    "attempts of a step": lambda store, run: store.details.attempts(run.id, "fit"),
    "events": lambda store, run: store.details.events(run.id, 3),
    "the step before": lambda store, run: store.details.earlier_steps("training", "fit", run.id),
    "the last value before": lambda store, run: store.details.earlier_steps("training", "fit", run.id, with_value=True),
    "durations": lambda store, run: store.details.durations("training"),
    "results": lambda store, run: store.results.results(["k1", "k2"]),
    "claims": lambda store, run: store.results.claim(["k1"], run.id, ME),
    "metrics": lambda store, run: store.tracking.metrics(run.id),
    "one metric": lambda store, run: store.tracking.metrics(run.id, "auc"),
    "latest metrics": lambda store, run: store.tracking.latest([run.id]),
    "logged": lambda store, run: store.tracking.logged(run.id),
    "a memo": lambda store, run: store.memos.recall("x"),
    "the end of a run": lambda store, run: store.runs.write(
        RunChange(replace(run, state=State.SUCCEEDED), reopened=["fit"])
    ),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_no_command_reads_a_whole_table(explained, read):
    database, store = explained
    run = store.runs.find("last")[0]
    database.steps.clear()
    read(store, run)
    assert database.steps
    assert whole_tables(database) == []
