"""Looking over all runs page by page, and forgetting some of them. Decides nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from headrace.core.states import State
from headrace.core.values import Value
from headrace.ports.records import RunOutline
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.inspection import SqlInspection, pages
from headrace.stores.run_changes import insert_all
from headrace.stores.sessions import Database, Parameter, Row, Session

_AFTER_ALL = "g"
"""Behind every id: they are hex digits."""


class SqlRetention:
    """The port `Retention` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def outlines(self) -> Iterator[RunOutline]:
        """All runs, newest first."""
        for page in pages(self._database, sql.OUTLINES, (_AFTER_ALL,), limit=5000):
            for run_id, pipeline, state, created_at, tags in page:
                yield RunOutline(run_id, pipeline, State(state), created_at, tuple(rows.decode(tags)))

    def links(self) -> Iterator[tuple[str, str]]:
        """Pairs of a run and another one that has made what the first reuses; each pair once."""
        after = ""
        for page in pages(self._database, sql.NEXT_RUNS, ("",), limit=5000):
            yield from ((run_id, made_in) for run_id, made_in in self._all(sql.LINKS, (after, page[-1][0])))
            after = page[-1][0]

    def settings(self, run_ids: Sequence[str]) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The settings of these runs."""
        for chunk in sql.chunks(run_ids):
            for run_id, text in self._all(sql.SETTINGS_OF.format(marks=sql.marks(len(chunk))), chunk):
                yield run_id, rows.decode(text)

    def _all(self, statement: str, parameters: Sequence[Parameter]) -> list[Row]:
        return self._database.read(lambda session: session.execute(statement, parameters).fetchall())

    def forget(self, run_ids: Sequence[str], *, beside: Collection[str]) -> bool:
        """Remove every row of these runs, unless another run is under way."""

        def work(session: Session) -> bool:
            session.execute(sql.HOLD_RUNS)
            if any(run_id not in beside for (run_id,) in session.execute(sql.OPEN_RUNS).fetchall()):
                return False
            for chunk in sql.chunks(run_ids):
                _forget(session, chunk)
            return True

        return self._database.write(work)

    def values(self, *, without: Collection[str] = ()) -> Iterator[Value]:
        """Every value with objects that a run keeps, but for the runs `without`."""
        return SqlInspection(self._database).values(without=without)

    def documents(self) -> Iterator[str]:
        """The digests of all documents."""
        for page in pages(self._database, sql.ALL_DOCUMENTS, ("",), limit=5000):
            yield from (digest for (digest,) in page)

    def named_documents(self, *, without: Collection[str] = ()) -> Iterator[str]:
        """The digests of documents that runs name, but for the runs `without`."""
        for page in pages(self._database, sql.NAMED_DOCUMENTS, ("", ""), limit=5000):
            yield from (digest for run_id, _, *digests in page if run_id not in without for digest in digests)
        for page in pages(self._database, sql.PARTS_OF_RESULTS, (0,), limit=5000):
            yield from (digest for _, run_id, *digests in page if run_id not in without for digest in digests)
        for page in pages(self._database, sql.GRAPHS_AND_SETTINGS, ("",), limit=500):
            for run_id, graph, settings in page:
                if run_id not in without:
                    yield graph
                    yield from (one for both in rows.decode(settings).get("code", {}).values() for one in both.split())

    def forget_documents(self, digests: Sequence[str], *, newest: str) -> bool:
        """Remove documents, unless there is a run newer than `newest`."""

        def work(session: Session) -> bool:
            session.execute(sql.HOLD_RUNS)
            if session.execute(sql.HAS_NEWER, (newest,)).fetchone():
                return False
            for chunk in sql.chunks(digests):
                session.execute(sql.FORGET_DOCUMENTS.format(marks=sql.marks(len(chunk))), chunk)
            return True

        return self._database.write(work)


def _forget(session: Session, run_ids: Sequence[str]) -> None:
    found = session.execute(sql.FINAL_AMONG.format(marks=sql.marks(len(run_ids))), run_ids).fetchall()
    if not found:
        return
    ids = [run_id for run_id, _ in found]
    insert_all(session, sql.DELETE_TAG, [(tag, run_id) for run_id, tags in found for tag in rows.decode(tags)])
    for statement in sql.FORGET_RUNS:
        session.execute(statement.format(marks=sql.marks(len(ids))), ids)
