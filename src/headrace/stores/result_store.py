"""Values that may be reused, and who computes one right now."""

from collections.abc import Mapping, Sequence

from headrace.ports.executors import WorkerIdentity
from headrace.ports.records import ResultRecord
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.run_changes import insert_all
from headrace.stores.sessions import Database, Session

RESULTS_OF_A_KEY = 8


class SqlResultStore:
    """The port `ResultStore` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[ResultRecord]]:
        """Results by key, newest first, at most eight a key; keys without any are left out."""

        def work(session: Session) -> list[ResultRecord]:
            found: list[ResultRecord] = []
            for chunk in sql.chunks(keys):
                statement = sql.RESULTS.format(marks=sql.marks(len(chunk)))
                found += map(rows.result_of, session.execute(statement, (*chunk, RESULTS_OF_A_KEY)).fetchall())
            return found

        by_key: dict[str, list[ResultRecord]] = {}
        for result in self._database.read(work):
            by_key.setdefault(result.key, []).append(result)
        return by_key

    def claim(
        self, keys: Sequence[str], run_id: str, holder: WorkerIdentity
    ) -> Mapping[str, tuple[str, WorkerIdentity]]:
        """Claim keys for a run; returns those that another run holds already, which are not claimed."""
        text = rows.dump_worker(holder)
        # sorted: where rows are locked one by one, two processes must not wait for each other

        def work(session: Session) -> dict[str, tuple[str, WorkerIdentity]]:
            insert_all(session, sql.CLAIM, [(key, run_id, text) for key in sorted(set(keys))])
            held: dict[str, tuple[str, WorkerIdentity]] = {}
            for chunk in sql.chunks(keys):
                statement = sql.CLAIMED_BY_OTHERS.format(marks=sql.marks(len(chunk)))
                for key, other, who in session.execute(statement, (*chunk, run_id)).fetchall():
                    held[key] = (other, WorkerIdentity(*rows.decode(who)))
            return held

        return self._database.write(work)

    def release(self, keys: Sequence[str], run_id: str) -> None:
        """Give claims of a run back."""
        if keys:
            self._database.write(
                lambda session: insert_all(session, sql.RELEASE, [(key, run_id) for key in sorted(keys)])
            )
