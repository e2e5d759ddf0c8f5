"""The same migrations bring a store on a PostgreSQL server up to date, whole or not at all, under those who use it."""

import shutil

import pytest
from msgspec.structs import replace

from headrace.core.errors import StoreError
from headrace.ports.stores import RunChange
from headrace.stores.errors import NewerStoreError
from headrace.stores.postgres_opening import open_postgres, schema_version
from headrace.stores.postgres_words import TYPES
from headrace.stores.schema import SCHEMA_VERSION, migrations, upgrade
from headrace.testing.records import some_run
from migrations import old_rows
from migrations.test_migrations_of_the_store import NEXT

pytestmark = pytest.mark.services


@pytest.fixture
def with_next(tmp_path):
    """The migrations of this version and one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations()[0][1].parent, folder)
    (folder / f"{SCHEMA_VERSION + 1:04}_next.sql").write_text(NEXT)
    return folder


def bring_up(store, folder):
    store.database.write(lambda session: upgrade(session, schema_version(session, "here"), TYPES, folder=folder))


def version_of(store):
    return store.database.read(lambda session: schema_version(session, "here"))


def test_a_later_migration_finds_the_rows_while_another_process_goes_on(postgres_store, postgres_address, with_next):
    old_rows.write_rows(postgres_store)
    run = some_run()
    postgres_store.runs.create(run, [], {})
    for version in range(7):  # often enough for statements to be prepared
        postgres_store.runs.write(RunChange(replace(run, version=version)))
        postgres_store.runs.get(run.id)
    with open_postgres(postgres_address, patience_s=59) as other:
        bring_up(other, with_next)
        assert version_of(other) == SCHEMA_VERSION + 1
        found = other.database.read(
            lambda session: session.execute("SELECT note, project FROM runs ORDER BY id").fetchall()
        )
    assert found == [("x; migrated", "default"), ("; migrated", "default"), ("; migrated", "default")]
    postgres_store.runs.write(RunChange(replace(run, version=7, note="on")))
    assert postgres_store.runs.get(run.id).note == "on"
    with pytest.raises(NewerStoreError):
        open_postgres(postgres_address)


def test_a_migration_that_fails_leaves_the_old_store(postgres_store, with_next):
    old_rows.write_rows(postgres_store)
    (with_next / f"{SCHEMA_VERSION + 1:04}_next.sql").write_text(NEXT + "CREATE TABLE runs (id TEXT);")
    with pytest.raises(StoreError, match="already exists"):
        bring_up(postgres_store, with_next)
    assert version_of(postgres_store) == SCHEMA_VERSION
    old_rows.assert_rows(postgres_store)
