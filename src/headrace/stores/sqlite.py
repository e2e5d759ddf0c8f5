"""SQLite as a `Database`: connections, waiting while it is busy, group commit, and its errors in our words.

The file is in WAL mode: readers never wait for writers. Whoever finds it busy waits with pauses of at most some
milliseconds until the deadline; "database is locked" is never shown.
"""

import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar, cast

from headrace.core.errors import StoreError
from headrace.stores.batches import Batches, Ticket
from headrace.stores.errors import (
    ClosedStoreError,
    ForeignStoreError,
    StoreBusyError,
    StoreDamagedError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from headrace.stores.schema import VERSION
from headrace.stores.sessions import Session

headrace_calls_for_others = True
"""See `core.import_reads.TRANSPARENT`: a step may open the store of another project."""
T = TypeVar("T")

TYPES: Mapping[str, str] = {
    "serial": "INTEGER PRIMARY KEY",
    "key": "TEXT",
    "clustered": " WITHOUT ROWID",
    "and_word": ", word",
}
"""SQLite's words for what migrations write in braces."""

Mode = Literal["rwc", "ro", "ro&immutable=1"]

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})
_LOG_PAGES = 4000
"""Pages of 4 KiB in the log before it is folded into the file: seldom enough that a short run does not wait for it."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.0002, 0.010


class SqliteOptions:
    """How a file is used.

    `is_durable` syncs each commit to disk. `mode` is SQLite's: "rwc" makes the file if it is not there, "ro" needs no
    right to write, "ro&immutable=1" is for a file in a folder where nobody can write beside it either.
    """

    __slots__ = ("busy_deadline_s", "is_durable", "mode")

    def __init__(self, *, busy_deadline_s: float = 60.0, is_durable: bool = False, mode: Mode = "rwc") -> None:
        self.busy_deadline_s, self.is_durable, self.mode = busy_deadline_s, is_durable, mode


class SqliteDatabase:
    """A database file, for any number of threads and processes.

    Reading and writing share a pool of connections: a process with one thread uses one. After a fork the child opens
    its own, because a connection must not be used or closed by two processes.
    """

    def __init__(self, path: str, options: SqliteOptions | None = None) -> None:
        self.path, self._options = path, options or SqliteOptions()
        self._is_closed = False
        self._left_to_parent: list[_Own] = []
        self._own = self._made_own()

    def read(self, work: Callable[[Session], T]) -> T:
        """Do some reading; waits if the file is being recovered."""
        own = self._of_this_process()
        connection = self._take(own)
        try:
            return self._patiently(lambda: work(connection))
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        finally:
            self._give(own, connection)

    def write(self, work: Callable[[Session], T]) -> T:
        """Do some writing, in one transaction, perhaps together with other threads' writes."""
        if self._options.mode != "rwc":
            raise StoreReadOnlyError(self.path)
        return cast("T", self._of_this_process().batches.submit(work, self._commit))

    def faults(self, *, deep: bool = False) -> list[str]:
        """What SQLite finds wrong with the file, at most twenty faults."""
        command = f"PRAGMA {'integrity_check' if deep else 'quick_check'}(20)"
        found = self.read(lambda session: session.execute(command).fetchall())
        return [row[0] for row in found if row[0] != "ok"]

    def close(self) -> None:
        """Close this process's connections; the last one of all folds the log into the file.

        It happens by itself when the database is no longer reachable, or at the end of the process.
        """
        self._is_closed = True
        self._of_this_process().close()

    def _made_own(self) -> "_Own":
        own = _Own()
        weakref.finalize(self, own.close)
        return own

    def _of_this_process(self) -> "_Own":
        if self._own.pid != os.getpid():
            self._left_to_parent.append(self._own)
            self._own = self._made_own()
        return self._own

    def _take(self, own: "_Own") -> sqlite3.Connection:
        if self._is_closed:
            raise ClosedStoreError(self.path)
        try:
            return own.idle.pop()
        except IndexError:
            return self._open()

    def _give(self, own: "_Own", connection: sqlite3.Connection) -> None:
        own.idle.append(connection)
        if self._is_closed:
            own.close()

    def _open(self) -> sqlite3.Connection:
        options = self._options
        try:
            connection = sqlite3.connect(
                f"file:{_quoted(str(Path(self.path).absolute()))}?mode={options.mode}",
                uri=True,
                timeout=0,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
        try:
            if options.mode == "rwc":
                self._patiently(lambda: connection.execute("PRAGMA journal_mode=WAL").fetchone())
                connection.execute(f"PRAGMA synchronous={'FULL' if options.is_durable else 'NORMAL'}")
                connection.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            connection.execute("PRAGMA temp_store=MEMORY")
        except (sqlite3.Error, StoreError) as error:
            connection.close()
            raise translated(error, self.path) if isinstance(error, sqlite3.Error) else error from error
        return connection

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try until the file is not busy; raises StoreBusyError at the deadline."""
        pause, until = _FIRST_PAUSE_S, 0.0
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                now = time.monotonic()
                until = until or now + self._options.busy_deadline_s
                if now >= until:
                    raise StoreBusyError(self.path, self._options.busy_deadline_s) from error
            # processes that wait together must not wake together
            time.sleep(pause * (0.5 + (time.perf_counter_ns() & 1023) / 1024))
            pause = min(pause * 1.6, _LONGEST_PAUSE_S)

    def _commit(self, batch: list[Ticket[object]]) -> None:
        own = self._own
        connection = self._take(own)
        is_staged = False
        try:
            self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            _stage(connection, batch)
            is_staged = True
            if connection.in_transaction:
                self._patiently(lambda: connection.execute("COMMIT"))
            _finish(batch)
        except (sqlite3.Error, StoreError) as error:
            _roll_back(connection)
            reason = translated(error, self.path) if isinstance(error, sqlite3.Error) else error
            for ticket in batch:
                ticket.fail(reason)
            _finish(batch)
        except BaseException:
            if is_staged and not connection.in_transaction:
                _finish(batch)
            _roll_back(connection)
            raise
        finally:
            self._give(own, connection)


def _quoted(path: str) -> str:
    # urllib.parse costs 3 ms to import; SQLite takes every other character as it is
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


class _Own:
    """What one process has open."""

    __slots__ = ("batches", "idle", "pid")

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.idle: list[sqlite3.Connection] = []
        self.batches = Batches()

    def close(self) -> None:
        """Close the connections that nobody is using, unless they are another process's."""
        while self.idle and self.pid == os.getpid():
            self.idle.pop().close()


def _stage(connection: sqlite3.Connection, batch: list[Ticket[object]]) -> None:
    """Do each ticket's work; one that raises is undone alone. Raises what broke the whole transaction."""
    for ticket in batch:
        if len(batch) > 1:
            connection.execute("SAVEPOINT one")
        try:
            ticket.reset()
            ticket.stage(connection)
        except Exception as error:
            if not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO one" if len(batch) > 1 else "ROLLBACK")
            ticket.fail(translated(error, "") if isinstance(error, sqlite3.Error) else error)
        if len(batch) > 1:
            connection.execute("RELEASE one")


def _finish(batch: list[Ticket[object]]) -> None:
    for ticket in batch:
        ticket.is_done = True


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else has the file right now, so that trying again helps."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _BUSY


def schema_version(session: Session, path: str) -> int:
    """The number of the store's newest migration, 0 for an empty file; raises ForeignStoreError."""
    try:
        return int(session.execute(VERSION).fetchone()[0])
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
    tables = [row[0] for row in session.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    if tables:
        raise ForeignStoreError(path, f"it is a database with other tables ({', '.join(sorted(tables)[:3])})")
    return 0


def translated(error: sqlite3.Error, path: str) -> StoreError:
    """SQLite's error in our words."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return ForeignStoreError(path, "it is not a SQLite database, or its first bytes are damaged")
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreDamagedError(path, str(error))
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnlyError(path)
    return StoreUnreachableError(path, str(error))
