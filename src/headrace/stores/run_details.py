"""Reading what stands behind a run, for those who show and explain."""

from collections.abc import Mapping

from headrace.core.errors import UnknownNameError
from headrace.core.values import Value
from headrace.ports.records import AttemptRecord, RunEvent, StepRunRecord
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.sessions import Database, Parameter, Row, Session

TIMED_ATTEMPTS = 20
"""How many of a step's last attempts make its expected duration."""


class SqlRunDetails:
    """The port `RunDetails` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def steps(self, run_id: str) -> list[StepRunRecord]:
        """The step runs of a run, by position."""
        return [rows.step_of(row) for row in self._all(sql.STEPS, run_id)]

    def attempts(self, run_id: str, node: str = "") -> list[AttemptRecord]:
        """Attempts of a run (of one node), oldest first."""
        found = self._all(sql.ATTEMPTS_OF_NODE, run_id, node) if node else self._all(sql.ATTEMPTS, run_id)
        return [rows.attempt_of(row) for row in found]

    def makers(self, run_id: str, node: str = "") -> list[AttemptRecord]:
        """The attempts of other runs that made what a run (one node of it) reuses, by the run's own nodes and items."""
        return [rows.attempt_of(row) for row in self._all(sql.MAKERS, run_id, node, node)]

    def item_outputs(self, run_id: str, node: str) -> Mapping[int, Value]:
        """The values of a map's items in a run, computed or reused there, as far as they may be reused."""
        found = self._all(sql.ITEM_OUTPUTS, run_id, node, run_id, node)
        return {item: rows.load_value(output) for item, output in found}

    def events(self, run_id: str, after: int = 0) -> list[RunEvent]:
        """A run's story after a sequence number, in order."""
        return [rows.event_of(row) for row in self._all(sql.EVENTS, run_id, after)]

    def document(self, digest: str) -> str:
        """A graph or manifest by its digest; raises UnknownNameError."""
        found = self._all(sql.DOCUMENT, digest)
        if not found:
            raise UnknownNameError("document", digest)
        return str(found[0][0])

    def earlier_steps(
        self, pipeline: str, node: str, before_run: str, *, with_value: bool = False, limit: int = 1
    ) -> list[StepRunRecord]:
        """Step runs of this name with key parts (and a value) in earlier runs of the same pipeline, newest first."""
        statement = sql.EARLIER_STEPS.format(state=sql.WITH_VALUE if with_value else "")
        return [rows.step_of(row) for row in self._all(statement, pipeline, node, before_run, limit)]

    def durations(self, pipeline: str) -> Mapping[str, float]:
        """Median seconds of the last succeeded attempts by node, without imports."""

        def work(session: Session) -> dict[str, float]:
            nodes = [row[0] for row in session.execute(sql.TIMED_NODES, (pipeline, pipeline)).fetchall()]
            return {node: _median(_last_durations(session, pipeline, node)) for node in nodes}

        return self._database.read(work)

    def _all(self, statement: str, *parameters: Parameter) -> list[Row]:
        return self._database.read(lambda session: session.execute(statement, parameters).fetchall())


def _last_durations(session: Session, pipeline: str, node: str) -> list[float]:
    return [row[0] for row in session.execute(sql.LAST_DURATIONS, (pipeline, node, TIMED_ATTEMPTS)).fetchall()]


def _median(numbers: list[float]) -> float:
    # `statistics` costs 10 ms to import
    ordered, middle = sorted(numbers), len(numbers) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
