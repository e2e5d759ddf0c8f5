"""A connection that breaks at any moment costs nothing: what was to be written is there once, what was read is read."""

import contextlib
import multiprocessing
import socket
import threading
import time

import psycopg
import pytest
from msgspec.structs import replace

from headrace.core.errors import StaleWriteError
from headrace.core.states import State
from headrace.ports.records import RunEvent, RunFilter
from headrace.ports.stores import RunChange
from headrace.stores.inspection import SqlInspection
from headrace.stores.postgres_errors import ServerContendedError, ServerLostError
from headrace.stores.postgres_opening import open_postgres
from headrace.testing.records import ME, SOME_TIME, some_attempt, some_metric, some_run, some_step
from postgres_kit import PostgresServer, programs, shared_server

pytestmark = pytest.mark.services


class Line:
    """Between a client and the server: passes on what they say until it is told to break at a COMMIT.

    `breaks` is "before" (the server never hears of it), "after" (the server's answer is lost) or "at once" (it is
    passed on, and nobody waits for the answer); then the line is whole again.
    """

    def __init__(self, port: int) -> None:
        self._port, self.breaks, self.broken = port, "", 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._all: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._socket, *self._all):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            self._all += [client, server]
            heard = threading.Event()
            threading.Thread(target=self._ask, args=(client, server, heard), daemon=True).start()
            threading.Thread(target=self._answer, args=(client, server, heard), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, is_cut: threading.Event) -> None:
        try:
            while data := client.recv(1 << 20):
                if self.breaks and b"COMMIT" in data:
                    how, self.breaks = self.breaks, ""
                    self.broken += 1
                    is_cut.set()
                    if how != "before":
                        server.sendall(data)
                    if how != "after":
                        break
                else:
                    server.sendall(data)
        except OSError:
            pass
        cut(client, server)

    def _answer(self, client: socket.socket, server: socket.socket, is_cut: threading.Event) -> None:
        try:
            while data := server.recv(1 << 20):
                if is_cut.is_set():
                    break
                client.sendall(data)
        except OSError:
            pass
        cut(client, server)


def cut(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line():
    line = Line(shared_server().port)
    yield line
    line.close()


@pytest.fixture
def through(line, postgres_address):
    """A store whose server is at the other end of the line."""
    address = postgres_address.replace(f":{shared_server().port}/", f":{line.port}/")
    with open_postgres(address, patience_s=5) as store:
        yield store


HOW = pytest.mark.parametrize("how", [pytest.param("before", marks=pytest.mark.slow), "after"])


@HOW
def test_a_run_whose_commit_was_lost_is_made_once(through, line, how):
    run = some_run()
    line.breaks = how
    through.runs.create(run, [some_step(run)], {"d": "graph"})
    assert line.broken == 1
    assert through.runs.list(RunFilter()) == [run]


def a_turn(run, number):
    step = some_step(run, state=State.RUNNING)
    attempt = some_attempt(step)
    events = [RunEvent(run.id, 0, SOME_TIME + number, "note"), RunEvent(run.id, 0, SOME_TIME + number, "more")]
    running = replace(run, version=number, note=f"turn {number}")
    return RunChange(running, [step], [attempt], events=events, metrics=[some_metric(attempt, "auc", number)])


@HOW
def test_a_turn_whose_commit_was_lost_is_written_once(through, line, how):
    run = some_run()
    through.runs.create(run, [], {})
    through.runs.write(a_turn(run, 0))
    line.breaks = how
    through.runs.write(a_turn(run, 1))
    through.runs.write(a_turn(run, 2))
    assert line.broken == 1
    assert through.runs.get(run.id).version == 3
    assert [event.sequence for event in through.details.events(run.id)] == [1, 2, 3, 4, 5, 6]
    assert [metric.value for metric in through.tracking.metrics(run.id)] == [0, 1, 2]


@HOW
def test_a_turn_without_events_whose_commit_was_lost_is_written_once(through, line, how):
    run = some_run()
    through.runs.create(run, [], {})
    line.breaks = how
    metric = some_metric(some_attempt(some_step(run)), "auc", 0.5)
    through.runs.write(RunChange(replace(run, note="x"), metrics=[metric]))
    assert (through.runs.get(run.id).version, line.broken) == (1, 1)
    assert len(through.tracking.metrics(run.id)) == 1


@HOW
def test_what_another_process_writes_after_a_lost_commit_does_not_hide_it(through, line, how, postgres_address):
    """The line breaks, and before this process is back another one has written to the same run."""
    run = some_run()
    through.runs.create(run, [], {})
    change = a_turn(run, 0)
    with open_postgres(postgres_address) as other:
        opened = through.database._open

        def late():
            if line.broken == 1:
                line.broken = 2
                found = other.runs.get(run.id)
                other.runs.write(RunChange(replace(found, note="by another"), events=[RunEvent(run.id, 0, 1.0, "x")]))
            return opened()

        through.database._open = late
        line.breaks = how
        if how == "after":
            through.runs.write(change)
        else:
            with pytest.raises(StaleWriteError):
                through.runs.write(change)
        events = [event.type for event in other.details.events(run.id)]
        assert events == (["note", "more", "x"] if how == "after" else ["x"])


def test_a_commit_that_the_server_is_still_at_when_the_client_is_back_is_found(through, line, postgres_address):
    run = some_run()
    through.runs.create(run, [], {})
    with psycopg.connect(postgres_address) as holder:
        holder.execute("LOCK TABLE run_events IN SHARE MODE")
        line.breaks = "at once"
        writing = threading.Thread(target=through.runs.write, args=(a_turn(run, 0),))
        writing.start()
        while "UPDATE runs" not in str(blocked(postgres_address)):
            time.sleep(0.01)
        assert through.runs.get(run.id).version == 0
        holder.commit()
    writing.join(10)
    assert not writing.is_alive()
    assert through.runs.get(run.id).version == 1
    assert len(through.details.events(run.id)) == 2


def blocked(address):
    """What sessions are waiting for another one with."""
    name = address.rpartition("/")[2]
    wanted = f"SELECT query FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"
    return shared_server().ask("postgres", wanted)


@HOW
def test_claims_memos_and_wishes_survive_a_lost_commit(through, line, how):
    run = some_run(state=State.RUNNING)
    through.runs.create(run, [], {})
    line.breaks = how
    assert through.results.claim(["k", "l"], run.id, ME) == {}
    line.breaks = how
    through.memos.keep("m", "text")
    line.breaks = how
    assert through.runs.request_cancel(run.id, SOME_TIME)
    line.breaks = how
    through.results.release(["l"], run.id)
    assert line.broken == 4
    assert through.memos.recall("m") == "text"
    assert through.runs.get(run.id).cancel_requested_at == SOME_TIME
    assert [one.count for one in SqlInspection(through.database).claimed()] == [1]


def end_sessions(address):
    name = address.rpartition("/")[2]
    wanted = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    return len(shared_server().ask("postgres", wanted))


def test_a_session_that_the_server_has_ended_is_opened_anew(postgres_store, postgres_address):
    run = some_run()
    postgres_store.runs.create(run, [], {})
    assert end_sessions(postgres_address) == 1
    assert postgres_store.runs.get(run.id) == run
    assert end_sessions(postgres_address) == 1
    postgres_store.runs.write(a_turn(run, 0))
    assert postgres_store.runs.get(run.id).version == 1


def test_a_session_that_is_ended_in_a_transaction_leaves_nothing_and_is_tried_again(postgres_store, postgres_address):
    run = some_run()
    postgres_store.runs.create(run, [], {})
    with psycopg.connect(postgres_address) as holder:
        holder.execute("LOCK TABLE run_events IN SHARE MODE")
        writing = threading.Thread(target=postgres_store.runs.write, args=(a_turn(run, 0),))
        writing.start()
        while not (found := blocked(postgres_address)):
            time.sleep(0.01)
        name = postgres_address.rpartition("/")[2]
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'"
        shared_server().ask("postgres", ended)
        assert found
        holder.commit()
    writing.join(10)
    assert len(postgres_store.details.events(run.id)) == 2


def test_one_thread_needs_one_connection(postgres_store, postgres_address):
    for number in range(3):
        run = some_run()
        postgres_store.runs.create(run, [], {})
        postgres_store.runs.write(a_turn(run, 0))
        postgres_store.runs.list(RunFilter(limit=number + 1))
    assert end_sessions(postgres_address) == 1


def address_of(store):
    return store.database.place


def test_a_process_that_keeps_many_stores_open_needs_no_more_connections(postgres_address):
    stores = [open_postgres(postgres_address) for _ in range(20)]
    for store in stores:
        store.runs.create(some_run(), [], {})
    for store in stores[:-1]:
        store.close()
    assert len(stores[-1].runs.list(RunFilter())) == 20
    assert end_sessions(postgres_address) == 1
    stores[-1].runs.list(RunFilter())
    stores[-1].close()
    stores[-1].close()
    while end_sessions(postgres_address):
        time.sleep(0.01)
    with open_postgres(postgres_address) as store:
        assert len(store.runs.list(RunFilter())) == 20


def test_a_row_that_another_session_holds_is_named_at_the_deadline(postgres_address):
    run = some_run()
    with open_postgres(postgres_address, patience_s=0.3) as store, psycopg.connect(postgres_address) as holder:
        store.runs.create(run, [], {})
        holder.execute("UPDATE runs SET note = 'held'")
        start = time.monotonic()
        with pytest.raises(ServerContendedError, match="pg_stat_activity"):
            store.runs.write(a_turn(run, 0))
        assert 0.2 < time.monotonic() - start < 3
        holder.rollback()
        store.runs.write(a_turn(run, 0))
        assert store.runs.get(run.id).version == 1


def _in_child(store, run_id, answers):
    answers.put(store.runs.get(run_id).id)
    store.runs.write(a_turn(store.runs.get(run_id), 0))
    store.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_after_a_fork_nothing_is_shared(postgres_store):
    run = some_run()
    postgres_store.runs.create(run, [], {})
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(postgres_store, run.id, answers))
    child.start()
    assert answers.get() == run.id
    child.join(20)
    assert child.exitcode == 0
    assert postgres_store.runs.get(run.id).version == 1
    assert end_sessions(address_of(postgres_store)) == 1


@pytest.fixture
def own_server():
    if programs() is None:
        pytest.skip("no `initdb` and `postgres`: install PostgreSQL")
    server = PostgresServer()
    yield server
    server.close()


@pytest.mark.slow
def test_a_server_that_stays_away_is_named_at_the_deadline_and_is_welcome_later(own_server):
    address = own_server.address(own_server.fresh())
    run = some_run()
    with open_postgres(address, patience_s=0.5) as store:
        store.runs.create(run, [], {})
        own_server.stop()
        # once it was waited for in vain, whoever cleans up does not wait again
        for do, least_s, most_s in (
            (lambda: store.runs.write(a_turn(run, 0)), 0.5, 3),
            (lambda: store.runs.get(run.id), 0, 0.3),
        ):
            start = time.monotonic()
            with pytest.raises(ServerLostError, match="run again"):
                do()
            assert least_s <= time.monotonic() - start < most_s
        own_server.start()
        store.runs.write(a_turn(run, 0))
        assert store.runs.get(run.id).version == 1
