"""Every store forgets runs whole, refuses beside a run that it was not told of, and looks at all of them in pages."""

import pytest
from msgspec.structs import replace

from headrace.core.errors import UnknownNameError
from headrace.core.states import State
from headrace.ports.records import ReuseRecord, RunEvent, RunRecord
from headrace.ports.stores import RunChange
from headrace.stores.inspection import SqlInspection
from headrace.stores.opening import SqlStore, open_store
from headrace.stores.retention import SqlRetention
from headrace.testing.records import (
    SOME_TIME,
    some_attempt,
    some_logged,
    some_metric,
    some_parts,
    some_result,
    some_run,
    some_step,
    some_value,
)


class _Retaining:
    store: SqlStore

    @property
    def retention(self) -> SqlRetention:
        return SqlRetention(self.store.database)

    def a_run(self, key: str, state: State = State.SUCCEEDED, *, reuses: RunRecord | None = None) -> RunRecord:
        run = replace(some_run(), tags=("nightly", key), settings={"code": {"m:fit": "c e"}, "retry_of": ""})
        step = some_step(run, state=state)
        self.store.runs.create(run, [step], {"9" * 64: "graph", key * 64: "own"})
        attempt = some_attempt(step)
        done = replace(
            step, parts=some_parts(key * 64), output=some_value(key * 64), made_by=attempt.id, made_in=run.id
        )
        maker = [] if reuses is None else self.store.details.attempts(reuses.id)
        self.store.runs.write(
            RunChange(
                replace(run, state=state, finished_at=SOME_TIME if state.is_final else None),
                [done],
                [attempt],
                results=[some_result(run, attempt, key)],
                metrics=[some_metric(attempt, "auc", 0.5)],
                logged=[some_logged(attempt, "text", "note", value=some_value("8" * 64))],
                events=[RunEvent(run.id, 0, SOME_TIME, "run.started")],
                reused=[ReuseRecord(run.id, "other", 3, one.id, one.run_id) for one in maker],
            )
        )
        return self.store.runs.get(run.id)

    def rows(self) -> int:
        tables = (
            "runs",
            "run_tags",
            "run_facts",
            "step_runs",
            "reuses",
            "attempts",
            "run_events",
            "results",
            "metrics",
        )
        statement = " UNION ALL ".join(f"SELECT COUNT(*) FROM {table}" for table in (*tables, "logged"))
        return sum(n for (n,) in self.store.database.read(lambda session: session.execute(statement).fetchall()))

    def test_a_run_is_forgotten_with_all_its_rows_and_no_other_one(self) -> None:
        kept = self.a_run("a")
        before = self.rows()
        gone = [self.a_run("b").id, self.a_run("d", State.FAILED).id]
        assert self.retention.forget(gone, beside=())
        assert self.rows() == before
        assert list(SqlInspection(self.store.database).broken())[1:] == []
        assert self.store.tracking.latest([kept.id, *gone]) == {kept.id: {"auc": 0.5}}
        assert self.store.results.results(["a", "b"]).keys() == {"a"}
        with pytest.raises(UnknownNameError):
            self.store.runs.get(gone[0])
        assert self.retention.forget(gone, beside=())  # twice is once

    def test_nothing_goes_beside_a_run_that_was_not_told_of(self) -> None:
        old, running = self.a_run("a"), self.a_run("b", State.RUNNING)
        assert not self.retention.forget([old.id], beside=())
        assert self.store.runs.get(old.id)
        assert self.retention.forget([old.id], beside=[running.id])
        assert [one.id for one in self.retention.outlines()] == [running.id]

    def test_a_run_under_way_is_never_forgotten(self) -> None:
        running = self.a_run("b", State.RUNNING)
        before = self.rows()
        assert self.retention.forget([running.id], beside=[running.id])
        assert self.rows() == before

    def test_runs_are_outlined_newest_first_with_whom_they_reuse(self) -> None:
        first = self.a_run("a")
        second = self.a_run("b", reuses=first)
        assert [(one.id, one.state, one.tags) for one in self.retention.outlines()] == [
            (second.id, State.SUCCEEDED, ("nightly", "b")),
            (first.id, State.SUCCEEDED, ("nightly", "a")),
        ]
        assert list(self.retention.links()) == [(second.id, first.id)]
        assert dict(self.retention.settings([first.id, "0" * 32])) == {first.id: first.settings}

    def test_values_and_documents_are_named_by_the_runs_that_stay(self) -> None:
        first, second = self.a_run("a"), self.a_run("b")
        values = list(self.retention.values())
        assert {str(one).count("b" * 64) for one in values} == {0, 1}
        left = list(self.retention.values(without=[second.id]))
        assert len(left) * 2 == len(values)
        assert not any("b" * 64 in str(one) for one in left)
        named = set(self.retention.named_documents(without=[second.id]))
        assert {"9" * 64, "a" * 64} <= named
        assert "b" * 64 not in named
        assert set(self.retention.documents()) == {"9" * 64, "a" * 64, "b" * 64}
        assert not self.retention.forget_documents(["b" * 64], newest=first.id)
        assert self.retention.forget_documents(["b" * 64], newest=second.id)
        assert set(self.retention.documents()) == {"9" * 64, "a" * 64}


class TestRetentionOnSqlite(_Retaining):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, tmp_path):
        with open_store(tmp_path / ".headrace") as self.store:
            yield


@pytest.mark.services
@pytest.mark.slow
class TestRetentionOnPostgres(_Retaining):
    @pytest.fixture(autouse=True)
    def _fresh_store(self, postgres_store):
        self.store = postgres_store
