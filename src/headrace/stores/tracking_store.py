"""Reading what steps have logged; reused steps show the records of the attempt that made their value."""

from collections.abc import Mapping, Sequence

from headrace.ports.records import LoggedRecord, MetricRecord
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.sessions import Database, Session


class SqlTrackingStore:
    """The port `TrackingStore` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def metrics(self, run_id: str, name: str = "") -> list[MetricRecord]:
        """Metrics of a run (all or of one name), reused steps' included, in order of time."""
        statement = sql.METRICS.format(condition="WHERE name = ? " if name else "")
        parameters = (run_id, run_id, name) if name else (run_id, run_id)
        found = self._database.read(lambda session: session.execute(statement, parameters).fetchall())
        return [rows.metric_of(row) for row in found]

    def logged(self, run_id: str) -> list[LoggedRecord]:
        """Parameters, figures, texts and tables of a run, reused steps' included, in order of time."""
        found = self._database.read(lambda session: session.execute(sql.LOGGED, (run_id, run_id)).fetchall())
        return [rows.logged_of(row) for row in found]

    def latest(self, run_ids: Sequence[str]) -> Mapping[str, Mapping[str, float]]:
        """The value of each metric of several runs, see the port; runs without any are left out."""

        def work(session: Session) -> dict[str, dict[str, float]]:
            found: dict[str, dict[str, float]] = {}
            for chunk in sql.chunks(run_ids):
                statement = sql.LATEST.format(marks=sql.marks(len(chunk)))
                for run_id, name, number in session.execute(statement, chunk).fetchall():
                    found.setdefault(run_id, {})[name] = rows.number_of(number)
            return found

        return self._database.read(work)
