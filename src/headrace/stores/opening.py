"""Opening the store in a project's folder: everything that can be wrong with the place is found here, once."""

import os
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from headrace.core.errors import SettingsError
from headrace.stores.errors import (
    NetworkFileSystemError,
    NewerStoreError,
    OlderStoreError,
    StoreGoneError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from headrace.stores.filesystems import network_type
from headrace.stores.memo_store import SqlMemoStore
from headrace.stores.result_store import SqlResultStore
from headrace.stores.run_details import SqlRunDetails
from headrace.stores.run_store import SqlRunStore
from headrace.stores.schema import SCHEMA_VERSION, upgrade
from headrace.stores.sessions import Database, ReadOnlyDatabase, Session
from headrace.stores.sqlite import TYPES, SqliteDatabase, SqliteOptions, schema_version
from headrace.stores.tracking_store import SqlTrackingStore

FILE_NAME = "headrace.db"

Durability = Literal["normal", "full"]


class SqlStore:
    """The five metadata ports on one database (`database`, for those who look it over as a whole).

    Close it when done (or use it in a `with`): the last process to close folds the log into the file.
    """

    def __init__(self, database: Database, place: str, *, is_read_only: bool = False) -> None:
        self.place, self.is_read_only = place, is_read_only
        self._inode = _inode_of(place)
        if is_read_only:
            database = ReadOnlyDatabase(database, place)
        self.runs = SqlRunStore(database)
        self.details = SqlRunDetails(database)
        self.results = SqlResultStore(database)
        self.tracking = SqlTrackingStore(database)
        self.memos = SqlMemoStore(database)
        self.database = database

    def check_place(self) -> None:
        """Raise StoreGoneError if the file that this store writes to is not the one in its place any more."""
        if self._inode != _inode_of(self.place):
            raise StoreGoneError(self.place)

    def close(self) -> None:
        """Close every connection of this process."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    folder: str | os.PathLike[str],
    *,
    durability: Durability = "normal",
    read_only: bool | None = False,
    busy_deadline_s: float = 60.0,
    trust_file_system: bool = False,
) -> SqlStore:
    """Open the store in this folder (a project's `.headrace`), making it if needed.

    `durability` "full" syncs each commit to the disk; "normal" survives the death of processes, and after a power
    loss the newest commits may be missing. `read_only` asks for reading alone: nothing is made, and a folder that
    this user cannot write is good enough; None asks for it only where nothing can be written. `busy_deadline_s` is
    how long other processes are waited for. `trust_file_system` leaves out the check for network file systems.

    Raises StoreMissingError, NetworkFileSystemError, StoreReadOnlyError, NewerStoreError, OlderStoreError,
    ForeignStoreError, StoreDamagedError, StoreBusyError, StoreUnreachableError, SettingsError.
    """
    if durability not in ("normal", "full"):
        raise SettingsError(f"The durability {durability!r} has no sense; choose 'normal' or 'full'.")
    path = Path(folder) / FILE_NAME
    place = str(path)
    if read_only is None:
        read_only = not _can_write(path)
    _prepare(path, read_only=read_only)
    kind = "" if trust_file_system else network_type(str(path.parent))
    if kind:
        raise NetworkFileSystemError(str(path.parent), kind)
    can_write = _can_write(path)
    if not can_write and not read_only:
        raise StoreReadOnlyError(place)
    options = SqliteOptions(
        busy_deadline_s=busy_deadline_s, is_durable=durability == "full", mode="rwc" if can_write else "ro"
    )
    return SqlStore(_up_to_date(place, options), place, is_read_only=read_only)


def _inode_of(place: str) -> int:
    try:
        return Path(place).stat().st_ino
    except OSError:  # no file, or no place on a disk at all
        return 0


def _can_write(path: Path) -> bool:
    """Whether this user can write the file, and beside it, as SQLite has to; or make both."""
    nearest = next(each for each in path.parents if each.exists())
    return os.access(nearest, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def _prepare(path: Path, *, read_only: bool) -> None:
    if read_only and not path.exists():
        raise StoreMissingError(str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise StoreReadOnlyError(str(path)) from error
    except OSError as error:
        raise StoreUnreachableError(str(path), str(error)) from error


def _up_to_date(path: str, options: SqliteOptions) -> SqliteDatabase:
    """The database with this version's tables."""
    database = SqliteDatabase(path, options)
    try:
        _bring_up_to_date(database, options)
    except (StoreUnreachableError, StoreReadOnlyError):
        database.close()
        # SQLite reads a log through shared memory, which has to be made beside the file
        if options.mode == "ro" and _has_no_log(path):
            options.mode = "ro&immutable=1"
            return _up_to_date(path, options)
        raise
    except BaseException:
        database.close()
        raise
    return database


def _bring_up_to_date(database: SqliteDatabase, options: SqliteOptions) -> None:
    found = database.read(lambda session: schema_version(session, database.path))
    if found > SCHEMA_VERSION:
        raise NewerStoreError(database.path, found, SCHEMA_VERSION)
    if found == SCHEMA_VERSION:
        return
    if options.mode != "rwc":
        raise OlderStoreError(database.path, found, SCHEMA_VERSION)

    def work(session: Session) -> None:
        # looked at again, as another process may have been faster
        upgrade(session, schema_version(session, database.path), TYPES)

    database.write(work)


def _has_no_log(path: str) -> bool:
    """Whether nothing is committed outside the file itself, so that it can be read without shared memory."""
    try:
        return Path(path + "-wal").stat().st_size == 0
    except OSError:
        return True
