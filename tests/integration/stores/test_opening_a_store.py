"""What a store's place can be like, and what is said about it."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from headrace.core.errors import SettingsError, StoreError
from headrace.ports.records import RunFilter
from headrace.stores import opening
from headrace.stores.errors import (
    ClosedStoreError,
    ForeignStoreError,
    NetworkFileSystemError,
    NewerStoreError,
    StoreDamagedError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnreachableError,
)
from headrace.stores.memo_store import SqlMemoStore
from headrace.stores.opening import open_store
from headrace.stores.schema import SCHEMA_VERSION
from headrace.stores.sqlite import SqliteDatabase, SqliteOptions
from headrace.testing.records import some_run, some_step


@pytest.fixture
def place(tmp_path):
    return tmp_path / ".headrace"


def filled(place: Path, count: int = 1) -> list[str]:
    with open_store(place) as store:
        runs = [some_run() for _ in range(count)]
        for run in runs:
            store.runs.create(run, [some_step(run)], {})
    return [run.id for run in runs]


def test_a_store_is_made_where_there_is_none_and_found_again(place):
    (run_id,) = filled(place)
    with open_store(place) as store:
        assert store.runs.get(run_id).id == run_id
        assert store.place == str(place / "headrace.db")


@pytest.mark.parametrize("name", ["50% of #1? größer", "50%25 a&b"])
def test_a_folder_with_odd_characters_in_its_name_works(tmp_path, name):
    (run_id,) = filled(tmp_path / name)
    with open_store(tmp_path / name) as store:
        assert store.runs.find("last")[0].id == run_id
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_closing_folds_the_log_into_the_file(place):
    filled(place)
    assert [path.name for path in place.iterdir()] == ["headrace.db"]


def test_reading_where_nothing_has_run_says_so_and_makes_nothing(place):
    with pytest.raises(StoreMissingError, match="nothing has run"):
        open_store(place, read_only=True)
    assert not place.exists()


def test_a_store_opened_for_reading_refuses_writes_but_forgets_memos_silently(place):
    (run_id,) = filled(place)
    with open_store(place, read_only=True) as store:
        assert store.is_read_only
        assert store.runs.get(run_id).id == run_id
        with pytest.raises(StoreReadOnlyError):
            store.runs.create(some_run(), [], {})
        store.memos.keep("key", "text")
        assert store.memos.recall("key") is None


def as_nobody(code: str, *arguments: object) -> str:
    """Run code as a user without rights (tests may run as root, whom no permission stops)."""
    drop = "os.setgid(65534); os.setuid(65534)" if os.getuid() == 0 else "pass"
    script = f"import os, sys\nfrom headrace.stores.opening import open_store\n{drop}\n{textwrap.dedent(code)}"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def public_place():
    """A folder that other users can reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder, ".headrace")
        Path(folder, ".headrace").chmod(0o755)


SHOW = """
with open_store(sys.argv[1], read_only=True) as store:
    print(store.runs.find("last")[0].id)
"""


def test_a_read_only_folder_is_read(public_place):
    (run_id,) = filled(public_place)
    public_place.chmod(0o555)
    assert as_nobody(SHOW, public_place) == run_id


def test_a_read_only_folder_is_read_while_another_process_writes(public_place):
    filled(public_place)
    with open_store(public_place) as store:
        run = some_run()
        store.runs.create(run, [], {})
        for path in public_place.iterdir():
            path.chmod(0o644)
        public_place.chmod(0o555)
        assert as_nobody(SHOW, public_place) == run.id


def test_a_read_only_folder_is_read_after_its_writer_was_killed(public_place):
    code = """
    import os, signal, sys
    from headrace.stores.opening import open_store
    from headrace.testing.records import some_run
    store, run = open_store(sys.argv[1]), some_run()
    store.runs.create(run, [], {})
    print(run.id, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(public_place)]
    run_id = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    assert (public_place / "headrace.db-wal").stat().st_size > 0
    for path in public_place.iterdir():
        path.chmod(0o444)
    public_place.chmod(0o555)
    assert as_nobody(SHOW, public_place) == run_id


def test_reading_only_where_it_has_to_be_writes_where_it_can(public_place):
    (run_id,) = filled(public_place)
    with open_store(public_place, read_only=None) as store:
        assert not store.is_read_only
        store.runs.request_cancel(run_id, 1.0)
    public_place.chmod(0o555)
    code = """
    with open_store(sys.argv[1], read_only=None) as store:
        print(store.is_read_only, store.runs.find("last")[0].cancel_requested_at)
    """
    assert as_nobody(code, public_place) == "True 1.0"


def test_a_closed_store_says_so(place):
    with open_store(place) as store:
        pass
    with pytest.raises(ClosedStoreError, match="was closed"):
        store.runs.find("last")
    with pytest.raises(ClosedStoreError):
        store.runs.create(some_run(), [], {})


def test_a_store_that_nobody_closes_is_closed_at_the_end_of_the_process_without_a_warning(place):
    code = """
    from headrace.testing.records import some_run
    kept, dropped = open_store(sys.argv[1]), open_store(sys.argv[1])
    for store in (kept, dropped):
        store.runs.create(some_run(), [], {})
    del dropped, store
    """
    script = f"import sys\nfrom headrace.stores.opening import open_store\n{textwrap.dedent(code)}"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script, str(place)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""
    assert [path.name for path in place.iterdir()] == ["headrace.db"]


def test_a_read_only_folder_is_refused_for_writing_with_the_reason(public_place):
    filled(public_place)
    public_place.chmod(0o555)
    code = """
    try:
        open_store(sys.argv[1])
    except Exception as error:
        print(error.code, error)
    """
    said = as_nobody(code, public_place)
    assert said.startswith("store.read-only")
    assert "Commands that only show things work" in said


def test_a_folder_that_cannot_be_made_is_refused_with_the_reason(public_place):
    public_place.mkdir()
    public_place.chmod(0o555)
    code = """
    try:
        open_store(sys.argv[1] + "/below/.headrace")
    except Exception as error:
        print(error.code)
    """
    assert as_nobody(code, public_place) == "store.read-only"


def test_a_file_in_the_way_is_refused_with_the_reason(place):
    place.write_text("a file")
    with pytest.raises(StoreUnreachableError, match="cannot be used"):
        open_store(place)


def test_a_network_file_system_is_refused_with_the_reason(place, monkeypatch):
    monkeypatch.setattr(opening, "network_type", lambda folder: "nfs4")
    with pytest.raises(NetworkFileSystemError, match=r"network file system \(nfs4\)"):
        open_store(place)
    assert not (place / "headrace.db").exists()
    open_store(place, trust_file_system=True).close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(place):
    place.mkdir()
    (place / "headrace.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(ForeignStoreError, match="not a SQLite database"):
        open_store(place)
    assert (place / "headrace.db").read_bytes() == b"something else entirely" * 100


def test_a_database_of_another_program_is_refused_and_left_alone(place):
    place.mkdir()
    other = sqlite3.connect(place / "headrace.db")
    other.execute("CREATE TABLE customers (id)")
    other.commit()
    other.close()
    with pytest.raises(ForeignStoreError, match="customers"):
        open_store(place)
    other = sqlite3.connect(place / "headrace.db")
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("customers",)]
    other.close()


def test_an_empty_file_becomes_a_store(place):
    place.mkdir()
    (place / "headrace.db").touch()
    filled(place)


def test_a_damaged_store_says_so(place):
    with open_store(place) as store:
        for _ in range(50):
            run = some_run()
            store.runs.create(
                run, [some_step(run, f"n{n}", n) for n in range(20)], {str(n): "x" * 500 for n in range(9)}
            )
    path = place / "headrace.db"
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreDamagedError, match="Restore it from a backup"), open_store(place) as store:
        store.runs.list(RunFilter())


def test_a_newer_store_is_refused_with_what_to_do(place):
    filled(place)
    newer = sqlite3.connect(place / "headrace.db")
    newer.execute("UPDATE headrace_schema SET version = 999")
    newer.commit()
    newer.close()
    for read_only in (False, True):
        with pytest.raises(NewerStoreError, match=rf"schema 999.*knows schema {SCHEMA_VERSION}.*pip install"):
            open_store(place, read_only=read_only)


def test_an_unknown_durability_is_refused(place):
    with pytest.raises(SettingsError, match="'none'"):
        open_store(place, durability="none")


@pytest.mark.parametrize(("is_durable", "synchronous"), [(False, 1), (True, 2)])
def test_full_durability_syncs_each_commit(place, is_durable, synchronous):
    place.mkdir()
    database = SqliteDatabase(str(place / "headrace.db"), SqliteOptions(is_durable=is_durable))
    assert database.read(lambda session: session.execute("PRAGMA synchronous").fetchone())[0] == synchronous
    assert database.read(lambda session: session.execute("PRAGMA journal_mode").fetchone())[0] == "wal"
    database.close()


def test_a_full_disk_is_named_and_leaves_the_store_as_it_was(place):
    filled(place, 3)
    path = str(place / "headrace.db")
    database = SqliteDatabase(path)
    database.read(lambda session: session.execute("PRAGMA max_page_count = 1").fetchone())

    def work(session):
        session.execute("INSERT INTO documents VALUES ('d', ?)", ("x" * 100_000,))

    with pytest.raises(StoreUnreachableError, match="full"):
        database.write(work)
    assert database.read(lambda session: session.execute("SELECT COUNT(*) FROM documents").fetchone())[0] == 0
    database.close()
    with open_store(place) as store:
        assert len(store.runs.list(RunFilter())) == 3


def test_every_error_of_the_store_has_a_code_of_its_own():
    def leaves(kind):
        return [leaf for each in kind.__subclasses__() for leaf in (leaves(each) or [each])]

    codes = [kind.code for kind in leaves(StoreError) if not kind.__module__.startswith("headrace.testing")]
    assert len(codes) == len(set(codes))
    assert all(code.startswith("store.") for code in codes)


def test_a_store_survives_a_fork(place):
    code = """
    from headrace.stores.sqlite import SqliteDatabase
    from headrace.testing.records import some_run
    store = open_store(sys.argv[1])
    store.runs.create(some_run(), [], {})
    child = os.fork()
    store.runs.create(some_run(), [], {})
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    store.runs.create(some_run(), [], {})
    store.close()

    database = SqliteDatabase(store.place)
    session = database.read(lambda session: session)
    assert database.read(lambda session: session) is session
    child = os.fork()
    if child == 0:
        os._exit(7 if database.read(lambda session: session) is session else 0)
    assert os.waitpid(child, 0)[1] == 0, "a connection is shared by two processes"
    database.close()
    """
    place.mkdir()
    place.chmod(0o777)
    script = f"import os, sys\nfrom headrace.stores.opening import open_store\n{textwrap.dedent(code)}"
    subprocess.run([sys.executable, "-c", script, str(place)], check=True)
    with open_store(place) as store:
        assert len(store.runs.list(RunFilter())) == 4


def test_memos_are_forgotten_oldest_first(place):
    filled(place)
    database = SqliteDatabase(str(place / "headrace.db"))
    memos = SqlMemoStore(database, count=5, size_bytes=100)
    for number in range(8):
        memos.keep(str(number), "x" * 10)
    assert [memos.recall(str(number)) is not None for number in range(8)] == [False] * 3 + [True] * 5
    memos.keep("3", "x" * 10)
    memos.keep("large", "y" * 75)
    assert [memos.recall(key) is not None for key in ("6", "7", "3", "large")] == [False, True, True, True]
    memos.keep("too large", "z" * 101)
    assert memos.recall("too large") is None
    assert memos.recall("large") == "y" * 75
    database.close()
