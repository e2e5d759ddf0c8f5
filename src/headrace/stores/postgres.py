"""PostgreSQL as a `Database`: connections that come back after they were lost, group commit, few round trips.

Reads are repeated on a new connection. A write whose connection broke is done again too, and finds out by itself
whether it had been committed (see `Database.write`): nothing is written twice, and nothing is taken for stale that is
one's own.
"""

import contextlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

import psycopg
from msgspec import Struct

from headrace.core.errors import StoreError
from headrace.stores.batches import Batches, Ticket
from headrace.stores.errors import ClosedStoreError
from headrace.stores.postgres_address import Address
from headrace.stores.postgres_errors import (
    CONTENDED,
    SWITCHED_OFF,
    ServerContendedError,
    ServerLostError,
    ServerUnreachableError,
    passes_soon,
    refusal,
    said,
    translated,
)
from headrace.stores.postgres_words import adapted, own_words
from headrace.stores.sessions import Cursor, Parameter, Session

headrace_calls_for_others = True
"""See `core.import_reads.TRANSPARENT`: a step may open the store of another project."""
T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

KEPT_CONNECTIONS = 2
"""How many that nobody uses are kept open: a run's conductor needs one, whoever looks beside it another."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0
_TWICE = "23505"

# the driver warns of what is raised anyway, and a warning that nobody handles is printed
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class Server(Struct, frozen=True):
    """A server as it says of itself; `is_read_only` if it is a standby or takes no writes of this user's."""

    version: str
    encoding: str
    is_read_only: bool


class PostgresDatabase:
    """A database of a server, for any number of threads and processes.

    Reading and writing share a pool of connections, with all databases of this address in the process: where there is
    one thread, one is used. After a fork the child opens its own. `patience_s` is how long a server that was lost, or a
    row that another session holds, is waited for.
    """

    def __init__(self, address: Address, *, patience_s: float = 60.0) -> None:
        self.place = address.shown
        self._address, self._patience_s = address, patience_s
        self._adapters = adapted()
        self._is_closed = self._has_answered = self._is_given_up = False
        self._conninfo = address.conninfo(patience_s)
        self._own = _Own(self, self._conninfo)

    def read(self, work: Callable[[Session], T]) -> T:
        """Do some reading; on a new connection if the server has ended this one."""
        return self._patiently(lambda connection: work(_Direct(connection)))

    def write(self, work: Callable[[Session], T]) -> T:
        """Do some writing, in one transaction, perhaps together with other threads' writes."""
        return cast("T", self._of_this_process().batches.submit(work, self._commit))

    def faults(self, *, deep: bool = False) -> list[str]:
        """Nothing: a server looks after its own files (data checksums, `pg_amcheck`). Raises if it does not answer."""
        del deep
        self.read(lambda session: session.execute("SELECT 1").fetchone())
        return []

    def server(self) -> Server:
        """What is known of the server; raises if it does not answer."""
        return self._patiently(_about)

    def close(self) -> None:
        """Leave this process's connections; the last to leave closes them. At the end of a process all have left."""
        self._is_closed = True
        self._of_this_process().leave()

    def _of_this_process(self) -> "_Own":
        if self._own.pid != os.getpid():
            self._own = _Own(self, self._conninfo)
        return self._own

    def _take(self, pool: "_Pool") -> Connection:
        if self._is_closed:
            raise ClosedStoreError(self.place)
        try:
            return pool.idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> Connection:
        connection = psycopg.connect(
            self._conninfo,
            autocommit=True,
            cursor_factory=psycopg.RawCursor,
            context=self._adapters,
        )
        self._has_answered, self._is_given_up = True, False
        return connection

    def _give(self, pool: "_Pool", connection: Connection | None) -> None:
        if connection is None or connection.closed or self._is_closed or len(pool.idle) >= KEPT_CONNECTIONS:
            _close(connection)
        else:
            pool.idle.append(connection)

    def _patiently(self, attempt: Callable[[Connection], T]) -> T:
        """Try until it is done; raises StoreError at the deadline, or at once for what will not pass."""
        pool = self._of_this_process().pool
        pause, until, was_lost = 0.0, time.monotonic() + self._patience_s, False
        while True:
            connection = None
            try:
                connection = self._take(pool)
                return attempt(connection)
            except psycopg.Error as error:
                is_lost = connection is None or connection.closed or error.sqlstate in SWITCHED_OFF
                reason = self._reason(error, connection, is_lost=is_lost)
                # the server may have been at it still when the connection broke, and has just finished the same
                if reason is not None and not (was_lost and error.sqlstate == _TWICE):
                    raise reason from error
                if is_lost:
                    pool.forget()  # what was idle is as old
                    _close(connection)
                was_lost = was_lost or is_lost
                if time.monotonic() >= until:
                    raise self._end_of_patience(error, is_lost=is_lost) from error
            finally:
                self._give(pool, connection)
            # the first try after a loss comes at once: most often only this connection had ended
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
            pause = min(max(pause * 1.6, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)

    def _reason(self, error: psycopg.Error, connection: Connection | None, *, is_lost: bool) -> StoreError | None:
        """Why there is no sense in trying again; None if there is."""
        if connection is None:
            reason = refusal(error, self.place, self._address.database)
            is_away = isinstance(reason, ServerUnreachableError) and (self._has_answered or passes_soon(error))
            if is_away and self._is_given_up:  # it was waited for already: whoever cleans up need not do so again
                return self._end_of_patience(error, is_lost=True)
            return None if is_away else reason
        return None if is_lost or error.sqlstate in CONTENDED else translated(error, self.place)

    def _end_of_patience(self, error: psycopg.Error, *, is_lost: bool) -> StoreError:
        if is_lost:
            self._is_given_up = True
            return ServerLostError(self.place, self._patience_s, said(error))
        return ServerContendedError(self.place, self._patience_s)

    def _commit(self, batch: list[Ticket[object]]) -> None:
        """All in one transaction; if a work among many fails, each in its own, so that it fails alone."""
        try:
            self._transact(batch)
        except ServerLostError as error:
            for ticket in batch:
                ticket.fail(error)
        except Exception as error:  # noqa: BLE001 - whatever a work raises is told to who gave it
            if len(batch) == 1:
                batch[0].fail(error)
            else:
                for ticket in batch:
                    self._commit([ticket])
        for ticket in batch:
            ticket.is_done = True

    def _transact(self, batch: list[Ticket[object]]) -> None:
        def attempt(connection: Connection) -> None:
            try:
                with connection.pipeline() as pipeline:
                    session = _Piped(connection, pipeline)
                    connection.execute(b"BEGIN")
                    for ticket in batch:
                        ticket.reset()
                        ticket.stage(session)
                    # nothing has to be asked before it: after an error in a pipeline nothing more is carried out
                    connection.execute(b"COMMIT")
            except BaseException as error:
                _leave(connection, error)
                raise

        self._patiently(attempt)


class _Pool:
    """The connections of one process to one address: shared by all databases of it, however many a script holds."""

    __slots__ = ("__weakref__", "_users", "idle", "pid")

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.idle: list[Connection] = []
        self._users = 0

    @classmethod
    def of(cls, conninfo: str) -> "_Pool":
        """This process's, with one user more."""
        with _POOLS_TURN:
            pool = _POOLS.get(conninfo)
            if pool is None or pool.pid != os.getpid():
                if pool is not None:
                    _LEFT_TO_PARENT.append(pool)
                _POOLS[conninfo] = pool = cls()
            pool._users += 1
            return pool

    def leave(self) -> None:
        """One user less; the last one closes what is open, unless it is another process's."""
        if self.pid == os.getpid():
            with _POOLS_TURN:
                self._users -= 1
                is_last = not self._users
            if is_last:
                self.forget()

    def forget(self) -> None:
        """Close what nobody is using."""
        while self.idle:
            _close(self.idle.pop())


_POOLS: weakref.WeakValueDictionary[str, _Pool] = weakref.WeakValueDictionary()
_POOLS_TURN = threading.RLock()  # again, because a collector may end a database in the middle of it
_LEFT_TO_PARENT: list[_Pool] = []
"""Neither used nor closed: the parent of this process still talks through them."""


class _Own:
    """What a database has in one process."""

    __slots__ = ("batches", "leave", "pid", "pool")

    def __init__(self, database: PostgresDatabase, conninfo: str) -> None:
        self.pid, self.pool, self.batches = os.getpid(), _Pool.of(conninfo), Batches()
        self.leave = weakref.finalize(database, self.pool.leave)


class _Direct:
    """A connection without a transaction: each statement is answered at once."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Parameter] = (), /) -> Cursor:
        """Run a statement."""
        return self._connection.execute(own_words(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Parameter]], /) -> Cursor:
        """Run a statement once for each row of parameters."""
        cursor = self._connection.cursor()
        cursor.executemany(own_words(sql), parameters)
        return cursor


class _Piped:
    """A connection in a transaction: statements are sent on without waiting, until somebody asks for an answer."""

    __slots__ = ("_connection", "_pipeline")

    def __init__(self, connection: Connection, pipeline: psycopg.Pipeline) -> None:
        self._connection, self._pipeline = connection, pipeline

    def execute(self, sql: str, parameters: Sequence[Parameter] = (), /) -> Cursor:
        """Send a statement."""
        return _Awaited(self._connection.execute(own_words(sql), parameters), self._pipeline)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Parameter]], /) -> Cursor:
        """Send a statement once for each row of parameters."""
        cursor = self._connection.cursor()
        cursor.executemany(own_words(sql), parameters)
        return _Awaited(cursor, self._pipeline)


class _Awaited:
    """An answer that is on its way."""

    __slots__ = ("_cursor", "_pipeline")

    def __init__(self, cursor: psycopg.Cursor[tuple[Any, ...]], pipeline: psycopg.Pipeline) -> None:
        self._cursor, self._pipeline = cursor, pipeline

    @property
    def rowcount(self) -> int:
        """How many rows a write has changed."""
        self._pipeline.sync()
        return self._cursor.rowcount

    def fetchone(self) -> Any:
        """The next row, None after the last."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """All rows."""
        return self._cursor.fetchall()


def _close(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(psycopg.Error):
            connection.close()


def _leave(connection: Connection, error: BaseException) -> None:
    """Undo what was begun; a connection that was interrupted in the middle is of no use any more."""
    try:
        if isinstance(error, Exception):
            connection.rollback()
        else:
            connection.close()
    except psycopg.Error:
        _close(connection)


def _about(connection: Connection) -> Server:
    told = connection.info.parameter_status
    number = connection.info.server_version
    return Server(
        version=f"{number // 10000}.{number % 10000}",
        encoding=told("server_encoding") or "",
        is_read_only="on" in (told("in_hot_standby"), told("default_transaction_read_only")),
    )
