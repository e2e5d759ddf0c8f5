"""Opening the store in a PostgreSQL database: everything that can be wrong with it is found here, once."""

import psycopg

from headrace.stores.errors import ForeignStoreError, NewerStoreError, OlderStoreError, StoreMissingError
from headrace.stores.opening import SqlStore
from headrace.stores.postgres import PostgresDatabase
from headrace.stores.postgres_address import Address
from headrace.stores.postgres_errors import ServerReadOnlyError, UnsuitableDatabaseError
from headrace.stores.postgres_words import TYPES
from headrace.stores.schema import SCHEMA_VERSION, VERSION, upgrade
from headrace.stores.sessions import Session

OLDEST_SERVER = 12
_ALONE = "SELECT pg_advisory_xact_lock(7527206470418722148)"
"""Processes that find an empty or old database bring it up one after the other (the number is `headrace`)."""
# by a plain look into the catalogue: `to_regclass` remembers that there was no such table
_IS_THERE = "SELECT COUNT(*) FROM pg_class WHERE relname = 'headrace_schema' AND pg_table_is_visible(oid)"
_MAY_WRITE = "SELECT has_table_privilege('runs', 'UPDATE')"
_OTHER_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname LIMIT 3
"""


def open_postgres(address: str, *, read_only: bool | None = False, patience_s: float = 60.0) -> SqlStore:
    """Open the store in the database at `postgresql://…`, making its tables if there are none.

    `read_only` asks for reading alone, and nothing is made; None asks for it only where this user cannot write.
    `patience_s` is how long a server that was lost after it has answered is waited for.

    Raises BadAddressError, ServerUnreachableError, LoginRefusedError, DatabaseMissingError, RightsMissingError,
    UnsuitableDatabaseError, ServerReadOnlyError, StoreMissingError, NewerStoreError, OlderStoreError,
    ForeignStoreError.
    """
    database = PostgresDatabase(Address(address), patience_s=patience_s)
    try:
        is_read_only = _prepare(database, read_only=read_only)
    except BaseException:
        database.close()
        raise
    return SqlStore(database, database.place, is_read_only=is_read_only)


def schema_version(session: Session, place: str) -> int:
    """The number of the store's newest migration, 0 where there are no tables; raises ForeignStoreError."""
    if session.execute(_IS_THERE).fetchone()[0]:
        return int(session.execute(VERSION).fetchone()[0])
    others = [str(row[0]) for row in session.execute(_OTHER_TABLES).fetchall()]
    if others:
        raise ForeignStoreError(place, f"its schema holds other tables ({', '.join(others)})")
    return 0


def _prepare(database: PostgresDatabase, *, read_only: bool | None) -> bool:
    """Look whether the database will do and bring it up to date; whether it is to be read only."""
    server = database.server()
    if server.encoding != "UTF8":
        wanted = "encoded in UTF8 (`createdb --encoding=UTF8 --template=template0`)"
        raise UnsuitableDatabaseError(database.place, f"encoded in {server.encoding}", wanted)
    if int(server.version.partition(".")[0]) < OLDEST_SERVER:
        raise UnsuitableDatabaseError(database.place, f"on PostgreSQL {server.version}", f"{OLDEST_SERVER} or later")
    if server.is_read_only and read_only is False:
        raise ServerReadOnlyError(database.place)
    found = _found(database)
    if found > SCHEMA_VERSION:
        raise NewerStoreError(database.place, found, SCHEMA_VERSION)
    is_read_only = bool(read_only) or server.is_read_only
    if read_only is None and found and not is_read_only:
        is_read_only = not database.read(lambda session: session.execute(_MAY_WRITE).fetchone()[0])
    if found < SCHEMA_VERSION:
        _bring_up(database, found, is_read_only=is_read_only or (read_only is None and not found))
    return is_read_only


def _found(database: PostgresDatabase) -> int:
    def work(session: Session) -> int:
        try:
            return int(session.execute(VERSION).fetchone()[0])
        except psycopg.errors.UndefinedTable:
            return schema_version(session, database.place)

    return database.read(work)


def _bring_up(database: PostgresDatabase, found: int, *, is_read_only: bool) -> None:
    if is_read_only:
        raise OlderStoreError(database.place, found, SCHEMA_VERSION) if found else StoreMissingError(database.place)

    def work(session: Session) -> None:
        session.execute(_ALONE)
        # looked at again, as another process may have been faster
        upgrade(session, schema_version(session, database.place), TYPES)

    database.write(work)
