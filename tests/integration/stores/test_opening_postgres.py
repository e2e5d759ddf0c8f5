"""Opening a store on a server: made, found again, refused with what to do; and no password is ever told."""

import subprocess
import sys
import traceback

import pytest
from msgspec.structs import replace

from headrace.core.errors import HeadraceError
from headrace.ports.records import RunFilter
from headrace.stores.errors import ForeignStoreError, NewerStoreError, StoreMissingError, StoreReadOnlyError
from headrace.stores.opening import open_store
from headrace.stores.postgres_address import Address
from headrace.stores.postgres_errors import (
    BadAddressError,
    DatabaseMissingError,
    LoginRefusedError,
    RightsMissingError,
    ServerReadOnlyError,
    ServerUnreachableError,
    TextTooLongError,
    UnsuitableDatabaseError,
)
from headrace.stores.postgres_opening import open_postgres
from headrace.stores.schema import SCHEMA_VERSION
from headrace.testing.records import some_run
from migrations import old_rows
from postgres_kit import PostgresServer, programs, shared_server

pytestmark = pytest.mark.services
SECRET = "pa55 w/rd@:%#?"
QUOTED = "pa55%20w%2Frd%40%3A%25%23%3F"


@pytest.fixture
def empty():
    """The address of an empty database."""
    server = shared_server()
    name = server.fresh()
    yield server.address(name)
    server.drop(name)


def name_in(address):
    return address.rpartition("/")[2]


def refused(address, **options):
    with pytest.raises(HeadraceError) as caught:
        open_postgres(address, **options).close()
    return caught.value


def test_a_store_is_made_where_there_is_none_and_found_again(empty):
    run = some_run()
    with open_postgres(empty) as store:
        store.runs.create(run, [], {})
        assert (store.place, store.is_read_only) == (empty, False)
        assert store.database.faults(deep=True) == []
        store.check_place()
    with open_postgres(empty) as store:
        assert store.runs.list(RunFilter()) == [run]


@pytest.mark.slow
def test_every_kind_of_row_comes_back(empty):
    with open_postgres(empty) as store:
        old_rows.write_rows(store)
        old_rows.assert_rows(store)


def test_reading_where_nothing_has_run_says_so_and_makes_nothing(empty):
    for read_only in (True, None):
        assert isinstance(refused(empty, read_only=read_only), StoreMissingError)
    assert shared_server().ask(name_in(empty), "SELECT to_regclass('runs')") == [(None,)]


def test_a_store_opened_for_reading_refuses_writes(postgres_address):
    with open_postgres(postgres_address, read_only=True) as store:
        store.memos.keep("k", "forgotten")
        with pytest.raises(StoreReadOnlyError):
            store.runs.create(some_run(), [], {})


@pytest.mark.slow
def test_who_may_only_look_looks(postgres_address):
    server, name = shared_server(), name_in(postgres_address)
    with open_postgres(postgres_address) as store:
        store.runs.create(some_run(), [], {})
    server.ask(name, "CREATE ROLE looker LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
    try:
        with open_postgres(server.address(name, user="looker"), read_only=None) as store:
            assert store.is_read_only
            assert len(store.runs.list(RunFilter())) == 1
        with open_postgres(server.address(name, user="looker")) as store, pytest.raises(RightsMissingError):
            store.runs.create(some_run(), [], {})
    finally:
        server.ask(name, "DROP OWNED BY looker; DROP ROLE looker")


def test_a_user_without_the_right_to_make_tables_is_told_which_right_is_missing(empty):
    server, name = shared_server(), name_in(empty)
    server.ask(name, "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE ROLE guest LOGIN")
    try:
        error = refused(server.address(name, user="guest"))
    finally:
        server.ask(name, "DROP ROLE guest")
    assert isinstance(error, RightsMissingError)
    assert "permission denied for schema public" in str(error)
    assert "GRANT CREATE" in str(error)


@pytest.mark.slow
def test_a_newer_store_is_refused_with_what_to_do(postgres_address):
    shared_server().ask(name_in(postgres_address), f"UPDATE headrace_schema SET version = {SCHEMA_VERSION + 1}")
    error = refused(postgres_address)
    assert isinstance(error, NewerStoreError)
    assert "pip install -U" in str(error)


def test_a_database_of_another_program_is_refused_and_left_alone(empty):
    server, name = shared_server(), name_in(empty)
    server.ask(name, "CREATE TABLE orders (id BIGINT); CREATE EXTENSION IF NOT EXISTS plpgsql")
    error = refused(empty)
    assert isinstance(error, ForeignStoreError)
    assert "orders" in str(error)
    found = server.ask(name, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    assert found == [("orders",)]


@pytest.mark.slow
def test_a_schema_of_ones_own_holds_a_store_beside_other_tables(empty):
    server, name = shared_server(), name_in(empty)
    server.ask(name, "CREATE TABLE orders (id BIGINT); CREATE SCHEMA training")
    with open_postgres(f"{empty}?options=-csearch_path%3Dtraining") as store:
        store.runs.create(some_run(), [], {})
    assert server.ask(name, "SELECT count(*) FROM training.runs") == [(1,)]


def test_a_server_is_reached_through_its_socket_file(postgres_address):
    server, name = shared_server(), name_in(postgres_address)
    with open_postgres(f"postgresql://headrace@/{name}?host={server.folder}&port={server.port}") as store:
        assert store.place == f"postgresql://headrace@{server.folder}:{server.port}/{name}"
        assert store.runs.list(RunFilter()) == []


@pytest.mark.slow
def test_a_database_in_another_encoding_is_refused():
    server = shared_server()
    name = server.fresh(options="ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    error = refused(server.address(name))
    server.drop(name)
    assert isinstance(error, UnsuitableDatabaseError)
    assert "createdb --encoding=UTF8" in str(error)


def test_a_server_that_takes_no_writes_can_be_read(postgres_address):
    address = f"{postgres_address}?options=-cdefault_transaction_read_only%3Don"
    assert isinstance(refused(address), ServerReadOnlyError)
    with open_postgres(address, read_only=None) as store:
        assert store.is_read_only
        assert store.runs.list(RunFilter()) == []


def test_a_name_that_no_index_takes_is_refused_with_the_reason(postgres_store):
    long = "".join(chr(0x4E00 + number % 20000) for number in range(0, 60000, 7))
    with pytest.raises(TextTooLongError, match="2000 characters"):
        postgres_store.runs.create(replace(some_run(), name=long), [], {})


@pytest.mark.slow
def test_processes_that_find_an_empty_database_at_once_make_one_store(empty):
    code = "import sys; from headrace.stores.postgres_opening import open_postgres; open_postgres(sys.argv[1]).close()"
    started = [subprocess.Popen([sys.executable, "-W", "error", "-c", code, empty]) for _ in range(4)]
    assert [each.wait(30) for each in started] == [0] * 4


def test_a_server_that_does_not_answer_is_named_at_once():
    error = refused(f"postgresql://me:{QUOTED}@127.0.0.1:1/shop")
    assert isinstance(error, ServerUnreachableError)
    assert "postgresql://me@127.0.0.1:1/shop" in str(error)
    assert isinstance(refused("postgresql://me@no-such-host.invalid/shop"), ServerUnreachableError)


def test_a_database_that_is_not_there_is_told_how_to_make():
    error = refused(shared_server().address("nothing"))
    assert isinstance(error, DatabaseMissingError)
    assert "createdb --encoding=UTF8 --template=template0 nothing" in str(error)


def test_a_user_that_is_not_there_is_told():
    assert isinstance(refused(shared_server().address("postgres", user="nobody_at_all")), LoginRefusedError)


def test_a_password_is_in_no_message_or_traceback_or_representation():
    bad = [
        f"postgresql://me:{QUOTED}@127.0.0.1:1/shop",
        "postgresql://me:open/sesame@127.0.0.1:1/shop",
        "postgresql://me:12/sesame@127.0.0.1:1/shop",
        "postgresql://me:open@sesame@127.0.0.1:1/shop",
        "postgresql://me@127.0.0.1:1/shop?password=sesame",
        "postgresql://me@127.0.0.1:1/shop?pasword=sesame",
        "postgresql://me:sesame@127.0.0.1:sesame/shop",
        "postgresql://me:%ZZsesame@127.0.0.1:1/shop",
        "postgresql://127.0.0.1:1/?dbname=postgresql://me:sesame@host/shop",
        "mysql://me:sesame@127.0.0.1:1/shop",
    ]
    for address in bad:
        error = refused(address)
        assert isinstance(error, BadAddressError | ServerUnreachableError)
        told = "".join(traceback.format_exception(error))
        assert "sesame" not in told, address
        assert "pa55" not in told
    whole = Address(f"postgresql://me:{QUOTED}@db:5433/shop")
    assert repr(whole) == whole.shown == "postgresql://me@db:5433/shop"


@pytest.fixture(scope="module")
def guarded():
    """A server that asks for a password."""
    if programs() is None:
        pytest.skip("no `initdb` and `postgres`: install PostgreSQL")
    server = PostgresServer(password="sesame")
    yield server
    server.close()


@pytest.mark.slow
def test_a_wrong_password_is_told_and_not_shown(guarded):
    right = guarded.address(guarded.fresh())
    open_postgres(right).close()
    error = refused(right.replace("sesame", "mustard"))
    assert isinstance(error, LoginRefusedError)
    told = "".join(traceback.format_exception(error))
    assert "mustard" not in told
    assert ".pgpass" in told
    assert isinstance(refused(right.replace(":sesame", "")), LoginRefusedError)


COLUMNS = """
SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
"""
INDEXES = """
SELECT t.relname, i.relname, x.indisunique, array(
    SELECT a.attname::text FROM unnest(x.indkey) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number ORDER BY k.place), x.indpred IS NOT NULL,
    EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace
"""
KEYS_OF_LISTS = {"run_facts_by_name": "word"}
"""What an index of PostgreSQL leaves out: it takes no text of any length."""


def test_both_databases_end_with_the_same_schema(postgres_address, tmp_path):
    server, name = shared_server(), name_in(postgres_address)
    with open_store(tmp_path) as store:
        lite = store.database.read(sqlite_schema)
    columns = server.ask(name, COLUMNS)
    assert [tuple(row) for row in columns] == lite["columns"]
    named, unique = set(), set()
    for table, index, is_unique, parts, is_partial, is_constraint in server.ask(name, INDEXES):
        if is_constraint:
            unique.add((table, tuple(parts)))
        else:
            named.add((table, index, is_unique, tuple(parts), is_partial))
    assert unique == lite["unique"]
    assert named == lite["named"]
    collated = "SELECT count(*) FROM information_schema.columns WHERE collation_name = 'C' AND table_name = 'runs'"
    assert server.ask(name, collated) == [(6,)]


def sqlite_schema(session):
    tables = [
        row[0] for row in session.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1").fetchall()
    ]
    columns, named, unique = [], set(), set()
    for table in tables:
        info = session.execute(f"PRAGMA table_info({table})").fetchall()
        # a primary key is never null
        columns += [(table, row[1], not (row[3] or row[5])) for row in info]
        key = tuple(row[1] for row in sorted(info, key=lambda row: row[5]) if row[5])
        unique |= {(table, key)} if key else set()
        for _, index, is_unique, origin, is_partial in session.execute(f"PRAGMA index_list({table})").fetchall():
            parts = tuple(row[2] for row in session.execute(f"PRAGMA index_info({index})").fetchall())
            if origin == "c":
                left_out = KEYS_OF_LISTS.get(index)
                named.add(
                    (table, index, bool(is_unique), tuple(part for part in parts if part != left_out), bool(is_partial))
                )
            else:
                unique.add((table, parts))
    return {"columns": columns, "named": named, "unique": unique}
