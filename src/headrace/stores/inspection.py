"""Looking a store over as a whole: is the database sound, which objects does it name, who has claimed what. Writes
nothing."""

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct

from headrace.core.values import Value, value_from_json
from headrace.ports.executors import WorkerIdentity
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.schema import SCHEMA_VERSION
from headrace.stores.sessions import Database, Parameter, Row, Session

_PAGE = 250
"""Rows that are held at once: one may carry 256 KiB of references."""


class Named(Struct, frozen=True):
    """Who names an object: as what (`output`, `figure 'curve'`, `parameter 'rows'` …), of which pipeline and step
    (empty for a run itself), in which run last, and by how many rows."""

    what: str
    pipeline: str
    node: str
    last_run: str
    count: int


class Broken(Struct, frozen=True):
    """What cannot be in the tables, said of a run, and by how many rows."""

    run_id: str
    text: str
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

    def values(self, *, without: Collection[str] = ()) -> Iterator[Value]:
        """Every value with objects that rows name, but for the runs `without`; in pages, whatever the store's size."""
        for statement, first in (
            (sql.VALUES_OF_STEPS, ("", "")),
            (sql.VALUES_OF_RESULTS, (0,)),
            (sql.VALUES_LOGGED, (0,)),
        ):
            place = 0 if len(first) > 1 else 1
            for page in pages(self._database, statement, first):
                yield from (rows.load_value(row[2]) for row in page if row[place] not in without)
        for page in pages(self._database, sql.VALUES_OF_RUNS, ("",)):
            for run_id, parameters, output in page:
                if run_id not in without:
                    yield from (value_from_json(data) for data in rows.decode(parameters).values())
                    yield from () if output is None else (rows.load_value(output),)

    def named(self, digest: str) -> Iterator[Named]:
        """What an object is, to whom; by a look through all rows, for the few that are damaged."""
        like = f"%{digest}%"
        for what, pipeline, node, run_id, count in self._all(sql.NAMED_AS_OUTPUT, (like, like)):
            yield Named(what, pipeline, node, run_id, count)
        for kind, name, pipeline, node, run_id, count in self._all(sql.NAMED_AS_LOGGED, (like,)):
            yield Named(f"{kind} {name!r}", pipeline, node, run_id, count)
        for text, pipeline, run_id, count in self._all(sql.NAMED_BY_RUNS, (like, like)):
            names = [name for name, data in rows.decode(text).items() if digest in str(data)]
            yield Named(f"parameter {names[0]!r}" if names else "output", pipeline, "", run_id, count)

    def broken(self) -> Iterator[Broken]:
        """What the tables say that cannot be: rows without their run, references to nothing, gaps, open ends."""
        for sentence, statements in sql.FAULTS.items():
            for statement in statements.values():
                for run_id, what, count in self._all(statement):
                    yield Broken(run_id, sentence.format(what=what), count)

    def claimed(self) -> list[Claimed]:
        """The claims there are, by run and process."""
        found = self._all(sql.CLAIMED)
        return [Claimed(run, rows.load_worker(holder), count, state or "") for run, holder, count, state in found]

    def _all(self, statement: str, parameters: Sequence[Parameter] = ()) -> list[Row]:
        return self._database.read(lambda session: session.execute(statement, parameters).fetchall())


def pages(
    database: Database, statement: str, after: tuple[Parameter, ...], *, limit: int = _PAGE
) -> Iterator[list[Row]]:
    """The rows of a statement that begins behind a key, page by page; its first columns are that key."""
    paged, width = statement.format(limit=limit), len(after)

    def work(session: Session) -> list[Row]:
        return session.execute(paged, after).fetchall()

    while page := database.read(work):
        yield page
        after = tuple(page[-1][:width])
