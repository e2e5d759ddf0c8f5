"""How often a turn of a run waits for its server, and the figures that PostgreSQL would compute differently."""

import math
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from headrace.core.states import State
from headrace.ports.records import Condition, ItemBlock, RunEvent, RunFilter
from headrace.ports.stores import RunChange
from headrace.stores.opening import open_store
from headrace.stores.postgres_opening import open_postgres
from headrace.testing.records import ME, SOME_TIME, some_attempt, some_metric, some_result, some_run, some_step
from postgres_kit import programs, shared_server

pytestmark = pytest.mark.services


def mean_of(store, values):
    run = some_run()
    step = replace(some_step(run, state=State.SUCCEEDED), items=ItemBlock("s" * len(values)))
    own = [some_attempt(step, item=item) for item in range(len(values))]
    metrics = [some_metric(one, "auc", value) for one, value in zip(own, values, strict=True)]
    store.runs.create(run, [step], {})
    store.runs.write(RunChange(run, [step], own, metrics=metrics))
    return store.tracking.latest([run.id])[run.id]["auc"]


def test_means_over_maps_are_those_of_sqlite(postgres_store, tmp_path):
    with open_store(tmp_path) as lite:
        for values in ([0.1, 0.2, 0.3], [1e16, 1.0, -1e16], [3.0], [-0.5, 0.25, 7.0, 1e9], [0.0, 5e-324]):
            assert mean_of(postgres_store, values) == pytest.approx(
                mean_of(lite, values), rel=1e-15, abs=1.0 * (1e16 in values)
            )


def test_a_mean_of_what_is_very_large_is_no_error(postgres_store):
    assert mean_of(postgres_store, [1e200, 3e200]) == pytest.approx(2e200)
    assert mean_of(postgres_store, [1.7e308, 1.7e308]) == pytest.approx(1.7e308)
    assert mean_of(postgres_store, [math.inf, 1.0]) == math.inf
    assert math.isnan(mean_of(postgres_store, [math.inf, -math.inf]))
    assert math.isnan(mean_of(postgres_store, [math.nan, 1e200]))


def test_what_is_sorted_is_sorted_by_code_point_whatever_the_databases_language(postgres_store, postgres_address):
    asked = "SELECT to_jsonb(d) ->> 'datlocprovider' FROM pg_database d WHERE datname = current_database()"
    if shared_server().ask(postgres_address.rpartition("/")[2], asked) != [("i",)]:
        pytest.skip("this PostgreSQL has no ICU: its databases sort by code point anyway")
    names = ["a", "B", "Z", "z", "ä", "b"]
    for name in names:
        postgres_store.runs.create(replace(some_run(), name=name), [], {})
    below = postgres_store.runs.list(RunFilter(conditions=(Condition("name", "<", "a"),)))
    assert sorted(run.name for run in below) == ["B", "Z"]
    above = postgres_store.runs.list(RunFilter(conditions=(Condition("name", ">", "z"),)))
    assert [run.name for run in above] == ["ä"]


class FarAway:
    """A server at the other end of a long line: each answer takes `delay_s`."""

    def __init__(self, port: int, delay_s: float) -> None:
        self._to, self._delay_s = port, 0.0
        self.delay_s = delay_s
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def round_trips(self, do) -> float:
        """How many answers were waited for, one after the other."""
        self._delay_s = self.delay_s
        begun = time.perf_counter()
        do()
        took, self._delay_s = time.perf_counter() - begun, 0.0
        return took / self.delay_s

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, to, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass_on, args=(source, to, is_answer), daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket, is_answer: bool) -> None:
        with source, to:
            try:
                while data := source.recv(1 << 20):
                    if is_answer:
                        time.sleep(self._delay_s)
                    to.sendall(data)
            except OSError:
                return


@pytest.mark.slow
def test_a_turn_waits_three_times_for_its_server_however_much_it_writes(postgres_address):
    line = FarAway(shared_server().port, 0.1)
    with open_postgres(postgres_address.replace(f":{shared_server().port}/", f":{line.port}/")) as store:
        run = some_run()
        assert line.round_trips(lambda: store.runs.create(run, [some_step(run)], {"d": "graph"})) < 2
        for version, count in enumerate((1, 30)):
            steps = [some_step(run, f"step-{number}") for number in range(count)]
            attempts = [some_attempt(step) for step in steps]
            results = [some_result(run, attempt, f"k{number}") for number, attempt in enumerate(attempts)]
            events = [RunEvent(run.id, 0, SOME_TIME, "note") for _ in steps]
            metrics = [some_metric(attempt, "auc", 0.5) for attempt in attempts]
            change = RunChange(replace(run, version=version), steps, attempts, results, events, metrics)
            assert line.round_trips(lambda change=change: store.runs.write(change)) < 3.8
        assert line.round_trips(lambda: store.results.claim(["a", "b"], run.id, ME)) < 2.8
        assert line.round_trips(lambda: store.memos.keep("k", "text")) < 2
        assert line.round_trips(lambda: store.runs.list(RunFilter())) < 3
    line.close()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_of_the_tests_ends_with_the_tests_whatever_ends_them(how):
    if programs() is None:
        pytest.skip("no `initdb` and `postgres`: install PostgreSQL")
    code = """
    import sys, time
    from postgres_kit import shared_server
    server = shared_server()
    print(server.folder, server._process.pid, flush=True)
    time.sleep(60)
    """
    paths = f"import sys; sys.path[:0] = {[path for path in sys.path if path]!r}\n"
    tests = subprocess.Popen([sys.executable, "-c", paths + textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert tests.stdout is not None
    folder, pid = tests.stdout.readline().split()
    tests.send_signal(how)
    tests.wait(10)
    tests.stdout.close()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() or Path(folder).exists():
        assert time.monotonic() < until
        time.sleep(0.02)
