"""Looking a store over as a whole: is the database sound, which objects does it name, who has claimed what. Writes
nothing."""

from collections.abc import Iterator

from msgspec import Struct

from headrace.core.values import Value, value_from_json
from headrace.ports.executors import WorkerIdentity
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.schema import SCHEMA_VERSION
from headrace.stores.sessions import Database, Row


class Named(Struct, frozen=True):
    """A value that rows name: what it is (`output`, `figure 'curve'`, `parameter 'rows'` …), of which pipeline and
    step (empty for a parameter), in which run last, and by how many rows."""

    value: Value
    what: str
    pipeline: str
    node: str
    last_run: str
    count: int


class Claimed(Struct, frozen=True):
    """How many keys a run has claimed for a process; `state` is the run's (empty: there is no such run)."""

    run_id: str
    holder: WorkerIdentity | None
    count: int
    state: str


class SqlInspection:
    """A database as whoever mends it sees it."""

    schema = SCHEMA_VERSION

    def __init__(self, database: Database) -> None:
        self._database = database

    def faults(self, *, deep: bool = False) -> list[str]:
        """What the database itself finds wrong with its file; `deep` compares indexes with tables too."""
        return self._database.faults(deep=deep)

    def named(self) -> Iterator[Named]:
        """Every value with objects that some row names; equal ones of one step once, with the last run."""
        for statement, what in ((sql.NAMED_OUTPUTS, "output"), (sql.NAMED_RESULTS, "output"), (sql.NAMED_LOGGED, "")):
            for text, pipeline, node, run_id, count, kind, name in self._all(statement):
                yield Named(rows.load_value(text), what or f"{kind} {name!r}", pipeline, node, run_id, count)
        for text, pipeline, run_id, count in self._all(sql.NAMED_PARAMETERS):
            for name, data in rows.decode(text).items():
                yield Named(value_from_json(data), f"parameter {name!r}", pipeline, "", run_id, count)

    def claimed(self) -> list[Claimed]:
        """The claims there are, by run and process."""
        found = self._all(sql.CLAIMED)
        return [Claimed(run, rows.load_worker(holder), count, state or "") for run, holder, count, state in found]

    def _all(self, statement: str) -> list[Row]:
        return self._database.read(lambda session: session.execute(statement).fetchall())
