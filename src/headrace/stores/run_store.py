"""Writing runs: guarded, numbered, in one transaction a turn."""

from collections.abc import Callable, Mapping, Sequence

from headrace.core.errors import UnknownNameError
from headrace.ports.records import RunFilter, RunRecord, StepRunRecord
from headrace.ports.stores import RunChange
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.filters import ids_of
from headrace.stores.run_changes import PreparedChange, insert_all, stand_of
from headrace.stores.sessions import Database, Row, Session

FOUND_AT_MOST = 10
_HEX = frozenset("0123456789abcdef")
_AFTER_HEX = "g"


class SqlRunStore:
    """The port `RunStore` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, run: RunRecord, steps: Sequence[StepRunRecord], documents: Mapping[str, str]) -> None:
        """A new run with its step runs, and the documents by digest that it needs."""
        run_row = (*rows.run_row(run), run.id[::-1], 0)
        step_rows = [rows.step_row(step, run.pipeline) for step in steps]
        facts = rows.parameter_facts(run.id, run.parameters)

        times: list[Session] = []

        def work(session: Session) -> None:
            if times and session.execute(sql.HAS_RUN, (run.id,)).fetchone():
                return  # an earlier time was committed after all
            times.append(session)
            session.execute(sql.INSERT_RUN, run_row)
            insert_all(session, sql.INSERT_TAG, [(tag, run.id) for tag in run.tags])
            insert_all(session, sql.PUT_STEP, step_rows)
            insert_all(session, sql.NOTE_FACT, facts)
            insert_all(session, sql.INSERT_DOCUMENT, sorted(documents.items()))

        self._database.write(work)

    def write(self, change: RunChange) -> None:
        """Apply one turn's changes; raises StaleWriteError and UnknownNameError."""
        self._database.write(PreparedChange(change))

    def get(self, run_id: str) -> RunRecord:
        """A run by its whole id; raises UnknownNameError."""
        row = self._database.read(lambda session: session.execute(sql.GET_RUN, (run_id,)).fetchone())
        if row is None:
            raise UnknownNameError("run", run_id, hint="`headrace runs` lists them.")
        return rows.run_of(row)

    def find(self, text: str) -> list[RunRecord]:
        """Runs by start or end of their id, by name, or `last`; newest first, at most ten."""
        if not text:
            return []
        if text == "last":
            found = self._database.read(lambda session: session.execute(sql.LAST_RUN).fetchall())
            return [rows.run_of(row) for row in found]
        return _fetched(self._database, lambda session: _ids_like(session, text))

    def list(self, which: RunFilter) -> list[RunRecord]:
        """A page of runs, newest first; raises UnknownNameError and ConditionError."""
        return _fetched(self._database, lambda session: ids_of(session, which))

    def request_cancel(self, run_id: str, at: float) -> bool:
        """Ask for cancellation; False if the run is final already. Raises UnknownNameError."""

        def work(session: Session) -> bool:
            if session.execute(sql.REQUEST_CANCEL, (at, run_id)).rowcount:
                return True
            stand_of(session, run_id)
            return False

        return self._database.write(work)


def _fetched(database: Database, choose: Callable[[Session], Sequence[str]]) -> list[RunRecord]:
    def work(session: Session) -> list[Row]:
        found: list[Row] = []
        for chunk in sql.chunks(choose(session)):
            found += session.execute(sql.GET_RUNS.format(marks=sql.marks(len(chunk))), chunk).fetchall()
        return found

    return [rows.run_of(row) for row in database.read(work)]


def _ids_like(session: Session, text: str) -> Sequence[str]:
    found = {row[0] for row in session.execute(sql.FIND_BY_NAME, (text, FOUND_AT_MOST)).fetchall()}
    digits = text.lower()
    if _HEX.issuperset(digits):
        for statement, start in ((sql.FIND_BY_START, digits), (sql.FIND_BY_END, digits[::-1])):
            asked = (start, start + _AFTER_HEX, FOUND_AT_MOST)
            found.update(row[0] for row in session.execute(statement, asked).fetchall())
    return sorted(found, reverse=True)[:FOUND_AT_MOST]
