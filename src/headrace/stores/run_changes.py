"""One turn's change of a run, made ready outside the transaction and applied inside it."""

from collections.abc import Sequence

from headrace.core.errors import StaleWriteError, UnknownNameError
from headrace.core.states import State
from headrace.ports.executors import NO_ITEM
from headrace.ports.stores import RunChange
from headrace.stores import rows
from headrace.stores import statements as sql
from headrace.stores.sessions import Parameter, Row, Session

ParameterRows = Sequence[Sequence[Parameter]]


def insert_all(session: Session, statement: str, parameter_rows: ParameterRows) -> None:
    """Run a statement for each row; nothing for none, one call for one."""
    if len(parameter_rows) == 1:
        session.execute(statement, parameter_rows[0])
    elif parameter_rows:
        session.executemany(statement, parameter_rows)


def stand_of(session: Session, run_id: str) -> Row:
    """Version, number of the last event and tags of a run; raises UnknownNameError."""
    row: Row | None = session.execute(sql.STAND_OF_RUN, (run_id,)).fetchone()
    if row is None:
        raise UnknownNameError("run", run_id, hint="`headrace runs` lists them.")
    return row


class PreparedChange:
    """A change as rows. Texts are made when it is built, so that a transaction is as short as its statements."""

    def __init__(self, change: RunChange) -> None:
        run = change.run
        self._change = change
        self._update = rows.run_update(run)
        self._puts: list[tuple[str, ParameterRows]] = [
            (sql.PUT_STEP, [rows.step_row(step, run.pipeline) for step in change.steps]),
            (sql.PUT_ATTEMPT, [rows.attempt_row(attempt, run.pipeline) for attempt in change.attempts]),
            (sql.INSERT_RESULT, [rows.result_row(result) for result in change.results]),
            (sql.INSERT_METRIC, [rows.metric_row(metric) for metric in change.metrics]),
            (sql.INSERT_LOGGED, [rows.logged_row(logged) for logged in change.logged]),
            (sql.INSERT_DOCUMENT, sorted(change.documents.items())),
            (sql.NOTE_FACT, self._facts()),
        ]
        self._reuses = self._made_elsewhere()
        self._begun_after = -1

    def __call__(self, session: Session) -> None:
        """Apply it; raises StaleWriteError before anything is changed."""
        run, events = self._change.run, self._change.events
        version, last_event, tags = stand_of(session, run.id)
        number = last_event + len(events)
        if version != run.version or session.execute(sql.UPDATE_RUN, (number, *self._update)).rowcount != 1:
            if self._was_applied(session):
                return
            raise StaleWriteError(run.id, run.version, stand_of(session, run.id)[0])
        self._begun_after = last_event
        insert_all(session, sql.FORGET_REUSES, [(run.id, node) for node in self._change.reopened])
        for statement, parameter_rows in self._puts:
            insert_all(session, statement, parameter_rows)
        numbered = [rows.event_row(event, last_event + place) for place, event in enumerate(events, 1)]
        insert_all(session, sql.INSERT_EVENT, numbered)
        self._link_reused(session)
        self._note_means(session)
        self._change_tags(session, set(rows.decode(tags)))
        if run.state.is_final:
            session.execute(sql.RELEASE_ALL, (run.id,))

    def _was_applied(self, session: Session) -> bool:
        """Whether an earlier time of this very change was committed, although its connection broke before it said so.

        Its events stand where they would stand then; a change without events has left its row as it would be.
        """
        run, events, after = self._change.run, self._change.events, self._begun_after
        if after < 0:
            return False
        if not events:
            found = session.execute(sql.WRITTEN_OF_RUN, (run.id, run.version + 1)).fetchone()
            return found is not None and tuple(found) == self._update[:11]
        expected = [rows.event_row(event, after + place) for place, event in enumerate(events, 1)]
        stored = session.execute(sql.EVENTS, (run.id, after)).fetchall()
        return [tuple(row) for row in stored[: len(events)]] == expected

    def _facts(self) -> list[tuple[Parameter, ...]]:
        change, run_id = self._change, self._change.run.id
        if not change.metrics and not change.logged:
            return []
        facts = rows.metric_facts(run_id, [(m.name, rows.or_null(m.value), m.at) for m in change.metrics])
        logged = (entry for entry in change.logged if entry.kind == "parameter")
        return facts + [rows.parameter_fact(run_id, entry.name, entry.value, at=entry.at) for entry in logged]

    def _made_elsewhere(self) -> list[tuple[str, str, int, str, str]]:
        steps = (step for step in self._change.steps if step.state is State.REUSED and step.made_by)
        found = [(step.run_id, step.node, NO_ITEM, step.made_by, step.made_in) for step in steps if step.items is None]
        return found + [(r.run_id, r.node, r.item, r.made_by, r.made_in) for r in self._change.reused]

    def _link_reused(self, session: Session) -> None:
        """What a reused step shows of another attempt is also what its run is found by."""
        insert_all(session, sql.PUT_REUSE, self._reuses)
        makers: dict[str, list[str]] = {}
        for _, _, _, made_by, made_in in self._reuses:
            makers.setdefault(made_in, []).append(made_by)
        for made_in, attempts in makers.items():
            for chunk in sql.chunks(attempts):
                insert_all(session, sql.NOTE_FACT, self._facts_of(session, made_in, chunk))

    def _facts_of(self, session: Session, made_in: str, attempts: list[str]) -> list[tuple[Parameter, ...]]:
        run_id, origin, marks = self._change.run.id, (made_in, *attempts), sql.marks(len(attempts))
        metrics = session.execute(sql.LAST_METRICS_OF_ATTEMPTS.format(marks=marks), origin).fetchall()
        logged = session.execute(sql.PARAMETERS_OF_ATTEMPTS.format(marks=marks), origin).fetchall()
        facts = [rows.parameter_fact(run_id, name, rows.load_value(value), at=at) for name, value, at in logged]
        return rows.metric_facts(run_id, metrics) + facts

    def _note_means(self, session: Session) -> None:
        """Once a map has ended, what its run is found by is the mean over its items, not the item that came last."""
        run_id = self._change.run.id
        for node in (step.node for step in self._change.steps if step.items is not None and step.state.is_final):
            means = session.execute(sql.MEANS_OF_MAP, (run_id, node, run_id, node)).fetchall()
            insert_all(session, sql.NOTE_FACT, rows.metric_facts(run_id, means))

    def _change_tags(self, session: Session, before: set[str]) -> None:
        now = set(self._change.run.tags)
        if now != before:
            run_id = self._change.run.id
            insert_all(session, sql.DELETE_TAG, [(tag, run_id) for tag in before - now])
            insert_all(session, sql.INSERT_TAG, [(tag, run_id) for tag in now - before])
