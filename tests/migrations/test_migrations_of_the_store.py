"""Stores of every age are brought up to date, whole or not at all, and keep their rows."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from headrace.core.errors import StoreError
from headrace.stores.opening import open_store
from headrace.stores.schema import SCHEMA_VERSION, migrations, statements_in, upgrade
from headrace.stores.sqlite import TYPES, SqliteDatabase, schema_version
from migrations import old_rows

OLD_STORES = sorted((Path(__file__).parent / "stores").glob("*.sql"))

NEXT = """
-- a change such as a later version makes
ALTER TABLE runs ADD COLUMN project {key} NOT NULL DEFAULT 'default';
CREATE INDEX runs_by_project ON runs (project, id);
UPDATE runs SET note = note || '; migrated';
"""


@pytest.fixture
def database(tmp_path):
    database = SqliteDatabase(str(tmp_path / "headrace.db"))
    yield database
    database.close()


@pytest.fixture
def with_next(tmp_path):
    """The migrations of this version and one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations()[0][1].parent, folder)
    (folder / f"{SCHEMA_VERSION + 1:04}_next.sql").write_text(NEXT)
    return folder


def bring_up(database: SqliteDatabase, folder: Path | None = None) -> None:
    def work(session):
        upgrade(session, schema_version(session, database.path), TYPES, folder=folder)

    database.write(work)


def schema_of(database: SqliteDatabase) -> list[tuple[object, ...]]:
    def work(session):
        tables = session.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        columns = [(name, *column) for (name,) in tables for column in session.execute(f"PRAGMA table_info({name})")]
        rest = session.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type <> 'table' ORDER BY name")
        return columns + rest.fetchall()

    return database.read(work)


def version_of(database: SqliteDatabase) -> int:
    return database.read(lambda session: schema_version(session, database.path))


def restored(text: Path, folder: Path) -> Path:
    raw = sqlite3.connect(folder / "headrace.db")
    raw.executescript(text.read_text(encoding="utf-8"))
    raw.close()
    return folder


def test_the_newest_migration_is_the_version_that_the_code_knows():
    assert migrations()[-1][0] == SCHEMA_VERSION


def test_there_is_an_old_store_of_every_schema():
    assert [path.name for path in OLD_STORES] == [f"{number:04}.sql" for number in range(1, SCHEMA_VERSION + 1)]


@pytest.mark.parametrize("text", OLD_STORES, ids=lambda path: path.stem)
def test_the_rows_of_an_old_store_survive(text, tmp_path):
    with open_store(restored(text, tmp_path)) as store:
        old_rows.assert_rows(store)


@pytest.mark.parametrize("text", OLD_STORES, ids=lambda path: path.stem)
def test_the_chain_gives_the_schema_of_a_new_store(text, tmp_path, database):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    open_store(restored(text, old)).close()
    open_store(new).close()
    brought_up, made = (SqliteDatabase(str(place / "headrace.db")) for place in (old, new))
    assert schema_of(brought_up) == schema_of(made)
    brought_up.close()
    made.close()


def test_rows_written_today_come_back(tmp_path):
    with open_store(tmp_path) as store:
        old_rows.write_rows(store)
        old_rows.assert_rows(store)


def test_a_later_migration_finds_the_rows_and_ends_in_the_schema_of_a_new_store(tmp_path, with_next):
    with open_store(tmp_path) as store:
        old_rows.write_rows(store)
    old, new = SqliteDatabase(str(tmp_path / "headrace.db")), SqliteDatabase(str(tmp_path / "new.db"))
    bring_up(old, with_next)
    bring_up(new, with_next)
    assert version_of(old) == version_of(new) == SCHEMA_VERSION + 1
    assert schema_of(old) == schema_of(new)
    rows = old.read(lambda session: session.execute("SELECT note, project FROM runs ORDER BY id").fetchall())
    assert rows == [("x; migrated", "default"), ("; migrated", "default")]
    old.close()
    new.close()


def test_a_migration_that_fails_leaves_the_old_store(database, with_next):
    bring_up(database)
    before = schema_of(database)
    (with_next / f"{SCHEMA_VERSION + 1:04}_next.sql").write_text(NEXT + "CREATE TABLE runs (id TEXT);")
    with pytest.raises(StoreError, match="already exists"):
        bring_up(database, with_next)
    assert version_of(database) == SCHEMA_VERSION
    assert schema_of(database) == before


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from headrace.stores.schema import upgrade
    from headrace.stores.sqlite import TYPES, SqliteDatabase, schema_version

    database = SqliteDatabase(sys.argv[1])

    def work(session):
        upgrade(session, schema_version(session, database.path), TYPES, folder=Path(sys.argv[2]))
        os.kill(os.getpid(), signal.SIGKILL)

    database.write(work)
"""


def test_a_migration_that_is_killed_leaves_the_old_store(tmp_path, with_next):
    with open_store(tmp_path) as store:
        old_rows.write_rows(store)
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "headrace.db"), str(with_next)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with open_store(tmp_path) as store:
        old_rows.assert_rows(store)


def test_two_processes_that_find_an_old_store_bring_it_up_once(tmp_path):
    code = "import sys; from headrace.stores.opening import open_store; open_store(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]


def test_who_waits_for_another_process_to_bring_a_store_up_does_not_do_it_again(tmp_path):
    opened: list[object] = []
    waiting = threading.Thread(target=lambda: opened.append(open_store(tmp_path)))
    other = SqliteDatabase(str(tmp_path / "headrace.db"))

    def work(session):
        waiting.start()
        time.sleep(0.1)
        upgrade(session, 0, TYPES)

    other.write(work)
    waiting.join(10)
    other.close()
    (store,) = opened
    store.close()


def test_an_up_to_date_store_is_opened_without_looking_for_migrations(tmp_path):
    open_store(tmp_path).close()
    code = """
    import os, sys
    seen = []
    opening = ("open", "os.scandir", "os.listdir")
    sys.addaudithook(lambda event, args: seen.append(str(args)) if event in opening else None)
    from headrace.stores.opening import open_store
    open_store(sys.argv[1]).close()
    print([text for text in seen if "migrations" in text])
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_migrations_are_numbered_without_gaps(tmp_path):
    for name in ("0001_first.sql", "0003_third.sql"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"0003_third\.sql"):
        migrations(tmp_path)


def test_a_script_is_taken_apart_into_statements_in_a_databases_own_words():
    script = (
        "-- first; not a statement;\nCREATE TABLE t (\n    id {serial}, -- why\n    x {key}\n){clustered};\n\nSELECT 1;"
    )
    types = {"serial": "BIGINT", "key": "TEXT", "clustered": ""}
    assert statements_in(script, types)[1] == "SELECT 1"
    assert statements_in(script, types)[0].startswith("CREATE TABLE t (\n    id BIGINT,")
